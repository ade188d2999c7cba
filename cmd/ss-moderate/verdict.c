/*
 * verdict: see app.h. A verdict is spliced into the line as it came, so a
 * field that we don't know can't be harmed.
 */
#include <errno.h>

#include "app.h"

#include "banned.h"

/* Ours to say: what a client or an earlier run put there goes. */
static const char *const verdict_keys[] = { "toxic", "score", "blocked", "held",
	"masked", "reason", "labels", "why", NULL };

/* 0 to 1 with at most four decimals, as short as it can be. */
static int
put_score(struct buf *b, int score)
{
	char digits[] = "0.0000";
	size_t n = sizeof(digits) - 1;
	int rest = score;

	if (score <= 0 || score >= SCORE_ONE)
		return buf_addc(b, score <= 0 ? '0' : '1');
	for (; rest > 0; rest /= 10)
		digits[--n] = (char)('0' + rest % 10);
	for (n = sizeof(digits) - 1; digits[n - 1] == '0'; n--)
		;
	return buf_add(b, digits, n);
}

static int
put_labels(struct buf *b, const struct verdict *v)
{
	int err = buf_adds(b, ",\"labels\":{"), l;

	for (l = 0; l < TOXIC_LABELS; l++) {
		err |= buf_adds(b, l == 0 ? "\"" : ",\"");
		err |= buf_adds(b, toxic_label_name[l]);
		err |= buf_adds(b, "\":");
		err |= put_score(b, v->score[l]);
	}
	return err | buf_addc(b, '}');
}

/* The members that say v, in the order of ss-event(5). */
static int
write_verdict(struct app *a, const struct verdict *v)
{
	struct buf *b = &a->insert;
	int err;

	buf_reset(b);
	err = buf_adds(b, v->toxic ? "\"toxic\":true" : "\"toxic\":false");
	err |= buf_adds(b, ",\"score\":");
	err |= put_score(b, v->score[TOXIC_TOXICITY]);
	if (a->labels)
		err |= put_labels(b, v);
	if (v->masked)
		err |= buf_adds(b, ",\"masked\":true");
	if (v->blocked)
		err |= buf_adds(b, ",\"blocked\":true");
	if (v->held)
		err |= buf_adds(b, ",\"held\":true");
	if (v->reason != NULL) {
		err |= buf_adds(b, ",\"reason\":");
		err |= json_write_str(b, v->reason, v->reason_len);
	}
	if (v->explained) {
		err |= buf_adds(b, ",\"why\":");
		err |= buf_add(b, a->why.p, a->why.len);
	}
	return err;
}

int
annotate(struct app *a, const struct event *ev, const struct verdict *v)
{
	if (write_verdict(a, v) < 0)
		return -1;
	buf_reset(&a->line);
	if (event_splice(
		ev, verdict_keys, a->insert.p, a->insert.len, &a->line) < 0)
		return -1;
	if (a->line.len > EVENT_INPUT_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

int
replace_message(struct app *a, const struct event **ev)
{
	const struct json_doc *d = &(*ev)->doc;
	const char *from = (*ev)->line, *end = from + (*ev)->len;
	struct buf *b = &a->edited;
	size_t i;
	int err = 0;

	buf_reset(b);
	for (i = 0; i < d->n; i++) {
		if (!json_key_is(&d->m[i], "message"))
			continue;
		err |= buf_add(b, from, (size_t)(d->m[i].val - from));
		err |= json_write_str(b, a->masked.p, a->masked.len);
		from = d->m[i].val + d->m[i].vallen;
	}
	err |= buf_add(b, from, (size_t)(end - from));
	if (err != 0 || event_parse(&a->edited_ev, b->p, b->len) < 0)
		return -1;
	*ev = &a->edited_ev;
	return 0;
}
