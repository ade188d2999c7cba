/*
 * serve: libwebsockets and the listening socket. The socket is our own: the
 * library could neither stop accepting nor share a port, and its connections
 * are adopted as they come. Everything else the library tells is handed to
 * upgrade.c, viewer.c and http.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "guard.h"
#include "head.h"
#include "msg.h"
#include "peer.h"
#include "subproto.h"
#include "tcp.h"
#include "tls.h"

#include "banned.h"

#define TICK 500           /* ms: what the library's timers are exact to */
#define ACCEPT_PAUSE 100   /* ms without accept(2) when descriptors ran out */
#define ACCEPT_TURN 256    /* connections accepted in one turn of the loop */
#define SPARE_FDS 512      /* beyond the viewers: HTTP, and ourselves */
#define OWN_FDS 64         /* of them for ourselves */
#define SEND_BUFFER 262144 /* bytes the kernel may hold for one viewer */

/*
 * Bytes that the library reads at once: room for what a record of TLS has
 * (RFC 8446, 5.1) and what the guard adds. It looks for the rest of a record
 * only where its buffer came back full, which it doesn't through the guard.
 */
#define READ_BUFFER (GUARD_READ + GUARD_ROOM + 64)
/*
 * What the library keeps of a head, at most: of an unknown header eight bytes
 * more than it has, of others less than they have.
 */
#define HEADER_STORE (HEAD_MAX + GUARD_ROOM + 8 * HEAD_ITEMS_MAX + 64)

static int callback(
    struct lws *, enum lws_callback_reasons, void *, void *, size_t);

/* One for all: subprotocols are our own matter (subproto.c). */
static const struct lws_protocols protocols[] = {
	{ .name = "http",
	    .callback = callback,
	    .per_session_data_size = sizeof(struct conn),
	    .rx_buffer_size = 256,
	    .tx_packet_size = 65536 },
	{ .name = NULL },
};

/* Of the library's own: see ping.c. */
static const lws_retry_bo_t no_pings = { .secs_since_valid_hangup = 0 };

static int
established(struct gateway *g, struct lws *wsi, struct conn *c)
{
	if (upgrade_is_echo(g, wsi))
		c->echo = echo_new(wsi);
	else
		c->viewer = viewer_new(g, wsi);
	if (!c->echo && !c->viewer)
		return -1;
	ping_join(g, c, wsi);
	guard_upgraded(lws_get_socket_fd(wsi), c);
	return 0;
}

/* The text that goes with a close code: CONTRACT 6. */
static const char *
close_text(unsigned short code)
{
	switch (code) {
	case LWS_CLOSE_STATUS_POLICY_VIOLATION:
		return "too many errors";
	case 4001:
		return "token expired";
	case 4008:
		return "slow consumer";
	default:
		return "";
	}
}

static int
writable(struct conn *c)
{
	struct viewer *v = c->viewer;
	char text[32];
	unsigned short code;

	if (v && v->close_code) {
		code = v->close_code;
		v->close_code = 0; /* asked twice, the library just drops */
		lws_snprintf(text, sizeof text, "%s", close_text(code));
		lws_close_reason(v->wsi, (enum lws_close_status)code,
		    (unsigned char *)text, strlen(text));
		return -1;
	}
	if (ping_write(c) < 0)
		return -1;
	if (c->echo)
		return echo_writable(c->echo);
	return v ? fan_writable(v->fan, v) : 0;
}

static void
closed(struct gateway *g, struct conn *c)
{
	/* CLOSED can come without ESTABLISHED: FACTS on 4.1.6 */
	if (c && c->viewer)
		viewer_free(g, c->viewer);
	if (c) {
		ping_leave(c);
		echo_free(c->echo);
		c->viewer = NULL;
		c->echo = NULL;
	}
}

