/*
 * chance.c: random numbers.
 *
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014): the state goes up by a constant and is then mixed. Ours
 * and not rand(), because --seed promises the same gifts everywhere.
 */
#include <stdint.h>
#include <sys/random.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"

#include "banned.h"

uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

double
around_one(uint64_t *state)
{
	return 0.5 + (double)(splitmix(state) >> 11) / 9007199254740992.0;
}

uint64_t
make_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_mono_ns() ^ (uint64_t)getpid() << 32;
	return seed;
}
