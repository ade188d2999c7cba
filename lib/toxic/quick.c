/*
 * quick: see quick.h. A table with one place a word, where the newer one
 * stays; an entry fills one line of the processor's cache. It has the word's
 * token, where the lexicon's tree stands behind it (for words that are taken
 * apart), and the sums of the model's weights over its features. Signs have a
 * small table of their own. How an entry is learnt is in quick-learn.c; the
 * rules in word() and sign() are about which neighbours leave a word alone.
 */
#include "quick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quick-impl.h"
#include "undo.h"

#include "../banned.h"

#define LONGS 4       /* such words in a text */
#define BITS 15       /* of the number of words kept */
#define TEXT_MAX 1024 /* bytes: with so few no limit of features.h is met */
#define UNITS 512
#define NEAR 4    /* glyphs of signs that words may be read across */
#define SINGLES 3 /* letters that stand alone and might be read as a word */
#define VECTOR 16
#define NO_TOKEN UINT16_MAX

/* What a byte is; from 0x80 on it belongs to a word, or to a sign alone. */
enum kind {
	KIND_WORD,
	KIND_BLANK,
	KIND_BREAK,
	KIND_GLUE, /* these three may stand inside a word: */
	KIND_MARK, /* as some letter */
	KIND_MASK, /* as any */
	KIND_ODD
};

struct unit {
	const struct entry *e;
	uint16_t token;
};

/* A word of the text at hand that its entry has been sent for. */
struct found {
	uint64_t key[2]; /* its letters, as in an entry */
	uint32_t slot;
	uint16_t n; /* bytes */
};

struct quick {
	struct entry entry[1 << BITS];
	struct entry sign[128][2]; /* once, and twice or more */
	struct entry longs[LONGS]; /* of the text at hand */
	size_t nlongs;
	const struct norm *norm;
	uint8_t kind[256];
	/* the text at hand, in small letters and padded */
	struct unit unit[UNITS];
	size_t nunits;
	bool written; /* it is read, and means what is written */
	struct found found[UNITS];
	char text[TEXT_MAX + VECTOR];
};

/* Where a text is being read. */
struct scan {
	struct quick *q;
	const struct quick_in *in;
	struct match_token *token;
	size_t ntokens;
	const struct found *next;   /* the next word */
	size_t at, nglyphs;         /* bytes and glyphs read */
	uint32_t hash;              /* of the unit before */
	const struct entry *before; /* the last word */
	size_t before_at;           /* its first byte */
	size_t since;               /* glyphs since then */
	bool tied;                  /* and all of them glue, */
	bool odd;                   /* some of which may be letters */
	bool blank;                 /* the last of them was blank */
	bool plain;                 /* no word is not as it is written */
	unsigned singles, spent;
};

static uint8_t
kind_of(const struct norm_entry *e, int c)
{
	switch (e->kind) {
	case NORM_LETTER:
	case NORM_SIGN:
		return KIND_WORD;
	case NORM_BLANK:
		return KIND_BLANK;
	case NORM_BREAK:
		return KIND_BREAK;
	case NORM_GLUE:
		if (e->alt == 0)
			return KIND_GLUE;
		return e->alt == NORM_ALT_ANY ? KIND_MASK : KIND_MARK;
	default: /* not seen: "i'm" is one word */
		return c == '\'' || c == '`' ? KIND_WORD : KIND_ODD;
	}
}

struct quick *
quick_new(const struct norm *nm)
{
	struct quick *q = aligned_alloc(LINE, sizeof(*q) / LINE * LINE + LINE);
	int c;

	if (q == NULL)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->norm = nm;
	for (c = 0; c < 128; c++)
		q->kind[c] = kind_of(&nm->ascii[c], c);
	return q;
}

void
quick_free(struct quick *q)
{
	free(q);
}

void
quick_forget(struct quick *q)
{
	memset(q->entry, 0, sizeof(q->entry));
	memset(q->sign, 0, sizeof(q->sign));
	q->nunits = 0;
}

void
quick_glyphs(const struct quick *q, const struct quick_in *in)
{
	if (*in->nglyphs != SIZE_MAX)
		return;
	*in->nglyphs = norm_text(in->lex->norm, in->text, in->n, in->glyph);
	if (!q->written)
		*in->nglyphs = undo_text(in->lex, in->glyph, *in->nglyphs);
}

