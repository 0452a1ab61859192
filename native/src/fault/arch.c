#include "fault/arch.h"

#include "fault/fault.h"

/* What a fault word says. */
struct decoded {
	enum vmalock_access access;
	uint32_t verdict; /* VMALOCK_FAULT_ outcome when the word itself decides; MINOR: look at the mapping */
};

/* --- x86-64: page fault error code, Intel SDM volume 3, 4.7 --------------------------------------------------------- */

#define X86_WRITE 0x02u
#define X86_RESERVED 0x08u
#define X86_FETCH 0x10u
#define X86_KEY 0x20u

static struct decoded decode_x86(uint64_t word)
{
	struct decoded d = { VMALOCK_READ, VMALOCK_FAULT_MINOR };

	if (word & X86_WRITE)
		d.access = VMALOCK_WRITE;
	else if (word & X86_FETCH)
		d.access = VMALOCK_EXEC;
	if (word & X86_RESERVED)
		d.verdict = VMALOCK_FAULT_SIGBUS; /* a broken page table, not a missing page */
	else if (word & X86_KEY)
		d.verdict = VMALOCK_FAULT_SIGSEGV_ACCERR;
	return d;
}

/* --- arm64: ESR_EL1, Arm ARM D17.2.37 ----------------------------------------------------------------------------- */

#define ESR_CLASS(word) (((word) >> 26) & 0x3fu)
#define ESR_CLASS_FETCH_USER 0x20u
#define ESR_CLASS_FETCH_KERNEL 0x21u
#define ESR_STATUS(word) ((word)&0x3cu) /* less the level */
#define ESR_STATUS_TRANSLATION 0x04u
#define ESR_STATUS_ACCESS 0x08u
#define ESR_STATUS_PERMISSION 0x0cu
#define ESR_WRITE UINT64_C(0x40)
#define ESR_CACHE_MAINTENANCE UINT64_C(0x100) /* its "write" bit is no write */

static struct decoded decode_arm64(uint64_t word)
{
	struct decoded d = { VMALOCK_READ, VMALOCK_FAULT_MINOR };
	uint64_t class = ESR_CLASS(word), status = ESR_STATUS(word);

	if (class == ESR_CLASS_FETCH_USER || class == ESR_CLASS_FETCH_KERNEL)
		d.access = VMALOCK_EXEC;
	else if ((word & ESR_WRITE) && !(word & ESR_CACHE_MAINTENANCE))
		d.access = VMALOCK_WRITE;
	if (status != ESR_STATUS_TRANSLATION && status != ESR_STATUS_ACCESS && status != ESR_STATUS_PERMISSION)
		d.verdict = VMALOCK_FAULT_SIGBUS;
	return d;
}

/* --- ppc64: DSISR, Power ISA Book III --------------------------------------------------------------------------- */

#define DSISR_FETCH UINT64_C(0x80000000) /* ours: the trap was an instruction storage interrupt */
#define DSISR_STORE UINT64_C(0x02000000)
#define DSISR_KEY UINT64_C(0x00200000)
#define DSISR_BAD UINT64_C(0x04000000) /* access to caching-inhibited or copy-paste memory */

static struct decoded decode_ppc64(uint64_t word)
{
	struct decoded d = { VMALOCK_READ, VMALOCK_FAULT_MINOR };

	if (word & DSISR_FETCH)
		d.access = VMALOCK_EXEC;
	else if (word & DSISR_STORE)
		d.access = VMALOCK_WRITE;
	if (word & DSISR_BAD)
		d.verdict = VMALOCK_FAULT_SIGBUS;
	else if (word & DSISR_KEY)
		d.verdict = VMALOCK_FAULT_SIGSEGV_ACCERR;
	return d;
}

uint32_t fault_resolve_arch(struct mm *mm, enum vmalock_arch arch, uint64_t addr, uint64_t word)
{
	struct decoded d = arch == VMALOCK_ARCH_X86_64    ? decode_x86(word)
			   : arch == VMALOCK_ARCH_AARCH64 ? decode_arm64(word)
							  : decode_ppc64(word);

	if (d.verdict != VMALOCK_FAULT_MINOR) {
		mm_count(mm, STAT_signal_faults);
		return d.verdict;
	}
	return arch == VMALOCK_ARCH_X86_64 ? fault_resolve(mm, addr, d.access)
					   : fault_resolve_exec_only(mm, addr, d.access);
}
