#!/usr/bin/env node
'use strict';
// Builds and runs the native benchmarks: npm run bench:native -- [options of vmalock-bench, --help lists them].
const path = require('node:path');
const { environment, findOrGet } = require('./liburcu.cjs');
const { have, run, stop } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const folder = path.join(root, 'build/bench');

if (!have('cmake') || !have('make')) stop('the native benchmarks need cmake and make');
const liburcu = findOrGet();
const env = { ...process.env, ...environment(liburcu) };
const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
run('cmake', ['-S', root, '-B', folder, '-DVMALOCK_TESTS=OFF'], quiet);
run('cmake', ['--build', folder, '--target', 'vmalock-bench', '--parallel'], quiet);
if (liburcu.folder) env.LD_LIBRARY_PATH = liburcu.folder;
run(path.join(folder, 'vmalock-bench'), process.argv.slice(2), { env });
