/*
 * httpd-parse: see httpd-impl.h. A request is taken apart in place. Strict
 * where leniency has been a way in (RFC 9112): lines end with CR LF, names are
 * tokens without white space, a body's length is said once and in digits, and
 * there is one Host; what we don't do, as chunks, is refused by its status.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "httpd-impl.h"

#include "banned.h"

#define LENGTH_DIGITS 15 /* of a Content-Length: no overflow */

/* RFC 9110, 5.6.2 */
static bool
is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) &&
		    !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	return true;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Undoes %XX (and + in a query) of n bytes into out, which may be s itself.
 * False: no escape, or a control character.
 */
static bool
decode(const char *s, size_t n, bool query, char *out)
{
	size_t i;
	int c;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if (c == '%') {
			if (n - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return false;
			c = hex(s[i + 1]) * 16 + hex(s[i + 2]);
			i += 2;
		} else if (c == '+' && query) {
			c = ' ';
		}
		if (c < ' ' || c == 0x7f)
			return false;
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

/* The next line of *at, without its CR LF; NULL: no such line. */
static char *
line_of(char **at, const char *end)
{
	char *line = *at, *lf = memchr(line, '\n', (size_t)(end - line));

	if (!lf || lf == line || lf[-1] != '\r')
		return NULL;
	lf[-1] = '\0';
	*at = lf + 1;
	return strlen(line) == (size_t)(lf - 1 - line) ? line : NULL;
}

static bool
has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static int
request_line(struct httpd_conn *c, char *line, const char **detail)
{
	char *target = strchr(line, ' '), *version;

	*detail = "not a request";
	if (!target)
		return 400;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (!version)
		return 400;
	*version++ = '\0';
	if (!is_token(line) || *target != '/' || has_control(target))
		return 400;
	if (strncmp(version, "HTTP/1.", 7) != 0 ||
	    (version[7] != '0' && version[7] != '1') || version[8])
		return *version == 'H' ? 505 : 400;
	c->close = version[7] == '0';
	c->method = line;
	c->head = strcmp(line, "HEAD") == 0;
	c->path = target;
	c->query = strchr(target, '?');
	if (c->query)
		*c->query++ = '\0';
	else
		c->query = target + strlen(target);
	return decode(target, strlen(target), false, target) ? 0 : 400;
}

static int
field(struct httpd_conn *c, char *line, const char **detail)
{
	char *colon = strchr(line, ':'), *p;
	size_t n;

	*detail = "not a header";
	if (!colon)
		return 400;
	*colon = '\0';
	if (!is_token(line))
		return 400;
	*detail = "too many headers";
	if (c->fields == HTTPD_HEADERS_MAX)
		return 431;
	for (p = line; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	p = colon + 1 + strspn(colon + 1, " \t");
	for (n = strlen(p); n && strchr(" \t", p[n - 1]); n--)
		p[n - 1] = '\0';
	*detail = "a control character";
	for (n = 0; p[n]; n++)
		if (((unsigned char)p[n] < ' ' && p[n] != '\t') || p[n] == 0x7f)
			return 400;
	c->field[c->fields].name = line;
	c->field[c->fields++].value = p;
	return 0;
}

static size_t
count(const struct httpd_conn *c, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < c->fields; i++)
		n += strcmp(c->field[i].name, name) == 0;
	return n;
}

/* What the headers say of the body and of the connection. */
static int
framing(struct httpd_conn *c, size_t max, const char **detail)
{
	const char *length = httpd_header(c, "content-length");
	const char *connection = httpd_header(c, "connection");
	size_t digits;

	*detail = "Host: once";
	if (count(c, "host") > 1 || (!c->close && !count(c, "host")))
		return 400;
	*detail = "Transfer-Encoding: not here";
	if (count(c, "transfer-encoding"))
		return 501;
	if (connection && strcmp(connection, "close") == 0)
		c->close = true;
	c->body_len = 0;
	if (!length)
		return 0;
	*detail = "Content-Length: digits, once";
	digits = strspn(length, "0123456789");
	if (count(c, "content-length") > 1 || !digits || length[digits])
		return 400;
	*detail = "body too large";
	if (digits > LENGTH_DIGITS)
		return 413;
	c->body_len = strtoul(length, NULL, 10);
	return c->body_len > max ? 413 : 0;
}

int
httpd_parse(struct httpd_conn *c, size_t max, const char **detail)
{
	char *p = c->in.p, *end, *line, *at = p;
	int r;

	end = memmem(p, c->in.len, "\r\n\r\n", 4);
	*detail = "head too large";
	if (!end)
		return c->in.len > HTTPD_HEAD_MAX ? 431 : 0;
	if ((size_t)(end - p) > HTTPD_HEAD_MAX)
		return 431;
	c->head_len = (size_t)(end - p) + 4;
	c->fields = 0;
	c->own = NULL;
	end += 2;
	line = line_of(&at, end);
	*detail = "not a request";
	r = line ? request_line(c, line, detail) : 400;
	while (!r && at < end) {
		line = line_of(&at, end);
		*detail = "not a header";
		r = line ? field(c, line, detail) : 400;
	}
	if (!r)
		r = framing(c, max, detail);
	return r ? r : 1;
}

const char *
httpd_header(const struct httpd_conn *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->fields; i++)
		if (strcmp(c->field[i].name, name) == 0)
			return c->field[i].value;
	return NULL;
}

int
httpd_arg(const struct httpd_conn *c, const char *name, char *out, size_t size)
{
	const char *p = c->query;
	size_t n, k = strlen(name);

	*out = '\0';
	for (; *p; p += n + (p[n] == '&')) {
		n = strcspn(p, "&");
		if (n <= k || p[k] != '=' || strncmp(p, name, k) != 0)
			continue;
		if (n - k - 1 >= size ||
		    !decode(p + k + 1, n - k - 1, true, out)) {
			*out = '\0';
			return -1;
		}
		return 0;
	}
	return -1;
}
