/**
 * The line protocol of the kernel oracle, spoken by a simulated address space.
 *
 * The oracle runs each operation for real on a private range of its own process and prints what the kernel answered;
 * an {@link Executor} gives the same answers from the model, so that `diff` compares the two.
 */
import { AddressSpace } from '../address-space';
import type { ThpMode } from '../address-space-options';
import { VmalockError } from '../errors';
import type { FaultEra, PolicyName } from '../policy';
import { SimFile } from '../sim-file';
import { parsePolicy, parsePolicyFlags, policyWord } from './policy-words';
import { FILE_NAME, reportCounts, reportFlags, reportMappings, reportSmaps, type Window } from './report';
import { MAX_PAGES, parseAdvice, parseMapLetters, Words } from './syntax';
import { SystemCalls } from './system-calls';
import { UserfaultOperations } from './userfault-operations';

/** Where the range begins: far from everything, as in the oracle. */
const BASE = 0x1000_0000_0000;
/** Bytes that no machine promises. */
const TOO_MUCH = 2 ** 40;

export interface ExecutorOptions {
  /** pages in the range, 1 to 4096. @defaultValue 64 */
  pages?: number;
  /** @defaultValue 'per-vma' */
  policy?: PolicyName;
  /** @defaultValue 'rfc' */
  faults?: FaultEra;
  /** as in AddressSpaceOptions. @defaultValue true */
  zeroPage?: boolean;
  /** as in AddressSpaceOptions. @defaultValue 'never' */
  thp?: ThpMode;
  /** as in AddressSpaceOptions. @defaultValue 0 */
  swap?: number;
}

/** The oracle refuses an operation before it asks the kernel: `X reason`. */
class Refusal extends Error {}

/** Those that a line may set. */
const LIMITS = ['as', 'data', 'memlock', 'stack'] as const;
/** What a stack may grow to until a line says otherwise. */
const STACK_LIMIT = 8 * 2 ** 20;

function onOrOff(word: string | undefined): boolean {
  if (word !== 'on' && word !== 'off') throw new Refusal('syntax');
  return word === 'on';
}

/**
 * Answers operations one line at a time.
 *
 * @example
 * using executor = new Executor({ pages: 8 });
 * executor.answer('mmap 0 4 rw p'); // '@0 ok\n'
 * executor.answer('w 1 7'); //         '7 ok\n'
 * executor.answer('?c'); //            'maps 1 0-4:rw-p:a\ncore 0100....\n'
 */
export class Executor implements Disposable {
  readonly pages: number;
  private space: AddressSpace;
  private window: Window;
  private userfaults: UserfaultOperations;
  private systemCalls: SystemCalls;
  private file: SimFile;
  /** nothing but a new space makes the range empty then */
  private hasSeals = false;
  private fileHasChanged = false;

  /** @throws {VmalockError} for a policy or an era that does not exist, RangeError for pages outside 1 to 4096 */
  constructor(private readonly options: ExecutorOptions = {}) {
    this.pages = options.pages ?? 64;
    if (!Number.isInteger(this.pages) || this.pages < 1 || this.pages > MAX_PAGES)
      throw new RangeError(`pages must be 1 to ${MAX_PAGES}, got ${this.pages}`);
    this.space = this.newSpace();
    this.userfaults = new UserfaultOperations(this.space, BASE);
    this.window = {
      space: this.space,
      start: BASE,
      end: BASE + this.pages * this.space.pageSize,
    };
    this.file = this.newFile();
    this.systemCalls = this.newSystemCalls();
  }

  /** The first line of output, in the oracle's shape. */
  header(): string {
    return `vmalock exec 1 pages ${this.pages} pagesize ${this.space.pageSize} policy ${this.space.policy}\n`;
  }

  /** What the operation on one line answers: whole lines, or '' for a blank line and a comment. */
  answer(line: string): string {
    const words = new Words(line);
    const operation = words.take();
    if (operation === undefined || operation.startsWith('#')) return '';
    try {
      return this.run(operation, words);
    } catch (error) {
      return answerOfError(error, operation);
    } finally {
      this.userfaults.listen();
    }
  }

  /** Walks the whole model. @throws {VmalockError} that says what is broken */
  validate(): void {
    this.space.validate();
  }

