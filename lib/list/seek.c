/*
 * seek: see words.h. A text is read twice at most: as it is written, one walk
 * down the trie from each beginning of a word; and, where something looks odd,
 * by a search that lets signs stand for letters and skips what is put between
 * them. The search has a budget, since a text of asterisks matches everything.
 */
#include "words-impl.h"

#include "../banned.h"

#define GLUE_MAX 3       /* signs between two letters of a word */
#define STAR_MAX 64      /* glyphs that stars inside of an entry take */
#define DISGUISE_MIN 3   /* letters: shorter words have no disguise */
#define LOOK_AHEAD 24    /* glyphs in which something odd is looked for */
#define BUDGET_BASE 512U /* steps of the search in a piece, ... */
#define BUDGET_GLYPH 16U /* ... for each of its glyphs, ... */
#define BUDGET_START 256 /* ... and from one beginning */

/* A way through the trie, and what it took. */
struct path {
	uint32_t node;
	size_t i; /* the next glyph */
	uint32_t prev;
	uint16_t real, signs, any; /* letters as written, read, masked */
	uint16_t chunk;            /* letters since the last gap */
	bool odd, skipped, blanks, split;
};

/* Scripts that write words without blanks have no borders to keep to. */
static bool
is_spaceless(uint32_t cp)
{
	return (cp >= 0xe00 && cp < 0xf00) || (cp >= 0x1000 && cp < 0x10a0) ||
	       (cp >= 0x1780 && cp < 0x1800) || (cp >= 0x2e80 && cp < 0xa000) ||
	       (cp >= 0xf900 && cp < 0xfb00) || (cp >= 0x20000 && cp < 0x40000);
}

/* Some anchor may begin with these two glyphs. */
static bool
pair_has(const struct words *w, uint32_t a, uint32_t b)
{
	size_t h = pair_hash(a, b), only = pair_hash(a, GAP);

	return ((w->pair[h >> 6] >> (h & 63)) & 1) != 0 ||
	       ((w->pair[only >> 6] >> (only & 63)) & 1) != 0;
}

/* --- what stands around an anchor -------------------------------------------
 */

static bool
is_letter_at(const struct words *w, size_t i)
{
	return i < w->nglyphs && in_word(&w->glyph[i]);
}

/* A word may begin or end between glyph i - 1 and glyph i. */
static bool
is_border(const struct words *w, size_t i)
{
	return i == 0 || !is_letter_at(w, i) || !is_letter_at(w, i - 1) ||
	       is_spaceless(w->key[i]) || is_spaceless(w->key[i - 1]);
}

/* Elements read from an anchor outwards: dir 1 to the right, -1 to the left. */
struct side {
	const struct words *w;
	const uint32_t *e; /* the one next to the anchor */
	size_t n;
	int dir;
};

static uint32_t
side_element(const struct side *s, size_t k)
{
	return s->dir > 0 ? s->e[k] : s->e[-(ptrdiff_t)k];
}

/* The glyph outwards of position i is there and part of a word. */
static bool
side_letter(const struct side *s, size_t i)
{
	return s->dir > 0 ? is_letter_at(s->w, i)
			  : i > 0 && is_letter_at(s->w, i - 1);
}

static size_t
side_step(const struct side *s, size_t i)
{
	return s->dir > 0 ? i + 1 : i - 1;
}

/* The position behind a gap at i; i itself when there is none. */
static size_t
side_gap(const struct side *s, size_t i)
{
	size_t k;

	for (k = 0; k < GAP_MAX; k++) {
		if (s->dir > 0 ? i >= s->w->nglyphs : i == 0)
			break;
		if (side_letter(s, i))
			break;
		i = side_step(s, i);
	}
	return i;
}

/*
 * One element at position *i. Where it is one that may be missing it is
 * skipped. False: it does not fit.
 */
