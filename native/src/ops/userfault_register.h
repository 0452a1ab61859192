/*
 * ops/userfault_register.h - which mappings hand their faults to a userfaultfd
 */
#ifndef VMALOCK_OPS_USERFAULT_REGISTER_H
#define VMALOCK_OPS_USERFAULT_REGISTER_H

#include "mm/userfault.h"
#include "ops/userfault_notices.h"

/* Whole pages of user memory, at least one. 0 or -EINVAL. What every request of a userfaultfd asks of its range first. */
must_check int userfault_check_range(uint64_t addr, uint64_t length);

/* UFFDIO_REGISTER, _UNREGISTER, _WRITEPROTECT: as vmalock_uffd_register() and its neighbours tell. Context: no lock. */
must_check int op_userfault_register(struct userfault_ctx *ctx, uint64_t addr, uint64_t length, uint64_t mode);
must_check int op_userfault_unregister(struct userfault_ctx *ctx, uint64_t addr, uint64_t length);
must_check int op_userfault_protect(struct userfault_ctx *ctx, uint64_t addr, uint64_t length, uint64_t mode);

/* Takes the context out of every VMA, then wakes whoever waits. Again: nothing. Context: no lock. */
void op_userfault_close(struct userfault_ctx *ctx);

/*
 * The same for one that nobody has got a handle of, a child's that nobody has read of: it ends. Return: the notices that it leaves, for
 * notices_discard().
 */
struct userfault_notices op_userfault_abandon(struct userfault_ctx *ctx);

#endif
