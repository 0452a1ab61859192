/*
 * oracle.h - what the sources of the oracle share
 *
 * The oracle asks the running kernel: one memory operation a line on standard input, one answer a line. The operations are done for
 * real, on a range of pages of this process that nothing else lies near; the same lines are answered by `vmalock exec` from the
 * model, so that the two can be compared. The protocol is in exec's --help.
 *
 *   cd test/kernel/oracle && cc -O2 -pthread -o /tmp/kernel_oracle $(ls | grep 'c$') && /tmp/kernel_oracle -p 64 < script
 *
 * A load or store that the kernel refuses ends in a signal, whose handler jumps back with its code. After the start
 * nothing here maps memory of its own: buffers are static, and answers are written by write(2).
 */
#ifndef VMALOCK_TEST_ORACLE_H
#define VMALOCK_TEST_ORACLE_H

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

/* --- main.c: lines in, answers out; a new process image where nothing else makes the range empty */

extern uint64_t pages;
extern bool may_swap;  /* -s: pages may be out, which mincore(2) does not tell from those on their way */
extern bool has_seals; /* then nothing but a new process image makes the range empty */
extern int file;       /* what `f` maps: as long as the range */
void reset(void);
void answer(char *line);

/* --- protocol.c: what is read, and what is answered */

void flush_out(void);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void say_errno(void);
void say_result(int result);
void say_address(const void *p);
char *next_word(void);
bool amount_of(char *word, uint64_t *bytes);
bool amount(uint64_t *bytes);
bool protection(int *prot);
bool inside(uint64_t offset, uint64_t length);
void *at(uint64_t offset);

/* --- touch.c: loads, stores and fetches, whose signals are answers */

void on_signal(int number, siginfo_t *info, void *context);
void touch(bool store);
void fetch(void);

/* --- mapped.c: what is mapped, in memory, and counted: /proc/self and mincore(2) */

struct row {
	uint64_t first, end, offset; /* pages */
	char perms[5];
	char kind; /* a, f or s */
};

extern struct row rows[MOST_PAGES];
extern size_t row_count;
const char *slurp(const char *path);
void read_rows(bool join);
void report(const char *options);
void report_flags(void);
void report_smaps(void);

/* --- operations.c: the operations of the protocol, but for those that have a file of their own */

void call(const char *name);
void do_fork(bool flags);
void do_mlockall(void);
void do_ftruncate(void);
void do_punch(void);
void do_pwrite(void);

/* --- userfaultfd.c: userfaultfds, and the thread that reads of changes */

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

extern int uffds[UFFDS + 1];
extern pthread_mutex_t told_lock;
extern size_t told_length;
void say_told(void);
void close_child_uffd(void);
int new_uffd(void);
int uffd_word(void);
void say_filled(int result, int64_t bytes);
void uffd_call(const char *name);
void uffd_close(void);

/* --- policies.c: memory policies: bind:0, interleave=static:0,1, local */

void do_mbind(uint64_t offset, uint64_t length);
void say_policy(void);

/* --- limits.c: limits, rights and counts, less what the oracle itself needs */

enum { COUNT_SIZE, COUNT_DATA, COUNT_LOCKED, COUNT_STACK, COUNT_LIB, COUNTS };

extern uint64_t counts_before[COUNTS]; /* pages, before anything was mapped */
void read_counts(uint64_t found[COUNTS]);
void report_counts(void);
void set_limit(int resource, rlim_t bytes);
void do_rlimit(void);
void set_privileged(bool on);
void do_privileged(void);
void do_thp_disable(void);

/* --- system_calls.c: sys NAME ...: system calls with their arguments as they are */

void close_files(void);
int64_t set_brk(uint64_t bytes);
void do_sys(void);

#endif
