#!/usr/bin/env bats
# shellcheck disable=SC2034
# browser.bats: the viewers' page in a real browser (make deps-browser).
# BROWSER_SECONDS: how long 5,000 messages take to come (15).

load viewers

browser_there() {
	command -v chromium-headless-shell chromium >/dev/null &&
		command -v node >/dev/null &&
		[ -d "$TESTS/browser/node_modules/playwright-core" ]
}

# One Chromium for all of them.
setup_file() {
	browser_there || return 0
	HOME=$BATS_FILE_TMPDIR node "$TESTS/browser/serve.mjs" \
		"$BATS_FILE_TMPDIR/ws" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
	export BROWSER_PID=$!
	wait_for 60 test -e "$BATS_FILE_TMPDIR/ws" ||
		cat "$BATS_FILE_TMPDIR/log"
}

teardown_file() {
	[ -z "${BROWSER_PID:-}" ] || kill "$BROWSER_PID" || true
}

setup() {
	browser_there || skip "no browser: make deps-browser"
	helper_setup
	BROWSER_WS=$(cat "$BATS_FILE_TMPDIR/ws")
	export BROWSER_WS PATIENCE=$(($(slow 30) * 1000))
}

# page CASE [ARG...]: tests/browser/viewers.mjs; what it measured is shown
page() {
	local name=$1

	shift
	run timeout 120 node "$TESTS/browser/viewers.mjs" "$name" "$SS_URL" "$@"
	printf '%s\n' "$output" | sed -n 's/^# /# /p' >&3
	assert_success
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# The supervised pipeline on a free port.
supervised() {
	SS_PORT=$(free_port)
	export SS_PORT SS_RUN=$WORK/run SS_DIR=$WORK/logs
	export SS_DASH_PORT=${SS_DASH_PORT:-0} SS_RATE=0 SS_REPEAT_AFTER=0
	SS_URL=http://127.0.0.1:$SS_PORT
	unset SS_BUS
	start_bg all "$ROOT/examples/supervise.sh"
	wait_for 15 curl -fsS "$SS_URL/healthz"
}

@test "two browsers chat, and a third finds what was said" {
	start_pipeline
	page two
}

@test "the composer counts code points, takes emoji, and sends one line" {
	start_pipeline
	page composer
}

@test "a blocked message is shown to its author as blocked, to nobody else" {
	MODERATE_OPTS=(--policy block)
	start_pipeline
	page blocked
}

@test "a toxic message is veiled until one asks for it" {
	start_pipeline
	page veiled
}

@test "markup in names, texts, roles and gifts stays text" {
	start_gateway_on_a_bus
	page markup in
}

@test "the gateway is killed twice: nothing missed, nothing twice" {
	supervised
	page reconnect "$SS_RUN/ss-gateway.pid"
}

@test "deleted, purged, held, approved, denied, slow mode, subscribers only" {
	start_gateway_on_a_bus
	page actions in
}

@test "a mute counts down, and ends" {
	start_gateway_on_a_bus
	page mute in
}

@test "gifts in a row are one streak" {
	start_pipeline
	page gifts
}

@test "who has scrolled up is not moved, and the list is bounded" {
	start_gateway_on_a_bus
	page scroll in
}

@test "5,000 messages, and the page stays responsive" {
	start_gateway_on_a_bus
	page flood in 5000 "${BROWSER_SECONDS:-15}"
}

@test "axe has no serious findings, light and dark, narrow and wide" {
	start_gateway_on_a_bus
	page axe in
}

@test "the first load is at most 60 KB" {
	start_pipeline
	talk alice --send "$(say hello)" --expect 1 >/dev/null
	page load
}

@test "a part of the chat goes, and the page says so until it is back" {
	start_gateway_on_a_bus
	(
		wait_for 60 test -e gone
		kill "$(pid bc)"
		wait_for 60 test -e back
		exec env ss-broadcast <in >/dev/null 2>&1
	) 3>&- 5>&- &
	page trouble gone back in gw.out
	kill $! || true
}

@test "a token opens the chat, is in no address, and its end is told" {
	ss-token keygen hs.key
	ss-token mint --key hs.key --sub carol --role moderator >good
	start_pipeline --jwt-key hs.key
	page tokens good hs.key
}

@test "the overlay for streaming software shows chat and gifts" {
	mkdir overlay
	cp "$ROOT"/examples/obs-overlay.* overlay/
	start_gateway_on_a_bus --www overlay
	page overlay in
}

@test "what ss-ctl does shows: deleted, muted with a countdown, kicked" {
	start_pipeline
	page moderated
}

@test "a toxic message is held, then approved or denied by ss-ctl" {
	MODERATE_OPTS=(--hold 2)
	start_pipeline
	page holds
}

# --- the desk ---

# start_desk [OPT...]: sets DESK, its address
start_desk() {
	start_bg desk ss-dash --port 0 "$@"
	wait_for 10 grep -q 'listening on http' desk.err
	DESK=$(sed -n 's/.*listening on //p' desk.err)
}

# desk CASE [ARG...]: tests/browser/desk.mjs
desk() {
	local name=$1

	shift
	run timeout 120 node "$TESTS/browser/desk.mjs" "$name" "$SS_URL" \
		"$DESK" "$@"
	printf '%s\n' "$output" | sed -n 's/^# /# /p' >&3
	assert_success
}

@test "desk: held messages are approved and denied by one key" {
	MODERATE_OPTS=(--hold 2)
	start_pipeline
	start_desk
	desk decide
}

@test "desk: a mute counts down on the viewer's page, a message is deleted" {
	start_pipeline
	start_desk
	desk act
}

@test "desk: the threshold's preview, the threshold, slow mode, why" {
	start_pipeline
	start_desk
	desk policy
}

@test "desk: a stage stops, the desk is killed: said, and healed" {
	# a port that is the same when it is started again
	SS_DASH_PORT=$(free_port)
	export SS_DASH_PORT
	supervised
	DESK=http://127.0.0.1:$SS_DASH_PORT
	wait_for 10 curl -fsS "$DESK/healthz"
	desk trouble "$SS_RUN/ss-log.pid" "$SS_RUN/ss-dash.pid"
}

@test "desk: a token opens it, and no script can read it" {
	ss-token keygen hs.key
	ss-token mint --key hs.key --sub mia --role moderator >good
	start_pipeline --jwt-key hs.key
	start_desk --jwt-key hs.key
	desk token good
}

@test "desk: what was approved is deleted by either id" {
	start_pipeline
	start_desk
	desk twoIds p2
}

@test "desk: axe has no serious findings, light and dark, narrow and wide" {
	start_pipeline
	start_desk
	desk axe p2
}

@test "desk: 5,000 messages, and the page stays responsive" {
	start_pipeline
	start_desk
	desk flood p2 5000 "${BROWSER_SECONDS:-10}"
}
