/* toxic: what is flagged and what is not, spans, masks, hostile text. */
#include "../../lib/toxic/toxic.h"

#include <math.h>

#include "../../lib/utf8.h"
#include "tap.h"

#include "../../lib/banned.h"

#define FLAGGED 0.6F

static struct toxic *tox;

/* One for each way in which a word is recognised. */
static const char *const flagged[] = { "fuck", "FUCK you", "fucking", "fuckers",
	"unfuckingbelievable", "you are an idiot", "you idiots", "motherfucker",
	"what a moron", "you are a dog", "you donkey", "he is pathetic",
	"trash team", "kill yourself", "kys", "k.y.s", "i'll kill you",
	"i will find you", "i know where you live", "hope you die", "go die",
	"i hate jews", "women belong in the kitchen", "go back to africa",
	/* disguises */
	"f u c k", "f.u.c.k", "f-u-c-k", "f  u  c  k", "f*ck", "f**k", "f***",
	"f***ing", "b!tch", "sh1t", "a55hole", "@sshole", "a$$hole", "$hit",
	"fuuuuck", "biiitch", "idiooot", "k1ll y0urself", "n1gger",
	"fu\xd1\x81k", "\xd1\x96\x64\xd1\x96ot",
	"\xef\xbd\x86\xef\xbd\x95\xef\xbd\x83\xef\xbd\x8b",
	"f\xe2\x80\x8bu\xe2\x80\x8b\x63k", "fu\xcc\x88\x63k", "b\xc3\xadtch",
	"\xf0\x9d\x90\x9f\xf0\x9d\x90\xae\xf0\x9d\x90\x9c\xf0\x9d\x90\xa4",
	"f\xc2\xaduck",
	/* other languages */
	"du arschloch", "hijo de puta", "va te faire foutre", "fils de pute",
	"vai se foder", "filho da puta", "\xd1\x81\xd1\x83\xd0\xba\xd0\xb0" };

static const char *const benign[] = { "", " ", "hello", "gg wp", "Scunthorpe",
	"assassin's creed", "kill the boss", "this is sick", "you killed it",
	"sick play", "cockpit", "Essex", "classic", "bass", "grape", "k.i.s.s",
	"g r a p e", "g.r.a.p.e", "Dick Van Dyke", "Moby Dick", "cucumber",
	"therapist", "analysis", "Penistone", "shiitake", "snigger", "Nigeria",
	"i hate mondays", "I am a gay man", "proud muslim woman",
	"i am a black woman", "black lives matter", "muslims celebrate eid",
	"you have a cute dog", "are you a bot", "is your dog ok",
	"you are not an idiot", "i am such an idiot", "i'm an idiot",
	"i beat the boss", "i will beat you at chess", "break a leg",
	"shoot me a message", "i'll find you on discord", "take out the trash",
	"don't kill yourself", "a*b*c", "**bold**", "2 * 3", "c++", "hi!you",
	"1337", "a.k.a.", "t e s t", "and/or", "push it", "cla$$", "c0ckpit",
	"\xe4\xbd\xa0\xe5\xa5\xbd",
	"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct toxic_result
score_n(const char *s, size_t n)
{
	struct toxic_result r;

	toxic_score(tox, s, n, &r);
	return r;
}

static struct toxic_result
score(const char *s)
{
	return score_n(s, strlen(s));
}

static void
test_lists(void)
{
	struct toxic_result r;
	size_t i;

	for (i = 0; i < COUNT(flagged); i++) {
		r = score(flagged[i]);
		OK_FOR(r.score[TOXIC_TOXICITY] >= FLAGGED, flagged[i]);
		OK_FOR(r.nspans > 0, flagged[i]);
	}
	for (i = 0; i < COUNT(benign); i++)
		OK_FOR(score(benign[i]).score[TOXIC_TOXICITY] < FLAGGED,
		    benign[i]);
}

static void
test_reason(void)
{
	static const struct {
		const char *text;
		enum toxic_label label;
	} t[] = {
		{ "you are an idiot", TOXIC_INSULT },
		{ "fuck", TOXIC_OBSCENE },
		{ "i will kill you", TOXIC_THREAT },
		{ "i hate all jews", TOXIC_IDENTITY_ATTACK },
	};
	struct toxic_result r;
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		r = score(t[i].text);
		OK_FOR(toxic_reason(&r) == t[i].label, t[i].text);
	}
}