/* Is the place that e is needed for used by the text at hand? */
static bool
in_use(const struct quick *q, const struct entry *e)
{
	size_t i;

	for (i = 0; i < q->nunits; i++)
		if (q->unit[i].e == e)
			return true;
	return false;
}

/* A word that is not kept. As find(). */
static const struct entry *
read_long(struct quick *q, const struct quick_in *in, size_t at, size_t n)
{
	struct entry *e;

	if (n > LONGEST || q->nlongs == LONGS)
		return NULL;
	e = &q->longs[q->nlongs++];
	memset(e, 0, sizeof(*e));
	quick_learn(e, in, q->text + at, n);
	e->flags |= BRANCHES;
	return e;
}

/* Sends for the entry of the n bytes at at. */
static void
send_for(const struct quick *q, struct found *w, size_t at, size_t n)
{
	static const char mask[2 * LETTERS] = { -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, -1, -1 };
	uint64_t m[2];

	w->n = (uint16_t)n;
	if (n > LETTERS)
		return;
	memcpy(w->key, q->text + at, sizeof(w->key));
	memcpy(m, mask + LETTERS - n, sizeof(m));
	w->key[0] &= m[0];
	w->key[1] &= m[1];
	w->slot = (uint32_t)(((w->key[0] ^
				  (w->key[1] << 29 | w->key[1] >> 35)) *
				 UINT64_C(0x9e3779b97f4a7c15)) >>
			     (64 - BITS));
	__builtin_prefetch(&q->entry[w->slot]);
}

/*
 * All words of the text, before any of them is looked at: the memory that one
 * would wait for comes while the others' does.
 */
static void
send_for_words(struct quick *q, size_t n)
{
	struct found *w = q->found;
	size_t at, end;

	for (at = 0; at < n; at = end + 1) {
		for (end = at; end < n; end++)
			if (q->kind[(unsigned char)q->text[end]] != KIND_WORD)
				break;
		if (end > at)
			send_for(q, w++, at, end - at);
	}
}

/* The entry of the word w, which is at at; NULL: no place for it now. */
static const struct entry *
find(struct quick *q, const struct quick_in *in, const struct found *w,
    size_t at)
{
	uint64_t a, b;
	struct entry *e;

	if (w->n > LETTERS)
		return read_long(q, in, at, w->n);
	e = &q->entry[w->slot];
	memcpy(&a, e->word, sizeof(a));
	memcpy(&b, e->word + sizeof(a), sizeof(b));
	if (a == w->key[0] && b == w->key[1])
		return e;
	if (in_use(q, e))
		return NULL;
	memset(e, 0, sizeof(*e));
	memcpy(e->word, w->key, sizeof(w->key));
	quick_learn(e, in, q->text + at, w->n);
	return e;
}

/* quick_add will want the weights of e behind the unit before. */
static void
send_for_place(struct scan *s, const struct entry *e)
{
	struct features *f = s->in->features;

	if (s->in->model->head == NULL)
		return;
	f->n = 0;
	features_of_place(f, s->hash, e->hash);
	__builtin_prefetch(model_bucket(s->in->model, f->at[0]));
	s->hash = e->hash;
}

static bool
put(struct scan *s, const struct entry *e, uint16_t token)
{
	struct quick *q = s->q;

	if (q->nunits == UNITS)
		return false;
	s->plain &= (e->flags & SIGN_FIRST) == 0;
	q->unit[q->nunits++] = (struct unit){ .e = e, .token = token };
	s->nglyphs += e->nglyphs;
	send_for_place(s, e);
	return true;
}

static unsigned
kind_at(const struct scan *s, size_t at)
{
	return at < s->in->n ? s->q->kind[(unsigned char)s->q->text[at]]
			     : (unsigned)KIND_BLANK;
}

/*
 * No strong word begins in b and goes on in e, both in plain letters: where
 * there is but one way to read them, the tree ends before e does. What a
 * search would find that out with is taken from the budget.
 */
