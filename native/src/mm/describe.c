#include "mm/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The column at which Linux puts the name. */
#define NAME_COLUMN 73

/* "[heap]" and "[stack]" belong to whatever mapping lies there now. Linux: get_vma_name(). */
static const char *name_of(struct mm *mm, const struct vma *vma)
{
	uint64_t start = vma_start(vma), end = vma_end(vma), stack = atomic_load_relaxed(&mm->stack_start);

	if (vma->file)
		return vma->file->name;
	if (vma->name)
		return vma->name->text;
	if (start < atomic_load_relaxed(&mm->brk) && end > atomic_load_relaxed(&mm->brk_start))
		return "[heap]";
	if (stack && start <= stack && end >= stack)
		return "[stack]";
	return NULL;
}

static uint32_t prot_of(uint64_t flags)
{
	return (flags & VM_READ ? VMALOCK_PROT_READ : 0) | (flags & VM_WRITE ? VMALOCK_PROT_WRITE : 0) |
	       (flags & VM_EXEC ? VMALOCK_PROT_EXEC : 0);
}

void vma_describe(struct mm *mm, const struct vma *vma, struct vmalock_vma *out)
{
	const char *name = name_of(mm, vma);
	size_t length = name ? strlen(name) : 0, kept = length < VMALOCK_NAME_MAX ? length : VMALOCK_NAME_MAX - 1;

	*out = (struct vmalock_vma){
		.start = vma_start(vma),
		.end = vma_end(vma),
		.pgoff = vma->pgoff,
		.vm_flags = vma_flags(vma),
		.prot = prot_of(vma_flags(vma)),
		.name_length = (uint32_t)length,
	};
	if (vma->file) {
		out->offset = vma->pgoff << PAGE_SHIFT;
		out->dev_major = vma->file->dev_major;
		out->dev_minor = vma->file->dev_minor;
		out->inode = vma->file->inode;
		out->file_id = vma->file->id;
	}
	if (name)
		memcpy(out->name, name, kept);
}

/* Text that grows past the end of its buffer is counted, not written. */
struct sink {
	char *buffer;
	size_t size, length;
};

static void put(struct sink *s, const char *text, size_t length)
{
	if (s->length < s->size) {
		size_t room = s->size - s->length;

		memcpy(s->buffer + s->length, text, length < room ? length : room);
	}
	s->length += length;
}

/* A newline in a name would look like a new mapping: Linux writes it as \012. */
static void put_name(struct sink *s, const char *name)
{
	for (const char *end; (end = strchr(name, '\n')); name = end + 1) {
		put(s, name, (size_t)(end - name));
		put(s, "\\012", 4);
	}
	put(s, name, strlen(name));
}

static void put_line(struct sink *s, struct mm *mm, const struct vma *vma)
{
	uint64_t flags = vma_flags(vma), offset = vma->file ? vma->pgoff << PAGE_SHIFT : 0;
	const struct vma_file *file = vma->file;
	const char *name = name_of(mm, vma);
	char line[160];
	int length =
		snprintf(line, sizeof(line), "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
			 vma_start(vma), vma_end(vma), flags & VM_READ ? 'r' : '-', flags & VM_WRITE ? 'w' : '-',
			 flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : 'p', offset,
			 file ? file->dev_major : 0, file ? file->dev_minor : 0, file ? file->inode : 0);

	put(s, line, (size_t)length);
	if (name) {
		for (int column = length; column < NAME_COLUMN; column++)
			put(s, " ", 1);
		put_name(s, name);
	}
	put(s, "\n", 1);
}

size_t mm_print_maps(struct mm *mm, char *buffer, size_t size)
{
	struct sink sink = { .buffer = buffer, .size = size };
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);

	for (; more; more = index_cursor_next(&cursor, &entry))
		put_line(&sink, mm, entry.value);
	if (size)
		buffer[sink.length < size ? sink.length : size - 1] = '\0';
	return sink.length;
}

void wait_summarise(const struct histogram *waits, uint64_t acquisitions, struct vmalock_wait_summary *out)
{
	*out = (struct vmalock_wait_summary){
		.count = acquisitions,
		.waits = histogram_count(waits),
		.total_ns = atomic_load_relaxed(&waits->total),
		.p50_ns = histogram_percentile(waits, 500),
		.p99_ns = histogram_percentile(waits, 990),
		.max_ns = atomic_load_relaxed(&waits->max),
	};
}
