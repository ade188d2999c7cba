/*
 * model: weights of buckets for six scores, as one file: a header, a table
 * of calibration a head, int8 weights. The file is mapped and used as it
 * stands, so loading it costs a checksum and programs share the memory; it
 * is replaced by rename(2), never written in place. The numbers are those of
 * a little-endian machine, and a file is refused elsewhere.
 */
#ifndef SS_TOXIC_MODEL_H
#define SS_TOXIC_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features.h"
#include "toxic.h"

#define MODEL_MAGIC "SSMODEL\n"
#define MODEL_VERSION 5
/* A head a label, and a second one of toxicity, for long texts. */
#define MODEL_HEADS (TOXIC_LABELS + 1)
#define MODEL_LONG TOXIC_LABELS /* that one */
#define MODEL_HIDDEN 8          /* units that all heads share */
#define MODEL_LANES (MODEL_HEADS + MODEL_HIDDEN + 1)
#define MODEL_TAG (MODEL_LANES - 1) /* the last one */
#define MODEL_KNOTS 16
#define MODEL_LENGTHS 16 /* of a text, each twice the one before */

/*
 * The file's beginning; the buckets follow, MODEL_LANES bytes each: weights of
 * the heads, those of the hidden units, the tag of the one feature it belongs
 * to (0: of none). What else falls on it is no part of the model: a feature
 * that was seldom seen says nothing rather than what another one means. Of
 * those features of a text that have a bucket the weights of a lane are added,
 * times scale and model_factor(their number). A hidden unit is that plus shift,
 * or 0 where it is less; a head's raw value is its own sum plus bias plus the
 * hidden units times mix. The bias is one of the text's length. Of toxicity
 * there are two raw values; share says how much of the second is taken.
 */
struct model_header {
	char magic[8];
	uint32_t version, scheme, heads, hidden, buckets;
	uint32_t knots, lengths;
	uint32_t size; /* bytes in the file */
	uint64_t sum;  /* of all that follows */
	float scale[MODEL_TAG], shift[MODEL_HIDDEN];
	float mix[MODEL_HEADS][MODEL_HIDDEN];
	/* at 1, 2, 4 and so on, a feature being the first of two */
	float bias[MODEL_HEADS][MODEL_LENGTHS], share[MODEL_LENGTHS];
	float spare; /* 0 */
	/* raw value and score, both rising; straight lines in between */
	float raw[TOXIC_LABELS][MODEL_KNOTS];
	float score[TOXIC_LABELS][MODEL_KNOTS];
};
#define MODEL_SIZE \
	(sizeof(struct model_header) + (size_t)MODEL_LANES * FEATURE_BUCKETS)

struct model {
	const struct model_header *head; /* NULL: none */
	/* that of the header by unit, a number more for each of them */
	float mix[MODEL_HIDDEN][MODEL_HEADS + 1];
	const int8_t *weight;
	void *map; /* NULL: the memory is somebody else's */
	size_t len;
};

/* The model that is part of the program. */
extern const unsigned char model_default[];
extern const uint64_t model_default_size;

/* The bytes that a feature may use. */
static inline const int8_t *
model_bucket(const struct model *m, uint32_t feature)
{
	return m->weight + (size_t)MODEL_LANES * feature_bucket(feature);
}

/*
 * n bytes at p (aligned as by malloc) as a model, which borrows them until
 * release. 0, or -1 with *why a constant text for people.
 */
int model_view(struct model *, const void *p, size_t n, const char **why);
/* As model_view, of a file. A zeroed model is ready for it and for release. */
int model_open(struct model *, const char *path, const char **why);
void model_release(struct model *);
/* Of the bytes behind sum, n in the whole model. */
uint64_t model_sum(const void *p, size_t n);

/*
 * The weights of n features are added to sum, a lane; sum[MODEL_TAG] counts
 * those that have a bucket.
 */
void model_add(const struct model *, const uint32_t *at, size_t n,
    int32_t sum[MODEL_LANES]);
/* What a weight counts in a text of n features; 0 for none. */
float model_factor(float n);
/*
 * The length of a text of n features: the number of the knot before it, and
 * how much of the way to the next one lies behind.
 */
int model_length(size_t n, float *part);
/* The raw values of a text with these sums. */
void model_finish(const struct model *, const int32_t sum[MODEL_LANES],
    float raw[TOXIC_LABELS]);
/* Both: the raw values of n features. */
void model_raw(const struct model *, const uint32_t *at, size_t n,
    float raw[TOXIC_LABELS]);
/* A head's raw value as a score, 0 to 1. */
float model_score(const struct model *, int head, float raw);

#endif
