/*
 * stages: see dash.h. Every socket NAME.metrics in the folder is a stage; the
 * four of the pipeline are looked for even where there is none. Each is asked
 * every two seconds, over a connection of its own, and has until the next time
 * to answer. Quantiles are those of the last ten seconds, from the growth of
 * the histograms' buckets.
 */
#include "dash.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "sock.h"

#include "banned.h"

#define STAGES_MAX 16
#define EVERY 2000 /* ms */
#define SAMPLES_MAX 96
#define NAME_MAX_LEN 48
#define HISTS_MAX 4
#define BUCKETS_MAX 24
#define WINDOW 5 /* answers that quantiles are made of */
#define SUFFIX ".metrics"

struct sample {
	char name[NAME_MAX_LEN];
	double v;
};

/* A histogram: the bounds, and what the last answers had counted up to each. */
struct window {
	char name[NAME_MAX_LEN];
	size_t n;
	double bound[BUCKETS_MAX];
	double count[WINDOW + 1][BUCKETS_MAX]; /* [0] is the newest */
	size_t answers;
};

struct stage {
	struct dash *d;
	char name[NAME_MAX_LEN];
	char path[108];
	struct loop_io io; /* fd < 0: not being asked */
	struct buf in;
	bool seen;       /* it has answered once */
	bool up;         /* it did the last time */
	int64_t changed; /* ms: since when */
	struct sample sample[SAMPLES_MAX];
	size_t samples;
	struct window hist[HISTS_MAX];
	size_t hists;
	double cpu, cpu_total; /* share of a core; seconds at the last answer */
	double started;
	int64_t asked, answered; /* monotonic ms */
	unsigned restarts;
};

struct stages {
	struct loop_timer again;
	struct stage stage[STAGES_MAX];
	size_t n;
};

/* The pipeline's own, in its order. */
static const char *const expected[] = { "ss-gateway", "ss-moderate", "ss-log",
	"ss-broadcast" };
#define EXPECTED (sizeof expected / sizeof *expected)

static const struct sample *
sample_of(const struct stage *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->samples; i++)
		if (strcmp(s->sample[i].name, name) == 0)
			return &s->sample[i];
	return NULL;
}

static double
value(const struct stage *s, const char *name)
{
	const struct sample *v = s->up ? sample_of(s, name) : NULL;

	return v ? v->v : -1;
}

static struct window *
window_of(struct stage *s, const char *name)
{
	struct window *w;
	size_t i;

	for (i = 0; i < s->hists; i++)
		if (strcmp(s->hist[i].name, name) == 0)
			return &s->hist[i];
	if (s->hists == HISTS_MAX)
		return NULL;
	w = &s->hist[s->hists++];
	*w = (struct window){ .n = 0 };
	memcpy(w->name, name, strlen(name) + 1);
	return w;
}

/* NAME_bucket{le="BOUND"} COUNT */
static void
take_bucket(struct stage *s, const char *name, const char *le, double v)
{
	struct window *w = window_of(s, name);
	double bound = strcmp(le, "+Inf") == 0 ? HUGE_VAL : strtod(le, NULL);
	size_t i;

	if (!w)
		return;
	for (i = 0; i < w->n && w->bound[i] != bound; i++)
		;
	if (i == BUCKETS_MAX)
		return;
	if (i == w->n)
		w->n++;
	w->bound[i] = bound;
	w->count[0][i] = v;
}

static void
take_sample(struct stage *s, const char *name, double v)
{
	struct sample *at;

	if (s->samples == SAMPLES_MAX || strlen(name) >= NAME_MAX_LEN)
		return;
	at = &s->sample[s->samples++];
	memcpy(at->name, name, strlen(name) + 1);
	at->v = v;
}

/* One line of the exposition. */
static void
take_line(struct stage *s, char *line)
{
	static const char prefix[] = "safestream_";
	char *space = strrchr(line, ' '), *brace, *quote, *suffix;
	double v;

	if (*line == '#' || !space)
		return;
	*space = '\0';
	v = strtod(space + 1, NULL);
	if (!isfinite(v) || v < 0)
		return;
	if (strncmp(line, prefix, sizeof prefix - 1) == 0)
		line += sizeof prefix - 1;
	brace = strchr(line, '{');
	if (!brace) {
		take_sample(s, line, v);
		return;
	}
	*brace = '\0';
	suffix = strstr(line, "_bucket");
	if (!suffix || strncmp(brace + 1, "le=\"", 4) != 0)
		return;
	*suffix = '\0';
	quote = strchr(brace + 5, '"');
	if (!quote || strlen(line) >= NAME_MAX_LEN)
		return;
	*quote = '\0';
	take_bucket(s, line, brace + 5, v);
}

