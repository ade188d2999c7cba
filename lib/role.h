/*
 * role: what somebody is to a room, and who may act on whom: each on those
 * below (admin > streamer > moderator > subscriber > viewer), nobody on an
 * equal or a higher one.
 */
#ifndef SS_ROLE_H
#define SS_ROLE_H

#include <stdbool.h>
#include <stddef.h>

/* In their order: a higher one is greater. */
enum role {
	ROLE_VIEWER,
	ROLE_SUBSCRIBER,
	ROLE_MODERATOR,
	ROLE_STREAMER,
	ROLE_ADMIN
};

/* The role of n bytes that are its name, lower case. 0, or -1: none. */
int role_parse(const char *s, size_t n, enum role *);
/* Its name, a constant. */
const char *role_name(enum role);
/* Moderator and above: sees what is held and blocked, and may act. */
bool role_is_staff(enum role);
/* An actor of this role may mute, ban … a target of that one. */
bool role_may_act(enum role actor, enum role target);
/*
 * An actor of this role may delete what one of that role has said: so may an
 * admin, as whom the server's own staff act, whoever has said it.
 */
bool role_may_delete(enum role actor, enum role author);

#endif
