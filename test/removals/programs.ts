/** Programs that are run for a while, and end when the whole run does. */
import { spawn } from 'node:child_process';

export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Ends the program when it fires. */
  stop: AbortSignal;
  /** After so many seconds the program is ended. */
  seconds: number;
}

export interface Ended {
  /** The exit status; 0 is a success, null came by a signal. */
  status: number | null;
  timedOut: boolean;
  /** Standard output and error, as they came. */
  output: string;
}

/** Runs a program to its end; rejects when it cannot be started, or the run is stopped. */
export async function run(command: readonly string[], { cwd, env, stop, seconds }: Place): Promise<Ended> {
  stop.throwIfAborted();
  const [program = '', ...args] = command;
  const limit = AbortSignal.timeout(seconds * 1000);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = () => void child.kill('SIGKILL');
    const signal = AbortSignal.any([stop, limit]);
    signal.addEventListener('abort', kill);
    let output = '';
    const collect = (part: Buffer) => (output += part.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (status) => {
      signal.removeEventListener('abort', kill);
      if (stop.aborted) reject(stop.reason as Error);
      else resolve({ status, timedOut: limit.aborted, output });
    });
  });
}
