/*
 * lookup: recognises words of the lexicon in glyphs. As it is written first:
 * one walk down the trie, which is all that nearly every word costs. Only
 * what holds signs, look-alikes with several readings, repeated letters or
 * gaps is searched with branches; what is found that way counts for strong
 * words alone, so that "g r a p e" and "4ss-embly" stay what they are. The
 * search has a budget, since a text of asterisks matches everything.
 */
#include "lexicon.h"

#include <string.h>

#include "ordinary.h"

#include "../banned.h"

static const char *const suffixes[] = {
	"s",
	"z",
	"es",
	"d",
	"ed",
	"er",
	"ers",
	"r",
	"rs",
	"ing",
	"ings",
	"in",
	"y",
	"ic",
	"en",
	"est",
	"ish",
	"head",
	"heads",
	"face",
	"hole",
	"boy",
	"bag",
	"bags",
	"tard",
	"wit",
	"iest",
	"ier",
	"a",
	"o",
	"as",
	"os",
	"um",
	"lord",
};

#define LONG 4     /* letters of a word that is none by chance */
#define SHARE 4096 /* steps of a search */

#define SUFFIX_MAX 32 /* glyphs in an ending, however drawn out */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The child of a node for a symbol; 0: none. */
static size_t
child(const struct lex_node *n, unsigned sym)
{
	uint64_t bit = NORM_BIT(sym);

	if ((n->mask & bit) == 0)
		return 0;
	return n->first + (size_t)__builtin_popcountll(n->mask & (bit - 1));
}

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

/* The letter that a glyph is or, of signs with one reading, stands for. */
static unsigned
plain_sym(const struct norm_glyph *g)
{
	uint64_t set = norm_alt[g->alt];

	if (g->kind == NORM_LETTER)
		return g->sym;
	if (g->kind != NORM_SIGN || set == 0 || (set & (set - 1)) != 0)
		return NORM_NONE;
	return (unsigned)__builtin_ctzll(set);
}

/*
 * The glyphs from from to to are an ending: letters, the last one
 * perhaps drawn out. prev, the letter before them, may be doubled ("-tting").
 */
static bool
is_suffix(const struct norm_glyph *g, size_t from, size_t to, unsigned prev)
{
	char s[8];
	size_t n = 0, i, skip;
	unsigned sym;

	for (i = from; i < to; i++) {
		sym = plain_sym(&g[i]);
		if (sym >= 26)
			return false;
		if (i + 2 < to && sym == plain_sym(&g[i + 1]) &&
		    sym == plain_sym(&g[to - 1]) &&
		    sym == plain_sym(&g[to - 2]))
			continue;
		if (n == sizeof(s) - 1)
			return false;
		s[n++] = (char)('a' + sym);
	}
	s[n] = '\0';
	for (skip = 0; skip < 2 && skip < n; skip++) {
		if (skip == 1 && (unsigned)(s[0] - 'a') != prev)
			return false;
		for (i = 0; i < COUNT(suffixes); i++)
			if (s[skip] == suffixes[i][0] &&
			    strcmp(s + skip, suffixes[i]) == 0)
				return true;
	}
	return false;
}

static bool
inflects(const struct lex_entry *e)
{
	return e->profile != LEX_NONE && (e->flags & LEX_EXACT) == 0;
}

/* The word as it is written, whole or with an ending. */
static struct lex_match
match_plain(const struct lexicon *lex, const struct norm_glyph *g, size_t from,
    size_t to)
{
	struct lex_match m = { .from = from, .to = to };
	const struct lex_entry *e, *stem = NULL;
	size_t at = 0, i, stem_end = 0;

	for (i = from; i < to; i++) {
		at = child(&lex->node[at], g[i].sym);
		if (at == 0)
			break;
		if (lex->node[at].entry == 0)
			continue;
		e = &lex->entry[lex->node[at].entry];
		if (i + 1 == to) {
			m.entry = e;
			break;
		}
		if (inflects(e)) {
			stem = e;
			stem_end = i + 1;
		}
	}
	if (stem != NULL && is_suffix(g, stem_end, to, g[stem_end - 1].sym)) {
		m.stem = stem;
		if (m.entry == NULL)
			m.entry = stem;
	}
	return m;
}

