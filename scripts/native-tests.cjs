#!/usr/bin/env node
'use strict';
// Builds and runs the tests of native/test: node scripts/native-tests.cjs [--variant NAME] [arguments of ctest].
//
// With CMake and ctest; where those are not installed, the plain variant is built by the compiler alone.
const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { addon, filesUnder } = require('./addon.cjs');
const { compileAll, compilers, link } = require('./compile.cjs');
const { findOrGet } = require('./liburcu.cjs');
const { VARIANTS, build, commandOf, environmentOf, haveCMake } = require('./native-variants.cjs');
const { run, stop } = require('./tools.cjs');

const root = path.join(__dirname, '..');

function withCMake(name, args) {
  const jobs = os.availableParallelism();
  build(name, jobs);
  const ctest = ['ctest', '--test-dir', VARIANTS[name].folder, '--output-on-failure', '-j', String(jobs), ...args];
  const [program, ...rest] = commandOf(name, ctest);
  run(program, rest, { cwd: root, env: environmentOf(name) });
}

/** The same programs as CMakeLists.txt makes of native/test, each run once. */
async function withCompilerAlone() {
  const liburcu = findOrGet();
  const includes = [...addon.includes, 'native/test', ...liburcu.includes].flatMap((dir) => ['-I', dir]);
  const job = {
    root,
    flags: ['-g', '-O2', '-pthread', '-DVMALOCK_CHECK_LEVEL=2', '-DVMALOCK_SYNCPOINTS=1', ...includes],
    cFlags: addon.cFlags,
  };
  const tests = filesUnder('native/test', '_test.c');
  const core = await compileAll({ ...job, sources: addon.coreSources, folder: path.join(root, 'build/alone/core') });
  const mains = await compileAll({ ...job, sources: tests, folder: path.join(root, 'build/alone/test') });
  const env = { ...process.env, ...(liburcu.folder ? { LD_LIBRARY_PATH: liburcu.folder } : {}) };
  let failed = 0;
  tests.forEach((test, i) => {
    const name = test.slice('native/test/'.length, -'_test.c'.length).replaceAll('/', '.');
    const program = path.join(root, 'build/alone', name);
    link({ args: ['-pthread', '-o', program, mains[i], ...core, ...liburcu.libs], cwd: root });
    const r = spawnSync(program, [], { cwd: root, env, encoding: 'utf8', timeout: 120000 });
    console.log(`${r.status === 0 ? 'Passed' : 'FAILED'} ${name}`);
    if (r.status === 0) return;
    failed++;
    console.log(`${r.stdout}${r.stderr}${r.signal ? `ended by ${r.signal}` : `status ${r.status}`}`);
  });
  // in ctest's words, which .ci/run counts
  console.log(`\n${failed} tests failed out of ${tests.length}`);
  if (failed > 0 || tests.length === 0) process.exit(1);
}

const args = process.argv.slice(2);
const name = args[0] === '--variant' ? args.splice(0, 2)[1] : 'plain';
if (!VARIANTS[name]) stop(`no such variant: ${name}; there are ${Object.keys(VARIANTS).join(', ')}`);
compilers();
if (haveCMake()) withCMake(name, args);
else if (name === 'plain') void withCompilerAlone();
else stop(`the ${name} variant of the native tests needs cmake and make`);
