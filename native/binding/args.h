/*
 * binding/args.h - one call from JavaScript: its arguments read and checked, its result made
 *
 * lib/ has checked what a user passed and makes every error a user sees. What arrives here wrongly is a defect of
 * lib/; it is refused all the same, before anything native is touched: each reader notes a failure, and a function
 * that has read its arguments asks Failed() before it acts.
 *
 * Raw Node-API throughout: a call of a function costs a fifth of what it would through an ObjectWrap method.
 */
#ifndef VMALOCK_BINDING_ARGS_H
#define VMALOCK_BINDING_ARGS_H

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include "environment.h"
#include "shared_space.h"
#include "vmalock.h"

namespace vmalock_binding
{

/* A double that is a whole number from 0 below 2^64. */
inline bool IsBytes(double value)
{
	return value >= 0 && value < 18446744073709551616.0 &&
	       value == static_cast<double>(static_cast<uint64_t>(value));
}

/* The bytes behind a typed array; NULL when it is empty. Valid until JavaScript runs again. */
struct View {
	napi_typedarray_type type;
	void *data;
	size_t length; /* elements */
};

class Call
{
      public:
	static constexpr size_t kMost = 16;

	Call(napi_env env, napi_callback_info info) : env_(env)
	{
		void *data = nullptr;

		if (napi_get_cb_info(env, info, &count_, args_, nullptr, &data) != napi_ok)
			failed_ = true;
		environment_ = static_cast<Environment *>(data);
	}

	napi_env env() const
	{
		return env_;
	}

	Environment &environment() const
	{
		return *environment_;
	}

	bool Has(size_t at) const;

	/* An address or a length: a number or a bigint, from 0 below 2^64. */
	uint64_t Bytes(size_t at)
	{
		double value;

		if (napi_get_value_double(env_, args_[at], &value) != napi_ok)
			return BigBytes(at);
		if (!IsBytes(value))
			return Fail();
		return static_cast<uint64_t>(value);
	}

	uint32_t Bits(size_t at)
	{
		uint32_t value = 0;

		if (napi_get_value_uint32(env_, args_[at], &value) != napi_ok)
			return static_cast<uint32_t>(Fail());
		return value;
	}

	int32_t Int(size_t at)
	{
		int32_t value = 0;

		if (napi_get_value_int32(env_, args_[at], &value) != napi_ok)
			return static_cast<int32_t>(Fail());
		return value;
	}

	/* An enum of the C API: 0 to @last. */
	template <typename Enum> Enum Choice(size_t at, Enum last)
	{
		uint32_t value = Bits(at);

		if (value > static_cast<uint32_t>(last))
			return static_cast<Enum>(Fail());
		return static_cast<Enum>(value);
	}

	/* As it came. */
	napi_value Value(size_t at) const
	{
		return args_[at];
	}

	void *Object(size_t at, Kind kind)
	{
		void *object = environment_->handles.Get(Bits(at), kind);

		if (!object)
			Fail();
		return object;
	}

	SharedSpace *Shared(size_t at)
	{
		return static_cast<SharedSpace *>(Object(at, Kind::kSpace));
	}

	vmalock_mm *Space(size_t at)
	{
		SharedSpace *space = Shared(at);

		return space ? space->mm() : nullptr;
	}

	vmalock_file *File(size_t at)
	{
		return static_cast<vmalock_file *>(Object(at, Kind::kFile));
	}

	/* UTF-8. May throw std::bad_alloc. */
	std::string Text(size_t at);

	View Array(size_t at);

	/* The elements of an array of this type. */
	template <typename T> T *Elements(size_t at, napi_typedarray_type type, size_t *length)
	{
		View view = Array(at);

		if (view.type != type)
			Fail();
		*length = view.length;
		return static_cast<T *>(view.data);
	}

	bool Failed() const
	{
		return failed_;
	}

	/* What a function returns when Failed(): a TypeError is thrown. */
	napi_value Refuse();

	/* 0, a count or a negative code. */
	napi_value Number(int64_t value) const;
	/* The value, or the code when that is not 0. */
	napi_value NumberOr(int code, uint64_t value) const
	{
		return Number(code ? code : static_cast<int64_t>(value));
	}
	napi_value Small(uint32_t value) const;
	/* A new handle of @object; ENOMEM, and the object is released, when there is none to be had. */
	napi_value Handle(Kind kind, void *object);
	napi_value String(const char *text, size_t length = NAPI_AUTO_LENGTH) const;

      private:
	uint64_t Fail()
	{
		failed_ = true;
		return 0;
	}

	uint64_t BigBytes(size_t at);

	napi_env env_;
	Environment *environment_;
	size_t count_ = kMost;
	napi_value args_[kMost];
	bool failed_ = false;
};

/* A function as Node-API calls it: what needs memory of its own and finds none returns ENOMEM. */
template <napi_value (*Body)(Call &)> napi_value Entry(napi_env env, napi_callback_info info)
{
	Call call(env, info);

	try {
		return Body(call);
	} catch (const std::bad_alloc &) {
		return call.Number(VMALOCK_ENOMEM);
	}
}

} // namespace vmalock_binding

#endif
