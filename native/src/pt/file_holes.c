#include "pt/file_holes.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"

#define FIRST_ROOM 4

int file_holes_reserve(struct file_holes *holes)
{
	uint32_t room = holes->room ? 2 * holes->room : FIRST_ROOM;
	struct file_hole *more;

	if (holes->count < holes->room)
		return 0;
	more = alloc_bytes(room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	if (holes->count)
		memcpy(more, holes->hole, holes->count * sizeof(*more));
	if (holes->hole)
		alloc_free(holes->hole);
	holes->hole = more;
	holes->room = room;
	return 0;
}

/* How many holes end before @offset, so that nothing there touches it. */
static uint32_t count_before(const struct file_holes *holes, uint64_t offset)
{
	uint32_t low = 0, high = holes->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (holes->hole[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void file_holes_add(struct file_holes *holes, uint64_t start, uint64_t end)
{
	uint32_t first = count_before(holes, start), last = first;

	check(start < end && holes->count < holes->room);
	for (; last < holes->count && holes->hole[last].start <= end; last++) {
		start = min_u64(start, holes->hole[last].start);
		end = max_u64(end, holes->hole[last].end);
	}
	memmove(&holes->hole[first + 1], &holes->hole[last], (holes->count - last) * sizeof(*holes->hole));
	holes->hole[first] = (struct file_hole){ start, end };
	holes->count += 1 - (last - first);
}

void file_holes_apply(const struct file_holes *holes, uint64_t offset, uint8_t *bytes, size_t length)
{
	uint64_t stop = offset + length;

	for (uint32_t i = count_before(holes, offset); i < holes->count && holes->hole[i].start < stop; i++) {
		uint64_t start = max_u64(holes->hole[i].start, offset), end = min_u64(holes->hole[i].end, stop);

		if (start < end)
			memset(bytes + (start - offset), 0, (size_t)(end - start));
	}
}

void file_holes_destroy(struct file_holes *holes)
{
	if (holes->hole)
		alloc_free(holes->hole);
	*holes = (struct file_holes){ 0 };
}
