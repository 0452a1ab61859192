/* What a userfaultfd is told, what it brings, and how the fault ends. One thread: its faults do not wait. */
#include <unistd.h>

#include "base/alloc.h"
#include "support/resolving.h"

static struct rig rig_of(uint64_t pages, uint64_t mode)
{
	return rig_with(0, pages, mode);
}

/* --- missing --------------------------------------------------------------------------------------------------------- */

static void a_missing_page_is_told_and_the_next_fault_finds_what_was_copied(void)
{
	struct rig r = rig_of(4, MISSING);

	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(fault_at(r.mm, 2, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 1, VMALOCK_READ, VMALOCK_UFFD_MISSING);
	expect_event(r.uffd, 2, VMALOCK_WRITE, VMALOCK_UFFD_MISSING);
	expect_no_event(r.uffd);
	expect_eq(copy_pages(r.uffd, 1, 2, 0x5a, 0, 2), 0);
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), MINOR);
	expect_eq(fault_at(r.mm, 2, VMALOCK_WRITE), MINOR);
	expect_eq(read_byte(r.mm, 1), 0x5a);
	expect_eq(read_byte(r.mm, 2), 0x5a);
	expect_pages(r.mm, 2, 0, 0, 2);
	expect_eq(stats_of(r.mm).userfaults, 2);
	expect_eq(stats_of(r.mm).signal_faults, 0);
	end_rig(&r);
}

static void the_same_fault_twice_is_one_event_and_none_once_its_page_is_there(void)
{
	struct rig r = rig_of(2, MISSING);

	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 0, VMALOCK_WRITE, VMALOCK_UFFD_MISSING);
	expect_no_event(r.uffd);
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(copy_pages(r.uffd, 1, 1, 1, 0, 1), 0);
	expect_no_event(r.uffd);
	end_rig(&r);
}

static void more_events_than_are_kept_come_again_with_the_next_fault(void)
{
	struct rig r = rig_of(1500, MISSING);
	struct vmalock_uffd_event event;
	uint64_t told = 0;

	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t n = 0; n < 1500; n++)
			expect_eq(fault_at(r.mm, n, VMALOCK_READ), n < told ? MINOR : USERFAULT);
		while (vmalock_uffd_read(r.uffd, &event, 0) == 0) {
			expect_eq(event.address, page(told++));
			expect_eq(vmalock_uffd_zeropage(r.uffd, event.address, P, 0, NULL), 0);
		}
		expect_eq(told, turn ? 1500 : 1024);
	}
	end_rig(&r);
}

static void bytes_and_populating_say_that_this_thread_does_not_wait(void)
{
	struct rig r = rig_of(4, MISSING);
	uint8_t bytes[2 * P];
	size_t done;

	expect_eq(copy_pages(r.uffd, 0, 1, 3, 0, 1), 0);
	expect_eq(vmalock_mm_read(r.mm, page(0), bytes, sizeof(bytes), &done), VMALOCK_USERFAULT);
	expect_eq(done, P);
	expect_eq(vmalock_mm_write(r.mm, page(1), bytes, 1, &done), VMALOCK_USERFAULT);
	expect_eq(vmalock_mm_advise(r.mm, page(0), 2 * P, 22 /* MADV_POPULATE_READ */), VMALOCK_USERFAULT);
	expect_eq(vmalock_mm_mlock(r.mm, page(0), 2 * P, 0), VMALOCK_USERFAULT);
	end_rig(&r);
}

static void copying_over_a_page_is_eexist_and_a_part_is_eagain(void)
{
	struct rig r = rig_of(4, MISSING);

	expect_eq(copy_pages(r.uffd, 1, 1, 1, 0, 1), 0);
	expect_eq(copy_pages(r.uffd, 1, 2, 2, 0, 0), VMALOCK_EEXIST);
	expect_eq(copy_pages(r.uffd, 0, 2, 2, 0, 1), VMALOCK_EAGAIN);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(1), P, 0, NULL), VMALOCK_EEXIST);
	expect_eq(read_byte(r.mm, 0), 2);
	expect_eq(read_byte(r.mm, 1), 1);
	end_rig(&r);
}

