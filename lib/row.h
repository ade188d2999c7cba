/*
 * row: things in the order in which they came. Each has a link inside, which
 * stands in one row at most, so that to join and to leave allocate nothing and
 * take no search. A zeroed row is empty, a zeroed link stands in none.
 */
#ifndef SS_ROW_H
#define SS_ROW_H

#include <stddef.h>

struct row_link {
	struct row_link *prev, *next;
	struct row *in; /* NULL: none */
};

struct row {
	struct row_link *first, *last; /* NULL: nobody */
	size_t n;
};

/* What a link is a member of; link is not NULL. */
#define ROW_ITEM(link, type, member) \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Takes it out of the row it stands in, if any. */
static inline void
row_leave(struct row_link *l)
{
	struct row *r = l->in;

	if (!r)
		return;
	*(l->prev ? &l->prev->next : &r->first) = l->next;
	*(l->next ? &l->next->prev : &r->last) = l->prev;
	l->in = NULL;
	r->n--;
}

/* Puts it behind the last one, wherever it stood before. */
static inline void
row_join(struct row *r, struct row_link *l)
{
	row_leave(l);
	*l = (struct row_link){ .prev = r->last, .in = r };
	*(r->last ? &r->last->next : &r->first) = l;
	r->last = l;
	r->n++;
}

#endif
