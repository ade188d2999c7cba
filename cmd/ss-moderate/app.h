/*
 * What the files of ss-moderate share. One event at a time goes through
 * judge (decide.c), the rules, the policy, and is written by verdict.c.
 */
#ifndef SS_MODERATE_APP_H
#define SS_MODERATE_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"
#include "filter.h"
#include "json.h"
#include "stage.h"
#include "toxic/toxic.h"

#define SCORE_ONE 10000 /* scores have four decimals */

enum policy { POLICY_ANNOTATE, POLICY_MASK, POLICY_BLOCK };

struct counts {
	uint64_t chat, toxic, masked, blocked, dropped;
};

struct app {
	struct stage_conf conf;
	struct stage *stage;
	double threshold;
	const char *policy_name, *rules, *model;
	bool labels, stats;
	enum policy policy;
	struct toxic *scorer;
	struct filter *filter;
	struct counts counts;
	/* for the event at hand; kept for their memory */
	struct toxic_result result;
	struct buf text, masked, insert, line, edited, reason, err;
	struct event edited_ev;
};

/* What is said about one event. */
struct verdict {
	bool toxic, masked, blocked;
	int score[TOXIC_LABELS]; /* in SCORE_ONEs */
	const char *reason;      /* NULL: none */
	size_t reason_len;
};

/* decide.c: what becomes of the chat event ev with the text msg. */
void moderate(
    struct app *, const struct event *ev, const struct json_member *msg);

/*
 * verdict.c. Puts ev with the verdict v into a->line. 0, or -1 with errno
 * (EMSGSIZE: the line got too long).
 */
int annotate(struct app *, const struct event *ev, const struct verdict *v);
/*
 * Makes a copy of *ev with the masked text in place of its message, wherever
 * that key stands, and points *ev at it. 0, or -1 with errno.
 */
int replace_message(struct app *, const struct event **ev);

#endif
