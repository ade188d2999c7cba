/*
 * action: see action.h. The table says which fields an action has; each field
 * has one reader and one writer.
 */
#include "action.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "utf8.h"

#include "banned.h"

#define BAD_NAME(field) field ": must be 1 to 50 of A-Z a-z 0-9 . _ -"

static const struct {
	const char *name;
	unsigned fields;
} actions[ACTION_TYPES] = {
	[ACTION_MUTE] = { "mute", ACTION_HAS_USER | ACTION_HAS_UNTIL },
	[ACTION_UNMUTE] = { "unmute", ACTION_HAS_USER },
	[ACTION_KICK] = { "kick", ACTION_HAS_USER },
	[ACTION_BAN] = { "ban",
	    ACTION_HAS_USER | ACTION_HAS_ADDRESS | ACTION_HAS_UNTIL },
	[ACTION_UNBAN] = { "unban", ACTION_HAS_USER | ACTION_HAS_ADDRESS },
	[ACTION_DELETE] = { "delete", ACTION_HAS_TARGET },
	[ACTION_PURGE] = { "purge", ACTION_HAS_USER },
	[ACTION_SLOW] = { "slow", ACTION_HAS_SECONDS },
	[ACTION_SUBONLY] = { "subonly", ACTION_HAS_ON },
	[ACTION_THRESHOLD] = { "threshold", ACTION_HAS_VALUE },
	[ACTION_LEVEL] = { "level", ACTION_HAS_LABEL | ACTION_HAS_LEVEL },
	[ACTION_HOLD] = { "hold", ACTION_HAS_LEVEL },
	[ACTION_APPROVE] = { "approve", ACTION_HAS_TARGET },
	[ACTION_DENY] = { "deny", ACTION_HAS_TARGET },
};

/* toxic_label_name of lib/toxic, which has the model behind it */
static const char *const labels[] = { "toxicity", "severe_toxicity", "obscene",
	"threat", "insult", "identity_attack" };

int
action_find(const char *name, size_t n, enum action_type *out)
{
	size_t i;

	for (i = 0; i < ACTION_TYPES; i++)
		if (strlen(actions[i].name) == n &&
		    memcmp(actions[i].name, name, n) == 0) {
			*out = (enum action_type)i;
			return 0;
		}
	return -1;
}

const char *
action_name(enum action_type t)
{
	return actions[t].name;
}

unsigned
action_fields(enum action_type t)
{
	return actions[t].fields;
}

int
action_duration(const char *s, size_t n, int64_t *ms)
{
	static const char units[] = "smhd";
	static const int64_t worth[] = { 1, 60, 3600, 86400 };
	int64_t v = 0, unit = 1;
	const char *at;
	size_t i;

	if (n > 0 && s[n - 1] && (at = strchr(units, s[n - 1]))) {
		unit = worth[at - units];
		n--;
	}
	if (n < 1 || n > 12)
		return -1;
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	if (v < 1 || v > ACTION_LONGEST_MS / 1000 / unit)
		return -1;
	*ms = v * unit * 1000;
	return 0;
}

int
action_address(const char *s, size_t n, char out[ACTION_ADDRESS_MAX])
{
	char text[ACTION_ADDRESS_MAX];
	struct in6_addr a6;
	struct in_addr a4;

	if (n < 2 || n >= sizeof text || memchr(s, '\0', n))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, &a4) == 1)
		return inet_ntop(AF_INET, &a4, out, INET_ADDRSTRLEN) ? 0 : -1;
	if (n > 3 && strcmp(text + n - 3, "/64") == 0)
		text[n - 3] = '\0';
	if (inet_pton(AF_INET6, text, &a6) != 1)
		return -1;
	if (IN6_IS_ADDR_V4MAPPED(&a6))
		return inet_ntop(AF_INET, &a6.s6_addr[12], out, INET_ADDRSTRLEN)
			   ? 0
			   : -1;
	memset(&a6.s6_addr[8], 0, 8);
	if (!inet_ntop(AF_INET6, &a6, out, INET6_ADDRSTRLEN))
		return -1;
	memcpy(out + strlen(out), "/64", 4);
	return 0;
}

/* --- reading --- */

/*
 * The decoded text of a string member, at most max bytes, without NULs. 1: it
 * is there, 0: it is absent, -1: it is something else.
 */
