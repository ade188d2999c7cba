/*
 * lexicon: builds the two tries from the tables in words.c and phrases.txt,
 * once per scorer. The word trie is packed so that the children of a node
 * stand in a row, found by counting bits: a node is 16 bytes and the upper
 * levels stay in the cache. It uses the normaliser on its own words, so the
 * two can't disagree about what a letter is.
 */
#include "lexicon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../banned.h"

#define SLOTS_MAX 16
#define ALTS_MAX 64

struct draft_node {
	uint16_t child[64];
	uint16_t entry;
};

/* While building: the trie before it is packed. */
struct draft {
	const struct norm *norm;
	struct lexicon *lex;
	struct draft_node *node;
	size_t n, cap, entry_cap;
};

/* Room for one more of size bytes in *p. 0, or -1 with errno. */
static int
grow(void **p, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap > 0 ? *cap * 2 : 256;
	void *q;

	if (n < *cap)
		return 0;
	if (want > UINT16_MAX + (size_t)1)
		want = UINT16_MAX + (size_t)1;
	if (n >= want) {
		errno = EOVERFLOW;
		return -1;
	}
	q = realloc(*p, want * size);
	if (q == NULL)
		return -1;
	memset((char *)q + *cap * size, 0, (want - *cap) * size);
	*p = q;
	*cap = want;
	return 0;
}

/* The entry of a word, made where it is missing. 0: error. */
static uint16_t
draft_entry(struct draft *d, const char *word, size_t len)
{
	struct norm_glyph g[LEX_WORD_MAX + 1];
	struct lexicon *lex = d->lex;
	size_t n, i, at = 0;
	uint16_t *next;
	void *p;

	if (len > LEX_WORD_MAX) {
		errno = EINVAL;
		return 0;
	}
	n = norm_text(d->norm, word, len, g);
	for (i = 0; i < n; i++) {
		if (g[i].kind != NORM_LETTER || g[i].sym >= NORM_OTHER) {
			errno = EINVAL;
			return 0;
		}
		next = &d->node[at].child[g[i].sym];
		if (*next == 0) {
			*next = (uint16_t)d->n;
			p = d->node;
			if (grow(&p, d->n, &d->cap, sizeof(*d->node)) < 0)
				return 0;
			d->node = p;
			at = d->n++;
			continue;
		}
		at = *next;
	}
	if (d->node[at].entry == 0) {
		p = lex->entry;
		if (grow(&p, lex->nentries, &d->entry_cap,
			sizeof(*lex->entry)) < 0)
			return 0;
		lex->entry = p;
		d->node[at].entry = (uint16_t)lex->nentries;
		lex->entry[lex->nentries].word = (uint16_t)lex->nentries;
		lex->entry[lex->nentries].text = word;
		lex->entry[lex->nentries].len = (uint8_t)len;
		lex->nentries++;
	}
	return d->node[at].entry;
}

/* The next word of *s up to one of the characters in ends; its length. */
static size_t
next_word(const char **s, const char *ends)
{
	*s += strspn(*s, ends);
	return strcspn(*s, ends);
}

static int
draft_words(struct draft *d, const struct lex_words *row)
{
	const char *s = row->text;
	struct lex_entry *e;
	uint16_t flags, id;
	size_t len, n;

	for (; (len = next_word(&s, " ")) > 0; s += len) {
		flags = row->flags;
		for (n = len; n > 0 && strchr("^=!", s[n - 1]) != NULL; n--) {
			if (s[n - 1] == '^')
				flags |= LEX_INSIDE | LEX_STRONG;
			else if (s[n - 1] == '!')
				flags |= LEX_STRONG;
			else
				flags |= LEX_EXACT;
		}
		id = draft_entry(d, s, n);
		if (id == 0)
			return -1;
		e = &d->lex->entry[id];
		e->flags |= flags;
		if (row->profile != LEX_NONE)
			e->profile = row->profile;
	}
	return 0;
}

