#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-train: models from a small chat made here, files that are refused, figures.

load helper

# made N: N rows of a language in which "zorp" and "blick" are insults
made() {
	seq "$1" | awk 'BEGIN { split("hi all|nice one|well done|see you soon|" \
		"what a day|good game|my turn now|who is next", a, "|")
		split("zorp you|you are a blick|such zorp|go away blick", b, "|")
	} {
		bad = $1 % 4 == 0
		printf "%d\t%d---%d-\tgame\tchat-game\t%s\t%s %d\n", bad, bad, \
			bad, $1 % 3 ? "en" : "de", \
			bad ? b[$1 / 4 % 4 + 1] : a[$1 % 8 + 1], $1
	}'
}

setup() {
	helper_setup
	made 3000 >rows.tsv
}

@test "the same seed gives the same bytes, another one others" {
	ss-train -o a.ssm rows.tsv
	ss-train -o b.ssm rows.tsv
	cmp a.ssm b.ssm
	ss-train --seed 2 -o b.ssm rows.tsv
	run cmp -s a.ssm b.ssm
	assert_failure 1
}

@test "gzip, NDJSON and a plain TSV of the same rows give the same model" {
	gzip -k rows.tsv
	ss-train -o a.ssm rows.tsv
	ss-train -o b.ssm rows.tsv.gz
	cmp a.ssm b.ssm
	jq -Rc 'split("\t") | { message: .[5], toxic: (.[0] == "1"),
		labels: { insult: (.[0] | tonumber) }, source: .[2],
		domain: .[3], lang: .[4] }' rows.tsv >rows.ndjson
	ss-train -o b.ssm rows.ndjson
	cmp a.ssm b.ssm
}

@test "what it has learnt is what ss-moderate flags with --model" {
	ss-train -o a.ssm rows.tsv
	printf '{"type":"chat","message":"%s"}\n' 'you zorp' 'well done' \
		'what a blick' >in
	run jq -r .toxic < <(ss-moderate --model a.ssm <in)
	assert_output $'true\nfalse\ntrue'
	run jq -s 'map(.score) | (min >= 0) and (max <= 1)' \
		< <(ss-moderate --model a.ssm <in)
	assert_output true
}

@test "--eval prints figures a group and a head, and a table of scores" {
	ss-train -o a.ssm rows.tsv
	run --separate-stderr ss-train --eval rows.tsv --model a.ssm
	assert_success
	assert_equal "$stderr" ''
	assert_line --index 0 --regexp '^model [0-9a-f]{16}, 3000 rows$'
	assert_line --regexp '^all +- +toxicity +3000 +750 (1\.0000|0\.99)'
	assert_line --regexp '^domain +chat +insult +3000 +750 '
	assert_line --regexp '^lang +de +toxicity +1000 +250 '
	assert_line --regexp '^source +game +toxicity +3000 '
	refute_output --partial threat
	assert_line 'harmless chat lines flagged'
	assert_line --regexp '^at 0\.6: [0-9]+ of 2250, '
	run awk '/toxicity +3000/ { for (i = 6; i <= NF; i++)
		if ($i < 0.9 || $i > 1) exit 1 }' <<<"$output"
	assert_success
}

@test "--disguised prints what is flagged in each disguise" {
	ss-train -o a.ssm rows.tsv
	run --separate-stderr ss-train --eval rows.tsv --model a.ssm --disguised
	assert_success
	assert_equal "$stderr" ''
	table=$output
	assert_line 'all words in disguise'
	assert_line 'one word in disguise'
	for name in capitals leet spaced dotted hyphens masked stretched \
		look-alikes zero-width accents swapped; do
		assert_equal 2 "$(grep -cE "^$name +750 +2250( [01]\.[0-9]{4}){3} " \
			<<<"$table")"
	done
	run ss-train --eval rows.tsv --model a.ssm --disguised
	# capitals hide nothing
	assert_line --regexp '^capitals .* 1\.0000 +\+0\.00$'
}

@test "what ships flags as much of harmless chat as the page says" {
	if [ -n "$MODDATA" ]; then
		low=6.5
		gzip -dc "$MODDATA"/train.tsv.gz |
			awk -F '\t' '$1 == 0 && $4 ~ /^chat/' >harmless
	else
		low=15 # these sound worse than chat does
		jq -c '{ message, toxic: false }' \
			"$BATS_TEST_DIRNAME/fixtures/moderate-benign.ndjson" \
			>harmless
	fi
	run ss-train --eval harmless
	assert_success
	run awk -v low=$low '/^at 0\.4/ && $(NF - 1) > low { bad = 1 }
		/^at 0\.6/ && $(NF - 1) > 2.7 { bad = 1 }
		/^at 0\.8/ && $(NF - 1) > 1.5 { bad = 1 }
		/^at / { n++ } END { exit bad || n != 3 }' <<<"$output"
	assert_success
}

@test "--eval measures the model that ships where none is named" {
	run ss-train --eval rows.tsv
	assert_success
	assert_line --regexp '^model [0-9a-f]{16}, 3000 rows$'
}

