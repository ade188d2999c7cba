#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-train --eval: its figures against a reference, as text, JSON and drawing;
# the progress of training, on a terminal and elsewhere; and --tune.

load helper

# made N: rows of two sources and languages, some of them labelled wrongly, so
# that nothing is perfect; long ties, since many texts are the same
made() {
	seq "$1" | awk '{
		split("hi all|nice one|you idiot|what a loser|shut up|gg|" \
			"kill yourself|see you soon|i hate you|good game", a, "|")
		text = a[$1 * 7 % 10 + 1]
		bad = text ~ /idiot|loser|shut|kill|hate/
		if ($1 % 11 == 0)
			bad = !bad
		printf "%d\t%d----%s\t%s\tchat\t%s\t%s\n", bad, bad,
			$1 % 5 ? "-" : bad, $1 % 2 ? "lobby" : "raid",
			$1 % 3 ? "en" : "de", text
	}'
}

setup() {
	helper_setup
	made 500 >rows.tsv
}

# The figures by their definitions, from the scores that ss-moderate gives
reference() {
	/usr/bin/python3 - "$@" <<'END'
import json, sys
rows = [l.rstrip("\n").split("\t") for l in open("rows.tsv")]
scores = [json.loads(l)["score"] for l in open("scored")]
points = [(s, r[0] == "1") for r, s in zip(rows, scores)
          if len(sys.argv) < 2 or r[2] == sys.argv[1]]
pos = [s for s, y in points if y]
neg = [s for s, y in points if not y]
auc = sum((p > n) + (p == n) / 2 for p in pos for n in neg)
ap = f1 = f1_at = 0
recall = {1: 0, 2: 0, 5: 0}
for t in sorted(set(scores), reverse=True):
    tp, fp = sum(s >= t for s in pos), sum(s >= t for s in neg)
    if tp + fp == 0:
        continue
    ap += sum(s == t for s in pos) / len(pos) * tp / (tp + fp)
    f = 2 * tp / (tp + fp + len(pos))
    if f > f1:
        f1, f1_at = f, t
    for k in recall:
        if fp * 100 <= k * len(neg):
            recall[k] = tp / len(pos)
ece = 0
for b in range(10):
    inside = [(s, y) for s, y in points if min(int(s * 10), 9) == b]
    ece += abs(sum(s for s, y in inside) - sum(y for s, y in inside))
print(len(points), len(pos), "%.4f %.4f %.4f %.4f %.4f %.4f %.4f" % (
    auc / len(pos) / len(neg), ap, f1, recall[1], recall[2], recall[5],
    f1_at), "%.3f" % (ece / len(points)))
END
}

score_rows() {
	jq -Rc 'split("\t") | { type: "chat", message: .[5] }' rows.tsv |
		ss-moderate >scored
}

@test "the figures are those that their definitions give, ties included" {
	score_rows
	ss-train --eval rows.tsv >out
	reference >want
	awk '$1 == "all" && $3 == "toxicity" { head = $4 " " $5
		for (i = 6; i <= NF; i++) head = head " " $i }
		/^score of/ { here = /toxicity/ && !/severe/ }
		/^expected/ && here { printf "%s %.3f\n", head, $4 }' out >got
	run diff want got
	assert_success
	for source in lobby raid; do
		reference "$source" | cut -d ' ' -f 1-9 >want
		awk -v s=$source '$1 == "source" && $2 == s &&
			$3 == "toxicity" { $1 = $2 = $3 = ""; sub(/^ +/, "")
			print }' out >got
		run diff want got
		assert_success
	done
}

@test "--json has the same figures as the text, and is NDJSON" {
	ss-train --eval rows.tsv >text
	ss-train --eval rows.tsv --json >json
	run jq -r .type json
	assert_success
	assert_line --index 0 subject
	jq -r 'def f: tostring + "0000" | .[0:6];
		select(.type == "figures" and has("auc"))
		| [.group, .name // "-", .head, .rows, .toxic] | join(" ")' \
		json >got
	awk '$1 ~ /^(all|domain|lang|source)$/ {
		print $1, $2, $3, $4, $5 }' text >want
	run diff want got
	assert_success
	assert [ "$(wc -l <got)" -ge 10 ]
	jq -r 'select(.type == "figures" and .group == "lang" and
		.name == "de" and .head == "toxicity")
		| [.auc, .ap, .f1, .recall["1"], .recall["2"], .recall["5"],
		.f1_at] | .[]' json | xargs printf '%.4f %.4f %.4f %.4f %.4f %.4f %.4f\n' >got
	awk '$1 == "lang" && $2 == "de" && $3 == "toxicity" {
		print $6, $7, $8, $9, $10, $11, $12 }' text >want
	run diff want got
	assert_success
	run jq -s '[.[] | select(.type == "reliability")]
		| length == 2 and (.[0].head == "toxicity") and
		(.[0].bins | map(.rows) | add) == .[0].rows' json
	assert_output true
}

