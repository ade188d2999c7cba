#!/usr/bin/env bats
# examples/*.sh, as a user runs them.

load helper

setup() {
	helper_setup
	EXAMPLES=$ROOT/examples
}

teardown() {
	local f

	# what an example has started and should have ended itself
	for f in "$WORK"/pids.*; do
		[ ! -f "$f" ] || xargs -r kill -KILL <"$f" 2>/dev/null || :
	done
	helper_teardown
}

free_port() {
	/usr/bin/python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

recent_has() {
	curl -fsS "$SS_URL/api/recent" | tr -d '\n' | grep -q -- "$1"
}

# ours: the ids of processes that run on this test's bus; zombies too
ours() {
	local p

	for p in /proc/[0-9]*; do
		if grep -zqxF "SS_BUS=$SS_BUS" "$p/environ" 2>/dev/null &&
			grep -q '^Name:.*\bss-' "$p/status" 2>/dev/null; then
			echo "${p#/proc/}"
		fi
	done
}

ours_gone() {
	[ -z "$(ours)" ]
}

# stage_pid NAME: the process id of this test's ss-NAME
stage_pid() {
	local p

	for p in $(ours); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = "$1" ]; then
			echo "$p"
			return
		fi
	done
	return 1
}

start_live() {
	SS_PORT=$(free_port)
	export SS_PORT
	start_bg live "$EXAMPLES/live.sh"
	wait_for 15 grep -q 'Ctrl-C stops it' live.out
	ours >pids.live
	export SS_URL=http://127.0.0.1:$SS_PORT
	WS_URL=ws://127.0.0.1:$SS_PORT/ws
}

@test "every example is executable, says what it is for, and is tried here" {
	for f in "$EXAMPLES"/*.sh; do
		assert [ -x "$f" ]
		assert_equal "$(head -n 1 "$f")" '#!/usr/bin/env bash'
		assert_regex "$(sed -n 2p "$f")" "^# ${f##*/}"
		assert grep -q '^set -euo pipefail$' "$f"
		assert grep -q "EXAMPLES/${f##*/}" "$TESTS"/examples*.bats
	done
}

