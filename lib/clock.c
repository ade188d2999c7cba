/*
 * clock: see clock.h. Dates are computed here rather than with gmtime_r and
 * timegm: every log line needs one, and the calendar is ten lines (the
 * era-based algorithm of Howard Hinnant's "chrono-compatible low-level date
 * algorithms").
 */
#include "clock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define MS_DAY INT64_C(86400000)
#define NO_DATE INT64_MIN

static int64_t
now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t
clock_wall_ms(void)
{
	static int pinned = -1;
	static int64_t pin;
	const char *s;

	if (pinned < 0) {
		s = getenv("SS_TEST_NOW");
		pinned = s && clock_parse(s, strlen(s), &pin) == 0;
	}
	return pinned ? pin : now_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
clock_mono_ms(void)
{
	return now_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_mono_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a date. */
static int64_t
days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
date_of(int64_t days, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/* n decimal digits of v at p. */
static void
put(char *p, int n, int64_t v)
{
	while (n-- > 0) {
		p[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

void
clock_date(int64_t ms, char out[CLOCK_DATE_LEN + 1])
{
	int64_t days = ms / MS_DAY - (ms % MS_DAY < 0);
	int y, m, d;

	date_of(days, &y, &m, &d);
	put(out, 4, y);
	out[4] = '-';
	put(out + 5, 2, m);
	out[7] = '-';
	put(out + 8, 2, d);
	out[10] = '\0';
}

void
clock_format(int64_t ms, char out[CLOCK_RFC3339_LEN + 1])
{
	int64_t t = ms % MS_DAY;

	if (t < 0)
		t += MS_DAY;
	clock_date(ms, out);
	out[10] = 'T';
	put(out + 11, 2, t / 3600000);
	out[13] = ':';
	put(out + 14, 2, t / 60000 % 60);
	out[16] = ':';
	put(out + 17, 2, t / 1000 % 60);
	out[19] = '.';
	put(out + 20, 3, t % 1000);
	out[23] = 'Z';
	out[24] = '\0';
}

/* Reads exactly n digits at *p; -1 where there are fewer. */
static int
get(const char **p, const char *end, int n)
{
	int v = 0;

	if (end - *p < n)
		return -1;
	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static bool
eat(const char **p, const char *end, const char *any)
{
	if (*p == end || !**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

static int
month_days(int y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
		return 29;
	return days[m - 1];
}

/* Milliseconds after the dot, digits beyond the third cut; -1: no digit. */
static int
fraction(const char **p, const char *end)
{
	int v = 0, n = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, n++)
		if (n < 3)
			v = v * 10 + (**p - '0');
	if (!n)
		return -1;
	for (; n < 3; n++)
		v *= 10;
	return v;
}

/* Offset from UTC in minutes at the end of a time. */
static int
offset(const char **p, const char *end, int *min)
{
	int sign, h, m;

	*min = 0;
	if (eat(p, end, "Zz"))
		return 0;
	if (*p == end || (**p != '+' && **p != '-'))
		return -1;
	sign = *(*p)++ == '-' ? -1 : 1;
	h = get(p, end, 2);
	if (h < 0 || h > 23 || !eat(p, end, ":"))
		return -1;
	m = get(p, end, 2);
	if (m < 0 || m > 59)
		return -1;
	*min = sign * (h * 60 + m);
	return 0;
}

/* The date at *p, as days since 1970, or NO_DATE. */
static int64_t
parse_date(const char **p, const char *end)
{
	int y, m, d;

	y = get(p, end, 4);
	if (y < 0 || !eat(p, end, "-"))
		return NO_DATE;
	m = get(p, end, 2);
	if (m < 1 || m > 12 || !eat(p, end, "-"))
		return NO_DATE;
	d = get(p, end, 2);
	if (d < 1 || d > month_days(y, m))
		return NO_DATE;
	return days_of(y, m, d);
}

/* The time of day at *p in milliseconds; -1: none. */
static int64_t
parse_time(const char **p, const char *end)
{
	int h, m, s, frac = 0;

	h = get(p, end, 2);
	if (h < 0 || h > 23 || !eat(p, end, ":"))
		return -1;
	m = get(p, end, 2);
	if (m < 0 || m > 59 || !eat(p, end, ":"))
		return -1;
	s = get(p, end, 2);
	if (s < 0 || s > 60)
		return -1;
	if (eat(p, end, "."))
		frac = fraction(p, end);
	if (frac < 0)
		return -1;
	return ((h * 60 + m) * 60 + s) * INT64_C(1000) + (s < 60 ? frac : 0);
}

/*
 * The form that our own programs write, 2026-11-23T09:30:00.123Z, eight bytes
 * at a time. False: it is another, or no time at all.
 */
static bool
parse_usual(const char *s, int64_t *ms)
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	/* what makes the top bit of all but a digit, or the very byte */
	static const char add[] =
	    "vvvv\177vv\177vv\177vv\177vv\177vv\177vvv\177";
	char d[CLOCK_RFC3339_LEN];
	uint64_t x, f, a, bad = 0;
	int i, y, month, day, h, min, sec;

	for (i = 0; i < CLOCK_RFC3339_LEN; i += 8) {
		memcpy(&x, s + i, sizeof x);
		memcpy(&f, form + i, sizeof f);
		memcpy(&a, add + i, sizeof a);
		x ^= f;
		bad |= x | (x + a);
		memcpy(d + i, &x, sizeof x);
	}
	if (bad & UINT64_C(0x8080808080808080))
		return false;
	y = d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3];
	month = d[5] * 10 + d[6];
	day = d[8] * 10 + d[9];
	h = d[11] * 10 + d[12];
	min = d[14] * 10 + d[15];
	sec = d[17] * 10 + d[18];
	if (month < 1 || month > 12 || day < 1 || day > month_days(y, month) ||
	    h > 23 || min > 59 || sec > 59)
		return false;
	*ms = days_of(y, month, day) * MS_DAY +
	      ((h * 60 + min) * 60 + sec) * INT64_C(1000) + d[20] * 100 +
	      d[21] * 10 + d[22];
	return true;
}

int
clock_parse(const char *s, size_t n, int64_t *ms)
{
	const char *end = s + n;
	int64_t days, time;
	int off;

	if (n == CLOCK_RFC3339_LEN && parse_usual(s, ms))
		return 0;
	days = parse_date(&s, end);
	if (days == NO_DATE || !eat(&s, end, "Tt "))
		return -1;
	time = parse_time(&s, end);
	if (time < 0 || offset(&s, end, &off) < 0 || s != end)
		return -1;
	*ms = days * MS_DAY + time - off * INT64_C(60000);
	return 0;
}
