/*
 * jwt: see jwt.h. The signature comes first: of a token that nobody here has
 * signed nothing is read but the header's algorithm and kid.
 */
#include "jwt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "json.h"

#include "banned.h"

#define MEMBERS_MAX 64 /* the check for twins is quadratic */
#define YEAR_9999 INT64_C(253402300799000)

void
jwt_release(struct jwt *t)
{
	free(t->rooms);
	t->rooms = NULL;
}

void
jwt_parts_release(struct jwt_parts *p)
{
	buf_release(&p->header);
	buf_release(&p->claims);
	buf_release(&p->sig);
}

int
jwt_split(const char *token, size_t n, struct jwt_parts *p, const char **why)
{
	const char *dot, *dot2;

	buf_init(&p->header, JWT_MAX);
	buf_init(&p->claims, JWT_MAX);
	buf_init(&p->sig, JWT_MAX);
	p->signed_len = 0;
	*why = "token: longer than 4096 bytes";
	if (n > JWT_MAX)
		return -1;
	*why = "token: not three parts of base64url";
	dot = memchr(token, '.', n);
	if (!dot)
		return -1;
	dot2 = memchr(dot + 1, '.', n - (size_t)(dot + 1 - token));
	if (!dot2)
		return -1;
	p->signed_len = (size_t)(dot2 - token);
	/* a fourth part has a dot in front, which is no base64url */
	return base64_decode(&p->header, token, (size_t)(dot - token)) |
	       base64_decode(&p->claims, dot + 1, (size_t)(dot2 - dot - 1)) |
	       base64_decode(&p->sig, dot2 + 1, n - p->signed_len - 1);
}

/* An object in which nothing stands twice. */
static int
read_object(struct json_doc *d, const struct buf *text)
{
	if (json_parse(d, text->p, text->len) < 0 || d->n > MEMBERS_MAX ||
	    json_has_duplicates(d))
		return -1;
	return 0;
}

/* A string member, decoded. 0, -1: it is none, or too long, or has a NUL. */
static int
text_of(const struct json_member *m, char *out, size_t n)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, n - 1);
	if (m && m->kind == JSON_STRING && json_unescape(m, &b) == 0 &&
	    !memchr(b.p, '\0', b.len)) {
		memcpy(out, b.p, b.len + 1);
		rc = 0;
	}
	buf_release(&b);
	return rc;
}

/* Absent, or the media type of a token: RFC 8725, 3.11. */
static bool
typ_fits(const struct json_member *m)
{
	static const char prefix[] = "application/"; /* RFC 7515, 4.1.9 */
	char typ[32];
	const char *p = typ;

	if (!m)
		return true;
	if (text_of(m, typ, sizeof typ) < 0)
		return false;
	if (strncasecmp(p, prefix, sizeof prefix - 1) == 0)
		p += sizeof prefix - 1;
	return strcasecmp(p, "JWT") == 0 || strcasecmp(p, "at+jwt") == 0;
}

struct header {
	enum jwt_alg alg;
	char kid[JWTKEY_KID_MAX + 1];
	bool has_kid, typ_fits;
};

static int
read_header(const struct json_doc *d, struct header *h, const char **why)
{
	const struct json_member *kid = json_get(d, "kid");
	char alg[16];

	*why = "token: alg must be HS256, RS256, ES256 or EdDSA";
	if (text_of(json_get(d, "alg"), alg, sizeof alg) < 0 ||
	    jwt_alg_parse(alg, &h->alg) < 0)
		return -1;
	*why = "token: critical extensions are not supported";
	if (json_get(d, "crit") || json_get(d, "b64"))
		return -1;
	h->typ_fits = typ_fits(json_get(d, "typ"));
	*why = "token: kid must be a string of at most 64 bytes";
	h->has_kid = kid != NULL;
	return kid ? text_of(kid, h->kid, sizeof h->kid) : 0;
}

static bool
signed_by_one(const struct jwtkeys *keys, const struct header *h,
    const char *token, const struct jwt_parts *p, const char **why)
{
	bool named = false, fits = false;
	const struct jwtkey *k;
	size_t i;

	for (i = 0; i < keys->n; i++) {
		k = keys->key[i];
		/* among one there is nothing to select */
		if (keys->n > 1 && h->has_kid && strcmp(k->kid, h->kid) != 0)
			continue;
		named = true;
		if (k->alg != h->alg)
			continue;
		fits = true;
		if (jwtkey_check(k, token, p->signed_len, p->sig.p, p->sig.len))
			return true;
	}
	*why = !named  ? "token: kid names no key"
	       : !fits ? "token: alg is not the key's"
		       : "token: the signature is wrong";
	return false;
}