static int
text(const struct json_doc *d, const char *key, char *out, size_t max)
{
	const struct json_member *m = json_get(d, key);
	struct buf b;
	int rc = -1;

	*out = '\0';
	if (!m)
		return 0;
	buf_init(&b, max);
	if (m->kind == JSON_STRING && json_unescape(m, &b) == 0 && b.len > 0 &&
	    !memchr(b.p, '\0', b.len)) {
		memcpy(out, b.p, b.len + 1);
		rc = 1;
	}
	buf_release(&b);
	return rc;
}

/* As text(), of a user or a room. */
static int
name(const struct json_doc *d, const char *key, char out[EVENT_NAME_MAX + 1])
{
	int rc = text(d, key, out, EVENT_NAME_MAX);

	return rc == 1 && !event_name_valid(out, strlen(out)) ? -1 : rc;
}

static const char *
read_who(struct action *a, unsigned has, const struct json_doc *d)
{
	char s[ACTION_ADDRESS_MAX];
	int user = name(d, "user", a->user), address = 0;

	if (user < 0)
		return BAD_NAME("user");
	if (has & ACTION_HAS_ADDRESS)
		address = text(d, "address", s, sizeof s - 1);
	if (address < 0 ||
	    (address && action_address(s, strlen(s), a->address) < 0))
		return "address: must be an IPv4 or IPv6 address";
	if (!user && !address)
		return has & ACTION_HAS_ADDRESS ? "user or address: missing"
						: "user: missing";
	return NULL;
}

static const char *
read_until(struct action *a, const struct json_doc *d, int64_t now)
{
	const struct json_member *m = json_get(d, "duration");
	char s[CLOCK_RFC3339_LEN + 16];
	int64_t n, ms = 0;
	int rc;

	rc = text(d, "until", s, sizeof s - 1);
	if (rc < 0 || (rc && (clock_parse(s, strlen(s), &a->until) < 0 ||
				 a->until <= now)))
		return "until: must be a time to come, as RFC 3339 has it";
	if (rc && m)
		return "until and duration: only one of them";
	if (!rc && m && json_int(m, &n) == 0 && n > 0 &&
	    n <= ACTION_LONGEST_MS / 1000)
		ms = n * 1000;
	else if (!rc && m &&
		 (text(d, "duration", s, 16) != 1 ||
		     action_duration(s, strlen(s), &ms) < 0))
		return "duration: must be like 30s, 5m, 2h or 7d";
	if (!rc && !m && a->type == ACTION_MUTE)
		ms = ACTION_MUTE_MS;
	a->duration = ms;
	if (ms)
		a->until = now + ms;
	return NULL;
}

static const char *
read_target(struct action *a, const struct json_doc *d)
{
	if (text(d, "target", a->target, ULID_LEN) == 1 &&
	    ulid_valid(a->target, strlen(a->target)))
		return NULL;
	return "target: must be an event's id, of 26 characters";
}

static bool
whole(const struct json_doc *d, const char *key, int64_t max, int64_t *out)
{
	const struct json_member *m = json_get(d, key);

	return m && json_int(m, out) == 0 && *out >= 0 && *out <= max;
}

static const char *
read_label(struct action *a, const struct json_doc *d)
{
	int rc = text(d, "label", a->label, sizeof a->label - 1);
	size_t i;

	for (i = 0; rc == 1 && i < sizeof labels / sizeof *labels; i++)
		if (strcmp(a->label, labels[i]) == 0)
			return NULL;
	return rc == 0 ? NULL
		       : "label: must be toxicity, severe_toxicity, obscene, "
			 "threat, insult or identity_attack";
}

static const char *
read_setting(struct action *a, unsigned has, const struct json_doc *d)
{
	const struct json_member *m;

	if ((has & ACTION_HAS_SECONDS) &&
	    !whole(d, "seconds", ACTION_SLOW_MAX, &a->seconds))
		return "seconds: must be an integer from 0 to 86400";
	if ((has & ACTION_HAS_LEVEL) &&
	    !whole(d, "level", ACTION_LEVEL_MAX, &a->level))
		return "level: must be an integer from 0 to 4";
	m = json_get(d, "on");
	if ((has & ACTION_HAS_ON) &&
	    (!m || (m->kind != JSON_TRUE && m->kind != JSON_FALSE)))
		return "on: must be true or false";
	a->on = m && m->kind == JSON_TRUE;
	m = json_get(d, "value");
	if ((has & ACTION_HAS_VALUE) && (!m || json_num(m, &a->value) < 0 ||
					    !(a->value >= 0) || a->value > 1))
		return "value: must be a number from 0 to 1";
	return has & ACTION_HAS_LABEL ? read_label(a, d) : NULL;
}

