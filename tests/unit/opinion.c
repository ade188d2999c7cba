/* opinion: what is asked, and which answers count as ones. */
#include "../../lib/toxic/opinion.h"

#include "tap.h"

#include "../../lib/banned.h"

#define DETOX OPINION_DETOXIFY
#define OPENAI OPINION_OPENAI
#define PERSP OPINION_PERSPECTIVE

static bool
near(double a, double b)
{
	return a - b < 1e-6 && b - a < 1e-6;
}

/* From a copy of exact size, so that sanitizers see what is read too far. */
static int
read_text(enum opinion_format f, const char *text, struct opinion *o)
{
	const char *why = "unset";
	char *copy = tap_copy(text, strlen(text));
	int rc = opinion_read(f, copy, strlen(text), o, &why);

	OK_FOR((rc < 0) == (why != NULL), text);
	free(copy);
	return rc;
}

static void
asks(void)
{
	struct buf b;

	buf_init(&b, 4096);
	IS_INT(opinion_write(DETOX, NULL, "a\"\n\0b", 5, &b), 0);
	IS_STR(b.p, "{\"text\":\"a\\\"\\n\\u0000b\","
		    "\"inputs\":\"a\\\"\\n\\u0000b\"}");
	buf_reset(&b);
	IS_INT(opinion_write(OPENAI, "m", "", 0, &b), 0);
	IS_STR(b.p, "{\"model\":\"m\",\"input\":\"\"}");
	buf_reset(&b);
	IS_INT(opinion_write(PERSP, NULL, "x", 1, &b), 0);
	IS_STR(b.p, "{\"comment\":{\"text\":\"x\"},\"requestedAttributes\":{"
		    "\"TOXICITY\":{},\"SEVERE_TOXICITY\":{},"
		    "\"IDENTITY_ATTACK\":{},\"INSULT\":{},\"PROFANITY\":{},"
		    "\"THREAT\":{}},\"doNotStore\":true}");
	buf_release(&b);
	buf_init(&b, 10);
	IS_INT(opinion_write(DETOX, NULL, "hello", 5, &b), -1);
	buf_release(&b);
}

static const struct {
	enum opinion_format format;
	const char *text;
	double score;
} good[] = {
	{ DETOX, "{\"toxicity\":0.5}", 0.5 },
	{ DETOX, " \r\n\t{\"toxicity\" : 1e-3, \"x\":[{}]} ", 0.001 },
	{ DETOX, "{\"toxicity\":0}", 0 },
	{ DETOX, "{\"toxicity\":1}", 1 },
	{ DETOX, "{\"toxicity\":1.0}", 1 },
	{ DETOX, "{\"toxicity\":-0}", 0 },
	{ DETOX, "{\"toxic\":[0.25]}", 0.25 },
	{ DETOX, "{\"tox\\u0069city\":0.25}", 0.25 },
	{ DETOX, "{\"toxicity\":0.25,\"insult\":null}", 0.25 },
	{ DETOX, "{\"toxicity\":2,\"toxicity\":0.5}", 0.5 },
	{ DETOX, "{\"text\":\"t\",\"result\":{\"toxicity\":[0.5]}}", 0.5 },
	{ DETOX, "{\"results\":[{\"toxicity\":0.5}]}", 0.5 },
	{ DETOX, "[{\"toxicity\":0.5}]", 0.5 },
	{ DETOX, "[{\"label\":\"toxic\",\"score\":0.5}]", 0.5 },
	{ DETOX,
	    " [[{\"label\":\"insult\",\"score\":1},"
	    "{\"label\":\"toxic\",\"score\":0.5},"
	    "{\"label\":\"new\",\"score\":\"?\"}]]",
	    0.5 },
	{ OPENAI, "{\"results\":[{\"category_scores\":{\"hate\":0.5}}]}", 0.5 },
	{ OPENAI,
	    "{\"results\":[{\"flagged\":7,\"category_scores\":"
	    "{\"hate\":0.5,\"violence\":0.75,\"illicit\":9,\"new\":{}}}]}",
	    0.75 },
	{ PERSP,
	    "{\"attributeScores\":{\"TOXICITY\":{\"summaryScore\":"
	    "{\"value\":0.5}}}}",
	    0.5 },
};

