/*
 * oracle.c - asks the running kernel: one memory operation a line on standard input, one answer a line
 *
 * The operations are done for real, on a range of pages of this process that nothing else lies near; the same lines are
 * answered by `vmalock exec` from the model, so that the two can be compared. The protocol is in exec's --help.
 *
 *   cc -O2 -pthread -o oracle test/kernel/oracle.c && ./oracle -p 64 < script
 *
 * A load or store that the kernel refuses ends in a signal, whose handler jumps back with its code. After the start
 * nothing here maps memory of its own: buffers are static, and answers are written by write(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BASE UINT64_C(0x100000000000)
/* What no machine of the tests promises, and nothing lies in above BASE. */
#define TOO_MUCH (UINT64_C(1) << 40)
#define PAGE UINT64_C(4096)
#define MOST_PAGES 4096
/* What a stack may grow to until a line says otherwise. */
#define STACK_LIMIT (UINT64_C(8) << 20)

#define SYS_MSEAL 462
#define DROPPABLE 0x08 /* MAP_DROPPABLE, which libc may not know */

static uint64_t pages = 64;
static bool may_have_huge_pages; /* -t: else one touched page might have 511 neighbours */
static bool may_swap;            /* -s: pages may be out, which mincore(2) does not tell from those on their way */
static bool has_seals;           /* then nothing but a new process image makes the range empty */
static int file;                 /* what `f` maps: as long as the range */

/* --- answers ------------------------------------------------------------------------------------------------------- */

static char out[1 << 16];
static size_t out_length;

static void flush_out(void)
{
	for (size_t done = 0; done < out_length;) {
		ssize_t n = write(1, out + done, out_length - done);

		if (n <= 0)
			_exit(1);
		done += (size_t)n;
	}
	out_length = 0;
}

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
	va_list args;

	if (out_length > sizeof(out) - 256)
		flush_out();
	va_start(args, format);
	out_length += (size_t)vsnprintf(out + out_length, 256, format, args);
	va_end(args);
}

static void say_errno(void)
{
	say("-1 %s\n", strerrorname_np(errno));
}

static void say_result(int result)
{
	if (result)
		say_errno();
	else
		say("0 ok\n");
}

static void say_address(const void *p)
{
	if (p == MAP_FAILED)
		say_errno();
	else
		say("@%lld ok\n", (long long)((int64_t)((uintptr_t)p - BASE) / (int64_t)PAGE));
}

/* --- words of a line ------------------------------------------------------------------------------------------------ */

static char *next_word(void)
{
	return strtok(NULL, " \t\r\n");
}

/* PAGES, PAGES+BYTES or +BYTES. */
static bool amount_of(char *word, uint64_t *bytes)
{
	char *plus = word ? strchr(word, '+') : NULL, *end;
	uint64_t whole, rest = 0;

	if (!word || !*word || strspn(word, "0123456789+") != strlen(word) || (plus && !plus[1]))
		return false;
	whole = plus == word ? 0 : strtoull(word, &end, 10);
	if (plus)
		rest = strtoull(plus + 1, &end, 10);
	*bytes = whole * PAGE + rest;
	return whole <= MOST_PAGES && rest <= MOST_PAGES * PAGE;
}

static bool amount(uint64_t *bytes)
{
	return amount_of(next_word(), bytes);
}

static bool protection(int *prot)
{
	const char *word = next_word();

	if (!word || strspn(word, "rwxd-") != strlen(word))
		return false;
	*prot = (strchr(word, 'r') ? PROT_READ : 0) | (strchr(word, 'w') ? PROT_WRITE : 0) |
		(strchr(word, 'x') ? PROT_EXEC : 0) | (strchr(word, 'd') ? PROT_GROWSDOWN : 0);
	return true;
}

/* Never beyond the range, not even by what the kernel would round. */
static bool inside(uint64_t offset, uint64_t length)
{
	uint64_t first = offset / PAGE * PAGE, whole = (length + PAGE - 1) / PAGE * PAGE, all = pages * PAGE;

	return offset <= all && length <= all && first + whole + (offset == first ? 0 : PAGE) <= all;
}

static void *at(uint64_t offset)
{
	return (void *)(uintptr_t)(BASE + offset);
}

/* --- loads and stores ----------------------------------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile int code_of_signal, number_of_signal;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	number_of_signal = number;
	code_of_signal = info->si_code;
	siglongjmp(back, 1);
}

static void say_signal(void)
{
	if (number_of_signal == SIGBUS)
		say("-1 SIGBUS\n"); /* which code it has depends on CONFIG_MEMORY_FAILURE, too */
	else
		say("-1 %s\n", code_of_signal == SEGV_MAPERR   ? "SEGV_MAPERR"
			       : code_of_signal == SEGV_PKUERR ? "SEGV_PKUERR"
							       : "SEGV_ACCERR");
}

static void touch(bool store)
{
	uint64_t offset;
	volatile uint8_t *byte;
	const char *value;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	byte = at(offset);
	value = store ? next_word() : NULL;
	if (sigsetjmp(back, 1)) {
		say_signal();
		return;
	}
	if (store)
		*byte = (uint8_t)(value ? atoi(value) : 0);
	say("%u ok\n", store ? (unsigned)(uint8_t)(value ? atoi(value) : 0) : (unsigned)*byte);
}

/* --- what is mapped -------------------------------------------------------------------------------------------------- */

struct row {
	uint64_t first, end, offset; /* pages */
	char perms[5];
	char kind; /* a, f or s */
};

static struct row rows[MOST_PAGES];
static size_t row_count;
static char text[1 << 22];

