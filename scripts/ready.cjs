#!/usr/bin/env node
'use strict';
// Builds what is missing or older than its sources: the addon, then dist/. With --prebuild also prebuilds/ for the
// tarball. npm runs it after an install in a clone and before a pack; `npm start` and `npm test` run it, too.
const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./tools.cjs');

const root = path.join(__dirname, '..');

/** The newest change of a file at or under one of the paths; of folders too, so that a removed file counts. */
function newest(paths) {
  return paths.reduce((latest, name) => {
    const file = path.join(root, name);
    if (!fs.existsSync(file)) return latest;
    const stat = fs.statSync(file);
    const below = stat.isDirectory() ? newest(fs.readdirSync(file).map((entry) => path.join(name, entry))) : 0;
    return Math.max(latest, stat.mtimeMs, below);
  }, 0);
}

/** A build is fresh when its stamp is newer than its sources and was set by the same kind of Node. */
function bring({ stamp, output, sources, build }) {
  const file = path.join(root, 'build', stamp);
  const kind = `${process.platform} ${process.arch} ${process.versions.node.split('.')[0]}\n`;
  const started = new Date();
  if (fs.existsSync(path.join(root, output)) && fs.existsSync(file)) {
    if (fs.statSync(file).mtimeMs >= newest(sources) && fs.readFileSync(file, 'utf8') === kind) return;
  }
  for (const script of build) run(process.execPath, [path.join(__dirname, script)]);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, kind);
  // what was edited during the build counts as newer
  fs.utimesSync(file, started, started);
}

const NATIVE = [
  'native/src',
  'native/include',
  'native/binding',
  'binding.gyp',
  'scripts/addon.cjs',
  'scripts/build-native.cjs',
];
if (!process.env.VMALOCK_NATIVE) {
  bring({ stamp: 'addon.stamp', output: 'build/Release/vmalock.node', sources: NATIVE, build: ['build-native.cjs'] });
}
bring({
  stamp: 'dist.stamp',
  output: 'dist/index.js',
  sources: ['lib', 'tsconfig.json', 'tsconfig.build.json'],
  build: ['build-ts.cjs'],
});
if (process.argv.includes('--prebuild')) run(process.execPath, [path.join(__dirname, 'prebuild.cjs')]);
