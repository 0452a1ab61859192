/*
 * What a VMA's functions may not be asked. No code of the library asks it, so nothing but these assertions would tell:
 * each is violated in a process of its own, which must end by abort().
 */
#include "locks/held.h"
#include "support/aborting.h"
#include "support/one_vma.h"
#include "vma/file.h"

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

static void change_policy_unmarked(struct scene *s)
{
	vma_set_policy(s->vma, NULL);
}

static void set_anon_unmarked(struct scene *s)
{
	struct anon_ref ref;

	expect_eq(anon_ref_create(&ref), 0);
	vma_set_anon(s->vma, ref);
}

static void drop_anon_unmarked(struct scene *s)
{
	vma_drop_anon(s->vma);
}

/* Nobody can find it, and still it is the writer's alone. */
static void change_detached_without_mmap_lock(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_detach(s->vma);
	write_end(s);
	vma_set_flags(s->vma, VM_READ);
}

static void attach_unmarked_without_mmap_lock(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_detach(s->vma);
	write_end(s);
	vma_attach(s->vma);
}

static void create_without_mmap_lock(struct scene *s)
{
	write_end(s);
	expect(vma_create(&s->domain, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 4, VM_READ, NULL) != NULL);
}

static void attach_twice(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_attach(s->vma);
}

static void detach_twice(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_detach(s->vma);
	vma_detach(s->vma);
}

static void turn_range_round(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_set_range(s->vma, 8 * PAGE_SIZE, 4 * PAGE_SIZE, 4);
}

static void name_while_attached(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_set_name(s->vma, NULL);
}

static void register_with_nobody(struct scene *s)
{
	vma_write_lock(s->vma);
	vma_set_userfault(s->vma, NULL, VM_UFFD_MISSING);
}

static void set_anon_over_another(struct scene *s)
{
	struct anon_ref ref;

	vma_write_lock(s->vma);
	expect_eq(anon_ref_create(&ref), 0);
	vma_set_anon_first(s->vma, ref);
	vma_set_anon_first(s->vma, ref);
}

static void read_outside_a_read_section(struct scene *s)
{
	(void)vma_start_read(s->vma, &s->domain, 5 * PAGE_SIZE);
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
	expect_abort(change_policy_unmarked);
	expect_abort(set_anon_unmarked);
	expect_abort(drop_anon_unmarked);
}

static void a_vma_is_marked_only_under_mmap_lock(void)
{
	expect_abort(mark_without_mmap_lock);
}

static void a_vma_is_made_and_changed_only_under_mmap_lock(void)
{
	expect_abort(create_without_mmap_lock);
	expect_abort(change_detached_without_mmap_lock);
	expect_abort(attach_unmarked_without_mmap_lock);
}

static void a_vma_is_attached_once_and_detached_once(void)
{
	expect_abort(attach_twice);
	expect_abort(detach_twice);
}

static void what_a_vma_cannot_be_it_is_not_made(void)
{
	expect_abort(turn_range_round);
	expect_abort(name_while_attached);
	expect_abort(register_with_nobody);
	expect_abort(set_anon_over_another);
}

static void a_vma_is_looked_at_only_in_a_read_section(void)
{
	expect_abort(read_outside_a_read_section);
}

static void lock_mappings_while_changing_pages(void *arg)
{
	held_add(RANK_FILE);
	vma_file_lock_mappings(arg);
}

/* A file's list of mappings is locked by who has its VMA; F3 of docs/races.md. */
static void the_list_of_mappings_has_its_place_in_the_lock_order(void)
{
	struct vma_file file;

	vma_file_init_mappings(&file);
	expect(aborts(lock_mappings_while_changing_pages, &file));
	vma_file_destroy_mappings(&file);
}

static const struct test_case cases[] = {
	CASE(a_vma_is_freed_only_when_it_is_detached_so_that_no_reader_is_inside),
	CASE(a_vma_is_detached_or_changed_only_when_it_is_marked),
	CASE(a_vma_is_marked_only_under_mmap_lock),
	CASE(a_vma_is_made_and_changed_only_under_mmap_lock),
	CASE(a_vma_is_attached_once_and_detached_once),
	CASE(the_list_of_mappings_has_its_place_in_the_lock_order),
	CASE(what_a_vma_cannot_be_it_is_not_made),
	CASE(a_vma_is_looked_at_only_in_a_read_section),
};
TEST_MAIN(cases)
