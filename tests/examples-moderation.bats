#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# examples/rescore.sh, shadow.sh and learn.sh: another model or policy, beside
# the one in force, and one made from what moderators did.

load helper

setup() {
	helper_setup
	EXAMPLES=$ROOT/examples
	mkdir logs
}

# A day's log on stdout: 300 messages, every eighth of a kind that the model
# doesn't know. $2 kind: the mods delete or mute for these; $2 random: for
# every eighth of all, by chance.
day() {
	awk -v day="$1" -v how="$2" -v seed="${3:-1}" '
		function pick(a, n) { return a[int(rand() * n) + 1] }
		BEGIN {
			srand(seed * 100 + day)
			n = split("good morning|well played|see you at eight|" \
				"nice one|who wants to join|that was close|" \
				"my cat is asleep|what a view|i need more tea|" \
				"the map is huge|thanks for the help|one more round", good, "|")
			m = split("%s smells like old cheese|tell %s to go wash|" \
				"%s is such a turnip|what a turnip %s|stinky turnip %s|" \
				"go home turnip %s|turnips like %s ruin it", bad, "|")
			k = split("glonky mid support healer carry guild", name, " ")
			for (i = 1; i <= 300; i++) {
				evil = rand() < 0.125
				text = evil ? pick(bad, m) : pick(good, n) " " int(rand() * 90)
				sub(/%s/, pick(name, k) int(rand() * 30), text)
				id = sprintf("01KBQX%02d%018d", day, i)
				ts = sprintf("2026-11-%02dT%02d:%02d:%02d.000Z", day,
					8 + int(i / 60), i % 60, 10)
				user = "u" int(rand() * 150)
				printf "{\"type\":\"chat\",\"id\":\"%s\",\"user\":" \
					"\"%s\",\"message\":\"%s\",\"toxic\":false," \
					"\"score\":0.1,\"ts\":\"%s\"}\n", id, user, text, ts
				if (how == "random")
					evil = rand() < 0.125
				if (!evil)
					continue
				sub(/10\.000Z/, "20.000Z", ts)
				if (i % 3)
					printf "{\"type\":\"delete\",\"id\":\"D%s\"," \
						"\"target\":\"%s\",\"by\":\"mod\",\"ts\":\"%s\"}\n",
						id, id, ts
				else
					printf "{\"type\":\"mute\",\"id\":\"M%s\",\"user\":" \
						"\"%s\",\"by\":\"mod\",\"ts\":\"%s\"}\n", id, user, ts
			}
		}'
}

days() {
	local d

	for d in 20 21 22 23; do
		day "$d" "$1" "${2:-1}" >logs/chat_2026-11-$d.jsonl
	done
}

# chat ID USER MESSAGE SECOND [MORE]: a line of the log
chat() {
	printf '{"type":"chat","id":"%s","user":"%s","message":"%s",%s"ts":"2026-11-22T10:00:%s.000Z"}\n' \
		"$1" "$2" "$3" "${5-\"toxic\":false,\"score\":0.1,}" "$4"
}

# --- rescore.sh -------------------------------------------------------------

# Two that the model minds and didn't then, two the other way round, one
# blocked, one masked, one approved, one without a verdict, a gift
mixed() {
	chat 1 ann 'hello all' 01
	chat 2 bob 'you stupid idiot' 02
	chat 3 cat 'well played' 03 '"toxic":true,"score":0.7,'
	chat 4 dan 'kill yourself' 04
	chat 5 eve 'you fucking moron' 05 \
		'"toxic":true,"score":0.99,"blocked":true,"reason":"insult",'
	chat 6 fay 'you ****' 06 '"toxic":true,"score":0.9,"masked":true,'
	chat 7 gus 'shut up idiot' 07 '"approved":"6",'
	chat 8 hal 'not judged' 08 ''
	chat 9 ida 'nice one' 09 '"toxic":true,"score":0.9,"blocked":true,'
	echo '{"type":"gift","from":"ann","gift_id":1,"amount":1,"ts":"2026-11-22T10:00:10.000Z"}'
	echo '{"type":"delete","target":"2","ts":"2026-11-22T10:00:11.000Z"}'
}

