/*
 * dash: what the files of ss-dash share. Lines come from the bus (bus.c), are
 * kept for a while and counted (recent.c, tally.c), and go to the open pages
 * as server-sent events (stream.c). How the stages are comes from their
 * metrics sockets (stages.c). What a moderator does goes to the gateway's
 * control socket (act.c). HTTP is lib/httpd, on the same loop as all the rest:
 * one thread, but for questions to the database (range.c).
 */
#ifndef SS_DASH_H
#define SS_DASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "ends.h"
#include "epoch.h"
#include "event.h"
#include "httpd.h"
#include "jwtkey.h"
#include "loop.h"
#include "metrics.h"
#include "notify.h"
#include "opt.h"
#include "role.h"
#include "source.h"
#include "state.h"
#include "www.h"

#define BODY_MAX 16384       /* bytes of a request's body */
#define STREAMS_MAX 32       /* pages that listen at a time */
#define LINE_SHOWN_MAX 65536 /* bytes: a longer line is only counted */
#define RECENT_BYTES 4194304 /* of lines kept */
#define POINTS 900           /* seconds that the charts reach back */
#define USERS_MAX 4096       /* users counted; the least active make room */
#define TOP 10               /* rows of a leaderboard */

/* One second of the charts. */
struct point {
	int64_t at; /* s since 1970; 0: none yet */
	uint32_t chat, toxic, held, blocked, gifts, actions;
	uint64_t value; /* amounts of the gifts */
	/* of the stages' metrics at that time; below 0: not known */
	double viewers, pending, p50, p99;
	double lag[3], queue[3]; /* moderate, log, broadcast: s and bytes */
};

struct user {
	char name[EVENT_NAME_MAX + 1];
	enum role role; /* as the last event says */
	uint32_t chat, toxic, held, blocked, gifts;
	uint64_t value;
	int64_t seen; /* ms */
};

/* A gift that is one of several; room "" for the main one. */
struct gift_of {
	char from[EVENT_NAME_MAX + 1], room[EVENT_NAME_MAX + 1],
	    streak[EVENT_NAME_MAX + 1];
	int64_t gift_id, count;
};

/* The highest counts of streaks so far: the newest few thousand. */
struct streaks {
	struct streak *streak;
	uint64_t heard;
};

/* Counted since the start, the history that the bus told included. */
struct tally {
	struct point *point; /* a ring: second s is at s % POINTS */
	struct user *user;   /* users in use come first */
	size_t users;
	uint32_t *index; /* a hash table of numbers in user, +1 */
	size_t hand;     /* where the next to make room is looked for */
	struct streaks streaks;
	uint64_t chat, toxic, held, blocked, gifts, value, actions, other;
	uint64_t bad_lines;
};

/* Lines kept, oldest first; positions count lines from 1. */
struct recent {
	char **line; /* a ring of max entries, by position */
	size_t max, bytes;
	uint64_t first, next;
};

/* Who asks. */
struct who {
	char name[EVENT_NAME_MAX + 1];
	enum role role;
	int64_t expires; /* ms; 0: never */
};

/* An open page. */
struct stream {
	struct httpd_conn *conn; /* NULL: free */
	int64_t expires;
};

struct stages;
struct acts;
struct whys;
struct range;

struct dash {
	/* options */
	const char *in, *addr, *control, *stages_dir, *db, *www_dir, *by,
	    *metrics_addr, *audience;
	struct opt_list keys, hosts;
	int64_t port, history, ready_fd;
	struct addr beside; /* the control socket beside the bus */
	char folder[sizeof(((struct addr *)0)->path)]; /* that it is in */
	struct loop *loop;
	struct httpd *httpd;
	struct www www;
	struct metrics *metrics;
	struct notify notify;
	struct jwtkeys keyset;
	bool locked; /* a token is demanded */
	/* the bus */
	struct addr in_addr;
	struct source *bus;
	struct away away;
	struct event ev;
	struct buf text;
	enum { BUS_AWAY, BUS_ASKED, BUS_LIVE } phase;
	bool placed; /* seq is the bus's */
	bool counts; /* events of its past are counted, too: the first time */
	uint64_t state_left, past_left, seq;
	char epoch[EPOCH_MAX + 1];
	int64_t since; /* ms: of this phase */
	uint64_t gaps;
	/* what is known */
	struct state *state;
	struct recent recent;
	struct tally tally;
	/* the pages */
	struct stream stream[STREAMS_MAX];
	struct buf out; /* lines that leave with the next flush */
	uint64_t out_first;
	struct loop_timer flush, tick;
	int64_t last_tick; /* s */
	uint64_t served;
	char boot[16]; /* names this process in positions */
	struct stages *stages;
	struct acts *acts;
	struct whys *whys;
	struct range *range; /* NULL: no database */
	int status, stopped;
};

