/*
 * binding/bench.cc - what benchmarks measure beside the rest: a call that does nothing, and faults without JavaScript
 */
#include "args.h"

namespace vmalock_binding
{

namespace
{

napi_value Nothing(napi_env, napi_callback_info)
{
	return nullptr;
}

/* (space, BigUint64Array, access, times): the faults of all addresses @times over; how many ended MINOR or MAJOR. */
napi_value FaultLoop(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t count = 0;
	const uint64_t *addresses = call.Elements<uint64_t>(1, napi_biguint64_array, &count);
	enum vmalock_access access = call.Choice(2, VMALOCK_EXEC);
	uint32_t times = call.Bits(3);
	int64_t served = 0;

	if (call.Failed())
		return call.Refuse();
	for (uint32_t n = 0; n < times; n++)
		for (size_t i = 0; i < count; i++)
			served += (vmalock_mm_fault(mm, addresses[i], access) & VMALOCK_FAULT_OUTCOME) <=
				  VMALOCK_FAULT_MAJOR;
	return call.Number(served);
}

} // namespace

const Function kBenchFunctions[] = { { "nothing", Nothing }, { "faultLoop", Entry<FaultLoop> }, { nullptr, nullptr } };

} // namespace vmalock_binding
