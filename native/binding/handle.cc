#include "handle.h"

#include <new>

#include "observer.h"
#include "replay.h"
#include "shared_space.h"
#include "userfaultfd.h"
#include "vmalock.h"

namespace vmalock_binding
{

void Release(Kind kind, void *object)
{
	switch (kind) {
	case Kind::kSpace:
		static_cast<SharedSpace *>(object)->Close();
		break;
	case Kind::kFile:
		vmalock_file_put(static_cast<vmalock_file *>(object));
		break;
	case Kind::kReplay:
		delete static_cast<SharedReplay *>(object);
		break;
	case Kind::kUserfaultfd:
		delete static_cast<Userfaultfd *>(object);
		break;
	case Kind::kObserver:
		delete static_cast<Observer *>(object);
		break;
	case Kind::kFree:
		break;
	}
}

/* The environment ends: what JavaScript never closed goes with it. */
HandleTable::~HandleTable()
{
	for (const Slot &slot : slots_)
		Release(slot.kind, slot.object);
}

uint32_t HandleTable::Add(Kind kind, void *object) noexcept
{
	uint32_t at;

	if (!free_.empty()) {
		at = free_.back();
		free_.pop_back();
	} else {
		at = static_cast<uint32_t>(slots_.size());
		if (at > kSlotMask)
			return 0;
		try {
			/* room for every slot to become free, so that Take() cannot fail */
			free_.reserve(slots_.size() + 1);
			slots_.push_back({ nullptr, at, Kind::kFree });
		} catch (const std::bad_alloc &) {
			return 0;
		}
	}
	Slot &slot = slots_[at];
	uint32_t generation = ((slot.handle >> kSlotBits) + 1) & kGenerationMask;

	slot = { object, generation << kSlotBits | at, kind };
	return slot.handle;
}

void *HandleTable::Take(uint32_t handle, Kind kind)
{
	void *object = Get(handle, kind);

	if (object) {
		Slot &slot = slots_[handle & kSlotMask];

		slot.object = nullptr;
		slot.kind = Kind::kFree;
		free_.push_back(handle & kSlotMask);
	}
	return object;
}

} // namespace vmalock_binding
