/*
 * burst: sends to many sockets, in one system call by io_uring where the
 * kernel allows it, one by one elsewhere. A burst is over when burst_go
 * returns: nothing is in flight between two of them, so the bytes may be
 * overwritten and the sockets used by others.
 */
#ifndef SS_BURST_H
#define SS_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct burst;

/* NULL: no memory. It sends one by one. */
struct burst *burst_new(void);
void burst_free(struct burst *);
/*
 * From now on by io_uring, for so many sockets. 0, or -1 with errno: that
 * can't be done here, and all goes on as before. Not when one has joined.
 */
int burst_by_uring(struct burst *, unsigned sockets);
bool burst_is_by_uring(const struct burst *);

/* A socket joins; returns its place, or -1: it has none, and needs none. */
int burst_join(struct burst *, int fd);
/* Before the socket is closed, or it would stay open. */
void burst_leave(struct burst *, int place);

/*
 * Puts one send in line: n bytes, which m describes; it is borrowed until
 * burst_go. False: the line is full, burst_go first.
 */
struct burst_send {
	const struct msghdr *m;
	size_t n;
	int fd, place;
	void *who;
};
bool burst_add(struct burst *, const struct burst_send *);
/*
 * Sends all of them, without waiting for anybody, and calls
 * done(arg, who, k) for each that did not send all its bytes: k is how many
 * it did, or -errno.
 */
void burst_go(
    struct burst *, void (*done)(void *arg, void *who, ssize_t k), void *arg);

#endif
