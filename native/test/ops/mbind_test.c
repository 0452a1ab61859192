/* mbind: what it refuses and in which order, what it splits and joins, which pages it moves. */
#include "base/alloc.h"
#include "support/nodes.h"

static int bind_at(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t mode, uint64_t nodes, uint32_t flags)
{
	vmalock_nodemask mask = { { nodes } };

	return vmalock_mm_mbind(mm, addr, length, mode, &mask, flags);
}

static vmalock_mm *mapped(uint32_t nodes, uint64_t pages)
{
	vmalock_mm *mm = space_on_nodes(nodes, 64);

	map_at(mm, 0, pages, RW);
	return mm;
}

static void each_mode_wants_or_forbids_nodes(void)
{
	/* without nodes, with one that exists, with one that does not, with both */
	static const struct {
		uint32_t mode;
		const char *accepts;
	} modes[] = {
		{ DEFAULT, "1000" },
		{ PREFERRED, "1101" },
		{ BIND, "0101" },
		{ INTERLEAVE, "0101" },
		{ LOCAL, "1000" },
		{ PREFERRED_MANY, "0101" },
		{ WEIGHTED, "0101" },
		{ 7, "0000" },
		{ DEFAULT | STATIC, "1000" },
		{ PREFERRED | STATIC, "0101" },
		{ LOCAL | STATIC, "0000" },
		{ LOCAL | RELATIVE, "0000" },
		{ BIND | RELATIVE, "0111" },
		{ BIND | BALANCING, "0101" },
		{ PREFERRED_MANY | BALANCING, "0101" },
		{ INTERLEAVE | BALANCING, "0000" },
		{ DEFAULT | BALANCING, "0000" },
		{ BIND | STATIC | RELATIVE, "0000" },
		{ BIND | 0x10000, "0000" },
	};
	static const uint64_t masks[] = { 0, 1, 4, 5 };
	vmalock_mm *mm = mapped(2, 1);

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (size_t k = 0; k < 4; k++) {
			vmalock_nodemask mask = { { masks[k] } };
			int wanted = modes[i].accepts[k] == '1' ? 0 : VMALOCK_EINVAL;

			expect_eq(bind_pages(mm, 0, 1, modes[i].mode, masks[k], 0), wanted);
			expect_eq(vmalock_mm_set_mempolicy(mm, modes[i].mode, &mask), wanted);
		}
	}
	expect_eq(vmalock_mm_mbind(mm, page(0), P, BIND, NULL, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_mm_mbind(mm, page(0), P, DEFAULT, NULL, 0), 0);
	end_space(mm);
}

static void a_policy_is_told_as_it_was_set(void)
{
	vmalock_mm *mm = mapped(4, 1);

	expect_policy(mm, 0, DEFAULT, 0);
	expect_eq(bind_pages(mm, 0, 1, PREFERRED, 6, 0), 0);
	expect_policy(mm, 0, PREFERRED, 2); /* the first of them */
	expect_eq(bind_pages(mm, 0, 1, PREFERRED, 0, 0), 0);
	expect_policy(mm, 0, LOCAL, 0);
	expect_eq(bind_pages(mm, 0, 1, BIND, 0xf6, 0), 0);
	expect_policy(mm, 0, BIND, 6); /* of those that there are */
	expect_eq(bind_pages(mm, 0, 1, BIND | STATIC, 0xf6, 0), 0);
	expect_policy(mm, 0, BIND | STATIC, 0xf6);
	expect_eq(bind_pages(mm, 0, 1, INTERLEAVE | RELATIVE, 0x60, 0), 0);
	expect_policy(mm, 0, INTERLEAVE | RELATIVE, 0x60);
	expect_eq(bind_pages(mm, 0, 1, DEFAULT, 0, 0), 0);
	expect_policy(mm, 0, DEFAULT, 0);
	end_space(mm);
}

