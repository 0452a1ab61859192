/*
 * mm/reclaim.c - when no frame is left: pages of the pool's spaces leave, so that a fault can go on
 *
 *   first      what MADV_FREE gave up, and droppable memory: gone for good, which costs nothing
 *   then       pages that nobody has touched since the hand passed them, into slots of swap; the others count as untouched
 *   once more  a page that has not been touched since leaves now
 *   at last    what a fork shares: those not touched, then all
 *
 * The clock has three hands: the pool's goes from space to space, each space's own through its addresses; and one goes through the
 * addresses of all spaces at once, for what a fork shares: it lies at one address in all of them (unless it has been moved), and its
 * frame is free only when it has left the last (pt/page_out.c). Locked memory stays.
 *
 * Locks   none is held by who asks: a fault has let go of all, and begins again after it. So it may wait for one space's mmap_lock
 *         after the other, and for the end of a space, whose pages are nobody's to take any more and not yet free. The pool's list
 *         is locked only to find the next space, and to get hold of it.
 * Linux   mm/vmscan.c, try_to_free_pages(), which finds pages by lists, and their entries by rmap.
 */
#include "mm/reclaim.h"

#include "mm/mmap_lock.h"
#include "mm/observer.h"
#include "pt/frame_sharers.h"
#include "sync/sync.h"
#include "sync/syncpoint.h"

/* Linux: SWAP_CLUSTER_MAX. */
#define MOST_AT_ONCE UINT64_C(32)

/* For one space's end, of which a fault waits for NO_FRAME_MOST_TRIES at most. */
#define LONGEST_WAIT_NS UINT64_C(100000000)

/* --- which spaces there are ---------------------------------------------------------------------------------------- */

static struct frame_sharers *lock_sharers_of(struct frames *frames)
{
	struct frame_sharers *sharers = frames_sharers(frames);

	spinlock_lock(&sharers->lock, RANK_SHARERS);
	return sharers;
}

static struct frame_sharers *lock_sharers(struct mm *mm)
{
	return lock_sharers_of(mm->pt.frames);
}

static void unlock_sharers(struct frame_sharers *sharers)
{
	spinlock_unlock(&sharers->lock, RANK_SHARERS);
}

void mm_join_pool(struct mm *mm)
{
	struct frame_sharers *sharers = lock_sharers(mm);

	list_add_last(&sharers->spaces, &mm->sharer);
	sharers->count++;
	mm->sharer_number = ++sharers->joined;
	unlock_sharers(sharers);
}

void mm_leave_pool(struct mm *mm)
{
	struct frame_sharers *sharers = lock_sharers(mm);

	if (!list_is_empty(&mm->sharer)) {
		list_remove(&mm->sharer);
		sharers->count--;
	}
	sharers->ending++;
	unlock_sharers(sharers);
}

void mm_gave_all_back(struct frames *frames)
{
	struct frame_sharers *sharers = lock_sharers_of(frames);

	sharers->ending--;
	atomic_store_relaxed(&sharers->ends, atomic_load_relaxed(&sharers->ends) + 1);
	unlock_sharers(sharers);
	sync_wake_u32(&sharers->ends, UINT32_MAX);
}

static uint32_t count_sharers(struct mm *mm)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	uint32_t count = sharers->count;

	unlock_sharers(sharers);
	return count;
}

struct round {
	uint32_t how;     /* PT_OUT_ */
	uint64_t left;    /* how many frames are still wanted */
	bool has_moved;   /* a page has left, though its frame may be in use still: others may have that in hand */
	bool met_end;     /* a space was there still, and about to leave */
	atomic_u64 *hand; /* where it stands is noted there; NULL: no hand moves */
};

/* Whose turn it is: with a reference, and last in the list from now on. NULL: it is about to leave, which @round notes. */
static struct mm *next_space(struct mm *mm, struct round *round)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	struct list_node *first = sharers->spaces.next;
	struct mm *next = container_of(first, struct mm, sharer);

	list_remove(first);
	list_add_last(&sharers->spaces, first);
	if (!refcount_get_unless_zero(&next->refs))
		next = NULL;
	unlock_sharers(sharers);
	round->met_end |= !next;
	return next;
}

