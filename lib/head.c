/*
 * head: see head.h. One byte after the other through a state machine; each
 * state has a function. As strict as httpd-parse.c, which has whole requests:
 * lines end with CR LF, names are tokens with nothing behind them, a line is
 * never continued, and no control character is in any of it.
 */
#include "head.h"

#include <string.h>

#include "banned.h"

#define MORE 0
#define WHOLE 1

enum state {
	FIRST, /* of all bytes */
	EMPTY_LF,
	METHOD,
	TARGET_FIRST,
	SERVER, /* behind a target that is an asterisk */
	SCHEME,
	AUTHORITY,
	TARGET,
	VERSION,
	VERSION_LF,
	LINE, /* its first byte */
	NAME,
	VALUE,
	VALUE_LF,
	END_LF
};

enum { OTHER, HOST, UPGRADE, EXPECT, ENCODING };

#define BLANKS_MAX 8 /* in a row in a value: more are as good as these */

struct take {
	struct head *h;
	char c; /* at hand */
	char *out;
	size_t len;
	const char *why;
};

static int
refuse(struct take *t, int status, const char *why)
{
	t->why = why;
	return status;
}

static void
put(struct take *t, char c)
{
	t->out[t->len++] = c;
}

static void
puts_out(struct take *t, const char *s)
{
	while (*s)
		put(t, *s++);
}

/* RFC 9110, 5.6.2 */
static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void
word_begin(struct head *h)
{
	h->at = 0;
	h->word[0] = '\0';
}

/* One that has no room is none that matters: it ends as "". */
static void
word_add(struct head *h, char c)
{
	if (h->at < HEAD_WORD - 1) {
		h->word[h->at++] = c;
		h->word[h->at] = '\0';
	} else {
		h->at = HEAD_WORD;
		h->word[0] = '\0';
	}
}

static bool
word_is(const struct head *h, const char *s)
{
	return strcmp(h->word, s) == 0;
}

/* --- the request line --- */

static int
method(struct take *t)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT",
		"PATCH", "DELETE", "OPTIONS" };
	struct head *h = t->h;
	size_t i;

	if (is_token(t->c)) {
		word_add(h, t->c);
		h->state = METHOD;
		return h->at < HEAD_WORD ? MORE
					 : refuse(t, 405, "method: unknown");
	}
	if (t->c != ' ' || !h->at)
		return refuse(t, 400, "request line: malformed");
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (word_is(h, known[i]))
			break;
	if (i == sizeof known / sizeof *known)
		return refuse(t, 405, "method: unknown");
	h->is_head = word_is(h, "HEAD");
	puts_out(t, h->word);
	put(t, ' ');
	h->state = TARGET_FIRST;
	return MORE;
}

/* RFC 9112, 2.2: an empty line in front is to be ignored. */
static int
first(struct take *t)
{
	if (t->c != '\r')
		return method(t);
	t->h->state = EMPTY_LF;
	return MORE;
}

static int
empty_lf(struct take *t)
{
	if (t->c != '\n')
		return refuse(t, 400, "request line: malformed");
	t->h->state = METHOD;
	return MORE;
}

static int
target_first(struct take *t)
{
	struct head *h = t->h;
	bool options = word_is(h, "OPTIONS");

	word_begin(h);
	h->state = TARGET;
	if (t->c == '/' || (t->c == '*' && options)) {
		/* of the server itself we say what we say of its root */
		h->state = t->c == '/' ? TARGET : SERVER;
		put(t, '/');
		return MORE;
	}
	if (lower(t->c) != 'h')
		return refuse(t, 400, "target: neither a path nor a URL");
	h->state = SCHEME;
	word_add(h, 'h');
	return MORE;
}

/*
 * An absolute target (RFC 9112, 3.2.2) names who is asked: whoever that is, it
 * is us. Only its path matters.
 */
static int
scheme(struct take *t)
{
	struct head *h = t->h;

	word_add(h, lower(t->c));
	if (word_is(h, "http://") || word_is(h, "https://")) {
		h->state = AUTHORITY;
		word_begin(h);
		return MORE;
	}
	return h->at < sizeof "https://" - 1 && !is_control(t->c)
		   ? MORE
		   : refuse(t, 400, "target: neither a path nor a URL");
}

