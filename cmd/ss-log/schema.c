/*
 * schema: see schema.h. One wide table: an insert is one row, and what a
 * moderator asks goes through views on it and through indexes that hold only
 * the rows that matter (toxic ones, gifts). The line is kept as it is, too,
 * so that nothing the log has is missing here, and so that it can be seen
 * whether a database and a log belong together.
 */
#include "schema.h"

#include "banned.h"

const char *const schema_steps[STORE_VERSION] = {
	"CREATE TABLE IF NOT EXISTS events("
	" seq INTEGER PRIMARY KEY,"
	" id TEXT UNIQUE,"
	" type TEXT,"
	" ts TEXT,"
	" room TEXT,"
	" user TEXT,"
	" message TEXT,"
	" toxic INTEGER,"
	" score REAL,"
	" blocked INTEGER,"
	" masked INTEGER,"
	" held INTEGER,"
	" reason TEXT,"
	" gift_id INTEGER,"
	" amount INTEGER,"
	" moderator TEXT,"
	" target TEXT,"
	" until TEXT,"
	" seconds REAL,"
	" value REAL,"
	" line TEXT NOT NULL) STRICT;"
	"CREATE TABLE IF NOT EXISTS position("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" epoch TEXT NOT NULL,"
	" seq INTEGER NOT NULL) STRICT;",

	"CREATE INDEX IF NOT EXISTS events_user ON events(user);"
	"CREATE INDEX IF NOT EXISTS events_room_ts ON events(room, ts);"
	"CREATE INDEX IF NOT EXISTS events_toxic ON events(ts)"
	" WHERE toxic = 1;"
	"CREATE INDEX IF NOT EXISTS events_gift ON events(type, user, amount)"
	" WHERE type = 'gift';"
	"CREATE INDEX IF NOT EXISTS events_target ON events(target)"
	" WHERE target IS NOT NULL;"
	"CREATE VIEW IF NOT EXISTS chat AS"
	" SELECT seq, id, ts, room, user, message, toxic, score, blocked,"
	" masked, held, reason FROM events WHERE type = 'chat';"
	"CREATE VIEW IF NOT EXISTS gifts AS"
	" SELECT seq, id, ts, room, user AS sender, gift_id, amount"
	" FROM events WHERE type = 'gift';"
	"CREATE VIEW IF NOT EXISTS actions AS"
	" SELECT seq, id, ts, room, type AS action, user, target, moderator,"
	" until, seconds, value FROM events WHERE type IN ('mute', 'unmute',"
	" 'kick', 'ban', 'unban', 'delete', 'slow', 'threshold', 'approve',"
	" 'deny');",

	/*
	 * What gifts come to. One of a streak says how many there are by then;
	 * what is new is how far that is beyond the most that came before.
	 */
	"CREATE VIEW IF NOT EXISTS charges AS"
	" SELECT seq, id, ts, room, sender, gift_id, amount, streak, count,"
	" times, amount * times AS charge FROM ("
	"  SELECT *, CASE WHEN streak IS NULL THEN 1 ELSE max(0, count -"
	"   coalesce(max(count) OVER (PARTITION BY room, sender, gift_id, "
	"streak"
	"   ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))"
	"   END AS times FROM ("
	"   SELECT seq, id, ts, room, user AS sender, gift_id, amount,"
	"    CASE WHEN json_type(line, '$.streak') = 'text' AND"
	"     json_type(line, '$.count') = 'integer'"
	"     THEN line ->> '$.streak' END AS streak,"
	"    max(1, CAST(line ->> '$.count' AS INTEGER)) AS count"
	"   FROM events WHERE type = 'gift'));",
};
