/*
 * ident: see ident.h. A token may come in one of three places, and in one
 * only (RFC 6750, 2): the Authorization header, the query, or, as browsers
 * can set neither header nor want tokens in URLs, the list of subprotocols.
 * None of them is ever logged.
 */
#include "ident.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "gateway.h"
#include "msg.h"
#include "subproto.h"

#include "banned.h"

void
ident_release(struct ident *id)
{
	free(id->rooms);
	id->rooms = NULL;
}

bool
ident_is_demanded(const struct gateway *g)
{
	return g->keys.files.n > 0;
}

int
ident_load(struct gateway *g)
{
	struct jwtkeys set = { .n = 0 };
	struct buf why;
	size_t i;
	int rc = 0;

	buf_init(&why, 8192);
	for (i = 0; rc == 0 && i < g->keys.files.n; i++)
		rc = jwtkeys_add(
		    &set, g->keys.files.item[i], JWTKEY_CHECK, &why);
	if (rc < 0) {
		msg_err("jwt-key: %s%s", why.p,
		    g->keys.set.n ? ": the old keys stay in force" : "");
		jwtkeys_release(&set);
	} else {
		jwtkeys_release(&g->keys.set);
		g->keys.set = set;
	}
	for (i = 0; rc == 0 && i < set.n; i++)
		if (set.key[i]->exposed)
			msg_warn("jwt-key: %s: a secret that others can read",
			    set.key[i]->kid);
	buf_release(&why);
	return rc;
}

/* The token in the Authorization header. 0, -1: none, or a status. */
static int
from_header(struct lws *wsi, char *out, const char **why)
{
	static const char scheme[] = "Bearer ";
	char v[JWT_MAX + 64];
	const char *p = v;

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION))
		return -1;
	*why = "token: longer than 4096 bytes";
	if (lws_hdr_copy(wsi, v, sizeof v, WSI_TOKEN_HTTP_AUTHORIZATION) < 0)
		return 401;
	*why = "Authorization: must be Bearer TOKEN";
	if (strncasecmp(v, scheme, sizeof scheme - 1) != 0)
		return 401;
	p += sizeof scheme - 1;
	p += strspn(p, " ");
	*why = "token: longer than 4096 bytes";
	if (strlen(p) > JWT_MAX)
		return 401;
	memcpy(out, p, strlen(p) + 1);
	return 0;
}

static int
from_query(struct lws *wsi, char *out, const char **why)
{
	*why = "token: longer than 4096 bytes";
	switch (upgrade_arg(wsi, "token", out, JWT_MAX + 1)) {
	case 0:
		*why = "token: given twice";
		return upgrade_args(wsi, "token") > 1 ? 400 : 0;
	case -1:
		return -1;
	default:
		return 401;
	}
}

static int
from_subprotocol(struct lws *wsi, char *out, const char **why)
{
	struct subproto s;

	if (!lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE))
		return -1;
	*why = "Sec-WebSocket-Protocol: malformed, or too long";
	if (subproto_read(wsi, &s) < 0)
		return 400;
	if (!s.bearer)
		return -1;
	memcpy(out, s.token, strlen(s.token) + 1);
	return 0;
}

static int
find_token(struct lws *wsi, char *out, const char **why)
{
	static int (*const places[])(struct lws *, char *,
	    const char **) = { from_header, from_query, from_subprotocol };
	char part[JWT_MAX + 1];
	bool found = false;
	size_t i;
	int r;

	for (i = 0; i < sizeof places / sizeof *places; i++) {
		r = places[i](wsi, part, why);
		if (r > 0)
			return r;
		if (r < 0)
			continue;
		*why = "token: given twice";
		if (found)
			return 400;
		found = true;
		memcpy(out, part, strlen(part) + 1);
	}
	*why = "a token is needed";
	return found ? 0 : 401;
}

/* Fills all but the address. */
static int
of_token(struct gateway *g, const char *token, size_t n, struct ident *id,
    const char **why)
{
	struct jwt_want want = { .audience = g->keys.audience,
		.now = clock_wall_ms() };
	struct jwt t;

	if (jwt_check(&g->keys.set, &want, token, n, &t, why) < 0) {
		jwt_release(&t);
		return -1;
	}
	id->known = true;
	id->role = t.role;
	id->expires = t.exp;
	id->rooms = t.rooms; /* its now */
	memcpy(id->name, t.sub, sizeof id->name);
	return 0;
}

int
ident_of_request(
    struct gateway *g, struct lws *wsi, struct ident *id, const char **why)
{
	char token[JWT_MAX + 1];
	int status;

	memset(id, 0, sizeof *id);
	cidr_format(peer_addr(peer_of(wsi)), id->addr);
	if (!ident_is_demanded(g))
		return 0;
	status = find_token(wsi, token, why);
	if (!status && of_token(g, token, strlen(token), id, why) < 0)
		status = 401;
	return status;
}

int
ident_refresh(struct gateway *g, struct ident *id, const char *room,
    const char *token, size_t n, const char **why)
{
	struct ident new = { .known = false };

	*why = "no tokens are taken here";
	if (!ident_is_demanded(g) || of_token(g, token, n, &new, why) < 0)
		return -1;
	*why = "token: is another user's";
	if (strcmp(new.name, id->name) != 0)
		goto refused;
	*why = "token: is not for this room";
	if (!ident_in_room(&new, room))
		goto refused;
	memcpy(new.addr, id->addr, sizeof new.addr);
	ident_release(id);
	*id = new;
	return 0;
refused:
	ident_release(&new);
	return -1;
}

bool
ident_in_room(const struct ident *id, const char *room)
{
	size_t n = strlen(room);
	const char *p = id->rooms;

	while (p && *p) {
		if (strncmp(p, room, n) == 0 && (p[n] == ' ' || !p[n]))
			return true;
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return !id->rooms;
}
