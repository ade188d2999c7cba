#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154
# ss-token.bats: making keys and tokens, and looking into them.

load helper

# part N TOKEN: its header (1) or claims (2)
part() {
	local p

	p=$(cut -d. -f"$1" <<<"$2" | tr -- -_ +/)
	while ((${#p} % 4)); do p+="="; done
	base64 -d <<<"$p"
}

@test "a minted token says what was asked for" {
	ss-token keygen key
	export SS_TEST_NOW=2026-11-28T12:00:00.700Z
	run ss-token mint --sub alice --role moderator --ttl 30m --key key
	assert_success
	assert_equal "${#lines[@]}" 1
	assert_equal "$(part 1 "$output")" '{"alg":"HS256","typ":"JWT"}'
	assert_equal "$(part 2 "$output")" \
		'{"sub":"alice","role":"moderator","iat":1795867200,"exp":1795869000}'
	run ss-token mint --sub a.b_c-9 --ttl 0 --nbf 1h --aud 'a"b' --kid k1 \
		--room den --room attic --key key
	assert_success
	assert_equal "$(part 1 "$output")" '{"alg":"HS256","typ":"JWT","kid":"k1"}'
	assert_equal "$(part 2 "$output")" \
		'{"sub":"a.b_c-9","role":"viewer","aud":"a\"b","iat":1795867200,"nbf":1795870800,"rooms":["den","attic"]}'
}

@test "the signature is the one that openssl makes" {
	ss-token keygen key
	t=$(ss-token mint --sub alice --key key)
	mac=$(printf %s "${t%.*}" | openssl dgst -sha256 -mac HMAC -macopt \
		"hexkey:$(head -c -1 key | od -An -v -tx1 | tr -d ' \n')" \
		-binary | base64 -w0 | tr +/ -_ | tr -d =)
	assert_equal "${t##*.}" "$mac"
	ss-token keygen --alg rs256 rs.pem
	t=$(ss-token mint --sub alice --key rs.pem)
	part 3 "$t" >sig
	printf %s "${t%.*}" >text
	run openssl dgst -sha256 -verify rs.pub -signature sig text
	assert_output 'Verified OK'
	ss-token keygen --alg eddsa ed.pem
	t=$(ss-token mint --sub alice --key ed.pem)
	part 3 "$t" >sig
	printf %s "${t%.*}" >text
	run openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -sigfile sig \
		-in text
	assert_output 'Signature Verified Successfully'
}

@test "keys that openssl makes are taken" {
	openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out ec.pem 2>/dev/null ||
		openssl genpkey -algorithm EC \
			-pkeyopt ec_paramgen_curve:P-256 -out ec.pem
	openssl pkey -in ec.pem -pubout -out ec.pub
	openssl genrsa -traditional -out rs.pem 2048 2>/dev/null
	openssl pkey -in rs.pem -pubout -out rs.pub
	for k in ec rs; do
		run bash -c "ss-token mint --sub alice --key $k.pem |
			ss-token inspect --key $k.pub"
		assert_success
		assert_output --partial '"verified":true,"valid":true'
	done
	openssl genrsa -out small.pem 1024 2>/dev/null
	run ss-token mint --sub alice --key small.pem
	assert_failure 1
	assert_output --partial 'RSA must have 2048 to 8192 bits'
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 \
		-out big.pem
	run ss-token mint --sub alice --key big.pem
	assert_failure 1
	assert_output --partial 'EC must be on P-256'
}

@test "inspect: valid, not valid and not a token" {
	ss-token keygen key
	ss-token keygen other
	ss-token mint --sub alice --aud chat --key key >good
	run ss-token inspect --key key <good
	assert_success
	assert_output --partial '"sub":"alice"'
	assert_output --partial '"verified":true,"valid":true}'
	run ss-token inspect --key other <good
	assert_failure 1
	assert_output --partial \
		'"verified":false,"valid":false,"detail":"token: the signature is wrong"}'
	run ss-token inspect --key key --aud chat <good
	assert_success
	# who signed it is one thing, what it says another
	run ss-token inspect --key key --aud other <good
	assert_failure 1
	assert_output --partial \
		'"verified":true,"valid":false,"detail":"token: aud names somebody else"}'
	run env SS_TOKEN="$(cat good)" ss-token inspect --key key
	assert_success
	SS_TEST_NOW=2020-01-01T00:00:00Z ss-token mint --sub a --key key >old
	run ss-token inspect --key key <old
	assert_failure 1
	assert_output --partial \
		'"verified":true,"valid":false,"detail":"token: expired"}'
	run ss-token inspect --key other <old
	assert_failure 1
	assert_output --partial \
		'"verified":false,"valid":false,"detail":"token: the signature is wrong"}'
	ss-token mint --sub a --nbf 1h --key key >early
	run ss-token inspect --key key <early
	assert_failure 1
	assert_output --partial \
		'"verified":true,"valid":false,"detail":"token: not valid yet"}'
	# of another type: signed with openssl, since we make none
	text=$(printf %s '{"alg":"HS256","typ":"JWE"}' | base64 -w0 |
		tr -d =).$(printf %s '{"sub":"alice"}' | base64 -w0 | tr -d =)
	mac=$(printf %s "$text" | openssl dgst -sha256 -mac HMAC -macopt \
		"hexkey:$(head -c -1 key | od -An -v -tx1 | tr -d ' \n')" \
		-binary | base64 -w0 | tr +/ -_ | tr -d =)
	run ss-token inspect --key key <<<"$text.$mac"
	assert_failure 1
	assert_output --partial \
		'"verified":true,"valid":false,"detail":"token: typ must be JWT"}'
	for bad in '' 'a b' a.b x.y.z "$(cat good).x" "$(printf 'A%.0s' {1..9000})"; do
		run ss-token inspect --key key <<<"$bad"
		assert_failure 1
		refute_output --partial '"valid":true'
	done
	# without a key all but the signature is looked at
	for h in '{"alg":"none"}' '{"alg":"HS256","crit":["x"]}' '[]' \
		'{"alg":"HS256","alg":"HS256"}' '{"alg":"HS256","kid":5}' \
		'{"alg":"HS256","typ":"JWE"}'; do
		text=$(printf %s "$h" | base64 -w0 | tr +/ -_ | tr -d =)
		run ss-token inspect <<<"$text.eyJzdWIiOiJhIn0.AA"
		assert_failure 1
		assert_output --partial '"valid":false'
	done
	run ss-token inspect <<<"$(printf %s \
		'{"alg":"HS256","typ":"application/at+jwt"}' | base64 -w0 |
		tr +/ -_ | tr -d =).eyJzdWIiOiJhIn0.AA"
	assert_success
	# for whom it is may not matter, but has to be said in words
	for aud in 5 null '{}' '["x",5]'; do
		run ss-token inspect <<<"eyJhbGciOiJIUzI1NiJ9.$(printf %s \
			"{\"sub\":\"a\",\"aud\":$aud}" | base64 -w0 |
			tr +/ -_ | tr -d =).AA"
		assert_failure 1
	done
	# few seconds are whole ones
	for _ in {1..10}; do
		run bash -c 'ss-token mint --sub a --ttl 900ms --key key |
			ss-token inspect --key key'
		assert_success
	done
	run --separate-stderr ss-token inspect <good
	assert_success
	assert_output --partial '"verified":false,"valid":true'
	assert_equal "$stderr" 'ss-token: the signature is not checked: no --key'
}

@test "inspect: what is not ASCII is escaped" {
	claims=$'{"sub":"alice",\n"x":"\xe2\x80\xae\xf0\x9f\x98\x80\x7f\xc2\x9b"}'
	t=$(printf %s '{"alg":"HS256"}' | base64 -w0).$(printf %s "$claims" |
		base64 -w0).AAAA
	run --separate-stderr ss-token inspect <<<"$(tr -d = <<<"$t" | tr +/ -_)"
	assert_success
	assert_output --partial \
		'"claims":{"sub":"alice", "x":"\u202e\ud83d\ude00\u007f\u009b"}'
	assert_equal "$(jq -r .claims.x <<<"$output")" \
		$'\xe2\x80\xae\xf0\x9f\x98\x80\x7f\xc2\x9b'
}

@test "keygen: private files, and never over another" {
	umask 0
	run ss-token keygen
	assert_success
	assert_output --regexp '^[A-Za-z0-9_-]{43}$'
	ss-token keygen one.key
	ss-token keygen --alg es256 two.pem
	ss-token keygen --key three --alg eddsa
	for f in one.key two.pem two.pub three three.pub; do
		assert_equal "$(stat -c %a $f)" 600
	done
	cp one.key before
	run ss-token keygen one.key
	assert_failure 1
	assert_output 'ss-token: one.key: File exists'
	cmp one.key before
	# the pair comes whole or not at all
	rm two.pem
	run ss-token keygen --alg es256 two.pem
	assert_failure 1
	[ ! -e two.pem ]
	run ss-token keygen --alg eddsa
	assert_failure 2
}

@test "misuse" {
	ss-token keygen key
	for args in '' mint 'mint --sub alice' 'mint --key key' \
		'mint --sub al/ice --key key' 'mint --sub a --key key b' sign \
		'mint --sub a --role owner --key key' 'inspect TOKEN' \
		'mint --sub a --room a/b --key key' 'keygen --alg none k' \
		'mint --sub a --ttl -1 --key key' 'keygen a b'; do
		# shellcheck disable=SC2086
		run ss-token $args </dev/null
		assert_failure 2
	done
	run ss-token mint --sub alice --key /nonexistent
	assert_failure 1
	run bash -c 'ss-token mint --sub alice --key key >/dev/full'
	assert_failure 1
	chmod 644 key
	run ss-token mint --sub alice --key key
	assert_success
	assert_output --partial 'ss-token: key: a secret that others can read'
}
