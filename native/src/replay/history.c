#include "replay/history.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/check.h"

#define NOBODY UINT32_MAX
#define READERS_INSIDE 3

struct piece {
	uint32_t writer; /* NOBODY: only read so far */
	uint32_t reader_count, reader_room;
	uint32_t inside[READERS_INSIDE];
	uint32_t *outside; /* instead, when they are more */
};

/* --- one piece ----------------------------------------------------------------------------------------------------- */

static uint32_t *readers_of(struct piece *p)
{
	return p->outside ? p->outside : p->inside;
}

static struct piece *piece_create(uint32_t writer)
{
	struct piece *p = alloc_zeroed(sizeof(*p));

	if (!p)
		return NULL;
	p->writer = writer;
	p->reader_room = READERS_INSIDE;
	return p;
}

static void piece_free(struct piece *p)
{
	alloc_free(p->outside);
	alloc_free(p);
}

static int piece_make_room(struct piece *p)
{
	uint32_t room = 2 * p->reader_room;
	uint32_t *larger;

	if (p->reader_count < p->reader_room)
		return 0;
	larger = alloc_bytes(room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	memcpy(larger, readers_of(p), p->reader_count * sizeof(*larger));
	alloc_free(p->outside);
	p->outside = larger;
	p->reader_room = room;
	return 0;
}

static struct piece *piece_copy(struct piece *from)
{
	struct piece *p = piece_create(from->writer);

	if (!p)
		return NULL;
	if (from->outside) {
		p->outside = alloc_bytes(from->reader_room * sizeof(*p->outside));
		if (!p->outside) {
			alloc_free(p);
			return NULL;
		}
	}
	p->reader_room = from->reader_room;
	p->reader_count = from->reader_count;
	memcpy(readers_of(p), readers_of(from), from->reader_count * sizeof(uint32_t));
	return p;
}

/* A thread's later event stands for its earlier one. */
static int piece_add_reader(struct history *h, struct piece *p, uint32_t event)
{
	uint32_t *readers = readers_of(p);

	for (uint32_t i = 0; i < p->reader_count; i++) {
		if (h->threads_of[readers[i]] == h->threads_of[event]) {
			readers[i] = event;
			return 0;
		}
	}
	if (piece_make_room(p))
		return -ENOMEM;
	readers_of(p)[p->reader_count++] = event;
	return 0;
}

static void piece_report(struct piece *p, history_found *found, void *arg)
{
	if (p->writer != NOBODY)
		found(arg, p->writer);
	for (uint32_t i = 0; i < p->reader_count; i++)
		found(arg, readers_of(p)[i]);
}

/* --- the map ------------------------------------------------------------------------------------------------------- */

int history_init(struct history *h, const uint32_t *threads_of)
{
	int err = index_init(&h->pieces);

	h->threads_of = err ? NULL : threads_of;
	return err;
}

void history_destroy(struct history *h)
{
	struct index_cursor cursor;
	struct index_entry entry;
	bool is_open = h->threads_of != NULL;
	bool more = is_open && index_cursor_seek(&cursor, &h->pieces, 0, &entry);

	for (; more; more = index_cursor_next(&cursor, &entry))
		piece_free(entry.value);
	index_destroy(&h->pieces);
}

/* The piece that covers @addr becomes two, unless it begins there. */
static int cut(struct history *h, uint64_t addr)
{
	struct index_entry e, parts[2];
	struct piece *right;

	if (!index_find(&h->pieces, addr, &e) || e.start >= addr)
		return 0;
	right = piece_copy(e.value);
	if (!right || index_reserve(&h->pieces, 1)) {
		if (right)
			piece_free(right);
		return -ENOMEM;
	}
	parts[0] = (struct index_entry){ e.start, addr, e.value };
	parts[1] = (struct index_entry){ addr, e.end, right };
	index_replace(&h->pieces, e.start, e.end, parts, 2);
	return 0;
}

/* A piece for what nobody touched before. */
static int fill_gap(struct history *h, struct index_entry *gap)
{
	struct piece *p = piece_create(NOBODY);

	if (!p || index_reserve(&h->pieces, 1)) {
		if (p)
			piece_free(p);
		return -ENOMEM;
	}
	gap->value = p;
	index_replace(&h->pieces, gap->start, gap->end, gap, 1);
	return 0;
}

/* The piece that begins at @at and ends no later than @end, made if need be. */
static int piece_at(struct history *h, uint64_t at, uint64_t end, struct index_entry *e)
{
	bool any = index_find(&h->pieces, at, e) && e->start < end;

	if (!any || e->start > at) {
		*e = (struct index_entry){ at, any ? e->start : end, NULL };
		return fill_gap(h, e);
	}
	if (e->start == at && e->end <= end)
		return 0;
	if (cut(h, at) || cut(h, end))
		return -ENOMEM;
	(void)index_find(&h->pieces, at, e);
	check(e->start == at && e->end <= end);
	return 0;
}

int history_read(struct history *h, uint64_t start, uint64_t end, uint32_t event, history_found *found, void *arg)
{
	struct index_entry e;

	for (uint64_t at = start; at < end; at = e.end) {
		struct piece *p;

		if (piece_at(h, at, end, &e))
			return -ENOMEM;
		p = e.value;
		if (p->writer != NOBODY)
			found(arg, p->writer);
		if (piece_add_reader(h, p, event))
			return -ENOMEM;
	}
	return 0;
}

/* Reports and frees all pieces inside [@start, @end); the index still names them. */
static void take_pieces(struct history *h, uint64_t start, uint64_t end, history_found *found, void *arg)
{
	struct index_cursor cursor;
	struct index_entry e;
	bool more = index_cursor_seek(&cursor, &h->pieces, start, &e);

	for (; more && e.start < end; more = index_cursor_next(&cursor, &e)) {
		piece_report(e.value, found, arg);
		piece_free(e.value);
	}
}

int history_write(struct history *h, uint64_t start, uint64_t end, uint32_t event, history_found *found, void *arg)
{
	struct index_entry entry = { start, end, NULL };
	struct piece *p;

	if (start >= end)
		return 0;
	if (cut(h, start) || cut(h, end))
		return -ENOMEM;
	p = piece_create(event);
	if (!p || index_reserve(&h->pieces, 1)) {
		if (p)
			piece_free(p);
		return -ENOMEM;
	}
	take_pieces(h, start, end, found, arg);
	entry.value = p;
	index_replace(&h->pieces, start, end, &entry, 1);
	return 0;
}

void history_follow(const struct history *h, uint64_t start, uint64_t end, history_found *found, void *arg)
{
	struct index_cursor cursor;
	struct index_entry e;
	bool more = index_cursor_seek(&cursor, &h->pieces, start, &e);

	for (; more && e.start < end; more = index_cursor_next(&cursor, &e)) {
		if (((struct piece *)e.value)->writer != NOBODY)
			found(arg, ((struct piece *)e.value)->writer);
	}
}
