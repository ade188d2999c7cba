/*
 * upgrade: who may become a viewer. libwebsockets takes h2c, any version,
 * POST, HTTP/1.0 and odd keys, and just drops the connection where it
 * refuses; so everything is checked here first, and every refusal is an HTTP
 * answer with a status (CONTRACT 6).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"
#include "origin.h"
#include "subproto.h"

#include "banned.h"

#define KEY_LEN 24 /* base64 of 16 bytes: RFC 6455, 4.1 */

/* Copies a header. Its length, -1: absent, -2: longer than n - 1. */
static int
header(struct lws *wsi, enum lws_token_indexes h, char *out, size_t n)
{
	int len = lws_hdr_total_length(wsi, h);

	*out = '\0';
	if (!len)
		return -1;
	if ((size_t)len >= n || lws_hdr_copy(wsi, out, (int)n, h) < 0)
		return -2;
	return len;
}

static bool
base64_of_16(const char *s)
{
	size_t i;
	char c;

	for (i = 0; i < KEY_LEN - 2; i++) {
		c = s[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '+' || c == '/'))
			return false;
	}
	/* 22 characters are 132 bits: the last four must be none */
	return strchr("AQgw", s[KEY_LEN - 3]) && strcmp(s + i, "==") == 0;
}

static bool
wants_upgrade(struct lws *wsi)
{
	char list[128], token[64];
	const char *p = list;
	bool bad = false;

	/* 127 bytes are what the library itself looks at */
	if (header(wsi, WSI_TOKEN_CONNECTION, list, sizeof list) < 0)
		return false;
	while (subproto_next(&p, token, sizeof token, &bad))
		if (strcasecmp(token, "upgrade") == 0)
			return true;
	return false;
}

const char *
upgrade_name(const char *path)
{
	return strncmp(path, "/ws/", 4) == 0 ? path + 4 : NULL;
}

/*
 * From query argument number *i on, the next one of that name into arg; *i gets
 * the number behind it. Where its value begins, -1: none, or -2: too long.
 */
static int
next_arg(struct lws *wsi, const char *name, char *arg, size_t n, int *i)
{
	size_t len = strlen(name);
	int k;

	for (;;) {
		k = lws_hdr_copy_fragment(
		    wsi, arg, (int)n, WSI_TOKEN_HTTP_URI_ARGS, (*i)++);
		if (k == -2 || k >= (int)n)
			return -2;
		if (k < 0)
			return -1;
		if (strncmp(arg, name, len) == 0 &&
		    (arg[len] == '=' || !arg[len]))
			return (int)len + (arg[len] != '\0');
	}
}

int
upgrade_arg(struct lws *wsi, const char *name, char *out, size_t n)
{
	char arg[JWT_MAX + 64];
	int i = 0, k = next_arg(wsi, name, arg, sizeof arg, &i);

	if (k < 0)
		return k;
	if (strlen(arg + k) >= n)
		return -2;
	memcpy(out, arg + k, strlen(arg + k) + 1);
	return 0;
}

size_t
upgrade_args(struct lws *wsi, const char *name)
{
	char arg[JWT_MAX + 64];
	size_t n = 0;
	int i = 0;

	while (next_arg(wsi, name, arg, sizeof arg, &i) != -1)
		n++;
	return n;
}

/* A query argument that is an integer >= 0; absent is fine. */
static bool
arg_is_count(struct lws *wsi, const char *name)
{
	char v[24];
	int r = upgrade_arg(wsi, name, v, sizeof v);

	if (r == -1)
		return true;
	return r == 0 && *v && strspn(v, "0123456789") == strlen(v) &&
	       strlen(v) <= 16;
}

bool
upgrade_is_echo(const struct gateway *g, struct lws *wsi)
{
	char path[256];

	return g->echo &&
	       header(wsi, WSI_TOKEN_GET_URI, path, sizeof path) >= 0 &&
	       strcmp(path, g->echo) == 0;
}

/* The request line and the query: a status, or 0. */
static int
check_target(struct gateway *g, struct lws *wsi, const char **why)
{
	char path[256], room[EVENT_NAME_MAX + 2];
	const char *name;
	int r;

	if (upgrade_is_echo(g, wsi))
		return 0;
	if (header(wsi, WSI_TOKEN_GET_URI, path, sizeof path) < 0) {
		*why = "upgrade: GET of a path of at most 255 bytes only";
		return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) ? 400 : 405;
	}
	name = upgrade_name(path);
	if (!name) {
		*why = "viewers connect to /ws/NAME";
		return 404;
	}
	*why = "username: must be 1 to 50 of A-Z a-z 0-9 . _ -";
	if (!event_name_valid(name, strlen(name)))
		return 400;
	*why = "room: must be 1 to 50 of A-Z a-z 0-9 . _ -";
	r = upgrade_arg(wsi, "room", room, sizeof room);
	if (r == -2 || (r == 0 && !event_name_valid(room, strlen(room))))
		return 400;
	*why = "history, since: must be an integer >= 0";
	if (!arg_is_count(wsi, "history") || !arg_is_count(wsi, "since"))
		return 400;
	return 0;
}

