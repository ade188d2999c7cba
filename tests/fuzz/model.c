/*
 * model: whatever a file says of itself, it is refused with a reason, or it
 * is a model that can be asked. Half of the inputs are files of their own,
 * half are laid over the beginning of the model that is part of the programs.
 * The sum over such a whole model is what takes time, so one in 64 of these is
 * more than its header; it gets the right sum, or nothing behind that would
 * ever be looked at.
 */
#include "../../lib/toxic/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

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

/* One in 64, and always the same ones. */
static bool
is_chosen(const uint8_t *data, size_t n)
{
	uint32_t h = 2166136261;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ data[i]) * 16777619;
	return h >> 26 == 0;
}

/* A file's first bytes over those of the model that we have. */
static void
lay_over(const uint8_t *data, size_t n, bool all)
{
	static unsigned char *whole;
	struct model_header *h;

	if (!whole) {
		whole = malloc(model_default_size);
		check(whole != NULL);
		memcpy(whole, model_default, model_default_size);
	}
	memcpy(whole, data, n);
	look(whole, sizeof *h);
	if (all) {
		h = (void *)whole;
		look(whole, model_default_size);
		h->sum = model_sum(whole, model_default_size);
		look(whole, model_default_size);
	}
	memcpy(whole, model_default, sizeof *h > n ? sizeof *h : n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	void *own;

	if (n > 1 && data[0] & 1) {
		lay_over(
		    data + 1, n - 1 < 4096 ? n - 1 : 4096, is_chosen(data, n));
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
