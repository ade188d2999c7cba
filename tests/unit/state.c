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

/* Is it so, and until when, and so on. */
static bool
has(enum state_kind kind, const char *who, const char *room, int64_t now,
    struct state_force *f)
{
	memset(f, 0, sizeof *f);
	return state_get(s, kind, who, room, now, f);
}

static void
answers(void)
{
	struct state_force f;

	begin();
	OK(!has(STATE_MUTE, "bob", "main", NOW, &f));
	fold("{\"type\":\"mute\",\"user\":\"bob\",\"role\":\"moderator\","
	     "\"until\":\"2026-11-23T12:00:01Z\"}");
	OK(has(STATE_MUTE, "bob", "main", NOW, &f));
	IS_INT(f.until, NOW + 1000);
	IS_INT(f.seq, 1);
	IS_INT(f.role, ROLE_MODERATOR);
	OK(!has(STATE_MUTE, "bo", "main", NOW, &f));
	OK(!has(STATE_BAN, "bob", "main", NOW, &f));
	OK(!has(STATE_MUTE, "bob", "main", NOW + 1000, &f));
	/* in one room, for longer; and an exception from what is for all */
	fold("{\"type\":\"mute\",\"user\":\"bob\",\"room\":\"den\"}");
	fold("{\"type\":\"unmute\",\"user\":\"bob\",\"room\":\"q\"}");
	OK(has(STATE_MUTE, "bob", "den", NOW + 1000, &f));
	IS_INT(f.until, INT64_MAX);
	IS_INT(f.role, ROLE_ADMIN);
	OK(!has(STATE_MUTE, "bob", "q", NOW, &f));
	OK(has(STATE_MUTE, "bob", "main", NOW, &f));
	/* what is set, and set back */
	fold("{\"type\":\"slow\",\"seconds\":7}");
	OK(has(STATE_SLOW, NULL, "main", NOW, &f));
	IS_INT(f.number, 7);
	fold("{\"type\":\"slow\",\"seconds\":0,\"room\":\"den\"}");
	OK(!has(STATE_SLOW, NULL, "den", NOW, &f));
	fold("{\"type\":\"slow\",\"seconds\":0}");
	OK(!has(STATE_SLOW, NULL, "main", NOW, &f));
	fold("{\"type\":\"subonly\",\"on\":true}");
	OK(has(STATE_SUBONLY, NULL, "main", NOW, &f));
	fold("{\"type\":\"subonly\",\"on\":false}");
	OK(!has(STATE_SUBONLY, NULL, "main", NOW, &f));
}

/* A purge reaches what was said before it, by those below whoever did it. */
static void
purges(void)
{
	enum role viewer = ROLE_VIEWER, mod = ROLE_MODERATOR;

	begin();
	OK(!state_purges(s, "m", "den", NULL, 0));
	fold("{\"type\":\"purge\",\"user\":\"m\",\"role\":\"streamer\"}");
	fold("{\"type\":\"purge\",\"user\":\"m\",\"role\":\"moderator\"}");
	fold("{\"type\":\"purge\",\"user\":\"m\",\"role\":\"moderator\","
	     "\"room\":\"den\"}");
	OK(state_purges(s, "m", "q", &mod, 0));
	OK(!state_purges(s, "m", "q", &mod, 1));
	OK(state_purges(s, "m", "q", &viewer, 1));
	OK(!state_purges(s, "m", "q", &viewer, 2));
	OK(state_purges(s, "m", "den", &viewer, 2));
	OK(state_purges(s, "m", "den", NULL, 2));
	OK(!state_purges(s, "m", "den", NULL, 3));
	OK(!state_purges(s, "n", "den", NULL, 0));
	/* by hand: an admin's; it stands beside the others */
	fold("{\"type\":\"purge\",\"user\":\"m\"}");
	OK(state_purges(s, "m", "q", &mod, 3));
	OK(!state_purges(s, "m", "q", NULL, 4));
}

