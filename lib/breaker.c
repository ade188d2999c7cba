/* breaker: see breaker.h. */
#include "breaker.h"

#include "banned.h"

bool
breaker_ask(struct breaker *b, int64_t now, unsigned *turn)
{
	if (b->open && (b->trying || now < b->until))
		return false;
	if (b->open) {
		b->trying = true;
		b->turn++;
	}
	*turn = b->turn;
	return true;
}

static enum breaker_news
open_for(struct breaker *b, int64_t now, int64_t wait)
{
	bool was = b->open;

	if (!was)
		b->pause = BREAKER_FIRST;
	else if (b->pause < BREAKER_LAST)
		b->pause *= 2;
	if (b->pause > BREAKER_LAST)
		b->pause = BREAKER_LAST;
	if (wait > BREAKER_TOLD_MAX)
		wait = BREAKER_TOLD_MAX;
	b->until = now + (wait > b->pause ? wait : b->pause);
	b->open = true;
	b->trying = false;
	b->turn++;
	if (was)
		return BREAKER_AS_IT_WAS;
	b->since = now;
	return BREAKER_OPENED;
}

/* Closed, and all is forgotten but the turn: late answers don't count. */
static void
close_it(struct breaker *b)
{
	*b = (struct breaker){ .turn = b->turn + 1, .since = b->since };
}

static bool
half_failed(const struct breaker *b)
{
	return b->known == BREAKER_WINDOW &&
	       __builtin_popcount(b->failed) >= BREAKER_WINDOW / 2;
}

enum breaker_news
breaker_tell(
    struct breaker *b, int64_t now, unsigned turn, bool ok, int64_t wait)
{
	if (turn != b->turn)
		return BREAKER_AS_IT_WAS;
	if (b->open && ok) {
		close_it(b);
		return BREAKER_CLOSED;
	}
	if (b->open)
		return open_for(b, now, wait);
	b->row = ok ? 0 : b->row + 1;
	b->failed = b->failed << 1 | !ok;
	b->known += b->known < BREAKER_WINDOW;
	if (!ok && (b->row >= BREAKER_ROW || half_failed(b) || wait > 0))
		return open_for(b, now, wait);
	return BREAKER_AS_IT_WAS;
}

void
breaker_forget(struct breaker *b, int64_t now, unsigned turn)
{
	if (turn != b->turn || !b->open)
		return;
	b->trying = false;
	b->until = now;
}
