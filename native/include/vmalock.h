/*
 * vmalock.h - a process address space with Linux's per-VMA locks, in userspace
 *
 * An address space (vmalock_mm) holds mappings (VMAs), their page tables and 4 KiB frames of host memory. Many threads
 * may work on one space at once: faults and reads run under the locks that its policy names, changes under mmap_lock.
 *
 * Units        addresses, lengths and offsets are bytes, 64-bit; ranges are [start, start + length).
 * Errors       functions return 0 (or a non-negative value where they say so) or a negative code of vmalock_errors.h.
 *              Outputs are written on success only. After an error nothing has changed, except where Linux itself
 *              leaves a partial effect; the function says so then.
 * Threads      any thread may call; it is registered with RCU on its first call and leaves when it ends. A handle may
 *              be used by many threads; the last vmalock_mm_put() must come after their last call.
 * Ownership    vmalock_mm_create() and _fork() give one reference; vmalock_mm_put() lets it go.
 * Behaviour    that of Linux 6.18 on x86-64 with 4 KiB pages, see docs/differences.md for where it differs.
 */
#ifndef VMALOCK_H
#define VMALOCK_H

#include <stddef.h>
#include <stdint.h>

#include "vmalock_errors.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VMALOCK_API __attribute__((visibility("default")))
#define VMALOCK_MUST_CHECK __attribute__((warn_unused_result))
#else
#define VMALOCK_API
#define VMALOCK_MUST_CHECK
#endif

#define VMALOCK_PAGE_SIZE UINT64_C(4096)

/* Addresses of mappings lie below this (Linux's TASK_SIZE on x86-64: 2^47 less one page). */
#define VMALOCK_TASK_SIZE ((UINT64_C(1) << 47) - VMALOCK_PAGE_SIZE)

/* The version of this header's contract, as (major << 16 | minor << 8 | patch). */
#define VMALOCK_VERSION 0x000100u
VMALOCK_API uint32_t vmalock_version(void);

/* "not enough memory, ..." for a code, "ENOMEM" for its name; NULL for a number that is no code. */
VMALOCK_API const char *vmalock_error_text(int code);
VMALOCK_API const char *vmalock_error_name(int code);

typedef struct vmalock_mm vmalock_mm;
typedef struct vmalock_file vmalock_file;

/* --- simulated files ------------------------------------------------------------------------------------------- */

enum vmalock_file_mode { VMALOCK_FILE_RDWR, VMALOCK_FILE_RDONLY, VMALOCK_FILE_WRONLY };

struct vmalock_file_options {
	uint64_t length; /* bytes */
	enum vmalock_file_mode mode;
	uint8_t fill;     /* the value of every byte that nobody wrote */
	const char *name; /* as maps prints it; NULL for none. Copied. */
	uint32_t dev_major, dev_minor;
	uint64_t inode;   /* 0: the library numbers it */
	int counted_only; /* not 0: its pages hold no bytes (for spaces with VMALOCK_BACKING_NONE) */
	/*
	 * not 0: a file of a disk, which msync(2) with MS_SYNC writes back; the first need of a page is a major fault, and it counts as
	 * RssFile. Else one of memory, as memfd, whose pages are minor faults, and RssShmem.
	 */
	int written_back;
};

/* Return: 0; ENOMEM; EINVAL for a mode that is none. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_file_create(const struct vmalock_file_options *options, vmalock_file **out);
VMALOCK_API void vmalock_file_get(vmalock_file *file);
VMALOCK_API void vmalock_file_put(vmalock_file *file);
VMALOCK_API uint64_t vmalock_file_length(vmalock_file *file);
VMALOCK_API const char *vmalock_file_name(const vmalock_file *file); /* NULL for none; valid while a reference is held */
VMALOCK_API uint64_t vmalock_file_id(const vmalock_file *file);      /* as file_id of struct vmalock_vma */

/* Bytes of the file itself. Return: bytes read (short at the end of the file), or ENOMEM. */
VMALOCK_API int64_t vmalock_file_read(vmalock_file *file, uint64_t offset, void *buffer, size_t length);

/* Writes, growing the file where needed; shared mappings see it at once. Return: 0 or ENOMEM. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_file_write(vmalock_file *file, uint64_t offset, const void *bytes,
						      size_t length);

/*
 * vmalock_file_truncate - ftruncate(2)
 * @length: bytes
 *
 * Pages beyond the new end are taken from every mapping in every space, private copies too; what is left of the last page
 * after the end is zeroed. A file that grows, again or for the first time, reads 0 there, also one with a fill byte; but what was
 * stored through a mapping behind its old end, in the last page, stays if it is of memory, as in memfd.
 *
 * Context: takes the lock of the file's mappings and locks of page tables; no mmap_lock, and no VMA's. May be called beside
 *          faults and requests of any thread.
 * Return:  0; EINVAL (longer than 2^63 - 1, or a file that may not be written); ENOMEM, and nothing has changed.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_file_truncate(vmalock_file *file, uint64_t length);

/*
 * vmalock_file_punch_hole - fallocate(2) with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
 * @offset, @length: bytes, any; they may lie beyond the end, where no page is
 *
 * The range reads 0 from now on. Whole pages are taken from the file and from every mapping, but private copies stay.
 *
 * Context: as vmalock_file_truncate().
 * Return:  0; EINVAL (no length, or a number beyond 2^63 - 1); EBADF (a file that may not be written); EFBIG (the end is beyond
 *          that); ENOMEM, and nothing has changed.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_file_punch_hole(vmalock_file *file, uint64_t offset, uint64_t length);

/*
 * Which pages of a file were written since they were last written back: through a shared mapping of any space, by vmalock_file_write(), or
 * by a cut amid a page that is there; whole pages that were cut out are not among them. A new file has none. A page is dirty from the fault on
 * that lets it be written.
 *
 * vmalock_file_sync - fsync(2): makes the pages of a range clean. The next store through a mapping is a fault again
 * @offset: bytes
 * @length: bytes; beyond the end there is nothing, and UINT64_MAX is always all
 *
 * Where pages go to is the caller's: whoever keeps a copy takes the numbers, and page by page syncs and then reads it. What is written meanwhile
 * is read, or its page is dirty again; and a page that was not listed keeps its mark. Observers are told (VMALOCK_INVALIDATE_PROTECT).
 *
 * Context: as vmalock_file_truncate(). Return: how many pages were dirty.
 */
VMALOCK_API uint64_t vmalock_file_sync(vmalock_file *file, uint64_t offset, uint64_t length);

/* Numbers of dirty pages, ascending, from page @first on. Return: how many it put into @out, at most @room; less is all. */
VMALOCK_API size_t vmalock_file_dirty_pages(vmalock_file *file, uint64_t first, uint64_t *out, size_t room);

/* --- address spaces -------------------------------------------------------------------------------------------- */

enum vmalock_backing {
	VMALOCK_BACKING_MEMORY, /* each frame is 4 KiB of host memory, zeroed */
	VMALOCK_BACKING_NONE,   /* frames are only counted: reads give zeros, writes are dropped */
};

enum vmalock_faults {
	VMALOCK_FAULTS_RFC = 0, /* anonymous memory only under the VMA lock */
	VMALOCK_FAULTS_LINUX_6_4,
	VMALOCK_FAULTS_LINUX_6_6,
	VMALOCK_FAULTS_LINUX_6_7, /* file faults too */
	VMALOCK_FAULTS_LINUX_6_10,
	VMALOCK_FAULTS_LINUX_6_18,
};

