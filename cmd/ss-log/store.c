/*
 * store: see store.h. The schema is in schema.c; this is what is done to it.
 *
 * The log is the truth and has been synced. So WAL with synchronous=NORMAL is
 * enough: a power cut may take the newest transactions, whole ones, and they
 * are read from the log again.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "json.h"
#include "schema.h"

#include "banned.h"

#define APPLICATION 0x53534c47 /* "SSLG", PRAGMA application_id */
#define BUSY_WAIT 1000         /* ms that another's lock is waited for */
#define BUSY_NAP 10            /* ms between looks at it */
#define PROGRESS 20000         /* instructions between looks at quit */
#define WHY_MAX 320
#define STRINGS (2 * EVENT_INPUT_MAX)

enum statement {
	BEGIN,
	COMMIT,
	ADD,
	CUT,
	NEWEST,
	READ_POSITION,
	WRITE_POSITION,
	N_STATEMENTS
};

static const char *const sql[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ADD] = "INSERT INTO events(seq, id, type, ts, room, user, message,"
		" toxic, score, blocked, masked, held, reason, gift_id,"
		" amount, moderator, target, until, seconds, value, line)"
		" VALUES(:seq, :id, :type, :ts, :room, :user, :message,"
		" :toxic, :score, :blocked, :masked, :held, :reason, :gift_id,"
		" :amount, :by, :target, :until, :seconds, :value, :line)"
		" ON CONFLICT(id) DO NOTHING",
	[CUT] = "DELETE FROM events WHERE seq > :seq",
	[NEWEST] = "SELECT seq, line FROM events WHERE seq <= :seq"
		   " ORDER BY seq DESC LIMIT 1",
	[READ_POSITION] = "SELECT epoch, seq FROM position",
	[WRITE_POSITION] = "INSERT OR REPLACE INTO position(one, epoch, seq)"
			   " VALUES(1, :epoch, :seq)",
};

/* How a member of an event becomes a column. */
enum kind { TEXT, TIME, BOOL, INT, REAL };

static const struct field {
	const char *key, *param;
	enum kind kind;
} fields[] = {
	{ "id", ":id", TEXT },
	{ "type", ":type", TEXT },
	{ "ts", ":ts", TIME },
	{ "message", ":message", TEXT },
	{ "toxic", ":toxic", BOOL },
	{ "score", ":score", REAL },
	{ "blocked", ":blocked", BOOL },
	{ "masked", ":masked", BOOL },
	{ "held", ":held", BOOL },
	{ "reason", ":reason", TEXT },
	{ "gift_id", ":gift_id", INT },
	{ "amount", ":amount", INT },
	{ "by", ":by", TEXT },
	{ "target", ":target", TEXT },
	{ "until", ":until", TIME },
	{ "seconds", ":seconds", REAL },
	{ "value", ":value", REAL },
};
#define N_FIELDS (sizeof(fields) / sizeof(*fields))

struct store {
	char *path;
	const atomic_bool *quit;
	sqlite3 *db;
	sqlite3_stmt *st[N_STATEMENTS];
	int column[N_FIELDS]; /* where ADD takes them */
	int seq, room, user, line;
	struct buf text; /* decoded strings of one event */
	int64_t busy_since;
	bool broken;
	char why[WHY_MAX];
};

static int
fail(struct store *s, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
	return -1;
}

