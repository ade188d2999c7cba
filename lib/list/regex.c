/*
 * regex: see regex.h. PCRE2 with its JIT, and in front of it a filter of our
 * own: of each expression a piece of plain text is worked out that every
 * match must have in it (literal.h), and only those whose piece is in the
 * text are run.
 *
 * The alternative was Hyperscan 5.4. 10,000 expressions over short chat lines
 * on one core: it scans 6,000,000 lines/s, but takes 9 s to compile them (16 s
 * for 10,000 \bWORD\b), knows neither \b with Unicode nor look-around nor
 * back references, and is C++ for amd64, with another package elsewhere.
 * PCRE2 10.42 compiles them in 0.2 s with its JIT, which is done here when one
 * is first run; one by one it does 200 to 400 lines/s, and with the filter they
 * cost less than a microsecond a line (tests/bench/lists.sh). A list is read
 * again on SIGHUP while the chat waits, so the time to compile counts.
 *
 * PCRE2 backtracks, so an expression may take exponential time. A search is
 * given up after MATCH_LIMIT steps from one beginning, and looks at no more
 * than REGEX_WINDOW bytes: the time is bounded by the line's length.
 */
#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "literal.h"

#include "../banned.h"

#define MATCH_LIMIT 10000
#define HEAP_LIMIT 1024 /* KiB, without the JIT */
#define STACK_MIN (32 << 10)
#define STACK_MAX (512 << 10)
#define GRAM 3 /* bytes that are looked up */
#define GRAM_BITS 16
#define CHAINS (1U << GRAM_BITS)

struct regex {
	pcre2_code *code;
	uint32_t entry;
	bool compiled; /* by the JIT, too: done when it is first run */
	uint32_t seen; /* the number of the text that it was run on last */
};

/* A piece of text that brings a regex into play. */
struct needle {
	uint32_t at, len; /* in text */
	uint32_t gram;    /* where the looked up bytes stand in it */
	uint32_t regex;
	uint32_t next; /* with the same hash, + 1; 0: none */
};

struct regexes {
	bool sure;
	struct regex *regex;
	size_t n, cap;
	struct needle *needle;
	size_t nneedles, needle_cap;
	char *text; /* of the needles */
	size_t ntext, text_cap;
	uint64_t used[CHAINS / 64]; /* a bit a chain: small enough to stay */
	uint32_t *chain;            /* CHAINS of them: first needle + 1 */
	uint32_t *always;
	size_t nalways;
	uint32_t texts; /* seen so far */
	char *folded;
	size_t folded_cap;
	pcre2_compile_context *compile;
	pcre2_match_context *context;
	pcre2_match_data *match;
	pcre2_jit_stack *stack;
};

struct regexes *
regexes_new(bool sure)
{
	struct regexes *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->sure = sure;
	return r;
}

void
regexes_free(struct regexes *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++)
		pcre2_code_free(r->regex[i].code);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->context);
	pcre2_compile_context_free(r->compile);
	pcre2_jit_stack_free(r->stack);
	free(r->regex);
	free(r->needle);
	free(r->text);
	free(r->chain);
	free(r->always);
	free(r->folded);
	free(r);
}

/* Room for n of size bytes in *p. 0, or -1. */
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

static int
flag_bits(const char *flags, size_t n, uint32_t *bits)
{
	static const struct {
		char flag;
		uint32_t bit;
	} known[] = { { 'i', PCRE2_CASELESS }, { 's', PCRE2_DOTALL },
		{ 'm', PCRE2_MULTILINE }, { 'x', PCRE2_EXTENDED }, { 'u', 0 } };
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (known[k].flag == flags[i])
				break;
		if (k == sizeof(known) / sizeof(*known))
			return -1;
		*bits |= known[k].bit;
	}
	return 0;
}

/* What the first use needs. 0, or -1 when memory ran out. */
static int
prepare(struct regexes *r)
{
	if (r->match != NULL)
		return 0;
	r->compile = pcre2_compile_context_create(NULL);
	r->context = pcre2_match_context_create(NULL);
	r->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	r->match = pcre2_match_data_create(1, NULL);
	if (r->compile == NULL || r->context == NULL || r->match == NULL)
		return -1;
	pcre2_set_match_limit(r->context, MATCH_LIMIT);
	pcre2_set_depth_limit(r->context, MATCH_LIMIT);
	pcre2_set_heap_limit(r->context, HEAP_LIMIT);
	if (r->stack != NULL)
		pcre2_jit_stack_assign(r->context, NULL, r->stack);
	pcre2_set_parens_nest_limit(r->compile, 100);
	return 0;
}

