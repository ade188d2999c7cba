#!/usr/bin/env bash
# learn.sh [OPTION...] [FILE...]: a better model from what moderators did. It
# reads the log: messages that were deleted or denied, and what somebody wrote
# just before he was muted, kicked or banned, are toxic; messages that were
# approved, and what somebody wrote before a mute that was soon taken back, are
# harmless; so is what was left standing on a day on which somebody moderated.
# From all days but the newest it tunes a model, and compares that with the one
# in force on the newest. Only where more decisions got better than worse, by
# more than chance, the model is put in place and ss-moderate told to read it.
#
# Masked messages are left out: the log doesn't have what was written.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-train >/dev/null || PATH=$here/../build/bin:$PATH

usage() {
	cat <<'END'
usage: learn.sh [OPTION...] [FILE...]

A model from moderators' decisions, put in place if it is better.

  -m, --model MODEL     the model in use, to be replaced (chat.ssm); where
                        there is none yet, the one that ships is in force
  -d, --dir DIR         the log's folder (logs); FILEs are read instead of it
      --since DAY       from this day on, as 2026-11-23
      --until DAY       up to this day
      --held-out DAY    the day to compare on (the newest with decisions)
      --base DATA       train anew on this labelled file, too, instead of
                        tuning the model that ships; may be repeated
      --check DATA      a labelled file on which the model may not get worse
      --threshold SCORE toxic from this score on (0.6)
      --window SECONDS  what was written so long before a mute counts (60)
      --regret SECONDS  a mute taken back so soon was a mistake (600)
      --least N         toxic rows needed, to learn and to compare (5)
      --keep FILE       keep the labelled rows there, as NDJSON
      --pid PID         the ss-moderate to tell; the default is each of yours
                        that runs with --model MODEL
  -n, --dry-run         compare only
  -h, --help            this
END
}

die() {
	echo "learn.sh: $*" >&2
	exit 1
}

misuse() {
	echo "learn.sh: $*" >&2
	echo 'usage: learn.sh [OPTION...] [FILE...]' >&2
	exit 2
}

is_day() {
	[[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]]
}

is_number() {
	[[ $1 =~ ^[0-9]+(\.[0-9]+)?$ ]]
}

model=${SS_MODEL:-chat.ssm} dir=${SS_DIR:-logs} since='' until=''
held='' base=() check='' threshold=${SS_THRESHOLD:-0.6} window=60 regret=600
least=5 keep='' pid='' dry=0
args=$(getopt -n learn.sh -o m:d:nh -l model:,dir:,since:,until:,held-out: \
	-l base:,check:,threshold:,window:,regret:,least:,keep:,pid: \
	-l dry-run,help -- "$@") || misuse 'see learn.sh --help'
eval set -- "$args"
while [ "$1" != -- ]; do
	case $1 in
	-m | --model) model=$2 ;;
	-d | --dir) dir=$2 ;;
	--since) since=$2 ;;
	--until) until=$2 ;;
	--held-out) held=$2 ;;
	--base) base+=("$2") ;;
	--check) check=$2 ;;
	--threshold) threshold=$2 ;;
	--window) window=$2 ;;
	--regret) regret=$2 ;;
	--least) least=$2 ;;
	--keep) keep=$2 ;;
	--pid) pid=$2 ;;
	-n | --dry-run) dry=1 ;;
	-h | --help)
		usage
		exit
		;;
	esac
	case $1 in
	-n | --dry-run) shift ;;
	*) shift 2 ;;
	esac
done
shift
for d in "$since" "$until" "$held"; do
	[ -z "$d" ] || is_day "$d" || misuse "$d: not a day like 2026-11-23"
done
for n in "$threshold" "$window" "$regret"; do
	is_number "$n" || misuse "$n: not a number"
done
[[ $least =~ ^[1-9][0-9]{0,8}$ ]] || misuse "$least: not a number from 1 on"
[[ $pid =~ ^[0-9]*$ ]] || misuse "$pid: not a process id"
[ -d "$(dirname "$model")" ] || die "$model: no such folder"

