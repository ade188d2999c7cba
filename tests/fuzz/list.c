/*
 * list: whatever the file and whatever the text, what is found lies within
 * the text at its characters' borders, in order; and the text itself as an
 * entry never breaks anything.
 */
#include "../../lib/list/list.h"

#include <string.h>

#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

static bool
is_edge(const char *text, size_t n, size_t i)
{
	return i == n || ((unsigned char)text[i] & 0xc0) != 0x80;
}

static void
find(struct list *ls, const char *text, size_t n)
{
	struct list_hits hits = { 0 };
	const struct list_hit *h;
	size_t i, last = 0;

	check(list_find(ls, text, n, &hits) == 0);
	for (i = 0; i < hits.n; i++) {
		h = &hits.hit[i];
		check(h->start >= last && h->len > 0 && h->start < n &&
		      h->len <= n - h->start);
		check(is_edge(text, n, h->start) &&
		      is_edge(text, n, h->start + h->len));
		check(h->entry < list_size(ls));
		check(list_entry(ls, h->entry).line > 0);
		last = h->start;
	}
	list_hits_release(&hits);
}

/*
 * Before the first NUL the file, behind it the text. Whether disguises count
 * is told by the length: making a list twice takes twice the time.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *file = (const char *)data;
	const char *nul = n > 0 ? memchr(file, '\0', n) : NULL;
	size_t nfile = nul != NULL ? (size_t)(nul - file) : n;
	const char *text = nul != NULL ? nul + 1 : file;
	size_t ntext = nul != NULL ? n - nfile - 1 : n;
	struct list *ls;
	struct buf err;

	if (!utf8_valid(text, ntext))
		return 0;
	buf_init(&err, 4096);
	ls = list_parse(file, nfile, "f", n % 2 != 0, &err);
	check((ls == NULL) == (err.len > 0));
	if (ls != NULL)
		find(ls, text, ntext);
	list_free(ls);
	buf_release(&err);
	return 0;
}
