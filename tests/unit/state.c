/* state: what is in force after a sequence of events. */
#include "../../lib/state.h"

#include "tap.h"

#include "../../lib/banned.h"

#define NOW INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */

static struct state *s;
static uint64_t seq;
static struct buf text;

static void
fold(const char *line)
{
	state_fold_line(s, line, strlen(line), ++seq);
}

/* What is in force at base, as one text. */
static const char *
force(uint64_t base, int64_t now)
{
	buf_release(&text);
	buf_init(&text, 1 << 20);
	state_write(s, base, now, &text);
	return text.p;
}

static void
begin(void)
{
	state_free(s);
	s = state_new();
	seq = 0;
}

static void
keeps_what_holds(void)
{
	begin();
	fold("{\"type\":\"mute\",\"user\":\"bob\",\"n\":1}");
	fold("{\"type\":\"chat\",\"user\":\"bob\",\"n\":2}");
	fold("{\"type\":\"slow\",\"seconds\":10,\"n\":3}");
	fold("{\"type\":\"slow\",\"seconds\":5,\"n\":4}");
	fold("{\"type\":\"delete\",\"target\":\"X\",\"n\":5}");
	fold("{\"type\":\"ban\",\"user\":\"eve\",\"n\":6}");
	fold("{\"type\":\"unban\",\"user\":\"eve\",\"n\":7}");
	fold("{\"type\":\"kick\",\"user\":\"eve\",\"n\":8}");
	IS_STR(force(100, NOW),
	    "{\"type\":\"mute\",\"user\":\"bob\",\"n\":1}\n"
	    "{\"type\":\"slow\",\"seconds\":5,\"n\":4}\n"
	    "{\"type\":\"delete\",\"target\":\"X\",\"n\":5}\n");
	/* of what stands behind the base the past itself tells */
	IS_STR(force(3, NOW), "{\"type\":\"mute\",\"user\":\"bob\",\"n\":1}\n");
	fold("{\"type\":\"unmute\",\"user\":\"b\\u006fb\"}");
	IS_STR(force(1, NOW), "");
}

static void
minds_rooms(void)
{
	begin();
	fold("{\"type\":\"mute\",\"user\":\"b\",\"room\":\"r\",\"n\":1}");
	fold("{\"type\":\"mute\",\"user\":\"b\",\"room\":\"q\",\"n\":2}");
	fold("{\"type\":\"unmute\",\"user\":\"b\",\"room\":\"q\"}");
	IS_STR(force(100, NOW),
	    "{\"type\":\"mute\",\"user\":\"b\",\"room\":\"r\",\"n\":1}\n");
	/* for all rooms: that settles it */
	fold("{\"type\":\"unmute\",\"user\":\"b\"}");
	IS_STR(force(100, NOW), "");
	fold("{\"type\":\"mute\",\"user\":\"b\",\"n\":5}");
	fold("{\"type\":\"mute\",\"user\":\"bb\",\"n\":6}");
	/* an exception from what holds everywhere is in force, too */
	fold("{\"type\":\"unmute\",\"user\":\"b\",\"room\":\"r\",\"n\":7}");
	IS_STR(force(100, NOW),
	    "{\"type\":\"mute\",\"user\":\"b\",\"n\":5}\n"
	    "{\"type\":\"mute\",\"user\":\"bb\",\"n\":6}\n"
	    "{\"type\":\"unmute\",\"user\":\"b\",\"room\":\"r\",\"n\":7}\n");
}

static void
lets_time_pass(void)
{
	begin();
	fold("{\"type\":\"mute\",\"user\":\"b\","
	     "\"until\":\"2026-11-23T12:00:01Z\"}");
	OK(*force(100, NOW) != '\0');
	IS_STR(force(100, NOW + 1000), "");
	IS_STR(force(100, NOW), ""); /* thrown away */
	/* a message waits for five minutes */
	fold("{\"type\":\"chat\",\"id\":\"A\",\"held\":true,"
	     "\"ts\":\"2026-11-23T12:00:00Z\"}");
	OK(*force(100, NOW + 299999) != '\0');
	fold("{\"type\":\"chat\",\"id\":\"B\",\"held\":true,"
	     "\"ts\":\"2026-11-23T12:00:00Z\"}");
	fold("{\"type\":\"deny\",\"target\":\"A\"}");
	IS_STR(force(100, NOW + 299999),
	    "{\"type\":\"chat\",\"id\":\"B\",\"held\":true,"
	    "\"ts\":\"2026-11-23T12:00:00Z\"}\n");
	IS_STR(force(100, NOW + 300000), "");
}

static void
takes_any_line(void)
{
	static const char *const lines[] = { "", "x", "[]", "{}",
		"{\"type\":1}", "{\"type\":\"mute\"}",
		"{\"type\":\"mute\",\"user\":[1]}", "{\"type\":\"delete\"}",
		"{\"type\":\"mute\",\"user\":\"a\",\"until\":\"never\"}",
		"{\"type\":\"mute\",\"user\":\"\\ud800\"}" };
	char line[64];
	size_t i;

	begin();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fold(lines[i]);
	OK(*force(100, NOW) != '\0');
	/* far more than it keeps */
	begin();
	for (i = 0; i < STATE_MAX + 10000; i++) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"delete\",\"target\":\"t%zu\"}", i);
		fold(line);
	}
	snprintf(line, sizeof(line), "\"t%zu\"", i - 1);
	OK(strstr(force(UINT64_MAX, NOW), "\"t0\"") == NULL);
	state_free(s);
	s = NULL;
}

int
main(void)
{
	keeps_what_holds();
	minds_rooms();
	lets_time_pass();
	takes_any_line();
	buf_release(&text);
	return tap_done();
}
