#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-hold.bats: messages that wait for a moderator.

load viewers

BAD='you are an idiot'

# held_id FILE: the id of the held message in it
held_id() {
	jq -r 'select(.held).id' "$1" | head -n 1
}

start_holding() {
	MODERATE_OPTS=(--hold 2)
	start_pipeline --rate 0 "$@"
}

@test "held: to its author alone; approved: to all, as a new event" {
	start_holding
	listen bob --until end
	listen eve --send '{"type":"chat","message":"'"$BAD"'","nonce":"n1"}' \
		--until '"held":true' --until end
	wait_for 10 grep -q held eve.out
	id=$(held_id eve.out)
	run ss-ctl approve "$id" --wait
	assert_success
	wait_for 10 grep -q approved bob.out
	run talk al --send "$(say end)" --expect 1
	wait_exit bob
	wait_exit eve
	assert_equal "$(jq -c '[.type, .user // .by, .held, (.approved == "'"$id"'")]' \
		bob.out)" '["approve","'"$(id -un)"'",null,false]
["chat","eve",null,true]
["chat","al",null,false]'
	assert_equal "$(jq -c '[.type, .held, .nonce]' eve.out | head -n 1)" \
		'["chat",true,"n1"]'
	# the same words and score, a new id, and none of what held it
	run jq -c 'select(.approved) | [.message, .toxic, (.score > 0.8), .nonce,
		(.id != .approved), keys_unsorted[:3]]' bob.out
	assert_output '["'"$BAD"'",true,true,null,true,["type","id","user"]]'
	# for late comers only the second
	run curl -fsS "$SS_URL/api/recent"
	assert_equal "$(jq '[.events[] | select(.type == "chat")] | length' \
		<<<"$output")" 2
}

@test "denied: nobody gets it, its author is told" {
	start_holding
	listen eve --send "$(say "$BAD")" --until '"held":true' --until end
	wait_for 10 grep -q held eve.out
	id=$(held_id eve.out)
	run ss-ctl deny "$id"
	assert_success
	run talk al --send "$(say end)" --expect 1
	wait_exit eve
	assert_equal "$(jq -r '.target // .message' eve.out | xargs)" \
		"$BAD $id end"
	refute grep -q approved logs/chat_*.jsonl
}

@test "the first decision counts, and the second is a conflict" {
	start_holding
	listen bob --until end
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(jq -r .id <<<"$output")
	run ss-ctl approve "$id"
	assert_success
	for what in deny approve; do
		run ss-ctl "$what" "$id"
		assert_failure 1
		assert_output --partial '409 conflict'
	done
	run ss-ctl approve 01KBQX3CJ0M4D8V7S1H5K9P2QB
	assert_failure 1
	# two at once
	run talk eve --send "$(say "$BAD!")" --expect 1
	id=$(jq -r 'select(.held).id' <<<"$output")
	echo '{"type":"deny","target":"'"$id"'"}' >deny
	sed s/deny/approve/ deny >approve
	for i in 1 2 3 4; do
		BG_IN=deny start_bg "d$i" socat -t 10 - UNIX-CONNECT:control.sock
		BG_IN=approve start_bg "a$i" socat -t 10 - \
			UNIX-CONNECT:control.sock
	done
	for i in 1 2 3 4; do
		wait_exit "d$i"
		wait_exit "a$i"
	done
	assert_equal "$(cat d[1-4].out a[1-4].out |
		jq -r '.status // .code' | sort | uniq -c | xargs)" \
		'7 409 1 queued'
	# what comes too late is in the log and shown to nobody
	run talk al --send "$(say end)" --expect 1
	wait_exit bob
	assert_equal "$(jq -r 'select(.target == "'"$id"'").type' bob.out |
		wc -l)" 1
}

