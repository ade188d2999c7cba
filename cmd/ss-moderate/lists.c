/*
 * lists: see app.h. What the blocklist finds makes a message toxic whatever
 * the scorer thinks; what the allowlist finds is not there for the scorer. An
 * allowed stretch takes away the blocklist's hits that lie within it, and no
 * others: "dick" may be blocked and "Dick Grayson" allowed, while a word that
 * is allowed does not save the blocked phrase that it is part of.
 */
#include <string.h>

#include "app.h"
#include "msg.h"
#include "utf8.h"

#include "banned.h"

#define LISTED "blocklist" /* the reason, where the entry gives none */

/* One list anew. 0, or -1 after a message; the old one stays then. */
static int
load(struct app *a, const struct opt_list *files, bool block, struct list **out)
{
	struct list *ls;

	if (files->n == 0)
		return 0;
	ls = list_load(files->item, files->n, block, &a->err);
	if (ls == NULL) {
		msg_err("%s", a->err.p);
		return -1;
	}
	list_free(*out);
	*out = ls;
	return 0;
}

int
lists_load(struct app *a)
{
	struct lists *l = &a->lists;

	if (load(a, &l->block_files, true, &l->block) < 0)
		return -1;
	return load(a, &l->allow_files, false, &l->allow);
}

static void
reread(struct app *a, const char *name, const struct opt_list *files,
    bool block, struct list **out)
{
	if (files->n == 0)
		return;
	if (load(a, files, block, out) < 0)
		msg_warn("the %s in force stays", name);
	else
		msg_info("%s read again: %zu entries", name, list_size(*out));
}

void
lists_reread(struct app *a)
{
	struct lists *l = &a->lists;

	reread(a, "blocklist", &l->block_files, true, &l->block);
	reread(a, "allowlist", &l->allow_files, false, &l->allow);
}

void
lists_release(struct lists *l)
{
	list_free(l->block);
	list_free(l->allow);
	list_hits_release(&l->blocked);
	list_hits_release(&l->allowed);
	buf_release(&l->rest);
}

/* Drops the blocked stretches that lie within an allowed one. */
static void
drop_allowed(struct lists *l)
{
	const struct list_hits *ok = &l->allowed;
	struct list_hits *bad = &l->blocked;
	size_t i, k = 0, next = 0, covered = 0, from = 0, end;

	for (i = 0; i < bad->n; i++) {
		/* allowed stretches that touch are one */
		for (; next < ok->n && ok->hit[next].start <= bad->hit[i].start;
		     next++) {
			if (ok->hit[next].start > covered || next == 0)
				from = ok->hit[next].start;
			end = ok->hit[next].start + ok->hit[next].len;
			if (end > covered)
				covered = end;
		}
		if (next > 0 && bad->hit[i].start >= from &&
		    bad->hit[i].start + bad->hit[i].len <= covered)
			continue;
		bad->hit[k++] = bad->hit[i];
	}
	bad->n = k;
}

/* The text with blanks for what is allowed, so that nothing moves. */
static int
blank_allowed(struct lists *l, const struct buf *text)
{
	size_t i;

	buf_reset(&l->rest);
	if (buf_add(&l->rest, text->p, text->len) < 0)
		return -1;
	for (i = 0; i < l->allowed.n; i++)
		memset(l->rest.p + l->allowed.hit[i].start, ' ',
		    l->allowed.hit[i].len);
	return 0;
}

int
lists_look(struct app *a)
{
	struct lists *l = &a->lists;

	a->scored = &a->text;
	l->allowed.n = l->blocked.n = 0;
	if (l->block != NULL &&
	    list_find(l->block, a->text.p, a->text.len, &l->blocked) < 0)
		return -1;
	if (l->allow == NULL)
		return 0;
	if (list_find(l->allow, a->text.p, a->text.len, &l->allowed) < 0)
		return -1;
	if (l->allowed.n == 0)
		return 0;
	drop_allowed(l);
	a->scored = &l->rest;
	return blank_allowed(l, &a->text);
}

const char *
lists_reason(const struct app *a)
{
	const struct lists *l = &a->lists;
	const char *note;

	if (l->blocked.n == 0)
		return NULL;
	note = list_entry(l->block, l->blocked.hit[0].entry).note;
	return note != NULL ? note : LISTED;
}

/* Moves *covered on to the end of the furthest hit that began until at. */
static void
cover_hits(const struct list_hits *h, size_t *next, size_t at, size_t *covered)
{
	size_t end;

	for (; *next < h->n && h->hit[*next].start <= at; ++*next) {
		end = h->hit[*next].start + h->hit[*next].len;
		if (end > *covered)
			*covered = end;
	}
}

static void
cover_spans(
    const struct toxic_result *r, size_t *next, size_t at, size_t *covered)
{
	size_t end;

	for (; *next < r->nspans && r->span[*next].start <= at; ++*next) {
		end = r->span[*next].start + r->span[*next].len;
		if (end > *covered)
			*covered = end;
	}
}

int
lists_mask(const struct app *a, bool spans, struct buf *out)
{
	const struct buf *text = &a->text;
	size_t i, len, covered = 0, hit = 0, span = 0;
	uint32_t cp;
	bool hide;

	for (i = 0; i < text->len; i += len) {
		cover_hits(&a->lists.blocked, &hit, i, &covered);
		if (spans)
			cover_spans(&a->result, &span, i, &covered);
		len = utf8_decode(text->p + i, text->len - i, &cp);
		hide = i < covered && !utf8_is_space(cp);
		if ((hide ? buf_addc(out, '*')
			  : buf_add(out, text->p + i, len)) < 0)
			return -1;
	}
	return 0;
}