/* Which private anonymous memory faults may fill with huge pages of 2 MiB; as transparent_hugepage/enabled of Linux. */
enum vmalock_thp {
	VMALOCK_THP_NEVER,   /* but MADV_COLLAPSE makes them all the same */
	VMALOCK_THP_MADVISE, /* where MADV_HUGEPAGE asks for them */
	VMALOCK_THP_ALWAYS,  /* where MADV_NOHUGEPAGE does not forbid them */
};

struct vmalock_limits {
	/* bytes; UINT64_MAX for none */
	uint64_t address_space, data, stack, memlock;
	uint32_t map_count; /* mappings; Linux's vm.max_map_count */
};

/* Linux's vm.overcommit_memory: when memory that is promised but not yet used counts as too much. */
enum vmalock_overcommit_mode {
	VMALOCK_OVERCOMMIT_HEURISTIC, /* ENOMEM for a single request above the limit */
	VMALOCK_OVERCOMMIT_ALWAYS,    /* whatever is asked for */
	VMALOCK_OVERCOMMIT_NEVER,     /* all promises together stay below the limit; MAP_NORESERVE means nothing */
};

struct vmalock_overcommit {
	enum vmalock_overcommit_mode mode;
	/* bytes, of which whole pages count */
	uint64_t
		limit; /* HEURISTIC: memory and swap of the machine. NEVER: CommitLimit. 0: VMALOCK_DEFAULT_COMMIT_LIMIT; at least a page */
	uint64_t admin_reserve; /* NEVER: kept for the privileged. vm.admin_reserve_kbytes */
	uint64_t
		user_reserve; /* NEVER: kept from a space, but no more than a 32nd of what it maps. vm.user_reserve_kbytes */
};
#define VMALOCK_DEFAULT_COMMIT_LIMIT (UINT64_C(32) << 30)

struct vmalock_options {
	const char *policy;         /* a name of vmalock_policy_name(); NULL: "per-vma" */
	enum vmalock_faults faults; /* which faults may take the policy's fast path */
	enum vmalock_backing backing;
	uint64_t frames;     /* most frames that the space and its forks may use; 0: VMALOCK_DEFAULT_FRAMES */
	uint64_t swap;       /* pages that the space and its forks may have out, each in a slot of 4 KiB; 0: none */
	uint32_t numa_nodes; /* nodes among which the frames are divided evenly; 0: 1. Most: VMALOCK_MAX_NODES */
	int privileged;      /* not 0: as root, no memlock limit, may map the first page */
	/*
	 * not 0: reading anonymous memory that nobody wrote brings a page of its own and not the shared zero page, which
	 * shows in what is resident and in what merges. Linux: mm_forbids_zeropage(), as on s390, and kernels of some sandboxes.
	 */
	int forbids_zero_page;
	enum vmalock_thp thp; /* its forks have the same */
	struct vmalock_limits limits;
	struct vmalock_overcommit overcommit; /* its forks share the account */
};
#define VMALOCK_DEFAULT_FRAMES (UINT64_C(1) << 20)
#define VMALOCK_MAX_NODES 64u

/* Fills in the defaults: per-vma, rfc, memory, 2^20 frames, privileged, zero page, huge pages by madvise, no limits, 65530 mappings, stack 8 MiB. */
VMALOCK_API void vmalock_options_init(struct vmalock_options *options);

/* Return: 0; EINVAL for an unknown policy, era, backing, thp or mode of overcommit, too many nodes, fewer frames than nodes; ENOMEM. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_create(const struct vmalock_options *options, vmalock_mm **out);
VMALOCK_API void vmalock_mm_get(vmalock_mm *mm);
VMALOCK_API void vmalock_mm_put(vmalock_mm *mm);

/* The names of the policies in the registry, 0 .. n - 1; NULL behind the last. The first is the baseline. */
VMALOCK_API const char *vmalock_policy_name(uint32_t n);
VMALOCK_API const char *vmalock_mm_policy(const vmalock_mm *mm);

/* --- operations: mmap(2) and its kin. Bits are Linux's, x86-64 ---------------------------------------------------- */

#define VMALOCK_PROT_NONE 0x0u
#define VMALOCK_PROT_READ 0x1u
#define VMALOCK_PROT_WRITE 0x2u
#define VMALOCK_PROT_EXEC 0x4u
#define VMALOCK_PROT_GROWSDOWN 0x01000000u
#define VMALOCK_PROT_GROWSUP 0x02000000u

#define VMALOCK_MAP_SHARED 0x01u
#define VMALOCK_MAP_PRIVATE 0x02u
#define VMALOCK_MAP_SHARED_VALIDATE 0x03u
#define VMALOCK_MAP_DROPPABLE 0x08u
#define VMALOCK_MAP_TYPE 0x0fu
#define VMALOCK_MAP_FIXED 0x10u
#define VMALOCK_MAP_ANONYMOUS 0x20u
#define VMALOCK_MAP_32BIT 0x40u
#define VMALOCK_MAP_ABOVE4G 0x80u
#define VMALOCK_MAP_GROWSDOWN 0x0100u
#define VMALOCK_MAP_LOCKED 0x2000u
#define VMALOCK_MAP_NORESERVE 0x4000u
#define VMALOCK_MAP_POPULATE 0x8000u
#define VMALOCK_MAP_NONBLOCK 0x10000u
#define VMALOCK_MAP_STACK 0x20000u
#define VMALOCK_MAP_HUGETLB 0x40000u
#define VMALOCK_MAP_SYNC 0x80000u
#define VMALOCK_MAP_FIXED_NOREPLACE 0x100000u

#define VMALOCK_MREMAP_MAYMOVE 1u
#define VMALOCK_MREMAP_FIXED 2u
#define VMALOCK_MREMAP_DONTUNMAP 4u

#define VMALOCK_MLOCK_ONFAULT 1u

#define VMALOCK_MS_ASYNC 1u
#define VMALOCK_MS_INVALIDATE 2u
#define VMALOCK_MS_SYNC 4u

#define VMALOCK_MCL_CURRENT 1u
#define VMALOCK_MCL_FUTURE 2u
#define VMALOCK_MCL_ONFAULT 4u

/*
 * vmalock_mm_map - mmap(2)
 * @addr:   a hint, or exact with MAP_FIXED and MAP_FIXED_NOREPLACE
 * @length: rounded up to whole pages
 * @flags:  VMALOCK_MAP_ bits, exactly as the system call takes them: none are added
 * @file:   what to map, or NULL with MAP_ANONYMOUS. The mapping holds a reference of its own.
 * @offset: into @file, a multiple of the page size
 * @out:    the address
 *
 * Context: takes mmap_lock for writing; may sleep.
 * Return:  0; EINVAL, ENOMEM, EEXIST, EBADF (neither MAP_ANONYMOUS nor @file), EACCES (the file's mode, MDWE), EPERM (below
 *          64 KiB unprivileged), EAGAIN (memlock limit), EOVERFLOW (offset + length), EOPNOTSUPP, ENODEV, ENOSYS (hugetlb).
 *          Nothing has changed then, but where shared anonymous memory is refused as too much to promise (ENOMEM), or a file of a disk
 *          with MAP_SYNC (EOPNOTSUPP): what MAP_FIXED was to replace has gone.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_map(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot,
						  uint32_t flags, vmalock_file *file, uint64_t offset, uint64_t *out);

/* munmap(2). Return: 0; EINVAL; EPERM (sealed); ENOMEM when a split would exceed the map limit (splits made before it stay). */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_unmap(vmalock_mm *mm, uint64_t addr, uint64_t length);

