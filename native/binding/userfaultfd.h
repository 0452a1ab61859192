/*
 * binding/userfaultfd.h - one userfaultfd of one environment, and the function of JavaScript that is told of its events
 */
#ifndef VMALOCK_BINDING_USERFAULTFD_H
#define VMALOCK_BINDING_USERFAULTFD_H

#include <node_api.h>

#include "vmalock.h"

namespace vmalock_binding
{

class Userfaultfd
{
      public:
	/* Takes over the caller's handle. */
	explicit Userfaultfd(vmalock_uffd *uffd) : uffd_(uffd)
	{
	}
	Userfaultfd(const Userfaultfd &) = delete;
	Userfaultfd &operator=(const Userfaultfd &) = delete;
	/* Closes it: all that wait go on. */
	~Userfaultfd();

	vmalock_uffd *uffd() const
	{
		return uffd_;
	}

	/* Calls @function on the environment's thread when events have come, without keeping its loop alive. False: no memory. */
	bool Tell(napi_env env, napi_value function);
	void KeepLoop(bool alive);

      private:
	static void Notify(void *arg);
	static void EnvironmentEnds(void *arg);
	void StopTelling();

	vmalock_uffd *const uffd_;
	napi_env env_ = nullptr;
	napi_threadsafe_function told_ = nullptr; /* while it is set, Notify() may use it */
};

} // namespace vmalock_binding

#endif
