/*
 * fetch: JSON to one server by POST, many requests at a time, in a loop
 * (libcurl's multi interface). Connections are kept between requests; over
 * TLS a server that speaks HTTP/2 gets many to a connection. Redirects are not
 * followed, certificates are verified, and what http.h says of proxies holds.
 */
#ifndef SS_FETCH_H
#define SS_FETCH_H

#include <stddef.h>

#include "http.h"
#include "loop.h"

struct fetch;

struct fetch_conf {
	const char *url, *agent;
	const char *const *headers; /* as http_post's */
	double timeout;             /* seconds for a whole request */
	size_t most;                /* requests at a time, at least 1 */
	/*
	 * How the request with this tag ended. The answer is borrowed; when
	 * its body is longer than HTTP_BODY_MAX, the request has failed. Not
	 * a place for fetch_post.
	 */
	void (*done)(
	    void *arg, void *tag, enum http_end, const struct http_answer *);
	/* After one or more done(), from the loop: a place for anything. */
	void (*turned)(void *arg);
	void *arg;
};

/* Copies conf, its strings too. NULL without memory. */
struct fetch *fetch_new(struct loop *, const struct fetch_conf *);
/* Ends what is under way without a word. The loop must still be there. */
void fetch_free(struct fetch *);
/*
 * Starts a request with n bytes of JSON, which are copied. done() is called
 * from the loop, never from here. 0, or -1 with errno: EAGAIN (as many as
 * may be are under way) or ENOMEM.
 */
int fetch_post(struct fetch *, const char *json, size_t n, void *tag);
/* Requests under way: started, and done() not yet called. */
size_t fetch_count(const struct fetch *);

#endif
