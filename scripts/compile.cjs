'use strict';
// Compiles and links with nothing but a compiler: for machines that have neither make and python (node-gyp) nor CMake.
// Always from scratch, all cores; the sources and flags come from the caller.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { compiler, run, stop } = require('./tools.cjs');
const { installAsRoot, namesOf } = require('./system-packages.cjs');

/** @returns {{ cc: string[], cxx: string[] }} the C and C++ compilers as words, or ends the script with one sentence. */
function compilers() {
  const look = () => ({ cc: compiler('CC', 'cc', 'gcc', 'clang'), cxx: compiler('CXX', 'c++', 'g++', 'clang++') });
  let found = look();
  if ((!found.cc || !found.cxx) && installAsRoot('compiler')) found = look();
  if (!found.cc || !found.cxx) stop(`a C and a C++ compiler are needed to build: install ${namesOf('compiler')}.`);
  return found;
}

function compileOne(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}`))));
  });
}

/**
 * Compiles each source into `folder`; resolves to the object files in the order of the sources.
 * @param {{ root: string, sources: string[], folder: string, flags: string[], cFlags?: string[], ccFlags?: string[] }} job
 */
async function compileAll(job) {
  const { cc, cxx } = compilers();
  fs.mkdirSync(job.folder, { recursive: true });
  const objects = job.sources.map((source) => path.join(job.folder, `${source.replaceAll('/', '.')}.o`));
  const waiting = job.sources.map((source, i) => [source, objects[i]]);
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [source, object] = next;
      const isC = source.endsWith('.c');
      const [command, ...words] = isC ? cc : cxx;
      const flags = [...job.flags, ...((isC ? job.cFlags : job.ccFlags) ?? [])];
      await compileOne(command, [...words, ...flags, '-c', source, '-o', object], job.root);
    }
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker)).catch((e) => {
    stop(`this command failed: ${e.message}`);
  });
  return objects;
}

/** Links objects with the C++ compiler (`cxx`) or the C compiler. */
function link({ cxx = false, args, cwd }) {
  const [command, ...words] = cxx ? compilers().cxx : compilers().cc;
  run(command, [...words, ...args], { cwd });
}

module.exports = { compilers, compileAll, link };
