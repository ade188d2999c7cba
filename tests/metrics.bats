#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# metrics.bats: what every stage tells a scraper (--metrics).

load helper

# scrape NAME: NAME.metrics, checked; the samples to NAME.samples
scrape() {
	curl -fsS --max-time 5 --unix-socket "$1.metrics" \
		http://localhost/metrics >"$1.text" || return 1
	/usr/bin/python3 "$TESTS/metrics_check.py" <"$1.text" >"$1.samples"
}

# says NAME SAMPLE VALUE: it does so now
says() {
	scrape "$1" && grep -qxF "safestream_$2 $3" "$1.samples"
}

value() {
	sed -n "s/^safestream_$2 //p" "$1.samples"
}

start_measured() {
	MODERATE_OPTS=(--metrics "listen:moderate.metrics")
	LOG_OPTS=(--metrics "listen:log.metrics")
	BROADCAST_OPTS=(--metrics "listen:broadcast.metrics")
	start_pipeline --metrics "listen:gateway.metrics" "$@"
}

@test "every stage counts what passes, in well-formed text" {
	start_measured
	for i in 1 2 3; do
		curl -fsS "$SS_URL/api/gift?wait=1" -o /dev/null \
			-H 'Content-Type: application/json' \
			-d '{"from":"bob","gift_id":1,"amount":'"$i"'}'
	done
	client "$WS_URL/alice" --send '{"type":"chat","message":"hello"}' \
		--send '{"type":"chat","message":"you stupid idiot"}' \
		--until '"message":"you stupid idiot"' >/dev/null
	for s in moderate log broadcast; do
		wait_for 5 scrape "$s"
	done
	wait_for 5 says moderate chat_total 2
	wait_for 5 says moderate toxic_total 1
	scrape moderate
	assert [ "$(value moderate lines_total)" -ge 5 ]
	assert [ "$(value moderate score_seconds_count)" -ge 1 ]
	assert_equal "$(value moderate rejected_lines_total)" 0
	assert_equal "$(value moderate input_up)" 1
	wait_for 5 says log position 5
	assert [ "$(value log kept_bytes_total)" -gt 500 ]
	assert [ "$(value log sync_seconds_count)" -ge 1 ]
	assert_equal "$(value log write_failing)" 0
	assert_equal "$(value log disk_full)" 0
	scrape broadcast
	assert_equal "$(value broadcast subscribers)" 1
	assert_equal "$(value broadcast subscribers_total)" 1
	assert_equal "$(value broadcast subscribers_cut_off_total)" 0
	wait_for 5 says gateway accepted_total 5
	wait_for 5 says gateway loop_seconds_count 5
	assert_equal "$(value gateway pending)" 0
	assert_equal "$(value gateway oldest_pending_seconds)" 0
	assert_equal "$(value gateway 'events_total{type="gift"}')" 3
	for s in gateway moderate log broadcast; do
		[ "$s" = gateway ] ||
			assert [ "$(value "$s" event_age_seconds_count)" -ge 1 ]
		run grep -cE '^process_(cpu_seconds_total|resident_memory_bytes|open_fds|max_fds|start_time_seconds|virtual_memory_bytes) [0-9]' \
			"$s.samples"
		assert_output 6
	done
	# and at the port, the same
	curl -fsS "$SS_URL/metrics" >port.text
	/usr/bin/python3 "$TESTS/metrics_check.py" <port.text >port.samples
	assert_equal "$(cut -d ' ' -f 1 port.samples)" \
		"$(cut -d ' ' -f 1 gateway.samples)"
}

@test "the socket is its owner's alone, and goes with the stage" {
	mkfifo in
	BG_IN=in start_bg log ss-log --metrics "listen:log.metrics"
	exec 5>in
	wait_for 5 test -S log.metrics
	assert_equal "$(stat -c %a log.metrics)" 600
	stop log
	assert_equal "$status" 0
	assert [ ! -e log.metrics ]
}

