import { type Handle, native } from './internal/native';
import { camelCase } from './stats';

/** Linux's names in /proc/PID/status, in its order; and what it does not count. */
const STATUS_NAMES: Readonly<Record<string, string>> = {
  vm_peak: 'VmPeak',
  vm_size: 'VmSize',
  vm_locked: 'VmLck',
  vm_pin: 'VmPin',
  vm_hwm: 'VmHWM',
  vm_rss: 'VmRSS',
  rss_anon: 'RssAnon',
  rss_file: 'RssFile',
  rss_shmem: 'RssShmem',
  vm_data: 'VmData',
  vm_stack: 'VmStk',
  vm_exe: 'VmExe',
  vm_lib: 'VmLib',
  vm_pte: 'VmPTE',
  vm_swap: 'VmSwap',
  committed: 'Committed',
  map_count: 'Mappings',
  index_bytes: 'IndexBytes',
  frames_used: 'FramesUsed',
};

/** @internal */
export function readStatus(space: Handle): Record<string, number> {
  const values = new Float64Array(native.statusFields.length);
  native.status(space, values);
  return Object.fromEntries(
    native.statusFields.map((field, i) => [STATUS_NAMES[field] ?? camelCase(field), values[i] ?? 0]),
  );
}

/** @internal Linux: task_mem(), fs/proc/task_mmu.c; nothing here is a huge TLB page. */
export function statusText(status: Readonly<Record<string, number>>): string {
  const lines = Object.values(STATUS_NAMES)
    .filter((name) => /^(Vm|Rss)/.test(name))
    .map((name): [string, number] => [name, status[name] ?? 0]);
  return [...lines, ['HugetlbPages', 0] as const]
    .map(([name, bytes]) => `${name}:\t${String(Math.trunc(bytes / 1024)).padStart(8)} kB\n`)
    .join('');
}

/** @internal Linux: proc_pid_statm(), fs/proc/array.c. */
export function statmText(status: Readonly<Record<string, number>>): string {
  const pages = (...names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (status[name] ?? 0), 0) / native.constants.PAGE_SIZE;
  const fields = [
    pages('VmSize'),
    pages('VmRSS'),
    pages('RssFile', 'RssShmem'),
    pages('VmExe'),
    0,
    pages('VmData', 'VmStk'),
    0,
  ];
  return `${fields.join(' ')}\n`;
}
