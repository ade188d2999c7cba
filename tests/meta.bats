#!/usr/bin/env bats
# The programs against what is written about them: option tables, --help,
# manual pages, completions, README; and the tree against its own rules.

load helper

setup() {
	helper_setup
	PROGRAMS=()
	for f in "$ROOT"/cmd/ss-*; do
		f=${f##*/}
		PROGRAMS+=("${f%.c}")
	done
	tab=$'\t'
}

# options PROG: --name, one a line
options() {
	"$1" --help-options | cut -f 1
}

# man_options PROG: what the page describes, as -x and --name: the items of
# its option list and the synopsis
man_options() {
	awk '
		/^\.Sh / { in_synopsis = /SYNOPSIS/; in_description = /DESCRIPTION/ }
		in_synopsis && /^\.Op Fl [a-z]+$/ {
			for (i = 1; i <= length($3); i++)
				print "-" substr($3, i, 1)
			next
		}
		in_synopsis || (in_description && /^\.It Fl /) {
			gsub(/[,|]/, " ")
			for (i = 1; i <= NF; i++)
				if ($i ~ /^-?-[a-z]/ || ($(i - 1) == "Fl" && $i != "Fl"))
					print "-" $i
		}' "$ROOT/man/$1.1" | sort -u
}

# The sources of this project: what git knows, or else what isn't built.
tree() {
	if git -C "$ROOT" rev-parse --show-toplevel >/dev/null 2>&1; then
		git -C "$ROOT" ls-files -co --exclude-standard
	else
		(cd "$ROOT" && find . \( -name build -o -name logs -o \
			-name .git \) -prune -o -type f -print)
	fi
}

@test "every program prints --help and -h on stdout alone and exits 0" {
	for p in "${PROGRAMS[@]}"; do
		run --separate-stderr "$p" --help
		assert_success
		assert_line --index 0 --regexp "^usage: $p "
		assert [ -z "$stderr" ]
		help=$output
		run --separate-stderr "$p" -h
		assert_success
		assert_equal "$output" "$help"
	done
}

@test "every program prints its name and version with --version" {
	version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
	assert [ -n "$version" ]
	for p in "${PROGRAMS[@]}"; do
		run --separate-stderr "$p" --version
		assert_success
		assert_output "$p $version"
		assert [ -z "$stderr" ]
	done
}

@test "--help, --version and --help-options exit 1 when they can't be printed" {
	for p in "${PROGRAMS[@]}"; do
		for o in --help --version --help-options; do
			run bash -c '"$1" "$2" >/dev/full' - "$p" "$o"
			assert_failure 1
			assert_output --partial "$p: "
		done
	done
}

@test "misuse exits 2 with a message and a usage line on stderr alone" {
	for p in "${PROGRAMS[@]}"; do
		run --separate-stderr "$p" --no-such-option </dev/null
		assert_failure 2
		assert [ -z "$output" ]
		assert_regex "$stderr" "^$p: .*no-such-option"
		assert_regex "$stderr" "usage: $p "

		run --separate-stderr "$p" --version=1 </dev/null
		assert_failure 2
		assert [ -z "$output" ]

		# it takes any number of files
		[ "$p" != ss-replay ] || continue
		run --separate-stderr "$p" a b c </dev/null
		assert_failure 2
		assert [ -z "$output" ]
		assert_regex "$stderr" "usage: $p "
	done
}

# misuses PROGRAM OPTION VARIABLE: says what is taken that can't be
misuses() {
	local bad err

	for bad in '' 12x nan -99999999999 1e999 0x10; do
		err=$("$1" "$2=$bad" 2>&1 >/dev/null)
		[ $? = 2 ] && [[ $err == *"usage: $1 "* ]] || echo "$*: '$bad': $err"
	done
	err=$(env "$3=what?" "$1" 2>&1 >/dev/null)
	[ $? = 2 ] && [[ $err == *"$1: $3: "* ]] || echo "$*: $err"
}

@test "an argument that an option can't take is misuse, in the environment too" {
	local checked=0

	for p in "${PROGRAMS[@]}"; do
		while IFS=$tab read -r name _ kind _; do
			case $kind in
			int | real | size | seconds | choice) ;;
			*) continue ;;
			esac
			env=${name#--}
			env=SS_${env//-/_}
			run misuses "$p" "$name" "${env^^}" </dev/null
			assert_output ''
			checked=$((checked + 1))
		done < <("$p" --help-options)
	done
	assert [ "$checked" -ge 10 ]
}

@test "SS_NAME in the environment sets an option, and the option wins" {
	line='{"type":"chat","user":"u","message":"you stupid idiot"}'

	run bash -c "echo '$line' | SS_THRESHOLD=0 ss-moderate"
	assert_output --partial '"toxic":true'
	run bash -c "echo '$line' | SS_THRESHOLD=0 ss-moderate --threshold 1"
	assert_output --partial '"toxic":false'
	run bash -c "echo '$line' | SS_POLICY=block ss-moderate --threshold 0"
	assert_output --partial '"blocked":true'
	run bash -c "echo '$line' |
		SS_POLICY=block ss-moderate --threshold 0 --policy annotate"
	refute_output --partial blocked

	echo "$line" | SS_DIR=there SS_NO_TEE=1 ss-log >out
	assert [ ! -s out ]
	assert [ -d there ]
	echo "$line" | SS_DIR=elsewhere ss-log --dir here >out
	assert [ -s out ]
	assert [ -d here ]
	assert [ ! -e elsewhere ]
}

@test "--help-options has six fields a line, and each name once" {
	kinds='flag|text|file|files|dir|addr|choice|int|real|size|seconds'
	for p in "${PROGRAMS[@]}"; do
		run "$p" --help-options
		assert_success
		for line in "${lines[@]}"; do
			assert_regex "$line" \
				"^--[a-z-]+$tab(-|-[a-z])$tab($kinds)(${tab}[^$tab]+){3}$"
		done
		assert_equal "$(options "$p" | sort | uniq -d)" ''
		for o in help version help-options quiet verbose; do
			assert_line --regexp "^--$o$tab"
		done
	done
}

@test "every option is in --help" {
	for p in "${PROGRAMS[@]}"; do
		help=$("$p" --help)
		for o in $(options "$p"); do
			assert_regex "$help" "(^|[ $tab]|,)$o([ =]|"$'\n'"|$)"
		done
	done
}

@test "manual pages describe every option, and none that isn't there" {
	for p in "${PROGRAMS[@]}"; do
		"$p" --help-options | awk -F '\t' '
			{ print $1 } $2 != "-" { print $2 }' | sort -u >"$p.has"
		man_options "$p" >"$p.man"
		run diff "$p.has" "$p.man"
		assert_success
		# each in the list, not only in the synopsis
		for o in $(options "$p"); do
			run grep -cE "^\.It Fl ([a-zA-Z] , Fl )?-${o#--}( |$)" \
				"$ROOT/man/$p.1"
			assert_output 1
		done
	done
}

@test "manual pages give the option its short name and its argument's name" {
	for p in "${PROGRAMS[@]}"; do
		while IFS=$tab read -r name short _ arg _; do
			want=".It Fl"
			[ "$short" = - ] || want+=" ${short#-} , Fl"
			want+=" ${name#-}"
			[ "$arg" = - ] || want+=" Ar $arg"
			run grep -cxF -- "$want" "$ROOT/man/$p.1"
			assert_output 1
		done < <("$p" --help-options)
	done
}

@test "manual pages have the sections that all have" {
	for p in "${PROGRAMS[@]}"; do
		for s in NAME SYNOPSIS DESCRIPTION ENVIRONMENT 'EXIT STATUS' \
			EXAMPLES 'SEE ALSO'; do
			assert grep -qx "\.Sh $s" "$ROOT/man/$p.1"
		done
		assert grep -qx "\.Nm $p" "$ROOT/man/$p.1"
	done
}

@test "manual pages refer only to pages of ours that exist" {
	while read -r page section; do
		assert [ -f "$ROOT/man/$page.$section" ]
	done < <(sed -nE 's/^\.(It )?Xr ((ss-[a-z]+|safestream) [0-9]).*/\2/p' \
		"$ROOT"/man/*.[157] | sort -u)
}

@test "mandoc has nothing to say about the manual pages" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	# whether other pages are installed is the machine's affair, and so is
	# what stderr says of the list of those, in the middle of a line
	run bash -c 'mandoc -T lint -W style "$@" 2>/dev/null |
		grep -v "referenced manual not found"' - "$ROOT"/man/*.[157]
	assert_output ''
}

@test "the README names every program and links its manual page" {
	for p in "${PROGRAMS[@]}"; do
		assert grep -qF "[\`$p\`](man/$p.1)" "$ROOT/README.md"
	done
	while read -r path; do
		assert [ -e "$ROOT/$path" ]
	done < <(grep -ohE '\]\([a-z/A-Z.0-9_-]+\)' "$ROOT/README.md" \
		"$ROOT/CONTRIBUTING.md" | sed 's/^](\(.*\))$/\1/')
}

# --- completions ------------------------------------------------------------

@test "the completion files are what the programs' options make them" {
	"$ROOT/completions/generate.sh" "$WORK/made"
	for f in ss.bash _ss ss.fish; do
		run diff "$ROOT/completions/$f" "$WORK/made/$f"
		assert_success
	done
}

# bash_complete WORD...: what the last of the words could become. Words are
# cut at = and : as bash does it.
bash_complete() {
	# shellcheck disable=SC2016
	run bash --norc -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ss_complete "$1"
		printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT/completions/ss.bash" "$@"
	assert_success
}

@test "bash completes options, choices, files, folders and addresses" {
	mkdir some_dir
	touch some_file
	bash_complete ss-moderate --pol
	assert_output --policy
	bash_complete ss-moderate --policy ''
	assert_output $'annotate\nmask\nblock'
	bash_complete ss-moderate --policy = m
	assert_output mask
	bash_complete ss-moderate --policy =
	assert_output $'annotate\nmask\nblock'
	bash_complete ss-moderate --rules some
	assert_line some_file
	bash_complete ss-log --dir some
	assert_output some_dir
	bash_complete ss-log -d some
	assert_output some_dir
	bash_complete ss-log -i u
	assert_output unix:
	bash_complete ss-log -i unix : some
	assert_line some_file
	bash_complete ss-log --input = listen : some_f
	assert_output some_file
	bash_complete ss-log --max-size ''
	assert_output ''
	bash_complete /some/where/ss-log --labels --n
	assert_output --no-tee
}

@test "bash has all options of all programs" {
	for p in "${PROGRAMS[@]}"; do
		bash_complete "$p" --
		assert_equal "$(sort <<<"$output")" "$(options "$p" | sort)"
		run bash --norc -c '. "$1"; complete -p "$2"' - \
			"$ROOT/completions/ss.bash" "$p"
		assert_success
		assert_output --partial '-F _ss_complete'
	done
}

@test "fish completes options, choices and addresses" {
	command -v fish >/dev/null || skip "fish is not installed"
	export HOME=$WORK
	fish_complete() {
		# shellcheck disable=SC2016
		run fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
			"$ROOT/completions/ss.fish" "$1"
		assert_success
	}
	fish_complete 'ss-moderate --pol'
	assert_line --regexp '^--policy'
	fish_complete 'ss-moderate --policy '
	assert_equal "$(cut -f 1 <<<"$output")" $'annotate\nblock\nmask'
	fish_complete 'ss-log -i u'
	assert_equal "$(cut -f 1 <<<"$output")" unix:
	touch some_file
	fish_complete 'ss-log -i unix:some'
	assert_equal "$(cut -f 1 <<<"$output")" unix:some_file
	for p in "${PROGRAMS[@]}"; do
		fish_complete "$p --"
		for o in $(options "$p"); do
			assert_line --regexp "^$o=?($tab|$)"
		done
	done
}

@test "zsh completes options and choices" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	mkdir fpath
	cp "$ROOT/completions/_ss" fpath
	# A terminal of its own, in which a line is typed and Tab pressed; the
	# widget prints the line as it is then.
	cat >typist <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PS2= RPS1=; unsetopt beep; fpath=('$PWD'/fpath $fpath)'
zpty -w z 'autoload -Uz compinit; compinit -u -d '$PWD'/dump'
zpty -w z 'show() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show'
zpty -w z 'bindkey "^X" show; bindkey "^I" complete-word; print rea""dy'
zpty -r -m z text '*ready*' || exit 1
zpty -w -n z "$1"$'\t'$'\x18'
zpty -r -m z text '*<<*>>*' || exit 1
text=${text##*<<}
print -r -- "${text%%>>*}"
zpty -d z
END
	run timeout "$(slow 20)" zsh -f typist 'ss-moderate --pol'
	assert_success
	assert_output --regexp '^ss-moderate --policy=?$'
	run timeout "$(slow 20)" zsh -f typist 'ss-moderate --policy=bl'
	assert_success
	assert_output --regexp '^ss-moderate --policy=block ?$'
	for p in "${PROGRAMS[@]}"; do
		run zsh -f -n fpath/_ss
		assert_success
		for o in $(options "$p"); do
			assert grep -qE -- "($o=?\[|$o=?[})'])" fpath/_ss
		done
	done
}

# --- the manual's examples --------------------------------------------------

# examples_of PAGE: writes PAGE.1.sh ... (PAGE.1.skip for those that would run
# for ever) from the displays in EXAMPLES
examples_of() {
	awk -v page="$1" '
		/^\.Sh / { in_examples = ($0 == ".Sh EXAMPLES") }
		!in_examples { next }
		/^\.\\" test: skip$/ { skip = 1 }
		/^\.Bd -literal/ {
			file = page "." ++n "." (skip ? "skip" : "sh")
			skip = 0
			next
		}
		/^\.Ed$/ { if (file) close(file); file = "" }
		file {
			gsub(/\\&/, "")
			gsub(/\\-/, "-")
			gsub(/\\e/, "\\")
			print >file
		}' "$ROOT/man/$1"
}

# Each example is a script of its own in a folder of its own, which has only
# a recorded chat in it.
run_examples() {
	local page=$1 f n=0 failed=0

	start_pipeline
	examples_of "$page"
	for f in "$page".*.skip; do
		[ -e "$f" ] || continue
		bash -n "$f" || failed=1
	done
	for f in "$page".*.sh; do
		[ -e "$f" ] || continue
		n=$((n + 1))
		mkdir "$f.d"
		cp "$ROOT/examples/chat.jsonl" "$f.d"
		if ! (cd "$f.d" && timeout "$(slow 20)" bash -eu "../$f") \
			>"$f.log" 2>&1 3>&- 4>&- </dev/null; then
			echo "--- this example of $page failed:"
			cat "$f"
			echo "--- it printed:"
			tail -n 20 "$f.log"
			failed=1
		fi
	done
	assert [ "$n" -ge 1 ]
	assert [ "$failed" = 0 ]
}

@test "the examples of ss-gateway(1) work" {
	run_examples ss-gateway.1
}

@test "the examples of ss-moderate(1) work" {
	run_examples ss-moderate.1
}

@test "the examples of ss-log(1) work" {
	run_examples ss-log.1
}

@test "the examples of ss-broadcast(1) work" {
	run_examples ss-broadcast.1
}

@test "the examples of ss-dash(1) work" {
	run_examples ss-dash.1
}

@test "the examples of safestream-moderation(7) work" {
	run_examples safestream-moderation.7
}

@test "the examples of ss-ctl(1) work" {
	run_examples ss-ctl.1
}

@test "the examples of ss-gift(1) work" {
	run_examples ss-gift.1
}

@test "the examples of ss-token(1) work" {
	run_examples ss-token.1
}

@test "the examples of ss-replay(1) work" {
	run_examples ss-replay.1
}

@test "the examples of ss-load(1) work" {
	run_examples ss-load.1
}

@test "the examples of ss-train(1) work" {
	run_examples ss-train.1
}

@test "the examples of ss-event(5) work" {
	run_examples ss-event.5
}

@test "the examples of ss-lists(5) work" {
	run_examples ss-lists.5
}

@test "the examples of safestream(7) work" {
	run_examples safestream.7
}

@test "the examples of every manual page are tried" {
	for f in "$ROOT"/man/*.[157]; do
		assert grep -q "run_examples ${f##*/}\$" "$TESTS/meta.bats"
	done
	for p in "${PROGRAMS[@]}"; do
		assert [ -f "$ROOT/man/$p.1" ]
	done
}

# --- the tree ---------------------------------------------------------------

@test "no file has a path of the machine it was made on" {
	cd "$ROOT"
	tree >"$WORK/files"
	assert [ -s "$WORK/files" ]
	# shellcheck disable=SC2016
	run bash -c 'tr "\n" "\0" <"$2" |
		xargs -0 grep -nIE -e "(^|[^A-Za-z0-9_.\$}{)~*/-])$1/" \
			-e "(^|[^A-Za-z0-9_])/(home|Users)/[a-z]" -- /dev/null' - \
		"${ROOT//./\\.}" "$WORK/files"
	assert_output ''
}

@test "arrows point down: lib/ includes nothing of cmd/" {
	run grep -nE '^#include ".*(cmd/|ss-)' "$ROOT"/lib/*.[ch] "$ROOT"/lib/*/*.[ch]
	assert_output ''
	# what a lib file includes with quotes stands in lib/
	cd "$ROOT/lib"
	for f in *.[ch] */*.[ch]; do
		while read -r h; do
			[ -f "$h" ] || assert [ -f "${f%/*}/$h" ]
		done < <(sed -n '/\.inc"$/d; s/^#include "\(.*\)"$/\1/p' "$f")
	done
}

@test "a foreign library is known to one module or program only" {
	cd "$ROOT"
	run grep -lE '#include <(jv|jq)\.h>' -r lib cmd
	refute_output --regexp '^cmd/'
	for f in "${lines[@]}"; do
		assert_regex "$f" '^lib/(filter|event)\.c$'
	done
	run grep -lE '#include <curl/' -r lib cmd
	for f in "${lines[@]}"; do
		assert_equal "$f" lib/libcurl.h
	done
	run grep -lE '#include "(http-impl|libcurl)\.h"' -r lib cmd
	for f in "${lines[@]}"; do
		assert_regex "$f" '^lib/(http|fetch|http-impl|libcurl)\.[ch]$'
	done
	run grep -lE '#include <pcre2' -r lib cmd
	for f in "${lines[@]}"; do
		assert_equal "$f" lib/list/regex.c
	done
	run grep -lE '#include <sqlite3\.h>' -r lib cmd
	assert_equal "$(sort <<<"$output")" $'cmd/ss-dash/range.c\ncmd/ss-log/store.c'
	run grep -lE '#include <(libwebsockets|uv)\.h>' -r lib cmd
	assert_success
	for f in "${lines[@]}"; do
		assert_regex "$f" '^cmd/ss-gateway[./]'
	done
}

@test "lib/ prints and exits in opt, msg, ends and stage alone" {
	cd "$ROOT/lib"
	run grep -nE '\b(printf|fprintf|puts|fputs|perror|exit|_exit|msg_[a-z]+)\(' \
		-r . --include='*.c'
	for line in "${lines[@]}"; do
		assert_regex "$line" '^\./(opt|msg|ends|stage|stage-reject)\.c:'
	done
}

@test "a C file includes its own header first and banned.h last" {
	cd "$ROOT"
	for f in lib/*.c lib/*/*.c cmd/*.c cmd/*/*.c; do
		[ -f "$f" ] || continue
		# what the build makes (.inc) is data
		run grep -E '^#include .*(\.h"|>)$' "$f"
		assert_regex "${lines[-1]}" '^#include "(\.\./)?banned\.h"$'
		h=${f%.c}.h
		[ ! -f "$h" ] || assert_equal "${lines[0]}" "#include \"${h##*/}\""
	done
}

@test "each fuzz target has something to begin with" {
	for f in "$ROOT"/tests/fuzz/*.c; do
		f=${f##*/}
		run find "$ROOT/tests/fuzz/corpus/${f%.c}" -type f -size +0
		assert_success
		assert [ "${#lines[@]}" -gt 1 ]
	done
}

@test "make install puts everything in its place, make uninstall takes it away" {
	local built=${BINDIR%/bin}

	# neither make's variables nor the helper's BINDIR are meant here
	unset MAKEFLAGS MFLAGS MAKELEVEL BINDIR
	[ "$built" = "$ROOT/build" ] || skip "a build that isn't for installing"
	make -s -C "$ROOT" install PREFIX=/usr DESTDIR="$WORK/root"
	for p in "${PROGRAMS[@]}"; do
		run "$WORK/root/usr/bin/$p" --version
		assert_success
		assert [ -f "$WORK/root/usr/share/man/man1/$p.1" ]
		assert [ -f "$WORK/root/usr/share/bash-completion/completions/$p" ]
		assert [ -f "$WORK/root/usr/share/fish/vendor_completions.d/$p.fish" ]
	done
	assert [ -f "$WORK/root/usr/share/man/man7/safestream.7" ]
	assert [ -f "$WORK/root/usr/share/man/man5/ss-event.5" ]
	assert [ -f "$WORK/root/usr/share/zsh/site-functions/_ss" ]
	make -s -C "$ROOT" uninstall PREFIX=/usr DESTDIR="$WORK/root"
	run find "$WORK/root" ! -type d
	assert_output ''
}
