/*
 * gateway: what the files of ss-gateway share. Lines come in from the bus
 * (bus.c) and go to the viewers (fan.c); what viewers send over WebSocket
 * (viewer.c) and HTTP (http.c, gift.c) goes out to the pipeline (out.c).
 * libwebsockets does the protocols (serve.c), libev turns the loop: with
 * libuv the library's Debian build closes each connection twice in a row (a
 * check of its own, "uv repeat test" in service.c), so that no close frame of
 * ours would ever get out.
 */
#ifndef SS_GATEWAY_H
#define SS_GATEWAY_H

#include <ev.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action.h"
#include "addr.h"
#include "buf.h"
#include "ends.h"
#include "epoch.h"
#include "event.h"
#include "fan.h"
#include "ident.h"
#include "limits.h"
#include "loop.h"
#include "names.h"
#include "notify.h"
#include "peer.h"
#include "row.h"
#include "shared.h"
#include "sink.h"
#include "source.h"
#include "state.h"
#include "ulid.h"
#include "window.h"
#include "www.h"

#define BODY_MAX 65536          /* bytes of an HTTP body: CONTRACT 6 */
#define ANSWER_MAX (256u << 20) /* bytes of an answer */
#define JSON_TYPE "application/json"
#define MESSAGE_MAX 16384 /* bytes of a WebSocket message: CONTRACT 6 */

#define CLOSE_RESTART 1012 /* IANA's registry: service restart */

#define RECENT_MIN 20000 /* events asked of the hub at the start */

struct control;
struct force;
struct holds;
struct late_queue;
struct echo;
struct nonces;
struct outbox;
struct request;

/* Somebody who is pinged now and then: ping.c. */
struct ping {
	struct row_link link;
	int64_t at;     /* since when he stands in his row, monotonic ms */
	struct buf out; /* pings and pongs that are to be written */
	struct lws *wsi;
};

/* What libwebsockets keeps per connection for us. */
struct conn {
	struct ping ping;
	struct viewer *viewer;
	struct echo *echo;   /* in his place, on --echo's route */
	struct request *req; /* an HTTP request whose body is not read yet */
};

/* Who is let in by upgrade.c, until viewer.c takes him over. */
struct arrival {
	struct lws *wsi;
	struct ident ident;
	bool ndjson;
};

/* Connections by when their tokens expire (expiry.c): a heap. */
struct expiry {
	struct viewer **v;
	size_t n, cap;
	struct loop_timer timer;
};

struct counters {
	uint64_t connections, viewers, refused, chat, gift, other, toxic,
	    blocked, accepted, errors, busy, bad_lines, resent, undelivered,
	    limited;
};

struct gateway {
	/* options */
	const char *in, *out, *addr, *www_dir, *io_uring, *control_path;
	int64_t port, max_connections, max_lag, history, ready_fd, gather,
	    workers;
	double ping, idle, drain, delay;
	/* limits, per second; 0: none */
	double rate, address_rate, room_rate, gift_rate, connect_rate;
	double repeat; /* seconds in which a text isn't said again */
	int64_t burst, max_per_address;
	const char *trust_proxy, *origin, *cors;
	struct proxies proxies;
	/* one of several processes (workers.c) */
	unsigned worker; /* its number, from 0 */
	bool is_worker;
	int bound;           /* the listener it was given, or -1 */
	struct loop_io life; /* readable: the parent wants it to end */
	const char *user;    /* NULL: stays who it is */
	bool no_sandbox;
	const char *echo;               /* --echo, or NULL */
	const char *tls_cert, *tls_key; /* NULL: plain TCP */
	struct ssl_ctx_st *tls;         /* see tls.c */
	struct shared *shared;
	struct limits *limits;
	/* the loop: libev, and lib/loop hanging in it as one descriptor */
	struct ev_loop *ev_loop;
	ev_io inner;
	ev_prepare turn;
	struct pace {
		struct loop_timer timer;
		int64_t since;   /* the events at hand wait; 0: none do */
		int64_t sent_at; /* events left last; both monotonic ns */
		int64_t cost;    /* ns that took */
	} pace;
	struct loop *loop;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct pings {
		struct row well, asked; /* who owes no pong, and who does */
	} pings;
	struct loop_timer tick;
	struct notify notify;
	/* the listening socket (serve.c) */
	struct loop_io listener;
	struct loop_timer listen_again, start, hello_wait;
	bool listening;
	size_t max_peers, npeers;
	struct row silent; /* see peer.c */
	/* the two ends of the pipeline */
	struct addr in_addr, out_addr;
	struct source *bus;
	struct sink *sink;
	bool out_broken;
	struct away bus_away, out_away;
	enum bus_phase {
		BUS_AWAY,  /* not connected */
		BUS_ASKED, /* what comes before the hello is not for us */
		BUS_STATE, /* what is in force comes, state lines of it */
		BUS_PAST,  /* what was missed comes, past lines of it */
		BUS_LIVE
	} phase;
	bool live;            /* BUS_LIVE, or a bus that doesn't say hello */
	bool hellos;          /* it does say hello */
	bool placed;          /* epoch and seq are the bus's */
	bool numbered;        /* its events carry positions */
	bool ready;           /* the first replay is done */
	uint64_t state, past; /* lines still to come */
	uint64_t seq;         /* position: of the last event met */
	char epoch[EPOCH_MAX + 1]; /* the bus's, or our own */
	struct force *force;       /* what moderators have put in force */
	struct holds *holds;
	/* work */
	struct fan *fan;   /* of the viewers */
	struct fan *staff; /* of moderators and above; NULL: there are none */
	uint64_t shown;    /* position: as far as viewers are shown */
	struct late_queue *late; /* what they are not shown yet */
	struct nonces *nonces;
	struct outbox *outbox;
	struct request *waiting; /* posts with ?wait=1 */
	struct www www;
	struct control *control;
	struct fetch *fetches;
	size_t nfetches;
	struct ulid ids;
	struct event ev; /* the bus line at hand */
	struct buf line; /* the line being made */
	struct buf text; /* a decoded string */
	struct json_doc doc;
	struct counters n;
	struct metrics_hist loop_seconds; /* from accepted to back again */
	const char *metrics_addr;         /* --metrics, or NULL */
	struct metrics *metrics;
	/* who is who */
	struct ident_keys keys;
	const char *protect; /* --protect, or NULL */
	struct arrival arrival;
	struct expiry expiry;
	/* the end */
	bool draining;
	int stopped; /* signals to stop so far */
	int status;
	struct loop_timer deadline;
};

