/*
 * binding/replay.cc - traces: loaded and run by jobs, watched and stopped by JavaScript
 *
 * Results are objects for lib/internal/replay-native.ts: { code } and, when that is 0, what was found.
 */
#include "replay.h"

#include <string>
#include <system_error>
#include <vector>

#include "args.h"
#include "job.h"

namespace vmalock_binding
{

namespace
{

class LoadJob final : public Job
{
      public:
	LoadJob(Environment &environment, const uint8_t *data, size_t size)
	    : environment_(environment), data_(data, data + size), replay_(std::make_shared<Replay>())
	{
	}

      private:
	void Run() noexcept override
	{
		code_ = vmalock_replay_load(data_.data(), data_.size(), message_, &replay_->trace);
	}

	Napi::Value Result(Napi::Env env) override
	{
		Napi::Object result = Napi::Object::New(env);
		uint32_t handle = 0;

		if (!code_) {
			SharedReplay *shared = new SharedReplay(replay_);

			handle = environment_.handles.Add(Kind::kReplay, shared);
			if (!handle) {
				delete shared;
				code_ = VMALOCK_ENOMEM;
			}
		}
		result["code"] = code_;
		result["message"] = static_cast<const char *>(message_);
		result["replay"] = handle;
		return result;
	}

	Environment &environment_;
	const std::vector<uint8_t> data_; /* a copy: JavaScript may change its own meanwhile */
	SharedReplay replay_;
	char message_[256] = "";
	int code_ = 0;
};

Napi::Object WaitSummary(Napi::Env env, const struct vmalock_wait_summary &waits)
{
	Napi::Object summary = Napi::Object::New(env);

	summary["count"] = static_cast<double>(waits.count);
	summary["waits"] = static_cast<double>(waits.waits);
	summary["totalNs"] = static_cast<double>(waits.total_ns);
	summary["p50Ns"] = static_cast<double>(waits.p50_ns);
	summary["p99Ns"] = static_cast<double>(waits.p99_ns);
	summary["maxNs"] = static_cast<double>(waits.max_ns);
	return summary;
}

Napi::Float64Array StatsArray(Napi::Env env, const struct vmalock_stats &stats)
{
	const uint64_t *values = reinterpret_cast<const uint64_t *>(&stats);
	size_t count = sizeof(stats) / sizeof(uint64_t);
	Napi::Float64Array array = Napi::Float64Array::New(env, count);

	for (size_t i = 0; i < count; i++)
		array[i] = static_cast<double>(values[i]);
	return array;
}

Napi::Array Differences(Napi::Env env, const vmalock_replay *trace)
{
	Napi::Array texts = Napi::Array::New(env);

	for (uint32_t n = 0; const char *text = vmalock_replay_difference(trace, n); n++)
		texts.Set(n, text);
	return texts;
}

/* By the space's place in the trace; undefined for one that never ended. */
Napi::Array FinalMaps(Napi::Env env, const vmalock_replay *trace, uint64_t spaces)
{
	Napi::Array texts = Napi::Array::New(env, spaces);

	for (uint32_t n = 0; n < spaces; n++) {
		const char *text = vmalock_replay_final_maps(trace, n);

		texts.Set(n, text ? Napi::String::New(env, text) : env.Undefined());
	}
	return texts;
}

class RunJob final : public Job
{
      public:
	RunJob(SharedReplay replay, std::string policy, const struct vmalock_replay_options &options)
	    : replay_(std::move(replay)), policy_(std::move(policy)), options_(options)
	{
		options_.policy = policy_.c_str();
		options_.cancel = &replay_->cancel;
		options_.progress = &replay_->progress;
	}

      private:
	void Run() noexcept override
	{
		code_ = vmalock_replay_run(replay_->trace, &options_);
	}

	void Cancel() override
	{
		__atomic_store_n(&replay_->cancel, 1, __ATOMIC_RELAXED);
	}

