/*
 * binding/observer.h - what a space has invalidated since somebody last asked
 *
 * JavaScript cannot be called by a thread that changes a space; it asks. Ranges are remembered in memory that is taken at the
 * beginning, so that nothing is allocated while locks are held: when it is full, everything becomes one range of the whole space.
 *
 * Locks  one mutex guards the ranges: of the thread that asks, and of all that change the space, who hold locks of vmalock then.
 */
#ifndef VMALOCK_BINDING_OBSERVER_H
#define VMALOCK_BINDING_OBSERVER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "vmalock.h"

namespace vmalock_binding
{

class Observer
{
      public:
	static constexpr int kSeveral = -1;

	struct Range {
		uint64_t start, end;
		int why; /* VMALOCK_INVALIDATE_, or kSeveral */
	};

	/* An observer of @mm, which it keeps. A code of vmalock_errors.h, or 0 and @out. */
	static int Create(vmalock_mm *mm, size_t most, Observer **out);
	~Observer();
	Observer(const Observer &) = delete;
	Observer &operator=(const Observer &) = delete;

	/* At most @room ranges, oldest first; they are forgotten here. */
	size_t Take(Range *out, size_t room);

      private:
	Observer(vmalock_mm *mm, Range *ranges, size_t most) : mm_(mm), ranges_(ranges), most_(most)
	{
	}

	static void Invalidated(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why);
	void Note(const Range &range);

	vmalock_mm *const mm_;
	vmalock_observation *observation_ = nullptr;
	std::mutex mutex_;
	const std::unique_ptr<Range[]> ranges_;
	const size_t most_;
	size_t count_ = 0;
};

} // namespace vmalock_binding

#endif