static const struct {
	enum opinion_format format;
	const char *text;
} bad[] = {
	{ DETOX, "" },
	{ DETOX, " " },
	{ DETOX, "0.5" },
	{ DETOX, "null" },
	{ DETOX, "{}" },
	{ DETOX, "[]" },
	{ DETOX, "[[]]" },
	{ DETOX, "[0.5]" },
	{ DETOX, "{\"toxicity\":0.5" },
	{ DETOX, "{\"toxicity\":0.5}x" },
	{ DETOX, "{\"toxicity\":0.5}{\"toxicity\":0.5}" },
	{ DETOX, "{\"toxicity\":.5}" },
	{ DETOX, "{\"toxicity\":NaN}" },
	{ DETOX, "{\"toxicity\":Infinity}" },
	{ DETOX, "{\"toxicity\":1e999}" },
	{ DETOX, "{\"toxicity\":1.0001}" },
	{ DETOX, "{\"toxicity\":-0.1}" },
	{ DETOX, "{\"toxicity\":\"0.5\"}" },
	{ DETOX, "{\"toxicity\":true}" },
	{ DETOX, "{\"toxicity\":null}" },
	{ DETOX, "{\"toxicity\":{}}" },
	{ DETOX, "{\"toxicity\":[]}" },
	{ DETOX, "{\"toxicity\":[0.5,0.5]}" },
	{ DETOX, "{\"toxicity\":[[0.5]]}" },
	{ DETOX, "{\"insult\":0.5}" },
	{ DETOX, "{\"toxicity\":0.5,\"insult\":2}" },
	{ DETOX, "{\"toxicity\":0.5,\"x\":\"\xff\"}" },
	{ DETOX, "[{\"toxicity\":0.5},{\"toxicity\":0.5}]" },
	{ DETOX, "[{\"label\":\"toxic\"}]" },
	{ DETOX, "[{\"label\":1,\"score\":0.5}]" },
	{ DETOX, "[{\"label\":\"toxic\",\"score\":2}]" },
	{ DETOX, "[{\"label\":\"insult\",\"score\":0.5}]" },
	{ DETOX, "[[[[[[[{\"toxicity\":0.5}]]]]]]]" },
	{ DETOX, "{\"result\":{\"result\":{\"result\":{\"result\":{"
		 "\"result\":{\"toxicity\":0.5}}}}}}" },
	{ DETOX, "{\"result\":\"toxicity\"}" },
	{ OPENAI, "{\"toxicity\":0.5}" },
	{ OPENAI, "{\"error\":{\"message\":\"no\"}}" },
	{ OPENAI, "{\"results\":{}}" },
	{ OPENAI, "{\"results\":[]}" },
	{ OPENAI, "{\"results\":[1]}" },
	{ OPENAI, "{\"results\":[{}]}" },
	{ OPENAI, "{\"results\":[{\"category_scores\":[]}]}" },
	{ OPENAI, "{\"results\":[{\"category_scores\":{}}]}" },
	{ OPENAI, "{\"results\":[{\"category_scores\":{\"illicit\":1}}]}" },
	{ OPENAI, "{\"results\":[{\"category_scores\":{\"hate\":123}}]}" },
	{ OPENAI, "{\"results\":[{\"category_scores\":{\"hate\":0.5}},{}]}" },
	{ OPENAI, "[{\"category_scores\":{\"hate\":0.5}}]" },
	{ PERSP, "{\"attributeScores\":{}}" },
	{ PERSP, "{\"attributeScores\":[]}" },
	{ PERSP, "{\"attributeScores\":{\"TOXICITY\":0.5}}" },
	{ PERSP, "{\"attributeScores\":{\"TOXICITY\":{}}}" },
	{ PERSP, "{\"attributeScores\":{\"TOXICITY\":{\"summaryScore\":{}}}}" },
	{ PERSP, "{\"attributeScores\":{\"TOXICITY\":{\"summaryScore\":"
		 "{\"value\":\"0.5\"}}}}" },
	{ PERSP, "{\"attributeScores\":{\"INSULT\":{\"summaryScore\":"
		 "{\"value\":0.5}}}}" },
	{ PERSP, "{\"error\":{\"code\":400,\"message\":\"no\"}}" },
};

