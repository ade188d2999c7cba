/*
 * words: see words.h. Of each entry the longest stretch without a wildcard,
 * its anchor, goes into the trie; what stands around it is compared once the
 * anchor is found. How that is done is in seek.c.
 */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "words-impl.h"

#include "../banned.h"

#define WILD_MAX 8 /* wildcards in an entry */

struct words *
words_new(const struct norm *norm, bool disguised)
{
	struct words *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->norm = norm;
	w->disguised = disguised;
	w->n = 1;
	if (trie_init(&w->trie) == 0)
		return w;
	words_free(w);
	return NULL;
}

void
words_free(struct words *w)
{
	if (w == NULL)
		return;
	trie_release(&w->trie);
	free(w->word);
	free(w->element);
	free(w);
}

/* --- entries ---------------------------------------------------------------
 */

/* The glyph as an element; 0: it is nothing. */
static uint32_t
element_of(const struct norm_glyph *g, uint32_t key)
{
	if (in_word(g))
		return key;
	if (key == '*' || key == '?')
		return key == '*' ? STAR : QUEST;
	return is_literal(key) ? key : GAP;
}

/* An entry's elements into out; their number. */
static size_t
read_elements(struct words *w, const char *text, size_t n, uint32_t *out)
{
	size_t i, k = 0, glyphs = norm_text(w->norm, text, n, w->glyph);
	uint32_t e;

	for (i = 0; i < glyphs; i++) {
		e = element_of(&w->glyph[i], key_of(&w->glyph[i]));
		if (e == GAP && (k == 0 || out[k - 1] == GAP))
			continue;
		if (e == STAR && k > 0 && out[k - 1] == STAR)
			continue;
		out[k++] = e;
	}
	while (k > 0 && out[k - 1] == GAP)
		k--;
	return k;
}

static bool
is_wild(uint32_t e)
{
	return e == STAR || e == QUEST;
}

/* The anchor: the longest run without wildcards, from *from to *to. */
static void
find_anchor(const uint32_t *e, size_t n, size_t *from, size_t *to)
{
	size_t i, a, b;

	*from = *to = 0;
	for (i = 0; i < n; i = b + 1) {
		for (b = i; b < n && !is_wild(e[b]); b++)
			;
		a = i;
		i = b;
		while (a < i && e[a] == GAP)
			a++;
		while (i > a && e[i - 1] == GAP)
			i--;
		if (i - a > *to - *from) {
			*from = a;
			*to = i;
		}
	}
}

static int
grow(void **p, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap > 0 ? *cap : 64;
	void *q;

	while (want < n)
		want *= 2;
	if (want == *cap)
		return 0;
	q = realloc(*p, want * size);
	if (q == NULL)
		return -1;
	*p = q;
	*cap = want;
	return 0;
}

/* Keeps elements; where they begin, or UINT32_MAX. */
static uint32_t
keep_elements(struct words *w, const uint32_t *e, size_t n)
{
	uint32_t at = (uint32_t)w->nelements;
	void *p = w->element;

	if (grow(&p, w->nelements + n, &w->element_cap, sizeof(*e)) < 0)
		return UINT32_MAX;
	w->element = p;
	if (n > 0)
		memcpy(w->element + at, e, n * sizeof(*e));
	w->nelements += n;
	return at;
}

static void
pair_set(struct words *w, uint32_t a, uint32_t b)
{
	size_t h = pair_hash(a, b);

	w->pair[h >> 6] |= UINT64_C(1) << (h & 63);
}

static int
put_word(struct words *w, const uint32_t *e, size_t from, size_t to,
    struct word word)
{
	uint32_t node = TRIE_ROOT;
	void *p = w->word;
	size_t i;

	for (i = from; i < to; i++) {
		node = trie_add(&w->trie, node, e[i]);
		if (node == 0)
			return -1;
		word.letters += e[i] < GAP;
	}
	if (grow(&p, w->n + 1, &w->cap, sizeof(word)) < 0)
		return -1;
	w->word = p;
	word.next = w->trie.value[node];
	w->trie.value[node] = (uint32_t)w->n;
	w->word[w->n++] = word;
	pair_set(w, e[from], to - from > 1 ? e[from + 1] : GAP);
	return 0;
}

int
words_add(struct words *w, const char *text, size_t n, uint32_t entry,
    const char **why)
{
	uint32_t e[LIST_ENTRY_MAX + 1];
	struct word word = { .entry = entry };
	size_t count = read_elements(w, text, n, e), from, to, i, wild = 0;

	for (i = 0; i < count; i++)
		wild += is_wild(e[i]);
	find_anchor(e, count, &from, &to);
	*why = from == to        ? "no letter, digit or symbol to look for"
	       : wild > WILD_MAX ? "too many wildcards"
				 : NULL;
	if (*why != NULL)
		return -1;
	word.npre = (uint16_t)from;
	word.npost = (uint16_t)(count - to);
	word.pre = keep_elements(w, e, from);
	word.post = keep_elements(w, e + to, count - to);
	w->wild |= wild > 0;
	w->inner |= from > 0 && is_wild(e[from - 1]);
	if (word.pre == UINT32_MAX || word.post == UINT32_MAX ||
	    put_word(w, e, from, to, word) < 0) {
		*why = strerror(ENOMEM);
		return -1;
	}
	return 0;
}
