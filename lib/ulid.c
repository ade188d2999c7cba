/*
 * ulid: see ulid.h. Randomness comes from getrandom(2), once a millisecond.
 */
#define _GNU_SOURCE
#include "ulid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sha1.h"

#include "banned.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The next random part within the same millisecond; false: it ran over. */
static bool
count_up(uint8_t rnd[10])
{
	int i;

	for (i = 9; i >= 0; i--)
		if (++rnd[i])
			return true;
	return false;
}

static void
write_id(int64_t ms, const uint8_t rnd[10], char out[ULID_LEN + 1])
{
	uint8_t b[16];
	unsigned bits = 0, acc = 0;
	int i, at = ULID_LEN;

	for (i = 0; i < 6; i++)
		b[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(b + 6, rnd, 10);
	/* 128 bits in fives, from the end: the first character gets three */
	for (i = 15; i >= 0; i--) {
		acc |= (unsigned)b[i] << bits;
		for (bits += 8; bits >= 5; bits -= 5, acc >>= 5)
			out[--at] = alphabet[acc & 31];
	}
	out[0] = alphabet[acc & 31];
	out[ULID_LEN] = '\0';
}

void
ulid_next(struct ulid *u, int64_t now, char out[ULID_LEN + 1])
{
	if (now > u->ms || !count_up(u->rnd)) {
		u->ms = now > u->ms ? now : u->ms + 1;
		if (getrandom(u->rnd, sizeof u->rnd, 0) !=
		    (ssize_t)sizeof u->rnd)
			abort();   /* ids would repeat: nothing can go on */
		u->rnd[0] &= 0x7f; /* room to count up */
	}
	write_id(u->ms, u->rnd, out);
}

void
ulid_derive(int64_t ms, const void *text, size_t n, char out[ULID_LEN + 1])
{
	unsigned char digest[SHA1_LEN];

	sha1(text, n, digest);
	write_id(ms, digest, out);
}

bool
ulid_valid(const char *s, size_t n)
{
	size_t i;

	if (n != ULID_LEN || s[0] > '7')
		return false;
	for (i = 0; i < n; i++)
		if (!s[i] || !strchr(alphabet, s[i]))
			return false;
	return true;
}