tmp=$(mktemp -d)
candidate=
trap 'rm -rf "$tmp"; [ -z "$candidate" ] || rm -f "$candidate"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The log's files, the oldest events first: chat_DAY.jsonl.2, .1, then the day's
# own; gzipped by somebody or not.
log_files() {
	local f name day n

	for f in "$dir"/chat_????-??-??.jsonl*; do
		name=${f##*/chat_}
		day=${name:0:10} n=${name:10}
		n=${n#.jsonl} n=${n%.gz} n=${n#.}
		if ! [[ $n =~ ^[0-9]*$ ]] || [ ! -f "$f" ]; then
			continue
		fi
		[[ -z $since || ! $day < $since ]] || continue
		[[ -z $until || ! $day > $until ]] || continue
		printf '%s\t%d\t%s\n' "$day" "$((10#0$n))" "$f"
	done | sort -t $'\t' -k 1,1 -k 2,2nr | cut -f 3-
}

if [ $# -gt 0 ]; then
	files=("$@")
else
	[ -d "$dir" ] || die "$dir: no such folder"
	mapfile -t files < <(log_files)
	[ ${#files[@]} -gt 0 ] || die "$dir: no log of these days"
fi

events() {
	gzip -cdf -- "${files[@]}"
}

# First what was decided, which is little, then the messages it was about.
events >"$tmp/log" || die 'the log cannot be read'
LC_ALL=C grep -aE '"(delete|deny|approve|mute|kick|ban|unmute|unban)"' \
	"$tmp/log" >"$tmp/some" || :
jq -Rc 'fromjson? | objects
	| select(.type | IN("delete", "deny", "approve", "mute", "kick", "ban",
		"unmute", "unban"))
	| { type, target, user, ts }' "$tmp/some" >"$tmp/decisions"

# One line a message that a decision is about, or was left standing: a label,
# how it got that, the day, the text as JSON.
# shellcheck disable=SC2016
jq -nRr --slurpfile decided "$tmp/decisions" --argjson window "$window" \
	--argjson regret "$regret" --arg since "$since" --arg until "$until" '
	def time: if type == "string" and
			test("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d")
		then (try (.[0:19] + "Z" | fromdateiso8601) catch null)
		else null end;
	def marks(f): reduce ($decided[] | select(f) | .target | strings) as $t
		({}; .[$t] = true);
	# of approve and deny the first counts
	(reduce ($decided[] | select(.type == "approve" or .type == "deny")
		| select(.target | type == "string")) as $d
		({}; .[$d.target] //= $d.type)) as $held |
	marks(.type == "delete") as $deleted |
	($decided | map(select(.user | type == "string") | .at = (.ts | time)
		| select(.at != null))) as $timed |
	(reduce ($timed[] | select(.type | IN("mute", "kick", "ban"))) as $m
		({}; .[$m.user] += [$m.at])) as $punished |
	(reduce ($timed[] | select(.type | IN("unmute", "unban"))) as $m
		({}; .[$m.user] += [$m.at])) as $freed |
	([$decided[] | .ts | strings | .[0:10]] | unique
		| map({ (.): true }) | add // {}) as $moderated |

	inputs | fromjson? | objects | select(.type == "chat")
	| (.message | strings) as $text
	| (.ts | if type == "string" then . else "" end) as $ts
	| $ts[0:10] as $day
	| select(($since == "" or $day >= $since) and
		($until == "" or $day <= $until))
	| (.id | if type == "string" then . else "" end) as $id
	| (.user | if type == "string" then . else "" end) as $user
	| ($ts | time) as $at
	| ([$punished[$user] // [] | .[]
		| select($at != null and . >= $at and . - $at <= $window)]
		| min) as $mute
	| (if $mute == null then null
		else [$freed[$user] // [] | .[]
			| select(. >= $mute and . - $mute <= $regret)]
			| length > 0 end) as $back
	| (if .masked == true then [0, "masked"]
		elif $deleted[$id] then [1, "deleted"]
		elif $held[$id] == "deny" then [1, "denied"]
		elif $held[$id] == "approve" or (.approved | type == "string")
			then [0, "approved"]
		elif $back == true then [0, "pardoned"]
		elif $back == false then [1, "punished"]
		elif $moderated[$day] and .toxic != true and
			.blocked != true and .held != true
			then [0, "standing"]
		else [0, "unknown"] end)
	| "\(.[0])\t\(.[1])\t\($day)\t\($text | tojson)"' \
	"$tmp/log" >"$tmp/messages"

how_many() {
	awk -F '\t' -v how="$1" '$2 == how { n++ } END { print n + 0 }' \
		"$tmp/messages"
}

echo "messages: $(wc -l <"$tmp/messages")" \
	"in ${#files[@]} files; toxic: $(how_many deleted) deleted," \
	"$(how_many denied) denied, $(how_many punished) before a mute, kick" \
	"or ban; harmless: $(how_many approved) approved," \
	"$(how_many pardoned) before a mute taken back, $(how_many standing)" \
	"left standing; not used: $(how_many masked) masked," \
	"$(how_many unknown) others"

stay() {
	echo "not switched: $*"
	exit 0
}

if [ -z "$held" ]; then
	held=$(awk -F '\t' -v least="$least" '$1 == 1 { n[$3]++ }
		END { for (d in n) if (n[d] >= least && d > newest) newest = d
		print newest }' "$tmp/messages")
	[ -n "$held" ] ||
		stay "no day has $least decisions about toxic messages"
fi

# rows PART: each text once, as the majority of what became of it says
rows() {
	awk -F '\t' -v held="$held" -v part="$1" '
		$2 != "masked" && $2 != "unknown" &&
		($3 == held) == (part == "held")' "$tmp/messages" |
		LC_ALL=C sort -t $'\t' -k 4 | awk -F '\t' '
		function put() {
			if (toxic != harmless)
				printf "{\"message\":%s,\"toxic\":%s," \
					"\"source\":\"log\"}\n", text,
					(toxic > harmless ? "true" : "false")
			toxic = harmless = 0
		}
		NR > 1 && $4 != text { put() }
		{ text = $4; if ($1) toxic++; else harmless++ }
		END { if (NR) put() }'
}

rows rest >"$tmp/train.ndjson"
rows held >"$tmp/held.ndjson"
[ -z "$keep" ] || cat "$tmp/train.ndjson" "$tmp/held.ndjson" >"$keep"

is_toxic() {
	grep -c '"toxic":true,"source":"log"}$' "$1" || :
}
trained=$(is_toxic "$tmp/train.ndjson")
toxic=$(is_toxic "$tmp/held.ndjson")
harmless=$(($(wc -l <"$tmp/held.ndjson") - toxic))
echo "to learn from: $trained toxic and" \
	"$(($(wc -l <"$tmp/train.ndjson") - trained)) harmless texts;" \
	"held out, $held: $toxic and $harmless"
[ "$trained" -ge "$least" ] || stay "fewer than $least toxic texts to learn from"
[ "$toxic" -ge "$least" ] || stay "fewer than $least toxic texts to compare on"
[ "$harmless" -ge "$least" ] ||
	stay "fewer than $least harmless texts to compare on"

# What is set for a moderator's run doesn't belong in a comparison of models.
for v in $(compgen -e SS_); do
	unset "$v"
done

candidate=$model.candidate
if [ ${#base[@]} -gt 0 ]; then
	ss-train -q -o "$tmp/base" "${base[@]}" "$tmp/train.ndjson"
	ss-train -q --tune --model "$tmp/base" -o "$candidate" \
		"$tmp/train.ndjson"
else
	ss-train -q --tune -o "$candidate" "$tmp/train.ndjson"
fi

# decisions NAME [OPTION...]: of a model on the held-out day, a line a text:
# 1 where it is right. figures: its AUC, toxic texts caught, harmless flagged
jq -c '{ type: "chat", message }' "$tmp/held.ndjson" >"$tmp/held.events"
jq .toxic "$tmp/held.ndjson" >"$tmp/held.truth"
decisions() {
	local name=$1
	shift
	ss-moderate --threshold "$threshold" "$@" <"$tmp/held.events" |
		jq .toxic | paste -d ' ' "$tmp/held.truth" - >"$tmp/$name.both"
	ss-train --eval "$tmp/held.ndjson" --json "$@" | jq '
		select(.group == "all" and .head == "toxicity") | .auc' \
		>"$tmp/$name.auc"
	printf '%-10s AUC %.4f, caught %d of %d, wrongly flagged %d of %d\n' \
		"$name" "$(cat "$tmp/$name.auc")" \
		"$(grep -cx 'true true' "$tmp/$name.both")" "$toxic" \
		"$(grep -cx 'false true' "$tmp/$name.both")" "$harmless"
}

# compare NAME: how the candidate's decisions differ: better, worse, and how
# likely it is that a coin does it as well (the sign test)
compare() {
	paste -d ' ' "$tmp/$1.both" "$tmp/candidate.both" | awk '
		$2 != $4 { if ($4 == $1) better++; else worse++ }
		END {
			n = better + worse
			term = -n * log(2)
			for (k = n; k >= better; k--) {
				p += exp(term)
				if (k > 0)
					term += log(k) - log(n - k + 1)
			}
			printf "%d %d %.3g\n", better, worse, n ? p : 1
		}'
}

rivals=(shipped)
decisions shipped
if [ -e "$model" ]; then
	rivals+=(in-force)
	decisions in-force --model "$model"
fi
decisions candidate --model "$candidate"

for rival in "${rivals[@]}"; do
	read -r better worse p < <(compare "$rival")
	echo "against $rival: $better decisions better, $worse worse (p = $p)"
	[ $((better + worse)) -gt 0 ] ||
		stay "the candidate decides like the one ${rival/shipped/that ships}"
	awk -v p="$p" -v b="$better" -v w="$worse" \
		'BEGIN { exit !(b > w && p < 0.01) }' ||
		stay "no more better than chance would have it"
	awk -v a="$(cat "$tmp/$rival.auc")" -v b="$(cat "$tmp/candidate.auc")" \
		'BEGIN { exit !(b >= a) }' || stay 'its AUC is lower'
done

# on FILE [OPTION...]: AUC and the share of harmless chat flagged, there
checked() {
	ss-train --eval "$check" --json "$@" | jq -rs '
		(map(select(.group == "all" and .head == "toxicity") | .auc)[0]
			// 0),
		(map(select(.type == "flagged" and .at == 0.6)
			| .flagged / .rows)[0] // 0)' | xargs
}
if [ -n "$check" ]; then
	read -r old_auc old_flagged < <(checked)
	read -r new_auc new_flagged < <(checked --model "$candidate")
	printf '%s: AUC %.4f, was %.4f; harmless flagged %.2f %%, was %.2f %%\n' \
		"$check" "$new_auc" "$old_auc" \
		"$(awk -v x="$new_flagged" 'BEGIN { print 100 * x }')" \
		"$(awk -v x="$old_flagged" 'BEGIN { print 100 * x }')"
	awk -v a="$old_auc" -v b="$new_auc" -v f="$old_flagged" \
		-v g="$new_flagged" \
		'BEGIN { exit !(b >= a - 0.005 && g <= f + 0.005) }' ||
		stay "it got worse on $check"
fi

[ "$dry" = 0 ] || stay 'it is better, but this is a dry run'
[ ! -e "$model" ] || cp -p -- "$model" "$model.old"
mv -f -- "$candidate" "$model"
candidate=
echo "switched: $model"

# moderators: the process ids of those that have been given this model
moderators() {
	local p wd name args i

	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = ss-moderate ] || continue
		wd=$(readlink "$p/cwd" 2>/dev/null) || continue
		name=$(tr '\0' '\n' <"$p/environ" 2>/dev/null |
			sed -n 's/^SS_MODEL=//p') || continue
		mapfile -d '' -t args <"$p/cmdline"
		for ((i = 1; i < ${#args[@]}; i++)); do
			case ${args[i]} in
			--model) name=${args[i + 1]-} ;;
			--model=*) name=${args[i]#*=} ;;
			esac
		done
		[ -n "$name" ] || continue
		[[ $name = /* ]] || name=$wd/$name
		[ ! "$name" -ef "$model" ] || echo "${p#/proc/}"
	done
}

told=0
for p in ${pid:-$(moderators)}; do
	if kill -HUP "$p" 2>/dev/null; then
		echo "told ss-moderate, process $p"
		told=1
	elif [ -n "$pid" ]; then
		die "process $pid: cannot be told"
	fi
done
[ "$told" = 1 ] ||
	echo "no ss-moderate runs with it: start it with --model $model"