@test "a port serves as well, and says so with -v" {
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast -v --metrics 127.0.0.1:0
	exec 5>in
	wait_for 5 grep -q 'metrics at http://127.0.0.1:' bc.err
	url=$(sed -n 's/.*metrics at //p' bc.err)
	run curl -sS -D - "$url/metrics" -o body
	assert_output --partial 'HTTP/1.1 200 OK'
	assert_output --partial 'Content-Type: text/plain; version=0.0.4'
	/usr/bin/python3 "$TESTS/metrics_check.py" <body >/dev/null
	run curl -sS -o /dev/null -w '%{http_code}' "$url/"
	assert_output 404
	run curl -sS -o /dev/null -w '%{http_code}' -X POST "$url/metrics"
	assert_output 405
}

@test "an address that is none is misuse, one that is taken an error" {
	for a in 9100 unix:x localhost:99999; do
		run --separate-stderr ss-broadcast --metrics "$a" </dev/null
		assert_equal "$status" 2
		assert_regex "$stderr" '^ss-broadcast: --metrics: must be HOST:PORT'
	done
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast --metrics listen:m.sock
	exec 5>in
	wait_for 5 test -S m.sock
	run --separate-stderr ss-log --metrics listen:m.sock </dev/null
	assert_equal "$status" 1
	assert_equal "$stderr" 'ss-log: --metrics: listen:m.sock: already in use'
}

@test "scrapers who say nothing and never read hurt nobody" {
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast --metrics listen:broadcast.metrics
	exec 5>in
	wait_for 5 test -S broadcast.metrics
	/usr/bin/python3 - broadcast.metrics <<'END' 3>&- &
import socket, sys, time
all = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    if i % 2:
        s.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    all.append(s)
print("ready", flush=True)
time.sleep(60)
END
	hog=$!
	printf '{"type":"gift","from":"x","gift_id":1,"amount":2}\n' >&5
	wait_for 5 says broadcast lines_total 1
	wait_for 5 scrape broadcast
	# 16 connections at most, whatever is asked of it
	assert [ "$(sed -n 's/^process_open_fds //p' broadcast.samples)" -le 40 ]
	kill "$hog"
	wait "$hog" || :
}

@test "a disk that is full is seen" {
	mkfifo in
	BG_IN=in start_bg log bash -c 'ulimit -f 1; exec ss-log \
		--metrics listen:log.metrics'
	exec 5>in
	wait_for 5 scrape log
	assert_equal "$(value log disk_full)" 0
	for i in {1..40}; do
		printf '{"type":"chat","id":"%s","user":"u","message":"%080d"}\n' "$i" 0
	done >&5
	wait_for 5 says log disk_full 1
	assert_equal "$(value log write_failing)" 1
	assert_equal "$(value log commit_failing)" 1
}

@test "of several workers one tells the sum of all, also after they died" {
	start_measured --workers 2
	for i in 1 2 3 4 5 6; do
		curl -fsS "$SS_URL/api/gift?wait=1" -o /dev/null \
			-H 'Content-Type: application/json' \
			-d '{"from":"bob","gift_id":1,"amount":2}'
	done
	wait_for 5 says gateway accepted_total 6
	wait_for 5 says gateway loop_seconds_count 6
	# one of them is who serves the socket
	for p in $(pgrep -P "$(pid gw)"); do
		kill -KILL "$p"
	done
	wait_for 5 says gateway accepted_total 6
	assert_equal "$(value gateway loop_seconds_count)" 6
}

@test "the rules and the dashboard speak of metrics that there are" {
	start_measured
	for s in gateway moderate log broadcast; do
		wait_for 5 scrape "$s"
		sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$s.text"
	done | sort -u >have
	# ss-log has these with a database only
	echo safestream_db_lag_events >>have
	grep -ohE '(safestream|process)_[a-z_]+' "$ROOT/examples/alerts.yml" \
		"$ROOT/examples/grafana-dashboard.json" |
		sed 's/_bucket$//' | sort -u >want
	assert [ "$(wc -l <want)" -gt 20 ]
	run comm -13 <(sort -u have) want
	assert_output ''
	jq -e '[.panels[].id] | length == (unique | length)' \
		"$ROOT/examples/grafana-dashboard.json"
	# where it is installed, Prometheus itself has a look
	command -v promtool >/dev/null || return 0
	cd "$ROOT/examples"
	promtool check config prometheus.yml
}
