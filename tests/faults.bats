#!/usr/bin/env bats
# run --separate-stderr sets stderr; names in logs/ are ours
# shellcheck disable=SC2154,SC2016,SC2030,SC2031
# faults: what is promised of acknowledged events, proved by killing what
# there is. The harness is faults/faults.py; single faults are tried by
# themselves here.

load viewers

LOG=logs/chat_2026-11-23.jsonl
TS=',"ts":"2026-11-23T09:30:00.123Z"'

shim() {
	SHIM=${UNITDIR:-$ROOT/build/tests}/shim.so
	[ -e "$SHIM" ] || skip 'the shim is not built (make check builds it)'
	if under_san; then
		skip 'a sanitizer wants to be loaded first'
	fi
}

faults() {
	timeout 300 /usr/bin/python3 "$TESTS/faults/faults.py" \
		--bin "$BINDIR" "$@"
}

# lines FROM TO [TYPE]
lines() {
	seq -f '{"type":"'"${3:-chat}"'","id":"i%g","user":"u"'"$TS}" "$1" "$2"
}

told() {
	grep -qF "$1" log.err
}

out_has() {
	[ "$(grep -c '"id"' out)" -ge "$1" ]
}

# start_log [OPTION]...: the test holds its stdin as fd 5
start_log() {
	[ -p in ] || mkfifo in
	BG_IN=in BG_OUT=out start_bg log "$@"
	exec 5>in
}

# --- everything at once -----------------------------------------------------

@test "half a minute of kills loses and doubles nothing" {
	shim
	faults --seconds 30 --seed 42 --shim "$SHIM" --keep kept
}

@test "a hub that may not read the log is found out" {
	shim
	run faults --seconds 6 --seed 3 --blind --shim "$SHIM"
	assert_failure 1
	assert_output --partial 'not recovered'
}

# --- ss-log and what it writes to -------------------------------------------

@test "a file that can't be synced is put away, and the rest written anew" {
	shim
	echo 'fsync 0' >faults
	start_log env LD_PRELOAD="$SHIM" SS_SHIM="$PWD/faults" ss-log
	lines 1 5 gift >&5
	wait_for 5 out_has 5
	# chat that is passed on, and not synced yet
	lines 6 8 >&5
	wait_for 5 out_has 8
	echo 'fsync 3' >faults
	lines 9 10 gift >&5
	wait_for 10 out_has 10
	told "ss-log: $LOG: Input/output error"
	wait_for 5 told 'writing again'
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	assert_equal "$(jq .seq "$LOG.1" | xargs)" '1 2 3 4 5'
	assert_equal "$(jq .seq "$LOG" | xargs)" '6 7 8 9 10'
	assert_equal "$(jq -r 'select(.id).id' out | xargs)" \
		'i1 i2 i3 i4 i5 i6 i7 i8 i9 i10'
	assert_equal "$(grep -c 'Input/output error' log.err)" 1
}

