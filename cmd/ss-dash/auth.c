/*
 * auth: see dash.h. Who may use the desk. With keys: who has a staff member's
 * token, as a bearer or in a cookie that scripts can't read and that no other
 * site's page can make the browser send. Without: whoever reaches the loopback
 * address. Either way a request has to be for us by name (a page elsewhere
 * can point a name of its own at 127.0.0.1) and, where it acts, from us.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dash.h"
#include "jwt.h"
#include "msg.h"

#include "banned.h"

#define COOKIE "ss_desk"

int
auth_open(struct dash *d)
{
	struct buf why;
	size_t i;
	int rc = 0;

	buf_init(&why, 4096);
	for (i = 0; i < d->keys.n && rc == 0; i++)
		rc = jwtkeys_add(
		    &d->keyset, d->keys.item[i], JWTKEY_CHECK, &why);
	if (rc < 0)
		msg_err("jwt-key: %s", why.p);
	buf_release(&why);
	d->locked = d->keys.n > 0;
	return rc;
}

/* The host of HOST or HOST:PORT, without brackets, into out. */
static bool
host_of(const char *authority, char *out, size_t size)
{
	const char *end;
	size_t n;

	if (*authority == '[') {
		authority++;
		end = strchr(authority, ']');
	} else {
		end = authority + strcspn(authority, ":");
	}
	n = end ? (size_t)(end - authority) : 0;
	if (!n || n >= size)
		return false;
	memcpy(out, authority, n);
	out[n] = '\0';
	return true;
}

/* No name but those that we were told: an address can't be pointed anywhere. */
static bool
is_our_host(const struct dash *d, const char *authority)
{
	unsigned char bin[sizeof(struct in6_addr)];
	char host[256];
	size_t i;

	if (!host_of(authority, host, sizeof host))
		return false;
	if (strcmp(host, "localhost") == 0 ||
	    inet_pton(AF_INET, host, bin) == 1 ||
	    inet_pton(AF_INET6, host, bin) == 1)
		return true;
	for (i = 0; i < d->hosts.n; i++)
		if (strcmp(host, d->hosts.item[i]) == 0)
			return true;
	return false;
}

/* http://HOST:PORT and the Host of the same request. */
static bool
is_origin(const char *origin, const char *host)
{
	const char *p = strstr(origin, "://");

	return p && (p - origin == 4 || p - origin == 5) &&
	       strncmp(origin, "http", 4) == 0 && strcmp(p + 3, host) == 0;
}

bool
auth_same_origin(struct dash *d, struct httpd_conn *c)
{
	const char *host = httpd_header(c, "host");
	const char *origin = httpd_header(c, "origin");
	const char *site = httpd_header(c, "sec-fetch-site");
	const char *method = httpd_method(c);
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (!host || !is_our_host(d, host)) {
		httpd_error(c, 421, "Host: not a name of this server (--host)");
		return false;
	}
	if (origin ? !is_origin(origin, host)
		   : site && strcmp(site, "same-origin") != 0 &&
			 strcmp(site, "none") != 0 &&
			 (!reads || strncmp(httpd_path(c), "/api/", 5) == 0)) {
		httpd_error(c, 403, "from another site's page");
		return false;
	}
	return true;
}

/* The cookie's value, n bytes; NULL: there is none. */
static const char *
cookie(const struct httpd_conn *c, size_t *n)
{
	const char *p = httpd_header(c, "cookie");

	for (; p && *p; p += strcspn(p, ";"), p += strspn(p, "; "))
		if (strncmp(p, COOKIE "=", sizeof COOKIE) == 0) {
			p += sizeof COOKIE;
			*n = strcspn(p, ";");
			return p;
		}
	return NULL;
}

/* A token, n bytes, as somebody. 0, or -1 with the status and *why. */
static int
check(const struct dash *d, const char *token, size_t n, struct who *who,
    const char **why)
{
	const struct jwt_want want = { .audience = d->audience,
		.now = clock_wall_ms() };
	struct jwt t = { .exp = 0 };
	int status = 0;

	if (jwt_check(&d->keyset, &want, token, n, &t, why) < 0) {
		status = 401;
	} else if (!role_is_staff(t.role)) {
		*why = "token: not a moderator's";
		status = 403;
	} else if (t.rooms) {
		*why = "token: the desk is for all rooms, it is for some";
		status = 403;
	}
	*who = (struct who){ .role = t.role, .expires = t.exp };
	memcpy(who->name, t.sub, sizeof who->name);
	jwt_release(&t);
	return status;
}

bool
auth_who(struct dash *d, struct httpd_conn *c, struct who *who)
{
	const char *bearer = httpd_header(c, "authorization");
	const char *token = NULL, *why = "a moderator's token is needed";
	size_t n = 0;
	int status = 401;

	if (!d->locked) {
		*who = (struct who){ .role = ROLE_ADMIN };
		snprintf(who->name, sizeof who->name, "%s", d->by);
		return true;
	}
	if (bearer && strncmp(bearer, "Bearer ", 7) == 0) {
		token = bearer + 7;
		n = strlen(token);
	} else {
		token = cookie(c, &n);
	}
	if (token)
		status = check(d, token, n, who, &why);
	if (status == 0)
		return true;
	httpd_error(c, status, why);
	return false;
}

/* Takes the token of the body as a cookie, for as long as it is valid. */
static void
begin(struct dash *d, struct httpd_conn *c)
{
	struct json_doc doc = { .m = NULL };
	const struct json_member *m;
	struct buf token, set;
	const char *why = "";
	struct who who;
	int status;

	if (!serve_body(c, &doc))
		return;
	buf_init(&token, 4096);
	buf_init(&set, 8192);
	m = json_get(&doc, "token");
	if (!m || m->kind != JSON_STRING || json_unescape(m, &token) < 0) {
		httpd_error(c, 400, "token: must be a string");
	} else if ((status = check(d, token.p, token.len, &who, &why)) != 0) {
		httpd_error(c, status, why);
	} else {
		/* it has passed: base64url and dots, nothing else */
		buf_addf(&set,
		    "Set-Cookie: " COOKIE
		    "=%s; Path=/; HttpOnly; SameSite=Strict\r\n",
		    token.p);
		httpd_answer(c, 200, "application/json", set.p,
		    "{\"status\":\"ok\"}\n", 16);
	}
	jwtkey_wipe(&token);
	jwtkey_wipe(&set);
	json_release(&doc);
}

void
auth_session(struct dash *d, struct httpd_conn *c)
{
	const char *method = httpd_method(c);
	struct who who;
	struct buf b;

	if (strcmp(method, "DELETE") == 0) {
		httpd_answer(c, 200, "application/json",
		    "Set-Cookie: " COOKIE
		    "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict\r\n",
		    "{\"status\":\"ok\"}\n", 16);
	} else if (strcmp(method, "POST") == 0 && d->locked) {
		begin(d, c);
	} else if (strcmp(method, "GET") != 0) {
		httpd_error(c, 405, NULL);
	} else if (auth_who(d, c, &who)) {
		buf_init(&b, 4096);
		buf_addf(&b,
		    "{\"by\":\"%s\",\"role\":\"%s\",\"locked\":%s,"
		    "\"expires\":%" PRId64 "}\n",
		    who.name, role_name(who.role), d->locked ? "true" : "false",
		    who.expires);
		serve_json(c, &b);
		buf_release(&b);
	}
}
