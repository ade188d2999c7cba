/*
 * toxic: text -> six scores in [0,1]. This is the whole interface between
 * ss-moderate and whatever does the scoring: a weighted lexicon over
 * normalised text and a trained model. One scorer serves one thread.
 */
#ifndef SS_TOXIC_H
#define SS_TOXIC_H

#include <stdbool.h>
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
	float weight;    /* its share, in the scorer's own units */
	unsigned phrase; /* its line in phrases.txt; 0: a word */
};
#define TOXIC_SPANS 16 /* at most so many are told, the strongest */

struct toxic_result {
	float score[TOXIC_LABELS]; /* each 0 to 1; [0] is the overall one */
	struct toxic_span span[TOXIC_SPANS]; /* by start, not overlapping */
	size_t nspans;
	enum toxic_label reason; /* see toxic_reason */
};

struct toxic;

/* With the model that ships. NULL with errno. */
struct toxic *toxic_new(void);
/* The lexicon alone, until a model is loaded. NULL with errno. */
struct toxic *toxic_new_bare(void);
void toxic_free(struct toxic *);
/*
 * Takes the model in the file at path instead. 0, or -1 with *why a text for
 * people; the old one stays in force then.
 */
int toxic_load(struct toxic *, const char *path, const char **why);
/* The same for n bytes at p, borrowed as long as they are in force. */
int toxic_use(struct toxic *, const void *p, size_t n, const char **why);
/* Tells one model from another; 0: none. */
uint64_t toxic_model_id(const struct toxic *);
/*
 * Scores n bytes of valid UTF-8 (any length; only the first 4,096 bytes are
 * looked at closely enough to count). Never fails; allocates nothing in
 * steady state.
 */
void toxic_score(
    struct toxic *, const char *text, size_t n, struct toxic_result *);
/*
 * The strongest label other than TOXIC_TOXICITY and _SEVERE_TOXICITY: the
 * lexicon's where it decided, else the model's.
 */
enum toxic_label toxic_reason(const struct toxic_result *);
/*
 * Appends text to out with every code point inside the spans, white space
 * excepted, replaced by '*'. 0, or -1 as buf_add.
 */
int toxic_mask(
    const struct toxic_result *, const char *text, size_t n, struct buf *out);

/*
 * For people: which parts of the text carried how much, the strongest first,
 * at most TOXIC_REASONS of them. weight: by how much the model's raw value of
 * toxicity falls where the part is not there (negative ones aren't told);
 * beyond TOXIC_EXPLAIN_MAX bytes only what the lexicon found, by its weights.
 * res: what toxic_score said of the text. As slow as scoring the text once
 * for each of its words. Returns their number.
 */
#define TOXIC_REASONS 5
#define TOXIC_EXPLAIN_MAX 4096
size_t toxic_explain(struct toxic *, const char *text, size_t n,
    const struct toxic_result *res, struct toxic_span out[TOXIC_REASONS]);
/* For tests: read every text in full, without what is known of its words. */
void toxic_plain(struct toxic *, bool);
/* Tells scorers apart that may score differently: model, lexicon, version. */
uint64_t toxic_id(const struct toxic *);

/* For ss-train: what a model is made from. */

/* What the lexicon is sure about gets at least so much. */
#define TOXIC_LEXICON_SURE 0.6F

/* A text as a model gets to see it; valid until the next call. */
struct toxic_sight {
	const uint32_t *feature;
	size_t nfeatures;
	bool sure; /* flagged whatever the model says */
};
/* As toxic_score, of the first piece alone. */
void toxic_look(
    struct toxic *, const char *text, size_t n, struct toxic_sight *);
/* What was said of the last text scored, lexicon and all, uncalibrated. */
void toxic_raw(const struct toxic *, float raw[TOXIC_LABELS]);

#endif
