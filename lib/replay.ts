/**
 * Recorded programs, run again under the policies one wants to compare.
 *
 * A trace is read and compiled by lib/trace, checked and ordered once by the native replayer, and then run under each
 * policy with one native thread for each recorded thread.
 */
import { backingCode, eraCode, policyName } from './address-space-options';
import { VmalockError } from './errors';
import { choice, invalidArgument, isOn, object, text, wholeNumber } from './internal/options';
import { NativeReplay, type NativeReplayResult, PACES } from './internal/replay-native';
import type { FaultEra, PolicyName } from './policy';
import { compareMaps } from './trace/compare-maps';
import { compileTrace, type CompiledTrace } from './trace/compile';
import { TraceError } from './trace/errors';
import { stopIfAborted } from './trace/text-source';

/** How a replay runs. */
export interface ReplayOptions {
  /** @defaultValue ['mmap-lock', 'per-vma'] */
  policies?: readonly PolicyName[];
  /** Which faults may take a policy's fast path. @defaultValue 'rfc' */
  faults?: FaultEra;
  /**
   * `asap`: as fast as the order between threads allows; `recorded`: with the recorded gaps between the events of a
   * thread, so that the contention is the program's own.
   * @defaultValue 'asap'
   */
  pace?: 'asap' | 'recorded';
  /** `memory`: frames hold bytes; `none`: they are only counted. @defaultValue 'memory' */
  backing?: 'memory' | 'none';
  /** Most 4 KiB page frames that a run may use. @defaultValue 1048576 */
  frames?: number;
  /** Runs of each policy, taken in turns; the report shows the one with the median wall time. @defaultValue 1 */
  repeat?: number;
  /** Replay a trace although its recorder lost events. @defaultValue false */
  allowLoss?: boolean;
  /** Stops the replay soon; the promise is then rejected with `ECANCELED`. */
  signal?: AbortSignal;
  /** Called now and then while it goes on. */
  onProgress?: (progress: ReplayProgress) => void;
}

/** How far a replay is. */
export interface ReplayProgress {
  stage: 'reading' | 'ordering' | 'running';
  /** the policy that runs; '' before the first does */
  policy: PolicyName | '';
  /** which run this is, from 1, and how many there will be */
  run: number;
  runs: number;
  /** events done, of all events of one run; both 0 while they are not known */
  done: number;
  total: number;
}

/** How long threads waited for a lock; percentiles are upper bounds of buckets at most 7 % wide. */
export interface WaitSummary {
  /** acquisitions */
  count: number;
  /** acquisitions that had to wait */
  waits: number;
  totalNs: number;
  p50Ns: number;
  p99Ns: number;
  maxNs: number;
}

/** How one policy fared: the run with the median wall time. */
export interface PolicyReport {
  policy: PolicyName;
  wallNs: number;
  /** processor time of all threads in the same span */
  cpuNs: number;
  faults: number;
  /** calls and faults that did not end as recorded */
  unexpected: number;
  vmaLock: { success: number; abort: number; retry: number; miss: number };
  mmapLock: { read: WaitSummary; write: WaitSummary };
  /** for every process whose final map was recorded */
  mapsEqual: boolean;
  /** processes whose final map was recorded, and how many of them ended otherwise */
  mapsCompared: number;
  mapsDiffering: number;
  /** one sentence each: unexpected outcomes first, then what differs in the final maps */
  differences: string[];
  /** every run, in the order they were made */
  runs: { wallNs: number; cpuNs: number }[];
}

/** What {@link replay} found; `vmalock replay --json` prints one. */
export interface ReplayReport {
  trace: string;
  format: 'perf' | 'strace';
  events: number;
  threads: number;
  processes: number;
  /** events that the recorder lost */
  lostEvents: number;
  /** events that wait for an event of another thread */
  dependencies: number;
  /** calls that are not modelled, by name, and how often each was recorded */
  unmodelled: Record<string, number>;
  /** false: by its faults, the kernel of the recording had no zero page, so the replay had none (AddressSpaceOptions) */
  zeroPage: boolean;
  /** what the reader of the trace left out or found odd, one sentence each */
  warnings: string[];
  policies: PolicyReport[];
}