/*
 * vmalock_mm_exit - every mapping goes, sealed or not, and with it the heap and what mlockall() asked for
 *
 * As Linux's exit_mmap(): pages go first, with mmap_lock for reading, so that vmalock_mm_reap() of another thread helps; then, for writing,
 * mappings and page tables. The space itself stays until it is let go of.
 * Return: 0; ENOMEM, and only pages have gone.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_exit(vmalock_mm *mm);

/*
 * vmalock_mm_reap - as Linux's OOM reaper: takes the pages of private mappings away, beside whatever else goes on
 *
 * What they said is lost, so that from now on a fault in private memory of this space is a SIGBUS.
 * Return: 0; EAGAIN, and nothing has changed: a writer has mmap_lock.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_reap(vmalock_mm *mm);

/* mprotect(2). Return: 0; EINVAL; ENOMEM for a hole, EPERM for a seal, EACCES for a file's mode or MDWE: what lies before it has changed. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_protect(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot);

/* pkey_mprotect(2) of a machine without protection keys: with @key -1 mprotect(2), with any other EINVAL once the rest is in order. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_pkey_protect(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t prot,
							   int key);

/* mremap(2), @flags VMALOCK_MREMAP_ bits. Return: 0; EINVAL, EFAULT (nothing mapped there), ENOMEM, EAGAIN, EPERM. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_remap(vmalock_mm *mm, uint64_t addr, uint64_t old_length,
						    uint64_t new_length, uint32_t flags, uint64_t new_addr,
						    uint64_t *out);

/*
 * madvise(2), @advice Linux's number. Return: 0; EINVAL; ENOMEM for a hole (the rest is advised all the same); EACCES (MADV_REMOVE of
 * what is no shared mapping that could be made writable); ...
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_advise(vmalock_mm *mm, uint64_t addr, uint64_t length, int advice);

struct vmalock_range {
	uint64_t addr, length; /* bytes */
};

/*
 * vmalock_mm_process_madvise - process_madvise(2): advises each of @ranges in turn
 * @count:      at most 1024; of all of them the first 2 GiB less a page count
 * @flags:      must be 0
 * @from_other: not 0: the caller is another process, which may give COLD, PAGEOUT, WILLNEED and COLLAPSE only
 *
 * Return: bytes advised, up to the first range that was refused; where that is the first: EFAULT (beyond the user half), EINVAL, and as
 *         vmalock_mm_advise(). EFAULT, and EINVAL for anything but a range's alignment, come before any is advised.
 */
VMALOCK_API VMALOCK_MUST_CHECK int64_t vmalock_mm_process_madvise(vmalock_mm *mm, const struct vmalock_range *ranges,
								  size_t count, int advice, uint32_t flags,
								  int from_other);

/*
 * vmalock_mm_seal - mseal(2): from now on nobody may unmap, move, resize or protect the range, or map over it (EPERM)
 * @flags: must be 0
 * Return: 0; EINVAL (a flag, unaligned, a range that wraps); ENOMEM for a hole: nothing has changed; ENOMEM for the map limit: what
 *         lies before is sealed.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_seal(vmalock_mm *mm, uint64_t addr, uint64_t length, uint64_t flags);

/*
 * One pass of khugepaged over a space: 2 MiB of small pages, in mappings that want huge pages (option thp, MADV_HUGEPAGE), become a
 * huge one, if no more than so many of the 512 are empty, out in swap, or shared after a fork: khugepaged/max_ptes_none, _swap and _shared
 * of Linux. At least one must have been touched since a fork, MADV_COLD or a shortage of frames last asked, and half of them where some
 * are out.
 * Context: takes mmap_lock for reading and for writing; may sleep. Return: how many huge pages it made.
 */
struct vmalock_khugepaged {
	uint32_t max_ptes_none, max_ptes_shared, max_ptes_swap; /* of 512; Linux's own defaults are 511, 256 and 64 */
};
VMALOCK_API uint64_t vmalock_mm_khugepaged(vmalock_mm *mm, const struct vmalock_khugepaged *limits);

/*
 * vmalock_mm_mlock - mlock2(2); with @flags 0, mlock(2)
 * @addr:   rounded down to a whole page
 * @length: the end is rounded up; a length that wraps to 0 is a success
 * @flags:  0, or VMALOCK_MLOCK_ONFAULT: pages are locked as faults bring them, none is brought in
 *
 * Marks the range locked, then brings its pages in. After an error of the first step what lies before the obstacle is marked and
 * counted, and nothing is brought in; after one of the second all is marked.
 *
 * Context: takes mmap_lock for writing, and faults after that; may sleep.
 * Return:  0; EINVAL (a flag, a range that wraps); EPERM (unprivileged, and the memlock limit is 0); ENOMEM (a hole, the memlock
 *          limit, the map limit, a mapping that permits nothing, a page beyond the end of its file); EAGAIN (no frame).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_mlock(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t flags);

/* munlock(2), rounding as mlock. Return: 0; EINVAL; ENOMEM for a hole: what lies before it is unlocked. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_munlock(vmalock_mm *mm, uint64_t addr, uint64_t length);

/*
 * mlockall(2), @flags VMALOCK_MCL_ bits: CURRENT locks all mappings and brings their pages in where it can, FUTURE locks every new
 * one (mmap, brk), ONFAULT, with one of the two, brings none in. A call without FUTURE ends an earlier one's. fork does not hand it down.
 * Return: 0; EINVAL; EPERM (unprivileged, and the memlock limit is 0); ENOMEM (the memlock limit): nothing has changed.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_mlockall(vmalock_mm *mm, uint32_t flags);

/* munlockall(2): unlocks all mappings and ends MCL_FUTURE. Return: 0. */
VMALOCK_API int vmalock_mm_munlockall(vmalock_mm *mm);

/*
 * msync(2), @flags VMALOCK_MS_ bits. Simulated files hold what was stored at once, so nothing is written back.
 * Context: takes mmap_lock for reading.
 * Return: 0; EINVAL; ENOMEM for a hole (what lies behind it is looked at all the same, but for ASYNC alone); EBUSY (INVALIDATE of
 *         locked memory).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_msync(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t flags);

/*
 * remap_file_pages(2): a range of a shared mapping shows its file from page @pgoff on, as a mapping of its own with the same
 * permissions, brought in at once.
 * @addr, @length: rounded down to whole pages
 * @prot:          must be 0
 * @flags:         VMALOCK_MAP_NONBLOCK: nothing is brought in; other bits are not looked at
 *
 * Context: takes mmap_lock for writing, and faults after that; may sleep.
 * Return:  0; EINVAL (@prot, no page, no shared mapping, or several that differ in file or flags); EOVERFLOW (@pgoff beyond any
 *          file); ENOMEM, EAGAIN and EPERM as vmalock_mm_map().
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_remap_file_pages(vmalock_mm *mm, uint64_t addr, uint64_t length,
							       uint64_t prot, uint64_t pgoff, uint32_t flags);

/*
 * Memory policies: from which NUMA node a page comes. A mapping may have one (mbind), else the space's holds (set_mempolicy), else
 * the node is that of the thread which faults. In Linux the second is the thread's own; here a space has one.
 */
#define VMALOCK_MPOL_DEFAULT 0u
#define VMALOCK_MPOL_PREFERRED 1u
#define VMALOCK_MPOL_BIND 2u
#define VMALOCK_MPOL_INTERLEAVE 3u
#define VMALOCK_MPOL_LOCAL 4u
#define VMALOCK_MPOL_PREFERRED_MANY 5u
#define VMALOCK_MPOL_WEIGHTED_INTERLEAVE 6u /* every weight is 1, as on machines that tell no bandwidth */
/* or-ed to the mode */
#define VMALOCK_MPOL_F_NUMA_BALANCING 0x2000u
#define VMALOCK_MPOL_F_RELATIVE_NODES 0x4000u
#define VMALOCK_MPOL_F_STATIC_NODES 0x8000u

