/*
 * action: what a moderator can do, as one table: the name of each action and
 * the fields that it has (ss-event(5)). Read from JSON, checked to the last
 * field, and written as the line that it becomes: by ss-ctl and ss-gateway
 * alike, so that what one accepts the other does.
 */
#ifndef SS_ACTION_H
#define SS_ACTION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"
#include "json.h"
#include "role.h"
#include "ulid.h"

#define ACTION_REASON_MAX 200                    /* code points */
#define ACTION_MUTE_MS INT64_C(300000)           /* a mute without an end */
#define ACTION_LONGEST_MS INT64_C(3153600000000) /* a hundred years */
#define ACTION_SLOW_MAX 86400                    /* seconds between messages */
#define ACTION_LEVEL_MAX 4
/* An address as text: IPv4, or the first half of IPv6 with "/64". */
#define ACTION_ADDRESS_MAX (INET6_ADDRSTRLEN + 3)

enum action_type {
	ACTION_MUTE,
	ACTION_UNMUTE,
	ACTION_KICK,
	ACTION_BAN,
	ACTION_UNBAN,
	ACTION_DELETE,
	ACTION_PURGE,
	ACTION_SLOW,
	ACTION_SUBONLY,
	ACTION_THRESHOLD,
	ACTION_LEVEL,
	ACTION_HOLD,
	ACTION_APPROVE,
	ACTION_DENY,
	ACTION_TYPES
};

/* The fields that an action has. */
enum {
	ACTION_HAS_USER = 1,
	ACTION_HAS_ADDRESS = 2, /* beside the user, or in his place */
	ACTION_HAS_UNTIL = 4,
	ACTION_HAS_TARGET = 8,
	ACTION_HAS_SECONDS = 16,
	ACTION_HAS_ON = 32,
	ACTION_HAS_VALUE = 64,
	ACTION_HAS_LABEL = 128,
	ACTION_HAS_LEVEL = 256
};

/* Texts are empty where they were not given. */
struct action {
	enum action_type type;
	char user[EVENT_NAME_MAX + 1];
	char address[ACTION_ADDRESS_MAX];
	char target[ULID_LEN + 1];
	char label[24];
	char room[EVENT_NAME_MAX + 1]; /* empty: all rooms */
	char by[EVENT_NAME_MAX + 1];
	char reason[4 * ACTION_REASON_MAX + 1];
	enum role role;   /* of who does it */
	int64_t until;    /* ms; 0: for ever */
	int64_t duration; /* ms, where until was read as one from now; or 0 */
	int64_t seconds, level;
	double value;
	bool on;
};

/* The action of this name. 0, or -1: there is none. */
int action_find(const char *name, size_t n, enum action_type *);
const char *action_name(enum action_type);
/* Its ACTION_HAS_... */
unsigned action_fields(enum action_type);

/*
 * Reads the fields of an action of a->type from a JSON object. Members that
 * it doesn't have are ignored, and so is role, which is the caller's to say.
 * Instead of until there may be duration: "5m", or seconds. 0, or -1 with
 * *why, a constant for people ("user: must be ...").
 */
int action_read(
    struct action *, const struct json_doc *, int64_t now, const char **why);
/*
 * Appends the fields as members of a JSON object, a comma in front of each:
 * user, address, target, until, seconds, on, value, label, level, by, role,
 * reason. 0, or -1 as buf_add.
 */
int action_write_fields(struct buf *, const struct action *);
/* Appends the whole event as one line, as event_write_gift does. */
int action_write(struct buf *, const struct action *, const char *id,
    int64_t ts, const char *nonce, size_t nonce_len);

/* 30s, 5m, 2h, 7d, or seconds: ms, more than 0. 0, or -1. */
int action_duration(const char *, size_t n, int64_t *ms);
/*
 * An address as it is known by: IPv4 (also where it is written in IPv6) in
 * full, of IPv6 the first 64 bits, "2001:db8:1:2::/64". 0, or -1: it is none.
 */
int action_address(const char *, size_t n, char out[ACTION_ADDRESS_MAX]);

#endif
