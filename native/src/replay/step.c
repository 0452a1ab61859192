#include "replay/step.h"

#include <errno.h>

#include "replay/nodes.h"
#include "replay/segment.h"

/* PROT_ bits are a word of 64 in the system call. Bits beyond 32 are as unknown as the highest of them. */
static uint32_t prot_word(uint64_t prot)
{
	return (uint32_t)prot | (prot >> 32 ? UINT32_C(0x80000000) : 0);
}

static bool failed(const struct vmalock_trace_event *e)
{
	return e->result < 0;
}

/* --- one operation each: the value as the recording words it ------------------------------------------------------- */

/*
 * What the kernel placed is placed there again. FIXED_NOREPLACE came after SHARED_VALIDATE, which refuses it; that the flags
 * were valid is known from the recorded success.
 */
static uint32_t map_flags(const struct vmalock_trace_event *e, uint64_t *addr)
{
	uint32_t flags = e->aux;

	if (e->file != VMALOCK_TRACE_NONE)
		flags &= ~VMALOCK_MAP_ANONYMOUS;
	if (failed(e) || (e->flags & VMALOCK_TRACE_RESULT_UNKNOWN) || (flags & VMALOCK_MAP_FIXED))
		return flags;
	*addr = (uint64_t)e->result;
	if ((flags & VMALOCK_MAP_TYPE) == VMALOCK_MAP_SHARED_VALIDATE)
		flags = (flags & ~VMALOCK_MAP_TYPE) | VMALOCK_MAP_SHARED;
	return (flags & ~VMALOCK_MAP_32BIT) | VMALOCK_MAP_FIXED_NOREPLACE;
}

static int64_t run_map(const struct world *w, vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	uint64_t addr = e->a, out;
	uint32_t flags = map_flags(e, &addr);
	bool is_shared_memory = (e->aux & VMALOCK_MAP_ANONYMOUS) && e->file != VMALOCK_TRACE_NONE;
	int err = vmalock_mm_map(mm, addr, e->b, (uint32_t)e->c, flags, world_file(w, e->file),
				 is_shared_memory ? 0 : e->d, &out);

	return err ? err : (int64_t)out;
}

/* A mapping that stayed may not move; one that moved goes where it went. */
static int64_t run_remap(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	bool names_place = e->aux & (VMALOCK_MREMAP_FIXED | VMALOCK_MREMAP_DONTUNMAP);
	bool known = !failed(e) && !(e->flags & VMALOCK_TRACE_RESULT_UNKNOWN);
	bool stayed = known && !names_place && (uint64_t)e->result == e->a;
	bool moved = known && !stayed;
	uint32_t flags = e->aux;
	uint64_t out;
	int err;

	if (stayed)
		flags &= ~VMALOCK_MREMAP_MAYMOVE;
	if (moved)
		flags |= VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED;
	err = vmalock_mm_remap(mm, e->a, e->b, e->c, flags, moved ? (uint64_t)e->result : e->d, &out);
	return err ? err : (int64_t)out;
}

/*
 * What a key guards is not modelled, and machines differ in whether they have keys; a call that succeeded gave its permission.
 */
static int64_t run_pkey_protect(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	int key = failed(e) ? (int)(uint32_t)e->d : -1;

	return vmalock_mm_pkey_protect(mm, e->a, e->b, prot_word(e->c), key);
}

static int64_t run_process_advise(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	struct vmalock_range range = { e->a, e->b };

	return vmalock_mm_process_madvise(mm, &range, 1, (int)e->aux, (uint32_t)e->d, (int)e->c);
}

/* As much of the answer as is looked at in one go. */
#define MINCORE_PAGES UINT64_C(4096)

/* What was resident on the recording machine is no expectation, only that the range is mapped. */
static int64_t run_mincore(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	uint8_t resident[MINCORE_PAGES];
	uint64_t left = e->b, most = MINCORE_PAGES * VMALOCK_PAGE_SIZE;
	int err = 0;

	for (uint64_t at = e->a; !err; at += most) {
		err = vmalock_mm_mincore(mm, at, left < most ? left : most, resident);
		if (left <= most)
			break;
		left -= most;
	}
	return err;
}

#define X86_USER 0x4u

/* The kernel's own access to bad memory gives its caller EFAULT, no signal: for the program nothing has happened. */
static int64_t signal_of(uint32_t result, bool by_user)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_SIGSEGV_MAPERR:
		return by_user ? VMALOCK_SIGSEGV_MAPERR : 0;
	case VMALOCK_FAULT_SIGSEGV_ACCERR:
		return by_user ? VMALOCK_SIGSEGV_ACCERR : 0;
	case VMALOCK_FAULT_SIGBUS:
		return by_user ? VMALOCK_SIGBUS : 0;
	case VMALOCK_FAULT_OOM:
		return VMALOCK_ENOMEM;
	default:
		return 0;
	}
}

