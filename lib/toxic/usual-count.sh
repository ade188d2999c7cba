#!/bin/sh
# usual-count.sh FILE...: prints what usual.txt is, counted in labelled data as
# ss-train reads it (gzipped). Lines of chat count CHAT times.
set -eu
LC_ALL=C
export LC_ALL

zcat "$@" | awk -F '\t' -v chat=8 -v least=16 '
BEGIN {
	for (i = 97; i < 123; i++) {
		c = sprintf("%c", i)
		drawn = drawn "|" c c c
	}
	drawn = substr(drawn, 2)
}

{
	weight = $4 ~ /^chat/ ? chat : 1
	line = tolower($6)
	gsub(/\047|`|\342\200\230|\342\200\231/, "", line)
	n = split(line, word, / +/)
	for (i = 1; i <= n; i++) {
		w = word[i]
		gsub(/^[^a-z0-9]+|[^a-z0-9]+$/, "", w)
		if (w ~ /^[a-z0-9]+$/ && w ~ /[a-z]/ && length(w) <= 16) {
			count[w] += weight
			all += weight
		}
	}
}

# far more often written with two neighbours swapped
function mistyped(w,    i, v) {
	for (i = 1; i < length(w) && length(w) > 3; i++) {
		v = substr(w, 1, i - 1) substr(w, i + 1, 1) \
			substr(w, i, 1) substr(w, i + 2)
		if (v in count && count[v] > 64 * count[w])
			return 1
	}
	return 0
}

END {
	for (w in count)
		if (count[w] >= least && w !~ drawn && w !~ /^[^aiu]$/ &&
			!mistyped(w))
			print int(4 * log(all / count[w]) / log(2) + .5), w
}' | sort -k1,1n -k2 | awk '
$1 != cost || length(line) + length($2) >= 78 {
	if (line != "")
		print line
	line = cost = $1
}
{ line = line " " $2 }
END { print line }'
