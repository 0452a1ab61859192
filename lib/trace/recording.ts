/**
 * Where a trace and the layouts beside it lie, and the reading of the text by the grammar that fits it.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TraceError } from './errors';
import { History } from './history';
import { isPerfScript, PerfScript } from './perf-script';
import { type MapsSection, readMapsFile } from './proc-maps';
import type { Grammar } from './recorded';
import { isStrace, Strace } from './strace';
import { BadLine, eachLine, quoted } from './text-source';

/** Names that a folder's text may have, the best first. */
const TEXTS = ['perf.txt', 'trace.txt', 'perf-raw.txt', 'perf-default.txt', 'strace.txt'];

/** A recording: what its lines came to, and the layouts at its ends. */
export interface Recording {
  /** as a report calls it */
  name: string;
  /** the text */
  path: string;
  format: Grammar['format'];
  history: History;
  initial: MapsSection[];
  final: MapsSection[];
  /** where the initial layouts are, or should be */
  initialPath: string;
  /** what was left out, by name */
  ignored: Map<string, number>;
  /** what was assumed, one sentence each */
  notes: string[];
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw unreadable(error, path);
  }
}

function unreadable(error: unknown, path: string): TraceError {
  return new TraceError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, path);
}

/** The first of the files that exists, plain or gzip. */
async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths.flatMap((plain) => [plain, `${plain}.gz`])) if ((await kindOf(path)) === 'file') return path;
  return undefined;
}

async function findText(path: string): Promise<string> {
  const kind = await kindOf(path);
  if (kind === undefined) throw new TraceError('there is no such file or folder', path);
  if (kind === 'file') return path;
  const text = await firstFile(TEXTS.map((name) => join(path, name)));
  if (text === undefined)
    throw new TraceError(`this folder holds no trace: none of ${TEXTS.join(', ')}, plain or .gz, is in it`, path);
  return text;
}

/** maps.initial or maps.final beside a text; those of strace may have a name of their own. */
async function findMaps(text: string, format: Grammar['format'], which: 'initial' | 'final'): Promise<string[]> {
  const names = format === 'strace' ? [`strace.maps.${which}`, `maps.${which}`] : [`maps.${which}`];
  const found = await firstFile(names.map((name) => join(dirname(text), name)));
  return found === undefined ? [] : [found];
}

/** Opens what this process may not read with one sentence rather than with a stack. */
async function readable<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TraceError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw unreadable(error, path);
  }
}

/** Lines that say nothing yet about which tool wrote the text. */
function isPreamble(text: string): boolean {
  return text === '' || text.startsWith('#') || text.startsWith('strace: ') || text.trim() === '';
}

function grammarFor(text: string, history: History, pid: number | undefined): Grammar {
  const sink = history.take.bind(history);
  if (isPerfScript(text)) return new PerfScript(sink);
  if (isStrace(text)) return new Strace(sink, pid);
  throw new BadLine(`this is neither the text of perf script nor that of strace: ${quoted(text)}`);
}

/** The tool that wrote a text, by the first line that tells; undefined when none does. */
async function formatOf(path: string): Promise<Grammar['format'] | undefined> {
  let format: Grammar['format'] | undefined;
  class Enough extends Error {}
  const work = eachLine(path, (text) => {
    if (isPreamble(text)) return;
    format = grammarFor(text, new History(), undefined).format;
    throw new Enough();
  });
  await readable(path, work).catch((error: unknown) => {
    if (!(error instanceof Enough)) throw error;
  });
  return format;
}

async function readText(
  path: string,
  history: History,
  pid: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Grammar | undefined> {
  let grammar: Grammar | undefined;
  const visit = (text: string, line: number): void => {
    if (grammar === undefined && isPreamble(text)) return;
    grammar ??= grammarFor(text, history, pid);
    grammar.read(text, line);
  };
  await readable(path, eachLine(path, visit, signal));
  history.finish();
  return grammar;
}

async function readSections(paths: readonly string[]): Promise<MapsSection[]> {
  const sections = await Promise.all(paths.map((path) => readable(path, readMapsFile(path))));
  return sections.flat();
}

function countsOf(grammar: Grammar, history: History): Map<string, number> {
  const counts = new Map(grammar.ignored);
  for (const [name, times] of history.ignored) counts.set(name, (counts.get(name) ?? 0) + times);
  return counts;
}

/**
 * strace has the program to itself, so its layouts are taken in another run, under another number. With address
 * randomisation off they are the same; sections of one process are then those of the first.
 */
function adoptLayouts({ format, history, initial, final, initialPath, notes }: Recording): void {
  const other = initial[0]?.pid ?? 0;
  const first = history.tasks[0]?.tid;
  if (format !== 'strace' || other === 0 || first === undefined) return;
  if (initial.some(({ pid }) => pid !== other) || history.tasks.some(({ tid }) => tid === other)) return;
  notes.push(
    `the layouts of ${initialPath} are of process ${other}, another run; they are taken for those of ${first}`,
  );
  for (const section of [...initial, ...final]) if (section.pid === other) section.pid = first;
}

/**
 * Reads a trace and the layouts beside it.
 *
 * @param path a text of perf or strace, or a folder that holds one
 * @throws {TraceError} for anything that is none, with the line where one is to blame
 * @throws {VmalockError} `ECANCELED` when the signal was aborted
 */
export async function readRecording(path: string, signal?: AbortSignal): Promise<Recording> {
  const text = await findText(path);
  const format = await formatOf(text);
  if (format === undefined) throw new TraceError('there is nothing in this file', text);
  const initialPaths = await findMaps(text, format, 'initial');
  const initial = await readSections(initialPaths);
  const final = await readSections(await findMaps(text, format, 'final'));
  const history = new History();
  const grammar = await readText(text, history, initial[0]?.pid || undefined, signal);
  if (grammar === undefined) throw new TraceError('there is nothing in this file', text);
  const recording: Recording = {
    name: basename(resolve(path)),
    path: text,
    format,
    history,
    initial,
    final,
    initialPath: initialPaths[0] ?? join(dirname(text), 'maps.initial'),
    ignored: countsOf(grammar, history),
    notes: [],
  };
  adoptLayouts(recording);
  return recording;
}
