/*
 * sync/native/rcu.c - registration, batches and grace periods on liburcu
 *
 * Lifetime   A thread that ends while registered would stop every later grace period, so a pthread key's destructor
 *            unregisters it. The addon is linked with -z nodelete: the destructor and liburcu's helper thread must
 *            stay mapped.
 * fork(2)    A host that forks keeps a working parent; in the child liburcu's helper thread is made anew.
 */
#include "sync/rcu.h"

#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"

#if VMALOCK_TSAN
char rcu_tsan_grace_period, rcu_tsan_callback;
#endif

__thread int rcu_thread_registered;
#if VMALOCK_CHECK_LEVEL >= 1
__thread uint32_t rcu_read_depth;
#endif

static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void unregister_thread(void *unused)
{
	(void)unused;
	rcu_thread_registered = 0;
	urcu_memb_unregister_thread();
}

static void initialise(void)
{
	sigset_t all, old;

	if (pthread_key_create(&thread_key, unregister_thread) != 0)
		check_failed(__FILE__, __LINE__, "pthread_key_create");
	/* The helper thread inherits the mask: the host's signal handlers are not to run on it (liburcu 0.13). */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	urcu_memb_get_default_call_rcu_data();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_atfork(urcu_memb_call_rcu_before_fork, urcu_memb_call_rcu_after_fork_parent,
		       urcu_memb_call_rcu_after_fork_child);
}

__attribute__((noinline)) void rcu_thread_register(void)
{
	pthread_once(&once, initialise);
	urcu_memb_register_thread();
	rcu_thread_registered = 1;
	pthread_setspecific(thread_key, &rcu_thread_registered);
}

bool rcu_read_held(void)
{
#if VMALOCK_CHECK_LEVEL >= 1
	return rcu_read_depth > 0;
#else
	return true;
#endif
}

/* What has gathered in a batch, on its way through one grace period. */
struct ticket {
	struct rcu_head head;
	struct rcu_node *nodes;
	void (*free_node)(struct rcu_node *node);
};

static void free_list(struct rcu_node *node, void (*free_node)(struct rcu_node *node))
{
	while (node) {
		struct rcu_node *next = node->next;

		free_node(node);
		node = next;
	}
}

static void grace_period_over(struct rcu_head *head)
{
	struct ticket *t = container_of(head, struct ticket, head);

	RCU_TSAN_ACQUIRE(&rcu_tsan_grace_period);
	free_list(t->nodes, t->free_node);
	alloc_free(t);
	RCU_TSAN_RELEASE(&rcu_tsan_callback);
}

void rcu_batch_init(struct rcu_batch *b, void (*free_node)(struct rcu_node *node))
{
	*b = (struct rcu_batch){ .free_node = free_node };
}

void rcu_batch_add(struct rcu_batch *b, struct rcu_node *node)
{
	node->next = b->head;
	b->head = node;
	if (++b->count >= RCU_BATCH)
		rcu_batch_flush(b);
}

void rcu_batch_flush(struct rcu_batch *b)
{
	struct ticket *t;

	if (!b->head)
		return;
	t = alloc_bytes(sizeof(*t));
	if (!t)
		return;
	t->nodes = b->head;
	t->free_node = b->free_node;
	b->head = NULL;
	b->count = 0;
	if (unlikely(!rcu_thread_registered))
		rcu_thread_register();
	RCU_TSAN_RELEASE(&rcu_tsan_grace_period);
	urcu_memb_call_rcu(&t->head, grace_period_over);
}

void rcu_batch_drain(struct rcu_batch *b)
{
	free_list(b->head, b->free_node);
	b->head = NULL;
	b->count = 0;
}

void rcu_wait_for_batches(void)
{
	check(rcu_read_held() == false || VMALOCK_CHECK_LEVEL == 0);
	if (unlikely(!rcu_thread_registered))
		rcu_thread_register();
	urcu_memb_barrier();
	RCU_TSAN_ACQUIRE(&rcu_tsan_callback);
}