static void arguments_are_refused_in_linuxs_order(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.privileged = 0;
	options.frames = 64;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 2, RW);
	expect_eq(bind_at(mm, page(0) + 1, 0, BIND, 1, 8), VMALOCK_EINVAL);
	expect_eq(bind_at(mm, page(0) + 1, P, BIND, 1, MOVE_ALL), VMALOCK_EPERM);
	expect_eq(bind_at(mm, page(0) + 1, 0, BIND, 1, 0), VMALOCK_EINVAL);
	expect_eq(bind_at(mm, page(0), UINT64_MAX - 2 * P, BIND, 1, 0), VMALOCK_EINVAL);
	expect_eq(bind_at(mm, page(0), 0, 7, 1, 0), VMALOCK_EINVAL);
	expect_eq(bind_at(mm, page(0), 0, BIND, 0, 0), 0); /* no range: the nodes are not looked at */
	expect_eq(bind_at(mm, page(9), 0, BIND, 1, 0), 0);
	expect_eq(bind_at(mm, page(0), UINT64_MAX, BIND, 1, 0), 0);
	expect_eq(bind_at(mm, page(9), P, BIND, 0, 0), VMALOCK_EINVAL);
	expect_eq(bind_at(mm, page(9), P, BIND, 1, 0), VMALOCK_EFAULT);
	expect_eq(bind_at(mm, page(0), UINT64_C(1) << 50, BIND, 1, 0), VMALOCK_EFAULT);
	expect_policy(mm, 0, DEFAULT, 0);
	end_space(mm);
}

static void a_hole_is_efault_and_changes_nothing_but_not_for_the_default(void)
{
	vmalock_mm *mm = space_on_nodes(1, 64);

	map_at(mm, 0, 3, RW);
	map_at(mm, 4, 3, RW);
	expect_eq(bind_pages(mm, 1, 5, BIND, 1, 0), VMALOCK_EFAULT);
	expect_eq(bind_pages(mm, 3, 2, BIND, 1, 0), VMALOCK_EFAULT);
	expect_eq(bind_pages(mm, 5, 3, BIND, 1, 0), VMALOCK_EFAULT);
	expect_drawing(mm, "AAA.BBB");
	expect_eq(bind_pages(mm, 0, 3, BIND, 1, 0), 0);
	expect_eq(bind_pages(mm, 4, 3, BIND, 1, 0), 0);
	expect_eq(bind_pages(mm, 1, 5, DEFAULT, 0, STRICT), 0);
	expect_drawing(mm, "ABB.CCD");
	expect_eq(bind_pages(mm, 3, 1, DEFAULT, 0, 0), VMALOCK_EFAULT);
	end_space(mm);
}

static void a_policy_splits_and_an_equal_one_joins(void)
{
	vmalock_mm *mm = mapped(2, 9);

	expect_eq(bind_pages(mm, 3, 3, BIND, 1, 0), 0);
	expect_drawing(mm, "AAABBBCCC");
	expect_eq(bind_pages(mm, 6, 2, BIND, 1, 0), 0);
	expect_drawing(mm, "AAABBBBBC");
	expect_eq(bind_pages(mm, 4, 1, PREFERRED, 1, 0), 0);
	expect_drawing(mm, "AAABCDDDE");
	expect_eq(bind_pages(mm, 4, 1, BIND, 1, 0), 0);
	expect_drawing(mm, "AAABBBBBC");
	expect_eq(bind_pages(mm, 3, 5, BIND | STATIC, 1, 0), 0);
	expect_eq(bind_pages(mm, 8, 1, BIND | STATIC, 5, 0), 0); /* the same nodes, told otherwise */
	expect_drawing(mm, "AAABBBBBC");
	expect_eq(bind_pages(mm, 0, 9, DEFAULT, 0, 0), 0);
	expect_drawing(mm, "AAAAAAAAA");
	end_space(mm);
}

