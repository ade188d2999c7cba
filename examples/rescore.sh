#!/usr/bin/env bash
# rescore.sh [OPTION...] [FILE...]: yesterday's log, or FILEs, through another
# model or policy: how many verdicts would change, and which. It takes the
# options of ss-moderate, too:
#
#	rescore.sh --model new.ssm
#	rescore.sh --since 2026-11-01 --threshold 0.5 --policy block
#
# Left alone are messages that were approved, and masked ones, whose words the
# log doesn't have any more.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../build/bin:$PATH

usage() {
	cat <<'END'
usage: rescore.sh [OPTION...] [FILE...]

What another model or policy would have made of yesterday's log.

  -d, --dir DIR      the log's folder (logs); FILEs are read instead of it
      --since TIME   from then on: 2026-11-23, or 2026-11-23T18:30
      --until TIME   up to then, that day or minute included
      --examples N   show so many of each kind of change (5)
      --changed FILE write the events that change there, as NDJSON, with the
                     old verdict as "was"
  -h, --help         this

All other options are ss-moderate's: --model, --policy, --threshold, --rules ...
END
}

die() {
	echo "rescore.sh: $*" >&2
	exit 1
}

misuse() {
	echo "rescore.sh: $*" >&2
	echo 'usage: rescore.sh [OPTION...] [FILE...]' >&2
	exit 2
}

dir=${SS_DIR:-logs} since='' until='' examples=5 changed='' files=()
options=()
known=$(ss-moderate --help-options) || die 'ss-moderate does not run'

# The value of option $1, if it is one that takes one: 1 value, 0 none,
# anything else: not an option
takes() {
	awk -F '\t' -v o="$1" '$1 == o || ($2 == o && o != "-") {
		print $3 == "flag" ? 0 : 1 }' <<<"$known"
}

while [ $# -gt 0 ]; do
	case $1 in
	--dir=* | --since=* | --until=* | --examples=* | --changed=*)
		set -- "${1%%=*}" "${1#*=}" "${@:2}"
		;;
	esac
	case $1 in
	-d | --dir | --since | --until | --examples | --changed)
		[ $# -ge 2 ] || misuse "$1 needs a value"
		;;
	esac
	case $1 in
	-d | --dir) dir=$2 && shift ;;
	--since) since=$2 && shift ;;
	--until) until=$2 && shift ;;
	--examples) examples=$2 && shift ;;
	--changed) changed=$2 && shift ;;
	-h | --help)
		usage
		exit
		;;
	--)
		files+=("${@:2}")
		break
		;;
	-i | -o | --input* | --output* | --stats | --version | --help-options)
		misuse "$1: not here"
		;;
	-?*)
		case $(takes "${1%%=*}") in
		0) options+=("$1") ;;
		1)
			options+=("$1")
			if [[ $1 != *=* ]]; then
				[ $# -ge 2 ] || misuse "$1 needs a value"
				options+=("$2")
				shift
			fi
			;;
		*) misuse "$1: no such option" ;;
		esac
		;;
	*) files+=("$1") ;;
	esac
	shift
done
time='^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]*Z?)?$'
for t in "$since" "$until"; do
	[[ -z $t || $t =~ $time ]] || misuse "$t: not a time like 2026-11-23"
done
[[ $examples =~ ^[0-9]{1,6}$ ]] || misuse "$examples: not a number"
since=${since%Z} until=${until%Z}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

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
		[[ -z $since || ! $day < ${since:0:10} ]] || continue
		[[ -z $until || ! $day > ${until:0:10} ]] || continue
		printf '%s\t%d\t%s\n' "$day" "$((10#0$n))" "$f"
	done | sort -t $'\t' -k 1,1 -k 2,2nr | cut -f 3-
}