static int
digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One of the two digits of a %XX, which is no way for a control character. */
static int
escape(struct take *t)
{
	struct head *h = t->h;
	int d = digit(t->c);

	if (d < 0)
		return refuse(t, 400, "target: % without two digits");
	put(t, t->c);
	if (--h->escape)
		h->high = (uint8_t)d;
	else if (is_control((char)(h->high * 16 + d)))
		return refuse(t, 400, "target: a control character");
	return MORE;
}

static int
target(struct take *t)
{
	struct head *h = t->h;

	if (h->escape)
		return escape(t);
	if (t->c == '\r' || t->c == '\n')
		return refuse(t, 400, "request line: no version of HTTP");
	if (is_control(t->c))
		return refuse(t, 400, "target: a control character");
	if (t->c && strchr("?&;", t->c) && ++h->items > HEAD_ITEMS_MAX)
		return refuse(t, 414, "target: too many arguments");
	if (t->c == '%')
		h->escape = 2;
	if (t->c == ' ') {
		word_begin(h);
		h->state = VERSION;
	}
	put(t, t->c);
	return MORE;
}

static int
server(struct take *t)
{
	t->h->state = TARGET;
	return t->c == ' ' ? target(t)
			   : refuse(t, 400, "target: neither a path nor a URL");
}

static int
authority(struct take *t)
{
	struct head *h = t->h;

	if (is_token(t->c) || (t->c && strchr(":[]@", t->c))) {
		word_add(h, t->c);
		return MORE;
	}
	if (!h->at)
		return refuse(t, 400, "target: neither a path nor a URL");
	put(t, '/');
	h->state = TARGET;
	return t->c == '/' ? MORE : target(t);
}

static int
version(struct take *t)
{
	struct head *h = t->h;
	const char *v = h->word;

	if (t->c != '\r' && t->c != '\n' && h->at < HEAD_WORD) {
		word_add(h, t->c);
		return MORE;
	}
	if (t->c == '\n')
		return refuse(t, 400, "request line: ends without CR LF");
	if (h->at != 8 || strncmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) ||
	    v[6] != '.' || !is_digit(v[7]))
		return refuse(t, 400, "request line: no version of HTTP");
	if (v[5] != '1')
		return refuse(
		    t, 505, "request line: only HTTP/1 is spoken here");
	h->needs_host = v[7] != '0';
	puts_out(t, v);
	put(t, '\r');
	h->state = VERSION_LF;
	return MORE;
}

static int
version_lf(struct take *t)
{
	if (t->c != '\n')
		return refuse(t, 400, "request line: malformed");
	put(t, '\n');
	t->h->state = LINE;
	return MORE;
}

/* --- headers --- */

/* The name is whole. */
static int
begin_value(struct take *t)
{
	struct head *h = t->h;
	const struct head_field *f = h->fields;
	uint32_t bit;

	while (f->name && !word_is(h, f->name))
		f++;
	h->field = OTHER;
	if (word_is(h, "host"))
		h->field = HOST;
	else if (word_is(h, "upgrade"))
		h->field = UPGRADE;
	else if (word_is(h, "expect"))
		h->field = EXPECT;
	else if (word_is(h, "transfer-encoding"))
		h->field = ENCODING;
	h->has_host |= h->field == HOST;
	h->passes = f->name != NULL;
	bit = f->name ? UINT32_C(1) << (f - h->fields) : 0;
	if (f->once && h->seen & bit)
		return refuse(t, 400, "headers: one that stands once is twice");
	h->seen |= bit;
	if (h->passes && ++h->items > HEAD_ITEMS_MAX)
		return refuse(t, 431, "headers: too many");
	if (h->passes && h->field != UPGRADE) {
		puts_out(t, f->as);
		put(t, ':');
	}
	word_begin(h);
	h->begun = false;
	h->blanks = 0;
	h->state = VALUE;
	return MORE;
}

static int
name(struct take *t)
{
	if (is_token(t->c)) {
		word_add(t->h, lower(t->c));
		return MORE;
	}
	if (t->c == ':')
		return begin_value(t);
	return refuse(t, 400,
	    is_blank(t->c) ? "headers: a blank in front of a colon"
			   : "headers: a line without a colon");
}

