/*
 * binding/space.cc - address spaces: made, shared, closed, and what a process asks of them
 */
#include <vector>

#include "args.h"
#include "limits.h"

namespace vmalock_binding
{

namespace
{

napi_value Adopted(Call &call, int code, vmalock_mm *mm)
{
	if (code)
		return call.Number(code);
	SharedSpace *space = SharedSpace::Adopt(mm);

	if (!space) {
		vmalock_mm_put(mm);
		return call.Number(VMALOCK_ENOMEM);
	}
	return call.Handle(Kind::kSpace, space);
}

/*
 * (policy, faults, backing, frames, numaNodes, privileged, as, data, stack, memlock, mapCount, forbidsZeroPage, thp, swap):
 * undefined: the default
 */
napi_value SpaceCreate(Call &call)
{
	struct vmalock_options options;
	std::string policy = call.Text(0);
	vmalock_mm *mm = nullptr;

	vmalock_options_init(&options);
	options.policy = policy.c_str();
	options.faults = call.Choice(1, VMALOCK_FAULTS_LINUX_6_18);
	options.backing = call.Choice(2, VMALOCK_BACKING_NONE);
	ReadLimit(call, 3, &options.frames);
	options.numa_nodes = call.Bits(4);
	options.privileged = static_cast<int>(call.Bits(5));
	ReadLimits(call, 6, &options.limits);
	options.forbids_zero_page = static_cast<int>(call.Bits(11));
	options.thp = call.Choice(12, VMALOCK_THP_ALWAYS);
	options.swap = call.Bytes(13);
	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_create(&options, &mm);

	return Adopted(call, code, mm);
}

napi_value SpaceFork(Call &call)
{
	vmalock_mm *mm = call.Space(0), *child = nullptr;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_fork(mm, &child);

	return Adopted(call, code, child);
}

/* Closing a handle that names nothing is no error: its finalizer may come after close(). */
napi_value SpaceClose(Call &call)
{
	void *space = call.environment().handles.Take(call.Bits(0), Kind::kSpace);

	if (space)
		Release(Kind::kSpace, space);
	return nullptr;
}

napi_value SpaceShare(Call &call)
{
	SharedSpace *space = call.Shared(0);

	if (call.Failed())
		return call.Refuse();
	return call.String(space->Share().c_str());
}

/* 0 for a token that names no space. */
napi_value SpaceOpen(Call &call)
{
	std::string token = call.Text(0);
	SharedSpace *space;

	if (call.Failed())
		return call.Refuse();
	space = SharedSpace::Open(token);
	return space ? call.Handle(Kind::kSpace, space) : call.Number(0);
}

napi_value SpacePolicy(Call &call)
{
	const vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.String(vmalock_mm_policy(mm));
}

/* (space, address, length, prot, flags, file or 0, offset) */
napi_value Map(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2), offset = call.Bytes(6), at = 0;
	uint32_t prot = call.Bits(3), flags = call.Bits(4);
	vmalock_file *file = call.Bits(5) ? call.File(5) : nullptr;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_map(mm, addr, length, prot, flags, file, offset, &at);

	return call.NumberOr(code, at);
}

/* (space) */
template <int (*Request)(vmalock_mm *)> napi_value OfAll(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(Request(mm));
}

napi_value Unmap(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_unmap(mm, addr, length));
}

napi_value Protect(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t prot = call.Bits(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_protect(mm, addr, length, prot));
}

/* (space, address, length, prot, key) */
napi_value PkeyProtect(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t prot = call.Bits(3);
	int32_t key = call.Int(4);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_pkey_protect(mm, addr, length, prot, key));
}

/* (space, address, oldLength, newLength, flags, newAddress) */
napi_value Remap(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), old_length = call.Bytes(2), new_length = call.Bytes(3);
	uint32_t flags = call.Bits(4);
	uint64_t new_addr = call.Bytes(5), at = 0;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_remap(mm, addr, old_length, new_length, flags, new_addr, &at);

	return call.NumberOr(code, at);
}

