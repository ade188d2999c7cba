/*
 * app.h: what the parts of ss-load share.
 *
 *   main.c     options, the phases of a run, the end
 *   engine.c   epoll: turns, timers, who may start when
 *   target.c   the URL, the addresses, the limit of descriptors
 *   viewer.c   one connection: connect, frames in and out, close
 *   shake.c    the handshake's two texts
 *   send.c     the schedule and the messages that are sent
 *   gift.c     gifts over HTTP
 *   token.c    tokens for both
 *   check.c    what a line says, and whether that is what was sent
 *   order.c    who has seen what in which order
 *   proc.c     CPU times from /proc
 *   report.c, json.c, plot.c, svg.c   what is told
 */
#ifndef SS_LOAD_APP_H
#define SS_LOAD_APP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"
#include "event.h"
#include "hist.h"
#include "jwtkey.h"
#include "ring.h"
#include "ulid.h"
#include "ws.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

#define PIDS_MAX 64
#define POSTS_MAX 64          /* gifts on their way at once */
#define PAYLOAD_MAX (1 << 20) /* of a frame, and of a message in fragments */
#define READ_MAX (64 * 1024)  /* taken from a socket at once */
#define RUN_LEN 6

enum mistake {
	BAD_GAP,     /* a viewer never got a message that others got */
	BAD_LOST,    /* nobody got it, and its sender was told nothing */
	BAD_REPEAT,  /* a viewer got it twice */
	BAD_ORDER,   /* a viewer got it after a later one */
	BAD_CORRUPT, /* not what was sent, or not the same for all */
	BAD_STRAY,   /* in a room where it doesn't belong */
	BAD_FRAME,   /* not RFC 6455 */
	BAD_CLOSE,   /* a connection ended that nobody wanted to end */
	BAD_CONNECT, /* refused, or no proper handshake */
	BAD_GIFT,    /* an answer over HTTP that is none, or not 200 */
	BAD_KINDS
};

enum fate {
	NOTE_SENT,   /* on its way */
	NOTE_GUESS,  /* in the room's order, because a later one was seen */
	NOTE_SEEN,   /* in the room's order, because somebody got it */
	NOTE_REFUSED /* its sender was told so, or it was blocked */
};

/* One message or gift that was sent. */
struct note {
	struct note *prev, *next; /* in the room's order */
	uint64_t key;             /* grows along the order */
	uint64_t index;           /* how many were placed before it */
	int64_t due, sent, seen;  /* ns: intended, really, first receipt */
	uint64_t seq;             /* the event's, 0: none */
	uint64_t at, hash;        /* its line: position in the ring, digest */
	uint32_t len;             /* of the line */
	uint32_t sender, n;
	uint32_t here; /* viewers whose newest it is */
	enum fate fate;
	bool measured; /* due within the time that counts */
};

struct room {
	struct note *head, *tail;
	uint64_t placed; /* notes in it so far */
	uint64_t sum;    /* of the indexes of those present */
	uint32_t present;
};

/* A numbered series: a viewer's messages, or all gifts. */
struct sender {
	struct note **slot; /* by number, a power of two of them */
	uint32_t cap;
	uint32_t next;   /* the next number; the first is 1 */
	uint32_t placed; /* the highest number in the room's order */
	uint64_t seq;    /* that one's */
};

enum state {
	V_IDLE,    /* not begun, or waiting for its turn */
	V_CONNECT, /* TCP is connecting */
	V_SHAKE,   /* the request is out */
	V_OPEN,
	V_CLOSING, /* our close frame is out */
	V_GONE
};

struct owed {
	uint32_t sender, n;
};

struct viewer {
	int fd;
	enum state state;
	uint32_t index;
	bool slow;    /* stops reading */
	bool fresh;   /* its place in the order is not known yet */
	bool hello;   /* the first line is to be a hello */
	bool recover; /* it has asked for what it missed */
	bool ndjson;  /* several lines in a frame */
	bool told;    /* in room->present */
	bool wants_out;
	struct note *at; /* the newest seen, NULL: none */
	uint64_t pos;    /* at's index + 1 */
	uint64_t seq;
	int64_t since; /* ns: when the state began; open: when it was joined */
	struct owed *owed; /* notes passed over */
	uint32_t nowed, lost;
	struct buf in, frag, out;
	enum ws_opcode fragop;
	char accept[WS_ACCEPT_LEN + 1];
};

