#!/usr/bin/env bats
# run --separate-stderr sets stderr; names in logs/ are ours
# shellcheck disable=SC2154,SC2094,SC2119,SC2120,SC2012,SC2016
# ss-log: what is kept where, what is passed on and when.

load logs

# --- files and their names --------------------------------------------------

@test "every event goes byte for byte into the day's file and on" {
	cat >in <<-'END'
		{"type":"chat","user":"a","message":"héllo \u00e9","ts":"2026-11-23T09:30:00.123Z"}
		  { "ts" : "2026-11-23T00:00:00Z", "type":"gift", "big":1e400, "x":[1, 2] }  
		{"type":"unheard-of","n":12345678901234567890,"ts":"2026-11-23T23:59:59.999Z"}
	END
	run --separate-stderr ss-log <in
	assert_success
	assert_equal "$stderr" ''
	printf '%s\n' "$output" | bare | cmp - <(sed 's/ *$//' in)
	bare <"$LOG" | cmp - <(sed 's/ *$//' in)
}

@test "the day is the UTC day of the event's own ts, whatever its offset" {
	cat >in <<-'END'
		{"n":1,"ts":"2026-11-23T23:59:59.999Z"}
		{"n":2,"ts":"2026-11-24T00:00:00.000Z"}
		{"n":3,"ts":"2026-11-24T00:30:00+01:00"}
		{"n":4,"ts":"2026-11-23T23:30:00-01:00"}
		{"n":5,"ts":"2026-11-23t12:00:00z"}
		{"n":6,"ts":"2026-11-24T13:59:00+14:00"}
		{"n":7,"ts":"\u0032026-11-23T12:00:00Z"}
		{"n":8,"ts":"2026-11-24T00:00:00Z","ts":"2026-11-23T00:00:00Z"}
		{"n":9,"ts":"2024-02-29T00:00:00Z"}
		{"n":10,"ts":"2026-11-23T23:59:60Z"}
	END
	run ss-log --no-tee <in
	assert_success
	assert_output ''
	assert_equal "$(jq .n logs/chat_2026-11-23.jsonl | xargs)" '1 3 5 6 7 8'
	assert_equal "$(jq .n logs/chat_2026-11-24.jsonl | xargs)" '2 4 10'
	assert_equal "$(jq .n logs/chat_2024-02-29.jsonl)" 9
	assert_equal "$(files logs | wc -l)" 3
}

@test "an event without a readable ts belongs to now" {
	cat >in <<-'END'
		{"n":1}
		{"n":2,"ts":"yesterday"}
		{"n":3,"ts":1795426200}
		{"n":4,"ts":null}
		{"n":5,"ts":"2026-02-30T00:00:00Z"}
		{"n":6,"ts":"2026-11-23"}
		{"n":7,"ts":"9999-12-31T23:59:59-01:00"}
		{"n":8,"ts":"0000-01-01T00:00:00+01:00"}
		{"n":9,"ts":{"ts":"2026-11-23T00:00:00Z"}}
		{"n":10,"ts":"../../../../tmp/x"}
	END
	SS_TEST_NOW=2031-01-02T03:04:05Z run ss-log <in
	assert_success
	bare <logs/chat_2031-01-02.jsonl | cmp - in
	assert_equal "$(files logs)" chat_2031-01-02.jsonl
}

@test "events from around midnight go to two files, each in order" {
	for i in {1..500}; do
		echo "{\"n\":$i,\"ts\":\"2026-11-2$((3 + i % 2))T00:00:00Z\"}"
	done >in
	run ss-log <in
	assert_success
	assert_equal "$(jq .n logs/chat_2026-11-23.jsonl)" "$(seq 2 2 500)"
	assert_equal "$(jq .n logs/chat_2026-11-24.jsonl)" "$(seq 1 2 500)"
	assert_equal "$(bare <<<"$output")" "$(cat in)"
}

@test "a thousand days at once need few descriptors" {
	for i in {0..999}; do
		echo "{\"ts\":\"$((1000 + i))-01-01T00:00:00Z\"}"
	done >in
	run --separate-stderr bash -c 'ulimit -n 16; ss-log --no-tee <in'
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$(files logs | wc -l)" 1000
}

