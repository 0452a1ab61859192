/*
 * binding/numa.cc - memory policies: node masks travel as a BigUint64Array(16), a bit a node
 */
#include <cstring>

#include "args.h"

namespace vmalock_binding
{

namespace
{

constexpr size_t kMaskWords = VMALOCK_MAX_NUMNODES / 64;

uint64_t *MaskWords(Call &call, size_t at)
{
	size_t room = 0;
	uint64_t *words = call.Elements<uint64_t>(at, napi_biguint64_array, &room);

	return room >= kMaskWords ? words : nullptr;
}

bool ReadMask(Call &call, size_t at, vmalock_nodemask *out)
{
	const uint64_t *words = MaskWords(call, at);

	if (words)
		memcpy(out->bits, words, sizeof(out->bits));
	return words != nullptr;
}

/* (space, address, length, mode, mask, flags) */
napi_value Mbind(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t mode = call.Bits(3), flags = call.Bits(5);
	vmalock_nodemask nodes;

	if (!ReadMask(call, 4, &nodes) || call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_mbind(mm, addr, length, mode, &nodes, flags));
}

/* (space, mode, mask) */
napi_value SetMempolicy(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t mode = call.Bits(1);
	vmalock_nodemask nodes;

	if (!ReadMask(call, 2, &nodes) || call.Failed())
		return call.Refuse();
	return call.Number(vmalock_mm_set_mempolicy(mm, mode, &nodes));
}

/* (space, address, flags, mask): the mode or the node, and the mask is filled; or a code */
napi_value GetMempolicy(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	uint32_t flags = call.Bits(2), mode = 0;
	uint64_t *words = MaskWords(call, 3);
	vmalock_nodemask nodes;

	if (!words || call.Failed())
		return call.Refuse();
	int code = vmalock_mm_get_mempolicy(mm, addr, flags, &mode, &nodes);

	if (!code)
		memcpy(words, nodes.bits, sizeof(nodes.bits));
	return call.NumberOr(code, mode);
}

napi_value SetThreadNode(Call &call)
{
	uint32_t node = call.Bits(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_set_thread_node(node));
}

napi_value ThreadNode(Call &call)
{
	return call.Small(vmalock_thread_node());
}

} // namespace

const Function kNumaFunctions[] = {
	{ "mbind", Entry<Mbind> },
	{ "setMempolicy", Entry<SetMempolicy> },
	{ "getMempolicy", Entry<GetMempolicy> },
	{ "setThreadNode", Entry<SetThreadNode> },
	{ "threadNode", Entry<ThreadNode> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
