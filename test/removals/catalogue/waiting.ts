/** Faults that wait for the writer: nobody sleeps through the end, and nobody waits for ever. */
import { group, instead, type Removal, swapped, without } from '../removal';

export const waiting: readonly Removal[] = [
  ...group(
    {
      rows: [
        'Kent Overstreet: wait and look again instead of failing',
        'a waiter sleeps through the end of the section',
      ],
      tests: ['locks.domain'],
    },
    [
      {
        what: 'the writer has no fence between its store and its look for waiters',
        edits: [instead('locks/domain.c', `atomic_fence_full(); if`, `if`)],
        times: 60,
      },
      {
        what: 'a waiter does not look again before it sleeps',
        edits: [instead('locks/domain.c', `look(d, seen)`, `SECTION_TIMED_OUT`, { after: `/ result =` })],
      },
      {
        what: 'the end of a section does not change the word that is slept on',
        edits: [without('locks/domain.c', `(void)atomic_fetch_add_acq_rel(&d->ends, 1);`)],
      },
      {
        what: 'a waiter reads the word it will sleep on after its look',
        edits: [
          instead(
            'locks/domain.c',
            `ends = atomic_load_acquire(&d->ends); /* pair [section-ends] */ result = look(d, seen);`,
            `result = look(d, seen);
             syncpoint("section-looked");
             ends = atomic_load_acquire(&d->ends);`,
          ),
        ],
      },
      {
        what: 'the end of a section wakes nobody',
        edits: [without('locks/domain.c', `sync_wake_u32(&d->ends, UINT32_MAX);`)],
      },
      {
        what: 'the end of a section forgets the waiters',
        edits: [without('locks/domain.h', `if (d->faults_wait) domain_wake_waiters(d);`)],
        tests: ['races.fault_that_waits'],
      },
      {
        what: 'waiters are woken before the section has ended',
        edits: [
          swapped(
            'locks/domain.h',
            `atomic_store_release(&d->seq, d->section & LOCK_SEQ_MASK);`,
            `if (d->faults_wait) domain_wake_waiters(d);`,
          ),
        ],
        tests: ['locks.domain', 'races.fault_that_waits'],
      },
      {
        what: 'a waiter does not count itself in',
        edits: [
          without('locks/domain.c', `(void)atomic_fetch_add_relaxed(&d->waiters, 1);`),
          without('locks/domain.c', `(void)atomic_fetch_sub_relaxed(&d->waiters, 1);`),
        ],
      },
    ],
  ),
  ...group({ rows: ['Kent Overstreet: wait and look again instead of failing'], tests: ['races.fault_that_waits'] }, [
    {
      what: 'a waiter does not see that the section ended while it looked for a writer',
      edits: [without('locks/domain.c', `has_moved(d, seen) ? SECTION_ENDED :`)],
      tests: ['locks.domain'],
    },
    {
      what: 'the end of a section wakes one waiter only',
      edits: [instead('locks/domain.c', `UINT32_MAX`, `1`)],
      tests: ['locks.domain'],
    },
    {
      what: 'a waiter does not count itself out',
      edits: [without('locks/domain.c', `(void)atomic_fetch_sub_relaxed(&d->waiters, 1);`)],
      tests: ['locks.domain'],
    },
    {
      what: 'a waiter may hold locks that rank below',
      edits: [without('locks/domain.c', `held_wait(d->rank);`)],
      tests: ['locks.domain'],
    },
    {
      what: 'a fault looks and waits without end',
      rows: ['Kent Overstreet: wait and look again instead of failing', 'D6'],
      edits: [instead('policy/per_vma_wait.c', `unsigned i = 0; i < LOOKS; i++`, `;;`)],
    },
    {
      what: 'a fault looks once more before it takes mmap_lock',
      rows: ['D6'],
      edits: [instead('policy/per_vma_wait.c', `16`, `17`, { after: `#define LOOKS` })],
    },
    {
      what: 'a waiter sleeps however long the section lasts',
      edits: [instead('policy/per_vma_wait.c', `UINT64_C(1000000000)`, `UINT64_MAX`)],
    },
    {
      what: 'a waiter never sleeps',
      edits: [instead('locks/domain.c', `unsigned i = 0; i < SPINS; i++`, `;;`)],
      tests: ['locks.domain'],
    },
    {
      what: 'a waiter reads the sequence after it has found the VMA busy',
      edits: [
        instead(
          'policy/per_vma_wait.c',
          `= atomic_load_acquire(&mm->domain.seq); result = per_vma_start_read(mm, addr, out);`,
          `;
           result = per_vma_start_read(mm, addr, out);
           seen = atomic_load_acquire(&mm->domain.seq);`,
        ),
      ],
    },
    {
      what: 'a waiter does not look whether anybody writes',
      rows: ['Kent Overstreet: wait and look again instead of failing', 'D3'],
      edits: [
        instead(
          'locks/domain.c',
          `if (rwsem_has_writer(&d->mmap_lock)) return SECTION_TIMED_OUT;
           return has_moved(d, seen) ? SECTION_ENDED : SECTION_NO_WRITER;`,
          `return SECTION_TIMED_OUT;`,
        ),
      ],
      tests: ['locks.domain'],
    },
    {
      what: 'a fault that waits takes mmap_lock when the VMA has moved',
      edits: [without('policy/per_vma_wait.c', `if (result == POLICY_MISS) continue;`)],
    },
    {
      what: 'a waiter whose time is up looks again',
      edits: [instead('policy/per_vma_wait.c', `result == SECTION_ENDED`, `true`)],
    },
    {
      what: 'the faults of a child do not wait',
      edits: [
        instead(
          'policy/policy.c',
          `) (*out)->domain.faults_wait = policy->waits; /* nobody else has the space yet */`,
          `&& !frames) (*out)->domain.faults_wait = policy->waits;`,
        ),
      ],
    },
  ]),
  ...group({ rows: ['D2'], tests: ['races.move'] }, [
    {
      what: 'a move waits for its second VMA under the policy that waits',
      edits: [instead('policy/per_vma_wait.c', `per_vma_start_read,`, `start_read,`)],
    },
    {
      what: 'a move locks its first VMA by the way that may wait',
      edits: [instead('fault/userfault_move.c', `try_read`, `start_read`, { after: `>policy->` })],
    },
    {
      what: 'a move that does not get its second VMA keeps the first',
      edits: [without('fault/userfault_move.c', `mm->policy->end_read(mm, hold->to);`, { after: `return true;` })],
    },
  ]),
];
