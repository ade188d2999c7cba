/*
 * score: toxic.h by a weighted lexicon and a model. Each word or phrase found
 * adds its six weights; weights of one label add up as probabilities do that
 * may each be wrong, 1 - (1 - a)(1 - b). What tells an insult from a remark is
 * whom it is said of, so a word's neighbours to the left decide between two
 * weights. A long text is scored in pieces, cut at blanks: nothing can be
 * hidden behind padding.
 */
#include "toxic.h"

#include <errno.h>
#include <float.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "features.h"
#include "lexicon.h"
#include "match.h"
#include "model.h"
#include "normalise.h"
#include "phrase.h"
#include "quick.h"
#include "span.h"
#include "wordsum.h"

#include "../banned.h"

#define CONTEXT 8         /* tokens looked back for the subject */
#define SHORT_TEXT 2      /* tokens: so short that an insult has an addressee */
#define HARMLESS_BELOW 20 /* percent */
#define CUT_BACK 128      /* bytes: how far back a piece may be cut */
#define LEXICON_SPREAD 0.04F
/* Of the lexicon, beside the model's raw value. Chosen on rows held back. */
#define LEXICON_WEIGHT 1.75F
#define SPARED_WEIGHT 2 /* off it for "i'm an idiot" */
#define TAUNT_LEAST                                               \
	0.5F /* what is flagged for "ez" alone comes down to here \
	      */
#define TAUNT_SHARE                                              \
	0.2F /* and keeps so much of what it had above the limit \
	      */
#define SURE_PROFILES                                              \
	(UINT32_C(1) << LEX_THREAT | UINT32_C(1) << LEX_SELFHARM | \
	    UINT32_C(1) << LEX_SLUR)
#define SCORE_MAX 0.99F /* of a lexicon, nothing is sure */

const char *const toxic_label_name[TOXIC_LABELS] = {
	"toxicity",
	"severe_toxicity",
	"obscene",
	"threat",
	"insult",
	"identity_attack",
};

struct toxic {
	struct norm norm;
	struct lexicon lex;
	struct norm_glyph glyph[NORM_GLYPHS];
	struct match_token token[MATCH_TOKENS];
	size_t nglyphs, ntokens;
	struct features features;
	struct model model;
	struct wordsum *known;
	struct quick *quick;
	bool is_quick; /* the piece at hand was read that way */
	bool plain;    /* never read that way */
	/* of the text at hand */
	struct quick_in piece;
	size_t base;              /* where the piece begins */
	float rest[TOXIC_LABELS]; /* 1 - the lexicon's score so far */
	float raw[TOXIC_LABELS];  /* of the piece the model minds most */
	uint32_t profiles;        /* found so far, a bit each */
	bool spared;              /* an insult, but of oneself, denied, asked */
	bool taunts, deaf;        /* some were found; they are not to be seen */
	bool outright;            /* nothing is said but hatred of a group */
	struct toxic_result *res;
};

/* Of whom something is said. */
enum subject {
	SUBJECT_NONE,
	SUBJECT_YOU,
	SUBJECT_THEM,
	SUBJECT_SELF,
	SUBJECT_ASKED /* "are you a bot" */
};

struct toxic *
toxic_new_bare(void)
{
	struct toxic *t = calloc(1, sizeof(*t));
	int e;

	if (t == NULL)
		return NULL;
	t->known = wordsum_new();
	if (t->known == NULL || norm_init(&t->norm) < 0 ||
	    lex_init(&t->lex, &t->norm) < 0 ||
	    (t->quick = quick_new(&t->norm)) == NULL) {
		e = errno;
		toxic_free(t);
		errno = e;
		return NULL;
	}
	return t;
}

struct toxic *
toxic_new(void)
{
	struct toxic *t = toxic_new_bare();
	const char *why;

	if (t != NULL &&
	    toxic_use(t, model_default, (size_t)model_default_size, &why) < 0) {
		toxic_free(t);
		errno = EBADMSG;
		return NULL;
	}
	return t;
}

static void
replace_model(struct toxic *t, const struct model *m)
{
	model_release(&t->model);
	t->model = *m;
	wordsum_forget(t->known);
	quick_forget(t->quick);
}

int
toxic_use(struct toxic *t, const void *p, size_t n, const char **why)
{
	struct model m = { 0 };

	if (model_view(&m, p, n, why) < 0)
		return -1;
	replace_model(t, &m);
	return 0;
}

int
toxic_load(struct toxic *t, const char *path, const char **why)
{
	struct model m = { 0 };

	if (model_open(&m, path, why) < 0)
		return -1;
	replace_model(t, &m);
	return 0;
}

uint64_t
toxic_model_id(const struct toxic *t)
{
	return t->model.head != NULL ? t->model.head->sum : 0;
}