/* A whole file of /proc, read by one who may not allocate. */
static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t n;

	while (fd >= 0 && length < sizeof(text) - 1 && (n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	text[length] = '\0';
	return text;
}

/* The mapping that a line of maps or smaps begins, if it lies in the range. */
static bool row_of(const char *line, struct row *row)
{
	unsigned long long start, end, offset;
	char perms[5], name[64] = "";

	if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %63[^\n]", &start, &end, perms, &offset, name) < 4)
		return false;
	if (start < BASE || start >= BASE + pages * PAGE)
		return false;
	row->first = (start - BASE) / PAGE;
	row->end = (end - BASE) / PAGE;
	row->kind = strstr(name, "/memfd:") || strstr(name, "/var/tmp/") ? 'f' : perms[3] == 's' ? 's' : 'a';
	row->offset = row->kind == 'a' ? 0 : offset / PAGE;
	memcpy(row->perms, perms, sizeof(perms));
	return true;
}

static bool continues(const struct row *before, const struct row *row)
{
	return before->end == row->first && strcmp(before->perms, row->perms) == 0 && before->kind == row->kind &&
	       (row->kind == 'a' || before->offset + (before->end - before->first) == row->offset);
}

static void read_rows(bool join)
{
	const char *line = slurp("/proc/self/maps");
	struct row row;

	row_count = 0;
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (!row_of(line, &row))
			continue;
		if (join && row_count && continues(&rows[row_count - 1], &row))
			rows[row_count - 1].end = row.end;
		else
			rows[row_count++] = row;
	}
}

/* By the page table: what has been swapped out is in the swap cache for a while, and resident for mincore(2). */
static bool are_mapped(uint64_t first, uint64_t count, unsigned char *resident)
{
	static uint64_t entries[MOST_PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t size = count * sizeof(*entries);
	bool known = pread(fd, entries, size, (off_t)((BASE / PAGE + first) * sizeof(*entries))) == (ssize_t)size;

	close(fd);
	for (uint64_t n = 0; n < count; n++)
		resident[n] = entries[n] >> 63;
	return known;
}

static void say_residency(void)
{
	static unsigned char resident[MOST_PAGES];
	static char picture[MOST_PAGES + 1];

	memset(picture, '.', pages);
	for (size_t i = 0; i < row_count; i++) {
		uint64_t first = rows[i].first, count = rows[i].end - first;
		bool known = may_swap ? are_mapped(first, count, resident)
				      : mincore(at(first * PAGE), count * PAGE, resident) == 0;

		for (uint64_t n = 0; n < count; n++)
			picture[first + n] = known ? (char)('0' + (resident[n] & 1)) : '?';
	}
	say("core ");
	for (uint64_t n = 0; n < pages; n++)
		say("%c", picture[n]);
	say("\n");
}

static void report(const char *options)
{
	read_rows(strchr(options, 'm') != NULL);
	say("maps %zu", row_count);
	for (size_t i = 0; i < row_count; i++) {
		say(" %llu-%llu:%s:%c", (unsigned long long)rows[i].first, (unsigned long long)rows[i].end,
		    rows[i].perms, rows[i].kind);
		if (rows[i].kind != 'a')
			say("%llu", (unsigned long long)rows[i].offset);
	}
	say("\n");
	if (strchr(options, 'c'))
		say_residency();
}

/* "VmFlags: rd wr mr" as rd,wr,mr; soft-dirty tells of the past and not of the mapping. */
static void say_flags(const char *line)
{
	bool first = true;

	for (const char *word = line + strlen("VmFlags:"); *word && *word != '\n'; word++) {
		if (*word == ' ' || word[-1] != ' ' || strncmp(word, "sd", 2) == 0)
			continue;
		say("%s%.2s", first ? "" : ",", word);
		first = false;
	}
}

static void report_flags(void)
{
	const char *line = slurp("/proc/self/smaps");
	struct row row;
	bool ours = false;

	say("flags");
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (strncmp(line, "VmFlags:", 8) == 0 && ours) {
			say(" %llu-%llu:", (unsigned long long)row.first, (unsigned long long)row.end);
			say_flags(line);
			ours = false;
		} else if (row_of(line, &row)) {
			ours = true;
		}
	}
	say("\n");
}

/* What pages come to: of private anonymous memory, since nobody knows which pages of a file a fault maps beside its own;
   without Referenced, which tells of the kernel's lists of pages, too. Where pages may be out, those first that do not depend on
   which page is in the swap cache still, and so clean. */
static const char *const smaps_fields[] = {
	"Rss:",       "Anonymous:",    "Swap:",         "Locked:",        "Pss:",
	"Pss_Dirty:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:",
};

enum { SMAPS_FIELDS = sizeof(smaps_fields) / sizeof(smaps_fields[0]), SMAPS_FIELDS_WITH_SWAP = 4 };

/* The fields of one mapping, in the order above, which is not the file's. */
static void say_fields(const uint64_t value[SMAPS_FIELDS])
{
	for (size_t i = 0; i < (may_swap ? SMAPS_FIELDS_WITH_SWAP : SMAPS_FIELDS); i++)
		say("%s%llu", i ? "," : "", (unsigned long long)value[i]);
}

static void report_smaps(void)
{
	const char *line = slurp("/proc/self/smaps");
	uint64_t value[SMAPS_FIELDS] = { 0 };
	struct row row;
	bool ours = false;

	say("smaps");
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		for (size_t i = 0; ours && i < SMAPS_FIELDS; i++)
			if (strncmp(line, smaps_fields[i], strlen(smaps_fields[i])) == 0)
				value[i] = strtoull(line + strlen(smaps_fields[i]), NULL, 10);
		if (ours && strncmp(line, "VmFlags:", 8) == 0) {
			say_fields(value);
			ours = false;
		} else if (row_of(line, &row) && row.kind == 'a' && row.perms[3] == 'p') {
			say(" %llu-%llu:", (unsigned long long)row.first, (unsigned long long)row.end);
			ours = true;
		}
	}
	say("\n");
}

/* An instruction from where none may be executed: what lies elsewhere in the range is no program. */
static void fetch(void)
{
	uint64_t offset;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	read_rows(false);
	for (size_t i = 0; i < row_count; i++) {
		if (offset / PAGE >= rows[i].first && offset / PAGE < rows[i].end && rows[i].perms[2] == 'x') {
			say("X executable\n");
			return;
		}
	}
	if (sigsetjmp(back, 1)) {
		say_signal();
		return;
	}
	((void (*)(void))at(offset))();
}

