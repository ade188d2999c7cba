#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# ss-gateway.bats: chat over WebSocket, as the viewers see it, and what they are
# told when they get it wrong.

load viewers

@test "two viewers get the same bytes, the sender included" {
	start_pipeline
	listen bob --raw-out bob.raw --expect 3
	run talk alice --raw-out alice.raw --send "$(say hello)" \
		--send "$(say 'h\u00e9 😀 "quoted" \\ /')" --send "$(say three)" \
		--expect 3
	assert_success
	wait_exit bob
	assert_equal "$status" 0
	assert cmp alice.raw bob.raw
	assert_equal "$(wc -l <bob.raw)" 3
	run jq -r '[.type, .user, .message] | join(" ")' bob.raw
	assert_line -n 0 'chat alice hello'
	assert_line -n 1 'chat alice h\u00e9 😀 "quoted" \\ /'
	assert_line -n 2 'chat alice three'
}

@test "an event has the contract's fields in the contract's order" {
	start_pipeline
	run talk alice --send "$(say hello)" --expect 1
	assert_success
	assert_output --regexp '^\{"type":"chat","id":"[0-7][0-9A-HJKMNP-TV-Z]{25}","user":"alice","message":"hello","toxic":(true|false),"score":[01](\.[0-9]{1,4})?,"ts":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z","seq":1\}$'
}

@test "ids differ and are in order" {
	start_pipeline
	numbers 50 >lines
	run talk alice --send-lines lines --expect 50
	assert_success
	jq -r .id <<<"$output" >ids
	assert_equal "$(sort -u ids | wc -l)" 50
	assert sort -c ids
	assert_equal "$(jq -r .message <<<"$output")" "$(seq 50)"
}

@test "what a client says about itself is not believed" {
	start_pipeline
	run talk alice --send '{"type":"chat","message":"m","user":"eve","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":"2000-01-01T00:00:00.000Z","toxic":true,"score":1,"room":"other","blocked":true,"seq":7}' --expect 1
	assert_success
	run jq -c '[.user, .toxic, .room, .blocked, .seq, .message,
		(.id == "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
		(.ts | startswith("2000"))]' <<<"$output"
	assert_output '["alice",false,null,null,1,"m",false,false]'
}

@test "a nonce travels with its message, and back with its error" {
	start_pipeline
	run talk alice \
		--send '{"type":"chat","message":"m","nonce":"n-\"1\" é"}' \
		--expect 1 \
		--send '{"type":"chat","message":"","nonce":"n2"}' --expect 1
	assert_success
	run jq -r '[.type, .nonce] | join(" ")' <<<"$output"
	assert_output 'chat n-"1" é
error n2'
}

@test "messages are trimmed" {
	start_pipeline
	run talk alice --send '{"type":"chat","message":" \t\n a b \u00a0\u3000"}' \
		--expect 1
	assert_success
	assert_equal "$(jq -r .message <<<"$output")" 'a b'
}

@test "the longest message has 500 code points, whatever their bytes" {
	local text

	start_pipeline
	text=$(printf '😀%.0s' {1..500})
	run talk alice --send "$(say "$text")" --expect 1 \
		--send "$(say "x$text")" --expect 1 \
		--send "$(say "  $text  ")" --expect 1
	assert_success
	run jq -r '[.type, .code // (.message | length)] | join(" ")' \
		<<<"$output"
	assert_output 'chat 500
error too_long
chat 500'
}

@test "rooms are apart" {
	start_pipeline
	listen main --until end
	listen den1 --send "$(say 'wrong room')"
	stop den1
	start_bg den /usr/bin/python3 "$TESTS/client.py" \
		"$WS_URL/dweller?room=den" --touch den.up --until end
	wait_for 10 test -e den.up
	run client "$WS_URL/guest?room=den" --send "$(say 'in the den')" \
		--expect 1
	assert_success
	assert_equal "$(jq -r .room <<<"$output")" den
	run talk other --send "$(say 'in main')" --until 'in main'
	assert_success
	refute_output --partial 'in the den'
	run client "$WS_URL/explicit?room=main" --send "$(say end)" --until end
	assert_success
	assert_equal "$(jq -r 'select(.message == "end") | .room' \
		<<<"$output")" null
	run client "$WS_URL/guest?room=den" --send "$(say end)" --until end
	assert_success
	wait_exit main
	wait_exit den
	assert_equal "$(jq -r .message den.out)" 'in the den
end'
	refute grep 'den"' main.out
	assert grep 'in main' main.out
}

@test "a name may be connected twice; each gets everything" {
	start_pipeline
	listen alice --until end
	run talk alice --send "$(say end)" --expect 1
	assert_success
	wait_exit alice
	assert_equal "$status" 0
	assert_equal "$(cat alice.out)" "$output"
}

