#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-replay: which events, in which order, at which pace, under which ids.

load helper

# event N TS [FIELDS]
event() {
	printf '{"type":"chat","id":"id%s","user":"u","message":"m%s","ts":"%s"%s}\n' \
		"$1" "$1" "$2" "${3:-}"
}

# events N TIME: N of them, quicker than so many calls
events() {
	event N "$2" | awk -v n="$1" '{
		for (i = 1; i <= n; i++) {
			line = $0
			gsub(/N/, i, line)
			print line
		}
	}'
}

# now_ms: the time, in milliseconds
now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

@test "a folder's events come in the order of their positions, byte for byte" {
	for i in {1..400}; do
		event "$i" "2026-11-2$((3 + i % 7 % 2))T0$((i % 3)):00:00Z"
	done | ss-log --max-size 2K --keep 1000 | grep '"chat"' >want
	assert [ "$(find logs -name '*.jsonl*' | wc -l)" -gt 10 ]
	run --separate-stderr ss-replay
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$output" "$(cat want)"
	run ss-replay logs
	assert_equal "$output" "$(cat want)"
}

@test "files come one after the other, - is standard input" {
	event 1 2026-11-23T09:00:00Z >a
	event 2 2026-11-23T08:00:00Z >b
	event 3 2026-11-23T07:00:00Z >c
	run ss-replay b - a <c
	assert_success
	assert_output "$(cat b c a)"
	run ss-replay - </dev/null
	assert_success
	assert_output ''
}

@test "a log from before there were positions comes by day, oldest file first" {
	mkdir logs
	event 1 2026-11-22T00:00:00Z >logs/chat_2026-11-22.jsonl
	event 2 2026-11-23T00:00:00Z >logs/chat_2026-11-23.jsonl.10
	event 3 2026-11-23T00:00:00Z >logs/chat_2026-11-23.jsonl.2
	event 4 2026-11-23T00:00:00Z >logs/chat_2026-11-23.jsonl
	event 5 2026-11-24T00:00:00Z >logs/chat_2026-11-24.jsonl
	echo no >logs/chat_2026-11-24.jsonl.torn
	run ss-replay
	assert_equal "$(jq -r .id <<<"$output" | xargs)" 'id1 id2 id3 id4 id5'
	event 6 2026-11-24T01:00:00Z | ss-log --no-tee
	run ss-replay
	assert_equal "$(jq -r .id <<<"$output" | xargs)" \
		'id1 id2 id3 id4 id5 id6'
}

@test "what two files have comes once" {
	for i in {1..20}; do
		event "$i" 2026-11-23T12:00:00Z
	done | ss-log --no-tee
	tail -n 7 logs/chat_2026-11-23.jsonl >logs/chat_2026-11-23.jsonl.1
	assert_equal "$(ss-replay | jq .seq)" "$(seq 20)"
}

@test "--from and --to: a time, a date, or so long ago" {
	for i in 1 2 3 4 5; do
		event "$i" "2026-11-2${i}T12:00:00Z"
	done | ss-log --no-tee
	ids() {
		SS_TEST_NOW=2026-11-25T13:00:00Z ss-replay "$@" |
			jq -r .id | xargs
	}
	assert_equal "$(ids --from 2026-11-23T12:00:00Z)" 'id3 id4 id5'
	assert_equal "$(ids --from 2026-11-23T12:00:00.001Z)" 'id4 id5'
	assert_equal "$(ids --from 2026-11-23T14:00:00+02:00)" 'id3 id4 id5'
	assert_equal "$(ids --to 2026-11-23T12:00:00Z)" 'id1 id2'
	assert_equal "$(ids --from 2026-11-22 --to 2026-11-24)" 'id2 id3'
	assert_equal "$(ids --from -1h)" 'id5'
	assert_equal "$(ids --from -2d --to -90m)" 'id4'
	assert_equal "$(ids --from -59m)" ''
	assert_equal "$(ids --to now)" 'id1 id2 id3 id4 id5'
	for bad in yesterday -1x - '' 2026-13-01 -h 1e99; do
		run ss-replay --from="$bad"
		assert_failure 2
		assert_output --partial '--from: must be a time'
	done
	# an event without a time is in no range
	echo '{"type":"chat","id":"x"}' | ss-log --no-tee
	run ss-replay --from 1970-01-01
	refute_output --partial '"id":"x"'
	run ss-replay
	assert_output --partial '"id":"x"'
}