static int
callback(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in,
    size_t n)
{
	struct gateway *g = lws_context_user(lws_get_context(wsi));
	struct conn *c = user;

	switch (why) {
	case LWS_CALLBACK_WSI_DESTROY:
		peer_destroy(g, wsi);
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		tls_context(g, user);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return upgrade_check(g, wsi);
	case LWS_CALLBACK_ADD_HEADERS:
		return subproto_answer(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return established(g, wsi, c);
	case LWS_CALLBACK_RECEIVE:
		if (c->echo)
			return echo_receive(c->echo, in, n);
		return c->viewer ? viewer_receive(g, c->viewer, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(c);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (c->viewer)
			c->viewer->closing = true;
		return 0;
	case LWS_CALLBACK_CLOSED:
		closed(g, c);
		return 0;
	case LWS_CALLBACK_HTTP:
		return http_request(g, wsi, c, in);
	case LWS_CALLBACK_HTTP_BODY:
		return http_body(g, wsi, c, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_body_done(g, wsi, c);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return c ? http_writable(g, wsi, c) : 0;
	case LWS_CALLBACK_TIMER:
		if (c && c->viewer)
			return viewer_refused(c->viewer);
		return c ? http_too_slow(g, wsi, c) : 0;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (c)
			http_forget(g, c);
		return 0;
	case LWS_CALLBACK_RAW_ADOPT: /* CONNECT makes it a raw socket */
	case LWS_CALLBACK_RAW_CONNECTED:
	case LWS_CALLBACK_RAW_RX:
		return -1;
	default:
		return 0;
	}
}

/* As many descriptors as the viewers need, if the system lets us. */
static unsigned
raise_limit(struct gateway *g)
{
	struct rlimit r;
	rlim_t want = (rlim_t)g->max_connections + SPARE_FDS;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024;
	if (r.rlim_cur < want) {
		r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur < want)
		msg_warn("%llu descriptors only: about %llu viewers at most",
		    (unsigned long long)r.rlim_cur,
		    (unsigned long long)(r.rlim_cur > SPARE_FDS
					     ? r.rlim_cur - SPARE_FDS
					     : r.rlim_cur / 2));
	g->max_peers = (size_t)(r.rlim_cur > 2 * OWN_FDS ? r.rlim_cur - OWN_FDS
							 : r.rlim_cur / 2);
	return r.rlim_cur > 1000000 ? 1000000 : (unsigned)r.rlim_cur;
}

static void
log_line(int level, const char *line)
{
	size_t n = strcspn(line, "\n");

	(void)level;
	msg_info("libwebsockets: %.*s", (int)n, line);
}

/*
 * The library sets its libev timer while that runs, which libev does not
 * notice, so time limits would come late or never. But it looks at all of them
 * whenever it is woken.
 */
static void
tick(void *arg)
{
	struct gateway *g = arg;

	ping_turn(g);
	peer_turn(g);
	lws_cancel_service(g->lws);
	loop_after(g->loop, &g->tick, TICK, tick, g);
}

void
serve_drop(struct lws *wsi)
{
	lws_set_timeout(
	    wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

int
serve_open(struct gateway *g)
{
	struct lws_context_creation_info i = { 0 };
	void *loops[1] = { g->ev_loop };

	guard_open(g);
	lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
	i.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	i.protocols = protocols;
	i.user = g;
	i.foreign_loops = loops;
	i.fd_limit_per_thread = raise_limit(g);
	i.retry_and_idle_policy = &no_pings;
	i.timeout_secs = 15;
	i.timeout_secs_ah_idle = 20; /* peer_turn is before it */
	i.keepalive_timeout = 5;
	i.pt_serv_buf_size = READ_BUFFER;
	i.max_http_header_data = HEADER_STORE;
	i.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_VALIDATE_UTF8 |
		    LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	if (g->tls_cert) {
		if (tls_load(g) < 0)
			return -1;
		tls_host(g, &i);
	}
	g->lws = lws_create_context(&i);
	if (!g->lws) {
		msg_err("libwebsockets did not start (is its libev plug-in "
			"installed?)");
		return -1;
	}
	g->vhost = lws_create_vhost(g->lws, &i);
	if (!g->vhost) {
		msg_err("libwebsockets made no host");
		return -1;
	}
	loop_after(g->loop, &g->tick, TICK, tick, g);
	return 0;
}

static void
accept_again(void *arg)
{
	struct gateway *g = arg;

	loop_mod(g->loop, &g->listener, LOOP_IN);
}

/* The connection is the library's from here on, which closes it. */
static void
adopt(struct gateway *g, int fd, const struct sockaddr *sa)
{
	int one = 1, size = SEND_BUFFER;
	struct peer *p = peer_new(g, fd, sa);

	g->n.connections++;
	if (!p) {
		g->n.refused++;
		close(fd);
		return;
	}
	if (g->npeers >= g->max_peers)
		peer_make_room(g);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	peer_attach(g, p, lws_adopt_socket_vhost(g->vhost, fd));
}

static void
on_connection(void *arg, unsigned events)
{
	struct gateway *g = arg;
	struct sockaddr_storage sa;
	socklen_t len;
	int fd = -1, i;

	(void)events;
	for (i = 0; i < ACCEPT_TURN; i++) {
		len = sizeof sa;
		fd = accept4(g->listener.fd, (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		adopt(g, fd, (struct sockaddr *)&sa);
	}
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED &&
	    errno != EINTR) {
		msg_warn("accept: %s", strerror(errno));
		peer_make_room(g);
		loop_mod(g->loop, &g->listener, 0);
		loop_after(
		    g->loop, &g->listen_again, ACCEPT_PAUSE, accept_again, g);
	}
}

void
serve_announce(struct gateway *g, int fd)
{
	struct tcp_place p;

	tcp_place(fd, &p);
	if (!p.loopback && !ident_is_demanded(g))
		msg_warn("%s is not a loopback address, and there is no "
			 "authentication: anybody who reaches it may chat and "
			 "send gifts under any name",
		    p.host);
	msg_warn("listening on http%s://%s", g->tls_cert ? "s" : "", p.where);
	if (g->ready_fd >= 0 && write((int)g->ready_fd, "\n", 1) < 0)
		msg_warn("ready-fd: %s", strerror(errno));
}

int
serve_bind(struct gateway *g, bool again)
{
	struct tcp_place p;
	const char *err;
	char port[16];
	int fd, one = 1;

	lws_snprintf(port, sizeof port, "%d", (int)g->port);
	fd = tcp_bind(g->addr, port, again, &err);
	if (fd < 0) {
		msg_err("%s port %s: %s", g->addr, port, err);
		return -1;
	}
	/* after bind(2), which was to fail where somebody else listens */
	if (g->workers > 1)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	tcp_place(fd, &p);
	g->port = strtol(p.port, NULL, 10);
	return fd;
}

/* It is bound already; one that somebody listens on is refused here. */
int
serve_listen(struct gateway *g)
{
	g->listener.fd = g->bound;
	g->bound = -1;
	if (g->listener.fd < 0)
		return -1;
	if (listen(g->listener.fd, 4096) < 0) {
		msg_err(
		    "%s port %d: %s", g->addr, (int)g->port, strerror(errno));
		return -1;
	}
	g->listener.events = LOOP_IN;
	g->listener.fn = on_connection;
	g->listener.arg = g;
	if (loop_add(g->loop, &g->listener) < 0) {
		msg_err("listen: %s", strerror(errno));
		return -1;
	}
	g->listening = true;
	if (!g->is_worker) {
		serve_announce(g, g->listener.fd);
	} else if (write((int)g->ready_fd, "\n", 1) < 0) {
		msg_err("parent: %s", strerror(errno));
		return -1;
	}
	notify_ready(&g->notify, g->loop);
	return 0;
}

void
serve_stop_listening(struct gateway *g)
{
	loop_cancel(g->loop, &g->listen_again);
	loop_cancel(g->loop, &g->start);
	loop_cancel(g->loop, &g->hello_wait);
	if (!g->listening)
		return;
	g->listening = false;
	loop_del(g->loop, &g->listener);
	close(g->listener.fd);
	g->listener.fd = -1;
}

void
serve_close(struct gateway *g)
{
	if (g->loop)
		loop_cancel(g->loop, &g->tick);
	if (g->lws)
		lws_context_destroy(g->lws);
	g->lws = NULL;
	guard_close();
	tls_free(g);
}
