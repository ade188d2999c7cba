#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# pipeline.bats: ss-gateway | ss-moderate | ss-log | ss-broadcast as a whole:
# what goes round, what is kept, and what happens when a part dies.

load viewers

# The pipeline as a shell starts it, in a session of its own: its process
# group is the shell's process id.
shell_pipeline() {
	cat >pipeline.sh <<-'SCRIPT'
		ss-gateway --port 0 2>gateway.err |
			ss-moderate 2>moderate.err |
			ss-log 2>log.err |
			ss-broadcast 2>broadcast.err
	SCRIPT
	start_bg pipe setsid bash -o pipefail pipeline.sh
	wait_for 10 port_known gateway
	export SS_URL=http://127.0.0.1:$SS_PORT
	WS_URL=ws://127.0.0.1:$SS_PORT/ws
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

# the process of that pipeline with this name
member() {
	pgrep -g "$(pid pipe)" -x "$1"
}

@test "chat goes round: moderated, logged, and seen by everybody" {
	start_pipeline
	listen bob --until end
	run talk alice --send "$(say hello)" \
		--send "$(say 'you fucking idiot, i will kill you')" \
		--send "$(say end)" --until end
	assert_success
	wait_exit bob
	assert_equal "$(cat bob.out)" "$output"
	assert_equal "$(jq -c '[.toxic, (.score | type)]' bob.out)" \
		'[false,"number"]
[true,"number"]
[false,"number"]'
	# what is seen is what is kept
	assert_equal "$(cat logs/chat_*.jsonl)" "$output"
}

@test "a gift by ss-gift goes the same way" {
	start_pipeline
	listen bob --expect 1
	run ss-gift --from admin --gift-id 7 --amount 3
	assert_success
	wait_exit bob
	assert_equal "$(jq -c '[.type, .from, .gift_id, .amount]' bob.out)" \
		'["gift","admin",7,3]'
	assert_equal "$(cat logs/chat_*.jsonl)" "$(cat bob.out)"
}

@test "a message that is blocked comes back to its author alone" {
	MODERATE_OPTS=(--policy block)
	start_pipeline
	listen bob --until end
	run talk alice --send "$(say 'you fucking idiot, i will kill you')" \
		--expect 1 --send "$(say end)" --until end
	assert_success
	assert_equal "$(head -n 1 <<<"$output" | jq .blocked)" true
	wait_exit bob
	assert_equal "$(jq -r .message bob.out)" end
}

@test "--policy mask hides the words for everybody" {
	MODERATE_OPTS=(--policy mask)
	start_pipeline
	run talk alice --send "$(say 'you fucking idiot, i will kill you')" \
		--expect 1
	assert_success
	assert_equal "$(jq .masked <<<"$output")" true
	refute_output --partial fucking
}

@test "each viewer in a crowd gets everything in the same order" {
	local idle=1000 chatters=50 messages=400 peak

	if under_san; then
		idle=100 chatters=10 messages=200
	fi
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "needs 4,096 descriptors"
	ulimit -n "$(ulimit -Hn)"
	start_pipeline
	run client crowd "$WS_URL" --idle "$idle" --chatters "$chatters" \
		--rate 100 --messages "$messages" --timeout 120
	echo "$output"
	assert_success
	assert_equal "$(jq -c '[.viewers, .distinct, .identical,
		.senders_in_order]' <<<"$output")" \
		"[$((idle + chatters)),$messages,true,true]"
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' \
		"/proc/$(pid gw)/status")
	echo "VmHWM: $peak kB"
	under_san || assert [ "$peak" -lt 65536 ]
}

@test "events at midnight go to the files of their own days" {
	start_pipeline
	stop gw
	SS_TEST_NOW=2026-11-23T23:59:59.999Z start_pipeline_again
	run talk alice --send "$(say before)" --expect 1
	assert_success
	stop gw
	for stage in moderate log broadcast; do
		wait_exit "$stage"
	done
	SS_TEST_NOW=2026-11-24T00:00:00.000Z start_pipeline_again
	run talk alice --send "$(say after)" --expect 1
	assert_success
	assert_equal "$(jq -r .message logs/chat_2026-11-23.jsonl)" before
	assert_equal "$(jq -r .message logs/chat_2026-11-24.jsonl)" after
	assert_equal "$(jq -r .ts logs/chat_2026-11-24.jsonl)" \
		2026-11-24T00:00:00.000Z
}

start_pipeline_again() {
	wait_for 10 bg_gone "$(pid broadcast)"
	export SS_TEST_NOW
	start_pipeline
	unset SS_TEST_NOW
}

@test "messages that were accepted are not lost to a slow stage" {
	start_pipeline
	kill -STOP "$(pid log)"
	numbers 200 >lines
	start_bg alice /usr/bin/python3 "$TESTS/client.py" "$WS_URL/alice" \
		--timeout 60 --send-lines lines --touch sent --expect 200
	wait_for 10 test -e sent
	kill -CONT "$(pid log)"
	wait_exit alice 20
	assert_equal "$status" 0
	assert_equal "$(jq -r .message alice.out)" "$(seq 200)"
}

