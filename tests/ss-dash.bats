#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# ss-dash.bats: the desk's server: what a page gets, who may, and what is done.

load viewers

# start_desk [OPT...]: sets DESK, its address
start_desk() {
	start_bg desk ss-dash --port 0 "$@"
	wait_for 10 grep -q 'listening on http' desk.err
	DESK=$(sed -n 's/.*listening on //p' desk.err | tail -n 1)
}

# api PATH [CURL-OPTION...]: the body; STATUS in status.txt
api() {
	local path=$1

	shift
	curl -sS --max-time 10 -w '%{stderr}%{http_code}' "$@" "$DESK$path" \
		2>status.txt
}

status_is() {
	assert_equal "$(cat status.txt)" "$1"
}

# act ACTION BODY [CURL-OPTION...]
act() {
	local action=$1 body=$2

	shift 2
	api "/api/act/$action" -H 'Content-Type: application/json' \
		-d "$body" "$@"
}

# watch NAME [CURL-OPTION...]: the stream goes to NAME.out
watch() {
	local name=$1

	shift
	start_bg "$name" curl -sSN "$@" "$DESK/api/stream"
	wait_for 10 grep -q '^event: tick' "$name.out"
}

# events NAME EVENT: the lines of data of these
events() {
	awk -v want="$2" '
		/^event: / { at = substr($0, 8) }
		/^data: ./ && at == want { print substr($0, 7) }
		/^$/ { at = "" }' "$1.out"
}

has_event() {
	events "$1" "$2" | grep -q "$3"
}

chat() {
	talk "$1" --send "$(say "$2")" --until "$2" >/dev/null
}

@test "the page is served with its policy, and so is what it needs" {
	start_desk
	run curl -sS -D - -o page "$DESK/"
	assert_output --partial 'HTTP/1.1 200 OK'
	assert_output --partial "Content-Security-Policy: default-src 'none'; script-src 'self'"
	assert_output --partial 'X-Content-Type-Options: nosniff'
	assert_output --partial 'X-Frame-Options: DENY'
	assert grep -q 'SafeStream' page
	# nothing of it comes from elsewhere, or stands in the page itself
	run grep -nE 'https?://|<script>|<style|style=|onclick' page
	assert_output ''
	for f in $(grep -oE '(src|href)="[a-z.]+"' page | cut -d '"' -f 2); do
		run curl -fsS -o /dev/null --compressed "$DESK/$f"
		assert_success
	done
	etag=$(curl -sSI "$DESK/desk.js" | sed -n 's/^ETag: //Ip' | tr -d '\r')
	run curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $etag" \
		"$DESK/desk.js"
	assert_output 304
	api /nothing >/dev/null
	status_is 404
	api /api/nothing >/dev/null
	status_is 404
}

@test "a page gets what there is, and then what comes" {
	start_pipeline
	chat alice 'before the desk'
	start_desk
	watch page
	wait_for 5 has_event page past 'before the desk'
	chat bob 'you are a stupid idiot'
	wait_for 5 has_event page lines 'stupid idiot'
	run bash -c "grep -c 'before the desk' page.out"
	assert_output 1
	run api /api/stats
	assert_equal "$(jq -c '[.bus, .totals.chat, .totals.toxic]' <<<"$output")" \
		'["live",2,1]'
	assert_equal "$(jq -c .leaders.flagged <<<"$output")" '[["bob",1]]'
	run api '/api/user?name=bob'
	assert_equal "$(jq -c '[.user.toxic, .lines[0].message]' <<<"$output")" \
		'[1,"you are a stupid idiot"]'
	run api '/api/user?name=nobody'
	assert_output '{"user":null,"lines":[]}'
	api '/api/user?name=%22' >/dev/null
	status_is 400
}

