/**
 * The program that asks the running kernel.
 *
 * Its sources, in oracle/, are built once into the temporary folder. VMALOCK_ORACLE names a program that is built already, ours or another
 * that speaks the protocol. Without a compiler, or off Linux, comparisons with the kernel are skipped and say why.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = join(__dirname, 'oracle');

function sources(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(FOLDER, name));
}

export type Oracle = { path: string; reason?: undefined } | { path?: undefined; reason: string };

export function oracle(): Oracle {
  const given = process.env['VMALOCK_ORACLE'];
  if (given !== undefined)
    return existsSync(given) ? { path: given } : { reason: `no program at VMALOCK_ORACLE=${given}` };
  if (process.platform !== 'linux' || process.arch !== 'x64') return { reason: 'the model follows Linux on x86-64' };
  const path = join(mkdtempSync(join(tmpdir(), 'vmalock-oracle-')), 'oracle');
  try {
    execFileSync('cc', ['-O2', '-pthread', '-o', path, ...sources()]);
  } catch {
    return { reason: 'the kernel oracle did not compile (is cc there?)' };
  }
  return { path };
}
