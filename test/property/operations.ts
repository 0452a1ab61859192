/**
 * Operations that fast-check makes up: each is done to the model and to the real thing, and both must end alike.
 */
import * as fc from 'fast-check';
import { AddressSpace, type PolicyName, SimFile, VmalockError } from '../../lib';
import { page, pages } from '../support/drawing';
import { type Backing, type Outcome, PageModel, type Protection } from './page-model';

export const COLUMNS = 16;
const FILE_PAGES = COLUMNS * 2;
const MOST_PROCESSES = 3;

/** A process: what it is, and what it should be. */
interface Process {
  real: AddressSpace;
  model: PageModel;
}

/** All processes of a run, and the file that they can map. */
export class World implements Disposable {
  readonly processes: Process[];
  readonly file = new SimFile({ length: pages(FILE_PAGES) });
  readonly fileModel: Backing = [];

  constructor(policy: PolicyName) {
    this.processes = [{ real: new AddressSpace({ policy }), model: PageModel.ofSize(COLUMNS) }];
  }

  /** Every invariant holds, and every process looks as it should. */
  check(): void {
    for (const { real, model } of this.processes) {
      real.validate();
      expect(pictureOf(real)).toBe(model.picture());
    }
  }

  /** Every byte that can be read is what it should be. */
  checkBytes(): void {
    for (const { real, model } of this.processes)
      for (let column = 0; column < COLUMNS; column++) expect(readOf(real, column)).toBe(model.read(column));
  }

  [Symbol.dispose](): void {
    for (const { real } of this.processes) real.close();
  }
}

function pictureOf(space: AddressSpace): string {
  const columns = Array.from({ length: COLUMNS }, (_, column) => space.find(page(column)));
  return columns.map((vma) => (vma ? `${vma.prot}${vma.shared ? 's' : 'p'}` : '.')).join(' ');
}

function outcomeOf(call: () => unknown): Outcome {
  try {
    call();
    return 'ok';
  } catch (error) {
    if (error instanceof VmalockError) return error.siCode ?? error.code;
    throw error;
  }
}

function readOf(space: AddressSpace, column: number): number | Outcome {
  let value: number | undefined;
  const outcome = outcomeOf(() => (value = space.read(page(column), 1)[0]));
  return value ?? outcome;
}

/** An operation on one process: what it does to both, and how it is told. */
abstract class Operation implements fc.Command<World, World> {
  constructor(private readonly who: number) {}

  check(world: Readonly<World>): boolean {
    return this.isPossible(this.processOf(world));
  }

  run(world: World): void {
    this.apply(this.processOf(world), world);
    world.check();
  }

  protected isPossible(_: Process): boolean {
    return true;
  }

  protected abstract apply(process: Process, world: World): void;

  abstract toString(): string;

  protected get subject(): string {
    return `#${this.who}`;
  }

  private processOf({ processes }: Readonly<World>): Process {
    const process = processes[this.who % processes.length];
    if (process === undefined) throw new Error('a world has a process');
    return process;
  }
}

type Kind = 'private' | 'shared' | 'private file' | 'shared file';

class Map extends Operation {
  constructor(
    who: number,
    private readonly range: Range,
    private readonly kind: Kind,
    private readonly prot: Protection,
    private readonly fixed: true | 'noreplace',
  ) {
    super(who);
  }

  protected apply({ real, model }: Process, world: World): void {
    const [first, count] = this.range;
    const shared = this.kind.startsWith('shared');
    const ofFile = this.kind.endsWith('file');
    const backing = ofFile ? world.fileModel : shared ? [] : undefined;
    const index = ofFile ? first : 0;
    const options = { prot: this.prot, shared, fixed: this.fixed, address: page(first), length: pages(count) };
    const fileOptions = ofFile ? { file: world.file, offset: pages(index) } : {};
    const wanted = model.map(
      first,
      count,
      { prot: this.prot, shared, ...(backing && { backing }) },
      index,
      this.fixed === true,
    );
    expect(outcomeOf(() => real.mmap({ ...options, ...fileOptions }))).toBe(wanted);
  }

  toString(): string {
    return `${this.subject} mmap ${this.range.join('+')} ${this.kind} ${this.prot} ${this.fixed}`;
  }
}

/** The operations on a range that differ only in the call. */
class OnRange extends Operation {
  constructor(
    who: number,
    private readonly range: Range,
    private readonly name: string,
    private readonly onModel: (model: PageModel, first: number, count: number) => Outcome,
    private readonly onReal: (space: AddressSpace, address: number, length: number) => void,
  ) {
    super(who);
  }

  protected apply({ real, model }: Process): void {
    const [first, count] = this.range;
    const wanted = this.onModel(model, first, count);
    expect(outcomeOf(() => this.onReal(real, page(first), pages(count)))).toBe(wanted);
  }

  toString(): string {
    return `${this.subject} ${this.name} ${this.range.join('+')}`;
  }
}

class Move extends Operation {
  constructor(
    who: number,
    private readonly range: Range,
    private readonly to: number,
  ) {
    super(who);
  }

