/** Pages that are out. */
import { group, instead, type Removal, without } from '../removal';

export const swap: readonly Removal[] = [
  ...group({ rows: ['patch 19', 'F14'], tests: ['fault.swap'] }, [
    {
      what: 'a page comes back under the lock of its VMA in any era',
      edits: [
        instead(
          'fault/swap.c',
          `return (f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_6;`,
          `(void)f; return false;`,
        ),
      ],
    },
    {
      what: 'no page comes back under the lock of its VMA',
      edits: [without('fault/swap.c', `&& f->mm->era < VMALOCK_FAULTS_LINUX_6_6`)],
    },
    {
      what: 'a fault does not hold the slot that it reads',
      rows: ['patch 19'],
      edits: [
        without('fault/swap.c', `swap_get(frames, slot);`),
        instead('fault/swap.c', `swap_put(frames, slot); /* the pin */`, `/* the pin */`),
      ],
    },
    {
      what: 'a fault does not look whether its page is still out before it reads',
      rows: ['patch 19'],
      edits: [
        instead(
          'fault/swap.c',
          `if (unlikely(!fault_lock_entry(f))) return FAULT_CHANGED`,
          `spinlock_lock(f->slot.lock, RANK_TABLE)`,
        ),
      ],
    },
    {
      what: 'a fault does not look whether its page is still out when it has read',
      rows: ['patch 19', 'F19'],
      edits: [
        instead(
          'fault/swap.c',
          `if (unlikely(!fault_lock_entry(f))) { frame_put(frames, frame); return FAULT_CHANGED; }`,
          `spinlock_lock(f->slot.lock, RANK_TABLE);`,
        ),
      ],
    },
  ]),
];