/* --- operations ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	int value;
} advice[] = {
	{ "normal", 0 },         { "random", 1 },         { "sequential", 2 },      { "willneed", 3 },
	{ "dontneed", 4 },       { "free", 8 },           { "remove", 9 },          { "dontfork", 10 },
	{ "dofork", 11 },        { "hugepage", 14 },      { "nohugepage", 15 },     { "dontdump", 16 },
	{ "dodump", 17 },        { "wipeonfork", 18 },    { "keeponfork", 19 },     { "cold", 20 },
	{ "pageout", 21 },       { "populate_read", 22 }, { "populate_write", 23 }, { "guard_install", 102 },
	{ "guard_remove", 103 }, { "collapse", 25 },      { "bad", 9999 },
};

/* A page that is still being written to the disk is left alone by the next MADV_PAGEOUT, and by MADV_FREE. */
static void wait_for_swap(void)
{
	for (int tries = 0; tries < 1000; tries++) {
		const char *count = strstr(slurp("/proc/vmstat"), "nr_writeback ");

		if (!count || strtoull(count + strlen("nr_writeback "), NULL, 10) == 0)
			return;
		usleep(50);
	}
}

static void do_madvise(uint64_t offset, uint64_t length)
{
	const char *word = next_word();

	for (size_t i = 0; word && i < sizeof(advice) / sizeof(advice[0]); i++) {
		if (strcmp(word, advice[i].name) == 0) {
			say_result(madvise(at(offset), length, advice[i].value));
			if (may_swap && advice[i].value == MADV_PAGEOUT)
				wait_for_swap();
			return;
		}
	}
	say("X advice\n");
}

static bool map_flags(const char *word, int *flags, bool *maps_file)
{
	*flags = strchr(word, 'H') ? 0 : strchr(word, 'N') ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	*maps_file = false;
	if (strspn(word, "psafNHRPLSGBD") != strlen(word))
		return false;
	if (strchr(word, 'D'))
		*flags |= DROPPABLE | (strchr(word, 's') ? MAP_SHARED : 0);
	else
		*flags |= strrchr(word, 's') > strrchr(word, 'p') ? MAP_SHARED : MAP_PRIVATE;
	*flags |= strchr(word, 'R') ? MAP_NORESERVE : 0;
	*flags |= strchr(word, 'P') ? MAP_POPULATE : 0;
	*flags |= strchr(word, 'L') ? MAP_LOCKED : 0;
	*flags |= strchr(word, 'S') ? MAP_STACK : 0;
	*flags |= strchr(word, 'G') ? MAP_GROWSDOWN : 0;
	*maps_file = strchr(word, 'f') != NULL;
	if (!*maps_file)
		*flags |= MAP_ANONYMOUS;
	return true;
}

/* Where a hint was not taken the mapping lies among the process's own, which are not compared: it goes at once. */
static void say_mapped(void *p, uint64_t length)
{
	uint64_t at = (uintptr_t)p;

	if (p == MAP_FAILED || (at >= BASE && at < BASE + pages * PAGE)) {
		say_address(p);
		return;
	}
	munmap(p, length);
	say("@away ok\n");
}

static void do_mmap(uint64_t offset, uint64_t length)
{
	const char *word;
	uint64_t from = 0;
	bool maps_file;
	int prot, flags;

	if (!protection(&prot) || !(word = next_word())) {
		say("X syntax\n");
		return;
	}
	if (!map_flags(word, &flags, &maps_file)) {
		say("X flags\n");
		return;
	}
	if (maps_file && !amount(&from)) {
		say("X syntax\n");
		return;
	}
	if (strchr(word, 'B'))
		length += TOO_MUCH;
	say_mapped(mmap(at(offset), length, prot, flags, maps_file ? file : -1, (off_t)from), length);
}

static void do_mremap(uint64_t offset, uint64_t length)
{
	uint64_t new_length, new_offset;
	const char *how;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (!amount(&new_length) || !(how = next_word())) {
		say("X syntax\n");
		return;
	}
	if (*how == '-') {
		if (inside(offset, new_length))
			say_address(mremap(at(offset), length, new_length, 0));
		else
			say("X range\n");
		return;
	}
	if (*how != 'F' && *how != 'D') {
		say("X flags\n");
		return;
	}
	if (*how == 'D')
		flags |= MREMAP_DONTUNMAP;
	if (!amount(&new_offset))
		say("X syntax\n");
	else if (!inside(new_offset, new_length))
		say("X range\n");
	else
		say_address(mremap(at(offset), length, new_length, flags, at(new_offset)));
}

/* --- userfaultfd ------------------------------------------------------------------------------------------------------ */

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif

/* Of 6.6, which the headers of an older system do not have. */
struct poison {
	struct uffdio_range range;
	uint64_t mode;
	int64_t updated;
};
/* Of 6.8. */
struct move {
	uint64_t to, from, length, mode;
	int64_t moved;
};
#define UFFD_MOVE _IOWR(UFFDIO, 0x05, struct move)
#define UFFD_POISON _IOWR(UFFDIO, 0x08, struct poison)

/*
 * 1 to 4; an access that would make an event gives SIGBUS, so that nobody has to wait. The second protects empty memory, too;
 * of the third a write lifts the protection (WP_ASYNC, of 6.7); the fourth is told of changes.
 */
#define UFFDS 4
#define OF_CHANGES 4
static int uffds[UFFDS + 1] = { -1, -1, -1, -1, -1 };
static const uint64_t uffd_features[UFFDS + 1] = {
	0,
	UFFD_FEATURE_SIGBUS,
	UFFD_FEATURE_SIGBUS | UFFD_FEATURE_WP_UNPOPULATED,
	UFFD_FEATURE_SIGBUS | 1 << 15,
	UFFD_FEATURE_SIGBUS | UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |
		UFFD_FEATURE_EVENT_UNMAP,
};

/*
 * Who changes memory waits until the monitor, a thread, has read of it. All that is the monitor's is touched under the lock, and it reads and
 * writes down in one: what an operation has told is told here by the time its caller has the lock.
 */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char told[1 << 14];
