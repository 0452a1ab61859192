/*
 * vmalock_trace.h - a recorded program as vmalock replays it
 *
 * A trace is one block of memory (or one file): the header, then five tables of fixed-width records, then the bytes
 * of all strings. Everything is little-endian and 8-byte aligned; offsets count from the header. lib/trace/ writes it
 * from perf or strace text; docs/trace-format.md explains each field. Readers refuse another version or a record size
 * that differs, so that fields may be added only together with a new version. Operations may be
 * added behind the last: a reader that does not know one refuses the trace and names its number.
 */
#ifndef VMALOCK_TRACE_H
#define VMALOCK_TRACE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMALOCK_TRACE_MAGIC UINT64_C(0x314b434f4c414d56) /* "VMALOCK1" */
#define VMALOCK_TRACE_VERSION 1u
#define VMALOCK_TRACE_NONE UINT32_MAX

struct vmalock_trace_table {
	uint64_t offset; /* bytes from the header */
	uint64_t count;  /* records */
};

struct vmalock_trace_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes;
	uint64_t total_bytes;
	uint64_t lost_events;               /* records that the recorder lost; a history with losses is not complete */
	struct vmalock_trace_table events;  /* struct vmalock_trace_event, in the order of time */
	struct vmalock_trace_table threads; /* struct vmalock_trace_thread */
	struct vmalock_trace_table spaces;  /* struct vmalock_trace_space */
	struct vmalock_trace_table vmas;    /* struct vmalock_trace_vma: initial mappings, grouped by space, ascending */
	struct vmalock_trace_table files;   /* struct vmalock_trace_file */
	struct vmalock_trace_table strings; /* bytes; a string is an offset into them and a length */
};

struct vmalock_trace_string {
	uint32_t offset, length;
};

/* A mapped object: a file, shared anonymous memory ("/dev/zero (deleted)"), System V memory. */
struct vmalock_trace_file {
	struct vmalock_trace_string name; /* as /proc/PID/maps prints it */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	uint64_t length; /* bytes: the largest extent that the recording mapped */
};

/*
 * An address space: made by execve (with its initial mappings) or by fork (VMALOCK_TRACE_FORK in the parent).
 *
 * Birth   A space that no EXEC and no FORK event names in aux exists from the start: its execve came before the recording.
 *         Any other is made by the one event that names it, and no event acts in it before that.
 * End     EXIT_SPACE is the last event in a space; its map of that moment is the final map. An EXEC that is the last
 *         event in the space it leaves drops that space, without final map. What neither ends is dropped at the end
 *         of the run, without final map.
 * vfork   The child acts in its parent's space until its EXEC. A child that ends without one leaves no event: the
 *         space is its parent's, and EXIT_SPACE the parent's to say.
 */
struct vmalock_trace_space {
	uint32_t pid;                  /* of the process it belongs to */
	uint32_t parent;               /* the space that was forked, or VMALOCK_TRACE_NONE after an execve */
	uint64_t brk_start;            /* bytes; 0 when the recording never asked */
	uint64_t stack_start;          /* an address inside the stack, or 0 */
	uint64_t first_vma, vma_count; /* in the table of initial mappings; none for a forked space */
	struct vmalock_trace_string comm;
};

struct vmalock_trace_vma {
	uint64_t start, end; /* bytes */
	uint64_t pgoff;      /* pages: file offset, or for private anonymous memory the page number of its birth */
	uint32_t prot;       /* PROT_ bits */
	uint32_t flags;      /* MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, and VMALOCK_TRACE_VMA_SPECIAL */
	uint32_t file;       /* index, or VMALOCK_TRACE_NONE */
	uint32_t reserved;   /* 0 */
	struct vmalock_trace_string name; /* [vdso], ...; length 0 for none */
};
#define VMALOCK_TRACE_VMA_SPECIAL 0x80000000u /* made by the kernel (vdso, vvar): never merges, never expands */

/*
 * A thread is born by the one THREAD event that names it, and has no event before that one. A thread that no THREAD event
 * names exists from the start: that of the first program, and of a forked process where the recorder did not tell
 * whose child it is. (Its first event waits for the FORK or EXEC that makes the space it acts in, as any event does.)
 */
struct vmalock_trace_thread {
	uint32_t tid, pid;
	struct vmalock_trace_string comm;
};

