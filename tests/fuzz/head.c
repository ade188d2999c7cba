/*
 * head: however a request comes in pieces, the same is seen of it; what passes
 * is a request to a strict parser (httpd), of which no part is a whole one;
 * and what that one takes is refused for our own reasons only.
 */
#define _GNU_SOURCE
#include "../../lib/head.h"

#include <string.h>

#include "../../lib/httpd-impl.h"
#include "fuzz.h"

#include "../../lib/banned.h"

#define SIZE_MAX_IN 65536

static const struct head_field fields[] = { { "host", "host", true },
	{ "content-length", "content-length", true },
	{ "upgrade", "upgrade", false },
	{ "transfer-encoding", "transfer-encoding", false },
	{ "accept", "agree", false }, { NULL, NULL, false } };

struct seen {
	int r;
	const char *why;
	size_t len;
	char p[SIZE_MAX_IN + HEAD_ROOM];
};

/* Pieces of 1 to step bytes. */
static void
take(struct seen *s, const uint8_t *data, size_t n, unsigned step)
{
	static char in[SIZE_MAX_IN], out[SIZE_MAX_IN + HEAD_ROOM];
	struct head h;
	size_t i, k, used, len;

	memset(s, 0, offsetof(struct seen, p));
	head_init(&h, fields);
	for (i = 0; i < n && !s->r; i += k) {
		k = 1 + (i * 7) % step;
		if (k > n - i)
			k = n - i;
		memcpy(in, data + i, k);
		s->r = head_take(&h, in, k, &used, out, &len, &s->why);
		check(used <= k && (s->r || used == k));
		k = used;
		check(len <= k + HEAD_ROOM);
		check(s->r < 2 || (s->r >= 400 && s->why && !len));
		memcpy(s->p + s->len, out, len);
		s->len += len;
	}
	if (s->r == 1) {
		memcpy(s->p + s->len, data + i, n - i);
		s->len += n - i;
	}
}

static int
parse(const void *p, size_t n, const char **detail)
{
	struct httpd_conn c;
	int r;

	memset(&c, 0, sizeof c);
	buf_init(&c.in, n + 1);
	check(buf_add(&c.in, p, n) == 0);
	*detail = "";
	r = httpd_parse(&c, 1 << 20, detail);
	buf_release(&c.in);
	return r;
}

static void
passed(const struct seen *s)
{
	const char *version = memmem(s->p, s->len, " HTTP/1.", 8), *detail;
	int r;

	check(version != NULL);
	if (version[8] > '1')
		return; /* that one speaks less of it */
	r = parse(s->p, s->len, &detail);
	check(r == 1 || r == 501 || r == 413 ||
	      (r == 400 && strstr(detail, "Content-Length")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct seen whole, parts;
	const char *detail;
	unsigned step;
	int r;

	if (n < 1 || n > SIZE_MAX_IN)
		return 0;
	step = 1 + *data++ % 97;
	n--;
	take(&whole, data, n, SIZE_MAX_IN);
	take(&parts, data, n, step);
	check(whole.r == parts.r);
	check(whole.r < 2 || whole.why == parts.why);
	if (whole.r < 2)
		check(whole.len == parts.len &&
		      memcmp(whole.p, parts.p, whole.len) == 0);
	r = parse(data, n, &detail);
	if (whole.r == 1)
		passed(&whole);
	/* it leaves a query's escapes as they are, and an empty host */
	if (r == 1 && whole.r == 400)
		check(strncmp(whole.why, "target: ", 8) == 0 ||
		      strcmp(whole.why, "Host: empty") == 0 ||
		      strstr(whole.why, "twice"));
	if (r == 1)
		check(whole.r == 1 || whole.r == 400 || whole.r == 405 ||
		      whole.r == 414 || whole.r == 431);
	return 0;
}
