/**
 * The protocol's operations on userfaultfds: `uffd-register OFF LEN MODES [1 to 4]` and its kin.
 *
 * There are four. An access that would make an event gives SIGBUS, so that nobody has to wait; the second one protects private
 * anonymous memory where no page is, too; of the third a write lifts the protection; the fourth is told of changes.
 */
import type { AddressSpace } from '../address-space';
import { VmalockError } from '../errors';
import type { UserfaultChange, UserfaultEvent } from '../userfault-event';
import type { Userfaultfd } from '../userfaultfd';

/** The oracle's buffer. */
const MOST_COPIED = 64 * 4096;

/** The one that is told of changes. */
const OF_CHANGES = 4;

/** Answers in the oracle's words, or undefined for an operation that is none. */
export class UserfaultOperations {
  private readonly open = new Map<number, Userfaultfd<UserfaultChange>>();
  /** What has been told and nobody has asked for yet, in the oracle's words. */
  private told = '';

  /** `start`: of the window, whose pages are numbered. */
  constructor(
    private readonly space: AddressSpace,
    private readonly start: number,
  ) {}

  /**
   * Reads of what the last operation has told: until then the next one would be refused.
   *
   * @returns the userfaultfds of children, which the caller closes
   */
  listen(): Userfaultfd<UserfaultChange>[] {
    const children: Userfaultfd<UserfaultChange>[] = [];
    const uffd = this.open.get(OF_CHANGES);
    for (let event = uffd?.read(); event !== undefined; event = uffd?.read()) {
      this.told += ` ${this.word(event)}`;
      if (event.kind === 'fork') children.push(event.uffd);
    }
    return children;
  }

  tell(): string {
    const answer = `told${this.told}\n`;
    this.told = '';
    return answer;
  }

  private word(event: UserfaultEvent<UserfaultChange>): string {
    const page = (address: number): number => (address - this.start) / this.space.pageSize;
    switch (event.kind) {
      case 'remap':
        return `remap:${page(event.from)}-${page(event.from + event.length)}:${page(event.to)}`;
      case 'remove':
      case 'unmap':
        return `${event.kind}:${page(event.start)}-${page(event.end)}`;
      default:
        return event.kind;
    }
  }

  /** @returns undefined when `word` names none */
  named(word: string | undefined): number | undefined {
    return word === undefined ? 1 : /^[1-4]$/.test(word) ? Number(word) : undefined;
  }

  run(operation: string, address: number, length: number, word: string, n: number): string | undefined {
    const uffd = this.opened(n);
    switch (operation) {
      case 'register':
        uffd.register(address, length, {
          missing: word.includes('m'),
          wp: word.includes('w'),
          minor: word.includes('i'),
        });
        return '0 ok\n';
      case 'unregister':
        uffd.unregister(address, length);
        return '0 ok\n';
      case 'copy':
      case 'copywp':
        if (length > MOST_COPIED) return 'X range\n';
        return this.filling(() => {
          const value = Number.parseInt(word, 10) || 0;
          uffd.copy(address, Buffer.alloc(length, value & 0xff), { wp: operation === 'copywp' });
        });
      case 'zeropage':
        return this.filling(() => uffd.zeropage(address, length));
      case 'poison':
        return this.filling(() => uffd.poison(address, length));
      case 'continue':
        return this.filling(() => uffd.continue(address, length, { wp: word === 'wp' }));
      case 'protect':
        uffd.writeProtect(address, length, word === 'on');
        return '0 ok\n';
      default:
        return undefined;
    }
  }

  move(to: number, from: number, length: number, holes: boolean, n: number): string {
    const uffd = this.opened(n);
    return this.filling(() => uffd.move(to, from, length, { allowHoles: holes }));
  }

  close(n: number): string {
    this.opened(n).close();
    this.open.delete(n);
    return '0 ok\n';
  }

  private opened(n: number): Userfaultfd<UserfaultChange> {
    const known = this.open.get(n);
    if (known) return known;
    const events: UserfaultChange[] = n === OF_CHANGES ? ['fork', 'remap', 'remove', 'unmap'] : [];
    const uffd = this.space.userfaultfd({ sigbus: true, wpUnpopulated: n === 2, wpAsync: n === 3, events });
    this.open.set(n, uffd);
    return uffd;
  }

  /** Where some pages came and the next could not, the answer says how many. */
  private filling(fill: () => void): string {
    try {
      fill();
    } catch (error) {
      if (!(error instanceof VmalockError) || error.code !== 'EAGAIN') throw error;
      return `-1 EAGAIN ${(error.done ?? 0) / this.space.pageSize}\n`;
    }
    return '0 ok\n';
  }
}