enum vmalock_trace_op {
	VMALOCK_TRACE_MAP = 1, /* a address asked, b length, c prot, d offset in bytes, aux flags; result the address */
	VMALOCK_TRACE_UNMAP,   /* a addr, b length */
	VMALOCK_TRACE_PROTECT, /* a addr, b length, c prot */
	VMALOCK_TRACE_REMAP,   /* a addr, b old length, c new length, d new addr, aux flags; result address */
	VMALOCK_TRACE_ADVISE,  /* a addr, b length, aux advice */
	VMALOCK_TRACE_BRK,     /* a break asked; result the break afterwards */
	VMALOCK_TRACE_FAULT,   /* a address, aux x86 error code; result 0 or VMALOCK_SIGSEGV_* / VMALOCK_SIGBUS */
	VMALOCK_TRACE_FORK,    /* aux the child's space, whose parent is this event's; result 0 */
	VMALOCK_TRACE_EXEC,    /* aux the new space, space the one left; the process's later events act there */
	VMALOCK_TRACE_THREAD,  /* aux the new thread, of this process or a new one: its events come after this */
	VMALOCK_TRACE_EXIT_SPACE, /* the process ends: what /proc/PID/maps shows now is its final map */
	VMALOCK_TRACE_UNMODELLED, /* a call that vmalock does not model yet: counted under its name */
	VMALOCK_TRACE_MLOCK,      /* a addr, b length, aux flags of mlock2 */
	VMALOCK_TRACE_MUNLOCK,    /* a addr, b length */
	VMALOCK_TRACE_MLOCKALL,   /* aux flags */
	VMALOCK_TRACE_MUNLOCKALL,
	VMALOCK_TRACE_MSYNC,            /* a addr, b length, aux flags */
	VMALOCK_TRACE_MINCORE,          /* a addr, b length; a look: what it found is not compared */
	VMALOCK_TRACE_REMAP_FILE_PAGES, /* a addr, b length, c prot, d pgoff in pages, aux flags */
	VMALOCK_TRACE_MSEAL,            /* a addr, b length, aux flags */
	VMALOCK_TRACE_PKEY_PROTECT,     /* a addr, b length, c prot, d key; keys are not modelled, what it protects is */
	VMALOCK_TRACE_PROCESS_ADVISE, /* a addr, b length: one range; c 1 from another process, d flags, aux advice; result b */
	VMALOCK_TRACE_SHMAT, /* a address asked, b length of the segment, c prot that aux asks for, aux flags; result address */
	VMALOCK_TRACE_SHMDT, /* a addr, b length of the segment; none: nothing is attached there */
	VMALOCK_TRACE_MBIND, /* a addr, b length, c nodes 0 to 63, a bit each, d mode with its flags, aux flags */
	VMALOCK_TRACE_SET_MEMPOLICY, /* c nodes, d mode with its flags */
	VMALOCK_TRACE_GET_MEMPOLICY, /* a addr, aux flags; a look: what it found is not compared */
	VMALOCK_TRACE_OPS
};

/* The recording tells no result for the event (the thread died inside the call): any outcome is as expected. */
#define VMALOCK_TRACE_RESULT_UNKNOWN 0x1u

/*
 * The events array is in an order in which one thread alone could have done it all: replay takes the order between
 * threads from it. time_ns never falls within a thread; between threads it may, where a call that began first took
 * effect last.
 *
 * FAULT by the kernel itself (no user bit in the error code) ends in 0 whatever it met: where the memory is bad, the
 * system call that wanted it says EFAULT, and no signal comes.
 *
 * A space has as many nodes as the calls in it that succeeded name.
 *
 * MAP with a file maps that object, MAP_ANONYMOUS or not: shared anonymous and System V memory are files here. Without
 * file and without MAP_ANONYMOUS the object is not known; such a call has failed, and how is the object's affair: any
 * failure is as expected.
 */
struct vmalock_trace_event {
	uint64_t time_ns; /* since the first event: when the call began or the fault came */
	uint64_t a, b, c, d;
	int64_t result;    /* as the recording had it: a value, or a negative errno (down to -4095) */
	uint32_t thread;   /* index */
	uint32_t space;    /* index: the space the event acts on */
	uint32_t op;       /* enum vmalock_trace_op */
	uint32_t flags;    /* VMALOCK_TRACE_RESULT_UNKNOWN */
	uint32_t aux;      /* see the operation */
	uint32_t file;     /* MAP, SHMAT, SHMDT: index, or VMALOCK_TRACE_NONE: anonymous memory, no segment */
	uint32_t line;     /* in the text it came from, for messages; 0 when unknown */
	uint32_t reserved; /* 0 */
	struct vmalock_trace_string name; /* UNMODELLED: the system call */
};

#ifdef __cplusplus
}
#endif

#endif
