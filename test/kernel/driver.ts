/**
 * Compares vmalock with the running kernel for as long as one likes.
 *
 *   npx tsx test/kernel/driver.ts [--seconds 60] [--seed 1] [--shortest 5] [--most 20] [--profile merging]
 *                                 [--subject 'PROGRAM ARGS']
 *   npx tsx test/kernel/driver.ts --sweeps [--step 1] [--sweep NAME] [--subject 'PROGRAM ARGS']
 *
 * Prints each kind of difference once, shrunk, with the seed that found it. No sequence has fewer than --shortest
 * operations (a seed gives another sequence with another --shortest). --subject names another program that
 * speaks the protocol (it gets -p PAGES); without it the model runs in this process. --sweeps asks odd arguments instead, each case
 * or each --step-th: half an hour for all.
 */
import { parseArgs } from 'node:util';
import { Executor } from '../../lib/exec/executor';
import { compareAll, describe, isLasting, shrink } from './difference';
import { cannotBeCompared, isMissingFor } from './machine';
import { oracle } from './oracle';
import { argumentsOf, optionsOf, type Profile, PROFILES } from './profiles';
import { sequenceOf } from './sequences';
import { type Outcome, runSweep } from './sweeping';
import { type Stage, type Sweep, SWEEPS } from './sweeps';
import { ModelSpeaker, ProcessSpeaker, type Speaker } from './speaker';
import { hasZeroPage } from './zero-page';

const BATCH = 40;

async function modelFor(profile: Stage, kernel: Speaker, subject: string | undefined): Promise<Speaker> {
  const [program, ...args] = subject?.split(' ') ?? [];
  if (program !== undefined) return ProcessSpeaker.start(program, [...args, '-p', String(profile.pages)]);
  return new ModelSpeaker(new Executor(optionsOf(profile, await hasZeroPage(kernel))));
}

interface Found {
  sequences: number;
  differences: number;
  /** seeds of those that differed once, and agreed when they were asked again */
  passing: number[];
}

/** Runs batches of one profile until the time is up or enough was found. */
async function runProfile(profile: Profile, firstSeed: number, until: number, options: Options): Promise<Found> {
  const kernel = await ProcessSpeaker.start(options.oracle, argumentsOf(profile));
  const model = await modelFor(profile, kernel, options.subject);
  const found: Found = { sequences: 0, differences: 0, passing: [] };
  const kinds = new Set<string>();
  try {
    while (Date.now() < until && kinds.size < options.most) {
      const seeds = Array.from({ length: BATCH }, (_, i) => firstSeed + found.sequences + i);
      const sequences = seeds.map((seed) => sequenceOf(profile, seed, options.shortest));
      const differences = await compareAll(kernel, model, sequences);
      found.sequences += BATCH;
      for (const [i, difference] of differences.entries()) {
        if (!difference) continue;
        if (!(await isLasting(kernel, model, sequences[i] ?? []))) {
          found.passing.push(seeds[i] ?? 0);
          continue;
        }
        found.differences++;
        // One bug shows in hundreds of sequences: shrinking each of them would take the whole time.
        if (found.differences > 40 && found.differences % 25 !== 0) continue;
        const smallest = await shrink(kernel, model, difference);
        const kind = smallest.operations.map((line) => line.replace(/\d+/g, 'N')).join(';');
        if (kinds.has(kind)) continue;
        kinds.add(kind);
        process.stdout.write(`--- ${profile.name}, seed ${seeds[i]}\n${describe(smallest)}\n\n`);
      }
    }
  } finally {
    kernel.close();
    model.close();
  }
  return found;
}

interface Options {
  oracle: string;
  subject: string | undefined;
  most: number;
  shortest: number;
}

/** Asks each `step`-th case of a sweep, and tells of each kind of difference once. */
async function runOneSweep(sweep: Sweep, step: number, options: Pick<Options, 'oracle' | 'subject'>): Promise<Outcome> {
  const kernel = await ProcessSpeaker.start(options.oracle, argumentsOf(sweep.stage));
  const model = await modelFor(sweep.stage, kernel, options.subject);
  try {
    const outcome = await runSweep(kernel, model, sweep, step);
    for (const [name, { first, count }] of outcome.kinds)
      process.stdout.write(`--- ${sweep.name}: ${count} times ${name}\n${describe(first)}\n\n`);
    process.stdout.write(`${sweep.name}: ${outcome.cases} cases, ${outcome.kinds.size} kinds of differences\n`);
    return outcome;
  } finally {
    kernel.close();
    model.close();
  }
}

async function runSweeps(
  name: string | undefined,
  step: number,
  options: Pick<Options, 'oracle' | 'subject'>,
): Promise<void> {
  let cases = 0;
  let kinds = 0;
  for (const sweep of SWEEPS) {
    const missing = isMissingFor(sweep.stage);
    if ((name !== undefined && name !== sweep.name) || missing !== undefined) continue;
    const outcome = await runOneSweep(sweep, step, options);
    cases += outcome.cases;
    kinds += outcome.kinds.size;
  }
  process.stdout.write(`in all: ${cases} cases, ${kinds} kinds of differences\n`);
  process.exitCode = kinds === 0 ? 0 : 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      most: { type: 'string', default: '20' },
      shortest: { type: 'string', default: '5' },
      profile: { type: 'string' },
      subject: { type: 'string' },
      sweeps: { type: 'boolean', default: false },
      sweep: { type: 'string' },
      step: { type: 'string', default: '1' },
    },
  });
  const there = oracle();
  if (there.path === undefined) throw new Error(there.reason);
  const unlike = cannotBeCompared();
  if (unlike !== undefined) process.stdout.write(`differences are to be expected: ${unlike}\n`);
  if (values.sweeps)
    return runSweeps(values.sweep, Number(values.step), { oracle: there.path, subject: values.subject });
  const wanted = PROFILES.filter((profile) => values.profile === undefined || profile.name === values.profile);
  const profiles = wanted.filter((profile) => {
    const missing = isMissingFor(profile);
    if (missing !== undefined) process.stdout.write(`${profile.name}: skipped (${missing})\n`);
    return missing === undefined;
  });
  const options: Options = {
    oracle: there.path,
    subject: values.subject,
    most: Number(values.most),
    shortest: Number(values.shortest),
  };
  let differences = 0;
  let total = 0;
  for (const profile of profiles) {
    const until = Date.now() + (Number(values.seconds) * 1000) / profiles.length;
    const found = await runProfile(profile, Number(values.seed), until, options);
    differences += found.differences;
    total += found.sequences;
    const passing = found.passing.length > 0 ? `, ${found.passing.length} did once: ${found.passing.join(' ')}` : '';
    process.stdout.write(`${profile.name}: ${found.sequences} sequences, ${found.differences} differ${passing}\n`);
  }
  process.stdout.write(`in all: ${total} sequences, ${differences} differ\n`);
  process.exitCode = differences === 0 ? 0 : 1;
}

void main();
