/*
 * binding/limits.cc - limits, rights and overcommit of a space, which may change while it lives
 */
#include "limits.h"

#include <limits>

namespace vmalock_binding
{

void ReadLimit(Call &call, size_t at, uint64_t *limit)
{
	if (call.Has(at))
		*limit = call.Bytes(at);
}

void ReadLimits(Call &call, size_t at, struct vmalock_limits *limits)
{
	uint64_t map_count = limits->map_count;

	ReadLimit(call, at, &limits->address_space);
	ReadLimit(call, at + 1, &limits->data);
	ReadLimit(call, at + 2, &limits->stack);
	ReadLimit(call, at + 3, &limits->memlock);
	ReadLimit(call, at + 4, &map_count);
	limits->map_count = static_cast<uint32_t>(map_count);
}

namespace
{

/* (space, as, data, stack, memlock, mapCount): undefined: as it was */
napi_value SetLimits(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	struct vmalock_limits limits;

	if (call.Failed())
		return call.Refuse();
	vmalock_mm_get_limits(mm, &limits);
	ReadLimits(call, 1, &limits);
	if (call.Failed())
		return call.Refuse();
	vmalock_mm_set_limits(mm, &limits);
	return nullptr;
}

/* (space, Float64Array(5)): as setLimits has them, Infinity for none */
napi_value GetLimits(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	struct vmalock_limits limits;

	if (call.Failed() || room < 5)
		return call.Refuse();
	vmalock_mm_get_limits(mm, &limits);
	const uint64_t bytes[] = { limits.address_space, limits.data, limits.stack, limits.memlock };

	for (size_t i = 0; i < 4; i++)
		out[i] =
			bytes[i] == UINT64_MAX ? std::numeric_limits<double>::infinity() : static_cast<double>(bytes[i]);
	out[4] = limits.map_count;
	return nullptr;
}

napi_value SetPrivileged(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t privileged = call.Bits(1);

	if (call.Failed())
		return call.Refuse();
	vmalock_mm_set_privileged(mm, static_cast<int>(privileged));
	return nullptr;
}

napi_value Privileged(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_privileged(mm));
}

napi_value SetMdwe(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t mdwe = call.Bits(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_set_mdwe(mm, mdwe));
}

napi_value Mdwe(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_mdwe(mm));
}

napi_value SetThpDisable(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t disable = call.Bits(1);
	uint32_t flags = call.Bits(2);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_set_thp_disable(mm, disable != 0, flags));
}

napi_value ThpDisable(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_thp_disable(mm));
}

/* (space, mode or undefined, limit, adminReserve, userReserve): undefined: as it was */
napi_value SetOvercommit(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	struct vmalock_overcommit how;

	if (call.Failed())
		return call.Refuse();
	(void)vmalock_mm_get_overcommit(mm, &how);
	if (call.Has(1))
		how.mode = call.Choice(1, VMALOCK_OVERCOMMIT_NEVER);
	ReadLimit(call, 2, &how.limit);
	ReadLimit(call, 3, &how.admin_reserve);
	ReadLimit(call, 4, &how.user_reserve);
	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_set_overcommit(mm, &how));
}

/* (space, Float64Array(5)): mode, limit, adminReserve, userReserve, committed */
napi_value GetOvercommit(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	struct vmalock_overcommit how;

	if (call.Failed() || room < 5)
		return call.Refuse();
	out[4] = static_cast<double>(vmalock_mm_get_overcommit(mm, &how));
	out[0] = how.mode;
	out[1] = static_cast<double>(how.limit);
	out[2] = static_cast<double>(how.admin_reserve);
	out[3] = static_cast<double>(how.user_reserve);
	return nullptr;
}

} // namespace

const Function kLimitFunctions[] = {
	{ "setLimits", Entry<SetLimits> },
	{ "getLimits", Entry<GetLimits> },
	{ "setPrivileged", Entry<SetPrivileged> },
	{ "privileged", Entry<Privileged> },
	{ "setMdwe", Entry<SetMdwe> },
	{ "mdwe", Entry<Mdwe> },
	{ "setThpDisable", Entry<SetThpDisable> },
	{ "thpDisable", Entry<ThpDisable> },
	{ "setOvercommit", Entry<SetOvercommit> },
	{ "getOvercommit", Entry<GetOvercommit> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
