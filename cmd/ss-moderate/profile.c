/*
 * profile: see app.h. normal goes by the score alone. strict adds the swear
 * words that the lexicon finds too mild to be sure about. lenient lets go
 * what is only obscene, said to nobody, and what is doubtful, but not what the
 * lexicon is sure to be a threat, an insult or a slur.
 */
#include <string.h>

#include "app.h"

#include "banned.h"

#define STRICT 0.4
#define NORMAL 0.6
#define LENIENT 0.8
#define SWEARING 0.15F /* of a span: LEX_MILD and up */

void
profile_init(struct app *a)
{
	bool given = a->threshold >= 0;

	a->profile = strcmp(a->profile_name, "strict") == 0    ? PROFILE_STRICT
		     : strcmp(a->profile_name, "lenient") == 0 ? PROFILE_LENIENT
							       : PROFILE_NORMAL;
	a->sure_threshold = given ? a->threshold : NORMAL;
	if (!given)
		a->threshold = a->profile == PROFILE_STRICT    ? STRICT
			       : a->profile == PROFILE_LENIENT ? LENIENT
							       : NORMAL;
}

/* Some span is obscene, or (sure) surely something worse than that. */
static bool
has_span(const struct toxic_result *r, bool sure)
{
	size_t i;

	for (i = 0; i < r->nspans; i++)
		if (sure ? r->span[i].label != TOXIC_OBSCENE &&
			       r->span[i].weight >= TOXIC_LEXICON_SURE
			 : r->span[i].label == TOXIC_OBSCENE &&
			       r->span[i].weight >= SWEARING)
			return true;
	return false;
}

bool
profile_flags(const struct app *a, double score)
{
	const struct toxic_result *r = &a->result;

	if (a->profile == PROFILE_LENIENT) {
		if (has_span(r, true))
			return score >= a->sure_threshold;
		return score >= a->threshold &&
		       toxic_reason(r) != TOXIC_OBSCENE;
	}
	return score >= a->threshold ||
	       (a->profile == PROFILE_STRICT && has_span(r, false));
}
