/**
 * `vmalock version`: what is running here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { POLICY_NAMES } from '../policy';

/** The version in package.json, which lies two folders up both from lib/cli and from dist/cli. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}

export function versionCommand(): Command {
  return new Command('version')
    .summary('print the versions of vmalock and of what it runs on, and the policies')
    .description('Prints the versions of vmalock and of what it runs on, and the policies it has.')
    .option('--json', 'print an object', false)
    .action(({ json }: { json: boolean }) => {
      const facts = {
        vmalock: packageVersion(),
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        policies: POLICY_NAMES,
      };
      const text = Object.entries(facts).map(([name, value]) => `${name.padEnd(9)} ${[value].flat().join(', ')}\n`);
      process.stdout.write(json ? `${JSON.stringify(facts, undefined, 2)}\n` : text.join(''));
    });
}
