/* undo, usual: words that show through a disguise, and what is none. */
#include "../../lib/toxic/undo.h"

#include "../../lib/toxic/usual.h"
#include "../../lib/utf8.h"
#include "tap.h"

#include "../../lib/banned.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct norm norm;
static struct lexicon lex;
static struct norm_glyph glyph[NORM_GLYPHS];
static char line[4 * NORM_GLYPHS + 1];

static size_t
undo(const char *s, size_t n)
{
	return undo_text(&lex, glyph, norm_text(&norm, s, n, glyph));
}

static const char *
undone(const char *s)
{
	size_t n = undo(s, strlen(s)), i, k = 0;

	for (i = 0; i < n; i++)
		k += utf8_encode(glyph[i].cp, line + k);
	line[k] = '\0';
	return line;
}

static const struct {
	const char *text, *want;
} words[] = {
	/* single letters throughout */
	{ "y o u a r e a n i d i o t", "you are an idiot" },
	{ "y o u is a b o y", "y o u is a boy" },
	{ "w h e r e is t h e b o s s n o w", "w h e r e is the boss now" },
	{ "k-i-l-l-t-h-e-b-o-s-s", "kill the boss" },
	{ "i s   t h i s   i t", "is   t h i s   it" },
	{ "Y O U A R E G O O D!", "you are good!" },
	/* of one word, it is left to the lexicon */
	{ "g r a p e k.i.s.s", "g r a p e k.i.s.s" },
	{ "u r n.o.o.b", "u r n.o.o.b" },
	/* nothing but letters */
	{ "q w e r t y", "q w e r t y" },
	{ "x y z", "x y z" },
	{ "1 2 3 4 5", "1 2 3 4 5" },
	/* swapped */
	{ "yuo aer wrnog tehre, wacth otu", "yuo aer wrong there, watch otu" },
	{ "Stpuid", "stupid" },
	{ "form from trial trail", "form from trial trail" },
	{ "brian hose lair ares", "brian hose lair ares" },
	{ "xqzv krtk", "xqzv krtk" },
	/* masked */
	{ "h*te th*s t*am", "hate this team" },
	{ "N*ce", "nice" },
	{ "a*b*c 2*3 **so** x**** h***o", "a*b*c 2*3 **so** x**** h***o" },
	{ "R&B AT&T c#m", "r&b at&t c#m" },
	/* which the lexicon knows: it is all there but that */
	{ "f*ck p*ssy us**ess", "f*ck p*ssy us**ess" },
	{ "i c*nt s*e h*m fr*m h*re", "i cant see him from here" },
	{ "you f*cking c*nt b*tch, g*t lost",
	    "you f*cking c*nt b*tch, get lost" },
	/* drawn out */
	{ "loooser cooool gooood nooo", "loser cool good no" },
	{ "yesssssssssss", "yes" },
	{ "aaaaa hmmmm xxxxqqqq", "aaaaa hmm xxxxqqqq" },
	{ "heel platter lass", "heel platter lass" },
	/* signs */
	{ "y0u 4r3 7h3 b35t", "you are the best" },
	{ "d0nt w@it h3re", "dont wait here" },
	{ "w!ll st+op", "will st+op" },
	{ "gr8 m8 t34 is7 1v1 1st 2nd mp3 100k 5v5 ps5",
	    "gr8 m8 t34 is7 1v1 1st 2nd mp3 100k 5v5 ps5" },
	{ "hi! yes!! no?", "hi! yes!! no?" },
	/* what is not Latin, or looks like it */
	{ "\xd1\x80\xd0\xbe\xd1\x82\xd1\x80 \xe4\xbd\xa0\xe5\xa5\xbd",
	    "\xd1\x80\xd0\xbe\xd1\x82\xd1\x80 \xe4\xbd\xa0\xe5\xa5\xbd" },
	{ "", "" },
};

static void
test_words(void)
{
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		IS_STR(undone(words[i].text), words[i].want);
}

/* A guess knows the bytes that it stands for. */
static void
test_bytes(void)
{
	static const char spaced[] = "so y o u a r e",
			  drawn[] = "a co\xcc\x81oool";
	size_t n = undo(spaced, sizeof(spaced) - 1);

	IS_INT((int64_t)n, 10);
	IS_INT(glyph[3].guess, 1);
	IS_INT(glyph[3].start, 3);
	IS_INT(glyph[5].end, 8);
	IS_INT(glyph[6].kind, NORM_BLANK);
	IS_INT(glyph[7].start, 9);
	IS_INT(glyph[9].end, 14);
	IS_INT(glyph[1].guess, 0);
	IS_INT(glyph[10].kind, NORM_BREAK);
	n = undo(drawn, sizeof(drawn) - 1);
	IS_INT((int64_t)n, 6);
	IS_INT(glyph[3].start, 3);
	IS_INT(glyph[3].end, 6);
	IS_INT(glyph[4].end, 9);
	IS_INT(glyph[5].start, 9);
}

/* However much of it there is, it takes little time. */
static void
test_much(void)
{
	static const char *const parts[] = { "a ", "y o u ", "a.", "a*b ",
		"th**s ", "4", "1!1", "hlelo ", "o", "ooaa", "x", "i s  " };
	static char text[NORM_BYTES];
	double start = tap_now();
	size_t i, n, m;
	int round;

	for (i = 0; i < COUNT(parts); i++) {
		m = strlen(parts[i]);
		for (n = 0; n + m <= sizeof(text); n += m)
			memcpy(text + n, parts[i], m);
		for (round = 0; round < 10; round++)
			OK(undo(text, n) <= n);
	}
	OK(tap_now() - start < 30);
}

/* The sieve lets none of its words go, and few others pass. */
static void
test_sieve(void)
{
	struct usual_word w = { "" };
	size_t passed = 0, lost = 0, n;
	const char *s;

	for (s = usual_rows[0].words; *s != '\0'; s += n + (s[n] != '\0')) {
		n = strcspn(s, " ");
		memset(&w, 0, sizeof(w));
		memcpy(w.s, s, n);
		lost += !usual_maybe(lex.usual, &w);
	}
	IS_INT((int64_t)lost, 0);
	for (n = 0; n < 10000; n++) {
		(void)snprintf(w.s, sizeof(w.s), "zq%zuqz", n);
		passed += usual_maybe(lex.usual, &w);
	}
	OK(passed < 200);
}

static void
test_usual(void)
{
	const struct usual_row *r;
	struct usual_word w = { "h*re" };
	size_t unsorted = 0;

	for (r = usual_rows; r->words != NULL; r++)
		unsorted += r > usual_rows && r->cost < r[-1].cost;
	IS_INT((int64_t)unsorted, 0);
	test_sieve();
	OK(usual_fill(lex.usual, &w, 4) < USUAL_NONE);
	OK(memcmp(w.s, "here", 5) == 0);
	OK(usual_cost(lex.usual, &w) <
	    usual_cost(lex.usual, &(struct usual_word){ "hire" }));
	IS_INT(
	    usual_cost(lex.usual, &(struct usual_word){ "qqq" }), USUAL_NONE);
	w = (struct usual_word){ "q*q" };
	IS_INT(usual_fill(lex.usual, &w, 3), USUAL_NONE);
	w = (struct usual_word){ "*ere" };
	IS_INT(usual_fill(lex.usual, &w, 4), USUAL_NONE);
}

int
main(void)
{
	if (!OK(norm_init(&norm) == 0) || !OK(lex_init(&lex, &norm) == 0))
		return tap_done();
	test_words();
	test_bytes();
	test_much();
	test_usual();
	lex_release(&lex);
	norm_release(&norm);
	return tap_done();
}