static int
get_header(const struct jwt_parts *p, struct header *h, const char **why)
{
	struct json_doc d = { 0 };
	int rc;

	*why = "token: its header is no JSON object, or a key stands twice";
	rc = read_object(&d, &p->header);
	if (rc == 0)
		rc = read_header(&d, h, why);
	json_release(&d);
	return rc;
}

/* One of the keys made the signature: 0 and its header, or -1 with *why. */
static int
check_signature(const struct jwtkeys *keys, const char *token,
    const struct jwt_parts *p, struct header *h, const char **why)
{
	if (get_header(p, h, why) < 0)
		return -1;
	return signed_by_one(keys, h, token, p, why) ? 0 : -1;
}

bool
jwt_is_signed(
    const struct jwtkeys *keys, const char *token, const struct jwt_parts *p)
{
	struct header h = { .has_kid = false };
	const char *why;

	return check_signature(keys, token, p, &h, &why) == 0;
}

/* A NumericDate in ms; absent is 0. */
static int
read_date(const struct json_doc *d, const char *name, int64_t *out)
{
	const struct json_member *m = json_get(d, name);
	double s;

	*out = 0;
	if (!m)
		return 0;
	if (json_num(m, &s) < 0 || s < 0 || s * 1000 > (double)YEAR_9999)
		return -1;
	/* 0 is a date, and long past */
	*out = s * 1000 < 1 ? 1 : (int64_t)(s * 1000);
	return 0;
}

/* A string, or an array of them, one of which is ours, if that matters. */
static bool
is_for(const struct json_member *m, const struct jwt_want *want)
{
	const char *audience = want->audience;
	struct json_doc list = { 0 };
	bool found = want->any_audience;
	size_t i;

	if (!m)
		return found || !audience;
	if (!found && !audience)
		return false;
	if (m->kind == JSON_STRING)
		return found || json_str_is(m, audience);
	if (m->kind != JSON_ARRAY ||
	    json_parse_array(&list, m->val, m->vallen) < 0)
		return false;
	for (i = 0; i < list.n; i++) {
		if (list.m[i].kind != JSON_STRING) {
			found = false;
			break;
		}
		found = found || json_str_is(&list.m[i], audience);
	}
	json_release(&list);
	return found;
}

/* Appends the names of an array's items, a space between them. */
static int
join_rooms(const struct json_doc *list, struct buf *out)
{
	char room[EVENT_NAME_MAX + 1];
	size_t i;

	if (list->n > JWT_ROOMS_MAX)
		return -1;
	for (i = 0; i < list->n; i++)
		if (text_of(&list->m[i], room, sizeof room) < 0 ||
		    !event_name_valid(room, strlen(room)) ||
		    buf_addf(out, "%s%s", i ? " " : "", room) < 0)
			return -1;
	return 0;
}

static int
read_rooms(const struct json_member *m, char **out)
{
	struct json_doc list = { 0 };
	struct buf b;
	int rc = -1;

	*out = NULL;
	if (!m)
		return 0;
	buf_init(&b, JWT_ROOMS_MAX * (EVENT_NAME_MAX + 1));
	if (m->kind == JSON_ARRAY &&
	    json_parse_array(&list, m->val, m->vallen) == 0 &&
	    join_rooms(&list, &b) == 0) {
		*out = strdup(b.p);
		rc = *out ? 0 : -1;
	}
	json_release(&list);
	buf_release(&b);
	return rc;
}

static int
read_role(const struct json_member *m, enum role *out)
{
	char role[16];

	*out = ROLE_VIEWER;
	if (!m)
		return 0;
	return text_of(m, role, sizeof role) == 0
		   ? role_parse(role, strlen(role), out)
		   : -1;
}

static int
read_claims(const struct json_doc *d, const struct jwt_want *want,
    struct jwt *t, const char **why)
{
	int64_t iat;

	*why = "token: exp, nbf and iat must be numbers of seconds";
	if (read_date(d, "exp", &t->exp) < 0 ||
	    read_date(d, "nbf", &t->nbf) < 0 || read_date(d, "iat", &iat) < 0)
		return -1;
	*why = JWT_EXPIRED;
	if (t->exp && want->now >= t->exp)
		return -1;
	*why = "token: not valid yet";
	if (t->nbf && want->now + JWT_LEEWAY < t->nbf)
		return -1;
	*why = "token: aud names somebody else";
	if (!is_for(json_get(d, "aud"), want))
		return -1;
	*why = "token: sub must be a username";
	if (text_of(json_get(d, "sub"), t->sub, sizeof t->sub) < 0 ||
	    !event_name_valid(t->sub, strlen(t->sub)))
		return -1;
	*why = "token: role must be viewer, subscriber, moderator, streamer "
	       "or admin";
	if (read_role(json_get(d, "role"), &t->role) < 0)
		return -1;
	*why = "token: rooms must be an array of at most 64 names";
	return read_rooms(json_get(d, "rooms"), &t->rooms);
}

