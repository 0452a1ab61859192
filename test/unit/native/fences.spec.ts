/**
 * The instructions that base/atomic.h really becomes: both back ends, on each of the three machines.
 *
 * native/test/base/fences_probe.c has a function for each access; a compiler prints it as assembly, and what touches
 * memory or orders it is compared with what the order asks of that machine. The two back ends may differ in form (a
 * barrier beside a plain access, or an access that orders by itself), not in what they promise.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
type Access =
  | 'load_acquire'
  | 'store_release'
  | 'fetch_add_acquire'
  | 'fetch_sub_release'
  | 'fetch_sub_acq_rel'
  | 'cas_acquire'
  | 'cas_release'
  | 'exchange_acq_rel'
  | 'fence_full'
  | 'fence_after_update';

interface Machine {
  name: string;
  compilers: readonly string[];
  flags: readonly string[];
  /** the instructions that count, each as it shall be named in the tables below */
  telling: RegExp;
  /** what each access becomes: by fences of our own, and by the compiler's builtins */
  arch: Record<Access, string>;
  builtin: Record<Access, string>;
}

/** On x86 a plain load acquires and a plain store releases; an update is locked, which orders everything. */
const X86: Record<Access, string> = {
  load_acquire: 'mov',
  store_release: 'mov',
  fetch_add_acquire: 'lock xadd',
  fetch_sub_release: 'lock xadd',
  fetch_sub_acq_rel: 'lock xadd',
  cas_acquire: 'mov lock cmpxchg mov',
  cas_release: 'mov lock cmpxchg mov',
  exchange_acq_rel: 'xchg',
  fence_full: 'lock or',
  fence_after_update: '',
};

const MACHINES: readonly Machine[] = [
  {
    name: 'x86-64',
    compilers: process.arch === 'x64' ? ['cc', 'x86_64-linux-gnu-gcc'] : ['x86_64-linux-gnu-gcc'],
    flags: [],
    telling: /^(?:(lock)[; ]+(\w+?)q?\b|(mov|xchg)q\t.*\(|(mfence))/,
    arch: X86,
    builtin: { ...X86, fence_after_update: 'lock or' },
  },
  {
    name: 'arm64',
    compilers: process.arch === 'arm64' ? ['cc'] : ['aarch64-linux-gnu-gcc'],
    flags: ['-march=armv8-a', '-mno-outline-atomics'],
    telling: /^(?:(ld\w+|st\w+)\s|(dmb)\s+(\w+))/,
    arch: {
      load_acquire: 'ldar',
      store_release: 'stlr',
      fetch_add_acquire: 'ldxr stxr dmb ishld',
      fetch_sub_release: 'dmb ish ldxr stxr',
      fetch_sub_acq_rel: 'dmb ish ldxr stxr dmb ishld',
      cas_acquire: 'ldr ldxr stxr str dmb ishld',
      cas_release: 'dmb ish ldr ldxr stxr str',
      exchange_acq_rel: 'dmb ish ldxr stxr dmb ishld',
      fence_full: 'dmb ish',
      fence_after_update: 'dmb ish',
    },
    builtin: {
      load_acquire: 'ldar',
      store_release: 'stlr',
      fetch_add_acquire: 'ldaxr stxr',
      fetch_sub_release: 'ldxr stlxr',
      fetch_sub_acq_rel: 'ldaxr stlxr',
      cas_acquire: 'ldr ldaxr stxr str',
      cas_release: 'ldr ldxr stlxr str',
      exchange_acq_rel: 'ldaxr stlxr',
      fence_full: 'dmb ish',
      fence_after_update: 'dmb ish',
    },
  },
  {
    name: 'ppc64le',
    compilers: process.arch === 'ppc64' ? ['cc'] : ['powerpc64le-linux-gnu-gcc'],
    flags: ['-mcpu=power8'],
    telling: /^(ld(?:arx)?|std(?:cx\.)?|lwsync|isync|sync)(?:\s|$)/,
    arch: {
      load_acquire: 'ld lwsync',
      store_release: 'lwsync std',
      fetch_add_acquire: 'ldarx stdcx. lwsync',
      fetch_sub_release: 'lwsync ldarx stdcx.',
      fetch_sub_acq_rel: 'lwsync ldarx stdcx. lwsync',
      // twice: on the path of a success and on that of a failure, which stores what was seen
      cas_acquire: 'ld ldarx stdcx. lwsync std lwsync',
      cas_release: 'lwsync ld ldarx stdcx. std',
      exchange_acq_rel: 'lwsync ldarx stdcx. lwsync',
      fence_full: 'sync',
      fence_after_update: 'sync',
    },
    builtin: {
      load_acquire: 'ld isync',
      store_release: 'lwsync std',
      fetch_add_acquire: 'ldarx stdcx. isync',
      fetch_sub_release: 'lwsync ldarx stdcx.',
      fetch_sub_acq_rel: 'lwsync ldarx stdcx. isync',
      cas_acquire: 'ld ldarx stdcx. isync std',
      cas_release: 'ld lwsync ldarx stdcx. std',
      exchange_acq_rel: 'lwsync ldarx stdcx. isync',
      fence_full: 'sync',
      fence_after_update: 'sync',
    },
  },
];

function compilerFor(machine: Machine): string | undefined {
  return machine.compilers.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** The telling instructions of each function, in order. */
function emitted(machine: Machine, compiler: string, backEnd: 'arch' | 'builtin'): Record<string, string> {
  const args = ['-O2', '-std=gnu11', '-S', '-o', '-', ...machine.flags, '-Inative/src', '-Inative/include'];
  const define = `-DVMALOCK_ATOMICS_BUILTIN=${backEnd === 'builtin' ? 1 : 0}`;
  const run = spawnSync(compiler, [...args, define, 'native/test/base/fences_probe.c'], { cwd: ROOT, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${compiler} failed:\n${run.stderr}`);
  const found: Record<string, string[]> = {};
  let current: string[] = [];
  for (const line of run.stdout.split('\n')) {
    const label = /^([a-z_]+):$/.exec(line)?.[1];
    if (label !== undefined) current = found[label] = [];
    const words = machine.telling.exec(line.trim())?.slice(1).filter(Boolean);
    if (words) current.push(words.join(' '));
  }
  return Object.fromEntries(Object.entries(found).map(([name, instructions]) => [name, instructions.join(' ')]));
}

for (const machine of MACHINES) {
  const compiler = compilerFor(machine);
  const suite = compiler === undefined ? describe.skip : describe;
  const reason = compiler === undefined ? ` (skipped: no ${machine.compilers.join(' or ')} here)` : '';
  suite(`on ${machine.name}${reason}`, () => {
    it.each(['arch', 'builtin'] as const)('each access is as strong as its name, by the %s back end', (backEnd) => {
      expect(emitted(machine, compiler ?? '', backEnd)).toEqual(machine[backEnd]);
    });
  });
}