/* Moves the answers so far back by one. */
static void
shift(struct window *w)
{
	memmove(w->count[1], w->count[0], WINDOW * sizeof w->count[0]);
	if (w->answers < WINDOW)
		w->answers++;
}

/* It is another process than it was: what it counts begins anew. */
static void
look_for_restart(struct stage *s)
{
	double started = value(s, "process_start_time_seconds");
	size_t i;

	if (s->started > 0 && started != s->started) {
		s->restarts++;
		s->cpu_total = 0;
		for (i = 0; i < s->hists; i++) {
			memset(s->hist[i].count[1], 0,
			    sizeof s->hist[i].count -
				sizeof s->hist[i].count[0]);
			s->hist[i].answers = 1;
		}
	}
	s->started = started;
}

static void
measure_cpu(struct stage *s, int64_t now)
{
	double total = value(s, "process_cpu_seconds_total");

	if (s->answered && now > s->answered && s->cpu_total > 0)
		s->cpu = (total - s->cpu_total) * 1000 /
			 (double)(now - s->answered);
	s->cpu_total = total;
	s->answered = now;
}

static void
set_up(struct stage *s, bool up)
{
	if (s->up != up || !s->changed)
		s->changed = clock_wall_ms();
	s->up = up;
	s->seen = s->seen || up;
}

static void
read_answer(struct stage *s)
{
	char *line = strstr(s->in.p, "\r\n\r\n"), *end;
	bool ok = strncmp(s->in.p, "HTTP/1.1 200 ", 13) == 0 && line;
	size_t i;

	if (ok) {
		s->samples = 0;
		for (i = 0; i < s->hists; i++)
			shift(&s->hist[i]);
		for (line += 4; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			take_line(s, line);
		}
	}
	set_up(s, ok);
	if (!ok)
		return;
	look_for_restart(s);
	measure_cpu(s, clock_mono_ms());
}

static void
hang_up(struct stage *s)
{
	if (s->io.fd < 0)
		return;
	loop_del(s->d->loop, &s->io);
	close(s->io.fd);
	s->io.fd = -1;
	buf_release(&s->in);
}

static void
on_answer(void *arg, unsigned events)
{
	struct stage *s = arg;
	ssize_t k;

	(void)events;
	if (buf_reserve(&s->in, 16384) < 0) {
		set_up(s, false);
		hang_up(s);
		return;
	}
	k = recv(s->io.fd, s->in.p + s->in.len, 16384, MSG_DONTWAIT);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k > 0) {
		s->in.len += (size_t)k;
		s->in.p[s->in.len] = '\0';
		return;
	}
	read_answer(s);
	hang_up(s);
}

static void
ask(struct stage *s)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\n"
				      "Host: localhost\r\n"
				      "Connection: close\r\n\r\n";

	if (s->io.fd >= 0) { /* no answer since the last time */
		set_up(s, false);
		hang_up(s);
	}
	s->io.fd = sock_connect(s->path);
	if (s->io.fd < 0) {
		set_up(s, false);
		return;
	}
	s->io.events = LOOP_IN;
	s->io.fn = on_answer;
	s->io.arg = s;
	buf_init(&s->in, METRICS_MAX + HTTPD_HEAD_MAX);
	if (send(s->io.fd, request, sizeof request - 1, MSG_NOSIGNAL) ==
		(ssize_t)(sizeof request - 1) &&
	    loop_add(s->d->loop, &s->io) == 0)
		return;
	set_up(s, false);
	close(s->io.fd);
	s->io.fd = -1;
}

static void
add(struct dash *d, const char *name)
{
	struct stages *all = d->stages;
	struct stage *s;
	size_t i;
	int n;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->stage[i].name, name) == 0)
			return;
	if (all->n == STAGES_MAX || strlen(name) >= NAME_MAX_LEN)
		return;
	s = &all->stage[all->n];
	*s = (struct stage){ .d = d, .cpu = -1 };
	s->io.fd = -1;
	memcpy(s->name, name, strlen(name) + 1);
	n = snprintf(
	    s->path, sizeof s->path, "%s/%s" SUFFIX, d->stages_dir, name);
	if (n > 0 && (size_t)n < sizeof s->path)
		all->n++;
}

