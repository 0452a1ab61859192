/*
 * vmalock_errors.h - every code that a call can return, in one list
 *
 * Codes are Linux's errno values, negative when returned, so that a recorded program's results compare as numbers;
 * those without an errno begin at 1000. scripts/gen-errors makes lib/internal/errors.generated.ts from this list.
 */
#ifndef VMALOCK_ERRORS_H
#define VMALOCK_ERRORS_H

/* X(name, errno, text) */
#define VMALOCK_ERRORS(X)                                                                                               \
	X(EPERM, 1, "operation not permitted")                                                                          \
	X(ENOENT, 2, "no such object")                                                                                  \
	X(EINTR, 4, "interrupted")                                                                                      \
	X(EIO, 5, "input/output error")                                                                                 \
	X(EBADF, 9, "bad file")                                                                                         \
	X(EAGAIN, 11, "try again")                                                                                      \
	X(ENOMEM, 12, "not enough memory, or no room in the address space")                                             \
	X(EACCES, 13, "permission denied")                                                                              \
	X(EFAULT, 14, "bad address")                                                                                    \
	X(EBUSY, 16, "busy")                                                                                            \
	X(EEXIST, 17, "part of the range is already mapped")                                                            \
	X(ENODEV, 19, "this file cannot be mapped so")                                                                  \
	X(EINVAL, 22, "invalid argument")                                                                               \
	X(ETXTBSY, 26, "text file busy")                                                                                \
	X(EFBIG, 27, "file too large")                                                                                  \
	X(ENOSYS, 38, "not modelled")                                                                                   \
	X(EOVERFLOW, 75, "value too large")                                                                             \
	X(EOPNOTSUPP, 95, "operation not supported")                                                                    \
	X(ECANCELED, 125, "cancelled")                                                                                  \
	X(EHWPOISON, 133, "the page is poisoned")                                                                       \
	X(SIGSEGV_MAPERR, 1000, "segmentation fault: address not mapped")                                               \
	X(SIGSEGV_ACCERR, 1001, "segmentation fault: access not permitted by the mapping")                              \
	X(SIGBUS, 1002, "bus error: beyond the end of the file")                                                        \
	X(BROKEN, 1003, "a broken invariant was found")                                                                 \
	X(BAD_TRACE, 1004, "not a trace that can be replayed")                                                          \
	X(USERFAULT, 1005, "a page that a userfaultfd is to resolve, and this thread does not wait for it")             \
	X(SIGBUS_MCEERR, 1006, "bus error: the page is poisoned")

enum vmalock_error {
#define VMALOCK_ERROR_ENUM(name, number, text) VMALOCK_##name = -(number),
	VMALOCK_ERRORS(VMALOCK_ERROR_ENUM)
#undef VMALOCK_ERROR_ENUM
};

#endif
