/*
 * api/process_madvise.c - process_madvise(2): one advice for many ranges
 *
 * The ranges are checked as an iovec of Linux is before any of them is advised, and then advised in turn up to the first that is refused.
 */
#include <errno.h>

#include "api/handle.h"
#include "base/bits.h"
#include "ops/advise.h"

/* Linux: UIO_MAXIOV, MAX_RW_COUNT. */
#define MOST_RANGES 1024u
#define MOST_BYTES (INT32_MAX & ~(PAGE_SIZE - 1))

/* What another process may advise: nothing that its owner could notice but by time. */
static bool is_for_others(int advice)
{
	return advice == MADV_IS_COLD || advice == MADV_IS_PAGEOUT || advice == MADV_IS_WILLNEED ||
	       advice == MADV_IS_COLLAPSE;
}

/* Is there anything to look at? */
static bool have_bytes(const struct vmalock_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].length)
			return true;
	return false;
}

/* More than MOST_BYTES in all is not looked at; a single range is cut before its end is checked, as in import_ubuf(). */
static int check_ranges(const struct vmalock_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) /* all lengths are read before any address is looked at */
		if (ranges[i].length > INT64_MAX)
			return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		uint64_t length = ranges[i].length;

		if (count == 1)
			length = min_u64(length, MOST_BYTES);
		if (ranges[i].addr > VMALOCK_TASK_SIZE || length > VMALOCK_TASK_SIZE - ranges[i].addr)
			return -EFAULT;
	}
	return 0;
}

int64_t vmalock_mm_process_madvise(vmalock_mm *mm, const struct vmalock_range *ranges, size_t count, int advice,
				   uint32_t flags, int from_other)
{
	uint64_t done = 0;
	int err;

	if (flags || count > MOST_RANGES)
		return -EINVAL;
	err = check_ranges(ranges, count);
	if (!err && from_other && !is_for_others(advice))
		err = -EINVAL;
	if (err || !have_bytes(ranges, count))
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		uint64_t length = min_u64(ranges[i].length, MOST_BYTES - done);

		if (!length && i) /* an empty one is looked at only where it is the first: Linux steps over the others */
			continue;
		err = vmalock_mm_advise(mm, ranges[i].addr, length, advice);
		if (!err)
			done += length;
	}
	return done ? (int64_t)done : err;
}
