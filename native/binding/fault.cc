/*
 * binding/fault.cc - faults, one and many, and bytes through the page tables
 *
 * Nothing on the way of a fault allocates or throws: numbers come in, a small integer goes out.
 */
#include <algorithm>

#include "args.h"

namespace vmalock_binding
{

namespace
{

napi_value Fault(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	enum vmalock_access access = call.Choice(2, VMALOCK_EXEC);

	if (call.Failed())
		return call.Refuse();
	return call.Small(vmalock_mm_fault(mm, addr, access));
}

/* (space, arch, address, word) */
napi_value FaultArch(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	enum vmalock_arch arch = call.Choice(1, VMALOCK_ARCH_PPC64LE);
	uint64_t addr = call.Bytes(2), word = call.Bytes(3);

	if (call.Failed())
		return call.Refuse();
	return call.Small(vmalock_mm_fault_arch(mm, arch, addr, word));
}

/* Addresses in doubles become integers a piece at a time: a buffer for all of them would be an allocation. */
size_t FaultManyDoubles(vmalock_mm *mm, const double *addresses, size_t count, enum vmalock_access access,
			uint8_t *results)
{
	uint64_t piece[512];
	size_t served = 0;

	for (size_t done = 0; done < count;) {
		size_t n = std::min(count - done, sizeof(piece) / sizeof(piece[0]));

		for (size_t i = 0; i < n; i++) {
			double value = addresses[done + i];

			/* all were checked; but another thread may write to a shared buffer, and such a one maps nothing */
			piece[i] = IsBytes(value) ? static_cast<uint64_t>(value) : UINT64_MAX;
		}
		served += vmalock_mm_fault_many(mm, piece, n, access, results ? results + done : nullptr);
		done += n;
	}
	return served;
}

/*
 * (space, Float64Array or BigUint64Array, access, Uint8Array or undefined): how many ended MINOR or MAJOR; or, when an
 * element is no address, -1 - its index: nothing has been done then. lib/ has compared the lengths.
 */
napi_value FaultMany(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	View addresses = call.Array(1);
	enum vmalock_access access = call.Choice(2, VMALOCK_EXEC);
	size_t room = addresses.length, count = addresses.length;
	uint8_t *results = call.Has(3) ? call.Elements<uint8_t>(3, napi_uint8_array, &room) : nullptr;

	if (call.Failed() || room < count ||
	    (addresses.type != napi_float64_array && addresses.type != napi_biguint64_array))
		return call.Refuse();
	if (addresses.type == napi_biguint64_array)
		return call.Number(static_cast<int64_t>(vmalock_mm_fault_many(
			mm, static_cast<const uint64_t *>(addresses.data), count, access, results)));
	const double *values = static_cast<const double *>(addresses.data);
	const double *wrong = std::find_if_not(values, values + count, IsBytes);

	if (wrong != values + count)
		return call.Number(-1 - (wrong - values));
	return call.Number(static_cast<int64_t>(FaultManyDoubles(mm, values, count, access, results)));
}

/* What a transfer of bytes came to: 0, or a code, and in done[0] how many bytes were moved before it. */
napi_value Transferred(Call &call, int code, size_t done, double *out)
{
	out[0] = static_cast<double>(done);
	return call.Number(code);
}

/* (space, address, Uint8Array to fill, Float64Array(1)) */
napi_value Read(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	size_t length = 0, room = 0, done = 0;
	uint8_t *buffer = call.Elements<uint8_t>(2, napi_uint8_array, &length);
	double *out = call.Elements<double>(3, napi_float64_array, &room);

	if (call.Failed() || room < 1)
		return call.Refuse();
	int code = vmalock_mm_read(mm, addr, buffer, length, &done);

	return Transferred(call, code, done, out);
}

/* (space, address, Uint8Array, Float64Array(1)) */
napi_value Write(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	size_t length = 0, room = 0, done = 0;
	const uint8_t *bytes = call.Elements<uint8_t>(2, napi_uint8_array, &length);
	double *out = call.Elements<double>(3, napi_float64_array, &room);

	if (call.Failed() || room < 1)
		return call.Refuse();
	int code = vmalock_mm_write(mm, addr, bytes, length, &done);

	return Transferred(call, code, done, out);
}

} // namespace

const Function kFaultFunctions[] = {
	{ "fault", Entry<Fault> }, { "faultArch", Entry<FaultArch> }, { "faultMany", Entry<FaultMany> },
	{ "read", Entry<Read> },   { "write", Entry<Write> },         { nullptr, nullptr },
};

} // namespace vmalock_binding
