/*
 * peer: see peer.h. Connections that have not made a request yet stand in a
 * row, oldest first. However many somebody opens to send nothing, or a byte
 * now and then, they make room when descriptors get scarce, so that others
 * still get in.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "guard.h"
#include "limits.h"
#include "row.h"

#include "banned.h"

#define HEADER_MAX 4096 /* bytes of X-Forwarded-For */
#define HEAD_WAIT 10000 /* ms for a request's head */
#define LINGER 5000     /* ms more for who was told to read it */

struct peer {
	struct row_link silent; /* among those who have said nothing yet */
	struct lws *wsi;
	struct in6_addr addr;
	uint64_t subscriber;
	int fd;
	int64_t since; /* monotonic ms */
	int64_t wait;  /* refused: seconds until it may be tried again */
	bool is_proxy; /* until its request is there */
	bool held;     /* counted among its address's connections */
	bool too_many; /* it was one too many */
};

int
proxies_parse(struct proxies *p, const char *list)
{
	size_t n;

	for (p->n = 0;; list += n + 1) {
		n = strcspn(list, ",");
		if (p->n == PROXIES_MAX || cidr_parse(&p->c[p->n], list, n) < 0)
			return -1;
		p->n++;
		if (!list[n])
			return 0;
	}
}

static bool
is_trusted(const struct gateway *g, const struct in6_addr *a)
{
	size_t i;

	for (i = 0; i < g->proxies.n; i++)
		if (cidr_has(&g->proxies.c[i], a))
			return true;
	return false;
}

/* Its address is known: its limits. False: not even worth an answer. */
static bool
enter(struct gateway *g, struct peer *p)
{
	uint64_t max = (uint64_t)g->max_per_address, n = 0;

	p->subscriber = limits_subscriber(g, &p->addr);
	if (peer_is_exempt(p))
		return true;
	if (max) {
		n = limits_held(g, p->subscriber);
		p->too_many = n >= max;
		if (n >= 2 * max)
			return false;
		p->held = limits_hold(g, p->subscriber);
	}
	/* one that is refused anyway costs nothing */
	if (!p->too_many)
		p->wait = limits_connect(g, p->subscriber);
	return true;
}

static void
release(struct gateway *g, struct peer *p)
{
	guard_forget(p->fd);
	row_leave(&p->silent);
	if (p->held)
		limits_let_go(g, p->subscriber);
	free(p);
}

struct peer *
peer_new(struct gateway *g, int fd, const struct sockaddr *sa)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->fd = fd;
	p->since = clock_mono_ms();
	cidr_of_socket(sa, &p->addr);
	p->is_proxy = is_trusted(g, &p->addr);
	if ((p->is_proxy || enter(g, p)) && guard_watch(fd) == 0)
		return p;
	release(g, p);
	return NULL;
}

void
peer_attach(struct gateway *g, struct peer *p, struct lws *wsi)
{
	if (!wsi) {
		release(g, p);
		return;
	}
	g->npeers++;
	p->wsi = wsi;
	lws_set_opaque_user_data(wsi, p);
	row_join(&g->silent, &p->silent);
}

void
peer_destroy(struct gateway *g, struct lws *wsi)
{
	struct peer *p = peer_of(wsi);

	if (!p)
		return;
	lws_set_opaque_user_data(wsi, NULL);
	g->npeers--;
	release(g, p);
}

struct peer *
peer_of(struct lws *wsi)
{
	return lws_get_opaque_user_data(wsi);
}

void
peer_make_room(struct gateway *g)
{
	struct peer *p;

	if (!g->silent.first)
		return;
	p = ROW_ITEM(g->silent.first, struct peer, silent);
	row_leave(&p->silent);
	serve_drop(p->wsi);
}

void
peer_turn(struct gateway *g)
{
	int64_t now = clock_mono_ms(), age;
	struct row_link *l, *next;
	struct peer *p;

	for (l = g->silent.first; l; l = next) {
		p = ROW_ITEM(l, struct peer, silent);
		next = l->next;
		age = now - p->since;
		if (age < HEAD_WAIT)
			break;
		if (guard_late(p->fd, lws_get_ssl(p->wsi)) &&
		    age < HEAD_WAIT + LINGER)
			continue;
		row_leave(l);
		serve_drop(p->wsi);
	}
}

/*
 * The rightmost address that none of ours is: what stands left of it was
 * written by whoever it belongs to.
 */
static void
forwarded(const struct gateway *g, const char *list, struct in6_addr *out)
{
	size_t end = strlen(list), at, n;
	struct in6_addr a;

	while (end) {
		for (at = end; at && list[at - 1] != ','; at--)
			;
		n = end - at;
		end = at ? at - 1 : 0;
		while (n && strchr(" \t", list[at])) {
			at++;
			n--;
		}
		while (n && strchr(" \t", list[at + n - 1]))
			n--;
		if (cidr_addr(&a, list + at, n) < 0)
			return; /* who wrote that is the last one we know */
		*out = a;
		if (!is_trusted(g, &a))
			return;
	}
}

int
peer_request(
    struct gateway *g, struct lws *wsi, const char **why, int64_t *wait)
{
	struct peer *p = peer_of(wsi);
	char list[HEADER_MAX];
	int n;

	*wait = 0;
	if (!p) {
		*why = "connection: unknown";
		return 500;
	}
	row_leave(&p->silent);
	if (p->is_proxy) {
		p->is_proxy = false;
		n = lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR);
		if (n && lws_hdr_copy(wsi, list, sizeof list,
			     WSI_TOKEN_X_FORWARDED_FOR) < 0) {
			*why = "X-Forwarded-For: too long";
			return 400;
		}
		if (n)
			forwarded(g, list, &p->addr);
		if (!enter(g, p))
			p->too_many = true;
	}
	*wait = p->too_many ? 1 : p->wait;
	*why = p->too_many ? "too many connections from this address"
			   : "too many new connections from this address";
	if (!*wait)
		return 0;
	g->n.limited++;
	return 429;
}

const struct in6_addr *
peer_addr(const struct peer *p)
{
	return &p->addr;
}

uint64_t
peer_subscriber(const struct peer *p)
{
	return p->subscriber;
}

bool
peer_is_exempt(const struct peer *p)
{
	return cidr_is_loopback(&p->addr);
}