static void a_new_mapping_joins_only_neighbours_without_a_policy(void)
{
	vmalock_mm *mm = mapped(1, 2);
	uint64_t at;

	expect_eq(bind_pages(mm, 0, 2, BIND, 1, 0), 0);
	map_at(mm, 2, 2, RW);
	expect_drawing(mm, "AABB");
	expect_policy(mm, 2, DEFAULT, 0);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RO), 0);
	expect_policy(mm, 1, BIND, 1);
	expect_eq(vmalock_mm_protect(mm, page(1), P, RW), 0);
	expect_drawing(mm, "AABB");
	/* growing and moving keep it */
	expect_eq(vmalock_mm_unmap(mm, page(2), 2 * P), 0);
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 3 * P, 0, 0, &at), 0);
	expect_drawing(mm, "AAA");
	expect_eq(
		vmalock_mm_remap(mm, page(0), 3 * P, 3 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(8), &at),
		0);
	expect_policy(mm, 9, BIND, 1);
	end_space(mm);
}

static void written_neighbours_share_an_anon_only_under_one_policy(void)
{
	vmalock_mm *mm = mapped(1, 4);

	expect_eq(bind_pages(mm, 2, 2, BIND, 1, 0), 0);
	write_byte(mm, 0, 1);
	write_byte(mm, 3, 1);
	expect_eq(bind_pages(mm, 2, 2, DEFAULT, 0, 0), 0);
	expect_drawing(mm, "AABB"); /* born apart, since they could not have merged then */
	end_space(mm);
}

static void the_map_limit_is_enomem_and_what_lies_before_has_its_policy(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.limits.map_count = 3;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	map_at(mm, 0, 1, RW);
	map_at(mm, 1, 1, RO);
	map_at(mm, 2, 2, RW);
	expect_eq(bind_pages(mm, 0, 3, BIND, 1, 0), VMALOCK_ENOMEM);
	expect_policy(mm, 0, BIND, 1);
	expect_policy(mm, 1, BIND, 1);
	expect_policy(mm, 2, DEFAULT, 0);
	end_space(mm);
}

static void faults_take_frames_where_the_policy_says(void)
{
	vmalock_mm *mm = mapped(4, 20);

	write_pages(mm, 0, 2);
	expect_eq(bind_pages(mm, 2, 2, BIND, 12, 0), 0);
	expect_eq(bind_pages(mm, 4, 2, PREFERRED, 2, 0), 0);
	expect_eq(bind_pages(mm, 8, 8, INTERLEAVE, 7, 0), 0);
	expect_eq(bind_pages(mm, 16, 4, PREFERRED_MANY, 10, 0), 0);
	write_pages(mm, 2, 18);
	expect_nodes(mm, 0, "00221100");
	/* by the page's offset, which is the number of the page at its birth */
	for (uint64_t n = 8; n < 16; n++)
		expect_nodes(mm, n, ((const char *[]){ "0", "1", "2" })[(page(n) / P) % 3]);
	expect_nodes(mm, 16, "1111");
	expect_bytes(mm, 0, 20);
	end_space(mm);
}

static void a_thread_takes_frames_of_its_own_node_where_no_policy_says_otherwise(void)
{
	vmalock_mm *mm = mapped(3, 6);
	vmalock_nodemask two = { { 4 } };

	expect_eq(vmalock_set_thread_node(VMALOCK_MAX_NODES), VMALOCK_EINVAL);
	expect_eq(vmalock_set_thread_node(1), 0);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_set_mempolicy(mm, BIND, &two), 0);
	write_byte(mm, 1, 1);
	expect_eq(bind_pages(mm, 2, 1, LOCAL, 0, 0), 0);
	write_byte(mm, 2, 1);
	expect_eq(vmalock_mm_set_mempolicy(mm, DEFAULT, NULL), 0);
	expect_eq(vmalock_set_thread_node(63), 0); /* there is none here */
	write_byte(mm, 3, 1);
	expect_eq(vmalock_set_thread_node(0), 0);
	expect_nodes(mm, 0, "1210..");
	end_space(mm);
}