void
toxic_free(struct toxic *t)
{
	if (t == NULL)
		return;
	model_release(&t->model);
	wordsum_free(t->known);
	quick_free(t->quick);
	lex_release(&t->lex);
	norm_release(&t->norm);
	free(t);
}

/*
 * Adds weights (0 to 1), found in the glyphs from from to to by the phrase
 * that stands in that line, or by a word (0).
 */
static void
hit(struct toxic *t, const float w[TOXIC_LABELS], size_t from, size_t to,
    unsigned phrase)
{
	struct toxic_span s = { .label = TOXIC_OBSCENE, .phrase = phrase };
	int l;

	for (l = 0; l < TOXIC_LABELS; l++)
		t->rest[l] *= 1 - w[l];
	for (l = TOXIC_OBSCENE; l < TOXIC_LABELS; l++)
		if (w[l] > w[s.label])
			s.label = (enum toxic_label)l;
	quick_glyphs(t->quick, &t->piece);
	s.start = t->base + t->glyph[from].start;
	s.len = t->base + t->glyph[to - 1].end - s.start;
	s.weight = w[TOXIC_TOXICITY];
	span_add(t->res, s);
}

/* "are you a bot": only asks, where the word is harmless by itself. */
static bool
is_question(const struct toxic *t, size_t i, size_t you)
{
	const struct lex_profile *p = &lex_profile[t->token[i].profile];

	return you > 0 && p->label[TOXIC_TOXICITY] < HARMLESS_BELOW &&
	       t->token[you - 1].entry != NULL &&
	       (t->token[you - 1].entry->flags & LEX_BE) != 0;
}

/* Of whom the token at i is said, by what stands before it. */
static enum subject
subject_of(const struct toxic *t, size_t i, bool *negated)
{
	bool article = false, be = false;
	size_t j;
	const struct lex_entry *e;

	*negated = false;
	for (j = i; j > 0 && i - j < CONTEXT; j--) {
		e = t->token[j - 1].entry;
		if (e == NULL)
			return SUBJECT_NONE;
		if ((e->flags & LEX_YOU) != 0)
			return is_question(t, i, j - 1) ? SUBJECT_ASKED
							: SUBJECT_YOU;
		if ((e->flags & LEX_YOUR) != 0)
			return article || lex_profile[t->token[i].profile]
					      .adjective
				   ? SUBJECT_YOU
				   : SUBJECT_NONE;
		if ((e->flags & LEX_SELF) != 0)
			return be || (e->flags & LEX_BE) != 0 ? SUBJECT_SELF
							      : SUBJECT_NONE;
		if ((e->flags & LEX_THEM) != 0)
			return SUBJECT_THEM;
		be |= (e->flags & LEX_BE) != 0;
		article |= (e->flags & LEX_ART) != 0;
		*negated |= (e->flags & LEX_NEG) != 0;
		if ((e->flags & (LEX_FILL | LEX_BE | LEX_NEG)) == 0 &&
		    !t->token[j - 1].counts)
			return SUBJECT_NONE;
	}
	return SUBJECT_NONE;
}

/* Nothing is said but insults: they have an addressee. */
static bool
is_curt(const struct toxic *t)
{
	size_t i;

	for (i = 0; i < t->ntokens && t->token[i].counts; i++)
		;
	return i == t->ntokens && i <= SHORT_TEXT;
}

static void
score_word(struct toxic *t, size_t i)
{
	const struct match_token *tok = &t->token[i];
	const struct lex_profile *p = &lex_profile[tok->profile];
	float w[TOXIC_LABELS], factor = 1, directed = p->directed / 100.0F;
	enum subject who;
	bool negated;
	int l;

	t->profiles |= UINT32_C(1) << tok->profile;
	who = subject_of(t, i, &negated);
	if (who == SUBJECT_ASKED) {
		t->spared = true;
		who = SUBJECT_NONE;
	}
	if (who == SUBJECT_NONE && p->adjective && is_curt(t))
		who = SUBJECT_YOU;
	if (p->person && (who == SUBJECT_SELF || negated)) {
		factor = 0.4F;
		t->spared = true;
	}
	for (l = 0; l < TOXIC_LABELS; l++)
		w[l] = p->label[l] / 100.0F * factor;
	if (who == SUBJECT_THEM)
		directed *= 0.85F;
	if (factor == 1 && (who == SUBJECT_YOU || who == SUBJECT_THEM)) {
		if (w[TOXIC_TOXICITY] < directed)
			w[TOXIC_TOXICITY] = directed;
		if (w[TOXIC_INSULT] >= 0.02F && w[TOXIC_INSULT] < directed)
			w[TOXIC_INSULT] = directed;
	}
	hit(t, w, tok->from, tok->to, 0);
}

