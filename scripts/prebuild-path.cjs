'use strict';
// Where the addon that fits this host lies in a package: prebuilds/linux-x64/vmalock.node, linuxmusl-arm64, ...
const fs = require('node:fs');
const path = require('node:path');

function isMusl() {
  try {
    const maps = fs.readFileSync('/proc/self/maps', 'utf8');
    if (maps.includes('/ld-musl-')) return true;
    if (/\/(?:ld-linux|ld64|libc)[^/]*\.so/.test(maps)) return false;
  } catch {
    // no /proc: ask node below
  }
  return !process.report.getReport().header.glibcVersionRuntime;
}

/** @param arch as in process.arch; cross builds give another one */
function prebuildFolder(arch = process.arch) {
  return path.join(__dirname, '..', 'prebuilds', `${process.platform}${isMusl() ? 'musl' : ''}-${arch}`);
}

module.exports = { prebuildFolder };

// For binding.gyp: 1 when there is no prebuilt addon for this host, else 0
if (require.main === module) {
  process.stdout.write(fs.existsSync(path.join(prebuildFolder(), 'vmalock.node')) ? '0' : '1');
}
