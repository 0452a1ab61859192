#include "base/alloc.h"
#include "locks/rwsem.h"
#include "sync/syncpoint.h"
#include "test.h"

/* One lock and what threads do with it. */
struct scene {
	struct rwsem sem;
	uint64_t plain; /* guarded by sem */
};

static struct scene *scene(void)
{
	struct scene *s = alloc_zeroed(sizeof(*s));

	expect(s);
	rwsem_init(&s->sem);
	return s;
}

static void end(struct scene *s)
{
	rwsem_destroy(&s->sem);
	alloc_free(s);
}

static void add_many(void *arg)
{
	struct scene *s = arg;

	for (int i = 0; i < 20000; i++) {
		rwsem_write(&s->sem, RANK_MMAP);
		s->plain++;
		if (i % 3) {
			rwsem_write_unlock(&s->sem, RANK_MMAP);
			continue;
		}
		rwsem_downgrade(&s->sem, RANK_MMAP);
		expect(s->plain > 0);
		rwsem_downgraded_unlock(&s->sem, RANK_MMAP);
	}
}

static void writers_and_downgraded_writers_exclude_each_other(void)
{
	struct scene *s = scene();
	struct sync_thread t[3];

	for (int i = 0; i < 3; i++)
		expect_eq(sync_thread_start(&t[i], add_many, s), 0);
	for (int i = 0; i < 3; i++)
		sync_thread_join(&t[i]);
	expect_eq(s->plain, 60000);
	end(s);
}

static void a_reader_comes_in_beside_a_downgraded_writer(void)
{
	struct scene *s = scene();

	rwsem_write(&s->sem, RANK_MMAP);
	rwsem_downgrade(&s->sem, RANK_MMAP);
	expect(sync_rwlock_try_read(&s->sem.lock));
	sync_rwlock_unlock(&s->sem.lock);
	rwsem_downgraded_unlock(&s->sem, RANK_MMAP);
	end(s);
}

static void write_once(void *arg)
{
	struct scene *s = arg;

	expect(rwsem_write(&s->sem, RANK_MMAP));
	s->plain = 1;
	rwsem_write_unlock(&s->sem, RANK_MMAP);
}

static void a_writer_waits_for_the_downgraded_one_and_its_wait_is_recorded(void)
{
	struct scene *s = scene();
	struct sync_thread t;

	rwsem_write(&s->sem, RANK_MMAP);
	rwsem_downgrade(&s->sem, RANK_MMAP);
	syncpoint_arm("mmap-lock-gate-waits");
	expect_eq(sync_thread_start(&t, write_once, s), 0);
	syncpoint_wait_parked("mmap-lock-gate-waits");
	rwsem_downgraded_unlock(&s->sem, RANK_MMAP);
	syncpoint_release("mmap-lock-gate-waits");
	sync_thread_join(&t);
	expect_eq(s->plain, 1);
	expect_eq(histogram_count(&s->sem.write_waits), 1);
	end(s);
}

static void a_read_without_waiting_is_not_recorded(void)
{
	struct scene *s = scene();

	expect(!rwsem_read(&s->sem, RANK_MMAP));
	rwsem_read_unlock(&s->sem, RANK_MMAP);
	expect_eq(histogram_count(&s->sem.read_waits), 0);
	end(s);
}

static void only_the_writer_is_taken_for_the_writer(void)
{
	struct scene *s = scene();

	expect(!rwsem_writer_is_me(&s->sem));
	rwsem_write(&s->sem, RANK_MMAP);
	expect(rwsem_writer_is_me(&s->sem));
	rwsem_downgrade(&s->sem, RANK_MMAP);
	expect(!rwsem_writer_is_me(&s->sem));
	rwsem_downgraded_unlock(&s->sem, RANK_MMAP);
	end(s);
}

static const struct test_case cases[] = {
	CASE(writers_and_downgraded_writers_exclude_each_other),
	CASE(a_reader_comes_in_beside_a_downgraded_writer),
	CASE(a_writer_waits_for_the_downgraded_one_and_its_wait_is_recorded),
	CASE(a_read_without_waiting_is_not_recorded),
	CASE(only_the_writer_is_taken_for_the_writer),
};
TEST_MAIN(cases)