static void
say_pcre(struct buf *err, int code, size_t offset)
{
	PCRE2_UCHAR text[256];

	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = '\0';
	(void)buf_adds(err, (const char *)text);
	(void)buf_addf(err, " (at character %zu)", offset + 1);
}

/* Takes the literals as needles of the regex. 0, or -1. */
static int
add_needles(struct regexes *r, const struct literals *l, uint32_t regex)
{
	struct needle *nd;
	void *p;
	size_t i;

	for (i = 0; i < l->n; i++) {
		p = r->needle;
		if (grow(&p, r->nneedles + 1, &r->needle_cap, sizeof(*nd)) < 0)
			return -1;
		r->needle = p;
		p = r->text;
		if (grow(&p, r->ntext + l->len[i], &r->text_cap, 1) < 0)
			return -1;
		r->text = p;
		nd = &r->needle[r->nneedles++];
		*nd = (struct needle){ .at = (uint32_t)r->ntext,
			.len = l->len[i],
			.regex = regex };
		memcpy(r->text + r->ntext, l->text[i], l->len[i]);
		r->ntext += l->len[i];
	}
	return 0;
}

int
regexes_add(struct regexes *r, const char *pattern, size_t n, const char *flags,
    size_t nflags, uint32_t entry, struct buf *err)
{
	uint32_t bits = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
			PCRE2_NO_UTF_CHECK;
	struct regex re = { .entry = entry };
	struct literals l;
	PCRE2_SIZE offset;
	void *p = r->regex;
	int code;

	if (flag_bits(flags, nflags, &bits) < 0) {
		(void)buf_adds(err, "flags after the / must be of i, m, s, x");
		return -1;
	}
	if (prepare(r) < 0 || grow(&p, r->n + 1, &r->cap, sizeof(re)) < 0) {
		(void)buf_adds(err, "out of memory");
		return -1;
	}
	r->regex = p;
	re.code = pcre2_compile(
	    (PCRE2_SPTR)pattern, n, bits, &code, &offset, r->compile);
	if (re.code == NULL) {
		say_pcre(err, code, offset);
		return -1;
	}
	literals_find(&l, pattern, n, (bits & PCRE2_EXTENDED) != 0);
	r->regex[r->n++] = re;
	if (add_needles(r, &l, (uint32_t)r->n - 1) == 0)
		return 0;
	(void)buf_adds(err, "out of memory");
	return -1;
}

static uint32_t
gram_hash(const char *p)
{
	uint32_t g = (uint32_t)(unsigned char)p[0] << 16 |
		     (uint32_t)(unsigned char)p[1] << 8 | (unsigned char)p[2];

	return (g * UINT32_C(2654435769)) >> (32 - GRAM_BITS);
}

/*
 * Looks a needle up by those of its bytes that the fewest others have, so
 * that thousands that begin with "http" are told apart soon.
 */
static void
hang_up(struct regexes *r, uint32_t id, uint16_t *used)
{
	struct needle *nd = &r->needle[id];
	const char *text = r->text + nd->at;
	uint32_t i, h;

	for (i = 0; i + GRAM <= nd->len; i++)
		if (used[gram_hash(text + i)] <
		    used[gram_hash(text + nd->gram)])
			nd->gram = i;
	h = gram_hash(text + nd->gram);
	if (used[h] < UINT16_MAX)
		used[h]++;
	nd->next = r->chain[h];
	r->chain[h] = id + 1;
	r->used[h / 64] |= UINT64_C(1) << h % 64;
}

/* Which regexes have to be run on every text; found: a flag each. */
static void
sort_out(struct regexes *r, uint16_t *used, bool *found)
{
	uint32_t i;

	for (i = 0; i < r->nneedles; i++) {
		hang_up(r, i, used);
		found[r->needle[i].regex] = true;
	}
	for (i = 0; i < r->n; i++)
		if (!found[i])
			r->always[r->nalways++] = i;
}

int
regexes_ready(struct regexes *r)
{
	uint16_t *used = calloc(CHAINS, sizeof(*used));
	bool *found = calloc(r->n + 1, sizeof(*found)), ok;

	r->chain = calloc(CHAINS, sizeof(*r->chain));
	r->always = calloc(r->n + 1, sizeof(*r->always));
	ok = used != NULL && found != NULL && r->chain != NULL &&
	     r->always != NULL;
	if (ok)
		sort_out(r, used, found);
	free(used);
	free(found);
	return ok ? 0 : -1;
}