/* The longest INSIDE word at the earliest place, as it is written. */
static struct lex_match
match_inside(const struct lexicon *lex, const struct norm_glyph *g, size_t from,
    size_t to)
{
	struct lex_match m = { 0 };
	const struct lex_entry *e;
	size_t i, j, at;

	for (i = from; i + 1 < to && m.entry == NULL; i++) {
		if ((lex->pair[g[i].sym] & NORM_BIT(g[i + 1].sym)) == 0)
			continue;
		for (at = 0, j = i; j < to; j++) {
			at = child(&lex->node[at], g[j].sym);
			if (at == 0)
				break;
			e = &lex->entry[lex->node[at].entry];
			if ((e->flags & LEX_INSIDE) != 0)
				m = (struct lex_match){
					.entry = e, .from = i, .to = j + 1
				};
		}
	}
	return m;
}

/* A search with branches. */
struct walk {
	const struct lexicon *lex;
	const struct norm_glyph *g;
	size_t first, from, to; /* the stretch; this try's start */
	bool joined;
	enum lex_joint joint;
	unsigned *budget;
	struct lex_match best;
	/* the longest with a weight */
	const struct lex_entry *stem;
	size_t stem_len;
};

struct path {
	size_t at, i;       /* node; next glyph */
	unsigned prev;      /* last symbol taken */
	uint16_t real, any; /* letters seen, letters masked */
	bool glued;         /* something between letters was skipped */
	bool skipped;       /* that is, a mask */
	bool loose;         /* @ was taken for something else than a */
	bool disguised, doubled;
};

static bool
is_spelt(const struct walk *w)
{
	return w->joined && (w->joint == LEX_SPELT || w->joint == LEX_RUN);
}

static bool
ends_word(const struct walk *w, size_t i)
{
	return i == w->to || !in_word(&w->g[i]);
}

/*
 * Of a mask enough letters are there: more of them than asterisks, but half
 * will do for words that people mask, and so will one ("f***").
 */
static bool
is_plausible_mask(const struct lex_entry *e, const struct path *p)
{
	bool masked = (e->flags & LEX_MASKED) != 0;

	if (p->real < 2)
		return p->real == 1 && p->any >= 3 && masked &&
		       (e->flags & LEX_INSIDE) != 0 && e->len == LONG;
	return (p->any < p->real && e->len >= LONG) ||
	       (p->any <= p->real && masked);
}

/* Of a word read across gaps. */
static bool
is_plausible_joint(const struct walk *w, const struct lex_entry *e,
    const struct path *p, bool whole)
{
	/* all of it letters: "$h!t" */
	if (whole && p->real >= 1 && e->len >= LONG && p->i - w->from == e->len)
		return true;
	return p->glued && p->real >= 3 &&
	       (w->joint != LEX_SPELT || e->len >= LONG);
}

/* Of a disguise: enough of its letters are there. */
static bool
is_plausible(const struct walk *w, const struct lex_entry *e,
    const struct path *p, bool whole)
{
	bool sure = (e->flags & (LEX_MASKED | LEX_INSIDE)) != 0;

	if (p->loose && !sure)
		return false;
	if (w->joined && w->joint == LEX_FRAGMENTS)
		return p->any == 0 && p->glued && !p->doubled &&
		       e->len + (sure ? 1U : 0U) > LONG;
	if (p->any > 0)
		return is_plausible_mask(e, p);
	if (w->joined)
		return is_plausible_joint(w, e, p, whole);
	if (whole && p->real >= 1 && e->len >= LONG)
		return true;
	return p->real >= 2 && 3 * p->real >= p->i - w->from;
}

static bool
is_whole(const struct walk *w, const struct lex_entry *e, const struct path *p)
{
	size_t end;

	if (is_spelt(w))
		return p->i == w->to;
	if (ends_word(w, p->i))
		return true;
	for (end = p->i; !ends_word(w, end); end++)
		if (end - p->i == SUFFIX_MAX)
			return false;
	return inflects(e) && is_suffix(w->g, p->i, end, p->prev);
}

/*
 * What stands there is more likely an ordinary word, or several. Words that
 * people mask win over those that a mask could hide as well, but not over
 * those that are all there.
 */
static bool
is_ordinary(
    const struct walk *w, const struct lex_entry *e, const struct path *p)
{
	if (w->joined && w->joint == LEX_FRAGMENTS)
		return ordinary_words(w->lex->typo, w->g, w->from, p->i);
	if (p->any > 0 && (e->flags & LEX_MASKED) != 0)
		return false;
	return ordinary_fits(w->lex->typo, w->g, w->from, p->i);
}