static bool
is_dead_end(struct scan *s, const struct entry *b, const struct entry *e)
{
	size_t n = strnlen(b->word, LETTERS), at = b->node, i;
	char last = b->word[n - 1];

	s->spent += 2 * LETTERS;
	if (at == 0)
		return true;
	if (last < 'a' || last > 'z')
		return false;
	for (i = 0; i < LETTERS && e->word[i] != last; i++) {
		last = e->word[i];
		if (last < 'a' || last > 'z')
			return false;
		at = lex_step(s->in->lex, at, (unsigned)(last - 'a'));
		if (at == 0)
			return true;
		if (quick_ends_strong(s->in->lex, at))
			return false;
	}
	return false;
}

/* Words with signs in between are read across them: "f.uck", "and/or". */
static bool
may_be_glued(struct scan *s, const struct entry *e)
{
	const struct entry *b = s->before;

	return ((b->flags | e->flags) & (BRANCHES | TWOFOLD)) != 0 ||
	       !is_dead_end(s, b, e);
}

/* The word before, the blank and the word e might be parts of one. */
static bool
may_be_torn(struct scan *s, const struct entry *e)
{
	const struct lexicon *lex = s->in->lex;
	const struct entry *b = s->before;

	if (b->nglyphs > MATCH_FRAGMENT_MAX ||
	    (b->node == 0 && (b->flags & BRANCHES) == 0) ||
	    (lex->entry[b->lex].flags & LEX_STRONG) != 0)
		return false;
	if ((b->flags & BRANCHES) != 0 || (e->flags & SIGN_FIRST) != 0)
		return true;
	return lex_step(lex, b->node, e->first) != 0 &&
	       ((b->flags & TWOFOLD) != 0 || !is_dead_end(s, b, e));
}

/* The word before is a part of one with those behind it. */
static bool
is_torn(struct scan *s)
{
	struct norm_glyph g[TEXT_MAX + 1];
	const struct lexicon *lex = s->in->lex;
	size_t end = s->before_at, n = s->in->n;
	unsigned words, all, left;
	bool torn;

	for (words = 0; words < MATCH_FRAGMENTS; words++) {
		while (end < n && kind_at(s, end) == KIND_WORD)
			end++;
		end += end < n;
	}
	n = norm_text(
	    lex->norm, s->in->text + s->before_at, end - s->before_at, g);
	n = undo_text(lex, g, n);
	all = left = match_budget(n);
	torn = match_fragmented(lex, g, n, 0, &left);
	s->spent += all - left;
	return torn;
}

/* Signs beyond ASCII, alone between blanks. */
static bool
far_signs(struct scan *s, const struct entry *e, size_t end)
{
	if ((s->at > 0 && kind_at(s, s->at - 1) != KIND_BLANK) ||
	    kind_at(s, end) != KIND_BLANK || !put(s, e, NO_TOKEN))
		return false;
	s->since += e->nglyphs;
	s->tied = s->blank = false;
	s->at = end;
	return true;
}

/* The word e is read together with what is before it, or might be. */
static bool
is_joined(struct scan *s, const struct entry *e)
{
	if (s->before == NULL)
		return false;
	if (s->tied)
		return s->since <= NEAR && (s->odd || may_be_glued(s, e));
	return s->blank && s->since == 1 && may_be_torn(s, e) && is_torn(s);
}

static void
put_token(struct scan *s, const struct entry *e, size_t at)
{
	s->token[s->ntokens++] = (struct match_token){
		.entry = e->lex != 0 ? &s->in->lex->entry[e->lex] : NULL,
		.from = (uint16_t)(at + e->from),
		.to = (uint16_t)s->nglyphs,
		.profile = e->profile,
		.counts = (e->flags & COUNTS) != 0,
		.disguised = (e->flags & DISGUISED) != 0,
		.harmless = (e->flags & HARMLESS) != 0
	};
}

/* False: this text is not for us. */
static bool
word(struct scan *s)
{
	const struct entry *e;
	const struct found *w = s->next++;
	size_t end = s->at + w->n, at = s->nglyphs;

	e = find(s->q, s->in, w, s->at);
	if (e == NULL || (e->flags & ODD) != 0)
		return false;
	if ((e->flags & SIGNS) != 0)
		return far_signs(s, e, end);
	s->singles = e->nglyphs == 1 ? s->singles + 1 : 0;
	if (s->singles == SINGLES || is_joined(s, e) ||
	    !put(s, e, (uint16_t)s->ntokens))
		return false;
	put_token(s, e, at);
	s->spent += e->spent;
	s->before = e;
	s->before_at = s->at;
	s->since = 0;
	s->tied = true;
	s->odd = false;
	s->at = end;
	return true;
}