@test "housekeeping is passed on and not kept" {
	cat >in <<-'END'
		{"type":"epoch","epoch":"x","seq":1}
		{"type":"mark","by":"g","n":1}
		{"type":"chat","ts":"2026-11-23T09:30:00Z"}
	END
	run ss-log <in
	assert_success
	assert_equal "$(jq -r '.type + " " + (.epoch // "" |
		if length == 26 then "ours" else . end)' <<<"$output")" \
		$'epoch ours\nepoch x\nepoch ours\nmark \nchat '
	assert_equal "$(cat logs/*.jsonl)" \
		'{"type":"chat","ts":"2026-11-23T09:30:00Z","seq":1}'
}

@test "-d makes the folder and those above it, nobody else may look in" {
	umask 022
	lines 1 | ss-log --no-tee -d a/b/c
	assert_equal "$(stat -c %a a a/b/c "a/b/c/chat_$DAY.jsonl")" \
		$'750\n750\n640'
	assert [ ! -e logs ]
	lines 1 | SS_DIR=from-env ss-log --no-tee
	assert [ -s "from-env/chat_$DAY.jsonl" ]
}

@test "an existing file is continued" {
	lines 2 | ss-log --no-tee
	lines 2 | ss-log --no-tee
	assert_equal "$(bare <"$LOG")" "$(lines 2; lines 2)"
	assert_equal "$(jq .seq "$LOG")" "$(seq 4)"
}

@test "--no-tee passes nothing on" {
	lines 100 >in
	run ss-log --no-tee <in
	assert_success
	assert_output ''
	bare <"$LOG" | cmp - in
}

# --- bad input --------------------------------------------------------------

@test "keeps going after bad lines, which go to --reject and nowhere else" {
	{
		lines 1
		echo 'not json'
		echo '[1]'
		echo '"x"'
		echo '{"a":1'
		printf '{"a":"\0"}\n'
		printf '{"a":"\xff\xfe"}\n'
		printf '{"a":"\xed\xa0\x80"}\n'
		echo '{"a":01}'
		echo
		printf '{"type":"crlf"%s}\r\n' "$TS"
		head -c 1100000 /dev/zero | tr '\0' x
		echo
		printf '{"type":"last"%s}' "$TS"
	} >in
	run --separate-stderr ss-log --reject bad <in
	assert_failure 1
	assert_equal "$(jq -r .type <<<"$output" | xargs)" 'epoch chat crlf last'
	printf '%s\n' "${lines[@]:1}" | cmp - "$LOG"
	assert_equal "${#stderr_lines[@]}" 9
	[[ ${stderr_lines[0]} == 'ss-log: stdin:2: '* ]]
	[[ ${stderr_lines[8]} == 'ss-log: stdin:12: line too long' ]]
	sed -n '2,9p;12p' in | cmp - bad
}

@test "an event of a megabyte is kept whole" {
	printf '{"type":"chat","message":"%s"%s}\n' \
		"$(head -c 1000000 /dev/zero | tr '\0' x)" "$TS" >in
	lines 3 >>in
	ss-log <in >out
	bare <out | cmp in -
	passed | cmp - "$LOG"
}

@test "empty input leaves no event file and is no error" {
	run --separate-stderr ss-log </dev/null
	assert_success
	assert_equal "$(jq -c 'del(.epoch)' <<<"$output")" \
		'{"type":"epoch","seq":0}'
	assert_equal "$(ls logs)" epoch
}

@test "a line typed is kept and passed on at once" {
	start_log
	lines 1 >&5
	wait_for 5 grep chat out
	assert_equal "$(bare <"$LOG")" "$(lines 1)"
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
}

# --- rolling over -----------------------------------------------------------

