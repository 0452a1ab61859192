/*
 * binding/file.cc - simulated files
 */
#include "args.h"

namespace vmalock_binding
{

namespace
{

/* (length, fill, mode, name or undefined, counted only, written back) */
napi_value FileCreate(Call &call)
{
	struct vmalock_file_options options = {};
	vmalock_file *file = nullptr;
	std::string name;

	options.length = call.Bytes(0);
	options.fill = static_cast<uint8_t>(call.Bits(1));
	options.mode = call.Choice(2, VMALOCK_FILE_WRONLY);
	if (call.Has(3)) {
		name = call.Text(3);
		options.name = name.c_str();
	}
	options.counted_only = static_cast<int>(call.Bits(4));
	options.written_back = static_cast<int>(call.Bits(5));
	if (call.Failed())
		return call.Refuse();
	int code = vmalock_file_create(&options, &file);

	return code ? call.Number(code) : call.Handle(Kind::kFile, file);
}

/* Closing a handle that names nothing is no error. */
napi_value FileClose(Call &call)
{
	void *file = call.environment().handles.Take(call.Bits(0), Kind::kFile);

	if (file)
		Release(Kind::kFile, file);
	return nullptr;
}

napi_value FileId(Call &call)
{
	vmalock_file *file = call.File(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<int64_t>(vmalock_file_id(file)));
}

/* undefined when it has none */
napi_value FileName(Call &call)
{
	vmalock_file *file = call.File(0);

	if (call.Failed())
		return call.Refuse();
	const char *name = vmalock_file_name(file);

	return name ? call.String(name) : nullptr;
}

napi_value FileLength(Call &call)
{
	vmalock_file *file = call.File(0);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<int64_t>(vmalock_file_length(file)));
}

/* (file, offset, Uint8Array to fill): bytes read, or a code */
napi_value FileRead(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t offset = call.Bytes(1);
	size_t length = 0;
	uint8_t *buffer = call.Elements<uint8_t>(2, napi_uint8_array, &length);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_file_read(file, offset, buffer, length));
}

/* (file, offset, Uint8Array) */
napi_value FileWrite(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t offset = call.Bytes(1);
	size_t length = 0;
	const uint8_t *bytes = call.Elements<uint8_t>(2, napi_uint8_array, &length);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_file_write(file, offset, bytes, length));
}

/* (file, length) */
napi_value FileTruncate(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t length = call.Bytes(1);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_file_truncate(file, length));
}

/* (file, offset, length) */
napi_value FilePunchHole(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t offset = call.Bytes(1), length = call.Bytes(2);

	if (call.Failed())
		return call.Refuse();
	return call.Number(vmalock_file_punch_hole(file, offset, length));
}

/* (file, first page, numbers): how many numbers there are now */
napi_value FileDirtyPages(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t first = call.Bytes(1);
	size_t room = 0;
	uint64_t *numbers = call.Elements<uint64_t>(2, napi_biguint64_array, &room);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<double>(vmalock_file_dirty_pages(file, first, numbers, room)));
}

/* (file, offset, length): how many pages were dirty */
napi_value FileSync(Call &call)
{
	vmalock_file *file = call.File(0);
	uint64_t offset = call.Bytes(1), length = call.Bytes(2);

	if (call.Failed())
		return call.Refuse();
	return call.Number(static_cast<double>(vmalock_file_sync(file, offset, length)));
}

} // namespace

const Function kFileFunctions[] = {
	{ "fileCreate", Entry<FileCreate> },
	{ "fileClose", Entry<FileClose> },
	{ "fileId", Entry<FileId> },
	{ "fileName", Entry<FileName> },
	{ "fileLength", Entry<FileLength> },
	{ "fileRead", Entry<FileRead> },
	{ "fileWrite", Entry<FileWrite> },
	{ "fileTruncate", Entry<FileTruncate> },
	{ "filePunchHole", Entry<FilePunchHole> },
	{ "fileDirtyPages", Entry<FileDirtyPages> },
	{ "fileSync", Entry<FileSync> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