static int
draft_synonyms(struct draft *d, const char *s)
{
	uint16_t first = 0, id;
	size_t len;

	for (; (len = next_word(&s, " ")) > 0; s += len) {
		id = draft_entry(d, s, len);
		if (id == 0)
			return -1;
		if (first == 0)
			first = id;
		d->lex->entry[id].word = first;
	}
	return 0;
}

static struct lex_edge *
edge_find(const struct lexicon *lex, unsigned state, unsigned word)
{
	uint32_t key = (uint32_t)state << 16 | word;
	size_t i = (key * UINT32_C(2654435769)) >> 7;
	struct lex_edge *e;

	for (;; i++) {
		e = &lex->edge[i & (lex->edges - 1)];
		if (e->key == key || e->key == 0)
			return e;
	}
}

unsigned
lex_step(const struct lexicon *lex, unsigned state, const struct lex_entry *e)
{
	unsigned next = edge_find(lex, state, e->word)->state;

	if (next == 0 && (e->flags & LEX_GROUP) != 0)
		next = edge_find(lex, state, lex->group)->state;
	return next;
}

static int
edges_grow(struct lexicon *lex)
{
	struct lex_edge *old = lex->edge;
	size_t n = lex->edges, i;

	lex->edges = n > 0 ? n * 2 : 1024;
	lex->edge = calloc(lex->edges, sizeof(*lex->edge));
	if (lex->edge == NULL) {
		lex->edge = old;
		lex->edges = n;
		return -1;
	}
	for (i = 0; i < n; i++)
		if (old[i].key != 0)
			*edge_find(lex, old[i].key >> 16,
			    old[i].key & 0xffff) = old[i];
	free(old);
	return 0;
}

/* The state after word, made where it is missing. 0: error. */
static unsigned
state_after(struct lexicon *lex, unsigned state, unsigned word)
{
	struct lex_edge *e;

	if (2 * lex->nedges >= lex->edges && edges_grow(lex) < 0)
		return 0;
	e = edge_find(lex, state, word);
	if (e->key == 0) {
		if (lex->nstates > UINT16_MAX) {
			errno = EOVERFLOW;
			return 0;
		}
		e->key = (uint32_t)state << 16 | word;
		e->state = (uint16_t)lex->nstates++;
		lex->nedges++;
	}
	return e->state;
}

struct slot {
	uint16_t word[ALTS_MAX];
	size_t n;
	bool optional;
};

static int
draft_path(struct draft *d, const struct slot *slot, size_t n, unsigned state,
    const struct lex_phrase *p)
{
	unsigned next;
	size_t i;

	if (n == 0) {
		d->lex->phrase[state] = p->profile;
		d->lex->line[state] = p->line;
		return 0;
	}
	if (slot->optional && draft_path(d, slot + 1, n - 1, state, p) < 0)
		return -1;
	for (i = 0; i < slot->n; i++) {
		next = state_after(d->lex, state, slot->word[i]);
		if (next == 0 || draft_path(d, slot + 1, n - 1, next, p) < 0)
			return -1;
	}
	return 0;
}

/* What may be skipped anyhow needs no states of its own. */
static size_t
drop_fillers(const struct lexicon *lex, struct slot *slot, size_t n)
{
	size_t i, k, kept = 0;
	unsigned flags;

	for (i = 0; i < n; i++) {
		flags = slot[i].optional ? LEX_FILL : 0;
		for (k = 0; k < slot[i].n; k++)
			flags &= lex->entry[slot[i].word[k]].flags;
		if (flags == 0)
			slot[kept++] = slot[i];
	}
	return kept;
}

