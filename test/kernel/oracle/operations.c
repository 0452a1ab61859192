/* operations.c - the operations of the protocol, but for those that have a file of their own */
#include "oracle.h"

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

void call(const char *name)
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

void do_fork(bool flags)
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
void do_mlockall(void)
{
	const char *word = next_word();

	if (!word || strspn(word, "cfo-") != strlen(word)) {
		say("X syntax\n");
		return;
	}
	say_result(mlockall((strchr(word, 'c') ? 1 : 0) | (strchr(word, 'f') ? 2 : 0) | (strchr(word, 'o') ? 4 : 0)));
}

/* ftruncate LENGTH, of the file that `f` maps. */
void do_ftruncate(void)
{
	uint64_t length;

	if (amount(&length))
		say_result(ftruncate(file, (off_t)length));
	else
		say("X syntax\n");
}

/* punch OFFSET LENGTH, of the same. */
void do_punch(void)
{
	uint64_t offset, length;

	if (amount(&offset) && amount(&length))
		say_result(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length));
	else
		say("X syntax\n");
}

/* pwrite OFFSET VALUE: one byte of the same. */
void do_pwrite(void)
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
