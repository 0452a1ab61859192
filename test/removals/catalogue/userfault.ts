/** Faults that a userfaultfd resolves, and the changes that it hears of. */
import { added, group, instead, type Removal, without } from '../removal';

export const userfault: readonly Removal[] = [
  ...group({ rows: ['F14'], tests: ['races.fault_against_userfault'] }, [
    {
      what: 'a fault before 6.6 is handed over under the lock of its VMA',
      edits: [
        without(
          'fault/userfault.c',
          `if ((f->flags & FAULT_FLAG_VMA_LOCK) && f->mm->era < VMALOCK_FAULTS_LINUX_6_6) {
           mm_count(f->mm, STAT_retry_userfault);
           return FAULT_RETRY; }`,
        ),
      ],
    },
  ]),
  ...group(
    { rows: ['userfaultfd: a page came before its fault was queued'], tests: ['races.fault_against_userfault'] },
    [
      {
        what: 'a fault that is queued does not look again',
        edits: [
          instead(
            'fault/userfault.c',
            `if (is_unresolved(f)) return FAULT_WAIT; userfault_leave(f->wait); return FAULT_CHANGED;`,
            `(void)is_unresolved; return FAULT_WAIT;`,
          ),
        ],
      },
      {
        what: 'a fault of a huge page that is queued does not look again',
        edits: [instead('fault/userfault.c', `pt_huge_is_open(&f->mm->pt, f->addr)`, `true`)],
      },
      {
        what: 'a fault looks again before it is queued, and not after',
        edits: [
          added('fault/userfault.c', `if (!is_unresolved(f)) return FAULT_CHANGED;`, {
            before: `syncpoint("userfault-queues");`,
          }),
          instead(
            'fault/userfault.c',
            `if (is_unresolved(f)) return FAULT_WAIT; userfault_leave(f->wait); return FAULT_CHANGED;`,
            `return FAULT_WAIT;`,
          ),
        ],
      },
    ],
  ),
  ...group(
    { rows: ['userfaultfd: unregister woke before it locked the VMA'], tests: ['races.fault_against_userfault'] },
    [
      {
        what: 'unregister wakes before it locks',
        edits: [
          without('ops/userfault_register.c', `syncpoint("userfault-unregistered"); userfault_wake(ctx, start, end);`),
          added('ops/userfault_register.c', `userfault_wake(ctx, start, end);`, {
            before: `mm_vma_write_lock(mm, *vma);`,
          }),
        ],
      },
      {
        what: 'unregister wakes nobody',
        edits: [without('ops/userfault_register.c', `userfault_wake(ctx, start, end);`)],
      },
      {
        what: 'unregister does not lock',
        edits: [without('ops/userfault_register.c', `mm_vma_write_lock(mm, *vma);`)],
      },
      {
        what: 'unregister waits for no fault inside',
        edits: [
          instead(
            'ops/userfault_register.c',
            `mm_vma_write_lock(mm, *vma);`,
            `(*vma)->lock_section = mm->domain.section;
             atomic_store_relaxed(&(*vma)->lock_seq, mm->domain.section & LOCK_SEQ_MASK);`,
          ),
        ],
      },
      {
        what: 'closing wakes before it locks',
        edits: [
          without(
            'ops/userfault_register.c',
            `syncpoint("userfault-forgotten"); userfault_shut(ctx, &left.first, &left.last);`,
          ),
          added('ops/userfault_register.c', `userfault_shut(ctx, &left.first, &left.last);`, {
            after: `struct vma *vma; mmap_write_lock(mm);`,
          }),
        ],
      },
      {
        what: 'closing does not lock',
        rows: ['userfaultfd: unregister woke before it locked the VMA', 'F7'],
        edits: [instead('ops/userfault_register.c', `int err; mm_vma_write_lock(mm, vma);`, `int err;`)],
      },
      {
        what: 'a fault leaves the queue without its lock',
        edits: [
          without('mm/userfault.c', `lock(ctx);`, {
            before: `if (!atomic_load_relaxed(&wait->woken)) list_remove(&wait->node);`,
          }),
          without('mm/userfault.c', `unlock(ctx);`, {
            after: `if (!atomic_load_relaxed(&wait->woken)) list_remove(&wait->node);`,
          }),
        ],
      },
    ],
  ),
  ...group(
    {
      rows: ['userfaultfd: a change that nobody waited for was read before older ones'],
      tests: ['races.userfault_notices'],
    },
    [
      {
        what: 'a change that is read does not take those along that were told before it',
        edits: [without('mm/userfault.c', `move_among_faults(ctx, NULL);`, { after: `if (left) {` })],
      },
      {
        what: 'an event that is given up does not take those along that were told before it',
        edits: [without('mm/userfault.c', `if (!notice->among_faults) move_among_faults(ctx, notice);`)],
      },
      {
        what: 'an event that is given up takes all along that were told',
        edits: [instead('mm/userfault.c', `, notice`, `, NULL`)],
        tests: ['races.userfault_notices', 'ops.userfault_notices'],
      },
      {
        what: 'closing forgets the changes among the faults',
        edits: [without('mm/userfault.c', `move_among_faults(ctx, NULL);`, { after: `*left = *last = NULL;` })],
      },
    ],
  ),
  ...group(
    { rows: ['userfaultfd: a page that was decided upon before MADV_DONTNEED'], tests: ['races.userfault_notices'] },
    [
      {
        what: 'filling does not keep changes out',
        edits: [
          instead(
            'mm/userfault.c',
            `lock_changes(ctx, false);
             if (!userfault_is_changing(ctx)) return 0;
             unlock_changes(ctx);
             return -EAGAIN;`,
            `return userfault_is_changing(ctx) ? -EAGAIN : 0;`,
          ),
          instead('mm/userfault.c', `unlock_changes(ctx); }`, `(void)ctx; }`),
        ],
      },
      {
        what: 'filling does not look whether a change is under way',
        edits: [
          instead(
            'mm/userfault.c',
            `if (!userfault_is_changing(ctx)) return 0; unlock_changes(ctx); return -EAGAIN;`,
            `return 0;`,
          ),
        ],
      },
      {
        what: 'a change is announced while pages are filled',
        edits: [
          without('mm/userfault.c', `lock_changes(ctx, true);`),
          without('mm/userfault.c', `unlock_changes(ctx);`, { before: `*out = notice;` }),
        ],
      },
      {
        what: 'changes and fillings are let in together',
        edits: [instead('mm/userfault.c', `ctx, true`, `ctx, false`)],
      },
      {
        what: 'a fill looks for changes once, before it fills',
        edits: [
          instead('fault/userfault_fill.c', `userfault_fill_begin(ctx)`, `userfault_is_changing(ctx) ? -EAGAIN : 0`),
          without('fault/userfault_fill.c', `userfault_fill_end(ctx);`),
        ],
      },
      {
        what: 'a move does not keep changes out',
        edits: [
          without(
            'fault/userfault_move.c',
            `err = userfault_fill_begin(ctx); if (err) { let_go(mm, &hold); return err; }`,
          ),
          without('fault/userfault_move.c', `userfault_fill_end(ctx);`),
        ],
      },
      {
        what: 'write-protecting does not keep changes out',
        edits: [
          instead('ops/userfault_register.c', `userfault_fill_begin(ctx)`, `0`),
          without('ops/userfault_register.c', `userfault_fill_end(ctx);`),
        ],
      },
      {
        what: 'a fill checks its range before it looks for changes',
        edits: [without('fault/userfault_fill.c', `userfault_is_changing(ctx) ? -EAGAIN :`)],
        tests: ['ops.userfault_notices'],
      },
    ],
  ),
  ...group(
    { rows: ['userfaultfd: who waited for a reader held what the reader needed'], tests: ['races.userfault_notices'] },
    [
      {
        what: 'who waits for a reader does not hold the userfaultfd',
        edits: [
          without('mm/userfault.c', `userfault_get(ctx);`, { before: `notice->ctx = ctx;` }),
          without('mm/userfault.c', `userfault_put(notice->ctx);`),
        ],
      },
      {
        what: 'munmap waits for a reader while it holds mmap_lock',
        edits: [
          instead(
            'ops/unmap.c',
            `notices_tell(&notices);`,
            `mmap_read_lock(mm); notices_tell(&notices); mmap_read_unlock(mm);`,
          ),
        ],
      },
      {
        what: 'munmap waits for a reader while it holds mmap_lock, and nobody asserts',
        edits: [
          instead(
            'ops/unmap.c',
            `notices_tell(&notices);`,
            `mmap_read_lock(mm); notices_tell(&notices); mmap_read_unlock(mm);`,
          ),
          without('mm/userfault.c', `held_wait(RANK_MMAP);`, { before: `if (!atomic_load_acquire(&wait->woken))` }),
        ],
      },
    ],
  ),
  ...group(
    {
      rows: ['userfaultfd: it closed between the announcement of a change and its telling'],
      tests: ['races.userfault_notices'],
    },
    [
      {
        what: 'a change is queued at a userfaultfd that is closed',
        edits: [instead('mm/userfault.c', `!ctx->closed;`, `true;`)],
      },
      {
        what: 'closing does not say so',
        edits: [without('mm/userfault.c', `ctx->closed = true;`)],
      },
      {
        what: 'whether it is closed is asked without the lock',
        edits: [
          instead(
            'mm/userfault.c',
            `lock(ctx); open = !ctx->closed;`,
            `open = !ctx->closed; syncpoint("userfault-notice-adds"); lock(ctx);`,
          ),
        ],
      },
      {
        what: 'a change that comes too late waits for ever',
        edits: [without('mm/userfault.c', `else { userfault_settle(notice); }`)],
      },
    ],
  ),
  ...group(
    { rows: ['madvise used the mapping that it had found before it waited'], tests: ['races.userfault_notices'] },
    [
      {
        what: 'madvise does not look its mapping up again',
        edits: [without('ops/advise.c', `vma = mm_lookup(mm, start); if (!vma) return -ENOMEM;`)],
      },
      {
        what: 'madvise does not ask the mapping it finds whether pages may be dropped',
        edits: [instead('ops/advise.c', `if (!may_drop(vma, advice)) return -EINVAL; *`, `*`)],
      },
      {
        what: 'madvise goes on behind the end of the mapping it finds',
        edits: [without('ops/advise.c', `*end = min_u64(*end, vma_end(vma));`)],
      },
    ],
  ),
  ...group({ rows: ['userfaultfd: a fork that nobody read of'], tests: ['races.userfault_notices'] }, [
    {
      what: "the registration is taken off while the child's faults are inside",
      edits: [
        instead('ops/userfault_register.c', `mm_vma_write_lock(mm, vma)`, `vma->lock_section = mm->domain.section`, {
          after: `continue;`,
        }),
      ],
    },
    {
      what: 'a fork that nobody read of is not undone',
      edits: [instead('ops/userfault_notices.c', `notice->wait.event.kind == VMALOCK_UFFD_FORK`, `0`)],
    },
    {
      what: 'a fork whose userfaultfd closes unread is not undone by who waits',
      edits: [
        instead('ops/userfault_notices.c', `discard_one`, `userfault_free_notice`, {
          after: `else if (end == USERFAULT_CLOSED)`,
        }),
      ],
    },
    {
      what: 'a fork whose userfaultfd closes unread is not undone by who closes',
      edits: [
        instead(
          'ops/userfault_register.c',
          `notices_discard(&left);`,
          `while (left.first) {
           struct userfault_notice *n = left.first;
           left.first = n->next;
           userfault_free_notice(n); }`,
        ),
      ],
    },
    {
      what: 'a fork whose userfaultfd is gone before it is told is not undone',
      edits: [instead('ops/userfault_notices.c', `)) discard_one`, `)) userfault_free_notice`)],
    },
  ]),
];