static int
draft_phrase(struct draft *d, const struct lex_phrase *p)
{
	struct slot slot[SLOTS_MAX] = { 0 }, *sl;
	const char *s = p->text, *w;
	size_t len, n = 0, k;
	uint16_t id;

	for (; (len = next_word(&s, " ")) > 0; s += len) {
		if (n == SLOTS_MAX) {
			errno = EINVAL;
			return -1;
		}
		sl = &slot[n++];
		w = s;
		sl->optional = *w == '?';
		for (w += sl->optional; w < s + len; w += k + 1) {
			k = strcspn(w, "| ");
			id = draft_entry(d, w, k);
			if (id == 0 || sl->n == ALTS_MAX)
				return -1;
			sl->word[sl->n++] = d->lex->entry[id].word;
		}
	}
	n = drop_fillers(d->lex, slot, n);
	return draft_path(d, slot, n, LEX_PHRASE_START, p);
}

/* Breadth first, so that siblings come to stand in a row. */
static int
draft_pack(struct draft *d)
{
	struct lexicon *lex = d->lex;
	size_t i, filled = 1, sym;
	uint16_t *old; /* where a packed node was in the draft */
	uint16_t child;

	lex->node = calloc(d->n, sizeof(*lex->node));
	old = calloc(d->n, sizeof(*old));
	if (lex->node == NULL || old == NULL) {
		free(old);
		return -1;
	}
	for (i = 0; i < d->n; i++) {
		lex->node[i].first = (uint32_t)filled;
		lex->node[i].entry = d->node[old[i]].entry;
		for (sym = 0; sym < 64; sym++) {
			child = d->node[old[i]].child[sym];
			if (child == 0)
				continue;
			lex->node[i].mask |= NORM_BIT(sym);
			old[filled++] = child;
		}
	}
	lex->nnodes = d->n;
	free(old);
	return 0;
}

/* Which two letters begin a word that counts inside of others. */
static void
draft_pairs(
    struct draft *d, size_t node, unsigned depth, unsigned a, unsigned b)
{
	const struct draft_node *n = &d->node[node];
	unsigned sym;

	if (n->entry != 0 && d->lex->entry[n->entry].flags & LEX_INSIDE)
		d->lex->pair[a] |= NORM_BIT(b);
	for (sym = 0; sym < 64; sym++)
		if (n->child[sym] != 0)
			draft_pairs(d, n->child[sym], depth + 1,
			    depth == 0 ? sym : a, depth == 1 ? sym : b);
}

static int
draft_all(struct draft *d)
{
	const struct lex_words *w;
	const struct lex_phrase *p;
	const char *const *syn;

	d->lex->group = draft_entry(d, LEX_GROUP_WORD, strlen(LEX_GROUP_WORD));
	if (d->lex->group == 0)
		return -1;
	for (w = lex_words; w->text != NULL; w++)
		if (draft_words(d, w) < 0)
			return -1;
	for (syn = lex_synonyms; *syn != NULL; syn++)
		if (draft_synonyms(d, *syn) < 0)
			return -1;
	for (p = lex_phrases; p->text != NULL; p++)
		if (draft_phrase(d, p) < 0)
			return -1;
	draft_pairs(d, 0, 0, 0, 0);
	return draft_pack(d);
}

int
lex_init(struct lexicon *lex, const struct norm *nm)
{
	struct draft d = { .norm = nm, .lex = lex, .n = 1 };
	void *p = NULL;
	int r = -1;

	lex->nentries = 1;
	lex->nstates = LEX_PHRASE_START + 1;
	lex->phrase = calloc(UINT16_MAX + (size_t)1, 1);
	lex->line = calloc(UINT16_MAX + (size_t)1, sizeof(*lex->line));
	if (lex->phrase != NULL && lex->line != NULL && edges_grow(lex) == 0 &&
	    grow(&p, 0, &d.cap, sizeof(*d.node)) == 0) {
		d.node = p;
		r = draft_all(&d);
	}
	free(d.node);
	return r;
}

void
lex_release(struct lexicon *lex)
{
	free(lex->node);
	free(lex->entry);
	free(lex->edge);
	free(lex->phrase);
	free(lex->line);
	memset(lex, 0, sizeof(*lex));
}
