/** The end of a space, beside the OOM reaper and beside who looks for frames. */
import { added, group, instead, type Removal, without } from '../removal';

export const exit: readonly Removal[] = [
  ...group(
    {
      rows: ['a fault brought zeros into a space that the OOM reaper had emptied'],
      tests: ['races.exit_against_reap'],
    },
    [
      {
        what: 'a fault does not look whether its space is being reaped',
        edits: [
          instead(
            'fault/handle.c',
            `if (unlikely(atomic_load_relaxed(&f->mm->unstable))) return give_back(f, result)`,
            `(void)give_back`,
          ),
        ],
      },
      {
        what: 'a fault looks whether its space is being reaped before its page is there, and not after',
        edits: [
          instead(
            'fault/handle.c',
            `atomic_fence_after_update();
             /* pair [reaped]: a page that has come, and the flag */
             if (unlikely(atomic_load_relaxed(&f->mm->unstable))) return give_back(f, result);`,
            `(void)give_back;`,
          ),
          added('fault/handle.c', `if (unlikely(atomic_load_relaxed(&f->mm->unstable))) return VMALOCK_FAULT_SIGBUS;`, {
            before: `do result`,
          }),
        ],
      },
      {
        what: 'a fault in a reaped space gives back one page of a huge one',
        edits: [
          instead(
            'fault/handle.c',
            `max_u64(pt_huge_down(f->addr), vma_start(f->vma));
             uint64_t end = min_u64(pt_huge_down(f->addr) + PT_HUGE_SIZE, vma_end(f->vma));`,
            `page_down(f->addr); uint64_t end = start + PAGE_SIZE;`,
          ),
        ],
      },
      {
        what: 'the reaper says so when it is done',
        edits: [
          without('ops/exit.c', `atomic_store_relaxed(&mm->unstable, 1);`),
          added('ops/exit.c', `atomic_store_relaxed(&mm->unstable, 1);`, { before: `mmap_read_unlock(mm); return 0;` }),
        ],
      },
      {
        what: 'a fault in a reaped space gives back pages that are shared',
        edits: [without('fault/handle.c', `vma_flags(f->vma) & VM_SHARED) || (`)],
      },
      {
        what: 'the reaper does not hold mmap_lock',
        edits: [
          without('ops/exit.c', `if (!mmap_read_trylock(mm)) return -EAGAIN;`),
          without('ops/exit.c', `mmap_read_unlock(mm);`, { before: `return 0;` }),
        ],
      },
    ],
  ),
  ...group({ rows: ['exit freed page tables under the OOM reaper'], tests: ['races.exit_against_reap'] }, [
    {
      what: 'exit frees tables before it has mmap_lock for writing',
      edits: [
        added('ops/exit.c', `pt_free_tables(&mm->pt, 0, MM_TASK_SIZE + PAGE_SIZE);`, {
          before: `mmap_write_lock(mm);`,
        }),
      ],
    },
    {
      what: 'exit leaves pages behind',
      edits: [instead('ops/unmap.c', `0); unmap_pages(mm, &u);`, `0);`)],
    },
  ]),
];
