/*
 * binding/observer.cc - observers of spaces
 */
#include "observer.h"

#include <algorithm>
#include <new>

#include "args.h"

namespace vmalock_binding
{

int Observer::Create(vmalock_mm *mm, size_t most, Observer **out)
{
	Range *ranges = new (std::nothrow) Range[most];
	Observer *self = ranges ? new (std::nothrow) Observer(mm, ranges, most) : nullptr;

	if (!self) {
		delete[] ranges;
		return VMALOCK_ENOMEM;
	}
	vmalock_mm_get(mm);
	const struct vmalock_observer observer = { nullptr, Invalidated, self };
	int code = vmalock_mm_observe(mm, &observer, &self->observation_);

	if (code)
		delete self;
	else
		*out = self;
	return code;
}

Observer::~Observer()
{
	if (observation_)
		vmalock_mm_unobserve(mm_, observation_);
	vmalock_mm_put(mm_);
}

/* Called after the change: who asks later than that gets it, who asks earlier has not been promised anything. */
void Observer::Invalidated(void *arg, uint64_t start, uint64_t end, enum vmalock_invalidation why)
{
	static_cast<Observer *>(arg)->Note({ start, end, static_cast<int>(why) });
}

void Observer::Note(const Range &range)
{
	std::lock_guard<std::mutex> lock(mutex_);
	Range *last = count_ ? &ranges_[count_ - 1] : nullptr;

	if (last && last->why == range.why && range.start <= last->end && last->start <= range.end) {
		last->start = std::min(last->start, range.start);
		last->end = std::max(last->end, range.end);
	} else if (count_ < most_) {
		ranges_[count_++] = range;
	} else {
		ranges_[0] = { 0, VMALOCK_TASK_SIZE, kSeveral };
		count_ = 1;
	}
}

size_t Observer::Take(Range *out, size_t room)
{
	std::lock_guard<std::mutex> lock(mutex_);
	size_t taken = std::min(room, count_);

	std::copy_n(ranges_.get(), taken, out);
	std::copy(ranges_.get() + taken, ranges_.get() + count_, ranges_.get());
	count_ -= taken;
	return taken;
}

namespace
{

/* (space, most) */
napi_value ObserverCreate(Call &call)
{
	vmalock_mm *mm = call.Space(0);
	uint32_t most = call.Bits(1);
	Observer *observer = nullptr;

	if (call.Failed() || most == 0)
		return call.Refuse();
	int code = Observer::Create(mm, most, &observer);

	return code ? call.Number(code) : call.Handle(Kind::kObserver, observer);
}

/* Closing a handle that names nothing is no error. */
napi_value ObserverClose(Call &call)
{
	void *observer = call.environment().handles.Take(call.Bits(0), Kind::kObserver);

	if (observer)
		Release(Kind::kObserver, observer);
	return nullptr;
}

/* (observer, Float64Array(3 * n)): how many ranges it took, at most n */
napi_value ObserverTake(Call &call)
{
	constexpr size_t kAtOnce = 64;
	Observer *observer = static_cast<Observer *>(call.Object(0, Kind::kObserver));
	size_t room = 0;
	double *out = call.Elements<double>(1, napi_float64_array, &room);
	Observer::Range ranges[kAtOnce];

	if (call.Failed())
		return call.Refuse();
	size_t taken = observer->Take(ranges, std::min(room / 3, kAtOnce));

	for (size_t i = 0; i < taken; i++) {
		out[3 * i] = static_cast<double>(ranges[i].start);
		out[3 * i + 1] = static_cast<double>(ranges[i].end);
		out[3 * i + 2] = ranges[i].why;
	}
	return call.Number(static_cast<int>(taken));
}

} // namespace

const Function kObserverFunctions[] = {
	{ "observerCreate", Entry<ObserverCreate> },
	{ "observerClose", Entry<ObserverClose> },
	{ "observerTake", Entry<ObserverTake> },
	{ nullptr, nullptr },
};

} // namespace vmalock_binding