static void
believes_and_refuses(void)
{
	struct opinion o;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		OK_FOR(read_text(good[i].format, good[i].text, &o) == 0,
		    good[i].text);
		OK_FOR(o.has[TOXIC_TOXICITY] &&
			   near(o.score[TOXIC_TOXICITY], good[i].score),
		    good[i].text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK_FOR(read_text(bad[i].format, bad[i].text, &o) == -1,
		    bad[i].text);
}

static void
refuses_every_prefix(void)
{
	const char *why;
	struct opinion o;
	size_t i, n;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		for (n = 0; n < strlen(good[i].text) - 1; n++) {
			char *copy = tap_copy(good[i].text, n);

			if (opinion_read(good[i].format, copy, n, &o, &why) ==
			    0)
				OK_FOR(false, good[i].text);
			free(copy);
		}
}

static void
bounds_depth(void)
{
	static char deep[60000];
	const char *why;
	struct opinion o;

	memset(deep, '[', sizeof(deep));
	IS_INT(opinion_read(DETOX, deep, sizeof(deep), &o, &why), -1);
	IS_INT(opinion_read(OPENAI, deep, sizeof(deep), &o, &why), -1);
}

static void
maps_categories(void)
{
	struct opinion o;

	read_text(OPENAI,
	    "{\"results\":[{\"category_scores\":{\"harassment\":0.1,"
	    "\"harassment/threatening\":0.2,\"hate\":0.3,"
	    "\"hate/threatening\":0.15,\"sexual\":0.4,\"sexual/minors\":0.05,"
	    "\"violence\":0.01,\"violence/graphic\":0.02,\"self-harm\":1,"
	    "\"self-harm/intent\":1,\"self-harm/instructions\":0.25,"
	    "\"illicit\":1,\"illicit/violent\":null}}]}",
	    &o);
	OK(near(o.score[TOXIC_TOXICITY], 0.4));
	OK(near(o.score[TOXIC_SEVERE_TOXICITY], 0.2));
	OK(near(o.score[TOXIC_OBSCENE], 0.4));
	OK(near(o.score[TOXIC_THREAT], 0.25));
	OK(near(o.score[TOXIC_INSULT], 0.1));
	OK(near(o.score[TOXIC_IDENTITY_ATTACK], 0.3));
	read_text(DETOX,
	    "{\"toxicity\":0.1,\"severe_toxicity\":0.2,\"obscene\":0.3,"
	    "\"threat\":0.4,\"insult\":0.5,\"identity_hate\":0.6,"
	    "\"sexual_explicit\":0.7}",
	    &o);
	OK(near(o.score[TOXIC_SEVERE_TOXICITY], 0.2));
	OK(near(o.score[TOXIC_OBSCENE], 0.3));
	OK(near(o.score[TOXIC_THREAT], 0.4));
	OK(near(o.score[TOXIC_INSULT], 0.5));
	OK(near(o.score[TOXIC_IDENTITY_ATTACK], 0.6));
}

static void
takes_the_place_of_ours(void)
{
	struct toxic_result r = { .score = { .9F, .8F, .7F, .6F, .5F, .4F },
		.reason = TOXIC_OBSCENE };
	struct opinion o;

	read_text(DETOX, "{\"toxicity\":0.1}", &o);
	opinion_apply(&o, &r);
	OK(near(r.score[TOXIC_TOXICITY], 0.1));
	OK(near(r.score[TOXIC_OBSCENE], 0.7));
	IS_INT(r.reason, TOXIC_OBSCENE);
	read_text(DETOX, "{\"toxicity\":1,\"threat\":0.2,\"insult\":0.3}", &o);
	opinion_apply(&o, &r);
	OK(near(r.score[TOXIC_THREAT], 0.2));
	OK(near(r.score[TOXIC_OBSCENE], 0.7));
	IS_INT(r.reason, TOXIC_INSULT);
}

int
main(void)
{
	asks();
	believes_and_refuses();
	refuses_every_prefix();
	bounds_depth();
	maps_categories();
	takes_the_place_of_ours();
	return tap_done();
}
