/**
 * System V memory: how long each segment is, and where it was attached. shmat and shmdt tell neither; shmget does, or the layouts.
 */
import { isSegmentRow } from './files';
import { errnoOf } from './linux';
import type { Space } from './spaces';
import type { CallStep } from './steps';

export interface Segment {
  id: number;
  key: number;
  /** bytes */
  size: number;
}

export class Segments {
  private readonly byId = new Map<number, Segment>();
  private readonly attached = new Map<Space, Map<bigint, Segment>>();

  /** A shmget that returned: of a segment that was there already it may ask for a part. */
  note({ call: { values }, result }: CallStep): void {
    if (result === undefined || errnoOf(result) !== 0) return;
    const [key = 0n, size = 0n] = values;
    const id = Number(result);
    const known = this.byId.get(id);
    const segment = { id, key: Number(BigInt.asUintN(32, key)), size: Number(size) };
    if (segment.size > (known?.size ?? 0)) this.byId.set(id, segment);
  }

  /** The segment that a shmat names; undefined where nothing tells how long it is. */
  named(step: CallStep): Segment | undefined {
    const id = Number(BigInt.asIntN(32, step.call.values[0] ?? 0n));
    const known = this.byId.get(id);
    const [mapping] = step.seen;
    if (known !== undefined || mapping === undefined) return known;
    return { id, key: parseInt(mapping.name.slice('/SYSV'.length), 16) || 0, size: mapping.length };
  }

  attach(space: Space, address: bigint, segment: Segment): void {
    const places = this.attached.get(space) ?? new Map<bigint, Segment>();
    this.attached.set(space, places.set(address, segment));
  }

  /** What was attached at an address, by the program itself or by those it was forked from. */
  at(space: Space, address: bigint): Segment | undefined {
    const here = this.attached.get(space)?.get(address);
    if (here !== undefined) return here;
    const row = space.rows.find(
      (candidate) => candidate.start === Number(address) && candidate.offset === 0 && isSegmentRow(candidate),
    );
    if (row !== undefined)
      return { id: row.inode, key: parseInt(row.name.slice('/SYSV'.length), 16), size: row.end - row.start };
    return space.parent === undefined ? undefined : this.at(space.parent, address);
  }
}