static bool
side_take(const struct side *s, size_t k, size_t *i)
{
	uint32_t e = side_element(s, k);
	size_t next;

	if (e == GAP) {
		next = side_gap(s, *i);
		if (next == *i)
			return false;
		*i = next;
		return true;
	}
	if (e == QUEST) {
		if (side_letter(s, *i))
			*i = side_step(s, *i);
		else
			return k + 1 == s->n;
		return true;
	}
	if (s->dir > 0 ? *i >= s->w->nglyphs : *i == 0)
		return false;
	if (s->w->key[s->dir > 0 ? *i : *i - 1] != e)
		return false;
	*i = side_step(s, *i);
	return true;
}

/* A star at the end takes the rest of its word. */
static size_t
side_rest(const struct side *s, size_t i)
{
	return s->dir > 0 ? s->w->right[i] : s->w->left[i];
}

/*
 * Where the elements end, from position *at on; false: they don't fit. Of
 * several stars only the last needs another try, as with file names.
 */
static bool
side_match(const struct side *s, size_t *at)
{
	size_t i = *at, k = 0, star = SIZE_MAX, retry = 0, tries = 0;

	for (;;) {
		if (k == s->n) {
			if (is_border(s->w, i)) {
				*at = i;
				return true;
			}
		} else if (side_element(s, k) == STAR) {
			star = ++k;
			retry = i;
			if (k == s->n)
				i = side_rest(s, i);
			continue;
		} else if (side_take(s, k, &i)) {
			k++;
			continue;
		}
		if (star == SIZE_MAX || ++tries > STAR_MAX ||
		    !side_letter(s, retry))
			return false;
		i = retry = side_step(s, retry);
		k = star;
	}
}

/* The entry around its anchor, glyphs *from to *to; widens them to it. */
static bool
fits(const struct words *w, const struct word *word, size_t *from, size_t *to)
{
	struct side left = {
		.w = w,
		.e = w->element + word->pre + word->npre - 1,
		.n = word->npre,
		.dir = -1,
	};
	struct side right = {
		.w = w,
		.e = w->element + word->post,
		.n = word->npost,
		.dir = 1,
	};

	if (word->npre == 0)
		left.e = NULL;
	return side_match(&left, from) && side_match(&right, to);
}

static int
put_hit(struct words *w, uint32_t entry, size_t from, size_t to)
{
	struct list_hit h = { .entry = entry };

	h.start = w->base + w->glyph[from].start;
	h.len = w->base + w->glyph[to - 1].end - h.start;
	return h.len > 0 ? list_hits_add(w->hits, h) : 0;
}

/* --- as it is written --------------------------------------------------------
 */

/* The next node from the glyph *i, which is moved on; 0: none. */
static uint32_t
step(const struct words *w, uint32_t node, size_t *i)
{
	uint32_t next = trie_next(&w->trie, node, w->key[*i]);
	size_t k;

	if (next != 0 || in_word(&w->glyph[*i])) {
		++*i;
		return next;
	}
	next = trie_next(&w->trie, node, GAP);
	if (next == 0)
		return 0;
	for (k = 0; k < GAP_MAX && *i < w->nglyphs && !is_letter_at(w, *i); k++)
		++*i;
	return next;
}

/* Every entry whose anchor begins at glyph at. */
static int
find_plain(struct words *w, size_t at)
{
	uint32_t node = TRIE_ROOT, id;
	size_t i = at, from, to;

	while (i < w->nglyphs && (node = step(w, node, &i)) != 0)
		for (id = w->trie.value[node]; id != 0; id = w->word[id].next) {
			from = at;
			to = i;
			if (fits(w, &w->word[id], &from, &to) &&
			    put_hit(w, w->word[id].entry, from, to) < 0)
				return -1;
		}
	return 0;
}

/* --- in disguise
 * -------------------------------------------------------------- */

/* A letter that stands alone, at i. */
static bool
is_single(const struct words *w, size_t i)
{
	return is_letter_at(w, i) && (i == 0 || !is_letter_at(w, i - 1)) &&
	       !is_letter_at(w, i + 1);
}

/* At i a chain of single letters goes on, joined as those before it were. */
static bool
is_link(const struct words *w, size_t i, bool blanks)
{
	return w->glyph[i].kind == (blanks ? NORM_BLANK : NORM_GLUE);
}