/* main.c */
/* A gateway from its start to its end. Returns the exit status. */
int gateway_run(struct gateway *);
/* Begins to stop: no new viewers, 1012 to all, then the end. */
void gateway_drain(struct gateway *, int status);

/* options.c: defaults, environment, arguments; exits on misuse */
void options_parse(struct gateway *, int argc, char **argv);

/* pace.c */
/* The end of a turn: what is new is sent to the viewers, or waits. */
void pace_turn(struct gateway *);
/* Nothing waits any more. */
void pace_stop(struct gateway *);

/* serve.c */
int serve_open(struct gateway *);
/*
 * A socket bound as the options say, which others may be bound beside (with
 * again: beside the first, whose port is in g->port then). -1 after a message.
 */
int serve_bind(struct gateway *, bool again);
/* Says where it listens, to people and to --ready-fd. */
void serve_announce(struct gateway *, int fd);
/* Binds and listens, and says so. 0, or -1 after a message. */
int serve_listen(struct gateway *);
void serve_stop_listening(struct gateway *);
/* Ends a connection, soon. */
void serve_drop(struct lws *);
void serve_close(struct gateway *);

/* upgrade.c: 0: go on; 1: refused, an answer was sent. */
int upgrade_check(struct gateway *, struct lws *);
/* Copies the query argument name to out. 0, -1: absent, -2: too long. */
int upgrade_arg(struct lws *, const char *name, char *out, size_t n);
/* How many of that name there are. */
size_t upgrade_args(struct lws *, const char *name);
/* The user's name in a decoded path /ws/NAME; NULL: another path. */
const char *upgrade_name(const char *path);

/* expiry.c */
/* His token's end is new. 0, or -1: out of memory. */
int expiry_set(struct gateway *, struct viewer *);
void expiry_forget(struct gateway *, struct viewer *);

/* Its path is that of --echo. */
bool upgrade_is_echo(const struct gateway *, struct lws *);

/* echo.c: functions return what libwebsockets' callback is to return */
struct echo *echo_new(struct lws *);
void echo_free(struct echo *);
int echo_receive(struct echo *, const char *, size_t);
int echo_writable(struct echo *);

/* ping.c */
void ping_join(struct gateway *, struct conn *, struct lws *);
void ping_leave(struct conn *);
/* A pong has come, asked for or not. */
void ping_answered(struct gateway *, struct conn *);
/* A ping has come, with up to 125 bytes: it gets its pong. */
void ping_answer(struct conn *, const char *payload, size_t n);
/* He is writable: pings and pongs, if any are due. 0, or -1: broken. */
int ping_write(struct conn *);
/* Now and then: pings who is due, and drops who didn't answer. */
void ping_turn(struct gateway *);

