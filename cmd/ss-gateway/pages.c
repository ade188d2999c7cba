/*
 * pages: the viewers' page and what belongs to it (www/), at / and beside it.
 */
#include <errno.h>
#include <string.h>

#include "gateway.h"
#include "msg.h"

#include "www-ss-gateway.inc"

#include "banned.h"

int
pages_open(struct gateway *g)
{
	if (www_open(&g->www, www_files, sizeof www_files / sizeof *www_files,
		g->www_dir) == 0)
		return 0;
	msg_err("%s: %s", g->www_dir, strerror(errno));
	return -1;
}

bool
pages_have(const struct gateway *g, const char *path)
{
	struct www_ask ask = { .path = path };
	struct www_answer a;
	bool yes;

	www_get(&g->www, &ask, &a);
	yes = a.status != 404;
	www_release(&a);
	return yes;
}

/* A header's value, or NULL where it is absent or too long to matter. */
static const char *
header(struct lws *wsi, enum lws_token_indexes h, char *out, size_t n)
{
	return lws_hdr_copy(wsi, out, (int)n, h) > 0 ? out : NULL;
}

bool
pages_get(struct gateway *g, struct lws *wsi, const char *path)
{
	char known[512], encoding[256];
	struct www_ask ask = { .path = path,
		.if_none_match = header(
		    wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof known),
		.accept_encoding = header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING,
		    encoding, sizeof encoding) };
	struct www_answer a;
	bool found;

	www_get(&g->www, &ask, &a);
	found = a.status != 404;
	if (a.status == 500)
		answer_error(wsi, 500, "the file can't be read", "");
	else if (found)
		answer_write(wsi, a.status, a.headers.p, a.body, a.n);
	www_release(&a);
	return found;
}
