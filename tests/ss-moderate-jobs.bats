#!/usr/bin/env bats
# run --separate-stderr sets stderr; $ in single quotes is jq's
# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2034
# ss-moderate --jobs: whatever the number of threads, the same bytes come out,
# are rejected and are said, in the same order.

load helper

# mixed N: N lines of everything that a line may be
mixed() {
	awk -v n="$1" 'BEGIN {
		split("hello there|you idiot|gg wp|nice one|you are trash|" \
		    "kill yourself|what a day \xf0\x9f\x98\x82|f.u.c.k|" \
		    "so stupid|see you", say, "|")
		for (i = 1; i <= n; i++) {
			text = say[i * 7 % 10 + 1] " " i % 13
			room = i % 3 ? "" : ",\"room\":\"r" i % 2 "\""
			if (i % 97 == 0)
				printf "{\"type\":\"threshold\",\"value\":0.%d%s}\n", i % 10, room
			else if (i % 41 == 0)
				print "{\"type\":\"threshold\",\"value\":7}"
			else if (i % 53 == 0)
				print "{\"type\":\"chat\",\"mess"
			else if (i % 59 == 0)
				print "{\"type\":\"chat\",\"user\":\"u\"}"
			else if (i % 61 == 0)
				print "not \xff\xfe UTF-8"
			else if (i % 67 == 0)
				printf "\r\n"
			else if (i % 11 == 0)
				printf "{\"type\":\"gift\",\"from\":\"g\",\"gift_id\":%d}\n", i
			else if (i % 29 == 0)
				printf "{\"type\":\"chat\",\"message\":\"you idiot\",\"approved\":\"%d\"}\n", i
			else if (i == 200)
				printf "{\"type\":\"poll\",\"x\":\"%1100000s\"}\n", ""
			else if (i == 300)
				printf "{\"type\":\"chat\",\"message\":\"%600000s idiot\"}\n", ""
			else
				printf "{\"type\":\"chat\",\"user\":\"u\",\"message\":\"%s\"%s,\"ts\":\"t\"}\n", text, room
		}
	}'
}

# moderate JOBS OPTION...: into out, err, bad and rc of that number
moderate() {
	local j=$1

	shift
	rc=0
	ss-moderate --jobs "$j" --reject "bad.$j" --stats "$@" \
		<lines >"out.$j" 2>"err.$j" || rc=$?
	echo "$rc" >"rc.$j"
}

# alike OPTION...: one thread, two and five do the same
alike() {
	local j what

	for j in 1 2 5; do
		rm -f "bad.$j"
		moderate "$j" "$@"
	done
	[ -s out.1 ]
	for j in 2 5; do
		for what in out err bad rc; do
			cmp "$what.1" "$what.$j"
		done
	done
}

start_jobs() {
	mkfifo in
	BG_IN=in start_bg mod ss-moderate --jobs 3 "$@"
	exec 5>in
}

out_has() {
	[ "$(grep -c '' mod.out)" -ge "$1" ]
}

# held: it has read no further since this was asked the last time
held() {
	local was=${read_to-0}

	read_to=$(awk '/^pos/ { print $2 }' "/proc/$(pid mod)/fdinfo/0")
	[ "$read_to" -gt 0 ] && [ "$read_to" -eq "$was" ]
}

@test "scores, rejects and messages are those of one thread" {
	mixed 4000 >lines
	alike --labels --policy mask
	assert_equal "$(cat rc.5)" 1
	grep -q 'line too long' err.5
	grep -q 'chat without a message' err.5
	grep -q 'threshold: not one' err.5
	grep -aq 'UTF-8' bad.5
}

@test "lists, reasons and rules are those of one thread" {
	mixed 1500 >lines
	printf 'see you => farewell\nhello*\n' >block
	printf 'trash\n' >allow
	echo 'if .score > 0.9 then {drop: true} else {} end' >rules
	alike --blocklist block --allowlist allow --explain --policy block
	grep -q farewell out.5
	alike --rules rules --profile strict
}

@test "with --ask everything keeps its order" {
	/usr/bin/python3 "$TESTS/ask_server.py" port ask.log detoxify &
	BG_PID[service]=$!
	BG_NAMES+=(service)
	wait_for 10 test -s port
	mixed 900 >lines
	alike --ask "http://127.0.0.1:$(cat port)" --band 0.2:1 \
		--ask-timeout "$(slow 10)s" --ask-max 3
	grep -q '[1-9][0-9]* asked about, 0 without' err.5
}

@test "one line goes out at once, also behind many" {
	start_jobs
	echo '{"type":"chat","message":"hello"}' >&5
	wait_for 5 out_has 1
	for ((i = 0; i < 3000; i++)); do
		echo "{\"type\":\"chat\",\"message\":\"line $i\"}"
	done >&5
	wait_for 10 out_has 3001
	echo '{"type":"chat","message":"bye"}' >&5
	wait_for 5 out_has 3002
	assert_equal "$(tail -n 1 mod.out | jq -r .message)" bye
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
}

@test "SIGTERM ends it with all that was whole, in order" {
	start_jobs
	for ((i = 0; i < 500; i++)); do
		echo "{\"type\":\"chat\",\"message\":\"line $i\"}"
	done >&5
	printf '{"type":"chat","mess' >&5
	stop mod
	assert_equal "$status" 0
	assert_equal "$(jq -r .message mod.out)" "$(seq -f 'line %g' 0 499)"
}

@test "a reader that goes ends it quietly" {
	mixed 20000 | grep '"ts"' >lines
	run --separate-stderr bash -c \
		'ss-moderate --jobs 4 <lines | head -n 1; exit "${PIPESTATUS[0]}"'
	assert_equal "$status" 141
	assert_equal "$stderr" ''
}

@test "a slow reader holds the input, and memory stays bounded" {
	mkfifo out
	mixed 300000 | grep '"ts"' >lines
	exec 6<>out
	BG_IN=lines BG_OUT=out start_bg mod ss-moderate --jobs 4
	wait_for 10 held
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$(pid mod)/status")
	[ -n "${SAN-}" ] || [ "$rss" -lt 150000 ]
	stop mod
	assert_equal "$status" 1
}

@test "after SIGHUP the threads have the new model" {
	cp "$ROOT/lib/toxic/default.ssm" model
	start_jobs -v --model model
	echo '{"type":"chat","message":"hello"}' >&5
	wait_for 5 out_has 1
	kill -HUP "$(pid mod)"
	wait_for 5 grep -q 'model read again' mod.err
	for ((i = 0; i < 400; i++)); do
		echo '{"type":"chat","message":"hello"}'
	done >&5
	wait_for 10 out_has 401
	assert_equal "$(sort -u mod.out | grep -c '')" 1
}

@test "no jobs, and more than 64, are misuse" {
	for n in 0 65 x; do
		run ss-moderate --jobs "$n" </dev/null
		assert_failure 2
	done
}
