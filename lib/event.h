/*
 * event: the line (ss-event(5)): what kind of event it is, where its fields
 * stand, and how the events that we create are written. Hot path: nothing
 * here goes through libjq, nothing is copied.
 */
#ifndef SS_EVENT_H
#define SS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "role.h"

#define EVENT_LINE_MAX 4096       /* a line that we create, with its \n */
#define EVENT_INPUT_MAX (1 << 20) /* a line that we accept, without it */
#define EVENT_NAME_MAX 50         /* bytes in a user's or a room's name */
#define EVENT_NONCE_MAX 64        /* bytes in a nonce */
#define EVENT_MESSAGE_MAX 500     /* code points in a message */
#define EVENT_ROOM "main"         /* the room of an event without one */

enum event_type {
	EVENT_OTHER, /* not known here: passed on */
	EVENT_CHAT,
	EVENT_GIFT,
	EVENT_EPOCH, /* housekeeping: passed on, never kept nor shown */
	EVENT_MARK,
	EVENT_HELLO /* the hub's answer to a subscriber */
};

/* One line and its fields. Reused from line to line: see event_parse. */
struct event {
	const char *line; /* borrowed */
	size_t len;
	enum event_type type;
	const struct json_member *name; /* the member "type", or NULL */
	struct json_doc doc;
};

/*
 * Reads a line without its newline. 0, or -1 when it is not a JSON object:
 * ev->doc.err says why. A zeroed event is ready for use. It borrows line.
 */
int event_parse(struct event *, const char *line, size_t n);
void event_release(struct event *);
/* Neither logged nor kept nor shown to viewers (epoch, mark, hello). */
bool event_is_housekeeping(const struct event *);

/* 1 to 50 of A-Z a-z 0-9 . _ - : a user's name, and a room's. */
bool event_name_valid(const char *s, size_t n);

/*
 * Appends to out the event's line without the members named in the
 * NULL-terminated list drop (all of their occurrences), and with insert
 * (",\"a\":1,\"b\":2" without the first comma; n bytes, may be 0) put in
 * front of the last member "ts", or last where there is none. Everything
 * else stays byte for byte. 0, or -1 as buf_add.
 */
int event_splice(const struct event *, const char *const *drop,
    const char *insert, size_t n, struct buf *out);

/*
 * Appends to out the event's line with "seq" as its last member, in place of
 * any that it had; everything else stays byte for byte, but for white space
 * behind the object. 0, or -1 as buf_add.
 */
int event_number(const struct event *, uint64_t seq, struct buf *out);
/*
 * The position in a line that event_number has made, without parsing it: true
 * where the line ends with ,"seq":N}. The line is n bytes of a JSON object.
 */
bool event_tail_seq(const char *line, size_t n, uint64_t *seq);
/* The member that names who sent it, for whom its nonce counts. */
const char *event_sender(const struct event *);
/* The member "seq": a position, 1 or more; 0: it has none. */
uint64_t event_seq(const struct event *);

/* What a new event says; NULL: absent. All borrowed, all valid UTF-8. */
struct event_chat {
	const char *id, *user, *room; /* room NULL or EVENT_ROOM: left out */
	const char *message;
	size_t message_len;
	const char *nonce;
	size_t nonce_len;
	enum role role; /* ROLE_VIEWER: left out */
	int64_t ts;     /* ms */
};
struct event_gift {
	const char *id, *from, *room;
	int64_t gift_id, amount;
	const char *streak; /* a name; NULL: it is not one of several */
	int64_t count;      /* how many of the streak there are with this */
	const char *nonce;
	size_t nonce_len;
	enum role role;
	int64_t ts;
};
/*
 * Append the event as one line without newline. 0, or -1 with errno EMSGSIZE
 * when it would not fit EVENT_LINE_MAX (out is as before then).
 */
int event_write_chat(struct buf *out, const struct event_chat *);
int event_write_gift(struct buf *out, const struct event_gift *);

#endif
