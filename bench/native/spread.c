#include "spread.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between the two nearest, in proportion. */
static double at_fraction(const double *sorted, size_t n, double fraction)
{
	double place = fraction * (double)(n - 1);
	size_t below = (size_t)place;
	double beyond = place - (double)below;

	return below + 1 < n ? sorted[below] * (1 - beyond) + sorted[below + 1] * beyond : sorted[below];
}

struct spread spread_of(double *values, size_t n)
{
	struct spread s = { .n = n };

	if (!n)
		return s;
	qsort(values, n, sizeof(*values), ascending);
	s.median = at_fraction(values, n, 0.5);
	s.p10 = at_fraction(values, n, 0.1);
	s.p90 = at_fraction(values, n, 0.9);
	return s;
}
