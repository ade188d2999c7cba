/*
 * httpd: whatever is said for a request, it is refused with a status and a
 * reason, or taken apart into strings that end within it; and a part of the
 * head is refused or waited for, never taken.
 */
#include "../../lib/httpd-impl.h"

#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

#define BODY_MAX 4096

/* The string lies in the head, with its end. */
static void
in_head(const struct httpd_conn *c, const char *s)
{
	check(s >= c->in.p && s + strlen(s) < c->in.p + c->head_len);
}

static int
parse(struct httpd_conn *c, const uint8_t *data, size_t n)
{
	const char *detail = NULL;
	int r;

	memset(c, 0, sizeof *c);
	buf_init(&c->in, n + 1);
	check(buf_add(&c->in, data, n) == 0);
	r = httpd_parse(c, BODY_MAX, &detail);
	check(r == 0 || r == 1 || (r >= 400 && r <= 505 && detail));
	return r;
}

static void
taken(const struct httpd_conn *c)
{
	char out[64];
	size_t i;

	check(c->head_len <= c->in.len && c->body_len <= BODY_MAX);
	in_head(c, c->method);
	in_head(c, c->path);
	in_head(c, c->query);
	check(*c->method && *c->path == '/' && c->fields <= HTTPD_HEADERS_MAX);
	for (i = 0; i < c->fields; i++) {
		in_head(c, c->field[i].name);
		in_head(c, c->field[i].value);
		check(httpd_header(c, c->field[i].name) != NULL);
	}
	check(!httpd_header(c, "transfer-encoding"));
	check(c->body_len == 0 || httpd_header(c, "content-length"));
	if (httpd_arg(c, "a", out, sizeof out) < 0)
		check(!*out);
	check(strlen(out) < sizeof out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct httpd_conn whole, part;
	int r = parse(&whole, data, n);

	if (r == 1) {
		taken(&whole);
		check(parse(&part, data, whole.head_len - 1) == 0);
		buf_release(&part.in);
	}
	buf_release(&whole.in);
	return 0;
}
