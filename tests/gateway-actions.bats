#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-actions.bats: moderators' actions, in force at the gateway.

load viewers

# codes: the frames so far, one word each: an error's code, or a message
codes() {
	jq -r '.code // .message // .type' <<<"$output" | xargs
}

# from_now SECONDS: a time as events have it
from_now() {
	date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%S.000Z
}

# put LINE...: onto the bus, past everything
put() {
	printf '%s\n' "$@" >&5
}

@test "muted: what he says is an error that says until when" {
	start_pipeline
	ss-ctl -q mute bob 10m --wait
	run talk bob --send '{"type":"chat","message":"m","nonce":"n"}' --expect 1
	assert_success
	run jq -c '[.type, .code, .nonce, (.until | length)]' <<<"$output"
	assert_output '["error","muted","n",24]'
	run talk eve --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	# he may still give
	run curl -fsS -H 'Content-Type: application/json' \
		-d '{"from":"bob","gift_id":1,"amount":1}' "$SS_URL/api/gift"
	assert_success
	ss-ctl -q unmute bob --wait
	run talk bob --send "$(say back)" --expect 1
	assert_equal "$(codes)" back
}

@test "a mute ends by itself" {
	start_gateway_on_a_bus
	listen x --until end
	put '{"type":"mute","id":"1","user":"bob","until":"'"$(from_now 3600)"'"}' \
		'{"type":"mute","id":"2","user":"eve","until":"'"$(from_now -2)"'"}' \
		'{"type":"mute","id":"3","user":"al","until":"'"$(from_now 2)"'"}'
	put '{"type":"chat","id":"4","user":"u","message":"end"}'
	wait_exit x
	muted() {
		run talk "$1" --send "$(say hi)" --send '{}' --until bad_message
		[[ "$(codes)" = muted* ]]
	}
	assert muted bob
	refute muted eve
	over() {
		! muted al
	}
	wait_for 10 over
}

@test "muted in one room is not muted in another" {
	start_pipeline
	ss-ctl -q mute bob --room den --wait
	run talk bob --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	run client "$WS_URL/bob?room=den" --send "$(say hi)" --expect 1
	assert_equal "$(codes)" muted
}

@test "the hello says what is in force for him, and nothing else" {
	start_pipeline
	hello() {
		run client "$WS_URL/$1?${2:-history=0}" --expect 1
		jq -c 'del(.type, .epoch, .seq)' <<<"$output"
	}
	assert_equal "$(hello bob)" '{"recovered":true}'
	epoch=$(client "$WS_URL/bob?history=0" --expect 1 | jq -r .epoch)
	ss-ctl -q mute bob 1h --wait
	ss-ctl -q mute eve 1h --room den --wait
	ss-ctl -q slow 600 --wait
	ss-ctl -q subonly on --room den --wait
	run hello bob
	assert_output --regexp '"mute":\{"until":"2[0-9T:.-]+Z"\},"slow":'
	assert_equal "$(hello eve)" '{"recovered":true,"slow":{"seconds":600}}'
	run hello eve 'history=0&room=den'
	assert_output --regexp '"until".*,"slow":\{.*\},"subonly":true\}$'
	# how long he has to wait
	run talk al --send "$(say hi)" --expect 1
	run hello al
	assert_output --regexp '"seconds":600,"retry_after":(600|5[0-9]{2})\}'
	# who comes back is told, too
	run hello bob "since=1&epoch=$epoch"
	assert_output --partial '"mute"'
	ss-ctl -q unmute bob --wait
	ss-ctl -q slow 0 --wait
	assert_equal "$(hello bob)" '{"recovered":true}'
}

@test "kick closes with 4003, and he may come back" {
	start_pipeline
	listen bob --expect-close 4003
	listen den --expect 1
	ss-ctl -q kick bob
	wait_exit bob
	assert_equal "$status" 0
	assert_equal "$(jq -r .type bob.out | head -n 1)" kick
	wait_exit den
	run talk bob --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
}

@test "ban cuts connections and refuses new ones and gifts" {
	start_pipeline
	listen bob --expect-close 4003
	ss-ctl -q ban bob --wait
	wait_exit bob
	assert_equal "$status" 0
	run talk bob
	assert_failure 3
	assert_regex "$output" '^#status 403 \{"error":"forbidden"'
	run curl -s -o body -w '%{http_code}' -H 'Content-Type: application/json' \
		-d '{"from":"bob","gift_id":1,"amount":1}' "$SS_URL/api/gift"
	assert_output 403
	run talk eve --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	ss-ctl -q unban bob --wait
	run talk bob --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
}