	Napi::Value Result(Napi::Env env) override
	{
		Napi::Object result = Napi::Object::New(env);
		struct vmalock_replay_report report;

		replay_->running = false;
		result["code"] = code_;
		if (code_)
			return result;
		vmalock_replay_get_report(replay_->trace, &report);
		result["events"] = static_cast<double>(report.events);
		result["threads"] = static_cast<double>(report.threads);
		result["spaces"] = static_cast<double>(report.spaces);
		result["dependencies"] = static_cast<double>(report.dependencies);
		result["wallNs"] = static_cast<double>(report.wall_ns);
		result["cpuNs"] = static_cast<double>(report.cpu_ns);
		result["faults"] = static_cast<double>(report.faults);
		result["unexpected"] = static_cast<double>(report.unexpected);
		result["unmodelled"] = static_cast<double>(report.unmodelled);
		result["zeroPage"] = report.forbids_zero_page == 0;
		result["stats"] = StatsArray(env, report.stats);
		result["read"] = WaitSummary(env, report.mmap_lock_read);
		result["write"] = WaitSummary(env, report.mmap_lock_write);
		result["differences"] = Differences(env, replay_->trace);
		result["finalMaps"] = FinalMaps(env, replay_->trace, report.spaces);
		return result;
	}

	SharedReplay replay_;
	const std::string policy_;
	struct vmalock_replay_options options_;
	int code_ = 0;
};

/* A job that no thread could be had for is resolved at once: { code: EAGAIN }. */
napi_value Started(napi_env env, std::unique_ptr<Job> job)
{
	try {
		return Job::Start(env, std::move(job));
	} catch (const std::system_error &) {
		Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
		Napi::Object result = Napi::Object::New(env);

		result["code"] = static_cast<int>(VMALOCK_EAGAIN);
		deferred.Resolve(result);
		return deferred.Promise();
	} catch (const Napi::Error &error) {
		error.ThrowAsJavaScriptException();
		return nullptr;
	}
}

/* (Uint8Array): a promise of { code, message, replay } */
napi_value ReplayLoad(Call &call)
{
	size_t size = 0;
	const uint8_t *data = call.Elements<uint8_t>(0, napi_uint8_array, &size);

	if (call.Failed())
		return call.Refuse();
	return Started(call.env(), std::make_unique<LoadJob>(call.environment(), data, size));
}

SharedReplay *ReplayArgument(Call &call)
{
	return static_cast<SharedReplay *>(call.Object(0, Kind::kReplay));
}

/* (replay, policy, faults, backing, pace, frames): a promise of { code, ... }, or EBUSY while another run goes on */
napi_value ReplayRun(Call &call)
{
	SharedReplay *replay = ReplayArgument(call);
	std::string policy = call.Text(1);
	struct vmalock_replay_options options = {};

	options.faults = call.Choice(2, VMALOCK_FAULTS_LINUX_6_18);
	options.backing = call.Choice(3, VMALOCK_BACKING_NONE);
	options.pace = call.Choice(4, VMALOCK_PACE_RECORDED);
	options.frames = call.Bytes(5);
	if (call.Failed())
		return call.Refuse();
	Replay &shared = **replay;

	if (shared.running)
		return call.Number(VMALOCK_EBUSY);
	shared.cancel = 0;
	shared.progress = 0;
	napi_value promise = Started(call.env(), std::make_unique<RunJob>(*replay, std::move(policy), options));

	shared.running = true;
	return promise;
}

napi_value ReplayCancel(Call &call)
{
	SharedReplay *replay = ReplayArgument(call);

	if (call.Failed())
		return call.Refuse();
	__atomic_store_n(&(*replay)->cancel, 1, __ATOMIC_RELAXED);
	return nullptr;
}

/* Events done in this run. */
napi_value ReplayProgress(Call &call)
{
	SharedReplay *replay = ReplayArgument(call);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<int64_t>(__atomic_load_n(&(*replay)->progress, __ATOMIC_RELAXED)));
}

/* Closing a handle that names nothing is no error. A run that goes on keeps the trace until it ends. */
napi_value ReplayClose(Call &call)
{
	void *replay = call.environment().handles.Take(call.Bits(0), Kind::kReplay);

	if (replay)
		Release(Kind::kReplay, replay);
	return nullptr;
}

} // namespace

const Function kReplayFunctions[] = {
	{ "replayLoad", Entry<ReplayLoad> },     { "replayRun", Entry<ReplayRun> },
	{ "replayCancel", Entry<ReplayCancel> }, { "replayProgress", Entry<ReplayProgress> },
	{ "replayClose", Entry<ReplayClose> },   { nullptr, nullptr },
};

} // namespace vmalock_binding
