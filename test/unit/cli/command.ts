/** Runs the built command as a user would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../../..');
export const MAIN = join(ROOT, 'dist/cli/main.js');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command, running, with its streams in pipes. */
export function start(...args: string[]): ChildProcessWithoutNullStreams {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build:ts makes it`);
  return spawn(process.execPath, [MAIN, ...args], { cwd: ROOT });
}

export function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => settle({ ...outcome, code }));
  });
}

/** Runs it to its end with `input` on its standard input. */
export function vmalock(args: readonly string[], input = ''): Promise<Outcome> {
  const child = start(...args);
  child.stdin.on('error', () => undefined).end(input);
  return outcomeOf(child);
}

/** A folder for one test; it is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'vmalock-test-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a refusal looks like: exit status 2, nothing on stdout, one line on stderr. */
export function refusal(text: RegExp): unknown {
  const line = new RegExp(`^vmalock: [^\\n]*(?:${text.source})[^\\n]*\\n$`, text.flags);
  return { code: 2, stdout: '', stderr: expect.stringMatching(line) as string };
}
