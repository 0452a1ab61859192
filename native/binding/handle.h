/*
 * binding/handle.h - what JavaScript holds of native objects: numbers
 *
 * A handle is a slot of this environment's table and the slot's generation. It is checked at every call, so that
 * nothing JavaScript passes is ever taken for a pointer: a handle that was closed, made up or another thread's names
 * nothing. 0 is no handle.
 *
 * Threads  a table belongs to one environment and is touched by its thread alone.
 */
#ifndef VMALOCK_BINDING_HANDLE_H
#define VMALOCK_BINDING_HANDLE_H

#include <cstdint>
#include <vector>

namespace vmalock_binding
{

enum class Kind : uint8_t { kFree, kSpace, kFile, kReplay, kUserfaultfd, kObserver };

/* How an object of each kind is let go. */
void Release(Kind kind, void *object);

class HandleTable
{
      public:
	HandleTable() = default;
	HandleTable(const HandleTable &) = delete;
	HandleTable &operator=(const HandleTable &) = delete;
	~HandleTable();

	/* 0 when there is no slot or no memory for one; the caller then still owns @object. */
	uint32_t Add(Kind kind, void *object) noexcept;

	/* NULL when @handle names nothing of this kind. */
	void *Get(uint32_t handle, Kind kind) const
	{
		uint32_t at = handle & kSlotMask;

		if (at >= slots_.size() || slots_[at].handle != handle || slots_[at].kind != kind)
			return nullptr;
		return slots_[at].object;
	}

	/* The caller owns the object again; NULL when @handle names nothing of this kind. */
	void *Take(uint32_t handle, Kind kind);

      private:
	/* Both fit in 31 bits, where V8 keeps numbers without allocating. */
	static constexpr uint32_t kSlotBits = 22;
	static constexpr uint32_t kSlotMask = (1u << kSlotBits) - 1;
	static constexpr uint32_t kGenerationMask = (1u << (31 - kSlotBits)) - 1;

	struct Slot {
		void *object;
		uint32_t handle; /* the one that names it now; of a free slot, the one it had last */
		Kind kind;
	};

	std::vector<Slot> slots_ = { { nullptr, 0, Kind::kFree } }; /* slot 0 is never given out */
	std::vector<uint32_t> free_;
};

} // namespace vmalock_binding

#endif