#define VMALOCK_MPOL_MF_STRICT 1u
#define VMALOCK_MPOL_MF_MOVE 2u
#define VMALOCK_MPOL_MF_MOVE_ALL 4u

#define VMALOCK_MPOL_F_NODE 1u
#define VMALOCK_MPOL_F_ADDR 2u
#define VMALOCK_MPOL_F_MEMS_ALLOWED 4u

/* A bit a node, also for nodes that no space can have: Linux's nodemask_t. */
#define VMALOCK_MAX_NUMNODES 1024u
typedef struct vmalock_nodemask {
	uint64_t bits[VMALOCK_MAX_NUMNODES / 64];
} vmalock_nodemask;

/*
 * vmalock_mm_mbind - mbind(2)
 * @mode:  a VMALOCK_MPOL_ mode with its flags
 * @nodes: NULL for none
 * @flags: VMALOCK_MPOL_MF_ bits. STRICT: pages that lie elsewhere are an error; MOVE: they are moved, their bytes kept, unless a fork
 *         shares them; MOVE_ALL: those, too, of which this space gets copies (privileged)
 *
 * Context: takes mmap_lock for writing; may sleep.
 * Return:  0; EINVAL; EPERM (MOVE_ALL); EFAULT (a hole, but for MPOL_DEFAULT; nothing mapped at all), EIO (STRICT without MOVE):
 *          nothing has changed; ENOMEM (the map limit: what lies before has its policy); EIO (STRICT with MOVE, and no
 *          frame to move a page to: all have their policy).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_mbind(vmalock_mm *mm, uint64_t addr, uint64_t length, uint32_t mode,
						    const vmalock_nodemask *nodes, uint32_t flags);

/* set_mempolicy(2), for the whole space and its later forks. Return: 0; EINVAL; ENOMEM. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_mempolicy(vmalock_mm *mm, uint32_t mode,
							    const vmalock_nodemask *nodes);

/*
 * get_mempolicy(2), @flags VMALOCK_MPOL_F_ bits, @addr 0 without ADDR. With NODE, @mode is the number of a node: with ADDR that of
 * the page there, which is brought in as by a read; else the one from which the space's interleaving goes on.
 * Return: 0; EINVAL; EFAULT (nothing mapped there, or not readable); ENOMEM (no frame).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_get_mempolicy(vmalock_mm *mm, uint64_t addr, uint32_t flags,
							    uint32_t *mode, vmalock_nodemask *nodes);

/*
 * The node that the calling thread runs on, 0 unless it says so: where its faults look for frames first. In a space that has no such
 * node it runs on 0. Return: 0; EINVAL (VMALOCK_MAX_NODES or more).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_set_thread_node(uint32_t node);
VMALOCK_API uint32_t vmalock_thread_node(void);

/*
 * setrlimit(2) and getrlimit(2), all limits at once. What is beyond a new limit stays; what asks for more is refused. No limit is a
 * hard one.
 */
VMALOCK_API void vmalock_mm_set_limits(vmalock_mm *mm, const struct vmalock_limits *limits);
VMALOCK_API void vmalock_mm_get_limits(vmalock_mm *mm, struct vmalock_limits *out);

/* capset(2): root's rights, see struct vmalock_options, from now on (not 0) or no longer. */
VMALOCK_API void vmalock_mm_set_privileged(vmalock_mm *mm, int privileged);
VMALOCK_API int vmalock_mm_privileged(vmalock_mm *mm);

#define VMALOCK_MDWE_REFUSE_EXEC_GAIN 0x1u /* nothing becomes executable that was not, nor is both that and writable */
#define VMALOCK_MDWE_NO_INHERIT 0x2u       /* children are free of it */

/*
 * prctl(2) with PR_SET_MDWE, memory-deny-write-execute, for good: mmap and mprotect that ask for more are EACCES.
 * @mdwe: VMALOCK_MDWE_ bits; NO_INHERIT with the other alone
 * Return: 0; EINVAL; EPERM: other bits have been set.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_mdwe(vmalock_mm *mm, uint32_t mdwe);

/* PR_GET_MDWE: the bits. */
VMALOCK_API uint32_t vmalock_mm_mdwe(vmalock_mm *mm);

#define VMALOCK_THP_DISABLED 0x1u
#define VMALOCK_THP_DISABLE_EXCEPT_ADVISED 0x2u /* not where MADV_HUGEPAGE or MADV_COLLAPSE asks for them */

/*
 * prctl(2) with PR_SET_THP_DISABLE: whatever the option thp says, no faults, MADV_COLLAPSE or khugepaged make huge pages from now on where
 * there are none; those that are there stay. Forks inherit it. A fault that is under way may still bring one.
 * @disable: 0: as the option says again
 * @flags:   0 or VMALOCK_THP_DISABLE_EXCEPT_ADVISED
 * Return: 0; EINVAL for other flags, or for one without @disable.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_thp_disable(vmalock_mm *mm, int disable, uint32_t flags);

/* PR_GET_THP_DISABLE: 0, or VMALOCK_THP_DISABLED and the flags. */
VMALOCK_API uint32_t vmalock_mm_thp_disable(vmalock_mm *mm);

/*
 * How the machine of a space and its forks overcommits, from now on. What was promised stays.
 * Return: 0; EINVAL (no such mode).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_overcommit(vmalock_mm *mm, const struct vmalock_overcommit *how);

/* Return: bytes promised to all of them now, Committed_AS of /proc/meminfo. @out may be NULL. */
VMALOCK_API uint64_t vmalock_mm_get_overcommit(vmalock_mm *mm, struct vmalock_overcommit *out);

/* brk(2) as the system call: returns the break afterwards, the old one for a refusal. 0 asks. */
VMALOCK_API uint64_t vmalock_mm_brk(vmalock_mm *mm, uint64_t addr);

/* Where the heap begins: before the first mapping there and while it is empty. Return: 0; EINVAL; EBUSY. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_brk_start(vmalock_mm *mm, uint64_t addr);

/* Which mapping maps prints as [stack]: the one that holds @addr. Return: 0; EINVAL. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_set_stack_start(vmalock_mm *mm, uint64_t addr);

/*
 * fork(2): a copy with copy-on-write pages, the same policy and frames. Waits for those who read userfaultfds with EVENT_FORK.
 * Return: 0; ENOMEM.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_fork(vmalock_mm *mm, vmalock_mm **out);

/* One VMA becomes two at @addr. Return: 0 (also when it is a boundary already); EINVAL; ENOMEM; EFAULT for a hole. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_split(vmalock_mm *mm, uint64_t addr);

/*
 * What execve finds: a mapping placed exactly there, as a loader or the kernel itself would leave it (vdso, stack).
 * @pgoff pages; @special: never merges; @name as maps prints it, or NULL. For recorded programs and loaders.
 * Return: 0; EINVAL; EEXIST; ENOMEM.
 */
struct vmalock_initial_vma {
	uint64_t start, end, pgoff;
	uint32_t prot, flags; /* PROT_ and MAP_ bits; MAP_GROWSDOWN for a stack */
	vmalock_file *file;
	const char *name;
	int special;
};
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_map_initial(vmalock_mm *mm, const struct vmalock_initial_vma *vma);

/* --- faults and bytes ------------------------------------------------------------------------------------------ */

enum vmalock_access { VMALOCK_READ, VMALOCK_WRITE, VMALOCK_EXEC };

