/*
 * grade: see app.h. Which messages are held: levels from 0, none, to 4, all
 * that may be wrong, overall or for one kind of wrong alone. A level is a
 * score from which on a message of that kind is held; its kind is its
 * strongest label. As thresholds, levels are set by the options and by events
 * from their place in the order on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "msg.h"
#include "role.h"

#include "banned.h"

#define LEVELS 4

/* ss-moderate(1) has this table. In SCORE_ONEs. */
static const int from[TOXIC_LABELS][LEVELS] = {
	[TOXIC_TOXICITY] = { 9300, 8000, 6500, 4500 },
	[TOXIC_SEVERE_TOXICITY] = { 9300, 8500, 7500, 6000 },
	[TOXIC_OBSCENE] = { 9400, 9000, 7500, 5000 },
	[TOXIC_THREAT] = { 6800, 6000, 5000, 3000 },
	[TOXIC_INSULT] = { 9300, 8000, 6500, 4500 },
	[TOXIC_IDENTITY_ATTACK] = { 8000, 7000, 5000, 3000 },
};

static void
unset(struct grade *g)
{
	int l;

	g->all = -1;
	for (l = 0; l < TOXIC_LABELS; l++)
		g->label[l] = -1;
}

static int
find_label(const char *s, size_t n)
{
	int l;

	for (l = 0; l < TOXIC_LABELS; l++)
		if (strlen(toxic_label_name[l]) == n &&
		    memcmp(toxic_label_name[l], s, n) == 0)
			return l;
	return -1;
}

/* An overall level settles what was said of single labels. */
static void
set(struct grade *g, int label, int level)
{
	if (label >= 0) {
		g->label[label] = (signed char)level;
		return;
	}
	unset(g);
	g->all = (signed char)level;
}

/* One item of --level: N, or LABEL=N. False: it is neither. */
static bool
read_item(struct grade *g, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n);
	int label = -1;

	if (eq != NULL) {
		label = find_label(s, (size_t)(eq - s));
		if (label < 0)
			return false;
		n -= (size_t)(eq + 1 - s);
		s = eq + 1;
	}
	if (n != 1 || *s < '0' || *s > '0' + LEVELS)
		return false;
	if (label < 0)
		g->all = (signed char)(*s - '0');
	else
		g->label[label] = (signed char)(*s - '0');
	return true;
}

void
grade_init(struct app *a, const struct opt_prog *prog)
{
	struct grades *g = &a->grades;
	const char *s;
	size_t i, n;

	unset(&g->all);
	g->all.all = (signed char)(a->hold >= 0 ? a->hold : 0);
	for (i = 0; i < a->level_items.n; i++)
		for (s = a->level_items.item[i];; s += n + 1) {
			n = strcspn(s, ",");
			if (!read_item(&g->all, s, n))
				opt_misuse(prog,
				    "--level: must be 0 to 4, or LABEL=N: %s",
				    a->level_items.item[i]);
			if (s[n] == '\0')
				break;
		}
}

void
grade_release(struct app *a)
{
	free(a->grades.room);
	buf_release(&a->grades.name);
}

static struct room_grade *
find(struct grades *g, const char *room)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (strcmp(g->room[i].name, room) == 0)
			return &g->room[i];
	return NULL;
}

/* A room that has levels of its own. NULL: no memory. */
static struct grade *
grade_of(struct grades *g, const char *room)
{
	struct room_grade *at = find(g, room);

	if (at != NULL)
		return &at->grade;
	if (g->n == g->cap) {
		at = realloc(g->room, (g->cap * 2 + 8) * sizeof(*at));
		if (at == NULL)
			return NULL;
		g->room = at;
		g->cap = g->cap * 2 + 8;
	}
	at = &g->room[g->n++];
	memcpy(at->name, room, strlen(room) + 1);
	unset(&at->grade);
	return &at->grade;
}

/* For all rooms: that settles what was said for single ones. */
static void
set_all(struct grades *g, int label, int level)
{
	size_t i;

	set(&g->all, label, level);
	if (label < 0)
		g->n = 0;
	for (i = 0; i < g->n; i++)
		g->room[i].grade.label[label] = (signed char)level;
}