@test "a ban of an address is for all who come from there, and nobody sees it" {
	start_pipeline
	listen bob --raw-out bob.raw --expect-close 4003
	ss-ctl -q slow 0 --wait
	ss-ctl -q ban --address 127.0.0.1 --wait
	wait_exit bob
	assert_equal "$status" 0
	refute grep -q address bob.raw
	run talk eve
	assert_failure 3
	assert_output --partial 403
	ss-ctl -q unban --address ::ffff:127.0.0.1 --wait
	run talk eve --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	refute grep -q address <(curl -fsS "$SS_URL/api/recent")
}

@test "slow mode: one message, then an error that says how long" {
	start_pipeline
	ss-ctl -q slow 1m --wait
	run talk bob --send "$(say one)" --expect 1 --send "$(say two)" \
		--expect 1
	assert_equal "$(codes)" 'one slow_mode'
	run jq -c 'select(.code) | .retry_after | . > 50 and . <= 60' <<<"$output"
	assert_output true
	# another connection is the same user
	run talk bob --send "$(say three)" --expect 1
	assert_equal "$(codes)" slow_mode
	run talk eve --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	ss-ctl -q slow off --wait
	run talk bob --send "$(say four)" --expect 1
	assert_equal "$(codes)" four
}

@test "subscribers only: others are told" {
	start_pipeline
	ss-ctl -q subonly on --wait
	run talk bob --send "$(say hi)" --expect 1
	assert_equal "$(codes)" forbidden
	ss-ctl -q subonly off --wait
	run talk bob --send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
}

@test "deleted: newcomers never get the text, viewers the event" {
	start_pipeline
	listen eve --expect 3
	run talk bob --send "$(say bad)" --expect 1 --send "$(say good)" \
		--expect 1
	id=$(jq -r 'select(.message == "bad").id' <<<"$output")
	ss-ctl -q delete "$id" --wait
	wait_exit eve
	assert_equal "$(jq -r 'select(.type == "delete").target' eve.out)" "$id"
	run client "$WS_URL/new?history=10" --until delete
	refute_output --partial '"bad"'
	assert_output --partial '"good"'
	run curl -fsS "$SS_URL/api/recent"
	refute_output --partial '"bad"'
	assert_output --partial '"good"'
	assert grep -q '"bad"' logs/chat_*.jsonl
}

@test "a tombstone works also when it comes first" {
	start_gateway_on_a_bus
	listen bob --until end
	put '{"type":"delete","id":"1","target":"X","ts":"2026-11-23T09:30:00Z"}' \
		'{"type":"chat","id":"X","user":"u","message":"late","toxic":false,"ts":"2026-11-23T09:30:00Z"}' \
		'{"type":"chat","id":"Y","user":"u","message":"end","toxic":false,"ts":"2026-11-23T09:30:00Z"}'
	wait_exit bob
	assert_equal "$(jq -r '.message // .type' bob.out | xargs)" 'delete end'
	run curl -fsS "$SS_URL/api/recent"
	refute_output --partial late
}

@test "purge: all of a user's messages so far, and nothing of what follows" {
	start_pipeline
	run talk bob --send "$(say one)" --send "$(say two)" --expect 2
	run talk eve --send "$(say hers)" --expect 1
	ss-ctl -q purge bob --wait
	run talk bob --send "$(say three)" --expect 1
	assert_equal "$(codes)" three
	run client "$WS_URL/new?history=10" --until three
	assert_equal "$(jq -r '.message // .type' <<<"$output" | xargs)" \
		'hello hers purge three'
	run curl -fsS "$SS_URL/api/recent"
	assert_equal "$(jq -r '.events[] | .message // .type' <<<"$output" |
		xargs)" 'hers purge three'
}

@test "what is in force is so at every gateway, and after kill -9 and restart" {
	start_pipeline
	one=$WS_URL
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0
	wait_for 10 port_known gw2
	two=ws://127.0.0.1:$SS_PORT/ws
	ss-ctl -q mute bob 10m --wait
	ss-ctl -q ban eve --wait
	ss-ctl -q slow 1m --room den --wait
	muted() {
		run client "$1/bob" --send "$(say x)" --expect 1
		[ "$(codes)" = muted ]
	}
	assert muted "$one"
	wait_for 5 muted "$two"
	run client "$two/eve"
	assert_failure 3
	stop gw2 KILL
	BG_OUT=/dev/null start_bg gw3 ss-gateway --port 0 --history 0
	wait_for 10 port_known gw3
	three=ws://127.0.0.1:$SS_PORT/ws
	assert muted "$three"
	run client "$three/eve"
	assert_failure 3
	# the whole pipeline anew: from the log's files
	stop gw KILL
	stop broadcast KILL
	wait_exit moderate
	wait_exit log || :
	start_pipeline
	assert muted "$WS_URL"
	run client "$WS_URL/eve"
	assert_failure 3
	run client "$WS_URL/al?room=den" --send "$(say a)" --expect 1 \
		--send "$(say b)" --expect 1
	assert_equal "$(codes)" 'a slow_mode'
}

