/**
 * `vmalock replay`: recorded programs under the policies asked for, one table each.
 */
import { Command, Option } from 'commander';
import { type FaultEra, POLICY_NAMES, type PolicyName } from '../policy';
import { replay, type ReplayReport } from '../replay';
import { printReplay } from '../report/replay-table';
import { ExitCode } from './exit-code';
import { untilInterrupted } from './interrupt';
import { faultEra, oneOf, policyNames, wholeNumber } from './options';
import { progressFor } from './progress';

interface ReplayCommandOptions {
  policy: PolicyName[];
  faults: FaultEra;
  pace: 'asap' | 'recorded';
  backing: 'memory' | 'none';
  frames?: number;
  repeat: number;
  allowLoss: boolean;
  json: boolean;
  quiet: boolean;
}

const HELP = `
TRACE is the text of perf script or of strace, plain or gzip, with the files maps.initial and maps.final beside it
(strace.maps.initial and strace.maps.final for strace), or a folder that holds them; docs/trace-format.md has the
details. Each trace runs once under each policy, with one thread for each recorded thread. An event waits for the last
event of another thread that changed the range it touches; a call is expected to end as it was recorded to end.

The table
  wall time               from the first event to the end of the last thread
  cpu time                of all threads together
  vma_lock success        faults served under the policy's fast path, without mmap_lock
           abort          not even tried: no mapping, a kind the era excludes, or a writer has it
           retry          begun, and then mmap_lock was needed
           miss           the mapping changed while it was being locked
  mmap_lock readers       how often it was taken for reading (writers: for writing), how many of those had to wait,
                          and for how long: the total, the 50th and 99th percentile, the longest
  unexpected outcomes     calls and faults that did not end as recorded
  final maps equal        processes whose last map is the recorded one, of those whose last map was recorded

Exit status: 0 as recorded; 1 an outcome or a map differs; 2 a bad option or trace; 130 stopped by Ctrl-C.

  $ vmalock replay examples/traces/pthread-storm
  $ vmalock replay TRACE --pace recorded --repeat 5 --json > result.json
`;

/** One report is printed as an object; several, each on a line of its own, as a stream of objects. */
function printed(report: ReplayReport, json: boolean, alone: boolean): string {
  if (!json) return printReplay(report);
  return `${JSON.stringify(report, undefined, alone ? 2 : undefined)}\n`;
}

function differs(report: ReplayReport): boolean {
  return report.policies.some((policy) => policy.unexpected > 0 || !policy.mapsEqual);
}

async function runReplay(traces: string[], options: ReplayCommandOptions): Promise<void> {
  const progress = progressFor(!options.quiet);
  const { policy, json, quiet, ...rest } = options;
  await untilInterrupted(async (signal) => {
    for (const [n, trace] of traces.entries()) {
      const report = await replay(trace, {
        ...rest,
        policies: policy,
        signal,
        onProgress: (now) => progress.show(now),
      }).finally(() => progress.clear());
      if (differs(report)) process.exitCode = ExitCode.DIFFERS;
      if (quiet && !json) continue;
      process.stdout.write(`${n > 0 && !json ? '\n' : ''}${printed(report, json, traces.length === 1)}`);
    }
  });
}

export function replayCommand(): Command {
  return new Command('replay')
    .summary('run recorded programs under several locking policies and compare')
    .description('Runs what real programs did to their address spaces under each policy, and prints how each fared.')
    .argument('<trace...>', 'recorded programs: files, or folders that hold one each')
    .addOption(
      new Option('--policy <names>', `policies, with commas between them: ${POLICY_NAMES.join(', ')}`)
        .default(['mmap-lock', 'per-vma'], 'mmap-lock,per-vma')
        .argParser(policyNames),
    )
    .addOption(new Option('--faults <era>', 'which faults may take the fast path').default('rfc').argParser(faultEra))
    .addOption(
      new Option('--pace <pace>', 'asap: as fast as the order allows; recorded: with the recorded gaps')
        .default('asap')
        .argParser(oneOf(['asap', 'recorded'], 'pace')),
    )
    .addOption(
      new Option('--backing <kind>', 'memory: pages hold bytes; none: they are only counted')
        .default('memory')
        .argParser(oneOf(['memory', 'none'], 'backing')),
    )
    .addOption(
      new Option('--frames <count>', 'most 4 KiB page frames a run may use (default: 1048576)').argParser(
        wholeNumber(1, 2 ** 32),
      ),
    )
    .addOption(
      new Option('--repeat <times>', 'runs of each policy; the one with the median wall time is shown')
        .default(1)
        .argParser(wholeNumber(1, 1000)),
    )
    .option('--allow-loss', 'replay a trace although its recorder lost events', false)
    .option('--json', 'print the report as JSON, one object a trace, and nothing else', false)
    .option('--quiet', 'print nothing but errors; the exit status tells', false)
    .addHelpText('after', HELP)
    .action(runReplay);
}
