/*
 * programs.h - random programs of several threads and processes, with the results that one thread alone would get
 *
 * Each event is run on a plain space as it is made up, and its result recorded. In a narrow space most events
 * concern each other; in a wide one few do, and what orders them is what each forgot to ask for.
 */
#ifndef VMALOCK_TEST_PROGRAMS_H
#define VMALOCK_TEST_PROGRAMS_H

#include "base/random.h"
#include "support/tracing.h"

#define PROGRAM_SPACES 4

struct program_shape {
	uint32_t threads, events;
	uint32_t pages; /* from page 0, at least WINDOW */
};

struct program {
	struct tracing t;
	struct random random;
	vmalock_mm *spaces[PROGRAM_SPACES];
	char *final_maps[PROGRAM_SPACES]; /* NULL: it never ended */
	struct program_shape shape;
};

/* Where the heap begins. */
static inline uint64_t program_heap_page(const struct program *p)
{
	return p->shape.pages * 2 / 3;
}

static inline uint64_t program_below(struct program *p, uint64_t n)
{
	return random_below(&p->random, n);
}

static inline int64_t signal_of_result(uint32_t result)
{
	switch (result & VMALOCK_FAULT_OUTCOME) {
	case VMALOCK_FAULT_SIGSEGV_MAPERR:
		return VMALOCK_SIGSEGV_MAPERR;
	case VMALOCK_FAULT_SIGSEGV_ACCERR:
		return VMALOCK_SIGSEGV_ACCERR;
	default:
		return 0;
	}
}

static inline uint32_t program_prot(struct program *p)
{
	return program_below(p, 4) ? RW : RO;
}

static inline void program_fault(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	bool write = program_below(p, 4) != 0;
	struct vmalock_trace_event *e =
		add_fault(&p->t, thread, program_below(p, p->shape.pages), write ? CODE_WRITE : CODE_READ);

	e->result = signal_of_result(vmalock_mm_fault(mm, e->a, write ? VMALOCK_WRITE : VMALOCK_READ));
}

/* Half of them over what is there, the others only where nothing is; those look as if the kernel had chosen. */
static inline void program_map(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	bool over = program_below(p, 2);
	struct vmalock_trace_event *e =
		add_map(&p->t, thread, program_below(p, p->shape.pages - 4), 1 + program_below(p, 4), program_prot(p));
	uint32_t fixed = over ? VMALOCK_MAP_FIXED : VMALOCK_MAP_FIXED_NOREPLACE;
	uint64_t addr = (uint64_t)e->result, out;
	int err;

	if (program_below(p, 8) == 0)
		e->aux |= VMALOCK_MAP_POPULATE;
	err = vmalock_mm_map(mm, addr, e->b, (uint32_t)e->c, e->aux | fixed, NULL, 0, &out);
	e->result = err ? err : (int64_t)out;
	if (over || err) {
		e->a = addr;
		e->aux |= fixed;
	}
}

static inline void program_remap(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	struct vmalock_trace_event *e = add_event(&p->t, thread, VMALOCK_TRACE_REMAP);
	uint64_t out;
	int err;

	e->a = page(program_below(p, p->shape.pages - 4));
	e->b = (1 + program_below(p, 3)) * P;
	e->c = (1 + program_below(p, 3)) * P;
	if (program_below(p, 2)) {
		e->aux = VMALOCK_MREMAP_MAYMOVE | VMALOCK_MREMAP_FIXED;
		e->d = page(program_below(p, p->shape.pages - 4));
		if (program_below(p, 4) == 0) {
			e->aux |= VMALOCK_MREMAP_DONTUNMAP;
			e->c = e->b;
		}
	}
	err = vmalock_mm_remap(mm, e->a, e->b, e->c, e->aux, e->d, &out);
	e->result = err ? err : (int64_t)out;
}

static inline void program_range_call(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	static const uint32_t advice[] = { 4, 4, 8, 10, 11, 16, 17, 22, 23, 23 };
	uint64_t first = program_below(p, p->shape.pages - 6), pages = 1 + program_below(p, 6);
	struct vmalock_trace_event *e;

	switch (program_below(p, 4)) {
	case 0:
		e = add_unmap(&p->t, thread, first, pages);
		e->result = vmalock_mm_unmap(mm, e->a, e->b);
		break;
	case 1:
		e = add_advise(&p->t, thread, first, pages,
			       advice[program_below(p, sizeof(advice) / sizeof(advice[0]))]);
		e->result = vmalock_mm_advise(mm, e->a, e->b, (int)e->aux);
		break;
	default:
		e = add_protect(&p->t, thread, first, pages, program_prot(p));
		e->result = vmalock_mm_protect(mm, e->a, e->b, (uint32_t)e->c);
	}
}

