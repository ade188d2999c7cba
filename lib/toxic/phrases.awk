# phrases.awk: makes C tables of phrases.txt. With -v tests=1 those of its + and
# - lines, else those of the phrases. What it can't read ends it with status 1.

function fail(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why >"/dev/stderr"
	bad = 1
	exit 1
}

# words with every $NAME put in
function expand(s,    name) {
	while (match(s, /\$[A-Z]+/)) {
		name = substr(s, RSTART + 1, RLENGTH - 1)
		if (!(name in value))
			fail("$" name ": not defined")
		s = substr(s, 1, RSTART - 1) value[name] \
			substr(s, RSTART + RLENGTH)
	}
	return s
}

function quote(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

/^#/ || /^[ \t]*$/ { next }

/^[A-Z]+ = / {
	name = $1
	sub(/^[A-Z]+ = +/, "")
	value[name] = expand($0)
	next
}

/^  [+-] / {
	if (!line)
		fail("a test without a phrase")
	if (substr($0, 3, 1) == "+")
		tried = 1
	if (tests)
		printf "{ %d, %s, %s },\n", line, \
			substr($0, 3, 1) == "+" ? "true" : "false", \
			quote(substr($0, 5))
	next
}

/^[a-z]+[ \t]/ {
	if (line && !tried)
		fail("the phrase before this one has no + line")
	line = FNR
	tried = 0
	profile = toupper($1)
	sub(/^[a-z]+[ \t]+/, "")
	if (!tests)
		printf "{ LEX_%s, %d, %s },\n", profile, line, \
			quote(expand($0))
	next
}

{ fail("neither a phrase nor a test") }

END {
	if (!bad && line && !tried)
		fail("the last phrase has no + line")
	exit bad
}
