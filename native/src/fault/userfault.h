/*
 * fault/userfault.h - pages that a userfaultfd brings
 */
#ifndef VMALOCK_FAULT_USERFAULT_H
#define VMALOCK_FAULT_USERFAULT_H

#include "mm/userfault.h"

/* Where the page of a fill comes from. */
enum userfault_source {
	USERFAULT_COPY,     /* the caller's bytes */
	USERFAULT_ZEROPAGE, /* zeros */
	USERFAULT_CONTINUE, /* the page that is in the file */
	USERFAULT_POISON,   /* none: its bytes are lost */
};

struct userfault_fill {
	enum userfault_source source;
	uint64_t addr, length; /* bytes */
	const uint8_t *bytes;  /* COPY */
	uint64_t mode;         /* VMALOCK_UFFD_COPY_ bits, which those of the others are, too */
};

/*
 * UFFDIO_COPY, _ZEROPAGE, _CONTINUE, _POISON: vmalock_uffd_copy() and its neighbours. @done: bytes that were filled, also after an error.
 * Context: no lock.
 */
must_check int userfault_fill(struct userfault_ctx *ctx, const struct userfault_fill *fill, uint64_t *done);

struct userfault_move {
	uint64_t to, from, length; /* bytes */
	uint64_t mode;             /* VMALOCK_UFFD_MOVE_ bits */
};

/* UFFDIO_MOVE: vmalock_uffd_move(). @done: bytes that moved, also after an error. Context: no lock. */
must_check int userfault_move(struct userfault_ctx *ctx, const struct userfault_move *move, uint64_t *done);

#endif
