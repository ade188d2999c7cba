#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-ctl.bats: actions from words to events, by each of the three ways.

load viewers

# one FIELD...: the only line of the log as an array of these fields
one() {
	jq -c "[$(printf '.%s,' "$@" | sed 's/,$//')]" logs/chat_*.jsonl
}

@test "-o - prints the event of each action" {
	local id=01KBQX3C7N0F9T6W2E8R4Y5Z1A

	export SS_TEST_NOW=2026-11-23T12:00:00Z
	while read -r words; do
		# shellcheck disable=SC2086
		ss-ctl -o - --by carol $words
	done >out <<-EOF
		mute bob
		mute bob 30s
		unmute bob --room den
		kick bob
		ban bob 7d
		ban --address 192.0.2.7
		ban --address 192.0.2.7 2h
		ban bob 2h --address 2001:db8::1
		unban bob
		delete $id
		purge bob
		slow 10s
		slow off
		subonly on
		subonly off
		threshold 0.7
		level 2
		level insult=0
		hold 3
		approve $id
		deny $id
	EOF
	run jq -c 'del(.id)' out
	assert_output '{"type":"mute","user":"bob","until":"2026-11-23T12:05:00.000Z","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"mute","user":"bob","until":"2026-11-23T12:00:30.000Z","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"unmute","user":"bob","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z","room":"den"}
{"type":"kick","user":"bob","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"ban","user":"bob","until":"2026-11-30T12:00:00.000Z","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"ban","address":"192.0.2.7","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"ban","address":"192.0.2.7","until":"2026-11-23T14:00:00.000Z","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"ban","user":"bob","address":"2001:db8::/64","until":"2026-11-23T14:00:00.000Z","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"unban","user":"bob","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"delete","target":"'$id'","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"purge","user":"bob","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"slow","seconds":10,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"slow","seconds":0,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"subonly","on":true,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"subonly","on":false,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"threshold","value":0.7,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"level","level":2,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"level","label":"insult","level":0,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"hold","level":3,"by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"approve","target":"'$id'","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}
{"type":"deny","target":"'$id'","by":"carol","role":"admin","ts":"2026-11-23T12:00:00.000Z"}'
}

@test "ban and unban: an address in a user's place is an address" {
	export SS_TEST_NOW=2026-11-23T12:00:00Z
	while read -r words; do
		# shellcheck disable=SC2086
		ss-ctl -o - $words
	done >out <<-'EOF'
		ban 203.0.113.9
		ban 203.0.113.9 2h
		ban ::ffff:203.0.113.9
		ban 2001:db8::1 7d --room den
		unban 203.0.113.9
		unban 2001:db8::/64
		ban 203.0.113.9 --address 192.0.2.7
		unban 203.0.113.9 --address 192.0.2.7
		ban 203.0.113.256
		ban 203.0.113
		mute 203.0.113.9
	EOF
	run jq -c '[.type, .user, .address, .until, .room]' out
	assert_output '["ban",null,"203.0.113.9",null,null]
["ban",null,"203.0.113.9","2026-11-23T14:00:00.000Z",null]
["ban",null,"203.0.113.9",null,null]
["ban",null,"2001:db8::/64","2026-11-30T12:00:00.000Z","den"]
["unban",null,"203.0.113.9",null,null]
["unban",null,"2001:db8::/64",null,null]
["ban","203.0.113.9","192.0.2.7",null,null]
["unban","203.0.113.9","192.0.2.7",null,null]
["ban","203.0.113.256",null,null,null]
["ban","203.0.113",null,null,null]
["mute","203.0.113.9",null,"2026-11-23T12:05:00.000Z",null]'
	run -2 ss-ctl -o - ban 203.0.113.9 bob
	run -2 ss-ctl -o - unban 203.0.113.9 5m
	# and so it is not shown to viewers
	start_pipeline
	listen bob --expect-close 4003
	run ss-ctl ban 127.0.0.1 --wait
	assert_success
	assert_output --partial 'delivered: ban 127.0.0.1'
	wait_exit bob
	assert_equal "$status" 0
	refute grep -q ban bob.out
}

@test "who does it is who has logged in, and a reason is kept as it is" {
	run ss-ctl -o - kick bob --reason $'say "no", 😀 \u202eolleh'
	assert_success
	assert_equal "$(jq -r .reason <<<"$output")" \
		$'say "no", 😀 \u202eolleh'
	assert_equal "$(jq -r .by <<<"$output")" "$(id -un)"
}

