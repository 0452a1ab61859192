/*
 * peers/range_maps.cc - the ordered maps that this build has
 */
#include <functional>
#include <map>

#if BENCH_HAVE_ABSL
#include <absl/container/btree_map.h>
#endif

#include "peers/locked_map.h"

namespace
{

using entry = std::pair<const uint64_t, bench::what>;
using allocator = bench::counting_allocator<entry>;

constexpr struct range_map maps[] = {
	bench::range_map_of<std::map<uint64_t, bench::what, std::less<uint64_t>, allocator>>(
		"std::map + std::shared_mutex"),
#if BENCH_HAVE_ABSL
	bench::range_map_of<absl::btree_map<uint64_t, bench::what, std::less<uint64_t>, allocator>>(
		"absl::btree_map + std::shared_mutex"),
#endif
};

} // namespace

const struct range_map *range_map_at(uint32_t n)
{
	return n < sizeof(maps) / sizeof(maps[0]) ? &maps[n] : nullptr;
}
