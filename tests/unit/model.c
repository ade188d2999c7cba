/* model: which files are refused and why, scores, features. */
#include "../../lib/toxic/model.h"

#include <math.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static struct model_header *
fresh(void)
{
	struct model_header *h = calloc(1, MODEL_SIZE);
	int l, k;

	memcpy(h->magic, MODEL_MAGIC, sizeof(h->magic));
	h->version = MODEL_VERSION;
	h->scheme = FEATURE_SCHEME;
	h->heads = MODEL_HEADS;
	h->hidden = MODEL_HIDDEN;
	h->buckets = FEATURE_BUCKETS;
	h->knots = MODEL_KNOTS;
	h->lengths = MODEL_LENGTHS;
	h->size = (uint32_t)MODEL_SIZE;
	for (l = 0; l < TOXIC_LABELS; l++) {
		h->scale[l] = 1;
		for (k = 0; k < MODEL_KNOTS; k++) {
			h->raw[l][k] = (float)k;
			h->score[l][k] = (float)k / (MODEL_KNOTS - 1);
		}
	}
	h->sum = model_sum(h, MODEL_SIZE);
	return h;
}

/* What is said about h, n bytes of it; "" when it is taken. */
static const char *
verdict(const struct model_header *h, size_t n)
{
	struct model m = { 0 };
	const char *why = "";
	void *copy = malloc(n > 0 ? n : 1);

	memcpy(copy, h, n);
	if (model_view(&m, copy, n, &why) == 0)
		why = "";
	model_release(&m);
	free(copy);
	return why;
}

static void
test_refused(void)
{
	struct model_header *h = fresh(), *big;

	IS_STR(verdict(h, MODEL_SIZE), "");
	IS_STR(verdict(h, 0), "not a model");
	IS_STR(verdict(h, 7), "not a model");
	IS_STR(verdict(h, 8), "model is cut short");
	IS_STR(verdict(h, sizeof(*h)), "model is cut short");
	IS_STR(verdict(h, MODEL_SIZE - 1), "model is cut short");
	big = calloc(1, MODEL_SIZE + 1);
	memcpy(big, h, MODEL_SIZE);
	IS_STR(verdict(big, MODEL_SIZE + 1), "model has bytes behind its end");
	free(big);
	h->magic[0] = 's';
	IS_STR(verdict(h, MODEL_SIZE), "not a model");
	h->magic[0] = 'S';
	h->version = __builtin_bswap32(MODEL_VERSION);
	IS_STR(verdict(h, MODEL_SIZE),
	    "model of a machine with another byte order");
	h->version = MODEL_VERSION + 1;
	IS_STR(verdict(h, MODEL_SIZE), "model of another version");
	h->version = MODEL_VERSION;
	h->buckets++;
	IS_STR(verdict(h, MODEL_SIZE), "model of another size");
	h->buckets--;
	((char *)h)[MODEL_SIZE - 1] ^= 1;
	IS_STR(verdict(h, MODEL_SIZE), "model is damaged: wrong checksum");
	free(h);
}

/* The checksum is right, and the numbers are not. */
static void
test_impossible(void)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY, 1e9F };
	struct model_header *h;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h = fresh();
		h->raw[3][5] = bad[i];
		h->sum = model_sum(h, MODEL_SIZE);
		IS_STR(verdict(h, MODEL_SIZE), "model has impossible numbers");
		free(h);
		h = fresh();
		if (!isfinite(bad[i]))
			h->mix[5][MODEL_HIDDEN - 1] = bad[i];
		else
			h->score[5][0] = bad[i];
		h->sum = model_sum(h, MODEL_SIZE);
		IS_STR(verdict(h, MODEL_SIZE), "model has impossible numbers");
		free(h);
		h = fresh();
		h->score[0][MODEL_KNOTS - 1] = bad[i];
		h->sum = model_sum(h, MODEL_SIZE);
		IS_STR(verdict(h, MODEL_SIZE), "model has impossible numbers");
		free(h);
		h = fresh();
		h->share[MODEL_LENGTHS - 1] = bad[i];
		h->sum = model_sum(h, MODEL_SIZE);
		IS_STR(verdict(h, MODEL_SIZE), "model has impossible numbers");
		free(h);
	}
}

