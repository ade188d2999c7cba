/*
 * quick: see quick.h. A table with one place a word, where the newer one
 * stays; an entry fills one line of the processor's cache. It has the word's
 * token, where the lexicon's tree stands behind it (for words that are taken
 * apart), and the sums of the model's weights over its features. Signs have a
 * small table of their own. An entry is learnt by giving the word alone to
 * match.h and features.h, so what it says can't differ from what they say;
 * the rules in word() and sign() are about which neighbours leave it alone.
 */
#include "quick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "undo.h"

#include "../banned.h"

#define LETTERS 16    /* bytes; of a longer word nothing is kept */
#define LONGEST 40    /* bytes; a text with a longer one is not for us */
#define LONGS 4       /* such words in a text */
#define BITS 15       /* of the number of words kept */
#define TEXT_MAX 1024 /* bytes: with so few no limit of features.h is met */
#define UNITS 512
#define NEAR 4    /* glyphs of signs that words may be read across */
#define SINGLES 3 /* letters that stand alone and might be read as a word */
#define LINE 64
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

enum {
	COUNTS = 1, /* as in match_token */
	DISGUISED = 2,
	HARMLESS = 4,
	ODD = 8,       /* not to be read alone */
	SIGNS = 16,    /* no letter in it, but what is no ASCII either */
	BRANCHES = 32, /* as a part of a word it can be read in several ways */
	SIGN_FIRST = 64, /* or a guess (undo.h) */
	TWOFOLD = 128    /* not by letters alone, so look closer */
};

struct entry {
	char word[LETTERS]; /* small letters, zeros behind it */
	int16_t sum[MODEL_LANES];
	uint32_t hash;
	uint16_t lex;   /* number of the lexicon's entry; 0: none */
	uint16_t node;  /* where a strong word may go on; 0: none does */
	uint16_t spent; /* steps of the search for it */
	uint8_t nfeatures, nglyphs;
	uint8_t profile;
	uint8_t flags;
	uint8_t first; /* symbol of its first glyph */
	uint8_t from;  /* where its token begins */
};
_Static_assert(sizeof(struct entry) == LINE, "an entry is one line");

struct unit {
	const struct entry *e;
	uint16_t token;
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
	char text[TEXT_MAX + VECTOR];
};

/* Where a text is being read. */
struct scan {
	struct quick *q;
	const struct quick_in *in;
	struct match_token *token;
	size_t ntokens;
	size_t at, nglyphs;         /* bytes and glyphs read */
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

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

/* How many of n glyphs are part of a word; n + 1: a blank is among them. */
static size_t
count_letters(const struct norm_glyph *g, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (g[i].kind == NORM_BLANK)
			return n + 1;
		k += in_word(&g[i]);
	}
	return k;
}

static bool
ends_strong(const struct lexicon *lex, size_t node)
{
	return (lex->entry[lex->node[node].entry].flags & LEX_STRONG) != 0;
}

/*
 * What may become of the word when others follow it. In plain letters, none
 * of them doubled, there is but one way to read it.
 */
static void
learn_beginning(
    struct entry *e, const struct lexicon *lex, const struct norm_glyph *g)
{
	size_t i, at = 0;

	if (g[0].alt != 0 || g[0].guess)
		e->flags |= SIGN_FIRST;
	e->first = g[0].sym;
	for (i = 0; i < e->nglyphs; i++) {
		if (g[i].alt != 0 || g[i].guess) {
			e->flags |= BRANCHES;
			return;
		}
		if (i > 0 && g[i].sym == g[i - 1].sym)
			e->flags |= TWOFOLD;
		at = lex_step(lex, at, g[i].sym);
		if (at == 0)
			return;
		if (ends_strong(lex, at))
			e->flags |= TWOFOLD;
	}
	e->node = (uint16_t)at;
}

/* The sums of the one feature word that the piece in f has. */
static bool
learn_sums(struct entry *e, const struct model *m, struct features *f,
    const struct features_in *in)
{
	int32_t sum[MODEL_LANES] = { 0 };
	const uint32_t *sym;
	size_t n, i;

	features_begin(f, in);
	n = features_next(f, 0, &sym);
	if (n == 0)
		return false;
	e->hash = features_hash(sym, n);
	features_of_word(f, sym, n, e->hash);
	if (f->n > UINT8_MAX || features_next(f, 0, &sym) != 0)
		return false;
	for (i = 0; i < f->n; i++)
		__builtin_prefetch(model_bucket(m, f->at[i]));
	model_add(m, f->at, f->n, sum);
	for (i = 0; i < MODEL_LANES; i++)
		e->sum[i] = (int16_t)sum[i];
	e->nfeatures = (uint8_t)f->n;
	return true;
}

