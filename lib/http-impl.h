/*
 * http-impl: what http.c (one request, waited for) and fetch.c (many, in a
 * loop) share of libcurl. Nobody else includes it.
 */
#ifndef SS_HTTP_IMPL_H
#define SS_HTTP_IMPL_H

#include <stdbool.h>

#include "http.h"
#include "libcurl.h"

bool http_is_loopback(const char *url);
/* headers behind ours; gives a list, or NULL without memory. */
struct curl_slist *http_headers(const char *const *headers);
/* What any POST of ours has; borrows headers, timeout in seconds. */
void http_set_up(CURL *, const char *url, const struct curl_slist *headers,
    const char *agent, double timeout);
/* Fills a (but for its body) by how the request ended; said: what curl said. */
enum http_end http_conclude(
    CURL *, CURLcode, const char *said, struct http_answer *a);
/* As before a request; the body's memory is kept. */
void http_clear(struct http_answer *);

#endif
