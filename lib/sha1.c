/*
 * sha1: see sha1.h. In one go, because what is hashed here has 60 bytes.
 */
#include "sha1.h"

#include <stdint.h>
#include <string.h>

#include "banned.h"

#define BLOCK 64

static uint32_t
rol(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void
block(uint32_t h[5], const unsigned char *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f, t;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (i = 0; i < 80; i++) {
		if (i < 20)
			f = ((b & c) | (~b & d)) + 0x5a827999;
		else if (i < 40)
			f = (b ^ c ^ d) + 0x6ed9eba1;
		else if (i < 60)
			f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
		else
			f = (b ^ c ^ d) + 0xca62c1d6;
		t = rol(a, 5) + f + e + w[i];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
sha1(const void *p, size_t n, unsigned char out[SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
		0xc3d2e1f0 };
	unsigned char tail[2 * BLOCK] = { 0 };
	const unsigned char *s = p;
	const uint64_t bits = (uint64_t)n * 8;
	size_t left, size;
	int i;

	for (left = n; left >= BLOCK; left -= BLOCK, s += BLOCK)
		block(h, s);
	if (left > 0)
		memcpy(tail, s, left);
	tail[left] = 0x80;
	size = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	for (i = 0; i < 8; i++)
		tail[size - 1 - (size_t)i] = (unsigned char)(bits >> (8 * i));
	block(h, tail);
	if (size > BLOCK)
		block(h, tail + BLOCK);
	for (i = 0; i < SHA1_LEN; i++)
		out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}
