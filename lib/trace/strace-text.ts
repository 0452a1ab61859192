/** How strace prints arguments: lists in brackets, names of bits, strings, files behind descriptors. */
import { BadLine, quoted } from './text-source';

const OPEN = '([{';
const CLOSE = ')]}';

/** Where a quoted string that begins at `from` ends: the place behind its last quote. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Where `3</path<char 1:3>>` ends, from its first '<'; -1 when it does not. */
function endOfAnnotation(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '<') depth++;
    else if (text[at] === '>' && --depth === 0) return at + 1;
  }
  return -1;
}

/** `digit <` opens what -y prints; `21<<MAP_HUGE_SHIFT` does not. */
function opensAnnotation(text: string, at: number): boolean {
  return text[at] === '<' && /\d/.test(text[at - 1] ?? '') && text[at + 1] !== '<';
}

/** Cuts arguments at the commas that are not inside brackets, strings, paths or comments. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (char === '"') {
      at = endOfString(text, at);
      continue;
    }
    if (opensAnnotation(text, at)) {
      const end = endOfAnnotation(text, at);
      at = end < 0 ? at + 1 : end;
      continue;
    }
    if (char === '/' && text[at + 1] === '*') {
      const end = text.indexOf('*/', at);
      at = end < 0 ? text.length : end + 2;
      continue;
    }
    if (OPEN.includes(char)) depth++;
    else if (CLOSE.includes(char)) depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
    at++;
  }
  const last = text.slice(from).trim();
  if (parts.length > 0 || last !== '') parts.push(last);
  return parts;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//g, '').trim();
}

function plainNumber(text: string): bigint | undefined {
  if (text === 'NULL') return 0n;
  return /^-?(0x[0-9a-f]+|\d+)$/i.test(text) ? toBigInt(text) : undefined;
}

function toBigInt(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** A number or an address, as the 64 bits of a register. */
export function registerOf(text: string): bigint {
  const value = plainNumber(withoutComments(text));
  if (value === undefined) throw new BadLine(`not a number: ${quoted(text)}`);
  return BigInt.asUintN(64, value);
}

/** The same where it does not matter if there is none. */
export function registerOrZero(text: string): bigint {
  return BigInt.asUintN(64, plainNumber(withoutComments(text)) ?? 0n);
}

/** `A|B|0x40` by the names in `table`; `21<<SHIFT` is a shift. An unknown name makes the line malformed. */
export function bitsOf(text: string, table: Readonly<Record<string, number>>): bigint {
  const valueOf = (name: string): bigint => {
    const known = table[name];
    const value = known === undefined ? plainNumber(name) : BigInt(known);
    if (value === undefined) throw new BadLine(`unknown flag ${quoted(name)}`);
    return value;
  };
  let bits = 0n;
  for (const part of withoutComments(text).split('|')) {
    const [value = '', shift] = part.trim().split('<<');
    bits |= shift === undefined ? valueOf(value) : valueOf(value) << valueOf(shift);
  }
  return BigInt.asUintN(64, bits);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', '\\': '\\', '"': '"' };

/** Undoes \n, \74 and \x3c. */
export function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/g, (_, hex?: string, octal?: string, char?: string) => {
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return octal === undefined ? (ESCAPES[char ?? ''] ?? char ?? '') : String.fromCharCode(parseInt(octal, 8));
  });
}

/** A descriptor with what -y prints behind it: `3</path>`, `3</path>(deleted)`, `3</dev/zero<char 1:5>>`. */
export function descriptorOf(text: string): { fd: bigint; path?: string } {
  const found = /^(-?\d+)(?:<(.*)>(\(deleted\))?)?$/.exec(withoutComments(text));
  if (found === null) throw new BadLine(`not a file descriptor: ${quoted(text)}`);
  const [, number = '', annotation, deleted] = found;
  const fd = BigInt.asUintN(64, BigInt(number));
  if (annotation === undefined) return { fd };
  const path = unescaped(annotation.replace(/<(?:char|block) [^<>]*>$/, ''));
  return { fd, path: deleted === undefined ? path : `${path} (deleted)` };
}

/** The last part of the path in `"/usr/bin/gcc"`, as a thread's name would be. */
export function programOf(text: string): string {
  const path = unescaped(/^"(.*)"/.exec(text)?.[1] ?? '');
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 15);
}
