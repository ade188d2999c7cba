/*
 * source.c: where gifts come from: the options, stdin, or chance.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "buf.h"
#include "clock.h"
#include "event.h"
#include "json.h"
#include "linein.h"
#include "loop.h"
#include "msg.h"

#include "banned.h"

#define RANDOM_GIFT_IDS 1000
#define RANDOM_AMOUNTS 5
#define RANDOM_INTERVAL 1 /* seconds */
#define STREAK_INTERVAL 0.2

/* What the options say, and what they don't. */
static struct gift
gift_of_options(const struct app *a)
{
	struct gift g = { .gift_id = a->gift_id, .amount = a->amount };

	snprintf(g.from, sizeof(g.from), "%s", a->from ? a->from : "");
	snprintf(g.room, sizeof(g.room), "%s", a->room ? a->room : "");
	if (a->key != NULL) {
		g.nonce_len = strlen(a->key);
		memcpy(g.nonce, a->key, g.nonce_len);
	}
	return g;
}

void
send_one(struct app *a)
{
	struct gift g = gift_of_options(a);

	send_gift(a, &g);
}

/*
 * The same gift so many times in a row: each says how many there are by then,
 * so that one that gets lost is made up for by the next.
 */
void
send_streak(struct app *a)
{
	struct gift g = gift_of_options(a);
	double wait = a->interval < 0 ? STREAK_INTERVAL : a->interval;
	size_t n = g.nonce_len;

	ulid_next(&a->ulid, clock_wall_ms(), g.streak);
	for (g.count = 1; !a->stopped && g.count <= a->streak; g.count++) {
		if (n > 0)
			g.nonce_len = n + (size_t)snprintf(g.nonce + n,
					      sizeof(g.nonce) - n, "-%" PRId64,
					      g.count);
		if (g.count > 1)
			pause_for(a, wait);
		if (!a->stopped)
			send_gift(a, &g);
	}
}

void
send_random(struct app *a)
{
	uint64_t seed = a->seed < 0 ? make_seed() : (uint64_t)a->seed;
	uint64_t waits = ~seed; /* so that --jitter leaves the gifts alone */
	struct gift g = gift_of_options(a);
	int64_t n, id, amount;
	double interval = a->interval < 0 ? RANDOM_INTERVAL : a->interval, wait;

	if (a->from == NULL)
		snprintf(g.from, sizeof(g.from), "%s", BOT);
	for (n = 0; !a->stopped && (a->count == 0 || n < a->count); n++) {
		/* both are drawn always: fixing one leaves the other alone */
		id = 1 + (int64_t)(splitmix(&seed) % RANDOM_GIFT_IDS);
		amount = 1 + (int64_t)(splitmix(&seed) % RANDOM_AMOUNTS);
		if (a->gift_id < 0)
			g.gift_id = id;
		if (a->amount < 0)
			g.amount = amount;
		wait = interval * (a->jitter ? around_one(&waits) : 1);
		if (n > 0)
			pause_for(a, wait);
		if (!a->stopped)
			send_gift(a, &g);
	}
}

/* The member as a name, into out. NULL, or why it is none. */
static const char *
read_name(struct app *a, const struct json_member *m, const char *bad,
    char out[EVENT_NAME_MAX + 1])
{
	buf_reset(&a->word);
	if (m->kind != JSON_STRING || json_unescape(m, &a->word) < 0 ||
	    !event_name_valid(a->word.p, a->word.len))
		return bad;
	memcpy(out, a->word.p, a->word.len + 1);
	return NULL;
}

static const char *
read_nonce(struct app *a, const struct json_member *m, struct gift *g)
{
	buf_reset(&a->word);
	if (m->kind != JSON_STRING || json_unescape(m, &a->word) < 0 ||
	    a->word.len < 1 || a->word.len > EVENT_NONCE_MAX)
		return "nonce: must be a string of 1 to 64 bytes";
	if (a->sink == NULL && !key_is_sendable(a->word.p, a->word.len))
		return "nonce: can't be sent as a header";
	memcpy(g->nonce, a->word.p, a->word.len);
	g->nonce_len = a->word.len;
	return NULL;
}

#define NEED_NAME "must be 1 to 50 of A-Z a-z 0-9 . _ -"
#define NEED_ID "gift_id: must be an integer >= 0"
#define NEED_AMOUNT "amount: must be an integer >= 1"
#define NEED_COUNT "count: must be an integer >= 1"