@test "bad models are refused, by ss-moderate and by --eval" {
	ss-train --epochs 1 -o good rows.tsv
	head -c 100000 good >short
	head -c 4 good >stub
	{ cat good; echo; } >long
	{ head -c 900000 good; printf '\177\201'; tail -c +900003 good; } >flip
	: >empty
	for m in 'short:cut short' 'stub:not a model' 'empty:not a model' \
		'long:bytes behind' 'flip:checksum' 'rows.tsv:not a model' \
		'.:not a model' 'nosuch:No such file'; do
		run --separate-stderr ss-moderate --model "${m%%:*}" </dev/null
		assert_failure 1
		assert_output ''
		assert_regex "$stderr" "^ss-moderate: ${m%%:*}: .*${m#*:}"
		run --separate-stderr ss-train --eval rows.tsv \
			--model "${m%%:*}"
		assert_failure 1
		assert_output ''
		assert_regex "$stderr" "^ss-train: ${m%%:*}: .*${m#*:}"
	done
}

err_has() {
	grep -q -e "$1" mod.err
}

out_has() {
	[ "$(grep -c '' mod.out)" -ge "$1" ]
}

@test "SIGHUP reads the model again; a bad one changes nothing" {
	ss-train -o a.ssm rows.tsv
	cp a.ssm m.ssm
	mkfifo in
	BG_IN=in start_bg mod ss-moderate -v --model m.ssm
	exec 5>in
	echo '{"type":"chat","message":"you zorp"}' >&5
	wait_for 5 out_has 1
	head -c 1000 a.ssm >new
	mv new m.ssm
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'm.ssm: the model in force stays'
	assert err_has 'm.ssm: model is cut short'
	echo '{"type":"chat","message":"you zorp"}' >&5
	wait_for 5 out_has 2
	sed 's/zorp/zarp/' rows.tsv >others.tsv
	ss-train -o m.ssm others.tsv
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'm.ssm: model read again'
	echo '{"type":"chat","message":"such a zarp"}' >&5
	wait_for 5 out_has 3
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
	assert_equal "$(jq -c .toxic mod.out | xargs)" 'true true true'
}

@test "a bad row is reported with its line, and nothing is written" {
	echo old >m.ssm
	for row in 'x' $'1\t1-----\ts\td\ten' $'2\t1-----\ts\td\ten\ttext' \
		$'1\t1----\ts\td\ten\ttext' $'1\t1----x\ts\td\ten\ttext' \
		$'1\t1-----\ts\td\ten\t\xff' '{"message":1}' '{"toxic":true}' \
		'{"message":"a","toxic":"yes"}' '{"message":'; do
		{ head -n 6 rows.tsv; printf '%s\n' "$row"; } >bad.tsv
		run --separate-stderr ss-train -o m.ssm bad.tsv
		assert_failure 1
		assert_output ''
		assert_regex "$stderr" '^ss-train: bad.tsv:7: '
	done
	assert_equal "$(cat m.ssm)" old
}

@test "no rows, no file, a torn gzip and a full disk are errors" {
	: >empty
	run ss-train -o m.ssm empty
	assert_failure 1
	assert_output 'ss-train: no rows to train on'
	run ss-train -o m.ssm nosuch
	assert_failure 1
	assert_output 'ss-train: nosuch: No such file or directory'
	gzip -c rows.tsv | head -c 5000 >torn.gz
	run ss-train -o m.ssm torn.gz
	assert_failure 1
	assert_output --partial 'ss-train: torn.gz: '
	assert [ ! -e m.ssm ]
	run ss-train -o nosuch/m.ssm rows.tsv
	assert_failure 1
	assert_output --partial 'nosuch/m.ssm: No such file or directory'
	run bash -c 'ss-train --eval rows.tsv >/dev/full'
	assert_failure 1
	assert_output --partial 'No space left on device'
}

@test "rows with one label only, or none, still make a model" {
	grep '^0' rows.tsv >benign.tsv
	ss-train --epochs 1 -o m.ssm benign.tsv
	ss-moderate --model m.ssm < <(echo '{"type":"chat","message":"hi"}')
	sed 's/^.\t....../-\t------/' rows.tsv >none.tsv
	ss-train --epochs 1 -o m.ssm none.tsv
	run ss-moderate --model m.ssm \
		< <(echo '{"type":"chat","message":"fuck"}')
	assert_output --partial '"toxic":true'
}

@test "wrong usage exits 2 and says how" {
	for args in '' '-o m' 'rows.tsv' '--eval rows.tsv rows.tsv' \
		'--eval rows.tsv -o m' '-o m --model n rows.tsv' \
		'-o m --disguised rows.tsv' '-o m --seed x rows.tsv' '-o m --epochs 0 rows.tsv'; do
		# shellcheck disable=SC2086
		run --separate-stderr ss-train $args
		assert_failure 2
		assert_output ''
		assert_regex "$stderr" '^ss-train: .*'
		assert_regex "$stderr" 'usage: ss-train '
	done
}
