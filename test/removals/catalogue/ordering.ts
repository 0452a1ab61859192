/** Pairs of barriers of docs/memory-ordering.md, under ThreadSanitizer, which sees what x86 does not show. */
import { added, group, instead, type Removal, without } from '../removal';

export const ordering: readonly Removal[] = [
  ...group({ rows: ['[vma-unlock]', 'O1'], tests: ['vma.lock'], variant: 'tsan' }, [
    {
      what: '[vma-unlock] the sequence is stored without release',
      edits: [instead('locks/domain.h', `atomic_store_release`, `atomic_store_relaxed`)],
    },
    {
      what: '[vma-unlock] the sequence is loaded without acquire',
      edits: [instead('vma/lock.h', `atomic_load_acquire`, `atomic_load_relaxed`)],
    },
  ]),
  ...group({ rows: ['[vma-mark]'], tests: ['vma.lock'], variant: 'tsan' }, [
    {
      what: '[vma-mark] the mark comes when the lock is let go',
      edits: [
        without('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`),
        added('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`, { after: `syncpoint("vma-marks");` }),
      ],
    },
  ]),
  ...group({ rows: ['[rcu-publish]'], tests: ['index.concurrent'], variant: 'tsan' }, [
    {
      what: '[rcu-publish] nothing is published with release',
      edits: [instead('sync/rcu.h', `atomic_store_release`, `atomic_store_relaxed`)],
    },
  ]),
  ...group({ rows: ['[index-child]'], tests: ['index.concurrent'], variant: 'tsan' }, [
    {
      what: '[index-child] a child is linked without release',
      edits: [instead('index/publish.c', `rcu_publish(&p`, `atomic_store_relaxed(&p`)],
    },
    {
      what: '[index-child] a root is linked without release',
      edits: [instead('index/publish.c', `rcu_publish`, `atomic_store_relaxed`, { before: `(&index` })],
    },
  ]),
  ...group({ rows: ['[pt-link]'], tests: ['fault.races'], variant: 'tsan' }, [
    {
      what: '[pt-link] a table is linked without release',
      edits: [instead('pt/table.c', `atomic_cas_release`, `atomic_cas_acquire`)],
    },
  ]),
  ...group({ rows: ['[page-link]'], tests: ['pt.file'], variant: 'tsan' }, [
    {
      what: '[page-link] a page is linked without release',
      edits: [instead('pt/page_tree.c', `)); atomic_store_release`, `)); atomic_store_relaxed`)],
    },
    {
      what: '[page-link] a node is linked without release',
      edits: [instead('pt/page_tree.c', `atomic_store_release`, `atomic_store_relaxed`, { after: `return -ENOMEM;` })],
    },
    {
      what: '[page-link] a root is linked without release',
      edits: [
        instead('pt/page_tree.c', `atomic_store_release`, `atomic_store_relaxed`, { before: `(&tree->root, above);` }),
      ],
    },
  ]),
  ...group({ rows: ['[spinlock]'], tests: ['fault.races'], variant: 'tsan' }, [
    {
      what: '[spinlock] unlocking is no release',
      edits: [instead('locks/spinlock.h', `atomic_store_release`, `atomic_store_relaxed`)],
    },
    {
      what: '[spinlock] locking is no acquire',
      edits: [instead('locks/spinlock.h', `atomic_cas_acquire`, `atomic_cas_release`)],
    },
  ]),
  ...group({ rows: ['[refcount]'], tests: ['stress.everything'], variant: 'tsan' }, [
    {
      what: '[refcount] letting go is neither release nor acquire',
      edits: [instead('locks/refcount.h', `atomic_fetch_sub_acq_rel`, `atomic_fetch_sub_relaxed`)],
    },
    {
      what: '[refcount] the last to let go does not see the others',
      edits: [instead('locks/refcount.h', `atomic_fetch_sub_acq_rel`, `atomic_fetch_sub_release`)],
    },
  ]),
  ...group({ rows: ['[replay-done]'], tests: ['replay.threads'], variant: 'tsan' }, [
    {
      what: '[replay-done] an event is done without release',
      edits: [
        instead(
          'replay/worker.c',
          `atomic_exchange_acq_rel(&w->word, done << 1)`,
          `__atomic_exchange_n(&(&w->word)->v, done << 1, __ATOMIC_RELAXED)`,
        ),
      ],
    },
    {
      what: '[replay-done] an event that waits does not see what is done',
      edits: [instead('replay/worker.c', `atomic_load_acquire`, `atomic_load_relaxed`, { after: `*word =` })],
    },
  ]),
  ...group({ rows: ['[replay-go]'], tests: ['replay.threads'], variant: 'tsan' }, [
    {
      what: '[replay-go] the start is given without release',
      edits: [instead('replay/crew.c', `atomic_store_release`, `atomic_store_relaxed`)],
    },
    {
      what: '[replay-go] the start is seen without acquire',
      edits: [instead('replay/worker.c', `!atomic_load_acquire`, `!atomic_load_relaxed`)],
    },
  ]),
];
