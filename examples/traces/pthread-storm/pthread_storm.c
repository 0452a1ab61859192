/*
 * pthread_storm N C - N short threads, C of them at a time
 *
 * Each touches 16 KiB of its stack, maps 64 KiB, touches that and unmaps it: page faults in many threads beside the
 * mappings that creating and joining threads makes. Build: cc -O2 -pthread -o pthread_storm pthread_storm.c
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *thread(void *arg)
{
	volatile char stack[16384];
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset((void *)stack, 1, sizeof(stack));
	for (int i = 0; i < 65536; i += 4096)
		p[i] = (char)i;
	munmap(p, 65536);
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 400, at_once = argc > 2 ? atoi(argv[2]) : 8;
	pthread_t *threads = calloc((size_t)at_once, sizeof(*threads));

	for (int i = 0; i < n; i++) {
		if (i >= at_once)
			pthread_join(threads[i % at_once], NULL);
		pthread_create(&threads[i % at_once], NULL, thread, NULL);
	}
	for (int i = n < at_once ? 0 : n - at_once; i < n; i++)
		pthread_join(threads[i % at_once], NULL);
	printf("done %d\n", n);
	return 0;
}
