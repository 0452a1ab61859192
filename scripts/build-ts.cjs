#!/usr/bin/env node
'use strict';
// Builds dist/ from lib/. An older dist/ goes first, so that a file that was removed or renamed does not ship.
const fs = require('node:fs');
const path = require('node:path');
const { run, stop } = require('./tools.cjs');

const root = path.join(__dirname, '..');
let tsc;
try {
  tsc = require.resolve('typescript/bin/tsc');
} catch {
  stop('building dist/ needs the development dependencies: run npm install without --omit=dev and with NODE_ENV unset.');
}
fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root });
// npm makes the commands of a package executable, but nobody does that in a clone
const command = path.join(root, 'dist/cli/main.js');
if (fs.existsSync(command)) fs.chmodSync(command, 0o755);