@test "killed while it can't sync it has everything that it passed on" {
	shim
	echo 'fsync 0' >faults
	start_log env LD_PRELOAD="$SHIM" SS_SHIM="$PWD/faults" ss-log
	lines 1 3 gift >&5
	wait_for 5 out_has 3
	echo 'fsync -1' >faults
	lines 4 6 >&5
	wait_for 5 out_has 6
	lines 7 8 gift >&5
	wait_for 5 told 'Input/output error'
	assert_equal "$(grep -c '"gift"' out)" 3
	stop log KILL
	exec 5>&-
	run ss-log < <(lines 4 9)
	assert_success
	cat logs/*.jsonl* | jq -r '[.seq, .id] | join(" ")' | sort -n >kept
	assert_equal "$(cut -d' ' -f1 kept)" "$(seq 9)"
	for i in {1..9}; do
		assert_equal "$(grep -c " i$i\$" kept)" 1
	done
	# and the positions that were told are the ones that it has
	jq -r 'select(.id) | [.seq, .id] | join(" ")' out | while read -r line; do
		grep -qxF "$line" kept
	done
}

@test "a write that fails or is cut short is told, waited for, and made good" {
	shim
	echo 'short' >faults
	start_log env LD_PRELOAD="$SHIM" SS_SHIM="$PWD/faults" ss-log
	lines 1 200 >&5
	wait_for 5 out_has 200
	echo 'write 5' >faults # EIO
	lines 201 300 >&5
	wait_for 5 told "ss-log: $LOG: Input/output error"
	echo 'write 122' >faults # EDQUOT
	wait_for 5 told "ss-log: $LOG: Disk quota exceeded"
	run out_has 201
	assert_failure
	: >faults
	wait_for 5 out_has 300
	exec 5>&-
	wait_exit log
	assert_equal "$status" 0
	assert_equal "$(jq .seq "$LOG")" "$(seq 300)"
	assert_equal "$(wc -l <log.err)" 3
}

@test "a folder that can't be written at the start is waited for" {
	mkdir -p logs/epoch.new
	start_log ss-log
	lines 1 2 >&5
	wait_for 5 told 'ss-log: logs/epoch: Is a directory'
	refute grep . out
	rmdir logs/epoch.new
	wait_for 5 out_has 2
	told 'ss-log: logs/epoch: writing again'
}

@test "gifts are synced before they are passed on, chat within a second" {
	command -v strace >/dev/null || skip 'no strace'
	mkfifo in
	BG_IN=in BG_OUT=out start_bg log strace -f -o trace \
		-e trace=write,fdatasync,fsync ss-log
	exec 5>in
	wait_for 5 grep epoch out
	lines 1 1 gift >&5
	wait_for 5 out_has 1
	lines 2 2 >&5
	wait_for 5 out_has 2
	exec 5>&-
	wait_exit log
	grep -n . trace | sed -n 's/\([0-9]*\):[0-9]* *\(.*\)/\2/p' >calls
	# the file, its sync, the folder's, and only then stdout
	awk '/write.*i1/ && !file { file = NR; next }
		/fdatasync/ && file && !sync { sync = NR }
		/fsync/ && file && !dir { dir = NR }
		/write.*i1/ { out = NR; exit }
		END { exit !(file < sync && sync < out && dir < out) }' calls
}

@test "a service manager is told: ready, alive, stopping" {
	start_bg manager socat -u "UNIX-RECV:$PWD/notify" CREATE:words
	wait_for 5 test -S notify
	mkfifo in
	export NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=20000
	BG_IN=in BG_OUT=out start_bg log ss-log
	exec 5>in
	wait_for 5 grep 'READY=1.*WATCHDOG=1WATCHDOG=1WATCHDOG=1' words
	stop log TERM
	wait_for 5 grep 'STOPPING=1' words
	: >words
	WATCHDOG_USEC=x start_gateway
	wait_for 5 grep 'READY=1' words
}

# --- series -----------------------------------------------------------------

@test "repeats are dropped, also after a restart" {
	run ss-log < <(lines 1 3; lines 2 4)
	assert_equal "$(jq -r 'select(.id).id' <<<"$output" | xargs)" 'i1 i2 i3 i4'
	run ss-log < <(lines 3 6)
	assert_equal "$(jq -r 'select(.id) | "\(.id) \(.seq)"' <<<"$output" |
		xargs)" 'i5 5 i6 6'
	n='"nonce":"n","ts":"2026-11-23T09:30:00Z"'
	run ss-log <<-END
		{"type":"chat","id":"a","user":"u",$n}
		{"type":"chat","id":"b","user":"u",$n}
		{"type":"gift","id":"c","from":"u",$n}
		{"type":"gift","id":"d","from":"v",$n}
	END
	assert_equal "$(jq -r 'select(.id).id' <<<"$output" | xargs)" 'a d'
}

@test "the series ends with the boot unless it was stopped cleanly" {
	ss-log --no-tee < <(lines 1 3)
	old=$(jq -r .epoch logs/epoch)
	assert_equal "$(jq .clean logs/epoch)" true
	sed -i 's/"boot":"[^"]*"/"boot":"other"/' logs/epoch
	ss-log --no-tee < <(lines 4 4)
	assert_equal "$(jq -r .epoch logs/epoch)" "$old"
	start_log ss-log
	wait_for 5 grep epoch out
	assert_equal "$(jq .clean logs/epoch)" false
	stop log KILL
	exec 5>&-
	ss-log --no-tee < <(lines 5 5)
	assert_equal "$(jq -r .epoch logs/epoch)" "$old"
	sed -i 's/"boot":"[^"]*"/"boot":"other"/; s/true/false/' logs/epoch
	ss-log --no-tee < <(lines 6 6)
	refute [ "$(jq -r .epoch logs/epoch)" = "$old" ]
	assert_equal "$(jq .seq "$LOG" | xargs)" '1 2 3 4 5 6'
}

@test "files that are gone begin a new series, and the numbers go on" {
	ss-log --no-tee < <(lines 1 3)
	old=$(jq -r .epoch logs/epoch)
	rm "$LOG"
	ss-log --no-tee < <(lines 4 4)
	refute [ "$(jq -r .epoch logs/epoch)" = "$old" ]
	assert_equal "$(jq .seq "$LOG")" 4
}

# --- the hub and the log ----------------------------------------------------

ask() {
	printf '%s\n' "$1" |
		timeout 10 socat -t 2 - "UNIX-CONNECT:$SS_BUS" >"$2"
}

# start_hub [OPTION]...: its stdin is fd 6
start_hub() {
	[ -p hin ] || mkfifo hin
	BG_IN=hin start_bg hub ss-broadcast "$@"
	exec 6>hin
	wait_for 5 test -S "$SS_BUS"
}

@test "a jump is filled from the log, and what comes again is dropped" {
	ss-log < <(lines 1 20) >all
	cp "$LOG" whole
	head -n 2 whole >"$LOG"
	start_hub --print
	sed -n '1p' all | sed 's/"seq":0/"seq":2/' >&6 # the epoch
	ask '{"history":0}' a
	cat whole >"$LOG"
	sed -n '4p;8,9p;4p;8p;10p' all >&6
	wait_for 5 grep '"seq":9' hub.out
	assert_equal "$(jq 'select(.id).seq' hub.out | xargs)" '3 4 5 6 7 8 9'
	# the log is ahead: what was never passed on
	sed -n '1p' all | sed 's/"seq":[0-9]*/"seq":20/' >&6
	wait_for 5 grep '"seq":20}' hub.out
	assert_equal "$(jq 'select(.id).seq' hub.out)" "$(seq 3 20)"
}