# answers CONTROL LINE...: to these lines, an id or a code each
answers() {
	printf '%s\n' "${@:2}" >lines
	socat -t 10 - "UNIX-CONNECT:$1" <lines | jq -r '.code // .id'
}

@test "the same key with another end is a conflict, also for who has it from the bus" {
	local length until unended fine control

	length='{"type":"mute","user":"bob","nonce":"d","duration":'
	until='{"type":"ban","user":"eve","nonce":"u","until":"2'
	unended='{"type":"ban","user":"al","nonce":"n"'
	fine='{"type":"threshold","nonce":"t","value":'
	start_pipeline
	answers control.sock "$length\"1h\",\"wait\":true}" \
		"${until}100-01-01T00:00:00.5Z\",\"wait\":true}" \
		"$unended,\"wait\":true}" \
		"${fine}0.12345678,\"wait\":true}" >ids
	assert_equal "$(sort -u ids | grep -c ...)" 4
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0 --control "$PWD/two"
	wait_for 10 port_known gw2
	knows() {
		curl -fsS "http://127.0.0.1:$SS_PORT/healthz"
	}
	wait_for 10 knows
	for control in control.sock two; do
		# in other words
		answers "$control" "${length}3600}" \
			"${until}100-01-01T01:00:00.500+01:00\"}" \
			"$unended}" "${fine}0.12345678}" >again
		assert_equal "$(cat again)" "$(cat ids)"
		answers "$control" "${length}3601}" '{"type":"mute","user":"bob","nonce":"d"}' \
			"${until}100-01-01T00:00:01.5Z\"}" \
			"$unended,\"duration\":\"1h\"}" \
			'{"type":"ban","user":"eve","nonce":"u"}' \
			'{"type":"ban","user":"al","nonce":"d","duration":"1h"}' \
			"${fine}0.2}" >others
		assert_equal "$(xargs <others)" '409 409 409 409 409 409 409'
	done
	assert_equal "$(wc -l <logs/chat_*.jsonl)" 4
}

@test "who gets an old past from the hub isn't shown bans of addresses either" {
	printf '%s\n' \
		'{"type":"ban","id":"1","address":"192.0.2.9","ts":"2020-01-01T00:00:00.000Z"}' \
		'{"type":"chat","id":"2","user":"u","message":"old","toxic":false,"ts":"2020-01-01T00:00:01.000Z"}' |
		ss-log --no-tee
	start_pipeline --history 0
	run client "$WS_URL/bob?history=0" --expect 1
	epoch=$(jq -r .epoch <<<"$output")
	run client "$WS_URL/bob?epoch=$epoch&since=0" --until old
	assert_equal "$(jq -r '.message // .type' <<<"$output" | xargs)" \
		'hello old'
}

# --- with tokens ---

# token NAME ROLE: a token of that name
token() {
	ss-token mint --key key --sub "$1" --role "$2" --ttl 1h
}

# start_with_key [OPT...]: the pipeline with tokens demanded
start_with_key() {
	head -c 48 /dev/urandom | base64 >key
	chmod 600 key
	start_pipeline --jwt-key key "$@"
}

# as NAME ROLE ARG...: a client with a token, in the foreground
as() {
	client "$WS_URL/$1?token=$(token "$1" "$2")" "${@:3}"
}

# as_bg NAME ROLE ARG...: in the background, connected on return
as_bg() {
	start_bg "$1" /usr/bin/python3 "$TESTS/client.py" \
		"$WS_URL/$1?token=$(token "$1" "$2")" --timeout 120 \
		--touch "$1.up" "${@:3}"
	wait_for 10 test -e "$1.up"
}

# act NAME ROLE ARG...: ss-ctl over HTTP
act() {
	SS_TOKEN=$(token "$1" "$2") ss-ctl --url "$SS_URL" "${@:3}"
}

