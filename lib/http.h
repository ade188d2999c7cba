/*
 * http: JSON to a server by POST, one request at a time. A thin layer over
 * libcurl; connections are kept between requests. For many at a time see
 * fetch.h.
 */
#ifndef SS_HTTP_H
#define SS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define HTTP_BODY_MAX 65536 /* a good maximum for http_answer's body */

struct http;

struct http_conf {
	const char *agent; /* User-Agent */
	double timeout;    /* seconds for a whole request */
	/*
	 * A descriptor that interrupts a request: when it is readable,
	 * wake(arg) is called, and when that says true the request ends with
	 * HTTP_STOPPED. wake may be NULL.
	 */
	int wake_fd;
	bool (*wake)(void *arg);
	void *arg;
};

/* What became of a request. */
enum http_end {
	HTTP_ANSWERED, /* there is a status */
	HTTP_LOST,     /* refused, reset or timed out: another try may work */
	HTTP_FAILED,   /* another try would not help */
	HTTP_STOPPED   /* by wake */
};

struct http_answer {
	long status;
	double retry_after; /* seconds the server asks for; 0: it doesn't */
	struct buf body;    /* the caller's, filled anew by each request */
	char why[256];      /* HTTP_LOST and HTTP_FAILED: for people */
};

/*
 * A server's address (http://HOST:PORT, maybe with a path) with path behind
 * it, into out. 0, or -1 with *err, a constant. *open, where not NULL, says
 * that what is sent there can be read by others: no TLS, and not loopback.
 */
int http_url(const char *base, const char *path, struct buf *out, bool *open,
    const char **err);

/*
 * A service's address: a URL whose path, where it has none of its own, is
 * path, and whose query, where key is not NULL, has key=KEY (escaped) added.
 * The whole into out, without its query into shown, for people. 0, or -1 with
 * *err, a constant; a URL with a user, a password or a key in it is refused,
 * as secrets don't belong on a command line. *open as http_url.
 */
int http_service(const char *url, const char *path, const char *key,
    struct buf *out, struct buf *shown, bool *open, const char **err);

/* Borrows conf for its lifetime. NULL: no memory. */
struct http *http_new(const struct http_conf *);
void http_free(struct http *);
/*
 * Posts n bytes of JSON and waits for the answer. headers: a NULL-terminated
 * list of "Name: value" (no line breaks inside; the caller has checked that).
 * All arguments are borrowed. An answer's body longer than its buf's maximum
 * is cut off there.
 */
enum http_end http_post(struct http *, const char *url,
    const char *const *headers, const char *json, size_t n,
    struct http_answer *);

#endif
