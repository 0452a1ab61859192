#!/usr/bin/env node
'use strict';
// Makes lib/internal/errors.generated.ts from the list in native/include/vmalock_errors.h; with --check says whether it
// is what the list makes.
const fs = require('node:fs');
const path = require('node:path');
const { stop } = require('./tools.cjs');

const root = path.join(__dirname, '..');
const HEADER = 'native/include/vmalock_errors.h';
const OUTPUT = 'lib/internal/errors.generated.ts';

/** The rows of the X-macro, in its order. */
function errorsOf(header) {
  const rows = Array.from(header.matchAll(/\bX\((\w+), (\d+), "([^"\\]*)"\)/g), ([, name, number, text]) => ({
    name,
    number: Number(number),
    text,
  }));
  if (rows.length !== header.match(/\bX\(\w+, \d/g)?.length) stop(`a row of ${HEADER} reads otherwise than the rest`);
  return rows;
}

function moduleOf(rows) {
  return [
    `// Made by scripts/gen-errors.cjs from ${HEADER}: change that list and run the script.\n\n`,
    '/** The codes that the C API returns. */\n',
    'export const NativeCode = {\n',
    ...rows.map(({ name, number }) => `  ${name}: ${-number},\n`),
    '} as const;\n\n',
    '/** What each code is called, and what it says. */\n',
    'export const NATIVE_ERRORS: ReadonlyMap<number, { readonly name: string; readonly text: string }> = new Map([\n',
    ...rows.map(({ name, number, text }) => `  [${-number}, { name: '${name}', text: ${quoted(text)} }],\n`),
    ']);\n',
  ].join('');
}

function quoted(text) {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

const wanted = moduleOf(errorsOf(fs.readFileSync(path.join(root, HEADER), 'utf8')));
const file = path.join(root, OUTPUT);
if (process.argv.includes('--check')) {
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== wanted)
    stop(`${OUTPUT} is not what ${HEADER} makes: run node scripts/gen-errors.cjs`);
} else {
  fs.writeFileSync(file, wanted);
}
