#!/usr/bin/env bash
# two-gateways.sh [PORT PORT]: two gateways (8000 and 8001), one chat. Both
# write into the same pipe, which is safe because no write is larger than
# PIPE_BUF, and both read the bus: a viewer on either sees everything.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-gateway >/dev/null || PATH=$here/../build/bin:$PATH
a=${1:-8000} b=${2:-8001}

# The pipeline in one line, but for what a shell needs that is told to stop:
# it waits until its children have. If one gateway goes, the other goes on.
pipeline() {
	trap : INT TERM HUP
	{
		trap : INT TERM HUP
		ss-gateway -p "$a" & ss-gateway -p "$b" &
		wait || wait || :
	} | ss-moderate | ss-log | ss-broadcast
}

# A process group of its own, so that one signal ends all of it.
stopping=0
set -m
pipeline &
job=$!
set +m
trap 'stopping=1; kill -TERM -- "-$job" 2>/dev/null || :' INT TERM HUP

cat <<END
npx wscat -c ws://127.0.0.1:$a/ws/alice
npx wscat -c ws://127.0.0.1:$b/ws/bob
Ctrl-C stops it.
END
status=0
while kill -0 "$job" 2>/dev/null; do
	wait "$job" || status=$?
done
[ "$stopping" = 1 ] || exit "$status"
