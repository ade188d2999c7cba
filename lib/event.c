/*
 * event: see event.h. Reading is json_parse plus one comparison; changing an
 * event means copying its bytes around the members that go (splice), so that
 * what we don't know stays exactly as it was.
 */
#include "event.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"

#include "banned.h"

static enum event_type
type_of(const struct json_member *m)
{
	static const struct {
		const char *text; /* with its quotes */
		size_t len;
		enum event_type type;
	} types[] = {
		{ "\"chat\"", 6, EVENT_CHAT },
		{ "\"gift\"", 6, EVENT_GIFT },
		{ "\"epoch\"", 7, EVENT_EPOCH },
		{ "\"mark\"", 6, EVENT_MARK },
		{ "\"hello\"", 7, EVENT_HELLO },
	};
	char name[8];
	size_t i;

	/* nearly always one of these, and then without a call */
	if (m->vallen == 6 && memcmp(m->val, "\"chat\"", 6) == 0)
		return EVENT_CHAT;
	if (m->vallen == 6 && memcmp(m->val, "\"gift\"", 6) == 0)
		return EVENT_GIFT;
	for (i = 0; i < sizeof types / sizeof *types; i++) {
		if (!m->val_escaped) {
			if (m->vallen == types[i].len &&
			    memcmp(m->val, types[i].text, m->vallen) == 0)
				return types[i].type;
			continue;
		}
		memcpy(name, types[i].text + 1, types[i].len - 2);
		name[types[i].len - 2] = '\0';
		if (json_str_is(m, name))
			return types[i].type;
	}
	return EVENT_OTHER;
}

int
event_parse(struct event *ev, const char *line, size_t n)
{
	ev->line = line;
	ev->len = n;
	ev->type = EVENT_OTHER;
	ev->name = NULL;
	if (json_parse(&ev->doc, line, n) < 0)
		return -1;
	ev->name = json_get(&ev->doc, "type");
	if (ev->name)
		ev->type = type_of(ev->name);
	return 0;
}

void
event_release(struct event *ev)
{
	json_release(&ev->doc);
	ev->line = NULL;
	ev->len = 0;
}

bool
event_is_housekeeping(const struct event *ev)
{
	return ev->type == EVENT_EPOCH || ev->type == EVENT_MARK ||
	       ev->type == EVENT_HELLO;
}

bool
event_name_valid(const char *s, size_t n)
{
	size_t i;
	char c;

	if (n < 1 || n > EVENT_NAME_MAX)
		return false;
	for (i = 0; i < n; i++) {
		c = s[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '_' ||
			c == '-'))
			return false;
	}
	return true;
}

static bool
listed(const struct json_member *m, const char *const *list)
{
	for (; *list; list++)
		if ((m->key_escaped || !m->keylen || *m->key == **list) &&
		    json_key_is(m, *list))
			return true;
	return false;
}

/* Where a splice writes, with room for all of it. */
struct splice {
	char *to;
	bool any; /* a member was written: the next one wants a comma */
};

static void
put(struct splice *s, const char *p, size_t n)
{
	if (!n)
		return;
	if (s->any)
		*s->to++ = ',';
	memcpy(s->to, p, n);
	s->to += n;
	s->any = true;
}

int
event_splice(const struct event *ev, const char *const *drop,
    const char *insert, size_t n, struct buf *out)
{
	struct splice s = { .any = false };
	const struct json_doc *d = &ev->doc;
	const struct json_member *ts = json_get(d, "ts"), *m;
	const char *run = NULL; /* members kept since here, copied in one go */
	const char *end = NULL;
	uint64_t drops = 0; /* their tags: most members have another */
	size_t i;
	bool gone;

	for (i = 0; drop[i]; i++)
		drops |= UINT64_C(1) << json_tag(drop[i], strlen(drop[i]));
	/* what is inserted may need a comma */
	if (buf_reserve(out, ev->len + n + 2) < 0)
		return -1;
	s.to = out->p + out->len;
	*s.to++ = '{';
	for (i = 0; i < d->n; i++) {
		m = &d->m[i];
		gone = (m->tag == JSON_TAG_ANY || drops >> m->tag & 1) &&
		       listed(m, drop);
		if ((m == ts || gone) && run) {
			put(&s, run, (size_t)(end - run));
			run = NULL;
		}
		if (m == ts)
			put(&s, insert, n);
		if (gone)
			continue;
		if (!run)
			run = m->key - 1;
		end = m->val + m->vallen;
	}
	if (run)
		put(&s, run, (size_t)(end - run));
	if (!ts)
		put(&s, insert, n);
	*s.to++ = '}';
	*s.to = '\0';
	out->len = (size_t)(s.to - out->p);
	return 0;
}

