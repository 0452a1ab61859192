/*
 * sync/thread_id.h - the number by which events name the calling thread
 *
 * The system's own until the thread says another one: who embeds the library may count its threads differently. Guard: only the
 * thread reads and writes its own.
 */
#ifndef VMALOCK_SYNC_THREAD_ID_H
#define VMALOCK_SYNC_THREAD_ID_H

#include <stdint.h>

uint32_t sync_thread_id(void);
void sync_set_thread_id(uint32_t id);

#endif
