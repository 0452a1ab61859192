/*
 * fault/arch.h - an architecture's own fault word, for emulators that have one at hand
 */
#ifndef VMALOCK_FAULT_ARCH_H
#define VMALOCK_FAULT_ARCH_H

#include "mm/mm.h"

/*
 * One fault from @word: x86 error code; arm64 ESR_EL1; ppc64 DSISR, with bit 31 (0x80000000) set for an instruction fetch.
 * Words that no mapping can cure (reserved bits, alignment, external aborts, protection keys) give SIGBUS or ACCERR at once.
 * Return: VMALOCK_FAULT_ bits. Context: no lock.
 */
uint32_t fault_resolve_arch(struct mm *mm, enum vmalock_arch arch, uint64_t addr, uint64_t word);

#endif
