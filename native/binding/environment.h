/*
 * binding/environment.h - what the addon keeps for one environment (the main thread's, or a worker's)
 *
 * It is the instance data of the environment and the data of each function, so that a call finds it without asking.
 */
#ifndef VMALOCK_BINDING_ENVIRONMENT_H
#define VMALOCK_BINDING_ENVIRONMENT_H

#include <node_api.h>

#include "handle.h"

namespace vmalock_binding
{

struct Environment {
	HandleTable handles;
};

struct Function {
	const char *name;
	napi_callback call;
};

/* Each file's functions, ended by a NULL name. */
extern const Function kSpaceFunctions[];
extern const Function kFaultFunctions[];
extern const Function kLookFunctions[];
extern const Function kNumaFunctions[];
extern const Function kLimitFunctions[];
extern const Function kFileFunctions[];
extern const Function kReplayFunctions[];
extern const Function kUserfaultfdFunctions[];
extern const Function kObserverFunctions[];
extern const Function kBenchFunctions[];

} // namespace vmalock_binding

#endif
