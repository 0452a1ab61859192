import type { Result } from '../../bench/results';

/** A result like those of a quiet machine, changed where a test says so. */
export function result(changes: Partial<Result> = {}): Result {
  return {
    case: 'lookup',
    vmas: 1000,
    op: 'lookup',
    contestant: 'index',
    policy: null,
    role: 'subject',
    reference: 'std::map + std::shared_mutex',
    unit: 'cycles',
    ratio: { median: 0.5, p10: 0.45, p90: 0.55 },
    amount: null,
    ns: { median: 30, p10: 28, p90: 33 },
    cycles: { median: 90, p10: 85, p90: 99 },
    instructions: { median: 100, p10: 100, p90: 101 },
    rounds: 60,
    clean: 60,
    opsPerWindow: 4000,
    noisy: false,
    run: {
      machine: 'a CPU',
      arch: 'x86_64',
      cpus: 2,
      kernel: '6.18.0',
      compiler: '12.2.0',
      commit: '0123456789ab',
      search: 'avx2',
      seed: 1,
    },
    ...changes,
  };
}

/** A ratio with a tenth of itself to each side. */
export function around(median: number): { median: number; p10: number; p90: number } {
  return { median, p10: median * 0.9, p90: median * 1.1 };
}

export function lines(...results: readonly unknown[]): string {
  return results.map((one) => `${JSON.stringify(one)}\n`).join('');
}
