/* The edge of the library: codes, options, maps in the kernel's format, what a handle survives. */
#include "support/picture.h"

static void every_code_has_a_name_and_a_text(void)
{
#define EXPECT_CODE(name, number, text)                                                                                 \
	expect(strcmp(vmalock_error_name(VMALOCK_##name), #name) == 0);                                                 \
	expect(strcmp(vmalock_error_text(VMALOCK_##name), text) == 0);
	VMALOCK_ERRORS(EXPECT_CODE)
	expect(!vmalock_error_name(0) && !vmalock_error_text(-99999));
}

static void unknown_options_are_refused_and_nothing_is_made(void)
{
	struct vmalock_options options;
	vmalock_mm *mm = NULL;

	vmalock_options_init(&options);
	options.policy = "per-vmx";
	expect_eq(vmalock_mm_create(&options, &mm), (uint64_t)VMALOCK_EINVAL);
	vmalock_options_init(&options);
	options.faults = (enum vmalock_faults)99;
	expect_eq(vmalock_mm_create(&options, &mm), (uint64_t)VMALOCK_EINVAL);
	vmalock_options_init(&options);
	options.numa_nodes = VMALOCK_MAX_NODES + 1;
	expect_eq(vmalock_mm_create(&options, &mm), (uint64_t)VMALOCK_EINVAL);
	expect(!mm);
}

static void the_registry_begins_with_the_baseline(void)
{
	expect(strcmp(vmalock_policy_name(0), "mmap-lock") == 0);
	expect(strcmp(vmalock_policy_name(1), "per-vma") == 0);
	expect(!vmalock_policy_name(UINT32_MAX));
}

static void maps_reads_as_the_kernels(void)
{
	struct vmalock_file_options options = {
		.length = 8 * P,
		.name = "/lib/with\nnewline",
		.dev_major = 8,
		.dev_minor = 0x1f,
		.inode = 77,
	};
	struct vmalock_initial_vma vdso = {
		.start = page(20),
		.end = page(21),
		.prot = 5,
		.flags = VMALOCK_MAP_PRIVATE,
		.name = "[vdso]",
		.special = 1,
	};
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file;
	char text[1024];
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_map(mm, page(2), P, 5, VMALOCK_MAP_PRIVATE | VMALOCK_MAP_FIXED, file, 3 * P, &at), 0);
	expect_eq(vmalock_mm_map(mm, page(3), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	expect_eq(vmalock_mm_map_initial(mm, &vdso), 0);
	expect_eq(vmalock_mm_set_brk_start(mm, page(8)), 0);
	expect_eq(vmalock_mm_brk(mm, page(9)), page(9));
	vmalock_file_put(file);
	expect_eq(vmalock_mm_maps(mm, text, sizeof(text)), strlen(text));
	expect(strcmp(text,
		      "100000000-100002000 rw-p 00000000 00:00 0 \n"
		      "100002000-100003000 r-xp 00003000 08:1f 77                               /lib/with\\012newline\n"
		      "100003000-100004000 rw-s 00000000 08:1f 77                               /lib/with\\012newline\n"
		      "100008000-100009000 rw-p 00000000 00:00 0                                [heap]\n"
		      "100014000-100015000 r-xp 00000000 00:00 0                                [vdso]\n") == 0);
	end_space(mm);
}

static void maps_tells_its_length_and_fills_what_fits(void)
{
	vmalock_mm *mm = space_of(NULL);
	char text[8];

	map_at(mm, 0, 1, RW);
	expect_eq(vmalock_mm_maps(mm, NULL, 0), 43);
	expect_eq(vmalock_mm_maps(mm, text, sizeof(text)), 43);
	expect(strcmp(text, "1000000") == 0);
	end_space(mm);
}

static void bytes_cross_pages_and_stop_at_the_first_that_is_missing(void)
{
	vmalock_mm *mm = space_of(NULL);
	char out[3 * 4096], in[3 * 4096];
	size_t done;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * 7 + i / 4096);
	map_at(mm, 0, 3, RW);
	expect_eq(vmalock_mm_write(mm, page(0) + 100, in, sizeof(in) - 200, &done), 0);
	expect_eq(done, sizeof(in) - 200);
	expect_eq(vmalock_mm_read(mm, page(0) + 100, out, sizeof(in) - 200, NULL), 0);
	expect(memcmp(in, out, sizeof(in) - 200) == 0);
	expect_eq(vmalock_mm_write(mm, page(2) + 4000, in, 200, &done), (uint64_t)VMALOCK_SIGSEGV_MAPERR);
	expect_eq(done, 96);
	expect_eq(vmalock_mm_protect(mm, page(1), P, VMALOCK_PROT_NONE), 0);
	expect_eq(vmalock_mm_read(mm, page(0), out, 2 * P, &done), (uint64_t)VMALOCK_SIGSEGV_ACCERR);
	expect_eq(done, P);
	end_space(mm);
}

static void a_touch_beyond_the_end_of_a_file_is_a_bus_error_unless_it_was_forbidden(void)
{
	struct vmalock_file_options options = { .length = P + 1, .fill = 0x42, .written_back = 1 };
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RO, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	expect_eq(read_byte(mm, 0), 0x42);
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MAJOR);
	expect_eq(vmalock_mm_fault(mm, page(2), VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGBUS);
	expect_eq(vmalock_mm_fault(mm, page(2), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_SIGSEGV_ACCERR);
	vmalock_file_put(file);
	end_space(mm);
}

static void a_private_page_of_a_file_is_copied_by_the_first_write_and_a_shared_one_is_not(void)
{
	struct vmalock_file_options options = { .length = 2 * P };
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file;
	uint8_t byte = 1;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, RW, VMALOCK_MAP_PRIVATE | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	expect_eq(vmalock_mm_map(mm, page(2), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	write_byte(mm, 0, 5);
	expect_eq(vmalock_file_read(file, 0, &byte, 1), 1);
	expect_eq(byte, 0);
	write_byte(mm, 2, 6);
	expect_eq(vmalock_file_read(file, 0, &byte, 1), 1);
	expect_eq(byte, 6);
	expect_eq(read_byte(mm, 0), 5);
	vmalock_file_put(file);
	end_space(mm);
}

static void a_space_without_bytes_reads_zeros_and_counts_frames(void)
{
	struct vmalock_options options;
	struct vmalock_status status;
	uint8_t byte = 9;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.backing = VMALOCK_BACKING_NONE;
	options.frames = UINT64_C(1) << 24; /* 64 GiB: ThreadSanitizer leaves no terabyte of addresses */
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 4 * P, RW, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(vmalock_mm_write(mm, page(0), &byte, 1, NULL), 0);
	expect_eq(vmalock_mm_read(mm, page(0), &byte, 1, NULL), 0);
	expect_eq(byte, 0);
	vmalock_mm_status(mm, &status);
	expect_eq(status.frames_used, 1);
	end_space(mm);
}

static void the_last_frame_is_had_and_the_next_fault_is_out_of_memory(void)
{
	struct vmalock_options options;
	vmalock_mm *mm;
	uint64_t at;

	vmalock_options_init(&options);
	options.frames = 3;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 8 * P, RW, FIXED_ANON, NULL, 0, &at), 0);
	for (uint64_t n = 0; n < 3; n++)
		write_byte(mm, n, 1);
	expect_eq(vmalock_mm_fault(mm, page(3), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_OOM);
	expect_eq(vmalock_mm_unmap(mm, page(0), P), 0);
	write_byte(mm, 3, 1);
	end_space(mm);
}

static void a_mapped_file_is_found_again_and_shared_anonymous_memory_is_none(void)
{
	struct vmalock_file_options options = { .length = P, .name = "/lib/a.so" };
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file, *found = NULL;
	struct vmalock_vma vma;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(0), P, RW, VMALOCK_MAP_PRIVATE | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	expect_eq(vmalock_mm_map(mm, page(1), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	expect_eq(vmalock_mm_find(mm, page(0), &vma), 0);
	expect_eq(vma.file_id, vmalock_file_id(file));
	vmalock_file_put(file);
	/* the mapping holds it still, and its finder then does */
	expect_eq(vmalock_mm_file(mm, page(0), &found), 0);
	expect_eq(vmalock_mm_unmap(mm, page(0), P), 0);
	expect_eq(vmalock_file_id(found), vma.file_id);
	expect(strcmp(vmalock_file_name(found), "/lib/a.so") == 0);
	vmalock_file_put(found);
	found = NULL;
	expect_eq(vmalock_mm_file(mm, page(0), &found), (uint64_t)VMALOCK_ENOENT);
	expect_eq(vmalock_mm_file(mm, page(1), &found), (uint64_t)VMALOCK_ENOENT);
	expect(!found);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(every_code_has_a_name_and_a_text),
	CASE(unknown_options_are_refused_and_nothing_is_made),
	CASE(the_registry_begins_with_the_baseline),
	CASE(maps_reads_as_the_kernels),
	CASE(maps_tells_its_length_and_fills_what_fits),
	CASE(bytes_cross_pages_and_stop_at_the_first_that_is_missing),
	CASE(a_touch_beyond_the_end_of_a_file_is_a_bus_error_unless_it_was_forbidden),
	CASE(a_private_page_of_a_file_is_copied_by_the_first_write_and_a_shared_one_is_not),
	CASE(a_space_without_bytes_reads_zeros_and_counts_frames),
	CASE(the_last_frame_is_had_and_the_next_fault_is_out_of_memory),
	CASE(a_mapped_file_is_found_again_and_shared_anonymous_memory_is_none),
};
TEST_MAIN(cases)
