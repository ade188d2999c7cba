/* head: what passes, what it becomes, and what is refused. */
#include "../../lib/head.h"

#include "tap.h"

#include "../../lib/banned.h"

#define HOST "Host: a\r\n"

static const struct head_field fields[] = { { "host", "host", true },
	{ "accept", "accept", false }, { "secret", "public", true },
	{ "upgrade", "upgrade", false },
	{ "transfer-encoding", "transfer-encoding", false },
	{ NULL, NULL, false } };

static struct head h;
static char out[2 * HEAD_MAX];
static size_t len;
static const char *why;

/* Takes n bytes in pieces of that size; what passes is in out. */
static int
take(const char *in, size_t n, size_t piece)
{
	size_t i, k, used, got;
	int r = 0;

	head_init(&h, fields);
	for (len = i = 0; i < n && !r; i += k) {
		k = n - i < piece ? n - i : piece;
		r = head_take(&h, in + i, k, &used, out + len, &got, &why);
		len += got;
		if (r == 1) {
			memcpy(out + len, in + i + used, n - i - used);
			len += n - i - used;
		}
	}
	out[len] = '\0';
	return r;
}

/* In every way of cutting it. */
static void
becomes(const char *in, const char *want)
{
	size_t n = strlen(in), piece;
	bool ok = true;

	for (piece = 1; piece <= n; piece++)
		ok &= take(in, n, piece) == 1 && strcmp(out, want) == 0;
	if (!OK_FOR(ok, in))
		printf("#   came: %s\n", out);
}

static void
is_refused(int status, const char *in, size_t n, const char *detail)
{
	bool ok = take(in, n, n) == status && strcmp(why, detail) == 0;

	ok &= take(in, n, 1) == status && strcmp(why, detail) == 0;
	if (!OK_FOR(ok, in))
		printf("#   why: %s\n", why);
}
#define REFUSED(status, in, detail) \
	is_refused((status), (in), sizeof(in) - 1, (detail))

static void
passes(void)
{
	becomes("GET / HTTP/1.1\r\n" HOST "\r\n",
	    "GET / HTTP/1.1\r\nhost:a\r\n\r\n");
	becomes("POST /a%20b?c=d&e HTTP/1.0\r\n\r\n\r\nbody\n",
	    "POST /a%20b?c=d&e HTTP/1.0\r\n\r\n\r\nbody\n");
	becomes("\r\nHEAD / HTTP/1.0\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n");
	OK(h.is_head);
	becomes("OPTIONS * HTTP/1.2\r\nhOST:a\r\nSecret: \tx y \r\n\r\n",
	    "OPTIONS / HTTP/1.2\r\nhost:a\r\npublic:x y\r\n\r\n");
	becomes("GET / HTTP/1.0\r\nX-A: b\r\nAccept:\r\nAccept-X: c\r\n"
		"Secre: d\r\nSecrets: e\r\n\r\n",
	    "GET / HTTP/1.0\r\naccept:\r\n\r\n");
	becomes("GET / HTTP/1.0\r\nExpect: 100-Continue \r\n\r\n",
	    "GET / HTTP/1.0\r\n\r\n");
	OK(!h.expects && !h.is_head);
	becomes("GET / HTTP/1.1\r\n" HOST "Expect: 100-Continue \r\n\r\n",
	    "GET / HTTP/1.1\r\nhost:a\r\n\r\n");
	OK(h.expects);
	becomes("GET / HTTP/1.0\r\naccept: \xc3\xa4\xff\r\n\r\n",
	    "GET / HTTP/1.0\r\naccept:\xc3\xa4\xff\r\n\r\n");
	becomes("GET / HTTP/1.0\r\naccept:a \t b            c\t\r\n\r\n",
	    "GET / HTTP/1.0\r\naccept:a   b        c\r\n\r\n");
}

static void
absolute_targets(void)
{
	becomes("GET http://a.b:80/c?d HTTP/1.0\r\n\r\n",
	    "GET /c?d HTTP/1.0\r\n\r\n");
	becomes("GET HTTPS://u:p@[::1]?d HTTP/1.0\r\n\r\n",
	    "GET /?d HTTP/1.0\r\n\r\n");
	becomes("GET http://a HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n");
	REFUSED(400, "GET http:///c HTTP/1.0\r\n\r\n",
	    "target: neither a path nor a URL");
	REFUSED(400, "GET http:/a HTTP/1.0\r\n\r\n",
	    "target: neither a path nor a URL");
	REFUSED(400, "GET healthz HTTP/1.0\r\n\r\n",
	    "target: neither a path nor a URL");
	REFUSED(400, "GET ftp://a/ HTTP/1.0\r\n\r\n",
	    "target: neither a path nor a URL");
	REFUSED(
	    400, "GET * HTTP/1.0\r\n\r\n", "target: neither a path nor a URL");
	REFUSED(400, "OPTIONS */ HTTP/1.0\r\n\r\n",
	    "target: neither a path nor a URL");
}

static void
upgrades(void)
{
	becomes("GET / HTTP/1.0\r\nUpgrade: WebSocket \r\n\r\n",
	    "GET / HTTP/1.0\r\nupgrade:websocket\r\n\r\n");
	becomes("GET / HTTP/1.0\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n"
		"Upgrade: websocket\r\n\r\n",
	    "GET / HTTP/1.0\r\nupgrade:websocket\r\n\r\n");
	becomes("GET / HTTP/1.0\r\nUpgrade:\r\nUpgrade: TLS/1.0\r\n"
		"Upgrade: websocket, a-very-long-protocol-that-is-no-use\r\n"
		"\r\n",
	    "GET / HTTP/1.0\r\n\r\n");
}

