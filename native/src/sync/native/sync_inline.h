/*
 * sync/native/sync_inline.h - the parts of sync.h that a fault calls, inlined
 */
#ifndef VMALOCK_SYNC_NATIVE_INLINE_H
#define VMALOCK_SYNC_NATIVE_INLINE_H

#define THREAD_INDEX_UNSET UINT32_MAX

extern __thread uint32_t sync_thread_index_cached;

/* Gives the calling thread its number, to be handed back when it ends. */
uint32_t sync_thread_index_assign(void);

static inline uint32_t sync_thread_index(void)
{
	uint32_t index = sync_thread_index_cached;

	return likely(index != THREAD_INDEX_UNSET) ? index : sync_thread_index_assign();
}

#endif
