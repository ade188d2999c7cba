#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154,SC2030,SC2031
# ss-log --db: the database has what the log has, each event once, whatever
# is killed, locked, damaged or removed meanwhile; and the chat doesn't wait.

load helper

TS=',"ts":"2026-11-23T09:30:00.123Z"'
LOG=logs/chat_2026-11-23.jsonl

# events FROM TO: chat with an id each
events() {
	seq "$1" "$2" | sed \
		's/.*/{"type":"chat","id":"id-&","user":"u","message":"m &"'"$TS}/"
}

# query SQL
query() {
	sqlite3 -readonly "${DB:-chat.db}" "$1"
}

# logged: all events of the log in their order
logged() {
	cat logs/chat_*.jsonl logs/chat_*.jsonl.[0-9]* 2>/dev/null |
		sed -E 's/^(.*"seq":([0-9]+)}$)/\2 \1/' | sort -n | sed 's/^[0-9]* //'
}

# the database is the log: the same lines in the same order
same() {
	[ -f "${DB:-chat.db}" ] && cmp <(logged) \
		<(query 'SELECT line FROM events ORDER BY seq')
}

passed_at_least() {
	[ "$(grep -c '"seq"' out)" -ge "$1" ]
}

said() {
	grep -q -- "$1" log.err
}

# start_log [OPTION]...: ss-log --db with the test holding its stdin as fd 5
start_log() {
	[ -p in ] || mkfifo in
	BG_IN=in BG_OUT=out start_bg log ss-log --db sqlite:chat.db "$@"
	exec 5>in
}

# hold KIND: another program's lock on the database until fd 7 is closed
hold() {
	rm -f hold.in hold.out
	mkfifo hold.in
	BG_IN=hold.in start_bg hold sqlite3 -batch chat.db
	exec 7>hold.in
	printf '%s\n' '.timeout 5000' "BEGIN $1; SELECT 'held';" >&7
	wait_for 6 grep -q held hold.out
}

@test "all that the log has is in the database when the input has ended" {
	run --separate-stderr ss-log --db sqlite:chat.db \
		<"$ROOT/examples/chat.jsonl"
	assert_success
	assert_equal "$stderr" ''
	assert same
	assert_equal "$(query 'SELECT count(*) FROM events')" \
		"$(wc -l <"$ROOT/examples/chat.jsonl")"
	assert_equal "$(query 'PRAGMA journal_mode')" wal
	assert_equal "$(query 'PRAGMA integrity_check')" ok
	assert_equal "$(stat -c %a chat.db)" 640
}

@test "columns say what the events say" {
	cat >in <<-'END'
		{"type":"chat","id":"c1","user":"al\u0069ce","room":"tea","message":"h\u00e9 \"x\" 😀 \ud83d\ude00","toxic":true,"score":0.93,"blocked":true,"reason":"rule","ts":"2026-11-23T10:30:00+01:00"}
		{"type":"gift","id":"g1","from":"bob","gift_id":7,"amount":9007199254740992,"ts":"2026-11-23T09:30:00.5Z"}
		{"type":"mute","id":"a1","user":"eve","until":"2026-11-23T10:00:00Z","by":"carol","ts":"2026-11-23T09:31:00Z"}
		{"type":"delete","id":"a2","target":"c1","by":"carol","ts":"2026-11-23T09:32:00Z"}
		{"type":"slow","id":"a3","seconds":10,"room":"tea","by":"carol","ts":"2026-11-23T09:33:00Z"}
		{"type":"threshold","id":"a4","value":0.75,"by":"carol","ts":"2026-11-23T09:34:00Z"}
		{"type":"chat","id":"c2","user":"bob","message":"","toxic":false,"score":0.5,"masked":true,"held":true,"ts":"2026-11-23T09:35:00Z"}
	END
	ss-log --db sqlite:chat.db --no-tee <in
	assert same
	run query "SELECT seq, id, ts, room, user, message, toxic, score,
		blocked, masked, held, reason FROM chat ORDER BY seq"
	assert_line --index 0 '1|c1|2026-11-23T09:30:00.000Z|tea|alice|hé "x" 😀 😀|1|0.93|1|||rule'
	assert_line --index 1 '7|c2|2026-11-23T09:35:00.000Z|main|bob||0|0.5||1|1|'
	run query 'SELECT * FROM gifts'
	assert_output '2|g1|2026-11-23T09:30:00.500Z|main|bob|7|9007199254740992'
	run query 'SELECT * FROM actions ORDER BY seq'
	assert_line --index 0 '3|a1|2026-11-23T09:31:00.000Z||mute|eve||carol|2026-11-23T10:00:00.000Z||'
	assert_line --index 1 '4|a2|2026-11-23T09:32:00.000Z||delete||c1|carol|||'
	assert_line --index 2 '5|a3|2026-11-23T09:33:00.000Z|tea|slow|||carol||10.0|'
	assert_line --index 3 '6|a4|2026-11-23T09:34:00.000Z||threshold|||carol|||0.75'
}