/* What a fault came to: an outcome in the low bits, flags or-ed to it. */
#define VMALOCK_FAULT_MINOR 0u
#define VMALOCK_FAULT_MAJOR 1u
#define VMALOCK_FAULT_SIGSEGV_MAPERR 2u
#define VMALOCK_FAULT_SIGSEGV_ACCERR 3u
#define VMALOCK_FAULT_SIGBUS 4u
#define VMALOCK_FAULT_OOM 5u
#define VMALOCK_FAULT_USERFAULT 6u
#define VMALOCK_FAULT_OUTCOME 0x0fu
#define VMALOCK_FAULT_VMA_LOCK 0x10u /* it was served under the policy's fast path */
#define VMALOCK_FAULT_RETRIED 0x20u  /* the fast path began and asked for mmap_lock */
#define VMALOCK_FAULT_COW 0x40u      /* a page was copied, or taken over, for a write */
#define VMALOCK_FAULT_HWPOISON 0x80u /* of SIGBUS: the page is poisoned, vmalock_uffd_poison() */

/* Resolves one fault. Never fails otherwise; allocates nothing but frames and page tables. Return: VMALOCK_FAULT_. */
VMALOCK_API uint32_t vmalock_mm_fault(vmalock_mm *mm, uint64_t addr, enum vmalock_access access);

enum vmalock_arch { VMALOCK_ARCH_X86_64, VMALOCK_ARCH_AARCH64, VMALOCK_ARCH_PPC64LE };

/* The same from an architecture's own fault word: x86 error code, arm64 ESR, ppc64 DSISR with exec in bit 31. */
VMALOCK_API uint32_t vmalock_mm_fault_arch(vmalock_mm *mm, enum vmalock_arch arch, uint64_t addr, uint64_t word);

/*
 * @count faults in order; @results may be NULL. Return: how many ended MINOR or MAJOR.
 */
VMALOCK_API size_t vmalock_mm_fault_many(vmalock_mm *mm, const uint64_t *addrs, size_t count, enum vmalock_access access,
					 uint8_t *results);

/*
 * Bytes through the page tables, faulting as a program would. Stops at the first page that gives a signal.
 * @done: bytes moved before that; may be NULL.
 * Return: 0; SIGSEGV_MAPERR, SIGSEGV_ACCERR, SIGBUS, SIGBUS_MCEERR; ENOMEM (no frame); USERFAULT (vmalock_thread_userfaults()).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_read(vmalock_mm *mm, uint64_t addr, void *buffer, size_t length,
						   size_t *done);
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_write(vmalock_mm *mm, uint64_t addr, const void *bytes, size_t length,
						    size_t *done);

/* --- observers: whose translations stop being true ------------------------------------------------------------------- */

/* Why an entry does not say any more what it said. */
enum vmalock_invalidation {
	VMALOCK_INVALIDATE_UNMAP, /* the mapping goes: munmap, MAP_FIXED over it, a heap or an mremap that shrinks */
	VMALOCK_INVALIDATE_PROTECT, /* other rights: mprotect, write protection by a userfaultfd, a file that is written back */
	VMALOCK_INVALIDATE_CLEAR, /* pages go and the mapping stays: MADV_DONTNEED, _FREE, _PAGEOUT, guards, a file that is cut, a userfaultfd's move */
	VMALOCK_INVALIDATE_MOVE,     /* the old place of an mremap */
	VMALOCK_INVALIDATE_COW,      /* a write found a page that is not its own, and got another */
	VMALOCK_INVALIDATE_FORK,     /* private pages may not be written any more without a copy */
	VMALOCK_INVALIDATE_COLLAPSE, /* small pages became a huge one */
	VMALOCK_INVALIDATE_MIGRATE,  /* mbind: other frames */
	VMALOCK_INVALIDATE_RELEASE,  /* the space ends */
};

/*
 * struct vmalock_observer - as Linux's mmu_notifier: how a simulator drops what its TLBs remember
 * @invalidate_start: before anything of [@start, @end) changes; NULL: not wanted
 * @invalidate_end: after that, before the call that changes it returns; NULL: not wanted
 *
 * Told is what takes a page away, puts another in its place, or changes rights, in ranges of whole pages that may have more in
 * them than has changed. Not told: pages that come where none was; a huge page that is split, whose bytes stay where they were; MADV_COLD.
 * When @invalidate_end has returned, no fault and no access of the space uses what was there. Who looks for a translation beside
 * changes does as with Linux: it counts starts and ends, and throws away what it found while the two differed or grew.
 *
 * Called in the thread that changes the space, of several threads at once, with mmap_lock, or the VMA, or the lock of a file's mappings held.
 * It must not call into vmalock, nor wait for somebody who does.
 */
struct vmalock_observer {
	void (*invalidate_start)(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why);
	void (*invalidate_end)(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why);
	void *arg;
};

typedef struct vmalock_observation vmalock_observation;

/*
 * vmalock_mm_observe - from here on @observer, which is copied, is told
 * @out: for vmalock_mm_unobserve(); it lasts as long as the space, and does not keep it
 *
 * Children that are forked are not observed.
 *
 * Context: takes mmap_lock for writing and the lock of every VMA: waits until no fault is under way.
 * Return:  0; ENOMEM.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_observe(vmalock_mm *mm, const struct vmalock_observer *observer,
						      vmalock_observation **out);

/* When it returns, the observer is not being called and will not be. Context: as vmalock_mm_observe(); never from a callback. */
VMALOCK_API void vmalock_mm_unobserve(vmalock_mm *mm, vmalock_observation *observation);

/* --- userfaultfd: pages that a program brings --------------------------------------------------------------------- */

/*
 * A fault in a registered range is not served but told, as an event; whoever reads the events resolves it, and the fault goes on. Simulated
 * files stand for shmem and memfd: they may be registered, too. Calls that change memory whose userfaultfd asked for EVENT_ features (munmap,
 * mmap over it, mremap, brk, madvise, fork) wait at their end until the event has been read: by another thread, or the calling one never waits
 * (vmalock_thread_userfaults()). docs/userfaultfd.md
 */
typedef struct vmalock_uffd vmalock_uffd;

/* UFFD_FEATURE_ bits under Linux's numbers. The others that Linux knows are ENOSYS; those nobody knows, EINVAL. */
#define VMALOCK_UFFD_FEATURE_PAGEFAULT_FLAG_WP (UINT64_C(1) << 0)
#define VMALOCK_UFFD_FEATURE_EVENT_FORK (UINT64_C(1) << 1)   /* fork is told, and the child's mappings are registered */
#define VMALOCK_UFFD_FEATURE_EVENT_REMAP (UINT64_C(1) << 2)  /* mremap is told, and the new place stays registered */
#define VMALOCK_UFFD_FEATURE_EVENT_REMOVE (UINT64_C(1) << 3) /* MADV_DONTNEED, MADV_FREE and MADV_REMOVE are told */
#define VMALOCK_UFFD_FEATURE_MISSING_SHMEM (UINT64_C(1) << 5)
#define VMALOCK_UFFD_FEATURE_EVENT_UNMAP (UINT64_C(1) << 6) /* that mappings go is told */
#define VMALOCK_UFFD_FEATURE_SIGBUS (UINT64_C(1) << 7)      /* no events: the access gives SIGBUS */
#define VMALOCK_UFFD_FEATURE_THREAD_ID (UINT64_C(1) << 8)   /* events of faults tell whose they are */
#define VMALOCK_UFFD_FEATURE_MINOR_SHMEM (UINT64_C(1) << 10)
#define VMALOCK_UFFD_FEATURE_EXACT_ADDRESS (UINT64_C(1) << 11) /* events tell the byte, not the page */
#define VMALOCK_UFFD_FEATURE_WP_HUGETLBFS_SHMEM (UINT64_C(1) << 12)
#define VMALOCK_UFFD_FEATURE_WP_UNPOPULATED (UINT64_C(1) << 13) /* anonymous memory is protected where no page is, too */
#define VMALOCK_UFFD_FEATURE_POISON (UINT64_C(1) << 14)
#define VMALOCK_UFFD_FEATURE_WP_ASYNC                                                                                   \
	(UINT64_C(1) << 15) /* a write lifts its page's protection, and no event tells; with it WP_UNPOPULATED */