static void
score_phrases(struct toxic *t)
{
	const struct lex_profile *p;
	float w[TOXIC_LABELS];
	struct phrase f;
	size_t i, j;
	int l;

	for (i = 0; i < t->ntokens; i++) {
		f = phrase_at(&t->lex, t->token, t->ntokens, i);
		if (f.end == 0)
			continue;
		if (f.profile == LEX_HARMLESS) {
			for (j = i; j < f.end; j++) {
				t->token[j].counts = false;
				t->token[j].harmless = true;
			}
		} else {
			p = &lex_profile[f.profile];
			t->outright = f.profile == LEX_HATE && i == 0 &&
				      f.end == t->ntokens;
			t->profiles |= UINT32_C(1) << f.profile;
			for (l = 0; l < TOXIC_LABELS; l++)
				w[l] = p->label[l] / 100.0F;
			hit(t, w, t->token[i].from, t->token[f.end - 1].to,
			    f.line);
		}
		i = f.end - 1;
	}
}

static enum toxic_label
strongest(const struct toxic_result *r)
{
	enum toxic_label best = TOXIC_OBSCENE;
	int l;

	for (l = TOXIC_OBSCENE; l < TOXIC_LABELS; l++)
		if (r->score[l] > r->score[best])
			best = (enum toxic_label)l;
	return best;
}

/* Where a piece of n bytes that is not the last is best cut. */
static size_t
cut(const char *text, size_t n)
{
	size_t i;

	for (i = n; i > n - CUT_BACK; i--)
		if (text[i - 1] == ' ')
			return i;
	for (i = n; i > n - 4 && ((unsigned char)text[i] & 0xc0) == 0x80; i--)
		;
	return i;
}

static void
find_taunts(struct toxic *t)
{
	const struct lex_entry *e;
	size_t i;

	for (i = 0; i < t->ntokens; i++) {
		e = t->token[i].entry;
		if (e == NULL || (e->flags & LEX_TAUNT) == 0)
			continue;
		t->taunts = true;
		t->token[i].harmless |= t->deaf;
	}
}

/* The lexicon over a piece of n bytes. */
static void
read_piece(struct toxic *t, const char *text, size_t n)
{
	size_t i;

	t->nglyphs = SIZE_MAX;
	t->piece = (struct quick_in){ .lex = &t->lex,
		.model = &t->model,
		.features = &t->features,
		.text = text,
		.n = n,
		.glyph = t->glyph,
		.nglyphs = &t->nglyphs };
	t->is_quick = !t->plain &&
		      quick_read(t->quick, &t->piece, t->token, &t->ntokens);
	if (!t->is_quick) {
		quick_glyphs(t->quick, &t->piece);
		t->ntokens = match_text(
		    &t->lex, t->glyph, t->nglyphs, t->token);
	}
	find_taunts(t);
	score_phrases(t);
	for (i = 0; i < t->ntokens; i++)
		if (t->token[i].counts)
			score_word(t, i);
}

static unsigned
tenths(const struct toxic *t)
{
	return (unsigned)((1 - t->rest[TOXIC_TOXICITY]) * 10);
}

static struct features_in
seen(const struct toxic *t)
{
	quick_glyphs(t->quick, &t->piece);
	return (struct features_in){ .norm = &t->norm,
		.text = t->piece.text,
		.glyph = t->glyph,
		.nglyphs = t->nglyphs,
		.token = t->token,
		.ntokens = t->ntokens,
		.profiles = t->profiles,
		.tenths = tenths(t) };
}

/* A text counts by its worst piece. */
static void
weigh_piece(struct toxic *t)
{
	struct features_in in;
	int32_t sum[MODEL_LANES];
	float raw[TOXIC_LABELS];
	size_t n = SIZE_MAX;
	int l;

	if (t->is_quick)
		n = quick_add(
		    t->quick, &t->piece, t->token, t->profiles, tenths(t), sum);
	if (n == SIZE_MAX) {
		in = seen(t);
		n = wordsum_add(t->known, &t->model, &t->features, &in, sum);
	}
	if (n == 0)
		return;
	model_finish(&t->model, sum, raw);
	for (l = 0; l < TOXIC_LABELS; l++)
		if (raw[l] > t->raw[l])
			t->raw[l] = raw[l];
}

static void
reset(struct toxic *t, struct toxic_result *res)
{
	int l;

	t->res = res;
	t->profiles = 0;
	t->spared = t->taunts = t->outright = false;
	res->nspans = 0;
	for (l = 0; l < TOXIC_LABELS; l++) {
		t->rest[l] = 1;
		t->raw[l] = -FLT_MAX;
	}
}

