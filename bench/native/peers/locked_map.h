/*
 * peers/locked_map.h - any map with the interface of std::map, under std::shared_mutex, as a struct range_map (C++)
 */
#ifndef BENCH_PEERS_LOCKED_MAP_H
#define BENCH_PEERS_LOCKED_MAP_H

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "peers/range_map.h"

namespace bench
{

struct what {
	uint64_t start;
	void *value;
};

/* Counts what the allocator really spends: the block as it is rounded, and the word before it. */
inline uint64_t &allocated_bytes()
{
	static uint64_t bytes;

	return bytes;
}

template <class T> struct counting_allocator {
	using value_type = T;

	counting_allocator() = default;
	template <class U> counting_allocator(const counting_allocator<U> &)
	{
	}
	T *allocate(size_t n)
	{
		void *p = std::malloc(n * sizeof(T));

		if (!p)
			throw std::bad_alloc();
		allocated_bytes() += malloc_usable_size(p) + sizeof(size_t);
		return static_cast<T *>(p);
	}
	void deallocate(T *p, size_t)
	{
		allocated_bytes() -= malloc_usable_size(p) + sizeof(size_t);
		std::free(p);
	}
	template <class U> bool operator==(const counting_allocator<U> &) const
	{
		return true;
	}
	template <class U> bool operator!=(const counting_allocator<U> &) const
	{
		return false;
	}
};

template <class Map> struct locked_map {
	Map map;
	std::shared_mutex lock;
	uint64_t bytes = 0;

	static locked_map *of(void *map)
	{
		return static_cast<locked_map *>(map);
	}

	static void *create()
	{
		return new (std::nothrow) locked_map;
	}

	static void insert(void *map, const struct range *range)
	{
		uint64_t before = allocated_bytes();

		of(map)->map.emplace(range->end, what{ range->start, range->value });
		of(map)->bytes += allocated_bytes() - before;
	}

	static uint64_t find_many(void *map, const uint64_t *addrs, size_t n)
	{
		locked_map *m = of(map);
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			std::shared_lock<std::shared_mutex> shared(m->lock);
			auto it = m->map.upper_bound(addrs[i]);

			if (it != m->map.end())
				sum += it->second.start + reinterpret_cast<uintptr_t>(it->second.value);
		}
		return sum;
	}

	static uint64_t update_many(void *map, const struct range *const *ranges, size_t n)
	{
		locked_map *m = of(map);
		uint64_t found = 0, before = allocated_bytes();

		for (size_t i = 0; i < n; i++) {
			const struct range *range = ranges[i];
			{
				std::unique_lock<std::shared_mutex> unique(m->lock);

				found += m->map.erase(range->end);
			}
			std::unique_lock<std::shared_mutex> unique(m->lock);

			m->map.emplace(range->end, what{ range->start, range->value });
		}
		m->bytes += allocated_bytes() - before;
		return found;
	}

	static uint64_t bytes_of(void *map)
	{
		return of(map)->bytes;
	}
};

template <class Map> constexpr struct range_map range_map_of(const char *name)
{
	using locked = locked_map<Map>;

	return { name, locked::create, locked::insert, locked::find_many, locked::update_many, locked::bytes_of };
}

} // namespace bench

#endif
