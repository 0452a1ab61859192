/*
 * What a VMA's functions may not be asked. No code of the library asks it, so nothing but these assertions would tell:
 * each is violated in a process of its own, which must end by abort().
 */
#include "support/aborting.h"
#include "support/one_vma.h"

struct broken_rule {
	struct scene *scene;
	void (*act)(struct scene *s);
};

static void break_rule(void *arg)
{
	struct broken_rule *rule = arg;

	write_begin(rule->scene);
	rule->act(rule->scene);
}

/* @act is a broken rule in the middle of a write section. */
static void expect_abort(void (*act)(struct scene *s))
{
	struct broken_rule rule = { scene(), act };

	write_end(rule.scene);
	expect(aborts(break_rule, &rule));
	end(rule.scene);
}

static void free_while_attached(struct scene *s)
{
	vma_discard(s->vma);
}

static void retire_while_attached(struct scene *s)
{
	struct rcu_batch batch;

	rcu_batch_init(&batch, vma_free_rcu);
	vma_retire(s->vma, &batch);
}

static void detach_unmarked(struct scene *s)
{
	vma_detach(s->vma);
}

static void change_range_unmarked(struct scene *s)
{
	vma_set_range(s->vma, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 4);
}

static void change_flags_unmarked(struct scene *s)
{
	vma_set_flags(s->vma, VM_READ);
}

static void mark_without_mmap_lock(struct scene *s)
{
	write_end(s);
	vma_write_lock(s->vma);
}

static void a_vma_is_freed_only_when_it_is_detached_so_that_no_reader_is_inside(void)
{
	expect_abort(free_while_attached);
	expect_abort(retire_while_attached);
}

static void a_vma_is_detached_or_changed_only_when_it_is_marked(void)
{
	expect_abort(detach_unmarked);
	expect_abort(change_range_unmarked);
	expect_abort(change_flags_unmarked);
}

static void a_vma_is_marked_only_under_mmap_lock(void)
{
	expect_abort(mark_without_mmap_lock);
}

static const struct test_case cases[] = {
	CASE(a_vma_is_freed_only_when_it_is_detached_so_that_no_reader_is_inside),
	CASE(a_vma_is_detached_or_changed_only_when_it_is_marked),
	CASE(a_vma_is_marked_only_under_mmap_lock),
};
TEST_MAIN(cases)
