/** What npm run test:removals can be told. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { Selection } from './selection';

export interface Options extends Selection {
  allTests?: boolean;
  jobs: number;
  list?: boolean;
  results?: string;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export function parse(argv: readonly string[]): Options {
  return new Command('test:removals')
    .description('Takes out what the code is careful about, piece by piece; the tests named should notice.')
    .option('--row <name>', 'only what this row of the docs is about: "patch 5", F1, "[vma-mark]", or words of it')
    .option('--only <regex>', 'only removals whose name matches', expression)
    .option('--variant <name>', 'only those of this build: plain, asan, tsan, seq8')
    .option('--sample <n>', 'so many of those that are quick and depend on no chance', wholeNumber)
    .option('--seed <n>', 'what a sample is drawn by', wholeNumber, 1)
    .option('--all-tests', 'ask all tests where those that are named do not notice')
    .option('--jobs <n>', 'how many are tried at a time', wholeNumber, availableParallelism())
    .option('--results <file>', 'add each result to this file, and leave out what it knows as noticed')
    .option('--list', 'print their names and try none')
    .parse(argv)
    .opts<Options>();
}
