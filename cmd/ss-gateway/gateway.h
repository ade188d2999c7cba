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

#include "addr.h"
#include "buf.h"
#include "ends.h"
#include "event.h"
#include "fan.h"
#include "loop.h"
#include "sink.h"
#include "source.h"
#include "ulid.h"

#define BODY_MAX 65536    /* bytes of an HTTP body: CONTRACT 6 */
#define MESSAGE_MAX 16384 /* bytes of a WebSocket message: CONTRACT 6 */
#define SUBPROTOCOL "ndjson.safestream"

struct keys;
struct request;

/* What libwebsockets keeps per connection for us. */
struct conn {
	struct viewer *viewer;
	struct request *req; /* an HTTP request whose body is not read yet */
};

struct counters {
	uint64_t connections, viewers, refused, chat, gift, other, toxic,
	    blocked, accepted, errors, busy, bad_lines;
};

struct gateway {
	/* options */
	const char *in, *out, *addr;
	int64_t port, max_connections, max_lag, history, ready_fd;
	double ping, idle, drain;
	/* the loop: libev, and lib/loop hanging in it as one descriptor */
	struct ev_loop *ev_loop;
	ev_io inner;
	ev_prepare turn;
	struct loop *loop;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	lws_retry_bo_t keepalive;
	struct loop_timer tick;
	/* the listening socket (serve.c) */
	struct loop_io listener;
	struct loop_timer listen_again, start, hello_wait;
	bool listening;
	/* the two ends of the pipeline */
	struct addr in_addr, out_addr;
	struct source *bus;
	struct sink *sink;
	bool out_broken;
	struct away bus_away, out_away;
	bool asked, helloed;
	bool ready;    /* the bus was there, and its replay is done */
	uint64_t past; /* lines of the past still to come */
	uint64_t seq;  /* position: events kept so far */
	char epoch[ULID_LEN + 1]; /* the hub's, or our own */
	/* work */
	struct fan *fan;
	struct keys *keys;
	struct ulid ids;
	struct event ev; /* the bus line at hand */
	struct buf line; /* the line being made */
	struct buf text; /* a decoded string */
	struct json_doc doc;
	struct counters n;
	char alias[128]; /* see upgrade.c */
	/* the end */
	bool draining;
	int status;
	struct loop_timer deadline;
};

/* main.c */
/* Begins to stop: no new viewers, 1012 to all, then the end. */
void gateway_drain(struct gateway *, int status);

/* serve.c */
int serve_open(struct gateway *);
/* Binds and listens, and says so. 0, or -1 after a message. */
int serve_listen(struct gateway *);
void serve_stop_listening(struct gateway *);
void serve_close(struct gateway *);

/* upgrade.c: 0: go on; 1: refused, an answer was sent. */
int upgrade_check(struct gateway *, struct lws *);
/* The protocol alias was matched: it must not be named in the answer. */
void upgrade_matched(struct gateway *);
/* Copies the query argument name to out. 0, -1: absent, -2: too long. */
int upgrade_arg(struct lws *, const char *name, char *out, size_t n);
/* The user's name in a decoded path /ws/NAME; NULL: another path. */
const char *upgrade_name(const char *path);

/* viewer.c */
struct viewer *viewer_new(struct gateway *, struct lws *);
void viewer_free(struct gateway *, struct viewer *);
/* A part of a message. 0, or -1: close (a reason is set). */
int viewer_receive(struct gateway *, struct viewer *, const char *, size_t);
/* A refused message went on for too long. -1: close. */
int viewer_refused(struct viewer *);

/* http.c: each returns what libwebsockets' callback is to return */
int http_request(
    struct gateway *, struct lws *, struct conn *, const char *path);
int http_body(
    struct gateway *, struct lws *, struct conn *, const char *, size_t);
int http_body_done(struct gateway *, struct lws *, struct conn *);
int http_too_slow(struct gateway *, struct lws *, struct conn *);
void http_forget(struct conn *);
/*
 * Writes an error as JSON; detail may be NULL, extra is header lines or "".
 * The connection is to be closed afterwards.
 */
void http_error(
    struct lws *, int status, const char *detail, const char *extra);

/* gift.c */
/* What became of a gift: the status, and its id or a detail. */
struct gift_answer {
	int status;
	char id[ULID_LEN + 1];
	char detail[160];
};
void gift_take(struct gateway *, const char *body, size_t n, const char *key,
    size_t keylen, struct gift_answer *);

/* keys.c: Idempotency-Keys, remembered for five minutes */
struct keys *keys_new(void);
void keys_free(struct keys *);
/*
 * The id that was given out for this sender and key, or NULL. *same: the body
 * was the same one. The text is valid until keys_add.
 */
const char *keys_find(struct keys *, const char *from, const char *key,
    size_t keylen, uint64_t body, bool *same);
void keys_add(struct keys *, const char *from, const char *key, size_t keylen,
    uint64_t body, const char *id);
/* A hash of a gift's meaning, for keys_*. */
uint64_t keys_body(const char *room, int64_t gift_id, int64_t amount);

/* bus.c */
int bus_open(struct gateway *);
bool bus_is_up(const struct gateway *);
/* The hello of CONTRACT 5 with n events to follow, as a line in buf. */
void bus_hello(struct gateway *, bool recovered, size_t n, struct buf *);

/* out.c */
int out_open(struct gateway *);
/* Emits g->line. 0, or -1: the pipeline can't take more now (busy). */
int out_emit(struct gateway *);
bool out_is_up(const struct gateway *);
/* The end of a turn. */
void out_flush(struct gateway *);

/* metrics.c */
void metrics_prometheus(struct gateway *, struct buf *);
void metrics_json(struct gateway *, struct buf *);

#endif
