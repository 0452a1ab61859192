/*
 * sync/native/rcu_inline.h - the read section, inlined
 */
#ifndef VMALOCK_SYNC_NATIVE_RCU_INLINE_H
#define VMALOCK_SYNC_NATIVE_RCU_INLINE_H

extern __thread int rcu_thread_registered;

#if VMALOCK_CHECK_LEVEL >= 1
extern __thread uint32_t rcu_read_depth;
#define RCU_DEPTH(op) ((void)(op))
#else
#define RCU_DEPTH(op) ((void)0)
#endif

/* Registers the calling thread with liburcu, and has it unregistered when it ends. */
void rcu_thread_register(void);

static inline void rcu_read_lock(void)
{
	if (unlikely(!rcu_thread_registered))
		rcu_thread_register();
	urcu_memb_read_lock();
	RCU_DEPTH(rcu_read_depth++);
}

static inline void rcu_read_unlock(void)
{
	RCU_DEPTH(rcu_read_depth--);
	RCU_TSAN_RELEASE(&rcu_tsan_grace_period);
	urcu_memb_read_unlock();
}

#endif
