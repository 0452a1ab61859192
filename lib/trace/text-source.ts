/**
 * Text files of any length, plain or gzip, one line at a time.
 *
 * A line is handed on as soon as it is complete, so memory is bounded by the longest line. What is no text (binary
 * data, a gzip stream that is cut or damaged, a last line without its newline) is refused with the line it was found in.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { VmalockError } from '../errors';
import { TraceError } from './errors';

/** Longer lines are taken for binary data. */
const LONGEST_LINE = 1 << 20;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Whoever reads lines may throw it to say what is wrong with one; the place is added here. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

/** How much of a line a message quotes. */
export function quoted(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > 60 ? `"${printable.slice(0, 57)}..."` : `"${printable}"`;
}

/** A pipe could be read but once, and might never begin: opening it must not wait for who writes to it. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new TraceError('this is no regular file', path);
}

async function isGzip(file: FileHandle): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
  return bytesRead === GZIP_MAGIC.length && GZIP_MAGIC.every((byte, at) => buffer[at] === byte);
}

/** The text of an open file, unpacked. */
async function textOf(file: FileHandle): Promise<Readable> {
  const packed = await isGzip(file);
  const stream = file.createReadStream({ start: 0, autoClose: false });
  if (!packed) return stream.setEncoding('utf8');
  const text = stream.pipe(createGunzip());
  stream.on('error', (error) => text.destroy(error));
  return text.setEncoding('utf8');
}

/** @throws {VmalockError} `ECANCELED` when the signal was aborted */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new VmalockError('ECANCELED', 'the replay was stopped');
}

function zlibReason(error: NodeJS.ErrnoException): string | undefined {
  if (error.code === 'Z_BUF_ERROR') return 'the gzip data ends here: the file is truncated';
  return error.code?.startsWith('Z_') === true ? 'the gzip data is damaged behind this line' : undefined;
}

/** Cuts text that comes in pieces into lines, and counts them. */
class LineCutter {
  line = 0;
  private rest = '';

  constructor(
    private readonly path: string,
    private readonly visit: (text: string, line: number) => void,
  ) {}

  push(piece: string): void {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      this.take(this.rest + piece.slice(from, end));
      this.rest = '';
      from = end + 1;
    }
    this.rest += piece.slice(from);
    if (this.rest.length > LONGEST_LINE) throw this.bad(this.line + 1, 'this is not text: the line does not end');
  }

  finish(): void {
    if (this.rest !== '')
      throw this.bad(this.line + 1, `the file ends in the middle of a line (${quoted(this.rest)}): it is truncated`);
  }

  private take(text: string): void {
    this.line++;
    if (text.includes('\0')) throw this.bad(this.line, 'this is binary data, not text');
    try {
      this.visit(text.endsWith('\r') ? text.slice(0, -1) : text, this.line);
    } catch (error) {
      throw error instanceof BadLine ? this.bad(this.line, error.message) : error;
    }
  }

  private bad(line: number, reason: string): TraceError {
    return new TraceError(reason, this.path, line);
  }
}

/**
 * Calls `visit` with each line of a file, in order, without its end. Returns how many there were.
 *
 * @throws {TraceError} for what is no text, and with the line for a {@link BadLine} that `visit` throws
 * @throws {VmalockError} `ECANCELED` when the signal was aborted
 */
export async function eachLine(
  path: string,
  visit: (text: string, line: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const cutter = new LineCutter(path, visit);
  const file = await openRegular(path);
  try {
    for await (const piece of await textOf(file)) {
      stopIfAborted(signal);
      cutter.push(piece as string);
    }
  } catch (error) {
    const reason = zlibReason(error as NodeJS.ErrnoException);
    throw reason === undefined ? error : new TraceError(reason, path, cutter.line + 1);
  } finally {
    await file.close();
  }
  cutter.finish();
  return cutter.line;
}