@test "a restarted hub serves any position from the files, in order" {
	ss-log --max-size 2000 --keep 100 < <(lines 1 500) >all
	e=$(jq -r .epoch logs/epoch)
	start_hub --history 10
	tail -n +0 all | head -n 1 | sed 's/"seq":[0-9]*/"seq":500/' >&6
	ask "{\"epoch\":\"$e\",\"since\":0}" a
	assert_equal "$(jq -c . a | head -n 1 | jq -c '[.seq, .recovered]')" \
		'[500,true]'
	tail -n +2 a | cmp - <(tail -n +2 all)
	ask "{\"epoch\":\"$e\",\"since\":495}" a
	assert_equal "$(jq 'select(.id).seq' a | xargs)" '496 497 498 499 500'
	ask "{\"epoch\":\"$e\",\"since\":500}" a
	assert_equal "$(jq -c '[.seq, .recovered]' a)" '[500,true]'
	ask '{"history":50}' a
	assert_equal "$(jq 'select(.id).seq' a)" "$(seq 451 500)"
}

@test "the epoch is told even while nothing can be written" {
	shim
	echo 'fsync 0' >faults
	start_bg hub socat -u "UNIX-LISTEN:$PWD/hub.sock" CREATE:got
	start_log env LD_PRELOAD="$SHIM" SS_SHIM="$PWD/faults" \
		ss-log -o "unix:$PWD/hub.sock"
	lines 1 3 gift >&5
	wait_for 5 grep i3 got
	echo 'fsync -1' >faults
	lines 4 5 gift >&5
	wait_for 5 told 'Input/output error'
	stop hub TERM
	start_bg hub socat -u "UNIX-LISTEN:$PWD/hub.sock" CREATE:got2
	wait_for 5 grep epoch got2
	assert_equal "$(jq -c '[.type, .seq]' got2)" '["epoch",3]'
	: >faults
	wait_for 5 grep i5 got2
	exec 5>&-
}

@test "a new hub answers nobody before it is where the files are" {
	ss-log < <(lines 1 5) >all
	e=$(jq -r .epoch logs/epoch)
	start_hub
	# what ss-log has written and can't pass on yet; one who has it asks
	sed -n '1p' all | sed 's/"seq":[0-9]*/"seq":3/' >&6
	ask "{\"epoch\":\"$e\",\"since\":5}" a &
	asker=$!
	sed -n '5,6p' all >&6
	wait "$asker"
	assert_equal "$(jq -c 'select(.type == "hello") |
		[.seq, .recovered, .history]' a)" '[5,true,0]'
	# and when it never comes
	exec 6>&-
	wait_exit hub
	start_hub
	sed -n '1p' all | sed 's/"seq":[0-9]*/"seq":3/' >&6
	ask "{\"epoch\":\"$e\",\"since\":4}" a
	sed -n '/"hello"/,$p' a >b
	assert_equal "$(jq -c '[.type, .seq, .recovered]' b | xargs)" \
		'[hello,5,true] [chat,5,null]'
}

