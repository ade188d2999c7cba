#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-moderate: what events on the line change, from where they stand on.

load helper

# chat TEXT [ROOM]: nothing in them needs to be escaped
chat() {
	printf '{"type":"chat","user":"u","message":"%s"%s}\n' \
		"$1" "${2:+,\"room\":\"$2\"}"
}

# threshold VALUE [ROOM]
threshold() {
	printf '{"type":"threshold","id":"t%s","value":%s%s,"ts":"%s"}\n' \
		"$1" "$1" "${2:+,\"room\":\"$2\"}" 2026-11-23T09:30:00.123Z
}

verdicts() {
	jq -c 'select(.type == "chat").toxic' | xargs
}

# toxic at 0.6, and by far; toxic at no threshold of its own
BAD='you are an idiot'
GOOD='good morning'

@test "a threshold is in force behind it, and passes byte for byte" {
	{
		chat "$BAD"
		threshold 1
		chat "$BAD"
		threshold 0
		chat "$GOOD"
		echo ' {"value":0.6, "type":"threshold"} '
		chat "$GOOD"
		chat "$BAD"
	} >in
	run --separate-stderr ss-moderate <in
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$(echo "$output" | verdicts)" \
		'true false true false true'
	assert_equal "$(echo "$output" | grep threshold)" "$(grep threshold in)"
}

@test "a room's threshold is its own, one for all ends it" {
	{
		threshold 1 quiet
		chat "$BAD"
		chat "$BAD" quiet
		chat "$BAD" other
		threshold 1 main
		chat "$BAD"
		chat "$BAD" main
		chat "$BAD" other
		threshold 0.6
		chat "$BAD" quiet
		chat "$BAD"
	} >in
	run ss-moderate <in
	assert_equal "$(echo "$output" | verdicts)" \
		'true false true false false true true true'
	# many rooms, in any order
	{
		for i in $(shuf -i 1-300 --random-source=<(yes)); do
			threshold "$((i % 2))" "room$i"
		done
		for i in {1..300}; do
			chat "$GOOD" "room$i"
		done
	} >in
	run ss-moderate <in
	assert_equal "$(echo "$output" | jq -c 'select(.type == "chat") |
		.toxic == (.room[4:] | tonumber % 2 == 0)' | sort -u)" true
}

@test "it takes the place of --threshold and of the profile's" {
	for options in '--threshold 1' '--profile lenient' '--profile strict'; do
		# shellcheck disable=SC2086
		run ss-moderate $options < <(threshold 0.5; chat "$BAD"; threshold 1
			chat "$BAD")
		assert_equal "$(echo "$output" | verdicts)" 'true false'
	done
}

@test "what is no threshold changes nothing and is told" {
	for bad in '"value":2' '"value":-0.1' '"value":"1"' '"x":1' '"value":1e999' \
		'"value":1,"room":7' '"value":1,"room":""' \
		'"value":1,"room":"'"$(printf 'r%.0s' {1..51})"'"'; do
		run --separate-stderr ss-moderate < <(
			echo '{"type":"threshold",'"$bad"'}'
			chat "$BAD"
		)
		assert_success
		assert_equal "$(echo "$output" | verdicts)" true
		assert_equal "$stderr" \
			'ss-moderate: threshold: not one, so the old one stays'
	done
	# a room may be written in escapes; what merely looks like one is not
	run ss-moderate < <(
		echo '{"type":"threshold","value":1,"room":"\u0071"}'
		echo '{"type":"x","was":{"type":"threshold","value":0}}'
		chat "$BAD" q
		chat "$GOOD"
	)
	assert_equal "$(echo "$output" | verdicts)" 'false false'
}

@test "the policy's id in why changes with it" {
	run ss-moderate --explain < <(chat "$BAD"; threshold 0.5; chat "$BAD"
		threshold 0.4; chat "$BAD"; threshold 0.5; chat "$BAD")
	assert_equal "$(echo "$output" | jq -r 'select(.why).why.policy' |
		awk '!($0 in n) { n[$0] = ++k } { print n[$0] }' | xargs)" '1 2 3 2'
}

# start_hub EVENT...: a hub behind a log of these
start_hub() {
	printf '%s\n' "$@" | ss-log --no-tee
	BG_IN=/dev/null start_bg hub ss-broadcast -i "listen:$PWD/out.sock"
}

@test "--state: a new process asks the bus for what is in force" {
	start_hub "$(threshold 0.2)" "$(threshold 1)" "$(threshold 0 low)"
	{
		chat "$BAD"
		chat "$GOOD" low
	} >in
	# the hub may be later than we
	run --separate-stderr ss-moderate -v --state "unix:$SS_BUS" <in
	assert_success
	assert_equal "$(echo "$output" | verdicts)" 'false true'
	assert_equal "$stderr" \
		"ss-moderate: $SS_BUS: asked for what is in force"
	# without it nobody is asked
	run ss-moderate <in
	assert_equal "$(echo "$output" | verdicts)" 'true false'
	# and what comes on the line is newer
	run ss-moderate --state "unix:$SS_BUS" < <(threshold 0.6; cat in)
	assert_equal "$(echo "$output" | verdicts)" 'true false'
}

@test "--state: nothing in force, and a bus that is no bus" {
	start_hub "$(chat "$GOOD")"
	run --separate-stderr ss-moderate --state "unix:$SS_BUS" \
		< <(chat "$BAD")
	assert_equal "$(echo "$output" | verdicts)" true
	assert_equal "$stderr" ''
	stop hub
	start_bg fake socat "UNIX-LISTEN:$PWD/fake,fork" SYSTEM:'echo x; exit 0'
	wait_for 5 test -S fake
	run --separate-stderr ss-moderate --state "unix:$PWD/fake" \
		< <(chat "$BAD")
	assert_success
	assert_equal "$(echo "$output" | verdicts)" true
	assert_regex "$stderr" "^ss-moderate: $PWD/fake: .*; what is in force is not known$"
	run ss-moderate --state "listen:$PWD/x" </dev/null
	assert_failure 2
	run ss-moderate --state - </dev/null
	assert_failure 2
}

@test "a threshold survives the kill of its moderator" {
	start_hub "$(chat "$GOOD")"
	stop hub
	start_bg hub ss-broadcast -v -i "listen:$PWD/out.sock"
	wait_for 10 test -S "$SS_BUS"
	start_bg watch timeout 60 socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 10 grep joined hub.err # it sees all that comes from now on
	start_bg log ss-log -i "listen:$PWD/log.sock" -o "unix:$PWD/out.sock"
	start_bg mod ss-moderate -i "listen:$PWD/in.sock" \
		-o "unix:$PWD/log.sock" --state "unix:$SS_BUS"
	wait_for 10 test -S in.sock
	{
		threshold 1
		chat "$BAD"
	} | socat -u - "UNIX-CONNECT:$PWD/in.sock"
	wait_for 10 grep -q '"chat"' watch.out
	stop mod KILL
	start_bg mod ss-moderate -i "listen:$PWD/in.sock" \
		-o "unix:$PWD/log.sock" --state "unix:$SS_BUS"
	sent=no
	send() {
		[ "$sent" = yes ] || chat "$BAD" | socat -u - \
			"UNIX-CONNECT:$PWD/in.sock" 2>/dev/null && sent=yes
		[ "$(grep -c '"chat"' watch.out)" = 2 ]
	}
	wait_for 10 send
	assert_equal "$(verdicts <watch.out)" 'false false'
}
