/*
 * metrics: see metrics.h. The exposition format is Prometheus's own; names
 * and units follow its conventions: base units, _total for what only grows,
 * and the process_* that its client libraries all have.
 */
#include "metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#include "banned.h"

#define CONNS 16 /* scrapers at a time */

struct metrics {
	struct httpd *httpd;
	const char *program;
	void (*collect)(void *arg, struct buf *);
	void *arg;
};

const double metrics_loop_seconds[METRICS_LOOP_BOUNDS] = { .001, .0025, .005,
	.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
const double metrics_call_seconds[METRICS_CALL_BOUNDS] = { 1e-6, 2.5e-6, 5e-6,
	1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 5e-3, 2.5e-2, .1, 1 };

void
metrics_observe(struct metrics_hist *h, double value)
{
	unsigned i = 0;

	while (i < h->n && value > h->bound[i])
		i++;
	h->count[i]++;
	h->sum += value;
}

static void
head(struct buf *b, const char *prefix, const char *name, const char *type,
    const char *help)
{
	buf_addf(b, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help,
	    prefix, name, type);
}

void
metrics_head(
    struct buf *b, const char *name, const char *type, const char *help)
{
	head(b, "safestream_", name, type, help);
}

void
metrics_sample(struct buf *b, const char *name, const char *label, double v)
{
	buf_addf(b, "safestream_%s%s%s%s %.15g\n", name, label ? "{" : "",
	    label ? label : "", label ? "}" : "", v);
}

void
metrics_counter(struct buf *b, const char *name, const char *help, uint64_t v)
{
	metrics_head(b, name, "counter", help);
	buf_addf(b, "safestream_%s %" PRIu64 "\n", name, v);
}

void
metrics_gauge(struct buf *b, const char *name, const char *help, double v)
{
	metrics_head(b, name, "gauge", help);
	metrics_sample(b, name, NULL, v);
}

void
metrics_histogram(struct buf *b, const char *name, const char *help,
    const struct metrics_hist *h)
{
	uint64_t n = 0;
	unsigned i;

	metrics_head(b, name, "histogram", help);
	for (i = 0; i < h->n; i++) {
		n += h->count[i];
		buf_addf(b, "safestream_%s_bucket{le=\"%g\"} %" PRIu64 "\n",
		    name, h->bound[i], n);
	}
	n += h->count[h->n];
	buf_addf(b,
	    "safestream_%s_bucket{le=\"+Inf\"} %" PRIu64
	    "\nsafestream_%s_sum %.9g\nsafestream_%s_count %" PRIu64 "\n",
	    name, n, name, h->sum, name, n);
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* When this process began, as far as its first metrics tell. */
static double
started(void)
{
	static double at;

	if (at == 0)
		at = seconds(CLOCK_REALTIME);
	return at;
}

/* Pages in /proc/self/statm: all, and those in memory. */
static void
pages(double *all, double *resident)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "", *end = line;

	if (f) {
		if (!fgets(line, sizeof line, f))
			*line = '\0';
		fclose(f);
	}
	*all = (double)strtoull(line, &end, 10);
	*resident = (double)strtoull(end, NULL, 10);
}

static int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3; /* . and .. and this one */
}

static void
process(struct buf *b, const char *name, const char *type, const char *help,
    double v)
{
	head(b, "process_", name, type, help);
	buf_addf(b, "process_%s %.15g\n", name, v);
}

void
metrics_process(struct buf *b, const char *program)
{
	double page = (double)sysconf(_SC_PAGESIZE), all, resident;
	struct rlimit fds = { 0, 0 };

	pages(&all, &resident);
	getrlimit(RLIMIT_NOFILE, &fds);
	metrics_head(b, "build_info", "gauge", "The program and its version.");
	buf_addf(b, "safestream_build_info{program=\"%s\",version=\"%s\"} 1\n",
	    program, SS_VERSION);
	process(b, "cpu_seconds_total", "counter",
	    "User and system CPU time spent.",
	    seconds(CLOCK_PROCESS_CPUTIME_ID));
	process(b, "resident_memory_bytes", "gauge", "Memory in use.",
	    resident * page);
	process(
	    b, "virtual_memory_bytes", "gauge", "Memory mapped.", all * page);
	process(
	    b, "open_fds", "gauge", "Open file descriptors.", descriptors());
	process(b, "max_fds", "gauge", "How many there may be.",
	    (double)fds.rlim_cur);
	process(b, "start_time_seconds", "gauge",
	    "Start of the process, in seconds since 1970.", started());
}

static void
on_request(void *arg, struct httpd_conn *c)
{
	struct metrics *m = arg;
	struct buf b;

	if (strcmp(httpd_path(c), "/metrics") != 0) {
		httpd_error(c, 404, "there is /metrics only");
		return;
	}
	if (strcmp(httpd_method(c), "GET") != 0 &&
	    strcmp(httpd_method(c), "HEAD") != 0) {
		httpd_error(c, 405, "GET only");
		return;
	}
	buf_init(&b, METRICS_MAX);
	metrics_process(&b, m->program);
	m->collect(m->arg, &b);
	httpd_answer(c, 200, METRICS_TYPE, NULL, b.p, b.len);
	buf_release(&b);
}

struct metrics *
metrics_open(struct loop *loop, const char *addr, const char *program,
    void (*collect)(void *arg, struct buf *), void *arg, const char **err)
{
	const struct httpd_conf conf = {
		.conns = CONNS,
		.request = on_request,
	};
	struct metrics *m = calloc(1, sizeof *m);

	*err = "out of memory";
	if (!m)
		return NULL;
	started();
	m->program = program;
	m->collect = collect;
	m->arg = arg;
	m->httpd = httpd_open(loop, addr, &conf, m, err);
	if (m->httpd)
		return m;
	free(m);
	return NULL;
}

void
metrics_free(struct metrics *m)
{
	if (!m)
		return;
	httpd_free(m->httpd);
	free(m);
}

const char *
metrics_where(const struct metrics *m)
{
	return httpd_where(m->httpd);
}

bool
metrics_is_open(const struct metrics *m)
{
	return httpd_is_open(m->httpd);
}
