/** VMAs and nodes of the index live as long as a reader may see them. */
import { added, group, instead, type Removal, without } from '../removal';

export const lookup: readonly Removal[] = [
  ...group({ rows: ['patch 2'], tests: ['races.fault_against_unmap'] }, [
    {
      what: 'a VMA is freed at once',
      edits: [instead('vma/vma.c', `rcu_batch_add(batch, &vma->rcu);`, `(void)batch; free_memory(vma);`)],
    },
    {
      what: 'a batch of RCU is freed at once',
      edits: [
        instead('sync/native/rcu.c', `urcu_memb_call_rcu(&t->head, grace_period_over)`, `grace_period_over(&t->head)`),
      ],
      tests: ['sync.sync'],
    },
    {
      what: 'a VMA is freed at once, and freed memory is not filled',
      edits: [
        without('sync/native/blocks.c', `poison(block, size);`),
        instead('vma/vma.c', `rcu_batch_add(batch, &vma->rcu);`, `(void)batch; free_memory(vma);`),
      ],
    },
  ]),
  ...group({ rows: ['patch 3'], tests: ['policy.policy'] }, [
    {
      what: 'a node of the index is freed at once',
      rows: ['patch 3', 'L11'],
      edits: [instead('index/publish.c', `rcu_batch_add(&index->retired,`, `node_free_rcu(`)],
      tests: ['index.races'],
    },
    {
      what: 'the lookup has no read section',
      edits: [without('policy/per_vma.c', `rcu_read_lock();`), without('policy/per_vma.c', `rcu_read_unlock();`)],
    },
    {
      what: 'the read section ends between the lookup and the lock, and begins anew',
      edits: [
        instead(
          'policy/per_vma.c',
          `syncpoint("fault-found-vma");`,
          `rcu_read_unlock(); syncpoint("fault-found-vma"); rcu_read_lock();`,
        ),
      ],
      tests: ['races.fault_against_unmap'],
    },
    {
      what: 'a VMA above the address is taken for the one that covers it',
      edits: [without('policy/per_vma.c', `&& entry.start <= addr`)],
    },
    {
      what: 'read sections do nothing',
      edits: [
        without('sync/native/rcu_inline.h', `urcu_memb_read_lock();`),
        without('sync/native/rcu_inline.h', `urcu_memb_read_unlock();`),
      ],
      tests: ['sync.sync'],
    },
  ]),
  ...group({ rows: ['L2'], tests: ['races.fault_that_waits'] }, [
    {
      what: 'a fault that waited locks the VMA it had found before',
      edits: [
        added('policy/per_vma_wait.c', `&& i < 1`, { before: `) continue;` }),
        instead(
          'policy/per_vma_wait.c',
          `result = per_vma_start_read(mm, addr, out);`,
          `if (!i) result = per_vma_start_read(mm, addr, out);
           else {
           rcu_read_lock();
           result = vma_start_read(*out, &mm->domain, addr) == VMA_READ_LOCKED ? POLICY_LOCKED : POLICY_MISS;
           rcu_read_unlock(); }`,
        ),
      ],
    },
  ]),
  ...group({ rows: ['L5'], tests: ['races.fault_against_map'] }, [
    {
      what: 'the lookup stays in its read section when the VMA is busy',
      edits: [added('policy/per_vma.c', `if (result != POLICY_BUSY)`, { before: `rcu_read_unlock();` })],
    },
  ]),
];
