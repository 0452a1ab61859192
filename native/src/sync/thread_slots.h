/*
 * sync/thread_slots.h - how many slots per-thread state has, and which one threads share
 */
#ifndef VMALOCK_SYNC_THREAD_SLOTS_H
#define VMALOCK_SYNC_THREAD_SLOTS_H

/* sync_thread_index() is below THREAD_SLOTS. A multiple of 64. */
#define THREAD_SLOTS 64

/* Threads beyond THREAD_SLOTS - 1 all have this number: what lies in its slot is changed by atomic updates. */
#define THREAD_SLOT_SHARED (THREAD_SLOTS - 1)

#endif