@test "files roll over exactly as Python's RotatingFileHandler does it" {
	# the reference, told in characters that are one byte each
	cat >ref.py <<-'END'
		import logging, logging.handlers, os, sys
		name, size, keep = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		h = logging.handlers.RotatingFileHandler(name, maxBytes=size,
		    backupCount=keep)
		h.setFormatter(logging.Formatter("%(message)s"))
		log = logging.getLogger("x")
		log.addHandler(h)
		log.setLevel(logging.INFO)
		for line in sys.stdin:
		    log.info("%s", line.rstrip("\n"))
	END
	for i in {1..400}; do
		printf '{"m":"%0*d"%s}\n' $((i * 7919 % 97 + 1)) "$i" "$TS"
	done >in
	for args in '1000 10' '1000 3' '150 10' '4096 1' '0 5'; do
		read -r size keep <<<"$args"
		rm -rf logs ref
		mkdir ref
		ss-log -d whole --max-size 0 <in | grep -v '^{"type":"epoch"' |
			/usr/bin/python3 ref.py "ref/chat_$DAY.jsonl" "$size" "$keep"
		rm -r whole
		ss-log --no-tee --max-size "$size" --keep "$keep" <in
		# Python 3.11 may leave an empty file where the first record is
		# larger than all; it doesn't happen with these sizes
		diff -r --exclude=.lock --exclude=epoch ref logs
		assert [ "$(files logs | wc -l)" -ge 1 ]
	done
}

@test "rolling over goes on where an earlier run stopped" {
	lines 50 >in
	ss-log --no-tee --max-size 1000 -d one <in
	head -n 13 in | ss-log --no-tee --max-size 1000 -d two
	tail -n +14 in | head -n 20 | ss-log --no-tee --max-size 1000 -d two
	tail -n +34 in | ss-log --no-tee --max-size 1000 -d two
	diff -r --exclude=epoch one two
	assert [ -e "one/chat_$DAY.jsonl.3" ]
}

@test "a record larger than --max-size is kept in a file of its own" {
	lines 3 "$(head -c 500 /dev/zero | tr '\0' x)" >in
	ss-log --max-size 100 --no-tee <in
	assert_equal "$(wc -l "$LOG" "$LOG.1" "$LOG.2" | awk '{print $1}' | xargs)" \
		'1 1 1 3'
	cat "$LOG.2" "$LOG.1" "$LOG" | bare | cmp - in
	assert [ ! -e "$LOG.3" ]
}

@test "--keep 0 and --max-size 0 never roll over" {
	lines 100 >in
	ss-log --no-tee --max-size 100 --keep 0 -d a <in
	ss-log --no-tee --max-size 0 -d b <in
	bare <"a/chat_$DAY.jsonl" | cmp - in
	bare <"b/chat_$DAY.jsonl" | cmp - in
	assert_equal "$(files a; files b)" \
		"chat_$DAY.jsonl"$'\n'"chat_$DAY.jsonl"
}

@test "the eleventh old file is removed, the tenth stays" {
	lines 40 >in
	ss-log --no-tee --max-size 80 <in
	assert_equal "$(files logs | wc -l)" 11
	assert_equal "$(jq .seq "$LOG.10")" 30
	assert_equal "$(jq .seq "$LOG.9")" 31
}

@test "HUP opens the files anew, as logrotate wants it" {
	start_log
	lines 1 >&5
	wait_for 5 kept_at_least 1
	mv "$LOG" logs/moved
	lines 1 >&5
	wait_for 5 bash -c '[ "$(wc -l <logs/moved)" -eq 2 ]'
	assert [ ! -e "$LOG" ]
	kill -HUP "$(pid log)"
	# the signal and the line are met in no certain order: until it shows
	wait_for 5 bash -c 'echo "{\"n\":1,\"ts\":\"2026-11-23T00:00:00Z\"}" >&5
		[ -e logs/chat_2026-11-23.jsonl ]'
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	cat logs/moved "$LOG" | cmp - <(passed)
}

@test "HUP and USR1 without cause end nothing" {
	start_log
	wait_for 5 test -e logs/.lock # until then HUP is as deadly as ever
	kill -HUP "$(pid log)"
	kill -USR1 "$(pid log)"
	lines 1 >&5
	wait_for 5 kept_at_least 1
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
}

# --- two of them ------------------------------------------------------------