@test "where the past can't be had there is none of it" {
	ss-log < <(lines 1 10) >all
	e=$(jq -r .epoch logs/epoch)
	start_hub --history 3
	head -n 1 all | sed 's/"seq":[0-9]*/"seq":10/' >&6
	for request in '{"epoch":"other","since":8}' '{"since":8}' \
		"{\"epoch\":\"$e\",\"since\":11}"; do
		ask "$request" a
		assert_equal "$(jq -c '[.seq, .recovered]' a)" '[10,false]'
	done
	sed -i 3d "$LOG"
	ask "{\"epoch\":\"$e\",\"since\":0}" a
	# the hole is met on the way: told, and never skipped
	assert_equal "$(tail -n 1 a | jq -c '[.type, .recovered]')" \
		'["hello",false]'
	rm "$LOG"
	ask "{\"epoch\":\"$e\",\"since\":5}" a
	assert_equal "$(jq -c '[.seq, .recovered]' a)" '[10,false]'
}

@test "who has a position is told when the series breaks, nobody else" {
	start_hub
	start_bg a socat -t 60 "UNIX-CONNECT:$SS_BUS" \
		'SYSTEM:echo {\\\"history\\\"\:0}; cat >&2'
	start_bg b socat -u "UNIX-CONNECT:$SS_BUS" -
	echo '{"type":"epoch","epoch":"E","seq":0}' >&6
	wait_for 5 grep recovered a.err
	lines 1 1 | sed 's/}$/,"seq":1}/' >&6
	lines 9 9 | sed 's/}$/,"seq":9}/' >&6
	echo '{"type":"epoch","epoch":"F","seq":9}' >&6
	lines 10 10 | sed 's/}$/,"seq":10}/' >&6
	wait_for 5 grep i10 a.err
	wait_for 5 grep i10 b.out
	assert_equal "$(jq -c 'select(.type != "epoch") |
		[.type, .epoch, .seq, .recovered]' a.err)" \
		'["hello","E",0,true]
["chat",null,1,null]
["hello","E",8,false]
["chat",null,9,null]
["hello","F",9,false]
["chat",null,10,null]'
	refute grep hello b.out
}

@test "the state in force comes first, however old, and only what is" {
	{
		echo '{"type":"mute","id":"m","user":"bob"'"$TS}"
		echo '{"type":"ban","id":"b","user":"eve"'"$TS}"
		echo '{"type":"unban","id":"c","user":"eve"'"$TS}"
		echo '{"type":"delete","id":"d","target":"i3"'"$TS}"
		lines 1 2000
		echo '{"type":"slow","id":"s","seconds":5'"$TS}"
	} >in
	ss-log <in >all
	start_hub --history 5
	head -n 1 all | sed 's/"seq":[0-9]*/"seq":2005/' >&6
	ask '{"history":3,"state":true}' a
	assert_equal "$(jq -r '.id // .type' a | xargs)" \
		'hello m d i1999 i2000 s'
	assert_equal "$(head -n 1 a | jq -c '[.history, .state]')" '[3,2]'
	ask '{"history":0,"state":true}' a
	assert_equal "$(jq -r '.id // .type' a | xargs)" 'hello m d s'
	ask '{"history":1}' a
	assert_equal "$(jq -r '.id // .type' a | xargs)" 'hello s'
}

# --- the gateway ------------------------------------------------------------

