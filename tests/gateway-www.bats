#!/usr/bin/env bats
# gateway-www.bats: the viewers' page as files: what is served, with which
# headers, and what is not. What the page does is in browser.bats.

load viewers

# fetch PATH [CURL-OPTION...]: sets status; the files body and headers
fetch() {
	local path=$1

	shift
	rm -f body headers
	status=$(curl -s -D headers -o body -w '%{http_code}' --max-time 20 \
		--path-as-is "$@" "$SS_URL$path")
}

header() {
	tr -d '\r' <headers | sed -n "s/^$1: //Ip"
}

# alone [OPTION...]: a gateway whose bus never comes
alone() {
	start_gateway -i "unix:$WORK/none.sock" "$@"
}

@test "the page is there, typed, and may load nothing from elsewhere" {
	alone
	fetch /
	assert_equal "$status" 200
	assert_equal "$(header content-type)" 'text/html; charset=utf-8'
	assert_equal "$(header content-length)" "$(stat -c %s body)"
	assert_equal "$(header x-content-type-options)" nosniff
	assert_equal "$(header referrer-policy)" no-referrer
	assert_regex "$(header content-security-policy)" "^default-src 'none'; "
	refute [ "$(header content-security-policy | grep -c unsafe)" != 0 ]
	assert cmp body "$ROOT/cmd/ss-gateway/www/index.html"
	fetch /index.html
	assert cmp body "$ROOT/cmd/ss-gateway/www/index.html"
}

@test "every file of the page is served, plain and packed" {
	local f name

	alone
	for f in "$ROOT"/cmd/ss-gateway/www/*; do
		name=${f##*/}
		fetch "/$name"
		assert_equal "$status" 200
		assert cmp body "$f"
		fetch "/$name" -H 'Accept-Encoding: br, gzip'
		[ "$(header content-encoding)" != gzip ] || gzip -dc <body >plain
		[ "$(header content-encoding)" = gzip ] || cp body plain
		assert cmp plain "$f"
		assert_equal "$(header vary)" Accept-Encoding
	done
}

@test "a file that is known already is not sent again" {
	alone
	fetch /
	tag=$(header etag)
	fetch / -H "If-None-Match: $tag"
	assert_equal "$status" 304
	refute [ -s body ]
	assert_equal "$(header etag)" "$tag"
	fetch / -H 'If-None-Match: "other"'
	assert_equal "$status" 200
}

@test "HEAD has the headers alone, POST and the like are 405" {
	alone
	fetch / --head
	assert_equal "$status" 200
	assert_equal "$(header content-length)" \
		"$(stat -c %s "$ROOT/cmd/ss-gateway/www/index.html")"
	for m in POST PUT DELETE; do
		fetch / -X "$m" -d ''
		assert_equal "$status" 405
		assert_equal "$(header allow)" 'GET, HEAD'
	done
	fetch /style.css -X POST -d 'x=1'
	assert_equal "$status" 405
	fetch /nothing.css -X POST -d 'x=1'
	assert_equal "$status" 404
}

@test "there is no way to other files" {
	local p

	alone
	for p in /../../../../etc/passwd /%2e%2e/%2e%2e/etc/passwd /www/ \
		/style.css/ //style.css /./style.css /.git/config /style.css%00 \
		/main.c /nothing.html; do
		# what it can't decode the library drops, and it makes one
		# path of a few of these
		fetch "$p" || assert_equal "$status" 000
		[ "$status" != 200 ] ||
			assert cmp body "$ROOT/cmd/ss-gateway/www/style.css"
	done
}

@test "--www DIR puts its files before ours, as they are at that moment" {
	mkdir -p dir/img
	echo '<title>mine</title>' >dir/index.html
	echo '<svg/>' >dir/img/logo.svg
	ln -s /etc/passwd dir/passwd
	ln -s /etc dir/etc
	mkfifo dir/fifo
	echo secret >dir/.htaccess
	head -c 3000000 /dev/zero >dir/big.png
	alone --www dir
	fetch /
	assert cmp body dir/index.html
	tag=$(header etag)
	fetch / -H "If-None-Match: $tag"
	assert_equal "$status" 304
	echo '<title>other</title>' >dir/index.html
	fetch / -H "If-None-Match: $tag"
	assert_equal "$status" 200
	assert cmp body dir/index.html
	fetch /img/logo.svg
	assert_equal "$(header content-type)" image/svg+xml
	fetch /style.css
	assert cmp body "$ROOT/cmd/ss-gateway/www/style.css"
	for p in /passwd /etc/passwd /fifo /.htaccess /img /img/ \
		/%2e%2e/gw.err; do
		fetch "$p"
		assert_equal "$status" 404
	done
	fetch /big.png
	assert_equal "$status" 500
	fetch /
	assert_equal "$status" 200
}

@test "a --www that is no folder is said at the start" {
	run -1 --separate-stderr ss-gateway --port 0 -i "unix:$WORK/x" \
		--www "$WORK/nothing"
	assert_regex "$stderr" "^ss-gateway: $WORK/nothing: No such file"
}

@test "a large file gets through to a slow reader, whole" {
	mkdir dir
	head -c 2000000 /dev/urandom >dir/big.png
	alone --www dir
	fetch /big.png --limit-rate 1M
	assert cmp body dir/big.png
}
