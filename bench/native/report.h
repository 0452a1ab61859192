/*
 * report.h - results for programs (JSON lines, bench/results.ts reads them) and for people
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

#include "harness.h"

/* One line: the result, and all that one must know to judge it (machine, kernel, compiler, commit, seed). */
void report_json(FILE *to, const struct bench *b, const struct result *r, const struct plan *plan);

/* Heads a case, then one line a contestant. */
void report_case(FILE *to, const struct workload *workload, uint32_t size);
void report_text(FILE *to, const struct bench *b, const struct result *r);

#endif
