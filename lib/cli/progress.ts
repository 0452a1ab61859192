/**
 * A bar on the terminal while something long runs; nothing at all when stderr is no terminal.
 */
import { Presets, SingleBar } from 'cli-progress';
import type { ReplayProgress } from '../replay';

export interface Progress {
  show(progress: ReplayProgress): void;
  /** Takes the bar away, so that what is printed next stands alone. */
  clear(): void;
}

const SILENT: Progress = { show: () => undefined, clear: () => undefined };

class Bar implements Progress {
  private readonly bar = new SingleBar(
    {
      format: '{what} [{bar}] {percentage}%  {eta_formatted}',
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
    },
    Presets.legacy,
  );
  private running = false;

  show(progress: ReplayProgress): void {
    const what =
      progress.stage === 'running' ? `run ${progress.run}/${progress.runs} ${progress.policy}` : progress.stage;
    if (!this.running) this.bar.start(Math.max(1, progress.total), progress.done, { what });
    this.running = true;
    // A total of 0 would read as all done.
    this.bar.setTotal(Math.max(1, progress.total));
    this.bar.update(progress.done, { what });
  }

  clear(): void {
    if (this.running) this.bar.stop();
    this.running = false;
  }
}

export function progressFor(wanted: boolean): Progress {
  return wanted && process.stderr.isTTY ? new Bar() : SILENT;
}
