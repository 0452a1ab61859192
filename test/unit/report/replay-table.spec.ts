import type { PolicyReport, ReplayReport } from '../../../lib/replay';
import { printReplay } from '../../../lib/report/replay-table';

const NO_WAITS = { count: 0, waits: 0, totalNs: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 };

function policy(changes: Partial<PolicyReport> = {}): PolicyReport {
  return {
    policy: 'per-vma',
    wallNs: 2_500_000,
    cpuNs: 4_000_000,
    faults: 12_345,
    unexpected: 0,
    vmaLock: { success: 12_000, abort: 300, retry: 40, miss: 5 },
    mmapLock: {
      read: { count: 900, waits: 7, totalNs: 1_500_000, p50Ns: 1_200, p99Ns: 88_000, maxNs: 90_100 },
      write: NO_WAITS,
    },
    mapsEqual: true,
    mapsCompared: 2,
    mapsDiffering: 0,
    differences: [],
    runs: [{ wallNs: 2_500_000, cpuNs: 4_000_000 }],
    ...changes,
  };
}

function report(changes: Partial<ReplayReport> = {}): ReplayReport {
  return {
    ...{ trace: 'sort', format: 'perf', events: 1, threads: 2, processes: 1, lostEvents: 0, dependencies: 3 },
    ...{ unmodelled: {}, zeroPage: true, warnings: [], policies: [policy()] },
    ...changes,
  };
}

describe('a replay for people', () => {
  it('is one table with units behind the names and numbers under the policy', () => {
    expect(printReplay(report())).toBe(
      [
        'sort (perf): 1 event, 2 threads in 1 process, 3 waits of one thread for another',
        '                         per-vma',
        'wall time            ms    2.500',
        'cpu time             ms    4.000',
        'faults                     12345',
        'vma_lock success           12000',
        'vma_lock abort               300',
        'vma_lock retry                40',
        'vma_lock miss                  5',
        'mmap_lock readers            900',
        '  waits                        7',
        '  wait total         ms    1.500',
        '  wait p50           us      1.2',
        '  wait p99           us     88.0',
        '  wait max           us     90.1',
        'mmap_lock writers              0',
        '  waits                        0',
        '  wait total         ms    0.000',
        '  wait p50           us      0.0',
        '  wait p99           us      0.0',
        '  wait max           us      0.0',
        'unexpected outcomes            0',
        'final maps equal             2/2',
        '',
      ].join('\n'),
    );
  });

  it('shows how far apart repeated runs lay', () => {
    const runs = [3, 2, 9].map((ms) => ({ wallNs: ms * 1e6, cpuNs: 0 }));
    const text = printReplay(report({ policies: [policy({ wallNs: 3e6, runs })] }));
    expect(text).toContain('the median of 3 runs\n');
    expect(text).toMatch(/wall time +ms +3\.000\n {2}fastest run +ms +2\.000\n {2}slowest run +ms +9\.000\n/);
  });

  it('names what was lost, what was not run and what the reader warned of', () => {
    const text = printReplay(
      report({
        lostEvents: 1,
        unmodelled: { mincore: 2, mlock: 7, msync: 2 },
        zeroPage: false,
        warnings: ['ignored: futex 3'],
      }),
    );
    expect(text.split('\n').slice(-5, -1)).toEqual([
      '1 event lost by the recorder: the history is not complete',
      'not modelled, so not run: mlock 7, mincore 2, msync 2',
      'by its faults, the kernel of the recording had no zero page: replayed without one',
      'ignored: futex 3',
    ]);
  });

  it('lists the first twenty differences of a policy and counts the rest', () => {
    const differences = Array.from({ length: 23 }, (_, i) => `line ${i + 1}: munmap = 0, recorded EINVAL`);
    const lines = printReplay(report({ policies: [policy({ differences, mapsDiffering: 1 })] })).split('\n');
    const first = lines.indexOf('per-vma: 23 differences');
    expect(lines.slice(first + 1, first + 21)).toEqual(differences.slice(0, 20).map((text) => `  ${text}`));
    expect(lines.slice(first + 21)).toEqual(['  and 3 more (--json lists them all)', '']);
    expect(lines).toContain('final maps equal             1/2');
  });
});
