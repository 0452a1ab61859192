/* Which mappings are registered with whom: checks, splits, merges, and what fork, mremap and close make of them. */
#include "base/alloc.h"
#include "support/resolving.h"

static uint64_t uffd_flags_at(vmalock_mm *mm, uint64_t n)
{
	struct vmalock_vma vma;

	expect_eq(vmalock_mm_find(mm, page(n), &vma), 0);
	return vma.vm_flags & (VMALOCK_VM_UFFD_MISSING | VMALOCK_VM_UFFD_WP | VMALOCK_VM_UFFD_MINOR);
}

static void a_registered_part_is_a_mapping_of_its_own_until_it_is_unregistered(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 6, RW);
	expect_eq(register_pages(uffd, 2, 2, MISSING), 0);
	expect_drawing(mm, "AABBCC");
	expect_eq(uffd_flags_at(mm, 2), VMALOCK_VM_UFFD_MISSING);
	expect_eq(uffd_flags_at(mm, 1), 0);
	expect_eq(register_pages(uffd, 0, 2, MISSING), 0);
	expect_drawing(mm, "AAAABB");
	expect_eq(unregister_pages(uffd, 0, 6), 0);
	expect_drawing(mm, "AAAAAA");
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void modes_that_are_there_already_are_enough_and_others_replace_them(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 4, RW);
	expect_eq(register_pages(uffd, 0, 4, MISSING | WP), 0);
	expect_eq(register_pages(uffd, 1, 2, MISSING), 0);
	expect_drawing(mm, "AAAA");
	expect_eq(uffd_flags_at(mm, 1), VMALOCK_VM_UFFD_MISSING | VMALOCK_VM_UFFD_WP);
	expect_eq(unregister_pages(uffd, 0, 4), 0);
	expect_eq(register_pages(uffd, 0, 4, MISSING), 0);
	expect_eq(register_pages(uffd, 0, 4, WP), 0);
	expect_eq(uffd_flags_at(mm, 0), VMALOCK_VM_UFFD_WP);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

/* Only asynchronous write protection takes any memory; and nobody brings pages there. */
static void files_of_a_disk_are_refused(void)
{
	const uint32_t types[] = { VMALOCK_MAP_SHARED, VMALOCK_MAP_PRIVATE };
	static const uint8_t bytes[P];

	for (int i = 0; i < 2; i++) {
		vmalock_mm *mm = space_of(NULL);
		vmalock_uffd *uffd = uffd_with(mm, 0), *async = uffd_with(mm, VMALOCK_UFFD_FEATURE_WP_ASYNC);
		vmalock_file *disk = file_with(2, 0, 0), *memory = memory_file_with(2, 0, 0);
		uint64_t done;

		map_file(mm, disk, 0, 2, RW, types[i]);
		expect_eq(register_pages(uffd, 0, 2, MISSING), VMALOCK_EINVAL);
		expect_eq(register_pages(uffd, 0, 2, WP), VMALOCK_EINVAL);
		expect_eq(register_pages(uffd, 0, 2, MINOR_MODE), VMALOCK_EINVAL);
		expect_eq(register_pages(async, 0, 2, WP | MISSING), VMALOCK_EINVAL);
		expect_eq(register_pages(async, 0, 2, WP), 0);
		expect_eq(vmalock_uffd_copy(async, page(0), bytes, P, 0, &done), VMALOCK_EINVAL);
		expect_eq(unregister_pages(async, 0, 2), 0);
		map_file(mm, memory, 0, 2, RW, types[i]);
		expect_eq(register_pages(uffd, 0, 2, MISSING), 0);
		vmalock_uffd_put(uffd);
		vmalock_uffd_put(async);
		end_space(mm);
		vmalock_file_put(disk);
		vmalock_file_put(memory);
	}
}