  /** Linux refuses a place that overlaps; and a hole in the source is a matter of its own. */
  protected override isPossible({ model }: Process): boolean {
    const [from, count] = this.range;
    const isApart = this.to + count <= from || from + count <= this.to;
    return isApart && this.to + count <= COLUMNS && model.isMapped(from, count);
  }

  protected apply({ real, model }: Process): void {
    const [from, count] = this.range;
    const options = { mayMove: true, fixed: true, to: page(this.to) };
    const wanted = model.move(from, count, this.to);
    expect(outcomeOf(() => real.mremap(page(from), pages(count), pages(count), options))).toBe(wanted);
  }

  toString(): string {
    return `${this.subject} mremap ${this.range.join('+')} to ${this.to}`;
  }
}

class Split extends Operation {
  constructor(
    who: number,
    private readonly at: number,
  ) {
    super(who);
  }

  protected apply({ real, model }: Process): void {
    expect(outcomeOf(() => real.split(page(this.at)))).toBe(model.split(this.at));
  }

  toString(): string {
    return `${this.subject} split ${this.at}`;
  }
}

class Write extends Operation {
  constructor(
    who: number,
    private readonly at: number,
    private readonly value: number,
  ) {
    super(who);
  }

  protected apply({ real, model }: Process): void {
    const wanted = model.write(this.at, this.value);
    expect(outcomeOf(() => real.write(page(this.at), Uint8Array.of(this.value)))).toBe(wanted);
  }

  toString(): string {
    return `${this.subject} write ${this.at} = ${this.value}`;
  }
}

class Read extends Operation {
  constructor(
    who: number,
    private readonly at: number,
  ) {
    super(who);
  }

  protected apply({ real, model }: Process): void {
    expect(readOf(real, this.at)).toBe(model.read(this.at));
  }

  toString(): string {
    return `${this.subject} read ${this.at}`;
  }
}

class WriteFile extends Operation {
  constructor(
    private readonly at: number,
    private readonly value: number,
  ) {
    super(0);
  }

  protected apply(_: Process, { file, fileModel }: World): void {
    file.write(pages(this.at), Uint8Array.of(this.value));
    fileModel[this.at] = this.value;
  }

  toString(): string {
    return `file write ${this.at} = ${this.value}`;
  }
}

class Fork extends Operation {
  protected apply({ real, model }: Process, { processes }: World): void {
    if (processes.length === MOST_PROCESSES) processes.shift()?.real.close();
    // The eldest made room: when that was the one to fork, its end was all.
    if (!processes.some((process) => process.real === real)) return;
    processes.push({ real: real.fork(), model: model.fork() });
  }

  toString(): string {
    return `${this.subject} fork`;
  }
}

type Range = readonly [first: number, count: number];

const who = fc.nat({ max: MOST_PROCESSES - 1 });
const column = fc.nat({ max: COLUMNS - 1 });
const value = fc.integer({ min: 1, max: 255 });
const prot = fc.constantFrom<Protection>('rw', 'rw', 'rw', 'r', 'none');
const kind = fc.constantFrom<Kind>('private', 'private', 'private', 'shared', 'private file', 'shared file');
const fixed = fc.constantFrom<true | 'noreplace'>(true, true, 'noreplace');
const range: fc.Arbitrary<Range> = fc
  .tuple(column, fc.integer({ min: 1, max: 6 }))
  .map(([first, count]) => [first, Math.min(count, COLUMNS - first)] as const);

const unmap = fc.tuple(who, range).map(
  ([n, where]) =>
    new OnRange(
      n,
      where,
      'munmap',
      (model, first, count) => model.unmap(first, count),
      (space, address, length) => space.munmap(address, length),
    ),
);
const protect = fc.tuple(who, range, prot).map(
  ([n, where, letters]) =>
    new OnRange(
      n,
      where,
      `mprotect ${letters}`,
      (model, first, count) => model.protect(first, count, letters),
      (space, address, length) => space.mprotect(address, length, letters),
    ),
);
const dontNeed = fc.tuple(who, range).map(
  ([n, where]) =>
    new OnRange(
      n,
      where,
      'madvise dontneed',
      (model, first, count) => model.dontNeed(first, count),
      (space, address, length) => space.madvise(address, length, 'dontneed'),
    ),
);
const map = fc.tuple(who, range, kind, prot, fixed).map((args) => new Map(...args));

/** Sequences of operations; mmap and writes are likelier than the rest. */
export const operations = fc.commands(
  [
    map,
    map,
    unmap,
    protect,
    dontNeed,
    fc.tuple(who, range, column).map((args) => new Move(...args)),
    fc.tuple(who, column).map((args) => new Split(...args)),
    fc.tuple(who, column, value).map((args) => new Write(...args)),
    fc.tuple(who, column, value).map((args) => new Write(...args)),
    fc.tuple(who, column).map((args) => new Read(...args)),
    fc.tuple(fc.nat({ max: FILE_PAGES - 1 }), value).map((args) => new WriteFile(...args)),
    who.map((n) => new Fork(n)),
  ],
  { maxCommands: 80, size: 'max' },
);