/* rc is a result of SQLite's: 0 where it is a good one. */
static int
check(struct store *s, int rc)
{
	int e;

	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return 0;
	s->broken = (rc & 0xff) == SQLITE_CORRUPT ||
		    (rc & 0xff) == SQLITE_NOTADB;
	e = s->db != NULL ? sqlite3_system_errno(s->db) : 0;
	if (((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) &&
	    e != 0)
		return fail(s, strerror(e));
	return fail(
	    s, s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
}

/* Somebody else has it: another look soon, for a while. */
static int
on_busy(void *arg, int n)
{
	const struct timespec nap = { .tv_nsec = BUSY_NAP * 1000000L };
	struct store *s = arg;

	if (n == 0)
		s->busy_since = clock_mono_ms();
	if (atomic_load(s->quit) ||
	    clock_mono_ms() - s->busy_since >= BUSY_WAIT)
		return 0;
	nanosleep(&nap, NULL);
	return 1;
}

static int
on_progress(void *arg)
{
	const struct store *s = arg;

	return atomic_load(s->quit);
}

struct store *
store_new(const char *path, const atomic_bool *quit)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	buf_init(&s->text, STRINGS);
	s->quit = quit;
	s->path = strdup(path);
	if (s->path != NULL)
		return s;
	free(s);
	return NULL;
}

void
store_close(struct store *s)
{
	size_t i;

	for (i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(s->st[i]);
	memset(s->st, 0, sizeof(s->st));
	sqlite3_close(s->db);
	s->db = NULL;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_close(s);
	buf_release(&s->text);
	free(s->path);
	free(s);
}

bool
store_is_open(const struct store *s)
{
	return s->db != NULL;
}

const char *
store_why(const struct store *s)
{
	return s->why;
}

bool
store_is_broken(const struct store *s)
{
	return s->broken;
}

bool
store_has_moved(struct store *s)
{
	int moved = 0;

	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED,
		   &moved) == SQLITE_OK &&
	       moved != 0;
}

static int
run(struct store *s, const char *text)
{
	return check(s, sqlite3_exec(s->db, text, NULL, NULL, NULL));
}

/* The one number that a question is answered with. */
static int
number(struct store *s, const char *question, int64_t *n)
{
	sqlite3_stmt *st;

	if (check(s, sqlite3_prepare_v2(s->db, question, -1, &st, NULL)) < 0)
		return -1;
	if (check(s, sqlite3_step(st)) < 0) {
		sqlite3_finalize(st);
		return -1;
	}
	*n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return 0;
}

/*
 * Is it ours, and do we know its schema? Nothing is changed before that is
 * certain.
 */
static int
inspect(struct store *s, int64_t *version)
{
	int64_t application, tables;

	if (number(s, "PRAGMA application_id", &application) < 0 ||
	    number(s, "PRAGMA user_version", version) < 0 ||
	    number(s, "SELECT count(*) FROM sqlite_master", &tables) < 0)
		return -1;
	if (application != APPLICATION &&
	    (application != 0 || *version != 0 || tables != 0))
		return fail(s, "not a database of ss-log's");
	if (*version <= STORE_VERSION)
		return 0;
	snprintf(s->why, sizeof(s->why),
	    "schema version %lld is newer than this ss-log, which knows %d",
	    (long long)*version, STORE_VERSION);
	return -1;
}

static int
step_up(struct store *s, int64_t from, int to)
{
	char pragma[128];

	for (; from < to; from++)
		if (run(s, schema_steps[from < 0 ? 0 : from]) < 0)
			return -1;
	snprintf(pragma, sizeof(pragma),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
	    to);
	return run(s, pragma);
}

/* To the newest schema, or, bulk, to the one that can be written to. */
static int
migrate(struct store *s, bool bulk)
{
	const int to = bulk ? 1 : STORE_VERSION;
	int64_t version;

	if (inspect(s, &version) < 0)
		return -1;
	if (version >= to)
		return 0;
	if (run(s, "BEGIN IMMEDIATE") < 0 || inspect(s, &version) < 0)
		return -1;
	if (version < to && step_up(s, version, to) < 0)
		return -1;
	return run(s, "COMMIT");
}

static int
prepare(struct store *s)
{
	size_t i;

	for (i = 0; i < N_STATEMENTS; i++)
		if (check(s, sqlite3_prepare_v3(s->db, sql[i], -1,
				 SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL)) <
		    0)
			return -1;
	for (i = 0; i < N_FIELDS; i++)
		s->column[i] = sqlite3_bind_parameter_index(
		    s->st[ADD], fields[i].param);
	s->seq = sqlite3_bind_parameter_index(s->st[ADD], ":seq");
	s->room = sqlite3_bind_parameter_index(s->st[ADD], ":room");
	s->user = sqlite3_bind_parameter_index(s->st[ADD], ":user");
	s->line = sqlite3_bind_parameter_index(s->st[ADD], ":line");
	return 0;
}

/* Only we may read it, as the log files; and errno says what is wrong. */
static int
make_file(struct store *s)
{
	int fd = open(s->path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd < 0)
		return fail(s, strerror(errno));
	close(fd);
	return 0;
}

int
store_open(struct store *s, bool bulk)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

	s->broken = false;
	if (make_file(s) < 0)
		return -1;
	if (check(s, sqlite3_open_v2(s->path, &s->db, flags, NULL)) < 0)
		return -1;
	sqlite3_busy_handler(s->db, on_busy, s);
	sqlite3_progress_handler(s->db, PROGRESS, on_progress, s);
	if (migrate(s, bulk) < 0 ||
	    run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		   "PRAGMA wal_autocheckpoint = 4000;"
		   "PRAGMA journal_size_limit = 67108864;"
		   "PRAGMA cache_size = -16384") < 0)
		return -1;
	return prepare(s);
}

