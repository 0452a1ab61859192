/*
 * locks/rank.h - the lock order, in one list
 *
 * A thread may wait only for a lock whose rank is above all that it holds; a try may break the order, since it does
 * not wait. held.c asserts it in checked builds; docs/locking.md shows the same list.
 *
 * X(name, text)
 */
#ifndef VMALOCK_LOCKS_RANK_H
#define VMALOCK_LOCKS_RANK_H

#define LOCK_RANKS(X)                                                                                                   \
	X(MMAP, "mmap_lock with its writers' gate: the shape of a space; a parent's before its child's")                \
	X(MMAP_CHILD, "mmap_lock of a child that fork is building")                                                     \
	X(VMA, "a VMA's own lock: readers are faults, the writer is in and out at once")                                \
	X(USERFAULT_CHANGES,                                                                                            \
	  "who brings pages of a userfaultfd, against who announces a change that it is to read first")                 \
	X(ANON, "creation of a VMA's anon, which looks at its neighbours")                                              \
	X(ANON_TREE, "counts of the anons that descend from one by fork")                                               \
	X(FILE_MAPPINGS, "which VMAs of all spaces map one file, and where; held throughout a truncation")              \
	X(OBSERVERS,                                                                                                    \
	  "who is told when translations of a space stop being true; held while a truncation is in one mapping")        \
	X(FILE, "pages of one simulated file")                                                                          \
	X(SHARERS, "which spaces share a pool of frames")                                                               \
	X(USERFAULT, "the queue of one userfaultfd: faults that wait, events that nobody has read")                     \
	X(TABLE_UPPER,                                                                                                  \
	  "a page table one level up, for its huge pages: held while a huge page and a table change places")            \
	X(TABLE, "one page table: its entries; two are taken in the order of their addresses")                          \
	X(SWAP, "slots of swap: which are free, and how many use the others")                                           \
	X(FRAMES, "the pool of frames, beyond the threads' own caches")                                                 \
	X(FRAME_CACHE, "one thread's cache of frames; all of them, in order, for who must know that none is left")

enum lock_rank {
#define LOCK_RANK_ENUM(name, text) RANK_##name,
	LOCK_RANKS(LOCK_RANK_ENUM)
#undef LOCK_RANK_ENUM
		LOCK_RANK_COUNT
};

#endif
