#include "replay/world.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "replay/nodes.h"

/* --- files --------------------------------------------------------------------------------------------------------- */

/* memfd's, System V's and POSIX's shared memory by their names in maps; all others are files of a disk. */
static bool is_of_memory(const char *name)
{
	static const char *const begins[] = { "/memfd:", "/SYSV", "/dev/shm/", "/dev/zero" };

	for (size_t i = 0; i < array_size(begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static int make_file(struct world *w, uint32_t i)
{
	const struct vmalock_trace_file *from = &w->trace->files[i];
	char *name = trace_string_copy(w->trace, from->name);
	struct vmalock_file_options options = {
		.length = from->length,
		.mode = VMALOCK_FILE_RDWR,
		.name = from->name.length ? name : NULL,
		.dev_major = from->dev_major,
		.dev_minor = from->dev_minor,
		.inode = from->inode,
		.counted_only = w->options.backing == VMALOCK_BACKING_NONE,
	};
	int err;

	if (!name)
		return -ENOMEM;
	options.written_back = !is_of_memory(name);
	err = vmalock_file_create(&options, &w->files[i]);
	alloc_free(name);
	return err;
}

vmalock_file *world_file(const struct world *w, uint32_t file)
{
	return file == VMALOCK_TRACE_NONE ? NULL : w->files[file];
}

/* --- spaces -------------------------------------------------------------------------------------------------------- */

static int place_vma(const struct world *w, vmalock_mm *mm, const struct vmalock_trace_vma *from)
{
	char *name = trace_string_copy(w->trace, from->name);
	struct vmalock_initial_vma vma = {
		.start = from->start,
		.end = from->end,
		.pgoff = from->pgoff,
		.prot = from->prot,
		.flags = from->flags & ~VMALOCK_TRACE_VMA_SPECIAL,
		.file = world_file(w, from->file),
		.name = from->name.length ? name : NULL,
		.special = (from->flags & VMALOCK_TRACE_VMA_SPECIAL) != 0,
	};
	int err;

	if (!name)
		return -ENOMEM;
	err = vmalock_mm_map_initial(mm, &vma);
	alloc_free(name);
	return err;
}

static int furnish(const struct world *w, vmalock_mm *mm, const struct vmalock_trace_space *space)
{
	int err = space->brk_start ? vmalock_mm_set_brk_start(mm, space->brk_start) : 0;

	if (!err && space->stack_start)
		err = vmalock_mm_set_stack_start(mm, space->stack_start);
	for (uint64_t n = 0; n < space->vma_count && !err; n++)
		err = place_vma(w, mm, &w->trace->vmas[space->first_vma + n]);
	return err;
}

int world_exec(struct world *w, uint32_t space)
{
	vmalock_mm *mm;
	int err = vmalock_mm_create(&w->options, &mm);

	if (err)
		return err;
	err = furnish(w, mm, &w->trace->spaces[space]);
	if (err)
		vmalock_mm_put(mm);
	else
		w->spaces[space].mm = mm;
	return err;
}

int world_fork(struct world *w, uint32_t parent, uint32_t child)
{
	w->spaces[parent].has_forked = true;
	return vmalock_mm_fork(w->spaces[parent].mm, &w->spaces[child].mm);
}

int world_keep_maps(struct world *w, uint32_t space)
{
	vmalock_mm *mm = w->spaces[space].mm;
	int64_t length = vmalock_mm_maps(mm, NULL, 0);
	char *text;

	if (length < 0)
		return (int)length;
	text = alloc_bytes((size_t)length + 1);
	if (!text)
		return -ENOMEM;
	length = vmalock_mm_maps(mm, text, (size_t)length + 1);
	if (length < 0) {
		alloc_free(text);
		return (int)length;
	}
	w->spaces[space].final_maps = text;
	return 0;
}

void world_drop(struct world *w, uint32_t space)
{
	vmalock_mm *mm = w->spaces[space].mm;

	if (!mm)
		return;
	totals_add_space(&w->totals, mm);
	w->spaces[space].mm = NULL;
	vmalock_mm_put(mm);
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static int fill_in(struct world *w)
{
	const struct trace *trace = w->trace;
	int err = totals_init(&w->totals);

	w->files = alloc_zeroed((trace->file_count + (size_t)1) * sizeof(*w->files));
	w->spaces = alloc_zeroed((trace->space_count + (size_t)1) * sizeof(*w->spaces));
	if (!err && (!w->files || !w->spaces))
		err = -ENOMEM;
	for (uint32_t i = 0; i < trace->file_count && !err; i++)
		err = make_file(w, i);
	for (uint32_t i = 0; i < trace->space_count && !err; i++) {
		if (trace->maker[i] == NO_EVENT)
			err = world_exec(w, i);
	}
	return err;
}

int world_create(const struct trace *trace, const struct vmalock_options *options, struct world **out)
{
	struct world *w = alloc_zeroed(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->trace = trace;
	w->options = *options;
	w->options.numa_nodes = nodes_named(trace);
	w->options.overcommit.mode = VMALOCK_OVERCOMMIT_ALWAYS; /* what was refused for that is not in the trace */
	err = fill_in(w);
	if (err)
		world_destroy(w);
	else
		*out = w;
	return err;
}

void world_destroy(struct world *w)
{
	for (uint32_t i = 0; w->spaces && i < w->trace->space_count; i++) {
		if (w->spaces[i].mm)
			vmalock_mm_put(w->spaces[i].mm);
		alloc_free(w->spaces[i].final_maps);
	}
	for (uint32_t i = 0; w->files && i < w->trace->file_count; i++) {
		if (w->files[i])
			vmalock_file_put(w->files[i]);
	}
	totals_destroy(&w->totals);
	alloc_free(w->spaces);
	alloc_free(w->files);
	alloc_free(w);
}
