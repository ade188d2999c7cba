/*
 * model: see model.h. Scoring reads the sixteen bytes of a bucket as two
 * numbers, which become nothing where the tag is another one, and 1 where the
 * tag is the feature's, so that these are counted on the way. 16 bits hold the
 * sums of 256 features.
 */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../banned.h"

#define SUM_SEED UINT64_C(0xcbf29ce484222325)
#define SUM_PRIME UINT64_C(0x100000001b3)
#define HALF 8
#define FACTOR 0.6F
#define BATCH 256 /* features whose weights can't overflow 16 bits */

typedef int8_t v8qi __attribute__((vector_size(HALF)));
typedef int16_t v8hi __attribute__((vector_size(2 * HALF)));
typedef float v8sf __attribute__((vector_size(4 * HALF)));
_Static_assert(MODEL_LANES == 2 * HALF, "lanes are read as two vectors");
_Static_assert(MODEL_HEADS + 1 == HALF, "raw values are a vector");
_Static_assert(MODEL_TAG == 2 * HALF - 1, "the tag is in the upper bits");
#define TAG_SHIFT 56
#define TAG_COUNT (UINT64_C(1) << TAG_SHIFT)
#define TAG_LESS (TAG_COUNT - 1)

uint64_t
model_sum(const void *p, size_t n)
{
	const unsigned char *c = p;
	size_t i = offsetof(struct model_header, scale);
	uint64_t h = SUM_SEED, v;

	for (; i + sizeof(v) <= n; i += sizeof(v)) {
		memcpy(&v, c + i, sizeof(v));
		h = (h ^ v) * SUM_PRIME;
		h ^= h >> 29;
	}
	for (; i < n; i++)
		h = (h ^ c[i]) * SUM_PRIME;
	return h;
}

static bool
all_finite(const float *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isfinite(p[i]))
			return false;
	return true;
}

/* The numbers are finite, the tables rise. */
static bool
is_sound(const struct model_header *h)
{
	int l, k;

	if (!all_finite(h->scale, MODEL_TAG) ||
	    !all_finite(h->shift, MODEL_HIDDEN) ||
	    !all_finite(h->mix[0], (size_t)MODEL_HEADS * MODEL_HIDDEN) ||
	    !all_finite(h->bias[0], (size_t)MODEL_HEADS * MODEL_LENGTHS))
		return false;
	for (k = 0; k < MODEL_LENGTHS; k++)
		if (!(h->share[k] >= 0 && h->share[k] <= 1))
			return false;
	for (l = 0; l < TOXIC_LABELS; l++) {
		for (k = 0; k < MODEL_KNOTS; k++) {
			if (!isfinite(h->raw[l][k]) ||
			    !(h->score[l][k] >= 0 && h->score[l][k] <= 1))
				return false;
			if (k > 0 && (h->raw[l][k] <= h->raw[l][k - 1] ||
					 h->score[l][k] < h->score[l][k - 1]))
				return false;
		}
	}
	return true;
}

/* NULL, or why n bytes at h are no model. */
static const char *
fault(const struct model_header *h, size_t n)
{
	if (n < sizeof(h->magic) ||
	    memcmp(h->magic, MODEL_MAGIC, sizeof(h->magic)) != 0)
		return "not a model";
	if (n < sizeof(*h))
		return "model is cut short";
	if (h->version == __builtin_bswap32(MODEL_VERSION))
		return "model of a machine with another byte order";
	if (h->version != MODEL_VERSION || h->scheme != FEATURE_SCHEME)
		return "model of another version";
	if (h->heads != MODEL_HEADS || h->hidden != MODEL_HIDDEN ||
	    h->buckets != FEATURE_BUCKETS || h->knots != MODEL_KNOTS ||
	    h->lengths != MODEL_LENGTHS || h->size != MODEL_SIZE)
		return "model of another size";
	if (n != h->size)
		return n < h->size ? "model is cut short"
				   : "model has bytes behind its end";
	if (model_sum(h, n) != h->sum)
		return "model is damaged: wrong checksum";
	return is_sound(h) ? NULL : "model has impossible numbers";
}

int
model_view(struct model *m, const void *p, size_t n, const char **why)
{
	int l, k;

	*why = fault(p, n);
	if (*why != NULL)
		return -1;
	*m = (struct model){ .head = p,
		.weight = (const int8_t *)p + sizeof(struct model_header),
		.len = n };
	for (l = 0; l < MODEL_HEADS; l++)
		for (k = 0; k < MODEL_HIDDEN; k++)
			m->mix[k][l] = m->head->mix[l][k];
	return 0;
}

