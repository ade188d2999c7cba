/* span: see span.h, and toxic.h for how they are masked. */
#include "span.h"

#include <string.h>

#include "../utf8.h"

#include "../banned.h"

/* Makes span i and the next one into one. */
static void
span_merge(struct toxic_result *r, size_t i)
{
	struct toxic_span *a = &r->span[i], *b = a + 1;
	size_t end = a->start + a->len;

	if (b->start + b->len > end)
		end = b->start + b->len;
	if (b->weight > a->weight) {
		a->label = b->label;
		a->weight = b->weight;
		a->phrase = b->phrase;
	}
	a->len = end - a->start;
	memmove(b, b + 1, (r->nspans - i - 2) * sizeof(*b));
	r->nspans--;
}

/*
 * Rather than let one go unmasked, of too many the two that stand closest
 * become one.
 */
static void
span_squeeze(struct toxic_result *r)
{
	size_t i, gap, best = 0, best_gap = SIZE_MAX;

	for (i = 0; i + 1 < r->nspans; i++) {
		gap = r->span[i + 1].start - r->span[i].start - r->span[i].len;
		if (gap < best_gap) {
			best_gap = gap;
			best = i;
		}
	}
	span_merge(r, best);
}

void
span_add(struct toxic_result *r, struct toxic_span s)
{
	size_t i;

	if (r->nspans == TOXIC_SPANS)
		span_squeeze(r);
	for (i = r->nspans; i > 0 && r->span[i - 1].start > s.start; i--)
		r->span[i] = r->span[i - 1];
	r->span[i] = s;
	r->nspans++;
	if (i > 0 && r->span[i - 1].start + r->span[i - 1].len >= s.start)
		span_merge(r, --i);
	while (i + 1 < r->nspans &&
	       r->span[i].start + r->span[i].len >= r->span[i + 1].start)
		span_merge(r, i);
}

int
toxic_mask(
    const struct toxic_result *r, const char *text, size_t n, struct buf *out)
{
	size_t i = 0, s, end, len;
	uint32_t cp;

	for (s = 0; s < r->nspans; s++) {
		if (buf_add(out, text + i, r->span[s].start - i) < 0)
			return -1;
		i = r->span[s].start;
		end = i + r->span[s].len;
		for (; i < end; i += len) {
			len = utf8_decode(text + i, n - i, &cp);
			if ((utf8_is_space(cp) ? buf_add(out, text + i, len)
					       : buf_addc(out, '*')) < 0)
				return -1;
		}
	}
	return buf_add(out, text + i, n - i);
}
