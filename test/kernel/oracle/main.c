/* main.c - lines in, answers out; a new process image where nothing else makes the range empty */
#include "oracle.h"

uint64_t pages = 64;
static bool may_have_huge_pages; /* -t: else one touched page might have 511 neighbours */
bool may_swap;                   /* -s: pages may be out, which mincore(2) does not tell from those on their way */
bool has_seals;
int file;

void reset(void)
{
	munlockall();
	munmap(at(0), pages * PAGE);
	set_limit(RLIMIT_AS, RLIM_INFINITY);
	set_limit(RLIMIT_DATA, RLIM_INFINITY);
	set_limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	set_limit(RLIMIT_STACK, STACK_LIMIT);
	set_privileged(true);
	close_files();
	set_brk(0);
	syscall(SYS_set_mempolicy, 0, NULL, 0UL);
	prctl(PR_SET_THP_DISABLE, !may_have_huge_pages, 0, 0, 0);
	/* emptied, and as long as before: its pages are gone */
	if (ftruncate(file, 0) || ftruncate(file, (off_t)(pages * PAGE)))
		_exit(1);
	pthread_mutex_lock(&told_lock);
	told_length = 0;
	pthread_mutex_unlock(&told_lock);
	say("reset ok\n");
}

void answer(char *line)
{
	const char *name = strtok(line, " \t\r\n");

	if (!name || *name == '#')
		return;
	if (*name == '?')
		report(name + 1);
	else if (strcmp(name, "vmflags") == 0)
		report_flags();
	else if (strcmp(name, "smaps") == 0)
		report_smaps();
	else if (strcmp(name, "reset") == 0)
		reset();
	else if (strcmp(name, "fork") == 0)
		do_fork(false);
	else if (strcmp(name, "fork-flags") == 0)
		do_fork(true);
	else if (strcmp(name, "uffd-told") == 0)
		say_told();
	else if (strcmp(name, "ftruncate") == 0)
		do_ftruncate();
	else if (strcmp(name, "punch") == 0)
		do_punch();
	else if (strcmp(name, "pwrite") == 0)
		do_pwrite();
	else if (strcmp(name, "uffd-close") == 0)
		uffd_close();
	else if (strncmp(name, "uffd-", 5) == 0)
		uffd_call(name + 5);
	else if (strcmp(name, "mlockall") == 0)
		do_mlockall();
	else if (strcmp(name, "munlockall") == 0)
		say_result(munlockall());
	else if (strcmp(name, "r") == 0 || strcmp(name, "w") == 0)
		touch(*name == 'w');
	else if (strcmp(name, "x") == 0)
		fetch();
	else if (strcmp(name, "mempolicy") == 0)
		say_policy();
	else if (strcmp(name, "status") == 0)
		report_counts();
	else if (strcmp(name, "rlimit") == 0)
		do_rlimit();
	else if (strcmp(name, "privileged") == 0)
		do_privileged();
	else if (strcmp(name, "thp-disable") == 0)
		do_thp_disable();
	else if (strcmp(name, "sys") == 0)
		do_sys();
	else
		call(name);
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

/* MADV_PAGEOUT takes what is on the kernel's lists of pages; new ones wait for that, CPU by CPU, and it sees to its own alone. */
static void stay_on_one_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((size_t)sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		_exit(1);
}

static void prepare(void)
{
	static char stack[1 << 16];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (may_swap)
		stay_on_one_cpu();
	if (!may_have_huge_pages)
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	set_limit(RLIMIT_STACK, STACK_LIMIT);
	file = memfd_create("vmalock_oracle", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, (off_t)(pages * PAGE)))
		_exit(1);
	read_counts(counts_before);
}

/* The same program in a new image, which begins with what was read and not yet answered. */
static void start_anew(const char *rest, size_t length)
{
	int fd = memfd_create("rest", 0);
	char pages_text[24], fd_text[24];

	flush_out();
	if (fd < 0 || write(fd, rest, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET))
		_exit(1);
	snprintf(pages_text, sizeof(pages_text), "%llu", (unsigned long long)pages);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	execl("/proc/self/exe", "oracle", "-p", pages_text, "-r", fd_text,
	      may_have_huge_pages ? "-t"
	      : may_swap          ? "-s"
				  : NULL,
	      (char *)NULL);
	_exit(1);
}

/* Answers each line of what has been read, and moves the rest to the front. */
static size_t answer_lines(char *in, size_t length)
{
	char *line = in, *end;

	in[length] = '\0';
	while ((end = strchr(line, '\n'))) {
		bool resets = strncmp(line, "reset", 5) == 0;

		*end = '\0';
		answer(line);
		line = end + 1;
		if (resets && has_seals)
			start_anew(line, length - (size_t)(line - in));
	}
	length -= (size_t)(line - in);
	memmove(in, line, length);
	return length;
}

int main(int argc, char **argv)
{
	static char in[1 << 16];
	size_t length = 0;
	struct utsname host;
	int rest = -1;
	ssize_t n;

	for (int option; (option = getopt(argc, argv, "p:str:")) != -1;) {
		if (option == 'p')
			pages = strtoull(optarg, NULL, 10);
		else if (option == 't')
			may_have_huge_pages = true;
		else if (option == 's')
			may_swap = true;
		else if (option == 'r')
			rest = atoi(optarg);
		else
			pages = 0;
	}
	if (pages < 1 || pages > MOST_PAGES || optind != argc) {
		fprintf(stderr, "usage: oracle [-p PAGES] [-t | -s], 1 to %d\n", MOST_PAGES);
		return 2;
	}
	prepare();
	if (rest >= 0) { /* start_anew() */
		n = read(rest, in, sizeof(in) - 1);
		close(rest);
		length = answer_lines(in, n > 0 ? (size_t)n : 0);
		flush_out();
	}
	uname(&host);
	if (rest < 0)
		say("kernel oracle 1 pages %llu pagesize %llu kernel %s %s\n", (unsigned long long)pages,
		    (unsigned long long)PAGE, host.release, host.machine);
	flush_out();
	while ((n = read(0, in + length, sizeof(in) - 1 - length)) > 0) {
		length = answer_lines(in, length + (size_t)n);
		if (length == sizeof(in) - 1)
			length = 0; /* a line without an end */
		flush_out();
	}
	return 0;
}
