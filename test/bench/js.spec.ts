import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { spreadOf } from '../../bench/js/spread';
import type { BenchCase, Measured, Plan } from '../../bench/js/plan';
import { resultsOf } from '../../bench/js/results-of';
import { parseResults } from '../../bench/results';
import { TARGETS } from '../../bench/targets';
import { result } from './results';

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const root = join(__dirname, '../..');
  return spawnSync(process.execPath, ['--import', 'tsx', 'bench/js/main.ts', ...args], { cwd: root, encoding: 'utf8' });
}

describe('npm run bench', () => {
  it('runs every case it lists, quickly, and prints results that can be read', () => {
    const listed = run('--list')
      .stdout.trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    const quick = run('--quick', '--json', '-');
    expect(quick.stderr).toBe('');
    expect(quick.status).toBe(0);
    const results = parseResults(quick.stdout, 'bench');
    expect([...new Set(results.map((one) => one.case))]).toEqual(listed);
    for (const one of results) expect(one.ns?.median).toBeGreaterThan(0);
    for (const target of TARGETS.filter((one) => one.case.startsWith('batch-')))
      expect(results).toContainEqual(
        expect.objectContaining({ case: target.case, vmas: target.vmas, contestant: target.contestant }),
      );
  }, 60_000);

  it('says in one line when it cannot write its results', () => {
    expect(run('--quick', '--filter', 'batches', '--json', '/nowhere/x')).toMatchObject({
      status: 1,
      stderr: "bench: ENOENT: no such file or directory, open '/nowhere/x'\n",
    });
  });

  it('says so when no case has the name', () => {
    expect(run('--filter', 'nothing')).toMatchObject({
      status: 1,
      stderr: 'bench: no case is called like nothing; --list names them\n',
    });
  });
});

describe('the costs of rounds', () => {
  const plan: Plan = { rounds: 3, secondsEach: 0, seed: 1 };
  const bench = { name: 'x', vmas: 1, op: 'call', summary: '', reference: 'C', rounds: 3, run: () => [] } as BenchCase;
  const measured = (contestant: string, policy: string | null, costs: Measured['costs']): Measured => ({
    contestant,
    policy,
    role: 'subject',
    costs,
    opsPerWindow: 10,
  });
  const { run: where } = result();

  it('are divided round by round, by the reference of the same policy', () => {
    const [, , ours] = resultsOf(
      bench,
      [measured('C', 'a', [1, 1, 1]), measured('C', 'b', [10, 10, 10]), measured('JS', 'b', [20, 30, 40])],
      plan,
      where,
    );
    expect(ours?.ratio).toEqual({ median: 3, p10: 2.2, p90: 3.8 });
  });

  it('do not count where either was not clean', () => {
    const [, ours] = resultsOf(
      bench,
      [measured('C', null, [1, undefined, 1, 1]), measured('JS', null, [2, 2, undefined, 2])],
      plan,
      where,
    );
    expect(ours).toMatchObject({ clean: 2, rounds: 4, ratio: { median: 2 }, noisy: true });
  });

  it('are noisy when the reference drifts', () => {
    const noisy = (last: number): boolean | undefined =>
      resultsOf(bench, [measured('C', null, [100, 100, last])], plan, where)[0]?.noisy;
    expect([noisy(114), noisy(116), noisy(86)]).toEqual([false, true, true]);
  });
});

it('a spread is interpolated between neighbours, and there is none of nothing', () => {
  expect(spreadOf([4, 1, 3, 2, 5])).toEqual({ median: 3, p10: 1.4, p90: 4.6 });
  expect(spreadOf([7])).toEqual({ median: 7, p10: 7, p90: 7 });
  expect(spreadOf([])).toBeNull();
});