static void what_cannot_be_registered_is_refused_before_anything_changes(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0), *other = uffd_with(mm, 0);
	struct vmalock_initial_vma special = { .start = page(8), .end = page(9), .prot = RO, .special = 1 };

	map_at(mm, 0, 4, RW);
	expect_eq(vmalock_mm_map_initial(mm, &special), 0);
	expect_eq(register_pages(uffd, 0, 4, 0), VMALOCK_EINVAL);
	expect_eq(register_pages(uffd, 0, 4, 8), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, page(0) + 1, P, MISSING), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, page(0), P + 1, MISSING), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, page(0), 0, MISSING), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, page(0), ~UINT64_C(0) << 12, MISSING), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, 4096, P, MISSING), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_register(uffd, VMALOCK_TASK_SIZE, P, MISSING), VMALOCK_EINVAL);
	expect_eq(register_pages(uffd, 16, 2, MISSING), VMALOCK_EINVAL);
	expect_eq(register_pages(uffd, 0, 4, MINOR_MODE), VMALOCK_EINVAL);
	expect_eq(register_pages(uffd, 0, 9, MISSING), VMALOCK_EINVAL);
	expect_eq(uffd_flags_at(mm, 0), 0);
	expect_eq(register_pages(other, 2, 1, MISSING), 0);
	expect_eq(register_pages(uffd, 0, 4, MISSING), VMALOCK_EBUSY);
	expect_eq(unregister_pages(uffd, 2, 1), VMALOCK_EINVAL);
	expect_eq(unregister_pages(uffd, 16, 1), VMALOCK_EINVAL);
	expect_eq(unregister_pages(uffd, 0, 1), 0);
	expect_drawing(mm, "AABC....D");
	vmalock_uffd_put(uffd);
	vmalock_uffd_put(other);
	expect_drawing(mm, "AAAA....B");
	end_space(mm);
}

