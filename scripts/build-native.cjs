#!/usr/bin/env node
'use strict';
// Builds build/Release/vmalock.node for the running Node, without downloading anything but a missing liburcu.
//
// With node-gyp where make and python are, else with the compiler alone. Headers: those of the running Node if they
// are installed, else those of node-api-headers. Extra arguments go to node-gyp (--arch=arm64, with CC, CXX, ...).
const fs = require('node:fs');
const path = require('node:path');
const { addon } = require('./addon.cjs');
const { compileAll, compilers, link } = require('./compile.cjs');
const { findOrGet, sharedObjects } = require('./liburcu.cjs');
const { have, run } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const release = path.join(root, 'build/Release');

// What node-gyp reads beside the headers; all that an addon of Node-API needs
const COMMON_GYPI = `{ 'target_defaults': { 'default_configuration': 'Release',
  'cflags': ['-pthread', '-fPIC', '-fno-strict-aliasing'], 'ldflags': ['-pthread'],
  'configurations': { 'Debug': { 'cflags': ['-g', '-O0'] }, 'Release': { 'cflags': ['-O3'] } },
  'target_conditions': [['_type=="loadable_module"', { 'product_extension': 'node', 'defines': ['BUILDING_NODE_EXTENSION'] }]] } }
`;

/** A folder with include/node/{node_api.h,common.gypi}. */
function nodedir() {
  const complete = (dir) => ['node_api.h', 'common.gypi'].every((f) => fs.existsSync(path.join(dir, 'include/node', f)));
  const prefix = path.resolve(process.execPath, '../..');
  const installed = [process.env.npm_config_nodedir, prefix].find((dir) => dir && complete(dir));
  if (installed) return installed;
  const dir = path.join(root, 'build/headers');
  fs.cpSync(require('node-api-headers').include_dir, path.join(dir, 'include/node'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'include/node/common.gypi'), COMMON_GYPI);
  return dir;
}

/** node-gyp's script: ours, or the one of the npm that runs us. */
function nodeGyp() {
  const places = [root];
  if (process.env.npm_execpath) places.push(path.dirname(process.env.npm_execpath));
  try {
    return require.resolve('node-gyp/bin/node-gyp.js', { paths: places });
  } catch {
    return null;
  }
}

function withNodeGyp(script, headers, args) {
  // configure and build, not rebuild: that would clean build/, where CMake's trees are, too
  run(process.execPath, [script, 'configure', `--nodedir=${headers}`, ...args, '--', '-Dbuild_addon=1'], { cwd: root });
  run(process.execPath, [script, 'build', '--jobs=max', ...args], { cwd: root });
}

async function withCompilerAlone(liburcu, headers) {
  const includes = [
    ...addon.includes,
    ...liburcu.includes,
    require('node-addon-api').include_dir,
    path.join(headers, 'include/node'),
  ];
  const objects = await compileAll({
    root,
    sources: addon.sources,
    folder: path.join(root, 'build/objects'),
    flags: [
      ...addon.flags,
      '-fPIC',
      '-pthread',
      ...includes.flatMap((dir) => ['-I', dir]),
      ...[...addon.defines, 'BUILDING_NODE_EXTENSION', `NODE_GYP_MODULE_NAME=${addon.name}`].map((d) => `-D${d}`),
    ],
    cFlags: addon.cFlags,
    ccFlags: addon.ccFlags,
  });
  fs.mkdirSync(release, { recursive: true });
  const args = ['-shared', '-pthread', ...addon.linkFlags, '-Wl,-rpath,$ORIGIN', '-o', 'build/Release/vmalock.node'];
  link({ cxx: true, args: [...args, ...objects, ...liburcu.libs], cwd: root });
}

async function main(args) {
  compilers();
  const liburcu = findOrGet();
  const headers = nodedir();
  const script = nodeGyp();
  if (script && have('make') && have('python3')) withNodeGyp(script, headers, args);
  else await withCompilerAlone(liburcu, headers);
  // the dynamic linker does not look in a sysroot, so what came from there goes beside the addon
  if (liburcu.folder) for (const [name, file] of sharedObjects(liburcu)) fs.copyFileSync(file, path.join(release, name));
}

void main(process.argv.slice(2));
