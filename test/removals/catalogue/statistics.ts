/** The counters of VMALOCK_STATS, one by one at each of their places. */
import { group, instead, type Removal, without } from '../removal';

export const statistics: readonly Removal[] = [
  ...group({ rows: ['patch 20'], tests: ['policy.policy'] }, [
    {
      what: 'vma_lock_attempts is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_vma_lock_attempts)`)],
    },
    {
      what: 'vma_lock_success is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_vma_lock_success)`)],
    },
    {
      what: 'vma_lock_abort is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_vma_lock_abort)`)],
    },
    {
      what: 'abort_no_vma is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_abort_no_vma)`)],
    },
    {
      what: 'abort_vma_kind is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_abort_vma_kind)`)],
    },
    {
      what: 'abort_vma_busy is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_abort_vma_busy)`)],
      tests: ['races.fault_that_waits'],
    },
    {
      what: 'vma_lock_miss is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_vma_lock_miss)`)],
      tests: ['races.fault_against_unmap'],
    },
    {
      what: 'vma_lock_access_error is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_vma_lock_access_error)`)],
    },
    {
      what: 'vma_lock_retry is not counted when a handler asks for mmap_lock',
      edits: [instead('fault/fault.c', `mm_count(mm, STAT_vma_lock_retry); *`, `; *`)],
    },
    {
      what: 'vma_lock_retry is not counted when a fault waits for a userfaultfd',
      edits: [
        without('fault/fault.c', `mm_count(mm, STAT_vma_lock_retry);`, {
          after: `mm_count(mm, STAT_retry_userfault);`,
        }),
      ],
      tests: ['races.fault_against_userfault'],
    },
    {
      what: 'retry_anon_vma is not counted',
      edits: [without('fault/handle.c', `mm_count(f->mm, STAT_retry_anon_vma);`)],
    },
    {
      what: 'retry_file is not counted when a page is not there',
      edits: [without('fault/file.c', `mm_count(f->mm, STAT_retry_file);`)],
      tests: ['fault.file'],
    },
    {
      what: 'retry_file is not counted when a page is there and not writable',
      edits: [without('fault/cow.c', `mm_count(f->mm, STAT_retry_file);`)],
      tests: ['fault.file'],
    },
    {
      what: 'retry_userfault is not counted when the era wants mmap_lock',
      edits: [without('fault/userfault.c', `mm_count(f->mm, STAT_retry_userfault);`)],
      tests: ['races.fault_against_userfault'],
    },
    {
      what: 'retry_userfault is not counted when a fault waits',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_retry_userfault);`)],
      tests: ['races.fault_against_userfault'],
    },
    {
      what: 'retry_swap is not counted',
      edits: [without('fault/swap.c', `mm_count(f->mm, STAT_retry_swap);`)],
      tests: ['fault.swap'],
    },
    {
      what: 'minor_faults is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_minor_faults)`)],
    },
    {
      what: 'major_faults is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_major_faults)`)],
      tests: ['fault.races'],
    },
    {
      what: 'cow_faults is not counted',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_cow_faults)`)],
      tests: ['fault.anon'],
    },
    {
      what: 'signal_faults is not counted for what the mappings refuse',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_signal_faults)`, { after: `default:` })],
    },
    {
      what: 'signal_faults is not counted for an address that no program has',
      edits: [without('fault/fault.c', `mm_count(mm, STAT_signal_faults)`, { before: `; return` })],
      tests: [
        'policy.policy',
        'races.fault_against_userfault',
        'fault.arch',
        'fault.userfault',
        'replay.run',
        'fault.anon',
      ],
    },
    {
      what: 'signal_faults is not counted for what the word of the fault refuses',
      edits: [without('fault/arch.c', `mm_count(mm, STAT_signal_faults)`)],
      tests: ['fault.arch'],
    },
    {
      what: 'userfaults is not counted',
      edits: [without('fault/userfault.c', `mm_count(f->mm, STAT_userfaults);`)],
      tests: ['fault.userfault'],
    },
    {
      what: 'mmap_lock_reads is not counted',
      edits: [
        without('mm/mmap_lock.h', `mm_count(mm, STAT_mmap_lock_reads);`, { after: `mmap_read_lock(struct mm *mm) {` }),
      ],
    },
    {
      what: 'mmap_lock_reads is not counted when the lock was only tried',
      edits: [without('mm/mmap_lock.h', `mm_count(mm, STAT_mmap_lock_reads);`, { before: `return true;` })],
    },
    {
      what: 'mmap_lock_read_waits is not counted',
      edits: [without('mm/mmap_lock.h', `mm_count(mm, STAT_mmap_lock_read_waits)`)],
    },
    {
      what: 'mmap_lock_writes is not counted',
      edits: [without('mm/mmap_lock.h', `mm_count(mm, STAT_mmap_lock_writes)`)],
    },
    {
      what: 'mmap_lock_write_waits is not counted',
      edits: [without('mm/mmap_lock.h', `mm_count(mm, STAT_mmap_lock_write_waits)`)],
    },
    {
      what: 'vma_lock_writes is not counted',
      edits: [without('policy/policy.c', `mm_count(mm, STAT_vma_lock_writes);`)],
      tests: ['races.move'],
    },
    {
      what: 'vma_lock_write_waits is not counted',
      edits: [without('policy/policy.c', `mm_count(mm, STAT_vma_lock_write_waits)`)],
      tests: ['races.fault_against_unmap'],
    },
    {
      what: 'vma_lock_waits is not counted',
      edits: [without('policy/per_vma_wait.c', `mm_count(mm, STAT_vma_lock_waits);`)],
      tests: ['races.fault_that_waits'],
    },
    {
      what: 'thp_fault_alloc is not counted',
      edits: [
        instead('fault/huge.c', `mm_count(f->mm, block ? STAT_thp_fault_alloc :`, `if (!block) mm_count(f->mm,`, {
          before: `STAT_thp_fault_fallback);`,
        }),
      ],
      tests: ['fault.huge'],
    },
    {
      what: 'thp_fault_fallback is not counted',
      edits: [
        instead(
          'fault/huge.c',
          `mm_count(f->mm, block ? STAT_thp_fault_alloc : STAT_thp_fault_fallback);`,
          `if (block) mm_count(f->mm, STAT_thp_fault_alloc);`,
        ),
      ],
      tests: ['fault.huge'],
    },
    {
      what: 'thp_collapse_alloc is not counted',
      edits: [without('fault/collapse.c', `mm_count(mm, STAT_thp_collapse_alloc);`)],
      tests: ['fault.collapse'],
    },
    {
      what: 'thp_split_pmd is not counted',
      edits: [without('pt/huge.c', `counters_add(pt->counters, PT_COUNT_SPLITS, 1);`)],
      tests: ['fault.huge'],
    },
  ]),
];
