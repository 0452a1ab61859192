/*
 * api/userfault.c - userfaultfds, and how a thread meets them
 */
#include <errno.h>

#include "api/handle.h"
#include "fault/userfault.h"
#include "mm/userfault_manner.h"
#include "ops/userfault_register.h"
#include "sync/thread_id.h"

#define MODELLED                                                                                                        \
	(VMALOCK_UFFD_FEATURE_EVENT_FORK | VMALOCK_UFFD_FEATURE_EVENT_REMAP | VMALOCK_UFFD_FEATURE_EVENT_REMOVE |       \
	 VMALOCK_UFFD_FEATURE_EVENT_UNMAP | VMALOCK_UFFD_FEATURE_PAGEFAULT_FLAG_WP |                                    \
	 VMALOCK_UFFD_FEATURE_MISSING_SHMEM | VMALOCK_UFFD_FEATURE_SIGBUS | VMALOCK_UFFD_FEATURE_THREAD_ID |            \
	 VMALOCK_UFFD_FEATURE_MINOR_SHMEM | VMALOCK_UFFD_FEATURE_EXACT_ADDRESS |                                        \
	 VMALOCK_UFFD_FEATURE_WP_HUGETLBFS_SHMEM | VMALOCK_UFFD_FEATURE_WP_UNPOPULATED | VMALOCK_UFFD_FEATURE_POISON |  \
	 VMALOCK_UFFD_FEATURE_WP_ASYNC | VMALOCK_UFFD_FEATURE_MOVE)

/* All of Linux 6.18. */
#define KNOWN ((UINT64_C(1) << 17) - 1)

static struct userfault_ctx *ctx_of(vmalock_uffd *handle)
{
	return (struct userfault_ctx *)(void *)handle;
}

int vmalock_uffd_create(vmalock_mm *mm, uint64_t features, vmalock_uffd **out)
{
	struct userfault_ctx *ctx;
	int err;

	if ((features & VMALOCK_UFFD_FEATURE_EVENT_FORK) && !mm_is_privileged(mm_of(mm)))
		return -EPERM;
	if (features & ~KNOWN)
		return -EINVAL;
	if (features & ~MODELLED)
		return -ENOSYS;
	/* Who looks later what was written must not miss what was empty. */
	if (features & VMALOCK_UFFD_FEATURE_WP_ASYNC)
		features |= VMALOCK_UFFD_FEATURE_WP_UNPOPULATED;
	err = userfault_create(mm_of(mm), features, &ctx);
	if (!err)
		*out = (vmalock_uffd *)(void *)ctx;
	return err;
}

void vmalock_uffd_get(vmalock_uffd *uffd)
{
	refcount_get(&ctx_of(uffd)->handles);
}

void vmalock_uffd_close(vmalock_uffd *uffd)
{
	op_userfault_close(ctx_of(uffd));
}

void vmalock_uffd_put(vmalock_uffd *uffd)
{
	struct userfault_ctx *ctx = ctx_of(uffd);

	if (!refcount_put(&ctx->handles))
		return;
	op_userfault_close(ctx);
	userfault_put(ctx);
}

int vmalock_uffd_register(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode)
{
	return op_userfault_register(ctx_of(uffd), addr, length, mode);
}

int vmalock_uffd_unregister(vmalock_uffd *uffd, uint64_t addr, uint64_t length)
{
	return op_userfault_unregister(ctx_of(uffd), addr, length);
}

static int fill(vmalock_uffd *uffd, struct userfault_fill what, uint64_t *done)
{
	uint64_t came;
	int err = userfault_fill(ctx_of(uffd), &what, &came);

	if (done)
		*done = came;
	return err;
}

int vmalock_uffd_copy(vmalock_uffd *uffd, uint64_t addr, const void *bytes, uint64_t length, uint64_t mode,
		      uint64_t *done)
{
	return fill(uffd, (struct userfault_fill){ USERFAULT_COPY, addr, length, bytes, mode }, done);
}

int vmalock_uffd_zeropage(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode, uint64_t *done)
{
	return fill(uffd, (struct userfault_fill){ USERFAULT_ZEROPAGE, addr, length, NULL, mode }, done);
}

int vmalock_uffd_continue(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode, uint64_t *done)
{
	return fill(uffd, (struct userfault_fill){ USERFAULT_CONTINUE, addr, length, NULL, mode }, done);
}

int vmalock_uffd_poison(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode, uint64_t *done)
{
	return fill(uffd, (struct userfault_fill){ USERFAULT_POISON, addr, length, NULL, mode }, done);
}

int vmalock_uffd_move(vmalock_uffd *uffd, uint64_t to, uint64_t from, uint64_t length, uint64_t mode, uint64_t *done)
{
	struct userfault_move move = { .to = to, .from = from, .length = length, .mode = mode };
	uint64_t moved;
	int err = userfault_move(ctx_of(uffd), &move, &moved);

	if (done)
		*done = moved;
	return err;
}

int vmalock_uffd_writeprotect(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t mode)
{
	return op_userfault_protect(ctx_of(uffd), addr, length, mode);
}

int vmalock_uffd_wake(vmalock_uffd *uffd, uint64_t addr, uint64_t length)
{
	int err = userfault_check_range(addr, length);

	if (!err && userfault_is_closed(ctx_of(uffd)))
		err = -EBADF;
	if (!err)
		userfault_wake(ctx_of(uffd), addr, addr + length);
	return err;
}

int vmalock_uffd_read(vmalock_uffd *uffd, struct vmalock_uffd_event *out, uint64_t timeout_ns)
{
	return userfault_read(ctx_of(uffd), out, timeout_ns);
}

void vmalock_uffd_notify(vmalock_uffd *uffd, void (*notify)(void *arg), void *arg)
{
	userfault_set_notify(ctx_of(uffd), notify, arg);
}

void vmalock_thread_userfaults(enum vmalock_userfaults how, int (*go_on)(void *arg), void *arg)
{
	struct userfault_manner manner = { .returns = how == VMALOCK_USERFAULTS_RETURN, .go_on = go_on, .arg = arg };

	userfault_set_manner(&manner);
}

void vmalock_set_thread_id(uint32_t id)
{
	sync_set_thread_id(id);
}
