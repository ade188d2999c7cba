/*
 * token.c: tokens for the viewers, where the gateway asks for them. Each name
 * has its own, minted when it connects, with the key that the gateway checks
 * them with; it outlives the run by far.
 */
#include "app.h"
#include "clock.h"
#include "jwt.h"
#include "msg.h"

#include "banned.h"

#define SPARE 3600 /* seconds that a token is good for after the run */

int
token_open(struct app *a)
{
	struct buf why;
	int r;

	if (!a->token_key)
		return 0;
	buf_init(&why, 1024);
	r = jwtkeys_add(&a->keys, a->token_key, JWTKEY_SIGN, &why);
	if (r == 0 && a->keys.n != 1) {
		buf_addf(&why, "%s: must be one key", a->token_key);
		r = -1;
	}
	if (r < 0)
		msg_err("--token-key: %s", why.p);
	buf_release(&why);
	return r;
}

/* Appends the header line for this name, if tokens are wanted at all. */
int
token_add(struct app *a, const char *name, struct buf *out)
{
	const int64_t now = clock_wall_ms();
	const struct jwt_new t = { .sub = name,
		.audience = a->audience,
		.role = ROLE_VIEWER,
		.iat = now,
		.exp = now +
		       (int64_t)((a->ramp + a->warmup + a->duration + SPARE) *
				 1000) };

	if (!a->keys.n)
		return 0;
	buf_adds(out, "Authorization: Bearer ");
	if (jwt_mint(a->keys.key[0], &t, out) < 0)
		return -1;
	return buf_adds(out, "\r\n");
}
