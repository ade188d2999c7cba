/*
 * app.h: what the parts of ss-gift share: main.c (options, start, end),
 * source.c (where gifts come from), send.c (where they go) and chance.c
 * (random numbers).
 */
#ifndef SS_GIFT_APP_H
#define SS_GIFT_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "event.h"
#include "http.h"
#include "loop.h"
#include "sink.h"
#include "ulid.h"

#define STREAK_MAX 1000000
#define BOT "bot" /* who gives random gifts */
#define NEED_NAME "must be 1 to 50 of A-Z a-z 0-9 . _ -"

struct gift {
	char from[EVENT_NAME_MAX + 1];
	char room[EVENT_NAME_MAX + 1]; /* empty: none given */
	int64_t gift_id, amount;       /* -1: not given */
	char nonce[EVENT_NONCE_MAX];
	size_t nonce_len;                /* 0: none given */
	char streak[EVENT_NAME_MAX + 1]; /* empty: it is not part of one */
	int64_t count;                   /* of the streak, with this one */
};

struct app {
	/* options */
	const char *from, *room, *url, *key, *token_file, *output;
	int64_t gift_id, amount, count, seed, retries, streak;
	double interval, timeout;
	bool random, jitter, to_stdout, batch;

	struct loop *loop;
	struct loop_timer timer, drain;
	bool rang;    /* the timer did */
	bool stopped; /* SIGINT or SIGTERM, or the output is gone */
	bool hurry;   /* and what is in hand has had its time */
	int status;
	uint64_t chance; /* for what need not be the same again */
	struct ulid ulid;

	struct http_conf http_conf;
	struct http *http;
	struct http_answer answer;
	struct buf target, auth;

	struct addr addr;
	struct sink *sink;
	int broken; /* errno of an output that can't be written any more */

	struct buf text;   /* a body or a line */
	struct buf word;   /* a decoded string */
	struct buf detail; /* a server's words */
	char where[32];    /* "stdin:42: " in front of what is told */
};

/* chance.c */
/* The next number of a reproducible series. */
uint64_t splitmix(uint64_t *state);
/* 0.5 <= x < 1.5 */
double around_one(uint64_t *state);
uint64_t make_seed(void);

/* main.c */
/* For loop_after with the app as arg: sets rang. */
void on_timer(void *arg);
/* Sleeps, or until it is time to stop. */
void pause_for(struct app *, double seconds);
/* A header's value can hold these n bytes as they are. */
bool key_is_sendable(const char *p, size_t n);

/* source.c: sends all that there is to send */
void send_one(struct app *);
void send_streak(struct app *);
void send_random(struct app *);
void send_batch(struct app *);

/* send.c */
/* Sends a gift and waits for what becomes of it. */
void send_gift(struct app *, const struct gift *);
int send_open(struct app *);
void send_close(struct app *);

#endif
