/*
 * state and positions: any lines are folded without harm, and a line that was
 * numbered says its number, to the quick reader as to the parser.
 */
#include "../../lib/state.h"

#include <stdlib.h>
#include <string.h>

#include "../../lib/event.h"

#include "fuzz.h"

#include "../../lib/banned.h"

static void
number(const char *line, size_t n, uint64_t seq)
{
	static struct event ev, again; /* they are made to be used again */
	static struct buf b;
	uint64_t got;

	if (!b.max)
		buf_init(&b, 1 << 22);
	buf_reset(&b);
	if (event_parse(&ev, line, n) == 0) {
		if (event_number(&ev, seq, &b) < 0 ||
		    !event_tail_seq(b.p, b.len, &got) || got != seq ||
		    event_parse(&again, b.p, b.len) < 0 ||
		    event_seq(&again) != seq || again.type != ev.type)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct state *s = state_new();
	const char *p = (const char *)data, *end = p + size, *nl;
	struct buf out;
	uint64_t seq = 0, got;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			break;
		if (nl > p)
			event_tail_seq(p, (size_t)(nl - p), &got);
		state_fold_line(s, p, (size_t)(nl - p), ++seq);
		number(p, (size_t)(nl - p), seq);
	}
	buf_init(&out, 1 << 22);
	state_write(s, seq / 2, 0, &out);
	state_write(s, UINT64_MAX, INT64_C(1795435200000), &out);
	buf_release(&out);
	state_free(s);
	return 0;
}