/* What is left in force when a lower role ends it in all rooms. */
static void
outranks(void)
{
	struct state_attempt t = { "", ROLE_MODERATOR, true, NOW };

	begin();
	OK(!state_outranks(s, STATE_MUTE, "bob", &t));
	fold("{\"type\":\"mute\",\"user\":\"bob\",\"room\":\"a\",\"role\":"
	     "\"streamer\"}");
	OK(state_outranks(s, STATE_MUTE, "bob", &t));
	OK(!state_outranks(s, STATE_MUTE, "bo", &t));
	OK(!state_outranks(s, STATE_BAN, "bob", &t));
	t.ends = false;
	OK(!state_outranks(s, STATE_MUTE, "bob", &t));
	t.room = "a";
	OK(state_outranks(s, STATE_MUTE, "bob", &t));
	t.room = "b";
	OK(!state_outranks(s, STATE_MUTE, "bob", &t));
	t = (struct state_attempt){ "", ROLE_STREAMER, true, NOW };
	OK(!state_outranks(s, STATE_MUTE, "bob", &t));
	t.role = ROLE_MODERATOR;
	fold("{\"type\":\"mute\",\"user\":\"bob\",\"room\":\"b\",\"role\":"
	     "\"moderator\"}");
	OK(!state_outranks(s, STATE_MUTE, "bob", &t)); /* one he can end */
}

/* What is decided or deleted in a room is what was said there. */
static void
keeps_to_rooms(void)
{
	static const char held[] =
	    "{\"type\":\"chat\",\"id\":\"H\",\"room\":\"b\",\"held\":true,"
	    "\"ts\":\"2026-11-23T12:00:00Z\"}";
	static const char in_main[] =
	    "{\"type\":\"chat\",\"id\":\"M\",\"held\":true,"
	    "\"ts\":\"2026-11-23T12:00:00Z\"}";

	begin();
	fold(held);
	fold(in_main);
	fold("{\"type\":\"approve\",\"target\":\"H\",\"room\":\"a\"}");
	fold("{\"type\":\"deny\",\"target\":\"M\",\"room\":\"a\"}");
	OK(strstr(force(100, NOW), "\"H\"") != NULL);
	OK(strstr(force(100, NOW), "\"M\"") != NULL);
	fold("{\"type\":\"approve\",\"target\":\"H\",\"room\":\"b\"}");
	fold("{\"type\":\"deny\",\"target\":\"M\",\"room\":\"main\"}");
	IS_STR(force(100, NOW), "");
	/* and a tombstone for the wrong room doesn't take the right one's place
	 */
	begin();
	fold(held);
	fold("{\"type\":\"delete\",\"target\":\"H\",\"room\":\"b\"}");
	fold("{\"type\":\"delete\",\"target\":\"H\",\"room\":\"a\"}");
	IS_STR(force(100, NOW),
	    "{\"type\":\"delete\",\"target\":\"H\",\"room\":\"b\"}\n"
	    "{\"type\":\"delete\",\"target\":\"H\",\"room\":\"a\"}\n");
}

