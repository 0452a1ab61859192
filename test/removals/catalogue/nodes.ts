/** The index: in which order its words change under its readers. */
import { added, group, instead, type Removal, without } from '../removal';

export const nodes: readonly Removal[] = [
  ...group({ rows: ['L12'], tests: ['index.races'] }, [
    {
      what: 'any word of an entry may change where it stands',
      edits: [
        instead(
          'index/store.c',
          `return word != WORD_NONE && (moved == WORD_NONE || moved == word);`,
          `(void)moved; return word != WORD_NONE;`,
        ),
      ],
    },
    {
      what: 'a change of one word is not written down',
      edits: [without('index/store.c', `leaf->leaf.moved |= (uint64_t)word << (2 * p->slot[0]);`)],
    },
    {
      what: 'a lookup does not see that its entry ends before the address',
      edits: [without('index/walk.h', `&& out->end > addr`)],
    },
    {
      what: 'a lookup does not look into the next leaf',
      edits: [instead('index/walk.h', `walk_find_beyond(index, addr, out)`, `false`)],
    },
    {
      what: 'a lookup from below does not see that the entry ends before the address',
      edits: [without('index/walk.c', `|| e.end > addr`)],
    },
    {
      what: 'the bound above a leaf is not raised',
      edits: [without('index/store.c', `publish_bound_raised(p, 1, hi);`)],
    },
    {
      what: 'the bound above a leaf is not lowered',
      edits: [without('index/store.c', `publish_bound_lowered(p, 1, hi);`)],
    },
    {
      what: 'the bound above a leaf is raised after the store',
      edits: [
        without('index/store.c', `publish_bound_raised(p, 1, hi);`),
        added('index/store.c', `publish_bound_raised(p, 1, hi);`, { after: `syncpoint("index-stored");` }),
      ],
    },
    {
      what: 'the bound above a leaf is lowered before the store',
      edits: [
        without('index/store.c', `publish_bound_lowered(p, 1, hi);`),
        added('index/store.c', `publish_bound_lowered(p, 1, hi);`, { before: `syncpoint("index-bound-raised");` }),
      ],
    },
    {
      what: 'the bound above a node is raised after the store',
      edits: [
        without('index/publish.c', `publish_bound_raised(p, level, item->hi);`),
        added('index/publish.c', `publish_bound_raised(p, level, item->hi);`, { after: `syncpoint("index-stored");` }),
      ],
    },
    {
      what: 'the bound above a node is lowered before the store',
      edits: [
        without('index/publish.c', `publish_bound_lowered(p, level, item->hi);`),
        added('index/publish.c', `publish_bound_lowered(p, level, item->hi);`, {
          before: `syncpoint("index-bound-raised");`,
        }),
      ],
    },
  ]),
];