/* Every score is a number from 0 to 1, the first is the largest. */
static void
check_result(const struct toxic_result *r, const char *s, size_t n)
{
	size_t i, end = 0;
	bool ok = r->nspans <= TOXIC_SPANS;
	int l;

	for (l = 0; l < TOXIC_LABELS; l++)
		ok = ok && isfinite(r->score[l]) && r->score[l] >= 0 &&
		     r->score[l] <= r->score[TOXIC_TOXICITY] &&
		     r->score[TOXIC_TOXICITY] <= 1;
	for (i = 0; ok && i < r->nspans; i++) {
		ok = r->span[i].start >= end && r->span[i].len > 0;
		end = r->span[i].start + r->span[i].len;
		ok = ok && end <= n &&
		     ((unsigned char)s[r->span[i].start] & 0xc0) != 0x80 &&
		     (end == n || ((unsigned char)s[end] & 0xc0) != 0x80);
	}
	OK(ok);
}

static void
is_masked(const char *text, const char *want)
{
	struct toxic_result r = score(text);
	struct buf b;

	buf_init(&b, 1 << 20);
	OK(toxic_mask(&r, text, strlen(text), &b) == 0);
	IS_STR(b.p, want);
	buf_release(&b);
}

static void
test_mask(void)
{
	is_masked("hello there", "hello there");
	is_masked("you idiot!", "you *****!");
	is_masked("f u c k you", "* * * * you");
	is_masked("f u c k this", "* * * * this");
	is_masked("'fuck'", "'****'");
	is_masked("(sh1t)", "(****)");
	is_masked("\xc3\xa9 f\xc3\xbc\x63k \xc3\xa9", "\xc3\xa9 **** \xc3\xa9");
	is_masked("fu\xcc\x88\x63k.", "*****.");
	is_masked("fuckfuckfuck", "************");
	is_masked("unfuckingbelievable", "un****ingbelievable");
	is_masked("kill yourself now", "**** ******** now");
	is_masked("fucking shit, man", "******* ****, man");
}

/* More hits than spans: all of them are masked all the same. */
static void
test_many_spans(void)
{
	char text[40 * 7 + 1] = "";
	struct toxic_result r;
	struct buf b;
	size_t i;

	for (i = 0; i < 40; i++)
		memcpy(text + 7 * i, "fuck a ", 8);
	r = score(text);
	check_result(&r, text, strlen(text));
	IS_INT((int64_t)r.nspans, TOXIC_SPANS);
	buf_init(&b, 4096);
	OK(toxic_mask(&r, text, strlen(text), &b) == 0);
	OK(strstr(b.p, "fuck") == NULL);
	IS_INT((int64_t)b.len, (int64_t)strlen(text));
	buf_release(&b);
}

/* Nothing hides behind padding, wherever the text is cut into pieces. */
static void
test_long_text(void)
{
	static char text[3 * 4096 + 64];
	struct toxic_result r;
	size_t pad, bad = 0;

	for (pad = 3900; pad < 4200; pad++) {
		memset(text, 'a', pad);
		memcpy(text + pad, " fuck", 5);
		r = score_n(text, pad + 5);
		bad += r.score[TOXIC_TOXICITY] < FLAGGED || r.nspans != 1 ||
		       r.span[0].start != pad + 1 || r.span[0].len != 4;
	}
	IS_INT((int64_t)bad, 0);
	memset(text, ' ', sizeof(text));
	r = score_n(text, sizeof(text));
	IS_INT(r.score[TOXIC_TOXICITY] > 0, 0);
}

