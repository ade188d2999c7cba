/*
 * origin: which web pages may use this gateway (RFC 6454). A browser says in
 * the Origin header whose page it is that connects or posts, and a page can't
 * change that; who sends none is no page.
 */
#ifndef SS_ORIGIN_H
#define SS_ORIGIN_H

#include <libwebsockets.h>
#include <stdbool.h>

struct buf;
struct gateway;

/* A list as --origin and --cors take it. */
bool origin_list_valid(const char *list);
/* The request comes from a page that may do this, or from none. */
bool origin_allowed(const struct gateway *, struct lws *);
/* The request comes from a page that --origin or --cors names. */
bool origin_is_listed(const struct gateway *, struct lws *);
/* Adds the header lines by which --cors lets a page read this answer. */
void origin_headers(const struct gateway *, struct lws *, struct buf *);
/* Adds those of the answer to a preflight request of a listed page. */
void origin_preflight(const struct gateway *, struct lws *, struct buf *);

#endif