@test "what is of no use as a column is NULL, and its line is whole" {
	cat >in <<-'END'
		{"type":"gift","id":"g1","from":7,"gift_id":1.5,"amount":9007199254740993,"ts":"yesterday"}
		{"type":"gift","id":"g2","from":"bob","gift_id":"1","amount":1e3,"ts":5}
		{"id":["x"],"type":null,"toxic":"yes","score":"0.5"}
		{}
		{"type":"chat","message":"a\u0000b \ud800","user":"Robert'); DROP TABLE events;--","room":{},"x":1e999}
	END
	run --separate-stderr ss-log --db sqlite:chat.db --no-tee <in
	assert_success
	assert_equal "$stderr" ''
	assert same
	run query "SELECT id, type, user, gift_id, amount, ts, toxic, score, room
		FROM events WHERE seq < 5 ORDER BY seq"
	assert_equal "${lines[0]}" 'g1|gift|||||||main'
	assert_equal "${lines[1]}" 'g2|gift|bob||||||main'
	assert_equal "${lines[2]}" '||||||||'
	assert_equal "${lines[3]}" '||||||||'
	assert_equal "$(query 'SELECT hex(message) FROM events WHERE seq = 5')" \
		61006220EFBFBD
}

@test "sums of gifts are exact" {
	for i in 1 2 3; do
		echo "{\"type\":\"gift\",\"id\":\"g$i\",\"from\":\"a\",\"gift_id\":1,\"amount\":9007199254740991$TS}"
	done >in
	ss-log --db sqlite:chat.db --no-tee <in
	assert_equal "$(query 'SELECT sum(amount) FROM gifts')" 27021597764222973
	assert_equal "$(query 'SELECT typeof(sum(amount)) FROM gifts')" integer
}

@test "gifts of a streak are charged by the difference" {
	local n=0

	streak() { # FROM STREAK COUNT AMOUNT
		n=$((n + 1))
		echo "{\"type\":\"gift\",\"id\":\"g$n\",\"from\":\"$1\",\"gift_id\":1,\"amount\":$4,\"streak\":\"$2\",\"count\":$3$TS}"
	}
	{
		streak a s1 1 5
		streak a s1 4 5 # two between got lost
		streak b s1 2 5 # another's
		streak a s1 3 5 # came late: it is paid for
		streak a s2 2 5
		echo "{\"type\":\"gift\",\"id\":\"x1\",\"from\":\"a\",\"gift_id\":1,\"amount\":7$TS}"
		echo "{\"type\":\"gift\",\"id\":\"x2\",\"from\":\"c\",\"gift_id\":1,\"amount\":7,\"streak\":3,\"count\":9$TS}"
	} >in
	ss-log --db sqlite:chat.db --no-tee <in
	run query 'SELECT seq, sender, times, charge FROM charges ORDER BY seq'
	assert_output "$(printf '%s\n' '1|a|1|5' '2|a|3|15' '3|b|2|10' '4|a|0|0' \
		'5|a|2|10' '6|a|1|7' '7|c|1|7')"
	run query 'SELECT sender, sum(charge) FROM charges GROUP BY 1'
	assert_output "$(printf '%s\n' 'a|37' 'b|10' 'c|7')"
}

@test "what a moderator asks goes through an index" {
	ss-log --db sqlite:chat.db --no-tee <"$ROOT/examples/chat.jsonl"
	plan() {
		query "EXPLAIN QUERY PLAN $1"
	}
	run plan "SELECT * FROM chat WHERE user = 'a' ORDER BY seq"
	assert_output --partial 'events_user'
	refute_output --partial 'TEMP B-TREE'
	run plan "SELECT * FROM chat WHERE room = 'main' AND ts > '2026'"
	assert_output --partial 'events_room_ts (room=? AND ts>?)'
	run plan "SELECT * FROM chat WHERE toxic = 1 AND ts > '2026'"
	assert_output --partial 'events_toxic'
	run plan "SELECT sender, sum(amount) FROM gifts GROUP BY sender"
	assert_output --partial 'COVERING INDEX events_gift'
	run plan "SELECT * FROM actions WHERE target = 'x'"
	assert_output --partial 'events_target'
	run plan "SELECT * FROM events WHERE id = 'x'"
	assert_output --partial 'USING INDEX'
}