/* One sign, however often it stands there in a row. As word(). */
static bool
sign(struct scan *s, unsigned kind)
{
	unsigned char c = (unsigned char)s->q->text[s->at];
	struct entry *e;
	size_t end = s->at + 1, n;

	while (end < s->in->n && (unsigned char)s->q->text[end] == c)
		end++;
	n = end - s->at;
	/* "f***"; "!diot" */
	if ((kind == KIND_MASK && s->tied && s->since == 0) ||
	    (c == '!' && kind_at(s, end) == KIND_WORD))
		return false;
	e = &s->q->sign[c][n > 1];
	if (e->nglyphs == 0)
		quick_learn(e, s->in, s->q->text + s->at, n > 1 ? 2 : 1);
	if ((e->flags & ODD) != 0 || !put(s, e, NO_TOKEN))
		return false;
	s->nglyphs += n - e->nglyphs;
	s->since += n;
	s->tied = s->tied && kind != KIND_BREAK;
	s->odd |= kind != KIND_GLUE;
	s->blank = false;
	s->at = end;
	return true;
}

/* The text in small letters, where it can be read beyond its end. */
static void
fold(struct quick *q, const char *text, size_t n)
{
	typedef uint8_t bytes __attribute__((vector_size(VECTOR)));
	bytes v, capital;
	size_t i;

	memcpy(q->text, text, n);
	memset(q->text + n, 0, VECTOR);
	for (i = 0; i < n; i += VECTOR) {
		memcpy(&v, q->text + i, sizeof(v));
		capital = (bytes)(v - 'A' < (bytes){ 0 } + 26);
		v |= capital & 0x20;
		memcpy(q->text + i, &v, sizeof(v));
	}
}

bool
quick_read(struct quick *q, const struct quick_in *in,
    struct match_token *token, size_t *ntokens)
{
	struct scan s = { .q = q,
		.in = in,
		.token = token,
		.next = q->found,
		.plain = true };
	unsigned kind;
	bool ok = true;

	q->nunits = q->nlongs = 0;
	q->written = false;
	if (in->n > TEXT_MAX)
		return false;
	fold(q, in->text, in->n);
	send_for_words(q, in->n);
	while (ok && s.at < in->n) {
		kind = kind_at(&s, s.at);
		if (kind == KIND_WORD) {
			ok = word(&s);
		} else if (kind == KIND_BLANK) {
			s.blank = true;
			s.tied = false;
			s.since++;
			s.nglyphs++;
			s.at++;
		} else {
			ok = kind != KIND_ODD && sign(&s, kind);
		}
	}
	*ntokens = s.ntokens;
	ok = ok && s.spent < MATCH_BUDGET_MIN;
	q->written = ok && s.plain;
	return ok;
}

static void
add_sums(int32_t sum[MODEL_LANES], const struct entry *e)
{
	int l;

	for (l = 0; l < MODEL_LANES; l++)
		sum[l] += e->sum[l];
}

size_t
quick_add(struct quick *q, const struct quick_in *in,
    const struct match_token *token, uint32_t profiles, unsigned tenths,
    int32_t sum[MODEL_LANES])
{
	const struct unit *u, *end = q->unit + q->nunits;
	struct features *f = in->features;
	uint32_t before = 0;
	size_t known = 0;

	memset(sum, 0, MODEL_LANES * sizeof(*sum));
	f->n = 0;
	features_of_lexicon(f, profiles, tenths);
	for (u = q->unit; u < end; u++) {
		if (u->token != NO_TOKEN && token[u->token].harmless) {
			if (u->e->from != 0) /* the rest of it is not */
				return SIZE_MAX;
			continue;
		}
		add_sums(sum, u->e);
		known += u->e->nfeatures;
		features_of_place(f, before, u->e->hash);
		__builtin_prefetch(model_bucket(in->model, f->at[f->n - 1]));
		before = u->e->hash;
	}
	features_of_end(f, before);
	model_add(in->model, f->at, f->n, sum);
	return f->n + known;
}
