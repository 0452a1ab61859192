/** UFFDIO_MOVE: everything is looked at under the locks of both tables. */
import { group, instead, type Removal, without } from '../removal';

export const move: readonly Removal[] = [
  ...group({ rows: ['F19'], tests: ['races.move'] }, [
    {
      what: 'a move looks at its page before it has the tables',
      edits: [
        instead(
          'pt/uffd_move.c',
          `syncpoint("uffd-moves"); table_lock_both(from, to);`,
          `table_lock_both(from, to);
           {
           uint64_t p = atomic_load_relaxed(&from->entry[table_index(0, m->from)]);
           table_unlock_both(from, to);
           syncpoint("uffd-moves");
           table_lock_both(from, to);
           saved = p; }`,
        ),
        instead('pt/uffd_move.c', `atomic_load_relaxed(source)`, `saved`),
        instead('pt/uffd_move.c', `/* Context: both tables' locks. */`, `static uint64_t saved;`),
      ],
    },
    {
      what: 'a move does not look whether its new place is free',
      edits: [without('pt/uffd_move.c', `if (atomic_load_relaxed(target)) return -EEXIST;`)],
    },
    {
      what: 'a move does not look whether a huge page stands for a table',
      edits: [instead('pt/uffd_move.c', `if (!table_is_away(from) && !table_is_away(to))`, `err = 0;`)],
    },
    {
      what: 'a move does not look whether a huge page stands for the old table',
      edits: [without('pt/uffd_move.c', `!table_is_away(from) &&`)],
    },
    {
      what: 'a move takes a page that others have, too',
      edits: [without('pt/uffd_move.c', `if (is_shared(pt, pte)) return -EBUSY;`, { after: `return -EFAULT;` })],
      tests: ['fault.userfault_move'],
    },
    {
      what: 'a move does not look whether the huge page is still there',
      edits: [without('pt/huge_range.c', `huge_entry(&source) == pte &&`)],
    },
    {
      what: 'a move puts a huge page where a table has pages',
      edits: [instead('pt/huge_range.c', `table_is_vacant(table)`, `true`)],
    },
    {
      what: 'a huge page moves without the locks of the tables it replaces',
      edits: [
        without('pt/huge_range.c', `table_lock_both(away, table);`),
        without('pt/huge_range.c', `table_unlock_both(away, table);`),
      ],
      tests: ['fault.userfault_move'],
    },
    {
      what: 'a move does not lock the old table',
      edits: [
        instead('pt/uffd_move.c', `table_lock_both(from, to);`, `table_lock(to);`),
        instead('pt/uffd_move.c', `table_unlock_both(from, to);`, `table_unlock(to);`),
      ],
    },
    {
      what: 'a move does not lock the new table',
      edits: [
        instead('pt/uffd_move.c', `table_lock_both(from, to)`, `table_lock(from)`),
        instead('pt/uffd_move.c', `table_unlock_both(from, to)`, `table_unlock(from)`),
      ],
    },
    {
      what: 'a huge page moves without the locks of the tables above',
      edits: [
        without('pt/huge_range.c', `lock_upper_both(source.upper, target.upper);`, { after: `;` }),
        without('pt/huge_range.c', `unlock_upper_both(source.upper, target.upper);`),
      ],
      tests: ['fault.userfault_move'],
    },
    {
      what: 'a move locks its two tables in the order of their places',
      edits: [
        instead(
          'pt/table.c',
          `(uintptr_t)a < (uintptr_t)b ? a : b);
           if (a != b) table_lock((uintptr_t)a < (uintptr_t)b ? b : a`,
          `a); if (a != b) table_lock(b`,
        ),
      ],
    },
    {
      what: 'a fault that took a frame does not look whether its entry is still empty',
      edits: [
        instead(
          'fault/handle.c',
          `if (unlikely(!fault_lock_entry(f))) {
           frame_put(f->mm->pt.frames, frame);
           return FAULT_CHANGED; }`,
          `spinlock_lock(f->slot.lock, RANK_TABLE);`,
        ),
      ],
    },
  ]),
];
