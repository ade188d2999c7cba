/*
 * request: what the head of a request says, WebSocket or not.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"

#include "banned.h"

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
