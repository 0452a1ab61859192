/*
 * policies.h - the same under every policy of the registry, with the faults of the RFC and of Linux 6.18
 */
#ifndef VMALOCK_TEST_POLICIES_H
#define VMALOCK_TEST_POLICIES_H

#include "vmalock.h"

static inline void under_every_policy(void (*run)(const char *policy, enum vmalock_faults era))
{
	const char *policy;

	for (uint32_t n = 0; (policy = vmalock_policy_name(n)); n++) {
		run(policy, VMALOCK_FAULTS_RFC);
		run(policy, VMALOCK_FAULTS_LINUX_6_18);
	}
}

#endif
