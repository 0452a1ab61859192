'use strict';
// What the host's package manager calls the things a build needs, and how to get them where that is possible.
const fs = require('node:fs');
const { have, succeeds } = require('./tools.cjs');

const NAMES = {
  liburcu: { Debian: 'liburcu-dev', Fedora: 'userspace-rcu-devel', Alpine: 'userspace-rcu-dev', Arch: 'liburcu' },
  compiler: { Debian: 'g++', Fedora: 'gcc-c++', Alpine: 'g++', Arch: 'gcc' },
};

/** "liburcu-dev (Debian, Ubuntu), ..." */
function namesOf(thing) {
  return Object.entries(NAMES[thing])
    .map(([system, name]) => `${name} (${system === 'Debian' ? 'Debian, Ubuntu' : system})`)
    .join(', ');
}

function isRoot() {
  return process.getuid?.() === 0;
}

function aptIsHere() {
  return have('apt-get') && have('dpkg');
}

function listsAreEmpty() {
  try {
    return !fs.readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return true;
  }
}

/** As root on Debian or Ubuntu: installs the package. False when that is not possible here, or did not work. */
function installAsRoot(thing) {
  if (!isRoot() || !aptIsHere()) return false;
  const name = NAMES[thing].Debian;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => succeeds('apt-get', ['-qq', ...args], { env });
  const install = () => apt('install', '-y', '--no-install-recommends', name);
  process.stdout.write(`vmalock: installing ${name} with apt-get\n`);
  if (!listsAreEmpty() && install()) return true;
  // a mirror that is out of step in one suite still gives the others, so the install decides
  apt('update');
  return install();
}

module.exports = { namesOf, isRoot, aptIsHere, listsAreEmpty, installAsRoot };