static size_t told_length;
static int child_uffd = -1; /* of the last fork; stays open until the child has ended */

static long long page_of(uint64_t address)
{
	return (long long)(address - BASE) / (long long)PAGE;
}

static void write_down(const struct uffd_msg *m)
{
	char *end = told + told_length;
	size_t room = sizeof(told) - told_length;
	int n = 0;

	if (m->event == UFFD_EVENT_FORK) {
		child_uffd = (int)m->arg.fork.ufd;
		n = snprintf(end, room, " fork");
	} else if (m->event == UFFD_EVENT_REMAP) {
		n = snprintf(end, room, " remap:%lld-%lld:%lld", page_of(m->arg.remap.from),
			     page_of(m->arg.remap.from + m->arg.remap.len), page_of(m->arg.remap.to));
	} else {
		n = snprintf(end, room, " %s:%lld-%lld", m->event == UFFD_EVENT_REMOVE ? "remove" : "unmap",
			     page_of(m->arg.remove.start), page_of(m->arg.remove.end));
	}
	told_length += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

/* Looks again and again: who sleeps in poll() holds the userfaultfd, and closing it would come to nothing. */
static void *monitor(void *arg)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	struct uffd_msg message;

	for (;;) {
		pthread_mutex_lock(&told_lock);
		while (uffds[OF_CHANGES] >= 0 && read(uffds[OF_CHANGES], &message, sizeof(message)) == sizeof(message))
			write_down(&message);
		pthread_mutex_unlock(&told_lock);
		nanosleep(&pause, NULL);
	}
	return arg;
}

/* With a stack that is there already: no mapping comes with it. */
static void start_monitor(void)
{
	static _Alignas(64) char stack[1 << 17];
	static bool runs;
	pthread_attr_t attr;
	pthread_t thread;

	if (runs)
		return;
	runs = true;
	pthread_attr_init(&attr);
	if (pthread_attr_setstack(&attr, stack, sizeof(stack)) || pthread_create(&thread, &attr, monitor, NULL))
		_exit(1);
}

/* Says, and forgets, what has been told. */
static void say_told(void)
{
	pthread_mutex_lock(&told_lock);
	say("told%.*s\n", (int)told_length, told);
	told_length = 0;
	pthread_mutex_unlock(&told_lock);
}

static void close_uffd(int n)
{
	pthread_mutex_lock(&told_lock);
	close(uffds[n]);
	uffds[n] = -1;
	pthread_mutex_unlock(&told_lock);
}

static void close_child_uffd(void)
{
	pthread_mutex_lock(&told_lock);
	if (child_uffd >= 0)
		close(child_uffd);
	child_uffd = -1;
	pthread_mutex_unlock(&told_lock);
}

/* Without rights (vm.unprivileged_userfaultfd) it is of faults in user mode alone, and there are no others here. */
static int new_uffd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fd : (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1); /* UFFD_USER_MODE_ONLY */
}

/* Which one the next word names; 1 when there is no word. -1: none. */
static int uffd_word(void)
{
	const char *word = next_word();
	int n = !word ? 1 : word[0] >= '1' && word[0] < '1' + UFFDS && !word[1] ? word[0] - '0' : -1;

	if (n > 0 && uffds[n] < 0) {
		struct uffdio_api api = { .api = UFFD_API, .features = uffd_features[n] };
		int fd = new_uffd();

		if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
			_exit(1);
		pthread_mutex_lock(&told_lock);
		uffds[n] = fd;
		pthread_mutex_unlock(&told_lock);
		if (n == OF_CHANGES)
			start_monitor();
	}
	return n;
}

static void say_filled(int result, int64_t bytes)
{
	if (result && errno == EAGAIN)
		say("-1 EAGAIN %lld\n", (long long)bytes / (long long)PAGE);
	else
		say_result(result);
}

static void uffd_register(int n, uint64_t offset, uint64_t length, const char *modes)
{
	struct uffdio_register r = { .range = { BASE + offset, length } };

	r.mode = (strchr(modes, 'm') ? UFFDIO_REGISTER_MODE_MISSING : 0) |
		 (strchr(modes, 'w') ? UFFDIO_REGISTER_MODE_WP : 0) |
		 (strchr(modes, 'i') ? UFFDIO_REGISTER_MODE_MINOR : 0);
	say_result(ioctl(uffds[n], UFFDIO_REGISTER, &r));
}

static void uffd_copy(int n, uint64_t offset, uint64_t length, uint8_t value, uint64_t mode)
{
	static uint8_t bytes[64 * 4096];
	struct uffdio_copy c = { BASE + offset, (uintptr_t)bytes, length, mode, 0 };
	int result;

	if (length > sizeof(bytes)) {
		say("X range\n");
		return;
	}
	memset(bytes, value, sizeof(bytes));
	result = ioctl(uffds[n], UFFDIO_COPY, &c);
	say_filled(result, c.copy);
}

static void uffd_zeropage(int n, uint64_t offset, uint64_t length)
{
	struct uffdio_zeropage z = { .range = { BASE + offset, length } };
	int result = ioctl(uffds[n], UFFDIO_ZEROPAGE, &z);

	say_filled(result, z.zeropage);
}

static void uffd_poison(int n, uint64_t offset, uint64_t length)
{
	struct poison p = { .range = { BASE + offset, length } };
	int result = ioctl(uffds[n], UFFD_POISON, &p);

	say_filled(result, p.updated);
}

/* @word: the offset that pages are taken from. */
static void uffd_move(int n, uint64_t offset, uint64_t length, char *word, uint64_t mode)
{
	struct move m = { .to = BASE + offset, .length = length, .mode = mode };
	uint64_t from;
	int result;

	if (!amount_of(word, &from)) {
		say("X syntax\n");
		return;
	}
	if (!inside(from, length)) {
		say("X range\n");
		return;
	}
	m.from = BASE + from;
	result = ioctl(uffds[n], UFFD_MOVE, &m);
	say_filled(result, m.moved);
}

