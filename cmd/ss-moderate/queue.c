/*
 * queue: see app.h. A list of copies, each line in one piece of memory. Only
 * the head can be what everybody waits for; what has its answer behind it
 * stays as it is, so rules and policy see events in their order. While the
 * queue is empty, lines go past it without a copy.
 */
#include <stdlib.h>
#include <string.h>

#include "app.h"

#include "banned.h"

#define QUEUE_MAX (8 << 20) /* bytes; from here on input is held */

enum state { READY, WAITING, SETTLED };

struct waiting {
	struct waiting *next;
	enum state state;
	enum asked asked;
	bool keep;     /* READY: for stage_emit */
	unsigned turn; /* the breaker's */
	struct source_line line;
	struct toxic_result *result; /* NULL: READY */
	double in_force;             /* the threshold where it stands */
	unsigned char level[TOXIC_LABELS];
	char text[]; /* the line and a NUL */
};

struct queue {
	struct waiting *head, **tail;
	size_t bytes;
	bool moving; /* lines are on their way out: not to be queued again */
	bool hold;   /* ask.c wants no more input */
};

struct queue *
queue_new(void)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q != NULL)
		q->tail = &q->head;
	return q;
}

void
queue_discard(struct waiting *w)
{
	free(w->result);
	free(w);
}

void
queue_free(struct queue *q)
{
	struct waiting *w;

	if (q == NULL)
		return;
	while ((w = q->head) != NULL) {
		q->head = w->next;
		queue_discard(w);
	}
	free(q);
}

static size_t
weight(const struct waiting *w)
{
	return sizeof(*w) + w->line.n +
	       (w->result != NULL ? sizeof(*w->result) : 0);
}

static struct waiting *
copy_line(struct app *a, const char *line, size_t n)
{
	struct waiting *w = malloc(sizeof(*w) + n + 1);

	if (w == NULL)
		return NULL;
	*w = (struct waiting){ .state = READY };
	w->line = *stage_line(a->stage);
	w->line.p = w->text;
	w->line.n = n;
	memcpy(w->text, line, n);
	w->text[n] = '\0';
	return w;
}

static void
put_last(struct app *a, struct waiting *w)
{
	struct queue *q = a->queue;

	*q->tail = w;
	q->tail = &w->next;
	q->bytes += weight(w);
	a->queue_waits.hold = q->hold || q->bytes >= QUEUE_MAX;
	a->queue_waits.busy = true;
	input_wait(a);
}

void
queue_pass(struct app *a, const char *line, size_t n, bool keep)
{
	struct waiting *w;

	if (a->queue == NULL || a->queue->head == NULL || a->queue->moving) {
		stage_emit(a->stage, line, n, keep);
		return;
	}
	w = copy_line(a, line, n);
	if (w == NULL) {
		stage_reject(a->stage, "out of memory");
		return;
	}
	w->keep = keep;
	put_last(a, w);
}

struct waiting *
queue_prepare(struct app *a, const struct event *ev)
{
	struct waiting *w = copy_line(a, ev->line, ev->len);

	if (w == NULL)
		return NULL;
	w->result = malloc(sizeof(*w->result));
	if (w->result == NULL) {
		free(w);
		return NULL;
	}
	*w->result = a->result;
	w->in_force = a->in_force;
	memcpy(w->level, a->level_in_force, sizeof(w->level));
	return w;
}

void
queue_wait(struct app *a, struct waiting *w, unsigned turn)
{
	w->state = WAITING;
	w->turn = turn;
	put_last(a, w);
}

void
queue_hold(struct queue *q, bool hold)
{
	q->hold = hold;
}

unsigned
queue_turn(const struct waiting *w)
{
	return w->turn;
}

uint64_t
queue_line_number(const struct waiting *w)
{
	return w->line.number;
}

struct toxic_result *
queue_result(struct waiting *w)
{
	return w->result;
}

void
queue_settle(struct waiting *w, enum asked asked)
{
	w->state = SETTLED;
	w->asked = asked;
}

void
queue_settle_all(struct queue *q)
{
	struct waiting *w;

	for (w = q->head; w != NULL; w = w->next)
		if (w->state == WAITING)
			queue_settle(w, ASKED_UNANSWERED);
}

static struct waiting *
take_first(struct queue *q)
{
	struct waiting *w = q->head;

	q->head = w->next;
	if (q->head == NULL)
		q->tail = &q->head;
	q->bytes -= weight(w);
	return w;
}

void
queue_move(struct app *a, bool hold)
{
	struct queue *q = a->queue;
	struct waiting *w;

	q->hold = hold;
	q->moving = true;
	while (q->head != NULL && q->head->state != WAITING) {
		w = take_first(q);
		stage_at(a->stage, &w->line);
		if (w->state == READY) {
			stage_emit(a->stage, w->text, w->line.n, w->keep);
		} else {
			a->in_force = w->in_force;
			memcpy(a->level_in_force, w->level, sizeof(w->level));
			moderate_late(
			    a, w->text, w->line.n, w->result, w->asked);
		}
		queue_discard(w);
	}
	q->moving = false;
	a->queue_waits.hold = hold || q->bytes >= QUEUE_MAX;
	a->queue_waits.busy = q->head != NULL;
	input_wait(a);
	jobs_go_on(a);
	stage_flush(a->stage);
}
