/** Small traces, written for one test: text and layouts in a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompiledTrace, compileTrace } from '../../../lib/trace/compile';
import { decode, type Decoded, eventLines } from './decode';

/** One mapping of data, the stack and the vdso: a program as small as can be. */
export const MAPS = [
  '00400000-00402000 r-xp 00000000 fe:00 7                                  /bin/prog',
  '00402000-00404000 rw-p 00002000 fe:00 7                                  /bin/prog',
  '7f0000000000-7f0000002000 r-xp 00000000 00:00 0                          [vdso]',
  '7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]',
  'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
];

export function section(pid: number, why: string, rows: readonly string[] = MAPS, comm = 'prog'): string {
  return [`# pid=${pid} why=${why} time=1.000000000 comm=${comm} threads=1`, ...rows, ''].join('\n');
}

/** Lines of perf script: `who` is PID/TID or a thread, one line a microsecond. */
export function perf(...lines: readonly (readonly [who: string, what: string, comm?: string])[]): string {
  return lines
    .map(
      ([who, what, comm = 'prog'], n) =>
        `${comm.padStart(16)} ${who} [000]  100.${String(n).padStart(6, '0')}000: ${what}\n`,
    )
    .join('');
}

/** Lines of strace -f -ttt. */
export function strace(...lines: readonly (readonly [tid: number, body: string])[]): string {
  return lines.map(([tid, body], n) => `${tid} 100.${String(n).padStart(6, '0')} ${body}\n`).join('');
}

/** The end of the execve that a recording begins in. */
export const BEGUN: readonly (readonly [string, string])[] = [
  ['10/10', 'PERF_RECORD_COMM exec: prog:10/10'],
  ['10/10', 'syscalls:sys_exit_execve: 0x0'],
];

export const enter = (name: string, ...values: readonly number[]): string =>
  `syscalls:sys_enter_${name}: ${values.map((value, n) => `arg${n}: 0x${value.toString(16).padStart(8, '0')}`).join(', ')}`;

export const exit = (name: string, result: number | bigint): string =>
  `syscalls:sys_exit_${name}: 0x${BigInt.asUintN(64, BigInt(result)).toString(16)}`;

export const fault = (address: number, code: number, by: 'user' | 'kernel' = 'user'): string =>
  `exceptions:page_fault_${by}: address=0x${address.toString(16)} ip=0x401000 error_code=0x${code.toString(16)}`;

export const signal = (sig: number, code: number): string =>
  `signal:signal_deliver: sig=${sig} errno=0 code=${code} sa_handler=0 sa_flags=0`;

export const lock = (phase: 'start_locking' | 'acquire_returned' | 'released', write: boolean): string =>
  `mmap_lock:mmap_lock_${phase}: mm=0xffff888102cbb840 memcg_id=1 write=${write}${phase === 'acquire_returned' ? ' success=true' : ''}`;

export interface Drawn extends Decoded {
  trace: CompiledTrace;
  /** each event in one line */
  lines: string[];
}

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with these files while `work` goes on. */
export async function withFiles<T>(files: Files, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'vmalock-trace-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compiles a folder with these files. */
export async function compiled(files: Files): Promise<Drawn> {
  const trace = await withFiles(files, compileTrace);
  const decoded = decode(trace.buffer);
  return { trace, ...decoded, lines: eventLines(decoded) };
}

/** Compiles perf text of process 10, whose program is `prog`. */
export function compiledPerf(
  ...lines: readonly (readonly [who: string, what: string, comm?: string])[]
): Promise<Drawn> {
  return compiled({ 'perf.txt': perf(...BEGUN, ...lines), 'maps.initial': section(10, 'exec') });
}

export const MAP_PRIVATE = 2;
export const MAP_ANON = 0x22;
export const NO_FD = 0xffffffff;
