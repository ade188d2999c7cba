/*
 * model: whatever a file says of itself, it is refused with a reason, or it
 * is a model that can be asked. Half of the inputs are files of their own,
 * half are laid over the beginning of the model that is part of the programs.
 */
#include "../../lib/toxic/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
look(const void *p, size_t n)
{
	static const uint32_t features[] = { 0, 1, 77, 4096, 0x7fffffff,
		0xffffffff };
	struct model m = { 0 };
	const char *why = NULL;
	float raw[TOXIC_LABELS];
	int i;

	if (model_view(&m, p, n, &why) < 0) {
		check(why != NULL && *why);
		return;
	}
	model_raw(&m, features, sizeof features / sizeof *features, raw);
	for (i = 0; i < TOXIC_LABELS; i++)
		check(!isnan(model_score(&m, i, raw[i])));
	model_release(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static unsigned char *whole;
	size_t over = n < 4096 ? n : 4096;
	void *own;

	if (n > 0 && data[0] & 1) {
		if (!whole) {
			whole = malloc(model_default_size);
			if (!whole)
				return 0;
			memcpy(whole, model_default, model_default_size);
		}
		memcpy(whole, data + 1, over - 1);
		look(whole, model_default_size);
		memcpy(whole, model_default, over);
		return 0;
	}
	own = malloc(n + 1);
	if (own == NULL)
		return 0;
	memcpy(own, data, n);
	look(own, n);
	free(own);
	return 0;
}