#define VMALOCK_UFFD_FEATURE_MOVE (UINT64_C(1) << 16)

/*
 * One handle, which keeps the space.
 * Return: 0; EPERM (EVENT_FORK without privilege: with another's memory the reader gets more than it was given); EINVAL, ENOSYS (@features);
 *         ENOMEM.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_create(vmalock_mm *mm, uint64_t features, vmalock_uffd **out);
VMALOCK_API void vmalock_uffd_get(vmalock_uffd *uffd);

/*
 * close(2): unregisters everything, and all that wait go on, faults and readers. Every other call is EBADF from then on. The last put closes,
 * too. Context: takes mmap_lock for writing.
 */
VMALOCK_API void vmalock_uffd_close(vmalock_uffd *uffd);
VMALOCK_API void vmalock_uffd_put(vmalock_uffd *uffd);

#define VMALOCK_UFFD_MODE_MISSING UINT64_C(1) /* where no page is */
#define VMALOCK_UFFD_MODE_WP UINT64_C(2)      /* writes to pages that vmalock_uffd_writeprotect() has protected */
#define VMALOCK_UFFD_MODE_MINOR UINT64_C(4)   /* where the file has the page, and the mapping has not seen it yet */

/*
 * UFFDIO_REGISTER: splits and merges mappings as mprotect would; holes are stepped over.
 * Context: takes mmap_lock for writing.
 * Return:  0; EINVAL (@mode, a range that is no whole pages of user memory, nothing mapped there, memory that cannot have @mode);
 *          EPERM (a shared mapping of a file that may not be written); EBUSY (another userfaultfd has part of it); ENOMEM (the map
 *          limit: what lies before is registered).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_register(vmalock_uffd *uffd, uint64_t addr, uint64_t length,
							 uint64_t mode);

/* UFFDIO_UNREGISTER: faults that wait in the range go on. Return: 0; EINVAL (also for another's range); ENOMEM as above. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_unregister(vmalock_uffd *uffd, uint64_t addr, uint64_t length);

#define VMALOCK_UFFD_COPY_DONTWAKE UINT64_C(1)
#define VMALOCK_UFFD_COPY_WP UINT64_C(2)

/*
 * All that bring pages, vmalock_uffd_move() and vmalock_uffd_writeprotect() are EAGAIN, with nothing done, while a change has been told, or is
 * about to be, that nobody has read yet: read it, and try again.
 *
 * UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE: bring pages, and wake the faults that wait for them unless @mode has DONTWAKE. With WP
 * (not for ZEROPAGE) the pages come write-protected.
 * @done: bytes that came, also after an error; may be NULL.
 *
 * Return: 0; EINVAL (range, @mode, memory of the wrong kind, CONTINUE beyond the end of its file); ENOENT (not registered, or not all in
 *         one mapping); EEXIST (a page is there already); EFAULT (beyond the end of the file; CONTINUE of a page that is not in it); ENOMEM;
 *         EAGAIN (pages came, and then one of these).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_copy(vmalock_uffd *uffd, uint64_t addr, const void *bytes,
						     uint64_t length, uint64_t mode, uint64_t *done);
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_zeropage(vmalock_uffd *uffd, uint64_t addr, uint64_t length,
							 uint64_t mode, uint64_t *done);
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_continue(vmalock_uffd *uffd, uint64_t addr, uint64_t length,
							 uint64_t mode, uint64_t *done);

/*
 * UFFDIO_POISON: the bytes of these pages are lost, and a touch is a SIGBUS (BUS_MCEERR_AR) from now on, until MADV_DONTNEED, MADV_FREE or a
 * page that is brought. Fork and mremap take it along. @mode: DONTWAKE.
 * Return: as above, but any page or marker is EEXIST.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_poison(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode,
						       uint64_t *done);

#define VMALOCK_UFFD_MOVE_DONTWAKE UINT64_C(1)
#define VMALOCK_UFFD_MOVE_ALLOW_SRC_HOLES UINT64_C(2)

/*
 * UFFDIO_MOVE: pages of @from go to @to, where none are, without a copy; faults that wait for them go on unless @mode has DONTWAKE. Both are
 * private anonymous memory, writable, locked or not alike, each in one mapping; @to is registered. Huge pages move as such where both
 * places allow it.
 * @done: bytes that moved, also after an error; may be NULL.
 *
 * Return: 0; EINVAL (ranges, @mode, mappings of another kind or too short, @to not registered with @uffd); ENOENT (nothing is mapped at one of
 *         them; no page at @from, unless @mode has ALLOW_SRC_HOLES); EEXIST (a page or a marker is at @to); EBUSY (a page that a fork shares,
 *         or has shared until it is written); EFAULT (a marker at @from); ENOMEM; EAGAIN (pages moved, and then one of these).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_move(vmalock_uffd *uffd, uint64_t to, uint64_t from, uint64_t length,
						     uint64_t mode, uint64_t *done);

#define VMALOCK_UFFD_WRITEPROTECT_WP UINT64_C(1)
#define VMALOCK_UFFD_WRITEPROTECT_DONTWAKE UINT64_C(2)

/*
 * UFFDIO_WRITEPROTECT: with WP in @mode the next write of each page is told; without, it is not any more, and faults go on.
 * Return: 0; EINVAL; ENOENT (part of it is not registered for write protection: what lies before has changed); ENOMEM.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_writeprotect(vmalock_uffd *uffd, uint64_t addr, uint64_t length,
							     uint64_t mode);

/* UFFDIO_WAKE: faults that wait there look again. Return: 0; EINVAL. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_wake(vmalock_uffd *uffd, uint64_t addr, uint64_t length);

enum vmalock_uffd_kind {
	/* Faults. */
	VMALOCK_UFFD_MISSING,
	VMALOCK_UFFD_WP,
	VMALOCK_UFFD_MINOR,
	/*
	 * Changes, told to those who asked by a feature. The call that makes one comes back when it has been read or the userfaultfd has closed; what
	 * vmalock_thread_userfaults() says of faults holds for it, too, and it ends as if it had waited.
	 */
	VMALOCK_UFFD_FORK,   /* the space has a child, which @child is for */
	VMALOCK_UFFD_REMAP,  /* [start, end) has moved: to @to on */
	VMALOCK_UFFD_REMOVE, /* pages of [start, end) go, of one mapping; told before */
	VMALOCK_UFFD_UNMAP,  /* [start, end) as it was asked for has gone; also where it was then refused half-way */
};

struct vmalock_uffd_event {
	uint64_t address;           /* of a fault. bytes: the page's, or with EXACT_ADDRESS the access's */
	enum vmalock_access access; /* of a fault */
	enum vmalock_uffd_kind kind;
	uint32_t thread_id;      /* of a fault. With THREAD_ID: vmalock_set_thread_id(); else 0 */
	uint64_t start, end, to; /* of a change but FORK. bytes; @to of REMAP alone */
	/*
	 * Of FORK, else NULL: a userfaultfd of the child with the same features, with which those of its mappings are registered that were copied from
	 * registered ones. The handle is the reader's, who puts it; it keeps the child's memory. Unread, it goes with the parent's userfaultfd, and the
	 * child's mappings are registered no more.
	 */
	vmalock_uffd *child;
};

