/*
 * subproto: see subproto.h. libwebsockets drops a connection whose list of
 * subprotocols is longer than 127 bytes, with a buffer on its stack and
 * before any callback could help, and a token is longer. It must not see that
 * header. So the two functions by which it reads from a connection, recv(2)
 * and SSL_read(3), are defined here and go in front of the libraries' own, as
 * ELF has it for any symbol of the program: they read, and in the head of a
 * connection's request (nowhere else) rename the header by its last letter.
 * The library keeps it then as one that it doesn't know, as long as it likes.
 *
 * Should a build of the library read in another way, it sees the header, and
 * so do we: such a list is refused with 400, which the tests would notice.
 */
#undef _FORTIFY_SOURCE /* its inline recv would be defined twice */
#include "subproto.h"

#include <openssl/ssl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "banned.h"

#define LIST_MAX (JWT_MAX + 256)

static const char wanted[] = "sec-websocket-protocol";
static const char renamed[] = "sec-websocket-protocox:";
#define LAST (sizeof wanted - 2) /* where the letter stands */

/*
 * Per descriptor, how far its request's head has been read: so many letters
 * of the header's name at the start of a line, or one of these.
 */
enum { PAST = 0, AT_LINE = 1, IN_LINE = 100, AT_CR, IN_FIRST };
static uint8_t *heads;
static size_t nheads;

void
subproto_watch(int fd)
{
	size_t n = (size_t)fd + 1024;
	uint8_t *p;

	if ((size_t)fd >= nheads) {
		p = realloc(heads, n);
		if (!p)
			return;
		memset(p + nheads, PAST, n - nheads);
		heads = p;
		nheads = n;
	}
	heads[fd] = IN_FIRST;
}

static uint8_t
look(uint8_t at, char *c)
{
	char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	size_t k = (size_t)at - AT_LINE; /* huge for PAST */

	if (*c == '\n')
		return at == AT_LINE || at == AT_CR ? PAST : AT_LINE;
	if (at == AT_LINE && *c == '\r')
		return AT_CR;
	if (k > LAST || lower != wanted[k])
		return at == IN_FIRST ? IN_FIRST : IN_LINE;
	if (k < LAST)
		return at + 1;
	*c = renamed[LAST];
	return IN_LINE;
}

static void
look_through(int fd, char *p, size_t n)
{
	size_t i;

	if (fd < 0 || (size_t)fd >= nheads)
		return;
	for (i = 0; i < n && heads[fd] != PAST; i++)
		heads[fd] = look(heads[fd], &p[i]);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got = recvfrom(fd, p, n, flags, NULL, NULL);

	if (got > 0 && !(flags & MSG_PEEK))
		look_through(fd, p, (size_t)got);
	return got;
}

int
SSL_read(SSL *s, void *p, int n)
{
	size_t got = 0;

	if (n < 0 || SSL_read_ex(s, p, (size_t)n, &got) != 1)
		return -1; /* SSL_get_error tells more */
	look_through(SSL_get_fd(s), p, got);
	return (int)got;
}

bool
subproto_next(const char **p, char *out, size_t n, bool *bad)
{
	static const char ok[] = "!#$%&'*+-.^_`|~0123456789"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz";
	size_t len;

	*p += strspn(*p, " \t,");
	if (!**p)
		return false;
	len = strspn(*p, ok);
	if (!len || len >= n || !strchr(" \t,", (*p)[len])) {
		*bad = true;
		return false;
	}
	memcpy(out, *p, len);
	out[len] = '\0';
	*p += len;
	return true;
}

int
subproto_read(struct lws *wsi, struct subproto *s)
{
	int n = lws_hdr_custom_length(wsi, renamed, sizeof renamed - 1);
	char list[LIST_MAX], token[JWT_MAX + 1];
	const char *p = list;
	bool bad = false, any = false;

	s->ndjson = s->bearer = false;
	s->token[0] = '\0';
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL))
		return -1;
	if (n < 0)
		return 0;
	if (n >= (int)sizeof list || lws_hdr_custom_copy(wsi, list, sizeof list,
					 renamed, sizeof renamed - 1) < 0)
		return -1;
	while (subproto_next(&p, token, sizeof token, &bad)) {
		any = true;
		if (s->bearer && !s->token[0]) {
			memcpy(s->token, token, strlen(token) + 1);
			continue;
		}
		s->ndjson |= strcmp(token, SUBPROTOCOL) == 0;
		s->bearer |= strcmp(token, SUBPROTO_BEARER) == 0;
	}
	return bad || !any || (s->bearer && !s->token[0]) ? -1 : 0;
}

/* A browser that named some wants to be told one of them. */
int
subproto_answer(struct lws *wsi, struct lws_process_html_args *a)
{
	struct subproto s;
	int n;

	if (subproto_read(wsi, &s) < 0 || (!s.ndjson && !s.bearer))
		return 0;
	n = lws_snprintf(a->p, (size_t)a->max_len,
	    "Sec-WebSocket-Protocol: %s\r\n",
	    s.ndjson ? SUBPROTOCOL : SUBPROTO_BEARER);
	a->p += n;
	a->max_len -= n;
	return 0;
}
