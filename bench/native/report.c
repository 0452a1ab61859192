#include "report.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench_commit.h" /* written by the build: BENCH_COMMIT */
#include "index/index.h"

/* clang's text names itself, gcc's does not. */
#if defined(__clang__)
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char *const role_names[] = { "subject", "peer", "floor" };

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void put_string(FILE *to, const char *text)
{
	if (!text) {
		fputs("null", to);
		return;
	}
	fputc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

static void put_text(FILE *to, const char *key, const char *text)
{
	fprintf(to, "\"%s\":", key);
	put_string(to, text);
	fputc(',', to);
}

static void put_spread(FILE *to, const char *key, const struct spread *s)
{
	if (s->n)
		fprintf(to, "\"%s\":{\"median\":%.4f,\"p10\":%.4f,\"p90\":%.4f},", key, s->median, s->p10, s->p90);
	else
		fprintf(to, "\"%s\":null,", key);
}

/* The processor's name, as the kernel gives it. */
static void read_machine(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		char *name = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !name)
			continue;
		name[strcspn(name, "\n")] = 0;
		snprintf(out, size, "%s", name + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void put_run(FILE *to, const struct plan *plan)
{
	struct utsname host;
	char machine[128];

	read_machine(machine, sizeof(machine));
	uname(&host);
	fputs("\"run\":{", to);
	put_text(to, "machine", machine);
	put_text(to, "arch", host.machine);
	fprintf(to, "\"cpus\":%ld,", sysconf(_SC_NPROCESSORS_ONLN));
	put_text(to, "kernel", host.release);
	put_text(to, "compiler", COMPILER);
	put_text(to, "commit", BENCH_COMMIT);
	put_text(to, "search", index_search_name());
	fprintf(to, "\"seed\":%llu}", (unsigned long long)plan->seed);
}

void report_json(FILE *to, const struct bench *b, const struct result *r, const struct plan *plan)
{
	const struct workload *w = b->workload;

	fputc('{', to);
	put_text(to, "case", w->name);
	fprintf(to, "\"vmas\":%u,", b->size);
	put_text(to, "op", w->op);
	put_text(to, "contestant", r->contestant->name);
	put_text(to, "policy", r->contestant->policy);
	put_text(to, "role", role_names[r->contestant->role]);
	put_text(to, "reference", w->reference);
	put_text(to, "unit", w->unit ? w->unit : r->cycles.n ? "cycles" : "ns");
	put_spread(to, "ratio", &r->ratio);
	put_spread(to, "amount", &r->amount);
	put_spread(to, "ns", &r->ns);
	put_spread(to, "cycles", &r->cycles);
	put_spread(to, "instructions", &r->instructions);
	fprintf(to, "\"rounds\":%u,\"clean\":%u,\"opsPerWindow\":%u,\"noisy\":%s,", r->rounds, r->clean, b->ops,
		r->noisy ? "true" : "false");
	put_run(to, plan);
	fputs("}\n", to);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

void report_case(FILE *to, const struct workload *workload, uint32_t size)
{
	fprintf(to, "\n%s, %u mappings (ratio: cost against %s)\n", workload->name, size, workload->reference);
}

void report_text(FILE *to, const struct bench *b, const struct result *r)
{
	const struct spread *ratio = &r->ratio;
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", r->contestant->name, r->contestant->policy ? " " : "",
		 r->contestant->policy ? r->contestant->policy : "");
	fprintf(to, "  %-36s %7.3f  [%.3f - %.3f]", name, ratio->median, ratio->p10, ratio->p90);
	if (r->amount.n)
		fprintf(to, "  %.1f %s", r->amount.median, b->workload->unit);
	if (r->ns.n)
		fprintf(to, "  %9.1f ns", r->ns.median);
	if (r->cycles.n)
		fprintf(to, "  %9.0f cycles  %9.0f instructions", r->cycles.median, r->instructions.median);
	fprintf(to, "%s\n", r->noisy ? "  noisy" : "");
}
