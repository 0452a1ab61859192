/**
 * Repairs what is the wrong way round in time.
 *
 * A recording shows when a call began and when it was over, and not always where in between it took effect; strace
 * shows even its end only when the tracer came to see it. So mmap may return an address that by the lines so far is
 * still in use, because the munmap that freed it has not returned; or a fault may come where another thread's mprotect
 * that made it fail, or not fail, has not returned yet.
 *
 * The events are gone through in the order of their places, on a plain model of each space. Where one cannot have ended
 * as recorded, an event of another thread that was under way at the same time, and after which it can, is taken before
 * it. What still does not fit gets a second pass, in which it is taken before whatever takes away what it needs, if that
 * was under way at the same time. Events of one thread never change places, and nothing moves beyond the lines between
 * which it was under way.
 */
import { Op, type TraceEvent } from './events';
import { overlaps, type Range, rangesOf, SimpleSpace } from './simple-space';
import type { Space } from './spaces';
import type { Task } from './steps';
import type { WrittenSpace } from './trace-writer';
import { segmentsOf } from './initial';

/** How many lines ahead an event that never ends is held against others. */
const HORIZON = 4096;

const RARE_CHANGES = [Op.PKEY_PROTECT, Op.SHMAT, Op.SHMDT];
const CHANGES: ReadonlySet<Op> = new Set([Op.MAP, Op.UNMAP, Op.PROTECT, Op.REMAP, Op.BRK, ...RARE_CHANGES]);

class Repair {
  readonly ordered: TraceEvent[] = [];
  /** events that cannot have ended as recorded where they are now */
  readonly misfits = new Set<TraceEvent>();
  private readonly spaces = new Map<Space, SimpleSpace>();
  private readonly done = new Set<TraceEvent>();
  /** each thread's events in order, and how many of them are done */
  private readonly queues = new Map<Task, { events: TraceEvent[]; next: number }>();
  /** begun and not done, in the order in which they began */
  private open: TraceEvent[] = [];
  private readonly byLine: readonly TraceEvent[];
  private opened = 0;
  /** threads whose birth has not come yet */
  private readonly unborn: Set<Task>;

  constructor(
    private readonly events: readonly TraceEvent[],
    private readonly written: readonly WrittenSpace[],
    /** misfits of an earlier pass */
    private readonly endangered: ReadonlySet<TraceEvent>,
  ) {
    this.byLine = events.filter((event) => event.op !== Op.EXIT_SPACE).sort((a, b) => a.line - b.line);
    this.unborn = new Set(events.flatMap(({ child }) => child ?? []));
    for (const event of events) {
      const queue = this.queues.get(event.task);
      if (queue === undefined) this.queues.set(event.task, { events: [event], next: 0 });
      else queue.events.push(event);
    }
  }

  run(): void {
    for (const event of this.events) {
      if (this.done.has(event)) continue;
      this.openUntil(event.at);
      const space = this.spaceOf(event.space);
      if (!space.fits(event)) this.helpBefore(event, space);
      if (this.endangered.size > 0 && CHANGES.has(event.op)) this.saveFrom(event, space);
      this.take(event);
    }
  }

  /** What has begun by a line is open. */
  private openUntil(line: number): void {
    for (let event = this.byLine[this.opened]; event !== undefined && event.line <= line;) {
      if (!this.done.has(event)) this.open.push(event);
      event = this.byLine[++this.opened];
    }
    if (this.open.length > 64) this.open = this.open.filter((event) => !this.done.has(event));
  }

  private spaceOf(space: Space): SimpleSpace {
    let model = this.spaces.get(space);
    if (model === undefined) {
      const written = this.written[space.index];
      model = new SimpleSpace(written === undefined ? [] : segmentsOf(written), written?.brkStart ?? 0);
      this.spaces.set(space, model);
    }
    return model;
  }

  /** The next of its thread, in the same space as the other, and at the same time. */
  private mayMove(event: TraceEvent, other: TraceEvent): boolean {
    if (event.task === other.task || event.space !== other.space) return false;
    if (this.done.has(event) || this.unborn.has(event.task)) return false;
    const queue = this.queues.get(event.task);
    return queue?.events[queue.next] === event;
  }

