/*
 * ops/map.h - mmap(2)
 */
#ifndef VMALOCK_OPS_MAP_H
#define VMALOCK_OPS_MAP_H

#include "mm/mm.h"
#include "ops/userfault_notices.h"

struct map_request {
	uint64_t addr, length; /* bytes, as the system call gets them */
	uint32_t prot, flags;  /* VMALOCK_PROT_, VMALOCK_MAP_ */
	struct vma_file *file; /* NULL with MAP_ANONYMOUS */
	uint64_t offset;       /* bytes */
};

/* What the caller fills with pages once the lock is gone: MAP_POPULATE, locked memory. Empty: nothing. */
struct populate {
	uint64_t start, end;    /* bytes */
	bool only_locked;       /* of the mappings there, only the locked ones */
	struct populate *older; /* ranges below: allocated, freed by populate_quietly() */
};

/*
 * Return: 0, the address and what to populate; or the errors of vmalock_mm_map(), after which nothing has changed but
 * splits at the ends of the range; where shared anonymous memory is promised to nobody, or a file cannot be mapped with MAP_SYNC, what
 * MAP_FIXED was to replace has gone.
 */
must_check int op_mmap(struct mm *mm, const struct map_request *request, uint64_t *out, struct populate *populate);

/* The same for a request that checked its arguments itself. @notices: as unmap_prepare(). Context: mmap_lock for writing. */
must_check int op_mmap_locked(struct mm *mm, const struct map_request *request, uint64_t *out, struct populate *populate,
			      struct userfault_notices *notices);

/* A mapping as execve leaves it: never merged. Return: vmalock_mm_map_initial(). */
must_check int op_map_initial(struct mm *mm, const struct vmalock_initial_vma *what, struct vma_file *file);

/* PROT_ bits as VM_ bits. */
static inline uint64_t flags_of_prot(uint32_t prot)
{
	return (prot & VMALOCK_PROT_READ ? VM_READ : 0) | (prot & VMALOCK_PROT_WRITE ? VM_WRITE : 0) |
	       (prot & VMALOCK_PROT_EXEC ? VM_EXEC : 0);
}

/*
 * Makes [@start, @start + @length) a mapping, joined with its neighbours where they are equal, instead of whatever lies there.
 * Return: 0; -ENOMEM; @refusal. Context: mmap_lock for writing.
 */
struct region {
	uint64_t start, length; /* bytes */
	uint64_t pgoff, flags;
	struct vma_file *file;
	bool only_grow; /* see struct merge */
	int refusal; /* 0; or the answer, when what is to be mapped is not to be had: what lies there goes all the same */
	struct userfault_notices *notices; /* as unmap_prepare() */
};
must_check int map_region(struct mm *mm, const struct region *region);

#endif
