/*
 * api/fault.c - faults, and bytes through the page tables
 */
#include <errno.h>
#include <string.h>

#include "api/handle.h"
#include "fault/arch.h"
#include "fault/fault.h"

uint32_t vmalock_mm_fault(vmalock_mm *mm, uint64_t addr, enum vmalock_access access)
{
	return fault_resolve(mm_of(mm), addr, access);
}

uint32_t vmalock_mm_fault_arch(vmalock_mm *mm, enum vmalock_arch arch, uint64_t addr, uint64_t word)
{
	return fault_resolve_arch(mm_of(mm), arch, addr, word);
}

size_t vmalock_mm_fault_many(vmalock_mm *mm, const uint64_t *addrs, size_t count, enum vmalock_access access,
			     uint8_t *results)
{
	size_t served = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t result = fault_resolve(mm_of(mm), addrs[i], access);

		served += (result & VMALOCK_FAULT_OUTCOME) <= VMALOCK_FAULT_MAJOR;
		if (results)
			results[i] = (uint8_t)result;
	}
	return served;
}

/* Bytes between the caller's buffer and one page. */
struct transfer {
	uint8_t *out;      /* reading: where they go; NULL when writing */
	const uint8_t *in; /* writing */
	size_t offset, length;
};

static void move_bytes(void *arg, uint8_t *page)
{
	const struct transfer *t = arg;

	if (t->out && page)
		memcpy(t->out, page + t->offset, t->length);
	else if (t->out)
		memset(t->out, 0, t->length);
	else if (page)
		memcpy(page + t->offset, t->in, t->length);
}

static int error_of(uint32_t result)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_MINOR:
	case VMALOCK_FAULT_MAJOR:
		return 0;
	case VMALOCK_FAULT_SIGSEGV_MAPERR:
		return VMALOCK_SIGSEGV_MAPERR;
	case VMALOCK_FAULT_SIGSEGV_ACCERR:
		return VMALOCK_SIGSEGV_ACCERR;
	case VMALOCK_FAULT_SIGBUS:
		return result & VMALOCK_FAULT_HWPOISON ? VMALOCK_SIGBUS_MCEERR : VMALOCK_SIGBUS;
	case VMALOCK_FAULT_USERFAULT:
		return VMALOCK_USERFAULT;
	default:
		return -ENOMEM;
	}
}

static int transfer(struct mm *mm, uint64_t addr, enum vmalock_access access, struct transfer t, size_t length,
		    size_t *done)
{
	size_t moved = 0;
	int err = 0;

	while (moved < length) {
		t.offset = (size_t)((addr + moved) & ~PAGE_MASK);
		t.length = length - moved < PAGE_SIZE - t.offset ? length - moved : PAGE_SIZE - t.offset;
		err = error_of(fault_with_page(mm, addr + moved, access, move_bytes, &t));
		if (err)
			break;
		moved += t.length;
		if (t.out)
			t.out += t.length;
		else
			t.in += t.length;
	}
	if (done)
		*done = moved;
	return err;
}

int vmalock_mm_read(vmalock_mm *mm, uint64_t addr, void *buffer, size_t length, size_t *done)
{
	return transfer(mm_of(mm), addr, VMALOCK_READ, (struct transfer){ .out = buffer }, length, done);
}

int vmalock_mm_write(vmalock_mm *mm, uint64_t addr, const void *bytes, size_t length, size_t *done)
{
	return transfer(mm_of(mm), addr, VMALOCK_WRITE, (struct transfer){ .in = bytes }, length, done);
}