@test "a hold ends after five minutes, and its author is told" {
	start_gateway_on_a_bus
	listen eve --until expired
	listen bob --until end
	ts=$(date -u -d "@$(($(date +%s) - 297))" +%Y-%m-%dT%H:%M:%S.000Z)
	printf '%s\n' '{"type":"chat","id":"01KBQX3CJ0M4D8V7S1H5K9P2QB","user":"eve","message":"m","held":true,"ts":"'"$ts"'"}' >&5
	wait_exit eve 20
	assert_equal "$status" 0
	assert_equal "$(jq -r '[.type, .target, .reason] | join(" ")' eve.out |
		tail -n 1)" 'deny 01KBQX3CJ0M4D8V7S1H5K9P2QB expired'
	run ss-ctl approve 01KBQX3CJ0M4D8V7S1H5K9P2QB
	assert_failure 1
	assert_output --partial '409 conflict'
	echo '{"type":"chat","id":"2","user":"u","message":"end"}' >&5
	wait_exit bob
	assert_equal "$(wc -l <bob.out)" 1
}

@test "a deleted one can't be approved" {
	start_holding
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(jq -r .id <<<"$output")
	ss-ctl -q delete "$id" --wait
	run ss-ctl approve "$id"
	assert_failure 1
	assert_output --partial '409 conflict'
}

@test "purged: it waits for nothing, and nobody gets it" {
	start_holding
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(held_id <(echo "$output"))
	run talk bob --send "$(say "$BAD")" --expect 1
	other=$(held_id <(echo "$output"))
	ss-ctl --wait purge eve --room den
	ss-ctl --wait purge bob
	run ss-ctl approve "$other"
	assert_failure 1
	assert_output --partial '409 conflict'
	run ss-ctl approve "$id"
	assert_success
	run talk al --send "$(say end)" --expect 1
	run curl -fsS "$SS_URL/api/recent"
	assert_equal "$(jq -r '.events[] | select(.type == "chat").user' \
		<<<"$output" | xargs)" 'eve al'
}

@test "what was approved can be deleted by the id that it was held under" {
	start_holding
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(held_id <(echo "$output"))
	ss-ctl approve "$id"
	wait_for 5 grep -q '"approved"' logs/chat_*.jsonl
	ss-ctl --wait delete "$id"
	run curl -fsS "$SS_URL/api/recent"
	assert_equal "$(jq -r '.events[].type' <<<"$output" | xargs)" \
		'approve delete'
}

@test "two gateways with two workers each publish it once" {
	start_holding --workers 2
	BG_OUT=p1 start_bg gw2 ss-gateway --port 0 --workers 2
	wait_for 10 port_known gw2
	listen bob --until end
	for i in {1..5}; do
		run talk eve --send "$(say "$BAD $i")" --until '"held":true'
		assert_success
		ss-ctl -q approve "$(jq -r 'select(.held).id' <<<"$output")"
	done
	published() {
		[ "$(grep -c approved logs/chat_*.jsonl)" = 5 ]
	}
	wait_for 10 published
	run talk al --send "$(say end)" --until '"end"'
	wait_exit bob
	assert_equal "$(grep -c approved bob.out)" 5
	assert_equal "$(grep -c approved logs/chat_*.jsonl)" 5
}

@test "what is approved while all gateways are down is published by the next" {
	start_holding
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(jq -r .id <<<"$output")
	# the log has the decision, and nobody the message
	exec 6>p1
	stop gw KILL
	ss-ctl -o - approve "$id" >&6
	wait_for 10 grep -q approve logs/chat_*.jsonl
	BG_OUT=p1 start_gateway
	published() {
		grep -q '"approved":"'"$id"'"' logs/chat_*.jsonl
	}
	wait_for 10 published
	wait_for 10 curl -fsS "$SS_URL/healthz"
	# and not again by one that comes later
	stop gw KILL
	BG_OUT=p1 start_gateway
	run talk al --send "$(say end)" --until '"end"'
	assert_equal "$(grep -c '"approved"' logs/chat_*.jsonl)" 1
}

@test "an open hold survives a restart of everything" {
	start_holding
	run talk eve --send "$(say "$BAD")" --expect 1
	id=$(jq -r .id <<<"$output")
	stop gw
	wait_exit moderate
	wait_exit log
	wait_exit broadcast
	start_holding --history 0
	run ss-ctl approve "$id" --wait
	assert_success
	published() {
		grep -q '"approved":"'"$id"'"' logs/chat_*.jsonl
	}
	wait_for 10 published
}
