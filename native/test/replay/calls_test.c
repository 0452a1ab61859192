/*
 * Runs of calls that come seldom: policies, seals, keys, advice from elsewhere, System V memory.
 */
#include "support/tracing.h"

static struct tracing t;

static struct vmalock_trace_event *add_policy(enum vmalock_trace_op op, uint64_t first, uint64_t pages, uint64_t mode,
					      uint64_t nodes)
{
	struct vmalock_trace_event *e = add_range_call(&t, 0, op, first, pages);

	e->d = mode;
	e->c = nodes;
	return e;
}

static void policies_are_run_on_as_many_nodes_as_calls_could_name(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 4, 4, RW);
	add_policy(VMALOCK_TRACE_MBIND, 5, 2, VMALOCK_MPOL_BIND, 0x8)->aux = VMALOCK_MPOL_MF_MOVE;
	add_policy(VMALOCK_TRACE_MBIND, 5, 1, VMALOCK_MPOL_BIND, 0x10)->result = VMALOCK_EINVAL; /* it had four */
	add_policy(VMALOCK_TRACE_MBIND, 7, 2, VMALOCK_MPOL_BIND, 1)->result = VMALOCK_EFAULT;
	add_fault(&t, 0, 5, CODE_WRITE);
	add_policy(VMALOCK_TRACE_SET_MEMPOLICY, 0, 0, VMALOCK_MPOL_INTERLEAVE, 0x3);
	add_policy(VMALOCK_TRACE_SET_MEMPOLICY, 0, 0, VMALOCK_MPOL_BIND, 0)->result = VMALOCK_EINVAL;
	add_range_call(&t, 0, VMALOCK_TRACE_GET_MEMPOLICY, 5, 0)->aux = VMALOCK_MPOL_F_ADDR;
	add_event(&t, 0, VMALOCK_TRACE_GET_MEMPOLICY)->aux = VMALOCK_MPOL_F_NODE;
	add_range_call(&t, 0, VMALOCK_TRACE_GET_MEMPOLICY, 12, 0)->aux = VMALOCK_MPOL_F_ADDR;
	t.events[t.header.events.count - 1].result = VMALOCK_EFAULT;
	add_exit(&t, 0);
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	/* A policy of their own keeps two pages apart from those beside them. */
	expect(strstr(vmalock_replay_final_maps(replay, 0), "100004000-100005000 rw-p") != NULL);
	expect(strstr(vmalock_replay_final_maps(replay, 0), "100005000-100007000 rw-p") != NULL);
	vmalock_replay_free(replay);
}

static void a_seal_holds_against_what_comes_later(void)
{
	vmalock_replay *replay;

	tracing_begin(&t);
	add_map(&t, 0, 4, 2, RW);
	add_range_call(&t, 0, VMALOCK_TRACE_MSEAL, 4, 3)->result = VMALOCK_ENOMEM;
	add_range_call(&t, 0, VMALOCK_TRACE_MSEAL, 4, 1)->aux = 1;
	t.events[t.header.events.count - 1].result = VMALOCK_EINVAL;
	add_range_call(&t, 0, VMALOCK_TRACE_MSEAL, 4, 1);
	add_unmap(&t, 0, 4, 1)->result = VMALOCK_EPERM;
	add_unmap(&t, 0, 5, 1);
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	vmalock_replay_free(replay);
}

static void a_key_gives_its_permission(void)
{
	vmalock_replay *replay;
	struct vmalock_trace_event *e;

	tracing_begin(&t);
	add_map(&t, 0, 4, 1, 0);
	e = add_range_call(&t, 0, VMALOCK_TRACE_PKEY_PROTECT, 4, 1);
	e->c = RW;
	e->d = 3;
	add_fault(&t, 0, 4, CODE_WRITE);
	e = add_range_call(&t, 0, VMALOCK_TRACE_PKEY_PROTECT, 4, 1);
	e->d = 9;
	e->result = VMALOCK_EINVAL; /* a key that nobody allocated */
	add_fault(&t, 0, 4, CODE_WRITE);
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	vmalock_replay_free(replay);
}

