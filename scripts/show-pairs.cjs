#!/usr/bin/env node
'use strict';
// Lists the barrier pairs: every `pair [tag]` of native/src with its places. With --check it fails where a pair has
// fewer than two ends, or where the code and the ledger docs/memory-ordering.md do not name the same pairs.
const fs = require('node:fs');
const path = require('node:path');
const { filesUnder } = require('./addon.cjs');

const root = path.join(__dirname, '..');
const LEDGER = 'docs/memory-ordering.md';

/** tag -> places, from comments like "pair [a]: ..." and "pairs [a] and [b]"; a list may go on over the line's end. */
function pairsInCode() {
  const pairs = new Map();
  for (const file of ['.c', '.h'].flatMap((ending) => filesUnder('native/src', ending))) {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    for (const mention of text.matchAll(/\bpairs?\s+((?:\[[\w-]+\](?:\s*(?:,|and|\*)\s*)*)+)/g)) {
      const line = text.slice(0, mention.index).split('\n').length;
      for (const [, tag] of mention[1].matchAll(/\[([\w-]+)\]/g)) {
        pairs.set(tag, [...(pairs.get(tag) ?? []), `${file}:${line}`]);
      }
    }
  }
  return new Map([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Tags at the start of a heading, a table row or a list item of the ledger; links and prose do not count. */
function pairsInLedger() {
  const file = path.join(root, LEDGER);
  if (!fs.existsSync(file)) return null;
  const text = fs.readFileSync(file, 'utf8');
  return new Set([...text.matchAll(/^(?:#+|\||[-*])\s*`?\[([\w-]+)\]`?(?!\()/gm)].map(([, tag]) => tag));
}

const pairs = pairsInCode();
if (!process.argv.includes('--check')) {
  for (const [tag, places] of pairs) console.log(`[${tag}]\n  ${places.join('\n  ')}`);
  process.exit(0);
}

const ledger = pairsInLedger();
const wrong = [];
if (!ledger) wrong.push(`${LEDGER} is missing`);
for (const [tag, places] of pairs) {
  if (places.length < 2) wrong.push(`${places[0]}: pair [${tag}] has no other end in native/src`);
  if (ledger && !ledger.has(tag)) wrong.push(`${places[0]}: pair [${tag}] has no line in ${LEDGER}`);
}
for (const tag of ledger ?? []) {
  if (!pairs.has(tag)) wrong.push(`${LEDGER}: [${tag}] is named nowhere in native/src`);
}
if (pairs.size === 0) wrong.push('no pair was found in native/src: has the way to write them changed?');
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  console.error(`show-pairs: ${wrong.length} pairs of barriers are not complete`);
  process.exit(1);
}
console.log(`show-pairs: ${pairs.size} pairs of barriers, each with both ends and a line in ${LEDGER}`);
