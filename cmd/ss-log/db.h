/*
 * db: ss-log's database. A thread of its own reads from the log's files what
 * was kept and puts it into the store, so the chat never waits for the
 * database, and catching up after a fault, or with a new database, is no
 * different from any other day. It prints (msg).
 */
#ifndef SS_LOG_DB_H
#define SS_LOG_DB_H

#include <stdbool.h>
#include <stdint.h>

struct db;

struct db_conf {
	const char *path;  /* the database, borrowed */
	const char *dir;   /* the log's folder, borrowed */
	const char *epoch; /* the series' name, borrowed */
	uint64_t start;    /* the series' last position so far */
};

/* Starts the thread. NULL with errno. */
struct db *db_start(const struct db_conf *);
/*
 * All positions up to seq are in the files, and stay there unless somebody
 * removes a file.
 */
void db_reach(struct db *, uint64_t seq);
/* That does not hold, until db_reach is called the next time. */
void db_doubt(struct db *);
/* The database has all events up to this position. */
uint64_t db_position(struct db *);
/*
 * Lets the thread catch up, and ends it. patient: for as long as it gets on,
 * and SIGINT and SIGTERM, which are blocked, have not come; else for drain
 * seconds, as it has when there is a fault. Frees it. 0, or -1 when it has
 * not caught up, which has been told. NULL is accepted.
 */
int db_finish(struct db *, bool patient, double drain);
/*
 * Makes the database's rows anew from the files in dir, in one transaction.
 * 0, or -1 after a message.
 */
int db_rebuild(const char *path, const char *dir);

#endif