@test "the recorded chat is what the programs write" {
	run jq -c . "$EXAMPLES/chat.jsonl"
	assert_success
	assert_equal "$output" "$(cat "$EXAMPLES/chat.jsonl")"
	# ids are ULIDs in order, times RFC 3339, both unique enough to rely on
	run jq -r 'select(
		(.id | test("^[0-7][0-9A-HJKMNP-TV-Z]{25}$") | not) or
		(.ts | test("^20..-..-..T..:..:..\\....Z$") | not) or
		(.user // .from | test("^[A-Za-z0-9._-]{1,50}$") | not))' \
		"$EXAMPLES/chat.jsonl"
	assert_output ''
	jq -r .id "$EXAMPLES/chat.jsonl" >ids
	assert sort -cu ids
	assert [ "$(wc -l <ids)" -ge 50 ]
}

@test "offline.sh names those who were rude, and nobody else" {
	run "$EXAMPLES/offline.sh"
	assert_success
	assert_line --regexp '^ *[2-9] troll\.77$'
	assert_line --regexp '^ *[12] mallory$'
	refute_output --regexp ' (alice|bob|frank|grace|chiara)$'
	assert_line 'the five worst:'
}

@test "offline.sh works on any recorded chat" {
	printf '%s\n' '{"type":"chat","user":"x","message":"you idiot"}' \
		'{"type":"chat","user":"y","message":"hello"}' >mine
	run "$EXAMPLES/offline.sh" mine
	assert_success
	assert_line --regexp '^ *1 x$'
	refute_output --partial y$'\n'
	run "$EXAMPLES/offline.sh" no-such-file
	assert_failure
}

@test "stage-jq.sh turns shouting down and leaves the rest alone" {
	run --separate-stderr "$EXAMPLES/stage-jq.sh" "$EXAMPLES/chat.jsonl"
	assert_success
	output=$(grep -v '"type":"epoch"' <<<"$output")
	assert_equal "$(wc -l <<<"$output")" "$(wc -l <"$EXAMPLES/chat.jsonl")"
	assert_line --regexp '"message":"world record".*"calmed":true'
	refute_line --partial 'WORLD RECORD'
	assert_equal "$(grep -c calmed <<<"$output")" 1
	assert_equal "$(cat logs/chat_2026-11-23.jsonl)" "$output"
}

@test "stage-shell.sh drops links and passes the rest byte for byte" {
	{
		echo '{"type":"chat","user":"a","message":"see https://x.example"}'
		echo '{"type":"note",  "text":"https://kept.example" }'
		echo '{"type":"gift","from":"a","gift_id":1,"amount":1}'
	} >in
	run --separate-stderr "$EXAMPLES/stage-shell.sh" in
	assert_success
	assert_equal "$(tail -n 2 <<<"$output")" \
		'{"type":"note",  "text":"https://kept.example" ,"seq":1}
{"type":"gift","from":"a","gift_id":1,"amount":1,"seq":2}'
	assert_equal "$stderr" 'no_links: dropped one'
}

@test "watch-bus.sh shows the past and what comes, readable" {
	start_pipeline
	ss-gift --from alice --gift-id 7 --amount 2 --url "$SS_URL"
	wait_for 5 recent_has alice
	start_bg watch "$EXAMPLES/watch-bus.sh" 5
	wait_for 5 grep -q 'alice gives 2 of gift 7' watch.out
	client "$WS_URL/bob?room=tea" \
		--send '{"type":"chat","message":"hi all"}' --expect 1
	wait_for 5 grep -q '#tea <bob> hi all' watch.out
	gift='{"from":"carol","gift_id":1,"amount":3,"streak":"s","count":4}'
	curl -fsS -H 'Content-Type: application/json' -d "$gift" \
		"$SS_URL/api/gift?wait=1"
	wait_for 5 grep -q 'carol gives 3 of gift 1, 4 in a row' watch.out
	run cat watch.out
	assert_equal "${#lines[@]}" 3
}

@test "detoxify-server.py answers what ss-moderate asks" {
	# in Detoxify's place, with its interface
	cat >detoxify.py <<-'END'
		class Detoxify:
		    def __init__(self, model):
		        self.model = model
		    def predict(self, text):
		        bad = 0.97 if "bad" in text else 0.01
		        return {"toxicity": bad, "insult": bad / 2}
	END
	PYTHONPATH=$WORK start_bg detox \
		/usr/bin/python3 "$EXAMPLES/detoxify-server.py" 0
	wait_for 10 grep -q '^Detoxify on http' detox.out
	url=$(sed 's/^Detoxify on //' detox.out)
	jq -nc '("bad", "ok") as $m | range(50) |
		{type: "chat", n: ., message: $m}' >in
	ss-moderate --ask "$url" --band 0:1 --ask-timeout 9s --labels <in >out
	assert_equal "$(jq -c '[.score, .labels.insult]' out | sort | uniq -c |
		awk '{ print $1, $2 }')" $'50 [0.01,0.005]\n50 [0.97,0.485]'
	for body in '' nonsense '[]' '{"text":1}'; do
		run curl -s -o /dev/null -w '%{http_code}' -d "$body" "$url"
		assert_output 400
	done
}

@test "random-gifts.sh sends as many as it is told to" {
	start_pipeline
	run "$EXAMPLES/random-gifts.sh" 3 0.01
	assert_success
	wait_for 5 recent_has '"bot".*"bot".*"bot"'
	curl -fsS "$SS_URL/api/recent" >recent
	run jq -r '.events[] | .type + " of " + .from' recent
	assert_output $'gift of bot\ngift of bot\ngift of bot'
}

