/*
 * ss-train in parts: data (labelled rows in memory), vocab (which
 * features a model knows), learn (weights by AdaGrad), pack (int8, calibration,
 * the file), eval (figures).
 */
#ifndef SS_TRAIN_H
#define SS_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "show.h"
#include "toxic/model.h"
#include "toxic/toxic.h"

#define TRAIN_SOURCES 128
#define TRAIN_LANGS 64
/* Floats a bucket of the plain model, of the deep one; so many are used. */
#define TRAIN_PLAIN 8 /* MODEL_HEADS */
#define TRAIN_DEEP 16 /* MODEL_HEADS + MODEL_HIDDEN */

struct row {
	size_t text; /* where it begins in data.text */
	uint32_t len;
	int8_t y[TOXIC_LABELS]; /* 0, 1, or -1: not annotated */
	uint8_t source, lang;
	bool chat; /* its domain begins with "chat" */
	bool made; /* its domain is chat-made: written for a purpose */
	bool held; /* kept from training, for calibration */
};

struct names {
	char name[TRAIN_SOURCES][32];
	size_t n;
};

struct data {
	struct buf text;
	struct row *row;
	size_t n, cap;
	struct names sources, langs;
};

void data_init(struct data *);
void data_release(struct data *);
/*
 * Adds the rows of a file, gzip or plain, TSV or NDJSON. 0, or -1 after a
 * message that names the line.
 */
int data_read(struct data *, const char *path);
/* The row's text and its length. */
const char *data_text(const struct data *, const struct row *);

struct learn_conf {
	uint64_t seed;
	int64_t epochs;
	enum progress_how progress;
};

/* What has been learnt, in floats. */
struct weights {
	uint8_t *tag; /* of the feature that has the bucket; 0: none */
	float *plain; /* TRAIN_PLAIN a bucket */
	float *deep;  /* TRAIN_DEEP a bucket: heads, then hidden units */
	float plain_bias[MODEL_HEADS][MODEL_LENGTHS];
	float deep_bias[MODEL_HEADS][MODEL_LENGTHS];
	float shift[MODEL_HIDDEN];
	float mix[MODEL_HEADS][MODEL_HIDDEN];
};

/* Features, and which of them get a bucket. NULL: no memory. */
struct vocab *vocab_new(void);
void vocab_free(struct vocab *);
/*
 * n features of a text: what its label has more than its source lets one
 * expect, and how much that varies. 0, or -1 with errno.
 */
int vocab_add(struct vocab *, const uint32_t *feature, size_t n, float surprise,
    float variance);
/* tag, FEATURE_BUCKETS of them: whose each bucket is. 0, or -1 with errno. */
int vocab_choose(const struct vocab *, uint8_t *tag);

/* 0, or -1 with errno. w is released by weights_release in any case. */
int learn(struct weights *, const struct data *, struct toxic *,
    const struct learn_conf *);
void weights_release(struct weights *);
/* 1 / (1 + e^-z), the same on every machine. */
float learn_sigmoid(float z);
/* So many of the n bytes at s are learnt from; whole characters. */
size_t learn_head_of(const char *s, size_t n);

/*
 * A copy of base, changed as far as the rows ask for it, in out (MODEL_SIZE
 * bytes, aligned). All rows are learnt from. 0, or -1 with errno.
 */
int tune(struct model_header *out, const struct model *base,
    const struct data *, struct toxic *, const struct learn_conf *);

/* out: MODEL_SIZE bytes, aligned; not calibrated yet. 0, or -1 with errno. */
int pack(const struct weights *, struct model_header *out);
/* Fills in the tables and the checksum. 0, or -1 with errno. */
int calibrate(struct model_header *, const struct data *, struct toxic *);

struct eval_conf {
	const char *file; /* where the rows are from */
	bool json;        /* figures as JSON, one object a line */
	struct buf *svg;  /* for a drawing; NULL: none is wanted */
};

/* Prints the figures of the scorer on the rows. 0, or -1 with errno. */
int eval(const struct data *, struct toxic *, const struct eval_conf *);
/* The same for what is flagged of chat in disguise. */
int eval_disguised(const struct data *, struct toxic *);

#endif
