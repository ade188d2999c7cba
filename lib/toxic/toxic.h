/*
 * toxic: text -> six scores in [0,1]. This is the whole interface between
 * ss-moderate and whatever does the scoring: a weighted lexicon over
 * normalised text today, a trained model later. One scorer serves one thread.
 */
#ifndef SS_TOXIC_H
#define SS_TOXIC_H

#include <stddef.h>
#include <stdint.h>

#include "../buf.h"

/* The labels of the Jigsaw toxic comment data, in its order. */
enum toxic_label {
	TOXIC_TOXICITY,
	TOXIC_SEVERE_TOXICITY,
	TOXIC_OBSCENE,
	TOXIC_THREAT,
	TOXIC_INSULT,
	TOXIC_IDENTITY_ATTACK,
	TOXIC_LABELS
};

/* "toxicity", "severe_toxicity", ... */
extern const char *const toxic_label_name[TOXIC_LABELS];

/* A part of the original text that carried weight. */
struct toxic_span {
	size_t start, len; /* bytes of the text given, at character borders */
	enum toxic_label label;
	float weight; /* its share, in the scorer's own units */
};
#define TOXIC_SPANS 16 /* at most so many are told, the strongest */

struct toxic_result {
	float score[TOXIC_LABELS]; /* each 0 to 1; [0] is the overall one */
	struct toxic_span span[TOXIC_SPANS]; /* by start, not overlapping */
	size_t nspans;
};

struct toxic;

/* NULL with errno. */
struct toxic *toxic_new(void);
void toxic_free(struct toxic *);
/*
 * Scores n bytes of valid UTF-8 (any length; only the first 4,096 bytes are
 * looked at closely enough to count). Never fails; allocates nothing in
 * steady state. The label with the highest score beside toxicity names the
 * reason.
 */
void toxic_score(
    struct toxic *, const char *text, size_t n, struct toxic_result *);
/* The strongest label other than TOXIC_TOXICITY and _SEVERE_TOXICITY. */
enum toxic_label toxic_reason(const struct toxic_result *);
/*
 * Appends text to out with every code point inside the spans, white space
 * excepted, replaced by '*'. 0, or -1 as buf_add.
 */
int toxic_mask(
    const struct toxic_result *, const char *text, size_t n, struct buf *out);

#endif