/* "f o o b a r" is not foo: the chain has more than what p took. */
static bool
chain_goes_on(const struct words *w, size_t from, const struct path *p)
{
	if (is_link(w, p->i, p->blanks) && is_single(w, p->i + 1))
		return true;
	return from >= 2 && is_link(w, from - 1, p->blanks) &&
	       is_single(w, from - 2);
}

/* Enough of its letters are there. */
static bool
is_plausible(const struct words *w, const struct path *p,
    const struct word *word, size_t from)
{
	if (word->letters < DISGUISE_MIN || p->real < 2)
		return false;
	if (p->any > 0 && (word->letters <= DISGUISE_MIN || p->any > p->real))
		return false;
	if (3 * p->real < word->letters)
		return false;
	return !p->skipped || p->split || !chain_goes_on(w, from, p);
}

static int
consider(struct words *w, const struct path *p, size_t at)
{
	uint32_t id;
	size_t from, to;

	for (id = w->trie.value[p->node]; id != 0; id = w->word[id].next) {
		from = at;
		to = p->i;
		if (is_plausible(w, p, &w->word[id], at) &&
		    fits(w, &w->word[id], &from, &to) &&
		    put_hit(w, w->word[id].entry, from, to) < 0)
			return -1;
	}
	return 0;
}

static int search(struct words *, struct path, size_t at);

/* Goes on with the glyph at p.i taken as symbol key. */
static int
take(struct words *w, struct path p, uint32_t key, size_t at)
{
	p.node = trie_next(&w->trie, p.node, key);
	if (p.node == 0)
		return 0;
	p.prev = key;
	p.i++;
	p.split |= ++p.chunk > 1;
	if (p.split && p.blanks)
		return 0;
	return search(w, p, at);
}

/* The glyph as one of the letters that it may stand for. */
static int
take_any(struct words *w, struct path p, size_t at)
{
	const struct norm_glyph *g = &w->glyph[p.i];
	uint64_t left = norm_alt[g->alt] & NORM_LETTERS;

	p.odd = true;
	if (g->alt == NORM_ALT_ANY)
		p.any++;
	else
		p.signs++;
	for (; left != 0; left &= left - 1)
		if (take(w, p, 'a' + (uint32_t)__builtin_ctzll(left), at) < 0)
			return -1;
	return 0;
}

/* Leaves out what stands between two letters. */
static int
skip_gap(struct words *w, struct path p, size_t at)
{
	size_t k;

	for (k = 0; k < GLUE_MAX && p.i < w->nglyphs; k++) {
		if (w->glyph[p.i].kind == NORM_BLANK)
			p.blanks = true;
		else if (w->glyph[p.i].kind != NORM_GLUE)
			break;
		p.i++;
	}
	if (!is_letter_at(w, p.i) || (p.blanks && p.split))
		return 0;
	p.chunk = 0;
	p.odd = p.skipped = true;
	return search(w, p, at);
}

/* Glyph i is one of three or more alike in a row. */
static bool
is_drawn_out(const struct words *w, size_t i)
{
	uint32_t k = w->key[i];

	if (i < 1 || w->key[i - 1] != k)
		return false;
	return (i >= 2 && w->key[i - 2] == k) ||
	       (i + 1 < w->nglyphs && w->key[i + 1] == k);
}

static int
search(struct words *w, struct path p, size_t at)
{
	const struct norm_glyph *g = &w->glyph[p.i];
	struct path q = p;
	size_t i = p.i;

	if (w->budget == 0)
		return 0;
	w->budget--;
	if (p.odd && p.chunk > 0 && w->trie.value[p.node] != 0 &&
	    consider(w, &p, at) < 0)
		return -1;
	if (p.i == w->nglyphs)
		return 0;
	q.real += g->kind == NORM_LETTER;
	if (take(w, q, w->key[p.i], at) < 0)
		return -1;
	if (g->alt != 0 && take_any(w, p, at) < 0)
		return -1;
	if (in_word(g)) {
		if (g->kind != NORM_LETTER || w->key[p.i] != p.prev ||
		    !is_drawn_out(w, p.i))
			return 0;
		p.i++;
		p.odd = true;
		return search(w, p, at);
	}
	q = p;
	q.node = step(w, p.node, &i);
	if (q.node != 0 && i > p.i) {
		q.i = i;
		q.chunk = 0;
		q.prev = GAP;
		if (search(w, q, at) < 0)
			return -1;
	}
	return p.prev < GAP ? skip_gap(w, p, at) : 0;
}