static void uffd_continue(int n, uint64_t offset, uint64_t length, uint64_t mode)
{
	struct uffdio_continue c = { .range = { BASE + offset, length }, .mode = mode };
	int result = ioctl(uffds[n], UFFDIO_CONTINUE, &c);

	say_filled(result, c.mapped);
}

static void uffd_protect(int n, uint64_t offset, uint64_t length, bool on)
{
	struct uffdio_writeprotect w = { { BASE + offset, length }, on ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	say_result(ioctl(uffds[n], UFFDIO_WRITEPROTECT, &w));
}

/* uffd-... OFF LEN WORD [1 to 4]; what WORD is says the operation, and `-` is none. */
static void uffd_call(const char *name)
{
	struct uffdio_range range;
	uint64_t offset, length;
	char *word;
	int n;

	if (!amount(&offset) || !amount(&length) || !(word = next_word()) || (n = uffd_word()) < 0) {
		say("X syntax\n");
		return;
	}
	range = (struct uffdio_range){ BASE + offset, length };
	if (!inside(offset, length))
		say("X range\n");
	else if (strcmp(name, "register") == 0)
		uffd_register(n, offset, length, word);
	else if (strcmp(name, "unregister") == 0)
		say_result(ioctl(uffds[n], UFFDIO_UNREGISTER, &range));
	else if (strcmp(name, "copy") == 0)
		uffd_copy(n, offset, length, (uint8_t)atoi(word), 0);
	else if (strcmp(name, "copywp") == 0)
		uffd_copy(n, offset, length, (uint8_t)atoi(word), UFFDIO_COPY_MODE_WP);
	else if (strcmp(name, "zeropage") == 0)
		uffd_zeropage(n, offset, length);
	else if (strcmp(name, "poison") == 0)
		uffd_poison(n, offset, length);
	else if (strcmp(name, "move") == 0)
		uffd_move(n, offset, length, word, 0);
	else if (strcmp(name, "moveholes") == 0)
		uffd_move(n, offset, length, word, 2); /* UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES */
	else if (strcmp(name, "continue") == 0)
		uffd_continue(n, offset, length, strcmp(word, "wp") == 0 ? 2 : 0);
	else if (strcmp(name, "protect") == 0)
		uffd_protect(n, offset, length, strcmp(word, "on") == 0);
	else
		say("X unknown operation\n");
}

/* uffd-close [1 to 4]: the next operation opens it again. */
static void uffd_close(void)
{
	int n = uffd_word();

	if (n < 0) {
		say("X syntax\n");
		return;
	}
	close_uffd(n);
	say("0 ok\n");
}

/* --- memory policies: bind:0, interleave=static:0,1, local ----------------------------------------------------------- */

#define STATIC_NODES 0x8000
#define RELATIVE_NODES 0x4000
#define BALANCING 0x2000

static const char *const modes[] = {
	"default", "preferred", "bind", "interleave", "local", "preferred_many", "weighted_interleave",
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

static const struct {
	const char *name;
	int flag;
} kinds[] = { { "static", STATIC_NODES }, { "relative", RELATIVE_NODES }, { "balancing", BALANCING } };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Cuts the word into mode, kind and nodes. */
static bool policy(char *word, int *mode, unsigned long *nodes)
{
	char *list = strchr(word, ':'), *kind;

	*nodes = 0;
	if (list)
		*list++ = '\0';
	kind = strchr(word, '=');
	if (kind)
		*kind++ = '\0';
	for (*mode = 0; *mode < (int)MODES && strcmp(word, modes[*mode]) != 0; ++*mode)
		;
	if (*mode == (int)MODES)
		return false;
	for (size_t i = 0; kind && i < KINDS; i++)
		*mode |= strcmp(kind, kinds[i].name) == 0 ? kinds[i].flag : 0;
	if (kind && *mode < (int)MODES)
		return false;
	while (list && *list) {
		char *end;
		unsigned long node = strtoul(list, &end, 10);

		if (end == list || (*end && *end != ','))
			return false;
		if (node < 64)
			*nodes |= 1UL << node;
		list = *end ? end + 1 : end;
	}
	return true;
}

static void do_mbind(uint64_t offset, uint64_t length)
{
	char *word = next_word(), *flags = next_word();
	unsigned long nodes;
	unsigned how = 0;
	int mode;

	if (!word) {
		say("X syntax\n");
		return;
	}
	if (!policy(word, &mode, &nodes)) {
		say("X policy\n");
		return;
	}
	if (flags && strspn(flags, "sma-") != strlen(flags)) {
		say("X flags\n");
		return;
	}
	how |= flags && strchr(flags, 's') ? 1 : 0;
	how |= flags && strchr(flags, 'm') ? 2 : 0;
	how |= flags && strchr(flags, 'a') ? 4 : 0;
	say_result((int)syscall(SYS_mbind, at(offset), length, mode, &nodes, 65UL, how));
}

static void say_policy(void)
{
	unsigned long nodes[16] = { 0 };
	const char *before = ":";
	uint64_t offset;
	int mode;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1025UL, at(offset), 2UL)) {
		say_errno();
		return;
	}
	say("%s", modes[mode & 0xfff]);
	for (size_t i = 0; i < KINDS; i++)
		if (mode & kinds[i].flag)
			say("=%s", kinds[i].name);
	for (int node = 0; node < 64; node++) {
		if (nodes[0] >> node & 1) {
			say("%s%d", before, node);
			before = ",";
		}
	}
	say(" ok\n");
}

/* a, i, s: MS_ASYNC, MS_INVALIDATE, MS_SYNC, which is meant when nothing is said */
static int msync_flags(void)
{
	const char *word = next_word();

	if (!word)
		return MS_SYNC;
	return (strchr(word, 'a') ? MS_ASYNC : 0) | (strchr(word, 'i') ? MS_INVALIDATE : 0) |
	       (strchr(word, 's') ? MS_SYNC : 0);
}

static void do_mseal(uint64_t offset, uint64_t length)
{
	int result = (int)syscall(SYS_MSEAL, at(offset), length, 0);

	has_seals |= result == 0;
	say_result(result);
}

