/* smaps: what each page counts as, through its life. */
#include "ops/advise.h"
#include "support/picture.h"

static char text[1 << 16];

static const char *smaps(vmalock_mm *mm)
{
	int64_t length = vmalock_mm_smaps(mm, text, sizeof(text));

	expect(length > 0 && (size_t)length < sizeof(text) && strlen(text) == (size_t)length);
	return text;
}

/* "Rss 8, Pss 4": of the first mapping, those fields that are not 0, from Rss to Locked. */
static void expect_fields_at(vmalock_mm *mm, const char *wanted, const char *file, int line)
{
	const char *at = strstr(smaps(mm), "Rss:");
	char actual[512] = "", name[32];
	unsigned long long kb;

	for (; at && sscanf(at, "%31[^:]: %llu kB", name, &kb) == 2; at = strchr(at, '\n') + 1) {
		size_t used = strlen(actual);

		if (kb)
			(void)snprintf(actual + used, sizeof(actual) - used, "%s%s %llu", used ? ", " : "", name, kb);
		if (strcmp(name, "Locked") == 0)
			break;
	}
	if (strcmp(actual, wanted) == 0)
		return;
	fprintf(stderr, "%s:%d: smaps has %s, expected %s\n", file, line, actual, wanted);
	exit(1);
}
#define expect_fields(mm, wanted) expect_fields_at(mm, wanted, __FILE__, __LINE__)

static void the_text_is_the_kernels(void)
{
	static const char wanted[] = "100000000-100002000 rw-p 00000000 00:00 0 \n"
				     "Size:                  8 kB\n"
				     "KernelPageSize:        4 kB\n"
				     "MMUPageSize:           4 kB\n"
				     "Rss:                   4 kB\n"
				     "Pss:                   4 kB\n"
				     "Pss_Dirty:             4 kB\n"
				     "Shared_Clean:          0 kB\n"
				     "Shared_Dirty:          0 kB\n"
				     "Private_Clean:         0 kB\n"
				     "Private_Dirty:         4 kB\n"
				     "Referenced:            4 kB\n"
				     "Anonymous:             4 kB\n"
				     "KSM:                   0 kB\n"
				     "LazyFree:              0 kB\n"
				     "AnonHugePages:         0 kB\n"
				     "ShmemPmdMapped:        0 kB\n"
				     "FilePmdMapped:         0 kB\n"
				     "Shared_Hugetlb:        0 kB\n"
				     "Private_Hugetlb:       0 kB\n"
				     "Swap:                  0 kB\n"
				     "SwapPss:               0 kB\n"
				     "Locked:                0 kB\n"
				     "THPeligible:           0\n"
				     "VmFlags: rd wr mr mw me ac \n";
	vmalock_mm *mm = space_of(NULL);
	char small[64];

	expect_eq(vmalock_mm_smaps(mm, text, sizeof(text)), 0);
	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	if (strcmp(smaps(mm), wanted) != 0)
		fprintf(stderr, "%s", text);
	expect(strcmp(text, wanted) == 0);
	expect_eq(vmalock_mm_smaps(mm, small, sizeof(small)), strlen(wanted));
	expect(strncmp(small, wanted, sizeof(small) - 1) == 0 && small[sizeof(small) - 1] == '\0');
	end_space(mm);
}

static void a_page_is_clean_dirty_or_to_be_freed(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 4, RW);
	(void)read_byte(mm, 3); /* the zero page is nobody's */
	expect_fields(mm, "");
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 1);
	expect_fields(mm, "Rss 8, Pss 8, Pss_Dirty 8, Private_Dirty 8, Referenced 8, Anonymous 8");
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * P, MADV_IS_FREE), 0);
	expect_fields(mm, "Rss 8, Pss 8, Private_Clean 8, Anonymous 8, LazyFree 8");
	(void)read_byte(mm, 1);
	expect_fields(mm, "Rss 8, Pss 8, Private_Clean 8, Referenced 4, Anonymous 8, LazyFree 8");
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_fields(
		mm,
		"Rss 8, Pss 8, Pss_Dirty 4, Private_Clean 4, Private_Dirty 4, Referenced 4, Anonymous 8, LazyFree 4");
	expect_eq(vmalock_mm_advise(mm, page(0), 2 * P, MADV_IS_COLD), 0);
	expect_fields(mm, "Rss 8, Pss 8, Pss_Dirty 4, Private_Clean 4, Private_Dirty 4, Anonymous 8, LazyFree 4");
	expect_eq(vmalock_mm_fault(mm, page(1), VMALOCK_READ) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect_fields(
		mm,
		"Rss 8, Pss 8, Pss_Dirty 4, Private_Clean 4, Private_Dirty 4, Referenced 4, Anonymous 8, LazyFree 4");
	end_space(mm);
}

static void a_fork_shares_pages_until_one_writes(void)
{
	vmalock_mm *mm = space_of(NULL), *child;

	map_at(mm, 0, 2, RW);
	write_byte(mm, 0, 1);
	write_byte(mm, 1, 1);
	expect_eq(vmalock_mm_fork(mm, &child), 0);
	expect_fields(mm, "Rss 8, Pss 4, Pss_Dirty 4, Shared_Dirty 8, Referenced 8, Anonymous 8");
	expect_fields(child, "Rss 8, Pss 4, Pss_Dirty 4, Shared_Dirty 8, Anonymous 8");
	write_byte(child, 0, 2);
	expect_fields(child, "Rss 8, Pss 6, Pss_Dirty 6, Shared_Dirty 4, Private_Dirty 4, Referenced 4, Anonymous 8");
	expect_fields(mm, "Rss 8, Pss 6, Pss_Dirty 6, Shared_Dirty 4, Private_Dirty 4, Referenced 8, Anonymous 8");
	end_space(child);
	expect_fields(mm, "Rss 8, Pss 8, Pss_Dirty 8, Private_Dirty 8, Referenced 8, Anonymous 8");
	end_space(mm);
}