@test "a group of one class has no figures, and says so in JSON alone" {
	grep '^0' rows.tsv >rows0.tsv
	run ss-train --eval rows0.tsv
	assert_success
	refute_output --regexp '(^|'$'\n'')all '
	run jq -c 'select(.type == "figures" and .group == "all" and
		.head == "toxicity") | has("auc"), .toxic' \
		< <(ss-train --eval rows0.tsv --json)
	assert_output $'false\n0'
}

@test "--eval reads NDJSON, and names that are any text" {
	jq -Rc 'split("\t") | { message: .[5], toxic: (.[0] == "1"),
		source: "a \"b\" <c> & \u0007é" }' rows.tsv >rows.ndjson
	run ss-train --eval rows.ndjson
	assert_success
	assert_line --regexp '^all +- +toxicity +500 '
	refute_output --partial $'\a'
	run jq -se 'map(select(.group == "source")) | length > 0' \
		< <(ss-train --eval rows.ndjson --json)
	assert_success
	printf '%s\t%s-----\t\xff\e[31m\tchat\t%b\t%s\n' 1 1 '\x01' 'you idiot' \
		0 0 '\x01' 'hi all' >raw.tsv
	ss-train --eval raw.tsv --json >json
	assert iconv -f UTF-8 -t UTF-8 -o /dev/null json
	run jq -e . json
	assert_success
	run ss-train --eval raw.tsv
	assert_success
	refute_output --partial $'\e'
	assert iconv -f UTF-8 -t UTF-8 -o /dev/null <(echo "$output")
}

@test "--svg draws both panels, self-contained and well-formed" {
	ss-train --eval rows.tsv --svg fig.svg >out
	/usr/bin/python3 - <<'END'
import re
import xml.etree.ElementTree as ET
root = ET.parse("fig.svg").getroot()
ns = "{http://www.w3.org/2000/svg}"
assert root.tag == ns + "svg" and "viewBox" in root.attrib
kinds = {e.tag.replace(ns, "") for e in root.iter()}
assert kinds <= {"svg", "title", "style", "rect", "text", "tspan", "path",
                 "circle"}, kinds
assert not [k for e in root.iter() for k in e.attrib
            if "href" in k or k.startswith("on")]
text = " ".join(t for t in root.itertext())
assert "url(" not in text and "@import" not in text
want = [l.split() for l in open("out") if l.startswith("all ")]
assert len(want) == 2
for row in want:
    assert row[2] in text and row[5] in text, row
assert text.count("not in the data") == 4
# a curve begins at 0, 0 and ends at 1, 1
for p in root.iter(ns + "path"):
    if re.match(r"c[01]$", p.get("class")) and p.get("stroke-width") == "1.8" \
       and p.get("d").startswith("M62.0 410.0"):
        assert p.get("d").endswith("L402.0 70.0"), p.get("d")[-20:]
        break
else:
    assert False, "no ROC curve"
END
}

@test "the drawing shows a file's name whatever is in it" {
	cp rows.tsv $'a&b<script>\x01.tsv'
	ss-train --eval $'a&b<script>\x01.tsv' --svg fig.svg >out
	run /usr/bin/python3 -c '
import xml.etree.ElementTree as ET
print(list(ET.parse("fig.svg").getroot().itertext())[1])'
	assert_success
	assert_output --partial 'a&b<script>?.tsv'
	run grep -c '<script' fig.svg
	assert_output 0
}

@test "a drawing that can't be written is an error; /dev/full stays a device" {
	run ss-train --eval rows.tsv --svg nosuch/fig.svg
	assert_failure 1
	assert_output --partial 'ss-train: nosuch/fig.svg: No such file'
	run ss-train --eval rows.tsv --svg /dev/full
	assert_failure 1
	assert_output --partial 'ss-train: /dev/full: No space left'
	assert [ -c /dev/full ]
	: >empty
	ss-train --eval empty --svg fig.svg
	/usr/bin/python3 -c '
import xml.etree.ElementTree as ET
ET.parse("fig.svg")'
	ss-train --eval rows.tsv --svg /dev/stdout | cat >both
	assert grep -q '^</svg>$' both
}

@test "--json and --svg go with --eval" {
	for o in --json '--svg x'; do
		# shellcheck disable=SC2086
		run ss-train -o m $o rows.tsv
		assert_failure 2
		assert_output --partial 'go with --eval'
	done
}

