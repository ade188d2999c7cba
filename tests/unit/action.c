/* action: the table, what is read and what is refused, and the line. */
#include "../../lib/action.h"

#include "../../lib/toxic/toxic.h"

#include "tap.h"

#include "../../lib/banned.h"

#define NOW INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */
#define ID "01KBQX3CJ0M4D8V7S1H5K9P2QB"

static struct action a;
static const char *why;

/* Reads text as an action of this name. */
static int
take(const char *action, const char *text)
{
	struct json_doc d = { 0 };
	int rc;

	memset(&a, 0, sizeof a);
	why = NULL;
	if (action_find(action, strlen(action), &a.type) < 0 ||
	    json_parse(&d, text, strlen(text)) < 0)
		abort();
	rc = action_read(&a, &d, NOW, &why);
	json_release(&d);
	return rc;
}

/* The line that it becomes; what was refused, as "! why". */
static const char *
line_of(const char *action, const char *text)
{
	static struct buf b;

	buf_release(&b);
	buf_init(&b, 1 << 16);
	if (take(action, text) < 0)
		buf_addf(&b, "! %s", why);
	else if (action_write(&b, &a, ID, NOW, NULL, 0) < 0)
		buf_adds(&b, "too long");
	return b.p;
}

#define HEAD(type) "{\"type\":\"" type "\",\"id\":\"" ID "\""
#define TAIL ",\"ts\":\"2026-11-23T12:00:00.000Z\"}"

static void
writes_each(void)
{
	IS_STR(line_of("mute", "{\"user\":\"bob\",\"by\":\"carol\"}"),
	    HEAD("mute") ",\"user\":\"bob\","
			 "\"until\":\"2026-11-23T12:05:00.000Z\","
			 "\"by\":\"carol\"" TAIL);
	IS_STR(line_of("mute", "{\"user\":\"bob\",\"duration\":\"2h\"}"),
	    HEAD("mute") ",\"user\":\"bob\","
			 "\"until\":\"2026-11-23T14:00:00.000Z\"" TAIL);
	IS_INT(a.duration, 7200000);
	IS_STR(line_of("mute", "{\"user\":\"bob\",\"duration\":90}"),
	    HEAD("mute") ",\"user\":\"bob\","
			 "\"until\":\"2026-11-23T12:01:30.000Z\"" TAIL);
	IS_STR(line_of("unmute", "{\"user\":\"bob\"}"),
	    HEAD("unmute") ",\"user\":\"bob\"" TAIL);
	IS_STR(line_of("kick", "{\"user\":\"bob\",\"reason\":\"a \\\"b\\\"\"}"),
	    HEAD("kick") ",\"user\":\"bob\",\"reason\":\"a \\\"b\\\"\"" TAIL);
	IS_STR(line_of("ban", "{\"user\":\"bob\"}"),
	    HEAD("ban") ",\"user\":\"bob\"" TAIL);
	IS_STR(line_of("ban", "{\"user\":\"bob\",\"address\":\"2001:db8::1\","
			      "\"until\":\"2026-11-24T01:00:00+01:00\"}"),
	    HEAD("ban") ",\"user\":\"bob\",\"address\":\"2001:db8::/64\","
			"\"until\":\"2026-11-24T00:00:00.000Z\"" TAIL);
	IS_STR(line_of("unban", "{\"address\":\"::ffff:192.0.2.7\"}"),
	    HEAD("unban") ",\"address\":\"192.0.2.7\"" TAIL);
	IS_STR(line_of("delete", "{\"target\":\"" ID "\"}"),
	    HEAD("delete") ",\"target\":\"" ID "\"" TAIL);
	IS_STR(line_of("slow", "{\"seconds\":0}"),
	    HEAD("slow") ",\"seconds\":0" TAIL);
	IS_STR(line_of("subonly", "{\"on\":false}"),
	    HEAD("subonly") ",\"on\":false" TAIL);
	IS_STR(line_of("threshold", "{\"value\":0.75}"),
	    HEAD("threshold") ",\"value\":0.75" TAIL);
	IS_STR(line_of("level", "{\"level\":2,\"label\":\"insult\"}"),
	    HEAD("level") ",\"label\":\"insult\",\"level\":2" TAIL);
	IS_STR(
	    line_of("hold", "{\"level\":4}"), HEAD("hold") ",\"level\":4" TAIL);
	/* a room stands where it does in other events */
	IS_STR(line_of("slow", "{\"room\":\"main\",\"seconds\":5}"),
	    HEAD("slow") ",\"seconds\":5,\"ts\":\"2026-11-23T12:00:00.000Z\","
			 "\"room\":\"main\"}");
}

static void
says_who(void)
{
	struct buf b;

	buf_init(&b, 4096);
	/* a role is not for a body to say */
	take("purge", "{\"user\":\"bob\",\"role\":\"admin\"}");
	IS_INT(a.role, ROLE_VIEWER);
	a.role = ROLE_MODERATOR;
	IS_INT(action_write(&b, &a, ID, NOW, "n1", 2), 0);
	IS_STR(b.p, HEAD("purge") ",\"user\":\"bob\",\"role\":\"moderator\","
				  "\"ts\":\"2026-11-23T12:00:00.000Z\","
				  "\"nonce\":\"n1\"}");
	buf_release(&b);
}

