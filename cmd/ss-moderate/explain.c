/*
 * explain: see app.h. The member "why" (ss-event(5)): what decided, which
 * parts of the text carried how much, and the ids of scorer and policy, by
 * which a verdict in a log can be had again. Where the message is masked it
 * tells places only: it is shown with the message.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "utf8.h"

#include "banned.h"

#define TEXT_MAX 64 /* code points of a part that are quoted */

static void
hash(uint64_t *h, const void *p, size_t n)
{
	const unsigned char *s = p;
	size_t i;

	for (i = 0; i < n; i++)
		*h = (*h ^ s[i]) * UINT64_C(0x100000001b3);
}

/* With a border behind it, so that "ab" "c" is not "a" "bc". */
static void
hash_text(uint64_t *h, const char *s)
{
	if (s != NULL)
		hash(h, s, strlen(s));
	hash(h, "", 1);
}

/* The rules as they stand in the file; what they include isn't looked at. */
static void
hash_file(uint64_t *h, const char *path)
{
	char chunk[4096];
	ssize_t n;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && ((n = read(fd, chunk, sizeof(chunk))) > 0 ||
			      (n < 0 && errno == EINTR)))
		if (n > 0)
			hash(h, chunk, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
}

void
explain_rules(struct app *a)
{
	a->rules_id = UINT64_C(0xcbf29ce484222325);
	hash_file(&a->rules_id, a->rules);
}

void
explain_policy(struct app *a)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), id;
	const struct ask_conf *ask = &a->ask_conf;

	hash(&h, &a->threshold, sizeof(a->threshold));
	hash_text(&h, a->policy_name);
	hash_text(&h, a->profile_name);
	hash(&h, &a->rules_id, a->rules != NULL ? sizeof(a->rules_id) : 0);
	id = a->lists.block != NULL ? list_id(a->lists.block) : 0;
	hash(&h, &id, sizeof(id));
	id = a->lists.allow != NULL ? list_id(a->lists.allow) : 0;
	hash(&h, &id, sizeof(id));
	if (ask->url != NULL) {
		hash_text(&h, ask->url);
		hash_text(&h, ask->format);
		hash_text(&h, ask->band);
		hash_text(&h, ask->fail);
		hash_text(&h, ask->model);
	}
	a->policy_id = h;
}

/* The first code points of n bytes: at most TEXT_MAX. Their bytes. */
static size_t
quoted(const char *s, size_t n)
{
	size_t i = 0, k;
	uint32_t cp;

	for (k = 0; k < TEXT_MAX && i < n; k++)
		i += utf8_decode(s + i, n - i, &cp);
	return i;
}

/* "start":3,"length":5,"text":"idiot" of n bytes from byte start on. */
static int
put_place(struct app *a, size_t start, size_t n, bool masked)
{
	const char *text = a->text.p;
	struct buf *b = &a->why;
	int err;

	err = buf_addf(b, "\"start\":%zu,\"length\":%zu",
	    utf8_count(text, start), utf8_count(text + start, n));
	if (!masked) {
		err |= buf_adds(b, ",\"text\":");
		err |= json_write_str(b, text + start, quoted(text + start, n));
	}
	return err;
}

static int
put_spans(struct app *a, bool masked)
{
	struct toxic_span span[TOXIC_REASONS];
	struct buf *b = &a->why;
	size_t n = 0, i;
	int err;

	if (a->scored->len > 0)
		n = toxic_explain(
		    a->scorer, a->scored->p, a->scored->len, &a->result, span);
	err = buf_adds(b, ",\"spans\":[");
	for (i = 0; i < n; i++) {
		err |= buf_adds(b, i > 0 ? ",{" : "{");
		err |= put_place(a, span[i].start, span[i].len, masked);
		err |= buf_addf(b, ",\"weight\":%.2f,\"label\":\"%s\"",
		    (double)span[i].weight, toxic_label_name[span[i].label]);
		if (span[i].phrase > 0)
			err |= buf_addf(b, ",\"phrase\":\"phrases.txt:%u\"",
			    span[i].phrase);
		err |= buf_addc(b, '}');
	}
	return err | buf_addc(b, ']');
}

/* "at":"FILE:LINE","entry":"..." and where it was found. */
static int
put_entry(struct app *a, bool masked)
{
	const struct list_hit *hit = a->lists.blocked.hit;
	struct list_entry e = list_entry(a->lists.block, hit->entry);
	struct buf *b = &a->why, *at = &a->err;
	int err;

	buf_reset(at);
	err = buf_adds(at, e.file) | buf_addf(at, ":%u", e.line);
	err |= buf_adds(b, ",\"at\":");
	err |= json_write_str(
	    b, at->p, utf8_valid(at->p, at->len) ? at->len : 0);
	if (!masked) {
		err |= buf_adds(b, ",\"entry\":");
		err |= json_write_str(b, e.text, strlen(e.text));
	}
	err |= buf_adds(b, ",\"hit\":{");
	err |= put_place(a, hit->start, hit->len, masked);
	if (hit->gave_up)
		err |= buf_adds(b, ",\"gave_up\":true");
	return err | buf_addc(b, '}');
}

int
explain(struct app *a, const struct verdict *v)
{
	static const char *const by[] = { "score", "blocklist", "unavailable",
		"rule" };
	struct buf *b = &a->why;
	uint64_t policy = a->policy_id;
	int err, l;

	if (a->in_force >= 0)
		hash(&policy, &a->in_force, sizeof(a->in_force));
	for (l = 0; l < TOXIC_LABELS; l++)
		if (a->level_in_force[l] != 0)
			hash(&policy, a->level_in_force + l, 1);
	buf_reset(b);
	err = buf_addf(b, "{\"by\":\"%s\"", by[v->by]);
	if (a->lists.blocked.n > 0)
		err |= put_entry(a, v->masked);
	err |= put_spans(a, v->masked);
	if (v->asked != ASKED_NOT)
		err |= buf_addf(b, ",\"asked\":\"%s\"",
		    v->asked == ASKED_ANSWERED ? "answered" : "unanswered");
	err |= buf_addf(b,
	    ",\"model\":\"%016" PRIx64 "\",\"policy\":\"%016" PRIx64 "\"}",
	    toxic_id(a->scorer), policy);
	return err;
}
