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

#define SLOTS_MAX 24
#define ALTS_MAX 96

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
		for (n = len; n > 0 && strchr("^=!*", s[n - 1]) != NULL; n--) {
			if (s[n - 1] == '^')
				flags |= LEX_INSIDE | LEX_STRONG;
			else if (s[n - 1] == '!')
				flags |= LEX_STRONG;
			else if (s[n - 1] == '*')
				flags |= LEX_STRONG | LEX_MASKED;
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

static size_t
edge_hash(const struct lexicon *lex, unsigned state, unsigned word)
{
	uint32_t key = (uint32_t)state << 16 | word;

	return (key * UINT32_C(2654435769)) >> 7 & (lex->buckets - 1);
}

const struct lex_edge *
lex_edges(const struct lexicon *lex, unsigned state, unsigned word,
    const struct lex_edge **end)
{
	size_t h = edge_hash(lex, state, word);

	*end = lex->edge + lex->bucket[h + 1];
	return lex->edge + lex->bucket[h];
}

/* A new state of the phrases. 0: error. */
static unsigned
new_state(struct lexicon *lex)
{
	size_t cap = lex->state_cap;
	void *p = lex->phrase;

	if (grow(&p, lex->nstates, &cap, sizeof(*lex->phrase)) < 0)
		return 0;
	lex->phrase = p;
	p = lex->line;
	if (grow(&p, lex->nstates, &lex->state_cap, sizeof(*lex->line)) < 0)
		return 0;
	lex->line = p;
	return (unsigned)lex->nstates++;
}

static int
add_edge(struct lexicon *lex, unsigned from, unsigned word, unsigned to)
{
	void *p = lex->edge;

	if (lex->nedges == UINT16_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	if (grow(&p, lex->nedges, &lex->edge_cap, sizeof(*lex->edge)) < 0)
		return -1;
	lex->edge = p;
	lex->edge[lex->nedges++] = (struct lex_edge){ .from = (uint16_t)from,
		.word = (uint16_t)word,
		.to = (uint16_t)to };
	return 0;
}

/* Once all edges are there: puts them into the order of their hashes. */
static int
sort_edges(struct lexicon *lex)
{
	struct lex_edge *old = lex->edge, *e;
	uint64_t *leads; /* by state */
	size_t i, n = lex->nedges;

	for (lex->buckets = 1024; lex->buckets < n; lex->buckets *= 2)
		;
	lex->bucket = calloc(lex->buckets + 2, sizeof(*lex->bucket));
	leads = calloc(lex->nstates, sizeof(*leads));
	e = malloc((n + 1) * sizeof(*e));
	if (lex->bucket == NULL || leads == NULL || e == NULL) {
		free(leads);
		free(e);
		return -1;
	}
	for (i = 0; i < n; i++)
		lex->bucket[edge_hash(lex, old[i].from, old[i].word) + 2]++;
	for (i = 2; i < lex->buckets + 2; i++)
		lex->bucket[i] += lex->bucket[i - 1];
	for (i = 0; i < n; i++) {
		e[lex->bucket[edge_hash(lex, old[i].from, old[i].word) + 1]++] =
		    old[i];
		leads[old[i].from] |= LEX_BIT(old[i].word);
	}
	for (i = 0; i < n; i++) {
		e[i].ends = lex->phrase[e[i].to] != LEX_NONE;
		e[i].leads = leads[e[i].to];
	}
	free(leads);
	lex->edge = e;
	free(old);
	return 0;
}

struct slot {
	uint16_t word[ALTS_MAX];
	size_t n;
	bool optional;
};

/*
 * A phrase is a row of states, one behind each slot; a slot that may be
 * missing is passed by edges from the states before it.
 */
static int
draft_states(struct draft *d, const struct slot *slot, size_t n,
    const struct lex_phrase *p)
{
	unsigned state[SLOTS_MAX + 1] = { LEX_PHRASE_START };
	size_t i, k, w, first = 0; /* the earliest state that leads to slot i */

	for (i = 0; i < n; i++) {
		state[i + 1] = new_state(d->lex);
		if (state[i + 1] == 0)
			return -1;
		for (k = first; k <= i; k++)
			for (w = 0; w < slot[i].n; w++)
				if (add_edge(d->lex, state[k], slot[i].word[w],
					state[i + 1]) < 0)
					return -1;
		if (!slot[i].optional)
			first = i + 1;
	}
	for (k = first > 0 ? first : 1; k <= n; k++) {
		d->lex->phrase[state[k]] = p->profile;
		d->lex->line[state[k]] = p->line;
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
	return draft_states(d, slot, n, p);
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
find_pairs(
    struct lexicon *lex, size_t node, unsigned depth, unsigned a, unsigned b)
{
	struct lex_node *n = &lex->node[node];
	uint64_t left = n->mask;
	unsigned sym, i = 0;

	if ((lex->entry[n->entry].flags & LEX_INSIDE) != 0)
		lex->pair[a] |= NORM_BIT(b);
	n->strong = (lex->entry[n->entry].flags & LEX_STRONG) != 0;
	for (; left != 0; left &= left - 1, i++) {
		sym = (unsigned)__builtin_ctzll(left);
		find_pairs(lex, n->first + i, depth + 1, depth == 0 ? sym : a,
		    depth == 1 ? sym : b);
		n->strong |= lex->node[n->first + i].strong;
	}
}

/* A word that is found with a mistake in it. */
static int
add_typo(struct lexicon *lex, const char *word, size_t len)
{
	struct norm_glyph g[LEX_WORD_MAX + 1];
	const struct lex_entry *e;
	struct lex_match m;
	unsigned budget = 0;
	size_t n;

	if (len > LEX_WORD_MAX)
		return 0;
	n = norm_text(lex->norm, word, len, g);
	m = lex_word(lex, g, 0, n, &budget);
	e = m.stem != NULL ? m.stem : m.entry;
	if (e == NULL)
		return 0;
	return typo_add(lex->typo, word, len, (uint16_t)(e - lex->entry));
}

/* What may be mistyped and what is no mistake. */
static int
add_typos(struct lexicon *lex)
{
	const char *const *row, *s;
	size_t len;

	lex->typo = typo_new();
	if (lex->typo == NULL)
		return -1;
	for (row = lex_common; *row != NULL; row++)
		for (s = *row; (len = next_word(&s, " ")) > 0; s += len)
			if (typo_add_common(lex->typo, s, len) < 0)
				return -1;
	for (row = lex_typos; *row != NULL; row++)
		for (s = *row; (len = next_word(&s, " ")) > 0; s += len)
			if (add_typo(lex, s, len) < 0)
				return -1;
	return 0;
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
	if (sort_edges(d->lex) < 0 || draft_pack(d) < 0)
		return -1;
	find_pairs(d->lex, 0, 0, 0, 0);
	return add_typos(d->lex);
}

int
lex_init(struct lexicon *lex, const struct norm *nm)
{
	struct draft d = { .norm = nm, .lex = lex, .n = 1 };
	void *p = NULL;
	int r = -1;

	lex->norm = nm;
	lex->usual = usual_new();
	if (lex->usual == NULL)
		return -1;
	lex->nentries = 1;
	lex->nstates = LEX_PHRASE_START;
	if (new_state(lex) == LEX_PHRASE_START &&
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
	free(lex->bucket);
	free(lex->phrase);
	free(lex->line);
	typo_free(lex->typo);
	usual_free(lex->usual);
	memset(lex, 0, sizeof(*lex));
}
