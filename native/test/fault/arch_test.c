/* Each architecture's fault word, and its own rule about execute-only memory. */
#include "support/picture.h"

#define ARM64_DATA (UINT64_C(0x24) << 26)
#define ARM64_FETCH (UINT64_C(0x20) << 26)
#define ARM64_FETCH_KERNEL (UINT64_C(0x21) << 26)
#define ARM64_ACCESS_3 UINT64_C(0x0b)
#define ARM64_TRANSLATION_3 UINT64_C(0x07)
#define ARM64_PERMISSION_3 UINT64_C(0x0f)
#define ARM64_ALIGNMENT UINT64_C(0x21)
#define ARM64_WRITE UINT64_C(0x40)
#define ARM64_CACHE UINT64_C(0x100)
#define PPC_STORE UINT64_C(0x02000000)
#define PPC_NO_PAGE UINT64_C(0x40000000)
#define PPC_FETCH UINT64_C(0x80000000)
#define PPC_BAD UINT64_C(0x04000000)
#define PPC_KEY UINT64_C(0x00200000)

static uint32_t outcome(vmalock_mm *mm, enum vmalock_arch arch, uint64_t n, uint64_t word)
{
	return vmalock_mm_fault_arch(mm, arch, page(n), word) & VMALOCK_FAULT_OUTCOME;
}

/* Each signal is counted, also where the word alone decides. */
static void expect_signals(vmalock_mm *mm, uint64_t count)
{
	struct vmalock_stats stats;

	vmalock_mm_stats(mm, &stats);
	expect_eq(stats.signal_faults, count);
}

/* Page 0 rw, 1 r, 2 w alone, 3 x alone. */
static vmalock_mm *space(void)
{
	vmalock_mm *mm = space_of(NULL);

	map_at(mm, 0, 1, RW);
	map_at(mm, 1, 1, RO);
	map_at(mm, 2, 1, VMALOCK_PROT_WRITE);
	map_at(mm, 3, 1, VMALOCK_PROT_EXEC);
	return mm;
}

static void x86_reads_writes_and_fetches(void)
{
	vmalock_mm *mm = space();

	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 0, 0x6), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 1, 0x6), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 1, 0x4), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 2, 0x4), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 3, 0x14), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 3, 0x4), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 0, 0x14), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 9, 0x4), VMALOCK_FAULT_SIGSEGV_MAPERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 0, 0x24), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 0, 0x8), VMALOCK_FAULT_SIGBUS);
	expect_signals(mm, 5);
	end_space(mm);
}

/* Where a word says several things the kernels ask in this order. */
static void what_a_word_says_first_counts(void)
{
	vmalock_mm *mm = space();
	uint64_t fetch = ARM64_FETCH | ARM64_PERMISSION_3;

	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 3, 0x16), VMALOCK_FAULT_SIGSEGV_ACCERR); /* a write, not a fetch */
	expect_eq(outcome(mm, VMALOCK_ARCH_X86_64, 0, 0x28), VMALOCK_FAULT_SIGBUS);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 3, fetch | ARM64_WRITE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 3, PPC_FETCH | PPC_STORE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 0, PPC_BAD | PPC_KEY), VMALOCK_FAULT_SIGBUS);
	expect_signals(mm, 3);
	end_space(mm);
}

static void arm64_reads_writes_and_fetches(void)
{
	vmalock_mm *mm = space();
	uint64_t data = ARM64_DATA | ARM64_TRANSLATION_3;

	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 0, data | ARM64_WRITE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 1, data | ARM64_WRITE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 1, data | ARM64_WRITE | ARM64_CACHE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 1, data), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 2, data), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 3, data), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 3, ARM64_FETCH | ARM64_PERMISSION_3), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 3, ARM64_FETCH_KERNEL | ARM64_PERMISSION_3), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 0, ARM64_DATA | ARM64_ACCESS_3), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_AARCH64, 0, ARM64_DATA | ARM64_ALIGNMENT), VMALOCK_FAULT_SIGBUS);
	expect_signals(mm, 3);
	end_space(mm);
}

static void ppc64_reads_writes_and_fetches(void)
{
	vmalock_mm *mm = space();

	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 0, PPC_NO_PAGE | PPC_STORE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 1, PPC_NO_PAGE | PPC_STORE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 1, PPC_NO_PAGE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 2, PPC_NO_PAGE), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 3, PPC_NO_PAGE), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 3, PPC_NO_PAGE | PPC_FETCH), VMALOCK_FAULT_MINOR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 0, PPC_KEY), VMALOCK_FAULT_SIGSEGV_ACCERR);
	expect_eq(outcome(mm, VMALOCK_ARCH_PPC64LE, 0, PPC_BAD), VMALOCK_FAULT_SIGBUS);
	expect_signals(mm, 4);
	end_space(mm);
}

static const struct test_case cases[] = {
	CASE(x86_reads_writes_and_fetches),
	CASE(arm64_reads_writes_and_fetches),
	CASE(ppc64_reads_writes_and_fetches),
	CASE(what_a_word_says_first_counts),
};
TEST_MAIN(cases)
