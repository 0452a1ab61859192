// The public headers by a C++ compiler: every name is usable, and nothing in them needs a C extension.
#include <vmalock.h>
#include <vmalock_trace.h>

static_assert(VMALOCK_PAGE_SIZE == 4096, "constants are constant expressions in C++, too");
static_assert(sizeof(vmalock_trace_event) == 88, "records have the same size for both languages");

int use_everything_once()
{
	vmalock_options options{};
	vmalock_options_init(&options);
	vmalock_mm *mm = nullptr;
	int err = vmalock_mm_create(&options, &mm);
	if (!err)
		vmalock_mm_put(mm);
	return err;
}
