/*
 * seldom_calls.c - calls that few programs make: policies, seals, keys, System V memory, advice for another process
 *
 * What each does is left standing for the layout at the end, and some are refused. Recorded by strace; see README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define SYS_MSEAL 462
#define MPOL_BIND 2
#define MPOL_INTERLEAVE 3
#define MPOL_F_STATIC_NODES 0x8000

static char *pages(unsigned long n)
{
	return mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void policies(void)
{
	unsigned long node0 = 1, node1 = 2;
	char *area = pages(6), *copy = pages(1);
	int mode;

	area[0] = copy[0] = 1;
	syscall(SYS_mbind, area + PAGE, PAGE, MPOL_BIND | MPOL_F_STATIC_NODES, &node0, 64ul, 0);
	syscall(SYS_mbind, area + 2 * PAGE, PAGE, MPOL_BIND, &node1, 64ul, 0); /* EINVAL: one node */
	syscall(SYS_mbind, area + 4 * PAGE, 2 * PAGE, MPOL_INTERLEAVE, &node0, 64ul, 1 | 2);
	syscall(SYS_mbind, area + 5 * PAGE, PAGE, 0, NULL, 0ul, 0);
	syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &node0, 64ul);
	syscall(SYS_get_mempolicy, &mode, NULL, 0ul, area + PAGE, 2ul);
	syscall(SYS_set_mempolicy, 0, NULL, 0ul);
}

static void seals_and_keys(void)
{
	char *area = pages(4);

	syscall(SYS_pkey_mprotect, area, PAGE, PROT_READ, -1);
	syscall(SYS_pkey_mprotect, area + PAGE, PAGE, PROT_READ, 77); /* EINVAL */
	syscall(SYS_MSEAL, area + 2 * PAGE, PAGE, 0ul);
	munmap(area + PAGE, 3 * PAGE); /* EPERM */
	mprotect(area + 2 * PAGE, PAGE, PROT_READ);
	syscall(SYS_MSEAL, area + 2 * PAGE, 100 * PAGE, 0ul);
}

static void segments(void)
{
	int own = shmget(IPC_PRIVATE, 3 * PAGE - 100, IPC_CREAT | 0600);
	char *first = shmat(own, pages(6), SHM_REMAP), *second = shmat(own, NULL, SHM_RDONLY);

	first[0] = 1;
	munmap(first + PAGE, PAGE);
	shmat(own, first, 0);                              /* EINVAL: in use */
	shmat(own, first + PAGE + 7, SHM_RND | SHM_REMAP); /* over the hole and what follows */
	shmdt(first + PAGE + 7);                           /* EINVAL */
	shmdt(second);
	shmdt(second); /* EINVAL */
	shmdt(first);
	shmctl(own, IPC_RMID, NULL);
}

static void advice_for_a_child(void)
{
	char *area = pages(8);
	int gate[2];
	char byte;
	pid_t child;

	area[0] = 1;
	if (pipe(gate))
		return;
	child = fork();
	if (child == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) < 0)
			_exit(1);
		munmap(area + 4 * PAGE, PAGE);
		_exit(0);
	}
	struct iovec ranges[] = { { area, 2 * PAGE }, { area + 3 * PAGE, PAGE } };
	int fd = (int)syscall(SYS_pidfd_open, child, 0);

	syscall(SYS_process_madvise, fd, ranges, 2ul, MADV_COLD, 0);
	syscall(SYS_process_madvise, fd, ranges, 2ul, MADV_DONTNEED, 0); /* EINVAL: not another's */
	syscall(SYS_process_madvise, -10000, ranges, 2ul, MADV_DONTNEED, 0);
	close(gate[1]);
	waitpid(child, NULL, 0);
}

int main(void)
{
	policies();
	seals_and_keys();
	segments();
	advice_for_a_child();
	return 0;
}
