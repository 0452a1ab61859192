/*
 * index/search_avx2.c - the search inside a node with four comparisons of four keys each
 *
 * The keys are read by vector loads although a writer may change one of them in place at that moment. C has no name
 * for that; the machine does it right: a node is 64-byte aligned, so each 32-byte load stays within a cache line, and
 * every x86 with AVX2 delivers each aligned 8-byte word of it whole (Intel and AMD promise it for 16 bytes, and no
 * implementation splits words of 8). Nothing else is asked: words may be of different moments, as in rank_portable().
 * The compiler cannot turn it into something else either, for it knows no vector load in smaller steps than a word.
 * ThreadSanitizer would rightly complain and gets the portable search.
 */
#include "index/search.h"

#if VMALOCK_ARCH_X86 && !VMALOCK_TSAN

#include <immintrin.h>

#include "index/walk.h"

#define target_avx2 __attribute__((target("avx2,popcnt")))

/*
 * Every lane above @addr becomes ones, two bytes of each remain after packing. Packing mixes the order of the lanes,
 * which does not matter to a count. The sixteenth word is no key: it ends up in the two highest bytes.
 */
static inline target_avx2 uint32_t rank_avx2(const struct index_node *node, uint64_t addr)
{
	const __m256i *keys = (const __m256i *)(const void *)node->key;
	__m256i needle = _mm256_set1_epi64x((long long)addr);
	__m256i a = _mm256_cmpgt_epi64(_mm256_load_si256(&keys[0]), needle);
	__m256i b = _mm256_cmpgt_epi64(_mm256_load_si256(&keys[1]), needle);
	__m256i c = _mm256_cmpgt_epi64(_mm256_load_si256(&keys[2]), needle);
	__m256i d = _mm256_cmpgt_epi64(_mm256_load_si256(&keys[3]), needle);
	__m256i all = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
	uint32_t above = (uint32_t)_mm256_movemask_epi8(all) & 0x3fffffffu;

	return NODE_KEYS - (uint32_t)__builtin_popcount(above) / 2;
}

static target_avx2 bool find_avx2(const struct index *index, uint64_t addr, struct index_entry *out)
{
	return walk_find(index, addr, out, rank_avx2);
}

static const struct index_search search_avx2 = {
	.name = "avx2",
	.rank = rank_avx2,
	.find = find_avx2,
};

const struct index_search *search_avx2_if_supported(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? &search_avx2 : NULL;
}

#else

const struct index_search *search_avx2_if_supported(void)
{
	return NULL;
}

#endif