@test "over HTTP: by whom and with what role is the token's, and nobody acts on an equal or a higher" {
	start_with_key
	as_bg mo moderator --until end
	as_bg st streamer --until end
	as_bg bob viewer --until end
	run act carol moderator mute bob --wait --reason r --by eve
	assert_success
	assert_equal "$(jq -c '[.type, .user, .by, .role, .reason]' \
		logs/chat_*.jsonl)" '["mute","bob","carol","moderator","r"]'
	for to in mo st; do
		run act carol moderator kick "$to"
		assert_failure 1
		assert_output --partial '403 forbidden'
	done
	for role in viewer subscriber; do
		run act bob "$role" mute eve
		assert_failure 1
		assert_output --partial '403 forbidden'
	done
	# one that passed all the checks is not enforced either
	run as bob viewer --send "$(say x)" --expect 1
	assert_equal "$(codes)" muted
	run act st streamer mute mo --wait
	assert_success
	run as mo moderator --send "$(say x)" --expect 1
	assert_equal "$(codes)" muted
	run act st streamer unmute mo --wait
	run as mo moderator --send "$(say end)" --expect 1
	assert_equal "$(codes)" end
	for who in mo st bob; do
		wait_exit "$who"
	done
}

@test "nobody acts on staff who are away, nor undoes what a higher has done" {
	start_with_key
	run as mo moderator --send "$(say hi)" --expect 1
	assert_success
	run act st streamer ban bob --wait
	assert_success
	run act mo moderator mute eve --wait
	assert_success
	denied() {
		run act "$@"
		assert_failure 1
		assert_output --partial '403 forbidden'
	}
	denied carol moderator ban mo
	denied carol moderator unban bob
	denied carol moderator unban bob --room den
	denied carol moderator ban bob 1s
	# so it is at a gateway that learns it from the bus alone
	one=$SS_URL
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0 --jwt-key key
	wait_for 10 port_known gw2
	SS_URL=http://127.0.0.1:$SS_PORT
	denied carol moderator ban mo
	denied carol moderator unban bob
	SS_URL=$one
	run act carol moderator unmute eve --wait
	assert_success
	run act al admin unban bob --wait
	assert_success
	run act st streamer mute mo --wait
	assert_success
}

@test "what a higher has purged no later purge brings back" {
	start_with_key --repeat-after 0
	run as mo moderator --send "$(say rogue)" --expect 1
	run act st streamer purge mo --wait
	assert_success
	as_bg mo viewer --send "$(say meek)" --until end
	wait_for 5 grep -q meek mo.out
	run act carol moderator purge mo --wait
	assert_success
	run act carol moderator purge mo --room main --wait
	assert_success
	run as al viewer --send "$(say end)" --expect 1
	wait_exit mo
	messages() {
		curl -fsS "$SS_URL/api/recent" |
			jq -r '.events[].message // empty' | xargs
	}
	assert_equal "$(messages)" end
	exec 5>p1 # the pipeline stays
	stop gw KILL
	BG_OUT=p1 start_gateway --jwt-key key
	wait_for 10 curl -fsS "$SS_URL/healthz"
	assert_equal "$(messages)" end
}

@test "what a lower one deletes of a higher's stays, whichever comes first" {
	start_gateway_on_a_bus
	listen eve --until end
	by() { # ROLE TARGET
		echo "{\"type\":\"delete\",\"target\":\"$2\",\"by\":\"x\",\"role\":\"$1\"}"
	}
	said() { # ID ROLE TEXT
		echo "{\"type\":\"chat\",\"id\":\"$1\",\"user\":\"u$1\",\"role\":\"$2\",\"message\":\"$3\"}"
	}
	put "$(said A streamer law)" "$(by moderator A)" \
		"$(by moderator B)" "$(said B moderator peer)" \
		"$(by moderator C)" "$(said C viewer gone)" \
		"$(said D moderator over)" "$(by streamer D)" "$(by moderator D)" \
		"$(said E admin boss)" "$(by admin E)" \
		"$(by streamer F)" "$(by moderator F)" "$(said F moderator out)" \
		"$(said Z viewer end)"
	wait_exit eve
	recent() {
		curl -fsS "$SS_URL/api/recent" |
			jq -r '.events[].message // empty' | xargs
	}
	assert_equal "$(recent)" 'law peer end'
	# nobody is told to remove what is known to stay
	assert_equal "$(jq -r 'select(.type == "delete") |
		.target + .role[:1]' eve.out | xargs)" 'Bm Cm Ds Ea Fs Fm'
	# so it is for a gateway that hears of it all at once
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0
	wait_for 10 port_known gw2
	SS_URL=http://127.0.0.1:$SS_PORT
	wait_for 10 curl -fsS "$SS_URL/healthz"
	assert_equal "$(recent)" 'law peer end'
}

