/**
 * What an address space must look like to its program, without mappings, trees, tables, frames or locks: one record a
 * page, in a plain array.
 */

export type Protection = 'rw' | 'r' | 'none';

/** The memory behind a shared mapping or a file: one byte stands for each of its pages. */
export type Backing = number[];

export interface Page {
  prot: Protection;
  shared: boolean;
  backing?: Backing;
  /** which page of the backing */
  index: number;
  /** what was written to a private page; without it the backing shows through */
  own?: number;
}

/** How a call ends: 'ok', or the code of its error. */
export type Outcome = string;

export class PageModel {
  constructor(readonly pages: (Page | undefined)[]) {}

  static ofSize(count: number): PageModel {
    return new PageModel(new Array<Page | undefined>(count).fill(undefined));
  }

  map(first: number, count: number, page: Omit<Page, 'index'>, index: number, replace: boolean): Outcome {
    if (!replace && this.range(first, count).some((old) => old !== undefined)) return 'EEXIST';
    for (let n = 0; n < count; n++) this.pages[first + n] = { ...page, index: index + n };
    return 'ok';
  }

  unmap(first: number, count: number): Outcome {
    this.pages.fill(undefined, first, first + count);
    return 'ok';
  }

  /** Stops at a hole; what lies before it has changed. */
  protect(first: number, count: number, prot: Protection): Outcome {
    for (const page of this.range(first, count)) {
      if (page === undefined) return 'ENOMEM';
      page.prot = prot;
    }
    return 'ok';
  }

  /** Goes on behind a hole, and tells of it at the end. */
  dontNeed(first: number, count: number): Outcome {
    const range = this.range(first, count);
    for (const page of range) if (page && !page.shared) delete page.own;
    return range.includes(undefined) ? 'ENOMEM' : 'ok';
  }

  move(from: number, count: number, to: number): Outcome {
    const moved = this.range(from, count);
    this.unmap(from, count);
    this.pages.splice(to, count, ...moved);
    return 'ok';
  }

  /** Where a mapping ends, too, is a border already. */
  split(at: number): Outcome {
    return this.pages[at] !== undefined || this.pages[at - 1] !== undefined ? 'ok' : 'EFAULT';
  }

  isMapped(first: number, count: number): boolean {
    return !this.range(first, count).includes(undefined);
  }

  /** The byte, or the signal's code. */
  read(at: number): number | Outcome {
    const page = this.pages[at];
    if (page === undefined) return 'SEGV_MAPERR';
    if (page.prot === 'none') return 'SEGV_ACCERR';
    return page.own ?? page.backing?.[page.index] ?? 0;
  }

  write(at: number, value: number): Outcome {
    const page = this.pages[at];
    if (page === undefined) return 'SEGV_MAPERR';
    if (page.prot !== 'rw') return 'SEGV_ACCERR';
    if (page.shared && page.backing) page.backing[page.index] = value;
    else page.own = value;
    return 'ok';
  }

  /** Private pages go separate ways from here; backings stay common. */
  fork(): PageModel {
    return new PageModel(this.pages.map((page) => page && { ...page }));
  }

  /** `rw- r-- ---`, with s for shared and dots for holes: to compare. */
  picture(): string {
    return this.pages.map((page) => (page ? `${page.prot}${page.shared ? 's' : 'p'}` : '.')).join(' ');
  }

  private range(first: number, count: number): (Page | undefined)[] {
    return this.pages.slice(first, first + count);
  }
}