static void
refuses(void)
{
	static const char *const bad[][2] = {
		{ "mute", "{}" },
		{ "mute", "{\"user\":\"\"}" },
		{ "mute", "{\"user\":\"a b\"}" },
		{ "mute", "{\"user\":7}" },
		{ "mute", "{\"address\":\"192.0.2.1\"}" },
		{ "mute", "{\"user\":\"b\",\"duration\":\"5x\"}" },
		{ "mute", "{\"user\":\"b\",\"duration\":0}" },
		{ "mute", "{\"user\":\"b\",\"duration\":-5}" },
		{ "mute", "{\"user\":\"b\",\"duration\":1.5}" },
		{ "mute", "{\"user\":\"b\",\"duration\":9007199254740992}" },
		{ "mute",
		    "{\"user\":\"b\",\"until\":\"2020-01-01T00:00:00Z\"}" },
		{ "mute", "{\"user\":\"b\",\"until\":\"tomorrow\"}" },
		{ "mute", "{\"user\":\"b\",\"until\":\"2027-01-01T00:00:00Z\","
			  "\"duration\":5}" },
		{ "mute", "{\"user\":\"b\",\"reason\":\"a\\u0000b\"}" },
		{ "mute", "{\"user\":\"b\",\"reason\":\"a\\u001b[0m\"}" },
		{ "mute", "{\"user\":\"b\",\"reason\":\"\\ud800\"}" },
		{ "mute", "{\"user\":\"b\",\"by\":\"a b\"}" },
		{ "mute", "{\"user\":\"b\",\"room\":\"\"}" },
		{ "ban", "{\"address\":\"nowhere\"}" },
		{ "ban", "{\"address\":\"1.2.3.4.5\"}" },
		{ "ban", "{}" },
		{ "delete", "{}" },
		{ "delete", "{\"target\":\"x\"}" },
		{ "approve", "{\"target\":\"" ID "X\"}" },
		{ "slow", "{\"seconds\":-1}" },
		{ "slow", "{\"seconds\":\"5\"}" },
		{ "slow", "{\"seconds\":86401}" },
		{ "subonly", "{\"on\":1}" },
		{ "subonly", "{}" },
		{ "threshold", "{\"value\":1.01}" },
		{ "threshold", "{\"value\":\"0.5\"}" },
		{ "level", "{\"level\":5}" },
		{ "level", "{\"level\":2,\"label\":\"rude\"}" },
		{ "hold", "{}" },
	};
	char *text = calloc(1, 2048), *p = text;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		OK_FOR(take(bad[i][0], bad[i][1]) < 0, bad[i][1]);
		OK_FOR(why && *why, bad[i][1]);
	}
	/* 200 characters are the most, whatever their bytes */
	p += snprintf(p, 64, "%s", "{\"user\":\"b\",\"reason\":\"");
	for (i = 0; i < ACTION_REASON_MAX; i++)
		p += snprintf(p, 8, "%s", "\xf0\x9f\x98\x80");
	memcpy(p, "\"}", 3);
	IS_INT(take("kick", text), 0);
	memcpy(p, "x\"}", 4);
	IS_INT(take("kick", text), -1);
	free(text);
	OK(action_find("mutes", 5, &a.type) < 0);
	OK(action_find("mut", 3, &a.type) < 0);
	OK(action_find("", 0, &a.type) < 0);
}

static void
reads_durations(void)
{
	static const struct {
		const char *s;
		int64_t ms;
	} good[] = { { "30s", 30000 }, { "5m", 300000 }, { "2h", 7200000 },
		{ "7d", 604800000 }, { "12", 12000 },
		{ "36500d", ACTION_LONGEST_MS } };
	static const char *const bad[] = { "", "s", "0", "0m", "-1s", "1.5h",
		"5 m", "m5", "36501d", "9999999999999", "1w", "1ms" };
	int64_t ms;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK_FOR(
		    action_duration(good[i].s, strlen(good[i].s), &ms) == 0 &&
			ms == good[i].ms,
		    good[i].s);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK_FOR(
		    action_duration(bad[i], strlen(bad[i]), &ms) < 0, bad[i]);
}

static void
knows_addresses(void)
{
	static const char *const good[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:DB8:1:2::/64", "2001:db8:1:2::/64" },
		{ "::1", "::/64" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
		    "1111:2222:3333:4444::/64" },
	};
	static const char *const bad[] = { "", "1", "a", "192.0.2",
		"192.0.2.256", "192.0.2.1/24", "2001:db8::/32", "/64", "::g",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999" };
	char out[ACTION_ADDRESS_MAX];
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		OK_FOR(action_address(good[i][0], strlen(good[i][0]), out) == 0,
		    good[i][0]);
		IS_STR(out, good[i][1]);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK_FOR(action_address(bad[i], strlen(bad[i]), out) < 0, bad[i]);
}

static void
knows_the_labels(void)
{
	char text[80];
	int i;

	for (i = 0; i < TOXIC_LABELS; i++) {
		snprintf(text, sizeof text, "{\"level\":1,\"label\":\"%s\"}",
		    toxic_label_name[i]);
		OK_FOR(take("level", text) == 0, text);
	}
}

int
main(void)
{
	writes_each();
	says_who();
	refuses();
	reads_durations();
	knows_addresses();
	knows_the_labels();
	return tap_done();
}
