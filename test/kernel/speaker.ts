/**
 * Two who answer operations: a program behind pipes (the kernel oracle, `vmalock exec`), and the model in this process.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Executor } from '../../lib/exec/executor';

/** Somebody who gives one answer to each operation. */
export interface Speaker {
  /** @param operations lines; each is answered in order, with all the lines of its answer */
  ask(operations: readonly string[]): Promise<string[]>;
  close(): void;
}

/** How many lines the protocol answers to one operation. */
export function answerLines(operation: string): number {
  const word = operation.trim().split(/\s+/)[0] ?? '';
  if (word === '' || word.startsWith('#')) return 0;
  if (word === 'fork') return 3;
  if (word === 'fork-flags') return 2;
  return word.startsWith('?') && word.includes('c') ? 2 : 1;
}

/** The model, without a process or a pipe between. */
export class ModelSpeaker implements Speaker {
  constructor(private readonly executor: Executor) {}

  ask(operations: readonly string[]): Promise<string[]> {
    return Promise.resolve(operations.map((operation) => this.executor.answer(operation)));
  }

  close(): void {
    this.executor.close();
  }
}

/** A program that reads operations and prints answers. */
export class ProcessSpeaker implements Speaker {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  private constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // A child that dies is noticed where its answer is missing.
    this.child.stdin.on('error', () => undefined);
    this.lines = linesOf(this.child.stdout);
  }

  /** Starts the program and reads its first line, which says what it is. */
  static async start(command: string, args: readonly string[]): Promise<ProcessSpeaker> {
    const speaker = new ProcessSpeaker(command, args);
    await speaker.nextLine(`${command} (its first line)`);
    return speaker;
  }

  async ask(operations: readonly string[]): Promise<string[]> {
    this.child.stdin.write(`${operations.join('\n')}\n`);
    const answers: string[] = [];
    for (const operation of operations) {
      let answer = '';
      for (let n = answerLines(operation); n > 0; n--) answer += `${await this.nextLine(operation)}\n`;
      answers.push(answer);
    }
    return answers;
  }

  close(): void {
    this.child.stdin.end();
    this.child.kill();
  }

  private async nextLine(question: string): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error(`${this.child.spawnfile} ended before it answered: ${question}`);
    return next.value;
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