/* The lexicon's scores. */
static void
finish_lexicon(struct toxic *t, struct toxic_result *res)
{
	int l;

	for (l = 0; l < TOXIC_LABELS; l++) {
		res->score[l] = 1 - t->rest[l];
		if (res->score[l] > SCORE_MAX)
			res->score[l] = SCORE_MAX;
		if (res->score[l] > res->score[TOXIC_TOXICITY])
			res->score[TOXIC_TOXICITY] = res->score[l];
	}
	res->reason = strongest(res);
}

/*
 * Threats, calls to self-harm and slurs are flagged whatever the model says,
 * and so is a text that is nothing but hatred of a group.
 */
static bool
is_sure(const struct toxic *t, const struct toxic_result *lexicon)
{
	return (t->profiles & SURE_PROFILES) != 0 &&
	       lexicon->score[TOXIC_TOXICITY] >= TOXIC_LEXICON_SURE;
}

/*
 * What the lexicon says of a label is added to the model's raw value before
 * that becomes a score, so the two are weighed as one and the calibration is
 * of both.
 */
static void
finish_model(struct toxic *t, struct toxic_result *res)
{
	float *top = &res->score[TOXIC_TOXICITY], least = 0, spared;
	bool decided = *top >= TOXIC_LEXICON_SURE;
	int l;

	spared = t->spared && !decided ? SPARED_WEIGHT : 0;
	if (is_sure(t, res) || t->outright)
		least = TOXIC_LEXICON_SURE + LEXICON_SPREAD * *top;
	for (l = 0; l < TOXIC_LABELS; l++) {
		if (t->raw[l] > -FLT_MAX)
			t->raw[l] += LEXICON_WEIGHT * res->score[l] - spared;
		res->score[l] = model_score(&t->model, l, t->raw[l]);
	}
	if (*top < least)
		*top = least;
	for (l = 1; l < TOXIC_LABELS; l++)
		if (res->score[l] > *top)
			res->score[l] = *top;
	if (!decided)
		res->reason = strongest(res);
}

static void
judge(struct toxic *t, const char *text, size_t n, struct toxic_result *res)
{
	size_t len;

	reset(t, res);
	for (t->base = 0; t->base < n; t->base += len) {
		len = n - t->base;
		if (len > NORM_BYTES)
			len = cut(text + t->base, NORM_BYTES);
		read_piece(t, text + t->base, len);
		if (t->model.head != NULL)
			weigh_piece(t);
	}
	finish_lexicon(t, res);
	if (t->model.head != NULL && n > 0)
		finish_model(t, res);
}

/*
 * "gg ez" is toxic to those who labelled games and a habit to most who play
 * them. It stays above what is harmless, and below what is flagged by default
 * unless the rest of the text is flagged without it.
 */
static void
forgive_taunts(
    struct toxic *t, const char *text, size_t n, struct toxic_result *res)
{
	float *top = &res->score[TOXIC_TOXICITY], raw[TOXIC_LABELS], low;
	struct toxic_result rest;
	int l;

	memcpy(raw, t->raw, sizeof(raw));
	t->deaf = true;
	judge(t, text, n, &rest);
	t->deaf = false;
	memcpy(t->raw, raw, sizeof(raw));
	low = TAUNT_LEAST + (*top - TOXIC_LEXICON_SURE) * TAUNT_SHARE;
	if (*top > rest.score[TOXIC_TOXICITY])
		*top = low > rest.score[TOXIC_TOXICITY]
			   ? low
			   : rest.score[TOXIC_TOXICITY];
	for (l = 1; l < TOXIC_LABELS; l++)
		if (res->score[l] > *top)
			res->score[l] = *top;
}

void
toxic_score(
    struct toxic *t, const char *text, size_t n, struct toxic_result *res)
{
	judge(t, text, n, res);
	if (t->taunts && t->model.head != NULL &&
	    res->score[TOXIC_TOXICITY] >= TOXIC_LEXICON_SURE)
		forgive_taunts(t, text, n, res);
}

void
toxic_look(
    struct toxic *t, const char *text, size_t n, struct toxic_sight *sight)
{
	struct features_in in;
	struct toxic_result res;

	reset(t, &res);
	t->base = 0;
	read_piece(t, text, n > NORM_BYTES ? cut(text, NORM_BYTES) : n);
	in = seen(t);
	features_make(&t->features, &in);
	finish_lexicon(t, &res);
	*sight = (struct toxic_sight){ .feature = t->features.at,
		.nfeatures = t->features.n,
		.sure = is_sure(t, &res) };
}

void
toxic_plain(struct toxic *t, bool plain)
{
	t->plain = plain;
}

void
toxic_raw(const struct toxic *t, float raw[TOXIC_LABELS])
{
	memcpy(raw, t->raw, sizeof(t->raw));
}

enum toxic_label
toxic_reason(const struct toxic_result *r)
{
	return r->reason;
}