/* What depends on the number of features, between two knots, too. */
static void
test_length(void)
{
	struct model_header *h = fresh();
	struct model m = { 0 };
	int32_t sum[MODEL_LANES] = { 0 };
	const char *why;
	float raw[TOXIC_LABELS], part;

	OK(model_length(0, &part) == 0 && part == 0);
	OK(model_length(1, &part) == 1 && part == 0);
	OK(model_length(4, &part) == 2 && part == 0.25F);
	OK(model_length(62, &part) == 5 && part == 31 / 32.0F);
	OK(model_length(63, &part) == 6 && part == 0);
	OK(model_length(SIZE_MAX / 4, &part) == MODEL_LENGTHS - 2);
	OK(part == 1);
	h->bias[TOXIC_THREAT][2] = 8;
	h->bias[TOXIC_TOXICITY][2] = h->bias[TOXIC_TOXICITY][3] = -1;
	h->bias[MODEL_LONG][2] = h->bias[MODEL_LONG][3] = 3;
	h->share[3] = 1;
	h->sum = model_sum(h, MODEL_SIZE);
	if (!OK(model_view(&m, h, MODEL_SIZE, &why) == 0))
		return;
	sum[MODEL_TAG] = 3;
	model_finish(&m, sum, raw);
	OK(raw[TOXIC_THREAT] == 8 && raw[TOXIC_TOXICITY] == -1);
	sum[MODEL_TAG] = 4;
	model_finish(&m, sum, raw);
	OK(raw[TOXIC_THREAT] == 6 && raw[TOXIC_TOXICITY] == 0);
	sum[MODEL_TAG] = 7;
	model_finish(&m, sum, raw);
	OK(raw[TOXIC_THREAT] == 0 && raw[TOXIC_TOXICITY] == 3);
	sum[MODEL_TAG] = 1 << 20;
	model_finish(&m, sum, raw);
	OK(raw[TOXIC_THREAT] == 0 && raw[TOXIC_TOXICITY] == 0);
	model_release(&m);
	free(h);
}

static void
test_raw(void)
{
	struct model_header *h = fresh();
	int8_t *w = (int8_t *)(h + 1);
	const size_t last = FEATURE_BUCKETS - 1;
	const uint32_t mine = UINT32_MAX, other = UINT32_MAX - 1000;
	struct model m = { 0 };
	const char *why;
	uint32_t at[10000];
	float raw[TOXIC_LABELS];
	size_t i;

	w[MODEL_LANES * last] = 127;
	w[MODEL_LANES * last + 5] = -127;
	w[MODEL_LANES * last + MODEL_HEADS] = 1;
	w[MODEL_LANES * last + MODEL_TAG - 1] = -1;
	w[MODEL_LANES * last + MODEL_TAG] = (int8_t)feature_tag(mine);
	for (i = 0; i < MODEL_LENGTHS; i++)
		h->bias[1][i] = 0.5F;
	for (i = 0; i < MODEL_TAG; i++)
		h->scale[i] = 1;
	h->shift[0] = 3;
	h->mix[2][0] = 2;
	h->mix[3][MODEL_HIDDEN - 1] = 1; /* of a unit that rests */
	h->sum = model_sum(h, MODEL_SIZE);
	if (!OK(model_view(&m, h, MODEL_SIZE, &why) == 0))
		return;
	for (i = 0; i < 10000; i++)
		at[i] = mine;
	model_raw(&m, at, 10000, raw);
	/* 6/10 * 10000^(5/8) */
	OK(fabsf(raw[0] / (127 * 189.7367F) - 1) < 1e-5F);
	OK(raw[5] == -raw[0] && raw[1] == 0.5F);
	OK(fabsf(raw[2] / (2 * (189.7367F + 3)) - 1) < 1e-5F && raw[3] == 0);
	/* what else falls on the bucket says nothing and isn't counted */
	OK(feature_bucket(mine) == last && feature_bucket(other) == last);
	OK(feature_tag(mine) != feature_tag(other));
	for (i = 5; i < 10000; i++)
		at[i] = i % 2 ? other : 0; /* 0: a bucket that is free */
	model_raw(&m, at, 10000, raw);
	OK(fabsf(raw[0] - 5 * 127 * model_factor(5)) < 1e-3F);
	OK(fabsf(raw[2] - 2 * (5 * model_factor(5) + 3)) < 1e-4F);
	model_raw(&m, at + 5, 9995, raw);
	OK(raw[0] == 0 && raw[1] == 0.5F && raw[2] == 6);
	model_raw(&m, at, 0, raw);
	OK(raw[0] == 0 && raw[1] == 0.5F && raw[2] == 6);
	OK(model_score(&m, 0, -1e30F) == 0 && model_score(&m, 0, 1e30F) == 1);
	OK(model_score(&m, 0, NAN) == 0);
	OK(fabsf(model_score(&m, 2, 7.5F) - 0.5F) < 1e-6F);
	model_release(&m);
	free(h);
}

