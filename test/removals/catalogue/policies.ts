/** Which policies there are, and what the baseline must do as well. */
import { added, group, type Removal, without } from '../removal';

export const policies: readonly Removal[] = [
  ...group({ rows: ['patch 1'], tests: ['policy.policy'] }, [
    {
      what: 'the baseline has a fast path',
      edits: [
        added('policy/mmap_lock.c', `.start_read = policy_start_bogus,`, { after: `write_lock,` }),
        added(
          'policy/mmap_lock.c',
          `enum policy_start policy_start_bogus(struct mm *mm, uint64_t addr, struct vma **out) {
           (void)mm;
           (void)addr;
           (void)out;
           return POLICY_BUSY; }
           static`,
          { before: `bool` },
        ),
      ],
    },
    {
      what: 'the baseline does not book which VMAs are locked',
      edits: [without('policy/mmap_lock.c', `vma->lock_section = vma->domain->section;`)],
    },
    {
      what: 'a policy is missing in the registry',
      edits: [without('policy/registry.c', `&policy_per_vma,`)],
    },
    {
      what: 'the policy that waits does not say that its faults wait',
      edits: [without('policy/per_vma_wait.c', `.waits = true,`)],
      tests: ['races.fault_that_waits'],
    },
  ]),
  ...group({ rows: ['patch 21', 'F10'], tests: ['vma.lock'] }, [
    {
      what: 'a reader does not look whether the VMA is attached',
      rows: ['patch 21'],
      edits: [without('vma/lock.h', `!atomic_load_relaxed(&vma->attached) ||`)],
    },
    {
      what: 'a reader takes a VMA of another space',
      rows: ['patch 21', 'L8'],
      edits: [without('vma/lock.h', `vma->domain != domain ||`)],
    },
    {
      what: 'a reader does not look whether the VMA still begins before the address',
      edits: [without('vma/lock.h', `addr < vma_start(vma) ||`)],
    },
    {
      what: 'a reader does not look whether the VMA still ends behind the address',
      edits: [without('vma/lock.h', `|| addr >= vma_end(vma)`)],
    },
    {
      what: 'a reader looks at the VMA before it has locked it, and not after',
      rows: ['patch 21', 'Laurent Dufour: test isolation before locking'],
      edits: [
        added('policy/per_vma.c', `if (vma_end(entry.value) <= addr) { rcu_read_unlock(); return POLICY_MISS; }`, {
          before: `syncpoint("fault-found-vma");`,
        }),
        without(
          'vma/lock.h',
          `if (unlikely(!atomic_load_relaxed(&vma->attached) || vma->domain != domain || addr < vma_start(vma) || addr >= vma_end(vma))) {
           sync_rwlock_unlock(&vma->lock);
           return VMA_READ_MISS; }`,
        ),
      ],
      tests: ['races.fault_against_unmap'],
    },
  ]),
];
