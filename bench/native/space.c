#define _GNU_SOURCE
#include "space.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"

/* --- the running kernel ------------------------------------------------------------------------------------------- */

static void *pointer(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static void must(int ret, const char *what)
{
	if (ret)
		bench_die("the kernel refused %s: %s", what, strerror(errno));
}

static uint64_t kernel_map(void *space, uint64_t length, uint32_t prot)
{
	void *p = mmap(NULL, length, (int)prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)space;
	must(p == MAP_FAILED, "mmap");
	return (uintptr_t)p;
}

static void kernel_unmap(void *space, uint64_t addr, uint64_t length)
{
	(void)space;
	must(munmap(pointer(addr), length), "munmap");
}

static void kernel_protect(void *space, uint64_t addr, uint64_t length, uint32_t prot)
{
	(void)space;
	must(mprotect(pointer(addr), length, (int)prot), "mprotect");
}

static void kernel_drop(void *space, uint64_t addr, uint64_t length)
{
	(void)space;
	must(madvise(pointer(addr), length, MADV_DONTNEED), "madvise");
}

static uint64_t kernel_write(void *space, const uint64_t *addrs, size_t n)
{
	(void)space;
	for (size_t i = 0; i < n; i++)
		*(volatile uint8_t *)pointer(addrs[i]) = 1;
	return n;
}

static const struct side kernel_side = {
	.name = "kernel",
	.map = kernel_map,
	.unmap = kernel_unmap,
	.protect = kernel_protect,
	.drop = kernel_drop,
	.write = kernel_write,
};

/* --- ours --------------------------------------------------------------------------------------------------------- */

static void must_not_fail(int code, const char *what)
{
	if (code < 0)
		bench_die("%s: %s", what, vmalock_error_text(code));
}

static uint64_t our_map(void *space, uint64_t length, uint32_t prot)
{
	uint64_t addr = 0;

	must_not_fail(
		vmalock_mm_map(space, 0, length, prot, VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS, NULL, 0, &addr),
		"map");
	return addr;
}

static void our_unmap(void *space, uint64_t addr, uint64_t length)
{
	must_not_fail(vmalock_mm_unmap(space, addr, length), "unmap");
}

static void our_protect(void *space, uint64_t addr, uint64_t length, uint32_t prot)
{
	must_not_fail(vmalock_mm_protect(space, addr, length, prot), "protect");
}

static void our_drop(void *space, uint64_t addr, uint64_t length)
{
	must_not_fail(vmalock_mm_advise(space, addr, length, MADV_DONTNEED), "advise");
}

static uint64_t our_write(void *space, const uint64_t *addrs, size_t n)
{
	uint64_t served = 0;

	for (size_t i = 0; i < n; i++)
		served += (vmalock_mm_fault(space, addrs[i], VMALOCK_WRITE) & VMALOCK_FAULT_OUTCOME) ==
			  VMALOCK_FAULT_MINOR;
	return served;
}

static const struct side our_side = {
	.name = "vmalock",
	.map = our_map,
	.unmap = our_unmap,
	.protect = our_protect,
	.drop = our_drop,
	.write = our_write,
};

static void *create_ours(const char *policy)
{
	struct vmalock_options options;
	vmalock_mm *mm = NULL;

	vmalock_options_init(&options);
	options.policy = policy;
	must_not_fail(vmalock_mm_create(&options, &mm), "a space");
	return mm;
}

/* --- layout, the same for both ------------------------------------------------------------------------------------- */

#define PAGES_BETWEEN 2

uint32_t space_pages(uint32_t n)
{
	return SPACE_PAGES_MIN + n * 7 % 14;
}

static uint64_t total_length(uint32_t n)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < n; i++)
		pages += space_pages(i) + PAGES_BETWEEN;
	return pages << PAGE_SHIFT;
}

/* One mapping, highest first, then the pages between are taken out. */
static uint64_t carve(struct space *s)
{
	uint64_t length = total_length(s->bench->size);
	uint64_t top = s->side->map(s->handle, length, PROT_READ | PROT_WRITE) + length, at = top;

	for (uint32_t i = 0; i < s->bench->size; i++) {
		at -= (uint64_t)space_pages(i) << PAGE_SHIFT;
		s->start[i] = at;
		at -= PAGES_BETWEEN << PAGE_SHIFT;
		s->side->unmap(s->handle, at, PAGES_BETWEEN << PAGE_SHIFT);
	}
	return top;
}

/*
 * New mappings go into the highest gap that is large enough. Those above ours (between libraries, or left by
 * alignment) are filled, the large ones first, so that everywhere the first gap between ours is the next.
 */
static void fill_above(struct space *s, uint64_t top)
{
	uint64_t length = PAGE_SIZE;

	while (length < total_length(s->bench->size))
		length *= 2;
	while (length >= PAGE_SIZE) {
		uint64_t at = s->side->map(s->handle, length, PROT_NONE);

		if (at >= top)
			continue;
		s->side->unmap(s->handle, at, length);
		length /= 2;
	}
}

void space_touch_each(struct space *s)
{
	for (uint32_t i = 0; i < s->bench->size; i++) {
		if (s->side->write(s->handle, &s->start[i], 1) != 1)
			bench_die("the first fault of mapping %u failed", i);
		s->side->drop(s->handle, s->start[i], PAGE_SIZE);
	}
}

struct space *space_create(struct bench *b, uint32_t n)
{
	struct space *s = bench_alloc(1, sizeof(*s));

	if (n > 0 && !vmalock_policy_name(n - 1))
		return NULL;
	s->bench = b;
	s->side = n == 0 ? &kernel_side : &our_side;
	s->policy = n == 0 ? NULL : vmalock_policy_name(n - 1);
	s->handle = n == 0 ? NULL : create_ours(s->policy);
	s->start = bench_alloc(b->size, sizeof(*s->start));
	s->addrs = bench_alloc(b->ops, sizeof(*s->addrs));
	fill_above(s, carve(s));
	return s;
}

struct contestant space_contestant(struct space *s, void (*prepare)(void *), uint64_t (*window)(void *))
{
	return (struct contestant){
		.name = s->side->name,
		.policy = s->policy,
		.role = s->policy ? ROLE_SUBJECT : ROLE_PEER,
		.state = s,
		.prepare = prepare,
		.window = window,
	};
}