/* What a higher role has done stays, until it ends by itself. */
static void
minds_ranks(void)
{
	struct state_force f;

	begin();
	fold("{\"type\":\"mute\",\"user\":\"b\",\"role\":\"streamer\","
	     "\"until\":\"2026-11-23T12:00:10Z\",\"n\":1}");
	fold("{\"type\":\"unmute\",\"user\":\"b\",\"role\":\"moderator\","
	     "\"ts\":\"2026-11-23T12:00:00Z\"}");
	fold("{\"type\":\"unmute\",\"user\":\"b\",\"role\":\"moderator\","
	     "\"ts\":\"2026-11-23T12:00:00Z\",\"room\":\"r\"}");
	fold("{\"type\":\"mute\",\"user\":\"b\",\"role\":\"moderator\","
	     "\"until\":\"2026-11-23T12:00:01Z\","
	     "\"ts\":\"2026-11-23T12:00:00Z\"}");
	OK(has(STATE_MUTE, "b", "r", NOW, &f));
	IS_INT(f.until, NOW + 10000);
	IS_INT(f.rank, ROLE_STREAMER);
	/* it has run out when this one comes */
	fold("{\"type\":\"mute\",\"user\":\"b\",\"role\":\"moderator\","
	     "\"until\":\"2026-11-23T12:01:00Z\","
	     "\"ts\":\"2026-11-23T12:00:10Z\"}");
	OK(has(STATE_MUTE, "b", "main", NOW + 10000, &f));
	IS_INT(f.rank, ROLE_MODERATOR);
	fold("{\"type\":\"unmute\",\"user\":\"b\",\"role\":\"moderator\"}");
	IS_STR(force(100, NOW), "");
	/* for all rooms: what was for one of them stays, too */
	fold("{\"type\":\"ban\",\"user\":\"b\",\"role\":\"admin\","
	     "\"room\":\"r\",\"n\":1}");
	fold("{\"type\":\"ban\",\"user\":\"b\",\"role\":\"moderator\","
	     "\"room\":\"q\",\"n\":2}");
	fold("{\"type\":\"unban\",\"user\":\"b\",\"role\":\"streamer\"}");
	OK(has(STATE_BAN, "b", "r", NOW, &f));
	OK(!has(STATE_BAN, "b", "q", NOW, &f));
	/* by hand, without a role: anybody of the staff ends it */
	fold("{\"type\":\"mute\",\"user\":\"c\"}");
	OK(has(STATE_MUTE, "c", "r", NOW, &f));
	IS_INT(f.rank, ROLE_VIEWER);
	fold("{\"type\":\"unmute\",\"user\":\"c\",\"role\":\"moderator\"}");
	OK(!has(STATE_MUTE, "c", "r", NOW, &f));
	/* what is no act on somebody has no rank */
	fold("{\"type\":\"slow\",\"seconds\":5,\"role\":\"admin\"}");
	fold("{\"type\":\"slow\",\"seconds\":0,\"role\":\"moderator\"}");
	OK(!has(STATE_SLOW, NULL, "r", NOW, &f));
}

static void
bans(void)
{
	struct state_force f;

	begin();
	fold("{\"type\":\"ban\",\"user\":\"bob\","
	     "\"address\":\"2001:db8:0:0:1::2\",\"n\":1}");
	OK(has(STATE_BAN, "bob", "main", NOW, &f));
	OK(has(STATE_ADDRESS, "2001:db8::/64", "main", NOW, &f));
	OK(!has(STATE_ADDRESS, "2001:db8:0:1::/64", "main", NOW, &f));
	/* each half is a line of its own, and ends by itself */
	fold("{\"type\":\"unban\",\"user\":\"bob\"}");
	OK(!has(STATE_BAN, "bob", "main", NOW, &f));
	OK(has(STATE_ADDRESS, "2001:db8::/64", "main", NOW, &f));
	IS_STR(force(100, NOW),
	    "{\"type\":\"ban\",\"address\":\"2001:db8:0:0:1::2\",\"n\":1}\n");
	fold("{\"type\":\"unban\",\"address\":\"2001:db8::/64\"}");
	IS_STR(force(100, NOW), "");
	/* of nobody */
	fold("{\"type\":\"ban\"}");
	fold("{\"type\":\"ban\",\"address\":\"x\"}");
	IS_STR(force(100, NOW), "");
}

static void
keeps_levels(void)
{
	begin();
	fold("{\"type\":\"level\",\"label\":\"insult\",\"level\":0}");
	fold("{\"type\":\"level\",\"level\":3}");
	fold("{\"type\":\"hold\",\"level\":2}");
	fold("{\"type\":\"hold\",\"level\":1,\"room\":\"den\"}");
	IS_STR(force(100, NOW),
	    "{\"type\":\"level\",\"label\":\"insult\",\"level\":0}\n"
	    "{\"type\":\"hold\",\"level\":2}\n"
	    "{\"type\":\"hold\",\"level\":1,\"room\":\"den\"}\n");
}

static void
ends_holds(void)
{
	begin();
	fold("{\"type\":\"chat\",\"id\":\"A\",\"held\":true,"
	     "\"ts\":\"2026-11-23T12:00:00Z\"}");
	fold("{\"type\":\"delete\",\"target\":\"A\"}");
	IS_STR(force(100, NOW), "{\"type\":\"delete\",\"target\":\"A\"}\n");
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
	answers();
	purges();
	keeps_to_rooms();
	minds_ranks();
	outranks();
	bans();
	keeps_levels();
	ends_holds();
	takes_any_line();
	buf_release(&text);
	return tap_done();
}