static void locked_pages_and_huge_page_candidates_are_told(void)
{
	const uint64_t huge = UINT64_C(2) << 20;
	vmalock_mm *mm = space_of(NULL);
	uint64_t at;

	map_at(mm, 0, 2, RW);
	expect_eq(vmalock_mm_mlock(mm, page(0), 2 * P, 0), 0);
	expect_fields(mm, "Rss 8, Pss 8, Pss_Dirty 8, Private_Dirty 8, Referenced 8, Anonymous 8, Locked 8");
	expect_eq(vmalock_mm_map(mm, BASE + huge, 2 * huge, RW, FIXED_ANON, NULL, 0, &at), 0);
	expect(!strstr(smaps(mm), "THPeligible:           1\n"));
	expect_eq(vmalock_mm_advise(mm, BASE + huge, huge, 14), 0);
	expect(strstr(smaps(mm), "THPeligible:           1\nVmFlags: rd wr mr mw me ac hg \n"));
	expect_eq(vmalock_mm_fault(mm, BASE + huge, VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME, VMALOCK_FAULT_MINOR);
	expect(strstr(smaps(mm), "AnonHugePages:      2048 kB\n"));
	expect(strstr(text, "Rss:                2048 kB\nPss:                2048 kB\n"));
	expect_eq(vmalock_mm_advise(mm, BASE + huge, P, 15), 0); /* what is left holds no aligned 2 MiB */
	expect(!strstr(smaps(mm), "THPeligible:           1\n"));
	end_space(mm);
}

static void pages_of_files_are_not_anonymous_and_the_rollup_sums_all(void)
{
	struct vmalock_file_options options = { .length = 4 * P, .name = "/data", .written_back = 1 };
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file;
	uint64_t at;

	expect_eq(vmalock_file_create(&options, &file), 0);
	expect_eq(vmalock_mm_map(mm, page(0), 3 * P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	(void)read_byte(mm, 0);
	write_byte(mm, 1, 1);
	expect_fields(mm, "Rss 8, Pss 8, Pss_Dirty 4, Private_Clean 4, Private_Dirty 4, Referenced 8");
	expect_eq(vmalock_mm_map(mm, page(4), P, RW, VMALOCK_MAP_SHARED | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED,
				 NULL, 0, &at),
		  0);
	write_byte(mm, 4, 1);
	map_at(mm, 6, 1, RW);
	write_byte(mm, 6, 1);
	expect(vmalock_mm_smaps_rollup(mm, text, sizeof(text)) > 0);
	expect(strncmp(text, "100000000-100007000 ---p 00000000 00:00 0 ", 42) == 0);
	expect(strstr(text, " [rollup]\n"
			    "Rss:                  16 kB\n"
			    "Pss:                  16 kB\n"
			    "Pss_Dirty:            12 kB\n"
			    "Pss_Anon:              4 kB\n"
			    "Pss_File:              8 kB\n"
			    "Pss_Shmem:             4 kB\n"
			    "Shared_Clean:          0 kB\n"));
	vmalock_file_put(file);
	end_space(mm);
}

static void map_memory_file(vmalock_mm *mm, uint64_t n, vmalock_file *file, uint32_t type)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(n), P, VMALOCK_PROT_READ, type | VMALOCK_MAP_FIXED, file, 0, &at), 0);
	(void)read_byte(mm, n);
}

static void a_page_of_a_file_is_dirty_whoever_wrote_it(void)
{
	struct vmalock_file_options options = { .length = P, .name = "/memfd:m (deleted)" };
	vmalock_mm *mm = space_of(NULL);
	vmalock_file *file;

	expect_eq(vmalock_file_create(&options, &file), 0);
	map_memory_file(mm, 0, file, VMALOCK_MAP_SHARED);
	expect_fields(mm, "Rss 4, Pss 4, Private_Clean 4, Referenced 4");
	expect_eq(vmalock_file_write(file, 0, "x", 1), 0);
	expect_fields(mm, "Rss 4, Pss 4, Pss_Dirty 4, Private_Dirty 4, Referenced 4");
	expect_eq(vmalock_mm_unmap(mm, page(0), P), 0);
	map_memory_file(mm, 2, file, VMALOCK_MAP_PRIVATE);
	expect_fields(mm, "Rss 4, Pss 4, Pss_Dirty 4, Private_Dirty 4, Referenced 4");
	expect(vmalock_mm_smaps_rollup(mm, text, sizeof(text)) > 0);
	expect(strstr(text, "Pss_File:              0 kB\n"
			    "Pss_Shmem:             4 kB\n")); /* it is memory's, as memfd's */
	vmalock_file_put(file);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(a_page_of_a_file_is_dirty_whoever_wrote_it),
	CASE(the_text_is_the_kernels),
	CASE(a_page_is_clean_dirty_or_to_be_freed),
	CASE(a_fork_shares_pages_until_one_writes),
	CASE(locked_pages_and_huge_page_candidates_are_told),
	CASE(pages_of_files_are_not_anonymous_and_the_rollup_sums_all),
};
TEST_MAIN(cases)
