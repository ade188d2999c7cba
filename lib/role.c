/* role: see role.h. */
#include "role.h"

#include <string.h>

#include "banned.h"

static const char *const names[] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_SUBSCRIBER] = "subscriber",
	[ROLE_MODERATOR] = "moderator",
	[ROLE_STREAMER] = "streamer",
	[ROLE_ADMIN] = "admin",
};

int
role_parse(const char *s, size_t n, enum role *out)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0) {
			*out = (enum role)i;
			return 0;
		}
	return -1;
}

const char *
role_name(enum role r)
{
	return names[r];
}

bool
role_is_staff(enum role r)
{
	return r >= ROLE_MODERATOR;
}

bool
role_may_act(enum role actor, enum role target)
{
	return role_is_staff(actor) && actor > target;
}

bool
role_may_delete(enum role actor, enum role author)
{
	return actor == ROLE_ADMIN || role_may_act(actor, author);
}
