/*
 * words.c: from operands to an action. They are put together as the JSON
 * that is sent, and that is read back as the gateway will read it, so there
 * is one set of rules and none of it here.
 */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "clock.h"
#include "json.h"

#include "banned.h"

/* What operands an action has. */
enum words {
	WORDS_WHO,      /* USER */
	WORDS_WHO_LONG, /* USER [DURATION] */
	WORDS_ID,
	WORDS_SECONDS, /* a duration, or off */
	WORDS_ON,      /* on or off */
	WORDS_VALUE,
	WORDS_LEVEL /* N, or LABEL=N */
};

static const struct {
	enum words words;
	const char *usage;
} forms[ACTION_TYPES] = {
	[ACTION_MUTE] = { WORDS_WHO_LONG, "mute USER [DURATION]" },
	[ACTION_UNMUTE] = { WORDS_WHO, "unmute USER" },
	[ACTION_KICK] = { WORDS_WHO, "kick USER" },
	[ACTION_BAN] = { WORDS_WHO_LONG, "ban USER [DURATION], or ban "
					 "ADDRESS [DURATION]" },
	[ACTION_UNBAN] = { WORDS_WHO, "unban USER, or unban ADDRESS" },
	[ACTION_DELETE] = { WORDS_ID, "delete ID" },
	[ACTION_PURGE] = { WORDS_WHO, "purge USER" },
	[ACTION_SLOW] = { WORDS_SECONDS, "slow SECONDS, or slow off" },
	[ACTION_SUBONLY] = { WORDS_ON, "subonly on, or subonly off" },
	[ACTION_THRESHOLD] = { WORDS_VALUE, "threshold VALUE" },
	[ACTION_LEVEL] = { WORDS_LEVEL, "level N, or level LABEL=N" },
	[ACTION_HOLD] = { WORDS_LEVEL, "hold N" },
	[ACTION_APPROVE] = { WORDS_ID, "approve ID" },
	[ACTION_DENY] = { WORDS_ID, "deny ID" },
};

static void
text(struct buf *b, const char *key, const char *s)
{
	if (!s)
		return;
	buf_addf(b, ",\"%s\":", key);
	json_write_str(b, s, strlen(s));
}

/* What is no number is put as text, and refused as such when it is read. */
static void
number(struct buf *b, const char *key, const char *s)
{
	if (!*s || strspn(s, "0123456789.eE+-") != strlen(s))
		text(b, key, s);
	else
		buf_addf(b, ",\"%s\":%s", key, s);
}

/* To be asked first: "192.0.2.7" would do as a user's name, too. */
static bool
is_address(const struct app *a, const char *s)
{
	char text[ACTION_ADDRESS_MAX];

	return (action_fields(a->action.type) & ACTION_HAS_ADDRESS) &&
	       action_address(s, strlen(s), text) == 0;
}

/*
 * USER [DURATION]; with an address the user may be left out, and the address
 * may stand in his place.
 */
static const char *
who(struct app *a, int argc, char **argv, bool may_last)
{
	int i = 0;

	if (argc > 0 && !a->address && is_address(a, argv[0]))
		a->address = argv[i++];
	/* one operand beside an address may be either */
	else if (argc > 0 && !(a->address && argc == 1 && may_last &&
				 action_duration(argv[0], strlen(argv[0]),
				     &a->duration) == 0))
		text(&a->members, "user", argv[i++]);
	if (i < argc && may_last &&
	    action_duration(argv[i], strlen(argv[i]), &a->duration) < 0)
		return "duration: must be like 30s, 5m, 2h or 7d";
	i += i < argc && may_last;
	return i < argc ? "" : NULL;
}

static const char *
seconds(struct app *a, const char *s)
{
	int64_t ms = 0;

	if (strcmp(s, "off") != 0 && strcmp(s, "0") != 0 &&
	    action_duration(s, strlen(s), &ms) < 0)
		return "slow: must be a duration like 10s, or off";
	buf_addf(&a->members, ",\"seconds\":%lld", (long long)(ms / 1000));
	return NULL;
}