/* Everything but the members "seq" and the closing brace. */
static int
unnumbered(const struct event *ev, struct buf *out)
{
	static const char *const seq[] = { "seq", NULL };
	const char *end = ev->line + ev->len;

	if (!ev->doc.n) /* white space would hide what follows it */
		return buf_addc(out, '{');
	if (!json_get(&ev->doc, "seq")) {
		while (end[-1] != '}')
			end--;
		return buf_add(out, ev->line, (size_t)(end - 1 - ev->line));
	}
	if (event_splice(ev, seq, NULL, 0, out) < 0)
		return -1;
	buf_cut(out, out->len - 1);
	return 0;
}

int
event_number(const struct event *ev, uint64_t seq, struct buf *out)
{
	char text[sizeof ",\"seq\":18446744073709551615}"];
	char *end = text + sizeof text, *p = end;
	size_t old = out->len;

	/* backwards, by hand: a format would cost more than all else */
	*--p = '}';
	do
		*--p = (char)('0' + seq % 10);
	while (seq /= 10);
	p -= 6;
	memcpy(p, "\"seq\":", 6);
	if (buf_reserve(out, ev->len + sizeof text) == 0 &&
	    unnumbered(ev, out) == 0) {
		if (out->len > old + 1) /* a member is there */
			*--p = ',';
		if (buf_add(out, p, (size_t)(end - p)) == 0)
			return 0;
	}
	buf_cut(out, old);
	return -1;
}

bool
event_tail_seq(const char *line, size_t n, uint64_t *seq)
{
	static const char key[] = "\"seq\":";
	const size_t k = sizeof key - 1;
	uint64_t v = 0, unit = 1;
	size_t at = n - 1;

	if (n < k + 3 || line[at] != '}')
		return false;
	while (at > 0 && line[at - 1] >= '0' && line[at - 1] <= '9' &&
	       n - at <= 17) {
		v += unit * (uint64_t)(line[--at] - '0');
		unit *= 10;
	}
	if (!v || at < k + 1 || memcmp(line + at - k, key, k) != 0 ||
	    (line[at - k - 1] != ',' && line[at - k - 1] != '{'))
		return false;
	*seq = v;
	return true;
}

const char *
event_sender(const struct event *ev)
{
	if (ev->type != EVENT_CHAT && ev->type != EVENT_GIFT &&
	    json_get(&ev->doc, "by"))
		return "by"; /* its user is whom it is done to */
	return json_get(&ev->doc, "user") ? "user" : "from";
}

uint64_t
event_seq(const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "seq");
	int64_t v;

	return m && json_int(m, &v) == 0 && v > 0 ? (uint64_t)v : 0;
}

static void
text_member(struct buf *b, const char *key, const char *s, size_t n, int *err)
{
	*err |= buf_addf(b, ",\"%s\":", key) | json_write_str(b, s, n);
}

/* type and id, the start of every event. */
static int
head(struct buf *b, const char *type, const char *id)
{
	return buf_addf(b, "{\"type\":\"%s\",\"id\":\"%s\"", type, id);
}

struct tail {
	int64_t ts;
	enum role role;
	const char *room, *nonce;
	size_t nonce_len;
};

/* What every event ends with; takes it back when it got too long. */
static int
tail(struct buf *b, size_t old, const struct tail *e, int err)
{
	char t[CLOCK_RFC3339_LEN + 1];

	clock_format(e->ts, t);
	text_member(b, "ts", t, CLOCK_RFC3339_LEN, &err);
	if (e->room && strcmp(e->room, EVENT_ROOM) != 0)
		text_member(b, "room", e->room, strlen(e->room), &err);
	if (e->role != ROLE_VIEWER)
		err |= buf_addf(b, ",\"role\":\"%s\"", role_name(e->role));
	if (e->nonce)
		text_member(b, "nonce", e->nonce, e->nonce_len, &err);
	err |= buf_addc(b, '}');
	if (!err && b->len - old + 1 > EVENT_LINE_MAX) {
		errno = EMSGSIZE;
		err = -1;
	}
	if (err) {
		buf_cut(b, old);
		return -1;
	}
	return 0;
}

int
event_write_chat(struct buf *b, const struct event_chat *c)
{
	size_t old = b->len;
	struct tail t = { c->ts, c->role, c->room, c->nonce, c->nonce_len };
	int err = head(b, "chat", c->id);

	text_member(b, "user", c->user, strlen(c->user), &err);
	text_member(b, "message", c->message, c->message_len, &err);
	return tail(b, old, &t, err);
}

int
event_write_gift(struct buf *b, const struct event_gift *g)
{
	size_t old = b->len;
	struct tail t = { g->ts, g->role, g->room, g->nonce, g->nonce_len };
	int err = head(b, "gift", g->id);

	text_member(b, "from", g->from, strlen(g->from), &err);
	err |= buf_addf(b, ",\"gift_id\":%" PRId64 ",\"amount\":%" PRId64,
	    g->gift_id, g->amount);
	if (g->streak) {
		text_member(b, "streak", g->streak, strlen(g->streak), &err);
		err |= buf_addf(b, ",\"count\":%" PRId64, g->count);
	}
	return tail(b, old, &t, err);
}