static void another_process_advises_a_space(void)
{
	vmalock_replay *replay;
	struct vmalock_trace_event *e;
	uint32_t daemon;

	tracing_begin(&t);
	add_map(&t, 0, 4, 2, RW);
	daemon = add_thread(&t, add_space(&t, VMALOCK_TRACE_NONE));
	e = add_range_call(&t, daemon, VMALOCK_TRACE_PROCESS_ADVISE, 4, 2);
	e->space = 0;
	e->aux = 20; /* MADV_COLD */
	e->c = 1;
	e->result = 2 * P;
	e = add_range_call(&t, daemon, VMALOCK_TRACE_PROCESS_ADVISE, 4, 2);
	e->space = 0;
	e->aux = 4; /* MADV_DONTNEED: not of another */
	e->c = 1;
	e->result = VMALOCK_EINVAL;
	e = add_range_call(&t, 0, VMALOCK_TRACE_PROCESS_ADVISE, 4, 1);
	e->aux = 4;
	e->result = P;
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	vmalock_replay_free(replay);
}

#define SHM_RDONLY_FLAG 0x1000u
#define SHM_RND_FLAG 0x2000u
#define SHM_REMAP_FLAG 0x4000u

static struct vmalock_trace_event *add_shmat(uint32_t file, uint64_t first, uint32_t prot, uint32_t flags)
{
	struct vmalock_trace_event *e = add_event(&t, 0, VMALOCK_TRACE_SHMAT);

	e->b = 3 * P - 100;
	e->c = prot;
	e->aux = flags;
	e->file = file;
	e->result = (int64_t)page(first);
	return e;
}

static struct vmalock_trace_event *add_shmdt(uint32_t file, uint64_t first)
{
	struct vmalock_trace_event *e = add_range_call(&t, 0, VMALOCK_TRACE_SHMDT, first, 3);

	e->file = file;
	return e;
}

static void segments_are_attached_and_detached_by_where_they_were_attached(void)
{
	vmalock_replay *replay;
	struct vmalock_trace_event *e;
	uint32_t file;
	const char *maps;

	tracing_begin(&t);
	file = add_file(&t, "/SYSV00000000 (deleted)", 3);
	add_shmat(file, 4, RW, 0);
	e = add_shmat(file, 10, RO, SHM_RDONLY_FLAG | SHM_RND_FLAG);
	e->a = page(10) + 5;
	e = add_shmat(file, 0, RW, 0); /* unaligned */
	e->a = page(15) + 5;
	e->result = VMALOCK_EINVAL;
	e = add_shmat(file, 0, RW, 0); /* in use */
	e->a = page(12);
	e->result = VMALOCK_EINVAL;
	e = add_shmat(file, 0, RW, SHM_REMAP_FLAG); /* no place */
	e->result = VMALOCK_EINVAL;
	e = add_shmat(VMALOCK_TRACE_NONE, 0, RW, 0); /* no such segment */
	e->result = VMALOCK_EINVAL;
	e = add_shmat(file, 12, RW, SHM_REMAP_FLAG);
	e->a = page(12);
	add_fault(&t, 0, 12, CODE_WRITE);
	add_unmap(&t, 0, 5, 1);
	add_shmdt(file, 5)->result = VMALOCK_EINVAL;
	add_shmdt(VMALOCK_TRACE_NONE, 4)->result = VMALOCK_EINVAL;
	add_shmdt(file, 4); /* what is left: the first page and the third */
	add_shmdt(file, 4)->result = VMALOCK_EINVAL;
	add_shmdt(file, 10); /* two pages, since another attachment took the third */
	add_exit(&t, 0);
	replay = tracing_load(&t);
	expect_eq(run_as_recorded(replay, "per-vma").unexpected, 0);
	maps = vmalock_replay_final_maps(replay, 0);
	expect_eq(strncmp(maps, "10000c000-10000f000 rw-s 00000000 08:00 40", 42), 0);
	expect(!strstr(strchr(maps, '\n'), "SYSV"));
	vmalock_replay_free(replay);
}

static const struct test_case cases[] = {
	CASE(policies_are_run_on_as_many_nodes_as_calls_could_name),
	CASE(a_seal_holds_against_what_comes_later),
	CASE(a_key_gives_its_permission),
	CASE(another_process_advises_a_space),
	CASE(segments_are_attached_and_detached_by_where_they_were_attached),
};

TEST_MAIN(cases)