@test "--from-seq and --to-seq are positions, both included" {
	for i in {1..50}; do
		event "$i" 2026-11-23T12:00:00Z
	done | ss-log --no-tee --max-size 1K --keep 1000
	run ss-replay --from-seq 10 --to-seq 12
	assert_success
	assert_equal "$(jq .seq <<<"$output" | xargs)" '10 11 12'
	assert_equal "$(ss-replay --from-seq 49 | jq .seq | xargs)" '49 50'
	assert_equal "$(ss-replay --to-seq 2 | jq .seq | xargs)" '1 2'
	assert_equal "$(ss-replay --from-seq 51)" ''
	for o in --from-seq=0 --to-seq=x --from-seq=; do
		run ss-replay "$o"
		assert_failure 2
	done
}

@test "--new-ids: no event is known to a log, and what refers to one still does" {
	cat >in <<-'END'
		{"type":"chat","id":"01M84WEPAHYVXEBGAVCA9P5PJW","user":"a","message":"x","ts":"2026-11-23T09:30:00.123Z","nonce":"n1"}
		{"type":"chat","id":"plain","user":"b","message":"\"nonce\"","held":true}
		{"type":"delete","id":"01M84WEPAHYVXEBGAVCA9P5PJX","target":"01M84WEPAHYVXEBGAVCA9P5PJW","by":"c"}
		{"type":"chat","id":"01M84WEPAHYVXEBGAVCA9P5PJZ","user":"b","message":"m","approved":"plain"}
		{"n" : 1,  "x":[1, {"nonce":2}]}
	END
	ss-log --no-tee <in
	ss-replay --new-ids >out
	assert_equal "$(jq -r 'select(.id) | .id' out | sort -u | wc -l)" 4
	run jq -r 'select(.id) | .id' out
	for id in "${lines[@]}"; do
		assert_regex "$id" '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'
		refute grep -q "$id" in
	done
	assert_equal "$(jq -sr '.[0].id == .[2].target and
		.[1].id == .[3].approved' out)" true
	refute grep -qE '"seq"|"n1"' out
	assert_equal "$(jq -c 'del(.id, .target, .approved, .nonce)' in)" \
		"$(jq -c 'del(.id, .target, .approved)' out)"
	assert_equal "$(tail -n 1 out)" '{"n" : 1,"x":[1, {"nonce":2}]}'
	# a log takes them all; and without it, none that has an id
	run bash -c 'ss-replay --new-ids | ss-log | grep -vc epoch'
	assert_output 5
	run bash -c 'ss-replay --to-seq 5 | ss-log | grep -vc epoch'
	assert_output 1
}

@test "--room moves all events to one room" {
	cat >in <<-'END'
		{"type":"chat","room":"tea","user":"a"}
		{"type":"mute","user":"a"}
		{}
	END
	run ss-replay --room demo in
	assert_line --index 0 '{"type":"chat","user":"a","room":"demo"}'
	assert_line --index 1 '{"type":"mute","user":"a","room":"demo"}'
	assert_line --index 2 '{"room":"demo"}'
	run ss-replay --room main in
	assert_line --index 0 '{"type":"chat","user":"a"}'
	run ss-replay --room 'no room' in
	assert_failure 2
}

@test "--speed keeps the time between events" {
	event 1 2026-11-23T12:00:00Z >in
	event 2 2026-11-23T12:00:10Z >>in
	event 3 2026-11-23T11:00:00Z >>in
	event 4 2026-11-23T12:00:20Z >>in
	start=$(now_ms)
	run ss-replay --speed 20 in
	end=$(now_ms)
	assert_equal "$output" "$(cat in)"
	assert [ $((end - start)) -ge 1000 ]
	# the first one doesn't wait for the last
	start_bg slow ss-replay --speed 0.001 in
	wait_for 5 grep -q id1 slow.out
	assert_equal "$(wc -l <slow.out)" 1
	stop slow
	assert_equal "$status" 0
	run ss-replay --speed=-1 in
	assert_failure 2
}