@test "gifts in a row count by the difference" {
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_desk
	wait_for 10 curl -fsS "$DESK/healthz"
	n=0
	# sender, room, gift, amount, streak, count: of rose s 1, 3 and 3 more;
	# less and the same are worth nothing; others have counts of their own
	while read -r from room id amount streak count; do
		n=$((n + 1))
		printf '{"type":"gift","id":"g%s","room":"%s","from":"%s","gift_id":%s,"amount":%s,"streak":"%s","count":%s,"ts":"2026-11-23T09:30:00.000Z"}\n' \
			"$n" "$room" "$from" "$id" "$amount" "$streak" "$count"
	done >&5 <<-END
		alice main 1 10 s 1
		alice main 1 10 s 4
		alice main 1 10 s 2
		alice main 1 10 s 4
		alice main 1 10 s 7
		alice tea 1 10 s 2
		alice main 2 10 s 3
		alice main 1 10 t 1
		bob main 1 10 s 5
	END
	printf '{"type":"gift","id":"g0","from":"bob","gift_id":1,"amount":7,"ts":"2026-11-23T09:30:00.000Z"}\n' >&5
	gifts() {
		[ "$(api /api/stats | jq -c '[.totals.gifts, .totals.value]')" = \
			"$1" ]
	}
	wait_for 5 gifts '[19,187]'
	run api '/api/user?name=alice'
	assert_equal "$(jq -c '[.user.gifts, .user.value]' <<<"$output")" '[13,130]'
}

@test "who comes back gets what he has missed, once" {
	start_pipeline
	start_desk
	chat alice one
	watch first
	wait_for 5 has_event first past '"one"'
	id=$(sed -n 's/^id: //p' first.out | tail -n 1)
	stop first
	chat alice two
	wait_for 5 bash -c "curl -fsS '$DESK/api/stats' | jq -e '.totals.chat == 2'"
	watch second -H "Last-Event-ID: $id"
	assert has_event second hello '"resumed":true'
	assert_equal "$(events second lines | jq -r .message)" two
	# of another process, or what is no longer kept: all of it again
	watch third -H 'Last-Event-ID: x:1'
	assert has_event third hello '"resumed":false'
	assert_equal "$(events third past | jq -r .message)" $'one\ntwo'
}

@test "an action goes to the gateway, under the name of who does it" {
	start_pipeline
	start_desk --by carol
	run act mute '{"user":"bob","duration":60,"by":"mallory","role":"viewer","type":"ban"}'
	assert_output --partial '"status":"delivered"'
	status_is 200
	assert_equal "$(jq -c 'select(.type == "mute") | [.user, .by, .role]' \
		logs/chat_*.jsonl)" '["bob","carol","admin"]'
	watch page
	assert has_event page state '"type":"mute"'
	# the gateway's refusals are ours
	run act mute '{"user":"bob","user":"x"}'
	status_is 400
	run act mute '{"user":"not a name"}'
	status_is 400
	assert_output --partial '"error":"bad_request"'
	act mute '[1]' >/dev/null
	status_is 400
	act nonsense '{}' >/dev/null
	status_is 400
	act ../mute '{}' --path-as-is >/dev/null
	status_is 404
	api /api/act/mute -d '{"user":"bob"}' >/dev/null
	status_is 415
	api /api/act/mute >/dev/null
	status_is 405
	stop gw
	run act mute '{"user":"bob"}'
	status_is 503
	assert_output --partial 'control socket'
}

