/*
 * binding/look.cc - what a space is like: mappings, counters, invariants
 *
 * Results of many numbers go into a Float64Array that lib/ keeps: an object of ten properties would cost more than
 * finding them out. Numbers above 2^53 lose their last bits there; only an inode that a user made so large has any.
 */
#include <memory>

#include "args.h"

namespace vmalock_binding
{

namespace
{

/* (space, address, Float64Array(11)): the name, of the VMA that covers the address or the next above; undefined: none */
napi_value Find(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	size_t room = 0;
	double *out = call.Elements<double>(2, napi_float64_array, &room);
	struct vmalock_vma vma;

	if (call.Failed() || room < 11)
		return call.Refuse();
	if (vmalock_mm_find(mm, addr, &vma) != 0)
		return nullptr;
	const uint64_t fields[] = {
		vma.start,     vma.end,       vma.offset, vma.pgoff,   vma.vm_flags,    vma.prot,
		vma.dev_major, vma.dev_minor, vma.inode,  vma.file_id, vma.name_length,
	};

	for (size_t i = 0; i < 11; i++)
		out[i] = static_cast<double>(fields[i]);
	return call.String(vma.name);
}

/* (space, address): a handle of the file mapped there, or a code */
napi_value FileAt(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1);
	vmalock_file *file = nullptr;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_file(mm, addr, &file);

	return code ? call.Number(code) : call.Handle(Kind::kFile, file);
}

/* One of the texts, or a code. The space may grow while its text is fetched: then once more. */
template <int64_t (*Print)(vmalock_mm *, char *, size_t)> napi_value Text(Call &call)
{
	vmalock_mm *mm = call.Space(0);

	if (call.Failed())
		return call.Refuse();
	for (size_t size = 16384;;) {
		std::unique_ptr<char[]> text(new char[size]);
		int64_t length = Print(mm, text.get(), size);

		if (length < 0)
			return call.Number(length);
		if (static_cast<size_t>(length) < size)
			return call.String(text.get(), static_cast<size_t>(length));
		size = static_cast<size_t>(length) + 4096;
	}
}

/* (space, address, length, Uint8Array with a byte for each page) */
napi_value Mincore(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	size_t room = 0;
	uint8_t *out = call.Elements<uint8_t>(3, napi_uint8_array, &room);

	if (call.Failed() || room < length / VMALOCK_PAGE_SIZE + (length % VMALOCK_PAGE_SIZE != 0))
		return call.Refuse();
	return call.Number(vmalock_mm_mincore(mm, addr, length, out));
}

/* 0, or a text that says what is wrong. */
napi_value Validate(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	const char *what = nullptr;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_mm_validate(mm, &what);

	return what ? call.String(what) : call.Number(code);
}

/* A struct of uint64_t fields, into an array in the order of its X-macro. */
template <typename Fields> void Fill(const Fields &fields, double *out)
{
	const uint64_t *values = reinterpret_cast<const uint64_t *>(&fields);

	static_assert(sizeof(Fields) % sizeof(uint64_t) == 0, "nothing but uint64_t");
	for (size_t i = 0; i < sizeof(Fields) / sizeof(uint64_t); i++)
		out[i] = static_cast<double>(values[i]);
}

/* (space, Float64Array with an element for each of statsFields) */
napi_value Stats(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	struct vmalock_stats stats;

	if (call.Failed() || room < sizeof(stats) / sizeof(uint64_t))
		return call.Refuse();
	vmalock_mm_stats(mm, &stats);
	Fill(stats, out);
	return nullptr;
}

/* (space, Float64Array with an element for each of statusFields) */
napi_value Status(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	struct vmalock_status status;

	if (call.Failed() || room < sizeof(status) / sizeof(uint64_t))
		return call.Refuse();
	vmalock_mm_status(mm, &status);
	Fill(status, out);
	return nullptr;
}

} // namespace

const Function kLookFunctions[] = {
	{ "find", Entry<Find> },
	{ "fileAt", Entry<FileAt> },
	{ "maps", Entry<Text<vmalock_mm_maps>> },
	{ "smaps", Entry<Text<vmalock_mm_smaps>> },
	{ "smapsRollup", Entry<Text<vmalock_mm_smaps_rollup>> },
	{ "mincore", Entry<Mincore> },
	{ "validate", Entry<Validate> },
	{ "stats", Entry<Stats> },
	{ "status", Entry<Status> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
