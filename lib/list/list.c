/*
 * list: see list.h. The file is read line by line and each line given to
 * words or regex; what they find is put into one order.
 */
#include "list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../toxic/normalise.h"
#include "../utf8.h"
#include "regex.h"
#include "words.h"

#include "../banned.h"

#define OVERLAP 512  /* bytes that two pieces of a long text share */
#define CUT_BACK 128 /* bytes looked back for a blank to cut at */

struct entry {
	uint32_t line;
	uint32_t file;
	char *text; /* and behind its NUL the note, where there is one */
	char *note;
};

struct list {
	struct norm norm;
	struct words *words;
	struct regexes *regexes;
	struct entry *entry;
	size_t n, cap;
	char **file;
	size_t nfiles;
	uint64_t id;
};

/* A line of the file, cut into its parts. */
struct line {
	const char *text, *note, *flags;
	size_t ntext, nnote, nflags;
	const char *pattern; /* NULL: words */
	size_t npattern;
};

void
list_hits_release(struct list_hits *h)
{
	free(h->hit);
	memset(h, 0, sizeof(*h));
}

int
list_hits_add(struct list_hits *h, struct list_hit hit)
{
	size_t want = h->cap > 0 ? 2 * h->cap : 16;
	void *p;

	if (h->n == h->cap) {
		p = realloc(h->hit, want * sizeof(*h->hit));
		if (p == NULL)
			return -1;
		h->hit = p;
		h->cap = want;
	}
	h->hit[h->n++] = hit;
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && is_blank(**p)) {
		++*p;
		--*n;
	}
	while (*n > 0 && is_blank((*p)[*n - 1]))
		--*n;
}

/*
 * What may stand behind an entry, from s on: "=> note" or "# comment", with a
 * blank in front. True when it is one of them, or nothing.
 */
static bool
parse_tail(const char *s, size_t n, struct line *l)
{
	const char *at = s;

	trim(&s, &n);
	if (n == 0)
		return true;
	if (s == at)
		return false;
	if (*s == '#' && (n == 1 || is_blank(s[1])))
		return true;
	if (n < 2 || memcmp(s, "=>", 2) != 0 || (n > 2 && !is_blank(s[2])))
		return false;
	l->note = s + 2;
	l->nnote = n - 2;
	trim(&l->note, &l->nnote);
	if (l->nnote == 0)
		l->note = NULL;
	return true;
}

/* "/pattern/flags": the first slash that can be the end is it. */
static const char *
parse_regex(const char *s, size_t n, struct line *l)
{
	size_t i, f;

	for (i = 1; i < n; i++) {
		if (s[i] == '\\') {
			i++;
			continue;
		}
		if (s[i] != '/')
			continue;
		for (f = i + 1; f < n && s[f] >= 'a' && s[f] <= 'z'; f++)
			;
		if (!parse_tail(s + f, n - f, l))
			continue;
		l->pattern = s + 1;
		l->npattern = i - 1;
		l->flags = s + i + 1;
		l->nflags = f - i - 1;
		l->text = s;
		l->ntext = f;
		return i == 1 ? "an empty expression" : NULL;
	}
	return "an expression without its closing /";
}

static void
parse_words(const char *s, size_t n, struct line *l)
{
	size_t i;

	l->text = s;
	l->ntext = n;
	for (i = 1; i < n; i++)
		if (is_blank(s[i]) && parse_tail(s + i, n - i, l)) {
			l->ntext = i;
			break;
		}
	trim(&l->text, &l->ntext);
	/* what would be a comment or an expression */
	if (l->ntext > 1 && *l->text == '\\') {
		l->text++;
		l->ntext--;
	}
}