@test "history comes after a hello and before what is live" {
	start_pipeline
	numbers 5 >lines
	run talk alice --send-lines lines --expect 5
	assert_success
	run client "$WS_URL/bob?history=3" --expect 4 --send "$(say live)" \
		--expect 1
	assert_success
	assert_equal "$(jq -r '.message // .type' <<<"$output")" 'hello
3
4
5
live'
	run jq -c 'select(.type == "hello") | [(.epoch | type), .recovered]' \
		<<<"$output"
	assert_output '["string",true]'
	run client "$WS_URL/bob?history=0" --expect 1 --send "$(say 2nd)" \
		--expect 1
	assert_success
	assert_equal "$(jq -r '.message // .type' <<<"$output")" 'hello
2nd'
}

@test "history holds the viewer's own room alone" {
	start_pipeline
	run client "$WS_URL/a?room=den" --send "$(say den)" --expect 1
	assert_success
	run talk a --send "$(say main)" --expect 1
	assert_success
	run client "$WS_URL/b?history=10" --expect 2
	assert_success
	assert_equal "$(jq -r '.message // .type' <<<"$output")" 'hello
main'
	run client "$WS_URL/b?room=den&history=10" --expect 2
	assert_success
	assert_equal "$(jq -r '.message // .type' <<<"$output")" 'hello
den'
}

@test "history survives the gateway: it comes from the hub" {
	start_pipeline
	run talk alice --send "$(say before)" --expect 1
	assert_success
	start_bg gw2 ss-gateway --port 0 -o "unix:$WORK/nobody.sock"
	wait_for 10 port_known gw2
	run client "ws://127.0.0.1:$SS_PORT/ws/bob?history=5" --until before
	assert_success
}

@test "a blocked message goes to its author alone" {
	start_gateway_on_a_bus
	listen bob --until end
	start_bg alice /usr/bin/python3 "$TESTS/client.py" "$WS_URL/alice" \
		--touch alice.up --until secret --until end
	wait_for 10 test -e alice.up
	printf '{"type":"chat","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","user":"alice","message":"secret","toxic":true,"score":0.9,"blocked":true,"ts":"2026-11-23T09:30:00.123Z"}\n{"type":"chat","user":"carol","message":"end"}\n' >&5
	wait_exit alice
	assert_equal "$status" 0
	wait_exit bob
	assert_equal "$status" 0
	refute grep secret bob.out
	run curl -fsS "$SS_URL/api/recent?limit=10"
	refute_output --partial secret
	run client "$WS_URL/dave?history=10" --until end
	assert_success
	refute_output --partial secret
}

@test "delivers what the bus carries, byte for byte, whatever it is" {
	start_gateway_on_a_bus
	listen bob --until end
	cat >want <<-'LINES'
		{ "type" : "chat", "user":"x" , "message" : "\u00e9\/" }
		{"type":"gift","from":"bot","gift_id":123,"amount":5}
		{"type":"new thing","n":1.50e+1}
		{"n":1}
		{"type":"chat","message":"end"}
	LINES
	cat want >&5
	wait_exit bob
	assert cmp want bob.out
}

@test "housekeeping is not shown to viewers" {
	start_gateway_on_a_bus
	listen bob --until end
	printf '{"type":"epoch","epoch":"e","seq":1}\n{"type":"mark","by":"g","n":1}\n{"type":"chat","message":"end"}\n' >&5
	wait_exit bob
	assert_equal "$(wc -l <bob.out)" 1
}

@test "a bad line on the bus harms nobody" {
	mkfifo tobus
	start_bg hub socat -u "OPEN:tobus" "UNIX-LISTEN:$SS_BUS"
	exec 5>tobus
	wait_for 5 test -S "$SS_BUS"
	start_gateway
	listen bob --until end
	printf 'not json\n[]\n{"a":"\xff"}\n\n{"type":"chat","message":"%01500000d"}\n{"type":"chat","message":"end"}\n' 0 >&5
	wait_exit bob 20
	assert_equal "$status" 0
	assert_equal "$(wc -l <bob.out)" 1
}

@test "big events and many of them arrive whole" {
	start_gateway_on_a_bus --max-lag 32M
	for n in 1 125 126 127 4000 65535 65536 70000 900000; do
		printf '{"type":"chat","n":%d,"message":"%0*d"}\n' "$n" "$n" 0
	done >want
	echo '{"type":"chat","message":"end"}' >>want
	listen bob --until end
	cat want >&5
	wait_exit bob 20
	assert_equal "$status" 0
	assert cmp want bob.out
}

# --- errors to one client -----------------------------------------------------

