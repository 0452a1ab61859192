/*
 * spread.h - many measurements of one thing: the median and what four fifths of them lie between
 */
#ifndef BENCH_SPREAD_H
#define BENCH_SPREAD_H

#include <stddef.h>

struct spread {
	double median, p10, p90;
	size_t n;
};

/* Sorts @values. All zero when there are none. */
struct spread spread_of(double *values, size_t n);

#endif