static void
test_files(void)
{
	char path[] = "/tmp/ss-model.XXXXXX";
	struct toxic *tox = toxic_new();
	struct toxic_result a, b;
	const char *why = "";
	uint64_t id = toxic_model_id(tox);
	int fd = mkstemp(path);

	OK(id != 0);
	toxic_score(tox, "you stupid thing", 16, &a);
	OK(toxic_load(tox, "/nonexistent/x", &why) < 0);
	IS_STR(why, "No such file or directory");
	OK(toxic_load(tox, "/", &why) < 0);
	OK(toxic_load(tox, path, &why) < 0);
	IS_STR(why, "not a model");
	OK(write(fd, model_default, 1000) == 1000);
	OK(toxic_load(tox, path, &why) < 0);
	IS_STR(why, "model is cut short");
	OK(toxic_model_id(tox) == id);
	OK(write(fd, model_default + 1000, MODEL_SIZE - 1000) ==
	    (ssize_t)MODEL_SIZE - 1000);
	OK(toxic_load(tox, path, &why) == 0);
	OK(toxic_model_id(tox) == id);
	toxic_score(tox, "you stupid thing", 16, &b);
	OK(a.score[0] == b.score[0]);
	close(fd);
	unlink(path);
	toxic_free(tox);
}

/* Whatever the length, the number of features is bounded; all have a place. */
static void
test_features(void)
{
	static char text[5000];
	struct toxic *tox = toxic_new_bare();
	struct toxic_sight s;
	size_t n, i, bad = 0;

	toxic_look(tox, "", 0, &s);
	IS_INT((int64_t)s.nfeatures, 0);
	toxic_look(tox, "   ", 3, &s);
	IS_INT((int64_t)s.nfeatures, 0);
	toxic_look(tox, "ab cd", 5, &s);
	/* each: a word, <ab ab> <ab>; the first, the pair, the last */
	IS_INT((int64_t)s.nfeatures, 2 * 4 + 3);
	for (n = 1; n < sizeof(text); n += 7) {
		for (i = 0; i < n; i++)
			text[i] = (char)("ab c.!"[(i * i + n) % 6]);
		toxic_look(tox, text, n, &s);
		bad += s.nfeatures > FEATURES_MAX;
		for (i = 0; i < s.nfeatures; i++)
			bad += feature_bucket(s.feature[i]) >=
				   FEATURE_BUCKETS ||
			       feature_tag(s.feature[i]) == 0;
	}
	for (n = 0; n + 3 <= sizeof(text); n += 3)
		memcpy(text + n, n % 2 ? "\xe4\xbd\xa0" : "\xe5\xa5\xbd", 3);
	toxic_look(tox, text, n, &s);
	for (i = 0; i < s.nfeatures; i++)
		bad += feature_bucket(s.feature[i]) >= FEATURE_BUCKETS;
	IS_INT((int64_t)bad, 0);
	toxic_free(tox);
}

int
main(void)
{
	test_refused();
	test_impossible();
	test_length();
	test_raw();
	test_files();
	test_features();
	return tap_done();
}