/* options.c: exits 2 on misuse */
void options_parse(struct dash *, int argc, char **argv);

/* bus.c: 0, or -1 with errno */
int bus_open(struct dash *);
/* "live", "asked" or "away" */
const char *bus_word(const struct dash *);

/* recent.c */
int recent_init(struct recent *, size_t max);
void recent_release(struct recent *);
/* Its position; 0: it can't be kept. */
uint64_t recent_add(struct recent *, const char *line, size_t n);
/*
 * "key":"value" stands somewhere in the line; both without escapes, and key
 * with its quotes. Good enough for what is only shown.
 */
bool recent_says(const char *line, const char *key, const char *value);
/* The line at a position that is kept. */
const char *recent_at(const struct recent *, uint64_t position);

/* tally.c */
int tally_init(struct tally *);
void tally_release(struct tally *);
/* Counts the event at hand, d->ev, whose members are plain strings. */
void tally_event(struct dash *);
/* The point of this second, made where it is not there yet. */
struct point *tally_point(struct tally *, int64_t second);
/* NULL: not known. */
const struct user *tally_user(const struct tally *, const char *name);
/* JSON: the points after second since as an array; the totals and leaders. */
void tally_write_points(const struct tally *, int64_t since, struct buf *);
void tally_write_totals(const struct tally *, struct buf *);
void tally_write_leaders(const struct tally *, struct buf *);
void tally_write_user(const struct user *, struct buf *);

/* streak.c: 0, or -1 with errno */
int streaks_init(struct streaks *);
void streaks_release(struct streaks *);
/* How many more there are of it by this gift: by ss-event(5), what is paid. */
int64_t streaks_more(struct streaks *, const struct gift_of *);

/* stages.c: 0, or -1 with errno */
int stages_open(struct dash *);
void stages_close(struct dash *);
/* JSON: an array of stages. */
void stages_write(const struct dash *, struct buf *);
/* What they say now, into a point. */
void stages_fill(const struct dash *, struct point *);

/* stream.c */
void stream_open(struct dash *, struct httpd_conn *, const struct who *);
void stream_gone(struct dash *, const struct httpd_conn *);
/* A line with its position, to all pages, soon. */
void stream_line(struct dash *, const char *line, uint64_t position);
/* The bus has lost its place: pages are to begin anew. */
void stream_anew(struct dash *);
/* Begins to tick. */
void stream_start(struct dash *);
void stream_stop(struct dash *);

/* auth.c: 0, or -1 after a message */
int auth_open(struct dash *);
/* The request's Host and Origin are ours. False after an answer. */
bool auth_same_origin(struct dash *, struct httpd_conn *);
/* Who asks. False after an answer: he may not. */
bool auth_who(struct dash *, struct httpd_conn *, struct who *);
/* /api/session */
void auth_session(struct dash *, struct httpd_conn *);

/* act.c */
struct acts *acts_new(struct dash *);
void acts_free(struct acts *);
void act_take(
    struct dash *, struct httpd_conn *, const struct who *, const char *action);
/* The client has gone: nobody is to be told. */
void act_forget(struct dash *, const struct httpd_conn *);
bool act_can(const struct dash *);

/* why.c */
struct whys *whys_new(struct dash *);
void whys_free(struct whys *);
void why_take(struct dash *, struct httpd_conn *);
void why_forget(struct dash *, const struct httpd_conn *);

/* range.c: 0, or -1 with errno */
int range_open(struct dash *);
void range_close(struct dash *);
void range_take(struct dash *, struct httpd_conn *);
void range_forget(struct dash *, const struct httpd_conn *);

/* serve.c: 0, or -1 after a message */
int serve_open(struct dash *);
/* The body as a JSON object into doc. False after an answer. */
bool serve_body(struct httpd_conn *, struct json_doc *);
void serve_json(struct httpd_conn *, const struct buf *);

/* pages.c */
int pages_open(struct dash *);
void pages_get(struct dash *, struct httpd_conn *);

#endif