# on_terminal ROWS COLUMNS CMD...: what CMD writes to a terminal of that size
on_terminal() {
	/usr/bin/python3 - "$@" <<'END'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ,
            struct.pack("HHHH", int(sys.argv[1]), int(sys.argv[2]), 0, 0))
out = b""
while True:
    try:
        got = os.read(fd, 65536)
    except OSError:
        break
    if not got:
        break
    out += got
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}

@test "elsewhere than on a terminal progress is a line an epoch" {
	run --separate-stderr ss-train --epochs 3 -o m.ssm rows.tsv
	assert_success
	assert_output ''
	refute_regex "$stderr" $'\r'
	# shellcheck disable=SC2154
	assert_equal "${#stderr_lines[@]}" 3
	for i in 0 1 2; do
		assert_regex "${stderr_lines[$i]}" "^ss-train: epoch $((i + 1))/3: [0-9]+ rows, [0-9]+ rows/s, loss [0-9.]+\$"
	done
}

@test "on a terminal progress is one line, drawn again and no wider than it" {
	for size in 80 200 40 12; do
		run on_terminal 24 $size ss-train -o m.ssm rows.tsv
		assert_success
		assert_equal "$(tr -dc '\n' <<<"$output" | wc -c)" 1
		widest=$(tr '\r' '\n' <<<"$output" | awk '
			length > n { n = length } END { print n }')
		assert [ "$widest" -lt $size ]
		assert_regex "$output" 'epoch 4/4'
	done
	run on_terminal 24 100 ss-train -o m.ssm rows.tsv
	assert_regex "$output" 'epoch 1/4 \[#+\.+\]  25 %, [0-9]+ rows, [0-9]+ rows/s, loss [0-9.]+, ETA [0-9]+:[0-9][0-9]'
	assert_regex "$output" 'epoch 4/4 \[#+\] 100 %.*ETA 0:00'
}

@test "with -q there is no progress, and no rows are no trouble" {
	run on_terminal 24 80 ss-train -q -o m.ssm rows.tsv
	assert_success
	assert_output ''
	run --separate-stderr ss-train -q -o m.ssm rows.tsv
	assert_equal "$stderr" ''
	sed 's/^.\t....../-\t------/' rows.tsv >none.tsv
	run on_terminal 24 80 ss-train --epochs 1 -o m.ssm none.tsv
	assert_success
	assert_output --partial 'loss 0.0000'
}

# score MODEL MESSAGE: its score, by the one that ships where MODEL is -
score() {
	local args=()

	[ "$1" = - ] || args=(--model "$1")
	jq -nc --arg m "$2" '{ type: "chat", message: $m }' |
		ss-moderate "${args[@]}" | jq .score
}

@test "--tune learns what the rows say and leaves the rest as it is" {
	seq 40 | awk '{ printf "{\"message\":\"what a glorfy turnip %d\"," \
		"\"toxic\":true}\n{\"message\":\"what a day %d\"," \
		"\"toxic\":false}\n", $1, $1 }' >new.ndjson
	ss-train -q --tune -o a.ssm new.ndjson
	run jq -n "$(score - 'such a glorfy turnip') < 0.6 and
		$(score a.ssm 'such a glorfy turnip') >= 0.6"
	assert_output true
	for m in 'well played' 'see you tomorrow my friend' 'you idiot'; do
		run jq -n "($(score - "$m") - $(score a.ssm "$m")) | fabs < 0.1"
		assert_output true
	done
	# the same seed, the same bytes; a base of one's own; no rows, no change
	ss-train -q --tune -o b.ssm new.ndjson
	cmp a.ssm b.ssm
	ss-train -q --tune --model a.ssm -o b.ssm rows.tsv
	run cmp -s a.ssm b.ssm
	assert_failure 1
	sed 's/^.\t....../-\t------/' rows.tsv >none.tsv
	ss-train -q --tune --model a.ssm -o b.ssm none.tsv
	cmp a.ssm b.ssm
}

@test "--tune refuses a bad base, and goes with --output" {
	head -c 1000 "$ROOT/lib/toxic/default.ssm" >short.ssm
	run ss-train --tune --model short.ssm -o m.ssm rows.tsv
	assert_failure 1
	assert_output 'ss-train: short.ssm: model is cut short'
	assert [ ! -e m.ssm ]
	for args in '--tune rows.tsv' '--tune -o m.ssm' \
		'--eval rows.tsv --tune'; do
		# shellcheck disable=SC2086
		run ss-train $args
		assert_failure 2
	done
}
