/*
 * names: those of moderators and streamers, which nobody below may imitate:
 * given by --protect, connected, or seen as authors on the line, so that they
 * are known again after a restart. They lie in memory that all workers share
 * (shared.h); a name once learnt stays until the end.
 */
#ifndef SS_NAMES_H
#define SS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "ident.h"
#include "role.h"
#include "skeleton.h"

/* More are not protected: so many speak for nobody. */
#define NAMES_MAX 1024

struct gateway;

/* One that is protected. Written once, but for the roles. */
struct name {
	_Atomic unsigned char role; /* the highest that he had */
	_Atomic unsigned char acts; /* what he is now */
	bool given;                 /* by --protect */
	char name[EVENT_NAME_MAX + 1];
	char skeleton[SKELETON_MAX];
};
struct names {
	_Atomic unsigned n;
	struct name list[NAMES_MAX];
};

/* The names given by --protect. 0, or -1 after a message. */
int names_open(struct gateway *);
/* Somebody of this role has this name; below moderator that means nothing. */
void names_add(struct gateway *, const char *name, enum role);
/* He is here: a token says what he is now, though he was more before. */
void names_come(struct gateway *, const struct ident *);
/* What an event says of its author. */
void names_learn(struct gateway *, const struct event *);
/* What who has this very name is now, if he is, or was, staff; else viewer. */
enum role names_role(struct gateway *, const char *name);
/* He may not have this name: it is, or looks like, that of a higher one. */
bool names_is_taken(
    struct gateway *, const struct ident *who, const char *name);

#endif
