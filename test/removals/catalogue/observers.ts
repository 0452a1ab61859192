/** Observers of translations come and go when no fault and no truncation is under way. */
import { group, instead, type Removal, without } from '../removal';

export const observers: readonly Removal[] = [
  ...group({ rows: ['patch 17'], tests: ['races.fault_against_observer'] }, [
    {
      what: 'an observer comes without the lock of any VMA',
      edits: [without('ops/observe.c', `mm_lock_all_vmas(mm);`)],
    },
    {
      what: 'locking all VMAs locks none',
      edits: [without('policy/policy.c', `mm_vma_write_lock(mm, entry.value)`)],
    },
    {
      what: 'locking all VMAs locks the first',
      edits: [instead('policy/policy.c', `for (; more; more = index_cursor_next(&cursor, &entry))`, `if (more)`)],
    },
    {
      what: 'an observer comes without the lock of observers',
      edits: [without('ops/observe.c', `mm_observers_lock(mm);`), without('ops/observe.c', `mm_observers_unlock(mm);`)],
    },
    {
      what: 'a truncation does not hold the lock of observers',
      edits: [
        without('ops/truncate.c', `mm_observers_lock(mm);`),
        without('ops/truncate.c', `mm_observers_unlock(mm);`),
      ],
    },
    {
      what: 'a writeback does not hold the lock of observers',
      edits: [
        without('ops/writeback.c', `mm_observers_lock(mm);`),
        without('ops/writeback.c', `mm_observers_unlock(mm);`),
      ],
    },
    {
      what: 'an observer goes while others are being told',
      edits: [
        instead(
          'ops/observe.c',
          `shut_out_all(mm); list_remove(&observation->node); let_in_all`,
          `mmap_write_lock(mm); list_remove(&observation->node); mmap_write_unlock`,
        ),
      ],
    },
    {
      what: 'a space ends without the lock of its observers',
      edits: [without('mm/observer.c', `mm_observers_lock(mm);`), without('mm/observer.c', `mm_observers_unlock(mm);`)],
    },
    {
      what: 'an observer comes without mmap_lock',
      edits: [
        without('ops/observe.c', `mmap_write_lock(mm); mm_lock_all_vmas(mm);`),
        without('ops/observe.c', `mmap_write_unlock(mm);`),
      ],
    },
  ]),
];
