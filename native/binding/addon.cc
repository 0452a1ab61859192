/*
 * binding/addon.cc - what the addon exports, set up once for each environment that loads it
 *
 * Functions take and return numbers, strings and typed arrays: a negative number is a code of vmalock_errors.h, from
 * which lib/ makes the error. Nothing here is global but the registry of shared spaces, which holds no JavaScript.
 */
#include <napi.h>

#include <initializer_list>

#include "environment.h"
#include "vmalock.h"

namespace vmalock_binding
{

namespace
{

void ExportFunctions(Napi::Env env, Napi::Object exports, Environment *environment)
{
	for (const Function *table :
	     { kSpaceFunctions, kFaultFunctions, kLookFunctions, kNumaFunctions, kLimitFunctions, kFileFunctions,
	       kReplayFunctions, kUserfaultfdFunctions, kObserverFunctions, kBenchFunctions })
		for (const Function *f = table; f->name; f++) {
			napi_value function;

			NAPI_THROW_IF_FAILED_VOID(env, napi_create_function(env, f->name, NAPI_AUTO_LENGTH, f->call,
									    environment, &function));
			exports.Set(f->name, Napi::Value(env, function));
		}
}

/* The numbers of vmalock.h that lib/ needs: written down once, there. */
#define CONSTANT(name)                                                                                                  \
	{                                                                                                               \
#name, static_cast < double>(VMALOCK_##name)                                                            \
	}
const struct {
	const char *name;
	double value;
} kConstants[] = {
	CONSTANT(PAGE_SIZE),
	CONSTANT(PROT_NONE),
	CONSTANT(PROT_READ),
	CONSTANT(PROT_WRITE),
	CONSTANT(PROT_EXEC),
	CONSTANT(PROT_GROWSDOWN),
	CONSTANT(PROT_GROWSUP),
	CONSTANT(MAP_SHARED),
	CONSTANT(MAP_PRIVATE),
	CONSTANT(MAP_SHARED_VALIDATE),
	CONSTANT(MAP_DROPPABLE),
	CONSTANT(MAP_FIXED),
	CONSTANT(MAP_FIXED_NOREPLACE),
	CONSTANT(MAP_ANONYMOUS),
	CONSTANT(MAP_GROWSDOWN),
	CONSTANT(MAP_LOCKED),
	CONSTANT(MAP_NORESERVE),
	CONSTANT(MAP_POPULATE),
	CONSTANT(MAP_NONBLOCK),
	CONSTANT(MAP_STACK),
	CONSTANT(MREMAP_MAYMOVE),
	CONSTANT(MREMAP_FIXED),
	CONSTANT(MREMAP_DONTUNMAP),
	CONSTANT(MLOCK_ONFAULT),
	CONSTANT(MS_ASYNC),
	CONSTANT(MS_INVALIDATE),
	CONSTANT(MS_SYNC),
	CONSTANT(MDWE_REFUSE_EXEC_GAIN),
	CONSTANT(MDWE_NO_INHERIT),
	CONSTANT(THP_DISABLED),
	CONSTANT(THP_DISABLE_EXCEPT_ADVISED),
	CONSTANT(MCL_CURRENT),
	CONSTANT(MCL_FUTURE),
	CONSTANT(MCL_ONFAULT),
	CONSTANT(UFFD_MODE_MISSING),
	CONSTANT(UFFD_MODE_WP),
	CONSTANT(UFFD_MODE_MINOR),
	CONSTANT(UFFD_COPY_DONTWAKE),
	CONSTANT(UFFD_COPY_WP),
	CONSTANT(UFFD_MOVE_DONTWAKE),
	CONSTANT(UFFD_MOVE_ALLOW_SRC_HOLES),
	CONSTANT(UFFD_WRITEPROTECT_WP),
	CONSTANT(UFFD_WRITEPROTECT_DONTWAKE),
	CONSTANT(UFFD_FEATURE_EVENT_FORK),
	CONSTANT(UFFD_FEATURE_EVENT_REMAP),
	CONSTANT(UFFD_FEATURE_EVENT_REMOVE),
	CONSTANT(UFFD_FEATURE_EVENT_UNMAP),
	CONSTANT(UFFD_FEATURE_SIGBUS),
	CONSTANT(UFFD_FEATURE_THREAD_ID),
	CONSTANT(UFFD_FEATURE_EXACT_ADDRESS),
	CONSTANT(UFFD_FEATURE_WP_UNPOPULATED),
	CONSTANT(UFFD_FEATURE_WP_ASYNC),
	CONSTANT(FAULT_MINOR),
	CONSTANT(FAULT_MAJOR),
	CONSTANT(FAULT_SIGSEGV_MAPERR),
	CONSTANT(FAULT_SIGSEGV_ACCERR),
	CONSTANT(FAULT_SIGBUS),
	CONSTANT(FAULT_OOM),
	CONSTANT(FAULT_USERFAULT),
	CONSTANT(FAULT_OUTCOME),
	CONSTANT(FAULT_VMA_LOCK),
	CONSTANT(FAULT_RETRIED),
	CONSTANT(FAULT_COW),
	CONSTANT(FAULT_HWPOISON),
	CONSTANT(MPOL_F_STATIC_NODES),
	CONSTANT(MPOL_F_RELATIVE_NODES),
	CONSTANT(MPOL_F_NUMA_BALANCING),
	CONSTANT(MPOL_F_NODE),
	CONSTANT(MPOL_F_ADDR),
	CONSTANT(MPOL_F_MEMS_ALLOWED),
	CONSTANT(MPOL_MF_STRICT),
	CONSTANT(MPOL_MF_MOVE),
	CONSTANT(MPOL_MF_MOVE_ALL),
	CONSTANT(MAX_NODES),
	CONSTANT(MAX_NUMNODES),
	CONSTANT(VM_MAYSHARE),
};
#undef CONSTANT

Napi::Object Constants(Napi::Env env)
{
	Napi::Object constants = Napi::Object::New(env);

	for (const auto &constant : kConstants)
		constants.Set(constant.name, constant.value);
	return constants;
}

Napi::Array Names(Napi::Env env, std::initializer_list<const char *> names)
{
	Napi::Array array = Napi::Array::New(env);

	for (const char *name : names)
		array.Set(array.Length(), name);
	return array;
}

/* What smaps calls the bits of vm_flags: [bit, word] in its order. */
Napi::Array FlagWords(Napi::Env env)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
#define WORD(bit, word) { bit, word },
		VMALOCK_VM_WORDS(WORD)
#undef WORD
	};
	Napi::Array array = Napi::Array::New(env);

	for (const auto &entry : words) {
		Napi::Array pair = Napi::Array::New(env);

		pair.Set(0u, entry.bit);
		pair.Set(1u, entry.word);
		array.Set(array.Length(), pair);
	}
	return array;
}

Napi::Array PolicyNames(Napi::Env env)
{
	Napi::Array names = Napi::Array::New(env);

	for (uint32_t n = 0; const char *name = vmalock_policy_name(n); n++)
		names.Set(n, name);
	return names;
}

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
	Environment *environment = new Environment;

	env.SetInstanceData(environment);
	ExportFunctions(env, exports, environment);
	exports.Set("constants", Constants(env));
	exports.Set("version", Napi::Number::New(env, vmalock_version()));
	exports.Set("policies", PolicyNames(env));
	/* the order in which stats() and status() fill their arrays */
#define NAME(field) #field,
	exports.Set("statsFields", Names(env, { VMALOCK_STATS(NAME) }));
	exports.Set("statusFields", Names(env, { VMALOCK_STATUS(NAME) }));
#undef NAME
	exports.Set("flagWords", FlagWords(env));
	return exports;
}

} // namespace

NODE_API_MODULE(vmalock, Init)

} // namespace vmalock_binding