static const char *
level(struct app *a, const char *s)
{
	const char *eq = strchr(s, '=');

	if (eq && a->action.type == ACTION_HOLD)
		return "hold: must be a level from 0 to 4";
	if (eq) {
		buf_adds(&a->members, ",\"label\":");
		json_write_str(&a->members, s, (size_t)(eq - s));
	}
	number(&a->members, "level", eq ? eq + 1 : s);
	return NULL;
}

/* The operands behind the action's name. NULL, or what is wrong; "": usage. */
static const char *
operands(struct app *a, int argc, char **argv)
{
	enum words words = forms[a->action.type].words;

	if (words == WORDS_WHO || words == WORDS_WHO_LONG)
		return who(a, argc, argv, words == WORDS_WHO_LONG);
	if (argc != 1)
		return "";
	switch (words) {
	case WORDS_ID:
		text(&a->members, "target", argv[0]);
		return NULL;
	case WORDS_SECONDS:
		return seconds(a, argv[0]);
	case WORDS_ON:
		if (strcmp(argv[0], "on") != 0 && strcmp(argv[0], "off") != 0)
			return "";
		buf_addf(&a->members, ",\"on\":%s",
		    strcmp(argv[0], "on") == 0 ? "true" : "false");
		return NULL;
	case WORDS_VALUE:
		number(&a->members, "value", argv[0]);
		return NULL;
	default:
		return level(a, argv[0]);
	}
}

/* Reads what was put together. NULL, or what is wrong with it. */
static const char *
check(struct app *a)
{
	struct json_doc d = { 0 };
	const char *why = NULL;
	struct buf b;

	buf_init(&b, a->members.max);
	buf_addf(&b, "{\"type\":\"%s\"%s}", action_name(a->action.type),
	    a->members.p);
	if (json_parse(&d, b.p, b.len) < 0)
		why = d.err;
	else
		(void)action_read(&a->action, &d, clock_wall_ms(), &why);
	json_release(&d);
	buf_release(&b);
	return why;
}

const char *
words_read(struct app *a, int argc, char **argv)
{
	const char *why;
	unsigned has;

	if (argc < 1)
		return "an action is missing";
	if (action_find(argv[0], strlen(argv[0]), &a->action.type) < 0)
		return "no such action";
	has = action_fields(a->action.type);
	why = operands(a, argc - 1, argv + 1);
	if (why)
		return *why ? why : forms[a->action.type].usage;
	if (a->address && !(has & ACTION_HAS_ADDRESS))
		return "--address is for ban and unban";
	text(&a->members, "address", a->address);
	if (a->duration)
		buf_addf(&a->members, ",\"duration\":%lld",
		    (long long)(a->duration / 1000));
	text(&a->members, "room", a->room);
	text(&a->members, "by", a->by);
	text(&a->members, "reason", a->reason);
	return check(a);
}

/* In the largest unit of which it is a whole number. */
static void
tell_duration(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int64_t s = ms / 1000;
	size_t i;

	for (i = 0; s % units[i].seconds; i++)
		;
	buf_addf(out, " for %lld%c", (long long)(s / units[i].seconds),
	    units[i].name);
}

void
words_tell(const struct app *a, struct buf *out)
{
	const struct action *x = &a->action;
	unsigned has = action_fields(x->type);

	buf_adds(out, action_name(x->type));
	if (*x->user)
		buf_addf(out, " %s", x->user);
	if (*x->address)
		buf_addf(out, " %s", x->address);
	if (*x->target)
		buf_addf(out, " %s", x->target);
	if (has & ACTION_HAS_SECONDS)
		buf_addf(out, " %llds", (long long)x->seconds);
	if (has & ACTION_HAS_ON)
		buf_adds(out, x->on ? " on" : " off");
	if (has & ACTION_HAS_VALUE)
		buf_addf(out, " %.6g", x->value);
	if (*x->label)
		buf_addf(out, " %s", x->label);
	if (has & ACTION_HAS_LEVEL)
		buf_addf(out, " %d", (int)x->level);
	/* since when only the server knows */
	if (x->duration)
		tell_duration(x->duration, out);
	if (*x->room)
		buf_addf(out, " in %s", x->room);
}
