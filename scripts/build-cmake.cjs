#!/usr/bin/env node
'use strict';
// Builds the addon with cmake-js in build/cmake-js, from the CMakeLists.txt that also builds the C library.
const path = require('node:path');
const { environment, findOrGet } = require('./liburcu.cjs');
const { run } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const env = { ...process.env, ...environment(findOrGet()) };
const args = ['compile', '--out', 'build/cmake-js', ...process.argv.slice(2)];
run(process.execPath, [require.resolve('cmake-js/bin/cmake-js'), ...args], { cwd: root, env });
