/** fork, and how its child comes to be seen. */
import { added, group, instead, type Removal, swapped, without } from '../removal';

export const fork: readonly Removal[] = [
  ...group({ rows: ['patch 7', 'F1'], tests: ['races.fault_against_fork'] }, [
    {
      what: 'fork does not lock what it copies',
      edits: [without('ops/fork.c', `mm_vma_write_lock(parent, vma);`)],
    },
    {
      what: 'fork locks a VMA when it has copied it',
      edits: [
        without('ops/fork.c', `mm_vma_write_lock(parent, vma);`),
        added('ops/fork.c', `mm_vma_write_lock(parent, vma);`, { after: `, copies);` }),
      ],
    },
    {
      what: 'fork does not wait for the faults inside what it copies',
      edits: [
        instead(
          'ops/fork.c',
          `mm_vma_write_lock(parent, vma);`,
          `vma->lock_section = vma->domain->section;
           atomic_store_relaxed(&vma->lock_seq, vma->domain->section & LOCK_SEQ_MASK);`,
        ),
      ],
    },
    {
      what: 'fork does not lock VMAs that the child does not get',
      edits: [
        swapped(
          'ops/fork.c',
          `mm_vma_write_lock(parent, vma); syncpoint("fork-locked-vma");`,
          `if (vma_flags(vma) & VM_DONTCOPY) continue;`,
        ),
      ],
    },
    {
      what: 'fork does not lock mappings of files',
      edits: [added('ops/fork.c', `if (!vma->file)`, { before: `mm_vma_write_lock` })],
    },
    {
      what: 'fork does not lock VMAs without an anon',
      edits: [added('ops/fork.c', `if (vma_anon(vma))`, { before: `mm_vma_write_lock` })],
    },
  ]),
  ...group({ rows: ['L13'], tests: ['races.pressure'] }, [
    {
      what: 'a child joins the pool when it is made',
      edits: [
        without('ops/fork.c', `if (!err) mm_join_pool(child);`),
        added('ops/fork.c', `mm_join_pool(child);`, { before: `mmap_write_lock(parent);` }),
      ],
    },
    {
      what: 'a child does not join the pool',
      edits: [without('ops/fork.c', `if (!err) mm_join_pool(child);`)],
    },
    {
      what: 'who looks for frames brings a space back to life',
      edits: [
        instead('mm/reclaim.c', `if (!refcount_get_unless_zero(&next->refs)) next = NULL`, `refcount_get(&next->refs)`),
      ],
    },
    {
      what: 'who looks for frames does not hold the space it looks into',
      edits: [
        without('mm/reclaim.c', `if (!refcount_get_unless_zero(&next->refs)) next = NULL;`),
        instead('mm/reclaim.c', `mm_put(victim); } }`, `} }`),
        without('mm/reclaim.c', `mm_put(victim);`, { before: `} return next;` }),
      ],
    },
    {
      what: 'pages are taken from a space without its mmap_lock',
      edits: [without('mm/reclaim.c', `mmap_read_lock(mm);`), without('mm/reclaim.c', `mmap_read_unlock(mm);`)],
    },
    {
      what: 'a space that ends stays in the pool',
      edits: [without('mm/mm.c', `mm_leave_pool(mm);`)],
    },
  ]),
];
