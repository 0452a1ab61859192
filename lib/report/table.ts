/**
 * Plain text tables: one row a quantity, one column a subject, numbers right-aligned under their heads.
 *
 * No colours and no lines, so that a table reads the same in a terminal, in a file and behind `grep`.
 */

/** One line of a table; `undefined` cells are printed as a dash. */
export interface TableRow {
  label: string;
  /** what the numbers are counted in, printed behind the label; '' for a plain count */
  unit: string;
  cells: readonly (string | undefined)[];
}

export interface Table {
  /** the heads of the columns */
  heads: readonly string[];
  rows: readonly TableRow[];
}

const GAP = '  ';

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

/** The table as text, a newline at the end of each line and no blanks before it. */
export function printTable(table: Table): string {
  const labels = widest(table.rows.map((row) => row.label));
  const units = widest(table.rows.map((row) => row.unit));
  const cell = (row: TableRow, column: number): string => row.cells[column] ?? '-';
  const widths = table.heads.map((head, column) => widest([head, ...table.rows.map((row) => cell(row, column))]));
  const line = (label: string, unit: string, cells: readonly string[]): string =>
    [label.padEnd(labels), unit.padEnd(units), ...cells.map((text, column) => text.padStart(widths[column] ?? 0))]
      .join(GAP)
      .trimEnd();
  return [
    line('', '', table.heads),
    ...table.rows.map((row) =>
      line(
        row.label,
        row.unit,
        table.heads.map((_, column) => cell(row, column)),
      ),
    ),
    '',
  ].join('\n');
}

/** Nanoseconds as milliseconds. */
export function milliseconds(ns: number): string {
  return (ns / 1e6).toFixed(3);
}

/** Nanoseconds as microseconds. */
export function microseconds(ns: number): string {
  return (ns / 1e3).toFixed(1);
}
