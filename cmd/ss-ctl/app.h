/*
 * app.h: what the parts of ss-ctl share: main.c (options, start, end),
 * words.c (from operands to an action) and send.c (where it goes).
 */
#ifndef SS_CTL_APP_H
#define SS_CTL_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "action.h"
#include "addr.h"
#include "buf.h"

struct app {
	/* options */
	const char *control, *url, *token_file, *output;
	const char *by, *room, *reason, *address, *key;
	double timeout;
	bool wait;

	int (*send)(struct app *); /* one of send.c */
	struct addr addr;          /* of the socket, or of --output */
	struct action action;
	int64_t duration;   /* ms; 0: none given */
	struct buf members; /* the action's, as JSON without braces */
	struct buf text;    /* a body or a line */
};

/*
 * words.c: the action that the operands and options say, checked. NULL, or
 * what is wrong with them.
 */
const char *words_read(struct app *, int argc, char **argv);
/* What it does, for people: "mute bob for 5m in den". */
void words_tell(const struct app *, struct buf *out);

/* send.c: each returns the exit status, after a message */
int send_line(struct app *);
int send_control(struct app *);
int send_http(struct app *);
/* There is a token, in a file or in the environment. */
bool send_has_token(const struct app *);

#endif
