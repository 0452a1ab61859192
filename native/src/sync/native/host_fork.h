/*
 * sync/native/host_fork.h - what fork(2) of the host process asks of this back end
 *
 * The child has one thread, a copy of all memory, and whatever locks other threads held at that moment. So the
 * locks of this folder are taken around a fork, and the child forgets the threads that it did not get: a vanished thread
 * that was inside an RCU read section would hold up every grace period, and its registration lies in a stack that the
 * next thread may be given.
 *
 * A space that other threads were using at that moment is in the child what they left it at: do not touch it there.
 */
#ifndef VMALOCK_SYNC_NATIVE_HOST_FORK_H
#define VMALOCK_SYNC_NATIVE_HOST_FORK_H

/* Has the handlers below run around every fork from now on. Called by each part before its first thread counts. */
void host_fork_install(void);

/* Before: the lock is taken. Parent: it is let go. Child: threads other than this one are forgotten, and it is let go. */
void rcu_fork_before(void);
void rcu_fork_parent(void);
void rcu_fork_child(void);

void blocks_fork_before(void);
void blocks_fork_after(void); /* parent and child */

void thread_index_fork_before(void);
void thread_index_fork_parent(void);
void thread_index_fork_child(void);

#endif