# The stages as services; SS_URL, WS_URL.
start_services() {
	S=$WORK
	start_bg broadcast ss-broadcast -i "listen:$S/o.s" --log logs
	start_bg log ss-log -i "listen:$S/l.s" -o "unix:$S/o.s"
	start_bg moderate ss-moderate -i "listen:$S/i.s" -o "unix:$S/l.s" "$@"
	start_gateway -o "unix:$S/i.s"
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

nonce() {
	jq -cn --arg m "$1" --arg n "$2" '{type: "chat", message: $m, nonce: $n}'
}

@test "a viewer comes back with his position and gets what he missed" {
	start_services
	numbers 20 >lines
	run talk alice --send-lines lines --expect 20
	assert_success
	e=$(jq -r .epoch logs/epoch)
	talk "bob?epoch=$e&since=5" --expect 16 >bob
	assert_equal "$(head -n 1 bob | jq -c '[.type, .epoch, .seq, .recovered]')" \
		"[\"hello\",\"$e\",20,true]"
	tail -n +2 bob | cmp - <(tail -n +6 "logs/chat_$(date -u +%F).jsonl")
	talk "bob?epoch=$e&since=20" --expect 1 --send "$(say new)" \
		--until new >bob
	assert_equal "$(jq -r '.message // .recovered' bob | xargs)" 'true new'
	for q in "epoch=$e&since=99" 'epoch=x&since=5' 'since=5'; do
		run talk "bob?$q" --expect 1
		assert_equal "$(jq .recovered <<<"$output")" false
	done
}

@test "a gateway that was started anew knows the past and the nonces" {
	start_services
	run talk alice --send "$(nonce one n1)" --send "$(nonce two n2)" --expect 2
	assert_success
	e=$(jq -r .epoch logs/epoch)
	stop gw KILL
	start_gateway -o "unix:$S/i.s"
	wait_for 10 curl -fsS "$SS_URL/healthz"
	# n1 came before this connection did: it gets it, once
	run talk alice --send "$(nonce one n1)" --expect 1 \
		--send "$(nonce one n1)" --send "$(say three)" --expect 1
	assert_success
	assert_equal "$(jq -r .message <<<"$output" | xargs)" 'one three'
	run talk alice --send "$(nonce other n1)" --expect 1
	assert_equal "$(jq -r .code <<<"$output")" bad_message
	# one that had it in its past does not get it again
	run talk "alice?epoch=$e&since=1" --expect 3 \
		--send "$(nonce two n2)" --send "$(say four)" --expect 1
	assert_success
	assert_equal "$(jq -r '.message // .type' <<<"$output" | xargs)" \
		'hello two three four'
	assert_equal "$(jq -s 'map(select(.nonce)) | length' logs/chat_*)" 2
}

@test "what a killed stage had in hand is sent again" {
	start_services
	kill -STOP "$(pid moderate)"
	listen alice --send "$(nonce hello n)" --expect 1
	wait_for 5 metric safestream_pending 1
	stop moderate KILL
	start_bg moderate2 ss-moderate -i "listen:$S/i.s" -o "unix:$S/l.s"
	wait_exit alice
	assert_equal "$status" 0
	assert_equal "$(cat logs/chat_* | jq -r .message)" hello
	wait_for 5 metric safestream_pending 0
}

@test "what the pipeline swallows is told to be undelivered, after marks" {
	mkfifo p
	BG_IN=p start_bg bc ss-broadcast
	# every mark passes, and nothing that says "spam"
	rm -f q
	mkfifo q
	BG_IN=q BG_OUT=p start_bg filter grep --line-buffered -v spam
	BG_OUT=q start_gateway
	wait_for 10 curl -fsS "$SS_URL/healthz"
	run talk alice --send "$(nonce spam n)" --send "$(say ham)" --expect 2 \
		--timeout 20
	assert_success
	assert_equal "$(jq -r '.message // .code' <<<"$output" | xargs)" \
		'ham undelivered'
	assert_equal "$(jq -r 'select(.code).nonce' <<<"$output")" n
	metric safestream_resent_total 3
	metric safestream_undelivered_total 1
}

@test "a stage that stands still makes nobody impatient" {
	start_services
	kill -STOP "$(pid log)"
	listen alice --send "$(nonce hello n)" --expect 1
	wait_for 5 metric safestream_pending 1
	# far longer than marks take, and they can't come back
	sleep 3
	kill -CONT "$(pid log)"
	wait_exit alice
	assert_equal "$status" 0
	metric safestream_undelivered_total 0
	metric safestream_resent_total 0
}

@test "a gift with wait=1 is answered when it is back, or 504" {
	start_services
	gift='{"from":"a","gift_id":1,"amount":2}'
	post() {
		curl -sS -o body -w '%{http_code}' -H "Idempotency-Key: $1" \
			-H 'Content-Type: application/json' \
			"$SS_URL/api/gift?wait=1" -d "$gift"
	}
	assert_equal "$(post k1)" 200
	assert_equal "$(jq -r .status body)" delivered
	id=$(jq -r .id body)
	assert_equal "$(cat logs/chat_* | jq -r .id)" "$id"
	assert_equal "$(post k1)" 200
	assert_equal "$(jq -r '.status + .id' body)" "delivered$id"
	kill -STOP "$(pid log)"
	assert_equal "$(post k2)" 504
	kill -CONT "$(pid log)"
	assert_equal "$(post k2)" 200
	assert_equal "$(jq -r .status body)" delivered
	assert_equal "$(cat logs/chat_* | wc -l)" 2
}

@test "who may not see an event doesn't get it from the past" {
	start_services --policy block
	listen alice --send "$(say 'you stupid bastard, fuck you')" --expect 1
	wait_exit alice
	assert_equal "$(jq .blocked alice.out)" true
	e=$(jq -r .epoch logs/epoch)
	run talk alice --send "$(say bad)" --expect 1
	id=$(jq -r .id <<<"$output")
	run talk alice --send "$(say good)" --expect 1
	jq -cn --arg t "$id" '{type: "delete", id: "D", target: $t, by: "m"}' |
		socat -u - "UNIX-CONNECT:$S/l.s"
	wait_for 5 bash -c "curl -fsS '$SS_URL/api/recent' | grep delete"
	for again in 0 1; do
		run talk "bob?epoch=$e&since=0" --until '"delete"'
		assert_equal "$(jq -r '.message // .type' <<<"$output" | xargs)" \
			'hello good delete'
		run talk "alice?history=10" --until '"delete"'
		assert_equal "$(jq -c '.blocked // .message // .type' \
			<<<"$output" | xargs)" 'hello true good delete'
		assert_equal "$(curl -fsS "$SS_URL/api/recent" |
			jq -r '.events[] | .message // .type' | xargs)" 'good delete'
		[ "$again" = 0 ] || break
		# and a gateway that was not there knows it by the state
		stop gw KILL
		start_gateway -o "unix:$S/i.s"
		wait_for 10 curl -fsS "$SS_URL/healthz"
	done
}