static void
hash(uint64_t *h, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		*h = (*h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
	*h = (*h ^ 0xff) * UINT64_C(0x100000001b3);
}

/* Keeps the line as an entry. 0, or -1 when memory ran out. */
static int
keep(struct list *ls, const struct line *l, unsigned number)
{
	size_t want = ls->cap > 0 ? 2 * ls->cap : 64;
	struct entry *e;
	void *p;

	if (ls->n == ls->cap) {
		p = realloc(ls->entry, want * sizeof(*e));
		if (p == NULL)
			return -1;
		ls->entry = p;
		ls->cap = want;
	}
	e = &ls->entry[ls->n];
	e->text = calloc(1, l->ntext + l->nnote + 2);
	if (e->text == NULL)
		return -1;
	memcpy(e->text, l->text, l->ntext);
	e->note = NULL;
	if (l->note != NULL) {
		e->note = e->text + l->ntext + 1;
		memcpy(e->note, l->note, l->nnote);
	}
	e->line = number;
	e->file = (uint32_t)(ls->nfiles - 1);
	ls->n++;
	hash(&ls->id, l->text, l->ntext);
	hash(&ls->id, l->note, l->note != NULL ? l->nnote : 0);
	return 0;
}

static bool
has_control(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') ||
		    s[i] == 0x7f)
			return true;
	return false;
}

/* One line, without its end. 0, or -1 with the reason in err. */
static int
add_line(
    struct list *ls, const char *s, size_t n, unsigned number, struct buf *err)
{
	struct line l = { .text = NULL };
	const char *why = NULL;
	uint32_t entry = (uint32_t)ls->n;

	trim(&s, &n);
	if (n == 0 || *s == '#')
		return utf8_valid(s, n) ? 0 : (buf_adds(err, "not UTF-8"), -1);
	if (n > LIST_ENTRY_MAX)
		why = "too long";
	else if (!utf8_valid(s, n))
		why = "not UTF-8";
	else if (has_control(s, n))
		why = "a control character";
	else if (*s == '/')
		why = parse_regex(s, n, &l);
	else
		parse_words(s, n, &l);
	if (why == NULL && keep(ls, &l, number) < 0)
		why = strerror(ENOMEM);
	if (why == NULL && l.pattern != NULL)
		return regexes_add(ls->regexes, l.pattern, l.npattern, l.flags,
		    l.nflags, entry, err);
	if (why == NULL &&
	    words_add(ls->words, l.text, l.ntext, entry, &why) == 0)
		return 0;
	(void)buf_adds(err, why);
	return -1;
}

/* A file's text. 0, or -1 with "FILE:LINE: why" in err. */
static int
add_text(struct list *ls, const char *s, size_t n, struct buf *err)
{
	const char *end = s + n, *nl;
	char place[64];
	unsigned number = 0;
	size_t len;
	struct buf why;
	int r = 0;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	buf_init(&why, 512);
	for (; s < end && r == 0; s = nl + 1) {
		number++;
		nl = memchr(s, '\n', (size_t)(end - s));
		if (nl == NULL)
			nl = end;
		len = (size_t)(nl - s);
		if (len > 0 && s[len - 1] == '\r')
			len--;
		r = add_line(ls, s, len, number, &why);
	}
	if (r < 0) {
		snprintf(place, sizeof(place), ":%u: ", number);
		buf_reset(err);
		(void)buf_adds(err, ls->file[ls->nfiles - 1]);
		(void)buf_adds(err, place);
		(void)buf_adds(err, why.p);
	}
	buf_release(&why);
	return r;
}

static struct list *
list_new(bool disguised)
{
	struct list *ls = calloc(1, sizeof(*ls));

	if (ls == NULL)
		return NULL;
	if (norm_init(&ls->norm) < 0) {
		free(ls);
		return NULL;
	}
	ls->id = UINT64_C(0xcbf29ce484222325);
	ls->words = words_new(&ls->norm, disguised);
	ls->regexes = regexes_new(disguised);
	if (ls->words != NULL && ls->regexes != NULL)
		return ls;
	list_free(ls);
	return NULL;
}

void
list_free(struct list *ls)
{
	size_t i;

	if (ls == NULL)
		return;
	for (i = 0; i < ls->n; i++)
		free(ls->entry[i].text);
	for (i = 0; i < ls->nfiles; i++)
		free(ls->file[i]);
	free(ls->entry);
	free(ls->file);
	words_free(ls->words);
	regexes_free(ls->regexes);
	norm_release(&ls->norm);
	free(ls);
}

/* From here on lines are those of the file name. */
static int
begin_file(struct list *ls, const char *name)
{
	char **p = realloc(ls->file, (ls->nfiles + 1) * sizeof(*p));

	if (p == NULL)
		return -1;
	ls->file = p;
	p[ls->nfiles] = strdup(name);
	if (p[ls->nfiles] == NULL)
		return -1;
	ls->nfiles++;
	return 0;
}