@test "a torn last line is skipped and told, the rest is there" {
	event 1 2026-11-23T12:00:00Z | ss-log --no-tee
	printf '%s' '{"type":"chat","id":"to' >>logs/chat_2026-11-23.jsonl
	run --separate-stderr ss-replay
	assert_success
	assert_equal "$(jq -r .id <<<"$output")" id1
	assert_equal "$stderr" \
		'ss-replay: logs/chat_2026-11-23.jsonl:2: torn last line skipped'
	run --separate-stderr ss-replay -q
	assert_equal "$stderr" ''
}

@test "bad lines are told, skipped, and make the status 1" {
	{
		event 1 2026-11-23T12:00:00Z
		echo oops
		printf '"\xff"\n{"a":"\xff"}\n\n[]\n'
		head -c 1200000 /dev/zero | tr '\0' x
		echo
		printf '{"a":"\0"}\n'
		event 2 2026-11-23T12:00:00Z
	} >in
	run --separate-stderr ss-replay in
	assert_failure 1
	assert_equal "$(jq -r .id <<<"$output" | xargs)" 'id1 id2'
	for n in 2 3 4 6 7 8; do
		assert_regex "$stderr" "ss-replay: in:$n: "
	done
	run --separate-stderr ss-replay none in -
	assert_failure 1
	assert_regex "$stderr" 'none: No such file or directory'
	assert_equal "$(jq -r .id <<<"$output" | xargs)" 'id1 id2'
	run ss-replay
	assert_failure 1
	assert_output --partial 'logs: No such file or directory'
}

@test "a closed stdout ends it quietly, a full one is an error" {
	events 20000 2026-11-23T12:00:00Z >in
	run --separate-stderr bash -c 'ss-replay in | head -n 1; exit "${PIPESTATUS[0]}"'
	assert_equal "$status" 141
	assert_equal "$stderr" ''
	run bash -c 'ss-replay in >/dev/full'
	assert_failure 1
	assert_output --partial 'stdout: No space left on device'
}

@test "from a pipe each line leaves at once, and TERM ends it" {
	mkfifo in
	BG_IN=in start_bg replay ss-replay -
	exec 5>in
	event 1 2026-11-23T12:00:00Z >&5
	wait_for 5 grep -q id1 replay.out
	stop replay
	assert_equal "$status" 0
}

@test "-o writes to a socket, and waits for it" {
	event 1 2026-11-23T12:00:00Z >in
	start_bg replay ss-replay -o "unix:$WORK/s" in
	start_bg log ss-log -i "listen:$WORK/s" --no-tee
	wait_exit replay
	assert_equal "$status" 0
	wait_for 5 grep -q id1 logs/chat_2026-11-23.jsonl
	start_bg hub ss-replay -o "listen:$WORK/t" in
	wait_for 5 test -S t
	run timeout 10 socat -u "UNIX-CONNECT:$WORK/t" -
	assert_output "$(cat in)"
	wait_exit hub
	assert_equal "$status" 0
}

@test "memory stays small however much there is" {
	mkdir logs
	events 20000 2026-11-23T12:00:00Z >logs/chat_2026-11-23.jsonl
	for i in {1..40}; do
		cat logs/chat_2026-11-23.jsonl
	done >logs/chat_2026-11-24.jsonl
	under_san && skip "a sanitizer's memory is another matter"
	run bash -c 'ulimit -v 40000; ss-replay --new-ids | wc -l'
	assert_success
	assert_output 820000
}

@test "what is written while it reads is not replayed: it can feed its own folder" {
	for i in 1 2 3; do
		event "$i" 2026-11-23T09:00:00Z
	done | ss-log --no-tee
	timeout 20 bash -o pipefail -c \
		'ss-replay --new-ids | ss-log >again'
	assert_equal "$(grep -c '"chat"' again)" 3
	run ss-replay
	assert_success
	assert_equal "${#lines[@]}" 6
	# a file by itself, and standard input
	cp logs/*.jsonl own
	timeout 20 ss-replay own >>own
	assert_equal "$(wc -l <own)" 12
	timeout 20 ss-replay - <own >>own
	assert_equal "$(wc -l <own)" 24
}
