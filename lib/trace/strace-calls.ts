/** The arguments of each call, as strace prints them: addresses, names of bits, masks of nodes, lists of ranges. */
import { argumentsNeeded, isExec, isFork } from './calls';
import { CLONE, IPC, MADV, MAP, MCL, MLOCK, MPOL, MPOL_F, MPOL_MF, MREMAP, MS, PROT, SHM } from './linux';
import type { AdvisedRange, CallArguments } from './recorded';
import { bitsOf, descriptorOf, programOf, registerOf, registerOrZero, splitArguments } from './strace-text';
import { BadLine, quoted } from './text-source';

const CLONE_FLAGS = /\bflags=([A-Z_|0-9a-fx]+)/;
const RANGE = /\{iov_base=(NULL|0x[0-9a-f]+), iov_len=(\d+)\}/g;
/** What stands for the caller's own process instead of a descriptor: PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP. */
const SELF = /^(?:-1000[01]|PIDFD_SELF\w*)$/;

type Reader = (values: readonly string[]) => CallArguments;

const numbers =
  (count: number): Reader =>
  (values) => ({ values: values.slice(0, count).map(registerOf) });

/** Of a place in memory whose content is printed in its stead only this is known: there is one. */
function pointerOf(text: string): bigint {
  return text.startsWith('[') ? 1n : registerOf(text);
}

/** `[0x0000000000000001, 0000000000000000]`: words of 64 bits, the lowest first. A pointer could not be read. */
function nodesIn(text: string): { nodes?: bigint } {
  if (text === 'NULL') return { nodes: 0n };
  if (!/^\[(?:(?:0x)?[0-9a-f]+(?:, )?)*\]$/.test(text)) return {};
  const words = text.slice(1, -1).split(', ').filter(Boolean);
  return { nodes: words.reduceRight((bits, word) => (bits << 64n) | BigInt(`0x${word.replace(/^0x/, '')}`), 0n) };
}

function rangesIn(text: string): AdvisedRange[] | undefined {
  if (!text.startsWith('[') || text.includes('...')) return undefined;
  return Array.from(text.matchAll(RANGE), ([, base = '', length = '']) => ({
    address: registerOf(base),
    length: BigInt(length),
  }));
}

/** The process behind `4<pid:17>`, which -yy prints. */
function targetOf(text: string): { target?: number | 'self' } {
  if (SELF.test(text)) return { target: 'self' };
  const pid = /<pid:(\d+)>/.exec(text)?.[1];
  return pid === undefined ? {} : { target: Number(pid) };
}

function advisedRanges([fd = '', list = '', count = '', advice = '', flags = '']: readonly string[]): CallArguments {
  const ranges = rangesIn(list);
  return {
    values: [registerOrZero(fd), 1n, registerOf(count), bitsOf(advice, MADV), registerOf(flags)],
    ...targetOf(fd),
    ...(ranges === undefined ? {} : { ranges }),
  };
}

/** How the arguments of each modelled call are read. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'mmap',
    ([addr = '', length = '', prot = '', flags = '', file = '', offset = '']) => {
      const { fd, path } = descriptorOf(file);
      const values = [
        registerOf(addr),
        registerOf(length),
        bitsOf(prot, PROT),
        bitsOf(flags, MAP),
        fd,
        registerOf(offset),
      ];
      return path === undefined ? { values } : { values, path };
    },
  ],
  ['munmap', numbers(2)],
  [
    'mprotect',
    ([addr = '', length = '', prot = '']) => ({ values: [registerOf(addr), registerOf(length), bitsOf(prot, PROT)] }),
  ],
  [
    'mremap',
    ([addr = '', from = '', to = '', flags = '', target = '0']) => ({
      values: [registerOf(addr), registerOf(from), registerOf(to), bitsOf(flags, MREMAP), registerOf(target)],
    }),
  ],
  [
    'madvise',
    ([addr = '', length = '', advice = '']) => ({
      values: [registerOf(addr), registerOf(length), bitsOf(advice, MADV)],
    }),
  ],
  ['brk', numbers(1)],
  ['mlock', numbers(2)],
  [
    'mlock2',
    ([addr = '', length = '', flags = '']) => ({
      values: [registerOf(addr), registerOf(length), bitsOf(flags, MLOCK)],
    }),
  ],
  ['munlock', numbers(2)],
  ['mlockall', ([flags = '']) => ({ values: [bitsOf(flags, MCL)] })],
  ['munlockall', numbers(0)],
  [
    'msync',
    ([addr = '', length = '', flags = '']) => ({ values: [registerOf(addr), registerOf(length), bitsOf(flags, MS)] }),
  ],
  ['mincore', numbers(2)],
  [
    'remap_file_pages',
    ([addr = '', length = '', prot = '', offset = '', flags = '']) => ({
      values: [registerOf(addr), registerOf(length), bitsOf(prot, PROT), registerOf(offset), bitsOf(flags, MAP)],
    }),
  ],
  ['mseal', numbers(3)],
  [
    'pkey_mprotect',
    ([addr = '', length = '', prot = '', key = '']) => ({
      values: [registerOf(addr), registerOf(length), bitsOf(prot, PROT), registerOf(key)],
    }),
  ],
  ['process_madvise', advisedRanges],
  ['shmget', ([key = '', size = '']) => ({ values: [bitsOf(key, IPC), registerOf(size), 0n] })],
  ['shmat', ([id = '', addr = '', flags = '']) => ({ values: [registerOf(id), registerOf(addr), bitsOf(flags, SHM)] })],
  ['shmdt', numbers(1)],
  [
    'mbind',
    ([addr = '', length = '', mode = '', mask = '', most = '', flags = '']) => ({
      values: [
        registerOf(addr),
        registerOf(length),
        bitsOf(mode, MPOL),
        pointerOf(mask),
        registerOf(most),
        bitsOf(flags, MPOL_MF),
      ],
      ...nodesIn(mask),
    }),
  ],
  [
    'set_mempolicy',
    ([mode = '', mask = '', most = '']) => ({
      values: [bitsOf(mode, MPOL), pointerOf(mask), registerOf(most)],
      ...nodesIn(mask),
    }),
  ],
  [
    'get_mempolicy',
    ([mode = '', mask = '', most = '', addr = '', flags = '']) => ({
      values: [pointerOf(mode), pointerOf(mask), registerOf(most), registerOf(addr), bitsOf(flags, MPOL_F)],
    }),
  ],
]);

/** Only the flags that matter here: strace knows names that this list need not. */
function cloneFlagsOf(text: string): number | undefined {
  const names = CLONE_FLAGS.exec(text)?.[1];
  if (names === undefined) return undefined;
  return names.split('|').reduce((bits, name) => bits | ((CLONE as Readonly<Record<string, number>>)[name] ?? 0), 0);
}

export function readArguments(name: string, text: string): CallArguments {
  const parts = splitArguments(text);
  if (parts.length < argumentsNeeded(name))
    throw new BadLine(`${name} has ${argumentsNeeded(name)} arguments, here are ${parts.length}: ${quoted(text)}`);
  const reader = READERS.get(name);
  if (reader !== undefined) return reader(parts);
  if (isExec(name)) return { values: [], program: programOf(parts[name === 'execve' ? 0 : 1] ?? '') };
  if (isFork(name)) {
    const cloneFlags = cloneFlagsOf(text);
    return cloneFlags === undefined ? { values: [] } : { values: [], cloneFlags };
  }
  return { values: parts.map(registerOrZero) };
}
