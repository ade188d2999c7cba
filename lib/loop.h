/*
 * loop: descriptors, timers and signals in one epoll set. It can run by
 * itself, or hang as one descriptor (loop_fd) in somebody else's loop, as it
 * does in ss-gateway, where libuv turns. Regular files, which epoll refuses,
 * count as always ready.
 */
#ifndef SS_LOOP_H
#define SS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* events of a descriptor; LOOP_ERR is reported unasked, also for hang-up */
enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_ERR = 4, LOOP_RDHUP = 8 };

/* A watched descriptor. The caller owns it and may free it after loop_del. */
struct loop_io {
	int fd;
	unsigned events;
	void (*fn)(void *arg, unsigned events);
	void *arg;
	bool always; /* a regular file: ready at each turn */
};

/* A timer that fires once. A zeroed one is ready for loop_after. */
struct loop_timer {
	int64_t due; /* monotonic ms; 0: not set */
	void (*fn)(void *arg);
	void *arg;
	struct loop_timer *next;
};

/* NULL with errno on failure. */
struct loop *loop_new(void);
void loop_free(struct loop *);
/* Watches io->fd (set fd, events, fn, arg before). 0, or -1 with errno. */
int loop_add(struct loop *, struct loop_io *);
int loop_mod(struct loop *, struct loop_io *, unsigned events);
/* Safe inside any callback, for any io, watched or not. */
void loop_del(struct loop *, struct loop_io *);
/* Fires fn(arg) once in ms from now, in place of what was set. */
void loop_after(struct loop *, struct loop_timer *, int64_t ms,
    void (*fn)(void *arg), void *arg);
void loop_cancel(struct loop *, struct loop_timer *);
/*
 * Blocks signo and calls fn(arg, signo) from the loop instead; one fn for
 * all signals. 0, or -1 with errno.
 */
int loop_signal(
    struct loop *, int signo, void (*fn)(void *arg, int signo), void *arg);
/* One of the signals watched has arrived and was not told yet. */
bool loop_signalled(struct loop *, int signo);
/* Runs until loop_stop. 0, or -1 with errno. */
int loop_run(struct loop *);
void loop_stop(struct loop *);
/* One turn, waiting at most ms (-1: without end). 0, or -1 with errno. */
int loop_turn(struct loop *, int ms);
/*
 * A descriptor that is readable whenever loop_turn(loop, 0) has something to
 * do, timers included.
 */
int loop_fd(struct loop *);

#endif
