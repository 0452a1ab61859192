/*
 * sync/thread_node.h - the NUMA node that the calling thread runs on
 *
 * Told by the thread itself, since simulated nodes have no processors. Guard: only the thread reads and writes its own.
 */
#ifndef VMALOCK_SYNC_THREAD_NODE_H
#define VMALOCK_SYNC_THREAD_NODE_H

#include <stdint.h>

/* 0 until it is set. */
uint32_t sync_thread_node(void);
void sync_set_thread_node(uint32_t node);

#endif
