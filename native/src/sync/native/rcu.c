/*
 * sync/native/rcu.c - registration, batches and grace periods on liburcu
 *
 * Lifetime   A thread that ends while registered would stop every later grace period, so a pthread key's destructor
 *            unregisters it. The addon is linked with -z nodelete: the destructor and liburcu's helper thread must
 *            stay mapped.
 * fork(2)    See host_fork.h. The child makes liburcu's helper thread anew, and takes the threads that it did not get
 *            out of liburcu's registry, for which every registration is remembered here.
 */
#include "sync/rcu.h"

#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"
#include "host_fork.h"

#if VMALOCK_TSAN
char rcu_tsan_grace_period, rcu_tsan_callback;
#endif

__thread int rcu_thread_registered;
#if VMALOCK_CHECK_LEVEL >= 1
__thread uint32_t rcu_read_depth;
#endif

static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* One registered thread. Guard of the list: registrations_lock. */
struct registration {
	struct registration *prev, *next;
#if !VMALOCK_TSAN
	struct urcu_reader *reader; /* liburcu's own record of the thread, in its thread-local storage */
#endif
};
static struct registration registrations = { .prev = &registrations, .next = &registrations };
static pthread_mutex_t registrations_lock = PTHREAD_MUTEX_INITIALIZER;
/*
 * Held while a callback is queued: a fork in the middle of that would leave the child a queue whose end never comes.
 * Once in RCU_BATCH objects. No callback takes it, so that the helper can always be waited for under it.
 */
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread struct registration own_registration;

static void unlink_registration(struct registration *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
}

static void unregister_thread(void *unused)
{
	(void)unused;
	rcu_thread_registered = 0;
	pthread_mutex_lock(&registrations_lock);
	unlink_registration(&own_registration);
	urcu_memb_unregister_thread();
	pthread_mutex_unlock(&registrations_lock);
}

/* The helper thread inherits the mask: the host's signal handlers are not to run on it (liburcu 0.13). */
static void without_signals(void (*start_helper)(void))
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	start_helper();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void start_first_helper(void)
{
	urcu_memb_get_default_call_rcu_data();
}

static void initialise(void)
{
	if (pthread_key_create(&thread_key, unregister_thread) != 0)
		check_failed(__FILE__, __LINE__, "pthread_key_create");
	without_signals(start_first_helper);
	host_fork_install();
}

__attribute__((noinline)) void rcu_thread_register(void)
{
	struct registration *r = &own_registration;

	pthread_once(&once, initialise);
	pthread_mutex_lock(&registrations_lock);
	urcu_memb_register_thread();
#if !VMALOCK_TSAN
	r->reader = &URCU_TLS(urcu_memb_reader);
#endif
	r->prev = &registrations;
	r->next = registrations.next;
	r->next->prev = r;
	registrations.next = r;
	pthread_mutex_unlock(&registrations_lock);
	rcu_thread_registered = 1;
	pthread_setspecific(thread_key, &rcu_thread_registered);
}

/* The queue's lock first: who holds it may be waiting for the helper, which the next line stops. */
void rcu_fork_before(void)
{
	pthread_mutex_lock(&queue_lock);
	urcu_memb_call_rcu_before_fork();
	pthread_mutex_lock(&registrations_lock);
}

void rcu_fork_parent(void)
{
	pthread_mutex_unlock(&registrations_lock);
	urcu_memb_call_rcu_after_fork_parent();
	pthread_mutex_unlock(&queue_lock);
}

/*
 * liburcu's registry is a list through its records of threads, guarded by a lock that nobody holds now: our threads
 * hold ours around it, and the helpers are stopped. Sanitizer builds for races do without: they cannot fork with threads.
 */
static void forget_vanished_threads(void)
{
	struct registration *next;

	for (struct registration *r = registrations.next; r != &registrations; r = next) {
		next = r->next;
		if (r == &own_registration)
			continue;
		unlink_registration(r);
#if !VMALOCK_TSAN
		cds_list_del(&r->reader->node);
#endif
	}
}

void rcu_fork_child(void)
{
	forget_vanished_threads();
	pthread_mutex_unlock(&registrations_lock);
	without_signals(urcu_memb_call_rcu_after_fork_child);
	pthread_mutex_unlock(&queue_lock);
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
	pthread_mutex_lock(&queue_lock);
	urcu_memb_call_rcu(&t->head, grace_period_over);
	pthread_mutex_unlock(&queue_lock);
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
	pthread_mutex_lock(&queue_lock);
	urcu_memb_barrier();
	pthread_mutex_unlock(&queue_lock);
	RCU_TSAN_ACQUIRE(&rcu_tsan_callback);
}
