import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, printComparison } from '../../bench/compare';
import type { Result } from '../../bench/results';
import { around, lines, result } from './results';

const at = (median: number, changes: Partial<Result> = {}): Result => result({ ratio: around(median), ...changes });

const verdict = (before: Result, after: Result): string | undefined => compare([before], [after])[0]?.verdict;

describe('two files of results side by side', () => {
  it('call it better or worse only when the spreads do not touch', () => {
    expect(verdict(at(1), at(0.5))).toBe('better');
    expect(verdict(at(0.5), at(1))).toBe('worse');
    expect(verdict(at(1), at(1.15))).toBe('same');
  });

  it('say nothing of a noisy run, or of cycles beside nanoseconds', () => {
    expect(verdict(at(1), at(0.5, { noisy: true }))).toBe('unknown');
    expect(verdict(at(1, { noisy: true }), at(0.5))).toBe('unknown');
    expect(verdict(at(1), at(0.5, { unit: 'ns' }))).toBe('unknown');
  });

  it('leave out the reference, whose cost by itself is always 1', () => {
    const reference = at(1, { contestant: 'std::map + std::shared_mutex', role: 'peer' });
    expect(compare([reference, at(0.5)], [reference, at(0.5)]).map(({ name }) => name)).toEqual([
      'lookup, 1000: index',
    ]);
  });

  it('keep apart sizes, policies and cases, and name what only one of them has', () => {
    const rows = compare(
      [at(1, { policy: 'per-vma' }), at(1, { vmas: 100 })],
      [at(1, { policy: 'mmap-lock' }), at(1, { policy: 'per-vma' })],
    );
    expect(rows.map(({ name, verdict: said }) => `${name} ${said}`)).toEqual([
      'lookup, 1000: index, per-vma same',
      'lookup, 100: index only before',
      'lookup, 1000: index, mmap-lock only after',
    ]);
  });

  it('take the last of several runs of the same', () => {
    expect(compare([at(3), at(1)], [at(1)])[0]?.before?.median).toBe(1);
  });

  it('are printed with both spreads and the change of the cost', () => {
    expect(printComparison(compare([at(1)], [at(0.5)])).split('\n')[1]).toBe(
      'lookup, 1000: index    1.00 [0.900-1.10]  0.500 [0.450-0.550]  -50 %   better',
    );
  });
});

describe('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }

  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const root = join(__dirname, '../..');
    return spawnSync(process.execPath, ['--import', 'tsx', 'bench/compare.ts', ...args], {
      cwd: root,
      encoding: 'utf8',
    });
  }

  it('prints the table, and fails on what became worse only when asked to', () => {
    const before = file('before.jsonl', lines(at(0.5)));
    const after = file('after.jsonl', lines(at(1)));
    expect(run(before, after)).toMatchObject({ status: 0, stdout: expect.stringContaining('worse') as string });
    expect(run('--fail-on-worse', before, after).status).toBe(1);
    expect(run('--fail-on-worse', after, before).status).toBe(0);
  });

  it('says what is wrong with a file in one line', () => {
    const good = file('good.jsonl', lines(result()));
    expect(run(good, file('bad.jsonl', 'no'))).toMatchObject({
      status: 2,
      stderr: `compare: ${join(folder, 'bad.jsonl')}:1: not JSON\n`,
    });
    expect(run(good, join(folder, 'absent'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^compare: ENOENT.*\n$/) as string,
    });
  });
});