@test "two-gateways.sh makes one chat of two ports" {
	a=$(free_port)
	b=$(free_port)
	start_bg two "$EXAMPLES/two-gateways.sh" "$a" "$b"
	wait_for 15 curl -fsS "http://127.0.0.1:$a/healthz"
	wait_for 15 curl -fsS "http://127.0.0.1:$b/healthz"
	ours >pids.two
	# the second speaks as soon as it hears the first
	start_bg bob /usr/bin/python3 "$TESTS/client.py" \
		"ws://127.0.0.1:$b/ws/bob?history=0" \
		--expect 1 --touch bob.here --until 'from a' \
		--send '{"type":"chat","message":"from b"}' --until 'from b'
	wait_for 10 test -e bob.here
	run client "ws://127.0.0.1:$a/ws/alice" \
		--send '{"type":"chat","message":"from a"}' --until 'from b'
	assert_success
	wait_exit bob
	assert_equal "$status" 0
	assert_equal "$(grep -h '"chat"' bob.out)" "$output"

	stop two
	wait_for 10 ours_gone
	assert [ ! -e "$SS_BUS" ]
}

@test "supervise.sh heals what is killed, and TERM or INT ends all of it" {
	export SS_PORT SS_RUN=$WORK/run
	unset SS_BUS
	for signal in TERM INT; do
		SS_PORT=$(free_port)
		start_bg sup "$EXAMPLES/supervise.sh"
		wait_for 15 grep -q 'Ctrl-C stops it' sup.out
		WS_URL=ws://127.0.0.1:$SS_PORT/ws
		for stage in ss-dash ss-log ss-broadcast ss-moderate ss-gateway; do
			kill -KILL "$(cat "run/$stage.pid")"
			wait_for 5 grep -q "$stage ended (killed by SIGKILL), again" \
				sup.err
			wait_for 5 curl -fsS "http://127.0.0.1:$SS_PORT/healthz"
			# not the same twice: repeats are refused
			text="without $stage, before $signal"
			run client "$WS_URL/alice" \
				--send "{\"type\":\"chat\",\"message\":\"$text\"}" \
				--until "\"message\":\"$text\""
			assert_success
		done
		run --separate-stderr "$EXAMPLES/supervise.sh"
		assert_failure 1
		stop sup "$signal"
		assert_equal "$status" 0
		assert_equal "$(find run -name '*.pid' -o -name '*.sock')" ''
	done
	assert_equal "$(cat logs/chat_*.jsonl | jq .seq)" "$(seq 10)"
}

