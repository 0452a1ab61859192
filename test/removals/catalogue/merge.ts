/** Splitting and merging: the locks, the conditions, and who gets what. */
import { added, group, instead, type Removal, without } from '../removal';

export const merge: readonly Removal[] = [
  ...group({ rows: ['patch 6'], tests: ['races.fault_against_map'] }, [
    {
      what: 'the VMA that changes is not locked before the question of merging',
      edits: [without('ops/merge.c', `mm_vma_write_lock(mm, vma);`)],
    },
    {
      what: 'the VMA that changes is not locked, and nobody asserts it',
      edits: [
        without('ops/merge.c', `mm_vma_write_lock(mm, vma);`),
        without('ops/merge.c', `check(vma_is_write_locked(vma));`),
      ],
    },
    {
      what: 'a change waits for no fault inside',
      edits: [instead('ops/merge.c', `mm_vma_write_lock(mm, vma)`, `vma->lock_section = vma->domain->section`)],
    },
  ]),
  ...group({ rows: ['patch 10', 'patch 11'], tests: ['races.fault_against_map'] }, [
    {
      what: 'a merge does not lock the VMA before',
      edits: [without('ops/merge.c', `if (n.prev) mm_vma_write_lock(mm, n.prev);`)],
    },
    {
      what: 'a merge does not lock the VMA behind',
      edits: [without('ops/merge.c', `if (n.next) mm_vma_write_lock(mm, n.next);`)],
    },
    {
      what: 'a merge waits for no fault inside its neighbours',
      edits: [
        instead(
          'ops/merge.c',
          `mm_vma_write_lock(mm, n.prev); if (n.next) mm_vma_write_lock(mm, n.next);`,
          `n.prev->lock_section = mm->domain.section;
           if (n.next) n.next->lock_section = mm->domain.section;`,
        ),
      ],
    },
    {
      what: 'a merge locks its neighbours after the question',
      rows: ['patch 11', 'F9'],
      edits: [
        without('ops/merge.c', `if (n.prev) mm_vma_write_lock(mm, n.prev); if (n.next) mm_vma_write_lock(mm, n.next);`),
        added('ops/merge.c', `if (p.left) mm_vma_write_lock(mm, p.prev); if (p.right) mm_vma_write_lock(mm, p.next);`, {
          after: `return NULL;`,
          before: `return merge_existing`,
        }),
        added('ops/merge.c', `if (left) mm_vma_write_lock(mm, n.prev); if (right) mm_vma_write_lock(mm, n.next);`, {
          after: `return NULL;`,
          before: `target = left`,
        }),
      ],
    },
  ]),
  ...group({ rows: ['patch 11'], tests: ['races.fault_against_unmap'] }, [
    {
      what: 'a split does not lock the VMA',
      edits: [without('ops/split.c', `mm_vma_write_lock(mm, vma);`)],
    },
    {
      what: 'a split waits for no fault inside',
      edits: [instead('ops/split.c', `mm_vma_write_lock(mm, vma)`, `vma->lock_section = mm->domain.section`)],
    },
    {
      what: 'a split marks the VMA for faults and waits for none',
      edits: [
        instead(
          'ops/split.c',
          `mm_vma_write_lock(mm, vma);`,
          `vma->lock_section = mm->domain.section;
           atomic_store_relaxed(&vma->lock_seq, mm->domain.section & LOCK_SEQ_MASK);`,
        ),
      ],
    },
    {
      what: 'merging is asked of a VMA that is not locked',
      edits: [without('ops/merge.c', `check(vma_is_write_locked(vma));`)],
      tests: ['ops.merge'],
    },
  ]),
  ...group({ rows: ['patch 10'], tests: ['ops.merge'] }, [
    {
      what: 'who takes in written memory does not take in its anon',
      edits: [without('ops/merge.c', `if (!from.anon || vma_anon(target))`)],
    },
    {
      what: 'a new mapping that joins both sides leaves the anon of the one behind',
      edits: [without('ops/merge.c', `adopt_anon(target, vma_anon_ref(n.next));`)],
    },
    {
      what: 'a change that joins both sides leaves the anon of the one behind',
      edits: [without('ops/merge.c', `adopt_anon(target, vma_anon_ref(p->next));`)],
    },
    {
      what: 'a new mapping joins two VMAs of different anons',
      edits: [without('ops/merge.c', `&& (!left || may_join_each_other(n.prev, n.next))`)],
    },
    {
      what: 'a change joins two VMAs of different anons',
      edits: [without('ops/merge.c', `&& (!p.left || may_join_each_other(p.prev, p.next))`)],
    },
    {
      what: 'a new special mapping merges',
      edits: [without('ops/merge.c', `if (m->flags & VM_SPECIAL) return NULL;`)],
      tests: ['ops.merge', 'ops.requests', 'index.store', 'vma.anon', 'ops.mbind', 'fault.anon'],
    },
    {
      what: 'a special mapping merges when it changes',
      edits: [
        without('ops/merge.c', `m->flags & VM_SPECIAL) || (`),
        added('ops/merge.c', ``, { after: `touches_right)) return NULL;` }),
      ],
      tests: ['ops.merge', 'ops.requests', 'index.store', 'vma.anon', 'ops.mbind', 'fault.anon'],
    },
    {
      what: 'a merge does not compare flags',
      edits: [without('ops/merge.c', `((vma_flags(vma) ^ m->flags) & ~VM_STICKY) == 0 &&`)],
    },
    {
      what: 'a merge does not compare files',
      edits: [without('ops/merge.c', `vma->file == m->file &&`)],
    },
    {
      what: 'a merge does not compare names',
      edits: [without('ops/merge.c', `vma_name_equal(vma->name, m->name) &&`)],
    },
    {
      what: 'a merge does not compare userfaultfds',
      edits: [without('ops/merge.c', `&& vma->userfault == m->userfault`)],
      tests: ['ops.userfault_register'],
    },
    {
      what: 'a merge does not compare memory policies',
      edits: [without('ops/merge.c', `&& mempolicy_equal(vma->policy, m->policy)`)],
      tests: ['ops.mbind'],
    },
    {
      what: 'a merge does not compare offsets with the VMA before',
      edits: [without('ops/merge.c', `&& vma_pgoff_end(prev) == m->pgoff`)],
    },
    {
      what: 'a merge does not compare offsets with the VMA behind',
      edits: [without('ops/merge.c', `&& next->pgoff == m->pgoff + ((m->end - m->start) >> PAGE_SHIFT)`)],
      tests: ['ops.merge', 'ops.requests', 'index.store', 'vma.anon', 'ops.mbind', 'fault.anon'],
    },
    {
      what: 'a merge does not compare anons with the VMA before',
      edits: [without('ops/merge.c', `&& anon_allows(m, prev)`)],
    },
    {
      what: 'a merge does not compare anons with the VMA behind',
      edits: [without('ops/merge.c', `&& anon_allows(m, next)`)],
      tests: ['ops.merge', 'ops.requests', 'index.store', 'vma.anon', 'ops.mbind', 'fault.anon'],
    },
    {
      what: 'any two anons may merge',
      edits: [instead('ops/merge.c', `ours.anon == theirs.anon`, `true`)],
      tests: ['ops.mbind'],
    },
    {
      what: 'the pages of a forked child join a VMA without an anon',
      edits: [instead('ops/merge.c', `!is_fork_child(ours)`, `true`)],
      tests: ['ops.merge', 'ops.requests', 'index.store', 'vma.anon', 'ops.mbind', 'fault.anon'],
    },
    {
      what: 'pages without an anon join the VMA of a forked child',
      edits: [instead('ops/merge.c', `!is_fork_child(theirs)`, `true`)],
    },
    {
      what: 'a new mapping that joins does not pass on what is sticky',
      edits: [without('ops/merge.c', `adopt_sticky(target, m->flags);`, { before: `vma_set_range(target, entry` })],
      tests: ['ops.guard'],
    },
    {
      what: 'a change that joins does not pass on what is sticky',
      edits: [without('ops/merge.c', `adopt_sticky(target, m->flags);`, { before: `vma_set_range(target, start` })],
      tests: ['ops.guard'],
    },
    {
      what: 'a new mapping that joins both sides loses what is sticky of the one behind',
      edits: [without('ops/merge.c', `adopt_sticky(target, vma_flags(n.next));`)],
      tests: ['ops.guard'],
    },
    {
      what: 'a change that joins both sides loses what is sticky of the one behind',
      edits: [without('ops/merge.c', `adopt_sticky(target, vma_flags(p->next));`)],
      tests: ['ops.guard'],
    },
  ]),
  ...group({ rows: ['F5'], tests: ['ops.merge'] }, [
    {
      what: 'a new mapping that joins takes in the anon before it has all memory it needs',
      edits: [
        instead(
          'ops/merge.c',
          `(!left && !right) || index_reserve(&mm->vmas, 1)) return NULL;
           target = left ? n.prev : n.next;`,
          `!left && !right) return NULL;
           target = left ? n.prev : n.next;
           if (left && right) adopt_anon(target, vma_anon_ref(n.next));
           if (index_reserve(&mm->vmas, 1)) return NULL;`,
        ),
      ],
    },
    {
      what: 'a change that joins takes in the anon before it has all memory it needs',
      edits: [
        instead(
          'ops/merge.c',
          `(!p.left && !p.right) ||`,
          `!p.left && !p.right) return NULL;
           if (p.left && p.right) adopt_anon(p.prev, vma_anon_ref(p.next));
           adopt_anon(p.left ? p.prev : p.next, m->anon); if (`,
        ),
      ],
    },
  ]),
];
