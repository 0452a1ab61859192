#!/usr/bin/env node
'use strict';
// Formats C and C++ with clang-format 14, or with --check says what it would change. Other versions lay out a few
// things differently, so another one is refused.
const { addon, filesUnder } = require('./addon.cjs');
const { ask, run, stop } = require('./tools.cjs');

const WANTED = '14';
const program = ['clang-format-14', 'clang-format'].find((name) =>
  (ask(name, ['--version']) ?? '').includes(` version ${WANTED}.`),
);
if (!program) stop(`clang-format ${WANTED} is needed to look at the C code: apt-get install clang-format-14`);

const folders = ['native', 'bench/native', 'examples', 'test/kernel'];
const files = folders.flatMap((dir) => ['.c', '.h', '.cc'].flatMap((ending) => filesUnder(dir, ending)));
if (files.length < addon.sources.length) stop('found fewer files than the addon has sources');
run(program, process.argv.includes('--check') ? ['--dry-run', '--Werror', ...files] : ['-i', ...files]);
