/**
 * What a userfaultfd tells: faults that it is to resolve, and changes of the memory that is registered with it.
 */
import { type Access, ACCESSES } from './fault-result';
import { type Handle, native } from './internal/native';
import { array, choice } from './internal/options';
import type { Userfaultfd } from './userfaultfd';

const { constants } = native;

/** One fault that a userfaultfd is to resolve. */
export interface UserfaultFault {
  /** `missing`: no page is there; `wp`: a write to a protected one; `minor`: the file has it, the mapping has not seen it. */
  kind: 'missing' | 'wp' | 'minor';
  /** Bytes: the start of the page, or with `exactAddress` where the access was. */
  address: number;
  access: Access;
  /** With the option `threadId`: whose access it is, as `threadId` of `node:worker_threads`; 0 is the main thread. */
  threadId?: number;
}

/** The space has a child, and what was registered is so in the child, too: with a userfaultfd of its own. */
export interface UserfaultFork {
  kind: 'fork';
  /**
   * Of the child, with the same options. Who reads the event closes it; it keeps the child's memory. Of a fork that nobody reads of it ends with
   * the parent's userfaultfd.
   */
  uffd: Userfaultfd<UserfaultChange>;
}

/** Registered memory has moved, and is registered where it is now. */
export interface UserfaultRemap {
  kind: 'remap';
  /** bytes */
  from: number;
  to: number;
  length: number;
}

/** Pages of registered memory go, by madvise, and faults there are told anew. Told before they go. */
export interface UserfaultRemove {
  kind: 'remove';
  /** bytes; the end is not in the range */
  start: number;
  end: number;
}

/** Registered memory is mapped no more, or something else is: by munmap, mmap over it, mremap or brk. */
export interface UserfaultUnmap {
  kind: 'unmap';
  /** Bytes, as the call named them; the end is not in the range. Parts of it may be none of this userfaultfd. */
  start: number;
  end: number;
}

/** Changes of registered memory, by their names in the option `events`. */
export interface UserfaultChanges {
  fork: UserfaultFork;
  remap: UserfaultRemap;
  remove: UserfaultRemove;
  unmap: UserfaultUnmap;
}

/** A change that can be told beside faults. */
export type UserfaultChange = keyof UserfaultChanges;

/** A fault, or one of the changes `C` that the option `events` asked for; `kind` tells them apart. */
export type UserfaultEvent<C extends UserfaultChange = never> = UserfaultFault | UserfaultChanges[C];

/** As native code numbers them. */
const KINDS = ['missing', 'wp', 'minor', 'fork', 'remap', 'remove', 'unmap'] as const;

const FEATURES: Readonly<Record<UserfaultChange, number>> = {
  fork: constants.UFFD_FEATURE_EVENT_FORK,
  remap: constants.UFFD_FEATURE_EVENT_REMAP,
  remove: constants.UFFD_FEATURE_EVENT_REMOVE,
  unmap: constants.UFFD_FEATURE_EVENT_UNMAP,
};

/** @internal UFFD_FEATURE_ bits. */
export function changeFeatures(events: readonly UserfaultChange[] = []): number {
  const words = Object.keys(FEATURES);
  let features = 0;
  for (const event of array('events', events)) {
    choice('events', event, words);
    features |= FEATURES[event];
  }
  return features;
}

/** @internal How many numbers native code tells an event by. */
export const EVENT_NUMBERS = 8;

/** @internal `features`: of the userfaultfd; `adopt` makes one of a handle. */
export function readEvent(
  told: Float64Array,
  features: number,
  adopt: (handle: Handle) => Userfaultfd<UserfaultChange>,
): UserfaultEvent<UserfaultChange> {
  const [number = 0, address = 0, access = 0, threadId = 0, start = 0, end = 0, to = 0, handle = 0] = told;
  const kind = KINDS[number] ?? 'missing';
  switch (kind) {
    case 'fork':
      return { kind, uffd: adopt(handle) };
    case 'remap':
      return { kind, from: start, to, length: end - start };
    case 'remove':
    case 'unmap':
      return { kind, start, end };
    default: {
      const whose = features & constants.UFFD_FEATURE_THREAD_ID ? { threadId } : {};
      return { kind, address, access: ACCESSES[access] ?? 'read', ...whose };
    }
  }
}
