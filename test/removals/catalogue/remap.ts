/** mremap, and the growth of stacks. */
import { added, group, instead, type Removal, swapped, without } from '../removal';

export const remap: readonly Removal[] = [
  ...group({ rows: ['patch 12'], tests: ['races.fault_against_remap'] }, [
    {
      what: 'mremap does not lock what it moves',
      edits: [without('ops/remap_move.c', `mm_vma_write_lock(mm, r->vma);`)],
    },
    {
      what: 'mremap waits for no fault inside what it moves',
      edits: [
        instead('ops/remap_move.c', `mm_vma_write_lock(mm, r->vma)`, `r->vma->lock_section = mm->domain.section`),
      ],
    },
    {
      what: 'mremap marks what it moves for faults and waits for none',
      edits: [
        instead(
          'ops/remap_move.c',
          `mm_vma_write_lock(mm, r->vma);`,
          `r->vma->lock_section = mm->domain.section;
           atomic_store_relaxed(&r->vma->lock_seq, mm->domain.section & LOCK_SEQ_MASK);`,
        ),
      ],
    },
    {
      what: 'growth in place does not lock',
      edits: [without('ops/remap.c', `mm_vma_write_lock(r->mm, vma);`)],
    },
    {
      what: 'growth in place waits for no fault inside',
      edits: [instead('ops/remap.c', `mm_vma_write_lock(r->mm, vma)`, `vma->lock_section = r->mm->domain.section`)],
    },
  ]),
  ...group({ rows: ['F4', 'L11'], tests: ['races.fault_against_map'] }, [
    {
      what: 'a stack grows without the lock of its VMA',
      edits: [without('ops/grow.c', `mm_vma_write_lock(mm, vma);`)],
    },
    {
      what: 'a stack grows and waits for no fault inside',
      rows: ['F4'],
      edits: [instead('ops/grow.c', `mm_vma_write_lock(mm, vma)`, `vma->lock_section = mm->domain.section`)],
    },
    {
      what: 'a stack grows with mmap_lock for reading',
      rows: ['L11'],
      edits: [
        without('fault/fault.c', `mmap_read_unlock(mm); syncpoint("fault-lets-go-to-grow"); mmap_write_lock(mm);`),
        instead('fault/fault.c', `mmap_write_unlock`, `mmap_read_unlock`),
        without('fault/fault.c', `mmap_write_downgrade(mm);`),
        instead('fault/fault.c', `mmap_downgraded_unlock`, `mmap_read_unlock`),
      ],
    },
    {
      what: 'a stack is looked for before mmap_lock is let go, and not again',
      edits: [
        swapped(
          'fault/fault.c',
          `mmap_read_unlock(mm); syncpoint("fault-lets-go-to-grow"); mmap_write_lock(mm);`,
          `vma = mm_find(mm, addr);`,
        ),
      ],
    },
  ]),
  ...group({ rows: ['F7'], tests: ['races.fault_against_map'] }, [
    {
      what: 'mprotect takes rights from pages before it has the lock',
      edits: [
        added(
          'ops/protect.c',
          `&& (old & VM_WRITE) && !(new & VM_WRITE)) pt_write_protect(&mm->pt, start, end); if (!err`,
          { before: `) err = vma_modify` },
        ),
        without('ops/protect.c', `if ((old & VM_WRITE) && !(new &VM_WRITE)) pt_write_protect(&mm->pt, start, end);`),
      ],
    },
    {
      what: 'mprotect leaves pages writable',
      edits: [without('ops/protect.c', `pt_write_protect(&mm->pt, start, end)`)],
    },
  ]),
];
