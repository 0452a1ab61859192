#include "replay/outcomes.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "replay/step.h"

void outcomes_init(struct outcomes *o)
{
	sync_mutex_init(&o->lock);
	o->kept = 0;
}

void outcomes_destroy(struct outcomes *o)
{
	sync_mutex_destroy(&o->lock);
}

void outcomes_note(struct outcomes *o, uint32_t event, int64_t value)
{
	sync_mutex_lock(&o->lock);
	if (o->kept < OUTCOMES_KEPT)
		o->different[o->kept++] = (struct outcome){ event, value };
	sync_mutex_unlock(&o->lock);
}

static int by_event(const void *a, const void *b)
{
	uint32_t x = ((const struct outcome *)a)->event, y = ((const struct outcome *)b)->event;

	return (x > y) - (x < y);
}

/* The pointers, a NULL, then the texts they point to. */
char **outcomes_texts(struct outcomes *o, const struct trace *trace)
{
	size_t pointers = (o->kept + (size_t)1) * sizeof(char *);
	char **texts = alloc_bytes(pointers + (size_t)o->kept * STEP_TEXT_SIZE);

	if (!texts)
		return NULL;
	qsort(o->different, o->kept, sizeof(o->different[0]), by_event);
	for (uint32_t i = 0; i < o->kept; i++) {
		texts[i] = (char *)texts + pointers + (size_t)i * STEP_TEXT_SIZE;
		step_describe(trace, o->different[i].event, o->different[i].value, texts[i]);
	}
	texts[o->kept] = NULL;
	return texts;
}
