/*
 * shake.c: the handshake's two texts (RFC 6455, 4.1 and 4.2.2). The answer is
 * checked as strictly as a browser does it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app.h"

#include "banned.h"

#define SUBPROTOCOL "ndjson.safestream"

static void
add_query(struct app *a, struct viewer *v, struct buf *out)
{
	char sep = '?';

	if (a->query.len > 0) {
		buf_addf(out, "%c%s", sep, a->query.p);
		sep = '&';
	}
	if (a->nrooms > 1) {
		buf_addf(out, "%croom=%s-%" PRIu32, sep, a->run,
		    v->index % (uint32_t)a->nrooms);
		sep = '&';
	}
	if (v->recover)
		buf_addf(
		    out, "%cepoch=%s&since=%" PRIu64, sep, a->epoch, v->seq);
	else if (v->hello)
		buf_addf(out, "%chistory=0", sep);
}

int
shake_request(struct app *a, struct viewer *v, struct buf *out)
{
	unsigned char random[16];
	char key[WS_KEY_LEN + 1], name[RUN_LEN + 16];

	random_bytes(random, sizeof random);
	ws_key(random, key);
	ws_accept(key, v->accept);
	snprintf(name, sizeof name, "%s-%" PRIu32, a->run, v->index);
	buf_addf(out, "GET %s/%s", a->path.p, name);
	add_query(a, v, out);
	buf_addf(out,
	    " HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
	    "Sec-WebSocket-Version: 13\r\nUser-Agent: ss-load\r\n",
	    a->host, key);
	if (a->ndjson)
		buf_adds(out, "Sec-WebSocket-Protocol: " SUBPROTOCOL "\r\n");
	if (token_add(a, name, out) < 0)
		return -1;
	return buf_adds(out, "\r\n");
}

struct span {
	const char *p;
	size_t n;
};

static bool
span_is(struct span s, const char *text)
{
	return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

/* A comma-separated list has this element. */
static bool
list_has(struct span s, const char *text)
{
	struct span e;

	while (s.n > 0) {
		e = (struct span){ s.p, 0 };
		while (e.n < s.n && s.p[e.n] != ',')
			e.n++;
		s.p += e.n + (e.n < s.n);
		s.n -= e.n + (e.n < s.n);
		while (e.n > 0 && (*e.p == ' ' || *e.p == '\t'))
			e.p++, e.n--;
		while (e.n > 0 && (e.p[e.n - 1] == ' '))
			e.n--;
		if (span_is(e, text))
			return true;
	}
	return false;
}

/* The header's value; n 0 and p NULL: absent; *twice: it comes twice. */
static struct span
header(struct span head, const char *name, bool *twice)
{
	struct span found = { 0 };
	const size_t len = strlen(name);
	const char *p = head.p, *end = head.p + head.n, *eol;

	while (p < end && (eol = memchr(p, '\n', (size_t)(end - p)))) {
		if ((size_t)(eol - p) > len && p[len] == ':' &&
		    strncasecmp(p, name, len) == 0) {
			*twice = *twice || found.p;
			found.p = p + len + 1;
			found.n = (size_t)(eol - found.p);
			while (found.n > 0 && (found.p[found.n - 1] == '\r' ||
						  found.p[found.n - 1] == ' '))
				found.n--;
			while (found.n > 0 &&
			       (*found.p == ' ' || *found.p == '\t'))
				found.p++, found.n--;
		}
		p = eol + 1;
	}
	return found;
}

static const char *
check_headers(struct app *a, struct viewer *v, struct span head)
{
	bool twice = false;
	struct span protocol;

	if (!span_is(header(head, "Upgrade", &twice), "websocket"))
		return "handshake: Upgrade is not websocket";
	if (!list_has(header(head, "Connection", &twice), "upgrade"))
		return "handshake: Connection is not Upgrade";
	if (twice)
		return "handshake: a header comes twice";
	protocol = header(head, "Sec-WebSocket-Accept", &twice);
	if (twice || protocol.n != WS_ACCEPT_LEN ||
	    memcmp(protocol.p, v->accept, WS_ACCEPT_LEN) != 0)
		return "handshake: Sec-WebSocket-Accept is wrong";
	if (header(head, "Sec-WebSocket-Extensions", &twice).n > 0)
		return "handshake: an extension that nobody asked for";
	protocol = header(head, "Sec-WebSocket-Protocol", &twice);
	v->ndjson = protocol.n > 0 && a->ndjson;
	if (twice ||
	    (protocol.p && !(a->ndjson && span_is(protocol, SUBPROTOCOL))))
		return "handshake: a subprotocol that nobody asked for";
	return NULL;
}

const char *
shake_answer(struct app *a, struct viewer *v, const char *head, size_t n)
{
	static char why[64];

	if (n < 13 || strncmp(head, "HTTP/1.1 ", 9) != 0)
		return "handshake: the answer is not HTTP/1.1";
	if (strncmp(head + 9, "101", 3) != 0) {
		snprintf(why, sizeof why, "handshake: status %.3s", head + 9);
		return why;
	}
	return check_headers(a, v, (struct span){ head, n });
}