/* It stands where a word that doesn't count inside of others must. */
static bool
is_in_place(const struct walk *w, bool inside, bool whole)
{
	bool at_start = w->from == w->first || (w->joined && !is_spelt(w));

	if (inside)
		return whole || !w->joined || is_spelt(w);
	return whole && at_start;
}

/* The word e may be read at this path's end. */
static bool
is_acceptable(const struct walk *w, const struct lex_entry *e,
    const struct path *p, bool whole)
{
	bool inside = (e->flags & LEX_INSIDE) != 0;

	if (!is_in_place(w, inside, whole))
		return false;
	if (w->joined && w->joint == LEX_RUN && whole && w->from == w->first)
		return p->any == 0 && !p->doubled;
	if ((e->flags & LEX_STRONG) == 0) /* only as a word of a phrase */
		return !w->joined && !p->doubled && whole;
	return !p->disguised ||
	       (is_plausible(w, e, p, whole) && !is_ordinary(w, e, p));
}

/* Of two readings of the same glyphs the likelier one. */
static bool
is_likelier(const struct lex_entry *a, const struct lex_entry *b)
{
	const unsigned order[] = { LEX_MASKED, LEX_INSIDE, LEX_STRONG };
	size_t i;

	for (i = 0; i < COUNT(order); i++)
		if (((a->flags ^ b->flags) & order[i]) != 0)
			return (a->flags & order[i]) != 0;
	return false;
}

/* Keeps the longest. */
static void
consider(struct walk *w, const struct path *p)
{
	const struct lex_entry *e = &w->lex->entry[w->lex->node[p->at].entry];
	bool whole = is_whole(w, e, p);
	size_t end = p->i, best = w->best.to - w->best.from;

	if (!is_acceptable(w, e, p, whole))
		return;
	if (whole && !is_spelt(w))
		while (!ends_word(w, end))
			end++;
	if (e->profile != LEX_NONE && end - w->from > w->stem_len) {
		w->stem = e;
		w->stem_len = end - w->from;
	}
	if (w->best.entry != NULL &&
	    (end - w->from < best ||
		(end - w->from == best && !is_likelier(e, w->best.entry))))
		return;
	w->best = (struct lex_match){ .entry = e,
		.from = w->from,
		.to = end,
		.disguised = p->disguised,
		.spelt = w->joined && w->joint == LEX_RUN && whole &&
			 w->from == w->first };
}

static void search(struct walk *, struct path);

/* Takes glyph p.i as one of the symbols in set. */
static void
take(struct walk *w, struct path p, uint64_t set)
{
	const struct norm_glyph *g = &w->g[p.i];
	const struct lex_node *n = &w->lex->node[p.at];
	uint64_t left = set & n->mask;
	struct path q;

	for (; left != 0; left &= left - 1) {
		q = p;
		q.prev = (unsigned)__builtin_ctzll(left);
		q.at = child(n, q.prev);
		q.i++;
		q.loose |= g->cp == '@' && q.prev != ordinary_sym(g);
		q.glued |= !in_word(g);
		if (g->alt == NORM_ALT_ANY)
			q.any++;
		else if (g->kind == NORM_LETTER)
			q.real++;
		if (g->kind != NORM_LETTER || q.prev != g->sym)
			q.disguised = true;
		if (w->lex->node[q.at].entry != 0)
			consider(w, &q);
		search(w, q);
	}
}

/* Glyph i is one of three or more alike in a row. */
static bool
is_drawn_out(const struct walk *w, size_t i)
{
	unsigned sym = w->g[i].sym;

	return i >= w->from + 2 && w->g[i - 1].sym == sym &&
	       (w->g[i - 2].sym == sym ||
		   (i + 1 < w->to && w->g[i + 1].sym == sym));
}

