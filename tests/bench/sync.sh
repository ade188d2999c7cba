#!/usr/bin/env bash
# sync.sh: what ss-log --sync costs at full load: the same lines with each of
# its words, alternately, ROUNDS times (5); the table shows medians, and how
# much slower than "none" that is. One event in GIFTS (1000) is a gift.
#
#	LINES=1000000 ROUNDS=5 GIFTS=1000 tests/bench/sync.sh
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-log >/dev/null || PATH=$here/../../build/bin:$PATH
lines=${LINES:-500000}
rounds=${ROUNDS:-5}

# on the disk that logs would be on, not in a file system in memory
tmp=$(mktemp -d "${BENCH_DIR:-.}/sync.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

awk -v n="$lines" -v g="${GIFTS:-1000}" 'BEGIN {
	for (i = 0; i < n; i++)
		if (i % g == 0)
			printf "{\"type\":\"gift\",\"id\":\"01M84WEPAHYVXEBGAV" \
			    "%08d\",\"from\":\"user%d\",\"gift_id\":1," \
			    "\"amount\":2,\"ts\":\"2026-11-23T09:30:00.123Z\"}" \
			    "\n", i, i % 97
		else
			printf "{\"type\":\"chat\",\"id\":\"01M84WEPAHYVXEBGAV" \
			    "%08d\",\"user\":\"user%d\",\"message\":\"message " \
			    "number %d, nothing special in it\"," \
			    "\"ts\":\"2026-11-23T09:30:00.123Z\"}\n",
			    i, i % 97, i
}' >chat

# seconds WHEN: how long it took, all of it passed on
seconds() {
	local start=$EPOCHREALTIME end got

	rm -rf logs
	got=$(ss-log -d logs --sync="$1" <chat | wc -l)
	end=$EPOCHREALTIME
	if [ "$got" != $((lines + 1)) ]; then
		echo "sync.sh: $1: $got of $((lines + 1)) lines" >&2
		return 1
	fi
	echo "$start $end" | awk '{ printf "%.4f\n", $2 - $1 }'
}

for ((i = 0; i < rounds; i++)); do
	for when in none gift batch; do
		sync
		seconds "$when" >>"$when.times"
	done
done

echo "$lines lines, medians of $rounds alternating rounds"
printf '%-8s %8s %10s %8s\n' --sync seconds lines/s loss
for when in none gift batch; do
	sort -n "$when.times" | awk -v w="$when" -v n="$lines" \
		-v base="$(sort -n none.times | awk '{ v[NR] = $1 }
			END { print v[int((NR + 1) / 2)] }')" '{ v[NR] = $1 }
		END { t = v[int((NR + 1) / 2)]
		printf "%-8s %8.3f %10d %7.1f%%\n", w, t, n / t,
		    100 * (1 - base / t) }'
done
