#!/usr/bin/env node
'use strict';
// Builds and runs the tests of native/test: node scripts/native-tests.cjs [--variant NAME] [arguments of ctest].
//
// With CMake and ctest; where those are not installed, the plain variant is built by the compiler alone.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { addon, filesUnder } = require('./addon.cjs');
const { compileAll, compilers, link } = require('./compile.cjs');
const { environment, findOrGet } = require('./liburcu.cjs');
const { have, run, stop } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const SLOW = '-DVMALOCK_TEST_TIMEOUT=900';
const VARIANTS = {
  plain: { folder: 'build/c', settings: [] },
  asan: { folder: 'build/asan', settings: ['-DVMALOCK_SANITIZE=address,undefined', SLOW] },
  tsan: { folder: 'build/tsan', settings: ['-DVMALOCK_SANITIZE=thread', SLOW] },
  // sequence numbers that wrap within a test
  seq8: { folder: 'build/seq8', settings: ['-DVMALOCK_SEQ_BITS=8'] },
  builtin: { folder: 'build/builtin', settings: ['-DVMALOCK_ATOMICS_BUILTIN=ON'] },
  arm64: { folder: 'build/c-arm64', settings: ['-DCMAKE_TOOLCHAIN_FILE=cmake/arm64.cmake', SLOW], sysroot: true },
  ppc64le: { folder: 'build/c-ppc64le', settings: ['-DCMAKE_TOOLCHAIN_FILE=cmake/ppc64le.cmake', SLOW], sysroot: true },
};

/** ThreadSanitizer of gcc 12 cannot lay out its memory where the kernel randomizes more than 28 bits. */
function withoutRandomization(command) {
  const file = '/proc/sys/vm/mmap_rnd_bits';
  const bits = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  return bits > 28 ? ['setarch', os.machine(), '-R', ...command] : command;
}

function withCMake(name, variant, args) {
  const jobs = String(os.availableParallelism());
  if (variant.sysroot) run(path.join(__dirname, 'cross-sysroot.sh'), [name]);
  const env = { ...process.env, ...(variant.sysroot ? {} : environment(findOrGet())) };
  // The longest history: a suppression names a frame, and goes by unseen where that stack has been forgotten.
  if (name === 'tsan')
    env.TSAN_OPTIONS = `suppressions=${root}/scripts/tsan.supp history_size=7 ${env.TSAN_OPTIONS ?? ''}`;
  const quiet = { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] };
  run('cmake', ['-S', '.', '-B', variant.folder, ...variant.settings], quiet);
  run('cmake', ['--build', variant.folder, '-j', jobs], quiet);
  const ctest = ['ctest', '--test-dir', variant.folder, '--output-on-failure', '-j', jobs, ...args];
  const [program, ...rest] = name === 'tsan' ? withoutRandomization(ctest) : ctest;
  run(program, rest, { cwd: root, env });
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
const variant = VARIANTS[name];
if (!variant) stop(`no such variant: ${name}; there are ${Object.keys(VARIANTS).join(', ')}`);
compilers();
if (have('cmake') && have('ctest') && have('make')) withCMake(name, variant, args);
else if (name === 'plain') void withCompilerAlone();
else stop(`the ${name} variant of the native tests needs cmake and make`);