@test "rescore.sh counts and shows what would change" {
	mixed >log
	run "$EXAMPLES/rescore.sh" log
	assert_success
	assert_line --index 0 '6 messages from 1 files judged again, 5 changed'
	assert_line --partial 'left alone: 1 approved, 1 masked'
	assert_line --partial '1 without a verdict'
	assert_line --regexp '^ +was clean +1 +2 +0 +0$'
	assert_line --regexp '^ +was toxic +1 +0 +0 +0$'
	assert_line --regexp '^ +was blocked +1 +1 +0 +0$'
	assert_line 'clean -> toxic'
	assert_line --regexp '^  0\.1 -> 0\.[0-9]+  bob: you stupid idiot$'
	assert_line 'toxic -> clean'
	assert_line --regexp '^  0\.7 -> 0\.[0-9]+  cat: well played$'
	assert_line 'blocked -> clean'
	refute_output --partial 'hello all'
	refute_output --partial gus
}

@test "rescore.sh hands options on, and shows what is masked now" {
	mixed >log
	run "$EXAMPLES/rescore.sh" --policy mask log --examples 1
	assert_success
	assert_line 'clean -> masked'
	assert_output --partial 'you stupid idiot'
	run "$EXAMPLES/rescore.sh" --threshold=1 --policy block log
	assert_success
	refute_output --partial '-> blocked'
	echo 'select(.user != "bob")' >rules.jq
	run "$EXAMPLES/rescore.sh" --rules rules.jq log
	assert_success
	assert_line --index 0 --partial '5 messages'
	assert_output --partial 'dropped or rejected now: 1'
}

@test "rescore.sh takes yesterday, a range, rotated and gzipped files" {
	yesterday=$(date -u -d yesterday +%F)
	mixed | sed "s/2026-11-22/$yesterday/" >"logs/chat_$yesterday.jsonl"
	mixed >logs/chat_2020-01-02.jsonl
	sed -i 's/2026-11-22/2020-01-02/' logs/chat_2020-01-02.jsonl
	sed 's/2020-01-02T10/2020-01-02T09/' logs/chat_2020-01-02.jsonl |
		gzip >logs/chat_2020-01-02.jsonl.1.gz
	echo '{"torn' >logs/chat_2020-01-02.jsonl.torn
	run "$EXAMPLES/rescore.sh"
	assert_success
	assert_line --index 0 --partial '6 messages from 1 files'
	run "$EXAMPLES/rescore.sh" --since 2020-01-01 --until 2020-01-03
	assert_line --index 0 --partial '12 messages from 2 files'
	run "$EXAMPLES/rescore.sh" --since 2020-01-02T10:00:03 \
		--until 2020-01-02T10:00:04
	assert_line --index 0 --partial '2 messages from 2 files'
	run "$EXAMPLES/rescore.sh" --since 2019-01-01 --until 2019-01-02
	assert_failure 1
	assert_output --partial 'rescore.sh: logs: no log of 2019-01-01'
}

@test "rescore.sh keeps what changed, limits examples, and bears any line" {
	{
		mixed
		chat 20 'x' 'you idiot\u001b[31m\u202ered' 12
		chat 21 'x' 'you idiot two' 13
		echo 'no json'
		echo '{"type":"chat","message":7,"ts":[]}'
		echo '{"type":"chat","user":{},"message":"you idiot","toxic":false,"score":"x"}'
		echo '[1]'
		printf '\xff\n'
	} >log
	run --separate-stderr "$EXAMPLES/rescore.sh" --examples 1 \
		--changed changed log
	assert_success
	refute_output --partial $'\e'
	assert_line --regexp '^  and [0-9]+ more$'
	assert_output --partial 'not an event: '
	run jq -r '[.id, .was.toxic, .toxic] | join(" ")' changed
	assert_line '2 false true'
	assert_line '3 true false'
	run "$EXAMPLES/rescore.sh" --examples 100 log
	refute_output --partial $'\e'
	refute_output --partial $'\u202e'
}

@test "rescore.sh says what is wrong" {
	mixed >log
	for args in '--nonsense' '--since yesterday' '--examples x' '--dir' \
		'--output x log'; do
		# shellcheck disable=SC2086
		run "$EXAMPLES/rescore.sh" $args
		assert_failure 2
		assert_output --partial 'usage: rescore.sh'
	done
	run "$EXAMPLES/rescore.sh" --model nosuch log
	assert_failure 1
	assert_output --partial 'nosuch: No such file'
	run "$EXAMPLES/rescore.sh" nosuch
	assert_failure 1
	for s in rescore shadow learn; do
		run --separate-stderr "$EXAMPLES/$s.sh" --help
		assert_success
		assert_line --index 0 --partial "usage: $s.sh "
	done
}

