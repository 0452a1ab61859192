/**
 * The program that asks the running kernel.
 *
 * Its source lies beside the repository, in ../shared/oracle; it is built once into the temporary folder. VMALOCK_ORACLE
 * names a program that is built already. Without either, comparisons with the kernel are skipped and say why.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SOURCE = resolve(__dirname, '../../../shared/oracle/kernel_oracle.c');

export type Oracle = { path: string; reason?: undefined } | { path?: undefined; reason: string };

export function oracle(): Oracle {
  const given = process.env['VMALOCK_ORACLE'];
  if (given !== undefined)
    return existsSync(given) ? { path: given } : { reason: `no program at VMALOCK_ORACLE=${given}` };
  if (process.platform !== 'linux') return { reason: 'the oracle needs Linux' };
  if (!existsSync(SOURCE))
    return {
      reason: 'the kernel oracle is not there (set VMALOCK_ORACLE, or put it in ../shared/oracle)',
    };
  const path = join(mkdtempSync(join(tmpdir(), 'vmalock-oracle-')), 'kernel_oracle');
  try {
    execFileSync('cc', ['-O2', '-o', path, SOURCE]);
  } catch {
    return { reason: 'the kernel oracle did not compile (is cc there?)' };
  }
  return { path };
}
