/*
 * aborting.h - a broken rule, in a process of its own: nothing but an assertion would tell, so it must end by abort()
 */
#ifndef VMALOCK_TEST_ABORTING_H
#define VMALOCK_TEST_ABORTING_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* Runs @act in a child. True: it ended by abort(). */
static inline int aborts(void (*act)(void *arg), void *arg)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	expect(child >= 0);
	if (child == 0) {
		expect(freopen("/dev/null", "w", stderr) != NULL);
		act(arg);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
