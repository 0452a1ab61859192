/*
 * binding/job.h - work that takes long: on a thread of its own, its result on the thread of JavaScript
 *
 * Not on libuv's pool: that has four threads, and file reads wait for them. The process does not end before a job
 * has; an environment that ends (worker.terminate(), process.exit()) asks its jobs to stop and waits for them.
 *
 * Threads  Run() is called on the job's own thread, everything else on the environment's.
 */
#ifndef VMALOCK_BINDING_JOB_H
#define VMALOCK_BINDING_JOB_H

#include <memory>
#include <thread>

#include <napi.h>

namespace vmalock_binding
{

class Job
{
      public:
	virtual ~Job() = default;

	/* Begins, and returns the promise that is resolved with Result(). @throws Napi::Error, std::system_error */
	static Napi::Value Start(Napi::Env env, std::unique_ptr<Job> job);

      protected:
	Job() = default;

	/* The work. May not touch JavaScript. */
	virtual void Run() noexcept = 0;
	/* Asks Run() to end soon; it may have ended already. */
	virtual void Cancel()
	{
	}
	/* Called once, after Run(), unless the environment has ended. */
	virtual Napi::Value Result(Napi::Env env) = 0;

      private:
	static void Finish(napi_env env, napi_value function, void *job, void *data);
	static void Forget(napi_env env, void *job, void *hint);
	static void EnvironmentEnds(void *job);

	napi_deferred deferred_ = nullptr;
	napi_threadsafe_function finish_ = nullptr;
	std::thread thread_;
};

} // namespace vmalock_binding

#endif
