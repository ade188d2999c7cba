/*
 * jobs: see app.h. Only scoring is given away, which depends on nothing but a
 * line's text: lines are copied into batches, threads parse and score them,
 * and the main thread then handles line after line exactly as without jobs,
 * finding the score done. So rules, thresholds, --ask, rejects and what is
 * told of them come in the same order, and the output is the same. A few
 * lines that come alone are not worth a thread and are handled at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app.h"
#include "msg.h"

#include "banned.h"

#define LINES 64          /* in a batch, */
#define BYTES 65536       /* of which one is full with so many */
#define KEEP 262144       /* bytes of memory that a batch keeps */
#define IN_HAND (8 << 20) /* bytes in all batches: input is held */
#define FEW 4             /* lines that are handled at once */
#define BATCHES(n) (2 * (n) + 2)

/* Read by one thread at a time: the main one, and in between a worker. */
struct batch {
	struct buf text;
	struct source_line line[LINES]; /* p is set when text has its place */
	size_t at[LINES];
	struct toxic_result result[LINES];
	bool scored[LINES];
	size_t n, handled;
	bool done; /* by a worker; guarded by the lock */
};

struct worker {
	pthread_t thread;
	struct jobs *jobs;
	struct toxic *scorer;
	struct event ev;
	struct buf text;
};

/* Batches form a ring: first <= taken <= last, and last is being filled. */
struct jobs {
	struct app *app;
	pthread_mutex_t lock;
	pthread_cond_t work, rest;
	struct batch *batch;
	size_t nbatches, first, taken, last;
	size_t bytes; /* in all batches */
	struct worker *worker;
	size_t nworkers, started, resting;
	struct loop_io done; /* an eventfd */
	bool stop, inside;
	bool off; /* the threads have another model */
};

static struct batch *
at(const struct jobs *j, size_t i)
{
	return &j->batch[i % j->nbatches];
}

/* --- the workers ---------------------------------------------------------- */

static bool
score(struct worker *w, const struct source_line *l, struct toxic_result *res)
{
	const struct json_member *msg;

	if (l->got != LINEIN_LINE || event_parse(&w->ev, l->p, l->n) < 0)
		return false;
	msg = message_to_judge(&w->ev);
	if (msg == NULL)
		return false;
	buf_reset(&w->text);
	if (json_unescape(msg, &w->text) < 0 && errno != EILSEQ)
		return false;
	toxic_score(w->scorer, w->text.p, w->text.len, res);
	return true;
}

