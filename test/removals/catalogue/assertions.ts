/** The assertions, each of which a test breaks on purpose. */
import { added, group, instead, type Removal, without } from '../removal';

export const assertions: readonly Removal[] = [
  ...group({ rows: ['patch 4'], tests: ['locks.held'] }, [
    {
      what: 'a change is not asserted to hold mmap_lock for writing',
      edits: [without('locks/domain.h', `check(rwsem_writer_is_me(&d->mmap_lock));`)],
      tests: ['vma.rules'],
    },
    {
      what: 'the order of locks is not asserted',
      edits: [without('locks/held.c', `check(!"lock order");`)],
    },
    {
      what: 'waiting in a read section is not asserted against',
      rows: ['patch 4', 'L5'],
      edits: [without('locks/held.c', `check(!rcu_read_held());`)],
    },
    {
      what: 'the order of two locks of one rank is not asserted',
      edits: [without('locks/held.c', `check(!held[rank] || (uintptr_t)lock > last[rank]);`)],
    },
    {
      what: 'two frame caches may not be held at once',
      edits: [without('locks/held.c', `|| rank == RANK_FRAME_CACHE`)],
      tests: ['pt.frame'],
    },
    {
      what: 'no wait is asserted at all',
      edits: [added('locks/held.c', `return;`, { before: `assert_none_from(rank, rank);` })],
    },
    {
      what: 'letting go of what is not held is not asserted against',
      edits: [without('locks/held.c', `check(held[rank] > 0);`)],
    },
  ]),
  ...group({ rows: ['patch 6'], tests: ['vma.rules'] }, [
    {
      what: 'flags may be set on a VMA that is not locked',
      edits: [without('vma/vma.c', `assert_changeable(vma);`, { after: `flags) {` })],
    },
    {
      what: 'any VMA may be changed that is not marked',
      edits: [without('vma/vma.c', `check(vma_is_write_locked(vma) || !atomic_load_relaxed(&vma->attached));`)],
    },
    {
      what: 'a VMA may be changed without mmap_lock',
      edits: [without('vma/vma.c', `domain_assert_writer(vma->domain);`)],
    },
  ]),
  ...group({ rows: ['F17'], tests: ['vma.rules'] }, [
    {
      what: 'a setter marks the VMA itself',
      edits: [
        instead(
          'vma/vma.c',
          `check(vma_is_write_locked(vma) || !atomic_load_relaxed(&vma->attached)); (void)vma;`,
          `((struct vma *)(uintptr_t)vma)->lock_section = vma->domain->section;`,
        ),
      ],
    },
  ]),
  ...group({ rows: ['patch 9'], tests: ['vma.rules'] }, [
    {
      what: 'a memory policy may be set on a VMA that is not locked',
      edits: [without('vma/vma.c', `assert_changeable(vma);`, { before: `vma->policy =` })],
    },
  ]),
  ...group({ rows: ['patch 16'], tests: ['vma.rules'] }, [
    {
      what: 'a VMA may be detached that is not locked',
      edits: [without('vma/vma.c', `check(vma_is_write_locked(vma));`)],
    },
    {
      what: 'a VMA may be detached twice',
      edits: [without('vma/vma.c', `check(atomic_load_relaxed(&vma->attached));`)],
    },
    {
      what: 'a VMA may be attached twice',
      edits: [
        without('vma/vma.c', `check(!atomic_load_relaxed(&vma->attached));`, { after: `assert_changeable(vma);` }),
      ],
    },
    {
      what: 'a VMA may be attached that is not locked',
      edits: [without('vma/vma.c', `assert_changeable(vma);`, { before: `check(!` })],
    },
    {
      what: 'a VMA may be freed while it is attached',
      rows: ['patch 16', 'L6'],
      edits: [instead('vma/vma.c', `vma) { check(!atomic_load_relaxed(&vma->attached));`, `vma) {`)],
    },
    {
      what: 'a VMA may be retired while it is attached',
      edits: [
        without('vma/vma.c', `check(!atomic_load_relaxed(&vma->attached));`, { before: `release_holdings(vma);` }),
      ],
    },
    {
      what: 'a VMA may be resized that is not locked',
      edits: [without('vma/vma.c', `assert_changeable(vma);`, { after: `pgoff) {` })],
    },
    {
      what: 'a VMA may end before it begins',
      edits: [instead('vma/vma.c', `(vma); check(start < end && page_aligned(start | end));`, `(vma);`)],
    },
    {
      what: 'a VMA may be named while it is attached',
      edits: [without('vma/vma.c', `check(!atomic_load_relaxed(&vma->attached) && !vma->name);`)],
    },
    {
      what: 'a VMA may have the modes of a userfaultfd without one',
      edits: [without('vma/vma.c', `check(!ctx == !modes && !(modes & ~VM_UFFD_FLAGS));`)],
    },
    {
      what: 'a VMA may be given an anon while it is not locked',
      edits: [instead('vma/vma.c', `ref) { assert_changeable(vma);`, `ref) {`)],
    },
    {
      what: 'a VMA may lose its anon while it is not locked',
      edits: [without('vma/vma.c', `assert_changeable(vma);`, { before: `anon_ref_put` })],
    },
    {
      what: 'a VMA may be given a first anon twice',
      edits: [without('vma/vma.c', `check(!atomic_load_relaxed(&vma->anon) && !vma->chain);`)],
    },
    {
      what: 'a VMA may be made without mmap_lock',
      edits: [without('vma/vma.c', `domain_assert_writer(domain);`)],
    },
    {
      what: 'a VMA may be write-locked without mmap_lock',
      edits: [without('vma/lock.c', `domain_assert_writer(domain);`)],
    },
    {
      what: 'a VMA may be read-locked outside a read section',
      edits: [without('vma/lock.h', `check(rcu_read_held());`)],
    },
  ]),
  ...group({ rows: ['F15'], tests: ['policy.policy'] }, [
    {
      what: 'a fault that retries ends its read twice',
      edits: [added('fault/fault.c', `mm->policy->end_read(mm, f->vma);`, { after: `FAULT_RETRY)) {` })],
    },
    {
      what: 'a fault that retries ends its read twice, and nobody counts',
      edits: [
        without('locks/held.c', `check(held[rank] > 0);`),
        added('fault/fault.c', `mm->policy->end_read(mm, f->vma);`, { after: `FAULT_RETRY)) {` }),
      ],
    },
    {
      what: 'a fault that is not permitted keeps its VMA',
      edits: [without('fault/fault.c', `mm->policy->end_read(mm, f->vma);`, { before: `mm_count` })],
    },
  ]),
];
