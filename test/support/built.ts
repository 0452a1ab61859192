/** Programs that run apart from jest: worker threads and processes, on the built package. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

export const ROOT = resolve(__dirname, '../..');
const DIST = resolve(ROOT, 'dist/index.js');
const run = promisify(execFile);

/** What `require('vmalock')` would load. */
export function built(): string {
  if (!existsSync(DIST)) throw new Error(`${DIST} is not there: npm run build:ts makes it`);
  return DIST;
}

/** A worker that has `AddressSpace`, `SimFile`, `VmalockError`, `parentPort` and `workerData` at hand. */
export function workerOf(body: string, workerData: unknown = undefined): Worker {
  const head = `const { parentPort, workerData } = require('node:worker_threads');
    const { AddressSpace, FaultResult, SimFile, VmalockError, replay } = require(${JSON.stringify(built())});`;
  return new Worker(`${head}\n${body}`, { eval: true, workerData });
}

/** The first message of the worker, once it has ended. */
export function answerOf(worker: Worker): Promise<unknown> {
  return new Promise((settle, fail) => {
    let answer: unknown;
    worker.on('message', (message: unknown) => (answer = message));
    worker.on('error', fail);
    worker.on('exit', () => settle(answer));
  });
}

/** What a program prints, run by a Node.js of its own; fails with what it says on stderr. */
export async function printedBy(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [...args, '-e', program], { cwd: ROOT });
  return stdout;
}
