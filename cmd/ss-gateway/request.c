/*
 * request: what the head of a request says, and what holds for all of them,
 * WebSocket or not.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"

#include "banned.h"

/*
 * The version: HTTP/1.x, or none at all, as HTTP/0.9 has it. A status, or 0;
 * *named: it is one that has to name its host.
 */
static int
check_version(struct lws *wsi, bool *named, const char **why)
{
	static const char digits[] = "0123456789";
	int n = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP);
	char v[16];

	*named = false;
	if (!n)
		return 0;
	*why = "request line: no version of HTTP";
	if (n != 8 || lws_hdr_copy(wsi, v, sizeof v, WSI_TOKEN_HTTP) != n ||
	    strncmp(v, "HTTP/", 5) != 0 || strspn(v + 5, digits) != 1 ||
	    v[6] != '.' || strspn(v + 7, digits) != 1)
		return 400;
	*why = "request line: only HTTP/1 is spoken here";
	if (v[5] != '1')
		return 505;
	*named = v[7] != '0';
	return 0;
}

/*
 * A blank between a header's name and its colon (RFC 9112, 5.1), which makes
 * it one that libwebsockets doesn't know, while a proxy in front may have
 * taken it for what it looks like: matters with those that say where a body
 * ends, and whose the request is.
 */
static bool
has_blank_name(struct lws *wsi)
{
#define BLANK(name)                        \
	name " :", name "\t:", name "  :", \
	    name "\t\t:", name " \t:", name "\t :"
	static const char *const names[] = { BLANK("transfer-encoding"),
		BLANK("content-length"), BLANK("host"), BLANK("authorization"),
		BLANK("origin"), BLANK("idempotency-key") };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (lws_hdr_custom_length(
			wsi, names[i], (int)strlen(names[i])) >= 0)
			return true;
	return false;
}

int
request_check(struct lws *wsi, const char **why)
{
	bool named;
	int status = check_version(wsi, &named, why);

	if (status)
		return status;
	*why = "headers: a blank in front of a colon";
	if (has_blank_name(wsi))
		return 400;
	/* RFC 9112, 3.2 */
	*why = "Host: missing";
	if (named && !lws_hdr_total_length(wsi, WSI_TOKEN_HOST))
		return 400;
	*why = "Host: more than one";
	if (lws_hdr_fragment_length(wsi, WSI_TOKEN_HOST, 1) > 0)
		return 400;
	return 0;
}

int64_t
request_length(struct lws *wsi)
{
	char v[32];
	int n = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);

	if (!n)
		return -1;
	if (n >= 16 ||
	    lws_hdr_copy(wsi, v, sizeof v, WSI_TOKEN_HTTP_CONTENT_LENGTH) <=
		0 ||
	    strspn(v, "0123456789") != strlen(v))
		return -2;
	return (int64_t)strtoull(v, NULL, 10);
}

bool
request_is_chunked(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
}

bool
request_is_json(struct lws *wsi)
{
	char v[128];
	size_t n = sizeof JSON_TYPE - 1;

	if (lws_hdr_copy(wsi, v, sizeof v, WSI_TOKEN_HTTP_CONTENT_TYPE) <= 0 ||
	    strncasecmp(v, JSON_TYPE, n) != 0)
		return false;
	return !v[n] || strchr(" \t;", v[n]);
}

bool
request_is_get(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0 ||
	       lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
}
