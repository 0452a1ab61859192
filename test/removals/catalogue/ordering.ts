/** The pairs of barriers of docs/memory-ordering.md, most of them under ThreadSanitizer, which sees what x86 does not show. */
import { added, group, instead, type Removal, without } from '../removal';

export const ordering: readonly Removal[] = [
  ...group({ rows: ['[vma-unlock]', 'O1'], tests: ['replay.threads'], variant: 'tsan' }, [
    {
      what: '[vma-unlock] the sequence is stored without release',
      edits: [instead('locks/domain.h', `atomic_store_release`, `atomic_store_relaxed`)],
      tests: ['vma.lock'],
    },
    {
      what: '[vma-unlock] the sequence is loaded without acquire',
      edits: [instead('vma/lock.h', `atomic_load_acquire`, `atomic_load_relaxed`)],
      tests: ['vma.lock'],
    },
    {
      what: '[vma-mark] the mark comes when the lock is let go',
      rows: ['[vma-mark]'],
      edits: [
        without('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`),
        added('vma/lock.c', `sync_rwlock_unlock(&vma->lock);`, { after: `syncpoint("vma-marks");` }),
      ],
      tests: ['vma.lock'],
    },
    {
      what: '[rcu-publish] nothing is published with release',
      rows: ['[rcu-publish]'],
      edits: [instead('sync/rcu.h', `atomic_store_release`, `atomic_store_relaxed`)],
      tests: ['index.concurrent'],
    },
    {
      what: '[index-child] a child is linked without release',
      rows: ['[index-child]'],
      edits: [instead('index/publish.c', `rcu_publish(&p`, `atomic_store_relaxed(&p`)],
      tests: ['index.concurrent'],
    },
    {
      what: '[index-child] a root is linked without release',
      rows: ['[index-child]'],
      edits: [instead('index/publish.c', `rcu_publish`, `atomic_store_relaxed`, { before: `(&index` })],
      tests: ['index.concurrent'],
    },
    {
      what: '[pt-link] a table is linked without release',
      rows: ['[pt-link]'],
      edits: [instead('pt/table.c', `atomic_cas_release`, `atomic_cas_acquire`)],
      tests: ['fault.races'],
    },
    {
      what: '[page-link] a page is linked without release',
      rows: ['[page-link]'],
      edits: [instead('pt/page_tree.c', `)); atomic_store_release`, `)); atomic_store_relaxed`)],
      tests: ['pt.file'],
    },
    {
      what: '[page-link] a node is linked without release',
      rows: ['[page-link]'],
      edits: [instead('pt/page_tree.c', `atomic_store_release`, `atomic_store_relaxed`, { after: `return -ENOMEM;` })],
      tests: ['pt.file'],
    },
    {
      what: '[page-link] a root is linked without release',
      rows: ['[page-link]'],
      edits: [
        instead('pt/page_tree.c', `atomic_store_release`, `atomic_store_relaxed`, { before: `(&tree->root, above);` }),
      ],
      tests: ['pt.file'],
    },
    {
      what: '[spinlock] unlocking is no release',
      rows: ['[spinlock]'],
      edits: [instead('locks/spinlock.h', `atomic_store_release`, `atomic_store_relaxed`)],
      tests: ['fault.races'],
    },
    {
      what: '[spinlock] locking is no acquire',
      rows: ['[spinlock]'],
      edits: [instead('locks/spinlock.h', `atomic_cas_acquire`, `atomic_cas_release`)],
      tests: ['fault.races'],
    },
    {
      what: '[refcount] letting go is neither release nor acquire',
      rows: ['[refcount]'],
      edits: [instead('locks/refcount.h', `atomic_fetch_sub_acq_rel`, `atomic_fetch_sub_relaxed`)],
      tests: ['stress.everything'],
    },
    {
      what: '[refcount] the last to let go does not see the others',
      rows: ['[refcount]'],
      edits: [instead('locks/refcount.h', `atomic_fetch_sub_acq_rel`, `atomic_fetch_sub_release`)],
      tests: ['stress.everything'],
    },
    {
      what: '[replay-done] an event is done without release',
      rows: ['[replay-done]'],
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
      rows: ['[replay-done]'],
      edits: [instead('replay/worker.c', `atomic_load_acquire`, `atomic_load_relaxed`, { after: `*word =` })],
    },
    {
      what: '[replay-go] the start is given without release',
      rows: ['[replay-go]'],
      edits: [instead('replay/crew.c', `atomic_store_release`, `atomic_store_relaxed`)],
    },
    {
      what: '[replay-go] the start is seen without acquire',
      rows: ['[replay-go]'],
      edits: [instead('replay/worker.c', `!atomic_load_acquire`, `!atomic_load_relaxed`)],
    },
  ]),
];