@test "an event for the line is by who has logged in, whatever else is set" {
	run env SS_URL=http://127.0.0.1:9 SS_TOKEN=a.b.c ss-ctl -o - ban bob
	assert_success
	assert_equal "$(jq -r .by <<<"$output")" "$(id -un)"
}

@test "wrong words are misuse, and nothing is sent" {
	while read -r words; do
		# shellcheck disable=SC2086
		run --separate-stderr ss-ctl -o - $words
		assert_equal "$status" 2
		assert_equal "$output" ''
		assert_regex "$stderr" '^ss-ctl: .'
	done <<-'EOF'

		mutes bob
		mute
		mute a/b
		mute bob 5x
		mute bob 0
		mute bob 5m 6m
		mute bob --address 192.0.2.1
		ban
		ban 5m --address nowhere
		unban bob 5m
		delete
		delete 01KB
		slow
		slow -5
		slow 2d
		subonly maybe
		threshold 1.5
		threshold 0.5,"user":"x"
		threshold
		level rude=1
		level 5
		hold insult=1
		approve bob
		kick bob --room a/b
		kick bob --by a/b
		kick bob --key a b
		kick bob -o listen:x
		kick bob --url http://127.0.0.1:1
	EOF
	run ss-ctl -o - kick bob --reason $'a\nb'
	assert_failure 2
	run ss-ctl -o - kick bob --reason $'\xff'
	assert_failure 2
	run ss-ctl -o - kick bob --reason "$(printf 'x%.0s' {1..201})"
	assert_failure 2
}

@test "the control socket: an action is an event, told with its id" {
	start_pipeline
	run ss-ctl mute bob --wait --by carol --reason spam
	assert_success
	assert_regex "$output" '^[0-9A-Z]{26} delivered: mute bob for 5m$'
	assert_equal "$(one type user by role reason)" \
		'["mute","bob","carol","admin","spam"]'
	assert_equal "$(jq -r .id logs/chat_*.jsonl)" "${output%% *}"
	run ss-ctl -q slow 5
	assert_success
	assert_output ''
	assert_equal "$(stat -c %a control.sock)" 600
}

@test "the same key does it once" {
	start_pipeline
	run ss-ctl kick bob --key k1 --wait
	assert_success
	first=${output%% *}
	run ss-ctl kick bob --key k1 --wait
	assert_success
	assert_equal "${output%% *}" "$first"
	run --separate-stderr ss-ctl kick eve --key k1 --wait
	assert_failure 1
	assert_regex "$stderr" '^ss-ctl: 409 conflict: '
	# a nonce counts for who sends, not for whom it is done to
	run talk bob --send '{"type":"chat","message":"m","nonce":"k1"}' \
		--until '"m"'
	assert_success
	assert_equal "$(one type nonce)" '["kick","k1"]
["chat","k1"]'
}

@test "no gateway, no answer, no sense: exit status 1" {
	run --separate-stderr ss-ctl kick bob
	assert_failure 1
	assert_equal "$stderr" "ss-ctl: $PWD/control.sock: no gateway is there"
	start_bg deaf socat UNIX-LISTEN:deaf,fork,mode=600 SYSTEM:'sleep 60'
	start_bg mad socat UNIX-LISTEN:mad,fork,mode=600 SYSTEM:'read l; echo x'
	printf '{"error":"\\u001b[31m","detail":"\u202ex","code":7}\n' >answer
	start_bg bad socat UNIX-LISTEN:bad,fork,mode=600 SYSTEM:'read l; cat answer'
	wait_for 5 test -S deaf -a -S mad -a -S bad
	run --separate-stderr ss-ctl kick bob --control deaf --timeout 0.2
	assert_failure 1
	assert_regex "$stderr" 'timed out'
	run --separate-stderr ss-ctl kick bob --control mad
	assert_failure 1
	assert_regex "$stderr" 'not understood'
	run --separate-stderr ss-ctl kick bob --control bad
	assert_failure 1
	assert_equal "$stderr" 'ss-ctl: 7 \x1b[31m: \xe2\x80\xaex'
	# only what is a yes is one
	for no in '{}' '{"code":403}' '{"error":5,"code":503}' \
		"{\"error\":\"$(printf 'x%.0s' {1..99})\",\"code\":403}" \
		'{"status":"queued"}' '{"status":"queued","id":"x"}' \
		'{"status":"no","id":"01KTEST0000000000000000000"}'; do
		echo "$no" >answer
		run ss-ctl kick bob --control bad
		assert_failure 1
		refute_output --partial queued
	done
	run bash -c 'ss-ctl kick bob -o - >/dev/full'
	assert_failure 1
}

