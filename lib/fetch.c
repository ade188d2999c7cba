/*
 * fetch: see fetch.h. libcurl says which descriptors and which timeout it
 * waits for, and the loop tells it when they come. An easy handle is made
 * once and used again and again, so a request costs little more than its
 * bytes.
 */
#include "fetch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http-impl.h"

#include "banned.h"

/* One request, or the room for one. */
struct slot {
	struct fetch *f;
	CURL *easy;
	void *tag;
	bool busy, too_long;
	struct http_answer answer;
	char said[CURL_ERROR_SIZE];
	struct slot *next; /* of those that are free */
};

/* A descriptor that libcurl waits for. */
struct watch {
	struct fetch *f;
	struct watch *next, **at;
	struct loop_io io;
};

struct fetch {
	struct loop *loop;
	struct fetch_conf conf;
	char *url, *agent;
	struct curl_slist *headers;
	CURLM *multi;
	struct loop_timer timer;
	struct watch *watches;
	struct slot *slots, *idle;
	size_t made, count;
};

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;

	n *= size;
	if (buf_add(&s->answer.body, p, n) == 0)
		return n;
	s->too_long = true;
	return 0; /* ends the request: nobody has to read all of it */
}

static enum http_end
end_of(struct slot *s, CURLcode rc)
{
	return http_conclude(s->easy, rc,
	    s->too_long ? "the answer is too long" : s->said, &s->answer);
}

/* Tells of all requests that have ended. */
static void
reap(struct fetch *f)
{
	enum http_end end;
	bool any = false;
	struct slot *s;
	CURLMsg *m;
	char *p;
	int left;

	while ((m = curl()->multi_info_read(f->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		p = NULL;
		curl()->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		s = (struct slot *)(void *)p;
		end = end_of(s, m->data.result);
		curl()->multi_remove_handle(f->multi, s->easy); /* m is gone */
		s->busy = false;
		f->count--;
		f->conf.done(f->conf.arg, s->tag, end, &s->answer);
		s->next = f->idle;
		f->idle = s;
		any = true;
	}
	if (any)
		f->conf.turned(f->conf.arg);
}

static void
on_timer(void *arg)
{
	struct fetch *f = arg;
	int running;

	curl()->multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(f);
}

static int
set_timer(CURLM *m, long ms, void *arg)
{
	struct fetch *f = arg;

	(void)m;
	if (ms < 0)
		loop_cancel(f->loop, &f->timer);
	else
		loop_after(f->loop, &f->timer, ms, on_timer, f);
	return 0;
}

static void
on_ready(void *arg, unsigned events)
{
	struct watch *w = arg;
	struct fetch *f = w->f;
	int mask = 0, running;

	if (events & (LOOP_IN | LOOP_RDHUP))
		mask |= CURL_CSELECT_IN;
	if (events & LOOP_OUT)
		mask |= CURL_CSELECT_OUT;
	if (events & LOOP_ERR)
		mask |= CURL_CSELECT_ERR;
	/* w may be gone after this */
	curl()->multi_socket_action(f->multi, w->io.fd, mask, &running);
	reap(f);
}

static void
watch_free(struct watch *w)
{
	loop_del(w->f->loop, &w->io);
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
	free(w);
}

static struct watch *
watch_new(struct fetch *f, int fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->f = f;
	w->io = (struct loop_io){ .fd = fd, .fn = on_ready, .arg = w };
	w->next = f->watches;
	w->at = &f->watches;
	if (w->next != NULL)
		w->next->at = &w->next;
	f->watches = w;
	return w;
}

static unsigned
wanted(int what)
{
	switch (what) {
	case CURL_POLL_IN:
		return LOOP_IN;
	case CURL_POLL_OUT:
		return LOOP_OUT;
	default:
		return LOOP_IN | LOOP_OUT;
	}
}

/*
 * libcurl's socket callback. What can't be watched stays unwatched, and its
 * request ends by its timeout.
 */
static int
set_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct fetch *f = arg;
	struct watch *w = sockp;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			watch_free(w);
		return 0;
	}
	if (w != NULL) {
		loop_mod(f->loop, &w->io, wanted(what));
		return 0;
	}
	w = watch_new(f, fd);
	if (w == NULL)
		return 0;
	w->io.events = wanted(what);
	if (loop_add(f->loop, &w->io) < 0) {
		watch_free(w);
		return 0;
	}
	curl()->multi_assign(f->multi, fd, w);
	return 0;
}