/* Runs a statement that gives no rows, or the first of them. */
static int
step(struct store *s, enum statement which)
{
	int rc = sqlite3_step(s->st[which]);

	if (check(s, rc) < 0) {
		sqlite3_reset(s->st[which]);
		return -1;
	}
	if (rc == SQLITE_ROW)
		return 1;
	sqlite3_reset(s->st[which]);
	return 0;
}

int
store_begin(struct store *s, struct store_position *p)
{
	sqlite3_stmt *st = s->st[READ_POSITION];
	int rc;

	memset(p, 0, sizeof(*p));
	if (step(s, BEGIN) < 0)
		return -1;
	rc = step(s, READ_POSITION);
	if (rc <= 0)
		return rc;
	snprintf(p->epoch, sizeof(p->epoch), "%s",
	    sqlite3_column_bytes(st, 0) > 0
		? (const char *)sqlite3_column_text(st, 0)
		: "");
	if (sqlite3_column_int64(st, 1) > 0)
		p->seq = (uint64_t)sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return 0;
}

static int
bind_text(struct store *s, int at, const char *p, size_t n)
{
	return check(s, sqlite3_bind_text64(
			    s->st[ADD], at, p, n, SQLITE_STATIC, SQLITE_UTF8));
}

/* A string, decoded into text, which must not move any more. */
static int
bind_string(struct store *s, int at, const struct json_member *m)
{
	size_t old = s->text.len;

	if (!m->val_escaped)
		return bind_text(s, at, m->val + 1, m->vallen - 2);
	json_unescape(m, &s->text); /* a lone surrogate reads as U+FFFD */
	return bind_text(s, at, s->text.p + old, s->text.len - old);
}

/* A time, in UTC and with milliseconds, so that times can be compared. */
static int
bind_time(struct store *s, int at, const struct json_member *m)
{
	char out[CLOCK_RFC3339_LEN + 1];
	size_t old = s->text.len;
	int64_t ms;
	int rc;

	json_unescape(m, &s->text);
	rc = clock_parse(s->text.p + old, s->text.len - old, &ms);
	buf_cut(&s->text, old);
	if (rc < 0 || ms < INT64_C(-62167219200000) ||
	    ms > INT64_C(253402300799999))
		return 0;
	clock_format(ms, out);
	buf_add(&s->text, out, CLOCK_RFC3339_LEN);
	return bind_text(s, at, s->text.p + old, CLOCK_RFC3339_LEN);
}

/* What is not of the kind that the field should have is left out: NULL. */
static int
bind(struct store *s, int at, enum kind kind, const struct json_member *m)
{
	int64_t n;
	double x;

	if (m == NULL)
		return 0;
	if (kind == TEXT && m->kind == JSON_STRING)
		return bind_string(s, at, m);
	if (kind == TIME && m->kind == JSON_STRING)
		return bind_time(s, at, m);
	if (kind == BOOL && (m->kind == JSON_TRUE || m->kind == JSON_FALSE))
		return check(
		    s, sqlite3_bind_int(s->st[ADD], at, m->kind == JSON_TRUE));
	if (kind == INT && json_int(m, &n) == 0)
		return check(s, sqlite3_bind_int64(s->st[ADD], at, n));
	if (kind == REAL && json_num(m, &x) == 0)
		return check(s, sqlite3_bind_double(s->st[ADD], at, x));
	return 0;
}