/* Names are ours to show: only those that are names. */
static void
look(struct dash *d)
{
	DIR *dir = opendir(d->stages_dir);
	char name[NAME_MAX_LEN];
	struct dirent *e;
	size_t n;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		n = strlen(e->d_name);
		if (n <= sizeof SUFFIX - 1 ||
		    n - (sizeof SUFFIX - 1) >= sizeof name ||
		    strcmp(e->d_name + n - (sizeof SUFFIX - 1), SUFFIX) != 0)
			continue;
		n -= sizeof SUFFIX - 1;
		memcpy(name, e->d_name, n);
		name[n] = '\0';
		if (event_name_valid(name, n))
			add(d, name);
	}
	closedir(dir);
}

static void
ask_all(void *arg)
{
	struct dash *d = arg;
	struct stages *all = d->stages;
	size_t i;

	look(d);
	for (i = 0; i < all->n; i++)
		ask(&all->stage[i]);
	loop_after(d->loop, &all->again, EVERY, ask_all, d);
}

int
stages_open(struct dash *d)
{
	size_t i;

	d->stages = calloc(1, sizeof *d->stages);
	if (!d->stages)
		return -1;
	for (i = 0; i < EXPECTED; i++)
		add(d, expected[i]);
	ask_all(d);
	return 0;
}

void
stages_close(struct dash *d)
{
	size_t i;

	if (!d->stages)
		return;
	loop_cancel(d->loop, &d->stages->again);
	for (i = 0; i < d->stages->n; i++)
		hang_up(&d->stages->stage[i]);
	free(d->stages);
	d->stages = NULL;
}

/* What the share q of the last values did not exceed; -1: there were none. */
static double
quantile(const struct window *w, double q)
{
	const double *new = w->count[0], *old = w->count[w->answers];
	double all, want, below = 0, low = 0, n;
	size_t i;

	if (w->n == 0 || w->answers == 0)
		return -1;
	all = new[w->n - 1] - old[w->n - 1];
	want = q * all;
	if (all <= 0)
		return -1;
	for (i = 0; i < w->n; i++) {
		n = new[i] - old[i];
		if (n >= want && n > below) {
			if (!isfinite(w->bound[i]))
				return low; /* beyond the last bound */
			return low + (w->bound[i] - low) * (want - below) /
					 (n - below);
		}
		below = n;
		low = w->bound[i];
	}
	return low;
}

static double
quantile_of(const struct stage *s, const char *hist, double q)
{
	size_t i;

	for (i = 0; s->up && i < s->hists; i++)
		if (strcmp(s->hist[i].name, hist) == 0)
			return quantile(&s->hist[i], q);
	return -1;
}

void
stages_fill(const struct dash *d, struct point *p)
{
	const struct stage *s = d->stages->stage;
	size_t i;

	/* the first four are the expected ones */
	p->viewers = value(&s[0], "viewers");
	p->pending = value(&s[0], "pending");
	p->p50 = quantile_of(&s[0], "loop_seconds", 0.5);
	p->p99 = quantile_of(&s[0], "loop_seconds", 0.99);
	for (i = 0; i < 3; i++) {
		p->lag[i] = quantile_of(&s[i + 1], "event_age_seconds", 0.99);
		p->queue[i] = value(&s[i + 1],
		    i < 2 ? "output_queue_bytes" : "subscriber_lag_bytes");
	}
}

static void
write_number(struct buf *b, const char *comma, const char *name, double v)
{
	buf_addf(b, "%s\"%s\":", comma, name);
	if (v < 0)
		buf_adds(b, "null");
	else
		buf_addf(b, "%.15g", v);
}

static void
write_stage(const struct stage *s, struct buf *b)
{
	size_t i;

	buf_addf(b,
	    "{\"name\":\"%s\",\"up\":%s,\"seen\":%s,\"changed\":%" PRId64
	    ",\"restarts\":%u",
	    s->name, s->up ? "true" : "false", s->seen ? "true" : "false",
	    s->changed, s->restarts);
	write_number(b, ",", "cpu", s->up ? s->cpu : -1);
	buf_adds(b, ",\"p99\":{");
	for (i = 0; i < s->hists; i++)
		write_number(b, i ? "," : "", s->hist[i].name,
		    s->up ? quantile(&s->hist[i], 0.99) : -1);
	buf_adds(b, "},\"values\":{");
	for (i = 0; s->up && i < s->samples; i++)
		write_number(
		    b, i ? "," : "", s->sample[i].name, s->sample[i].v);
	buf_adds(b, "}}");
}

void
stages_write(const struct dash *d, struct buf *b)
{
	size_t i;

	buf_addc(b, '[');
	for (i = 0; i < d->stages->n; i++) {
		if (i)
			buf_addc(b, ',');
		write_stage(&d->stages->stage[i], b);
	}
	buf_addc(b, ']');
}