static bool
is_tls(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

static void
slot_set_up(struct slot *s)
{
	struct fetch *f = s->f;
	CURL *e = s->easy;
	bool tls = is_tls(f->url);

	http_set_up(e, f->url, f->headers, f->agent, f->conf.timeout);
	curl()->easy_setopt(e, CURLOPT_PRIVATE, s);
	curl()->easy_setopt(e, CURLOPT_ERRORBUFFER, s->said);
	curl()->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl()->easy_setopt(e, CURLOPT_WRITEDATA, s);
	curl()->easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	/*
	 * Over TLS, whether the first connection can take all requests is
	 * worth waiting for; without it there is no HTTP/2 to be had.
	 */
	curl()->easy_setopt(e, CURLOPT_HTTP_VERSION,
	    tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	curl()->easy_setopt(e, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
	/*
	 * Otherwise a timeout would wait for the thread that asks for the
	 * host's address, and with it the whole program (curl PR 9147).
	 */
	curl()->easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
}

static struct slot *
slot_get(struct fetch *f)
{
	struct slot *s = f->idle;

	if (s != NULL) {
		f->idle = s->next;
		return s;
	}
	s = &f->slots[f->made];
	s->f = f;
	s->easy = curl()->easy_init();
	if (s->easy == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	buf_init(&s->answer.body, HTTP_BODY_MAX);
	slot_set_up(s);
	f->made++;
	return s;
}

int
fetch_post(struct fetch *f, const char *json, size_t n, void *tag)
{
	struct slot *s;

	if (f->count == f->conf.most) {
		errno = EAGAIN;
		return -1;
	}
	s = slot_get(f);
	if (s == NULL)
		return -1;
	s->tag = tag;
	s->said[0] = '\0';
	s->too_long = false;
	http_clear(&s->answer);
	curl()->easy_setopt(
	    s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	if (curl()->easy_setopt(s->easy, CURLOPT_COPYPOSTFIELDS, json) !=
		CURLE_OK ||
	    curl()->multi_add_handle(f->multi, s->easy) != CURLM_OK) {
		s->next = f->idle;
		f->idle = s;
		errno = ENOMEM;
		return -1;
	}
	s->busy = true;
	f->count++;
	return 0;
}

size_t
fetch_count(const struct fetch *f)
{
	return f->count;
}

static int
multi_set_up(struct fetch *f)
{
	long most = f->conf.most < LONG_MAX ? (long)f->conf.most : LONG_MAX;

	f->multi = curl()->multi_init();
	if (f->multi == NULL)
		return -1;
	curl()->multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
	curl()->multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl()->multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl()->multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl()->multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, most);
	return 0;
}

struct fetch *
fetch_new(struct loop *loop, const struct fetch_conf *conf)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (curl() == NULL || curl()->global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(f);
		return NULL;
	}
	f->loop = loop;
	f->conf = *conf;
	f->url = strdup(conf->url);
	f->agent = strdup(conf->agent);
	f->headers = http_headers(conf->headers);
	f->slots = calloc(conf->most, sizeof(*f->slots));
	if (f->url != NULL && f->agent != NULL && f->headers != NULL &&
	    f->slots != NULL && multi_set_up(f) == 0)
		return f;
	fetch_free(f);
	return NULL;
}

void
fetch_free(struct fetch *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->made; i++) {
		if (f->slots[i].busy)
			curl()->multi_remove_handle(f->multi, f->slots[i].easy);
		curl()->easy_cleanup(f->slots[i].easy);
		buf_release(&f->slots[i].answer.body);
	}
	curl()->multi_cleanup(f->multi);
	while (f->watches != NULL)
		watch_free(f->watches);
	loop_cancel(f->loop, &f->timer);
	curl()->slist_free_all(f->headers);
	curl()->global_cleanup();
	free(f->slots);
	free(f->agent);
	free(f->url);
	free(f);
}
