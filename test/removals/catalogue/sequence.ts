/** Sequence numbers that wrap within a test. */
import { group, instead, type Removal } from '../removal';

export const sequence: readonly Removal[] = [
  ...group({ rows: ['D3b'], tests: ['vma.lock'], variant: 'seq8' }, [
    {
      what: 'the writer asks the narrow number whether it has marked the VMA',
      edits: [
        instead(
          'vma/lock.h',
          `vma->lock_section == vma->domain->section`,
          `atomic_load_relaxed(&vma->lock_seq) == (vma->domain->section & LOCK_SEQ_MASK)`,
        ),
      ],
    },
  ]),
];
