/* window: what it says of the newest N keys, against a list of them. */
#include "../../lib/window.h"

#include "tap.h"

#include "../../lib/banned.h"

static struct window_key
key(const struct window *w, unsigned n)
{
	return window_key(w, &n, sizeof(n), NULL, 0);
}

static void
knows_the_newest(size_t max)
{
	struct window *w = window_new(max);
	size_t bad = 0, i, j;

	OK(w != NULL);
	for (i = 0; i < 3 * max + 5; i++) {
		bad += window_has(w, key(w, (unsigned)i));
		bad += window_add(w, key(w, (unsigned)i)) < 0;
		bad += !window_has(w, key(w, (unsigned)i));
		/* the oldest that must be there, the newest that must not */
		j = i + 1 > max ? i + 1 - max : 0;
		bad += !window_has(w, key(w, (unsigned)j));
		if (j > 0)
			bad += window_has(w, key(w, (unsigned)j - 1));
		bad += window_count(w) != (i < max ? i + 1 : max);
	}
	for (j = i - max; j < i; j++)
		bad += !window_has(w, key(w, (unsigned)j));
	IS_INT(bad, 0);
	window_free(w);
}

static void
tells_texts_apart(void)
{
	struct window *w = window_new(10);
	struct window_key a = window_key(w, "ab", 2, "c", 1);
	struct window_key b = window_key(w, "a", 1, "bc", 2);
	struct window_key c = window_key(w, "abc", 3, NULL, 0);
	struct window_key d = window_key(w, "ab\0", 3, "c", 1);

	window_add(w, a);
	OK(window_has(w, a));
	OK(!window_has(w, b));
	OK(!window_has(w, c));
	OK(!window_has(w, d));
	window_free(w);
	window_free(NULL);
}

int
main(void)
{
	knows_the_newest(1);
	knows_the_newest(7);
	knows_the_newest(5000);
	tells_texts_apart();
	return tap_done();
}
