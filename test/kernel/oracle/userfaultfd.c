/* userfaultfd.c - userfaultfds, and the thread that reads of changes */
#include "oracle.h"

int uffds[UFFDS + 1] = { -1, -1, -1, -1, -1 };
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
pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char told[1 << 14];
size_t told_length;
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
void say_told(void)
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

void close_child_uffd(void)
{
	pthread_mutex_lock(&told_lock);
	if (child_uffd >= 0)
		close(child_uffd);
	child_uffd = -1;
	pthread_mutex_unlock(&told_lock);
}

/* Without rights (vm.unprivileged_userfaultfd) it is of faults in user mode alone, and there are no others here. */
int new_uffd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fd : (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1); /* UFFD_USER_MODE_ONLY */
}

/* Which one the next word names; 1 when there is no word. -1: none. */
int uffd_word(void)
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

void say_filled(int result, int64_t bytes)
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
void uffd_call(const char *name)
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
void uffd_close(void)
{
	int n = uffd_word();

	if (n < 0) {
		say("X syntax\n");
		return;
	}
	close_uffd(n);
	say("0 ok\n");
}