static void do_remap_file_pages(uint64_t offset, uint64_t length)
{
	uint64_t from;

	if (amount(&from))
		say_result((int)syscall(SYS_remap_file_pages, at(offset), length, 0, from / PAGE, 0));
	else
		say("X syntax\n");
}

/* --- limits and counts, less what the oracle itself needs --------------------------------------------------------------- */

static const char *const counts[] = { "VmSize:", "VmData:", "VmLck:", "VmStk:", "VmLib:" };

enum { COUNT_SIZE, COUNT_DATA, COUNT_LOCKED, COUNT_STACK, COUNT_LIB, COUNTS };

static uint64_t counts_before[COUNTS]; /* pages, before anything was mapped */

static void read_counts(uint64_t found[COUNTS])
{
	const char *line = slurp("/proc/self/status");

	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		for (size_t i = 0; i < COUNTS; i++)
			if (strncmp(line, counts[i], strlen(counts[i])) == 0)
				found[i] = strtoull(line + strlen(counts[i]), NULL, 10) * 1024 / PAGE;
}

static void report_counts(void)
{
	uint64_t now[COUNTS];

	read_counts(now);
	say("status");
	for (size_t i = 0; i < COUNTS; i++)
		say(" %.*s %llu", (int)strlen(counts[i]) - 1, counts[i],
		    (unsigned long long)(now[i] - counts_before[i]));
	say("\n");
}

static void set_limit(int resource, rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max; /* none: as far as the hard limit goes */
	setrlimit(resource, &limit);
}

/* NAME PAGES: so many for the range; NAME -: no limit. */
static void do_rlimit(void)
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
static void set_privileged(bool on)
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

static void do_privileged(void)
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
static void do_thp_disable(void)
{
	const char *word = next_word();
	bool advised = word && strcmp(word, "advised") == 0, on = advised || (word && strcmp(word, "on") == 0);

	if (!word || (!on && strcmp(word, "off") != 0)) {
		say("X syntax\n");
		return;
	}
	say_result(prctl(PR_SET_THP_DISABLE, (unsigned long)on, advised ? 2UL : 0UL, 0UL, 0UL));
}

/* --- sys NAME ...: system calls with their arguments as they are --------------------------------------------------------- */

/* A number in C's way, also below 0; @PAGES, @PAGES+BYTES, @PAGES-BYTES: an address in the range, or near. */
static bool argument(uint64_t *value)
{
	char *word = next_word(), *end;
	uint64_t start = 0;

	if (!word)
		return false;
	if (*word == '@') {
		start = BASE + strtoull(word + 1, &end, 10) * PAGE;
		word = end;
	}
	*value = start + strtoull(word, &end, 0);
	return !*end && (end != word || start);
}

/* As many as there are, at most @most. */
static size_t arguments(uint64_t *values, size_t most)
{
	size_t n = 0;

	while (n < most && argument(&values[n]))
		n++;
	return n;
}

/* f, fr, fw: files of memory, to read and write, to read, to write. d, dr, dw: of a disk. */
static struct {
	const char *name;
	int access, fd;
} files[] = { { "f", O_RDWR, -1 }, { "fr", O_RDONLY, -1 }, { "fw", O_WRONLY, -1 },
	      { "d", O_RDWR, -1 }, { "dr", O_RDONLY, -1 }, { "dw", O_WRONLY, -1 } };

static int new_file(bool of_disk)
{
	return of_disk ? open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
		       : memfd_create("vmalock_oracle", MFD_CLOEXEC);
}

/* Of a disk with its pages, so that reading ahead brings no more. */
static void fill_file(int fd)
{
	static const uint8_t zeros[4096];

	for (uint64_t page = 0; page < pages; page++)
		if (pwrite(fd, zeros, sizeof(zeros), (off_t)(page * PAGE)) != (ssize_t)sizeof(zeros))
			_exit(1);
}

/* Opened once more with the access it is for; made when it is named first. */
static int open_file(size_t at)
{
	char path[40];
	int fd = at == 0 ? file : new_file(files[at].name[0] == 'd');

	if (at == 0 || fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)(pages * PAGE)))
		_exit(1);
	if (files[at].name[0] == 'd')
		fill_file(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	files[at].fd = open(path, files[at].access | O_CLOEXEC);
	close(fd);
	return files[at].fd;
}

static int file_word(void)
{
	const char *word = next_word();

	for (size_t i = 0; word && i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(word, files[i].name) == 0)
			return files[i].fd < 0 ? open_file(i) : files[i].fd;
	return -1;
}

/* Those that the range's own file is not among are empty again with reset. */
static void close_files(void)
{
	for (size_t i = 1; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i].fd >= 0)
			close(files[i].fd);
		files[i].fd = -1;
	}
}

/* An address of the range, where what reaches beyond is cut off; what lies elsewhere goes at once. */
static void say_place(long place, uint64_t length)
{
	uint64_t address = (uint64_t)place, end = address + (length + PAGE - 1) / PAGE * PAGE,
		 last = BASE + pages * PAGE;
	bool is_here = address >= BASE && address < last;

	if (place < 0 && place > -(long)PAGE) {
		say_errno();
		return;
	}
	if (!is_here)
		munmap((void *)address, end - address);
	else if (end > last)
		munmap((void *)(uintptr_t)last, end - last);
	if (is_here)
		say_address((void *)address);
	else
		say("@away ok\n");
}

static void say_status(long result)
{
	say_result(result < 0 ? -1 : 0);
}

static void sys_mmap(void)
{
	uint64_t a[5];

	if (arguments(a, 5) == 5)
		say_place(syscall(SYS_mmap, a[0], a[1], a[2], a[3], (long)file_word(), a[4]), a[1]);
	else
		say("X syntax\n");
}

static void sys_mremap(void)
{
	uint64_t a[5];

	if (arguments(a, 5) == 5)
		say_place(syscall(SYS_mremap, a[0], a[1], a[2], a[3], a[4]), a[2]);
	else
		say("X syntax\n");
}

