#!/usr/bin/env node
'use strict';
// A folder of native/src is a layer: it includes only those before it in LAYERS. Prints every line that breaks a rule.
const fs = require('node:fs');
const path = require('node:path');
const { filesUnder } = require('./addon.cjs');

const root = path.join(__dirname, '..');
const LAYERS = 'base sync index locks vma pt mm policy ops fault replay api'.split(' ');
const SYSTEM_OF_SYNC = /^(?:pthread\.h|threads\.h|semaphore\.h|linux\/futex\.h|urcu(?:[/.-].*)?)$/;
// what a compiler or a system defines, in contrast to the answers of base/config.h
const MACHINE_MACRO = /\b(?:__\w+|_WIN32|_MSC_VER)\b/;

const wrong = [];
function report(file, line, rule) {
  wrong.push(`${file}:${line}: ${rule}`);
}

/** The text with comments and strings blanked, lines kept. */
function codeOf(text) {
  return text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, (part) => part.replace(/[^\n]/g, ' '));
}

function layerOf(name) {
  return LAYERS.indexOf(name.split('/')[0]);
}

function checkInclude(file, own, name, isSystem, line) {
  if (isSystem) {
    if (own !== 'sync' && SYSTEM_OF_SYNC.test(name)) report(file, line, `only sync/ may include <${name}>`);
    return;
  }
  if (/^vmalock\w*\.h$/.test(name) || fs.existsSync(path.join(root, path.dirname(file), name))) return;
  const isBackend = fs.existsSync(path.join(root, 'native/src/sync/native', name));
  if (isBackend && own === 'sync') return;
  if (isBackend) report(file, line, `"${name}" belongs to the back end of sync/`);
  else if (layerOf(name) < 0) report(file, line, `"${name}" is in no layer: write "layer/name.h"`);
  else if (layerOf(name) > LAYERS.indexOf(own))
    report(file, line, `${own}/ comes before ${name.split('/')[0]}/ and may not include "${name}"`);
}

function checkSource(file) {
  const own = file.split('/')[2];
  if (!LAYERS.includes(own)) report(file, 1, `no such layer: ${own} (${LAYERS.join(', ')})`);
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const code = codeOf(text).split('\n');
  const knowsMachine = own === 'base' || file.startsWith('native/src/sync/native/');
  text.split('\n').forEach((raw, i) => {
    const include = /^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/.exec(raw);
    if (include) return checkInclude(file, own, include[1] ?? include[2], include[2] !== undefined, i + 1);
    const system = own === 'sync' ? null : /\b\w*(?:pthread|futex|urcu)\w*/i.exec(code[i]);
    if (system) report(file, i + 1, `only sync/ may name ${system[0]}`);
    const macro = /^\s*#\s*(?:el)?if/.test(code[i]) ? MACHINE_MACRO.exec(code[i]) : null;
    if (macro && !knowsMachine) report(file, i + 1, `ask base/config.h, not ${macro[0]}`);
  });
}

/** The binding sees the library as anybody does. */
function checkBinding(file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  for (const [i, line] of text.split('\n').entries()) {
    const name = /^\s*#\s*include\s*"([^"]+)"/.exec(line)?.[1];
    const isOwn = name && fs.existsSync(path.join(root, path.dirname(file), name));
    if (name && !isOwn && !/^vmalock\w*\.h$/.test(name))
      report(file, i + 1, `the binding may include only native/include, not "${name}"`);
  }
}

function checkPublicNames() {
  const file = 'lib/index.ts';
  if (!fs.existsSync(path.join(root, file))) return;
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  for (const [i, line] of text.split('\n').entries()) {
    if (/from\s+['"]\.\/internal\//.test(line)) report(file, i + 1, 'lib/internal is not public');
  }
  const { exports } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const name of Object.keys(exports)) {
    if (!['.', './package.json'].includes(name))
      report('package.json', 1, `exports ${name}: index.ts says what is public`);
  }
}

const sources = ['.c', '.h'].flatMap((ending) => filesUnder('native/src', ending));
sources.forEach(checkSource);
['.cc', '.h'].flatMap((ending) => filesUnder('native/binding', ending)).forEach(checkBinding);
checkPublicNames();
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  console.error(`check-layers: ${wrong.length} lines break the order of the layers (${LAYERS.join(', ')})`);
  process.exit(1);
}
console.log(`check-layers: ${sources.length} files include only what lies before them`);
