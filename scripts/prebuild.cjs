#!/usr/bin/env node
'use strict';
// Copies build/Release/vmalock.node to prebuilds/ for the tarball, with the liburcu it needs beside it, so that an
// installed package loads without a compiler, liburcu or any install script (which npm 12 and pnpm do not run).
// node scripts/prebuild.cjs [arch], for a cross build with the CC it was made with.
const fs = require('node:fs');
const path = require('node:path');
const { findOrGet, sharedObjects } = require('./liburcu.cjs');
const { prebuildFolder } = require('./prebuild-path.cjs');
const { compiler, have, run } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const built = path.join(root, 'build/Release/vmalock.node');
const folder = prebuildFolder(process.argv[2]);

fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const strip = `${/^(.*-)?(?:gcc|cc)(?:-\d+)?$/.exec(path.basename(compiler('CC', 'cc')?.[0] ?? ''))?.[1] ?? ''}strip`;
const copy = path.join(folder, 'vmalock.node');
if (have(strip)) run(strip, ['--strip-unneeded', '-o', copy, built]);
else fs.copyFileSync(built, copy);
// npm drops symbolic links: ship real files under the names that the linker asks for
for (const [name, file] of sharedObjects(findOrGet())) fs.copyFileSync(file, path.join(folder, name));
