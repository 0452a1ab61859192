/**
 * Simulated files: objects with bytes that mappings map.
 */
import { byteArray, newBuffer } from './internal/arrays';
import { type Handle, native } from './internal/native';
import { bytes, choice, invalidArgument, isOn, object, outOfRange, text, wholeNumber } from './internal/options';
import { succeeded } from './internal/raise';
import { VmalockError } from './errors';
import type { Bytes } from './units';

export interface SimFileOptions {
  /** Bytes. */
  length: Bytes;
  /** The value of every byte that nobody wrote. @defaultValue 0 */
  fill?: number;
  /** How it was opened: what {@link AddressSpace.mmap} and mprotect permit. @defaultValue 'rw' */
  mode?: 'rw' | 'ro' | 'wo';
  /** As maps() prints it, without a NUL character. @defaultValue no name */
  name?: string;
  /** `none`: its pages hold no bytes; for spaces that only count theirs. @defaultValue 'memory' */
  backing?: 'memory' | 'none';
  /**
   * A file of a disk: {@link AddressSpace.msync} with `sync` writes it back, as {@link SimFile.sync}; the first need of a page is a major
   * fault, and pages count as RssFile. Otherwise it is one of memory, as memfd, which has nowhere to be written to: minor faults, RssShmem.
   * @defaultValue false
   */
  writtenBack?: boolean;
}

/** Numbers that one native call gives. */
const DIRTY_AT_ONCE = 512;

const MODES = ['rw', 'ro', 'wo'];
const BACKINGS = ['memory', 'none'];

/** As off_t: the end of a file is no further than this. */
const LONGEST = (1n << 63n) - 1n;

/** A place in a file. */
function fileBytes(name: string, value: Bytes): Bytes {
  if (bytes(name, value) > LONGEST) throw outOfRange(name, 'below 2^63', value);
  return value;
}

/** A file that was made elsewhere: by another thread, or by a SimFile that was forgotten while it was mapped. */
class Found {
  constructor(readonly handle: Handle) {}
}

/** The files this thread knows, by number, so that one file is one object. */
const known = new Map<number, WeakRef<SimFile>>();

const forgotten = new FinalizationRegistry<{ handle: Handle; id: number }>(({ handle, id }) => {
  native.fileClose(handle);
  if (known.get(id)?.deref() === undefined) known.delete(id);
});

function create(options: SimFileOptions): Handle {
  const { length, fill = 0, mode = 'rw', name, backing = 'memory', writtenBack } = object('options', options);
  if (name !== undefined && text('name', name).includes('\0'))
    throw invalidArgument('name', 'a string without a NUL character', name);
  const handle = native.fileCreate(
    fileBytes('length', length),
    wholeNumber('fill', fill, 0, 255),
    choice('mode', mode, MODES),
    name,
    choice('backing', backing, BACKINGS),
    isOn('writtenBack', writtenBack) ? 1 : 0,
  );
  return succeeded(handle, 'new SimFile');
}

/**
 * A simulated file. Mappings of it see its bytes, as long as any of them or the object itself lives.
 *
 * @example
 * const file = new SimFile({ length: 8192, fill: 0x2e, name: '/etc/motd' });
 * const start = space.mmap({ length: 8192, file, prot: 'r' });
 * space.read(start, 2).toString(); // '..'
 *
 * @throws {VmalockError} `ERR_VMALOCK_INVALID_ARG`, `ERR_VMALOCK_OUT_OF_RANGE`, `ENOMEM` without host memory
 */
export class SimFile {
  readonly #handle: Handle;

