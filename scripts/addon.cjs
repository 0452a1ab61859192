'use strict';
// What the addon is made of: sources and flags, once for node-gyp (binding.gyp asks by name) and for compile.cjs.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

function filesUnder(dir, ending) {
  const entries = fs.existsSync(path.join(root, dir))
    ? fs.readdirSync(path.join(root, dir), { withFileTypes: true })
    : [];
  return entries
    .flatMap((e) => (e.isDirectory() ? filesUnder(`${dir}/${e.name}`, ending) : [`${dir}/${e.name}`]))
    .filter((file) => file.endsWith(ending))
    .sort();
}

const addon = {
  name: 'vmalock',
  coreSources: filesUnder('native/src', '.c'),
  bindingSources: filesUnder('native/binding', '.cc'),
  includes: ['native/include', 'native/src', 'native/src/sync/native'],
  defines: ['NAPI_VERSION=9', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
  flags: ['-O2', '-g1', '-fvisibility=hidden', '-Wall', '-Wextra'],
  cFlags: ['-std=gnu11'],
  ccFlags: ['-std=c++17', '-fexceptions'],
  // nodelete: node unmaps an addon with its last worker, but RCU's helper thread and thread-end hooks live on
  // no-as-needed: liburcu-memb's own dependencies must stand in our list, or $ORIGIN does not find them
  linkFlags: ['-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,--no-as-needed'],
};
addon.sources = [...addon.coreSources, ...addon.bindingSources];

module.exports = { addon, filesUnder };

if (require.main === module) process.stdout.write(addon[process.argv[2]].join(' '));
