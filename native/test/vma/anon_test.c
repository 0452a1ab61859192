#include <errno.h>

#include "base/alloc.h"
#include "base/random.h"
#include "test.h"
#include "vma/anon.h"

static struct anon_ref created(void)
{
	struct anon_ref ref;

	expect_eq(anon_ref_create(&ref), 0);
	return ref;
}

static struct anon_ref forked(struct anon_ref parent)
{
	struct anon_ref ref;

	expect_eq(anon_ref_fork(parent, &ref), 0);
	return ref;
}

static void a_new_anon_is_singular_and_its_forks_are_not(void)
{
	struct anon_ref a = created(), b = forked(a), c = forked(b);

	expect(anon_ref_is_singular(a));
	expect(!anon_ref_is_singular(b));
	expect(!anon_ref_is_singular(c));
	expect(b.anon != a.anon && c.anon != b.anon);
	anon_ref_put(b);
	anon_ref_put(a);
	anon_ref_put(c);
}

static void a_shared_anon_lives_until_the_last_vma_goes(void)
{
	int64_t before = alloc_live();
	struct anon_ref a = created();

	anon_ref_share(a);
	anon_ref_put(a);
	expect(alloc_live() > before);
	anon_ref_put(a);
	expect_eq(alloc_live(), before);
}

/* Linux: a child that dies leaves an anon without VMAs of its own; the grandchild's fork takes it over. */
static void a_fork_takes_over_an_anon_that_nobody_uses(void)
{
	struct anon_ref a = created(), b = forked(a), c = forked(b), d;

	anon_ref_put(b); /* the middle process ends: its anon stays in c's chain, idle */
	d = forked(c);
	expect(d.anon == b.anon);
	expect(d.chain == c.chain);
	anon_ref_put(a);
	anon_ref_put(c);
	anon_ref_put(d);
}

static void without_memory_a_fork_changes_nothing(void)
{
	struct anon_ref a = created(), b;
	int64_t before = alloc_live();

	alloc_fail_after(1);
	expect_eq(anon_ref_fork(a, &b), -ENOMEM);
	alloc_fail_after(0);
	expect_eq(alloc_live(), before);
	expect_eq(a.anon->children, 1);
	anon_ref_put(a);
}

/* Many processes that fork and end in any order leave nothing behind. */
static void any_order_of_forks_and_ends_frees_everything(void)
{
	struct random r = { 11 };
	int64_t before = alloc_live();

	for (int round = 0; round < 300; round++) {
		struct anon_ref live[40] = { created() };
		size_t count = 1;

		while (count) {
			size_t at = (size_t)random_below(&r, count);

			if (count < 40 && random_below(&r, 5) < 3) {
				if (random_below(&r, 3)) {
					live[count] = forked(live[at]);
				} else {
					anon_ref_share(live[at]);
					live[count] = live[at];
				}
				count++;
			} else {
				anon_ref_put(live[at]);
				live[at] = live[--count];
			}
			if (random_below(&r, 200) == 0)
				while (count)
					anon_ref_put(live[--count]);
		}
		expect_eq(alloc_live(), before);
	}
}

static const struct test_case cases[] = {
	CASE(a_new_anon_is_singular_and_its_forks_are_not), CASE(a_shared_anon_lives_until_the_last_vma_goes),
	CASE(a_fork_takes_over_an_anon_that_nobody_uses),   CASE(without_memory_a_fork_changes_nothing),
	CASE(any_order_of_forks_and_ends_frees_everything),
};
TEST_MAIN(cases)