#define VMALOCK_FOREVER UINT64_MAX

/*
 * read(2): the next event. Faults come in their order, and before changes that somebody waits with. Those that nobody waits with, in the order
 * in which they were told, among the faults. Return: 0; EAGAIN (none within @timeout_ns; 0: does not wait); EBADF (closed).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_uffd_read(vmalock_uffd *uffd, struct vmalock_uffd_event *out,
						     uint64_t timeout_ns);

/*
 * poll(2), for event loops: @notify is called for each event and at the close, by the thread that faults. It must be short, and must call
 * nothing of this header. NULL: nobody is called; after the return of this the function before is not called any more.
 */
VMALOCK_API void vmalock_uffd_notify(vmalock_uffd *uffd, void (*notify)(void *arg), void *arg);

enum vmalock_userfaults {
	VMALOCK_USERFAULTS_WAIT, /* a fault waits until it is resolved: how threads begin */
	VMALOCK_USERFAULTS_RETURN, /* it tells, and ends as VMALOCK_FAULT_USERFAULT; bytes and populating as VMALOCK_USERFAULT */
};

/*
 * How faults of the calling thread meet a userfaultfd. Those that RETURN and are alike are told once until somebody reads it, and when
 * 1024 are unread no more are told; the fault is repeated in any case.
 * @go_on: with WAIT, asked every 50 ms while it waits: 0 ends the wait, as if the thread did not wait. NULL: waits on.
 */
VMALOCK_API void vmalock_thread_userfaults(enum vmalock_userfaults how, int (*go_on)(void *arg), void *arg);

/*
 * By which number events with THREAD_ID name the calling thread. Until it says one, by the system's: gettid(2), as Linux does.
 */
VMALOCK_API void vmalock_set_thread_id(uint32_t id);

/* --- looking ------------------------------------------------------------------------------------------------------ */

#define VMALOCK_NAME_MAX 256
struct vmalock_vma {
	uint64_t start, end;
	uint64_t offset;   /* bytes, as maps prints it: 0 for anonymous memory */
	uint64_t pgoff;    /* pages, also of anonymous memory */
	uint64_t vm_flags; /* VMALOCK_VM_ bits */
	uint32_t prot;     /* PROT_ bits */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	uint32_t name_length;        /* of the whole name, which may be longer than what fits below */
	uint64_t file_id;            /* 0: none; else one number for each file object, also unnamed ones */
	char name[VMALOCK_NAME_MAX]; /* ends in a NUL */
};

/* vm_flags: Linux's VM_ bits that a user can see, under Linux's numbers. */
#define VMALOCK_VM_READ 0x1u
#define VMALOCK_VM_WRITE 0x2u
#define VMALOCK_VM_EXEC 0x4u
#define VMALOCK_VM_SHARED 0x8u
#define VMALOCK_VM_MAYREAD 0x10u
#define VMALOCK_VM_MAYWRITE 0x20u
#define VMALOCK_VM_MAYEXEC 0x40u
#define VMALOCK_VM_MAYSHARE 0x80u
#define VMALOCK_VM_GROWSDOWN 0x100u
#define VMALOCK_VM_UFFD_MISSING 0x200u
#define VMALOCK_VM_UFFD_WP 0x1000u
#define VMALOCK_VM_LOCKED 0x2000u
#define VMALOCK_VM_SEQ_READ 0x8000u
#define VMALOCK_VM_RAND_READ 0x10000u
#define VMALOCK_VM_DONTCOPY 0x20000u
#define VMALOCK_VM_DONTEXPAND 0x40000u
#define VMALOCK_VM_LOCKONFAULT 0x80000u
#define VMALOCK_VM_ACCOUNT 0x100000u
#define VMALOCK_VM_NORESERVE 0x200000u
#define VMALOCK_VM_SYNC 0x800000u
#define VMALOCK_VM_WIPEONFORK 0x2000000u
#define VMALOCK_VM_DONTDUMP 0x4000000u
#define VMALOCK_VM_HUGEPAGE 0x20000000u
#define VMALOCK_VM_NOHUGEPAGE 0x40000000u
#define VMALOCK_VM_UFFD_MINOR (UINT64_C(1) << 41)
#define VMALOCK_VM_SEALED (UINT64_C(1) << 42)

/* X(bit, word): what VmFlags of /proc/PID/smaps calls the bits, in its order. Linux: show_smap_vma_flags(). */
#define VMALOCK_VM_WORDS(X)                                                                                             \
	X(0, "rd")                                                                                                      \
	X(1, "wr")                                                                                                      \
	X(2, "ex")                                                                                                      \
	X(3, "sh")                                                                                                      \
	X(4, "mr")                                                                                                      \
	X(5, "mw")                                                                                                      \
	X(6, "me")                                                                                                      \
	X(7, "ms")                                                                                                      \
	X(8, "gd")                                                                                                      \
	X(9, "um")                                                                                                      \
	X(10, "pf")                                                                                                     \
	X(11, "gu")                                                                                                     \
	X(12, "uw")                                                                                                     \
	X(13, "lo")                                                                                                     \
	X(14, "io")                                                                                                     \
	X(15, "sr")                                                                                                     \
	X(16, "rr")                                                                                                     \
	X(17, "dc")                                                                                                     \
	X(18, "de")                                                                                                     \
	X(19, "lf")                                                                                                     \
	X(20, "ac")                                                                                                     \
	X(21, "nr")                                                                                                     \
	X(22, "ht")                                                                                                     \
	X(23, "sf")                                                                                                     \
	X(25, "wf")                                                                                                     \
	X(26, "dd")                                                                                                     \
	X(29, "hg")                                                                                                     \
	X(30, "nh")                                                                                                     \
	X(31, "mg")                                                                                                     \
	X(40, "dp")                                                                                                     \
	X(41, "ui")                                                                                                     \
	X(42, "sl")

/*
 * The VMA that covers @addr, or the first above it. Takes no mmap_lock when the policy can do without.
 * Return: 0; ENOENT when there is none.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_find(vmalock_mm *mm, uint64_t addr, struct vmalock_vma *out);

/*
 * The file mapped at @addr, with a reference for the caller.
 * Return: 0; ENOENT when nothing is mapped there, or memory that is no file's (shared anonymous memory, too).
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_file(vmalock_mm *mm, uint64_t addr, vmalock_file **out);

/*
 * The text of /proc/PID/maps of one moment, snprintf-like: at most @size bytes with a NUL; returns the length of the
 * whole text without the NUL (call again with more room), or ENOMEM.
 */
VMALOCK_API int64_t vmalock_mm_maps(vmalock_mm *mm, char *buffer, size_t size);

/*
 * The texts of /proc/PID/smaps and smaps_rollup, likewise. Numbers are kB; pages of files count as used once, LazyFree at once.
 */
VMALOCK_API int64_t vmalock_mm_smaps(vmalock_mm *mm, char *buffer, size_t size);
VMALOCK_API int64_t vmalock_mm_smaps_rollup(vmalock_mm *mm, char *buffer, size_t size);

/* Which pages are resident, one byte each, as mincore(2). Return: 0; EINVAL; ENOMEM for a hole. */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_mincore(vmalock_mm *mm, uint64_t addr, uint64_t length, uint8_t *out);

/* Walks everything: index, VMAs, page tables, frames, counts. Return: 0; BROKEN, and *what says what (static text). */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_mm_validate(vmalock_mm *mm, const char **what);

