/** Writing back beside stores. */
import { group, instead, type Removal, swapped, without } from '../removal';

export const writeback: readonly Removal[] = [
  ...group({ rows: ['a page was written back and lost its mark'], tests: ['ops.writeback'] }, [
    {
      what: 'writing back takes the right to write before the mark',
      edits: [
        instead(
          'ops/writeback.c',
          `count = file_take_dirty(file, offset >> PAGE_SHIFT, (end >> PAGE_SHIFT) + ((end & ~PAGE_MASK) != 0), &span);
           syncpoint("writeback-took-marks");
           if (count) list_for_each(node, next, &file->mappings) clean_mapping(container_of(node, struct vma, in_file)`,
          `span = (struct file_dirty){
           0, UINT64_C(1) << 40 };
           list_for_each(node, next, &file->mappings) clean_mapping(container_of(node, struct vma, in_file), &span);
           syncpoint("writeback-took-marks");
           count = file_take_dirty(file, offset >> PAGE_SHIFT, (end >> PAGE_SHIFT) + ((end & ~PAGE_MASK) != 0)`,
        ),
      ],
    },
    {
      what: 'writing back leaves pages writable',
      edits: [
        instead(
          'ops/writeback.c',
          `list_for_each(node, next, &file->mappings) clean_mapping(container_of(node, struct vma, in_file), &span)`,
          `(void)clean_mapping`,
        ),
      ],
    },
    {
      what: 'a store marks its page before it has the lock of the table',
      edits: [
        swapped(
          'fault/cow.c',
          `if (unlikely(!fault_lock_entry(f))) return FAULT_CHANGED;`,
          `file_mark_dirty(f->vma->file, vma_index_at(f->vma, f->addr));`,
        ),
      ],
    },
    {
      what: 'a fault that maps a page writable marks it before it has the lock of the table',
      edits: [
        swapped(
          'fault/file.c',
          `if (unlikely(!fault_lock_entry(f))) return FAULT_CHANGED;`,
          `if (bits & PTE_WRITE) file_mark_dirty(f->vma->file, vma_index_at(f->vma, f->addr));`,
        ),
      ],
    },
    {
      what: 'a fault that maps a page writable does not mark it',
      edits: [without('fault/file.c', `file_mark_dirty(f->vma->file, vma_index_at(f->vma, f->addr))`)],
    },
    {
      what: 'a userfaultfd that maps a page writable does not mark it',
      edits: [without('fault/userfault_fill.c', `file_mark_dirty(f->vma->file, index_of(f))`)],
    },
  ]),
];
