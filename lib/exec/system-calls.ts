/**
 * The protocol's `sys NAME ...`: system calls with their arguments as they are, also those that no program would give.
 *
 * What lies in the way of an odd argument elsewhere, the checks of {@link AddressSpace} and the range of the protocol, does not here: the
 * calls go to the C API. What they map outside the range, or beyond its end, is unmapped at once.
 */
import type { AddressSpace } from '../address-space';
import { NATIVE_ERRORS } from '../internal/errors.generated';
import { type Handle, type Native, native } from '../internal/native';
import { DISK_NAME, FILE_NAME } from './report';
import { SimFile } from '../sim-file';

/** Of a thread's userfaultfds: as those of {@link UserfaultOperations}. */
const FEATURES = [
  0,
  native.constants.UFFD_FEATURE_SIGBUS,
  native.constants.UFFD_FEATURE_SIGBUS | native.constants.UFFD_FEATURE_WP_UNPOPULATED,
  native.constants.UFFD_FEATURE_SIGBUS | native.constants.UFFD_FEATURE_WP_ASYNC,
];

/** Words that name a file: of memory or of a disk, and what it may be opened for. */
const FILE_MODES = { fr: 'ro', fw: 'wo', d: 'rw', dr: 'ro', dw: 'wo' } as const;

const PAGE = BigInt(native.constants.PAGE_SIZE);

/** What is between the words of a line and the C API. */
interface Arguments {
  /** the next one, 64 bits */
  word(): bigint;
  /** the low 32 bits of the next one, which is all that the kernel looks at */
  bits(): number;
  /** the next one, where the kernel looks at the low 32 bits as a signed number */
  int(): number;
  /** of the next one, which names a file; 0 for none */
  file(): Handle;
  uffd(): Handle;
  /** how many are left */
  left(): number;
}

type Call = (a: Arguments) => string;

/** A number in C's way; `@PAGES`, `@PAGES+BYTES` or `@PAGES-BYTES`: an address of the range. */
function numberOf(word: string, base: bigint): bigint | undefined {
  const match = /^(?:@(\d+))?([+-]?(?:0x[0-9a-f]+|\d+))?$/i.exec(word);
  if (!match || word === '') return undefined;
  const [, pages, rest = '0'] = match;
  const start = pages === undefined ? 0n : base + BigInt(pages) * PAGE;
  const magnitude = BigInt(rest.replace(/^[+-]/, ''));
  return BigInt.asUintN(64, start + (rest.startsWith('-') ? -magnitude : magnitude));
}

export class SystemCalls {
  /** The same space, for the addon. */
  private readonly space: Handle;
  private readonly base: bigint;
  private readonly end: bigint;
  private readonly files = new Map<string, SimFile>();
  private readonly uffds = new Map<number, Handle>();
  private readonly heapStart: number;
  /** Whether one of the calls has left what only a new space is without. */
  lasting = false;

  /** @param file what `f` names */
  constructor(
    private readonly whole: AddressSpace,
    start: number,
    pages: number,
    private readonly file: () => SimFile,
  ) {
    this.space = native.spaceOpen(whole.share());
    this.base = BigInt(start);
    this.end = this.base + BigInt(pages) * PAGE;
    this.heapStart = native.brk(this.space, 0);
  }

  /** What one line answers; undefined for words that are none of the protocol. */
  answer(words: readonly string[]): string | undefined {
    const call = this.calls[words[0] ?? ''];
    return call?.(this.argumentsOf(words.slice(1)));
  }

  /** The heap and the policy as they were at first; the files are empty. */
  reset(): void {
    native.brk(this.space, this.heapStart);
    native.setMempolicy(this.space, 0, new BigUint64Array(native.constants.MAX_NUMNODES / 64));
    this.files.clear();
  }

  close(): void {
    for (const uffd of this.uffds.values()) native.uffdClose(uffd);
    native.spaceClose(this.space);
  }