/**
 * Runs a recorded program under one or more policies.
 *
 * @param trace a file of perf or strace text, plain or gzip, or a folder that holds one
 * @throws {TraceError} for a trace that cannot be read: `code` ERR_VMALOCK_BAD_TRACE, `file`, `line`
 * @throws {VmalockError} `ERR_VMALOCK_LOSSY_TRACE` when the recorder lost events and `allowLoss` is not set,
 *   `ECANCELED` when the signal was aborted, `EINVAL` for an unknown policy, `ENOMEM`
 *
 * @example
 * const report = await replay('examples/traces/pthread-storm', { policies: ['mmap-lock', 'per-vma'] });
 * for (const { policy, wallNs, mapsEqual } of report.policies) console.log(policy, wallNs / 1e6, mapsEqual);
 */
export async function replay(trace: string, options: ReplayOptions = {}): Promise<ReplayReport> {
  return new ReplayRun(checked(options)).of(text('trace', trace));
}

/** What is wrong with the options is told before a long trace is read. */
function checked(options: ReplayOptions): ReplayOptions {
  // Read once: what a getter says later is not looked at.
  const taken = { ...object('options', options) };
  const { policies, faults, pace, backing, frames, repeat, signal, onProgress } = taken;
  if (policies !== undefined) {
    if (!Array.isArray(policies)) throw invalidArgument('policies', 'an array of names', policies);
    taken.policies = Array.from(policies as readonly PolicyName[], policyName);
  }
  if (faults !== undefined) eraCode(faults);
  if (pace !== undefined) choice('pace', pace, PACES);
  if (backing !== undefined) backingCode(backing);
  if (frames !== undefined) wholeNumber('frames', frames, 1, Number.MAX_SAFE_INTEGER);
  if (repeat !== undefined) wholeNumber('repeat', repeat, 1, Number.MAX_SAFE_INTEGER);
  isOn('allowLoss', taken.allowLoss);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', 'an AbortSignal', signal);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalidArgument('onProgress', 'a function', onProgress);
  return taken;
}

/** The runs of one trace, with the options filled in. */
class ReplayRun {
  private readonly policies: readonly PolicyName[];
  private readonly repeat: number;

  constructor(private readonly options: ReplayOptions) {
    this.policies = options.policies ?? ['mmap-lock', 'per-vma'];
    this.repeat = options.repeat ?? 1;
    if (this.policies.length === 0 || new Set(this.policies).size < this.policies.length)
      throw new VmalockError(
        'ERR_VMALOCK_INVALID_ARG',
        `policies must name at least one, each once, got [${this.policies.join(', ')}]`,
      );
  }

  async of(path: string): Promise<ReplayReport> {
    this.tell({ stage: 'reading' });
    const { signal } = this.options;
    const trace = await compileTrace(path, signal);
    stopIfAborted(signal);
    refuseLoss(trace, this.options.allowLoss ?? false);
    this.tell({ stage: 'ordering' });
    const native = await NativeReplay.load(trace.buffer).catch((error: unknown) => {
      throw asTraceError(error, path);
    });
    try {
      return await this.runAll(trace, native);
    } finally {
      native.close();
    }
  }

  private async runAll(trace: CompiledTrace, native: NativeReplay): Promise<ReplayReport> {
    const results = new Map<PolicyName, NativeReplayResult[]>(this.policies.map((policy) => [policy, []]));
    let last: NativeReplayResult | undefined;
    for (let round = 0; round < this.repeat; round++) {
      for (const [n, policy] of this.policies.entries()) {
        stopIfAborted(this.options.signal);
        last = await this.runOnce(native, policy, round * this.policies.length + n + 1, trace.events);
        results.get(policy)?.push(last);
      }
    }
    return {
      trace: trace.name,
      format: trace.format,
      events: trace.events,
      threads: trace.threads,
      processes: new Set(trace.spaces.map((space) => space.pid)).size,
      lostEvents: trace.lostEvents,
      dependencies: last?.dependencies ?? 0,
      unmodelled: trace.unmodelled,
      zeroPage: last?.zeroPage ?? true,
      warnings: trace.warnings,
      policies: Array.from(results, ([policy, runs]) => reportOf(trace, policy, runs)),
    };
  }