  /** An event that does not fit: others that were under way with it are taken first, while that helps. */
  private helpBefore(event: TraceEvent, space: SimpleSpace): void {
    const helpers = this.underWayWith(event, space);
    const one = helpers.find((helper) => fitsAfter(space, [helper], event));
    if (one !== undefined) {
      this.take(one);
      return;
    }
    for (let count = 2; count <= helpers.length; count++) {
      const some = helpers.slice(0, count);
      if (!fitsAfter(space, some, event)) continue;
      for (const helper of some) this.take(helper);
      return;
    }
  }

  private underWayWith(event: TraceEvent, space: SimpleSpace): TraceEvent[] {
    const until = Math.min(event.until, event.at + HORIZON);
    const ranges = rangesOf(event, space.heapEnd);
    const helps = (other: TraceEvent): boolean =>
      CHANGES.has(other.op) && this.mayMove(other, event) && touches(rangesOf(other, space.heapEnd), ranges);
    const later: TraceEvent[] = [];
    for (let n = this.opened; n < this.byLine.length; n++) {
      const other = this.byLine[n] as TraceEvent;
      if (other.line >= until) break;
      later.push(other);
    }
    return [...this.open, ...later].filter(helps).sort((a, b) => a.at - b.at);
  }

  /** An event that takes something away: others that were under way, and need it, are taken first. */
  private saveFrom(event: TraceEvent, space: SimpleSpace): void {
    const ranges = rangesOf(event, space.heapEnd);
    const threatened = this.open.filter(
      (other) =>
        this.endangered.has(other) &&
        this.mayMove(other, event) &&
        touches(rangesOf(other, space.heapEnd), ranges) &&
        space.fits(other),
    );
    for (const other of threatened) if (!fitsAfter(space, [event], other)) this.take(other);
  }

  private take(event: TraceEvent): void {
    this.done.add(event);
    this.ordered.push(event);
    const queue = this.queues.get(event.task);
    if (queue !== undefined) while (this.done.has(queue.events[queue.next] as TraceEvent)) queue.next++;
    const space = this.spaceOf(event.space);
    if (!space.fits(event)) this.misfits.add(event);
    space.apply(event);
    if (event.child !== undefined) this.unborn.delete(event.child);
    if (event.op === Op.FORK && event.target !== undefined) this.spaces.set(event.target, space.copy());
    if (event.op === Op.EXIT_SPACE) this.spaces.delete(event.space);
  }
}

function touches(some: readonly Range[], others: readonly Range[]): boolean {
  return some.some((a) => others.some((b) => overlaps(a, b)));
}

function fitsAfter(space: SimpleSpace, before: readonly TraceEvent[], event: TraceEvent): boolean {
  const trial = space.copy();
  for (const other of before) {
    if (!trial.fits(other)) return false;
    trial.apply(other);
  }
  return trial.fits(event);
}

/** A space ends behind all that happens in it, and time does not go backwards within a thread. */
function tidied(ordered: readonly TraceEvent[]): TraceEvent[] {
  const left = new Map<Space, number>();
  for (const { space } of ordered) left.set(space, (left.get(space) ?? 0) + 1);
  const ends = new Map<Space, TraceEvent>();
  const times = new Map<Task, number>();
  const tidy: TraceEvent[] = [];
  const put = (event: TraceEvent): void => {
    // A fault inside a call came after the call began, but may stand before the place where that took effect.
    event.timeNs = Math.max(event.timeNs, times.get(event.task) ?? 0);
    times.set(event.task, event.timeNs);
    tidy.push(event);
  };
  for (const event of ordered) {
    const more = (left.get(event.space) ?? 0) - 1;
    left.set(event.space, more);
    if (event.op === Op.EXIT_SPACE) ends.set(event.space, event);
    else put(event);
    const end = ends.get(event.space);
    if (more === 0 && end !== undefined) put(end);
  }
  return tidy;
}

/** @param events in the order of their places */
export function repairOrder(events: readonly TraceEvent[], written: readonly WrittenSpace[]): TraceEvent[] {
  const first = new Repair(events, written, new Set());
  first.run();
  if (first.misfits.size === 0) return tidied(first.ordered);
  const second = new Repair(events, written, first.misfits);
  second.run();
  return tidied(second.misfits.size < first.misfits.size ? second.ordered : first.ordered);
}