@test "what is older than the gateway's ring comes from the hub" {
	start_services
	numbers 30 >lines
	run talk alice --send-lines lines --expect 30
	e=$(jq -r .epoch logs/epoch)
	stop gw KILL
	start_gateway -o "unix:$S/i.s" --history 0
	wait_for 10 curl -fsS "$SS_URL/healthz"
	run talk "bob?epoch=$e&since=3" --send "$(say new)" --until new
	assert_success
	assert_equal "$(jq -r '.message // .recovered' <<<"$output")" \
		"$(echo true; seq 4 30; echo new)"
}

@test "viewers stay, and miss nothing, while the hub is away" {
	start_services
	listen bob --until end
	run talk alice --send "$(say 1)" --expect 1
	stop broadcast KILL
	talk alice --send "$(say 2)" --until nothing --timeout 1 || :
	start_bg broadcast2 ss-broadcast -i "listen:$S/o.s" --log logs
	run talk alice --send "$(say end)" --until end
	wait_exit bob
	assert_equal "$(jq -r .message bob.out | xargs)" '1 2 end'
}

@test "a restarted gateway knows the nonces of the last five minutes" {
	export SS_TEST_NOW=2026-11-23T09:30:00Z
	# one that is too old, one of four minutes ago, and much since
	{
		printf '{"type":"gift","id":"old","from":"x","gift_id":1,"amount":5,"ts":"2026-11-23T09:20:00.000Z","nonce":"gone"}\n'
		printf '{"type":"gift","id":"young","from":"x","gift_id":1,"amount":5,"ts":"2026-11-23T09:26:00.000Z","nonce":"n"}\n'
		seq -f '{"type":"chat","id":"i%g","user":"u","message":"m","ts":"2026-11-23T09:28:00.000Z"}' 60000
	} | ss-log --no-tee --max-size 0
	start_hub
	start_gateway
	gift() {
		curl -fsS -H 'Content-Type: application/json' \
			-H "Idempotency-Key: $1" "$SS_URL/api/gift" \
			-d '{"from":"x","gift_id":1,"amount":5}' | jq -r .id
	}
	assert_equal "$(gift n)" young
	refute [ "$(gift gone)" = old ]
	exec 6>&-
}

@test "ss-replay --speed goes on where time leaps between two looks at it" {
	shim
	for i in {10..59}; do
		printf '{"type":"chat","user":"u","message":"%s","ts":"2026-11-23T12:00:%sZ"}\n' \
			"$i" "$i"
	done >in
	echo 'clock 10' >steps
	run -0 env SS_SHIM="$PWD/steps" LD_PRELOAD="$SHIM" \
		timeout "$(slow 20)" ss-replay --speed 90 in
	assert_output "$(cat in)"
}