@test "two on one folder: the second says so and ends with 1" {
	start_log
	lines 1 >&5
	wait_for 5 kept_at_least 1
	run --separate-stderr ss-log <<<"$(lines 1)"
	assert_failure 1
	assert_output ''
	assert_equal "$stderr" 'ss-log: logs: already in use by another ss-log'
	run --separate-stderr ss-log -d ./logs/../logs/ <<<"$(lines 1)"
	assert_failure 1
	run ss-log -d other <<<"$(lines 1)"
	assert_success
	stop log KILL
	run ss-log --no-tee <<<"$(lines 1)"
	assert_success
	assert_equal "$(bare <"$LOG")" "$(lines 1; lines 1)"
}

@test "a folder that can't be had is told, exit 1" {
	: >file
	run --separate-stderr ss-log -d file/logs </dev/null
	assert_failure 1
	assert_equal "$stderr" 'ss-log: file/logs: Not a directory'
	run --separate-stderr ss-log -d file </dev/null
	assert_failure 1
	assert_equal "$stderr" 'ss-log: file: Not a directory'
}

@test "wrong usage is exit 2 and touches nothing" {
	for args in '--max-size x' '--max-size -1' '--keep -1' '--keep 1.5' \
		'operand' '--dir=' '-i tcp:x' '-o nowhere:x' '--no-such'; do
		# shellcheck disable=SC2086
		run --separate-stderr ss-log $args </dev/null
		assert_failure 2
		assert_output ''
		[[ $stderr == 'ss-log: '* ]]
	done
	assert [ ! -e logs ]
}

# --- ends -------------------------------------------------------------------

@test "TERM in mid-line keeps all whole lines and exits 0" {
	start_log
	lines 10 >&5
	printf '{"type":"chat","me' >&5
	wait_for 5 kept_at_least 10
	stop log TERM
	assert_equal "$status" 0
	lines 10 | cmp - <(bare <"$LOG")
	lines 10 | cmp - <(bare <out)
}

@test "TERM drains what is in the pipe already" {
	start_log
	stop_cont() { kill -STOP "$(pid log)"; }
	lines 1 >&5
	wait_for 5 kept_at_least 1
	stop_cont
	lines 400 >&5
	kill -TERM "$(pid log)"
	kill -CONT "$(pid log)"
	wait_exit log
	assert_equal "$status" 0
	(lines 1; lines 400) | cmp - <(bare <"$LOG")
	passed | cmp "$LOG" -
}

@test "a closed stdout ends it quietly, what came in is kept" {
	run --separate-stderr bash -c 'yes '"'$(lines 1)'"' | head -n 50000 |
		ss-log | head -n 2'
	assert_success
	assert_equal "$(bare <<<"$output")" "$(lines 1)"
	assert_equal "$stderr" ''
	assert [ -s "$LOG" ]
	assert_equal "$(tail -c 1 "$LOG" | od -An -tx1)" ' 0a'
	assert_equal "$(bare <"$LOG" | sort -u)" "$(lines 1)"
}

@test "a full stdout is an error, and the events are kept" {
	run --separate-stderr bash -c 'echo '"'$(lines 1)'"' | ss-log >/dev/full'
	assert_failure 1
	assert_equal "$stderr" 'ss-log: stdout: No space left on device'
	assert_equal "$(bare <"$LOG")" "$(lines 1)"
}

@test "a slow reader gets everything" {
	lines 20000 >in
	ss-log <in | while read -r line; do
		printf '%s\n' "$line"
	done | bare | cmp - in
	bare <"$LOG" | cmp in -
}

@test "-i listen: merges writers, -o unix: writes to a socket" {
	start_bg log ss-log -i "listen:$PWD/in.sock" -o "unix:$PWD/out.sock"
	start_bg reader socat -u "UNIX-LISTEN:$PWD/out.sock" CREATE:got
	wait_for 5 test -S in.sock
	lines 5 | socat -u - "UNIX-CONNECT:$PWD/in.sock"
	lines 5 | socat -u - "UNIX-CONNECT:$PWD/in.sock"
	wait_for 5 bash -c '[ "$(wc -l <got)" -eq 11 ]'
	stop log TERM
	assert_equal "$status" 0
	(lines 5; lines 5) | cmp - <(bare <"$LOG")
	cmp <(tail -n +2 got) "$LOG"
}
