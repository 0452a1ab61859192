/** The lock of one VMA, and the end of a section that unlocks them all. */
import { added, group, instead, type Removal, swapped, without } from '../removal';

export const lock: readonly Removal[] = [
  ...group({ rows: ['patch 5'], tests: ['vma.lock'] }, [
    {
      what: 'a reader does not compare the sequences',
      edits: [
        instead(
          'vma/lock.h',
          `if (unlikely(atomic_load_relaxed(&vma->lock_seq) == atomic_load_acquire(&domain->seq))) {
           sync_rwlock_unlock(&vma->lock);
           return VMA_READ_BUSY; }`,
          `(void)domain;`,
        ),
      ],
    },
    {
      what: 'the writer does not wait for the readers inside',
      edits: [
        without('vma/lock.c', `sync_rwlock_write(&vma->lock);`),
        added('vma/lock.c', `if (!waited)`, { before: `sync_rwlock_unlock(&vma->lock);` }),
      ],
    },
    {
      what: 'the writer leaves no mark for readers',
      edits: [without('vma/lock.c', `atomic_store_relaxed(&vma->lock_seq, domain->section & LOCK_SEQ_MASK);`)],
    },
    {
      what: 'the writer leaves no mark for itself',
      edits: [without('vma/lock.c', `vma->lock_section = domain->section;`)],
    },
    {
      what: 'the writer marks the VMA after it has let go of its lock',
      edits: [
        without('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`),
        added('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`, { before: `syncpoint("vma-marks");` }),
      ],
    },
    {
      what: 'the end of a section unlocks no VMA',
      edits: [without('locks/domain.h', `atomic_store_release(&d->seq, d->section & LOCK_SEQ_MASK);`)],
    },
    {
      what: 'a downgrade unlocks no VMA',
      edits: [without('mm/mmap_lock.h', `domain_write_unlock_all(&mm->domain);`, { before: `rwsem_downgrade` })],
      tests: ['races.fault_against_map'],
    },
    {
      what: 'the end of a section lets go of mmap_lock before it unlocks the VMAs',
      edits: [
        swapped(
          'mm/mmap_lock.h',
          `domain_write_unlock_all(&mm->domain);`,
          `rwsem_write_unlock(&mm->domain.mmap_lock, mm->domain.rank);`,
        ),
      ],
      tests: ['policy.policy'],
    },
    {
      what: 'a reader that finds the VMA busy keeps its lock',
      edits: [without('vma/lock.h', `sync_rwlock_unlock(&vma->lock);`, { before: `return VMA_READ_BUSY;` })],
    },
    {
      what: 'a reader that finds another VMA keeps its lock',
      edits: [without('vma/lock.h', `sync_rwlock_unlock(&vma->lock);`, { before: `return VMA_READ_MISS;` })],
    },
  ]),
  ...group({ rows: ['patch 12', 'F2'], tests: ['races.fault_against_remap'] }, [
    {
      what: 'a VMA is born unlocked',
      edits: [instead('vma/vma.c', `domain->section &`, `(domain->section - 1) &`)],
    },
  ]),
];
