#!/usr/bin/env node
/**
 * The command `vmalock`.
 *
 * Results go to stdout, everything else to stderr. An error is one line, `vmalock: ...`, and an exit status that
 * tells its kind (exit-code.ts).
 */
import { Command, CommanderError } from 'commander';
import { VmalockError } from '../errors';
import { TraceError } from '../trace/errors';
import { execCommand } from './exec-command';
import { ExitCode } from './exit-code';
import { replayCommand } from './replay-command';
import { packageVersion, versionCommand } from './version-command';

function program(): Command {
  const vmalock = new Command('vmalock')
    .description("Linux's per-VMA locks as a userspace address-space simulator and lock laboratory.")
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText(
      'after',
      '\nExit status: 0 all well; 1 a replay differs; 2 bad input, or no room for the result; 130 stopped by Ctrl-C.\n',
    );
  for (const command of [replayCommand(), execCommand(), versionCommand()]) vmalock.addCommand(command);
  for (const command of [vmalock, ...vmalock.commands]) {
    command
      .exitOverride()
      .configureHelp({ sortOptions: false })
      .configureOutput({
        outputError: (text, print) => print(text.replace(/^error: /, 'vmalock: ')),
      });
  }
  return vmalock;
}

/** One line, whatever the message holds. */
function complain(message: string): void {
  process.stderr.write(`vmalock: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function wasStopped(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ECANCELED');
}

/** Says what went wrong and returns what to exit with. */
function report(error: unknown): number {
  // Commander has printed its own line, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.BAD_INPUT;
  if (wasStopped(error)) {
    complain('stopped');
    return ExitCode.INTERRUPTED;
  }
  if (error instanceof TraceError || error instanceof VmalockError || isSystemError(error)) {
    complain(error.message);
    return ExitCode.BAD_INPUT;
  }
  // Anything else is a defect of ours: the stack is what a report about it needs.
  throw error;
}

/** A reader that has seen enough (`| head`) is no error; a full disk is. */
function endWhenNothingCanBeWritten(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? ExitCode.OK);
    complain(`the result cannot be written (${error.code ?? error.message})`);
    process.exit(ExitCode.BAD_INPUT);
  });
  // The exit status still tells what nobody can read.
  process.stderr.on('error', () => undefined);
}

async function main(): Promise<void> {
  endWhenNothingCanBeWritten();
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

void main();
