/* hub: one order for all readers, history on request, laggards cut off. */
#include "../../lib/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/sock.h"
#include "tap.h"

#include "../../lib/banned.h"

struct app {
	struct loop *l;
	struct hub *h;
	int news[4];
	uint64_t cut;
	pid_t peer;
};

/* What one reader has got so far. */
struct reader {
	int fd;
	char p[1 << 16];
	size_t n;
	bool eof;
};

static void
on_news(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	struct app *a = arg;

	a->news[what]++;
	a->peer = peer;
	if (what == HUB_CUT_OFF)
		a->cut = n;
}

static void
start(struct app *a, size_t history, size_t max_lag)
{
	struct hub_conf conf = { .history = history, .max_lag = max_lag };

	memset(a, 0, sizeof(*a));
	a->l = loop_new();
	a->h = hub_open(a->l, "bus", &conf, on_news, a);
	OK(a->h != NULL);
}

static void
stop(struct app *a)
{
	hub_free(a->h);
	loop_free(a->l);
	OK(access("bus", F_OK) < 0);
}

static void
drain(struct app *a, struct reader *r)
{
	ssize_t n;

	loop_turn(a->l, 5);
	do {
		n = read(r->fd, r->p + r->n, sizeof(r->p) - 1 - r->n);
		if (n > 0)
			r->n += (size_t)n;
	} while (n > 0);
	r->eof = r->eof || n == 0 || (n < 0 && errno != EAGAIN);
	r->p[r->n] = '\0';
}

/* Turns the loop until the reader has so much, or 5 seconds. */
static bool
got(struct app *a, struct reader *r, const char *text)
{
	double end = tap_now() + 5;

	do {
		drain(a, r);
	} while (strcmp(r->p, text) != 0 && tap_now() < end);
	if (strcmp(r->p, text) != 0)
		printf("# it got: %s\n", r->p);
	return strcmp(r->p, text) == 0;
}

static bool
joined(struct app *a, size_t n)
{
	double end = tap_now() + 5;

	while (hub_readers(a->h) != n && tap_now() < end)
		loop_turn(a->l, 5);
	return hub_readers(a->h) == n;
}

static void
put(struct app *a, const char *line, int keep)
{
	hub_put(a->h, line, strlen(line), keep);
}

static struct reader ra, rb, rc;

static void
join(struct app *a, struct reader *r, const char *request)
{
	size_t before = hub_readers(a->h);

	memset(r, 0, sizeof(*r));
	r->fd = sock_connect("bus");
	OK(r->fd >= 0);
	if (request != NULL)
		IS_INT(write(r->fd, request, strlen(request)),
		    (int64_t)strlen(request));
	OK(joined(a, before + 1));
}

