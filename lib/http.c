/*
 * http.c: libcurl for one request at a time, and what fetch.c shares with it.
 *
 * The easy handle hangs in a multi handle although there is only one: that
 * is what can wait for a descriptor of ours beside its own, so that a signal
 * ends a request at once and not when libcurl looks up the next time.
 * Redirects are not followed (a POST that becomes a GET sends nothing), and
 * a proxy from the environment is not asked for loopback addresses.
 */
#include "http.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http-impl.h"

#include "banned.h"

struct http {
	const struct http_conf *conf;
	CURLM *multi;
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

static bool
host_is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

bool
http_is_loopback(const char *url)
{
	CURLU *u = curl()->url();
	char *host = NULL;
	bool yes;

	yes = u != NULL &&
	      curl()->url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	      curl()->url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	      host_is_loopback(host);
	curl()->free(host);
	curl()->url_cleanup(u);
	return yes;
}

/* The part, or NULL where there is none; the caller frees it. */
static char *
url_part(CURLU *u, CURLUPart what)
{
	char *part = NULL;

	return curl()->url_get(u, what, &part, 0) == CURLUE_OK ? part : NULL;
}

/* Sets u's path to what it has and path behind it. */
static int
append_path(CURLU *u, const char *path)
{
	char *old = url_part(u, CURLUPART_PATH);
	struct buf b;
	size_t n;
	int rc = -1;

	buf_init(&b, HTTP_BODY_MAX);
	n = old != NULL ? strlen(old) : 0;
	while (n > 0 && old[n - 1] == '/')
		n--;
	if (n == 0 || buf_add(&b, old, n) == 0)
		if (buf_adds(&b, path) == 0 &&
		    curl()->url_set(u, CURLUPART_PATH, b.p, 0) == CURLUE_OK)
			rc = 0;
	buf_release(&b);
	curl()->free(old);
	return rc;
}

int
http_url(const char *base, const char *path, struct buf *out, bool *open,
    const char **err)
{
	CURLU *u = curl() != NULL ? curl()->url() : NULL;
	char *scheme = NULL, *query = NULL, *frag = NULL, *url = NULL;
	CURLUcode rc;

	*err = curl() != NULL ? "out of memory" : LIBCURL_MISSING;
	if (u == NULL)
		return -1;
	rc = curl()->url_set(u, CURLUPART_URL, base, 0);
	scheme = url_part(u, CURLUPART_SCHEME);
	query = url_part(u, CURLUPART_QUERY);
	frag = url_part(u, CURLUPART_FRAGMENT);
	if (rc != CURLUE_OK || scheme == NULL ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		*err = "must be http://HOST:PORT or https://HOST:PORT";
	else if (query != NULL || frag != NULL)
		*err = "must be a server's address, without ? and #";
	else if (append_path(u, path) == 0 &&
		 (url = url_part(u, CURLUPART_URL)) != NULL &&
		 buf_adds(out, url) == 0)
		*err = NULL;
	if (*err == NULL && open != NULL)
		*open = strcmp(scheme, "http") == 0 && !http_is_loopback(url);
	curl()->free(url);
	curl()->free(frag);
	curl()->free(query);
	curl()->free(scheme);
	curl()->url_cleanup(u);
	return *err == NULL ? 0 : -1;
}

/* The query has a parameter of that name. */
static bool
query_has(const char *query, const char *name)
{
	size_t n = strlen(name);
	const char *p = query;

	while (p != NULL) {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return true;
		p = strchr(p, '&');
		p += p != NULL;
	}
	return false;
}

/* What is wrong with a service's address, or NULL. */
static const char *
check_service(CURLU *u, const char *url)
{
	char *scheme, *user, *password, *query;
	const char *err = NULL;
	CURLUcode rc;

	rc = curl()->url_set(u, CURLUPART_URL, url, 0);
	scheme = url_part(u, CURLUPART_SCHEME);
	user = url_part(u, CURLUPART_USER);
	password = url_part(u, CURLUPART_PASSWORD);
	query = url_part(u, CURLUPART_QUERY);
	if (rc != CURLUE_OK || scheme == NULL ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		err = "must be http://HOST... or https://HOST...";
	else if (user != NULL || password != NULL)
		err = "must not have a user or password in it";
	else if (query_has(query, "key"))
		err = "must not have a key in it";
	curl()->free(query);
	curl()->free(password);
	curl()->free(user);
	curl()->free(scheme);
	return err;
}

/* Appends key=KEY to u's query, escaped. */
static int
append_key(CURLU *u, const char *key)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, HTTP_BODY_MAX);
	if (buf_adds(&b, "key=") == 0 && buf_adds(&b, key) == 0 &&
	    curl()->url_set(u, CURLUPART_QUERY, b.p,
		CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK)
		rc = 0;
	buf_release(&b);
	return rc;
}

static int
put_url(CURLU *u, struct buf *out)
{
	char *url = url_part(u, CURLUPART_URL);
	int rc = url != NULL ? buf_adds(out, url) : -1;

	curl()->free(url);
	return rc;
}

/* u without its query into shown. */
static int
put_shown(CURLU *u, struct buf *shown)
{
	CURLU *copy = curl()->url_dup(u);
	int rc = -1;

	if (copy != NULL &&
	    curl()->url_set(copy, CURLUPART_QUERY, NULL, 0) == CURLUE_OK)
		rc = put_url(copy, shown);
	curl()->url_cleanup(copy);
	return rc;
}

int
http_service(const char *url, const char *path, const char *key,
    struct buf *out, struct buf *shown, bool *open, const char **err)
{
	CURLU *u = curl() != NULL ? curl()->url() : NULL;
	char *own;

	*err = curl() != NULL ? "out of memory" : LIBCURL_MISSING;
	if (u == NULL)
		return -1;
	*err = check_service(u, url);
	if (*err == NULL) {
		*err = "out of memory";
		own = url_part(u, CURLUPART_PATH);
		curl()->url_set(u, CURLUPART_FRAGMENT, NULL, 0);
		if ((own != NULL && strcmp(own, "/") != 0) ||
		    curl()->url_set(u, CURLUPART_PATH, path, 0) == CURLUE_OK)
			if (put_shown(u, shown) == 0 &&
			    (key == NULL || append_key(u, key) == 0) &&
			    put_url(u, out) == 0)
				*err = NULL;
		curl()->free(own);
	}
	if (*err == NULL)
		*open = strncmp(shown->p, "http:", 5) == 0 &&
			!http_is_loopback(shown->p);
	curl()->url_cleanup(u);
	return *err == NULL ? 0 : -1;
}

struct http *
http_new(const struct http_conf *conf)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->conf = conf;
	if (curl() == NULL || curl()->global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(h);
		return NULL;
	}
	h->multi = curl()->multi_init();
	h->easy = curl()->easy_init();
	if (h->multi != NULL && h->easy != NULL)
		return h;
	http_free(h);
	return NULL;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl()->easy_cleanup(h->easy);
	curl()->multi_cleanup(h->multi);
	curl()->global_cleanup();
	free(h);
}

/* libcurl's write callback: keeps what fits and lets the rest go. */
static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;
	size_t room = body->max - body->len;

