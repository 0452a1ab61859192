/*
 * binding/userfaultfd.cc - userfaultfds: requests, and events on their way to an event loop
 *
 * JavaScript is told "there are events" and reads them itself, so that nothing is allocated by the thread that faults.
 *
 * Threads  a worker's faults wait, the main thread's never do: its event loop may be the one that resolves them. A worker that waits asks now
 *          and then whether it is to end (worker.terminate(), process.exit()), since nobody else can wake it then.
 */
#include "args.h"
#include "userfaultfd.h"

namespace vmalock_binding
{

/* --- events ---------------------------------------------------------------------------------------------------------- */

/*
 * Called by a thread that faults, with the queue's lock held. The function's own queue holds one call: when that is full, JavaScript has
 * not begun to read yet and will see this event, too.
 */
void Userfaultfd::Notify(void *arg)
{
	Userfaultfd *self = static_cast<Userfaultfd *>(arg);

	(void)napi_call_threadsafe_function(self->told_, nullptr, napi_tsfn_nonblocking);
}

/* The environment ends: nobody of it reads any more. Runs before the hook of told_, which was there first. */
void Userfaultfd::EnvironmentEnds(void *arg)
{
	static_cast<Userfaultfd *>(arg)->StopTelling();
}

bool Userfaultfd::Tell(napi_env env, napi_value function)
{
	napi_value name;

	if (told_)
		return true;
	if (napi_create_string_utf8(env, "vmalock userfaultfd", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_threadsafe_function(env, function, nullptr, name, 1, 1, nullptr, nullptr, nullptr, nullptr,
					    &told_) != napi_ok) {
		told_ = nullptr;
		return false;
	}
	env_ = env;
	napi_unref_threadsafe_function(env, told_);
	napi_add_env_cleanup_hook(env, EnvironmentEnds, this);
	vmalock_uffd_notify(uffd_, Notify, this);
	return true;
}

void Userfaultfd::KeepLoop(bool alive)
{
	if (!told_)
		return;
	if (alive)
		napi_ref_threadsafe_function(env_, told_);
	else
		napi_unref_threadsafe_function(env_, told_);
}

void Userfaultfd::StopTelling()
{
	if (!told_)
		return;
	vmalock_uffd_notify(uffd_, nullptr, nullptr);
	napi_remove_env_cleanup_hook(env_, EnvironmentEnds, this);
	napi_release_threadsafe_function(told_, napi_tsfn_abort);
	told_ = nullptr;
}

Userfaultfd::~Userfaultfd()
{
	StopTelling();
	vmalock_uffd_put(uffd_);
}

namespace
{

/* --- life ------------------------------------------------------------------------------------------------------------ */

Userfaultfd *Argument(Call &call)
{
	return static_cast<Userfaultfd *>(call.Object(0, Kind::kUserfaultfd));
}

/* (space, features) */
napi_value UffdCreate(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint64_t features = call.Bytes(1);
	vmalock_uffd *uffd = nullptr;

	if (call.Failed())
		return call.Refuse();
	int code = vmalock_uffd_create(mm, features, &uffd);

	if (code)
		return call.Number(code);
	Userfaultfd *object = new (std::nothrow) Userfaultfd(uffd);

	if (!object) {
		vmalock_uffd_put(uffd);
		return call.Number(VMALOCK_ENOMEM);
	}
	return call.Handle(Kind::kUserfaultfd, object);
}

/* Closing a handle that names nothing is no error. */
napi_value UffdClose(Call &call)
{
	void *uffd = call.environment().handles.Take(call.Bits(0), Kind::kUserfaultfd);

	if (uffd)
		Release(Kind::kUserfaultfd, uffd);
	return nullptr;
}

/* --- requests -------------------------------------------------------------------------------------------------------- */

/* (uffd, address, length, mode) */
template <int (*Request)(vmalock_uffd *, uint64_t, uint64_t, uint64_t)> napi_value OfRange(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2);
	uint32_t mode = call.Bits(3);

	if (call.Failed())
		return call.Refuse();
	return call.Number(Request(uffd->uffd(), addr, length, mode));
}

int Unregister(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t)
{
	return vmalock_uffd_unregister(uffd, addr, length);
}

int Wake(vmalock_uffd *uffd, uint64_t addr, uint64_t length, uint64_t)
{
	return vmalock_uffd_wake(uffd, addr, length);
}

/* What a request that brings pages came to: a code, and in out[0] the bytes that came. */
napi_value Filled(Call &call, int code, uint64_t done, double *out)
{
	out[0] = static_cast<double>(done);
	return call.Number(code);
}

/* (uffd, address, Uint8Array, mode, Float64Array(1)) */
napi_value UffdCopy(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	uint64_t addr = call.Bytes(1), done = 0;
	size_t length = 0, room = 0;
	const uint8_t *bytes = call.Elements<uint8_t>(2, napi_uint8_array, &length);
	uint32_t mode = call.Bits(3);
	double *out = call.Elements<double>(4, napi_float64_array, &room);

	if (call.Failed() || room < 1)
		return call.Refuse();
	int code = vmalock_uffd_copy(uffd->uffd(), addr, bytes, length, mode, &done);

	return Filled(call, code, done, out);
}

/* (uffd, address, length, mode, Float64Array(1)) */
template <int (*Request)(vmalock_uffd *, uint64_t, uint64_t, uint64_t, uint64_t *)> napi_value Filling(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	uint64_t addr = call.Bytes(1), length = call.Bytes(2), done = 0;
	uint32_t mode = call.Bits(3);
	size_t room = 0;
	double *out = call.Elements<double>(4, napi_float64_array, &room);

	if (call.Failed() || room < 1)
		return call.Refuse();
	int code = Request(uffd->uffd(), addr, length, mode, &done);

	return Filled(call, code, done, out);
}

/* (uffd, to, from, length, mode, Float64Array(1)) */
napi_value UffdMove(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	uint64_t to = call.Bytes(1), from = call.Bytes(2), length = call.Bytes(3), done = 0;
	uint32_t mode = call.Bits(4);
	size_t room = 0;
	double *out = call.Elements<double>(5, napi_float64_array, &room);

	if (call.Failed() || room < 1)
		return call.Refuse();
	int code = vmalock_uffd_move(uffd->uffd(), to, from, length, mode, &done);

	return Filled(call, code, done, out);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* A handle for what a fork's event gives; 0: no memory, and it is closed. */
uint32_t Adopt(Call &call, vmalock_uffd *uffd)
{
	Userfaultfd *object = new (std::nothrow) Userfaultfd(uffd);
	uint32_t handle = object ? call.environment().handles.Add(Kind::kUserfaultfd, object) : 0;

	if (object && !handle)
		delete object;
	else if (!object)
		vmalock_uffd_put(uffd);
	return handle;
}

/*
 * (uffd, Float64Array(8)): 0, and of the next event kind, address, access, thread, start, end, to, handle; EAGAIN when there is none
 */
napi_value UffdRead(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	struct vmalock_uffd_event event;

	if (call.Failed() || room < 8)
		return call.Refuse();
	int code = vmalock_uffd_read(uffd->uffd(), &event, 0);

	if (!code) {
		out[0] = event.kind;
		out[1] = static_cast<double>(event.address);
		out[2] = event.access;
		out[3] = event.thread_id;
		out[4] = static_cast<double>(event.start);
		out[5] = static_cast<double>(event.end);
		out[6] = static_cast<double>(event.to);
		out[7] = event.child ? Adopt(call, event.child) : 0;
		if (event.child && out[7] == 0)
			code = VMALOCK_ENOMEM;
	}
	return call.Number(code);
}

/* (uffd, function): it is called, without arguments, when events have come. The first one stays. */
napi_value UffdTell(Call &call)
{
	Userfaultfd *uffd = Argument(call);

	if (call.Failed())
		return call.Refuse();
	return call.Number(uffd->Tell(call.env(), call.Value(1)) ? 0 : VMALOCK_ENOMEM);
}

/* (uffd, 0 or 1): does the event loop stay alive for its events? */
napi_value UffdKeepLoop(Call &call)
{
	Userfaultfd *uffd = Argument(call);
	uint32_t alive = call.Bits(1);

	if (call.Failed())
		return call.Refuse();
	uffd->KeepLoop(alive != 0);
	return nullptr;
}

/* --- this thread's faults --------------------------------------------------------------------------------------------- */

/* A property is looked up, which Node refuses once the thread is to end. */
int MayGoOn(void *arg)
{
	napi_env env = static_cast<napi_env>(arg);
	napi_handle_scope scope;
	napi_value global;
	bool found;
	int goes_on;

	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return 0;
	goes_on = napi_get_global(env, &global) == napi_ok &&
		  napi_has_named_property(env, global, "Object", &found) == napi_ok;
	napi_close_handle_scope(env, scope);
	return goes_on;
}

/* (0 or 1, number of this thread) */
napi_value UffdThread(Call &call)
{
	uint32_t waits = call.Bits(0), id = call.Bits(1);

	if (call.Failed())
		return call.Refuse();
	vmalock_set_thread_id(id);
	vmalock_thread_userfaults(waits ? VMALOCK_USERFAULTS_WAIT : VMALOCK_USERFAULTS_RETURN, MayGoOn, call.env());
	return nullptr;
}

} // namespace

const Function kUserfaultfdFunctions[] = {
	{ "uffdCreate", Entry<UffdCreate> },
	{ "uffdClose", Entry<UffdClose> },
	{ "uffdRegister", Entry<OfRange<vmalock_uffd_register>> },
	{ "uffdUnregister", Entry<OfRange<Unregister>> },
	{ "uffdWriteProtect", Entry<OfRange<vmalock_uffd_writeprotect>> },
	{ "uffdWake", Entry<OfRange<Wake>> },
	{ "uffdCopy", Entry<UffdCopy> },
	{ "uffdZeropage", Entry<Filling<vmalock_uffd_zeropage>> },
	{ "uffdContinue", Entry<Filling<vmalock_uffd_continue>> },
	{ "uffdPoison", Entry<Filling<vmalock_uffd_poison>> },
	{ "uffdMove", Entry<UffdMove> },
	{ "uffdRead", Entry<UffdRead> },
	{ "uffdTell", Entry<UffdTell> },
	{ "uffdKeepLoop", Entry<UffdKeepLoop> },
	{ "uffdThread", Entry<UffdThread> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