static void
search(struct walk *w, struct path p)
{
	const struct norm_glyph *g = &w->g[p.i];
	uint64_t set = norm_alt[g->alt];
	struct path q = p;

	if (p.i == w->to || *w->budget == 0)
		return;
	--*w->budget;
	if (g->kind == NORM_LETTER)
		set |= NORM_BIT(g->sym);
	if (g->alt != NORM_ALT_ANY || !p.skipped)
		take(w, p, set);
	q.i++;
	if (!in_word(g)) {
		q.glued = q.disguised = true;
		q.skipped |= g->alt == NORM_ALT_ANY;
		if (!q.skipped || q.any == 0)
			search(w, q);
	} else if (p.any == 0 && p.i > w->from &&
		   (set & NORM_BIT(p.prev)) != 0) {
		q.doubled |= !is_drawn_out(w, p.i);
		if (w->lex->node[q.at].entry != 0)
			consider(w, &q);
		search(w, q);
	}
}

/* One place takes no more than its share of the text's budget. */
static void
search_from(struct walk *w, size_t from)
{
	struct path p = { .i = from, .prev = NORM_NONE };
	unsigned *all = w->budget;
	unsigned share = *all < SHARE ? *all : SHARE, left = share;

	w->from = from;
	w->budget = &left;
	search(w, p);
	w->budget = all;
	*all -= share - left;
}

size_t
lex_step(const struct lexicon *lex, size_t node, unsigned sym)
{
	size_t at = child(&lex->node[node], sym);

	return at != 0 && lex->node[at].strong ? at : 0;
}

bool
lex_may_begin(const struct lexicon *lex, const struct norm_glyph *g,
    size_t from, size_t to)
{
	size_t at = 0, i;

	for (i = from; i < to; i++) {
		if (g[i].alt != 0)
			return true;
		at = lex_step(lex, at, g[i].sym);
		if (at == 0)
			return false;
	}
	/* past the blank; who calls has seen that a word begins there */
	if (g[to + 1].alt != 0)
		return true;
	return lex_step(lex, at, g[to + 1].sym) != 0;
}

/* The word could be more than what is written. */
static bool
is_odd(const struct norm_glyph *g, size_t from, size_t to)
{
	bool odd = false, letter = false;
	size_t i;

	for (i = from; i < to; i++) {
		letter |= g[i].kind == NORM_LETTER;
		odd |= g[i].alt != 0 || (i > from && g[i].sym == g[i - 1].sym);
	}
	return odd && letter;
}

/* A word with one mistake in it, written in plain letters. */
static struct lex_match
match_typo(const struct lexicon *lex, const struct norm_glyph *g, size_t from,
    size_t to)
{
	struct lex_match m = { .from = from, .to = to };
	char s[TYPO_WORD_MAX];
	size_t n = to - from, i;
	uint16_t id;

	if (n > TYPO_WORD_MAX)
		return m;
	for (i = 0; i < n; i++) {
		if (g[from + i].kind != NORM_LETTER || g[from + i].cp >= 0x80)
			return m;
		s[i] = (char)('a' + g[from + i].sym);
	}
	id = typo_find(lex->typo, s, n);
	if (id != 0) {
		m.entry = &lex->entry[id];
		m.disguised = true;
	}
	return m;
}

struct lex_match
lex_word(const struct lexicon *lex, const struct norm_glyph *g, size_t from,
    size_t to, unsigned *budget)
{
	struct walk w = {
		.lex = lex, .g = g, .first = from, .to = to, .budget = budget
	};
	struct lex_match m = match_plain(lex, g, from, to);
	size_t i;

	if (m.entry != NULL)
		return m;
	m = match_inside(lex, g, from, to);
	if (m.entry != NULL)
		return m;
	if (!is_odd(g, from, to))
		return match_typo(lex, g, from, to);
	search_from(&w, from);
	for (i = from + 1; i + 3 <= to && w.best.entry == NULL; i++)
		if (g[i].alt != 0 || lex->pair[g[i].sym] != 0)
			search_from(&w, i);
	w.best.stem = w.stem;
	return w.best.entry != NULL ? w.best : match_typo(lex, g, from, to);
}

bool
lex_knows(const struct lexicon *lex, const struct norm_glyph *g, size_t from,
    size_t to)
{
	return match_plain(lex, g, from, to).entry != NULL ||
	       match_inside(lex, g, from, to).entry != NULL;
}

struct lex_match
lex_joined(const struct lexicon *lex, const struct norm_glyph *g,
    const struct lex_chain *c, size_t from, unsigned *budget)
{
	struct walk w = { .lex = lex,
		.g = g,
		.first = c->first,
		.to = c->to,
		.joined = true,
		.joint = c->joint,
		.budget = budget };

	search_from(&w, from);
	w.best.stem = w.stem;
	return w.best;
}
