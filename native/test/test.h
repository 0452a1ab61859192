/*
 * test.h - what a native test needs: expectations that say where, and a list of cases to run
 *
 * A test file defines functions, lists them in an array of struct test_case, and ends in TEST_MAIN(cases). With an
 * argument only the cases whose name contains it run. A name is a sentence that is true when the case passes.
 */
#ifndef VMALOCK_TEST_H
#define VMALOCK_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

#define CASE(fn)                                                                                                        \
	{                                                                                                               \
#fn, fn                                                                                                 \
	}

#define expect(cond)                                                                                                    \
	do {                                                                                                            \
		if (!(cond)) {                                                                                          \
			fprintf(stderr, "%s:%d: expected: %s\n", __FILE__, __LINE__, #cond);                            \
			exit(1);                                                                                        \
		}                                                                                                       \
	} while (0)

#define expect_eq(actual, wanted)                                                                                       \
	do {                                                                                                            \
		uint64_t actual_ = (uint64_t)(actual), wanted_ = (uint64_t)(wanted);                                    \
		if (actual_ != wanted_) {                                                                               \
			fprintf(stderr, "%s:%d: %s is 0x%llx, expected 0x%llx\n", __FILE__, __LINE__, #actual,          \
				(unsigned long long)actual_, (unsigned long long)wanted_);                              \
			exit(1);                                                                                        \
		}                                                                                                       \
	} while (0)

static inline int test_run(const struct test_case *cases, size_t n, int argc, char **argv)
{
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && !strstr(cases[i].name, argv[1]))
			continue;
		printf("%s\n", cases[i].name);
		fflush(stdout);
		cases[i].run();
	}
	return 0;
}

#define TEST_MAIN(cases)                                                                                                \
	int main(int argc, char **argv)                                                                                 \
	{                                                                                                               \
		return test_run(cases, sizeof(cases) / sizeof((cases)[0]), argc, argv);                                 \
	}

#endif
