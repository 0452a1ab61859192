/*
 * base/check.h - assertions: what must be true whatever a user does
 *
 * check() is level 1: O(1), on in every test build. check_walk() is level 2: whole structures. A failed one prints
 * where and why and aborts; it never stands for an error that a user can cause.
 */
#ifndef VMALOCK_BASE_CHECK_H
#define VMALOCK_BASE_CHECK_H

#include "base/config.h"

__attribute__((noreturn, cold)) void check_failed(const char *file, int line, const char *what);

#if VMALOCK_CHECK_LEVEL >= 1
#define check(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))
#else
#define check(cond) ((void)sizeof(cond))
#endif

#if VMALOCK_CHECK_LEVEL >= 2
#define check_walk(cond) check(cond)
#else
#define check_walk(cond) ((void)sizeof(cond))
#endif

#endif
