/*
 * guard: stands between the sockets and libwebsockets, which reads through it.
 * The head of each request is looked through first (lib/head.h): what is
 * malformed, too large or ambiguous is answered here, as JSON with its status,
 * where the library would hang up, answer with a page of its own, or take it
 * for something else than others do. So are the frames of a WebSocket
 * (lib/frames.h): the library takes some that are wrong, ends others without a
 * close code, and answers one ping where several came.
 */
#ifndef SS_GUARD_H
#define SS_GUARD_H

#include <openssl/ssl.h>
#include <stdbool.h>

#define GUARD_READ 16384 /* bytes it reads at once: a whole record of TLS */
#define GUARD_ROOM 1280  /* more than that the library may see of them */

struct conn;
struct gateway;

/* Whose refusals are counted from now on. */
void guard_open(struct gateway *);
/* All connections are closed. */
void guard_close(void);
/*
 * A connection was accepted. 0, or -1: there is no memory for it, and it must
 * not be read from.
 */
int guard_watch(int fd);
/* It has become a WebSocket: whose pings and pongs they are from now on. */
void guard_upgraded(int fd, struct conn *);
/*
 * It takes too long: 408 for who has begun a request. False: he has not, and
 * there is nothing to wait for.
 */
bool guard_late(int fd, SSL *);
/* It is closed: the descriptor may be somebody else's. */
void guard_forget(int fd);

#endif