static int
line(struct take *t)
{
	struct head *h = t->h;

	if (t->c == '\r') {
		h->state = END_LF;
		return MORE;
	}
	if (is_blank(t->c))
		return refuse(t, 400, "headers: a line that is continued");
	if (!is_token(t->c))
		return refuse(t, 400, "headers: a line without a name");
	word_begin(h);
	h->state = NAME;
	return name(t);
}

/*
 * RFC 9110, 7.8: an Upgrade to what isn't known is ignored. Of a list, too,
 * one that we know, as we needn't take it.
 */
static void
put_upgrade(struct take *t)
{
	struct head *h = t->h;

	h->passes = h->passes && !h->upgrades && word_is(h, "websocket");
	h->upgrades |= h->passes;
	if (h->passes)
		puts_out(t, "upgrade:websocket");
}

static void
value_add(struct take *t, char c)
{
	if (t->h->field != OTHER)
		word_add(t->h, lower(c));
	if (t->h->passes && t->h->field != UPGRADE)
		put(t, c);
}

/* White space around it is no part of it (RFC 9112, 5.1). */
static int
value(struct take *t)
{
	struct head *h = t->h;

	if (is_blank(t->c)) {
		if (h->begun && h->blanks < BLANKS_MAX)
			h->blanks++;
		return MORE;
	}
	if (is_control(t->c) && t->c != '\r')
		return refuse(t, 400, "headers: a control character");
	if (t->c != '\r') {
		h->begun = true;
		for (; h->blanks; h->blanks--)
			value_add(t, ' ');
		value_add(t, t->c);
		return MORE;
	}
	if (h->field == HOST && !h->at)
		return refuse(t, 400, "Host: empty");
	if (h->field == ENCODING && !h->at)
		return refuse(t, 400, "Transfer-Encoding: empty");
	if (h->field == UPGRADE)
		put_upgrade(t);
	/* RFC 9110, 10.1.1: HTTP/1.0 doesn't know of it */
	h->expects |= h->field == EXPECT && h->needs_host &&
		      word_is(h, "100-continue");
	if (h->passes)
		put(t, '\r');
	h->state = VALUE_LF;
	return MORE;
}

static int
value_lf(struct take *t)
{
	if (t->c != '\n')
		return refuse(t, 400, "headers: a lone carriage return");
	if (t->h->passes)
		put(t, '\n');
	t->h->state = LINE;
	return MORE;
}

static int
end_lf(struct take *t)
{
	if (t->c != '\n')
		return refuse(t, 400, "headers: a lone carriage return");
	if (t->h->needs_host && !t->h->has_host)
		return refuse(t, 400, "Host: missing");
	puts_out(t, "\r\n");
	return WHOLE;
}

/* --- all of it --- */

static int
step(struct take *t)
{
	static int (*const by_state[])(struct take *) = {
		[FIRST] = first,
		[EMPTY_LF] = empty_lf,
		[METHOD] = method,
		[TARGET_FIRST] = target_first,
		[SERVER] = server,
		[SCHEME] = scheme,
		[AUTHORITY] = authority,
		[TARGET] = target,
		[VERSION] = version,
		[VERSION_LF] = version_lf,
		[LINE] = line,
		[NAME] = name,
		[VALUE] = value,
		[VALUE_LF] = value_lf,
		[END_LF] = end_lf,
	};
	struct head *h = t->h;

	if (++h->len > HEAD_MAX)
		return h->state < LINE ? refuse(t, 414, "target: too long")
				       : refuse(t, 431, "headers: too long");
	return by_state[h->state](t);
}

void
head_init(struct head *h, const struct head_field *fields)
{
	memset(h, 0, sizeof *h);
	h->fields = fields;
}

int
head_take(struct head *h, const char *in, size_t n, size_t *used, char *out,
    size_t *len, const char **why)
{
	struct take t = { .h = h, .out = out };
	size_t i;
	int r = MORE;

	for (i = 0; i < n && r == MORE; i++) {
		t.c = in[i];
		r = step(&t);
	}
	*why = t.why;
	*used = i;
	*len = r == MORE || r == WHOLE ? t.len : 0;
	return r;
}
