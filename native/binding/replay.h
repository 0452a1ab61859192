/*
 * binding/replay.h - a loaded trace, shared by its handle and by the job that runs it
 */
#ifndef VMALOCK_BINDING_REPLAY_H
#define VMALOCK_BINDING_REPLAY_H

#include <cstdint>
#include <memory>

#include "vmalock.h"

namespace vmalock_binding
{

struct Replay {
	Replay() = default;
	Replay(const Replay &) = delete;
	Replay &operator=(const Replay &) = delete;
	~Replay()
	{
		if (trace)
			vmalock_replay_free(trace);
	}

	vmalock_replay *trace = nullptr;
	bool running = false;  /* JavaScript's thread alone */
	uint32_t cancel = 0;   /* written by JavaScript's thread, read by the run */
	uint64_t progress = 0; /* written by the run, read by JavaScript's thread */
};

/* What a handle names: it may be closed while a run goes on. */
using SharedReplay = std::shared_ptr<Replay>;

} // namespace vmalock_binding

#endif
