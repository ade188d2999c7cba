/*
 * subproto: see subproto.h. libwebsockets drops a connection whose list of
 * subprotocols is longer than 127 bytes, with a buffer on its stack and
 * before any callback could help, and a token is longer. It must not see that
 * header, so what stands in front of it (guard.h) renames it. The library
 * keeps it then as one that it doesn't know, as long as it likes.
 *
 * Should it see the header under its own name, so do we: such a list is
 * refused with 400, which the tests would notice.
 */
#include "subproto.h"

#include <string.h>

#include "banned.h"

#define LIST_MAX (JWT_MAX + 256)

static const char renamed[] = SUBPROTO_HEADER ":";

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
		if (strcmp(token, SUBPROTO_BEARER) == 0) {
			bad |= s->bearer; /* one token, once */
			s->bearer = true;
		}
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
