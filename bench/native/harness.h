/*
 * harness.h - how everything here is measured
 *
 * A case is a workload at one number of mappings. Its contestants (ours, peers, a floor) live in one process on one
 * processor and take turns, a window of some hundred operations each, so that whatever slows the machine down slows
 * all of them down. A turn of everybody is a round. What counts is the ratio of two windows of one round; the median
 * of all rounds, and what four fifths of them lie between, is the answer. A window in which the thread was not on the
 * processor all the time is not clean, and its round does not count for those whose window it was.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "spread.h"

#define CONTESTANTS_MAX 8

enum role {
	ROLE_SUBJECT, /* ours */
	ROLE_PEER,    /* does the same for its users */
	ROLE_FLOOR,   /* what no implementation can be without, or a scale */
};

struct contestant {
	const char *name;
	const char *policy; /* of a space; NULL */
	enum role role;
	void *state;
	void (*prepare)(void *state); /* before each window, not measured; may be NULL */
	/* A window of bench->ops operations. All contestants must return the same of a round: they did the same. */
	uint64_t (*window)(void *state);
	double (*amount)(void *state); /* instead of a window: something that is not time, asked once */
};

struct bench;

struct workload {
	const char *name;               /* "lookup" */
	const char *summary;            /* one line for --list */
	const char *op;                 /* what one operation is */
	const char *unit;               /* of an amount; NULL: time */
	const char *reference;          /* the contestant that the others are compared with */
	const uint32_t *sizes;          /* numbers of mappings, 0 at the end */
	uint32_t ops, ops_when_large;   /* operations of a window; from LARGE mappings on, where that is not 0 */
	void (*setup)(struct bench *b); /* adds the contestants */
	void (*round)(struct bench *b); /* chooses what the coming round works on; may be NULL */
};
#define LARGE 100000

struct bench {
	const struct workload *workload;
	uint32_t size; /* mappings */
	uint32_t ops;  /* of a window */
	struct random random;
	void *shared; /* the workload's, for setup() and round() */
	struct contestant at[CONTESTANTS_MAX];
	uint32_t n;
};

void bench_add(struct bench *b, struct contestant contestant);

struct plan {
	uint64_t seed;
	uint32_t rounds; /* clean ones to reach; four times as many are tried */
	bool quick;      /* nothing is measured, so nothing is warmed up */
	int cpu;         /* -1: the one that the thread is on */
};

/* What one contestant came to. */
struct result {
	const struct contestant *contestant;
	struct spread ns, cycles, instructions; /* of one operation; n is 0 without counters */
	struct spread amount;
	struct spread ratio; /* to the reference, by cycles or else by ns or by amount */
	uint32_t rounds, clean;
	/* Too few clean rounds, or the reference itself moved by more than 15 % from the first third to the last. */
	bool noisy;
};

/*
 * Runs one case in the calling process, which should end afterwards: what the contestants hold is never freed.
 * @results: room for CONTESTANTS_MAX. Returns how many there are.
 */
uint32_t bench_run(const struct workload *workload, uint32_t size, const struct plan *plan, struct bench *b,
		   struct result *results);

/* Ends the process with a sentence: a benchmark that cannot be set up has no result. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);

/* Zeroed memory, or bench_die(). */
void *bench_alloc(uint64_t count, uint64_t size);

#endif
