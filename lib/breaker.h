/*
 * breaker: whether it is worth asking a server that may be away. After
 * several failures in a row, or when half of the latest requests failed, it
 * opens: nothing is asked for a while. Then one request is let through to
 * try; its success closes the breaker, its failure doubles the while. It
 * knows no clock: now is monotonic milliseconds, given by the caller.
 */
#ifndef SS_BREAKER_H
#define SS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_ROW 5           /* failures in a row that open it */
#define BREAKER_WINDOW 32       /* latest requests; half of them failed: open */
#define BREAKER_FIRST 1000      /* ms it stays open at first ... */
#define BREAKER_LAST 10000      /* ... doubled up to this */
#define BREAKER_TOLD_MAX 300000 /* ms that a server may ask us to wait */

/* A zeroed breaker is closed and ready. */
struct breaker {
	bool open;
	bool trying;          /* open, and its one request is under way */
	unsigned turn;        /* counts openings and tries */
	unsigned row;         /* failures in a row */
	unsigned known;       /* how much of the window is filled */
	uint32_t failed;      /* the window, a bit a request */
	int64_t since;        /* when it opened */
	int64_t until, pause; /* when it may try next; the latest pause */
};

/*
 * Whether to ask now. True: do, and tell how it ended together with *turn.
 */
bool breaker_ask(struct breaker *, int64_t now, unsigned *turn);

enum breaker_news {
	BREAKER_AS_IT_WAS,
	BREAKER_OPENED, /* until b->until; not told again while it stays open */
	BREAKER_CLOSED  /* it had been open since b->since */
};
/*
 * How a request ended. wait: ms that the server asked to be left alone, or 0;
 * with a failure this opens the breaker at once. Requests of an earlier turn
 * don't count.
 */
enum breaker_news breaker_tell(
    struct breaker *, int64_t now, unsigned turn, bool ok, int64_t wait);
/* The request was given up and says nothing about the server. */
void breaker_forget(struct breaker *, int64_t now, unsigned turn);

#endif
