/*
 * layouts PROGRAM [ARGUMENTS...] - run a program and write its layouts beside a trace of it
 *
 * Stops the program twice: behind each execve of its first process, and when that process ends and its other threads
 * are gone. /proc/PID/maps of those moments goes to maps.initial and maps.final in the current folder, below a header
 * line as docs/trace-format.md has it. In between the program runs untouched, and so do its threads and children; it is
 * meant to run below a recorder:
 *
 *     perf record ... -- ./layouts PROGRAM [ARGUMENTS...]
 *
 * It is not for programs in which another thread than the first one calls execve.
 *
 * Build: cc -O2 -o layouts layouts.c
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "layouts: %s: %s\n", what, strerror(errno));
	exit(125);
}

static FILE *proc_file(pid_t pid, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	if (!file)
		die(path);
	return file;
}

static void write_header(FILE *out, pid_t pid, const char *why)
{
	char comm[32] = "";
	struct timespec now;
	FILE *in = proc_file(pid, "comm");

	if (fgets(comm, sizeof(comm), in))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(in);
	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(out, "# pid=%d why=%s time=%lld.%09ld comm=%s\n", (int)pid, why, (long long)now.tv_sec, now.tv_nsec,
		comm);
}

static void write_layout(const char *name, pid_t pid, const char *why)
{
	FILE *out = fopen(name, "a"), *in = proc_file(pid, "maps");
	char text[4096];
	size_t length;

	if (!out)
		die(name);
	write_header(out, pid, why);
	while ((length = fread(text, 1, sizeof(text), in)) > 0)
		fwrite(text, 1, length, out);
	fclose(in);
	if (fclose(out))
		die(name);
}

static int threads_of(pid_t pid)
{
	char path[64];
	int count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count - 2; /* less "." and ".." */
}

/* Up to two seconds: a thread may be deep in the kernel. Returns whether they are gone. */
static int await_other_threads(pid_t pid)
{
	const struct timespec a_moment = { .tv_nsec = 1000000 };

	for (int tries = 0; threads_of(pid) > 1 && tries < 2000; tries++)
		nanosleep(&a_moment, NULL);
	return threads_of(pid) == 1;
}

/* Lets the program go on until it has ended; returns its wait status. */
static int follow(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		int event = status >> 16, signal = WSTOPSIG(status);

		if (event == PTRACE_EVENT_EXEC)
			write_layout("maps.initial", pid, "exec");
		/* Other threads that stay are no sign of the end: one of them calls execve, or the first one has left. */
		if (event == PTRACE_EVENT_EXIT && await_other_threads(pid))
			write_layout("maps.final", pid, "exit");
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(event || signal == SIGTRAP ? 0 : signal)) &&
		    errno != ESRCH)
			die("cannot go on");
	}
	return status;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: layouts PROGRAM [ARGUMENTS...]\n");
		return 125;
	}
	remove("maps.initial");
	remove("maps.final");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		die(argv[1]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("the program did not start");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(long)(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)))
		die("ptrace");
	if (ptrace(PTRACE_CONT, pid, NULL, NULL))
		die("cannot start");
	status = follow(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