  private readonly calls: Readonly<Record<string, Call>> = {
    mmap: (a) => {
      const [at, length, prot, flags, offset] = [a.word(), a.word(), a.bits(), a.bits(), a.word()];
      return this.place(native.map(this.space, at, length, prot, flags, a.file(), offset), length);
    },
    munmap: (a) => this.said(native.unmap(this.space, a.word(), a.word())),
    mprotect: (a) => this.said(native.protect(this.space, a.word(), a.word(), a.bits())),
    pkey_mprotect: (a) => this.said(native.pkeyProtect(this.space, a.word(), a.word(), a.bits(), a.int())),
    mremap: (a) => {
      const [at, length, newLength] = [a.word(), a.word(), a.word()];
      return this.place(native.remap(this.space, at, length, newLength, a.bits(), a.word()), newLength);
    },
    madvise: (a) => this.said(native.advise(this.space, a.word(), a.word(), a.int())),
    process_madvise: (a) => this.processMadvise(a),
    mlock: (a) => this.said(native.mlock(this.space, a.word(), a.word(), 0)),
    mlock2: (a) => this.said(native.mlock(this.space, a.word(), a.word(), a.bits())),
    munlock: (a) => this.said(native.munlock(this.space, a.word(), a.word())),
    mlockall: (a) => this.said(native.mlockAll(this.space, a.bits())),
    msync: (a) => this.said(native.msync(this.space, a.word(), a.word(), a.bits())),
    mseal: (a) => {
      this.lasting = true;
      return this.said(native.seal(this.space, a.word(), a.word(), a.bits()));
    },
    remap_file_pages: (a) =>
      this.said(native.remapFilePages(this.space, a.word(), a.word(), a.bits(), a.word(), a.bits())),
    mincore: (a) => this.mincore(a.word(), a.word()),
    mbind: (a) => this.said(native.mbind(this.space, a.word(), a.word(), a.bits(), maskOf(a.word()), a.bits())),
    set_mempolicy: (a) => this.said(native.setMempolicy(this.space, a.bits(), maskOf(a.word()))),
    get_mempolicy: (a) => this.mempolicy(a.word(), a.bits()),
    brk: (a) => this.brk(a.word()),
    ftruncate: (a) => {
      const length = a.word();
      return this.said(native.fileTruncate(a.file(), length));
    },
    punch: (a) => {
      const [offset, length] = [a.word(), a.word()];
      return this.said(native.filePunchHole(a.file(), offset, length));
    },
    mdwe: (a) => {
      this.lasting = true;
      return this.said(native.setMdwe(this.space, a.bits()));
    },
    thp_disable: (a) => this.said(native.setThpDisable(this.space, a.word() === 0n ? 0 : 1, a.bits())),
    uffd_api: (a) => this.userfaultApi(a.word()),
    uffd_register: (a) => {
      const [at, length, mode] = [a.word(), a.word(), a.bits()];
      return this.said(native.uffdRegister(a.uffd(), at, length, mode));
    },
    uffd_unregister: (a) => {
      const [at, length] = [a.word(), a.word()];
      return this.said(native.uffdUnregister(a.uffd(), at, length, 0));
    },
    uffd_wake: (a) => {
      const [at, length] = [a.word(), a.word()];
      return this.said(native.uffdWake(a.uffd(), at, length, 0));
    },
    uffd_protect: (a) => {
      const [at, length, mode] = [a.word(), a.word(), a.bits()];
      return this.said(native.uffdWriteProtect(a.uffd(), at, length, mode));
    },
    uffd_zeropage: (a) => this.filled(a, (...words) => native.uffdZeropage(...words)),
    uffd_continue: (a) => this.filled(a, (...words) => native.uffdContinue(...words)),
    uffd_poison: (a) => this.filled(a, (...words) => native.uffdPoison(...words)),
    uffd_copy: (a) => {
      const [at, length, mode, done] = [a.word(), a.word(), a.bits(), new Float64Array(1)];
      const bytes = new Uint8Array(Number(length)).fill(7);
      return this.came(native.uffdCopy(a.uffd(), at, bytes, mode, done), done);
    },
    uffd_move: (a) => {
      const [to, from, length, mode, done] = [a.word(), a.word(), a.word(), a.bits(), new Float64Array(1)];
      return this.came(native.uffdMove(a.uffd(), to, from, length, mode, done), done);
    },
  };