static void copying_outside_what_is_registered_is_enoent(void)
{
	struct rig r = rig_of(2, MISSING);

	map_at(r.mm, 2, 2, RW);
	expect_drawing(r.mm, "AABB");
	expect_eq(copy_pages(r.uffd, 1, 2, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(copy_pages(r.uffd, 2, 1, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(copy_pages(r.uffd, 9, 1, 1, 0, 0), VMALOCK_ENOENT);
	expect_eq(copy_pages(r.uffd, 0, 0, 1, 0, 0), VMALOCK_EINVAL);
	expect_eq(copy_pages(r.uffd, 0, 1, 1, 4, 0), VMALOCK_EINVAL);
	expect_eq(copy_pages(r.uffd, 0, 1, 1, VMALOCK_UFFD_COPY_WP, 0), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(0), P, VMALOCK_UFFD_COPY_WP, NULL), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_continue(r.uffd, page(0), P, 0, NULL), VMALOCK_EINVAL);
	end_rig(&r);
}

static void a_zero_page_can_be_written_afterwards(void)
{
	struct rig r = rig_of(2, MISSING);

	expect_eq(vmalock_uffd_zeropage(r.uffd, page(0), 2 * P, 0, NULL), 0);
	expect_pages(r.mm, 0, 0, 0, 0);
	expect_eq(read_byte(r.mm, 0), 0);
	write_byte(r.mm, 0, 4);
	expect_eq(read_byte(r.mm, 0), 4);
	expect_pages(r.mm, 1, 0, 0, 1);
	end_rig(&r);
}

static void a_frame_that_is_not_to_be_had_is_enomem_and_changes_nothing(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_MEMORY, 1);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	map_at(mm, 0, 3, RW);
	expect_eq(register_pages(uffd, 0, 3, MISSING), 0);
	expect_eq(copy_pages(uffd, 0, 3, 1, 0, 1), VMALOCK_EAGAIN);
	expect_eq(copy_pages(uffd, 1, 1, 1, 0, 0), VMALOCK_ENOMEM);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void with_the_sigbus_feature_nobody_is_told(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_SIGBUS);

	map_at(mm, 0, 2, RW);
	expect_eq(register_pages(uffd, 0, 2, MISSING), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	expect_eq(vmalock_mm_advise(mm, page(0), P, 23 /* MADV_POPULATE_WRITE */), VMALOCK_EFAULT);
	expect_no_event(uffd);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void an_exact_address_is_told_where_it_was_asked_for(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_EXACT_ADDRESS);
	struct vmalock_uffd_event event;

	map_at(mm, 0, 2, RW);
	expect_eq(register_pages(uffd, 0, 2, MISSING), 0);
	expect_eq(fault_at(mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(vmalock_uffd_read(uffd, &event, 0), 0);
	expect_eq(event.address, page(1) + 123);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

/* --- write protection ------------------------------------------------------------------------------------------------ */

static void a_protected_page_tells_of_the_write_and_not_of_the_read(void)
{
	struct rig r = rig_of(2, WP);

	write_byte(r.mm, 0, 1);
	expect_eq(protect_pages(r.uffd, 0, 1, true), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 0, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	expect_eq(protect_pages(r.uffd, 0, 1, false), 0);
	write_byte(r.mm, 0, 2);
	expect_eq(read_byte(r.mm, 0), 2);
	end_rig(&r);
}

static void a_page_can_be_copied_in_write_protected(void)
{
	struct rig r = rig_of(2, MISSING | WP);

	expect_eq(copy_pages(r.uffd, 0, 1, 8, VMALOCK_UFFD_COPY_WP, 1), 0);
	expect_eq(read_byte(r.mm, 0), 8);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 0, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	end_rig(&r);
}

static void mprotect_does_not_lift_write_protection(void)
{
	struct rig r = rig_of(1, WP);

	write_byte(r.mm, 0, 1);
	expect_eq(protect_pages(r.uffd, 0, 1, true), 0);
	expect_eq(vmalock_mm_protect(r.mm, page(0), P, RO), 0);
	expect_eq(vmalock_mm_protect(r.mm, page(0), P, RW), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	end_rig(&r);
}

static void unregistering_lifts_it(void)
{
	struct rig r = rig_of(1, WP);

	write_byte(r.mm, 0, 1);
	expect_eq(protect_pages(r.uffd, 0, 1, true), 0);
	expect_eq(unregister_pages(r.uffd, 0, 1), 0);
	expect_eq(register_pages(r.uffd, 0, 1, WP), 0);
	write_byte(r.mm, 0, 2);
	end_rig(&r);
}

static void anonymous_memory_where_no_page_is_is_protected_only_if_asked_for(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *plain = uffd_with(mm, 0), *thorough = uffd_with(mm, VMALOCK_UFFD_FEATURE_WP_UNPOPULATED);

	faults_return();
	map_at(mm, 0, 4, RW);
	expect_eq(register_pages(plain, 0, 2, WP), 0);
	expect_eq(register_pages(thorough, 2, 2, WP), 0);
	expect_eq(protect_pages(plain, 0, 2, true), 0);
	expect_eq(protect_pages(thorough, 2, 2, true), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), MINOR);
	expect_eq(fault_at(mm, 2, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), USERFAULT);
	expect_eq(fault_at(mm, 3, VMALOCK_WRITE), USERFAULT);
	expect_event(thorough, 2, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	expect_event(thorough, 3, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	drop_pages(mm, 3, 1);
	expect_eq(fault_at(mm, 3, VMALOCK_WRITE), MINOR);
	expect_valid(mm);
	vmalock_uffd_put(plain);
	vmalock_uffd_put(thorough);
	end_space(mm);
}

static void protecting_what_is_not_registered_so_is_enoent_and_keeps_what_lies_before(void)
{
	struct rig r = rig_of(2, WP);

	map_at(r.mm, 2, 1, RW);
	write_byte(r.mm, 1, 1);
	expect_eq(protect_pages(r.uffd, 1, 2, true), VMALOCK_ENOENT);
	expect_eq(fault_at(r.mm, 1, VMALOCK_WRITE), USERFAULT);
	expect_eq(protect_pages(r.uffd, 8, 1, true), VMALOCK_ENOENT);
	expect_eq(vmalock_uffd_writeprotect(r.uffd, page(0), P, 3), VMALOCK_EINVAL);
	expect_eq(vmalock_uffd_writeprotect(r.uffd, page(0), P, 4), VMALOCK_EINVAL);
	end_rig(&r);
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

static struct rig rig_of_file(vmalock_file *file, uint32_t type, uint64_t mode)
{
	struct rig r = { .mm = space_of(NULL) };

	faults_return();
	r.uffd = uffd_with(r.mm, 0);
	map_file(r.mm, file, 0, 6, RW, type);
	expect_eq(register_pages(r.uffd, 0, 6, mode), 0);
	return r;
}

static void asynchronous_protection_is_lifted_by_the_write_and_tells_nobody(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd;

	faults_return();
	uffd = uffd_with(mm, VMALOCK_UFFD_FEATURE_WP_ASYNC);
	map_at(mm, 0, 3, RW);
	write_byte(mm, 0, 1);
	expect_eq(register_pages(uffd, 0, 3, WP | MISSING), 0);
	expect_eq(copy_pages(uffd, 1, 1, 4, VMALOCK_UFFD_COPY_WP, 1), 0);
	expect_eq(protect_pages(uffd, 0, 1, true), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, MINOR);
	write_byte(mm, 1, 5);
	expect_eq(read_byte(mm, 1), 5);
	expect_no_event(uffd);
	expect_eq(fault_at(mm, 2, VMALOCK_WRITE), USERFAULT); /* missing pages are told all the same */
	expect_eq(stats_of(mm).userfaults, 1);
	expect_valid(mm);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

static void a_hole_of_a_file_is_missing_and_a_page_of_it_is_minor(void)
{
	vmalock_file *file = memory_file_with(4, 0x2e, 0);
	struct rig r = rig_of_file(file, VMALOCK_MAP_SHARED, MISSING | MINOR_MODE);

	expect_eq(vmalock_file_write(file, 1 * P, "x", 1), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(fault_at(r.mm, 4, VMALOCK_READ), VMALOCK_FAULT_SIGBUS);
	expect_event(r.uffd, 0, VMALOCK_READ, VMALOCK_UFFD_MISSING);
	expect_event(r.uffd, 1, VMALOCK_READ, VMALOCK_UFFD_MINOR);
	expect_eq(copy_pages(r.uffd, 0, 1, 0x11, 0, 1), 0);
	expect_eq(byte_of_file(file, 9), 0x11);
	expect_eq(copy_pages(r.uffd, 1, 1, 0x11, 0, 0), VMALOCK_EEXIST);
	expect_eq(vmalock_uffd_continue(r.uffd, page(1), P, 0, NULL), 0);
	expect_eq(vmalock_uffd_continue(r.uffd, page(1), P, 0, NULL), VMALOCK_EEXIST);
	expect_eq(vmalock_uffd_continue(r.uffd, page(2), P, 0, NULL), VMALOCK_EFAULT);
	expect_eq(vmalock_uffd_continue(r.uffd, page(4), P, 0, NULL), VMALOCK_EINVAL);
	expect_eq(read_byte(r.mm, 1), 'x');
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(2), P, 0, NULL), 0);
	expect_eq(byte_of_file(file, 2 * P), 0);
	expect_eq(copy_pages(r.uffd, 3, 2, 1, 0, 1), VMALOCK_EAGAIN);
	expect_eq(copy_pages(r.uffd, 4, 1, 1, 0, 0), VMALOCK_EFAULT);
	write_byte(r.mm, 0, 0x12);
	expect_eq(byte_of_file(file, 0), 0x12);
	end_rig(&r);
	vmalock_file_put(file);
}

static void a_private_mapping_gets_frames_of_its_own_and_the_file_keeps_its_hole(void)
{
	vmalock_file *file = memory_file_with(4, 0x2e, 0);
	struct rig r = rig_of_file(file, VMALOCK_MAP_PRIVATE, MISSING | MINOR_MODE);

	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_eq(copy_pages(r.uffd, 0, 1, 0x11, 0, 1), 0);
	expect_eq(byte_of_file(file, 0), 0x2e);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(1), P, 0, NULL), 0);
	write_byte(r.mm, 1, 3);
	expect_eq(vmalock_file_write(file, 2 * P, "y", 1), 0);
	expect_eq(vmalock_uffd_continue(r.uffd, page(2), P, 0, NULL), 0);
	write_byte(r.mm, 2, 'z');
	expect_eq(byte_of_file(file, 2 * P), 'y');
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(4), P, 0, NULL), VMALOCK_EFAULT);
	expect_pages(r.mm, 3, 0, 0, 3);
	end_rig(&r);
	vmalock_file_put(file);
}

static void protection_of_a_file_holds_where_no_page_is_and_after_dontneed(void)
{
	vmalock_file *file = memory_file_with(4, 0, 0);
	struct rig r = rig_of_file(file, VMALOCK_MAP_SHARED, WP);

	write_byte(r.mm, 1, 1);
	expect_eq(protect_pages(r.uffd, 0, 2, true), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_eq(fault_at(r.mm, 1, VMALOCK_WRITE), USERFAULT);
	drop_pages(r.mm, 0, 2);
	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), MINOR);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_eq(fault_at(r.mm, 1, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 0, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	expect_valid(r.mm);
	expect_eq(protect_pages(r.uffd, 0, 2, false), 0);
	write_byte(r.mm, 0, 2);
	write_byte(r.mm, 1, 2);
	expect_eq(protect_pages(r.uffd, 3, 1, true), 0);
	drop_pages(r.mm, 3, 1); /* a marker alone stays, too */
	expect_eq(fault_at(r.mm, 3, VMALOCK_WRITE), USERFAULT);
	end_rig(&r);
	vmalock_file_put(file);
}

static void a_marker_gives_way_to_a_page_but_not_to_the_zero_page(void)
{
	vmalock_file *file = memory_file_with(4, 0, 0);
	struct rig r = rig_of_file(file, VMALOCK_MAP_PRIVATE, MISSING | WP);

	expect_eq(protect_pages(r.uffd, 0, 2, true), 0);
	expect_eq(vmalock_uffd_zeropage(r.uffd, page(0), P, 0, NULL), VMALOCK_EEXIST);
	expect_eq(copy_pages(r.uffd, 0, 1, 7, 0, 1), 0);
	write_byte(r.mm, 0, 8);
	end_rig(&r);
	vmalock_file_put(file);
}

static void a_private_write_to_protected_memory_of_a_file_is_told_once_its_copy_is_there(void)
{
	vmalock_file *file = memory_file_with(4, 5, 0);
	struct rig r = rig_of_file(file, VMALOCK_MAP_PRIVATE, WP);

	expect_eq(protect_pages(r.uffd, 0, 1, true), 0);
	expect_eq(fault_at(r.mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_event(r.uffd, 0, VMALOCK_WRITE, VMALOCK_UFFD_WP);
	expect_eq(read_byte(r.mm, 0), 5);
	expect_pages(r.mm, 1, 0, 0, 1);
	end_rig(&r);
	vmalock_file_put(file);
}

static void shared_anonymous_memory_is_filled_like_a_file(void)
{
	vmalock_mm *mm = space_of(NULL);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	faults_return();
	map_shared_anonymous(mm, 0, 3);
	expect_eq(register_pages(uffd, 0, 3, MISSING | MINOR_MODE | WP), 0);
	expect_eq(fault_at(mm, 0, VMALOCK_WRITE), USERFAULT);
	expect_eq(copy_pages(uffd, 0, 1, 9, 0, 1), 0);
	expect_eq(read_byte(mm, 0), 9);
	expect_pages(mm, 0, 0, 1, 0);
	drop_pages(mm, 0, 1);
	expect_eq(fault_at(mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(vmalock_uffd_continue(uffd, page(0), P, 0, NULL), 0);
	expect_eq(read_byte(mm, 0), 9);
	vmalock_uffd_put(uffd);
	end_space(mm);
}

/* --- frames that are only counted, and memory that runs out ------------------------------------------------------------ */

static void pages_that_are_only_counted_come_all_the_same(void)
{
	vmalock_mm *mm = space_with(VMALOCK_FAULTS_LINUX_6_18, VMALOCK_BACKING_NONE, 16);
	vmalock_file *file = memory_file_with(4, 0, 1);
	vmalock_uffd *uffd = uffd_with(mm, 0);

	faults_return();
	map_at(mm, 0, 2, RW);
	map_file(mm, file, 4, 2, RW, VMALOCK_MAP_SHARED);
	expect_eq(register_pages(uffd, 0, 6, MISSING), 0);
	expect_eq(copy_pages(uffd, 0, 2, 1, 0, 2), 0);
	expect_eq(copy_pages(uffd, 4, 2, 1, 0, 2), 0);
	expect_pages(mm, 2, 0, 2, 2);
	vmalock_uffd_put(uffd);
	vmalock_file_put(file);
	end_space(mm);
}

static void filling_survives_any_lack_of_memory(void)
{
	for (uint64_t n = 1;; n++) {
		vmalock_mm *mm = space_of(NULL);
		vmalock_file *file = memory_file_with(4, 0, 0);
		vmalock_uffd *uffd = uffd_with(mm, 0);
		uint64_t done;
		bool happened;
		uint8_t bytes[P] = { 1 };

		faults_return();
		map_at(mm, 0, 1, RW);
		map_file(mm, file, 4, 2, RW, VMALOCK_MAP_SHARED);
		expect_eq(register_pages(uffd, 0, 6, MISSING | WP), 0);
		alloc_fail_after(n);
		(void)fault_at(mm, 4, VMALOCK_READ);
		(void)!vmalock_uffd_copy(uffd, page(0), bytes, P, 0, &done);
		(void)!vmalock_uffd_copy(uffd, page(4), bytes, P, 0, &done);
		(void)!protect_pages(uffd, 4, 2, true);
		happened = alloc_failure_happened();
		alloc_fail_after(0);
		vmalock_uffd_put(uffd);
		vmalock_file_put(file);
		end_space(mm);
		if (!happened)
			return;
		expect(n < 100);
	}
}

static uint32_t thread_told(vmalock_uffd *uffd)
{
	struct vmalock_uffd_event event;

	expect_eq(vmalock_uffd_read(uffd, &event, 0), 0);
	return event.thread_id;
}

static void an_event_tells_the_thread_by_the_systems_number_or_its_own(void)
{
	struct rig r = rig_with(VMALOCK_UFFD_FEATURE_THREAD_ID, 3, MISSING);

	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(thread_told(r.uffd), (uint32_t)getpid()); /* the first thread's number is its process's */
	vmalock_set_thread_id(77);
	expect_eq(fault_at(r.mm, 1, VMALOCK_READ), USERFAULT);
	expect_eq(thread_told(r.uffd), 77);
	end_rig(&r);
}

static void without_the_feature_no_thread_is_told(void)
{
	struct rig r = rig_with(0, 1, MISSING);

	expect_eq(fault_at(r.mm, 0, VMALOCK_READ), USERFAULT);
	expect_eq(thread_told(r.uffd), 0);
	end_rig(&r);
}

static const struct test_case cases[] = {
	CASE(an_event_tells_the_thread_by_the_systems_number_or_its_own),
	CASE(without_the_feature_no_thread_is_told),
	CASE(a_missing_page_is_told_and_the_next_fault_finds_what_was_copied),
	CASE(the_same_fault_twice_is_one_event_and_none_once_its_page_is_there),
	CASE(more_events_than_are_kept_come_again_with_the_next_fault),
	CASE(bytes_and_populating_say_that_this_thread_does_not_wait),
	CASE(copying_over_a_page_is_eexist_and_a_part_is_eagain),
	CASE(copying_outside_what_is_registered_is_enoent),
	CASE(a_zero_page_can_be_written_afterwards),
	CASE(a_frame_that_is_not_to_be_had_is_enomem_and_changes_nothing),
	CASE(with_the_sigbus_feature_nobody_is_told),
	CASE(an_exact_address_is_told_where_it_was_asked_for),
	CASE(a_protected_page_tells_of_the_write_and_not_of_the_read),
	CASE(a_page_can_be_copied_in_write_protected),
	CASE(mprotect_does_not_lift_write_protection),
	CASE(unregistering_lifts_it),
	CASE(anonymous_memory_where_no_page_is_is_protected_only_if_asked_for),
	CASE(protecting_what_is_not_registered_so_is_enoent_and_keeps_what_lies_before),
	CASE(asynchronous_protection_is_lifted_by_the_write_and_tells_nobody),
	CASE(a_hole_of_a_file_is_missing_and_a_page_of_it_is_minor),
	CASE(a_private_mapping_gets_frames_of_its_own_and_the_file_keeps_its_hole),
	CASE(protection_of_a_file_holds_where_no_page_is_and_after_dontneed),
	CASE(a_marker_gives_way_to_a_page_but_not_to_the_zero_page),
	CASE(a_private_write_to_protected_memory_of_a_file_is_told_once_its_copy_is_there),
	CASE(shared_anonymous_memory_is_filled_like_a_file),
	CASE(pages_that_are_only_counted_come_all_the_same),
	CASE(filling_survives_any_lack_of_memory),
};
TEST_MAIN(cases)
