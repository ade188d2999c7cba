/*
 * streak: see dash.h. A table of fixed size: a streak has its place in one of
 * a few slots, where the one that has been quiet for longest makes room. One
 * that had to go and goes on after all is counted anew.
 */
#include <stdlib.h>
#include <string.h>

#include "dash.h"

#include "banned.h"

#define WAYS 8
#define STREAKS_MAX 4096 /* a multiple of WAYS */

struct streak {
	char from[EVENT_NAME_MAX + 1], room[EVENT_NAME_MAX + 1],
	    name[EVENT_NAME_MAX + 1];
	int64_t gift_id, count; /* the highest; 0: free */
	uint64_t heard;         /* a number that goes up */
};

int
streaks_init(struct streaks *s)
{
	s->streak = calloc(STREAKS_MAX, sizeof *s->streak);
	return s->streak ? 0 : -1;
}

void
streaks_release(struct streaks *s)
{
	free(s->streak);
	s->streak = NULL;
}

static uint64_t
mix(uint64_t h, const char *s)
{
	/* FNV-1a, the end included */
	do
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	while (*s++);
	return h;
}

static bool
is(const struct streak *a, const struct gift_of *g)
{
	return a->count > 0 && a->gift_id == g->gift_id &&
	       strcmp(a->from, g->from) == 0 && strcmp(a->room, g->room) == 0 &&
	       strcmp(a->name, g->streak) == 0;
}

int64_t
streaks_more(struct streaks *s, const struct gift_of *g)
{
	uint64_t h = mix(
	    mix(mix((uint64_t)g->gift_id, g->from), g->room), g->streak);
	struct streak *set, *at;
	int64_t more;
	int i;

	set = &s->streak[(h ^ h >> 32) % (STREAKS_MAX / WAYS) * WAYS];
	at = set;
	for (i = 0; i < WAYS; i++) {
		if (is(&set[i], g)) {
			at = &set[i];
			break;
		}
		if (set[i].heard < at->heard)
			at = &set[i];
	}
	if (i == WAYS) {
		*at = (struct streak){ .gift_id = g->gift_id };
		memcpy(at->from, g->from, sizeof at->from);
		memcpy(at->room, g->room, sizeof at->room);
		memcpy(at->name, g->streak, sizeof at->name);
	}
	at->heard = ++s->heard;
	more = g->count - at->count;
	if (more <= 0)
		return 0;
	at->count = g->count;
	return more;
}
