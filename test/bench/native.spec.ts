import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseResults } from '../../bench/results';
import { TARGETS } from '../../bench/targets';
import { native } from '../../lib/internal/native';

const ROOT = join(__dirname, '../..');
const PROGRAM = ['build/c', 'build/bench']
  .map((folder) => join(ROOT, folder, 'vmalock-bench'))
  .find((file) => existsSync(file));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(PROGRAM ?? '', args, { encoding: 'utf8', maxBuffer: 1 << 24 });
}

/** Where there is no CMake the native tests are built without the benchmarks. */
const whenBuilt = PROGRAM === undefined ? describe.skip : describe;

whenBuilt(`vmalock-bench${PROGRAM === undefined ? ' (skipped: npm run bench:native builds it)' : ''}`, () => {
  it('runs every case it lists, quickly, and prints results that can be read', () => {
    const listed = run('--list')
      .stdout.trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    const quick = run('--quick', '--json', '-');
    expect(quick.stderr).toBe('');
    expect(quick.status).toBe(0);
    const results = parseResults(quick.stdout, 'vmalock-bench');
    expect([...new Set(results.map((one) => `${one.case}/${one.vmas}`))]).toEqual(listed);
    for (const one of results) expect(one.clean).toBeLessThanOrEqual(one.rounds);
    for (const policy of native.policies)
      expect(results.filter((one) => one.case === 'map-unmap' && one.policy === policy)).toHaveLength(3);
    const measured = (name: string): boolean => results.some((one) => one.case === name);
    for (const target of TARGETS.filter((one) => measured(one.case)))
      expect(results).toContainEqual(
        expect.objectContaining({ case: target.case, vmas: target.vmas, contestant: target.contestant }),
      );
  }, 120_000);

  it('takes the cases whose name contains a text, and says so when there are none', () => {
    expect(run('--list', '--filter', 'lookup/10').stdout.match(/^\S+/gm)).toEqual([
      'lookup/100',
      'lookup/1000',
      'lookup/10000',
      'lookup/100000',
      'lookup/1000000',
    ]);
    expect(run('--filter', 'nothing')).toMatchObject({
      status: 1,
      stderr: 'vmalock-bench: no case is called like nothing; --list names them\n',
    });
  });

  it.each([
    [['--rounds', '0'], '--rounds must be a whole number from 1 to 100000, got 0'],
    [['--seed', '-1'], '--seed must be a whole number from 0 to 18446744073709551615, got -1'],
    [['--cpu', 'x'], '--cpu must be a whole number from 0 to 1023, got x'],
    [['--json', '/nowhere/x'], 'cannot write /nowhere/x: No such file or directory'],
    [['lookup'], 'what is lookup? See --help'],
  ])('refuses %p in one line', (args, message) => {
    expect(run(...args)).toMatchObject({ status: 1, stderr: `vmalock-bench: ${message}\n` });
  });
});
