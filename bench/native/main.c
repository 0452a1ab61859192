/*
 * main.c - vmalock-bench: native workloads, each number of mappings in a process of its own
 *
 * People read the standard output, programs the JSON lines of --json.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "harness.h"
#include "report.h"

extern const struct workload workload_lookup, workload_index_update, workload_index_bytes, workload_fault_present,
	workload_fault_anonymous, workload_map_unmap, workload_map_unmap_alone, workload_protect, workload_writer_beside;

static const struct workload *const workloads[] = {
	&workload_lookup,          &workload_index_update,    &workload_index_bytes,
	&workload_fault_present,   &workload_fault_anonymous, &workload_map_unmap,
	&workload_map_unmap_alone, &workload_protect,         &workload_writer_beside,
};

#define ROUNDS 60
#define ROUNDS_QUICK 3
#define SEED UINT64_C(20220901)

struct settings {
	struct plan plan;
	const char *filter, *json;
	bool list;
};

static const char usage[] = "usage: vmalock-bench [options]\n"
			    "\n"
			    "  -f, --filter TEXT   only cases whose name (workload/mappings) contains TEXT\n"
			    "  -j, --json FILE     write one JSON object a line to FILE; - is the standard output\n"
			    "  -l, --list          print the names of the cases and what they do\n"
			    "  -q, --quick         few rounds: shows that everything runs, and measures nothing\n"
			    "  -r, --rounds N      clean rounds to reach (60)\n"
			    "  -s, --seed N        what random choices begin with (20220901)\n"
			    "  -c, --cpu N         the processor to run on (the one it is started on)\n"
			    "  -h, --help          print this\n";

static const struct option options[] = {
	{ "filter", required_argument, NULL, 'f' },
	{ "json", required_argument, NULL, 'j' },
	{ "list", no_argument, NULL, 'l' },
	{ "quick", no_argument, NULL, 'q' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "seed", required_argument, NULL, 's' },
	{ "cpu", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < least || value > most)
		bench_die("--%s must be a whole number from %llu to %llu, got %s", name, (unsigned long long)least,
			  (unsigned long long)most, text);
	return value;
}

static void parse(int argc, char **argv, struct settings *s)
{
	int c;

	*s = (struct settings){ .plan = { .seed = SEED, .rounds = ROUNDS, .cpu = -1 }, .filter = "" };
	while ((c = getopt_long(argc, argv, "f:j:lqr:s:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			s->filter = optarg;
			break;
		case 'j':
			s->json = optarg;
			break;
		case 'l':
			s->list = true;
			break;
		case 'q':
			s->plan.rounds = ROUNDS_QUICK;
			s->plan.quick = true;
			break;
		case 'r':
			s->plan.rounds = (uint32_t)number("rounds", optarg, 1, 100000);
			break;
		case 's':
			s->plan.seed = number("seed", optarg, 0, UINT64_MAX);
			break;
		case 'c':
			s->plan.cpu = (int)number("cpu", optarg, 0, 1023);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc)
		bench_die("what is %s? See --help", argv[optind]);
}

static bool is_wanted(const struct workload *w, uint32_t size, const char *filter)
{
	char name[80];

	snprintf(name, sizeof(name), "%s/%u", w->name, size);
	return strstr(name, filter) != NULL;
}

static void list(const struct workload *w, const char *filter)
{
	for (const uint32_t *size = w->sizes; *size; size++)
		if (is_wanted(w, *size, filter))
			printf("%s/%u\t%s\n", w->name, *size, w->summary);
}

static void run_here(const struct workload *w, uint32_t size, const struct plan *plan, FILE *people, FILE *programs)
{
	struct result results[CONTESTANTS_MAX];
	struct bench bench;
	uint32_t n = bench_run(w, size, plan, &bench, results);

	if (people)
		report_case(people, w, size);
	for (uint32_t i = 0; i < n; i++) {
		if (people)
			report_text(people, &bench, &results[i]);
		if (programs)
			report_json(programs, &bench, &results[i], plan);
	}
}

/* In a child: a fresh heap, a fresh map, no threads, and all memory given back. False when it failed; it said why. */
static bool run(const struct workload *w, uint32_t size, const struct plan *plan, FILE *people, FILE *programs)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_die("cannot fork: %s", strerror(errno));
	if (pid == 0) {
		run_here(w, size, plan, people, programs);
		fflush(NULL);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		bench_die("cannot wait: %s", strerror(errno));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
		raise(SIGPIPE); /* nobody reads any more */
	if (WIFSIGNALED(status))
		fprintf(stderr, "vmalock-bench: %s/%u ended by signal %d\n", w->name, size, WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static FILE *open_json(const char *name)
{
	FILE *f;

	if (!name)
		return NULL;
	f = strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
	if (!f)
		bench_die("cannot write %s: %s", name, strerror(errno));
	return f;
}

int main(int argc, char **argv)
{
	struct settings s;
	FILE *programs, *people;
	int ran = 0, failed = 0;

	parse(argc, argv, &s);
	programs = s.list ? NULL : open_json(s.json);
	people = programs == stdout ? NULL : stdout;
	for (size_t i = 0; i < array_size(workloads); i++) {
		if (s.list) {
			list(workloads[i], s.filter);
			continue;
		}
		for (const uint32_t *size = workloads[i]->sizes; *size; size++) {
			if (!is_wanted(workloads[i], *size, s.filter))
				continue;
			ran++;
			failed += !run(workloads[i], *size, &s.plan, people, programs);
		}
	}
	if (!s.list && !ran)
		bench_die("no case is called like %s; --list names them", s.filter);
	if (programs && fclose(programs))
		bench_die("cannot write %s: %s", s.json, strerror(errno));
	return failed ? 1 : 0;
}