/* What is to be right besides the signature. */
static int
check_rest(const struct jwt_parts *p, const struct header *h,
    const struct jwt_want *want, struct jwt *out, const char **why)
{
	struct json_doc d = { 0 };
	int rc;

	*why = "token: typ must be JWT";
	if (!h->typ_fits)
		return -1;
	*why = "token: its claims are no JSON object, or one stands twice";
	rc = read_object(&d, &p->claims);
	if (rc == 0)
		rc = read_claims(&d, want, out, why);
	json_release(&d);
	return rc;
}

int
jwt_check_unsigned(const struct jwt_parts *p, const struct jwt_want *want,
    struct jwt *out, const char **why)
{
	struct header h = { .has_kid = false };

	memset(out, 0, sizeof *out);
	return get_header(p, &h, why) < 0 ? -1
					  : check_rest(p, &h, want, out, why);
}

int
jwt_check(const struct jwtkeys *keys, const struct jwt_want *want,
    const char *token, size_t n, struct jwt *out, const char **why)
{
	struct jwt_parts p;
	struct header h = { .has_kid = false };
	int rc;

	memset(out, 0, sizeof *out);
	rc = jwt_split(token, n, &p, why);
	if (rc == 0)
		rc = check_signature(keys, token, &p, &h, why);
	if (rc == 0)
		rc = check_rest(&p, &h, want, out, why);
	jwt_parts_release(&p);
	return rc;
}

/* --- making ----------------------------------------------------------- */

static int
add_text(struct buf *b, const char *key, const char *s)
{
	if (!s)
		return 0;
	return buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", key) |
	       json_write_str(b, s, strlen(s));
}

/* Whole seconds where it is that; a NumericDate may have a fraction. */
static int
add_date(struct buf *b, const char *key, int64_t ms)
{
	if (!ms)
		return 0;
	if (ms % 1000)
		return buf_addf(b, ",\"%s\":%" PRId64 ".%03d", key, ms / 1000,
		    (int)(ms % 1000));
	return buf_addf(b, ",\"%s\":%" PRId64, key, ms / 1000);
}

static int
write_header(struct buf *b, const struct jwtkey *k, const char *kid)
{
	return buf_addf(
		   b, "{\"alg\":\"%s\",\"typ\":\"JWT\"", jwt_alg_name(k->alg)) |
	       add_text(b, "kid", kid) | buf_addc(b, '}');
}

static int
write_claims(struct buf *b, const struct jwt_new *t)
{
	size_t i;
	int err;

	err = buf_addc(b, '{') | add_text(b, "sub", t->sub) |
	      add_text(b, "role", role_name(t->role)) |
	      add_text(b, "aud", t->audience) | add_date(b, "iat", t->iat) |
	      add_date(b, "nbf", t->nbf) | add_date(b, "exp", t->exp);
	if (t->nrooms)
		err |= buf_adds(b, ",\"rooms\":[");
	for (i = 0; i < t->nrooms; i++) {
		if (i)
			err |= buf_addc(b, ',');
		err |= json_write_str(b, t->rooms[i], strlen(t->rooms[i]));
	}
	if (t->nrooms)
		err |= buf_addc(b, ']');
	return err | buf_addc(b, '}');
}

int
jwt_mint(const struct jwtkey *k, const struct jwt_new *t, struct buf *out)
{
	struct buf text, part;
	int err;

	buf_init(&text, JWT_MAX);
	buf_init(&part, JWT_MAX);
	err = write_header(&part, k, t->kid) |
	      base64_encode(&text, part.p, part.len) | buf_addc(&text, '.');
	buf_reset(&part);
	err |= write_claims(&part, t) | base64_encode(&text, part.p, part.len);
	buf_reset(&part);
	if (!err)
		err = jwtkey_sign(k, text.p, text.len, &part) |
		      buf_addc(&text, '.') |
		      base64_encode(&text, part.p, part.len);
	if (!err)
		err = buf_add(out, text.p, text.len);
	buf_release(&text);
	buf_release(&part);
	return err ? -1 : 0;
}
