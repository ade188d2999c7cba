#!/usr/bin/env bash
# stages.sh: each stage against the plain tool that does the least of the same
# job, on the same lines. The two run alternately, ROUNDS times (5), because
# only ratios within one run mean something; the table shows medians.
#
#	LINES=1000000 ROUNDS=5 make bench
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../../build/bin:$PATH
lines=${LINES:-500000}
rounds=${ROUNDS:-5}

for tool in ss-moderate ss-log jq tee cat; do
	command -v "$tool" >/dev/null || {
		echo "stages.sh: no $tool" >&2
		exit 1
	}
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

# awk and not `yes | head`, whose SIGPIPE would look like a failure
awk -v n="$lines" 'BEGIN {
	for (i = 0; i < n; i++)
		printf "{\"type\":\"chat\",\"id\":\"01M84WEPAHYVXEBGAVCA9P5PJW\"," \
		    "\"user\":\"user%d\",\"message\":\"message number %d, " \
		    "nothing special in it\"," \
		    "\"ts\":\"2026-11-23T09:30:00.123Z\"}\n", i % 97, i
}' >chat
sed 's/"type":"chat"/"type":"poll"/' chat >other

moderate() { ss-moderate <chat; }
moderate_other() { ss-moderate <other; }
jq_identity() { jq -c . <chat; }
log() { rm -rf logs && ss-log --dir logs --max-size 1G <chat; }
tee_file() { tee copy <chat; }
cat_other() { cat <other; }

# seconds FUNCTION: how long it took, its output through a pipe. The lines
# are counted, so that a stage can't win by losing some.
seconds() {
	local start=$EPOCHREALTIME end got

	got=$("$1" | wc -l)
	end=$EPOCHREALTIME
	if [ "$got" != "$lines" ]; then
		echo "stages.sh: $1: $got of $lines lines" >&2
		return 1
	fi
	echo "$start $end" | awk '{ printf "%.4f\n", $2 - $1 }'
}

median() {
	sort -n | awk '{ v[NR] = $1 } END {
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# compare TITLE OURS THEIRS
compare() {
	local i a b

	: >a.times
	: >b.times
	: >ratios
	for ((i = 0; i < rounds; i++)); do
		a=$(seconds "$2")
		b=$(seconds "$3")
		echo "$a" >>a.times
		echo "$b" >>b.times
		awk -v a="$a" -v b="$b" 'BEGIN { print a / b }' >>ratios
	done
	awk -v title="$1" -v n="$lines" -v a="$(median <a.times)" \
		-v b="$(median <b.times)" -v r="$(median <ratios)" 'BEGIN {
		printf "%-34s %8.3f %8.3f %10d %8.2f\n", title, a, b, n / a, r }'
}

echo "$lines lines, medians of $rounds alternating rounds; ratio: ours/theirs"
printf '%-34s %8s %8s %10s %8s\n' '' 'ours s' 'theirs s' 'lines/s' ratio
compare 'ss-moderate, chat : jq -c .' moderate jq_identity
compare 'ss-moderate, other events : cat' moderate_other cat_other
compare 'ss-log : tee' log tee_file