# One stage after the other is killed: a neighbour in the loop must say so in
# one line (a filter whose reader is gone ends quietly), the pipeline must end
# with an error, leave no process, and start again.
die() {
	local stage=$1 neighbour=$2 file

	shell_pipeline
	run talk alice --send "$(say hello)" --expect 1
	assert_success
	kill -KILL "$(member "$stage")"
	# an upstream neighbour finds out when it writes
	for _ in 1 2 3 4 5; do
		client "$WS_URL/alice" --send "$(say hello)" --timeout 1 \
			--expect 1 >/dev/null 2>&1 || :
		! bg_gone "$(pid pipe)" || break
	done
	wait_exit pipe 20
	assert [ "$status" -ne 0 ]
	file=${neighbour#ss-}.err
	grep -v 'listening on' "$file" >said || :
	cat said
	assert_equal "$(wc -l <said)" 1
	assert grep -q "^$neighbour: " said
	# nothing is left of it, neither running nor as a zombie
	run pgrep -g "$(pid pipe)"
	assert_output ''
	# and again, with nothing in the way
	rm -f gateway.err
	shell_pipeline
	run talk alice --send "$(say again)" --expect 1
	assert_success
	kill -TERM -- "-$(pid pipe)"
	wait_exit pipe
}

@test "kill -9 of ss-gateway ends the pipeline with an error, restart works" {
	die ss-gateway ss-broadcast
}

@test "kill -9 of ss-moderate ends the pipeline with an error, restart works" {
	die ss-moderate ss-gateway
}

@test "kill -9 of ss-log ends the pipeline with an error, restart works" {
	die ss-log ss-broadcast
}

@test "kill -9 of ss-broadcast ends the pipeline with an error, restart works" {
	die ss-broadcast ss-gateway
}

@test "Ctrl-C ends all of it cleanly" {
	shell_pipeline
	listen bob --expect-close 1012
	run talk alice --send "$(say hello)" --expect 1
	assert_success
	kill -INT -- "-$(pid pipe)"
	wait_exit pipe
	wait_exit bob
	assert_equal "$status" 0
	assert [ ! -e "$SS_BUS" ]
	for f in gateway moderate log broadcast; do
		refute grep -iE 'broken|error|fail|lost' "$f.err"
	done
	assert_equal "$(jq -r .message logs/chat_*.jsonl)" hello
}

@test "SIGTERM to the gateway drains the whole pipeline, every status 0" {
	start_pipeline
	numbers 300 >lines
	run talk alice --send-lines lines --ping x --until '#pong x'
	assert_success
	stop gw
	assert_equal "$status" 0
	for stage in moderate log broadcast; do
		wait_exit "$stage"
		assert_equal "$status" 0
	done
	assert_equal "$(jq -r .message logs/chat_*.jsonl)" "$(seq 300)"
}

@test "two gateways on one bus: one chat, fan-in through one pipe" {
	mkfifo line
	start_bg rest bash -c \
		'ss-moderate <line | ss-log | ss-broadcast 2>broadcast.err'
	exec 5>line
	wait_for 10 test -S "$SS_BUS"
	BG_OUT=line start_bg one ss-gateway --port 0
	BG_OUT=line start_bg two ss-gateway --port 0
	exec 5>&-
	wait_for 10 port_known two
	WS_URL=ws://127.0.0.1:$SS_PORT/ws
	wait_for 10 curl -fsS "http://127.0.0.1:$SS_PORT/healthz"
	listen bob --until end
	wait_for 10 port_known one
	wait_for 10 curl -fsS "http://127.0.0.1:$SS_PORT/healthz"
	run client "ws://127.0.0.1:$SS_PORT/ws/alice" --send "$(say hello)" \
		--send "$(say end)" --until end
	assert_success
	wait_exit bob
	assert_equal "$(cat bob.out)" "$output"
}

@test "a stage of one's own fits in between" {
	mkfifo p1
	start_bg rest bash -c 'ss-moderate <p1 |
		jq -c --unbuffered "select(.message != \"spam\")" |
		ss-log | ss-broadcast 2>broadcast.err'
	BG_OUT=p1 start_gateway
	wait_for 10 curl -fsS "$SS_URL/healthz"
	run talk alice --send "$(say spam)" --send "$(say ham)" --expect 1
	assert_success
	assert_equal "$(jq -r .message <<<"$output")" ham
}

@test "the stages pass on what they do not know, byte for byte" {
	printf '{ "type" : "new" , "n":1.50e+1, "s":"\\u00e9\\/" }\n{"type":"mark","by":"g","n":1}\n{"x":1,"x":2}\n' \
		>want
	run --separate-stderr bash -o pipefail -c \
		'ss-moderate <want | ss-log | ss-broadcast --print'
	assert_equal "$status" 0
	# ss-log says which series it is, and numbers what it keeps
	assert_equal "$(jq -c 'del(.epoch)' <<<"${lines[0]}")" \
		'{"type":"epoch","seq":0}'
	printf '{ "type" : "new" , "n":1.50e+1, "s":"\\u00e9\\/" ,"seq":1}\n{"type":"mark","by":"g","n":1}\n{"x":1,"x":2,"seq":2}\n' \
		>want
	assert_equal "$(tail -n +2 <<<"$output")" "$(cat want)"
}

@test "a bad line in the middle is told by its stage and ends in status 1" {
	printf '{"type":"chat","user":"a","message":"one"}\nbad\n{"type":"chat","user":"a","message":"two"}\n' \
		>lines
	run --separate-stderr bash -o pipefail -c \
		'ss-moderate <lines | ss-log | ss-broadcast --print'
	assert_equal "$status" 1
	assert_equal "$(jq -r '.message // empty' <<<"$output")" "one
two"
	assert_regex "$stderr" '^ss-moderate: stdin:2: '
}

@test "the stages end quietly when the reader goes" {
	for i in {1..20000}; do
		echo '{"type":"chat","user":"a","message":"one"}'
	done >lines
	for stage in ss-moderate ss-log; do
		run --separate-stderr bash -c "$stage <lines | head -n 2"
		assert_equal "$status" 0
		assert_equal "$stderr" ""
		assert_equal "$(jq -r '.message // empty' <<<"${lines[1]}")" one
	done
}
