#include "mm/describe.h"

#include <inttypes.h>
#include <string.h>

/* The column at which Linux puts the name. */
#define NAME_COLUMN 73u

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

/* A newline in a name would look like a new mapping: Linux writes it as \012. */
static void put_name(struct text *t, const char *name)
{
	for (const char *end; (end = strchr(name, '\n')); name = end + 1) {
		text_put(t, name, (size_t)(end - name));
		text_put(t, "\\012", 4);
	}
	text_put(t, name, strlen(name));
}

void text_put_line(struct text *t, size_t length, const char *name)
{
	for (size_t column = length; name && column < NAME_COLUMN; column++)
		text_put(t, " ", 1);
	if (name)
		put_name(t, name);
	text_put(t, "\n", 1);
}

void text_put_vma(struct text *t, struct mm *mm, const struct vma *vma)
{
	uint64_t flags = vma_flags(vma), offset = vma->file ? vma->pgoff << PAGE_SHIFT : 0;
	const struct vma_file *file = vma->file;
	size_t before = t->length;

	text_print(t, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ", vma_start(vma),
		   vma_end(vma), flags & VM_READ ? 'r' : '-', flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-',
		   flags & VM_MAYSHARE ? 's' : 'p', offset, file ? file->dev_major : 0, file ? file->dev_minor : 0,
		   file ? file->inode : 0);
	text_put_line(t, t->length - before, name_of(mm, vma));
}

size_t mm_print_maps(struct mm *mm, char *buffer, size_t size)
{
	struct text text = { .buffer = buffer, .size = size };
	struct index_cursor cursor;
	struct index_entry entry;
	bool more = index_cursor_seek(&cursor, &mm->vmas, 0, &entry);

	for (; more; more = index_cursor_next(&cursor, &entry))
		text_put_vma(&text, mm, entry.value);
	return text_end(&text);
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