struct post;

struct counters {
	uint64_t sent, seen, refused, blocked, foreign;
	uint64_t measured; /* sent, and due within the time that counts */
	uint64_t deliveries, bytes, frames;
	uint64_t gifts, gift_again, gift_seen, gift_refused;
	uint64_t connects, churned, recovered, unrecovered;
	uint64_t slow_closed, slow_cut;
	uint64_t pings;
};

/* What happened in a slice of the time that counts. */
struct slice {
	uint64_t deliveries;
	int64_t worst; /* ns */
};

struct usage {
	double cpu; /* seconds, user and system */
};

struct machine {
	double busy, all;
};

enum phase { P_CONNECT, P_WARM, P_MEASURE, P_DRAIN, P_BYE, P_END };

struct app {
	/* options */
	const char *url, *svg, *pids, *token_key, *audience;
	int64_t nviewers, nsenders, nrooms, nslow, window, size;
	double rate, gift_rate, churn_rate, duration, warmup, ramp;
	bool max, json, ndjson;

	/* target.c */
	struct sockaddr_storage peer;
	socklen_t peerlen;
	char host[256];         /* for the Host header, with the port */
	struct buf path, query; /* "/ws", "a=b" */
	struct buf api;         /* "/api/gift" with what stands before it */
	uint32_t sources;       /* addresses of our own to connect from */

	struct jwtkeys keys; /* token.c: one or none */

	char run[RUN_LEN + 1]; /* names this run's users and messages */
	struct viewer *viewer;
	struct room *room;
	struct sender *sender; /* nsenders, then one for gifts */
	struct note *free;
	void *slabs;
	struct ring lines; /* the newest events, as they came */
	struct event event;
	struct buf word;
	char *input; /* PAYLOAD_MAX + READ_MAX + WS_HEAD_MAX */
	char epoch[64];
	bool has_seq;

	/* engine.c */
	int ep, timer;
	enum phase phase;
	int64_t now; /* ns, once a read */
	int64_t start, measure_from, measure_to;
	uint32_t begun, shaking, open, failed;
	uint32_t *queue; /* viewers that come back */
	uint32_t qhead, qlen;
	uint64_t due_sent, due_gifts, due_churn; /* so many are due so far */
	uint32_t churn_next, sender_next;
	int64_t next_due; /* ns: when the schedule has something to do */
	int64_t last_tick, last_scan;
	struct post *post;

	struct counters n, from, to; /* now, and at both ends of what counts */
	uint64_t mistakes[BAD_KINDS];
	char first[BAD_KINDS][160]; /* the first of each, in words */
	struct hist latency, gift_latency, lag;
	struct slice *slice;
	size_t nslices;
	int64_t slice_ns;
	uint64_t slice_base;
	double connect_s;
	char refusal[64]; /* the code of the latest */
	uint32_t slow_open;

	int pid[PIDS_MAX], npids;
	char comm[PIDS_MAX][32];
	struct usage server[PIDS_MAX], server_end[PIDS_MAX];
	struct usage self, self_end;
	struct machine machine, machine_end;
	bool pids_gone;
	bool progress, utf8;
};

/* engine.c */
int engine_open(struct app *);
void engine_close(struct app *);
/* One turn: what is due, then what came in, waiting at most 100 ms. */
void engine_turn(struct app *);
bool engine_stopped(void);
void engine_come_back(struct app *, struct viewer *);
/* Watches fd; id: a viewer's index, or POST_ID + a post's. */
#define POST_ID UINT64_C(0x100000000)
#define TIMER_ID UINT64_C(0x200000000)
int engine_watch(struct app *, int fd, uint64_t id, bool out, bool in);
int engine_change(struct app *, int fd, uint64_t id, bool out, bool in);

