/** Frames that are on their way back. */
import { group, instead, type Removal, without } from '../removal';

export const frames: readonly Removal[] = [
  ...group({ rows: ['a fault found no frame, though munmap was just freeing some'], tests: ['races.pressure'] }, [
    {
      what: 'who finds no frame does not wait for who is just freeing some',
      edits: [without('fault/no_frame.c', `mm_for_each_sharer(mm, wait_for_all_inside);`)],
    },
    {
      what: 'who finds no frame waits for who is in its own space only',
      edits: [instead('fault/no_frame.c', `mm_for_each_sharer(mm, wait_for_all_inside);`, `wait_for_all_inside(mm);`)],
    },
    {
      what: 'who finds no frame does not wait for the faults that may have the last one in hand',
      edits: [without('fault/no_frame.c', `mm_lock_all_vmas(mm);`)],
    },
  ]),
  ...group(
    { rows: ['a fault found no frame, though a space was just giving back all it had'], tests: ['races.pressure'] },
    [
      {
        what: 'a space that is ending is not counted',
        edits: [without('mm/reclaim.c', `sharers->ending++;`), without('mm/reclaim.c', `sharers->ending--;`)],
      },
      {
        what: 'who finds no frame does not wait for a space that is ending',
        edits: [without('mm/reclaim.c', `(void)sync_wait_u32(&sharers->ends, ends, LONGEST_WAIT_NS);`)],
      },
      {
        what: 'a space met while it ends does not count as ending',
        edits: [without('mm/reclaim.c', `round->met_end ||`, { before: `sharers->ending` })],
      },
    ],
  ),
];