/* viewer.c */
struct viewer *viewer_new(struct gateway *, struct lws *);
void viewer_free(struct gateway *, struct viewer *);
/* A part of a message. 0, or -1: close (a reason is set). */
int viewer_receive(struct gateway *, struct viewer *, const char *, size_t);
/* A refused message went on for too long. -1: close. */
int viewer_refused(struct viewer *);

/* request.c */
/* The declared length of the body, -1: absent, -2: no number. */
int64_t request_length(struct lws *);
bool request_is_chunked(struct lws *);
/* Content-Type is JSON, whatever its parameters. */
bool request_is_json(struct lws *);
/* GET or HEAD. */
bool request_is_get(struct lws *);

/* http.c: each returns what libwebsockets' callback is to return */
int http_request(
    struct gateway *, struct lws *, struct conn *, const char *path);
int http_body(
    struct gateway *, struct lws *, struct conn *, const char *, size_t);
int http_body_done(struct gateway *, struct lws *, struct conn *);
int http_writable(struct gateway *, struct lws *, struct conn *);
int http_too_slow(struct gateway *, struct lws *, struct conn *);
void http_forget(struct gateway *, struct conn *);
/* A refusal of a request that has no body on its way: no waiting for it. */
int http_refuse(struct gateway *, struct lws *, int status, const char *detail,
    const char *extra);
/* As post_returned. */
void http_delivered(
    struct gateway *, const char *id, const char *real, int status);

/* answer.c */
/*
 * Writes an answer; headers are lines with \r\n, without those of the length
 * and of the connection, which is to be closed afterwards.
 */
void answer_write(
    struct lws *, int status, const char *headers, const char *body, size_t n);
/* The same of a type, not to be kept by anybody; extra: more lines, or "". */
void answer_with(struct lws *, int status, const char *type, const char *extra,
    const char *body, size_t n);
/*
 * Writes an error as JSON; detail may be NULL, extra is header lines or "".
 * The connection is to be closed afterwards.
 */
void answer_error(
    struct lws *, int status, const char *detail, const char *extra);
/* The same for one that may be tried again in wait seconds. */
void answer_error_wait(
    struct lws *, int status, const char *detail, int64_t wait);
/*
 * Appends a whole answer for one whose request the library is not to see;
 * head: without its body. Less comes to be where there is no memory.
 */
void answer_text(struct buf *, int status, const char *detail, bool head);
/* The word that stands for a status in an answer. */
const char *answer_word(int status);

/* get.c */
int get_healthz(struct gateway *, struct lws *);
int get_metrics(struct gateway *, struct lws *);
int get_recent(struct gateway *, struct lws *);

/* pages.c: 0, or -1 after a message. */
int pages_open(struct gateway *);
bool pages_have(const struct gateway *, const char *path);
/* Answers with the file at path; false: there is none. */
bool pages_get(struct gateway *, struct lws *, const char *path);

/* post.c: gifts and actions on their way out */
/* What became of what was posted: the status, and its id or a detail. */
struct fate {
	int status;
	bool pending; /* it is on its way */
	int64_t wait; /* seconds until it may be tried again; 0: who knows */
	char id[ULID_LEN + 1];
	char detail[160];
};
/* Sets status and detail; returns -1. */
int post_refuse(struct fate *, int status, const char *why);
struct post {
	const char *who, *room;
	const char *key; /* NULL: none */
	size_t keylen;
	uint64_t meaning; /* see nonces_gift */
	/* the event as a line; 0 or -1 */
	int (*write)(
	    struct buf *, const struct post *, const char *id, int64_t ts);
	const void *what; /* write's */
	/* of whom limits are asked, NULL: none; and where he is */
	const struct ident *limited;
	const struct peer *peer;
};
/* True: its key was used before, and that is its fate. */
bool post_known(struct gateway *, const struct post *, struct fate *);
void post_send(struct gateway *, const struct post *, struct fate *);
/*
 * The event that was sent under id is back, as real: who waits is answered.
 * status: 200, or 409 for a decision that came too late.
 */
void post_returned(
    struct gateway *, const char *id, const char *real, int status);

/* gift.c */
void gift_take(struct gateway *, const struct ident *, const struct peer *,
    const char *body, size_t n, const char *key, size_t keylen, struct fate *);

/* act.c: what moderators do */
/*
 * Takes an action of type, with the fields in body. actor: who he is by his
 * token; NULL: whoever has the control socket, an admin, by the name in body.
 */
void act_take(struct gateway *, const struct ident *actor, enum action_type,
    const char *body, size_t n, const char *key, size_t keylen, struct fate *);
