/*
 * model: see model.h. Scoring adds six int8 weights a feature. They are read
 * as a vector of eight, two of which belong to the next bucket and are not
 * looked at; 16 bits hold the sums of 256 features.
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
#define BATCH 256 /* features whose weights can't overflow 16 bits */

typedef int8_t v8qi __attribute__((vector_size(8)));
typedef int16_t v8hi __attribute__((vector_size(16)));

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

/* The tables are finite and rise. */
static bool
is_sound(const struct model_header *h)
{
	int l, k;

	for (l = 0; l < TOXIC_LABELS; l++) {
		if (!isfinite(h->scale[l]) || !isfinite(h->bias[l]))
			return false;
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
	if (h->heads != TOXIC_LABELS || h->bits != FEATURE_BITS ||
	    h->knots != MODEL_KNOTS || h->size != MODEL_SIZE)
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
	*why = fault(p, n);
	if (*why != NULL)
		return -1;
	*m = (struct model){ .head = p,
		.weight = (const int8_t *)p + sizeof(struct model_header),
		.len = n };
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
model_raw(const struct model *m, const uint32_t *at, size_t n,
    float raw[TOXIC_LABELS])
{
	int32_t sum[TOXIC_LABELS] = { 0 };
	float factor = n > 0 ? 1 / sqrtf((float)n) : 0;
	size_t i, end;
	v8hi part;
	v8qi w;
	int l;

	for (i = 0; i < n; i = end) {
		part = (v8hi){ 0 };
		end = n - i > BATCH ? i + BATCH : n;
		for (size_t j = i; j < end; j++) {
			memcpy(&w, m->weight + (size_t)TOXIC_LABELS * at[j],
			    sizeof(w));
			part += __builtin_convertvector(w, v8hi);
		}
		for (l = 0; l < TOXIC_LABELS; l++)
			sum[l] += part[l];
	}
	for (l = 0; l < TOXIC_LABELS; l++)
		raw[l] = (float)sum[l] * m->head->scale[l] * factor +
			 m->head->bias[l];
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
