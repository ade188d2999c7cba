# bash completion for SafeStream. Made by completions/generate.sh from the
# programs' option tables: change those.
# shellcheck shell=bash

# What a program's options take: OPTION:KIND[:CHOICE,CHOICE...]
_ss_options() {
	case $1 in
	ss-broadcast)
		echo '
		--input:addr
		-i:addr
		--output:addr
		-o:addr
		--history:int
		--max-lag:size
		--log:dir
		--print:flag
		--metrics:text
		--reject:file
		--drain-timeout:seconds
		--ready-fd:int
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-ctl)
		echo '
		--control:text
		--url:text
		--token-file:file
		--output:addr
		-o:addr
		--by:text
		--room:text
		--reason:text
		--address:text
		--key:text
		--wait:flag
		--timeout:seconds
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-dash)
		echo '
		--input:addr
		-i:addr
		--addr:text
		--port:int
		-p:int
		--jwt-key:files
		--audience:text
		--host:files
		--by:text
		--control:file
		--stages:dir
		--db:file
		--history:int
		--www:dir
		--metrics:text
		--ready-fd:int
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-gateway)
		echo '
		--input:addr
		-i:addr
		--output:addr
		-o:addr
		--gather:int
		--io-uring:choice:auto,off
		--control:text
		--addr:text
		--port:int
		-p:int
		--workers:int
		--max-connections:int
		--tls-cert:file
		--tls-key:file
		--max-lag:size
		--history:int
		--delay:seconds
		--ping:seconds
		--idle-timeout:seconds
		--jwt-key:files
		--audience:text
		--protect:text
		--rate:real
		--burst:int
		--repeat-after:seconds
		--address-rate:real
		--room-rate:real
		--gift-rate:real
		--connect-rate:real
		--max-per-address:int
		--origin:text
		--cors:text
		--trust-proxy:text
		--drain-timeout:seconds
		--ready-fd:int
		--user:text
		--echo:text
		--no-sandbox:flag
		--www:text
		--metrics:text
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-gift)
		echo '
		--from:text
		--gift-id:int
		--amount:int
		--room:text
		--key:text
		--random:flag
		--interval:seconds
		--jitter:flag
		--count:int
		--streak:int
		--seed:int
		--url:text
		--retries:int
		--timeout:seconds
		--token-file:file
		--stdout:flag
		--output:addr
		-o:addr
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-load)
		echo '
		--url:text
		--viewers:int
		--senders:int
		--rate:real
		--max:flag
		--window:int
		--size:int
		--duration:seconds
		--warmup:seconds
		--ramp:seconds
		--rooms:int
		--gifts:real
		--churn:real
		--slow:int
		--ndjson:flag
		--token-key:file
		--audience:text
		--pid:text
		--json:flag
		--svg:file
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-log)
		echo '
		--input:addr
		-i:addr
		--output:addr
		-o:addr
		--dir:dir
		-d:dir
		--max-size:size
		--keep:int
		--sync:choice:gift,batch,none
		--no-tee:flag
		--db:text
		--rebuild-db:flag
		--metrics:text
		--reject:file
		--drain-timeout:seconds
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-moderate)
		echo '
		--input:addr
		-i:addr
		--output:addr
		-o:addr
		--threshold:real
		--profile:choice:strict,normal,lenient
		--policy:choice:annotate,mask,block
		--hold:int
		--level:files
		--rules:file
		--blocklist:files
		--allowlist:files
		--model:file
		--labels:flag
		--explain:flag
		--ask:text
		--ask-format:choice:detoxify,openai,perspective
		--band:text
		--ask-timeout:seconds
		--ask-fail:choice:open,closed
		--ask-key-file:file
		--ask-model:text
		--ask-max:int
		--state:text
		--stats:flag
		--metrics:text
		--jobs:int
		--reject:file
		--drain-timeout:seconds
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-replay)
		echo '
		--output:addr
		-o:addr
		--from:text
		--to:text
		--from-seq:int
		--to-seq:int
		--speed:real
		--new-ids:flag
		--room:text
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-token)
		echo '
		--key:file
		-k:file
		--sub:text
		--role:choice:viewer,subscriber,moderator,streamer,admin
		--ttl:seconds
		--nbf:seconds
		--aud:text
		--room:files
		--kid:text
		--alg:choice:hs256,rs256,es256,eddsa
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
	ss-train)
		echo '
		--output:file
		-o:file
		--seed:int
		--epochs:int
		--eval:file
		--model:file
		--tune:flag
		--svg:file
		--json:flag
		--disguised:flag
		--quiet:flag
		-q:flag
		--verbose:flag
		-v:flag
		--help:flag
		-h:flag
		--version:flag
		--help-options:flag
		'
		;;
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

complete -F _ss_complete \
	ss-broadcast \
	ss-ctl \
	ss-dash \
	ss-gateway \
	ss-gift \
	ss-load \
	ss-log \
	ss-moderate \
	ss-replay \
	ss-token \
	ss-train