/* One whose outcome is known only when it is back: the first one counts. */
bool act_is_decision(enum action_type);
/* Deletes what it doesn't reach, by all that is known here; uses g->text. */
bool act_is_vain(struct gateway *, const struct event *);

/* control.c: the control socket */
int control_open(struct gateway *);
void control_close(struct gateway *);
void control_delivered(
    struct gateway *, const char *id, const char *real, int status);

/* nonces.c: nonces of chat and gifts, remembered for five minutes */
struct pending;
struct nonce {
	uint64_t meaning; /* a hash of what was sent; 0: not known */
	uint64_t also;    /* another one that it may have been; or 0 */
	uint64_t seq;     /* delivered: its position */
	int64_t at;       /* monotonic ms */
	struct pending *pending;
	char *line; /* undelivered: the event, as it is sent again */
	size_t line_len;
	uint32_t next; /* in its bucket: number + 1, 0: none */
	uint32_t bucket;
	enum { NONCE_PENDING, NONCE_DELIVERED, NONCE_UNDELIVERED } state;
	uint8_t len;
	char nonce[EVENT_NONCE_MAX];
	char who[EVENT_NAME_MAX + 1];
	char id[ULID_LEN + 1];
};
#define NONCES_KEEP_MS 300000 /* CONTRACT 7: five minutes */
struct nonces *nonces_new(void);
void nonces_free(struct nonces *);
/* NULL: not used lately. Valid until nonces_add. */
struct nonce *nonces_find(
    struct nonces *, const char *who, const char *nonce, size_t n);
struct nonce *nonces_add(struct nonces *, const char *who, const char *nonce,
    size_t n, uint64_t meaning, const char *id);
/* It was used for what has this hash, as far as is known. */
bool nonces_means(const struct nonce *, uint64_t meaning);
/* Hashes of what a gift, a message and an action mean, never 0. */
uint64_t nonces_gift(const char *room, const struct event_gift *);
uint64_t nonces_chat(const char *room, const char *text, size_t n);
uint64_t nonces_action(const struct action *);

/* outbox.c: accepted and not back yet */
struct pending {
	struct pending *prev, *next, *same;
	char id[ULID_LEN + 1];
	char room[EVENT_NAME_MAX + 1];
	const char *line, *user; /* user: whom to tell; NULL: nobody */
	size_t len;
	struct nonce *nonce; /* or NULL */
	int64_t at, sent_at; /* monotonic ms */
	int64_t taken;       /* monotonic ns: as at */
	uint64_t mark;       /* marks made before it was last sent */
	int tries;           /* sent again, because it was lost */
	bool sent;
	char text[];
};
struct outgoing {
	const char *id, *user, *room; /* user NULL: nobody to tell */
	const char *line;
	size_t len;
	struct nonce *nonce; /* becomes pending; or NULL */
};
struct outbox *outbox_new(void);
void outbox_free(struct outbox *);
/* Accepts and sends an event. 0, or -1: no more can be taken now (busy). */
int outbox_put(struct gateway *, const struct outgoing *);
/* The event last put is known by this nonce, too. */
void outbox_named(struct gateway *, const char *id, struct nonce *);
/* What waits and may go, goes: there is room, or the bus is live again. */
void outbox_pump(struct gateway *);
/* The output is connected anew: all of it again. */
void outbox_again(struct gateway *);
/*
 * An event, at position g->seq, or a mark came over the bus. status as
 * post_returned. True: the event was sent from here.
 */
bool outbox_returned(
    struct gateway *, const struct event *, const char *room, int status);
void outbox_mark(struct gateway *, const struct event *);
size_t outbox_count(const struct outbox *);
/* When the oldest that is not back was taken, monotonic ns; late: none. */
int64_t outbox_since(const struct outbox *);
/* How long the oldest one has been there, in ms; 0: there is none. */
int64_t outbox_oldest(const struct outbox *);

/* show.c: who sees what, and when */
enum audience {
	SHOW_ALL,
	SHOW_AUTHOR, /* and staff */
	SHOW_STAFF,
	SHOW_NOBODY
};
/* history: events kept. 0 or -1. */
int show_open(struct gateway *, size_t history);
void show_close(struct gateway *);
/* The event at hand, at g->seq; room NULL: for all. user: its author, or "". */
void show_event(struct gateway *, enum audience, const char *room,
    const char *user, const char *line, size_t n);
