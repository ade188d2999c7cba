#!/usr/bin/env bash
# supervise.sh: the whole chat on port 8000 (SS_PORT), and the moderators' desk
# on 8501 (SS_DASH_PORT), each stage a service of its own that is started again
# when it dies, until Ctrl-C.
#
#	viewers -> ss-gateway -> ss-moderate -> ss-log -> ss-broadcast -> bus
#	moderators <-> ss-dash <- bus
#
# The stages meet at sockets in a folder (SS_RUN, else run-PORT in the folder
# of the default bus), so any one of them may be killed, stopped or replaced while the
# others go on:
#
#	kill -9 "$(cat RUN/ss-log.pid)"
#
# Options of a stage are set by the environment, as everywhere: SS_POLICY=block
# SS_DIR=/var/log/chat examples/supervise.sh. What is clearly toxic is held for
# the desk to decide; SS_HOLD=0 holds nothing, 4 all that may be wrong (2). A
# stage that dies at once, again and again, is started ever more slowly, at last
# every half minute.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
command -v ss-gateway >/dev/null || PATH=$here/../build/bin:$PATH
SS_PORT=${SS_PORT:-8000}
export SS_PORT
dash_port=${SS_DASH_PORT:-8501}
default=/tmp/safestream-$(id -u)
[ -z "${XDG_RUNTIME_DIR:-}" ] || default=$XDG_RUNTIME_DIR/safestream
run=${SS_RUN:-$default/run-$SS_PORT}
(umask 077 && mkdir -p "$run")
SS_BUS=${SS_BUS:-$run/bus.sock}
export SS_BUS
# clearly toxic: from 0.8 on for insults, see ss-moderate(1)
export SS_HOLD=${SS_HOLD:-2}
url=http://127.0.0.1:$SS_PORT
logs=${SS_DIR:-logs}

say() {
	echo "supervise.sh: $*" >&2
}

# One supervisor a folder: two would fight for its sockets.
exec 9>"$run/lock"
if ! flock -n 9; then
	say "$run: another one is at work there"
	exit 1
fi

# How a process ended, for people.
ending() {
	if [ "$1" -gt 128 ]; then
		echo "killed by SIG$(kill -l $(($1 - 128)))"
	else
		echo "exit status $1"
	fi
}

# reap PID: waits for a child's end, whatever signals come for us meanwhile;
# sets code.
reap() {
	local again=0

	code=0
	wait "$1" || code=$?
	while kill -0 "$1" 2>/dev/null; do
		code=0
		wait "$1" || code=$?
	done
	# the first wait may have been cut short by a signal, as it ended
	wait "$1" 2>/dev/null || again=$?
	[ "$again" = 127 ] || code=$again
}

# watch NAME ARG...: runs it until told to stop. In a session of its own, so
# that Ctrl-C reaches us alone and the stages are stopped in their order.
watch() {
	name=$1
	shift
	child=
	over=0
	trap 'over=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || :' \
		TERM
	trap '' INT HUP
	pause=1 # tenths of a second
	while [ "$over" = 0 ]; do
		began=$(date +%s)
		setsid "$name" "$@" 9>&- &
		child=$!
		echo "$child" >"$run/$name.pid"
		reap "$child"
		child=
		rm -f "$run/$name.pid"
		[ "$over" = 0 ] || break
		[ $(($(date +%s) - began)) -lt 10 ] || pause=1
		say "$name ended ($(ending "$code")), again in" \
			"$((pause / 10)).$((pause % 10)) s"
		sleep "$((pause / 10)).$((pause % 10))" &
		wait $! || :
		pause=$((pause * 2))
		[ "$pause" -le 300 ] || pause=300
	done
	exit "${code:-0}"
}

watch ss-broadcast -i "listen:$run/out.sock" --log "$logs" \
	--metrics "listen:$run/ss-broadcast.metrics" &
broadcast=$!
watch ss-log -i "listen:$run/log.sock" -o "unix:$run/out.sock" -d "$logs" \
	--metrics "listen:$run/ss-log.metrics" &
log=$!
watch ss-moderate -i "listen:$run/in.sock" -o "unix:$run/log.sock" \
	--state "unix:$SS_BUS" --metrics "listen:$run/ss-moderate.metrics" &
moderate=$!
watch ss-gateway -o "unix:$run/in.sock" \
	--metrics "listen:$run/ss-gateway.metrics" &
gateway=$!
watch ss-dash --addr 127.0.0.1 --port "$dash_port" --stages "$run" \
	--metrics "listen:$run/ss-dash.metrics" &
dash=$!

# The desk and the gateway first, then along the line: each has taken what came before.
stopping=0
status=0
stop() {
	[ "$stopping" = 0 ] || return 0
	stopping=1
	for pid in $dash $gateway $moderate $log $broadcast; do
		kill -TERM "$pid" 2>/dev/null || :
		reap "$pid"
		[ "$code" = 0 ] || status=1
	done
	exit "$status"
}
trap stop INT TERM HUP

ready() {
	curl -fsS --max-time 2 "$url/healthz" >/dev/null 2>&1
}

tries=0
until ready; do
	tries=$((tries + 1))
	if [ "$tries" -gt 150 ]; then
		say "$url/healthz does not answer"
		status=1
		stop
	fi
	sleep 0.1
done

cat <<END

The chat is open: $url/
The moderators' desk: http://127.0.0.1:$dash_port/

Try, in other terminals:

  npx wscat -c ws://127.0.0.1:$SS_PORT/ws/alice
      then type   {"type":"chat","message":"hello"}

  curl -H 'Content-Type: application/json' '$url/api/gift?wait=1' \\
      -d '{"from":"carol","gift_id":7,"amount":2}'
  curl '$url/api/recent?limit=10' | jq .

  SS_BUS=$SS_BUS $here/watch-bus.sh
  SS_BUS=$SS_BUS ss-ctl mute bob 1m

What is clearly toxic waits on the desk: A approves, D denies.

Kill a stage, and see that nobody notices:

  kill -9 \$(cat $run/ss-log.pid)

Ctrl-C stops it.

END

while :; do
	wait || :
done
