/** What a fault may do under the lock of its VMA, and what it must know before. */
import { added, group, instead, type Removal, without } from '../removal';

export const faults: readonly Removal[] = [
  ...group({ rows: ['patch 18'], tests: ['policy.policy'] }, [
    {
      what: 'a handler does not know that it runs under the lock of a VMA',
      edits: [instead('fault/fault.c', `FAULT_FLAG_VMA_LOCK`, `0`)],
    },
    {
      what: 'a fault makes an anon without mmap_lock',
      rows: ['patch 18', 'F13'],
      edits: [
        instead(
          'fault/handle.c',
          `(f->mm->era < VMALOCK_FAULTS_LINUX_6_10 || !mmap_read_trylock(f->mm))`,
          `f->mm->era < VMALOCK_FAULTS_LINUX_6_10`,
        ),
        without('fault/handle.c', `if (vma_lock) mmap_read_unlock(f->mm);`),
      ],
      tests: ['fault.races'],
    },
    {
      what: 'a fault before 6.10 tries for mmap_lock to make an anon',
      edits: [without('fault/handle.c', `f->mm->era < VMALOCK_FAULTS_LINUX_6_10 ||`)],
    },
    {
      what: 'a fault waits for mmap_lock while it holds its VMA',
      rows: ['patch 18', 'D1'],
      edits: [
        instead(
          'fault/handle.c',
          `(f->mm->era < VMALOCK_FAULTS_LINUX_6_10 || !mmap_read_trylock(f->mm))`,
          `f->mm->era >= VMALOCK_FAULTS_LINUX_6_10) mmap_read_lock(f->mm); else if (vma_lock`,
        ),
      ],
      tests: ['stress.everything'],
    },
    {
      what: 'a fault of a file before 6.7 is served under the lock of its VMA',
      edits: [
        instead(
          'fault/file.c',
          `return (f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_7;`,
          `(void)f; return false;`,
        ),
      ],
      tests: ['fault.file'],
    },
    {
      what: 'a store to a page of a file before 6.7 is served under the lock of its VMA',
      edits: [
        instead('fault/cow.c', `(f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_7`, `false`),
      ],
      tests: ['fault.file'],
    },
    {
      what: "a store to the private copy of a file's page is sent back before 6.7",
      edits: [without('fault/cow.c', `&& pte_kind(f->pte) != PTE_ANON`)],
      tests: ['policy.policy', 'fault.cow', 'fault.file'],
    },
    {
      what: 'a fault does not say that it was sent back',
      edits: [without('fault/fault.c', `*retried = VMALOCK_FAULT_RETRIED;`)],
      tests: ['races.fault_against_map'],
    },
    {
      what: 'a fault does not say that the lock of the VMA was enough',
      edits: [without('fault/fault.c', `| VMALOCK_FAULT_VMA_LOCK`)],
    },
  ]),
  ...group({ rows: ['F11'], tests: ['races.fault_against_map'] }, [
    {
      what: 'a handler before 6.10 does not ask again for the anon',
      edits: [
        added(
          'fault/handle.c',
          `if ((f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_10) return 0;`,
          { before: `return likely` },
        ),
      ],
    },
    {
      what: 'a fault makes an anon though another was faster',
      rows: ['F13'],
      edits: [without('mm/anon.c', `if (vma_anon(vma)) return 0;`)],
      tests: ['fault.races'],
    },
  ]),
  ...group({ rows: ['F13'], tests: ['fault.races'] }, [
    {
      what: 'two faults make an anon at a time',
      edits: [
        without('mm/anon.c', `sync_mutex_lock(&mm->anon_lock);`),
        without('mm/anon.c', `sync_mutex_unlock(&mm->anon_lock);`),
      ],
      times: 3,
    },
  ]),
  ...group({ rows: ['F16'], tests: ['fault.races'] }, [
    {
      what: 'a fault that looks again forgets that it was a major one',
      edits: [instead('fault/handle.c', `result = handle_once(f);`, `{ f->major = 0; result = handle_once(f); }`)],
    },
    {
      what: 'no fault that looks again is a major one',
      edits: [without('fault/handle.c', `result |= f->major`)],
    },
  ]),
];