/* The position is g->seq now, with nothing to show. */
void show_position(struct gateway *);
/* As the functions of fan.h, for all viewers and staff. */
void show_forget(struct gateway *, uint64_t seq);
void show_skip(struct gateway *);
bool show_waits(const struct gateway *);
void show_flush(struct gateway *);
void show_close_all(struct gateway *, unsigned short code);
size_t show_viewers(const struct gateway *);
void show_tell_greeted(struct gateway *, const char *line, size_t n);
void show_tell_name(struct gateway *, const char *room, const char *name,
    const char *line, size_t n);
void show_each(struct gateway *, const char *name,
    void (*fn)(void *arg, struct viewer *), void *arg);
/* The position that he has got to when he has had all that is for him. */
uint64_t show_reached(const struct gateway *, const struct viewer *);
/* As fan_join, where he belongs. */
int show_join(struct gateway *, struct viewer *, const char *room);
/* His role has changed. */
void show_move(struct gateway *, struct viewer *);

/* force.c: what moderators' actions do here */
int force_open(struct gateway *);
void force_close(struct gateway *);
/*
 * A control event that stands at seq. False: a decision that comes too late,
 * and means nothing.
 */
bool force_event(struct gateway *, const struct event *, uint64_t seq);
/* What it does to who is connected. */
void force_act(struct gateway *, const struct event *);
/* It would end, or replace, what somebody higher has put in force. */
bool force_outranks(struct gateway *, const struct action *);
/* Is he banned, by his name or his address? */
bool force_bans(
    struct gateway *, const struct ident *, const char *name, const char *room);
/* Why a viewer may not say anything now. False: he may. */
struct refusal {
	const char *code, *detail;
	int64_t until;       /* wall ms, INT64_MAX: for good; 0: none */
	int64_t retry_after; /* s; 0: none */
};
bool force_refuses(struct gateway *, const struct viewer *, struct refusal *);
/*
 * Appends what is in force for him, as members of his hello, a comma in front
 * of each: mute, slow and subonly, those that are.
 */
void force_tell(struct gateway *, const struct viewer *, struct buf *out);
/* He has said something, here or elsewhere. */
void force_said(struct gateway *, const char *room, const char *user);
/*
 * The event of this id is not shown, in this room; "": wherever it is; as far
 * as one of that role may delete it.
 */
void force_bury(
    struct gateway *, const char *id, const char *room, enum role by);
/* The event at seq was deleted or purged. */
bool force_hides_event(struct gateway *, const struct event *, uint64_t seq);
bool force_hides(struct gateway *, uint64_t seq, const char *line, size_t n);

/* hold.c: what waits for a decision */
int hold_open(struct gateway *);
void hold_close(struct gateway *);
void hold_add(struct gateway *, const struct event *);
/* It waits for a decision, as far as we know. room "": whatever it is. */
bool hold_is_open(struct gateway *, const char *id, const char *room);
/* It is deleted, which is a decision too. */
void hold_drop(struct gateway *, const char *id, const char *room);
/* What the user of this purge has said waits for nothing any more. */
void hold_purge(struct gateway *, const struct event *, const char *room);
/* A decision in its place. False: there is nothing to decide (any more). */
bool hold_decide(
    struct gateway *, const struct event *, const char *room, bool approve);
/* This may be one that was approved. */
void hold_published(struct gateway *, const struct event *);
/* The bus is live: what was approved and not published is published. */
void hold_go_on(struct gateway *);

/* past.c: viewers who come back */
/* He asked for it in his query: the hello, and what he has missed. */
void past_greet(struct gateway *, struct viewer *, struct lws *);
/* fan.h's refill. */
void past_refill(void *gateway, struct viewer *);
void past_forget(struct gateway *, struct viewer *);
/* All that recover from the hub, which has broken its series. */
void past_break(struct gateway *);
/*
 * An event as this viewer may see it, or with NULL everybody: the fan's rules,
 * and it wasn't deleted.
 */
bool past_shown(struct gateway *, const struct viewer *, uint64_t seq,
    const char *line, size_t n, bool priv);

/* bus.c */
int bus_open(struct gateway *);
/* One of a moderator's actions: without a room it is for all rooms. */
bool bus_is_control(const struct event *);
bool bus_is_up(const struct gateway *);
/* The hello of CONTRACT 5, with this position, as a line in buf. */
void bus_hello(struct gateway *, uint64_t seq, bool recovered, struct buf *);

/* out.c */
int out_open(struct gateway *);
bool out_is_up(const struct gateway *);
/* The end of a turn. */
void out_flush(struct gateway *);

/* metrics.c */
void metrics_prometheus(const struct numbers *, struct buf *);
/* Serves them at --metrics, too, where given. 0, or -1 after a message. */
int metrics_serve(struct gateway *);
void metrics_json(const struct numbers *, struct buf *);

#endif