/* A part of the text, and where the search in it stands. */
struct window {
	const char *text;
	size_t from, to; /* matches begin in from to to */
	bool last;
	struct list_hits *hits;
};

/* All matches of one regex in the window. 0, or -1 when memory ran out. */
static int
run(struct regexes *r, struct regex *re, const struct window *w)
{
	uint32_t how = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
	struct list_hit h = { .entry = re->entry };
	PCRE2_SIZE *ov;
	size_t at = w->from;
	int n;

	if (!re->compiled) {
		(void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
		re->compiled = true;
	}
	if (!w->last)
		how |= PCRE2_NOTEOL;
	while (at < w->to) {
		n = pcre2_match(re->code, (PCRE2_SPTR)w->text, w->to, at, how,
		    r->match, r->context);
		if (n == PCRE2_ERROR_NOMATCH)
			return 0;
		ov = pcre2_get_ovector_pointer(r->match);
		h.gave_up = n < 0;
		if (n < 0 && !r->sure)
			return 0;
		h.start = n < 0 ? at : ov[0];
		h.len = n < 0 ? w->to - at : ov[1] - ov[0];
		/* \K can turn the two round */
		if (n >= 0 && (ov[1] <= ov[0] || ov[1] <= at))
			return 0;
		if (list_hits_add(w->hits, h) < 0)
			return -1;
		at = h.start + h.len;
	}
	return 0;
}

/*
 * Small letters for capitals, as PCRE2 matches them without regard to case:
 * beside ASCII, U+017F is an s and U+212A a k. Returns the new length.
 */
static size_t
fold(const char *s, size_t n, char *out)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (s[i] >= 'A' && s[i] <= 'Z') {
			out[k++] = (char)(s[i] - 'A' + 'a');
		} else if (s[i] == '\xc5' && i + 1 < n && s[i + 1] == '\xbf') {
			out[k++] = 's';
			i++;
		} else if (s[i] == '\xe2' && i + 2 < n && s[i + 1] == '\x84' &&
			   s[i + 2] == '\xaa') {
			out[k++] = 'k';
			i += 2;
		} else {
			out[k++] = s[i];
		}
	}
	return k;
}

/* The needle, found at s + i by its looked up bytes, stands there. */
static bool
is_there(const struct regexes *r, const struct needle *nd, const char *s,
    size_t n, size_t i)
{
	return i >= nd->gram && n - (i - nd->gram) >= nd->len &&
	       memcmp(s + i - nd->gram, r->text + nd->at, nd->len) == 0;
}

/* Runs those whose needle stands in the n folded bytes at s. */
static int
run_found(struct regexes *r, const char *s, size_t n, const struct window *w)
{
	const struct needle *nd;
	struct regex *re;
	uint32_t id, h;
	size_t i;

	for (i = 0; i + GRAM <= n; i++) {
		h = gram_hash(s + i);
		if ((r->used[h / 64] >> h % 64 & 1) == 0)
			continue;
		for (id = r->chain[h]; id != 0; id = nd->next) {
			nd = &r->needle[id - 1];
			re = &r->regex[nd->regex];
			if (re->seen == r->texts || !is_there(r, nd, s, n, i))
				continue;
			re->seen = r->texts;
			if (run(r, re, w) < 0)
				return -1;
		}
	}
	return 0;
}

static int
find_in_window(struct regexes *r, const struct window *w)
{
	void *p = r->folded;
	size_t i, n = w->to - w->from;

	for (i = 0; i < r->nalways; i++)
		if (run(r, &r->regex[r->always[i]], w) < 0)
			return -1;
	if (r->nneedles == 0)
		return 0;
	if (grow(&p, n, &r->folded_cap, 1) < 0)
		return -1;
	r->folded = p;
	r->texts++;
	n = fold(w->text + w->from, n, r->folded);
	return run_found(r, r->folded, n, w);
}

/* The beginning of the character at i or before it. */
static size_t
character(const char *text, size_t i)
{
	while (i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80)
		i--;
	return i;
}

int
regexes_find(
    struct regexes *r, const char *text, size_t n, struct list_hits *hits)
{
	struct window w = { .text = text, .hits = hits };

	if (r->n == 0)
		return 0;
	for (;;) {
		w.last = n - w.from <= REGEX_WINDOW;
		w.to = w.last ? n : character(text, w.from + REGEX_WINDOW);
		if (find_in_window(r, &w) < 0)
			return -1;
		if (w.last)
			return 0;
		w.from = character(text, w.to - REGEX_OVERLAP);
	}
}