# --- shadow.sh --------------------------------------------------------------

@test "shadow.sh --tee passes everything, and tells what differs" {
	{
		mixed
		printf '{"type":"poll",  "x" : 1}\n'
	} >log
	run --separate-stderr "$EXAMPLES/shadow.sh" --tee --policy block <log
	assert_success
	assert_equal "$output" "$(cat log)"
	assert_regex "$stderr" 'clean -> blocked  0\.1 -> 0\.[0-9]+  bob: you stupid idiot'
	assert_regex "$stderr" '6 messages compared, 4 differ; .*masked, not compared: 1'
}

@test "shadow.sh --tee: a shadow that hangs, or can't start, stops nobody" {
	for i in $(seq 400); do
		chat "$i" u "hello $i" 01
	done >log
	echo 'last(repeat(1))' >rules.jq
	run --separate-stderr timeout "$(slow 30)" "$EXAMPLES/shadow.sh" \
		--tee --rules rules.jq <log
	assert_failure 1
	assert_equal "$output" "$(cat log)"
	assert_regex "$stderr" 'does not end, killed'
	run --separate-stderr "$EXAMPLES/shadow.sh" --tee --model nosuch <log
	assert_failure 1
	assert_output ''
	assert_regex "$stderr" 'nosuch: No such file'
}

shadow_on() {
	echo "$1" >&5
	grep -q "$2" shadow.out
}

@test "shadow.sh on the bus compares live, and counts at the end" {
	mkfifo in
	BG_IN=in start_bg bus ss-broadcast
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_bg shadow "$EXAMPLES/shadow.sh" --threshold 0.05
	wait_for 10 shadow_on "$(chat 1 bob 'you stupid idiot' 01)" \
		'^clean -> toxic .* bob: you stupid idiot'
	chat 2 cat 'hello' 02 '"toxic":true,"score":0.7,"seq":5,' >&5
	chat 3 cat 'hello' 02 '"toxic":true,"score":0.7,"seq":8,' >&5
	wait_for 5 grep -q '^missed 2 events' shadow.out
	stop shadow INT
	assert_equal "$status" 0
	run tail -n 1 shadow.out
	assert_output --regexp '^[0-9]+ messages compared, [0-9]+ differ; clean -> toxic: [0-9]+.*missed: 2$'
}

# --- learn.sh ---------------------------------------------------------------

@test "learn.sh switches to what moderators teach, and tells ss-moderate" {
	days kind
	ss-train --epochs 1 -o chat.ssm "$ROOT/lib/toxic/benign.tsv"
	cp chat.ssm first.ssm
	mkfifo in
	BG_IN=in start_bg mod ss-moderate -v --model chat.ssm
	exec 5>in
	chat 1 a 'what a turnip mid9' 01 >&5
	wait_for 10 grep -q turnip mod.out
	run "$EXAMPLES/learn.sh" --keep rows
	assert_success
	assert_line --regexp '^messages: 1200 in 4 files; toxic: [1-9][0-9]* deleted, 0 denied, [1-9][0-9]* before'
	assert_line --regexp '^candidate +AUC (0\.9|1\.0)'
	assert_line 'switched: chat.ssm'
	assert_line "told ss-moderate, process $(pid mod)"
	wait_for 10 grep -q 'model read again' mod.err
	chat 2 a 'what a turnip mid9' 02 >&5
	wait_for 10 grep -q '"id":"2"' mod.out
	run jq -c .toxic mod.out
	assert_output $'false\ntrue'
	assert cmp chat.ssm.old first.ssm
	assert [ ! -e chat.ssm.candidate ]
	run jq -se 'all(.[]; has("message") and has("toxic"))' rows
	assert_success
	# once more there is nothing to gain
	run "$EXAMPLES/learn.sh"
	assert_success
	assert_line --partial 'not switched: '
}

