#!/usr/bin/env bash
# live.sh: the whole chat on port 8000 (SS_PORT), until Ctrl-C.
#
#	ss-gateway | ss-moderate | ss-log | ss-broadcast
#
# is all there is to it; the rest of this script says what to try, stops the
# stages in order and names the one that failed. Other options can be set by
# the environment: SS_POLICY=block SS_DIR=/var/log/chat examples/live.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-gateway >/dev/null || PATH=$here/../build/bin:$PATH
export SS_PORT=${SS_PORT:-8000}
# ss-broadcast reads what ss-log writes
export SS_LOG=${SS_LOG:-${SS_DIR:-logs}}
stages=(ss-gateway ss-moderate ss-log ss-broadcast)
url=http://${SS_ADDR:-127.0.0.1}:$SS_PORT

tmp=$(mktemp -d)
job=
stopping=0

cleanup() {
	# nothing survives this script, whatever happened to it
	[ -z "$job" ] || kill -KILL -- "-$job" 2>/dev/null || :
	rm -rf "$tmp"
}
trap cleanup EXIT

alive() {
	kill -0 "$job" 2>/dev/null
}

# The gateway first: it writes out what it has and goes, and the end of its
# output passes down the pipe. Told again, all of them at once.
stop() {
	stopping=$((stopping + 1))
	if [ "$stopping" = 1 ] && [ -s "$tmp/gateway" ]; then
		kill -TERM "$(cat "$tmp/gateway")" 2>/dev/null || :
	else
		kill -TERM -- "-$job" 2>/dev/null || :
	fi
}
trap stop INT TERM HUP

# A process group of its own, so that Ctrl-C reaches only this script. What
# bash has to say about a killed stage is said better below; the stages keep
# the real stderr.
set -m
exec 9>&2
{
	trap : INT TERM HUP
	set +e
	{ echo "$BASHPID" >"$tmp/gateway" && exec ss-gateway 2>&9 9>&-; } |
		ss-moderate 2>&9 9>&- | ss-log 2>&9 9>&- |
		ss-broadcast 2>&9 9>&-
	echo "${PIPESTATUS[@]}" >"$tmp/status"
} 2>/dev/null &
job=$!
exec 9>&-
set +m

ready() {
	curl -fsS --max-time 2 "$url/healthz" >/dev/null 2>&1
}

tries=0
until ready || ! alive || [ "$stopping" != 0 ]; do
	if [ $((tries += 1)) -gt 150 ]; then
		echo "live.sh: $url/healthz does not answer" >&2
		stop
		break
	fi
	sleep 0.1
done

if alive && [ "$stopping" = 0 ]; then
	cat <<END

The chat is open.  Try, in other terminals:

  npx wscat -c ws://${url#http://}/ws/alice
  npx wscat -c ws://${url#http://}/ws/bob
      then type   {"type":"chat","message":"hello"}

  curl -H 'Content-Type: application/json' $url/api/gift \\
      -d '{"from":"carol","gift_id":7,"amount":2}'
  curl '$url/api/recent?limit=10' | jq .
  curl -H 'Accept: application/json' $url/metrics

  $here/watch-bus.sh
  $here/random-gifts.sh
  tail -F ${SS_DIR:-logs}/chat_$(date -u +%F).jsonl | jq .

Ctrl-C stops it.

END
fi

# Until all stages are gone; once told to stop, for 8 seconds at most.
patience=80
while alive; do
	if [ "$stopping" = 0 ]; then
		wait "$job" || :
		continue
	fi
	sleep 0.1 || :
	patience=$((patience - 1))
	[ "$patience" != 40 ] || kill -TERM -- "-$job" 2>/dev/null || :
	if [ "$patience" -le 0 ]; then
		echo "live.sh: stages did not stop, killed" >&2
		exit 1
	fi
done
job=

# Who was it?  A stage that was killed by a signal, or else the last one that
# failed: a closed pipe takes those before it along (141 is SIGPIPE).
read -ra status <"$tmp/status" || status=(1 0 0 0)
culprit=-1
for i in "${!status[@]}"; do
	[ "${status[i]}" = 0 ] || [ "${status[i]}" = 141 ] || culprit=$i
done
for i in "${!status[@]}"; do
	if [ "${status[i]}" -gt 128 ] && [ "${status[i]}" != 141 ]; then
		culprit=$i
	fi
done
if [ "$culprit" -ge 0 ]; then
	code=${status[culprit]}
	why="exit status $code"
	[ "$code" -le 128 ] || why="killed by SIG$(kill -l $((code - 128)))"
	echo "live.sh: ${stages[culprit]} failed ($why)" >&2
	exit "$code"
fi
if [ "$stopping" = 0 ]; then
	echo "live.sh: the pipeline has ended by itself" >&2
	exit 1
fi
