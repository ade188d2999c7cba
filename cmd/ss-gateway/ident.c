/*
 * ident: see ident.h.
 */
#include "ident.h"

#include <stdlib.h>
#include <string.h>

#include "gateway.h"

#include "banned.h"

void
ident_release(struct ident *id)
{
	free(id->rooms);
	id->rooms = NULL;
}

int
ident_of_request(
    struct gateway *g, struct lws *wsi, struct ident *id, const char **why)
{
	(void)g;
	(void)why;
	memset(id, 0, sizeof *id);
	lws_get_peer_simple(wsi, id->addr, sizeof id->addr);
	return 0;
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
