/*
 * opinion: what another model says of a text: the requests and answers of
 * the services that can be asked for a second opinion, and how their
 * categories become our six labels. Nothing here talks to anybody.
 */
#ifndef SS_OPINION_H
#define SS_OPINION_H

#include <stdbool.h>
#include <stddef.h>

#include "../buf.h"
#include "toxic.h"

enum opinion_format {
	/*
	 * A server around Detoxify (github.com/unitaryai/detoxify), which has
	 * no protocol of its own: {"text":T,"inputs":T} is asked, for those
	 * that want the one or the other. The answer is what its predict()
	 * returns, {"toxicity":N,...}, each value a number or a list of one;
	 * or that inside of "result" or the like, or a list of one such; or
	 * the list of {"label":L,"score":N} that a text-classification server
	 * gives for the same models (unitary/toxic-bert).
	 */
	OPINION_DETOXIFY,
	/* platform.openai.com/docs/api-reference/moderations */
	OPINION_OPENAI,
	/* developers.perspectiveapi.com/s/about-the-api-methods */
	OPINION_PERSPECTIVE
};

#define OPINION_OPENAI_MODEL "omni-moderation-latest"

struct opinion {
	float score[TOXIC_LABELS]; /* each 0 to 1 */
	bool has[TOXIC_LABELS];    /* [TOXIC_TOXICITY] always */
};

/*
 * Appends the request's body for n bytes of valid UTF-8. model: for
 * OPINION_OPENAI. 0, or -1 as buf_add.
 */
int opinion_write(enum opinion_format, const char *model, const char *text,
    size_t n, struct buf *out);
/*
 * Reads an answer's n bytes. 0, or -1 with *why, a constant, when they are
 * not what the format says: no JSON, no score of toxicity, or a score that is
 * no number from 0 to 1.
 */
int opinion_read(enum opinion_format, const char *body, size_t n,
    struct opinion *, const char **why);
/* Puts the scores that o has in place of r's, and chooses r's reason anew. */
void opinion_apply(const struct opinion *o, struct toxic_result *r);

#endif
