/**
 * Which system calls matter, and how.
 *
 * `modelled` calls become events that are executed; `process` calls make and end processes; `unmodelled` ones touch
 * the address space too but cannot be executed yet, so they are kept and counted by name; all others are ignored.
 */
import { MADV } from './linux';

export type CallKind = 'modelled' | 'process' | 'unmodelled' | 'ignored';

/** Modelled calls and the least number of arguments that each must show. */
const MODELLED: ReadonlyMap<string, number> = new Map([
  ['mmap', 6],
  ['munmap', 2],
  ['mprotect', 3],
  ['mremap', 4],
  ['madvise', 3],
  ['brk', 1],
  ['mlock', 2],
  ['mlock2', 3],
  ['munlock', 2],
  ['mlockall', 1],
  ['munlockall', 0],
  ['msync', 3],
  ['mincore', 2],
  ['remap_file_pages', 5],
  ['mseal', 3],
  ['pkey_mprotect', 4],
  ['process_madvise', 5],
  ['shmget', 3],
  ['shmat', 3],
  ['shmdt', 1],
  ['mbind', 6],
  ['set_mempolicy', 3],
  ['get_mempolicy', 5],
]);

const PROCESS: ReadonlySet<string> = new Set([
  'fork',
  'vfork',
  'clone',
  'clone3',
  'execve',
  'execveat',
  'exit',
  'exit_group',
]);

const UNMODELLED: ReadonlySet<string> = new Set([
  'map_shadow_stack',
  'memfd_secret',
  'migrate_pages',
  'move_pages',
  'prctl:PR_SET_MM',
  'prctl:PR_SET_VMA',
  'set_mempolicy_home_node',
  'userfaultfd',
]);

/** prctl by what it is asked to do, where that names or moves mappings. */
export function prctlName(option: bigint | string): string {
  if (option === 0x53564d41n || option === 'PR_SET_VMA') return 'prctl:PR_SET_VMA';
  return option === 35n || option === 'PR_SET_MM' ? 'prctl:PR_SET_MM' : 'prctl';
}

export function kindOfCall(name: string): CallKind {
  if (MODELLED.has(name)) return 'modelled';
  if (PROCESS.has(name)) return 'process';
  return UNMODELLED.has(name) ? 'unmodelled' : 'ignored';
}

/**
 * Advice that a replay counts but does not give: whether it succeeded depended on what no trace tells (the file system
 * behind a mapping, huge pages that were free, the machine's memory controller).
 */
const UNMODELLED_ADVICE: ReadonlyMap<number, string> = new Map(
  ['MADV_REMOVE', 'MADV_COLLAPSE', 'MADV_HWPOISON', 'MADV_SOFT_OFFLINE'].map((name) => [MADV[name] ?? -1, name]),
);

export function unmodelledAdvice(advice: number): string | undefined {
  return UNMODELLED_ADVICE.get(advice);
}

/** How many arguments a call must show; 0 where they do not matter. */
export function argumentsNeeded(name: string): number {
  return MODELLED.get(name) ?? 0;
}

export function isFork(name: string): boolean {
  return name === 'fork' || name === 'vfork' || name === 'clone' || name === 'clone3';
}

export function isExec(name: string): boolean {
  return name === 'execve' || name === 'execveat';
}

/** Calls that do not return. */
export function isExit(name: string): boolean {
  return name === 'exit' || name === 'exit_group';
}

/**
 * Errors for reasons outside the address space: a limit, a file's mode or kind, a signal. A replay has none of them,
 * so a call that failed so is not executed (it changed nothing) but counted like an unmodelled one, `mmap:EACCES`.
 */
const OUTSIDE: ReadonlySet<string> = new Set([
  'EACCES',
  'EAGAIN',
  'EHWPOISON',
  'EIDRM',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENODEV',
  'EPERM',
  'ETXTBSY',
]);

export function failsOutside(errno: string): boolean {
  return OUTSIDE.has(errno);
}