/* Locks, policies, and now and then a seal. */
static inline void program_rare_call(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	static const enum vmalock_trace_op ops[] = { VMALOCK_TRACE_MLOCK, VMALOCK_TRACE_MUNLOCK, VMALOCK_TRACE_MBIND,
						     VMALOCK_TRACE_MINCORE };
	enum vmalock_trace_op op = program_below(p, 40) ? ops[program_below(p, 4)] : VMALOCK_TRACE_MSEAL;
	struct vmalock_trace_event *e = add_range_call(&p->t, thread, op, program_below(p, p->shape.pages - 6),
						       op == VMALOCK_TRACE_MSEAL ? 1 : 1 + program_below(p, 6));
	vmalock_nodemask nodes = { { 1 } };
	uint8_t resident[6];

	if (op == VMALOCK_TRACE_MLOCK) {
		e->result = vmalock_mm_mlock(mm, e->a, e->b, 0);
	} else if (op == VMALOCK_TRACE_MUNLOCK) {
		e->result = vmalock_mm_munlock(mm, e->a, e->b);
	} else if (op == VMALOCK_TRACE_MINCORE) {
		e->result = vmalock_mm_mincore(mm, e->a, e->b, resident);
	} else if (op == VMALOCK_TRACE_MSEAL) {
		e->result = vmalock_mm_seal(mm, e->a, e->b, 0);
	} else {
		e->d = program_below(p, 3) ? VMALOCK_MPOL_BIND : VMALOCK_MPOL_DEFAULT;
		e->c = nodes.bits[0] = e->d == VMALOCK_MPOL_BIND;
		e->result = vmalock_mm_mbind(mm, e->a, e->b, (uint32_t)e->d, &nodes, 0);
	}
}

static inline void program_brk(struct program *p, uint32_t thread, vmalock_mm *mm)
{
	struct vmalock_trace_event *e = add_event(&p->t, thread, VMALOCK_TRACE_BRK);

	e->a = program_below(p, 4) ? page(program_heap_page(p) + program_below(p, 6)) : 0;
	e->result = (int64_t)vmalock_mm_brk(mm, e->a);
}

static inline void program_fork(struct program *p, uint32_t thread)
{
	uint32_t parent = p->t.space_of[thread], child;

	if (p->t.header.spaces.count == PROGRAM_SPACES)
		return;
	child = add_fork(&p->t, thread);
	add_birth(&p->t, child);
	expect_eq(vmalock_mm_fork(p->spaces[parent], &p->spaces[p->t.space_of[child]]), 0);
}

static inline void program_step(struct program *p)
{
	uint32_t thread = (uint32_t)program_below(p, p->t.header.threads.count);
	vmalock_mm *mm = p->spaces[p->t.space_of[thread]];
	uint64_t kind = program_below(p, 100);

	if (kind < 45)
		program_fault(p, thread, mm);
	else if (kind < 58)
		program_map(p, thread, mm);
	else if (kind < 88)
		program_range_call(p, thread, mm);
	else if (kind < 91)
		program_remap(p, thread, mm);
	else if (kind < 95)
		program_rare_call(p, thread, mm);
	else if (kind < 99)
		program_brk(p, thread, mm);
	else
		program_fork(p, thread);
}

static inline char *program_maps(vmalock_mm *mm)
{
	size_t size = (size_t)vmalock_mm_maps(mm, NULL, 0) + 1;
	char *text = malloc(size);

	expect(text && vmalock_mm_maps(mm, text, size) >= 0);
	return text;
}

/* Every space ends, by the last thread that was made in it. */
static inline void program_end(struct program *p)
{
	for (uint32_t thread = (uint32_t)p->t.header.threads.count; thread-- > 0;) {
		uint32_t space = p->t.space_of[thread];

		if (p->final_maps[space])
			continue;
		add_exit(&p->t, thread);
		p->final_maps[space] = program_maps(p->spaces[space]);
		vmalock_mm_put(p->spaces[space]);
	}
}

/* Mappings side by side that nobody has written yet, but for some. */
static inline void program_furnish(struct program *p)
{
	for (uint64_t n = 0; n + 6 < p->shape.pages; n += 1 + program_below(p, 6)) {
		struct vmalock_trace_event *e = add_map(&p->t, 0, n, 1 + program_below(p, 5), program_prot(p));
		uint64_t out;

		e->a = (uint64_t)e->result;
		e->aux |= VMALOCK_MAP_FIXED;
		expect_eq(vmalock_mm_map(p->spaces[0], e->a, e->b, (uint32_t)e->c, e->aux, NULL, 0, &out), 0);
	}
}

static inline struct program *program_create(uint64_t seed, struct program_shape shape)
{
	struct program *p = calloc(1, sizeof(*p));

	expect(p != NULL);
	p->random.state = seed;
	tracing_begin(&p->t);
	p->shape = shape;
	p->t.spaces[0].brk_start = page(program_heap_page(p));
	p->spaces[0] = space_of("mmap-lock");
	expect_eq(vmalock_mm_set_brk_start(p->spaces[0], page(program_heap_page(p))), 0);
	expect_eq(vmalock_mm_map_initial(p->spaces[0], &(struct vmalock_initial_vma){ .start = page(WINDOW - 1),
										      .end = page(WINDOW),
										      .pgoff = page(WINDOW - 1) / P,
										      .prot = RO,
										      .flags = VMALOCK_MAP_PRIVATE }),
		  0);
	program_furnish(p);
	while (p->t.header.threads.count < shape.threads)
		add_birth(&p->t, 0);
	for (uint32_t i = 0; i < shape.events; i++)
		program_step(p);
	program_end(p);
	return p;
}

static inline void program_free(struct program *p)
{
	for (uint32_t i = 0; i < PROGRAM_SPACES; i++)
		free(p->final_maps[i]);
	free(p);
}

#endif