  close(): void {
    this.systemCalls.close();
    this.space.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private run(operation: string, words: Words): string {
    if (operation.startsWith('?')) return reportMappings(this.window, operation.slice(1));
    switch (operation) {
      case 'vmflags':
        return reportFlags(this.window);
      case 'status':
        return reportCounts(this.window);
      case 'rlimit':
        return this.rlimit(words);
      case 'privileged':
        this.space.setPrivileged(onOrOff(words.take()));
        return '0 ok\n';
      case 'thp-disable':
        return this.thpDisable(words);
      case 'smaps':
        return reportSmaps(this.window, (this.options.swap ?? 0) > 0);
      case 'reset':
        return this.reset();
      case 'fork':
        return this.fork(false);
      case 'fork-flags':
        return this.fork(true);
      case 'uffd-told':
        return this.userfaults.tell();
      case 'ftruncate':
        return this.truncate(words);
      case 'punch':
        return this.punch(words);
      case 'pwrite':
        return this.pwrite(words);
      case 'uffd-close':
        return this.userfaults.close(orRefuse(this.userfaults.named(words.take()), 'syntax'));
      case 'mlockall':
        this.space.mlockAll(orRefuse(words.takeLetters({ c: 1, f: 2, o: 4 }), 'syntax'));
        return '0 ok\n';
      case 'munlockall':
        this.space.munlockAll();
        return '0 ok\n';
      case 'r':
        return this.load(words);
      case 'w':
        return this.store(words);
      case 'x':
        return this.fetch(words);
      case 'mempolicy':
        return `${policyWord(this.space.getMempolicy({ address: this.takeByteAddress(words) }))} ok\n`;
      case 'sys':
        return this.systemCall(words);
      default:
        if (operation.startsWith('uffd-')) return this.userfault(operation.slice('uffd-'.length), words);
        return this.call(operation, words);
    }
  }

  private newSpace(): AddressSpace {
    const { policy = 'per-vma', faults = 'rfc', zeroPage = true, thp = 'never', swap = 0 } = this.options;
    const space = new AddressSpace({ policy, faults, zeroPage, thp, swap });
    this.resetThp(space);
    return space;
  }

  /** As the oracle begins: without huge pages it refuses MADV_COLLAPSE, too. */
  private resetThp(space: AddressSpace): void {
    space.setThpDisable((this.options.thp ?? 'never') === 'never');
  }

  private newFile(): SimFile {
    return new SimFile({
      length: this.window.end - this.window.start,
      name: FILE_NAME,
    });
  }

  private newSystemCalls(): SystemCalls {
    return new SystemCalls(this.space, BASE, this.pages, () => {
      this.fileHasChanged = true;
      return this.file;
    });
  }

  private systemCall(words: Words): string {
    try {
      return orRefuse(this.systemCalls.answer(words.rest()), 'unknown operation');
    } catch (error) {
      if (error instanceof SyntaxError) throw new Refusal('syntax');
      throw error;
    }
  }

  /** A new file stands for the emptied one: nothing maps the old one any more. */
  private reset(): string {
    this.systemCalls.reset();
    if (this.hasSeals || this.systemCalls.lasting) {
      this.systemCalls.close();
      this.space.close();
      this.space = this.newSpace();
      this.systemCalls = this.newSystemCalls();
      this.userfaults = new UserfaultOperations(this.space, BASE);
      this.window = { ...this.window, space: this.space };
      this.hasSeals = false;
    }
    this.space.munlockAll();
    this.space.munmap(this.window.start, this.window.end - this.window.start);
    if (this.fileHasChanged) this.file = this.newFile();
    this.fileHasChanged = false;
    this.space.setLimits({ as: Infinity, data: Infinity, memlock: Infinity, stack: STACK_LIMIT });
    this.space.setPrivileged(true);
    this.resetThp(this.space);
    this.userfaults.listen();
    this.userfaults.tell();
    return 'reset ok\n';
  }

  private fork(flags: boolean): string {
    using child = this.space.fork();
    const userfaults = this.userfaults.listen();
    const window = { ...this.window, space: child };
    try {
      return `child ${flags ? reportFlags(window) : reportMappings(window, 'c')}0 ok\n`;
    } finally {
      for (const uffd of userfaults) uffd.close();
    }
  }

  private rlimit(words: Words): string {
    const asked = words.take();
    const name = LIMITS.find((one) => one === asked);
    const word = words.take();
    if (name === undefined || word === undefined || !/^(?:\d{1,9}|-)$/.test(word)) throw new Refusal('syntax');
    // A data limit of 0 bytes holds no mapping back, and the oracle never sets it: its own data comes on top.
    const least = name === 'data' ? 1 : 0;
    this.space.setLimits({ [name]: word === '-' ? Infinity : Math.max(Number(word) * this.space.pageSize, least) });
    return '0 ok\n';
  }

  private thpDisable(words: Words): string {
    const word = words.take();
    if (word !== 'off' && word !== 'on' && word !== 'advised') throw new Refusal('syntax');
    this.space.setThpDisable(word !== 'off', { exceptAdvised: word === 'advised' });
    return '0 ok\n';
  }

  /** Of the file that `f` maps. */
  private truncate(words: Words): string {
    this.file.truncate(orRefuse(words.takeAmount(), 'syntax'));
    this.fileHasChanged = true;
    return '0 ok\n';
  }

  private punch(words: Words): string {
    const offset = orRefuse(words.takeAmount(), 'syntax');
    this.file.punchHole(offset, orRefuse(words.takeAmount(), 'syntax'));
    this.fileHasChanged = true;
    return '0 ok\n';
  }

  private pwrite(words: Words): string {
    const offset = orRefuse(words.takeAmount(), 'syntax');
    this.file.write(offset, Uint8Array.of(words.takeByte()));
    this.fileHasChanged = true;
    return '0 ok\n';
  }

  private takeByteAddress(words: Words): number {
    const offset = words.takeAmount();
    if (offset === undefined || offset >= this.window.end - this.window.start) throw new Refusal('range');
    return this.window.start + offset;
  }

  private load(words: Words): string {
    const value = this.space.read(this.takeByteAddress(words), 1)[0] ?? 0;
    return `${value} ok\n`;
  }

  private store(words: Words): string {
    const address = this.takeByteAddress(words);
    const value = words.takeByte();
    this.space.write(address, Uint8Array.of(value));
    return `${value} ok\n`;
  }

  /** Now, or when what lies above has grown down to it. */
  private mayBeExecutable(address: number): boolean {
    for (const { start, end, prot } of this.space)
      if (address < end) return start < this.window.end && prot.includes('x');
    return false;
  }

  /** Only where nothing may be executed: the kernel would run what lies there. */
  private fetch(words: Words): string {
    const address = this.takeByteAddress(words);
    if (this.mayBeExecutable(address)) throw new Refusal('executable');
    this.space.exec(address);
    return '0 ok\n';
  }

  private userfault(operation: string, words: Words): string {
    const offset = orRefuse(words.takeAmount(), 'syntax');
    const length = orRefuse(words.takeAmount(), 'syntax');
    const word = orRefuse(words.take(), 'syntax');
    const n = orRefuse(this.userfaults.named(words.take()), 'syntax');
    this.assertInside(offset, length);
    if (operation === 'move' || operation === 'moveholes') {
      const from = orRefuse(new Words(word).takeAmount(), 'syntax');
      this.assertInside(from, length);
      const { start } = this.window;
      return this.userfaults.move(start + offset, start + from, length, operation === 'moveholes', n);
    }
    const answer = this.userfaults.run(operation, this.window.start + offset, length, word, n);
    return orRefuse(answer, 'unknown operation');
  }

  /** The operations on OFF and LEN. */
  private call(operation: string, words: Words): string {
    const offset = words.takeAmount();
    const length = offset === undefined ? undefined : words.takeAmount();
    if (offset === undefined || length === undefined) throw new Refusal('syntax');
    this.assertInside(offset, length);
    const address = this.window.start + offset;
    switch (operation) {
      case 'mmap':
        return this.mmap(address, length, words);
      case 'munmap':
        this.space.munmap(address, length);
        return '0 ok\n';
      case 'mprotect':
        this.space.mprotect(address, length, orRefuse(words.takeProt(), 'syntax'));
        return '0 ok\n';
      case 'mremap':
        return this.mremap(address, offset, length, words);
      case 'madvise':
        return this.madvise(address, length, words);
      case 'mlock':
        this.space.mlock(address, length);
        return '0 ok\n';
      case 'munlock':
        this.space.munlock(address, length);
        return '0 ok\n';
      case 'msync':
        this.space.msync(address, length, words.takeLetters({ a: 1, i: 2, s: 4 }) ?? 4);
        return '0 ok\n';
      case 'mlock2':
        this.space.mlock(address, length, { onFault: true });
        return '0 ok\n';
      case 'mseal':
        this.space.mseal(address, length);
        this.hasSeals = true;
        return '0 ok\n';
      case 'remap_file_pages':
        this.space.remapFilePages(address, length, Math.floor(orRefuse(words.takeAmount(), 'syntax') / 4096));
        return '0 ok\n';
      case 'mbind':
        return this.mbind(address, length, words);
      case 'mincore':
        this.space.mincore(address, length);
        return '0 ok\n';
      default:
        throw new Refusal('unknown operation');
    }
  }

  /** The oracle never leaves its range, not even by a start that the kernel would round. */
  private assertInside(offset: number, length: number): void {
    const { pageSize } = this.space;
    const all = this.window.end - this.window.start;
    const first = Math.floor(offset / pageSize) * pageSize;
    const whole = Math.ceil(length / pageSize) * pageSize;
    const reach = first + whole + (offset === first ? 0 : pageSize);
    if (offset > all || length > all || reach > all) throw new Refusal('range');
  }

  private mmap(address: number, length: number, words: Words): string {
    const prot = orRefuse(words.takeProt(), 'syntax');
    const { file, tooMuch, ...letters } = orRefuse(parseMapLetters(orRefuse(words.take(), 'syntax')), 'flags');
    const wanted = tooMuch ? length + TOO_MUCH : length;
    const what = { address, length: wanted, prot, ...letters };
    if (!file) return this.mappedAnswer(this.space.mmap(what), wanted);
    const offset = orRefuse(words.takeAmount(), 'syntax');
    this.fileHasChanged = true;
    return this.mappedAnswer(this.space.mmap({ ...what, file: this.file, offset }), wanted);
  }

  /** Where a hint was not taken the oracle's mapping would lie among its own: it goes at once. */
  private mappedAnswer(address: number, length: number): string {
    if (address >= this.window.start && address < this.window.end) return this.addressAnswer(address);
    this.space.munmap(address, length);
    return '@away ok\n';
  }

  private mremap(address: number, offset: number, length: number, words: Words): string {
    const newLength = orRefuse(words.takeAmount(), 'syntax');
    const how = orRefuse(words.take(), 'syntax')[0];
    if (how === '-') {
      this.assertInside(offset, newLength);
      return this.addressAnswer(this.space.mremap(address, length, newLength));
    }
    if (how !== 'F' && how !== 'D') throw new Refusal('flags');
    const newOffset = orRefuse(words.takeAmount(), 'syntax');
    this.assertInside(newOffset, newLength);
    const options = {
      mayMove: true,
      fixed: true,
      dontUnmap: how === 'D',
      to: this.window.start + newOffset,
    };
    return this.addressAnswer(this.space.mremap(address, length, newLength, options));
  }

  private madvise(address: number, length: number, words: Words): string {
    const name = orRefuse(words.take(), 'syntax');
    const advice = orRefuse(parseAdvice(name), 'advice');
    try {
      this.space.madvise(address, length, advice);
    } catch (error) {
      return answerOfError(error, `madvise ${name}`);
    }
    return '0 ok\n';
  }

  private mbind(address: number, length: number, words: Words): string {
    const policy = orRefuse(parsePolicy(orRefuse(words.take(), 'syntax')), 'policy');
    this.space.mbind(address, length, { ...policy, ...orRefuse(parsePolicyFlags(words.take() ?? '-'), 'flags') });
    return '0 ok\n';
  }

  private addressAnswer(address: number): string {
    return `@${Math.trunc((address - this.window.start) / this.space.pageSize)} ok\n`;
  }
}

function orRefuse<T>(value: T | undefined, refusal: string): T {
  if (value === undefined) throw new Refusal(refusal);
  return value;
}

function answerOfError(error: unknown, operation: string): string {
  if (error instanceof Refusal) return `X ${error.message}\n`;
  if (!(error instanceof VmalockError)) throw error;
  if (error.code === 'ENOSYS') return `X not modelled: ${operation}\n`;
  if (error.code === 'SIGSEGV') return `-1 ${error.siCode ?? 'SIGSEGV'}\n`;
  return `-1 ${error.code}\n`;
}
