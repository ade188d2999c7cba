/*
 * profile: see app.h. normal goes by the score alone. strict adds the swear
 * words that the lexicon finds too mild to be sure about. lenient lets go
 * what is only obscene, said to nobody, and what is doubtful, but not what the
 * lexicon is sure to be a threat, an insult or a slur.
 */
#include <string.h>
#include <strings.h>

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

/* Behind the span stands somebody whom it is said to: "fuck you". */
static bool
has_addressee(const struct buf *text, const struct toxic_span *s)
{
	static const char *const words[] = { "you", "u", "ya", "your", "ur",
		"yourself", "yall", "off" };
	size_t at = s->start + s->len, n, i;

	while (at < text->len && text->p[at] == ' ')
		at++;
	n = strspn(text->p + at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz");
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == n &&
		    strncasecmp(text->p + at, words[i], n) == 0)
			return true;
	return false;
}

/* Only obscene, and said to nobody. */
static bool
is_swearing(const struct app *a)
{
	size_t i;

	for (i = 0; i < a->result.nspans; i++)
		if (has_addressee(a->scored, &a->result.span[i]))
			return false;
	return toxic_reason(&a->result) == TOXIC_OBSCENE;
}

bool
profile_flags(const struct app *a, double score)
{
	const struct toxic_result *r = &a->result;
	bool told = a->in_force >= 0;
	double threshold = told ? a->in_force : a->threshold;

	if (a->profile == PROFILE_LENIENT) {
		if (has_span(r, true))
			return score >= (told ? threshold : a->sure_threshold);
		return score >= threshold && !is_swearing(a);
	}
	return score >= threshold ||
	       (a->profile == PROFILE_STRICT && has_span(r, false));
}
