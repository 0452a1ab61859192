/*
 * index/search_portable.c - the search inside a node for any CPU, and the choice between the variants
 *
 * All fifteen keys are compared and the results added: no branch, so nothing to mispredict. ThreadSanitizer and the
 * explored build take this one, since every load of a word that a writer may change is an atomic one here.
 */
#include "index/search.h"
#include "index/walk.h"

static inline uint32_t rank_portable(const struct index_node *node, uint64_t addr)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NODE_KEYS; i++)
		n += atomic_load_relaxed(&node->key[i]) <= addr;
	return n;
}

static bool find_portable(const struct index *index, uint64_t addr, struct index_entry *out)
{
	return walk_find(index, addr, out, rank_portable);
}

const struct index_search search_portable = {
	.name = "portable",
	.rank = rank_portable,
	.find = find_portable,
};

const struct index_search *search_choose(void)
{
	const struct index_search *avx2 = search_avx2_if_supported();

	return avx2 ? avx2 : &search_portable;
}

const char *index_search_name(void)
{
	return search_choose()->name;
}