static bool
is_plain(const char *p, size_t n)
{
	uint32_t cp;
	size_t i;

	for (i = 0; i < n;) {
		i += utf8_decode(p + i, n - i, &cp);
		if (utf8_is_control(cp))
			return false;
	}
	return utf8_count(p, n) <= ACTION_REASON_MAX;
}

/* What all of them have. */
static const char *
read_common(struct action *a, const struct json_doc *d)
{
	if (name(d, "room", a->room) < 0)
		return BAD_NAME("room");
	if (name(d, "by", a->by) < 0)
		return BAD_NAME("by");
	if (text(d, "reason", a->reason, sizeof a->reason - 1) < 0 ||
	    !is_plain(a->reason, strlen(a->reason)))
		return "reason: must be 1 to 200 characters, none of them a "
		       "control character";
	return NULL;
}

int
action_read(
    struct action *a, const struct json_doc *d, int64_t now, const char **why)
{
	struct action new = { .type = a->type, .role = a->role };
	unsigned has = actions[a->type].fields;

	*why = NULL;
	if (has & (ACTION_HAS_USER | ACTION_HAS_ADDRESS))
		*why = read_who(&new, has, d);
	if (!*why && (has & ACTION_HAS_UNTIL))
		*why = read_until(&new, d, now);
	if (!*why && (has & ACTION_HAS_TARGET))
		*why = read_target(&new, d);
	if (!*why)
		*why = read_setting(&new, has, d);
	if (!*why)
		*why = read_common(&new, d);
	if (*why)
		return -1;
	*a = new;
	return 0;
}

/* --- writing --- */

static int
put_text(struct buf *b, const char *key, const char *s)
{
	if (!*s)
		return 0;
	return buf_addf(b, ",\"%s\":", key) | json_write_str(b, s, strlen(s));
}

int
action_write_fields(struct buf *b, const struct action *a)
{
	unsigned has = actions[a->type].fields;
	char t[CLOCK_RFC3339_LEN + 1] = "";
	int err;

	if ((has & ACTION_HAS_UNTIL) && a->until)
		clock_format(a->until, t);
	err = put_text(b, "user", a->user) |
	      put_text(b, "address", a->address) |
	      put_text(b, "target", a->target) | put_text(b, "until", t);
	if (has & ACTION_HAS_SECONDS)
		err |= buf_addf(b, ",\"seconds\":%" PRId64, a->seconds);
	if (has & ACTION_HAS_ON)
		err |= buf_addf(b, ",\"on\":%s", a->on ? "true" : "false");
	if (has & ACTION_HAS_VALUE)
		err |= buf_addf(b, ",\"value\":%.6g", a->value);
	err |= put_text(b, "label", a->label);
	if (has & ACTION_HAS_LEVEL)
		err |= buf_addf(b, ",\"level\":%" PRId64, a->level);
	err |= put_text(b, "by", a->by);
	if (a->role > ROLE_VIEWER)
		err |= put_text(b, "role", role_name(a->role));
	return err | put_text(b, "reason", a->reason);
}

int
action_write(struct buf *b, const struct action *a, const char *id, int64_t ts,
    const char *nonce, size_t nonce_len)
{
	char t[CLOCK_RFC3339_LEN + 1];
	size_t old = b->len;
	int err;

	clock_format(ts, t);
	err = buf_addf(b, "{\"type\":\"%s\",\"id\":\"%s\"",
		  actions[a->type].name, id) |
	      action_write_fields(b, a) | buf_addf(b, ",\"ts\":\"%s\"", t) |
	      put_text(b, "room", a->room);
	if (nonce)
		err |= buf_adds(b, ",\"nonce\":") |
		       json_write_str(b, nonce, nonce_len);
	err |= buf_addc(b, '}');
	if (!err && b->len - old + 1 > EVENT_LINE_MAX) {
		errno = EMSGSIZE;
		err = -1;
	}
	if (!err)
		return 0;
	buf_cut(b, old);
	return -1;
}
