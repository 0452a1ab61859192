#!/usr/bin/env node
'use strict';
// The package as its users get it: packs it, looks at its entry points, installs it in an empty folder and uses it
// there, by require and by import, without compiler, sources or anything of this clone.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ask, run } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'vmalock-package-'));

/** Both module systems get the same objects, so that a space made by one can be used by the other. */
const PROGRAM = `
import { createRequire } from 'node:module';
import * as imported from 'vmalock';
const required = createRequire(import.meta.url)('vmalock');
for (const name of ['AddressSpace', 'SimFile', 'VmalockError', 'replay', 'FaultResult'])
  if (!imported[name] || imported[name] !== required[name]) throw new Error(name + ' differs, or is missing');
const space = new required.AddressSpace();
const start = space.mmap({ length: 4096, prot: 'rw' });
space.write(start, Buffer.from('hello'));
console.log(imported.AddressSpace.open(space.share()).read(start, 5).toString());
`;

function npm(args, options) {
  return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });
}

function node(args) {
  // an addon of this clone must not be the one that is found
  const env = { ...process.env, VMALOCK_NATIVE: '' };
  return execFileSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
}

try {
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root }),
  );
  const names = files.map((file) => file.path);
  for (const wanted of [
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'README.md',
    'LICENSE',
    'native/include/vmalock.h',
  ])
    assert.ok(names.includes(wanted), `${wanted} is not in the package`);
  assert.ok(
    !names.some((name) => /^(test|bench|build)\//.test(name)),
    'tests, benchmarks or builds are in the package',
  );

  const tarball = path.join(folder, filename);
  run(path.join(root, 'node_modules/.bin/publint'), [tarball, '--strict'], { cwd: root });
  run(path.join(root, 'node_modules/.bin/attw'), [tarball], { cwd: root });

  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: folder });
  fs.writeFileSync(path.join(folder, 'use.mjs'), PROGRAM);
  assert.equal(node(['use.mjs']), 'hello\n');
  const command = path.join(folder, 'node_modules/.bin/vmalock');
  assert.match(ask(command, ['version']) ?? '', /^vmalock +\d/);
  console.log(`check-package: ${filename}, ${names.length} files, installs and runs in an empty folder`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