static void bound_memory_has_no_other_node_and_preferred_memory_has(void)
{
	vmalock_mm *mm = space_on_nodes(2, 3);

	map_at(mm, 0, 10, RW);
	expect_eq(bind_pages(mm, 0, 4, BIND, 2, 0), 0);
	write_pages(mm, 0, 3);
	expect_eq(vmalock_mm_fault(mm, page(3), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_OOM);
	expect_nodes(mm, 0, "111.");
	expect_eq(bind_pages(mm, 4, 1, PREFERRED, 2, 0), 0);
	expect_eq(bind_pages(mm, 5, 1, INTERLEAVE, 2, 0), 0);
	expect_eq(bind_pages(mm, 6, 1, PREFERRED_MANY, 2, 0), 0);
	write_pages(mm, 4, 3);
	expect_nodes(mm, 4, "000");
	expect_eq(vmalock_mm_fault(mm, page(7), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_OOM);
	expect_eq(vmalock_mm_advise(mm, page(0), P, 4), 0);
	write_byte(mm, 7, 8); /* the frame of node 1 that was let go */
	expect_nodes(mm, 7, "1");
	end_space(mm);
}

static void strict_refuses_pages_that_lie_elsewhere_and_sets_nothing(void)
{
	vmalock_mm *mm = mapped(2, 4);

	write_pages(mm, 1, 1);
	expect_eq(bind_pages(mm, 0, 4, BIND, 2, STRICT), VMALOCK_EIO);
	expect_policy(mm, 0, DEFAULT, 0);
	expect_eq(bind_pages(mm, 2, 2, BIND, 2, STRICT), 0);
	expect_eq(bind_pages(mm, 0, 1, LOCAL, 0, STRICT), 0);
	expect_eq(bind_pages(mm, 1, 1, LOCAL, 0, STRICT),
		  VMALOCK_EIO); /* no nodes are named, so that it lies on none of them */
	expect_eq(bind_pages(mm, 1, 1, BIND, 3, STRICT), 0);
	expect_eq(bind_pages(mm, 1, 1, DEFAULT, 0, STRICT), 0);
	end_space(mm);
}

static void strict_stops_at_the_first_obstacle(void)
{
	vmalock_mm *mm = space_on_nodes(2, 64);

	map_at(mm, 0, 1, RW);
	map_at(mm, 1, 1, RO);
	map_at(mm, 3, 1, RW);
	write_byte(mm, 0, 1);
	expect_eq(bind_pages(mm, 0, 4, BIND, 2, STRICT), VMALOCK_EIO); /* before the hole */
	expect_eq(bind_pages(mm, 1, 3, BIND, 2, STRICT), VMALOCK_EFAULT);
	expect_eq(bind_pages(mm, 0, 4, BIND, 2, MOVE), VMALOCK_EFAULT);
	expect_nodes(mm, 0, "0");
	end_space(mm);
}

static void move_takes_pages_along_bytes_and_all(void)
{
	vmalock_mm *mm = mapped(3, 6);

	write_pages(mm, 0, 5);
	expect_eq(bind_pages(mm, 1, 2, BIND, 2, 0), 0);
	expect_nodes(mm, 0, "00000.");
	expect_eq(bind_pages(mm, 1, 2, BIND, 2, MOVE | STRICT), 0);
	expect_nodes(mm, 0, "01100.");
	expect_eq(bind_pages(mm, 2, 2, BIND, 6, MOVE), 0); /* one lies on such a node already */
	expect_nodes(mm, 0, "01110.");
	expect_eq(bind_pages(mm, 1, 3, DEFAULT, 0, MOVE), 0);
	expect_nodes(mm, 0, "00000.");
	expect_bytes(mm, 0, 5);
	expect_eq(bind_pages(mm, 0, 6, INTERLEAVE, 6, MOVE), 0);
	for (uint64_t n = 0; n < 5; n++)
		expect_nodes(mm, n, (page(n) / P) % 2 ? "2" : "1");
	expect_bytes(mm, 0, 5);
	write_pages(mm, 0, 6);
	expect_bytes(mm, 0, 6);
	end_space(mm);
}

static void pages_for_which_no_node_has_a_frame_stay_and_strict_says_eio(void)
{
	vmalock_mm *mm = space_on_nodes(2, 3);

	map_at(mm, 0, 5, RW);
	expect_eq(bind_pages(mm, 3, 2, BIND, 2, 0), 0);
	write_pages(mm, 0, 5);
	expect_eq(bind_pages(mm, 0, 3, BIND, 2, MOVE | STRICT), VMALOCK_EIO);
	expect_policy(mm, 0, BIND, 2);
	expect_nodes(mm, 0, "10011");
	expect_bytes(mm, 0, 5);
	expect_eq(bind_pages(mm, 0, 3, PREFERRED, 2, MOVE), 0);
	end_space(mm);
}

static void pages_that_a_fork_shares_move_only_with_move_all(void)
{
	vmalock_mm *mm = mapped(2, 2), *child;

	write_pages(mm, 0, 2);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	write_byte(mm, 1, 9); /* no longer shared */
	expect_eq(bind_pages(mm, 0, 2, BIND, 2, MOVE | STRICT), 0);
	expect_nodes(mm, 0, "01");
	expect_eq(bind_pages(mm, 0, 2, BIND, 2, MOVE_ALL | STRICT), 0);
	expect_nodes(mm, 0, "11");
	expect_nodes(child, 0, "00");
	expect_bytes(child, 0, 2);
	expect_eq(read_byte(mm, 0), 1);
	write_byte(mm, 0, 5);
	expect_eq(read_byte(child, 0), 1);
	end_space(mm);
	write_pages(child, 0, 2);
	end_space(child);
}

static void a_fork_inherits_both_kinds_of_policy(void)
{
	vmalock_mm *mm = mapped(2, 4), *child;
	vmalock_nodemask second = { { 2 } }, told;
	uint32_t mode;

	expect_eq(bind_pages(mm, 0, 2, BIND, 2, 0), 0);
	expect_eq(vmalock_mm_set_mempolicy(mm, PREFERRED, &second), 0);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_eq(vmalock_mm_set_mempolicy(mm, DEFAULT, NULL), 0);
	expect_eq(bind_pages(mm, 0, 2, DEFAULT, 0, 0), 0);
	expect_policy(child, 0, BIND, 2);
	expect_eq(vmalock_mm_get_mempolicy(child, 0, 0, &mode, &told), 0);
	expect_eq(mode, PREFERRED);
	expect_eq(told.bits[0], 2);
	write_pages(child, 0, 4);
	expect_nodes(child, 0, "1111");
	end_space(mm);
	end_space(child);
}

static void get_mempolicy_tells_one_thing_at_a_time(void)
{
	static const struct {
		uint32_t flags;
		uint64_t at;
		int wanted;
	} calls[] = {
		{ 0, 0, 0 },
		{ 0, BASE, VMALOCK_EINVAL },
		{ VMALOCK_MPOL_F_ADDR, BASE + 5, 0 },
		{ VMALOCK_MPOL_F_ADDR, BASE + 9 * P, VMALOCK_EFAULT },
		{ VMALOCK_MPOL_F_NODE, 0, VMALOCK_EINVAL },
		{ VMALOCK_MPOL_F_MEMS_ALLOWED, 0, 0 },
		{ VMALOCK_MPOL_F_MEMS_ALLOWED, BASE, 0 },
		{ VMALOCK_MPOL_F_MEMS_ALLOWED | VMALOCK_MPOL_F_NODE, 0, VMALOCK_EINVAL },
		{ VMALOCK_MPOL_F_MEMS_ALLOWED | VMALOCK_MPOL_F_ADDR, BASE, VMALOCK_EINVAL },
		{ 8, 0, VMALOCK_EINVAL },
	};
	vmalock_mm *mm = mapped(3, 1);
	vmalock_nodemask nodes, six = { { 6 } };
	uint32_t mode;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		expect_eq(vmalock_mm_get_mempolicy(mm, calls[i].at, calls[i].flags, &mode, &nodes), calls[i].wanted);
	expect_eq(vmalock_mm_get_mempolicy(mm, 0, VMALOCK_MPOL_F_MEMS_ALLOWED, &mode, &nodes), 0);
	expect_eq(mode, 0);
	expect_eq(nodes.bits[0], 7);
	for (uint32_t m = BIND; m <= WEIGHTED; m++) {
		int wanted = m == INTERLEAVE || m == WEIGHTED ? 0 : VMALOCK_EINVAL;

		if (m == LOCAL)
			continue;
		expect_eq(vmalock_mm_set_mempolicy(mm, m, &six), 0);
		expect_eq(vmalock_mm_get_mempolicy(mm, 0, VMALOCK_MPOL_F_NODE, &mode, &nodes), wanted);
		expect(wanted || mode == 1);
	}
	end_space(mm);
}

static void the_node_of_a_page_wants_a_page_that_may_be_read(void)
{
	const uint32_t node_of_page = VMALOCK_MPOL_F_NODE | VMALOCK_MPOL_F_ADDR;
	struct vmalock_file_options options = { .length = P };
	vmalock_mm *mm = space_on_nodes(2, 8);
	vmalock_nodemask nodes;
	vmalock_file *file;
	uint32_t node;
	uint64_t at;

	map_at(mm, 0, 1, RW);
	map_at(mm, 1, 1, VMALOCK_PROT_NONE);
	map_at(mm, 2, 1, VMALOCK_PROT_WRITE);
	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(3), 2 * P, RO, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(0), node_of_page, &node, &nodes), 0);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(1), node_of_page, &node, &nodes), VMALOCK_EFAULT);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(2), node_of_page, &node, &nodes), VMALOCK_EFAULT);
	write_byte(mm, 0, 1);
	expect_eq(vmalock_mm_fault(mm, page(2), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(2), node_of_page, &node, &nodes), 0);
	expect_eq(vmalock_mm_protect(mm, page(0), P, VMALOCK_PROT_NONE), 0);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(0), node_of_page, &node, &nodes), VMALOCK_EFAULT);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(3), node_of_page, &node, &nodes), 0);
	expect_eq(vmalock_mm_get_mempolicy(mm, page(4), node_of_page, &node, &nodes), VMALOCK_EFAULT);
	expect_eq(bind_pages(mm, 3, 1, LOCAL, 0, STRICT), VMALOCK_EIO);
	expect_eq(bind_pages(mm, 3, 1, LOCAL, 0, STRICT | MOVE), 0);
	vmalock_file_put(file);
	end_space(mm);
}

