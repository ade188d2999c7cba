#!/usr/bin/env bash
# lists.sh: what 10,000 entries cost ss-moderate: words, wildcards, regular
# expressions; in lines a second on one core, and the time to load them.
set -euo pipefail
export LC_ALL=C

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
lines=200000

awk -v n="$lines" 'BEGIN {
	srand(1)
	split("hi there gg nice play that was close lol who is next push mid " \
		"now wait for me good luck have fun what a match again", w, " ")
	for (i = 0; i < n; i++) {
		s = ""
		for (k = 0; k < 5 + int(rand() * 5); k++)
			s = s " " w[1 + int(rand() * 27)]
		print "{\"type\":\"chat\",\"user\":\"u\",\"message\":\"" \
			substr(s, 2) "\"}"
	}
}' >"$dir/chat"

# made-up words of two to four syllables
awk -v dir="$dir" 'BEGIN {
	srand(2)
	for (i = 0; i < 10000; i++) {
		s = ""
		for (k = 0; k < 2 + int(rand() * 3); k++)
			s = s substr("bcdfghjklmnprstvwz", 1 + int(rand() * 18), 1) \
				substr("aeiou", 1 + int(rand() * 5), 1)
		print s >(dir "/words")
		print (i % 2 ? s "*" : "*" s "*") >(dir "/wildcards")
		print "/" (i % 2 ? "\\b" s "[a@4]+" : s "\\s*\\.\\s*(?:com|gg)") \
			"/i" >(dir "/expressions")
	}
}'

seconds() {
	local TIMEFORMAT=%U

	{ time ss-moderate "$@" <"${input:-$dir/chat}" >/dev/null; } 2>&1
}

printf '%-12s %12s %10s\n' list lines/s 'load, ms'
for list in none words wildcards expressions; do
	opt=()
	[ "$list" = none ] || opt=(--blocklist "$dir/$list")
	load=$(input=/dev/null seconds "${opt[@]}")
	all=$(seconds "${opt[@]}")
	awk -v l="$list" -v n="$lines" -v a="$all" -v b="$load" 'BEGIN {
		printf "%-12s %12d %10d\n", l, n / (a - b), b * 1000 }'
done
