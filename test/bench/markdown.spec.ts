import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillIn, render, table } from '../../bench/markdown';
import { TARGETS, isReached } from '../../bench/targets';
import { around, result } from './results';

describe('results as Markdown', () => {
  it('say of each target whether it was reached, losing cells too, and nothing of a noisy one', () => {
    const said = (median: number, noisy = false): string | undefined =>
      /std::map: ([a-z* ]+?) *\|/.exec(render([result({ ratio: around(median), noisy })]))?.[1];
    expect([said(0.79), said(0.81), said(0.1, true)]).toEqual(['reached', '**missed**', 'not known']);
  });

  it('hold an absolute target against the amount', () => {
    const target = TARGETS.find((one) => one.absolute);
    const bytes = (median: number) =>
      result({ case: 'index-bytes', vmas: 10_000, unit: 'bytes', amount: around(median), ratio: around(9) });
    expect(target && [isReached(target, bytes(64)), isReached(target, bytes(64.5))]).toEqual([true, false]);
  });

  it('name machine, kernel, compiler, commit and seed', () => {
    expect(render([result()])).toContain(
      '- a CPU, 2 CPUs, x86_64, Linux 6.18.0; 12.2.0; commit 0123456789ab; search avx2; seed 1',
    );
  });

  it('leave out columns that nobody fills', () => {
    const text = render([result({ cycles: null, instructions: null })]);
    expect(text).toContain('| mappings | contestant | cost by the reference |');
    expect(text).not.toContain('cycles');
  });

  it('are padded as the formatter wants them', () => {
    expect(table(['a', 'long head'], [['value', 'x']])).toBe(
      ['| a     | long head |', '| ----- | --------- |', '| value | x         |'].join('\n'),
    );
  });
});

describe('the document', () => {
  const document = readFileSync(join(__dirname, '../../docs/benchmarking.md'), 'utf8');

  it('has one place for results, and the rest stays as it is', () => {
    const once = fillIn(document, 'first');
    const twice = fillIn(once, 'second');
    expect(once).toContain('-->\n\nfirst\n\n<!--');
    expect(twice).toBe(once.replace('\n\nfirst\n\n', '\n\nsecond\n\n'));
  });

  it('is refused without that place', () => {
    expect(() => fillIn('# Benchmarks\n', 'text')).toThrow('there must be a line "<!-- results:begin');
  });
});
