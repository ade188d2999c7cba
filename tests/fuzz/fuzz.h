/* fuzz: what the targets share. */
#ifndef SS_FUZZ_H
#define SS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer calls it with each input; it returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What has to hold; where it doesn't, the input is a finding. */
static inline void
check(bool ok)
{
	if (!ok)
		abort();
}

#endif