static void sys_mincore(void)
{
	static unsigned char resident[4 * MOST_PAGES];
	uint64_t a[2];

	if (arguments(a, 2) == 2)
		say_status(syscall(SYS_mincore, a[0], a[1], resident));
	else
		say("X syntax\n");
}

/* START LENGTH MODE NODES FLAGS */
static void sys_mbind(void)
{
	uint64_t a[5];

	if (arguments(a, 5) == 5)
		say_status(syscall(SYS_mbind, a[0], a[1], a[2], &a[3], 65UL, a[4]));
	else
		say("X syntax\n");
}

static void sys_set_mempolicy(void)
{
	uint64_t a[2];

	if (arguments(a, 2) == 2)
		say_status(syscall(SYS_set_mempolicy, a[0], &a[1], 65UL));
	else
		say("X syntax\n");
}

/* ADDRESS FLAGS */
static void sys_get_mempolicy(void)
{
	unsigned long nodes[16] = { 0 };
	uint64_t a[2];
	int mode = 0;

	if (arguments(a, 2) != 2)
		say("X syntax\n");
	else if (syscall(SYS_get_mempolicy, &mode, nodes, 1024UL, a[0], a[1]))
		say_errno();
	else
		say("%d:%lx ok\n", mode, nodes[0]);
}

/* ADVICE FLAGS [START LENGTH]... */
static void sys_process_madvise(void)
{
	uint64_t a[2 + 2 * 8];
	size_t n = arguments(a, sizeof(a) / sizeof(a[0]));
	static int self = -1;
	long done;

	if (n < 2 || n % 2) {
		say("X syntax\n");
		return;
	}
	if (self < 0)
		self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	done = syscall(SYS_process_madvise, self, &a[2], (n - 2) / 2, a[0], a[1]);
	if (done < 0)
		say_errno();
	else
		say("%ld ok\n", done);
}

/* @bytes: from where the heap begins, or an address of the range or above. */
static int64_t set_brk(uint64_t bytes)
{
	static uint64_t start;

	if (!start)
		start = (uint64_t)syscall(SYS_brk, 0);
	return (int64_t)((uint64_t)syscall(SYS_brk, bytes < BASE ? start + bytes : bytes) - start);
}

static void sys_brk(void)
{
	uint64_t bytes;

	if (argument(&bytes))
		say("%lld ok\n", (long long)set_brk(bytes));
	else
		say("X syntax\n");
}

static void sys_ftruncate(void)
{
	uint64_t length;

	if (argument(&length))
		say_status(syscall(SYS_ftruncate, (long)file_word(), length));
	else
		say("X syntax\n");
}

static void sys_punch(void)
{
	uint64_t a[2];

	if (arguments(a, 2) == 2)
		say_status(syscall(SYS_fallocate, (long)file_word(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a[0],
				   a[1]));
	else
		say("X syntax\n");
}

static void sys_mdwe(void)
{
	uint64_t bits;

	has_seals = true; /* PR_SET_MDWE: it holds as long as the process image, without NO_INHERIT for ever */
	if (argument(&bits))
		say_status(prctl(65, bits, 0UL, 0UL, 0UL));
	else
		say("X syntax\n");
}

static void sys_thp_disable(void)
{
	uint64_t a[2];

	if (arguments(a, 2) == 2)
		say_status(prctl(PR_SET_THP_DISABLE, a[0], a[1], 0UL, 0UL));
	else
		say("X syntax\n");
}

/* FEATURES, of one that is closed at once; what else the kernel tells is not asked for. */
static void sys_uffd_api(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = new_uffd(), result;
	uint64_t features;

	if (!argument(&features)) {
		say("X syntax\n");
		return;
	}
	api.features = features;
	result = ioctl(fd, UFFDIO_API, &api);
	say_result(result);
	close(fd);
}

static const struct {
	const char *name;
	unsigned long request;
	size_t count; /* of words before the one that names the userfaultfd */
} ioctls[] = {
	{ "register", UFFDIO_REGISTER, 3 },    { "unregister", UFFDIO_UNREGISTER, 2 }, { "wake", UFFDIO_WAKE, 2 },
	{ "zeropage", UFFDIO_ZEROPAGE, 3 },    { "continue", UFFDIO_CONTINUE, 3 },     { "poison", UFFD_POISON, 3 },
	{ "protect", UFFDIO_WRITEPROTECT, 3 },
};

/* Whose words are those of the structure, in its order, all 64 bits wide; behind them comes what the kernel tells. */
static void sys_uffd_ioctl(const char *name)
{
	uint64_t a[6] = { 0 };
	int n, result;

	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		if (strcmp(name, ioctls[i].name) != 0)
			continue;
		if (arguments(a, ioctls[i].count) != ioctls[i].count || (n = uffd_word()) < 0) {
			say("X syntax\n");
			return;
		}
		result = ioctl(uffds[n], ioctls[i].request, a);
		say_filled(result, (int64_t)a[3]);
		return;
	}
	say("X unknown operation\n");
}

/* TO LENGTH MODE, or TO FROM LENGTH MODE; and the userfaultfd */
static void sys_uffd_copy_or_move(bool moves)
{
	static uint8_t bytes[64 * 4096];
	uint64_t a[4] = { 0 };
	struct uffdio_copy c;
	size_t count = moves ? 4 : 3;
	int n, result;

	if (arguments(a, count) != count || (n = uffd_word()) < 0) {
		say("X syntax\n");
		return;
	}
	memset(bytes, 7, sizeof(bytes));
	c = moves ? (struct uffdio_copy){ a[0], a[1], a[2], a[3], 0 }
		  : (struct uffdio_copy){ a[0], (uintptr_t)bytes, a[1], a[2], 0 };
	result = ioctl(uffds[n], moves ? UFFD_MOVE : UFFDIO_COPY, &c);
	say_filled(result, c.copy);
}

