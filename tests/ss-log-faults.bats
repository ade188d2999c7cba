#!/usr/bin/env bats
# run --separate-stderr sets stderr; names in logs/ are ours
# shellcheck disable=SC2154,SC2094,SC2119,SC2120,SC2012,SC2016
# ss-log and faults of the disk: nothing lost, nothing twice, nothing torn.

load logs

told() {
	grep -qF "$1" log.err
}

# Nothing may come out before it is kept: the fault stands, then ends.
@test "a file that can't be opened holds everything, told once, nothing lost" {
	mkdir -p "$LOG/x"
	start_log
	lines 200 >&5
	wait_for 5 told "ss-log: $LOG: Is a directory"
	lines 100 >&5
	# two more tries, at least: it stays at one message
	kill -HUP "$(pid log)"
	refute passed
	rm -r "$LOG"
	wait_for 10 told "ss-log: $LOG: writing again"
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	assert_equal "$(grep -c 'Is a directory' log.err)" 1
	assert_equal "$(wc -l <log.err)" 2
	(lines 200; lines 100) | cmp - <(bare <"$LOG")
	passed | cmp "$LOG" -
}

@test "a full device is waited for" {
	mkdir logs
	ln -s /dev/full "$LOG"
	start_log
	lines 50 >&5
	wait_for 5 told "ss-log: $LOG: No space left on device"
	refute passed
	rm "$LOG"
	wait_for 10 told 'writing again'
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	lines 50 | cmp - <(bare <"$LOG")
	lines 50 | cmp - <(bare <out)
}

# The limit is 8 KiB: the write that meets it is cut in the midst of a line.
@test "a write that stops in mid-line goes on there: no byte twice or missing" {
	lines 3000 >in.all
	mkfifo in
	BG_IN=in BG_OUT=out start_bg log bash -c 'ulimit -S -f 8
		exec ss-log'
	exec 5>in
	cat in.all >&5 &
	wait_for 5 told "ss-log: $LOG: File too large"
	assert_equal "$(stat -c %s "$LOG")" 8192
	refute [ "$(tail -c 1 "$LOG")" = '' ]
	refute passed
	prlimit --pid "$(pid log)" --fsize=20000:
	wait_for 10 bash -c '[ "$(stat -c %s '"$LOG"')" = 20000 ]'
	prlimit --pid "$(pid log)" --fsize=unlimited:
	wait $!
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	bare <"$LOG" | cmp in.all -
	bare <out | cmp in.all -
	assert_equal "$(grep -c 'File too large' log.err)" 1
	assert_equal "$(grep -c 'writing again' log.err)" 1
}

# The source is held meanwhile: what is not kept stays with who sends it.
@test "while it can't write it stops reading" {
	mkdir -p "$LOG"
	start_log
	lines 100000 >in.all
	cat in.all >&5 &
	writer=$!
	wait_for 5 told 'Is a directory'
	kill -0 "$writer"
	# far less than the 7 MB that are offered
	run awk '/^rchar/ { print $2 }' "/proc/$(pid log)/io"
	assert [ "$output" -lt 1000000 ]
	rmdir "$LOG"
	wait "$writer"
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	bare <"$LOG" | cmp in.all -
	bare <out | cmp in.all -
}

@test "TERM while nothing can be written ends in time with 1, no torn line" {
	lines 3000 >in.all
	mkfifo in
	BG_IN=in BG_OUT=out start_bg log bash -c 'ulimit -S -f 8
		exec ss-log --drain-timeout 0.1'
	exec 5>in
	cat in.all >&5 &
	wait_for 5 told 'File too large'
	stop log TERM
	assert_equal "$status" 1
	wait $! || :
	told 'bytes not written'
	n=$(wc -l <"$LOG")
	head -n "$n" in.all | cmp - <(bare <"$LOG")
	refute passed
}

@test "a small file system that fills up and is cleared again" {
	run unshare -m true
	[ "$status" -eq 0 ] || skip 'needs to be root for a mount of its own'
	cat >inner <<-'END'
		set -e
		mount -t tmpfs -o size=64k tmpfs logs
		head -c 40000 /dev/zero >logs/ballast
		ss-log <in >out 2>log.err &
		log=$!
		exec 5>in
		cat in.all >&5 &
		for i in $(seq 600); do
			grep -q 'No space' log.err && break
			sleep 0.05
		done
		grep -q 'No space' log.err
		mount -o remount,size=16m logs
		wait %2
		exec 5>&-
		wait $log
		cp logs/chat_2026-11-23.jsonl kept
	END
	mkdir logs
	mkfifo in
	lines 3000 >in.all
	run unshare -m bash inner 3>&-
	assert_success
	bare <kept | cmp in.all -
	bare <out | cmp in.all -
	assert_equal "$(wc -l <log.err)" 2
}

@test "a folder that is removed is told, made again, and loses no event" {
	start_log
	lines 1 >&5
	wait_for 5 passed # all that belongs to it is done
	rm -r logs
	lines 20 >&5
	wait_for 5 told "ss-log: $LOG: No such file or directory"
	wait_for 10 told "ss-log: $LOG: writing again"
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	lines 20 | cmp - <(bare <"$LOG")
	assert_equal "$(passed | jq .seq)" "$(seq 21)"
}

@test "a torn last line is moved aside with a warning, the rest is whole" {
	mkdir logs
	lines 2 >"$LOG"
	printf '{"type":"chat","mess' >>"$LOG"
	run --separate-stderr ss-log <<<"$(lines 1)"
	assert_success
	assert_equal "$(bare <<<"$output")" "$(lines 1)"
	assert_equal "$stderr" \
		"ss-log: $LOG: torn last line, 20 bytes, moved to $LOG.torn"
	assert_equal "$(bare <"$LOG")" "$(lines 2; lines 1)"
	assert_equal "$(cat "$LOG.torn")" '{"type":"chat","mess'
	printf 'x' >>"$LOG"
	run --separate-stderr ss-log -q <<<"$(lines 1)"
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$(cat "$LOG.torn")" $'{"type":"chat","mess\nx'
}

@test "kill -9 loses nothing that came out, and the next start goes on" {
	start_log
	lines 200000 >in.all
	cat in.all >&5 2>/dev/null &
	wait_for 5 passed
	stop log KILL
	wait $! || :
	exec 5>&-
	# what came out is a part of what is kept; grep ends a line that was cut
	passed >got
	cmp -n "$(($(stat -c %s got) - 1))" got "$LOG"
	lines 1 | ss-log --no-tee
	n=$(wc -l <"$LOG")
	bare <"$LOG" | head -n -1 | cmp - <(head -n $((n - 1)) in.all)
	tail -n 1 "$LOG" | bare | cmp - <(lines 1)
	assert_equal "$(tail -n 1 "$LOG" | jq .seq)" "$n"
}