static bool
is_type(const struct event *ev, const char *type)
{
	const struct json_member *m = json_get(&ev->doc, "type");

	return m != NULL && json_str_is(m, type);
}

/* The label that an event names. False: it names one that there isn't. */
static bool
label_of(const struct event *ev, int *label)
{
	const struct json_member *m = json_get(&ev->doc, "label");

	*label = -1;
	if (m == NULL)
		return true;
	if (m->kind == JSON_STRING)
		*label = find_label(m->val + 1, m->vallen - 2);
	return *label >= 0;
}

void
grade_event(struct app *a, const struct event *ev)
{
	bool hold = is_type(ev, "hold");
	const struct json_member *room, *m;
	struct grades *g = &a->grades;
	struct grade *at;
	int64_t level;
	int label = -1;

	if (!hold && !is_type(ev, "level"))
		return;
	m = json_get(&ev->doc, "level");
	room = json_get(&ev->doc, "room");
	buf_reset(&g->name);
	if (m == NULL || json_int(m, &level) < 0 || level < 0 ||
	    level > LEVELS || (!hold && !label_of(ev, &label)) ||
	    (room != NULL && (room->kind != JSON_STRING ||
				 json_unescape(room, &g->name) < 0 ||
				 !event_name_valid(g->name.p, g->name.len)))) {
		msg_warn("level: not one, so the old one stays");
		return;
	}
	if (room == NULL) {
		set_all(g, label, (int)level);
		return;
	}
	at = grade_of(g, g->name.p);
	if (at == NULL)
		msg_err("level: %s", strerror(errno));
	else
		set(at, label, (int)level);
}

static bool
is_staff(const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "role");
	int r;

	for (r = ROLE_MODERATOR; m != NULL && r <= ROLE_ADMIN; r++)
		if (json_str_is(m, role_name((enum role)r)))
			return true;
	return false;
}

/* This label has a level of its own. */
static bool
is_set(const struct grades *g, const struct room_grade *at, int label)
{
	if (at != NULL && (at->grade.label[label] >= 0 || at->grade.all >= 0))
		return at->grade.label[label] >= 0;
	return g->all.label[label] >= 0;
}

void
grade_find(
    struct app *a, const struct event *ev, unsigned char level[TOXIC_LABELS])
{
	const struct json_member *m = json_get(&ev->doc, "room");
	struct grades *g = &a->grades;
	const struct room_grade *at = NULL;
	signed char n;
	int l;

	memset(level, 0, TOXIC_LABELS);
	if (is_staff(ev))
		return;
	if (g->n > 0) {
		buf_reset(&g->name);
		if (m != NULL && m->kind == JSON_STRING &&
		    json_unescape(m, &g->name) == 0)
			at = find(g, g->name.p);
		else if (m == NULL)
			at = find(g, EVENT_ROOM);
	}
	for (l = 0; l < TOXIC_LABELS; l++) {
		n = -1;
		if (at != NULL)
			n = at->grade.label[l] >= 0 ? at->grade.label[l]
						    : at->grade.all;
		if (n < 0)
			n = g->all.label[l] >= 0 ? g->all.label[l] : g->all.all;
		level[l] = (unsigned char)n;
		if (l <= TOXIC_SEVERE_TOXICITY && !is_set(g, at, l))
			level[l] = 0;
	}
}

/* So high a score of this label is held. */
static bool
reaches(const struct app *a, int label, int score)
{
	unsigned level = a->level_in_force[label];

	return level > 0 && score >= from[label][level - 1];
}

int
grade_holds(const struct app *a, const struct verdict *v)
{
	int kind = (int)toxic_reason(&a->result), l;

	if (reaches(a, kind, v->score[TOXIC_TOXICITY]))
		return kind;
	/* these two are of all kinds: they count where they were set */
	for (l = TOXIC_TOXICITY; l <= TOXIC_SEVERE_TOXICITY; l++)
		if (reaches(a, l, v->score[l]))
			return l;
	return -1;
}