static void sys_uffd(const char *name)
{
	if (strcmp(name, "api") == 0)
		sys_uffd_api();
	else if (strcmp(name, "copy") == 0)
		sys_uffd_copy_or_move(false);
	else if (strcmp(name, "move") == 0)
		sys_uffd_copy_or_move(true);
	else
		sys_uffd_ioctl(name);
}

/* Those whose arguments are numbers, and whose answer is an error or none. */
static const struct {
	const char *name;
	long number;
	size_t count;
} plain_calls[] = {
	{ "munmap", SYS_munmap, 2 },
	{ "mprotect", SYS_mprotect, 3 },
	{ "madvise", SYS_madvise, 3 },
	{ "pkey_mprotect", SYS_pkey_mprotect, 4 },
	{ "mlock", SYS_mlock, 2 },
	{ "mlock2", SYS_mlock2, 3 },
	{ "munlock", SYS_munlock, 2 },
	{ "mlockall", SYS_mlockall, 1 },
	{ "msync", SYS_msync, 3 },
	{ "mseal", SYS_MSEAL, 3 },
	{ "remap_file_pages", SYS_remap_file_pages, 5 },
};

static const struct {
	const char *name;
	void (*call)(void);
} special_calls[] = {
	{ "mmap", sys_mmap },
	{ "mremap", sys_mremap },
	{ "mincore", sys_mincore },
	{ "mbind", sys_mbind },
	{ "set_mempolicy", sys_set_mempolicy },
	{ "get_mempolicy", sys_get_mempolicy },
	{ "process_madvise", sys_process_madvise },
	{ "brk", sys_brk },
	{ "ftruncate", sys_ftruncate },
	{ "punch", sys_punch },
	{ "mdwe", sys_mdwe },
	{ "thp_disable", sys_thp_disable },
};

static void plain_call(long number, size_t count)
{
	uint64_t a[6] = { 0 };
	long result;

	if (arguments(a, count) != count) {
		say("X syntax\n");
		return;
	}
	result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	has_seals |= number == SYS_MSEAL && result == 0;
	say_status(result);
}

static void do_sys(void)
{
	const char *name = next_word();

	if (name && strncmp(name, "uffd_", 5) == 0) {
		sys_uffd(name + 5);
		return;
	}
	for (size_t i = 0; name && i < sizeof(plain_calls) / sizeof(plain_calls[0]); i++) {
		if (strcmp(name, plain_calls[i].name) == 0) {
			plain_call(plain_calls[i].number, plain_calls[i].count);
			return;
		}
	}
	for (size_t i = 0; name && i < sizeof(special_calls) / sizeof(special_calls[0]); i++) {
		if (strcmp(name, special_calls[i].name) == 0) {
			special_calls[i].call();
			return;
		}
	}
	say("X unknown operation\n");
}

static void call(const char *name)
{
	static unsigned char resident[MOST_PAGES + 1];
	uint64_t offset, length;
	int prot;

	if (!amount(&offset) || !amount(&length)) {
		say("X syntax\n");
	} else if (!inside(offset, length)) {
		say("X range\n");
	} else if (strcmp(name, "mmap") == 0) {
		do_mmap(offset, length);
	} else if (strcmp(name, "munmap") == 0) {
		say_result(munmap(at(offset), length));
	} else if (strcmp(name, "mprotect") == 0) {
		if (protection(&prot))
			say_result(mprotect(at(offset), length, prot));
		else
			say("X syntax\n");
	} else if (strcmp(name, "mremap") == 0) {
		do_mremap(offset, length);
	} else if (strcmp(name, "madvise") == 0) {
		do_madvise(offset, length);
	} else if (strcmp(name, "mlock") == 0) {
		say_result(mlock(at(offset), length));
	} else if (strcmp(name, "munlock") == 0) {
		say_result(munlock(at(offset), length));
	} else if (strcmp(name, "msync") == 0) {
		say_result(msync(at(offset), length, msync_flags()));
	} else if (strcmp(name, "mlock2") == 0) {
		say_result((int)syscall(SYS_mlock2, at(offset), length, 1)); /* MLOCK_ONFAULT */
	} else if (strcmp(name, "mseal") == 0) {
		do_mseal(offset, length);
	} else if (strcmp(name, "remap_file_pages") == 0) {
		do_remap_file_pages(offset, length);
	} else if (strcmp(name, "mbind") == 0) {
		do_mbind(offset, length);
	} else if (strcmp(name, "mincore") == 0) {
		say_result(mincore(at(offset), length, resident));
	} else {
		say("X unknown operation\n");
	}
}

static void do_fork(bool flags)
{
	int status;
	pid_t child;

	flush_out();
	child = fork();
	if (child == 0) {
		say("child ");
		if (flags)
			report_flags();
		else
			report("c");
		flush_out();
		_exit(0);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	close_child_uffd();
	say_result(child > 0 ? 0 : -1);
}

/* c, f, o: MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT */
static void do_mlockall(void)
{
	const char *word = next_word();

	if (!word || strspn(word, "cfo-") != strlen(word)) {
		say("X syntax\n");
		return;
	}
	say_result(mlockall((strchr(word, 'c') ? 1 : 0) | (strchr(word, 'f') ? 2 : 0) | (strchr(word, 'o') ? 4 : 0)));
}

static void reset(void)
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

/* ftruncate LENGTH, of the file that `f` maps. */
static void do_ftruncate(void)
{
	uint64_t length;

	if (amount(&length))
		say_result(ftruncate(file, (off_t)length));
	else
		say("X syntax\n");
}

/* punch OFFSET LENGTH, of the same. */
static void do_punch(void)
{
	uint64_t offset, length;

	if (amount(&offset) && amount(&length))
		say_result(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length));
	else
		say("X syntax\n");
}

/* pwrite OFFSET VALUE: one byte of the same. */
static void do_pwrite(void)
{
	uint64_t offset;
	const char *value;

	if (!amount(&offset)) {
		say("X syntax\n");
		return;
	}
	value = next_word();
	say_result(pwrite(file, &(uint8_t){ (uint8_t)(value ? atoi(value) : 0) }, 1, (off_t)offset) == 1 ? 0 : -1);
}

static void answer(char *line)
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
