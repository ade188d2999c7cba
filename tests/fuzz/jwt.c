/*
 * jwt: whatever the token, nobody gets in with one that we did not sign, what
 * is taken is within its limits, and the claims alone, read without regard to
 * the signature, do no harm either.
 *
 * The first byte says which: a whole token, or the header and the claims of
 * one that is signed here, so that the fuzzer gets past the signature.
 */
#include "../../lib/jwt.h"

#include <string.h>

#include "../../lib/base64.h"

#include "fuzz.h"

#include "../../lib/banned.h"

#define NOW INT64_C(1795426200000)

static char secret[] = "0123456789abcdef0123456789abcdef";
static struct jwtkey ours = { .alg = JWT_HS256,
	.kid = "ours",
	.secret = (unsigned char *)secret,
	.secret_len = sizeof(secret) - 1 };

static void
check_claims(const struct jwt *t)
{
	check(event_name_valid(t->sub, strlen(t->sub)));
	check(t->role <= ROLE_ADMIN);
	check(!t->exp || t->exp > NOW);
	check(!t->nbf || t->nbf <= NOW + JWT_LEEWAY);
	check(!t->rooms || strlen(t->rooms) < JWT_ROOMS_MAX * 51);
}

static void
signed_by_us(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	size_t head = nl ? (size_t)(nl - p) : n;
	struct jwtkeys keys = { .key = { &ours }, .n = 1 };
	struct jwt_want want = { .now = NOW };
	struct buf b, sig;
	struct jwt t;
	const char *why;

	buf_init(&b, 1 << 16);
	buf_init(&sig, JWTKEY_SIG_MAX);
	check(base64_encode(&b, p, head) == 0 && buf_addc(&b, '.') == 0);
	check(base64_encode(&b, p + head + !!nl, n - head - !!nl) == 0);
	check(jwtkey_sign(&ours, b.p, b.len, &sig) == 0);
	check(buf_addc(&b, '.') == 0);
	check(base64_encode(&b, sig.p, sig.len) == 0);
	if (jwt_check(&keys, &want, b.p, b.len, &t, &why) == 0)
		check_claims(&t);
	jwt_release(&t);
	buf_release(&b);
	buf_release(&sig);
}

static void
whole_token(const char *p, size_t n)
{
	struct jwtkeys keys = { .key = { &ours }, .n = 1 };
	struct jwt_want want = { .audience = "chat", .now = NOW };
	struct jwt_parts parts;
	struct buf again;
	struct jwt t;
	const char *why;

	check(jwt_check(&keys, &want, p, n, &t, &why) < 0);
	jwt_release(&t);
	buf_init(&again, 1 << 16);
	if (jwt_split(p, n, &parts, &why) == 0) {
		/* one text per value */
		base64_encode(&again, parts.header.p, parts.header.len);
		buf_addc(&again, '.');
		base64_encode(&again, parts.claims.p, parts.claims.len);
		buf_addc(&again, '.');
		base64_encode(&again, parts.sig.p, parts.sig.len);
		check(again.len == n && memcmp(again.p, p, n) == 0);
		if (jwt_check_unsigned(&parts, &want, &t, &why) == 0)
			check_claims(&t);
		jwt_release(&t);
	}
	jwt_parts_release(&parts);
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n && data[0] == 's')
		signed_by_us((const char *)data + 1, n - 1);
	else if (n)
		whole_token((const char *)data + 1, n - 1);
	return 0;
}
