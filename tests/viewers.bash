# shellcheck shell=bash disable=SC2034
# viewers.bash: words for tests with viewers, on top of helper.bash.

load helper

# say TEXT: a chat message; numbers N: "1" to "N", a line each
say() {
	jq -cn --arg m "$1" '{type: "chat", message: $m}'
}

numbers() {
	seq "$1" | jq -c '{type: "chat", message: tostring}'
}

# talk NAME ARG...: a client in the foreground
talk() {
	local name=$1

	shift
	client "$WS_URL/$name" "$@"
}

# listen NAME [ARG...]: a client in the background, connected on return
listen() {
	local name=$1

	shift
	start_bg "$name" /usr/bin/python3 "$TESTS/client.py" "$WS_URL/$name" \
		--timeout 120 --touch "$name.up" "$@"
	wait_for 10 test -e "$name.up"
}

# frames FILE N: it has got so many
frames() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# viewers N: so many are connected, the gateway says
viewers() {
	[ "$(curl -fsS -H 'Accept: application/json' "$SS_URL/metrics" |
		jq .viewer_count)" = "$1" ]
}

# metric NAME VALUE
metric() {
	curl -fsS "$SS_URL/metrics" | grep -x "$1 $2"
}

degraded() {
	! curl -fsS "$SS_URL/healthz"
}

# The gateway and a bus into which the test writes by fd 5.
start_gateway_on_a_bus() {
	rm -f in
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_gateway "$@"
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

# drops_who_is_silent OPT...: of two clients of a gateway on a bus, with --ping
# and --idle-timeout, the one who answers stays
# shellcheck disable=SC2154 # wait_exit sets status
drops_who_is_silent() {
	listen awake "$@" --until end
	listen asleep "$@" --wait-file go --expect-eof
	wait_for 5 viewers 2
	wait_for 10 viewers 1
	# who answers has seen more than one round of pings by now
	echo '{"type":"chat","message":"end"}' >&5
	wait_exit awake
	assert_equal "$status" 0
	touch go
	wait_exit asleep
	assert_equal "$status" 0
}