  private runOnce(native: NativeReplay, policy: PolicyName, run: number, total: number): Promise<NativeReplayResult> {
    const { faults = 'rfc', pace = 'asap', backing = 'memory', frames, signal } = this.options;
    const where = { stage: 'running', policy, run, total } as const;
    this.tell({ ...where, done: 0 });
    return native.run({
      policy,
      faults,
      pace,
      backing,
      ...(frames === undefined ? {} : { frames }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done) => this.tell({ ...where, done }),
    });
  }

  private tell(progress: Partial<ReplayProgress> & Pick<ReplayProgress, 'stage'>): void {
    const runs = this.repeat * this.policies.length;
    this.options.onProgress?.({
      policy: '',
      run: 0,
      runs,
      done: 0,
      total: 0,
      ...progress,
    });
  }
}

/** What only the replayer can see to be wrong (an address that no space has, ...) is an error of the file like any other. */
function asTraceError(error: unknown, path: string): unknown {
  if (!(error instanceof VmalockError) || error.code !== 'ERR_VMALOCK_BAD_TRACE') return error;
  return new TraceError(error.message, path);
}

function refuseLoss(trace: CompiledTrace, allowed: boolean): void {
  if (trace.lostEvents === 0 || allowed) return;
  throw new VmalockError(
    'ERR_VMALOCK_LOSSY_TRACE',
    `${trace.name}: the recorder lost ${trace.lostEvents} event${trace.lostEvents === 1 ? '' : 's'}, so the history is not complete; ` +
      '--allow-loss (allowLoss) replays it all the same',
  );
}

function medianOf(runs: readonly NativeReplayResult[]): NativeReplayResult {
  const sorted = [...runs].sort((a, b) => a.wallNs - b.wallNs);
  const median = sorted[(sorted.length - 1) >> 1];
  if (median === undefined) throw new RangeError('no runs');
  return median;
}

/** What differs in the final maps, by process. */
function mapDifferences(trace: CompiledTrace, run: NativeReplayResult): string[][] {
  return trace.spaces.flatMap((space) => {
    if (space.expected === undefined) return [];
    const who = `process ${space.pid} (${space.comm})`;
    const actual = run.finalMaps[space.index];
    if (actual === undefined) return [[`${who}: its end was not reached, so there is no final map to compare`]];
    return [compareMaps(actual, space.expected, trace.format).map((difference) => `${who}: ${difference}`)];
  });
}

function reportOf(trace: CompiledTrace, policy: PolicyName, runs: readonly NativeReplayResult[]): PolicyReport {
  const shown = medianOf(runs);
  // A difference counts whichever run it showed in; the first run that has any speaks for all.
  const worst =
    runs.find((run) => run.unexpected > 0 || mapDifferences(trace, run).some((of) => of.length > 0)) ?? shown;
  const maps = mapDifferences(trace, worst);
  const mapsDiffering = maps.filter((of) => of.length > 0).length;
  return {
    policy,
    wallNs: shown.wallNs,
    cpuNs: shown.cpuNs,
    faults: shown.faults,
    unexpected: worst.unexpected,
    vmaLock: {
      success: shown.stats.vmaLockSuccess,
      abort: shown.stats.vmaLockAbort,
      retry: shown.stats.vmaLockRetry,
      miss: shown.stats.vmaLockMiss,
    },
    mmapLock: shown.mmapLock,
    mapsEqual: mapsDiffering === 0,
    mapsCompared: maps.length,
    mapsDiffering,
    differences: [...worst.differences, ...maps.flat()],
    runs: runs.map(({ wallNs, cpuNs }) => ({ wallNs, cpuNs })),
  };
}
