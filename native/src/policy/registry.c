/*
 * policy/registry.c - the policies there are; a new one is listed here and nowhere else
 */
#include <string.h>

#include "base/bits.h"
#include "policy/policy.h"

extern const struct policy policy_mmap_lock, policy_per_vma, policy_per_vma_wait;

static const struct policy *const policies[] = { &policy_mmap_lock, &policy_per_vma, &policy_per_vma_wait };

const struct policy *policy_at(uint32_t n)
{
	return n < array_size(policies) ? policies[n] : NULL;
}

const struct policy *policy_find(const char *name)
{
	for (uint32_t n = 0; n < array_size(policies); n++)
		if (strcmp(policies[n]->name, name) == 0)
			return policies[n];
	return NULL;
}