@test "an event is in the database soon after it was passed on" {
	start_log
	events 1 3 >&5
	wait_for 5 passed_at_least 3
	wait_for 5 same
	events 4 4 >&5
	wait_for 5 same
	assert_equal "$(query 'SELECT count(*) FROM events')" 4
	kill -USR1 "$(pid log)"
	wait_for 5 said 'chat.db: position 4'
	stop log
	assert_equal "$status" 0
}

@test "kill -9 at any moment: the database is the log after the next start" {
	local i
	: >out
	for i in {1..12}; do
		rm -f in
		start_log --max-size 20K --keep 1000
		events $((i * 2000 - 1999)) $((i * 2000)) >&5 &
		wait_for 10 passed_at_least 1
		# 0 to some 50 ms of work
		timeout 0.0$((i % 6 + 1)) tail -f /dev/null || :
		kill -9 "$(pid log)"
		wait_exit log
		exec 5>&-
		wait
		# of a copy: what it takes to mend it is for ss-log to do
		rm -rf copy && mkdir copy
		cp chat.db* copy/ 2>/dev/null || continue
		run sqlite3 copy/chat.db 'PRAGMA integrity_check'
		[ ! -s copy/chat.db ] || assert_output ok
	done
	ss-log --db sqlite:chat.db --no-tee </dev/null
	assert same
	assert [ "$(query 'SELECT count(*) FROM events')" -gt 0 ]
	assert_equal "$(query 'SELECT count(*) - count(DISTINCT id) FROM events')" 0
}

@test "a new database gets all of the log, also of files rolled over and other days" {
	{
		events 1 500
		echo '{"type":"chat","id":"late","ts":"2026-11-20T00:00:00Z"}'
		echo '{"type":"chat","id":"early","ts":"2026-11-24T00:00:00Z"}'
		events 501 1000
	} >in
	ss-log --no-tee --max-size 8K --keep 100 <in
	assert [ "$(find logs -name '*.jsonl.*' | wc -l)" -gt 3 ]
	run ss-log --db sqlite:chat.db --no-tee </dev/null
	assert_success
	assert same
	assert_equal "$(query 'SELECT count(*) FROM events')" 1002
}

@test "a database that was away catches up" {
	events 1 10 | ss-log --db sqlite:chat.db --no-tee
	events 11 20 | ss-log --no-tee
	events 21 30 | ss-log --db sqlite:chat.db --no-tee
	assert same
	assert_equal "$(query 'SELECT count(*) FROM events')" 30
}

