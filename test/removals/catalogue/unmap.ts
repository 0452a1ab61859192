/** munmap: when locks are taken, VMAs leave and pages go. */
import { added, group, instead, type Removal, swapped, without } from '../removal';

export const unmap: readonly Removal[] = [
  ...group({ rows: ['patch 13'], tests: ['races.fault_against_map'] }, [
    {
      what: 'munmap does not downgrade',
      edits: [instead('ops/unmap.c', `err || !u.pages || u.neighbour_grows`, `1`)],
    },
    {
      what: 'munmap downgrades when its pages are gone',
      edits: [swapped('ops/unmap.c', `mmap_write_downgrade(mm);`, `unmap_pages(mm, &u);`)],
    },
    {
      what: 'munmap frees pages before the VMAs are out of the index',
      edits: [added('ops/unmap.c', `unmap_pages(mm, u);`, { before: `unmap_detach(mm, u);` })],
    },
    {
      what: 'a downgrade lets the next writer try',
      edits: [
        added('locks/rwsem.c', `sync_mutex_unlock(&s->gate);`, { before: `sync_rwlock_read(&s->lock); }` }),
        without('locks/rwsem.c', `sync_mutex_unlock(&s->gate);`, { after: `(s, rank);` }),
      ],
      tests: ['locks.rwsem'],
    },
    {
      what: 'munmap hands out VMAs when the next writer may come',
      edits: [swapped('ops/unmap.c', `unmap_finish(mm, &u);`, `mmap_downgraded_unlock(mm);`)],
    },
    {
      what: 'munmap frees pages when the next writer may come',
      edits: [swapped('ops/unmap.c', `unmap_pages(mm, &u);`, `unmap_finish(mm, &u); mmap_downgraded_unlock(mm);`)],
    },
  ]),
  ...group({ rows: ['patch 14'], tests: ['races.fault_against_unmap'] }, [
    {
      what: 'munmap does not lock a VMA that goes',
      edits: [without('ops/unmap.c', `mm_vma_write_lock(mm, vma);`, { before: `vma->rcu.next` })],
    },
    {
      what: 'munmap waits for no fault inside a VMA that goes',
      edits: [
        instead('ops/unmap.c', `mm_vma_write_lock(mm, vma);`, `vma->lock_section = mm->domain.section;`, {
          before: `vma->rcu.next`,
        }),
      ],
    },
    {
      what: 'munmap marks a VMA that goes for faults and waits for none',
      edits: [
        instead(
          'ops/unmap.c',
          `mm_vma_write_lock(mm, vma);`,
          `vma->lock_section = mm->domain.section;
           atomic_store_relaxed(&vma->lock_seq, mm->domain.section & LOCK_SEQ_MASK);`,
          { before: `vma->rcu.next` },
        ),
      ],
    },
    {
      what: 'munmap does not lock a VMA that loses an end',
      edits: [instead('ops/unmap.c', `int err; mm_vma_write_lock(mm, vma);`, `int err;`)],
    },
    {
      what: 'munmap waits for no fault inside a VMA that loses an end',
      edits: [
        instead(
          'ops/unmap.c',
          `int err; mm_vma_write_lock(mm, vma)`,
          `int err; vma->lock_section = mm->domain.section`,
        ),
      ],
    },
    {
      what: 'munmap marks a VMA that loses an end for faults and waits for none',
      edits: [
        instead(
          'ops/unmap.c',
          `int err; mm_vma_write_lock(mm, vma);`,
          `int err;
           vma->lock_section = mm->domain.section;
           atomic_store_relaxed(&vma->lock_seq, mm->domain.section & LOCK_SEQ_MASK);`,
        ),
      ],
    },
    {
      what: 'a detached VMA looks attached',
      edits: [without('vma/vma.c', `atomic_store_relaxed(&vma->attached, 0);`)],
    },
    {
      what: 'munmap does not detach',
      edits: [without('ops/unmap.c', `vma_detach(vma);`)],
    },
  ]),
  ...group({ rows: ['patch 15'], tests: ['races.fault_against_map'] }, [
    {
      what: 'munmap does not lock a stack that could grow into the hole',
      edits: [without('ops/unmap.c', `mm_vma_write_lock(mm, next);`)],
    },
    {
      what: 'munmap downgrades though a stack could grow into the hole',
      edits: [without('ops/unmap.c', `u->neighbour_grows = true;`)],
    },
    {
      what: 'munmap does not mind a stack above the hole',
      edits: [without('ops/unmap.c', `mm_vma_write_lock(mm, next); u->neighbour_grows = true;`)],
    },
    {
      what: 'munmap does not mind a stack above a VMA that loses its end',
      edits: [added('ops/unmap.c', `u->neighbour_grows = false;`, { after: `; look_around(mm, u);` })],
    },
    {
      what: 'munmap does not mind a stack above a VMA that goes',
      edits: [
        added('ops/unmap.c', `u->neighbour_grows = false;`, { after: `look_around(mm, u);`, before: `return 0;` }),
      ],
    },
    {
      what: 'munmap frees tables that the VMA before needs',
      edits: [instead('ops/unmap.c', `prev ? vma_end(prev) : 0;`, `0; (void)prev;`)],
    },
    {
      what: 'munmap frees tables that the VMA behind needs',
      edits: [without('ops/unmap.c', `next ? vma_start(next) :`)],
    },
  ]),
  ...group({ rows: ['L7'], tests: ['ops.out_of_memory'] }, [
    {
      what: 'munmap detaches before it has all memory it needs',
      edits: [
        swapped('ops/unmap.c', `err = index_reserve(&mm->vmas, 1); if (err) return err;`, `unmap_detach(mm, u);`),
      ],
    },
    {
      what: 'munmap cuts an end off before it has all memory it needs',
      edits: [
        swapped(
          'ops/unmap.c',
          `err = index_reserve(&mm->vmas, 1); if (err) return err;`,
          `pt_huge_split_inside(&mm->pt, head ? u->end : u->start);
           vma_set_range(vma, rest.start, rest.end, vma->pgoff + (head ? pages : 0));`,
        ),
      ],
    },
  ]),
];
