/*
 * api/error.c - codes to names and texts, from the one list in vmalock_errors.h
 */
#include <errno.h>
#include <stddef.h>

#include "vmalock.h"

/* The layers below return the host's errno: on Linux the same numbers. */
#define SAME_NUMBER(name, number, text)                                                                                 \
	_Static_assert((number) >= 1000 || (number) == name##_NUMBER, #name " is the host's number");
#define EPERM_NUMBER EPERM
#define ENOENT_NUMBER ENOENT
#define EINTR_NUMBER EINTR
#define EIO_NUMBER EIO
#define EBADF_NUMBER EBADF
#define EAGAIN_NUMBER EAGAIN
#define ENOMEM_NUMBER ENOMEM
#define EACCES_NUMBER EACCES
#define EFAULT_NUMBER EFAULT
#define EBUSY_NUMBER EBUSY
#define EEXIST_NUMBER EEXIST
#define ENODEV_NUMBER ENODEV
#define EINVAL_NUMBER EINVAL
#define ETXTBSY_NUMBER ETXTBSY
#define EFBIG_NUMBER EFBIG
#define ENOSYS_NUMBER ENOSYS
#define EOVERFLOW_NUMBER EOVERFLOW
#define EOPNOTSUPP_NUMBER EOPNOTSUPP
#define ECANCELED_NUMBER ECANCELED
#define EHWPOISON_NUMBER EHWPOISON
#define SIGSEGV_MAPERR_NUMBER 0
#define SIGSEGV_ACCERR_NUMBER 0
#define SIGBUS_NUMBER 0
#define BROKEN_NUMBER 0
#define BAD_TRACE_NUMBER 0
#define USERFAULT_NUMBER 0
#define SIGBUS_MCEERR_NUMBER 0
VMALOCK_ERRORS(SAME_NUMBER)

uint32_t vmalock_version(void)
{
	return VMALOCK_VERSION;
}

const char *vmalock_error_text(int code)
{
	switch (code) {
#define ERROR_TEXT(name, number, text)                                                                                  \
	case -(number):                                                                                                 \
		return text;
		VMALOCK_ERRORS(ERROR_TEXT)
	default:
		return NULL;
	}
}

const char *vmalock_error_name(int code)
{
	switch (code) {
#define ERROR_NAME(name, number, text)                                                                                  \
	case -(number):                                                                                                 \
		return #name;
		VMALOCK_ERRORS(ERROR_NAME)
	default:
		return NULL;
	}
}