@test "old files that are gone from the log stay in the database" {
	events 1 300 | ss-log --db sqlite:chat.db --no-tee --max-size 4K --keep 99
	rm logs/*.jsonl.?
	events 301 400 | ss-log --db sqlite:chat.db --no-tee --max-size 4K --keep 99
	assert [ "$(logged | wc -l)" -lt 300 ]
	assert_equal "$(query 'SELECT count(*), min(seq), max(seq) FROM events')" \
		'400|1|400'
	# all files: the numbers go on, and so does the database
	rm logs/*.jsonl*
	events 401 410 | ss-log --db sqlite:chat.db --no-tee
	assert_equal "$(query 'SELECT count(*), max(seq) FROM events')" '410|410'
}

@test "a log whose old files are gone fills a new database with what there is" {
	events 1 300 | ss-log --no-tee --max-size 4K --keep 2
	run --separate-stderr ss-log --db sqlite:chat.db --no-tee </dev/null
	assert_success
	assert_equal "$stderr" ''
	assert same
	assert_equal "$(query 'SELECT max(seq) FROM events')" 300
}

@test "a lock of another program holds up the database alone" {
	start_log
	events 1 5 >&5
	wait_for 5 same
	hold IMMEDIATE
	events 6 200 >&5
	wait_for 5 passed_at_least 200
	wait_for 10 said 'chat.db: database is locked'
	events 201 300 >&5
	wait_for 5 passed_at_least 300
	assert_equal "$(query 'SELECT count(*) FROM events')" 5
	exec 7>&-
	wait_for 10 said 'chat.db: writing again'
	assert same
	assert_equal "$(grep -c . log.err)" 2
	stop log
	assert_equal "$status" 0
}

@test "locked when it stops: told, exit 1, and caught up the next time" {
	start_log --drain-timeout 200ms
	events 1 5 >&5
	wait_for 5 same
	hold EXCLUSIVE
	events 6 9 >&5
	wait_for 5 passed_at_least 9
	stop log
	assert_equal "$status" 1
	assert said 'chat.db: 4 events behind'
	exec 7>&-
	wait_exit hold
	run ss-log --db sqlite:chat.db --no-tee </dev/null
	assert_success
	assert same
}

@test "a long reader disturbs nobody" {
	start_log
	events 1 5 >&5
	wait_for 5 same
	hold DEFERRED
	echo 'SELECT count(*) FROM events;' >&7
	events 6 500 >&5
	wait_for 5 same
	assert_equal "$(cat log.err)" ''
}

@test "removed while it is in use: made anew from the log" {
	start_log
	events 1 20 >&5
	wait_for 5 same
	rm chat.db*
	wait_for 10 same
	events 21 30 >&5
	wait_for 10 same
	assert said 'chat.db: it was removed or replaced'
	assert said 'chat.db: writing again'
	stop log
	assert_equal "$status" 0
	assert same
}

@test "damaged while it is in use: the chat goes on, and removing it heals" {
	start_log
	events 1 2000 >&5
	wait_for 10 same
	stop log
	exec 5>&-
	dd if=/dev/urandom of=chat.db bs=4096 count=30 conv=notrunc status=none
	start_log
	events 2001 2010 >&5
	wait_for 5 said 'chat.db: file is not a database'
	wait_for 5 passed_at_least 10
	rm chat.db
	wait_for 10 said 'chat.db: writing again'
	assert same
	assert_equal "$(grep -c . log.err)" 2
}

@test "a damaged page is told, and --rebuild-db heals" {
	events 1 3000 | ss-log --db sqlite:chat.db --no-tee
	# all but the first page
	dd if=/dev/urandom of=chat.db bs=4096 seek=1 count=60 conv=notrunc \
		status=none
	run bash -c 'echo "{\"type\":\"chat\",\"id\":\"z\"}" |
		ss-log --db sqlite:chat.db --drain-timeout 100ms'
	assert_failure 1
	assert_output --partial 'chat.db: database disk image is malformed'
	assert_output --partial '"seq":3001'
	run ss-log --db sqlite:chat.db --rebuild-db
	assert_success
	assert_output --partial 'moved to chat.db.broken'
	assert same
	assert_equal "$(query 'PRAGMA integrity_check')" ok
	# and the next one is content with it
	run ss-log --db sqlite:chat.db --no-tee </dev/null
	assert_success
	assert_output ''
}

@test "a full disk under the database does not stop the chat" {
	mkdir small
	mount -t tmpfs -o size=200k none small 2>/dev/null ||
		skip "mounting is not allowed"
	[ -p in ] || mkfifo in
	BG_IN=in BG_OUT=out start_bg log ss-log --db sqlite:small/chat.db
	exec 5>in
	events 1 3000 >&5
	wait_for 10 passed_at_least 3000
	wait_for 10 said 'small/chat.db: '
	mount -o remount,size=20m small
	DB=small/chat.db wait_for 10 same
	wait_for 5 said 'small/chat.db: writing again'
	stop log
	umount small
	assert_equal "$status" 0
}

@test "a database that can't be made is told, and made when it can be" {
	[ -p in ] || mkfifo in
	BG_IN=in BG_OUT=out start_bg log ss-log --db sqlite:there/chat.db
	exec 5>in
	events 1 10 >&5
	wait_for 5 passed_at_least 10
	wait_for 5 said 'there/chat.db: No such file or directory'
	mkdir there
	DB=there/chat.db wait_for 10 same
	wait_for 5 said 'there/chat.db: writing again'
}

@test "rows beyond the log's end are removed" {
	events 1 20 | ss-log --db sqlite:chat.db --no-tee
	# a power cut: the log has lost its last five
	head -n 15 "$LOG" >whole
	cat whole >"$LOG"
	run ss-log --db sqlite:chat.db --no-tee </dev/null
	assert_success
	assert same
	assert_equal "$(query 'SELECT max(seq) FROM events')" 15
	events 101 110 | ss-log --db sqlite:chat.db --no-tee
	assert same
	assert_equal "$(query 'SELECT count(*) FROM events')" 25
}

@test "a torn last line never gets there" {
	events 1 5 | ss-log --db sqlite:chat.db --no-tee
	printf '%s' '{"type":"chat","id":"torn","us' >>"$LOG"
	events 6 7 | ss-log --db sqlite:chat.db --no-tee -q
	assert same
	assert_equal "$(query 'SELECT count(*) FROM events')" 7
}

@test "the database of another log is left alone, until --rebuild-db" {
	events 1 20 | ss-log --db sqlite:chat.db --no-tee
	cp chat.db before
	run bash -c 'echo "{\"type\":\"chat\",\"id\":\"x\"}" | ss-log --dir other \
		--db sqlite:chat.db --drain-timeout 100ms'
	assert_failure 1
	assert_output --partial 'chat.db: has the events of another log than other'
	assert_equal "$(query 'SELECT count(*) FROM events')" 20
	run ss-log --dir other --db sqlite:chat.db --rebuild-db
	assert_success
	assert_equal "$(query 'SELECT id FROM events')" x
}

@test "somebody else's database, or file, is left alone" {
	sqlite3 foreign.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	echo 'all my passwords' >plain
	cp foreign.db before
	events 1 1 | ss-log --no-tee
	for f in foreign.db plain; do
		run ss-log --no-tee --db "sqlite:$f" --drain-timeout 100ms </dev/null
		assert_failure 1
		assert_output --partial "$f: "
	done
	cmp foreign.db before
	assert_equal "$(cat plain)" 'all my passwords'
	run ss-log --db sqlite:foreign.db --rebuild-db
	assert_failure 1
	assert_output --partial "not a database of ss-log's"
	cmp foreign.db before
}

@test "a newer schema is refused, an older one brought up to date" {
	events 1 10 | ss-log --db sqlite:chat.db --no-tee
	version=$(query 'PRAGMA user_version')
	sqlite3 chat.db "PRAGMA user_version = $((version + 1))"
	for o in --no-tee --rebuild-db; do
		run ss-log "$o" --db sqlite:chat.db --drain-timeout 100ms </dev/null
		assert_failure 1
		assert_output --partial "chat.db: schema version $((version + 1)) is newer than this ss-log"
	done
	assert_equal "$(query 'PRAGMA user_version')" "$((version + 1))"

	# version 1 had neither indexes nor views
	sqlite3 chat.db 'PRAGMA user_version = 1; DROP VIEW chat;
		DROP VIEW gifts; DROP INDEX events_user; DROP INDEX events_gift'
	events 11 12 | ss-log --db sqlite:chat.db --no-tee
	assert same
	assert_equal "$(query 'PRAGMA user_version')" "$version"
	assert_equal "$(query 'SELECT count(*) FROM chat')" 12
	assert_equal "$(query "SELECT count(*) FROM sqlite_master
		WHERE name IN ('events_user', 'events_gift')")" 2
}

@test "--rebuild-db makes it from the files, and the running one goes on with it" {
	start_log
	events 1 100 >&5
	wait_for 5 same
	sqlite3 chat.db '.timeout 5000' 'UPDATE events SET message = 1;
		DELETE FROM events WHERE seq > 50'
	run ss-log --db sqlite:chat.db --rebuild-db
	assert_success
	assert same
	assert_equal "$(query 'SELECT message FROM chat WHERE seq = 3')" 'm 3'
	events 101 110 >&5
	wait_for 10 same
	run ss-log --db sqlite:chat.db --rebuild-db --dir logs -v
	assert_success
	assert_output 'ss-log: chat.db: rebuilt up to position 110'
}

@test "a log that is rolled over and thrown away meanwhile" {
	start_log --max-size 4K --keep 2
	events 1 10 >&5
	wait_for 5 same
	hold IMMEDIATE
	events 11 500 >&5
	wait_for 5 passed_at_least 500
	exec 7>&-
	has_last() {
		[ "$(query 'SELECT max(seq) FROM events')" = 500 ]
	}
	wait_for 15 has_last
	comm -13 <(query 'SELECT line FROM events' | sort) \
		<(logged | sort) >missing
	assert_equal "$(cat missing)" ''
}

@test "wrong usage is exit 2" {
	for db in chat.db sqlite: mysql:x ''; do
		run ss-log --db "$db" </dev/null
		assert_failure 2
		assert_output --partial '--db: must be sqlite:PATH'
	done
	run ss-log --rebuild-db </dev/null
	assert_failure 2
	assert [ ! -e logs ]
}
