/* origin: see origin.h. */
#include "origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"

#include "banned.h"

#define ORIGIN_MAX 300 /* a host's name has at most 253 characters */

static const char separators[] = ", ";

/* An origin without its scheme and without the port that this one implies. */
static size_t
host_of(const char **p, size_t n)
{
	static const struct {
		const char *scheme, *port;
	} known[] = { { "http://", ":80" }, { "https://", ":443" } };
	size_t i, k, port;

	for (i = 0; i < sizeof known / sizeof *known; i++) {
		k = strlen(known[i].scheme);
		port = strlen(known[i].port);
		if (n < k || strncasecmp(*p, known[i].scheme, k) != 0)
			continue;
		*p += k;
		n -= k;
		if (n > port && memcmp(*p + n - port, known[i].port, port) == 0)
			n -= port;
		return n;
	}
	return 0;
}

static bool
is_origin(const char *p, size_t n)
{
	static const char never[] = "/?#@\\\"'<> \t";
	size_t i;

	if (n >= ORIGIN_MAX)
		return false;
	n = host_of(&p, n);
	for (i = 0; i < n; i++)
		if (strchr(never, p[i]) || (unsigned char)p[i] < ' ')
			return false;
	return n > 0;
}

bool
origin_list_valid(const char *list)
{
	size_t n;

	if (!*list)
		return false;
	for (; *list; list += n + strspn(list + n, separators)) {
		n = strcspn(list, separators);
		if (!(n == 1 && *list == '*') && !is_origin(list, n))
			return false;
	}
	return true;
}

/* Both are http or both https, and the same host and port. */
static bool
same(const char *a, size_t an, const char *b, size_t bn)
{
	/* after "http" there is a colon or an s */
	if (an < 5 || bn < 5 ||
	    tolower((unsigned char)a[4]) != tolower((unsigned char)b[4]))
		return false;
	an = host_of(&a, an);
	bn = host_of(&b, bn);
	return an && an == bn && strncasecmp(a, b, an) == 0;
}

static bool
listed(const char *list, const char *origin)
{
	size_t n, len = strlen(origin);

	for (; *list; list += n + strspn(list + n, separators)) {
		n = strcspn(list, separators);
		if ((n == 1 && *list == '*') || same(list, n, origin, len))
			return true;
	}
	return false;
}

/* "null", or one of an app or an extension: an asterisk means these, too. */
static bool
is_opaque(const char *p)
{
	for (; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr("\"'<>\\,", *p))
			return false;
	return true;
}

/* The Origin header. 1; 0: there is none; -1: it can't be one. */
static int
origin_of(struct lws *wsi, char out[ORIGIN_MAX])
{
	if (!lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
		return 0;
	if (lws_hdr_copy(wsi, out, ORIGIN_MAX, WSI_TOKEN_ORIGIN) < 0 ||
	    !(is_origin(out, strlen(out)) || is_opaque(out)))
		return -1;
	return 1;
}

/*
 * The page came from here: from the host and port that it asks for now. The
 * scheme may differ, as it does behind a proxy that ends TLS; where we speak
 * TLS ourselves a page by http is one that somebody on the way has made.
 */
static bool
is_ours(const struct gateway *g, struct lws *wsi, const char *origin)
{
	bool https = strncasecmp(origin, "https:", 6) == 0;
	char host[ORIGIN_MAX];
	const char *p = origin;
	size_t n = host_of(&p, strlen(origin)), len, port;

	if (g->tls_cert && !https)
		return false;
	if (lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0)
		return false;
	len = strlen(host);
	port = https ? 4 : 3;
	if (len > port &&
	    strcmp(host + len - port, https ? ":443" : ":80") == 0)
		len -= port;
	return n && n == len && strncasecmp(p, host, n) == 0;
}

bool
origin_allowed(const struct gateway *g, struct lws *wsi)
{
	char origin[ORIGIN_MAX];
	int r = origin_of(wsi, origin);

	if (r <= 0)
		return r == 0;
	if (g->cors && listed(g->cors, origin))
		return true;
	return g->origin ? listed(g->origin, origin) : is_ours(g, wsi, origin);
}

bool
origin_is_listed(const struct gateway *g, struct lws *wsi)
{
	char origin[ORIGIN_MAX];

	return origin_of(wsi, origin) > 0 &&
	       ((g->cors && listed(g->cors, origin)) ||
		   (g->origin && listed(g->origin, origin)));
}

void
origin_headers(const struct gateway *g, struct lws *wsi, struct buf *b)
{
	char origin[ORIGIN_MAX];

	if (!g->cors)
		return;
	buf_adds(b, "Vary: Origin\r\n");
	if (origin_of(wsi, origin) <= 0 || !listed(g->cors, origin))
		return;
	buf_addf(b,
	    "Access-Control-Allow-Origin: %s\r\n"
	    "Access-Control-Expose-Headers: Retry-After\r\n",
	    origin);
}

void
origin_preflight(const struct gateway *g, struct lws *wsi, struct buf *b)
{
	char origin[ORIGIN_MAX];

	/* it may post, though --cors doesn't let it read what is answered */
	if (origin_of(wsi, origin) > 0 && !(g->cors && listed(g->cors, origin)))
		buf_addf(b, "%sAccess-Control-Allow-Origin: %s\r\n",
		    g->cors ? "" : "Vary: Origin\r\n", origin);
	buf_adds(b,
	    "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
	    "Access-Control-Allow-Headers: Authorization, Content-Type, "
	    "Idempotency-Key\r\n"
	    "Access-Control-Max-Age: 600\r\n");
}
