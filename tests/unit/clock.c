/* clock: RFC 3339 both ways, and the pinned wall clock. */
#include "../../lib/clock.h"

#include "tap.h"

#include "../../lib/banned.h"

static int64_t
parsed(const char *s)
{
	char *copy = tap_copy(s, strlen(s));
	int64_t ms = 0;
	int r = clock_parse(copy, strlen(s), &ms);

	free(copy);
	return r == 0 ? ms : INT64_MIN;
}

static void
formats(void)
{
	char s[CLOCK_RFC3339_LEN + 1], d[CLOCK_DATE_LEN + 1];

	clock_format(0, s);
	IS_STR(s, "1970-01-01T00:00:00.000Z");
	clock_format(INT64_C(1795426200123), s);
	IS_STR(s, "2026-11-23T09:30:00.123Z");
	clock_format(-1, s);
	IS_STR(s, "1969-12-31T23:59:59.999Z");
	clock_format(INT64_C(951782400000), s);
	IS_STR(s, "2000-02-29T00:00:00.000Z");
	clock_format(INT64_C(253402300799999), s);
	IS_STR(s, "9999-12-31T23:59:59.999Z");
	clock_format(INT64_C(-62167219200000), s);
	IS_STR(s, "0000-01-01T00:00:00.000Z");
	clock_date(INT64_C(1795426200123), d);
	IS_STR(d, "2026-11-23");
	clock_date(-1, d);
	IS_STR(d, "1969-12-31");
}

static void
parses(void)
{
	static const char *const same[] = { "2026-11-23T09:30:00.123Z",
		"2026-11-23T09:30:00.1239999999999999999999Z",
		"2026-11-23T10:30:00.123+01:00",
		"2026-11-22T21:30:00.123-12:00",
		"2026-11-23T15:15:00.123+05:45",
		"2026-11-23T09:30:00.123-00:00", "2026-11-23t09:30:00.123z" };
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		OK_FOR(parsed(same[i]) == INT64_C(1795426200123), same[i]);
	IS_INT(parsed("1970-01-01T00:00:00Z"), 0);
	IS_INT(parsed("1970-01-01T00:00:00.5Z"), 500);
	IS_INT(parsed("1970-01-01T00:00:00.05Z"), 50);
	IS_INT(parsed("1969-12-31T23:59:59.999Z"), -1);
	IS_INT(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"));
	IS_INT(parsed("2000-02-29T00:00:00Z"), INT64_C(951782400000));
}

static void
refuses(void)
{
	static const char *const no[] = { "", "x", "2026", "2026-11-23",
		"2026-11-23T09:30:00", "2026-11-23T09:30Z",
		"2026-11-23T09:30:00.Z", "2026-11-23T09:30:00.123",
		"2026-11-23T09:30:00.123ZZ", "2026-11-23T09:30:00.123Z ",
		" 2026-11-23T09:30:00.123Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z", "2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T09:60:00Z",
		"2026-11-23T09:30:61Z", "2026-11-23T09:30:00+24:00",
		"2026-11-23T09:30:00+01:60", "2026-11-23T09:30:00+0100",
		"2026-11-23T09:30:00+1:00", "2026-11-23T09:30:00+",
		"26-11-23T09:30:00Z", "02026-11-23T09:30:00Z",
		"-026-11-23T09:30:00Z", "2026-1-23T09:30:00Z",
		"2026/11/23T09:30:00Z", "2026-11-23T09.30.00Z",
		"2026-11-23T+9:30:00Z", "2026-11-23T09:30:00,123Z",
		"2026-11-23T 9:30:00Z", "20261123T093000Z",
		"2026-11-23T09:30:00.12a3Z" };
	size_t i;
	int64_t ms;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		OK_FOR(parsed(no[i]) == INT64_MIN, no[i]);
	IS_INT(clock_parse("2026-11-23T09:30:00Z\0", 21, &ms), -1);
}

/* every day of four centuries and some milliseconds of it */
static void
agrees_with_itself(void)
{
	const int64_t day = 86400000, first = INT64_C(-11676096000000);
	char s[CLOCK_RFC3339_LEN + 1], d[CLOCK_DATE_LEN + 1];
	int64_t ms, k, back;
	int bad = 0, order = 0;
	char last[CLOCK_DATE_LEN + 1] = "1599-12-31";

	for (k = 0; k < 200000; k++) {
		ms = first + k * day + k * 431 % day;
		clock_format(ms, s);
		bad += strlen(s) != CLOCK_RFC3339_LEN ||
		       clock_parse(s, CLOCK_RFC3339_LEN, &back) != 0 ||
		       back != ms;
		clock_date(ms, d);
		bad += memcmp(s, d, CLOCK_DATE_LEN) != 0;
		order += strcmp(last, d) >= 0;
		memcpy(last, d, sizeof(d));
	}
	IS_INT(bad, 0);
	IS_INT(order, 0);
}

static void
agrees_with_libc(void)
{
	char s[CLOCK_RFC3339_LEN + 1], want[64];
	struct tm tm;
	time_t t;
	int bad = 0;

	for (t = -2208988800; t < 4102444800; t += 1234567) {
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		clock_format((int64_t)t * 1000, s);
		bad += strcmp(s, want) != 0;
	}
	IS_INT(bad, 0);
}

static void
is_pinned(void)
{
	int64_t a, b;

	setenv("SS_TEST_NOW", "2026-11-23T09:30:00.123Z", 1);
	IS_INT(clock_wall_ms(), INT64_C(1795426200123));
	IS_INT(clock_wall_ms(), INT64_C(1795426200123));
	/* read once */
	setenv("SS_TEST_NOW", "2000-01-01T00:00:00Z", 1);
	IS_INT(clock_wall_ms(), INT64_C(1795426200123));
	a = clock_mono_ns();
	b = clock_mono_ns();
	OK(a > 0 && b >= a);
	OK(clock_mono_ms() >= a / 1000000);
}

/* the quick way for our own form and the general one, for +00:00, agree */
static void
reads_its_own_form_alike(void)
{
	static const char time[] = "2028-02-29T09:30:00.123Z";
	char text[32];
	int64_t quick = 0, general = 0;
	size_t at, bad = 0;
	int c, r;

	for (at = 0; at < CLOCK_RFC3339_LEN - 1; at++) {
		for (c = 0; c < 256; c++) {
			memcpy(text, time, sizeof(time));
			text[at] = (char)c;
			r = clock_parse(text, CLOCK_RFC3339_LEN, &quick);
			memcpy(text + CLOCK_RFC3339_LEN - 1, "+00:00", 7);
			bad += clock_parse(
				   text, CLOCK_RFC3339_LEN + 5, &general) != r;
			bad += r == 0 && quick != general;
		}
	}
	IS_INT(bad, 0);
}

int
main(void)
{
	is_pinned();
	formats();
	parses();
	refuses();
	agrees_with_itself();
	agrees_with_libc();
	reads_its_own_form_alike();
	return tap_done();
}
