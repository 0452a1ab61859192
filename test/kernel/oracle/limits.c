/* limits.c - limits, rights and counts, less what the oracle itself needs */
#include "oracle.h"

static const char *const counts[] = { "VmSize:", "VmData:", "VmLck:", "VmStk:", "VmLib:" };

uint64_t counts_before[COUNTS];

void read_counts(uint64_t found[COUNTS])
{
	const char *line = slurp("/proc/self/status");

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		for (size_t i = 0; i < COUNTS; i++)
			if (strncmp(line, counts[i], strlen(counts[i])) == 0)
				found[i] = strtoull(line + strlen(counts[i]), NULL, 10) * 1024 / PAGE;
}

void report_counts(void)
{
	uint64_t now[COUNTS];

	read_counts(now);
	say("status");
	for (size_t i = 0; i < COUNTS; i++)
		say(" %.*s %llu", (int)strlen(counts[i]) - 1, counts[i],
		    (unsigned long long)(now[i] - counts_before[i]));
	say("\n");
}

void set_limit(int resource, rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max; /* none: as far as the hard limit goes */
	setrlimit(resource, &limit);
}

/* NAME PAGES: so many for the range; NAME -: no limit. */
void do_rlimit(void)
{
	static const struct {
		const char *name;
		int resource, count;
	} limits[] = { { "as", RLIMIT_AS, COUNT_SIZE },
		       { "data", RLIMIT_DATA, COUNT_DATA },
		       { "memlock", RLIMIT_MEMLOCK, COUNT_LOCKED },
		       { "stack", RLIMIT_STACK, COUNTS } }; /* of each stack by itself */
	const char *name = next_word(), *word = next_word();

	for (size_t i = 0; name && word && i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t before = limits[i].count == COUNTS ? 0 : counts_before[limits[i].count];

		if (strcmp(name, limits[i].name) != 0)
			continue;
		set_limit(limits[i].resource, *word == '-' ? RLIM_INFINITY : (before + strtoull(word, NULL, 10)) * PAGE);
		say("0 ok\n");
		return;
	}
	say("X syntax\n");
}

/* CAP_IPC_LOCK, CAP_SYS_RAWIO, CAP_SYS_PTRACE and CAP_SYS_NICE come and go; what is permitted stays. */
void set_privileged(bool on)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	struct {
		uint32_t effective, permitted, inheritable;
	} sets[2];
	const uint32_t ours = 1u << 14 | 1u << 17 | 1u << 19 | 1u << 23;

	if (syscall(SYS_capget, &header, sets))
		return;
	sets[0].effective = on ? sets[0].effective | (sets[0].permitted & ours) : sets[0].effective & ~ours;
	syscall(SYS_capset, &header, sets);
}

void do_privileged(void)
{
	const char *word = next_word();

	if (!word || (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)) {
		say("X syntax\n");
		return;
	}
	set_privileged(word[1] == 'n');
	say("0 ok\n");
}

/* off, on, advised: on, except where it is asked for */
void do_thp_disable(void)
{
	const char *word = next_word();
	bool advised = word && strcmp(word, "advised") == 0, on = advised || (word && strcmp(word, "on") == 0);

	if (!word || (!on && strcmp(word, "off") != 0)) {
		say("X syntax\n");
		return;
	}
	say_result(prctl(PR_SET_THP_DISABLE, (unsigned long)on, advised ? 2UL : 0UL, 0UL, 0UL));
}
