'use strict';
// Finds liburcu (memb flavour, 0.13 or newer) on the host or in .sysroot, and gets it where it can.
//
// Looks with pkg-config, then, since a fresh machine may have none, where the compiler looks, then in .sysroot.
// An ordinary user on Debian or Ubuntu gets the distribution's packages unpacked in .sysroot; nothing outside changes.
const fs = require('node:fs');
const path = require('node:path');
const { ask, compiler, stop, succeeds } = require('./tools.cjs');
const { namesOf, aptIsHere, installAsRoot, isRoot, listsAreEmpty } = require('./system-packages.cjs');

const root = path.join(__dirname, '..');
const sysroot = path.join(root, '.sysroot');
const PACKAGE = 'liburcu-memb';
const MIN = '0.13';
// 0.13 changed the ABI from .so.6 to .so.8, which all releases since have kept
const SONAMES = ['liburcu-memb.so.8', 'liburcu-common.so.8'];

/**
 * @typedef {object} Liburcu
 * @property {string[]} includes folders for -I
 * @property {string[]} libs words for the linker
 * @property {string | null} folder where the .so files lie, when the dynamic linker does not look there by itself
 */

function withPkgConfig() {
  const program = process.env.PKG_CONFIG || 'pkg-config';
  if (ask(program, ['--exists', `${PACKAGE} >= ${MIN}`]) === null) return null;
  const words = (text) => (text ? text.split(/\s+/) : []);
  const folder = ask(program, ['--variable=libdir', PACKAGE]);
  return {
    includes: words(ask(program, ['--cflags-only-I', PACKAGE])).map((flag) => flag.slice(2)),
    libs: words(ask(program, ['--libs', PACKAGE])),
    folder: process.env.PKG_CONFIG_SYSROOT_DIR ? underSysroot(process.env.PKG_CONFIG_SYSROOT_DIR, folder) : null,
  };
}

/** pkg-config prefixes flags with its sysroot, but variables only in some versions. */
function underSysroot(dir, folder) {
  return folder.startsWith(dir) ? folder : path.join(dir, folder);
}

function withCompiler() {
  const cc = compiler('CC', 'cc', 'gcc', 'clang');
  if (!cc) return null;
  const [program, ...flags] = cc;
  // prints the bare name back when there is no such file in the linker's folders
  if (!path.isAbsolute(ask(program, [...flags, `-print-file-name=${SONAMES[0]}`]) ?? '')) return null;
  const probe = ['-fsyntax-only', '-include', 'urcu/urcu-memb.h', '-x', 'c', '/dev/null'];
  if (ask(program, [...flags, ...probe]) === null) return null;
  const link = ['-shared', '-o', '/dev/null', '-lurcu-memb', '-lurcu-common'];
  if (ask(program, [...flags, ...link]) === null) return null;
  return { includes: [], libs: ['-lurcu-common', '-lurcu-memb'], folder: null };
}

function inSysroot() {
  const lib = path.join(sysroot, 'usr/lib');
  if (!fs.existsSync(lib)) return null;
  for (const triplet of fs.readdirSync(lib)) {
    const folder = path.join(lib, triplet);
    if (!SONAMES.every((name) => fs.existsSync(path.join(folder, name)))) continue;
    const includes = [path.join(sysroot, 'usr/include', triplet), path.join(sysroot, 'usr/include')];
    if (!includes.some((dir) => fs.existsSync(path.join(dir, 'urcu/urcu-memb.h')))) continue;
    return { includes, libs: [`-L${folder}`, '-lurcu-common', '-lurcu-memb'], folder };
  }
  return null;
}

/** @returns {Liburcu | null} */
function find() {
  return withPkgConfig() ?? withCompiler() ?? inSysroot();
}

/** Without root: the distribution's packages, with lists of our own where the host's are empty, into .sysroot. */
function unpackPackages() {
  if (!aptIsHere() || ask('dpkg', ['--version']) === null) return false;
  const own = path.join(sysroot, '.apt');
  const debs = path.join(own, 'debs');
  for (const dir of ['lists/partial', 'cache/archives/partial', 'debs']) {
    fs.mkdirSync(path.join(own, dir), { recursive: true });
  }
  const settings = [`Dir::Cache=${own}/cache`, 'Debug::NoLocking=1'];
  const update = () => {
    settings.push(`Dir::State::Lists=${own}/lists`);
    succeeds('apt-get', ['-qq', ...settings.flatMap((s) => ['-o', s]), 'update']);
  };
  const options = () => settings.flatMap((s) => ['-o', s]);
  const download = () => {
    const depends = ask('apt-cache', [...options(), 'depends', 'liburcu-dev']) ?? '';
    const library = /Depends: (liburcu\d+\w*)/.exec(depends)?.[1];
    if (!library) return false;
    return succeeds('apt-get', ['-qq', ...options(), 'download', 'liburcu-dev', library], { cwd: debs });
  };
  process.stdout.write(
    'vmalock: no liburcu here and no root: unpacking the packages of this distribution in .sysroot\n',
  );
  const updated = listsAreEmpty();
  if (updated) update();
  if (!download()) {
    if (updated) return false;
    update();
    if (!download()) return false;
  }
  const files = fs.readdirSync(debs).filter((name) => name.endsWith('.deb'));
  const unpacked = files.every((name) => succeeds('dpkg', ['-x', path.join(debs, name), sysroot]));
  fs.rmSync(own, { recursive: true, force: true });
  return unpacked;
}

/** @returns {Liburcu} or ends the script with one sentence. */
function findOrGet() {
  const found = find();
  if (found) return found;
  const got = isRoot() ? installAsRoot('liburcu') || unpackPackages() : unpackPackages();
  const now = got ? find() : null;
  if (!now)
    stop(`liburcu ${MIN} or newer is needed to build: install ${namesOf('liburcu')} and run the command again.`);
  return now;
}

/** For programs that ask pkg-config themselves (CMake): the environment in which they find what find() found. */
function environment(found) {
  if (!found.folder || process.env.PKG_CONFIG_SYSROOT_DIR) return {};
  return {
    PKG_CONFIG_SYSROOT_DIR: sysroot,
    PKG_CONFIG_LIBDIR: path.join(found.folder, 'pkgconfig'),
    LIBURCU_ROOT: sysroot,
  };
}

/** The .so files that a copy of the addon for other machines needs beside it, as [name, path]. */
function sharedObjects(found) {
  const [cc, ...flags] = compiler('CC', 'cc', 'gcc', 'clang');
  return SONAMES.map((name) => {
    const file = found.folder ? path.join(found.folder, name) : ask(cc, [...flags, `-print-file-name=${name}`]);
    return [name, fs.realpathSync(file)];
  });
}

module.exports = { find, findOrGet, environment, sharedObjects };

// For binding.gyp: node scripts/liburcu.cjs includes|libs
if (require.main === module) {
  const found = findOrGet();
  process.stdout.write((found[process.argv[2]] ?? []).join(' '));
}
