#include "replay/conflicts.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "replay/history.h"

/* A thread that acted in a space since its last barrier. */
struct visitor {
	uint32_t thread, event; /* its latest there */
};

struct conflict_space {
	struct history pages, shape, anon;
	struct visitor *visitors;
	uint32_t visitor_count, visitor_room;
	uint32_t barrier; /* the latest barrier, or the event that made the space, or NO_EVENT */
	uint32_t era;     /* barriers so far, and 1 */
};

/* Where a thread stands in the list of the space it acts in. */
struct visit {
	uint32_t space, era, index;
};

struct conflicts {
	const struct trace *trace;
	const struct order *order;
	struct conflict_space *spaces;
	struct visit *visits; /* of each thread */

	/* Of the event being taken: */
	uint32_t event;
	uint32_t *latest; /* of each thread found: its latest event */
	uint32_t *slot;   /* of each thread: where in latest, if found_at is this event */
	uint32_t *found_at;
	uint32_t count;
};

/* --- what has been found ------------------------------------------------------------------------------------------- */

static void found(void *arg, uint32_t event)
{
	struct conflicts *c = arg;
	uint32_t thread = c->order->thread_of[event];

	if (thread == c->order->thread_of[c->event])
		return;
	if (c->found_at[thread] != c->event) {
		c->found_at[thread] = c->event;
		c->slot[thread] = c->count;
		c->latest[c->count++] = event;
	} else if (c->latest[c->slot[thread]] < event) {
		c->latest[c->slot[thread]] = event;
	}
}

/* --- spaces -------------------------------------------------------------------------------------------------------- */

static int open_histories(struct conflicts *c, struct conflict_space *s)
{
	int err = history_init(&s->pages, c->order->thread_of);

	if (!err)
		err = history_init(&s->shape, c->order->thread_of);
	return err ? err : history_init(&s->anon, c->order->thread_of);
}

static void close_histories(struct conflict_space *s)
{
	history_destroy(&s->pages);
	history_destroy(&s->shape);
	history_destroy(&s->anon);
	memset(&s->pages, 0, sizeof(s->pages));
	memset(&s->shape, 0, sizeof(s->shape));
	memset(&s->anon, 0, sizeof(s->anon));
}

static int add_visitor(struct conflict_space *s, uint32_t thread, uint32_t event)
{
	if (s->visitor_count == s->visitor_room) {
		uint32_t room = s->visitor_room ? 2 * s->visitor_room : 4;
		struct visitor *larger = alloc_bytes(room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		if (s->visitor_count)
			memcpy(larger, s->visitors, s->visitor_count * sizeof(*larger));
		alloc_free(s->visitors);
		s->visitors = larger;
		s->visitor_room = room;
	}
	s->visitors[s->visitor_count++] = (struct visitor){ thread, event };
	return 0;
}

/* The thread's first event in the space since the last barrier comes after that. */
static int visit(struct conflicts *c, uint32_t space, uint32_t event)
{
	struct conflict_space *s = &c->spaces[space];
	uint32_t thread = c->order->thread_of[event];
	struct visit *v = &c->visits[thread];
	int err;

	if (!s->era) {
		s->era = 1;
		s->barrier = c->trace->maker[space];
		err = open_histories(c, s);
		if (err)
			return err;
	}
	if (v->space == space && v->era == s->era) {
		s->visitors[v->index].event = event;
		return 0;
	}
	if (s->barrier != NO_EVENT)
		found(c, s->barrier);
	*v = (struct visit){ space, s->era, s->visitor_count };
	return add_visitor(s, thread, event);
}

static int raise_barrier(struct conflicts *c, uint32_t space, uint32_t event, bool is_end)
{
	struct conflict_space *s = &c->spaces[space];

	for (uint32_t i = 0; i < s->visitor_count; i++)
		found(c, s->visitors[i].event);
	s->visitor_count = 0;
	s->barrier = event;
	s->era++;
	close_histories(s);
	return is_end ? 0 : open_histories(c, s);
}

/* --- touches ------------------------------------------------------------------------------------------------------- */

static int take_touch(struct conflicts *c, struct conflict_space *s, const struct touch *t)
{
	switch (t->kind) {
	case TOUCH_READ_PAGES:
		return history_read(&s->pages, t->start, t->end, c->event, found, c);
	case TOUCH_WRITE_PAGES:
		return history_write(&s->pages, t->start, t->end, c->event, found, c);
	case TOUCH_READ_SHAPE:
		return history_read(&s->shape, t->start, t->end, c->event, found, c);
	case TOUCH_WRITE_SHAPE:
		return history_write(&s->shape, t->start, t->end, c->event, found, c);
	case TOUCH_FOLLOW_ANON:
		history_follow(&s->anon, t->start, t->end, found, c);
		return 0;
	case TOUCH_SET_ANON:
		return history_write(&s->anon, t->start, t->end, c->event, found, c);
	}
	return 0;
}

static int take_touches(struct conflicts *c, uint32_t space, const struct footprint *f)
{
	int err = 0;

	for (size_t i = 0; i < f->count && !err; i++)
		err = take_touch(c, &c->spaces[space], &f->touches[i]);
	return err;
}

int conflicts_take(struct conflicts *c, uint32_t event, const struct footprint *footprint, uint32_t **latest,
		   uint32_t *count)
{
	const struct vmalock_trace_event *e = &c->trace->events[event];
	int err;

	c->event = event;
	c->count = 0;
	err = visit(c, e->space, event);
	if (!err && (e->op == VMALOCK_TRACE_FORK || trace_event_ends_space(c->trace, event)))
		err = raise_barrier(c, e->space, event, e->op != VMALOCK_TRACE_FORK);
	else if (!err)
		err = take_touches(c, e->space, footprint);
	*latest = c->latest;
	*count = c->count;
	return err;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

int conflicts_create(const struct trace *trace, const struct order *order, struct conflicts **out)
{
	struct conflicts *c = alloc_zeroed(sizeof(*c));
	size_t threads = (size_t)trace->thread_count + 1;

	if (!c)
		return -ENOMEM;
	*c = (struct conflicts){ .trace = trace, .order = order };
	c->spaces = alloc_zeroed(((size_t)trace->space_count + 1) * sizeof(*c->spaces));
	c->visits = alloc_zeroed(threads * sizeof(*c->visits));
	c->latest = alloc_bytes(threads * sizeof(*c->latest));
	c->slot = alloc_bytes(threads * sizeof(*c->slot));
	c->found_at = alloc_bytes(threads * sizeof(*c->found_at));
	if (!c->spaces || !c->visits || !c->latest || !c->slot || !c->found_at) {
		conflicts_destroy(c);
		return -ENOMEM;
	}
	for (size_t i = 0; i < threads; i++)
		c->found_at[i] = NO_EVENT;
	*out = c;
	return 0;
}

void conflicts_destroy(struct conflicts *c)
{
	for (uint32_t i = 0; c->spaces && i < c->trace->space_count; i++) {
		close_histories(&c->spaces[i]);
		alloc_free(c->spaces[i].visitors);
	}
	alloc_free(c->spaces);
	alloc_free(c->visits);
	alloc_free(c->latest);
	alloc_free(c->slot);
	alloc_free(c->found_at);
	alloc_free(c);
}