static void
tells_all_the_same(void)
{
	struct app a;

	start(&a, 10, 1 << 20);
	IS_INT(hub_readers(a.h), 0);
	put(&a, "{\"a\":0}", 1); /* nobody there: no harm */
	hub_flush(a.h);
	join(&a, &ra, NULL);
	join(&a, &rb, NULL);
	IS_INT(a.news[HUB_JOINED], 2);
	IS_INT(a.peer, getpid());
	put(&a, "{\"a\":1}", 1);
	put(&a, "{\"a\":2}", 0);
	hub_flush(a.h);
	OK(got(&a, &ra, "{\"a\":1}\n{\"a\":2}\n"));
	OK(got(&a, &rb, "{\"a\":1}\n{\"a\":2}\n"));
	IS_INT(hub_pending(a.h), 0);
	close(ra.fd);
	OK(joined(&a, 1));
	IS_INT(a.news[HUB_LEFT], 1);
	put(&a, "{\"a\":3}", 1);
	hub_flush(a.h);
	OK(got(&a, &rb, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"));
	close(rb.fd);
	stop(&a);
}

/* Reads up to the hello's newline; returns what follows it. */
static const char *
after_hello(struct app *a, struct reader *r, const char *want)
{
	double end = tap_now() + 5;
	char *nl = NULL;

	do {
		drain(a, r);
		nl = strchr(r->p, '\n');
	} while ((nl == NULL || strcmp(nl + 1, want) != 0) && tap_now() < end);
	return nl == NULL ? "" : nl + 1;
}

static void
remembers(void)
{
	struct app a;

	start(&a, 3, 1 << 20);
	put(&a, "{\"a\":1}", 1);
	put(&a, "{\"a\":2}", 1);
	put(&a, "{\"type\":\"mark\"}", 0);
	put(&a, "{\"a\":3}", 1);
	put(&a, "{\"a\":4}", 1);
	hub_flush(a.h);
	join(&a, &ra, "{\"history\":2}\n");
	IS_STR(after_hello(&a, &ra, "{\"a\":3}\n{\"a\":4}\n"),
	    "{\"a\":3}\n{\"a\":4}\n");
	OK(strncmp(ra.p, "{\"type\":\"hello\",\"epoch\":\"", 25) == 0);
	OK(strstr(ra.p, "\"recovered\":true") != NULL);
	OK(strstr(ra.p, "\"history\":2") != NULL);
	/* more than there are, more than are kept, none */
	join(&a, &rb, "{\"history\":1000000}\n");
	IS_STR(after_hello(&a, &rb, "{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n"),
	    "{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n");
	OK(strstr(rb.p, "\"history\":3") != NULL);
	join(&a, &rc, "{\"history\":0}\r\n");
	IS_STR(after_hello(&a, &rc, ""), "");
	put(&a, "{\"a\":5}", 1);
	hub_flush(a.h);
	IS_STR(after_hello(&a, &rc, "{\"a\":5}\n"), "{\"a\":5}\n");
	OK(strstr(rc.p, "\"history\":0") != NULL);
	IS_STR(after_hello(&a, &ra, "{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n"),
	    "{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n");
	close(ra.fd);
	close(rb.fd);
	close(rc.fd);
	stop(&a);
}

/* between what is past and what is live nothing is missing and nothing twice */
static void
joins_without_a_seam(void)
{
	struct app a;
	char line[32];
	const char *p;
	int i, next = -1, n, bad = 0;

	start(&a, 100, 1 << 20);
	for (i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "{\"a\":%d}", i);
		put(&a, line, 1);
	}
	join(&a, &ra, "{\"history\":20}\n");
	for (; i < 200; i++) {
		snprintf(line, sizeof(line), "{\"a\":%d}", i);
		put(&a, line, 1);
		if (i % 7 == 0)
			hub_flush(a.h);
		if (i % 5 == 0)
			loop_turn(a.l, 0);
	}
	hub_flush(a.h);
	for (i = 0; i < 200; i++) {
		drain(&a, &ra);
		if (strstr(ra.p, "{\"a\":199}\n") != NULL)
			break;
	}
	/* what came before the hello doesn't count */
	p = strstr(ra.p, "{\"type\":\"hello\"");
	p = p == NULL ? NULL : strchr(p, '\n');
	OK(p != NULL);
	for (; p != NULL && sscanf(p, "\n{\"a\":%d}", &n) == 1;
	     p = strchr(p + 1, '\n')) {
		if (next >= 0)
			bad += n != next;
		else
			OK(n >= 30 && n <= 180);
		next = n + 1;
	}
	IS_INT(bad, 0);
	IS_INT(next, 200);
	close(ra.fd);
	stop(&a);
}

/* a request is data from a stranger */
static void
bears_strange_requests(void)
{
	static const char *const request[] = { "\n", "x\n", "{}\n", "[]\n",
		"{\"history\":-1}\n", "{\"history\":1.5}\n",
		"{\"history\":99999999999999999999}\n", "{\"history\":\"1\"}\n",
		"{\"history\":1}{\"history\":1}\n", "\xff\xfe\n",
		"{\"epoch\":\"x\",\"since\":3}\n" };
	struct app a;
	size_t i;
	char big[20000];

	start(&a, 3, 1 << 20);
	join(&a, &rb, NULL);
	put(&a, "{\"a\":0}", 1);
	hub_flush(a.h);
	for (i = 0; i < sizeof(request) / sizeof(request[0]); i++) {
		join(&a, &ra, request[i]);
		put(&a, "{\"a\":1}", 1);
		hub_flush(a.h);
		loop_turn(a.l, 5);
		drain(&a, &ra);
		close(ra.fd);
		joined(&a, 1);
	}
	/* no end of a line in sight */
	join(&a, &ra, NULL);
	memset(big, '{', sizeof(big));
	for (i = 0; i < 200; i++) {
		if (send(ra.fd, big, sizeof(big), MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			break;
		loop_turn(a.l, 0);
	}
	close(ra.fd);
	joined(&a, 1);
	rb.n = 0;
	rb.p[0] = '\0';
	drain(&a, &rb);
	rb.n = 0;
	rb.p[0] = '\0';
	put(&a, "{\"a\":9}", 1);
	hub_flush(a.h);
	OK(got(&a, &rb, "{\"a\":9}\n"));
	close(rb.fd);
	stop(&a);
}

/* `socat -u` and `nc -N` end their side and want to listen */
static void
goes_on_after_a_half_close(void)
{
	struct app a;

	start(&a, 3, 1 << 20);
	join(&a, &ra, NULL);
	IS_INT(shutdown(ra.fd, SHUT_WR), 0);
	loop_turn(a.l, 20);
	loop_turn(a.l, 0);
	put(&a, "{\"a\":1}", 1);
	hub_flush(a.h);
	OK(got(&a, &ra, "{\"a\":1}\n"));
	close(ra.fd);
	stop(&a);
}

/* Reads on to the line with this number; how many lines were out of order. */
static int
reads_to(struct app *a, int fd, int next, int last)
{
	static char p[1 << 20];
	double end = tap_now() + 20;
	size_t n = 0, at;
	int bad = 0, got;
	ssize_t k;
	char *nl;

	while (next <= last && tap_now() < end) {
		loop_turn(a->l, 1);
		k = read(fd, p + n, sizeof(p) - 1 - n);
		n += k > 0 ? (size_t)k : 0;
		p[n] = '\0';
		for (at = 0; (nl = strchr(p + at, '\n')) != NULL;
		     at = (size_t)(nl - p) + 1) {
			if (strncmp(p + at, "{\"type\":\"hello\"", 15) == 0)
				continue;
			bad += sscanf(p + at, "{\"a\":%d,", &got) != 1 ||
			       got != next || nl[-3] != 'x';
			next++;
		}
		n -= at;
		memmove(p, p + at, n);
	}
	return bad + (next <= last);
}

/* the ring is small at first; who lags, or asks, gets what is older than that
 */
static void
keeps_what_is_wanted(void)
{
	enum { LINES = 12000, FIRST = LINES - 6000 };
	struct app a;
	char line[1024];
	int i;

	start(&a, LINES - FIRST, 16 << 20);
	join(&a, &ra, NULL); /* reads nothing before the end */
	memset(line, 'x', sizeof(line));
	line[998] = '"';
	line[999] = '}';
	for (i = 0; i < LINES; i++) {
		memset(line, 'x', 32);
		line[snprintf(line, 32, "{\"a\":%d,\"b\":\"", i)] = 'x';
		hub_put(a.h, line, 1000, 1);
		if (i % 100 == 0)
			hub_flush(a.h);
	}
	hub_flush(a.h);
	IS_INT(a.news[HUB_CUT_OFF], 0);
	join(&a, &rb, "{\"history\":1000000}\n");
	IS_INT(reads_to(&a, ra.fd, 0, LINES - 1), 0);
	IS_INT(reads_to(&a, rb.fd, FIRST, LINES - 1), 0);
	close(ra.fd);
	close(rb.fd);
	stop(&a);
}

static void
cuts_off_who_lags(void)
{
	struct app a;
	char line[1001];
	int i;

	start(&a, 3, 100000);
	join(&a, &ra, NULL); /* reads nothing */
	join(&a, &rb, NULL);
	memset(line, 'x', 1000);
	line[1000] = '\0';
	for (i = 0; i < 20000 && a.news[HUB_CUT_OFF] == 0; i++) {
		hub_put(a.h, line, 1000, 1);
		if (i % 10 == 0) {
			hub_flush(a.h);
			rb.n = 0;
			drain(&a, &rb);
		}
		OK(hub_pending(a.h) <= 100000 + 20 * 1001 || tap_failed > 100);
	}
	IS_INT(a.news[HUB_CUT_OFF], 1);
	OK(a.cut > 0);
	IS_INT(hub_readers(a.h), 1);
	/* his stream ends; the other one's goes on */
	for (i = 0; i < 1000 && !ra.eof; i++) {
		ra.n = 0;
		drain(&a, &ra);
	}
	OK(ra.eof);
	rb.n = 0;
	drain(&a, &rb);
	rb.n = 0;
	rb.p[0] = '\0';
	put(&a, "{\"a\":9}", 1);
	hub_flush(a.h);
	OK(got(&a, &rb, "{\"a\":9}\n"));
	close(ra.fd);
	close(rb.fd);
	stop(&a);
}

/* lines up to the largest that are accepted anywhere */
static void
carries_big_lines(void)
{
	const size_t size = 1 << 20;
	struct app a;
	char *line = malloc(size), part[65536];
	size_t total = 0;
	ssize_t n;
	double end = tap_now() + 10;

	memset(line, 'x', size);
	start(&a, 3, 8 << 20);
	join(&a, &ra, NULL);
	hub_put(a.h, line, size, 1);
	hub_put(a.h, line, size, 1);
	hub_flush(a.h);
	while (total < 2 * size + 2 && tap_now() < end) {
		n = read(ra.fd, part, sizeof(part));
		if (n > 0)
			total += (size_t)n;
		else
			loop_turn(a.l, 5);
	}
	IS_INT(total, 2 * (int64_t)size + 2);
	IS_INT(a.news[HUB_CUT_OFF], 0);
	close(ra.fd);
	stop(&a);
	free(line);
}

static void
is_one_of_a_kind(void)
{
	struct hub_conf conf = { .history = 1, .max_lag = 1000 };
	struct app a;

	start(&a, 3, 1000);
	errno = 0;
	OK(hub_open(a.l, "bus", &conf, on_news, &a) == NULL);
	IS_INT(errno, EADDRINUSE);
	stop(&a);
}

int
main(void)
{
	char dir[] = "/tmp/ss-hub.XXXXXX", cmd[64];

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		abort();
	signal(SIGPIPE, SIG_DFL); /* a reader that goes must not kill us */
	tells_all_the_same();
	remembers();
	joins_without_a_seam();
	bears_strange_requests();
	goes_on_after_a_half_close();
	keeps_what_is_wanted();
	cuts_off_who_lags();
	carries_big_lines();
	is_one_of_a_kind();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	OK(chdir("/") == 0 && system(cmd) == 0);
	return tap_done();
}
