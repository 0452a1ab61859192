/*
 * base/list.h - a ring of nodes inside objects, with a head that is none
 *
 * Nothing is allocated, and a node leaves in one step wherever it stands.
 */
#ifndef VMALOCK_BASE_LIST_H
#define VMALOCK_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next, *prev;
};

static inline void list_init(struct list_node *head)
{
	head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void list_add_last(struct list_node *head, struct list_node *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Out of its ring; it is in none then. */
static inline void list_remove(struct list_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

/* Every node of @head's ring; @next keeps the place, so that @node may be removed. */
#define list_for_each(node, next_, head)                                                                                \
	for (struct list_node *node = (head)->next, *next_ = node->next; node != (head);                                \
	     node = next_, next_ = node->next)

#endif