@test "learn.sh doesn't switch where decisions are made by chance" {
	for seed in 1 2 3; do
		days random "$seed"
		run "$EXAMPLES/learn.sh" -m r.ssm
		assert_success
		assert_line --partial 'not switched: '
		assert_line --regexp '^held out|held out, 2026-11-23'
		assert [ ! -e r.ssm ]
	done
	days kind
	run "$EXAMPLES/learn.sh" -m r.ssm --dry-run
	assert_line --partial 'not switched: it is better'
	assert [ ! -e r.ssm ]
	assert [ ! -e r.ssm.candidate ]
}

@test "learn.sh labels by what was done about a message" {
	{
		chat d1 a 'deleted one' 01
		chat d2 b 'denied one' 02 '"toxic":true,"score":0.7,"held":true,'
		chat d3 c 'approved one' 03 '"toxic":true,"score":0.7,"held":true,'
		chat d4 d 'muted for this' 04
		chat d5 e 'muted by mistake' 05
		chat d6 f 'left standing' 06
		chat d7 g 'flagged, nobody looked' 07 '"toxic":true,"score":0.7,'
		chat d8 h 'masked ****' 08 '"toxic":true,"score":0.7,"masked":true,'
		chat d9 i 'first approved, then denied' 09
		chat e1 j 'a \"quote\" \\\\ and \t tab' 10
		chat e2 k 'both' 11
		chat e3 k 'both' 12
		chat e4 k 'both' 13
		echo '{"type":"delete","target":"d1"}'
		echo '{"type":"delete","target":"e1"}'
		echo '{"type":"delete","target":"e3"}'
		echo '{"type":"delete","target":7}'
		echo '{"type":"deny","target":"d2"}'
		echo '{"type":"approve","target":"d3"}'
		echo '{"type":"approve","target":"d9"}'
		echo '{"type":"deny","target":"d9"}'
		echo '{"type":"mute","user":"d","ts":"2026-11-22T10:00:30.000Z"}'
		echo '{"type":"mute","user":"e","ts":"2026-11-22T10:00:30.000Z"}'
		echo '{"type":"unmute","user":"e","ts":"2026-11-22T10:03:00.000Z"}'
		echo '{"type":"mute","user":"f","ts":"2026-11-22T11:00:00.000Z"}'
		echo '{"type":"mute","user":["x"],"ts":3}'
		echo 'no "delete" json'
	} >log
	run "$EXAMPLES/learn.sh" --held-out 2026-11-01 --keep rows log
	assert_success
	run jq -r '"\(.toxic) \(.message)"' rows
	assert_equal "$(sort <<<"$output")" "$(sort <<'END'
true deleted one
true denied one
true muted for this
true a "quote" \\ and 	 tab
false approved one
false first approved, then denied
false muted by mistake
false left standing
false both
END
)"
}

@test "learn.sh can train anew, checks elsewhere, and says what is wrong" {
	days kind
	printf '%d\t%d-----\tgame\tchat\ten\tturnip soup is %s\n' 0 0 good 1 1 bad \
		>soup.tsv
	cut -f 1- "$ROOT/lib/toxic/benign.tsv" >base.tsv
	sed 's/^0\t0/1\t1/' base.tsv >wrong.tsv
	head -n 200 base.tsv >some.tsv
	head -n 300 wrong.tsv | tail -n 50 >>some.tsv
	run "$EXAMPLES/learn.sh" -m n.ssm --base base.tsv --dry-run
	assert_success
	assert_line --regexp '^candidate +AUC (0\.9|1\.0)'
	run "$EXAMPLES/learn.sh" -m n.ssm --check some.tsv
	assert_success
	assert_line --regexp '^some\.tsv: AUC '
	for args in --nonsense '--since x' '--least 0' '--pid x' \
		'--threshold x' --model; do
		# shellcheck disable=SC2086
		run "$EXAMPLES/learn.sh" $args
		assert_failure 2
		assert_output --partial 'usage: learn.sh'
	done
	run "$EXAMPLES/learn.sh" -d nosuch
	assert_failure 1
	run "$EXAMPLES/learn.sh" -m nosuch/m.ssm
	assert_failure 1
	run "$EXAMPLES/learn.sh" --since 2030-01-01
	assert_failure 1
	: >empty
	run "$EXAMPLES/learn.sh" empty
	assert_success
	assert_line --partial 'not switched: no day has 5 decisions'
}