/* The handshake's headers: a status, or 0. */
static int
check_headers(struct gateway *g, struct lws *wsi, const char **why)
{
	struct subproto s;
	char v[64];

	*why = "upgrade: HTTP/1.1 only";
	if (header(wsi, WSI_TOKEN_HTTP, v, sizeof v) < 0 ||
	    strcmp(v, "HTTP/1.1") != 0)
		return 400;
	*why = "upgrade: only to websocket";
	if (header(wsi, WSI_TOKEN_UPGRADE, v, sizeof v) < 0 ||
	    strcasecmp(v, "websocket") != 0)
		return 400;
	*why = "body: none expected";
	if (request_length(wsi) > 0 || request_length(wsi) == -2 ||
	    request_is_chunked(wsi))
		return 400;
	*why = "Connection: must name upgrade";
	if (!wants_upgrade(wsi))
		return 400;
	*why = "Sec-WebSocket-Version: must be 13";
	if (header(wsi, WSI_TOKEN_VERSION, v, sizeof v) < 0 ||
	    strcmp(v, "13") != 0)
		return 426;
	*why = "Sec-WebSocket-Key: must be 16 bytes in base64";
	if (header(wsi, WSI_TOKEN_KEY, v, sizeof v) != KEY_LEN ||
	    !base64_of_16(v))
		return 400;
	*why = "Sec-WebSocket-Protocol: malformed, or too long";
	if (subproto_read(wsi, &s) < 0)
		return 400;
	g->arrival.ndjson = s.ndjson;
	return 0;
}

/* Who he is, and whether he may be it here: a status, or 0. */
static int
check_identity(struct gateway *g, struct lws *wsi, const char **why)
{
	struct ident *id = &g->arrival.ident;
	char path[256], room[EVENT_NAME_MAX + 1] = EVENT_ROOM;
	const char *name;
	int status;

	ident_release(id);
	*id = (struct ident){ .known = false };
	g->arrival.wsi = wsi;
	if (upgrade_is_echo(g, wsi))
		return 0; /* nobody in particular */
	status = ident_of_request(g, wsi, id, why);
	if (status)
		return status;
	/* check_target has found both to be right */
	header(wsi, WSI_TOKEN_GET_URI, path, sizeof path);
	name = upgrade_name(path);
	upgrade_arg(wsi, "room", room, sizeof room);
	*why = "token: is another user's";
	if (id->known && strcmp(id->name, name) != 0)
		return 403;
	*why = "token: is not for this room";
	if (!ident_in_room(id, room))
		return 403;
	*why = "name: looks like a moderator's or the streamer's";
	if (names_is_taken(g, id, name))
		return 403;
	memcpy(id->name, name, strlen(name) + 1);
	return 0;
}

/* He is banned, in the room where he wants to be. */
static bool
is_banned(struct gateway *g, struct lws *wsi)
{
	const struct ident *id = &g->arrival.ident;
	char room[EVENT_NAME_MAX + 1];

	if (upgrade_arg(wsi, "room", room, sizeof room) != 0)
		memcpy(room, EVENT_ROOM, sizeof EVENT_ROOM);
	return force_bans(g, id, id->name, room);
}

int
upgrade_check(struct gateway *g, struct lws *wsi)
{
	const char *why = NULL, *extra = "";
	int64_t wait = 0;
	int status = peer_request(g, wsi, &why, &wait);
	struct numbers n;

	if (!status)
		status = check_target(g, wsi, &why);
	if (!status)
		status = check_headers(g, wsi, &why);
	if (!status && !origin_allowed(g, wsi)) {
		status = 403;
		why = "Origin: this page may not connect here";
	}
	if (!status)
		status = check_identity(g, wsi, &why);
	if (!status && (g->draining || !g->ready)) {
		status = 503;
		why = g->ready ? "going down" : "not connected to the bus yet";
	}
	if (!status && is_banned(g, wsi)) {
		status = 403;
		why = "banned";
	}
	shared_sum(g, &n);
	if (!status && n.viewers >= (uint64_t)g->max_connections) {
		status = 503;
		why = "too many viewers";
	}
	if (!status)
		return 0;
	g->n.refused++;
	if (status == 503)
		wait = 1;
	if (status == 426)
		extra = "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n";
	else if (status == 405)
		extra = "Allow: GET\r\n";
	if (*extra)
		answer_error(wsi, status, why, extra);
	else
		answer_error_wait(wsi, status, why, wait);
	return 1;
}