napi_value Advise(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	int32_t advice = call.Int(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_advise(mm, addr, length, advice));
}

/* (space, BigUint64Array of an address and a length each, advice, flags, fromOther) */
napi_value ProcessMadvise(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t length = 0;
	const uint64_t *words = call.Elements<uint64_t>(1, napi_biguint64_array, &length);
	int32_t advice = call.Int(2);
	uint32_t flags = call.Bits(3), from_other = call.Bits(4);

	if (call.Failed())
		return call.Refuse();
	std::vector<vmalock_range> ranges(length / 2);

	for (size_t i = 0; i < ranges.size(); i++)
		ranges[i] = { words[2 * i], words[2 * i + 1] };
	return call.Number(vmalock_mm_process_madvise(mm, ranges.data(), ranges.size(), advice, flags,
						      static_cast<int>(from_other)));
}

/* (space, maxPtesNone, maxPtesShared) */
napi_value Khugepaged(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	struct vmalock_khugepaged limits = { call.Bits(1), call.Bits(3), call.Bits(2) };

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<double>(vmalock_mm_khugepaged(mm, &limits)));
}

/* (space, address, length, flags) */
napi_value Mlock(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t flags = call.Bits(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_mlock(mm, addr, length, flags));
}

napi_value Munlock(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_munlock(mm, addr, length));
}

napi_value MlockAll(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t flags = call.Bits(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_mlockall(mm, flags));
}

napi_value MunlockAll(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_munlockall(mm));
}

/* (space, address, length, flags) */
napi_value Msync(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t flags = call.Bits(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_msync(mm, addr, length, flags));
}

/* (space, address, length, flags) */
napi_value Seal(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t flags = call.Bits(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_seal(mm, addr, length, flags));
}

/* (space, address, length, prot, pgoff, flags) */
napi_value RemapFilePages(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2), pgoff = call.Bytes(4);
	uint32_t prot = call.Bits(3), flags = call.Bits(5);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_remap_file_pages(mm, addr, length, prot, pgoff, flags));
}

/* (space, address) */
napi_value SetBrkStart(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_set_brk_start(mm, addr));
}

napi_value Brk(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<int64_t>(vmalock_mm_brk(mm, addr)));
}

napi_value Split(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_split(mm, addr));
}

} // namespace

const Function kSpaceFunctions[] = {
	{ "spaceCreate", Entry<SpaceCreate> },
	{ "spaceFork", Entry<SpaceFork> },
	{ "spaceClose", Entry<SpaceClose> },
	{ "spaceShare", Entry<SpaceShare> },
	{ "spaceOpen", Entry<SpaceOpen> },
	{ "spacePolicy", Entry<SpacePolicy> },
	{ "map", Entry<Map> },
	{ "unmap", Entry<Unmap> },
	{ "spaceExit", Entry<OfAll<vmalock_mm_exit>> },
	{ "spaceReap", Entry<OfAll<vmalock_mm_reap>> },
	{ "protect", Entry<Protect> },
	{ "pkeyProtect", Entry<PkeyProtect> },
	{ "remap", Entry<Remap> },
	{ "advise", Entry<Advise> },
	{ "processMadvise", Entry<ProcessMadvise> },
	{ "mlock", Entry<Mlock> },
	{ "munlock", Entry<Munlock> },
	{ "khugepaged", Entry<Khugepaged> },
	{ "mlockAll", Entry<MlockAll> },
	{ "munlockAll", Entry<MunlockAll> },
	{ "msync", Entry<Msync> },
	{ "seal", Entry<Seal> },
	{ "remapFilePages", Entry<RemapFilePages> },
	{ "brk", Entry<Brk> },
	{ "setBrkStart", Entry<SetBrkStart> },
	{ "split", Entry<Split> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
