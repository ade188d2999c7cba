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

complete -c ss-broadcast -f
complete -c ss-broadcast -s i -l input -x -a '(__ss_address)' -d 'read lines from ADDR: -, unix:PATH or listen:PATH'
complete -c ss-broadcast -s o -l output -x -a '(__ss_address)' -d 'write lines to ADDR: -, unix:PATH or listen:PATH'
complete -c ss-broadcast -l history -x -d 'newest events kept for late comers (1000)'
complete -c ss-broadcast -l max-lag -x -d 'cut off a subscriber so far behind (8M)'
complete -c ss-broadcast -l log -x -a '(__fish_complete_directories (commandline -ct))' -d 'fill what was missed from ss-log\'s files in DIR (logs)'
complete -c ss-broadcast -l print -d 'copy every line to stdout as well'
complete -c ss-broadcast -l reject -r -F -d 'append bad lines to FILE, verbatim'
complete -c ss-broadcast -l drain-timeout -x -d 'how long a stop may wait for the output (2s)'
complete -c ss-broadcast -l ready-fd -x -d 'write a newline to descriptor N when listening'
complete -c ss-broadcast -s q -l quiet -d 'no warnings'
complete -c ss-broadcast -s v -l verbose -d 'say more'
complete -c ss-broadcast -s h -l help -d 'print this and exit'
complete -c ss-broadcast -l version -d 'print the version and exit'
complete -c ss-broadcast -l help-options -d 'print the options for completion scripts and exit'
complete -c ss-gateway -f
complete -c ss-gateway -s i -l input -x -a '(__ss_address)' -d 'read events from ADDR (the bus)'
complete -c ss-gateway -s o -l output -x -a '(__ss_address)' -d 'write lines to ADDR: -, unix:PATH or listen:PATH'
complete -c ss-gateway -l addr -x -d 'address to listen on (127.0.0.1)'
complete -c ss-gateway -s p -l port -x -d 'port to listen on; 0: any free one (8000)'
complete -c ss-gateway -l max-connections -x -d 'viewers at once; more get 503 (10000)'
complete -c ss-gateway -l max-lag -x -d 'bytes that may wait for one viewer (1M)'
complete -c ss-gateway -l history -x -d 'newest events kept for late comers (1000)'
complete -c ss-gateway -l ping -x -d 'ping a viewer so often (25s)'
complete -c ss-gateway -l idle-timeout -x -d 'drop one who answers no ping for TIME (35s)'
complete -c ss-gateway -l drain-timeout -x -d 'how long a stop may wait for the output (2s)'
complete -c ss-gateway -l ready-fd -x -d 'write a newline to descriptor N when listening'
complete -c ss-gateway -s q -l quiet -d 'no warnings'
complete -c ss-gateway -s v -l verbose -d 'say more'
complete -c ss-gateway -s h -l help -d 'print this and exit'
complete -c ss-gateway -l version -d 'print the version and exit'
complete -c ss-gateway -l help-options -d 'print the options for completion scripts and exit'
complete -c ss-gift -f
complete -c ss-gift -l from -x -d 'who gives'
complete -c ss-gift -l gift-id -x -d 'which gift, an integer >= 0'
complete -c ss-gift -l amount -x -d 'how many, an integer >= 1'
complete -c ss-gift -l room -x -d 'in which room (main)'
complete -c ss-gift -l key -x -d 'Idempotency-Key of a single gift (a new one)'
complete -c ss-gift -l random -d 'random gifts, from bot'
complete -c ss-gift -l interval -x -d 'between random gifts (1s)'
complete -c ss-gift -l jitter -d 'vary the interval, 50 to 150 %'
complete -c ss-gift -l count -x -d 'so many random gifts; 0: without end (0)'
complete -c ss-gift -l seed -x -d 'the same random gifts for the same N'
complete -c ss-gift -l url -x -d 'the gateway (http://127.0.0.1:8000)'
complete -c ss-gift -l retries -x -d 'try again so often (3)'
complete -c ss-gift -l timeout -x -d 'for a request, or for a socket to appear (10s)'
complete -c ss-gift -l token-file -r -F -d 'send FILE\'s contents as bearer token'
complete -c ss-gift -l stdout -d 'print event lines instead of sending'
complete -c ss-gift -s o -l output -x -a '(__ss_address)' -d 'write event lines to ADDR: -, unix:PATH or listen:PATH'
complete -c ss-gift -s q -l quiet -d 'no warnings'
complete -c ss-gift -s v -l verbose -d 'say more'
complete -c ss-gift -s h -l help -d 'print this and exit'
complete -c ss-gift -l version -d 'print the version and exit'
complete -c ss-gift -l help-options -d 'print the options for completion scripts and exit'
complete -c ss-log -f
complete -c ss-log -s i -l input -x -a '(__ss_address)' -d 'read lines from ADDR: -, unix:PATH or listen:PATH'
complete -c ss-log -s o -l output -x -a '(__ss_address)' -d 'write lines to ADDR: -, unix:PATH or listen:PATH'
complete -c ss-log -s d -l dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'keep the files in DIR (logs)'
complete -c ss-log -l max-size -x -d 'roll a file over before it has SIZE bytes; 0: never (10M)'
complete -c ss-log -l keep -x -d 'old files to keep a day; 0: never roll (10)'
complete -c ss-log -l sync -x -a 'gift batch none' -d 'what is on the disk before it is passed on: gift (and all but chat), batch (all) or none (gift)'
complete -c ss-log -l no-tee -d 'write to the files only, pass nothing on'
complete -c ss-log -l reject -r -F -d 'append bad lines to FILE, verbatim'
complete -c ss-log -l drain-timeout -x -d 'how long a stop may wait for the output (2s)'
complete -c ss-log -s q -l quiet -d 'no warnings'
complete -c ss-log -s v -l verbose -d 'say more'
complete -c ss-log -s h -l help -d 'print this and exit'
complete -c ss-log -l version -d 'print the version and exit'
complete -c ss-log -l help-options -d 'print the options for completion scripts and exit'
complete -c ss-moderate -f
complete -c ss-moderate -s i -l input -x -a '(__ss_address)' -d 'read lines from ADDR: -, unix:PATH or listen:PATH'
complete -c ss-moderate -s o -l output -x -a '(__ss_address)' -d 'write lines to ADDR: -, unix:PATH or listen:PATH'
complete -c ss-moderate -l threshold -x -d 'toxic from this score on (0.6)'
complete -c ss-moderate -l policy -x -a 'annotate mask block' -d 'what becomes of toxic messages (annotate)'
complete -c ss-moderate -l rules -r -F -d 'run the jq expressions in FILE on each message'
complete -c ss-moderate -l model -r -F -d 'score by this model (the one that ships)'
complete -c ss-moderate -l labels -d 'add all six scores as labels'
complete -c ss-moderate -l stats -d 'print the counters at the end'
complete -c ss-moderate -l reject -r -F -d 'append bad lines to FILE, verbatim'
complete -c ss-moderate -l drain-timeout -x -d 'how long a stop may wait for the output (2s)'
complete -c ss-moderate -s q -l quiet -d 'no warnings'
complete -c ss-moderate -s v -l verbose -d 'say more'
complete -c ss-moderate -s h -l help -d 'print this and exit'
complete -c ss-moderate -l version -d 'print the version and exit'
complete -c ss-moderate -l help-options -d 'print the options for completion scripts and exit'
complete -c ss-train -f
complete -c ss-train -s o -l output -r -F -d 'write the model to MODEL'
complete -c ss-train -l seed -x -d 'order of the rows: the same, the same bytes (1)'
complete -c ss-train -l epochs -x -d 'how often each row is seen (4)'
complete -c ss-train -l eval -r -F -d 'print how well a model does on FILE'
complete -c ss-train -l model -r -F -d 'the model for --eval (the one that ships)'
complete -c ss-train -s q -l quiet -d 'no warnings'
complete -c ss-train -s v -l verbose -d 'say more'
complete -c ss-train -s h -l help -d 'print this and exit'
complete -c ss-train -l version -d 'print the version and exit'
complete -c ss-train -l help-options -d 'print the options for completion scripts and exit'