static void
score_batch(struct worker *w, struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		b->scored[i] = score(w, &b->line[i], &b->result[i]);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct jobs *j = w->jobs;
	const uint64_t one = 1;
	struct batch *b;

	pthread_mutex_lock(&j->lock);
	for (;;) {
		j->resting++;
		pthread_cond_signal(&j->rest);
		while (!j->stop && j->taken == j->last)
			pthread_cond_wait(&j->work, &j->lock);
		j->resting--;
		if (j->stop)
			break;
		b = at(j, j->taken++);
		pthread_mutex_unlock(&j->lock);
		score_batch(w, b);
		pthread_mutex_lock(&j->lock);
		b->done = true;
		/* it can't fail: nobody counts to 2^64 */
		(void)!write(j->done.fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* --- the main thread ------------------------------------------------------ */

static bool
is_done(struct jobs *j, const struct batch *b)
{
	bool done;

	pthread_mutex_lock(&j->lock);
	done = b->done;
	pthread_mutex_unlock(&j->lock);
	return done;
}

/* Handles its lines, as far as they need not wait. True: all of them. */
static bool
handle(struct app *a, struct batch *b)
{
	struct jobs *j = a->jobs;
	size_t i;

	for (; b->handled < b->n && !a->queue_waits.hold; b->handled++) {
		i = b->handled;
		a->scored_ahead = b->scored[i] ? &b->result[i] : NULL;
		stage_handle(a->stage, &b->line[i]);
		a->scored_ahead = NULL;
	}
	if (b->handled < b->n)
		return false;
	j->bytes -= b->text.len;
	if (b->text.cap > KEEP)
		buf_release(&b->text);
	buf_reset(&b->text);
	b->n = b->handled = 0;
	b->done = false;
	return true;
}

static void
handle_all(struct app *a)
{
	struct jobs *j = a->jobs;

	if (j->inside)
		return;
	j->inside = true;
	while (j->first < j->last && is_done(j, at(j, j->first)) &&
	       handle(a, at(j, j->first)))
		j->first++;
	j->inside = false;
	a->jobs_wait.busy = j->first < j->last;
	a->jobs_wait.hold = j->last - j->first == j->nbatches ||
			    j->bytes >= IN_HAND;
	input_wait(a);
}

/* The batch at last is full, or all there is for now. */
static void
close_batch(struct app *a)
{
	struct jobs *j = a->jobs;
	struct batch *b = at(j, j->last);
	bool few = j->off || (b->n <= FEW && j->first == j->last);
	size_t i;

	for (i = 0; i < b->n; i++) {
		b->line[i].p = b->text.p + b->at[i];
		b->scored[i] = false;
	}
	pthread_mutex_lock(&j->lock);
	j->last++;
	if (few) {
		j->taken = j->last;
		b->done = true;
	} else {
		pthread_cond_signal(&j->work);
	}
	pthread_mutex_unlock(&j->lock);
	handle_all(a);
}

bool
jobs_line(struct app *a, const struct source_line *l)
{
	struct jobs *j = a->jobs;
	struct batch *b;

	if (j == NULL)
		return false;
	b = at(j, j->last);
	if (buf_reserve(&b->text, l->n + 1) < 0) {
		msg_err("line %" PRIu64 ": out of memory, lost", l->number);
		stage_fail(a->stage);
		return true;
	}
	b->line[b->n] = *l;
	b->at[b->n++] = b->text.len;
	buf_add(&b->text, l->p, l->n);
	buf_add(&b->text, "", 1);
	j->bytes += l->n + 1;
	if (b->n == LINES || b->text.len >= BYTES)
		close_batch(a);
	return true;
}

void
jobs_batch(struct app *a)
{
	struct jobs *j = a->jobs;

	if (j != NULL && j->last - j->first < j->nbatches &&
	    at(j, j->last)->n > 0)
		close_batch(a);
}

void
jobs_go_on(struct app *a)
{
	if (a->jobs != NULL)
		handle_all(a);
}

static void
on_done(void *arg, unsigned events)
{
	struct app *a = arg;
	uint64_t n;

	(void)events;
	if (read(a->jobs->done.fd, &n, sizeof(n)) < 0)
		return;
	handle_all(a);
	stage_flush(a->stage);
}

/* Until nobody scores: what is done stays to be handled. */
static void
rest(struct jobs *j)
{
	pthread_mutex_lock(&j->lock);
	while (j->taken < j->last || j->resting < j->nworkers)
		pthread_cond_wait(&j->rest, &j->lock);
	pthread_mutex_unlock(&j->lock);
}

int
jobs_load_model(struct app *a)
{
	struct jobs *j = a->jobs;
	const char *why;
	size_t i, k;

	if (j == NULL)
		return 0;
	rest(j);
	handle_all(a);
	j->off = false;
	for (i = 0; i < j->nworkers; i++)
		if (toxic_load(j->worker[i].scorer, a->model, &why) < 0 ||
		    toxic_model_id(j->worker[i].scorer) !=
			toxic_model_id(a->scorer))
			j->off = true;
	/* what waits is scored anew */
	for (i = j->first; i < j->last; i++)
		for (k = 0; k < at(j, i)->n; k++)
			at(j, i)->scored[k] = false;
	return j->off ? -1 : 0;
}

/* --- life ----------------------------------------------------------------- */

static int
start(struct app *a, struct worker *w)
{
	const char *why;
	sigset_t all, old;
	int e;

	w->jobs = a->jobs;
	buf_init(&w->text, EVENT_INPUT_MAX);
	w->scorer = toxic_new();
	if (w->scorer == NULL)
		return -1;
	if (a->model != NULL && toxic_load(w->scorer, a->model, &why) < 0) {
		errno = EINVAL;
		return -1;
	}
	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = e;
	return e == 0 ? 0 : -1;
}

static int
watch(struct app *a)
{
	struct jobs *j = a->jobs;

	j->done.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	j->done.events = LOOP_IN;
	j->done.fn = on_done;
	j->done.arg = a;
	return j->done.fd >= 0 ? loop_add(stage_loop(a->stage), &j->done) : -1;
}

int
jobs_open(struct app *a, size_t n)
{
	struct jobs *j;
	size_t i;

	if (n < 2)
		return 0;
	j = a->jobs = calloc(1, sizeof(*j));
	if (j == NULL)
		goto failed;
	j->done.fd = -1;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->work, NULL);
	pthread_cond_init(&j->rest, NULL);
	j->nbatches = BATCHES(n);
	j->batch = calloc(j->nbatches, sizeof(*j->batch));
	j->worker = calloc(n, sizeof(*j->worker));
	if (j->batch == NULL || j->worker == NULL || watch(a) < 0)
		goto failed;
	for (i = 0; i < j->nbatches; i++)
		buf_init(&j->batch[i].text, 2 * EVENT_INPUT_MAX + 2 * BYTES);
	j->nworkers = n;
	for (; j->started < n; j->started++)
		if (start(a, &j->worker[j->started]) < 0)
			goto failed;
	return 0;
failed:
	msg_err("--jobs: %s", strerror(errno));
	return -1;
}

void
jobs_close(struct app *a)
{
	struct jobs *j = a->jobs;
	size_t i;

	if (j == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_broadcast(&j->work);
	pthread_mutex_unlock(&j->lock);
	for (i = 0; i < j->started; i++)
		pthread_join(j->worker[i].thread, NULL);
	for (i = 0; j->worker != NULL && i < j->nworkers; i++) {
		toxic_free(j->worker[i].scorer);
		event_release(&j->worker[i].ev);
		buf_release(&j->worker[i].text);
	}
	for (i = 0; j->batch != NULL && i < j->nbatches; i++)
		buf_release(&j->batch[i].text);
	if (j->done.fd >= 0) {
		loop_del(stage_loop(a->stage), &j->done);
		close(j->done.fd);
	}
	pthread_cond_destroy(&j->rest);
	pthread_cond_destroy(&j->work);
	pthread_mutex_destroy(&j->lock);
	free(j->batch);
	free(j->worker);
	free(j);
	a->jobs = NULL;
}