  constructor(options: SimFileOptions);
  /** @internal */
  constructor(found: Found);
  constructor(options: SimFileOptions | Found) {
    this.#handle = options instanceof Found ? options.handle : create(options);
    const id = native.fileId(this.#handle);
    known.set(id, new WeakRef(this));
    forgotten.register(this, { handle: this.#handle, id });
  }

  /** Bytes; {@link SimFile.write} may make it more, {@link SimFile.truncate} more or less. */
  get length(): number {
    return native.fileLength(SimFile.#handleOf(this));
  }

  /** As maps() prints it. */
  get name(): string | undefined {
    return native.fileName(SimFile.#handleOf(this));
  }

  /**
   * As ftruncate(2): the file ends at `length`. Pages beyond are taken from every mapping in every space, private copies too,
   * and an access there is a SIGBUS; what is left of the last page after the end becomes zeros. What the file grows by reads 0, also
   * where {@link SimFileOptions.fill} says otherwise; but a file of memory shows what was stored through a mapping behind its old end, in
   * the last page, as memfd does.
   *
   * May be called while other threads fault in the file's mappings.
   *
   * @param length bytes
   * @throws {VmalockError} `EINVAL` for a file opened `ro`, or a length beyond 2^63 - 1; `ENOMEM` when the host has no memory to
   *   remember a cut by (only with a fill byte), and nothing has changed then
   */
  truncate(length: Bytes): void {
    const handle = SimFile.#handleOf(this);
    bytes('length', length);
    succeeded(native.fileTruncate(handle, length), 'ftruncate', undefined, length);
  }

  /**
   * As fallocate(2) with FALLOC_FL_PUNCH_HOLE: the range reads 0, the length of the file stays. Whole pages are taken from the file and
   * from every mapping of it; private copies stay. The range may reach beyond the end, where no page is.
   *
   * @param offset bytes from its start
   * @param length bytes
   * @throws {VmalockError} `EINVAL` without a length, or for a number beyond 2^63 - 1; `EBADF` for a file opened `ro`; `EFBIG` when
   *   the end is beyond 2^63 - 1; `ENOMEM` as {@link SimFile.truncate}
   */
  punchHole(offset: Bytes, length: Bytes): void {
    const handle = SimFile.#handleOf(this);
    bytes('offset', offset);
    bytes('length', length);
    succeeded(native.filePunchHole(handle, offset, length), 'fallocate', offset, length);
  }

  /**
   * The numbers of the pages that were written since they were last written back, ascending: through a shared mapping of any space,
   * by {@link SimFile.write}, or by a cut amid a page that is there; whole pages that were cut out are not among them. A new file has none. A
   * page is dirty from the fault on that lets it be written.
   */
  dirtyPages(): number[] {
    const handle = SimFile.#handleOf(this);
    const room = new BigUint64Array(DIRTY_AT_ONCE);
    const pages: number[] = [];
    for (let count = room.length, first = 0; count === room.length; first = (pages.at(-1) ?? 0) + 1) {
      count = native.fileDirtyPages(handle, first, room);
      for (const page of room.subarray(0, count)) pages.push(Number(page));
    }
    return pages;
  }

  /**
   * As fsync(2): pages of the range are clean from now on, in every mapping of every space, and the next store through one of them is a
   * fault that makes its page dirty again. Where the bytes are written to is the caller's affair, who reads them after this: what is written
   * meanwhile is read, or its page dirty again.
   *
   * May be called while other threads fault in the file's mappings. Observers are told of a change of rights.
   *
   * @param offset bytes from its start. @defaultValue 0
   * @param length bytes; it may reach beyond the end. @defaultValue all the rest
   * @returns how many pages were dirty
   *
   * @example
   * for (const page of file.dirtyPages()) {
   *   file.sync(page * 4096, 4096); // only what is written now: another page may have become dirty meanwhile
   *   disk.write(file.read(page * 4096, 4096), page * 4096);
   * }
   */
  sync(offset: Bytes = 0, length: Bytes = LONGEST): number {
    const handle = SimFile.#handleOf(this);
    bytes('offset', offset);
    bytes('length', length);
    return native.fileSync(handle, offset, length);
  }

  /**
   * Bytes of the file itself; fewer than asked at its end.
   *
   * @param offset bytes from its start
   * @param length bytes
   * @throws {VmalockError} `ENOMEM` when the host has no memory for the result
   */
  read(offset: Bytes, length: number): Buffer {
    const handle = SimFile.#handleOf(this);
    bytes('offset', offset);
    const buffer = newBuffer('length', length);
    return buffer.subarray(0, succeeded(native.fileRead(handle, offset, buffer), 'pread', offset, length));
  }

  /**
   * Writes, and makes the file longer where needed. Shared mappings see it at once, private ones in the pages that they
   * have not written themselves.
   *
   * @param offset bytes from its start
   * @throws {VmalockError} `ENOMEM` when the host has no memory for it; nothing has changed then
   */
  write(offset: Bytes, data: Uint8Array): void {
    const handle = SimFile.#handleOf(this);
    fileBytes('offset', offset);
    const { length } = byteArray('bytes', data);
    fileBytes('offset + bytes.length', BigInt(offset) + BigInt(length));
    succeeded(native.fileWrite(handle, offset, data), 'pwrite', offset, length);
  }

  static #handleOf(file: SimFile): Handle {
    if (typeof file === 'object' && file !== null && #handle in file) return file.#handle;
    throw new VmalockError('ERR_VMALOCK_ILLEGAL_INVOCATION', 'a method of SimFile was called on something else');
  }

  /** @internal The handle of an argument. */
  static handleOf(name: string, file: SimFile): Handle {
    if (typeof file === 'object' && file !== null && #handle in file) return file.#handle;
    throw invalidArgument(name, 'a SimFile', file);
  }

  /** @internal The file `id` that a space maps at `address`: the object this thread knows, or a new one. */
  static at(space: Handle, address: number, id: number): SimFile | undefined {
    const object = known.get(id)?.deref();
    if (object !== undefined) return object;
    const handle = native.fileAt(space, address);
    // Shared anonymous memory has a number, too, but is nobody's file.
    return handle > 0 ? new SimFile(new Found(handle)) : undefined;
  }
}
