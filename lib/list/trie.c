/*
 * trie: see trie.h.
 */
#include "trie.h"

#include <stdlib.h>
#include <string.h>

#include "../banned.h"

#define FIRST 256

static struct trie_edge *
slot(const struct trie *t, uint32_t from, uint32_t label)
{
	size_t i = from * UINT32_C(2654435769) ^ label * UINT32_C(2246822519);

	for (i ^= i >> 15;; i++) {
		struct trie_edge *e = &t->edge[i & (t->cap - 1)];

		if (e->from == 0 || (e->from == from && e->label == label))
			return e;
	}
}

static int
grow_edges(struct trie *t)
{
	struct trie old = *t;
	size_t i;

	t->cap = old.cap > 0 ? 2 * old.cap : FIRST;
	t->edge = calloc(t->cap, sizeof(*t->edge));
	if (t->edge == NULL) {
		*t = old;
		return -1;
	}
	for (i = 0; i < old.cap; i++)
		if (old.edge[i].from != 0)
			*slot(t, old.edge[i].from,
			    old.edge[i].label) = old.edge[i];
	free(old.edge);
	return 0;
}

static int
grow_nodes(struct trie *t)
{
	size_t want = t->node_cap > 0 ? 2 * t->node_cap : FIRST;
	uint32_t *p = realloc(t->value, want * sizeof(*p));

	if (p == NULL)
		return -1;
	memset(p + t->node_cap, 0, (want - t->node_cap) * sizeof(*p));
	t->value = p;
	t->node_cap = want;
	return 0;
}

int
trie_init(struct trie *t)
{
	t->nodes = TRIE_ROOT + 1;
	return grow_edges(t) < 0 || grow_nodes(t) < 0 ? -1 : 0;
}

void
trie_release(struct trie *t)
{
	free(t->edge);
	free(t->value);
	memset(t, 0, sizeof(*t));
}

uint32_t
trie_add(struct trie *t, uint32_t from, uint32_t label)
{
	struct trie_edge *e;

	if (2 * t->n >= t->cap && grow_edges(t) < 0)
		return 0;
	if (t->nodes == t->node_cap && grow_nodes(t) < 0)
		return 0;
	e = slot(t, from, label);
	if (e->from == 0) {
		*e = (struct trie_edge){ from, label, (uint32_t)t->nodes++ };
		t->n++;
	}
	return e->to;
}

uint32_t
trie_next(const struct trie *t, uint32_t from, uint32_t label)
{
	return slot(t, from, label)->to;
}