/* --- one space ------------------------------------------------------------------------------------------------------ */

static bool may_lose_pages(const struct vma *vma)
{
	return vma_anon(vma) && !(vma_flags(vma) & (VM_LOCKED | VM_SPECIAL));
}

/* [@start, @end) of one mapping, 2 MiB at a time: a huge page is split only when it is its turn. */
static void take_from_vma(struct mm *mm, const struct vma *vma, uint64_t start, uint64_t end, struct round *round)
{
	uint32_t how = round->how | (vma_flags(vma) & VM_DROPPABLE ? PT_OUT_DROPPABLE : 0);

	for (uint64_t at = pt_next_used(&mm->pt, start, end), next; at < end && round->left;
	     at = pt_next_used(&mm->pt, next, end)) {
		uint64_t freed;

		next = min_u64(end, pt_huge_down(at) + PT_HUGE_SIZE);
		mm_invalidate_start(mm, at, next, VMALOCK_INVALIDATE_CLEAR);
		round->has_moved |= pt_page_out(&mm->pt, at, next, how, round->left, &freed) != 0;
		round->left -= freed;
		mm_invalidate_end(mm, at, next, VMALOCK_INVALIDATE_CLEAR);
		if (round->hand)
			atomic_store_relaxed(round->hand, at);
	}
}

/* Context: mmap_lock. */
static void take_from_range(struct mm *mm, uint64_t start, uint64_t end, struct round *round)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, start, &entry);

	mmap_assert_locked(mm);
	for (; more && entry.start < end && round->left; more = index_cursor_next(&cursor, &entry))
		if (may_lose_pages(entry.value))
			take_from_vma(mm, entry.value, max_u64(start, entry.start), min_u64(end, entry.end), round);
}

static void take_from_space(struct mm *mm, struct round *round)
{
	uint64_t hand;

	mmap_read_lock(mm);
	hand = atomic_load_relaxed(&mm->reclaim_hand);
	round->hand = round->how & PT_OUT_IDLE_ONLY ? &mm->reclaim_hand : NULL;
	take_from_range(mm, hand, MM_TASK_SIZE, round);
	take_from_range(mm, 0, hand, round);
	mmap_read_unlock(mm);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static void take_from_all(struct mm *mm, struct round *round)
{
	for (uint32_t n = count_sharers(mm); n && round->left; n--) {
		struct mm *victim = next_space(mm, round);

		if (!victim)
			continue;
		syncpoint("reclaim-has-space");
		take_from_space(victim, round);
		mm_put(victim);
	}
}

/* --- what several share ---------------------------------------------------------------------------------------------- */

/* Where the first page may be that may leave, from @from on. Context: mmap_lock. */
static uint64_t next_place(struct mm *mm, uint64_t from)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, from, &entry);

	mmap_assert_locked(mm);
	for (; more; more = index_cursor_next(&cursor, &entry)) {
		uint64_t at = entry.end;

		if (may_lose_pages(entry.value))
			at = pt_next_used(&mm->pt, max_u64(entry.start, from), entry.end);
		if (at < entry.end)
			return at;
	}
	return MM_TASK_SIZE;
}

/* [@at, @end) of all spaces. Return: where to go on. */
static uint64_t take_from_everybody(struct mm *mm, uint64_t at, uint64_t end, struct round *round)
{
	uint64_t next = MM_TASK_SIZE;

	for (uint32_t n = count_sharers(mm); n; n--) {
		struct mm *victim = next_space(mm, round);

		if (!victim)
			continue;
		mmap_read_lock(victim);
		take_from_range(victim, at, end, round);
		next = min_u64(next, next_place(victim, end));
		mmap_read_unlock(victim);
		mm_put(victim);
	}
	return next;
}

/* 2 MiB at a time, all spaces one after the other: otherwise each would lose other pages, and none of them would be free. */
static void take_shared_range(struct mm *mm, uint64_t start, uint64_t end, struct round *round)
{
	for (uint64_t at = start, next; at < end && round->left; at = next) {
		next = take_from_everybody(mm, at, min_u64(end, pt_huge_down(at) + PT_HUGE_SIZE), round);
		atomic_store_relaxed(round->hand, round->left ? next : at);
	}
}

