/** Huge pages: what becomes one, and what happens to one that is cut. */
import { added, group, instead, type Removal, swapped, without } from '../removal';

export const collapse: readonly Removal[] = [
  ...group({ rows: ['patch 8', 'F8'], tests: ['races.fault_against_collapse'] }, [
    {
      what: 'collapse does not lock the VMA',
      edits: [without('fault/collapse.c', `if (vma) mm_vma_write_lock(mm, vma);`)],
    },
    {
      what: 'collapse locks the VMA after its second look',
      edits: [
        instead(
          'fault/collapse.c',
          `if (vma) mm_vma_write_lock(mm, vma);
           syncpoint("collapse-locked");
           outcome = look_at(c, vma, addr, &look);
           if (outcome != COLLAPSED) return outcome;`,
          `syncpoint("collapse-locked");
           outcome = look_at(c, vma, addr, &look);
           if (outcome != COLLAPSED) return outcome;
           mm_vma_write_lock(mm, vma);`,
        ),
      ],
    },
    {
      what: 'collapse does not look again',
      edits: [
        instead(
          'fault/collapse.c',
          `outcome = look_at(c, vma, addr, &look); if (outcome != COLLAPSED) return outcome;`,
          `look = (struct pt_huge_look){ 0 }; outcome = COLLAPSED;`,
          { after: `syncpoint("collapse-locked");` },
        ),
      ],
    },
    {
      what: 'collapse does not look at the pages again',
      edits: [
        instead(
          'fault/collapse.c',
          `outcome = look_at(c, vma, addr, &look); if (outcome != COLLAPSED) return outcome;`,
          `if (!vma || !may_collapse(c, vma) || !thp_fits(vma, addr)) return ENDS_HERE;
           look = (struct pt_huge_look){
           0 };
           outcome = COLLAPSED;`,
          { after: `syncpoint("collapse-locked");` },
        ),
      ],
    },
    {
      what: 'collapse does not look at the VMA again',
      edits: [
        instead(
          'fault/collapse.c',
          `outcome = look_at(c, vma, addr`,
          `pt_huge_look(&mm->pt, addr, &look); outcome = judge(c, vma`,
          { after: `syncpoint("collapse-locked");` },
        ),
      ],
    },
    {
      what: 'collapse does not look whether pages have been swapped out meanwhile',
      edits: [
        without('fault/collapse.c', `if (look.swapped) /* gone again, since the lock was let go */ return UNFIT;`),
      ],
    },
  ]),
  ...group({ rows: ['F8'], tests: ['fault.races'] }, [
    {
      what: 'pages are dropped without the lock of their table',
      edits: [
        without('pt/range.c', `table_lock(span.table);`, {
          after: `end); } while (table_span_next(pt, &start, end, &span)) {`,
        }),
        without('pt/range.c', `table_unlock(span.table);`, { after: `change); }` }),
      ],
      times: 3,
    },
    {
      what: 'entries are changed without the lock of their table',
      edits: [
        without('pt/range.c', `table_lock(span.table);`, {
          after: `change); } while (table_span_next(pt, &start, end, &span)) {`,
        }),
        instead('pt/range.c', `table_unlock(span.table); } }`, `} }`, { after: `}` }),
      ],
      times: 3,
    },
    {
      what: 'a fault does not look whether its entry is still what it was',
      edits: [
        without('fault/handle.c', `likely(atomic_load_relaxed(f->slot.entry) == f->pte) &&`),
        added('fault/handle.c', ``, { after: `cuts))))` }),
      ],
      times: 2,
    },
  ]),
  ...group({ rows: ['F18'], tests: ['races.fault_against_huge'] }, [
    {
      what: 'a split of a VMA splits the huge page before it has the lock',
      edits: [
        added('ops/split.c', `pt_huge_split_inside(&mm->pt, addr);`, { before: `mm_vma_write_lock(mm, vma);` }),
        without('ops/split.c', `pt_huge_split_inside(&mm->pt, addr);`),
      ],
    },
    {
      what: 'munmap of an end splits the huge page before it has the lock',
      edits: [
        swapped(
          'ops/unmap.c',
          `mm_vma_write_lock(mm, vma); err = index_reserve(&mm->vmas, 1); if (err) return err;`,
          `pt_huge_split_inside(&mm->pt, head ? u->end : u->start);`,
        ),
      ],
    },
    {
      what: 'a split of a VMA leaves the huge page at its bound',
      edits: [without('ops/split.c', `pt_huge_split_inside(&mm->pt, addr);`)],
      tests: ['races.fault_against_huge', 'fault.huge', 'pt.huge'],
    },
    {
      what: 'munmap of an end leaves the huge page at its bound',
      edits: [without('ops/unmap.c', `pt_huge_split_inside(&mm->pt, head ? u->end : u->start);`)],
      tests: ['races.fault_against_huge', 'fault.huge', 'pt.huge'],
    },
    {
      what: 'a merge does not split the huge page at its bound',
      edits: [without('ops/merge.c', `if (!p->whole) pt_huge_split_inside(&mm->pt, p->left ? m->end : m->start);`)],
      tests: ['fault.huge'],
    },
    {
      what: 'a merge splits the huge page before it has the locks',
      edits: [
        without('ops/merge.c', `if (!p->whole) pt_huge_split_inside(&mm->pt, p->left ? m->end : m->start);`),
        added(
          'ops/merge.c',
          `if (start > vma_start(vma)) pt_huge_split_inside(&mm->pt, start);
           if (end < vma_end(vma)) pt_huge_split_inside(&mm->pt, end);`,
          { before: `mm_vma_write_lock(mm, vma);` },
        ),
      ],
    },
  ]),
  ...group({ rows: ['of two who drop the same 2 MiB'], tests: ['races.fault_against_huge'] }, [
    {
      what: 'a table is left vacant though a huge page stands in for it',
      edits: [without('pt/range.c', `&& !table_is_away(span.table)`)],
    },
    {
      what: 'a table is left vacant twice',
      edits: [without('pt/range.c', `table_is_vacant(span.table) && !`)],
    },
    {
      what: 'a table is left vacant though a page has come to it',
      edits: [without('pt/range.c', `!span.table->live &&`)],
    },
  ]),
];