@test "another site's page can neither act nor read, nor can another name" {
	start_pipeline
	start_desk --host desk.example.org
	port=${DESK##*:}
	for bad in 'Origin: http://evil.example' 'Origin: null' \
		"Origin: http://127.0.0.1:$((port + 1))" \
		'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site'; do
		act mute '{"user":"bob"}' -H "$bad" >/dev/null
		status_is 403
		api /api/stats -H "$bad" >/dev/null
		status_is 403
	done
	for bad in evil.example "evil.example:$port" 127.0.0.1.evil.example \
		localhost.evil.example ''; do
		api /api/stats -H "Host: $bad" >/dev/null
		assert_regex "$(cat status.txt)" '^4(21|00)$'
	done
	for good in "localhost:$port" "127.0.0.1:$port" desk.example.org "[::1]:$port"; do
		api /api/stats -H "Host: $good" -H "Origin: http://$good" >/dev/null
		status_is 200
	done
	run bash -c "cat logs/chat_*.jsonl 2>/dev/null | grep -c mute"
	assert_output 0
}

@test "beyond this machine there is no desk without keys" {
	for a in 0.0.0.0 ::; do
		run --separate-stderr ss-dash --port 0 --addr "$a"
		assert_equal "$status" 1
		assert_regex "$stderr" 'not a loopback address: --jwt-key is needed'
	done
	run --separate-stderr ss-dash --jwt-key missing
	assert_equal "$status" 1
	run --separate-stderr ss-dash --audience x
	assert_equal "$status" 2
	run --separate-stderr ss-dash --by 'a b'
	assert_equal "$status" 2
}

@test "with keys a moderator's token is needed, as bearer or as cookie" {
	head -c 32 /dev/urandom | base64 >key
	chmod 600 key
	start_pipeline --jwt-key key
	start_desk --jwt-key key
	mod=$(ss-token mint --key key --sub mia --role moderator)
	viewer=$(ss-token mint --key key --sub vic)
	old=$(SS_TEST_NOW=2020-01-01T00:00:00Z ss-token mint --key key --sub mia --role moderator)
	for path in stats stream 'user?name=bob' session; do
		api "/api/$path" >/dev/null
		status_is 401
	done
	act mute '{"user":"bob"}' >/dev/null
	status_is 401
	api / >/dev/null
	status_is 200
	for t in x "${mod}x" "$old" ''; do
		api /api/stats -H "Authorization: Bearer $t" >/dev/null
		status_is 401
	done
	api /api/stats -H "Authorization: Bearer $viewer" >/dev/null
	status_is 403
	api /api/stats -H "Authorization: Bearer $mod" >/dev/null
	status_is 200
	api /api/session -H 'Content-Type: application/json' \
		-d "{\"token\":\"$viewer\"}" >/dev/null
	status_is 403
	api /api/session -H 'Content-Type: application/json' -c jar -D headers \
		-d "{\"token\":\"$mod\"}" >/dev/null
	status_is 200
	assert grep -q 'HttpOnly; SameSite=Strict' headers
	run api /api/session -b jar
	assert_equal "$(jq -c '[.by, .role, .locked]' <<<"$output")" \
		'["mia","moderator",true]'
	run act mute '{"user":"bob"}' -b jar
	status_is 200
	assert_equal "$(jq -c 'select(.type == "mute") | [.by, .role]' \
		logs/chat_*.jsonl)" '["mia","moderator"]'
	api /api/session -b jar -c jar -X DELETE >/dev/null
	api /api/stats -b jar >/dev/null
	status_is 401
}

@test "a stream ends when its token does" {
	head -c 32 /dev/urandom | base64 >key
	chmod 600 key
	start_desk --jwt-key key
	t=$(ss-token mint --key key --sub mia --role moderator --ttl 2)
	start_bg page curl -sSN -H "Authorization: Bearer $t" "$DESK/api/stream"
	wait_exit page 15
	assert has_event page expired '{}'
}

@test "a page that does not read is cut off, and no other page notices" {
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_desk --metrics listen:desk.metrics
	watch good
	/usr/bin/python3 - "${DESK##*:}" <<'END' 3>&- &
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.send(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
time.sleep(60)
END
	hog=$!
	wait_for 5 bash -c "curl -s --unix-socket desk.metrics http://x/metrics |
		grep -qx 'safestream_desk_pages 2'"
	# more than 8 MiB and the sockets' buffers, no faster than the desk is
	for i in 1 2 3 4 5 6; do
		/usr/bin/python3 -c 'import sys
for i in range(1000):
    print("{\"type\":\"chat\",\"user\":\"u%s-%d\",\"message\":\"%s\"}"
          % (sys.argv[1], i, "x" * 3000))' "$i" >&5
		wait_for 10 has_event good lines "u$i-999"
	done
	wait_for 20 bash -c "curl -s --unix-socket desk.metrics http://x/metrics |
		grep -qx 'safestream_desk_slow_pages_total 1'"
	curl -s --unix-socket desk.metrics http://x/metrics |
		/usr/bin/python3 "$TESTS/metrics_check.py" >/dev/null
	kill "$hog"
	wait "$hog" || :
	# a flood of names does not grow it: the table has its size
	assert [ "$(curl -fsS "$DESK/api/stats" | jq .totals.users)" -le 4096 ]
}

@test "the bus may go and come back: said, healed, nothing twice" {
	start_pipeline
	start_desk
	chat alice one
	watch page
	wait_for 5 has_event page past '"one"'
	kill -KILL "$(pid broadcast)"
	wait_for 5 bash -c "curl -s '$DESK/healthz' | grep -q degraded"
	wait_for 5 has_event page tick '"bus":"away"'
	rm -f p3b
	mkfifo p3b two
	BG_IN=p3b start_bg again ss-broadcast
	# ss-log has lost its reader, and is started anew, with the next event
	BG_IN=two BG_OUT=p3b start_bg log2 ss-log -d logs
	exec 6>two
	printf '{"type":"chat","id":"01KBQX3C7N0F9T6W2E8R4Y5Z1A","user":"x","message":"two"}\n' >&6
	wait_for 10 has_event page lines '"two"'
	wait_for 5 bash -c "curl -fsS '$DESK/healthz'"
	run bash -c "grep -o '\"message\":\"one\"' page.out | wc -l"
	assert_output 1
}

@test "stages are watched: up, measured, down" {
	MODERATE_OPTS=(--metrics listen:ss-moderate.metrics)
	start_pipeline --metrics listen:ss-gateway.metrics
	start_desk
	stages() {
		api /api/stats | jq -e "[.stages[] | {(.name): .up}] | add | $1"
	}
	wait_for 10 stages '."ss-gateway" and ."ss-moderate"'
	assert stages '."ss-log" == false'
	chat alice hello
	wait_for 10 bash -c "curl -fsS '$DESK/api/stats' | jq -e \
		'.stages[0] | .p99.loop_seconds > 0 and .values.viewers == 0'"
	kill -KILL "$(pid moderate)"
	wait_for 10 stages '."ss-moderate" == false'
}

@test "why: ss-moderate itself is asked" {
	start_desk
	run api /api/why -H 'Content-Type: application/json' \
		-d '{"message":"you stupid idiot"}'
	status_is 200
	assert_equal "$(jq -c '[.toxic, .why.by]' <<<"$output")" '[true,"score"]'
	run api /api/why -H 'Content-Type: application/json' \
		-d '{"message":"you stupid idiot","threshold":1}'
	assert_equal "$(jq .toxic <<<"$output")" false
	for bad in '{}' '{"message":1}' '{"message":"x","threshold":2}' \
		'{"message":"x","threshold":"--help"}'; do
		api /api/why -H 'Content-Type: application/json' -d "$bad" >/dev/null
		status_is 400
	done
}

@test "a range comes from the database" {
	for i in 1 2 3; do
		printf '{"type":"chat","id":"%s","user":"u%s","message":"No %s","toxic":%s,"ts":"2026-11-23T09:3%s:00.000Z"}\n' \
			"$i" "$i" "$i" "$([ "$i" = 2 ] && echo true || echo false)" "$i"
	done >lines
	# a streak of five, of which two are on the line, and one more gift
	gift() {
		jq -cn --argjson more "$1" '{type: "gift", from: "g", gift_id: 1,
			amount: 10} + $more'
	}
	gift '{"id":"4","streak":"s","count":2,"ts":"2026-11-23T09:40:04.000Z"}' >>lines
	gift '{"id":"5","streak":"s","count":5,"ts":"2026-11-23T09:40:05.000Z"}' >>lines
	gift '{"id":"6","ts":"2026-11-23T09:40:06.000Z"}' >>lines
	ss-log --no-tee --db sqlite:chat.db <lines
	start_desk --db chat.db
	at=$(date -ud 2026-11-23T09:31:00Z +%s)
	run api "/api/range?from=$((at + 540))&to=$((at + 600))&step=60"
	assert_equal "$(jq -c '[.points[][5:7]], (.lines | length)' \
		<<<"$output")" $'[[3,60]]\n3'
	# what came before the range is no part of it
	run api "/api/range?from=$((at + 545))&to=$((at + 600))&step=60"
	assert_equal "$(jq -c '[.points[][5:7]]' <<<"$output")" '[[2,40]]'
	run api "/api/range?from=$at&to=$((at + 120))&step=60"
	assert_equal "$(jq -c '[.points[][1:3]], [.lines[].user]' <<<"$output")" \
		$'[[1,0],[1,1]]\n["u2","u1"]'
	run api "/api/range?from=$at&to=$((at + 600))&only=toxic"
	assert_equal "$(jq -c '[.lines[].user]' <<<"$output")" '["u2"]'
	run api "/api/range?from=$at&to=$((at + 600))&text=no+3&user=u3"
	assert_equal "$(jq -c '[.lines[].message]' <<<"$output")" '["No 3"]'
	for bad in '' '?from=2&to=1' '?from=x&to=1' '?from=1&to=9999999999' \
		"?from=1&to=2&only=x"; do
		api "/api/range$bad" >/dev/null
		status_is 400
	done
	stop desk
	start_desk --db missing.db
	api "/api/range?from=1&to=2" >/dev/null
	status_is 503
}

@test "two desks on one port: the second says so" {
	start_desk
	run --separate-stderr ss-dash --port "${DESK##*:}"
	assert_equal "$status" 1
	assert_regex "$stderr" 'Address already in use'
	stop desk
	assert_equal "$status" 0
}
