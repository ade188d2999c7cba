/*
 * clock: a time that is accepted is written as the same time, and what was
 * accepted has the shape of RFC 3339.
 */
#include "../../lib/clock.h"

#include <stdbool.h>
#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

#define YEAR_0 INT64_C(-62167219200000)     /* 0000-01-01T00:00:00Z */
#define YEAR_10000 INT64_C(253402300800000) /* 10000-01-01T00:00:00Z */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	const char *s = (const char *)data;
	char out[CLOCK_RFC3339_LEN + 1], date[CLOCK_DATE_LEN + 1];
	int64_t ms, back;
	size_t i;

	if (clock_parse(s, n, &ms) != 0)
		return 0;
	check(n > sizeof(shape) - 1);
	for (i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd')
			check(s[i] >= '0' && s[i] <= '9');
		else if (shape[i] != 'T')
			check(s[i] == shape[i]);
	}
	/* an offset may lead out of the years that can be written */
	if (ms < YEAR_0 || ms >= YEAR_10000)
		return 0;
	clock_format(ms, out);
	check(strlen(out) == CLOCK_RFC3339_LEN);
	check(clock_parse(out, CLOCK_RFC3339_LEN, &back) == 0 && back == ms);
	clock_date(ms, date);
	check(memcmp(date, out, CLOCK_DATE_LEN) == 0);
	return 0;
}
