/*
 * hub-impl: what hub.c (ring and sockets) and hub-past.c (positions and what
 * was missed) share. Nobody else includes it.
 */
#ifndef SS_HUB_IMPL_H
#define SS_HUB_IMPL_H

#include <stdbool.h>

#include "buf.h"
#include "epoch.h"
#include "hub.h"
#include "linein.h"
#include "logread.h"
#include "ring.h"
#include "state.h"

struct reader {
	struct hub *hub;
	struct reader *next;
	struct loop_io io;
	pid_t pid;
	uint64_t pos;     /* in the ring: what he has had */
	struct buf past;  /* hello and past, to be sent before the ring */
	size_t past_sent; /* bytes of it */
	uint64_t want;    /* next position from the files; 0: none */
	struct linein in;
	struct {
		enum { ASK_NOTHING, ASK_SINCE, ASK_HISTORY } what;
		char epoch[EPOCH_MAX + 1];
		uint64_t n;  /* since, or history */
		int64_t age; /* history: and all so young, ms; 0: none */
		bool state;
	} ask;
	bool asked;   /* he has had his one request */
	bool greeted; /* and his hello */
	bool mute;    /* he will say nothing more, but may still listen */
	bool dead;    /* freed at the end of the turn */
};

/* Where a kept line stands in the ring. */
struct kept {
	uint64_t pos;
	size_t len;
};

struct hub {
	struct loop *loop;
	struct hub_conf conf;
	hub_news_fn *news;
	void *arg;
	char path[108];
	int lock;
	struct loop_io listener;
	struct loop_timer again, start;
	struct ring ring; /* grows with what has to be kept in it */
	uint64_t room;    /* up to here nothing of that is overwritten */
	size_t max_lag;   /* conf's; less where no memory is left to grow */
	struct reader *readers;
	size_t nreaders;
	struct kept *kept;   /* a ring of conf.history entries */
	uint64_t nkept;      /* kept since the start */
	uint64_t kept_first; /* the first of them that counts */
	uint64_t seq;        /* position: of the last event kept */
	/*
	 * Until this position nobody is answered; 0: as soon as known. The
	 * files have it, and ss-log has not passed it on yet.
	 */
	uint64_t await;
	bool known;    /* the epoch is settled; until then nobody is answered */
	bool numbered; /* events carry positions */
	bool counted;  /* we count ourselves: they don't */
	bool loading;  /* what is appended is the past, for nobody as yet */
	char epoch[EPOCH_MAX + 1];
	struct logread *log;
	struct state *state;
	struct buf lines; /* from the files */
};

/* Bytes that the ring may have at most, but for the rounding. */
size_t hub_ring_max(const struct hub *);
/* Tells news. */
void hub_tell(struct hub *, enum hub_news, pid_t, uint64_t n);
/* A line into the ring and, with keep, among those that are kept. */
void hub_append(struct hub *, const char *line, size_t n, bool keep);
/* What he has not had of the ring becomes his own, and he is level. */
int reader_detach(struct reader *);
void reader_drop(struct reader *, enum hub_news why, uint64_t n);

/* Settles the start: at once, or when the epoch is heard or overdue. */
int hub_past_open(struct hub *);
void hub_past_close(struct hub *);
/* Reads a reader's request line, and answers when that is possible. */
void hub_past_request(struct reader *, const char *line, size_t n);
/* Puts more of the files' events into r->past. */
void hub_past_refill(struct reader *);

#endif