static void a_huge_page_comes_from_one_node_and_moves_as_a_whole(void)
{
	const uint64_t huge = UINT64_C(2) << 20;
	vmalock_mm *mm = space_on_nodes(2, 1024 + 64);
	struct vmalock_status status;
	uint8_t byte = 9;
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, BASE, 2 * huge, RW, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_advise(mm, BASE, 2 * huge, 14), 0);
	expect_eq(vmalock_mm_mbind(mm, BASE, 2 * huge, BIND, &(vmalock_nodemask){ { 2 } }, 0), 0);
	expect_eq(vmalock_mm_write(mm, BASE + 5 * P, &byte, 1, NULL), 0);
	expect_nodes(mm, 0, "111111");
	expect_eq(vmalock_mm_mbind(mm, BASE, 2 * huge, BIND, &(vmalock_nodemask){ { 1 } }, STRICT), VMALOCK_EIO);
	expect_eq(vmalock_mm_mbind(mm, BASE, 2 * huge, BIND, &(vmalock_nodemask){ { 1 } }, STRICT | MOVE), 0);
	expect_nodes(mm, 0, "000000");
	expect_eq(read_byte(mm, 5), 9);
	vmalock_mm_status(mm, &status);
	expect_eq(status.rss_anon, huge);
	expect_eq(status.frames_used, 512);
	/* one page of it: cut off, and moved alone */
	expect_eq(bind_pages(mm, 5, 1, BIND, 2, MOVE | STRICT), 0);
	expect_nodes(mm, 4, "010");
	expect_eq(read_byte(mm, 5), 9);
	end_space(mm);
}

