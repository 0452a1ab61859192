/*
 * picture.h - an address space as a drawing: a letter is a VMA, a column a page, a dot a hole
 *
 * A window of WINDOW pages at BASE. "AAB." is a VMA of two pages, one of one, and a hole. Letters go up from A in the
 * order of addresses, so that a drawing tells the shape and nothing else.
 */
#ifndef VMALOCK_TEST_PICTURE_H
#define VMALOCK_TEST_PICTURE_H

#include <stdbool.h>

#include "test.h"
#include "vmalock.h"

#define P VMALOCK_PAGE_SIZE
#define BASE UINT64_C(0x100000000)
#define WINDOW 24

#define RW (VMALOCK_PROT_READ | VMALOCK_PROT_WRITE)
#define RO VMALOCK_PROT_READ
#define FIXED_ANON (VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS | VMALOCK_MAP_FIXED)

static inline uint64_t page(uint64_t n)
{
	return BASE + n * P;
}

/* A space under @policy (NULL: the default) with little in it. */
static inline vmalock_mm *space_of(const char *policy)
{
	struct vmalock_options options;
	vmalock_mm *mm;

	vmalock_options_init(&options);
	options.policy = policy;
	options.frames = 4096;
	expect_eq(vmalock_mm_create(&options, &mm), 0);
	return mm;
}

static inline void expect_valid(vmalock_mm *mm)
{
	const char *what = "";

	if (vmalock_mm_validate(mm, &what)) {
		fprintf(stderr, "invalid: %s\n", what);
		exit(1);
	}
}

static inline void end_space(vmalock_mm *mm)
{
	expect_valid(mm);
	vmalock_mm_put(mm);
}

static inline void map_at(vmalock_mm *mm, uint64_t first, uint64_t pages, uint32_t prot)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(first), pages * P, prot, FIXED_ANON, NULL, 0, &at), 0);
	expect_eq(at, page(first));
}

/* Two pages of @file, from page @index of it on, shared. */
static inline void map_piece(vmalock_mm *mm, vmalock_file *file, uint64_t first, uint64_t index, uint32_t prot)
{
	uint64_t at;

	expect_eq(vmalock_mm_map(mm, page(first), 2 * P, prot, VMALOCK_MAP_SHARED | VMALOCK_MAP_FIXED, file, index * P,
				 &at),
		  0);
}

static inline void write_byte(vmalock_mm *mm, uint64_t n, uint8_t value)
{
	expect_eq(vmalock_mm_write(mm, page(n), &value, 1, NULL), 0);
}

static inline uint8_t read_byte(vmalock_mm *mm, uint64_t n)
{
	uint8_t value = 0xee;

	expect_eq(vmalock_mm_read(mm, page(n), &value, 1, NULL), 0);
	return value;
}

/* The window's drawing; valid until the fourth next call. */
static inline const char *drawing(vmalock_mm *mm)
{
	static char texts[4][WINDOW + 1];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	uint64_t at = page(0);
	char letter = 'A';
	struct vmalock_vma vma;

	memset(text, '.', WINDOW);
	text[WINDOW] = '\0';
	while (at < page(WINDOW) && vmalock_mm_find(mm, at, &vma) == 0 && vma.start < page(WINDOW)) {
		for (uint64_t a = vma.start < page(0) ? page(0) : vma.start; a < vma.end && a < page(WINDOW); a += P)
			text[(a - BASE) / P] = letter;
		letter++;
		at = vma.end;
	}
	return text;
}

/* Compares a drawing with @wanted, which may leave out the dots at its end. */
static inline void expect_drawing_at(vmalock_mm *mm, const char *wanted, const char *file, int line)
{
	char full[WINDOW + 1];
	const char *actual = drawing(mm);

	memset(full, '.', WINDOW);
	full[WINDOW] = '\0';
	memcpy(full, wanted, strlen(wanted) < WINDOW ? strlen(wanted) : WINDOW);
	if (strcmp(actual, full) == 0)
		return;
	fprintf(stderr, "%s:%d: drawn %s, expected %s\n", file, line, actual, full);
	exit(1);
}
#define expect_drawing(mm, wanted) expect_drawing_at(mm, wanted, __FILE__, __LINE__)

#endif
