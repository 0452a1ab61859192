#include "job.h"

namespace vmalock_binding
{

/* On JavaScript's thread, after Run(); without an environment when that has ended in between. */
void Job::Finish(napi_env env, napi_value, void *context, void *)
{
	Job *job = static_cast<Job *>(context);

	if (!env)
		return;
	job->thread_.join();
	napi_remove_env_cleanup_hook(env, EnvironmentEnds, job);
	try {
		napi_resolve_deferred(env, job->deferred_, job->Result(env));
	} catch (const Napi::Error &) {
		/* JavaScript is being stopped (worker.terminate()): nobody waits any more */
	}
}

/* The last that is heard of a job, whether it finished or its environment ended. */
void Job::Forget(napi_env, void *context, void *)
{
	delete static_cast<Job *>(context);
}

/* Runs before the hook of finish_, which was there first: the job's last call of it is over by then. */
void Job::EnvironmentEnds(void *context)
{
	Job *job = static_cast<Job *>(context);

	job->Cancel();
	job->thread_.join();
}

Napi::Value Job::Start(Napi::Env env, std::unique_ptr<Job> owned)
{
	Job *job = owned.get();
	napi_value promise;

	if (napi_create_promise(env, &job->deferred_, &promise) != napi_ok ||
	    napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "vmalock job"), 0, 1, job,
					    Forget, job, Finish, &job->finish_) != napi_ok)
		throw Napi::Error::New(env);
	owned.release();
	try {
		job->thread_ = std::thread([job] {
			job->Run();
			napi_call_threadsafe_function(job->finish_, nullptr, napi_tsfn_nonblocking);
			napi_release_threadsafe_function(job->finish_, napi_tsfn_release);
		});
	} catch (...) {
		napi_release_threadsafe_function(job->finish_, napi_tsfn_abort);
		throw;
	}
	napi_add_env_cleanup_hook(env, EnvironmentEnds, job);
	return Napi::Value(env, promise);
}

} // namespace vmalock_binding
