#define _GNU_SOURCE
#include "harness.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "meter.h"

#define WARM_UP_ROUNDS 3 /* and as many more as WARM_UP_NS takes, unless nothing is to be measured */
#define WARM_UP_NS UINT64_C(200000000)
#define TRIES 4    /* rounds tried for each that is wanted */
#define CLEAN 0.97 /* of the wall time on the processor */
#define DRIFT 0.15 /* of the reference, above which nothing can be said */
#define CLEAN_ROUNDS_MIN 20

/* One window, for one operation. */
struct sample {
	double ns, cycles, instructions;
	bool clean;
};

struct samples {
	struct sample *of[CONTESTANTS_MAX];
	uint32_t rounds;
	bool have_cycles;
};

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("vmalock-bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void *bench_alloc(uint64_t count, uint64_t size)
{
	void *p = calloc(count, size);

	if (!p)
		bench_die("out of memory for %llu x %llu bytes", (unsigned long long)count, (unsigned long long)size);
	return p;
}

void bench_add(struct bench *b, struct contestant contestant)
{
	if (b->n == CONTESTANTS_MAX)
		bench_die("%s has more than %d contestants", b->workload->name, CONTESTANTS_MAX);
	b->at[b->n++] = contestant;
}

/* After setup: threads that a contestant started for itself must not inherit this processor alone. */
static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("there is no processor %d to run on", cpu);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

/* What the meter itself costs: the least of some empty windows. */
static struct meter_reading measure_nothing(void)
{
	struct meter_reading least = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, one;

	for (int i = 0; i < 100; i++) {
		meter_start(&one);
		meter_stop(&one);
		least.wall_ns = one.wall_ns < least.wall_ns ? one.wall_ns : least.wall_ns;
		least.cycles = one.cycles < least.cycles ? one.cycles : least.cycles;
		least.instructions = one.instructions < least.instructions ? one.instructions : least.instructions;
	}
	return least;
}

static double per_op(uint64_t total, uint64_t overhead, uint32_t ops)
{
	return total > overhead ? (double)(total - overhead) / ops : 0;
}

static uint64_t run_window(const struct contestant *c, uint32_t ops, const struct meter_reading *nothing,
			   struct sample *out)
{
	struct meter_reading r;
	uint64_t answer;

	if (c->prepare)
		c->prepare(c->state);
	meter_start(&r);
	answer = c->window(c->state);
	meter_stop(&r);
	*out = (struct sample){
		.ns = per_op(r.wall_ns, nothing->wall_ns, ops),
		.cycles = per_op(r.cycles, nothing->cycles, ops),
		.instructions = per_op(r.instructions, nothing->instructions, ops),
		.clean = (double)r.cpu_ns >= CLEAN * (double)r.wall_ns,
	};
	return answer;
}

/* Everybody once, each time with another one first. True when all windows were clean. */
static bool run_round(struct bench *b, uint32_t round, const struct meter_reading *nothing, struct sample *out)
{
	bool clean = true;
	uint64_t first_answer = 0;

	if (b->workload->round)
		b->workload->round(b);
	for (uint32_t turn = 0; turn < b->n; turn++) {
		uint32_t who = (round + turn) % b->n;
		uint64_t answer = run_window(&b->at[who], b->ops, nothing, &out[who]);

		clean = clean && out[who].clean;
		if (turn == 0)
			first_answer = answer;
		else if (answer != first_answer)
			bench_die("%s of %u: %s did something else than %s", b->workload->name, b->size, b->at[who].name,
				  b->at[round % b->n].name);
	}
	return clean;
}

/* Caches, branch predictors, and above all memory: what circulates between frees and allocations is there by then. */
static void warm_up(struct bench *b, const struct plan *plan, const struct meter_reading *nothing)
{
	uint64_t until = clock_now_ns() + (plan->quick ? 0 : WARM_UP_NS);
	struct sample unused[CONTESTANTS_MAX];

	for (uint32_t i = 0; i < WARM_UP_ROUNDS || clock_now_ns() < until; i++)
		(void)run_round(b, i, nothing, unused);
}

static void run_rounds(struct bench *b, const struct plan *plan, struct samples *s)
{
	struct meter_reading nothing = measure_nothing();
	uint32_t most = plan->rounds * TRIES, clean = 0;
	struct sample round[CONTESTANTS_MAX];

	for (uint32_t i = 0; i < b->n; i++)
		s->of[i] = bench_alloc(most, sizeof(**s->of));
	warm_up(b, plan, &nothing);
	while (s->rounds < most && clean < plan->rounds) {
		clean += run_round(b, s->rounds, &nothing, round);
		for (uint32_t i = 0; i < b->n; i++)
			s->of[i][s->rounds] = round[i];
		s->rounds++;
	}
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static double cost_of(const struct samples *s, const struct sample *sample)
{
	return s->have_cycles ? sample->cycles : sample->ns;
}

/* Of the clean windows in rounds [@begin, @end); @with: and clean for this one, too, and divided by its cost. */
static struct spread gather(const struct samples *s, uint32_t who, int with, double (*of)(const struct sample *),
			    uint32_t begin, uint32_t end)
{
	double *values = bench_alloc(s->rounds + 1, sizeof(*values));
	struct spread spread;
	size_t n = 0;

	for (uint32_t i = begin; i < end; i++) {
		const struct sample *own = &s->of[who][i], *other = with >= 0 ? &s->of[with][i] : NULL;

		if (!own->clean || (other && !(other->clean && cost_of(s, other) > 0)))
			continue;
		values[n++] = other ? cost_of(s, own) / cost_of(s, other) : of(own);
	}
	spread = spread_of(values, n);
	free(values);
	return spread;
}

static double ns_of(const struct sample *sample)
{
	return sample->ns;
}

static double cycles_of(const struct sample *sample)
{
	return sample->cycles;
}

static double instructions_of(const struct sample *sample)
{
	return sample->instructions;
}

static bool has_drifted(const struct samples *s, uint32_t reference)
{
	double (*of)(const struct sample *) = s->have_cycles ? cycles_of : ns_of;
	double first = gather(s, reference, -1, of, 0, s->rounds / 3).median;
	double last = gather(s, reference, -1, of, s->rounds - s->rounds / 3, s->rounds).median;

	return first <= 0 || last > first * (1 + DRIFT) || first > last * (1 + DRIFT);
}

static uint32_t reference_of(const struct bench *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (strcmp(b->at[i].name, b->workload->reference) == 0)
			return i;
	bench_die("%s has no contestant %s", b->workload->name, b->workload->reference);
}

static void sum_up(const struct bench *b, const struct samples *s, struct result *results)
{
	uint32_t reference = reference_of(b);
	bool drifted = has_drifted(s, reference);

	for (uint32_t i = 0; i < b->n; i++) {
		struct result *r = &results[i];

		*r = (struct result){ .contestant = &b->at[i], .rounds = s->rounds };
		r->ns = gather(s, i, -1, ns_of, 0, s->rounds);
		if (s->have_cycles) {
			r->cycles = gather(s, i, -1, cycles_of, 0, s->rounds);
			r->instructions = gather(s, i, -1, instructions_of, 0, s->rounds);
		}
		r->ratio = gather(s, i, (int)reference, NULL, 0, s->rounds);
		r->clean = (uint32_t)r->ratio.n;
		r->noisy = drifted || r->clean < CLEAN_ROUNDS_MIN;
	}
}

static void ask_amounts(const struct bench *b, struct result *results)
{
	uint32_t reference = reference_of(b);
	double scale = b->at[reference].amount(b->at[reference].state);

	for (uint32_t i = 0; i < b->n; i++) {
		double amount = b->at[i].amount(b->at[i].state), ratio = amount / scale;

		results[i] = (struct result){ .contestant = &b->at[i], .rounds = 1, .clean = 1 };
		results[i].amount = spread_of(&amount, 1);
		results[i].ratio = spread_of(&ratio, 1);
	}
}

uint32_t bench_run(const struct workload *workload, uint32_t size, const struct plan *plan, struct bench *b,
		   struct result *results)
{
	struct samples s = { .rounds = 0 };

	*b = (struct bench){ .workload = workload, .size = size, .random = { plan->seed } };
	b->ops = size >= LARGE && workload->ops_when_large ? workload->ops_when_large : workload->ops;
	workload->setup(b);
	pin(plan->cpu);
	if (workload->unit) {
		ask_amounts(b, results);
		return b->n;
	}
	s.have_cycles = meter_open();
	run_rounds(b, plan, &s);
	sum_up(b, &s, results);
	return b->n;
}