/* A chat or gift without a room is in the default one; an action in all. */
static int
bind_room(struct store *s, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "room");

	if (m == NULL && (ev->type == EVENT_CHAT || ev->type == EVENT_GIFT))
		return bind_text(
		    s, s->room, EVENT_ROOM, sizeof(EVENT_ROOM) - 1);
	return bind(s, s->room, TEXT, m);
}

static int
bind_event(struct store *s, const struct event *ev)
{
	const char *user = ev->type == EVENT_GIFT ? "from" : "user";
	size_t i;

	/* decoded text is never longer than the line that it comes from */
	if (buf_reserve(&s->text, ev->len + 4 * CLOCK_RFC3339_LEN) < 0)
		return fail(s, strerror(errno));
	for (i = 0; i < N_FIELDS; i++)
		if (bind(s, s->column[i], fields[i].kind,
			json_get(&ev->doc, fields[i].key)) < 0)
			return -1;
	if (bind(s, s->user, TEXT, json_get(&ev->doc, user)) < 0)
		return -1;
	return bind_room(s, ev);
}

int
store_add(struct store *s, uint64_t seq, const char *line, size_t n,
    const struct event *ev)
{
	sqlite3_stmt *st = s->st[ADD];

	sqlite3_clear_bindings(st);
	buf_reset(&s->text);
	if (check(s, sqlite3_bind_int64(st, s->seq, (int64_t)seq)) < 0 ||
	    bind_text(s, s->line, line, n) < 0 ||
	    (ev != NULL && bind_event(s, ev) < 0))
		return -1;
	return step(s, ADD);
}

int
store_commit(struct store *s, const struct store_position *p)
{
	sqlite3_stmt *st = s->st[WRITE_POSITION];

	sqlite3_reset(s->st[NEWEST]);
	if (check(s, sqlite3_bind_text(st, 1, p->epoch, -1, SQLITE_STATIC)) <
		0 ||
	    check(s, sqlite3_bind_int64(st, 2, (int64_t)p->seq)) < 0 ||
	    step(s, WRITE_POSITION) < 0)
		return -1;
	return step(s, COMMIT);
}

int
store_cut(struct store *s, uint64_t seq)
{
	if (check(s, sqlite3_bind_int64(s->st[CUT], 1, (int64_t)seq)) < 0)
		return -1;
	return step(s, CUT);
}

int
store_clear(struct store *s)
{
	return run(s, "DELETE FROM events; DELETE FROM position;"
		      "DROP INDEX IF EXISTS events_user;"
		      "DROP INDEX IF EXISTS events_room_ts;"
		      "DROP INDEX IF EXISTS events_toxic;"
		      "DROP INDEX IF EXISTS events_gift;"
		      "DROP INDEX IF EXISTS events_target;"
		      "PRAGMA user_version = 1");
}

int
store_index(struct store *s)
{
	int64_t version;

	if (inspect(s, &version) < 0)
		return -1;
	return step_up(s, version, STORE_VERSION);
}

int
store_newest(struct store *s, uint64_t *seq, const char **line, size_t *n)
{
	sqlite3_stmt *st = s->st[NEWEST];
	int rc;

	sqlite3_reset(st);
	if (check(s, sqlite3_bind_int64(st, 1, (int64_t)*seq)) < 0)
		return -1;
	rc = step(s, NEWEST);
	if (rc <= 0)
		return rc;
	*seq = (uint64_t)sqlite3_column_int64(st, 0);
	*line = (const char *)sqlite3_column_text(st, 1);
	*n = (size_t)sqlite3_column_bytes(st, 1);
	return 1;
}
