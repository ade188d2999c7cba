#!/usr/bin/env bash
# generate.sh [DIR]: writes ss.bash, _ss and ss.fish into DIR (the folder of
# this script) from what each program says about its options with
# --help-options. The option tables in the programs stay the only place where
# an option is described; the results are checked in, and the tests compare.
#
# Programs are taken from PATH, or else from build/bin.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${here%/*}
out=${1:-$here}
PATH=$PATH:$top/build/bin

progs=()
for f in "$top"/cmd/ss-*; do
	f=${f##*/}
	progs+=("${f%.c}")
done

# each_option PROG FUNCTION: calls FUNCTION PROG LONG SHORT KIND ARG CHOICES
# HELP for each; SHORT is empty where there is none
each_option() {
	local list long short kind arg choices help

	list=$("$1" --help-options)
	while IFS=$'\t' read -r long short kind arg choices help; do
		[ "$short" != - ] || short=
		[ "$arg" != - ] || arg=
		[ "$choices" != - ] || choices=
		"$2" "$1" "${long#--}" "${short#-}" "$kind" "$arg" \
			"$choices" "$help"
	done <<<"$list"
}

# --- bash -----------------------------------------------------------------

bash_option() {
	local spec=$4${6:+:${6// /,}}

	printf '\t\t%s\n' "--$2:$spec"
	[ -z "$3" ] || printf '\t\t%s\n' "-$3:$spec"
}

bash_file() {
	local p

	cat <<'END'
# bash completion for SafeStream. Made by completions/generate.sh from the
# programs' option tables: change those.
# shellcheck shell=bash

# What a program's options take: OPTION:KIND[:CHOICE,CHOICE...]
_ss_options() {
	case $1 in
END
	for p in "${progs[@]}"; do
		printf "\t%s)\n\t\techo '\n" "$p"
		each_option "$p" bash_option
		printf "\t\t'\n\t\t;;\n"
	done
	cat <<'END'
	esac
}

# _ss_reply ARG...: compgen ARG, line by line into COMPREPLY
_ss_reply() {
	local line

	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <(compgen "$@")
}

# unix:PATH: bash has cut the word at the colon
_ss_address() {
	if [[ $2 == : && ($3 == unix || $3 == listen) ]]; then
		compopt -o filenames 2>/dev/null
		_ss_reply -f -- "$1"
		return
	fi
	compopt -o nospace 2>/dev/null
	_ss_reply -W '- unix: listen:' -- "$1"
}

_ss_value() {
	case $1 in
	addr) _ss_address "$3" "$4" "$5" ;;
	choice) _ss_reply -W "${2//,/ }" -- "$3" ;;
	file | files)
		compopt -o filenames 2>/dev/null
		_ss_reply -f -- "$3"
		;;
	dir)
		compopt -o filenames 2>/dev/null
		_ss_reply -d -- "$3"
		;;
	esac
}

_ss_complete() {
	local i=$COMP_CWORD cur prev='' before='' opt spec options kind

	COMPREPLY=()
	options=$(_ss_options "${COMP_WORDS[0]##*/}")
	cur=${COMP_WORDS[i]}
	# the separators = and : are words of their own
	case $cur in
	= | :)
		prev=$cur
		cur=
		;;
	*)
		prev=${COMP_WORDS[i - 1]}
		i=$((i - 1))
		;;
	esac
	if [[ $prev == : && $i -ge 2 ]]; then
		before=${COMP_WORDS[i - 1]}
		i=$((i - 2))
	fi
	opt=${COMP_WORDS[i]}
	[[ $opt == = && $i -ge 1 ]] && opt=${COMP_WORDS[i - 1]}
	for spec in $options; do
		[[ ${spec%%:*} == "$opt" ]] || continue
		kind=${spec#*:}
		[[ $kind == flag ]] && break
		_ss_value "${kind%%:*}" "${kind#*:}" "$cur" "$prev" "$before"
		return
	done
	spec=
	for opt in $options; do
		spec+=" ${opt%%:*}"
	done
	[[ $cur == -* || -z $cur ]] && _ss_reply -W "$spec" -- "$cur"
}

END
	printf 'complete -F _ss_complete'
	printf ' \\\n\t%s' "${progs[@]}"
	echo
}

# --- zsh ------------------------------------------------------------------

zsh_option() {
	local help=$7 action='' names

	help=${help//\\/\\\\}
	help=${help//\[/\\[}
	help=${help//\]/\\]}
	help=${help//:/\\:}
	help=${help//\'/\'\\\'\'}
	case $4 in
	flag) ;;
	addr) action=":$5:_ss_address" ;;
	file | files) action=":$5:_files" ;;
	dir) action=":$5:_files -/" ;;
	choice) action=":$5:($6)" ;;
	*) action=":$5: " ;;
	esac
	if [ "$4" = files ]; then
		names="'*--$2='"
	elif [ "$4" = flag ]; then
		names=${3:+"'(-$3 --$2)'{-$3,--$2}"}
		names=${names:-"'--$2'"}
	else
		names=${3:+"'(-$3 --$2)'{-$3+,--$2=}"}
		names=${names:-"'--$2='"}
	fi
	printf " \\\\\n\t\t\t%s'[%s]%s'" "$names" "$help" "$action"
}

zsh_file() {
	local p

	echo "#compdef ${progs[*]}"
	cat <<'END'
# zsh completion for SafeStream. Made by completions/generate.sh from the
# programs' option tables: change those.

_ss_address() {
	if compset -P '(unix|listen):'; then
		_files
	else
		compadd -- -
		compadd -S '' -- unix: listen:
	fi
}

_ss() {
	case $service in
END
	for p in "${progs[@]}"; do
		printf '\t%s)\n\t\t_arguments -s -S' "$p"
		each_option "$p" zsh_option
		printf '\n\t\t;;\n'
	done
	cat <<'END'
	esac
}

_ss "$@"
END
}

# --- fish -----------------------------------------------------------------

fish_option() {
	local help=$7 take

	help=${help//\\/\\\\}
	help=${help//\'/\\\'}
	case $4 in
	flag) take= ;;
	addr) take=" -x -a '(__ss_address)'" ;;
	file | files) take=' -r -F' ;;
	dir) take=" -x -a '(__fish_complete_directories (commandline -ct))'" ;;
	choice) take=" -x -a '$6'" ;;
	*) take=' -x' ;;
	esac
	printf "complete -c %s%s -l %s%s -d '%s'\n" "$1" "${3:+ -s $3}" "$2" \
		"$take" "$help"
}

fish_file() {
	local p

	cat <<'END'
# fish completion for SafeStream. Made by completions/generate.sh from the
# programs' option tables: change those.

function __ss_address
	set -l word (string replace -r '^(--[a-z-]+=|-[a-z])' '' -- \
		(commandline -ct))
	set -l kind (string match -r '^(?:unix|listen):' -- $word)
	if test -z "$kind"
		printf '%s\n' - unix: listen:
		return
	end
	set -l path (string replace -- $kind '' $word)
	for f in (__fish_complete_path $path)
		echo $kind$f
	end
end

END
	for p in "${progs[@]}"; do
		echo "complete -c $p -f"
		each_option "$p" fish_option
	done
}

# All three are made before any is replaced: a program that fails leaves the
# old ones alone.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bash_file >"$tmp/ss.bash"
zsh_file >"$tmp/_ss"
fish_file >"$tmp/ss.fish"
mkdir -p "$out"
cp "$tmp/ss.bash" "$tmp/_ss" "$tmp/ss.fish" "$out"