static void more_nodes_than_there_can_be_are_refused(void)
{
	static const struct {
		uint32_t nodes;
		uint64_t frames;
		int wanted;
	} asked[] = { { 64, 64, 0 }, { 64, 63, VMALOCK_EINVAL }, { 65, 1000, VMALOCK_EINVAL }, { 0, 1, 0 } };

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct vmalock_options options;
		vmalock_mm *mm;

		vmalock_options_init(&options);
		options.numa_nodes = asked[i].nodes;
		options.frames = asked[i].frames;
		expect_eq(vmalock_mm_create(&options, &mm), asked[i].wanted);
		if (!asked[i].wanted)
			end_space(mm);
	}
}

static void without_memory_nothing_changes_but_splits(void)
{
	bool failed = true;

	for (uint64_t n = 1; failed; n++) {
		vmalock_mm *mm = mapped(2, 3), *child;
		vmalock_nodemask first = { { 1 } };
		int err;

		expect_eq(vmalock_mm_set_mempolicy(mm, BIND, &first), 0);
		alloc_fail_after(n);
		err = bind_pages(mm, 1, 1, BIND, 2, 0);
		if (!err)
			err = vmalock_mm_set_mempolicy(mm, PREFERRED, &first);
		if (!err && !(err = vmalock_mm_fork(mm, &child)))
			vmalock_mm_put(child);
		failed = alloc_failure_happened();
		alloc_fail_after(0);
		expect(!err || (failed && err == VMALOCK_ENOMEM));
		expect_policy(mm, 0, DEFAULT, 0);
		end_space(mm);
	}
	expect_eq(alloc_live(), 0);
}

