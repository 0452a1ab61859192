/** Truncation beside changes of mappings and beside faults. */
import { added, group, instead, type Removal, without } from '../removal';

export const truncation: readonly Removal[] = [
  ...group({ rows: ['F3'], tests: ['vma.rules'] }, [
    {
      what: "the lock of a file's list may be taken in any order",
      edits: [without('vma/file.c', `held_wait(RANK_FILE_MAPPINGS)`)],
    },
    {
      what: "a VMA is locked under the lock of its file's list",
      edits: [
        instead(
          'ops/split.c',
          `mm_vma_write_lock(mm, vma);`,
          `vma_file_lock_mappings(vma->file);
           mm_vma_write_lock(mm, vma);
           vma_file_unlock_mappings(vma->file);`,
        ),
      ],
      tests: ['ops.truncate'],
    },
  ]),
  ...group(
    { rows: ['an entry or a mapping moved behind the back of a truncation'], tests: ['races.fault_against_truncate'] },
    [
      {
        what: "mremap moves entries without the file's list",
        edits: [
          without('ops/remap_move.c', `vma_file_lock_mappings(file);`),
          without('ops/remap_move.c', `vma_file_unlock_mappings(file);`),
        ],
      },
      {
        what: "fork copies entries without the file's list",
        edits: [
          without('ops/fork.c', `vma_file_lock_mappings(copy->file);`),
          without('ops/fork.c', `vma_file_unlock_mappings(copy->file);`),
        ],
      },
      {
        what: 'a split shrinks the old VMA before the new one is there',
        edits: [
          instead(
            'ops/split.c',
            `vma_attach(new);
             /* before the old one shrinks: a truncation finds every page in one of them */
             syncpoint("split-attached");`,
            `vma_set_range(vma, start, addr, vma->pgoff);
             syncpoint("split-attached");
             vma_attach(new);`,
          ),
          without('ops/split.c', `vma_set_range(vma, start, addr, vma->pgoff);`),
        ],
      },
      {
        what: 'a merge shrinks the one before the other has grown',
        edits: [
          without(
            'ops/merge.c',
            `vma_set_range(target, start, end, p->left ? target->pgoff : m->pgoff);
             syncpoint("merge-target-grown");`,
          ),
          added(
            'ops/merge.c',
            `syncpoint("merge-target-grown");
             vma_set_range(target, start, end, p->left ? target->pgoff : m->pgoff);`,
            { before: `if (!p->whole)` },
          ),
        ],
      },
      {
        what: "a VMA is resized without the file's list",
        edits: [
          instead('vma/vma.c', `); vma_file_lock_mappings(vma->file);`, `);`),
          without('vma/vma.c', `vma_file_unlock_mappings(vma->file);`, { after: `vma->pgoff = pgoff;` }),
        ],
      },
      {
        what: "a VMA joins the file's list without its lock",
        edits: [
          without('vma/vma.c', `vma_file_lock_mappings(vma->file);`, {
            before: `list_add_last(&vma->file->mappings, &vma->in_file);`,
          }),
          without('vma/vma.c', `vma_file_unlock_mappings(vma->file);`, {
            after: `list_add_last(&vma->file->mappings, &vma->in_file);`,
          }),
        ],
      },
      {
        what: "a VMA leaves the file's list without its lock",
        edits: [
          without('vma/vma.c', `vma_file_lock_mappings(vma->file);`, { before: `list_remove(&vma->in_file);` }),
          without('vma/vma.c', `vma_file_unlock_mappings(vma->file);`, { after: `list_remove(&vma->in_file);` }),
        ],
      },
      {
        what: "a truncation walks the file's list without its lock",
        edits: [
          without('ops/truncate.c', `vma_file_lock_mappings(file);`, { after: `return -EINVAL;` }),
          without('ops/truncate.c', `vma_file_unlock_mappings(file);`, { before: `return err; } static` }),
        ],
      },
      {
        what: "punching a hole walks the file's list without its lock",
        edits: [
          without('ops/truncate.c', `vma_file_lock_mappings(file);`, { after: `return err;` }),
          without('ops/truncate.c', `vma_file_unlock_mappings(file);`, {
            after: `PT_KEEP_FRAMES); file_cut_free(file, &cut); }`,
          }),
        ],
      },
    ],
  ),
  ...group(
    {
      rows: ['a fault mapped, or copied, a page that was truncated after it was found'],
      tests: ['races.fault_against_truncate'],
    },
    [
      {
        what: 'a truncation frees pages before they are out of the tables',
        edits: [
          instead(
            'ops/truncate.c',
            `syncpoint("truncate-cut"); take_from_mappings(file, &cut, 0);`,
            `file_cut_free(file, &cut); syncpoint("truncate-cut");`,
          ),
          instead('ops/truncate.c', `file_cut_free(file, &cut`, `take_from_mappings(file, &cut, 0`, {
            before: `); } vma_file_unlock_mappings(file); return err; } static`,
          }),
        ],
      },
      {
        what: 'a fault does not look whether the file was cut',
        edits: [
          without('fault/handle.c', `&& (likely(!f->asks_file) || likely(!file_was_cut(f->vma->file, f->cuts)))`),
        ],
      },
      {
        what: 'a fault of a file does not ask the file',
        edits: [without('fault/file.c', `fault_ask_file(f);`)],
      },
      {
        what: 'a fault asks the file when it has its page',
        edits: [
          without('fault/file.c', `fault_ask_file(f);`),
          added('fault/file.c', `fault_ask_file(f);`, { after: `syncpoint("fault-has-page");` }),
        ],
      },
      {
        what: 'a fault does not look whether the file was cut before it copies',
        edits: [instead('fault/file.c', `!file_was_cut(f->vma->file, f->cuts)`, `true`)],
        variant: 'asan',
      },
      {
        what: 'a page of a file is copied outside a read section',
        edits: [without('fault/file.c', `rcu_read_lock();`), without('fault/file.c', `rcu_read_unlock();`)],
      },
      {
        what: 'a page that is mapped is copied outside a read section',
        edits: [without('fault/cow.c', `rcu_read_lock();`), without('fault/cow.c', `rcu_read_unlock();`)],
      },
      {
        what: 'a store does not look whether its page is still mapped before it copies',
        edits: [instead('fault/cow.c', `atomic_load_relaxed(f->slot.entry) == f->pte`, `true`)],
        variant: 'asan',
      },
      {
        what: 'a page that has left its file is copied',
        edits: [without('fault/cow.c', `if (unlikely(!names_page_of_file(f))) return drop_cut_page(f);`)],
      },
      {
        what: 'a truncation does not tell the faults',
        edits: [without('pt/file_cut.c', `tell_faults(file);`, { after: `file_is_beyond_end() */` })],
      },
      {
        what: 'punching a hole does not tell the faults',
        edits: [
          without('pt/file_cut.c', `tell_faults(file);`, { after: `take_pages(file, cut->first, cut->end, cut);` }),
        ],
      },
      {
        what: 'a truncation tells the faults before the pages have left the file',
        edits: [
          added('pt/file_cut.c', `tell_faults(file);`, { before: `zero_tail(file, old, length);` }),
          without('pt/file_cut.c', `/* pair [file-length]: file_is_beyond_end() */ tell_faults(file);`),
        ],
      },
      {
        what: 'pages that were cut off are freed at once',
        edits: [
          instead('pt/file_cut.c', `rcu_batch_add(&file->retired,`, `free_now(`, { before: `node);` }),
          added(
            'pt/file_cut.c',
            `static void free_now(struct rcu_node *node) {
             file_page_free(container_of(node, struct file_page, rcu)); }`,
            { after: `}`, before: `void` },
          ),
        ],
        variant: 'asan',
      },
      {
        what: 'pages around a fault are mapped without the lock of the table',
        edits: [
          without('fault/around.c', `spinlock_lock(f->slot.lock, RANK_TABLE);`),
          without('fault/around.c', `spinlock_unlock(f->slot.lock, RANK_TABLE);`),
        ],
      },
      {
        what: 'a userfaultfd maps a page of a file that was cut',
        edits: [
          without(
            'fault/userfault_fill.c',
            `(f->vma->file && file_was_cut(f->vma->file, f->cuts)) err = FILL_CHANGED; else if`,
          ),
        ],
      },
    ],
  ),
];
