/*
 * series: see series.h. The event files are the truth; DIR/epoch only adds
 * what they can't say: the series' name, and whether they can be trusted to
 * have all of it. After a power cut the newest chat may be missing that was
 * passed on already, so the same positions would be given to other events:
 * hence a new series then, and whenever the files have less than they had.
 */
#include "series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "epoch.h"
#include "logread.h"
#include "ulid.h"
#include "window.h"

#include "banned.h"

#define NOTE_MS 1000 /* how often the position is noted */

struct series {
	char *dir;
	struct epoch epoch; /* as it shall stand in the file */
	uint64_t last;
	bool kept;     /* it has stood there, but for seq */
	bool synced;   /* and lasts */
	int64_t noted; /* monotonic ms */
	struct window *ids, *nonces;
	struct window_key id, nonce; /* of the event that was asked about */
	bool has_id, has_nonce;
	struct event ev; /* reading the files */
	struct buf a, b;
};

/* A string, in place or decoded into tmp. False: there is none. */
static inline bool
text(const struct event *ev, const char *key, struct buf *tmp, const char **p,
    size_t *n)
{
	const struct json_member *m = json_get(&ev->doc, key);

	if (!m || m->kind != JSON_STRING)
		return false;
	*p = m->val + 1;
	*n = m->vallen - 2;
	if (!m->val_escaped)
		return true;
	buf_reset(tmp);
	json_unescape(m, tmp); /* a lone surrogate is as good as another */
	*p = tmp->p;
	*n = tmp->len;
	return true;
}

static bool
id_of(struct series *s, const struct event *ev, struct window_key *k)
{
	const char *p;
	size_t n;

	if (!text(ev, "id", &s->a, &p, &n))
		return false;
	*k = window_key(s->ids, p, n, NULL, 0);
	return true;
}

static bool
nonce_of(struct series *s, const struct event *ev, struct window_key *k)
{
	const char *p, *q;
	size_t n, m;

	if (!text(ev, "nonce", &s->a, &p, &n) ||
	    !text(ev, event_sender(ev), &s->b, &q, &m))
		return false;
	*k = window_key(s->nonces, p, n, q, m);
	return true;
}

void
series_look(struct series *s, const struct event *ev)
{
	s->has_id = id_of(s, ev, &s->id);
	if (s->has_id)
		window_expect(s->ids, s->id);
	s->has_nonce = nonce_of(s, ev, &s->nonce);
	if (s->has_nonce)
		window_expect(s->nonces, s->nonce);
}

void
series_expect(struct series *s, const char *id, size_t n)
{
	window_expect(s->ids, window_key(s->ids, id, n, NULL, 0));
}

bool
series_has(const struct series *s)
{
	return (s->has_id && window_has(s->ids, s->id)) ||
	       (s->has_nonce && window_has(s->nonces, s->nonce));
}

void
series_take(struct series *s)
{
	if (s->has_id)
		window_add(s->ids, s->id);
	if (s->has_nonce)
		window_add(s->nonces, s->nonce);
	s->has_id = s->has_nonce = false;
	s->last++;
}

/* One that is in the files, which may have it twice. */
static void
remember(struct series *s, const struct event *ev)
{
	struct window_key k;

	if (id_of(s, ev, &k) && !window_has(s->ids, k))
		window_add(s->ids, k);
	if (nonce_of(s, ev, &k) && !window_has(s->nonces, k))
		window_add(s->nonces, k);
}

static void
on_line(void *arg, const char *line, size_t n)
{
	struct series *s = arg;

	if (event_parse(&s->ev, line, n) == 0)
		remember(s, &s->ev);
}

/* Goes through the newest events. *last: the files' last position. */
static int
read_files(struct series *s, size_t window, uint64_t *last)
{
	struct logread *lr = logread_new(s->dir);
	int rc = -1;

	if (lr && logread_refresh(lr) == 0 && logread_mend(lr) == 0) {
		*last = logread_last(lr);
		rc = logread_each(
		    lr, *last > window ? *last - window + 1 : 0, on_line, s);
	}
	logread_free(lr);
	return rc;
}

static void
new_epoch(struct series *s)
{
	struct ulid id = { 0 };

	ulid_next(&id, clock_wall_ms(), s->epoch.name);
}

/* Which series the files belong to, and where it stands. */
static int
settle(struct series *s, uint64_t files)
{
	char boot[EPOCH_MAX + 1];
	struct epoch old;

	epoch_boot(boot);
	s->last = files;
	if (epoch_read(s->dir, &old) == 0) {
		s->epoch = old;
		if (old.seq > s->last)
			s->last = old.seq;
		/* an empty boot id says nothing: then only a clean stop does */
		if (files < old.seq ||
		    (!old.clean && (!*boot || strcmp(boot, old.boot) != 0)))
			new_epoch(s);
	} else if (errno == ENOENT || errno == EINVAL) {
		new_epoch(s);
	} else {
		return -1;
	}
	memcpy(s->epoch.boot, boot, sizeof boot);
	s->epoch.clean = false;
	return 0;
}

struct series *
series_open(const char *dir, size_t window)
{
	struct series *s = calloc(1, sizeof *s);
	uint64_t last = 0;
	int saved;

	if (!s)
		return NULL;
	buf_init(&s->a, 2 * EVENT_INPUT_MAX);
	buf_init(&s->b, 2 * EVENT_INPUT_MAX);
	s->dir = strdup(dir);
	s->ids = window_new(window);
	s->nonces = window_new(window);
	if (s->dir && s->ids && s->nonces &&
	    read_files(s, window, &last) == 0 && settle(s, last) == 0) {
		event_release(&s->ev);
		return s;
	}
	saved = errno;
	series_free(s);
	errno = saved;
	return NULL;
}

void
series_free(struct series *s)
{
	if (!s)
		return;
	event_release(&s->ev);
	buf_release(&s->a);
	buf_release(&s->b);
	window_free(s->ids);
	window_free(s->nonces);
	free(s->dir);
	free(s);
}

const char *
series_name(const struct series *s)
{
	return s->epoch.name;
}

uint64_t
series_last(const struct series *s)
{
	return s->last;
}

static int
put(struct series *s, uint64_t reached, bool sync)
{
	s->epoch.seq = reached;
	s->noted = clock_mono_ms();
	if (epoch_write(s->dir, &s->epoch, sync) < 0) {
		s->synced = false;
		return -1;
	}
	s->kept = true;
	s->synced = s->synced || sync;
	return 0;
}

int
series_keep(struct series *s, uint64_t reached, bool sync)
{
	struct epoch now;
	bool due = s->epoch.seq != reached &&
		   clock_mono_ms() - s->noted >= NOTE_MS;

	if (s->kept && !due)
		return 0;
	/* somebody may have emptied the folder */
	if (s->kept && epoch_read(s->dir, &now) < 0)
		s->synced = false;
	/* a note that fails is made the next time: the files know better */
	return put(s, reached, sync && !s->synced) < 0 && !s->kept ? -1 : 0;
}

int
series_end(struct series *s, bool sync)
{
	s->epoch.clean = true;
	return put(s, s->last, sync);
}