/* X(field): each is a uint64_t of struct vmalock_stats, counted since the space began, forks apart. */
#define VMALOCK_STATS(X)                                                                                                \
	X(vma_lock_success)      /* served under the policy's fast path */                                              \
	X(vma_lock_abort)        /* no VMA, a kind the era excludes, or a writer has it */                              \
	X(vma_lock_retry)        /* the handler asked for mmap_lock */                                                  \
	X(vma_lock_miss)         /* locked, but detached, moved or another space's by then */                           \
	X(vma_lock_access_error) /* refused for permission while locked */                                              \
	X(vma_lock_attempts)     /* the sum of the five above, counted on its own */                                    \
	X(abort_no_vma)          /* of the aborts: nothing was mapped there */                                          \
	X(abort_vma_kind)        /* ... the era keeps its kind under mmap_lock */                                       \
	X(abort_vma_busy)        /* ... a writer had it */                                                              \
	X(retry_anon_vma)        /* of the retries: it had no anon_vma yet */                                           \
	X(retry_file)            /* ... a page of a file had to come in */                                              \
	X(retry_userfault)       /* ... it waits for a userfaultfd, or the era keeps such faults under mmap_lock */     \
	X(retry_swap)            /* ... a page was out, and the era keeps such faults under mmap_lock */                \
	X(minor_faults)          /* resolved without reading anything in */                                             \
	X(major_faults)          /* resolved by bringing a page in */                                                   \
	X(cow_faults)            /* a page was copied or taken over for a write */                                      \
	X(signal_faults)         /* ended in a signal */                                                                \
	X(userfaults)            /* handed to a userfaultfd, each time anew */                                          \
	X(mmap_lock_reads)       /* mmap_lock taken for reading */                                                      \
	X(mmap_lock_writes)      /* ... for writing */                                                                  \
	X(mmap_lock_read_waits)  /* of the reads, how many had to wait */                                               \
	X(mmap_lock_write_waits) /* of the writes, how many had to wait */                                              \
	X(vma_lock_writes)       /* VMAs that writers marked */                                                         \
	X(vma_lock_write_waits)  /* of those, how many found readers inside */                                          \
	X(vma_lock_waits)        /* waits of faults for a writer to finish, under a policy that waits */                \
	X(thp_fault_alloc)       /* huge pages that faults brought, the huge zero page apart */                         \
	X(thp_fault_fallback)    /* faults that found no whole block of frames and made do with 4 KiB */                \
	X(thp_collapse_alloc)    /* huge pages made of small ones, by MADV_COLLAPSE or khugepaged */                    \
	X(thp_split_pmd)         /* huge pages that became 512 entries */

struct vmalock_stats {
#define VMALOCK_STATS_FIELD(name) uint64_t name;
	VMALOCK_STATS(VMALOCK_STATS_FIELD)
#undef VMALOCK_STATS_FIELD
};
VMALOCK_API void vmalock_mm_stats(vmalock_mm *mm, struct vmalock_stats *out);

/* X(field): as /proc/PID/status and friends, in bytes unless said. */
#define VMALOCK_STATUS(X)                                                                                               \
	X(vm_peak)     /* most it ever mapped */                                                                        \
	X(vm_size)     /* mapped */                                                                                     \
	X(vm_locked)   /* locked */                                                                                     \
	X(vm_pin)      /* pinned: 0, since no device of a simulation holds pages */                                     \
	X(vm_hwm)      /* most that was ever resident */                                                                \
	X(vm_rss)      /* resident: the sum of the next three */                                                        \
	X(rss_anon)    /* anonymous pages */                                                                            \
	X(rss_file)    /* pages of files */                                                                             \
	X(rss_shmem)   /* shared anonymous pages */                                                                     \
	X(vm_data)     /* private writable */                                                                           \
	X(vm_stack)    /* stacks */                                                                                     \
	X(vm_exe)      /* code of the program: 0, since a space does not know which mapping that is */                  \
	X(vm_lib)      /* the rest of what is executable */                                                             \
	X(vm_pte)      /* page tables */                                                                                \
	X(vm_swap)     /* pages that are out, in swap */                                                                \
	X(committed)   /* charged to the commit account */                                                              \
	X(map_count)   /* mappings */                                                                                   \
	X(index_bytes) /* memory of the index */                                                                        \
	X(frames_used) /* frames */

struct vmalock_status {
#define VMALOCK_STATUS_FIELD(name) uint64_t name;
	VMALOCK_STATUS(VMALOCK_STATUS_FIELD)
#undef VMALOCK_STATUS_FIELD
};
VMALOCK_API void vmalock_mm_status(vmalock_mm *mm, struct vmalock_status *out);

/* How long threads waited for a lock, ns; percentiles are upper bounds of buckets at most 7 % wide. */
struct vmalock_wait_summary {
	uint64_t count;                            /* acquisitions */
	uint64_t waits;                            /* of those, how many had to wait */
	uint64_t total_ns, p50_ns, p99_ns, max_ns; /* of the waits */
};
VMALOCK_API void vmalock_mm_lock_waits(vmalock_mm *mm, struct vmalock_wait_summary *readers,
				       struct vmalock_wait_summary *writers);

/* --- replay of recorded programs --------------------------------------------------------------------------------- */

typedef struct vmalock_replay vmalock_replay;

enum vmalock_pace {
	VMALOCK_PACE_ASAP,     /* as fast as the order between threads allows */
	VMALOCK_PACE_RECORDED, /* with the recorded gaps between the events of a thread */
};

struct vmalock_replay_options {
	const char *policy;
	enum vmalock_faults faults;
	enum vmalock_backing backing;
	enum vmalock_pace pace;
	uint64_t frames;        /* 0: VMALOCK_DEFAULT_FRAMES */
	const uint32_t *cancel; /* the run stops soon after *cancel is not 0; may be NULL */
	uint64_t *progress;     /* events done so far are stored here now and then; may be NULL */
};

/*
 * Checks a trace (vmalock_trace.h) and works out the order between its threads by one run on a single thread.
 * @data is copied. @message (at least 256 bytes, may be NULL) gets what is wrong, with the event and its line.
 * Return: 0; BAD_TRACE; ENOMEM; ECANCELED.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_replay_load(const void *data, size_t size, char *message,
						       vmalock_replay **out);
VMALOCK_API void vmalock_replay_free(vmalock_replay *replay);

/*
 * Runs it once with native threads. May be called again, one run at a time.
 * Return: 0 (also when outcomes differed: the report says); ECANCELED; ENOMEM; EAGAIN (no thread to be had); EINVAL.
 */
VMALOCK_API VMALOCK_MUST_CHECK int vmalock_replay_run(vmalock_replay *replay,
						      const struct vmalock_replay_options *options);

/* What the last run came to. */
struct vmalock_replay_report {
	uint64_t events, threads, spaces, dependencies;
	uint64_t wall_ns, cpu_ns;
	uint64_t faults, unexpected; /* events whose outcome differs from the recorded one */
	uint64_t unmodelled;
	/* not 0: by its faults, the kernel of the recording had no zero page, so the spaces of the run had none either */
	int forbids_zero_page;
	struct vmalock_stats stats; /* summed over all spaces */
	struct vmalock_wait_summary mmap_lock_read, mmap_lock_write;
};
VMALOCK_API void vmalock_replay_get_report(const vmalock_replay *replay, struct vmalock_replay_report *out);

/* The n-th difference of the last run as text ("line 17: munmap(...) = 0, recorded EINVAL"), at most 1000 are kept; NULL behind the last. */
VMALOCK_API const char *vmalock_replay_difference(const vmalock_replay *replay, uint64_t n);

/* The final map of a space (index in the trace) as /proc/PID/maps; NULL if it never ended. Valid until the next run. */
VMALOCK_API const char *vmalock_replay_final_maps(const vmalock_replay *replay, uint32_t space);

#ifdef __cplusplus
}
#endif

#endif