@test "to end in all rooms what a higher has done in one is refused" {
	start_with_key
	run act st streamer mute bob 1h --room main --wait
	run act st streamer ban eve 1h --room main --wait
	assert_success
	for what in 'unmute bob' 'unban eve'; do
		# shellcheck disable=SC2086 # two words
		run act carol moderator $what --wait
		assert_failure 1
		assert_output --partial '403 forbidden: what a higher has done'
	done
	# one's own part of it may end
	run act carol moderator mute bob 1h --room den --wait
	assert_success
	run act carol moderator unmute bob --wait
	assert_success
	run client "$WS_URL/bob?room=den&token=$(token bob viewer)" \
		--send "$(say hi)" --expect 1
	assert_equal "$(codes)" hi
	run as bob viewer --send "$(say x)" --expect 1
	assert_equal "$(codes)" muted
	run act st streamer unmute bob --wait
	assert_success
}

@test "who was staff and comes as a viewer is one, also when he has left" {
	start_with_key
	run as mo moderator --send "$(say hi)" --expect 1
	run act carol moderator mute mo --wait
	assert_failure 1
	run as mo viewer --send "$(say ho)" --expect 1
	run act carol moderator mute mo --wait
	assert_success
	run act carol moderator unmute mo --wait
	assert_success
	run act carol moderator ban mo --wait
	assert_success
}

@test "staff are exempt from slow mode and subscribers only" {
	start_with_key
	ss-ctl -q slow 1m --wait
	ss-ctl -q subonly on --wait
	run as mo moderator --send "$(say a)" --send "$(say b)" --expect 2
	assert_equal "$(codes)" 'a b'
	run as sue subscriber --send "$(say a)" --expect 1 --send "$(say b)" \
		--expect 1
	assert_equal "$(codes)" 'a slow_mode'
	run as bob viewer --send "$(say a)" --expect 1
	assert_equal "$(codes)" forbidden
}

@test "staff see what is blocked, and bans of addresses; nobody else does" {
	MODERATE_OPTS=(--policy block)
	start_with_key
	as_bg mo moderator --until end
	as_bg bob viewer --until end
	run as eve viewer --send "$(say 'fuck you, you idiot')" --expect 1
	assert_equal "$(jq -c .blocked <<<"$output")" true
	ss-ctl -q ban --address 192.0.2.1 --wait
	run as al viewer --send "$(say end)" --expect 1
	wait_exit mo
	wait_exit bob
	assert_equal "$(jq -c '[.user // .address, .blocked]' mo.out)" \
		'["eve",true]
["192.0.2.1",null]
["al",null]'
	assert_equal "$(jq -r .user bob.out)" al
	# and the same when they come back for it
	run client "$WS_URL/mo?history=9&token=$(token mo moderator)" --until end
	assert_equal "$(jq -r '.user // .address // .type' <<<"$output" | xargs)" \
		'hello eve 192.0.2.1 al'
	run client "$WS_URL/bob?history=9&token=$(token bob viewer)" --until end
	assert_equal "$(jq -r '.user // .type' <<<"$output" | xargs)" 'hello al'
}

@test "--delay: staff at once, viewers later; what is deleted meanwhile never" {
	start_with_key --delay 2s
	as_bg mo moderator --until end
	as_bg bob viewer --until end
	as_bg eve viewer --send "$(say bad)" --send "$(say good)" --until end
	wait_for 5 grep -q good mo.out
	refute test -s bob.out
	ss-ctl -q delete "$(jq -r 'select(.message == "bad").id' mo.out)" --wait
	# who comes meanwhile has missed nothing, and gets nothing twice
	as_bg late viewer --until end
	run client "$WS_URL/early?history=9&token=$(token early viewer)" \
		--until delete
	assert_equal "$(jq -r '.message // .type' <<<"$output" | xargs)" \
		'hello good delete'
	run act mo moderator kick nobody --wait
	as_bg last moderator --send "$(say end)" --until end
	for who in mo bob eve late last; do
		wait_exit "$who" 20
		assert_equal "$status" 0
	done
	assert_equal "$(jq -r '.message // .type' mo.out | xargs)" \
		'bad good delete kick end'
	for who in bob eve late; do
		assert_equal "$(jq -r '.message // .type' "$who.out" | xargs)" \
			'good delete kick end'
	done
	run curl -fsS "$SS_URL/api/recent"
	refute_output --partial '"bad"'
}
