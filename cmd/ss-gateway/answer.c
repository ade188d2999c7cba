/*
 * answer: what is said to a request. It is written in one piece, headers and
 * body; the library's own helpers would add HTML pages and headers of their
 * own.
 */
#include <string.h>

#include "gateway.h"
#include "origin.h"
#include "www.h"

#include "banned.h"

static const struct {
	int status;
	const char *reason, *code;
} statuses[] = {
	{ 200, "OK", "ok" },
	{ 304, "Not Modified", "not_modified" },
	{ 400, "Bad Request", "bad_request" },
	{ 401, "Unauthorized", "unauthorized" },
	{ 403, "Forbidden", "forbidden" },
	{ 404, "Not Found", "not_found" },
	{ 405, "Method Not Allowed", "method_not_allowed" },
	{ 408, "Request Timeout", "timeout" },
	{ 409, "Conflict", "conflict" },
	{ 411, "Length Required", "length_required" },
	{ 413, "Content Too Large", "too_large" },
	{ 414, "URI Too Long", "uri_too_long" },
	{ 415, "Unsupported Media Type", "unsupported_media_type" },
	{ 426, "Upgrade Required", "upgrade_required" },
	{ 429, "Too Many Requests", "rate_limited" },
	{ 431, "Request Header Fields Too Large", "headers_too_large" },
	{ 503, "Service Unavailable", "busy" },
	{ 504, "Gateway Timeout", "timeout" },
	{ 505, "HTTP Version Not Supported", "version_not_supported" },
	{ 500, "Internal Server Error", "internal" },
};

static size_t
row_of(int status)
{
	size_t i;

	for (i = 0; i < sizeof statuses / sizeof *statuses - 1; i++)
		if (statuses[i].status == status)
			break;
	return i;
}

const char *
answer_word(int status)
{
	return statuses[row_of(status)].code;
}

static int
put_status(struct buf *b, int status, const char *headers)
{
	size_t row = row_of(status);

	return buf_addf(b, "HTTP/1.1 %d %s\r\n%sConnection: close\r\n",
	    statuses[row].status, statuses[row].reason, headers);
}

/* Header lines for what is made anew each time. */
static int
put_type(struct buf *b, const char *type, const char *extra)
{
	return buf_addf(b,
	    "Content-Type: %s\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "%s",
	    type, extra);
}

static void
put_error(struct buf *b, int status, const char *detail)
{
	buf_addf(b, "{\"error\":\"%s\"", answer_word(status));
	if (detail) {
		buf_adds(b, ",\"detail\":");
		json_write_str(b, detail, strlen(detail));
	}
	buf_adds(b, "}\n");
}

void
answer_write(struct lws *wsi, int status, const char *headers, const char *body,
    size_t n)
{
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	if (buf_reserve(&b, LWS_PRE) < 0)
		return;
	b.len = LWS_PRE; /* the library wants room in front */
	if (put_status(&b, status, headers) == 0) {
		if (!strstr(headers, WWW_FOR_ALL))
			origin_headers(
			    lws_context_user(lws_get_context(wsi)), wsi, &b);
		if (status != 304)
			buf_addf(&b, "Content-Length: %zu\r\n", n);
	}
	if (buf_adds(&b, "\r\n") == 0 && (head || buf_add(&b, body, n) == 0))
		/* if that fails the connection ends, as it does anyway */
		lws_write(wsi, (unsigned char *)b.p + LWS_PRE, b.len - LWS_PRE,
		    LWS_WRITE_HTTP_HEADERS);
	buf_release(&b);
}

void
answer_with(struct lws *wsi, int status, const char *type, const char *extra,
    const char *body, size_t n)
{
	struct buf b;

	buf_init(&b, 8192);
	if (put_type(&b, type, extra) == 0)
		answer_write(wsi, status, b.p, body, n);
	buf_release(&b);
}

void
answer_error(struct lws *wsi, int status, const char *detail, const char *extra)
{
	struct buf b;

	if (status == 401 && !*extra)
		extra = detail && strncmp(detail, "token:", 6) == 0
			    ? "WWW-Authenticate: Bearer realm=\"safestream\","
			      " error=\"invalid_token\"\r\n"
			    : "WWW-Authenticate: Bearer"
			      " realm=\"safestream\"\r\n";
	buf_init(&b, 4096);
	put_error(&b, status, detail);
	answer_with(wsi, status, JSON_TYPE, extra, b.p, b.len);
	buf_release(&b);
}

void
answer_error_wait(struct lws *wsi, int status, const char *detail, int64_t wait)
{
	char extra[48] = "";

	if (wait > 0)
		lws_snprintf(extra, sizeof extra, "Retry-After: %lld\r\n",
		    (long long)wait);
	answer_error(wsi, status, detail, extra);
}

void
answer_text(struct buf *out, int status, const char *detail, bool head)
{
	const char *extra = status == 405
				? "Allow: GET, HEAD, POST, OPTIONS\r\n"
				: "";
	struct buf headers, body;

	buf_init(&headers, 1024);
	buf_init(&body, 1024);
	put_type(&headers, JSON_TYPE, extra);
	put_error(&body, status, detail);
	put_status(out, status, headers.p);
	buf_addf(out, "Content-Length: %zu\r\n\r\n", body.len);
	if (!head)
		buf_add(out, body.p, body.len);
	buf_release(&headers);
	buf_release(&body);
}