static int64_t run_fault(vmalock_mm *mm, const struct vmalock_trace_event *e)
{
	return signal_of(vmalock_mm_fault_arch(mm, VMALOCK_ARCH_X86_64, e->a, e->aux), e->aux & X86_USER);
}

/* --- events in the life of a space --------------------------------------------------------------------------------- */

static int run_exec(struct world *w, uint32_t event)
{
	const struct vmalock_trace_event *e = &w->trace->events[event];
	int err = world_exec(w, e->aux);

	if (!err && trace_event_ends_space(w->trace, event))
		world_drop(w, e->space);
	return err;
}

static int run_exit(struct world *w, uint32_t event)
{
	uint32_t space = w->trace->events[event].space;
	int err = world_keep_maps(w, space);

	world_drop(w, space);
	return err;
}

/* --- all ----------------------------------------------------------------------------------------------------------- */

static bool is_as_recorded(const struct vmalock_trace_event *e, int64_t value)
{
	if (e->flags & VMALOCK_TRACE_RESULT_UNKNOWN)
		return true;
	/* What the descriptor stood for is not known, nor is why it was refused. */
	if (e->op == VMALOCK_TRACE_MAP && failed(e) && e->file == VMALOCK_TRACE_NONE &&
	    !(e->aux & VMALOCK_MAP_ANONYMOUS))
		return value < 0;
	return value == e->result;
}

struct step step_run(struct world *w, uint32_t event)
{
	const struct vmalock_trace_event *e = &w->trace->events[event];
	vmalock_mm *mm = w->spaces[e->space].mm;
	struct step step = { .value = e->result };

	switch (e->op) {
	case VMALOCK_TRACE_MAP:
		step.value = run_map(w, mm, e);
		break;
	case VMALOCK_TRACE_UNMAP:
		step.value = vmalock_mm_unmap(mm, e->a, e->b);
		break;
	case VMALOCK_TRACE_PROTECT:
		step.value = vmalock_mm_protect(mm, e->a, e->b, prot_word(e->c));
		break;
	case VMALOCK_TRACE_REMAP:
		step.value = run_remap(mm, e);
		break;
	case VMALOCK_TRACE_ADVISE:
		step.value = vmalock_mm_advise(mm, e->a, e->b, (int)e->aux);
		break;
	case VMALOCK_TRACE_BRK:
		step.value = (int64_t)vmalock_mm_brk(mm, e->a);
		break;
	case VMALOCK_TRACE_FAULT:
		step.value = run_fault(mm, e);
		break;
	case VMALOCK_TRACE_MLOCK:
		step.value = vmalock_mm_mlock(mm, e->a, e->b, e->aux);
		break;
	case VMALOCK_TRACE_MUNLOCK:
		step.value = vmalock_mm_munlock(mm, e->a, e->b);
		break;
	case VMALOCK_TRACE_MLOCKALL:
		step.value = vmalock_mm_mlockall(mm, e->aux);
		break;
	case VMALOCK_TRACE_MUNLOCKALL:
		step.value = vmalock_mm_munlockall(mm);
		break;
	case VMALOCK_TRACE_MSYNC:
		step.value = vmalock_mm_msync(mm, e->a, e->b, e->aux);
		break;
	case VMALOCK_TRACE_MINCORE:
		step.value = run_mincore(mm, e);
		break;
	case VMALOCK_TRACE_REMAP_FILE_PAGES:
		step.value = vmalock_mm_remap_file_pages(mm, e->a, e->b, e->c, e->d, e->aux);
		break;
	case VMALOCK_TRACE_MSEAL:
		step.value = vmalock_mm_seal(mm, e->a, e->b, e->aux);
		break;
	case VMALOCK_TRACE_PKEY_PROTECT:
		step.value = run_pkey_protect(mm, e);
		break;
	case VMALOCK_TRACE_PROCESS_ADVISE:
		step.value = run_process_advise(mm, e);
		break;
	case VMALOCK_TRACE_SHMAT:
		step.value = segment_attach(w, mm, e);
		break;
	case VMALOCK_TRACE_SHMDT:
		step.value = segment_detach(w, mm, e);
		break;
	case VMALOCK_TRACE_MBIND:
	case VMALOCK_TRACE_SET_MEMPOLICY:
	case VMALOCK_TRACE_GET_MEMPOLICY:
		step.value = nodes_run(mm, e);
		break;
	case VMALOCK_TRACE_FORK:
		step.broken_off = world_fork(w, e->space, e->aux);
		break;
	case VMALOCK_TRACE_EXEC:
		step.broken_off = run_exec(w, event);
		break;
	case VMALOCK_TRACE_EXIT_SPACE:
		step.broken_off = run_exit(w, event);
		break;
	default: /* THREAD: the crew starts it. UNMODELLED: counted by the report. */
		break;
	}
	step.as_recorded = is_as_recorded(e, step.value);
	return step;
}