@test "the control socket: lines in, lines out, each client for itself" {
	start_pipeline
	start_bg idle socat -u UNIX-CONNECT:control.sock -
	{
		echo '{"type":"kick","user":"a","wait":true}'
		echo 'x'
		echo '{"type":"chat","user":"a"}'
		echo '{"type":"kick"}'
		echo '{"type":"kick","user":"a","user":"b"}'
		echo '{"type":"kick","user":"b","nonce":7}'
		echo
		head -c 70000 /dev/zero | tr '\0' x
		echo
		echo '{"type":"kick","user":"c","by":"dan"}'
	} >lines
	run socat -t 10 - UNIX-CONNECT:control.sock <lines
	assert_equal "$(jq -c '[.status // .error, .code]' <<<"$output")" \
		'["delivered",null]
["bad_request",400]
["bad_request",400]
["bad_request",400]
["bad_request",400]
["bad_request",400]
["too_large",413]
["queued",null]'
	wait_for 5 grep -q dan logs/chat_*.jsonl
	assert_equal "$(one user by)" '["a","admin"]
["c","dan"]'
}

@test "the control socket: who acts for somebody says in which role" {
	start_pipeline
	{
		echo '{"type":"kick","user":"a","by":"mia","role":"moderator","wait":true}'
		echo '{"type":"kick","user":"b","by":"vic","role":"viewer"}'
		echo '{"type":"kick","user":"b","by":"vic","role":7}'
		echo '{"type":"kick","user":"b","role":"moderator"}'
	} >lines
	run socat -t 10 - UNIX-CONNECT:control.sock <lines
	assert_equal "$(jq -c '[.status // .error, .code]' <<<"$output")" \
		'["delivered",null]
["bad_request",400]
["bad_request",400]
["bad_request",400]'
	assert_equal "$(one user by role)" '["a","mia","moderator"]'
}

@test "clients that never read cost no more than their place" {
	start_pipeline
	for i in {1..70}; do
		start_bg "c$i" socat -u EXEC:'yes x' UNIX-CONNECT:control.sock
	done
	for i in {1..20}; do
		run talk alice --send "$(say "m$i")" --until "m$i"
		assert_success
	done
	for i in {1..70}; do
		kill "$(pid "c$i")" 2>/dev/null || :
	done
	again() {
		ss-ctl kick bob --wait
	}
	wait_for 10 again
}

@test "two gateways on one bus: one has the socket, and the other inherits it" {
	start_pipeline
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0 -v
	wait_for 10 port_known gw2
	run ss-ctl kick bob
	assert_success
	# asked for by name it is refused
	run timeout 20 ss-gateway --port 0 --control "$PWD/control.sock"
	assert_failure 1
	assert_output --partial 'control.sock: already running'
	stop gw
	mine() {
		grep -q 'control: ' gw2.err && test -S control.sock
	}
	wait_for 10 mine
}

@test "--control: a path, or none" {
	start_pipeline --control "$PWD/ctl"
	run ss-ctl kick bob --control ctl
	assert_success
	refute test -e control.sock
	stop gw
	refute test -e ctl
	start_gateway --control none
	refute test -e control.sock
}

@test "--control works with several workers, also when its own is killed" {
	start_pipeline --workers 2
	run ss-ctl kick bob --wait
	assert_success
	kill -KILL "$(pgrep -P "$(pid gw)" | head -n 1)"
	again() {
		ss-ctl kick bob --wait
	}
	wait_for 10 again
}

@test "without keys HTTP takes no actions" {
	start_pipeline
	for action in mute ban nothing; do
		run curl -s -o body -w '%{http_code}' -X POST \
			-H 'Content-Type: application/json' \
			-H 'Authorization: Bearer x.y.z' \
			-d '{"user":"bob"}' "$SS_URL/api/admin/$action"
		case $action in
		nothing) assert_output 404 ;;
		*) assert_output 403 ;;
		esac
	done
	run curl -s -o body -w '%{http_code}' "$SS_URL/api/admin/mute"
	assert_output 405
	refute test -s logs/chat_*.jsonl
	# SS_URL alone is no reason to go there
	run ss-ctl kick bob --wait
	assert_success
	SS_TOKEN=x run --separate-stderr ss-ctl kick bob
	assert_failure 1
	assert_regex "$stderr" '^ss-ctl: 40[13] '
}
