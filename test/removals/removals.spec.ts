import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from './catalogue';
import { docsRows, isAbout } from './docs-rows';
import { byFile, edited } from './edit';

const NATIVE = join(__dirname, '../../native');

function sourceOf(file: string): string {
  return readFileSync(join(NATIVE, 'src', file), 'utf8');
}

function problemOf(file: string, edits: Parameters<typeof edited>[1]): string | undefined {
  try {
    return edited(sourceOf(file), edits) === sourceOf(file) ? `${file}: changes nothing` : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the catalogue of removals', () => {
  const rows = docsRows();

  it('finds the place of every edit once in the sources as they are', () => {
    const problems = catalogue.flatMap(({ what, edits }) =>
      [...byFile(edits)].flatMap(([file, own]) => {
        const problem = problemOf(file, own);
        return problem === undefined ? [] : [`${what}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  it('has no name twice', () => {
    const names = catalogue.map(({ what }) => what);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('names tests that exist', () => {
    const tests = new Set(catalogue.flatMap((removal) => removal.tests));
    expect(tests.size).toBeGreaterThan(0);
    const missing = [...tests].filter((test) => !existsSync(join(NATIVE, 'test', `${test.replace('.', '/')}_test.c`)));
    expect(missing).toEqual([]);
    expect(catalogue.filter(({ tests: own }) => own.length === 0)).toEqual([]);
  });

  it('names rows that the docs have, each by words that mean one row alone', () => {
    expect(catalogue.filter((removal) => removal.rows.length === 0)).toEqual([]);
    const named = [...new Set(catalogue.flatMap((removal) => removal.rows))];
    expect(named.filter((name) => rows.filter((row) => isAbout(name, row)).length !== 1)).toEqual([]);
  });

  it('has a removal for every row of the docs that says it was tried', () => {
    const tried = rows.filter((row) => row.tried);
    expect(tried.length).toBeGreaterThan(40);
    const named = [...new Set(catalogue.flatMap((removal) => removal.rows))];
    const forgotten = tried.filter((row) => !named.some((name) => isAbout(name, row)));
    expect(forgotten.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });
});
