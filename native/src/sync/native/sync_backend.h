/*
 * sync/native/sync_backend.h - the blocking types, on pthread
 */
#ifndef VMALOCK_SYNC_NATIVE_BACKEND_H
#define VMALOCK_SYNC_NATIVE_BACKEND_H

#include <pthread.h>

struct sync_mutex {
	pthread_mutex_t native;
};

struct sync_rwlock {
	pthread_rwlock_t native;
};

struct sync_thread {
	pthread_t native;
	void (*run)(void *arg);
	void *arg;
};

#endif