@test "what is no message gets an error and the connection stays" {
	local n=0

	start_pipeline
	listen bob --until end
	cat >bad <<-'LINES'
		not json
		[]
		"chat"
		5
		null
		{}
		{"type":"chat"}
		{"type":"chat","message":5}
		{"type":"chat","message":null}
		{"type":"chat","message":["a"]}
		{"type":"chat","message":""}
		{"type":"chat","message":" \t\u00a0\u3000"}
		{"type":"chat","message":"a\u0000b"}
		{"type":"chat","message":"a\u0007b"}
		{"type":"chat","message":"a\u001bb"}
		{"type":"chat","message":"a\u007fb"}
		{"type":"chat","message":"a\u0085b"}
		{"type":"chat","message":"a\nb"}
		{"type":"chat","message":"a\ud800b"}
		{"type":"gift","from":"a","gift_id":1,"amount":1}
		{"type":"mute","user":"bob"}
		{"type":5,"message":"a"}
		{"message":"a"}
		{"type":"chat","message":"a","nonce":5}
		{"type":"chat","message":"a","nonce":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"}
		{"type":"chat","message":"a",}
		{"type":"chat","message":"a"} x
		{"type":"chat","message":"a"}{"type":"chat","message":"b"}
		{"type":"chat","message":01}
		{"type":"chat","message":"a
	LINES
	n=$(wc -l <bad)
	run talk alice --send-lines bad --expect "$n" --send "$(say end)" \
		--expect 1
	assert_success
	assert_equal "$(jq -r .type <<<"$output" | uniq -c | tr -s ' ')" \
		" $n error
 1 chat"
	run jq -r 'select(.type == "error") | .code' <<<"$output"
	assert_line -n 0 bad_json
	for i in 1 2 3 4; do
		assert_line -n "$i" --regexp '^bad_(json|message)$'
	done
	for ((i = 5; i <= 24; i++)); do
		assert_line -n "$i" bad_message
	done
	for ((i = 25; i < n; i++)); do
		assert_line -n "$i" --regexp '^bad_(json|message)$'
	done
	wait_exit bob
	assert_equal "$(wc -l <bob.out)" 1
}

@test "an error says what is wrong" {
	start_pipeline
	run talk alice --send '{"type":"chat"}' --expect 1
	assert_success
	assert_equal "$(jq -r '[.type, .code, (.detail | type)] | join(" ")' \
		<<<"$output")" 'error bad_message string'
}

@test "an empty text frame is no message" {
	start_pipeline
	run talk alice --send '' --expect 1 --send "$(say end)" --until end
	assert_success
	assert_line -n 0 --partial '"type":"error"'
}

@test "a message that is no UTF-8 closes with 1007" {
	start_pipeline
	printf '{"type":"chat","message":"\xff"}' >bad
	run talk alice --send-file bad --expect-close 1007
	assert_success
	run talk alice --send "$(say 'still here')" --expect 1
	assert_success
}

@test "one that ends within a character closes with 1007, however it ends" {
	start_pipeline
	# "a" and the start of a character: two bytes' or four bytes', then an
	# empty last part (all masked with zeros)
	for bytes in 01820000000061ce 01840000000061f09f98; do
		run talk alice --bytes "${bytes}808000000000" --expect-close 1007
		assert_success
		refute_output --partial '"error"'
	done
	# the same behind JSON
	run talk alice --bytes 0183000000007b7dce808000000000 --expect-close 1007
	assert_success
	# and no harm in an empty one behind whole characters
	run talk alice --bytes 0183000000007bcea9808000000000 --expect 1
	assert_success
	assert_output --partial '"code":"bad_json"'
}

@test "a binary frame closes with 1003" {
	start_pipeline
	run talk alice --binary "$(say hello)" --expect-close 1003
	assert_success
}

@test "a message over 16 KiB closes with 1009, one below gets an error" {
	start_pipeline
	printf '{"type":"chat","message":"%016000d"}' 0 >below
	run talk alice --send-file below --expect 1 --send "$(say ok)" --expect 1
	assert_success
	assert_line -n 0 --partial '"code":"too_long"'
	printf '{"type":"chat","message":"%016400d"}' 0 >above
	run talk alice --send-file above --expect-close 1009
	assert_success
	# who goes on sending may lose the close frame to TCP's reset
	printf '{"type":"chat","message":"%03000000d"}' 0 >huge
	run talk alice --send-file huge --expect-eof
	assert_success
	run talk alice --send "$(say 'still here')" --expect 1
	assert_success
}

@test "fragments over 16 KiB together close with 1009" {
	start_pipeline
	printf 'x%.0s' {1..16385} >text
	run talk alice --fragment "$(cat text)" --expect-close 1009
	assert_success
}

@test "a fragmented message is one message, pings between its parts answered" {
	start_pipeline
	run talk alice --fragment "$(say 'in pieces é 😀')" --until pieces
	assert_success
	assert_line '#pong between'
	assert_equal "$(grep chat <<<"$output" | jq -r .message)" \
		'in pieces é 😀'
}

@test "faults of framing close with 1002" {
	start_pipeline
	# a continuation of nothing; a reserved opcode; a reserved bit; a
	# fragmented ping (all masked with zeros)
	for bytes in 808000000000 838000000000 8b8000000000 c18100000000 \
		098000000000; do
		run talk alice --bytes "$bytes" --expect-close any --expect-eof
		assert_success
		assert_output --regexp '^#close 1002'
	done
	# over-long pings end the connection, without a word (libwebsockets)
	run talk alice --bytes "89fe007e00000000$(printf '00%.0s' {1..126})" \
		--expect-eof
	assert_success
	run talk alice --send "$(say 'still here')" --expect 1
	assert_success
}

@test "a close is answered with a close" {
	start_pipeline
	run talk alice --close 1000 --expect-close 1000 --expect-eof
	assert_success
}