static void
learn_token(
    struct entry *e, const struct lexicon *lex, const struct match_token *t)
{
	if (t->entry != NULL)
		e->lex = (uint16_t)(t->entry - lex->entry);
	e->profile = t->profile;
	e->from = (uint8_t)t->from;
	if (t->counts)
		e->flags |= COUNTS;
	if (t->disguised)
		e->flags |= DISGUISED;
	if (t->harmless)
		e->flags |= HARMLESS;
}

/* Makes e that of n bytes at text; what can't be read alone becomes ODD. */
static void
learn(struct entry *e, const struct quick_in *in, const char *text, size_t n)
{
	struct norm_glyph g[LONGEST + 1];
	struct match_token token[LONGEST];
	struct features_in fi = { .norm = in->lex->norm,
		.text = text,
		.glyph = g,
		.nglyphs = norm_text(in->lex->norm, text, n, g),
		.token = token };
	unsigned budget = match_budget(n);
	size_t letters = count_letters(g, fi.nglyphs);

	e->flags = ODD;
	e->nglyphs = (uint8_t)fi.nglyphs;
	if (fi.nglyphs == 0 || (letters != 0 && letters != fi.nglyphs))
		return;
	fi.nglyphs = undo_text(in->lex, g, fi.nglyphs);
	e->nglyphs = (uint8_t)fi.nglyphs;
	fi.ntokens = match_within(in->lex, g, fi.nglyphs, token, &budget);
	e->spent = (uint16_t)(match_budget(n) - budget);
	if (e->spent >= MATCH_BUDGET_MIN || fi.ntokens != (letters != 0) ||
	    (letters != 0 && token[0].to != fi.nglyphs))
		return;
	if (letters == 0) {
		e->flags |= SIGNS;
	} else {
		learn_token(e, in->lex, &token[0]);
		learn_beginning(e, in->lex, g);
	}
	/* a part of a word that is put in plain letters leaves the rest */
	if (in->model->head != NULL &&
	    !learn_sums(e, in->model, in->features, &fi))
		return;
	e->flags &= (uint8_t)~ODD;
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
	learn(e, in, q->text + at, n);
	e->flags |= BRANCHES;
	return e;
}

/* The entry of the n bytes at at; NULL: there is no place for it now. */
static const struct entry *
find(struct quick *q, const struct quick_in *in, size_t at, size_t n)
{
	static const char mask[2 * LETTERS] = { -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, -1, -1, -1, -1, -1, -1 };
	uint64_t a, b, m[2], key[2];
	struct entry *e;

	if (n > LETTERS)
		return read_long(q, in, at, n);
	memcpy(key, q->text + at, sizeof(key));
	memcpy(m, mask + LETTERS - n, sizeof(m));
	key[0] &= m[0];
	key[1] &= m[1];
	a = (key[0] ^ (key[1] << 29 | key[1] >> 35)) *
	    UINT64_C(0x9e3779b97f4a7c15);
	e = &q->entry[a >> (64 - BITS)];
	memcpy(&a, e->word, sizeof(a));
	memcpy(&b, e->word + sizeof(a), sizeof(b));
	if (a == key[0] && b == key[1])
		return e;
	if (in_use(q, e))
		return NULL;
	memset(e, 0, sizeof(*e));
	memcpy(e->word, key, sizeof(key));
	learn(e, in, q->text + at, n);
	return e;
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
		if (ends_strong(s->in->lex, at))
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
	size_t end = s->at, at = s->nglyphs;

	while (end < s->in->n && kind_at(s, end) == KIND_WORD)
		end++;
	e = find(s->q, s->in, s->at, end - s->at);
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
		learn(e, s->in, s->q->text + s->at, n > 1 ? 2 : 1);
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
	struct scan s = { .q = q, .in = in, .token = token, .plain = true };
	unsigned kind;
	bool ok = true;

	q->nunits = q->nlongs = 0;
	q->written = false;
	if (in->n > TEXT_MAX)
		return false;
	fold(q, in->text, in->n);
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
