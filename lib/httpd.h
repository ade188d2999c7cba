/*
 * httpd: a small HTTP/1.1 server in a loop (loop.h), for what a program says
 * of itself: metrics, a page for its users, an API beside it. Requests with a
 * body of known length, keep-alive, answers at once or later, and streams
 * (server-sent events). Everything is bounded: connections, the head, the
 * body, what waits for a client, and how long each may take; who is slow or
 * hostile loses his connection, and nobody else notices.
 */
#ifndef SS_HTTPD_H
#define SS_HTTPD_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

#define HTTPD_HEAD_MAX 8192  /* bytes of a request's line and headers */
#define HTTPD_HEADERS_MAX 64 /* headers of a request */
#define HTTPD_CONNS_MAX 1024

struct httpd;
struct httpd_conn;

struct httpd_conf {
	/*
	 * At a time, at most HTTPD_CONNS_MAX; one more pushes out the one
	 * that has been without a request for the longest.
	 */
	size_t conns;
	size_t body_max;     /* bytes of a request's body; more is a 413 */
	size_t queue_max;    /* bytes of a stream that wait for its client */
	const char *headers; /* of each answer, each with \r\n; NULL: none */
	/* A whole request: answer it here or later, or make it a stream. */
	void (*request)(void *arg, struct httpd_conn *);
	/*
	 * The client of a stream, or of a request that is not answered yet,
	 * has gone; may be NULL.
	 */
	void (*gone)(void *arg, struct httpd_conn *);
};

/*
 * Listens at addr: listen:PATH, a Unix socket as sock_listen has it, or
 * HOST:PORT ([::1]:80, localhost:0). Copies conf but not headers. NULL with
 * *err, a constant or strerror's.
 */
struct httpd *httpd_open(struct loop *, const char *addr,
    const struct httpd_conf *, void *arg, const char **err);
void httpd_free(struct httpd *);
/* 0, or -1 with *err, a constant: addr can't be read. */
int httpd_addr_check(const char *addr, const char **err);
/* Where it can be reached: http://HOST:PORT or the socket's path. */
const char *httpd_where(const struct httpd *);
/* Others than this machine's users may reach it. */
bool httpd_is_open(const struct httpd *);

/* The request at hand; valid until it is answered. */
const char *httpd_method(const struct httpd_conn *);
const char *httpd_path(const struct httpd_conn *); /* decoded, no query */
/* A header by its name in lower case; NULL: absent. */
const char *httpd_header(const struct httpd_conn *, const char *name);
/* NUL-terminated. */
const char *httpd_body(const struct httpd_conn *, size_t *n);
/*
 * The query's argument name, decoded, into out (size bytes). 0, or -1: absent
 * (out is "" then), too long, or no text.
 */
int httpd_arg(
    const struct httpd_conn *, const char *name, char *out, size_t size);
/* A place for the caller's own; NULL at first, and with each request. */
void **httpd_own(struct httpd_conn *);

/*
 * Answers with n bytes of that type, which nobody is to keep. type NULL: what
 * the type is, and how long it holds, extra says: header lines, each with
 * \r\n, or NULL. The body is copied.
 */
void httpd_answer(struct httpd_conn *, int status, const char *type,
    const char *extra, const void *body, size_t n);
/* The same with {"error":…,"detail":…}; detail NULL: none. */
void httpd_error(struct httpd_conn *, int status, const char *detail);
/* Begins an answer without an end. */
void httpd_stream(struct httpd_conn *, const char *type);
/*
 * More of a stream. False: he has let more than queue_max wait, and is cut
 * off; gone() has been called.
 */
bool httpd_send(struct httpd_conn *, const void *p, size_t n);
/* Ends a stream once what waits has left. gone() is called. */
void httpd_end(struct httpd_conn *);
/* Streams that were cut off so far. */
unsigned long httpd_cut_off(const struct httpd *);

#endif
