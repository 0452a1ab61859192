/** Batches of freeing, and what a space leaves behind. */
import { group, instead, type Removal, without } from '../removal';

export const freeing: readonly Removal[] = [
  ...group({ rows: ['patch 28'], tests: ['sync.sync'] }, [
    {
      what: 'every object asks for a grace period',
      edits: [instead('sync/native/rcu.c', `if (++b->count >= RCU_BATCH)`, `b->count++;`)],
    },
    {
      what: 'no batch ever asks for a grace period',
      edits: [instead('sync/native/rcu.c', `if (++b->count >= RCU_BATCH) rcu_batch_flush(b)`, `b->count++`)],
    },
    {
      what: 'a batch that has asked asks for every object that follows',
      edits: [instead('sync/native/rcu.c', `b->count = 0; if`, `if`)],
    },
    {
      what: 'a batch that cannot ask loses its objects',
      edits: [instead('sync/native/rcu.c', `if (!t) return;`, `if (!t) { b->head = NULL; b->count = 0; return; }`)],
    },
    {
      what: 'a drained batch frees nothing',
      edits: [without('sync/native/rcu.c', `free_list(b->head, b->free_node);`)],
    },
    {
      what: 'a space that ends leaves VMAs',
      edits: [without('mm/mm.c', `rcu_batch_drain(&mm->retired_vmas);`)],
      tests: ['ops.out_of_memory'],
    },
    {
      what: 'a space that ends leaves memory policies',
      edits: [without('mm/mempolicy.c', `rcu_batch_drain(&mm->retired_mempolicies);`)],
      tests: ['ops.out_of_memory'],
    },
    {
      what: 'a space that ends leaves tables',
      edits: [without('pt/table.c', `rcu_batch_drain(&pt->retired);`)],
      tests: ['ops.out_of_memory'],
    },
    {
      what: 'a file that ends leaves pages',
      edits: [without('pt/file.c', `rcu_batch_drain(&file->retired);`)],
      tests: ['ops.truncate'],
    },
    {
      what: 'an index that ends leaves nodes',
      edits: [without('index/index.c', `rcu_batch_drain(&index->retired)`)],
      tests: ['ops.out_of_memory'],
    },
  ]),
  ...group({ rows: ['L6'], tests: ['ops.out_of_memory'] }, [
    {
      what: 'a space that ends does not detach its VMAs',
      edits: [without('mm/mm.c', `vma_detach(vma);`)],
    },
    {
      what: 'a space that ends does not mark its VMAs',
      edits: [without('mm/mm.c', `vma->lock_section = mm->domain.section;`)],
    },
  ]),
];
