#include "args.h"

namespace vmalock_binding
{

bool Call::Has(size_t at) const
{
	napi_valuetype type;

	return napi_typeof(env_, args_[at], &type) == napi_ok && type != napi_undefined;
}

uint64_t Call::BigBytes(size_t at)
{
	uint64_t value = 0;
	bool lossless = false;

	if (napi_get_value_bigint_uint64(env_, args_[at], &value, &lossless) != napi_ok || !lossless)
		return Fail();
	return value;
}

std::string Call::Text(size_t at)
{
	size_t length = 0;

	if (napi_get_value_string_utf8(env_, args_[at], nullptr, 0, &length) != napi_ok) {
		Fail();
		return {};
	}
	std::string text(length, '\0');

	if (napi_get_value_string_utf8(env_, args_[at], text.data(), length + 1, &length) != napi_ok)
		Fail();
	return text;
}

View Call::Array(size_t at)
{
	View view = {};

	if (napi_get_typedarray_info(env_, args_[at], &view.type, &view.length, &view.data, nullptr, nullptr) != napi_ok)
		Fail();
	return view;
}

napi_value Call::Refuse()
{
	napi_throw_type_error(env_, "ERR_VMALOCK_INVALID_ARG", "the addon was called with arguments it does not take");
	return nullptr;
}

napi_value Call::Number(int64_t value) const
{
	napi_value result = nullptr;

	napi_create_int64(env_, value, &result);
	return result;
}

napi_value Call::Small(uint32_t value) const
{
	napi_value result = nullptr;

	napi_create_uint32(env_, value, &result);
	return result;
}

napi_value Call::Handle(Kind kind, void *object)
{
	uint32_t handle = environment_->handles.Add(kind, object);

	if (handle)
		return Small(handle);
	Release(kind, object);
	return Number(VMALOCK_ENOMEM);
}

napi_value Call::String(const char *text, size_t length) const
{
	napi_value result = nullptr;

	napi_create_string_utf8(env_, text, length, &result);
	return result;
}

} // namespace vmalock_binding
