/**
 * npm run test:removals: takes out, one after the other, what the docs say was tried, and asks the tests whether they notice.
 *
 * All of them take more than an hour. Nothing outside of build/ is changed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, haveCMake, type VariantName } from '../../scripts/native-variants.cjs';
import { catalogue } from './catalogue';
import { CleanBuild, ROOT } from './clean-build';
import { type Options, parse } from './options';
import type { Removal } from './removal';
import { describe, type Line, list, summary } from './report';
import { noticedIn, record } from './results-file';
import { selected } from './selection';
import { tryOut } from './trial';
import { Workshop } from './workshop';

/** What all trials of one run share. */
interface Run {
  options: Options;
  builds: ReadonlyMap<VariantName, CleanBuild>;
  folder: string;
  stopper: AbortController;
}

function buildsFor(removals: readonly Removal[], jobs: number): Map<VariantName, CleanBuild> {
  const names = new Set(removals.map(({ variant }) => variant ?? 'plain'));
  return new Map(
    [...names].map((name) => {
      process.stdout.write(`building the ${name} tests\n`);
      build(name, jobs);
      return [name, new CleanBuild(name)];
    }),
  );
}

async function tryOne(removal: Removal, workshop: Workshop, { options, builds }: Run): Promise<Line> {
  const build = builds.get(removal.variant ?? 'plain') as CleanBuild;
  const line = { removal, result: await tryOut(removal, { build, workshop }, options.allTests ?? false) };
  process.stdout.write(describe(line));
  if (options.results !== undefined) record(options.results, line);
  return line;
}

/** Takes removals from those that are left until there are none. */
async function tryNext(left: Removal[], folder: string, run: Run): Promise<Line[]> {
  const lines: Line[] = [];
  try {
    const workshop = new Workshop(folder, run.stopper.signal);
    for (let removal = left.shift(); removal; removal = left.shift()) lines.push(await tryOne(removal, workshop, run));
  } catch (error) {
    run.stopper.abort(error); // the others need not go on
    throw error;
  }
  return lines;
}

async function tryAll(removals: readonly Removal[], run: Run): Promise<Line[]> {
  const left = [...removals];
  const jobs = Array.from({ length: run.options.jobs }, (_, i) => tryNext(left, join(run.folder, String(i)), run));
  await Promise.allSettled(jobs); // none is at work any more when the folder goes
  return (await Promise.all(jobs)).flat();
}

/** In a folder of its own below build/, since another run may be under way. Ended by a signal it leaves nothing. */
async function runIn(builds: ReadonlyMap<VariantName, CleanBuild>, removals: readonly Removal[], options: Options) {
  const folder = mkdtempSync(join(ROOT, 'build/removals-'));
  const stopper = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopper.abort(new Error(`ended by ${signal}`)));
  try {
    return await tryAll(removals, { options, builds, folder, stopper });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(options: Options): Promise<void> {
  const known = options.results === undefined ? new Set<string>() : noticedIn(options.results);
  const removals = selected(catalogue, options).filter(({ what }) => !known.has(what));
  if (removals.length === 0) throw new Error('there is no such removal left to try; --list names them all');
  if (options.list) {
    process.stdout.write(list(removals));
    return;
  }
  if (!haveCMake()) throw new Error('removals need cmake and make');
  const lines = await runIn(buildsFor(removals, options.jobs), removals, options);
  process.stdout.write(summary(lines));
  if (lines.some(({ result }) => result.outcome !== 'noticed')) process.exitCode = 1;
}

void main(parse(process.argv)).catch((error: unknown) => {
  process.stderr.write(`test:removals: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