/* Reads a whole file. 0, or -1 with errno. */
static int
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), e;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (n > 0) {
		if (buf_reserve(out, 65536) < 0) {
			n = -1;
			errno = EFBIG;
			break;
		}
		n = read(fd, out->p + out->len, 65536);
		if (n > 0)
			out->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	e = errno;
	(void)close(fd);
	errno = e;
	return n < 0 ? -1 : 0;
}

static int
add_file(struct list *ls, const char *path, struct buf *err)
{
	struct buf text;
	int r = -1;

	buf_init(&text, LIST_FILE_MAX + 65536);
	if (begin_file(ls, path) == 0 && read_file(path, &text) == 0)
		r = add_text(ls, text.p, text.len, err);
	else if (buf_reset(err), buf_adds(err, path) == 0)
		(void)buf_addf(err, ": %s", strerror(errno));
	buf_release(&text);
	return r;
}

static struct list *
finish(struct list *ls, int r, struct buf *err)
{
	if (r == 0 && regexes_ready(ls->regexes) == 0)
		return ls;
	if (r == 0) {
		buf_reset(err);
		(void)buf_adds(err, strerror(ENOMEM));
	}
	list_free(ls);
	return NULL;
}

struct list *
list_load(const char *const *paths, size_t n, bool disguised, struct buf *err)
{
	struct list *ls = list_new(disguised);
	size_t i;
	int r = 0;

	buf_reset(err);
	if (ls == NULL) {
		(void)buf_adds(err, strerror(ENOMEM));
		return NULL;
	}
	for (i = 0; i < n && r == 0; i++)
		r = add_file(ls, paths[i], err);
	return finish(ls, r, err);
}

struct list *
list_parse(const char *text, size_t n, const char *name, bool disguised,
    struct buf *err)
{
	struct list *ls = list_new(disguised);
	int r;

	buf_reset(err);
	if (ls == NULL || begin_file(ls, name) < 0) {
		(void)buf_adds(err, strerror(ENOMEM));
		list_free(ls);
		return NULL;
	}
	r = add_text(ls, text, n, err);
	return finish(ls, r, err);
}

/* Where a piece of at most NORM_BYTES is best cut; n: what there is. */
static size_t
piece(const char *text, size_t n)
{
	size_t i;

	if (n <= NORM_BYTES)
		return n;
	for (i = NORM_BYTES; i > NORM_BYTES - CUT_BACK; i--)
		if (text[i - 1] == ' ')
			return i;
	for (i = NORM_BYTES; ((unsigned char)text[i] & 0xc0) == 0x80; i--)
		;
	return i;
}

/* Where the piece behind the one from at to end begins: some words earlier. */
static size_t
next_piece(const char *text, size_t end)
{
	size_t i = end - OVERLAP;

	while (i < end && text[i] != ' ')
		i++;
	return i < end ? i + 1 : end;
}

static int
by_start(const void *va, const void *vb)
{
	const struct list_hit *a = va, *b = vb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->len != b->len)
		return a->len > b->len ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

/* In order, and once each. */
static void
sort_hits(struct list_hits *h)
{
	size_t i, k = 0;

	if (h->n < 2)
		return;
	qsort(h->hit, h->n, sizeof(*h->hit), by_start);
	for (i = 1; i < h->n; i++)
		if (by_start(&h->hit[i], &h->hit[k]) != 0)
			h->hit[++k] = h->hit[i];
	h->n = k + 1;
}

int
list_find(struct list *ls, const char *text, size_t n, struct list_hits *hits)
{
	size_t at = 0, len;

	hits->n = 0;
	while (at < n) {
		len = piece(text + at, n - at);
		if (words_find(ls->words, text + at, len, at, hits) < 0)
			return -1;
		at = at + len < n ? next_piece(text, at + len) : n;
	}
	if (regexes_find(ls->regexes, text, n, hits) < 0)
		return -1;
	sort_hits(hits);
	return 0;
}

size_t
list_size(const struct list *ls)
{
	return ls->n;
}

struct list_entry
list_entry(const struct list *ls, uint32_t entry)
{
	const struct entry *e = &ls->entry[entry];

	return (struct list_entry){ .file = ls->file[e->file],
		.line = e->line,
		.text = e->text,
		.note = e->note };
}

uint64_t
list_id(const struct list *ls)
{
	return ls->id;
}