static void
request_lines(void)
{
	REFUSED(400, "\r\n\r\n", "request line: malformed");
	REFUSED(400, "\n", "request line: malformed");
	REFUSED(400, "\r\rGET", "request line: malformed");
	REFUSED(400, "\x16\x03\x01", "request line: malformed");
	REFUSED(400, " GET /", "request line: malformed");
	REFUSED(400, "GET\t/", "request line: malformed");
	REFUSED(405, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "method: unknown");
	REFUSED(405, "get ", "method: unknown");
	REFUSED(405, "CONNECT a:1 HTTP/1.1", "method: unknown");
	REFUSED(405, "GETS ", "method: unknown");
	REFUSED(405, "GE ", "method: unknown");
	REFUSED(400, "GET /\r", "request line: no version of HTTP");
	REFUSED(400, "GET /\n", "request line: no version of HTTP");
	REFUSED(400, "GET / \r\n", "request line: no version of HTTP");
	REFUSED(400, "GET / http/1.1\r\n", "request line: no version of HTTP");
	REFUSED(400, "GET / HTTP/1.1 \r\n", "request line: no version of HTTP");
	REFUSED(400, "GET /  HTTP/1.1\r\n", "request line: no version of HTTP");
	REFUSED(400, "GET / HTTP/1.\r\n", "request line: no version of HTTP");
	REFUSED(400, "GET / HTTP/1.1\n", "request line: ends without CR LF");
	REFUSED(400, "GET / HTTP/1.1\rH", "request line: malformed");
	REFUSED(505, "GET / HTTP/2.0\r\n",
	    "request line: only HTTP/1 is spoken here");
	REFUSED(400, "GET /%4g", "target: % without two digits");
	REFUSED(400, "GET /% ", "target: % without two digits");
	REFUSED(400, "GET /%00", "target: a control character");
	REFUSED(400, "GET /%0a", "target: a control character");
	REFUSED(400, "GET /?%7F", "target: a control character");
	REFUSED(400, "GET /\0", "target: a control character");
	REFUSED(400, "GET /\t", "target: a control character");
}

#define HEAD10 "GET / HTTP/1.0\r\n"
#define HEAD11 "GET / HTTP/1.1\r\n"

static void
headers(void)
{
	REFUSED(400, HEAD10 "A\r", "headers: a line without a colon");
	REFUSED(400, HEAD10 "A\n", "headers: a line without a colon");
	REFUSED(400, HEAD10 "A\0:", "headers: a line without a colon");
	REFUSED(400, HEAD10 "A b: c", "headers: a blank in front of a colon");
	REFUSED(400, HEAD10 "Host\t:", "headers: a blank in front of a colon");
	REFUSED(400, HEAD10 ": a", "headers: a line without a name");
	REFUSED(400, HEAD10 "\n", "headers: a line without a name");
	REFUSED(400, HEAD10 "A: b\r\n c", "headers: a line that is continued");
	REFUSED(400, HEAD10 "A: b\r\n\tc", "headers: a line that is continued");
	REFUSED(400, HEAD10 "A: b\rc", "headers: a lone carriage return");
	REFUSED(400, HEAD10 "\rc", "headers: a lone carriage return");
	REFUSED(400, HEAD10 "A: b\n", "headers: a control character");
	REFUSED(400, HEAD10 "A: \0", "headers: a control character");
	REFUSED(400, HEAD10 "Accept: \x7f", "headers: a control character");
	REFUSED(400, HEAD11 "\r\n", "Host: missing");
	REFUSED(400, HEAD11 "A-Host: a\r\n\r\n", "Host: missing");
	REFUSED(400, HEAD11 "Host: \t\r\n\r\n", "Host: empty");
	REFUSED(400, HEAD11 HOST "HOST: b\r\n\r\n",
	    "headers: one that stands once is twice");
	REFUSED(400, HEAD10 "Secret: a\r\nAccept: b\r\nSecret: a\r\n\r\n",
	    "headers: one that stands once is twice");
	REFUSED(400, HEAD10 "Transfer-Encoding: \r\n\r\n",
	    "Transfer-Encoding: empty");
}

static void
limits(void)
{
	static char in[2 * HEAD_MAX];
	const char head[] = HEAD10 "Accept: ";
	size_t i, n = sizeof head - 1;

	memset(in, 'a', sizeof in);
	memcpy(in, "GET /", 5);
	IS_INT(take(in, HEAD_MAX, HEAD_MAX), 0);
	is_refused(414, in, HEAD_MAX + 1, "target: too long");

	memcpy(in, head, n);
	IS_INT(take(in, HEAD_MAX, HEAD_MAX), 0);
	is_refused(431, in, HEAD_MAX + 1, "headers: too long");
	memcpy(in + HEAD_MAX - 4, "\r\n\r\n", 4);
	IS_INT(take(in, HEAD_MAX, 100), 1);
	IS_INT((int64_t)len, HEAD_MAX - 1); /* without a blank */

	for (n = sizeof HEAD10 - 1, i = 0; i < HEAD_ITEMS_MAX; i++, n += 11)
		memcpy(in + n, "Accept: b\r\n", 11);
	IS_INT(take(in, n, n), 0);
	memcpy(in + n, "Accept:", 7);
	is_refused(431, in, n + 7, "headers: too many");
	memcpy(in + n, "Unheard:", 8);
	IS_INT(take(in, n + 8, n), 0);

	memset(in, '&', HEAD_MAX);
	memcpy(in, "GET /", 5);
	IS_INT(take(in, 5 + HEAD_ITEMS_MAX, 1), 0);
	is_refused(414, in, 6 + HEAD_ITEMS_MAX, "target: too many arguments");
}

int
main(void)
{
	passes();
	absolute_targets();
	upgrades();
	request_lines();
	headers();
	limits();
	return tap_done();
}