@test "the units are what they should be, and don't expose much" {
	for stage in ss-gateway ss-moderate ss-log ss-broadcast ss-dash; do
		unit=$EXAMPLES/systemd/$stage.service
		assert grep -qx 'Type=notify' "$unit"
		assert grep -q "^ExecStart=/usr/local/bin/$stage " "$unit"
		# shellcheck disable=SC2046
		run -2 $(sed -n 's|^ExecStart=/usr/local/bin/||p' "$unit") --no-such
		[[ $output == *no-such* ]]
	done
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
	for unit in "$EXAMPLES"/systemd/*.service; do
		run systemd-analyze security --offline=true --threshold=25 "$unit"
		assert_success
	done
}

@test "live.sh opens a chat, and TERM or INT ends all of it with status 0" {
	for signal in TERM INT; do
		start_live
		run client "$WS_URL/alice" \
			--send '{"type":"chat","message":"hello"}' --expect 1
		assert_success
		assert_output --partial '"message":"hello"'
		assert_equal "$(cat logs/chat_*.jsonl | tail -n 1)" "$output"
		assert grep -q "ws://127.0.0.1:$SS_PORT/ws/alice" live.out

		stop live "$signal"
		assert_equal "$status" 0
		assert ours_gone
		assert [ ! -e "$SS_BUS" ]
		refute grep -q failed live.err
	done
}

@test "live.sh ends with a failure and names the stage that was killed" {
	for stage in ss-gateway ss-moderate ss-log ss-broadcast; do
		start_live
		kill -KILL "$(stage_pid "$stage")"
		wait_exit live
		assert_equal "$status" 137
		run grep -c '^live.sh: ' live.err
		assert_output 1
		assert grep -qx "live.sh: $stage failed (killed by SIGKILL)" \
			live.err
		wait_for 5 ours_gone
	done
	# and nothing that is left over stops the next start
	start_live
	stop live
	assert_equal "$status" 0
}

@test "live.sh says which stage could not start" {
	start_gateway --input "unix:$WORK/none" --output -
	run --separate-stderr env SS_PORT="$SS_PORT" "$EXAMPLES/live.sh"
	assert_failure 1
	assert_regex "$stderr" 'live.sh: ss-gateway failed'
	run --separate-stderr env SS_PORT="$(free_port)" SS_POLICY=nonsense \
		"$EXAMPLES/live.sh"
	assert_failure 2
	assert_regex "$stderr" 'live.sh: ss-moderate failed'
}

@test "moderator.sh answers what a moderator asks" {
	ss-moderate <"$EXAMPLES/chat.jsonl" >scored
	for i in {1..1100}; do
		echo "{\"type\":\"gift\",\"id\":\"G$i\",\"from\":\"rich\",\"gift_id\":1,\"amount\":9007199254740991}"
	done >>scored
	cat >>scored <<-'END'
		{"type":"chat","id":"q","user":"o'neil","message":"it's\ttabbed","ts":"2026-11-23T20:00:00Z","room":"tea","toxic":true,"score":1,"blocked":true}
		{"type":"delete","id":"d","target":"q","by":"carol","ts":"2026-11-23T20:01:00Z"}
		{"type":"mute","id":"m","user":"o'neil","by":"carol","until":"2026-11-23T21:00:00Z","ts":"2026-11-23T20:02:00Z"}
	END
	ss-log --db sqlite:chat.db --no-tee <scored

	run "$EXAMPLES/moderator.sh" gifters 2
	assert_success
	assert_line --index 0 $'sender\ttotal\tgifts'
	# beyond 2^63, to the unit
	assert_line --index 1 $'rich\t9907919180215090100\t1100'
	assert_equal "${#lines[@]}" 3

	run "$EXAMPLES/moderator.sh" toxicity
	assert_success
	assert_equal "$(awk 'NR > 1 { n += $2; t += $3 } END { print n, t }' \
		<<<"$output")" "$(jq -s '[.[] | select(.type == "chat")] |
		"\(length) \(map(select(.toxic)) | length)"' scored | tr -d '"')"
	run "$EXAMPLES/moderator.sh" toxicity tea
	assert_line --index 1 $'2026-11-23T20:00Z\t1\t1\t100.0'

	run "$EXAMPLES/moderator.sh" history "o'neil"
	assert_success
	assert_equal "${#lines[@]}" 3
	assert_line --index 1 --regexp $'chat\tit\'s\ttabbed\ttoxic blocked deleted by carol$'
	assert_line --index 2 --partial 'by carol until 2026-11-23T21:00:00.000Z'
	run "$EXAMPLES/moderator.sh" history "x' OR 1=1; --"
	assert_success
	assert_output ''

	run "$EXAMPLES/moderator.sh" worst 1
	assert_line --index 1 --partial "o'neil"
	for wrong in '' nonsense 'gifters 0' 'gifters x' history 'worst 1 2'; do
		# shellcheck disable=SC2086
		run "$EXAMPLES/moderator.sh" $wrong
		assert_failure 2
		assert_output --partial 'history USER'
	done
	SS_CHAT_DB=none run "$EXAMPLES/moderator.sh" worst
	assert_failure 1
	assert_output --partial 'none: no such database'
	for f in "$EXAMPLES"/*.sql; do
		assert grep -q "ask $(basename "$f" .sql)" "$EXAMPLES/moderator.sh"
	done
}
