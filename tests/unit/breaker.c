/* breaker: when it opens, whom it lets try, and how long it stays open. */
#include "../../lib/breaker.h"

#include "tap.h"

#include "../../lib/banned.h"

/* A request that ends at once. */
static enum breaker_news
request(struct breaker *b, int64_t now, bool ok)
{
	unsigned turn = 0;

	if (!breaker_ask(b, now, &turn))
		return BREAKER_AS_IT_WAS;
	return breaker_tell(b, now, turn, ok, 0);
}

/* Five failures at the time now. */
static void
break_it(struct breaker *b, int64_t now)
{
	int i;

	for (i = 0; i < BREAKER_ROW; i++)
		request(b, now, false);
}

static void
opens_after_a_row(void)
{
	struct breaker b = { 0 };
	unsigned turn;
	int i;

	for (i = 1; i < BREAKER_ROW; i++)
		IS_INT(request(&b, 100, false), BREAKER_AS_IT_WAS);
	IS_INT(request(&b, 100, true), BREAKER_AS_IT_WAS);
	for (i = 1; i < BREAKER_ROW; i++)
		IS_INT(request(&b, 100, false), BREAKER_AS_IT_WAS);
	IS_INT(request(&b, 100, false), BREAKER_OPENED);
	OK(!breaker_ask(&b, 100, &turn));
	OK(!breaker_ask(&b, 100 + BREAKER_FIRST - 1, &turn));
	OK(breaker_ask(&b, 100 + BREAKER_FIRST, &turn));
	OK(!breaker_ask(&b, 100 + BREAKER_FIRST, &turn));
}

static void
opens_when_half_fail(void)
{
	struct breaker b = { 0 };
	int i, opened = 0;

	for (i = 0; i < 4 * BREAKER_WINDOW && !opened; i++)
		opened = request(&b, 0, i % 2 == 0) == BREAKER_OPENED;
	OK(opened);
	OK(i >= BREAKER_WINDOW);
	b = (struct breaker){ 0 };
	for (i = 0, opened = 0; i < 1000; i++)
		opened |= request(&b, 0, i % 3 != 0) == BREAKER_OPENED;
	OK(!opened);
}

static void
closes_by_one_success(void)
{
	struct breaker b = { 0 };

	break_it(&b, 0);
	IS_INT(request(&b, BREAKER_FIRST, true), BREAKER_CLOSED);
	IS_INT(b.since, 0);
	/* and all is forgotten */
	IS_INT(request(&b, BREAKER_FIRST, false), BREAKER_AS_IT_WAS);
	OK(!b.open);
}

static void
waits_longer_each_time(void)
{
	struct breaker b = { 0 };
	int64_t now = 0, pause = BREAKER_FIRST;
	unsigned turn;
	int i;

	break_it(&b, now);
	for (i = 0; i < 8; i++) {
		OK(!breaker_ask(&b, now + pause - 1, &turn));
		now += pause;
		IS_INT(request(&b, now, false), BREAKER_AS_IT_WAS);
		pause = pause * 2 < BREAKER_LAST ? pause * 2 : BREAKER_LAST;
	}
	IS_INT(b.until - now, BREAKER_LAST);
}

static void
heeds_retry_after(void)
{
	struct breaker b = { 0 };
	unsigned turn = 0;

	OK(breaker_ask(&b, 0, &turn));
	IS_INT(breaker_tell(&b, 0, turn, false, 4000), BREAKER_OPENED);
	OK(!breaker_ask(&b, 3999, &turn));
	OK(breaker_ask(&b, 4000, &turn));
	/* without end is not for us to wait */
	IS_INT(
	    breaker_tell(&b, 4000, turn, false, INT64_MAX), BREAKER_AS_IT_WAS);
	IS_INT(b.until, 4000 + BREAKER_TOLD_MAX);
}

static void
late_answers_do_not_count(void)
{
	struct breaker b = { 0 };
	unsigned early = 0, try = 0;

	OK(breaker_ask(&b, 0, &early));
	break_it(&b, 0);
	IS_INT(breaker_tell(&b, 1, early, true, 0), BREAKER_AS_IT_WAS);
	OK(b.open);
	OK(breaker_ask(&b, BREAKER_FIRST, &try));
	IS_INT(
	    breaker_tell(&b, BREAKER_FIRST, early, true, 0), BREAKER_AS_IT_WAS);
	IS_INT(breaker_tell(&b, BREAKER_FIRST, early, false, 0),
	    BREAKER_AS_IT_WAS);
	OK(b.trying);
	IS_INT(breaker_tell(&b, BREAKER_FIRST, try, true, 0), BREAKER_CLOSED);
	IS_INT(breaker_tell(&b, BREAKER_FIRST, early, false, 9),
	    BREAKER_AS_IT_WAS);
	OK(!b.open);
}

static void
a_try_given_up_lets_another_one(void)
{
	struct breaker b = { 0 };
	unsigned turn = 0;

	break_it(&b, 0);
	OK(breaker_ask(&b, BREAKER_FIRST, &turn));
	breaker_forget(&b, BREAKER_FIRST, turn);
	OK(breaker_ask(&b, BREAKER_FIRST, &turn));
}

int
main(void)
{
	opens_after_a_row();
	opens_when_half_fail();
	closes_by_one_success();
	waits_longer_each_time();
	heeds_retry_after();
	late_answers_do_not_count();
	a_try_given_up_lets_another_one();
	return tap_done();
}
