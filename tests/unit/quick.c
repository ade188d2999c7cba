/* quick: what is known of words changes no score, no span and no reason. */
#include "../../lib/toxic/toxic.h"

#include "tap.h"

#include "../../lib/banned.h"

#define TEXT_MAX 1500 /* bytes */
#define ROUNDS 40000

static const char *const words[] = { "you", "u", "are", "a", "an", "i", "the",
	"so", "as", "s", "id", "iot", "ass", "hole", "idiot", "idoit", "IDIOT",
	"idiots", "idiotic", "stupid", "noob", "nooob", "noobs", "killed", "it",
	"kill", "yourself", "kys", "your", "self", "fuck", "fucking", "fuckn",
	"megafuck", "fuckingidiot", "f", "uck", "sh", "it", "well", "played",
	"class", "assess", "scunthorpe", "don't", "i'm", "'", "'hello'", "gg",
	"wp", "1st", "2", "4ss", "h3llo", "1d10t", "@ss", "b1tch", "a55", "5h",
	"17", "100", "n", "o", "b", "r", "all", "will", "bull", "shit", "in",
	"bred", "mo", "ron", "re", "tard", "antidisestablishmentarianism",
	"seventeenletters1", "loooooooooooooooooooool", "na\xc3\xafve",
	"don\xe2\x80\x99t", "\xf0\x9f\x98\x82",
	"\xf0\x9f\x98\x82\xf0\x9f\x98\x82", "\xe2\x9d\xa4\xef\xb8\x8f",
	"lol\xf0\x9f\x98\x82", "\xe2\x80\xa6",
	"\xd1\x81\xd1\x83\xd0\xba\xd0\xb0", "\xe4\xbd\xa0\xe5\xa5\xbd",
	"f\xc3\xbc\x63k", "\xef\xbd\x86uck", "idi\xcc\x81ot", "not", "hate",
	"all", "jews", "my", "cock", "pit", "black", "people", "gay", "trash",
	"nigga", "what", "is", "wrong", "with", "go", "die", "hang", "nice",
	"ez", "stupdi", "hlelo", "sooo", "coooool", "aaaa", "loooser", "d0nt",
	"4r3", "t34", "h*llo", "c0ck", "bull", "shti", "uonb" };
static const char *const signs[] = { " ", " ", " ", " ", " ", " ", " ", " ",
	"  ", ". ", ", ", "! ", "? ", "... ", "!!! ", "?! ", ".", ",", "/", "-",
	"_", "*", "**", "!", " !", "(", ") ", ": ", ":", "....", ".....", "'",
	"\t", "\n", "\x01", "\xc2\xa0", "\xe2\x80\x94", " \xf0\x9f\x98\x82 ",
	"|", "+", " + ", " & ", "#", "" };
#define ANY(list) list[(size_t)rand() % (sizeof(list) / sizeof(list[0]))]

static size_t
put(char *to, const char *s)
{
	memcpy(to, s, strlen(s));
	return strlen(s);
}

/* Nonsense of ordinary letters: words that nobody has seen yet. */
static size_t
put_new(char *to)
{
	size_t n = (size_t)(rand() % 9) + 1, i;

	for (i = 0; i < n; i++)
		to[i] = (char)("etaoinsfuckdrb"[rand() % 14]);
	return n;
}

static size_t
make_text(char *to)
{
	size_t n = 0, left = (size_t)(rand() % 12);

	if (rand() % 200 == 0)
		left = 200;
	while (left-- > 0 && n < TEXT_MAX - 100) {
		if (rand() % 6 == 0)
			n += put_new(to + n);
		else
			n += put(to + n, ANY(words));
		if (n > 0 && to[n - 1] >= 'a' && to[n - 1] <= 'z' &&
		    rand() % 12 == 0)
			to[n - 1] = (char)(to[n - 1] - 'a' + 'A');
		n += put(to + n, ANY(signs));
	}
	return n;
}

static bool
same(const struct toxic_result *a, const struct toxic_result *b)
{
	size_t i;

	for (i = 0; i < sizeof a->score / sizeof *a->score; i++)
		if (a->score[i] != b->score[i])
			return false;
	if (a->reason != b->reason || a->nspans != b->nspans)
		return false;
	for (i = 0; i < a->nspans; i++)
		if (a->span[i].start != b->span[i].start ||
		    a->span[i].len != b->span[i].len ||
		    a->span[i].label != b->span[i].label ||
		    a->span[i].weight != b->span[i].weight ||
		    a->span[i].phrase != b->span[i].phrase)
			return false;
	return true;
}

/* How many of ROUNDS texts both read alike. */
static size_t
compare(struct toxic *quick, struct toxic *plain)
{
	static char text[TEXT_MAX];
	struct toxic_result a, b;
	size_t i, n, alike = 0;

	for (i = 0; i < ROUNDS; i++) {
		n = make_text(text);
		toxic_score(quick, text, n, &a);
		toxic_score(plain, text, n, &b);
		if (same(&a, &b))
			alike++;
		else
			printf("# not alike: %.*s\n", (int)n, text);
	}
	return alike;
}

int
main(void)
{
	struct toxic *quick = toxic_new(), *plain = toxic_new();

	srand(11);
	if (!OK(quick != NULL && plain != NULL))
		return tap_done();
	toxic_plain(plain, true);
	IS_INT(compare(quick, plain), (size_t)ROUNDS);
	toxic_free(quick);
	toxic_free(plain);

	/* and without a model, where there are no sums */
	quick = toxic_new_bare();
	plain = toxic_new_bare();
	if (OK(quick != NULL && plain != NULL)) {
		toxic_plain(plain, true);
		IS_INT(compare(quick, plain), (size_t)ROUNDS);
	}
	toxic_free(quick);
	toxic_free(plain);
	return tap_done();
}
