import { compareMaps } from '../../../lib/trace/compare-maps';
import { parseMaps } from '../../../lib/trace/proc-maps';

const ROWS = [
  '00400000-00402000 r-xp 00000000 fe:00 7                                  /bin/prog',
  '00402000-00404000 rw-p 00002000 fe:00 7                                  /bin/prog',
  '01000000-01021000 rw-p 00000000 00:00 0                                  [heap]',
  '7f0000000000-7f0000002000 rw-p 00000000 00:00 0 ',
  '7f0000002000-7f0000004000 rw-s 00000000 00:01 91                         /dev/zero (deleted)',
  '7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]',
];
const text = (rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('');
const changed = (n: number, from: string, to: string): string[] =>
  ROWS.map((row, at) => (at === n ? row.replace(from, to) : row));

function differences(
  actual: readonly string[],
  expected: readonly string[] = ROWS,
  format: 'perf' | 'strace' = 'perf',
): string[] {
  return compareMaps(text(actual), parseMaps(text(expected)), format);
}

describe('two layouts', () => {
  it('are equal when every mapping is', () => {
    expect(differences(ROWS)).toEqual([]);
    expect(differences([], [])).toEqual([]);
  });

  it.each([
    ['permission', changed(0, 'r-xp', 'r--p')],
    ['permission', changed(3, 'rw-p', 'rw-s')],
    ['offset', changed(1, '00002000', '00003000')],
    ['file', changed(1, 'fe:00 7', 'fe:00 8')],
    ['file', changed(1, 'fe:00', 'fe:01')],
    ['name', changed(2, '[heap]', '')],
    ['name', changed(3, '00:00 0 ', '00:00 0 [stack]')],
    ['kind', changed(1, 'fe:00 7                                  /bin/prog', '00:00 0')],
  ])('differ in one sentence when one mapping has another %s', (what, actual) => {
    const found = differences(actual);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`has another ${what}, recorded`);
  });

  it('differ when a mapping is missing, is one too many, or has other bounds', () => {
    expect(differences(ROWS.filter((_, n) => n !== 2))).toEqual([
      '01000000-01021000 rw-p 00000000 00:00 0 [heap] is missing',
    ]);
    expect(differences(ROWS, ROWS.slice(0, 5))).toEqual([
      '7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack] is not in the recorded map',
    ]);
    expect(differences(changed(3, '7f0000002000', '7f0000001000'))).toEqual([
      '7f0000000000-7f0000001000 rw-p 00000000 00:00 0 is not in the recorded map',
      '7f0000000000-7f0000002000 rw-p 00000000 00:00 0 is missing',
    ]);
  });

  it('do not differ in the name of one file, which may have been renamed or unlinked', () => {
    expect(differences(changed(1, '/bin/prog', '/bin/prog (deleted)'))).toEqual([]);
  });

  it('may number shared memory otherwise, but not give one object two numbers, or two objects one', () => {
    const two = (a: number, b: number): string[] => [
      `7f0000002000-7f0000004000 rw-s 00000000 00:01 ${a}      /dev/zero (deleted)`,
      `7f0000004000-7f0000006000 rw-s 00000000 00:01 ${b}      /dev/zero (deleted)`,
    ];
    expect(differences(two(1, 2), two(8, 9))).toEqual([]);
    expect(differences(two(1, 1), two(8, 8))).toEqual([]);
    expect(differences(two(1, 1), two(8, 9))).toHaveLength(1);
    expect(differences(two(1, 2), two(8, 8))).toHaveLength(1);
  });

  it('are compared without the identity of a file that nothing in the recording names', () => {
    const unknown = changed(1, 'fe:00 7                                  /bin/prog', '00:00 3 (file of line 12)');
    expect(differences(unknown)).toEqual([]);
    expect(differences(unknown.map((row, n) => (n === 1 ? row.replace('00002000', '00001000') : row)))).toHaveLength(1);
  });

  it('are compared without names that prctl gave', () => {
    expect(differences(ROWS, changed(3, '00:00 0 ', '00:00 0   [anon:buffer]'))).toEqual([]);
  });
});

describe('two layouts of which strace tells one', () => {
  const grown = changed(5, '7ffd00000000', '7ffcfff00000');
  const split = ROWS.flatMap((row, n) =>
    n === 3
      ? ['7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ', '7f0000001000-7f0000002000 rw-p 00000000 00:00 0 ']
      : row,
  );

  it('do not differ by what page faults decide: how far the stack grew, which neighbours were joined', () => {
    expect(differences(ROWS, grown, 'strace')).toEqual([]);
    expect(differences(ROWS, split, 'strace')).toEqual([]);
    expect(differences(split, ROWS, 'strace')).toEqual([]);
    expect(differences(ROWS, grown)).toHaveLength(2);
    expect(differences(ROWS, split)).toHaveLength(3);
  });

  it('call all of a mapping the heap that reaches into it', () => {
    const two = ['00fff000-01000000 rw-p 00000000 00:00 0 ', '01000000-01021000 rw-p 00000000 00:00 0   [heap]'];
    const one = ['00fff000-01021000 rw-p 00000000 00:00 0   [heap]'];
    expect(differences(one, two, 'strace')).toEqual([]);
    expect(differences(one, two, 'perf')).toHaveLength(3);
  });

  it('differ by all else', () => {
    expect(differences(changed(5, '7ffd00021000', '7ffd00022000'), ROWS, 'strace')).toHaveLength(2);
    expect(differences(changed(3, '7f0000002000', '7f0000001000'), split, 'strace')).toHaveLength(2);
    expect(
      differences(
        changed(1, '/bin/prog', '/bin/other').map((row) => row.replace('fe:00 7 ', '00:00 9 ')),
        ROWS,
        'strace',
      ),
    ).not.toEqual([]);
  });

  it('are compared by path where the recording knows no inode', () => {
    const rows = changed(1, 'fe:00 7 ', '00:00 9 ');
    expect(differences(rows, ROWS, 'strace')).toEqual([]);
    expect(differences(rows, ROWS, 'perf')).toHaveLength(1);
  });
});