/* target.c */
/* NULL, or what is wrong with the URL. */
const char *target_parse(struct app *);
/* 0, or -1 when told on stderr. */
int target_open(struct app *);
/* A socket that is connecting, or -1 with errno. i spreads the sources. */
int target_connect(struct app *, uint32_t i, bool slow);
/* A slow viewer's socket, from when he reads again. */
void target_widen(int fd);

/* token.c: each 0, or -1 (token_open: when told on stderr) */
int token_open(struct app *);
int token_add(struct app *, const char *name, struct buf *out);

/* viewer.c */
void viewer_start(struct app *, struct viewer *);
void viewer_event(struct app *, struct viewer *, bool in, bool out);
/* Sends a text frame; false: the socket is full enough. */
bool viewer_say(struct app *, struct viewer *, const char *, size_t);
bool viewer_full(const struct viewer *);
/* Ends the connection now, by a close frame first where politely. */
void viewer_drop(struct app *, struct viewer *, bool politely);
/* Sends a close frame and waits for the answer. */
void viewer_bye(struct app *, struct viewer *);
void viewer_late(struct app *, struct viewer *);
void viewer_release(struct viewer *);
bool viewer_is_sender(const struct app *, const struct viewer *);

/* shake.c */
int shake_request(struct app *, struct viewer *, struct buf *);
/*
 * Reads the answer's head of n bytes. NULL, or what is wrong with it, in
 * a buffer that the next call overwrites.
 */
const char *shake_answer(
    struct app *, struct viewer *, const char *head, size_t n);

/* send.c */
void send_due(struct app *);
void random_bytes(void *p, size_t n);
void mask_next(unsigned char mask[4]);
uint32_t crc32_of(const char *p, size_t n);
/* Appends message n of a sender, as its text, to out. */
void send_text(struct app *, uint32_t sender, uint32_t n, struct buf *out);

/* gift.c */
int gift_open(struct app *);
void gift_due(struct app *);
void gift_event(struct app *, uint32_t post, bool in, bool out);
bool gift_busy(const struct app *);
void gift_close(struct app *);

/* check.c */
void check_line(struct app *, struct viewer *, const char *, size_t);

/* order.c */
int order_open(struct app *);
void order_close(struct app *);
struct note *order_new(struct app *, uint32_t sender);
struct note *order_find(struct app *, uint32_t sender, uint32_t n);
void order_refuse(struct app *, struct note *);
/* The note that this viewer gets next, if all is well. */
struct note *order_next(struct app *, const struct viewer *);
/* It is in the ring and reads so. */
bool order_is(struct app *, const struct note *, const char *, size_t);
/* Somebody got it for the first time: gives it its place. */
void order_place(struct app *, struct viewer *, struct note *, const char *,
    size_t, uint64_t seq);
/* This viewer got it. */
void order_got(struct app *, struct viewer *, struct note *);
void order_join(struct app *, struct viewer *, bool fresh);
void order_leave(struct app *, struct viewer *);
/* Everybody has all there is, and nothing is on its way. */
bool order_is_complete(struct app *);
/* Room for another message where the window is bounded. */
bool order_has_room(struct app *, uint32_t room);
/* Counts what never came. */
void order_finish(struct app *);
struct room *order_room(struct app *, const struct viewer *);

/* proc.c */
int proc_usage(int pid, struct usage *);
void proc_self(struct usage *);
void proc_comm(int pid, char *out, size_t n);
void proc_machine(struct machine *);

/* report.c */
void report_mistake(struct app *, enum mistake, const struct viewer *,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void report_progress(struct app *, bool last);
void report_text(struct app *, FILE *);
uint64_t report_mistakes(const struct app *);
/* Why the figures are ours rather than the server's, or NULL. */
const char *report_bottleneck(const struct app *);
double report_seconds(const struct app *);
double report_server_cpu(const struct app *);
const char *report_mistake_name(enum mistake);
/* "412 µs": borrowed from one of a few buffers. */
const char *report_time(const struct app *, int64_t ns);

/* json.c, plot.c, svg.c */
void json_report(struct app *, FILE *);
void plot_latency(const struct app *, FILE *);
void plot_rate(const struct app *, FILE *);
int svg_write(const struct app *, const char *path);

#endif