/* --- a piece of text
 * ----------------------------------------------------------- */

/* It may be meant as something else than it is. */
static bool
is_odd(const struct words *w, size_t i)
{
	const struct norm_glyph *g = &w->glyph[i];

	if (g->alt != 0)
		return true;
	if (g->kind == NORM_LETTER)
		return is_drawn_out(w, i);
	if (i == 0 || !is_letter_at(w, i - 1))
		return false;
	if (g->kind == NORM_BLANK)
		return is_single(w, i - 1) && is_single(w, i + 1);
	return g->kind == NORM_GLUE && i + 1 < w->nglyphs &&
	       w->glyph[i + 1].kind != NORM_BLANK;
}

/* The nearest borders on both sides of each glyph. */
static void
find_borders(struct words *w)
{
	size_t i, at = 0;

	for (i = 0; i <= w->nglyphs; i++) {
		if (is_border(w, i))
			at = i;
		w->left[i] = (uint16_t)at;
	}
	for (i = w->nglyphs + 1; i-- > 0;) {
		if (is_border(w, i))
			at = i;
		w->right[i] = (uint16_t)at;
	}
}

static void
read_text(struct words *w, const char *text, size_t n)
{
	size_t i, next;

	w->nglyphs = norm_text(w->norm, text, n, w->glyph);
	for (i = 0; i < w->nglyphs; i++)
		w->key[i] = key_of(&w->glyph[i]);
	w->key[w->nglyphs] = 0;
	if (w->wild)
		find_borders(w);
	if (!w->disguised)
		return;
	next = w->nglyphs;
	for (i = w->nglyphs; i-- > 0;) {
		if (is_odd(w, i))
			next = i;
		w->odd[i] = (uint16_t)next;
	}
}

static int
find_disguised(struct words *w, size_t i)
{
	struct path p = { .node = TRIE_ROOT, .i = i, .prev = GAP };
	unsigned allowed = w->total < BUDGET_START ? w->total : BUDGET_START;
	int r;

	w->budget = allowed;
	r = search(w, p, i);
	w->total -= allowed - w->budget;
	return r;
}

/* Words from glyph i on. */
static int
find_at(struct words *w, size_t i)
{
	uint32_t second = w->key[i + 1];
	bool likely;

	if (!is_letter_at(w, i + 1) && !is_literal(second))
		second = GAP;
	likely = pair_has(w, w->key[i], second);
	if (likely && find_plain(w, i) < 0)
		return -1;
	if (!w->disguised || !in_word(&w->glyph[i]) ||
	    w->odd[i] == w->nglyphs ||
	    w->odd[i] - i > (likely ? LOOK_AHEAD : 1))
		return 0;
	return find_disguised(w, i);
}

int
words_find(struct words *w, const char *text, size_t n, size_t base,
    struct list_hits *hits)
{
	size_t i;
	bool symbol;

	if (w->n == 1 || n == 0)
		return 0;
	w->base = base;
	w->hits = hits;
	read_text(w, text, n);
	w->total = BUDGET_BASE + BUDGET_GLYPH * (unsigned)w->nglyphs;
	for (i = 0; i < w->nglyphs; i++) {
		symbol = !in_word(&w->glyph[i]) && is_literal(w->key[i]);
		if (!symbol &&
		    (!in_word(&w->glyph[i]) || (!w->inner && !is_border(w, i))))
			continue;
		if (find_at(w, i) < 0)
			return -1;
	}
	return 0;
}
