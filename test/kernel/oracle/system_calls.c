/* system_calls.c - sys NAME ...: system calls with their arguments as they are */
#include "oracle.h"

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
void close_files(void)
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
int64_t set_brk(uint64_t bytes)
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

void do_sys(void)
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