  private argumentsOf(words: readonly string[]): Arguments {
    let next = 0;
    const word = (): bigint => {
      const value = numberOf(words[next] ?? '', this.base);
      if (value === undefined) throw new SyntaxError(`no number: ${words[next] ?? 'nothing'}`);
      next++;
      return value;
    };
    return {
      word,
      bits: () => Number(BigInt.asUintN(32, word())),
      int: () => Number(BigInt.asIntN(32, word())),
      file: () => this.fileNamed(words[next++] ?? '-'),
      uffd: () => this.uffdNamed(Number(words[next++] ?? '1')),
      left: () => words.length - next,
    };
  }

  private fileNamed(word: string): Handle {
    if (word === 'f') return SimFile.handleOf('file', this.file());
    if (!(word in FILE_MODES)) return 0;
    const known = this.files.get(word);
    const length = Number(this.end - this.base);
    const writtenBack = word.startsWith('d');
    const name = writtenBack ? DISK_NAME : FILE_NAME;
    const mode = FILE_MODES[word as keyof typeof FILE_MODES];
    const file = known ?? new SimFile({ length, mode, writtenBack, name });
    // Of a disk with its pages: Linux would read ahead.
    if (known === undefined && writtenBack) file.write(0, new Uint8Array(length));
    this.files.set(word, file);
    return SimFile.handleOf('file', file);
  }

  private uffdNamed(n: number): Handle {
    const handle = this.uffds.get(n) ?? native.uffdCreate(this.space, FEATURES[n] ?? 0);
    this.uffds.set(n, handle);
    return handle;
  }

  private said(code: number): string {
    return code < 0 ? `-1 ${NATIVE_ERRORS.get(code)?.name ?? code}\n` : '0 ok\n';
  }

  private place(at: number, length: bigint): string {
    if (at < 0) return this.said(at);
    const start = BigInt(at);
    const end = start + ((length + PAGE - 1n) / PAGE) * PAGE;
    if (start < this.base || start >= this.end) {
      native.unmap(this.space, start, end - start);
      return '@away ok\n';
    }
    if (end > this.end) native.unmap(this.space, this.end, end - this.end);
    return `@${(start - this.base) / PAGE} ok\n`;
  }

  private processMadvise(a: Arguments): string {
    const [advice, flags] = [a.int(), a.bits()];
    const ranges: bigint[] = [];
    while (a.left() > 0) ranges.push(a.word());
    const done = native.processMadvise(this.space, BigUint64Array.from(ranges), advice, flags, 0);
    return done < 0 ? this.said(done) : `${done} ok\n`;
  }

  private mincore(at: bigint, length: bigint): string {
    this.whole.mincore(at, length);
    return '0 ok\n';
  }

  private mempolicy(at: bigint, flags: number): string {
    const mask = maskOf(0n);
    const mode = native.getMempolicy(this.space, at, flags, mask);
    return mode < 0 ? this.said(mode) : `${mode}:${(mask[0] ?? 0n).toString(16)} ok\n`;
  }

  private brk(bytes: bigint): string {
    const at = bytes < this.base ? BigInt(this.heapStart) + bytes : bytes;
    return `${native.brk(this.space, at) - this.heapStart} ok\n`;
  }

  private userfaultApi(features: bigint): string {
    const handle = native.uffdCreate(this.space, features);
    if (handle > 0) native.uffdClose(handle);
    return this.said(Math.min(handle, 0));
  }

  private filled(a: Arguments, fill: (...words: Parameters<Native['uffdZeropage']>) => number): string {
    const [at, length, mode, done] = [a.word(), a.word(), a.bits(), new Float64Array(1)];
    return this.came(fill(a.uffd(), at, length, mode, done), done);
  }

  private came(code: number, done: Float64Array): string {
    if (NATIVE_ERRORS.get(code)?.name !== 'EAGAIN') return this.said(code);
    return `-1 EAGAIN ${Math.trunc((done[0] ?? 0) / Number(PAGE))}\n`;
  }
}

/** The first 64 nodes. */
function maskOf(nodes: bigint): BigUint64Array {
  const mask = new BigUint64Array(native.constants.MAX_NUMNODES / 64);
  mask[0] = nodes;
  return mask;
}