/* mmap puts nothing there by itself, but the privileged may ask for it. */
static void the_first_64_kib_are_registered_like_any_other_memory(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);
	uint64_t came;

	expect_eq(vmalock_mm_map(mm, 0, 2 * P, RW, FIXED_ANON, NULL, 0, &came), 0);
	expect_eq(vmalock_uffd_register(uffd, 0, 2 * P, MISSING), 0);
	expect_eq(vmalock_uffd_zeropage(uffd, P, P, 0, &came), 0);
	expect_eq(vmalock_uffd_zeropage(uffd, 4 * P, P, 0, &came), VMALOCK_ENOENT);
	expect_eq(vmalock_uffd_wake(uffd, 0, P), 0);
	expect_eq(vmalock_uffd_unregister(uffd, 0, 2 * P), 0);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void a_shared_mapping_of_a_file_that_may_not_be_written_is_eperm(void)
{
	struct vmalock_file_options options = { .length = 4 * P, .mode = VMALOCK_FILE_RDONLY };
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	map_file(mm, file, 0, 2, RO, VMALOCK_MAP_SHARED);
	map_file(mm, file, 4, 2, RO, VMALOCK_MAP_PRIVATE);
	expect_eq(register_pages(uffd, 0, 2, MISSING), VMALOCK_EPERM);
	expect_eq(register_pages(uffd, 4, 2, MISSING | MINOR_MODE), 0);
	vmalock_file_put(file);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void two_contexts_never_merge(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *a = uffd_with(mm, 0), *b = uffd_with(mm, 0);

	map_at(mm, 0, 4, RW);
	expect_eq(register_pages(a, 0, 2, MISSING), 0);
	expect_eq(register_pages(b, 2, 2, MISSING), 0);
	expect_drawing(mm, "AABB");
	vmalock_uffd_close(b);
	expect_drawing(mm, "AABB");
	expect_eq(register_pages(a, 2, 2, MISSING), 0);
	expect_drawing(mm, "AAAA");
	expect_eq(register_pages(b, 0, 1, MISSING), VMALOCK_EBADF);
	vmalock_uffd_put(a);
	vmalock_uffd_put(b);
	end_space(mm);
}

static void fork_drops_the_registration_and_keeps_the_split(void)
{
	vmalock_mm *mm = space_of(NULL), *child;
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 3, RW);
	for (uint64_t n = 0; n < 3; n++)
		write_byte(mm, n, 7);
	expect_eq(register_pages(uffd, 1, 1, MISSING | WP), 0);
	expect_eq(protect_pages(uffd, 1, 1, true), 0);
	child = fork_of(mm);
	expect_drawing(child, "ABC");
	expect_eq(uffd_flags_at(child, 1), 0);
	expect_eq(uffd_flags_at(mm, 1), VMALOCK_VM_UFFD_MISSING | VMALOCK_VM_UFFD_WP);
	write_byte(child, 1, 9);
	expect_eq(read_byte(child, 1), 9);
	expect_eq(read_byte(mm, 1), 7);
	faults_return();
	expect_eq(fault_at(mm, 1, VMALOCK_WRITE), USERFAULT);
	faults_wait();
	end_space(child);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void mremap_drops_the_registration_of_what_moves(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 5);
	expect_eq(register_pages(uffd, 0, 2, MISSING | WP), 0);
	expect_eq(protect_pages(uffd, 0, 1, true), 0);
	expect_eq(
		vmalock_mm_remap(mm, page(0), 2 * P, 2 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(8), &at),
		0);
	expect_eq(uffd_flags_at(mm, 8), 0);
	write_byte(mm, 8, 6);
	write_byte(mm, 9, 6);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void mremap_without_unmapping_leaves_the_old_place_registered(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	expect_eq(register_pages(uffd, 0, 2, MISSING), 0);
	expect_eq(vmalock_mm_remap(mm, page(0), 2 * P, 2 * P,
				   VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED | VMALOCK_MREMAP_DONTUNMAP, page(8),
				   &at),
		  0);
	expect_eq(uffd_flags_at(mm, 0), VMALOCK_VM_UFFD_MISSING);
	expect_eq(uffd_flags_at(mm, 8), 0);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void a_registered_mapping_moves_with_no_other(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);
	uint64_t at;

	map_at(mm, 0, 4, RW);
	expect_eq(register_pages(uffd, 2, 2, MISSING), 0);
	expect_eq(
		vmalock_mm_remap(mm, page(0), 4 * P, 4 * P, VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED, page(8), &at),
		VMALOCK_EFAULT);
	expect_drawing(mm, "..AA....BB");
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void closing_unregisters_and_joins(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 4, RW);
	write_byte(mm, 1, 1);
	expect_eq(register_pages(uffd, 1, 2, MISSING | WP), 0);
	expect_eq(protect_pages(uffd, 1, 1, true), 0);
	vmalock_uffd_close(uffd);
	expect_drawing(mm, "AAAA");
	write_byte(mm, 1, 2);
	write_byte(mm, 2, 2);
	vmalock_uffd_close(uffd);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void the_map_limit_leaves_what_was_registered_before_it(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	vmalock_uffd *uffd;

	vmalock_options_init(&options);
	options.limits.map_count = 3;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	uffd = uffd_with(mm, 0);
	map_at(mm, 0, 2, RW);
	map_at(mm, 4, 3, RW);
	expect_eq(register_pages(uffd, 0, 6, MISSING), 0);
	expect_drawing(mm, "AA..BBC");
	expect_eq(unregister_pages(uffd, 5, 1), 0); /* joins the one after it: no more mappings than before */
	expect_drawing(mm, "AA..BCC");
	expect_eq(unregister_pages(uffd, 1, 1), VMALOCK_ENOMEM);
	expect_drawing(mm, "AA..BCC");
	vmalock_uffd_put(uffd);
	end_space(mm);
}

/* Every allocation of a registration fails once: an error, and a space that is whole. */
static void registering_survives_any_lack_of_memory(void)
{
	for (uint64_t n = 1;; n++) {
		vmalock_mm *mm = space_of(NULL);
		vmalock_uffd *uffd = uffd_with(mm, 0);
		bool happened;
		int err;

		map_at(mm, 0, 6, RW);
		write_byte(mm, 0, 1);
		alloc_fail_after(n);
		err = register_pages(uffd, 2, 2, MISSING | WP);
		if (!err)
			err = protect_pages(uffd, 2, 2, true);
		happened = alloc_failure_happened();
		alloc_fail_after(0);
		expect(!err || err == VMALOCK_ENOMEM);
		vmalock_uffd_put(uffd);
		end_space(mm);
		if (!happened)
			return;
		expect(n < 100);
	}
}

static void without_memory_there_is_no_context(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd;

	alloc_fail_after(1);
	expect_eq(vmalock_uffd_create(mm, 0, &uffd), VMALOCK_ENOMEM);
	alloc_fail_after(0);
	expect_eq(vmalock_uffd_create(mm, UINT64_C(1) << 40, &uffd), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_create(mm, UINT64_C(1) << 4, &uffd), VMALOCK_ENOSYS);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_registered_part_is_a_mapping_of_its_own_until_it_is_unregistered),
	CASE(modes_that_are_there_already_are_enough_and_others_replace_them),
	CASE(files_of_a_disk_are_refused),
	CASE(what_cannot_be_registered_is_refused_before_anything_changes),
	CASE(the_first_64_kib_are_registered_like_any_other_memory),
	CASE(a_shared_mapping_of_a_file_that_may_not_be_written_is_eperm),
	CASE(two_contexts_never_merge),
	CASE(fork_drops_the_registration_and_keeps_the_split),
	CASE(mremap_drops_the_registration_of_what_moves),
	CASE(mremap_without_unmapping_leaves_the_old_place_registered),
	CASE(a_registered_mapping_moves_with_no_other),
	CASE(closing_unregisters_and_joins),
	CASE(the_map_limit_leaves_what_was_registered_before_it),
	CASE(registering_survives_any_lack_of_memory),
	CASE(without_memory_there_is_no_context),
};
TEST_MAIN(cases)