/* The streak that it is part of, if any. NULL, or what is wrong. */
static const char *
read_streak(struct app *a, const struct json_doc *doc, struct gift *g)
{
	const struct json_member *m = json_get(doc, "streak");
	const struct json_member *count = json_get(doc, "count");
	const char *err;

	if (m == NULL)
		return count != NULL ? "streak: missing" : NULL;
	err = read_name(a, m, "streak: " NEED_NAME, g->streak);
	if (err != NULL)
		return err;
	return count == NULL || json_int(count, &g->count) < 0 || g->count < 1
		   ? NEED_COUNT
		   : NULL;
}

/* The line's gift over what the options gave. NULL, or what is wrong. */
static const char *
read_gift(struct app *a, const struct json_doc *doc, struct gift *g)
{
	const struct json_member *m;
	const char *err = NULL;

	if (json_has_duplicates(doc))
		return "the same key twice";
	if ((m = json_get(doc, "from")) != NULL)
		err = read_name(a, m, "from: " NEED_NAME, g->from);
	else if (g->from[0] == '\0')
		err = "from: missing";
	if (err == NULL && (m = json_get(doc, "room")) != NULL)
		err = read_name(a, m, "room: " NEED_NAME, g->room);
	if (err == NULL && (m = json_get(doc, "nonce")) != NULL)
		err = read_nonce(a, m, g);
	if (err != NULL)
		return err;
	if ((m = json_get(doc, "gift_id")) != NULL &&
	    json_int(m, &g->gift_id) < 0)
		return NEED_ID;
	if ((m = json_get(doc, "amount")) != NULL &&
	    json_int(m, &g->amount) < 0)
		return NEED_AMOUNT;
	if (g->gift_id < 0)
		return NEED_ID;
	return g->amount < 1 ? NEED_AMOUNT : read_streak(a, doc, g);
}

static void
batch_line(struct app *a, const char *line, size_t n)
{
	struct gift g = gift_of_options(a);
	struct json_doc doc = { 0 };
	const char *err;

	if (json_parse(&doc, line, n) < 0)
		err = doc.err;
	else
		err = read_gift(a, &doc, &g);
	json_release(&doc);
	if (err == NULL) {
		send_gift(a, &g);
		return;
	}
	msg_err("%s%s", a->where, err);
	a->status = 1;
}

/* All lines that are in the buffer. */
static void
batch_lines(struct app *a, struct linein *in, bool eof)
{
	enum linein_got got;
	char *line;
	size_t n;

	while (!a->stopped &&
	       (got = linein_next(in, eof, &line, &n)) != LINEIN_MORE) {
		snprintf(a->where, sizeof(a->where), "stdin:%" PRIu64 ": ",
		    in->lines);
		if (got == LINEIN_LINE && n > 0) {
			batch_line(a, line, n);
		} else if (got == LINEIN_LONG) {
			msg_err("%sline too long", a->where);
			a->status = 1;
		}
	}
	a->where[0] = '\0';
}

static void
on_input(void *arg, unsigned events)
{
	struct app *a = arg;

	(void)events;
	a->rang = true;
}

/* Waits for stdin, but not while a gift is on its way. */
static void
await_input(struct app *a)
{
	struct loop_io io = {
		.fd = STDIN_FILENO,
		.events = LOOP_IN,
		.fn = on_input,
		.arg = a,
	};

	a->rang = false;
	if (loop_add(a->loop, &io) < 0)
		return;
	while (!a->rang && !a->stopped)
		if (loop_turn(a->loop, -1) < 0)
			break;
	loop_del(a->loop, &io);
}

void
send_batch(struct app *a)
{
	struct linein in;
	ssize_t n = 1;

	if (linein_init(&in, EVENT_INPUT_MAX) < 0) {
		msg_err("%s", strerror(errno));
		a->status = 1;
		return;
	}
	while (n != 0 && !a->stopped) {
		await_input(a);
		if (a->stopped)
			break;
		n = linein_read(&in, STDIN_FILENO);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			msg_err("stdin: %s", strerror(errno));
			a->status = 1;
			n = 0;
		}
		batch_lines(a, &in, n == 0);
	}
	linein_release(&in);
}
