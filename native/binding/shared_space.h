/*
 * binding/shared_space.h - one address space for all the handles that name it, in any thread
 *
 * A space made or forked in one thread is opened in another by its token: a random name in a process-wide registry,
 * never a pointer. The token names the space for as long as any handle of it is open, and nothing afterwards.
 *
 * Locks  one mutex guards the registry, and of every space the token and the number of handles.
 */
#ifndef VMALOCK_BINDING_SHARED_SPACE_H
#define VMALOCK_BINDING_SHARED_SPACE_H

#include <cstdint>
#include <string>

#include "vmalock.h"

namespace vmalock_binding
{

class SharedSpace
{
      public:
	/* Takes over the caller's reference and counts one handle. NULL without memory; the reference is the caller's then. */
	static SharedSpace *Adopt(vmalock_mm *mm);

	/* One more handle of the space that @token names; NULL when it names none. */
	static SharedSpace *Open(const std::string &token);

	/* The space's token; made the first time. May throw std::bad_alloc. */
	std::string Share();

	/* One handle less. The last one lets the space go: it may be freed here. */
	void Close();

	vmalock_mm *mm() const
	{
		return mm_;
	}

      private:
	explicit SharedSpace(vmalock_mm *mm) : mm_(mm)
	{
	}

	vmalock_mm *const mm_;
	uint32_t handles_ = 1;
	std::string token_;
};

} // namespace vmalock_binding

#endif
