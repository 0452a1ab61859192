/** Memory policies. */
import { added, group, instead, type Removal, without } from '../removal';

export const mbind: readonly Removal[] = [
  ...group({ rows: ['patch 9', 'F6'], tests: ['races.fault_against_mbind'] }, [
    {
      what: 'mbind does not lock before it looks at pages',
      edits: [without('ops/mbind.c', `mm_vma_write_lock(mm, vma);`)],
    },
    {
      what: 'mbind locks each VMA when it has looked at its pages',
      edits: [
        without('ops/mbind.c', `mm_vma_write_lock(mm, vma);`),
        instead('ops/mbind.c', `at = end;`, `mm_vma_write_lock(mm, vma); at = end;`, { after: `return -EIO;` }),
      ],
    },
    {
      what: 'mbind waits for no fault inside',
      edits: [instead('ops/mbind.c', `mm_vma_write_lock(mm, vma)`, `vma->lock_section = vma->domain->section`)],
    },
    {
      what: 'mbind locks only the first VMA before it looks',
      edits: [added('ops/mbind.c', `if (at == m->start)`, { before: `mm_vma_write_lock(mm, vma);` })],
    },
  ]),
  ...group({ rows: ['patch 9'], tests: ['races.fault_against_mbind'] }, [
    {
      what: 'the memory policy of a space is freed at once',
      edits: [instead('mm/mempolicy.c', `rcu_batch_add(&mm->retired_mempolicies,`, `put_rcu(`)],
    },
    {
      what: 'the memory policy of a space is read outside a read section',
      edits: [without('mm/mempolicy.c', `rcu_read_lock();`), without('mm/mempolicy.c', `rcu_read_unlock();`)],
    },
  ]),
];