static void take_shared(struct mm *mm, struct round *round)
{
	atomic_u64 *where = &frames_sharers(mm->pt.frames)->hand;
	uint64_t hand = atomic_load_relaxed(where);

	round->hand = where;
	take_shared_range(mm, hand, MM_TASK_SIZE, round);
	take_shared_range(mm, 0, hand, round);
}

/* Own pages first: one that is shared costs each of its users a slot, and frees nothing where one of them keeps it. */
static const struct {
	uint32_t how;
	bool together; /* all spaces at one place after the other */
} rounds[] = {
	{ PT_OUT_LAZYFREE_ONLY | PT_OUT_SHARED, false }, { PT_OUT_IDLE_ONLY, false }, { PT_OUT_IDLE_ONLY, false },
	{ PT_OUT_IDLE_ONLY | PT_OUT_SHARED, true },      { PT_OUT_SHARED, true },
};

/* Spaces that had ended when the look for pages began. */
static uint32_t count_ends(struct mm *mm)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	uint32_t ends = atomic_load_relaxed(&sharers->ends);

	unlock_sharers(sharers);
	return ends;
}

/*
 * Nothing was found. True: a space has ended since, so that there may be frames and slots now, or one has been waited for long enough:
 * an end waits for no fault, but maybe for its observers.
 */
static bool wait_for_end(struct mm *mm, const struct round *round, uint32_t ends)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	bool has_ended = atomic_load_relaxed(&sharers->ends) != ends;
	bool is_ending = round->met_end || sharers->ending;

	unlock_sharers(sharers);
	if (has_ended || !is_ending)
		return has_ended;
	syncpoint("reclaim-waits");
	(void)sync_wait_u32(&sharers->ends, ends, LONGEST_WAIT_NS);
	return true;
}

/* The space with the lowest number in (@above, @most]; NULL: none. Context: the list's lock. */
static struct mm *sharer_above(struct frame_sharers *sharers, uint64_t above, uint64_t most)
{
	struct mm *lowest = NULL;

	list_for_each(node, next, &sharers->spaces)
	{
		struct mm *mm = container_of(node, struct mm, sharer);

		if (mm->sharer_number > above && mm->sharer_number <= most) {
			lowest = mm;
			most = mm->sharer_number;
		}
	}
	return lowest;
}

/* That space with a reference, unless it is about to leave: then the one above it. @above: its number from now on. */
static struct mm *get_sharer_above(struct mm *mm, uint64_t *above, uint64_t most)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	struct mm *sharer;

	do {
		sharer = sharer_above(sharers, *above, most);
		*above = sharer ? sharer->sharer_number : most;
	} while (sharer && !refcount_get_unless_zero(&sharer->refs));
	unlock_sharers(sharers);
	return sharer;
}

static uint64_t count_joined(struct mm *mm)
{
	struct frame_sharers *sharers = lock_sharers(mm);
	uint64_t joined = sharers->joined;

	unlock_sharers(sharers);
	return joined;
}

/* By number, and not by turns as reclaim goes: two that go by turns at once would each miss what the other meets. */
void mm_for_each_sharer(struct mm *mm, void (*fn)(struct mm *sharer))
{
	uint64_t most = count_joined(mm), above = 0;
	struct mm *sharer;

	while ((sharer = get_sharer_above(mm, &above, most)) != NULL) {
		fn(sharer);
		mm_put(sharer);
	}
}

bool mm_reclaim(struct mm *mm)
{
	uint64_t limit = frames_limit(mm->pt.frames), wanted = min_u64(MOST_AT_ONCE, 1 + limit / 8);
	struct round round = { .left = wanted };
	bool alone = count_sharers(mm) == 1;
	uint32_t ends = count_ends(mm);

	for (size_t i = 0; i < array_size(rounds) && round.left; i++) {
		round.how = rounds[i].how;
		if (!rounds[i].together)
			take_from_all(mm, &round);
		else if (!alone)
			take_shared(mm, &round);
	}
	return round.has_moved || frames_used(mm->pt.frames) < limit || wait_for_end(mm, &round, ends);
}
