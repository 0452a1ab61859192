import { microseconds, milliseconds, printTable } from '../../../lib/report/table';

describe('a table', () => {
  it('aligns numbers to the right under their heads and leaves no blanks at the ends of lines', () => {
    const text = printTable({
      heads: ['mmap-lock', 'per-vma'],
      rows: [
        { label: 'wall time', unit: 'ms', cells: ['12.500', '7.250'] },
        { label: 'faults', unit: '', cells: ['123456789012', undefined] },
      ],
    });
    expect(text).toBe(
      [
        '                  mmap-lock  per-vma',
        'wall time  ms        12.500    7.250',
        'faults         123456789012        -',
        '',
      ].join('\n'),
    );
  });

  it('prints an empty table as its heads', () => {
    expect(printTable({ heads: [], rows: [] })).toBe('\n');
  });

  it('gives times a fixed number of digits', () => {
    expect([milliseconds(1_234_567), milliseconds(0), microseconds(1_250)]).toEqual(['1.235', '0.000', '1.3']);
  });
});
