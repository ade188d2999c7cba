/* httpd: what it takes, what it refuses, and what it does with the slow. */
#define _GNU_SOURCE
#include "../../lib/httpd.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/sock.h"
#include "tap.h"

#include "../../lib/banned.h"

struct app {
	struct loop *loop;
	struct httpd *httpd;
	struct httpd_conn *kept; /* answered later, or a stream */
	int requests, gone;
};

static char got[1 << 20];

static void
on_request(void *arg, struct httpd_conn *c)
{
	struct app *a = arg;
	const char *path = httpd_path(c), *body;
	char text[512], arg1[16] = "";
	size_t n;
	int len;

	a->requests++;
	if (strcmp(path, "/later") == 0) {
		a->kept = c;
	} else if (strcmp(path, "/stream") == 0) {
		a->kept = c;
		httpd_stream(c, "text/event-stream");
		httpd_send(c, "data: 1\n\n", 9);
	} else {
		body = httpd_body(c, &n);
		httpd_arg(c, "q", arg1, sizeof arg1);
		len = snprintf(text, sizeof text, "%s %s q=%s h=%s b=%zu:%s",
		    httpd_method(c), path, arg1,
		    httpd_header(c, "x-h") ? httpd_header(c, "x-h") : "-", n,
		    body);
		httpd_answer(c, 200, "text/plain", NULL, text, (size_t)len);
	}
}

static void
on_gone(void *arg, struct httpd_conn *c)
{
	struct app *a = arg;

	a->gone += a->kept == c;
	a->kept = NULL;
}

static void
app_open(struct app *a)
{
	const struct httpd_conf conf = { .conns = 4,
		.body_max = 100,
		.queue_max = 65536,
		.headers = "X-All: yes\r\n",
		.request = on_request,
		.gone = on_gone };
	const char *err = "";

	*a = (struct app){ .loop = loop_new() };
	a->httpd = httpd_open(a->loop, "listen:h.sock", &conf, a, &err);
	OK(a->httpd != NULL);
	IS_STR(err, "");
	IS_STR(httpd_where(a->httpd), "h.sock");
	OK(!httpd_is_open(a->httpd));
}

static void
app_close(struct app *a)
{
	httpd_free(a->httpd);
	loop_free(a->loop);
}

static void
turns(struct app *a, int n)
{
	while (n-- > 0)
		loop_turn(a->loop, 0);
}

static int
dial(struct app *a, const char *text)
{
	int fd = sock_connect("h.sock");

	if (fd >= 0 && *text)
		IS_INT(send(fd, text, strlen(text), MSG_NOSIGNAL),
		    (int64_t)strlen(text));
	turns(a, 8);
	return fd;
}

/* Everything that has come, into got. True: and the end, too. */
static bool
hear(struct app *a, int fd)
{
	size_t n = 0;
	ssize_t k = -1;
	int i;

	for (i = 0; i < 50; i++) {
		turns(a, 4);
		k = recv(fd, got + n, sizeof got - 1 - n, MSG_DONTWAIT);
		if (k == 0)
			break;
		n += k > 0 ? (size_t)k : 0;
	}
	got[n] = '\0';
	return k == 0;
}

static bool
says(const char *text)
{
	return strstr(got, text) != NULL;
}