	n *= size;
	if (buf_add(body, p, n < room ? n : room) < 0)
		return 0;
	return n;
}

struct curl_slist *
http_headers(const char *const *headers)
{
	static const char *const ours[] = {
		"Content-Type: application/json",
		"Accept: application/json",
		"Expect:", /* no waiting for 100 Continue */
		NULL,
	};
	struct curl_slist *list = NULL, *longer;
	const char *const *sets[] = { ours, headers };
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		const char *const *h = sets[i];

		for (; *h != NULL; h++) {
			longer = curl()->slist_append(list, *h);
			if (longer == NULL) {
				curl()->slist_free_all(list);
				return NULL;
			}
			list = longer;
		}
	}
	return list;
}

void
http_set_up(CURL *e, const char *url, const struct curl_slist *headers,
    const char *agent, double timeout)
{
	long ms = (long)(timeout * 1000);

	curl()->easy_setopt(e, CURLOPT_URL, url);
	curl()->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	if (http_is_loopback(url))
		curl()->easy_setopt(e, CURLOPT_PROXY, "");
	curl()->easy_setopt(e, CURLOPT_POST, 1L);
	curl()->easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl()->easy_setopt(e, CURLOPT_USERAGENT, agent);
	curl()->easy_setopt(e, CURLOPT_TIMEOUT_MS, ms > 0 ? ms : 1L);
	curl()->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
}

