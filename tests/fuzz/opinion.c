/*
 * opinion: an answer from outside is refused with a reason, or gives scores
 * from 0 to 1 that can be put in place of ours. The first byte is the format.
 */
#include "../../lib/toxic/opinion.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/json.h"
#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

/* A text, whatever its bytes, becomes a request that is JSON. */
static void
ask(enum opinion_format format, const char *text, size_t n)
{
	struct json_doc doc = { 0 };
	struct buf b;

	buf_init(&b, 1 << 20);
	if (opinion_write(format, OPINION_OPENAI_MODEL, text, n, &b) == 0)
		check(json_parse(&doc, b.p, b.len) == 0);
	json_release(&doc);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum opinion_format format;
	struct toxic_result r = { .reason = TOXIC_INSULT };
	const char *why = NULL;
	struct opinion o;
	char *text;
	int l;

	if (n == 0)
		return 0;
	format = (enum opinion_format)(data[0] % 3);
	text = malloc(
	    n - 1 + (n == 1)); /* of exact size: what is read too far is seen */
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, n - 1);
	if (opinion_read(format, text, n - 1, &o, &why) < 0) {
		check(why != NULL && why[0] != '\0');
	} else {
		check(o.has[TOXIC_TOXICITY]);
		opinion_apply(&o, &r);
		for (l = 0; l < TOXIC_LABELS; l++)
			check(r.score[l] >= 0 && r.score[l] <= 1);
		check(r.reason >= TOXIC_OBSCENE && r.reason < TOXIC_LABELS);
	}
	if (utf8_valid(text, n - 1))
		ask(format, text, n - 1);
	free(text);
	return 0;
}