static void
answers_what_is_asked(struct app *a)
{
	int fd = dial(a, "GET /a%20b?x=1&q=p%2Bq+r HTTP/1.1\r\nHost: h\r\n"
			 "X-H:  v \t\r\n\r\n");

	OK(!hear(a, fd));
	OK(strncmp(got, "HTTP/1.1 200 OK\r\n", 17) == 0);
	OK(says("\r\nX-All: yes\r\n"));
	OK(says("\r\n\r\nGET /a b q=p+q r h=v b=0:"));
	/* the same connection again, the request in two pieces */
	IS_INT(
	    send(fd, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Le", 37, 0), 37);
	OK(!hear(a, fd));
	IS_STR(got, "");
	IS_INT(send(fd, "ngth: 4\r\n\r\nab", 13, 0), 13);
	OK(!hear(a, fd));
	IS_STR(got, "");
	IS_INT(send(fd, "cd", 2, 0), 2);
	OK(!hear(a, fd));
	OK(says("POST /p q= h=- b=4:abcd"));
	close(fd);
	turns(a, 4);
}

static void
takes_several_at_once_in_order(struct app *a)
{
	int fd = dial(a, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
			 "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
			 "\r\nxyGET /3 HTTP/1.0\r\n\r\n");
	const char *one, *two, *three;

	OK(hear(a, fd)); /* HTTP/1.0 closes */
	one = strstr(got, "GET /1 q= h=- b=0:");
	two = strstr(got, "POST /2 q= h=- b=2:xyHTTP/1.1 200");
	three = strstr(got, "GET /3 q= h=- b=0:");
	OK(one && two && three && one < two && two < three);
	close(fd);
	turns(a, 4);
}

static void
head_has_no_body(struct app *a)
{
	int fd = dial(a, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
	char *end;

	OK(!hear(a, fd));
	OK(says("\r\nContent-Length: 19\r\n"));
	end = strstr(got, "\r\n\r\n");
	OK(end && end[4] == '\0');
	close(fd);
	turns(a, 4);
}

static void
refuses_what_is_no_request(struct app *a)
{
	static const struct {
		const char *text, *status;
	} bad[] = {
		{ "\r\n\r\n", "400" },
		{ "GET\r\n\r\n", "400" },
		{ "GET /\r\n\r\n", "400" },
		{ "GET / HTTP/2.0\r\n\r\n", "505" },
		{ "GET / HTTP/1.1\nHost: h\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost: h\001\r\n\r\n", "400" },
		{ "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "GET /?a\rb HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
		  "Content-Length: 2\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\n"
		  "Content-Length: 101\r\n\r\n",
		    "413" },
		{ "POST / HTTP/1.1\r\nHost: h\r\n"
		  "Content-Length: 99999999999999999999\r\n\r\n",
		    "413" },
		{ "POST / HTTP/1.1\r\nHost: h\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		    "501" },
	};
	size_t i;
	int fd, before = a->requests;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		fd = dial(a, bad[i].text);
		OK_FOR(hear(a, fd), bad[i].text);
		OK_FOR(strncmp(got + 9, bad[i].status, 3) == 0, bad[i].text);
		OK_FOR(says("{\"error\":\""), bad[i].text);
		close(fd);
		turns(a, 4);
	}
	IS_INT(a->requests, before);
}

static void
refuses_a_head_without_end(struct app *a)
{
	char line[200];
	int fd = dial(a, "GET / HTTP/1.1\r\nHost: h\r\n"), i;

	memset(line, 'a', sizeof line);
	for (i = 0; i < 100; i++) {
		if (send(fd, line, sizeof line, MSG_NOSIGNAL) < 0)
			break;
		turns(a, 2);
	}
	OK(hear(a, fd));
	OK(says("HTTP/1.1 431 "));
	close(fd);
	turns(a, 4);
}

static void
answers_later(struct app *a)
{
	int fd = dial(a, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
			 "GET /then HTTP/1.1\r\nHost: h\r\n\r\n");

	OK(!hear(a, fd));
	IS_STR(got, "");
	OK(a->kept != NULL);
	httpd_answer(a->kept, 204, NULL, NULL, "", 0);
	OK(!hear(a, fd));
	OK(says("HTTP/1.1 204 No Content\r\n"));
	OK(says("GET /then"));
	close(fd);
	turns(a, 4);
	/* who goes before his answer is told of */
	fd = dial(a, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	a->gone = 0;
	close(fd);
	turns(a, 8);
	IS_INT(a->gone, 1);
}

static void
cuts_off_who_does_not_read(struct app *a)
{
	static char much[10000];
	int fd = dial(a, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"), i;
	bool ok = true;

	OK(!hear(a, fd));
	OK(says("\r\nContent-Type: text/event-stream\r\n"));
	OK(says("\r\n\r\ndata: 1\n\n"));
	memset(much, 'x', sizeof much);
	a->gone = 0;
	for (i = 0; i < 1000 && ok; i++)
		ok = httpd_send(a->kept, much, sizeof much);
	OK(!ok);
	IS_INT(a->gone, 1);
	IS_INT((int64_t)httpd_cut_off(a->httpd), 1);
	close(fd);
	turns(a, 4);
}

static void
makes_room_for_the_next(struct app *a)
{
	int fd[4], last, i;

	for (i = 0; i < 4; i++)
		fd[i] = dial(a, "");
	last = dial(a, "GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
	OK(!hear(a, last));
	OK(says("GET /last"));
	for (i = 0; i < 4; i++)
		close(fd[i]);
	close(last);
	turns(a, 8);
}

static void
reads_addresses(void)
{
	static const char *const good[] = { "127.0.0.1:9100", "localhost:0",
		"[::1]:65535", "listen:x.sock" };
	static const char *const bad[] = { "", "9100", ":9100",
		"host:", "host:x", "host:65536", "::1:80", "unix:x",
		"listen:", "[]:80", "h:1 " };
	const char *err;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		OK_FOR(httpd_addr_check(good[i], &err) == 0, good[i]);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK_FOR(httpd_addr_check(bad[i], &err) == -1, bad[i]);
}

int
main(void)
{
	char dir[] = "/tmp/ss-httpd.XXXXXX";
	struct app a;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	app_open(&a);
	answers_what_is_asked(&a);
	takes_several_at_once_in_order(&a);
	head_has_no_body(&a);
	refuses_what_is_no_request(&a);
	refuses_a_head_without_end(&a);
	answers_later(&a);
	cuts_off_who_does_not_read(&a);
	makes_room_for_the_next(&a);
	app_close(&a);
	reads_addresses();
	unlink("h.sock.lock");
	OK(chdir("/") == 0 && rmdir(dir) == 0);
	return tap_done();
}