static void
set_up(struct http *h, const char *url, const struct curl_slist *headers,
    const char *json, size_t n, struct http_answer *a)
{
	CURL *e = h->easy;

	curl()->easy_reset(e); /* options only: connections stay */
	h->why[0] = '\0';
	http_set_up(e, url, headers, h->conf->agent, h->conf->timeout);
	curl()->easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
	curl()->easy_setopt(e, CURLOPT_POSTFIELDS, json);
	curl()->easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl()->easy_setopt(e, CURLOPT_WRITEDATA, &a->body);
	curl()->easy_setopt(e, CURLOPT_ERRORBUFFER, h->why);
}

/* Turns until the request is done. False: wake wanted it to end. */
static bool
turn(struct http *h)
{
	const struct http_conf *c = h->conf;
	struct curl_waitfd wake = { .fd = c->wake_fd,
		.events = CURL_WAIT_POLLIN };
	int running = 1;

	while (
	    curl()->multi_perform(h->multi, &running) == CURLM_OK && running) {
		wake.revents = 0;
		if (curl()->multi_poll(h->multi, &wake, c->wake != NULL, 1000,
			NULL) != CURLM_OK)
			break;
		if (wake.revents != 0 && c->wake(c->arg))
			return false;
	}
	return true;
}

/* How the request ended, once turn() is through. */
static CURLcode
result(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl()->multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_OUT_OF_MEMORY; /* the multi handle itself failed */
}

/* Puts into a->why what is best told about rc. */
static void
explain(CURL *easy, CURLcode rc, const char *said, struct http_answer *a)
{
	const char *why = said[0] != '\0' ? said : curl()->easy_strerror(rc);
	long e = 0;
	size_t n;

	if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_SEND_ERROR ||
	    rc == CURLE_RECV_ERROR)
		curl()->easy_getinfo(easy, CURLINFO_OS_ERRNO, &e);
	if (e != 0)
		why = strerror((int)e);
	n = strlen(why);
	if (n >= sizeof(a->why))
		n = sizeof(a->why) - 1;
	memcpy(a->why, why, n);
	a->why[n] = '\0';
}

enum http_end
http_conclude(CURL *easy, CURLcode rc, const char *said, struct http_answer *a)
{
	curl_off_t after = 0;

	switch (rc) {
	case CURLE_OK:
		curl()->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &a->status);
		curl()->easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
		a->retry_after = after > 0 ? (double)after : 0;
		return HTTP_ANSWERED;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		explain(easy, rc, said, a);
		return HTTP_LOST;
	default:
		explain(easy, rc, said, a);
		return HTTP_FAILED;
	}
}

static enum http_end
conclude(struct http *h, CURLcode rc, struct http_answer *a)
{
	return http_conclude(h->easy, rc, h->why, a);
}

void
http_clear(struct http_answer *a)
{
	a->status = 0;
	a->retry_after = 0;
	a->why[0] = '\0';
	buf_reset(&a->body);
}

enum http_end
http_post(struct http *h, const char *url, const char *const *headers,
    const char *json, size_t n, struct http_answer *a)
{
	struct curl_slist *list = http_headers(headers);
	enum http_end end = HTTP_STOPPED;

	http_clear(a);
	if (list == NULL)
		return conclude(h, CURLE_OUT_OF_MEMORY, a);
	set_up(h, url, list, json, n, a);
	if (curl()->multi_add_handle(h->multi, h->easy) != CURLM_OK)
		end = conclude(h, CURLE_OUT_OF_MEMORY, a);
	else if (turn(h))
		end = conclude(h, result(h), a);
	curl()->multi_remove_handle(h->multi, h->easy);
	curl()->slist_free_all(list);
	return end;
}