/* Whatever the text, it ends soon and the result is sound. */
static void
test_hostile(void)
{
	static const char *const parts[] = { "*", "f*", "a", "i", "1", "@", " ",
		"f ", "s$", "\xe2\x80\x8b", "\xcc\x81", "\xd0\xb8", "\xd1\x81",
		"fu", "you ", "i will ", "kill ", "!", "\xf0\x9f\x98\x80",
		"\xef\xbf\xbd", "\xc2\xa0", "nn", "g.", "-", "so a " };
	static char text[1 << 16];
	uint64_t seed = 42;
	struct toxic_result r;
	double start = tap_now();
	size_t i, n, k, m;
	const char *p;
	char *copy;

	for (i = 0; i < COUNT(parts) * 8; i++) {
		for (n = 0, k = i; n + 16 < sizeof(text) >> (i % 4); n += m) {
			p = parts[k % COUNT(parts)];
			m = strlen(p);
			memcpy(text + n, p, m);
			if (i >= COUNT(parts))
				k = (size_t)tap_rand(&seed);
		}
		copy = tap_copy(text, n);
		r = score_n(copy, n);
		check_result(&r, copy, n);
		free(copy);
	}
	OK(tap_now() - start < 60);
}

/* The same text gives the same result whatever was scored before. */
static void
test_no_memory_of_before(void)
{
	struct toxic_result a = score("you are an idiot"), b;
	int i, other = 0;

	(void)score("fuck fuck fuck");
	b = score("you are an idiot");
	for (i = 0; i < TOXIC_LABELS; i++)
		other += a.score[i] != b.score[i];
	IS_INT(other, 0);
	IS_INT((int64_t)b.nspans, 1);
}

/* Gloating counts, but is not flagged for itself; what is beside it is. */
static void
test_taunts(void)
{
	static const char *const mild[] = { "ez", "EZ", "gg ez", "ez mid",
		"ez game", "so ez", "ez ez ez", "e z", "ez clap" };
	static const char *const bad[] = { "ez noob trash", "ez kys",
		"gg ez you fucking retards" };
	struct toxic_result r;
	size_t i;
	int l, above;

	for (i = 0; i < COUNT(mild); i++) {
		r = score(mild[i]);
		OK_FOR(r.score[TOXIC_TOXICITY] < FLAGGED, mild[i]);
		for (l = 1, above = 0; l < TOXIC_LABELS; l++)
			above += r.score[l] > r.score[TOXIC_TOXICITY];
		OK_FOR(above == 0, mild[i]);
	}
	for (i = 0; i < COUNT(bad); i++)
		OK_FOR(score(bad[i]).score[TOXIC_TOXICITY] >= FLAGGED, bad[i]);
	OK(score("ez mid").score[TOXIC_TOXICITY] >
	    2 * score("go mid").score[TOXIC_TOXICITY]);
}

/*
 * A mask hides a curse rather than what else would fit. Where everything is
 * masked it hides the word that is more usual.
 */
static void
test_masked_throughout(void)
{
	struct toxic *bare = toxic_new_bare(), *full = tox;

	if (!OK(bare != NULL))
		return;
	tox = bare;
	OK(score("c*nt").score[TOXIC_TOXICITY] >= FLAGGED);
	OK(score("oh c*nt, m*te").score[TOXIC_TOXICITY] >= FLAGGED);
	OK(score("i c*nt s*e h*m fr*m h*re").score[TOXIC_TOXICITY] < 0.1F);
	OK(score("i c*nt f*cking s*e h*m fr*m h*re").score[TOXIC_TOXICITY] >=
	    FLAGGED);
	tox = full;
	toxic_free(bare);
}

int
main(void)
{
	tox = toxic_new();
	if (!OK(tox != NULL))
		return tap_done();
	test_lists();
	test_reason();
	test_mask();
	test_many_spans();
	test_long_text();
	test_hostile();
	test_no_memory_of_before();
	test_taunts();
	test_masked_throughout();
	toxic_free(tox);
	toxic_free(NULL);
	return tap_done();
}