static const struct test_case cases[] = {
	CASE(each_mode_wants_or_forbids_nodes),
	CASE(a_policy_is_told_as_it_was_set),
	CASE(arguments_are_refused_in_linuxs_order),
	CASE(a_hole_is_efault_and_changes_nothing_but_not_for_the_default),
	CASE(a_policy_splits_and_an_equal_one_joins),
	CASE(a_new_mapping_joins_only_neighbours_without_a_policy),
	CASE(written_neighbours_share_an_anon_only_under_one_policy),
	CASE(the_map_limit_is_enomem_and_what_lies_before_has_its_policy),
	CASE(faults_take_frames_where_the_policy_says),
	CASE(a_thread_takes_frames_of_its_own_node_where_no_policy_says_otherwise),
	CASE(bound_memory_has_no_other_node_and_preferred_memory_has),
	CASE(strict_refuses_pages_that_lie_elsewhere_and_sets_nothing),
	CASE(strict_stops_at_the_first_obstacle),
	CASE(move_takes_pages_along_bytes_and_all),
	CASE(pages_for_which_no_node_has_a_frame_stay_and_strict_says_eio),
	CASE(pages_that_a_fork_shares_move_only_with_move_all),
	CASE(a_fork_inherits_both_kinds_of_policy),
	CASE(get_mempolicy_tells_one_thing_at_a_time),
	CASE(the_node_of_a_page_wants_a_page_that_may_be_read),
	CASE(a_huge_page_comes_from_one_node_and_moves_as_a_whole),
	CASE(more_nodes_than_there_can_be_are_refused),
	CASE(without_memory_nothing_changes_but_splits),
};
TEST_MAIN(cases)
