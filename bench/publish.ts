/**
 * Puts results into docs/benchmarking.md, losing cells too: `npx tsx bench/publish.ts FILE...`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { fillIn, render } from './markdown';
import { parseResults, ResultsError } from './results';

const DOCUMENT = join(__dirname, '../docs/benchmarking.md');

function main(argv: readonly string[]): void {
  const program = new Command('publish')
    .description('Writes benchmark results into docs/benchmarking.md, in place of those that stand there.')
    .argument('<file...>', 'JSON lines of npm run bench and npm run bench:native')
    .option('--print', 'print the Markdown and leave the document alone')
    .parse(argv);
  try {
    const text = render(program.args.flatMap((file) => parseResults(readFileSync(file, 'utf8'), file)));
    if (program.opts<{ print?: boolean }>().print) process.stdout.write(`${text}\n`);
    else writeFileSync(DOCUMENT, fillIn(readFileSync(DOCUMENT, 'utf8'), text));
  } catch (error) {
    if (!(error instanceof ResultsError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    process.stderr.write(`publish: ${(error as Error).message}\n`);
    process.exitCode = 2;
  }
}

main(process.argv);
