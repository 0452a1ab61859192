#include "support/one_vma.h"
#include "sync/syncpoint.h"

static enum vma_read try_at(struct scene *s, uint64_t addr)
{
	enum vma_read result;

	rcu_read_lock();
	result = vma_start_read(s->vma, &s->domain, addr);
	rcu_read_unlock();
	return result;
}

static void a_vma_is_born_locked_and_the_end_of_its_section_unlocks_it(void)
{
	struct scene *s = scene();

	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_BUSY);
	write_end(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_LOCKED);
	vma_end_read(s->vma);
	end(s);
}

static void a_marked_vma_is_busy_until_the_section_ends(void)
{
	struct scene *s = scene();

	write_end(s);
	write_begin(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_LOCKED); /* another's section does not lock it */
	vma_end_read(s->vma);
	expect(!vma_write_lock(s->vma));
	expect(!vma_write_lock(s->vma)); /* idempotent */
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_BUSY);
	write_end(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_LOCKED);
	vma_end_read(s->vma);
	end(s);
}

static void a_vma_that_was_detached_or_moved_is_a_miss(void)
{
	struct scene *s = scene();

	write_end(s);
	expect_eq(try_at(s, 3 * PAGE_SIZE), VMA_READ_MISS);
	expect_eq(try_at(s, 8 * PAGE_SIZE), VMA_READ_MISS);
	write_begin(s);
	vma_write_lock(s->vma);
	vma_set_range(s->vma, 6 * PAGE_SIZE, 8 * PAGE_SIZE, 6);
	write_end(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_MISS);
	write_begin(s);
	vma_write_lock(s->vma);
	vma_detach(s->vma);
	write_end(s);
	expect_eq(try_at(s, 7 * PAGE_SIZE), VMA_READ_MISS);
	end(s);
}

static void another_domains_vma_is_a_miss(void)
{
	struct scene *s = scene(), *other;
	enum vma_read result;

	write_end(s);
	other = scene();
	write_end(other);
	write_begin(other);
	write_end(other); /* so that the numbers differ and the owner alone decides */
	rcu_read_lock();
	result = vma_start_read(s->vma, &other->domain, 5 * PAGE_SIZE);
	rcu_read_unlock();
	expect_eq(result, VMA_READ_MISS);
	end(s);
	end(other);
}

static void mark(void *arg)
{
	struct scene *s = arg;

	write_begin(s);
	s->waited = vma_write_lock(s->vma);
	atomic_store_release(&s->done, 1);
	write_end(s);
}

/* A reader is inside; the writer must stand before the lock, not run past it, and stay there until the reader has left. */
static void expect_writer_waits_for_reader(struct scene *s)
{
	struct sync_thread t;

	syncpoint_arm("vma-write-waits");
	expect_eq(sync_thread_start(&t, mark, s), 0);
	while (!syncpoint_is_parked("vma-write-waits"))
		expect(!atomic_load_acquire(&s->done));
	syncpoint_release("vma-write-waits");
	for (int i = 0; i < 1000 && !atomic_load_acquire(&s->done); i++)
		sync_yield(); /* it must not get past: nothing to wait for but time */
	expect(!atomic_load_acquire(&s->done));
	vma_end_read(s->vma);
	sync_thread_join(&t);
	expect(s->waited);
}

static void a_writer_waits_for_the_reader_inside(void)
{
	struct scene *s = scene();

	write_end(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_LOCKED);
	expect_writer_waits_for_reader(s);
	end(s);
}

/* Were the lock let go before the mark, a reader could come in between, and the writer would take the VMA for its own. */
static void no_reader_comes_in_between_the_wait_and_the_mark(void)
{
	struct scene *s = scene();
	struct sync_thread t;

	write_end(s);
	syncpoint_arm("vma-marks");
	expect_eq(sync_thread_start(&t, mark, s), 0);
	syncpoint_wait_parked("vma-marks");
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_BUSY);
	syncpoint_release("vma-marks");
	sync_thread_join(&t);
	expect(!s->waited);
	end(s);
}

static void pass_a_section(void *arg)
{
	struct scene *s = arg;

	write_begin(s);
	write_end(s);
}

/*
 * The narrow number comes round to what the VMA was last marked with. A writer that trusted it would take the VMA for
 * marked and not wait for the reader that came in one section earlier. Bites with VMALOCK_SEQ_BITS=8.
 */
static void a_writer_waits_for_the_reader_also_when_the_sequence_has_wrapped(void)
{
	struct scene *s = scene();
	struct sync_thread t;

	write_end(s);
	for (unsigned i = 0; i < 254; i++)
		pass_a_section(s);
	expect_eq(try_at(s, 5 * PAGE_SIZE), VMA_READ_LOCKED);
	expect_eq(sync_thread_start(&t, pass_a_section, s), 0);
	sync_thread_join(&t);
#if VMALOCK_SEQ_BITS == 8
	expect_eq(atomic_load_relaxed(&s->domain.seq), atomic_load_relaxed(&s->vma->lock_seq));
#endif
	expect_writer_waits_for_reader(s);
	end(s);
}

/* Shape that only a locked reader or the writer may see torn: end == start + 4 pages at all times. */
struct storm {
	struct scene *scene;
	atomic_u32 stop;
	uint64_t reads;
};

static void read_storm(void *arg)
{
	struct storm *storm = arg;
	struct scene *s = storm->scene;

	while (!atomic_load_acquire(&storm->stop)) {
		uint64_t addr = vma_start(s->vma); /* a hint only */

		if (try_at(s, addr) != VMA_READ_LOCKED)
			continue;
		expect_eq(vma_end(s->vma) - vma_start(s->vma), 4 * PAGE_SIZE);
		expect_eq(s->vma->pgoff, vma_start(s->vma) >> PAGE_SHIFT);
		storm->reads++;
		vma_end_read(s->vma);
	}
}

static void a_reader_never_sees_half_a_change(void)
{
	struct scene *s = scene();
	struct storm storms[2] = { { .scene = s }, { .scene = s } };
	struct sync_thread t[2];

	write_end(s);
	for (int i = 0; i < 2; i++)
		expect_eq(sync_thread_start(&t[i], read_storm, &storms[i]), 0);
	for (uint64_t n = 1; n < 30000; n++) {
		uint64_t start = (n % 1000 + 1) * PAGE_SIZE;

		write_begin(s);
		vma_write_lock(s->vma);
		vma_set_range(s->vma, start, start + 4 * PAGE_SIZE, start >> PAGE_SHIFT);
		write_end(s);
	}
	for (int i = 0; i < 2; i++)
		atomic_store_release(&storms[i].stop, 1);
	for (int i = 0; i < 2; i++)
		sync_thread_join(&t[i]);
	end(s);
}

static const struct test_case cases[] = {
	CASE(a_vma_is_born_locked_and_the_end_of_its_section_unlocks_it),
	CASE(a_marked_vma_is_busy_until_the_section_ends),
	CASE(a_vma_that_was_detached_or_moved_is_a_miss),
	CASE(another_domains_vma_is_a_miss),
	CASE(a_writer_waits_for_the_reader_inside),
	CASE(no_reader_comes_in_between_the_wait_and_the_mark),
	CASE(a_writer_waits_for_the_reader_also_when_the_sequence_has_wrapped),
	CASE(a_reader_never_sees_half_a_change),
};
TEST_MAIN(cases)
