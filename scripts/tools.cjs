'use strict';
// The host's programs: is one there, run one and stop with its status when it fails.
const { spawnSync } = require('node:child_process');

/** Ends the script with one sentence, without a stack. */
function stop(sentence) {
  process.stderr.write(`\nvmalock: ${sentence}\n\n`);
  process.exit(1);
}

/** The output of a program, or null when it is not there or fails. */
function ask(program, args, options = {}) {
  const r = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options });
  return r.error || r.status !== 0 ? null : r.stdout.trim();
}

function have(program, args = ['--version']) {
  return ask(program, args) !== null;
}

/** Runs a program on this terminal; true when it ended with 0. */
function succeeds(program, args, options = {}) {
  return spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0;
}

/** As succeeds(), but a failure ends the script with the same status: the program has said why. */
function run(program, args, options = {}) {
  const r = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (r.error) stop(`cannot run ${program}: ${r.error.message}`);
  if (r.status !== 0) process.exit(r.status ?? 1);
}

/** The program named in an environment variable, or the first of the others that is there, as words. */
function compiler(variable, ...others) {
  const named = process.env[variable];
  if (named) return named.split(/\s+/).filter(Boolean);
  const found = others.find((program) => have(program));
  return found === undefined ? null : [found];
}

module.exports = { stop, ask, have, succeeds, run, compiler };