int
model_open(struct model *m, const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = -1;
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0) {
		*why = strerror(errno);
		goto out;
	}
	*why = "not a model";
	if (!S_ISREG(st.st_mode) || st.st_size < 1 ||
	    st.st_size > (off_t)(2 * MODEL_SIZE))
		goto out;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		*why = strerror(errno);
		goto out;
	}
	r = model_view(m, p, (size_t)st.st_size, why);
	if (r == 0)
		m->map = p;
	else
		munmap(p, (size_t)st.st_size);
out:
	if (fd >= 0)
		close(fd);
	return r;
}

void
model_release(struct model *m)
{
	if (m->map != NULL)
		munmap(m->map, m->len);
	memset(m, 0, sizeof(*m));
}

void
model_add(const struct model *m, const uint32_t *at, size_t n,
    int32_t sum[MODEL_LANES])
{
	uint64_t half[2], keep;
	size_t i, j, end;
	v8hi a, b;
	v8qi w;
	int l;

	for (i = 0; i < n; i = end) {
		a = b = (v8hi){ 0 };
		end = n - i > BATCH ? i + BATCH : n;
		for (j = i; j < end; j++) {
			memcpy(half, model_bucket(m, at[j]), sizeof(half));
			keep = half[1] >> TAG_SHIFT == feature_tag(at[j])
				   ? UINT64_MAX
				   : 0;
			half[0] &= keep;
			half[1] = ((half[1] & TAG_LESS) | TAG_COUNT) & keep;
			memcpy(&w, &half[0], sizeof(w));
			a += __builtin_convertvector(w, v8hi);
			memcpy(&w, &half[1], sizeof(w));
			b += __builtin_convertvector(w, v8hi);
		}
		for (l = 0; l < HALF; l++) {
			sum[l] += a[l];
			sum[HALF + l] += b[l];
		}
	}
}

/*
 * Between the sum, by which a long text would say anything, and the mean, by
 * which a word would be lost in one: n^-3/8. FACTOR makes it that of a square
 * root at sixty features, a line of chat. Square roots are the same everywhere.
 */
float
model_factor(float n)
{
	float root = sqrtf(sqrtf(sqrtf(n)));

	return n > 0 ? FACTOR / (root * root * root) : 0;
}

int
model_length(size_t n, float *part)
{
	size_t at = 1;
	int k = 0;

	for (; at * 2 <= n + 1 && k < MODEL_LENGTHS - 2; k++)
		at *= 2;
	*part = n + 1 < at * 2 ? (float)(n + 1 - at) / (float)at : 1;
	return k;
}

static float
between(const float knot[2], float part)
{
	return knot[0] + part * (knot[1] - knot[0]);
}

void
model_finish(const struct model *m, const int32_t sum[MODEL_LANES],
    float raw[TOXIC_LABELS])
{
	const struct model_header *h = m->head;
	size_t n = (size_t)sum[MODEL_TAG];
	float factor = model_factor((float)n), part, unit, z[HALF] = { 0 };
	int length = model_length(n, &part), l, k;
	v8sf all, row;

	for (l = 0; l < MODEL_HEADS; l++)
		z[l] = (float)sum[l] * h->scale[l] * factor +
		       between(&h->bias[l][length], part);
	memcpy(&all, z, sizeof(all));
	for (k = 0; k < MODEL_HIDDEN; k++) {
		unit = (float)sum[MODEL_HEADS + k] * h->scale[MODEL_HEADS + k] *
			   factor +
		       h->shift[k];
		if (unit <= 0)
			continue;
		memcpy(&row, m->mix[k], sizeof(row));
		all += unit * row;
	}
	memcpy(z, &all, sizeof(all));
	memcpy(raw, z, TOXIC_LABELS * sizeof(*raw));
	raw[TOXIC_TOXICITY] += between(&h->share[length], part) *
			       (z[MODEL_LONG] - z[TOXIC_TOXICITY]);
}

void
model_raw(const struct model *m, const uint32_t *at, size_t n,
    float raw[TOXIC_LABELS])
{
	int32_t sum[MODEL_LANES] = { 0 };

	model_add(m, at, n, sum);
	model_finish(m, sum, raw);
}

float
model_score(const struct model *m, int head, float raw)
{
	const float *x = m->head->raw[head], *y = m->head->score[head];
	int k;

	if (!(raw > x[0]))
		return y[0];
	for (k = 1; k < MODEL_KNOTS; k++)
		if (raw < x[k])
			return y[k - 1] + (y[k] - y[k - 1]) * (raw - x[k - 1]) /
					      (x[k] - x[k - 1]);
	return y[MODEL_KNOTS - 1];
}
