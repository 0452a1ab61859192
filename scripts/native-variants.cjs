'use strict';
// The ways in which the native tests are built, each in a folder of its own below build/, and what a test program needs to run.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { environment, findOrGet } = require('./liburcu.cjs');
const { have, run } = require('./tools.cjs');

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

/** Whether variants can be built here; without, only the plain tests can, by the compiler alone. */
function haveCMake() {
  return have('cmake') && have('ctest') && have('make');
}

/** ThreadSanitizer of gcc 12 cannot lay out its memory where the kernel randomizes more than 28 bits. */
function withoutRandomization(command) {
  const file = '/proc/sys/vm/mmap_rnd_bits';
  const bits = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  return bits > 28 ? ['setarch', os.machine(), '-R', ...command] : command;
}

/** The environment in which a variant is built and its tests run. */
function environmentOf(name) {
  const env = { ...process.env, ...(VARIANTS[name].sysroot ? {} : environment(findOrGet())) };
  // The longest history: a suppression names a frame, and goes by unseen where that stack has been forgotten.
  if (name === 'tsan')
    env.TSAN_OPTIONS = `suppressions=${root}/scripts/tsan.supp history_size=7 ${env.TSAN_OPTIONS ?? ''}`;
  return env;
}

/** The command that runs a variant's tests; each is a program and its arguments. */
function commandOf(name, command) {
  return name === 'tsan' ? withoutRandomization(command) : command;
}

/** Configures a variant and builds all of it with as many jobs; ends the script when that fails. */
function build(name, jobs) {
  const variant = VARIANTS[name];
  if (variant.sysroot) run(path.join(__dirname, 'cross-sysroot.sh'), [name]);
  const quiet = { cwd: root, env: environmentOf(name), stdio: ['ignore', 'ignore', 'inherit'] };
  run('cmake', ['-S', '.', '-B', variant.folder, ...variant.settings], quiet);
  run('cmake', ['--build', variant.folder, '-j', String(jobs)], quiet);
}

module.exports = { VARIANTS, haveCMake, environmentOf, commandOf, build };