if [ ${#files[@]} -eq 0 ]; then
	if [ -z "$since$until" ]; then
		since=$(date -u -d yesterday +%F)
		until=$since
	fi
	[ -d "$dir" ] || die "$dir: no such folder"
	mapfile -t files < <(log_files)
	[ ${#files[@]} -gt 0 ] ||
		die "$dir: no log of ${since:-the beginning} to ${until:-now}"
fi
for f in "${files[@]}"; do
	if [ ! -r "$f" ] || [ -d "$f" ]; then
		die "$f: cannot be read"
	fi
done

# What can be judged again carries its old verdict as "was"; the rest becomes a
# note, and a note passes ss-moderate as it is.
# shellcheck disable=SC2016
prepare='
	def skip($why): { type: "rescore", $why };
	inputs | (fromjson? // null) as $e
	| if ($e | type) != "object" then skip("no event")
	else $e | (.ts | if type == "string" then . else "" end) as $ts
	| if ($since != "" and $ts < $since) or
		($until != "" and $ts[0:($until | length)] > $until)
		then skip("outside")
	elif .type != "chat" then skip("no chat")
	elif (.message | type) != "string" then skip("no chat")
	elif .approved | type == "string" then skip("approved")
	elif .masked == true then skip("masked")
	elif .toxic | type != "boolean" then skip("no verdict")
	else .was = ({ toxic, score, labels, blocked, reason }
		| with_entries(select(.value != null))) end end'

# Old and new verdict and, where they differ, how far and what was said.
# shellcheck disable=SC2016
compare='
	def verdict: if .blocked == true then "blocked"
		elif .masked == true then "masked"
		elif .toxic == true then "toxic" else "clean" end;
	def number: if type == "number" then . else 0 end;
	def plain: tostring
		| gsub("[\\p{Cc}\\p{Cf}\\x{2028}\\x{2029}]"; "?")
		| if length > 120 then .[0:119] + "…" else . end;
	if .type == "rescore" then "skip\t" + .why
	else (.was | verdict) as $old | verdict as $new
	| (.score - (.was.score | number)) as $by
	| "\($old)\t\($new)" + if $old == $new then "" else
		"\t\($by | fabs)\t\(.was.score // "none") -> \(.score)" +
		"\t\(.user // "-" | plain): " +
		"\(.was_message // .message | plain)" end end'

# The old words are shown where the new policy masks them.
# shellcheck disable=SC2016
judge() {
	gzip -cdf -- "${files[@]}" |
		jq -nRc --arg since "$since" --arg until "$until" \
			"$prepare | if .was then .was_message = .message
			else . end" |
		ss-moderate "${options[@]}"
}

status=0
if [ -n "$changed" ]; then
	judge | tee "$tmp/judged" | jq -r "$compare" >"$tmp/verdicts" ||
		status=1
	jq -c 'def verdict: [.toxic == true, .blocked == true,
			.masked == true];
		select(.was and verdict != (.was | verdict))
		| del(.was_message)' "$tmp/judged" >"$changed"
else
	judge | jq -r "$compare" >"$tmp/verdicts" || status=1
fi
[ "$status" = 0 ] || [ -s "$tmp/verdicts" ] || exit 1

# What went in and didn't come out was dropped by a rule or rejected.
read_in=$(gzip -cdf -- "${files[@]}" | LC_ALL=C grep -c '' || :)
awk -F '\t' -v files=${#files[@]} -v read_in="$read_in" '
	function row(old, i, n, sum, line) {
		line = sprintf("  was %-9s", old)
		for (i = 1; i <= 4; i++) {
			n = count[old, name[i]] + 0
			sum += n
			line = line sprintf("%9d", n)
		}
		if (sum)
			print line
	}
	BEGIN { split("clean toxic masked blocked", name, " ") }
	$1 == "skip" { skip[$2]++; next }
	{ count[$1, $2]++; n++; if ($1 != $2) { kind[$1 " -> " $2]++; changed++ } }
	END {
		gone = read_in - NR
		printf "%d messages from %d files judged again, %d changed\n",
			n, files, changed
		printf "left alone: %d approved, %d masked (what was written " \
			"is not in the log), %d without a verdict", \
			skip["approved"], skip["masked"], skip["no verdict"]
		if (gone > 0)
			printf "; dropped or rejected now: %d", gone
		if (skip["no event"])
			printf "; not an event: %d", skip["no event"]
		printf "\n\n  %-13s", "now"
		for (i = 1; i <= 4; i++)
			printf "%9s", name[i]
		printf "\n"
		row("clean"); row("toxic"); row("blocked")
	}' "$tmp/verdicts"

# Of each kind of change those first where the score moved most.
awk -F '\t' 'NF > 2' "$tmp/verdicts" |
	LC_ALL=C sort -t $'\t' -k 1,2 -k 3,3gr |
	awk -F '\t' -v most="$examples" '
	$1 " -> " $2 != kind {
		if (n > most)
			printf "  and %d more\n", n - most
		kind = $1 " -> " $2
		n = 0
		printf "\n%s\n", kind
	}
	++n <= most { printf "  %s  %s\n", $4, $5 }
	END { if (n > most) printf "  and %d more\n", n - most }'
exit "$status"
