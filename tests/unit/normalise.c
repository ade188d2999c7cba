/* normalise, undo, match, typo: what is read out of what is written. */
#include "../../lib/toxic/normalise.h"

#include "../../lib/toxic/match.h"
#include "../../lib/toxic/toxic.h"
#include "../../lib/toxic/undo.h"
#include "../../lib/utf8.h"
#include "tap.h"

#include "../../lib/banned.h"

#define FLAGGED 0.6F
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct norm norm;
static struct lexicon lex;
static struct toxic *tox;
static struct norm_glyph glyph[NORM_GLYPHS];
static struct match_token token[MATCH_TOKENS];
static char line[4 * NORM_GLYPHS + 1];

/* Glyphs as text: letters as they are read, the rest as its code point. */
static const char *
spell(const struct norm_glyph *g, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += utf8_encode(g[i].kind == NORM_LETTER && g[i].sym < NORM_CYR
				     ? (uint32_t)('a' + g[i].sym)
				     : g[i].cp,
		    line + k);
	line[k] = '\0';
	return line;
}

static const char *
folded(const char *s)
{
	return spell(glyph, norm_text(&norm, s, strlen(s), glyph));
}

/* The glyphs of s as they are read, disguises undone. */
static size_t
read_text(const char *s)
{
	return undo_text(&lex, glyph, norm_text(&norm, s, strlen(s), glyph));
}

/* The plain words that count, with blanks between. */
static const char *
found(const char *s)
{
	size_t n = read_text(s), len = 0, i;
	size_t k = match_text(&lex, glyph, n, token);

	for (i = 0; i < k; i++) {
		if (!token[i].counts || token[i].harmless)
			continue;
		if (len > 0)
			line[len++] = ' ';
		memcpy(line + len, token[i].entry->text, token[i].entry->len);
		len += token[i].entry->len;
	}
	line[len] = '\0';
	return line;
}

static const struct {
	const char *text, *want;
} folds[] = {
	{ "Hello", "hello" },
	{ "ＦＵＣＫ", "fuck" },
	{ "𝓯𝓾𝓬𝓴 𝕗𝕦𝕔𝕜 𝖋", "fuck fuck f" },
	{ "🅵🆄🅲🅺 ⓕⓤ 🄵 ⒡", "fuck fu f f" },
	{ "🇫🇺", "fu" },
	{ "ƒᴜᴄᴋ ꜰʀᴏɢ", "fuck frog" },
	{ "ｆ\xc2\xaduc\xe2\x80\x8d"
	  "k\xe2\x80\x8b!",
	    "fuck!" },
	{ "f̷u̷c̷k̷ fü̈ck ñ ø ł đ", "fuck fuck n o l d" },
	{ "ﬀ ĳ æ ß ㎏", "ff ij ae ss kg" },
	{ "сука СУКА", "cyka cyka" },
	{ "αβε Νικη", "abe nikn" },
	{ "ᵃᵇᶜ ⁴₂", "abc 42" },
	{ "i'm i’m", "im im" },
	{ "٣ ३ ３", "3 3 3" },
	{ "a…b", "a...b" },
	{ "a—b 1️⃣", "a—b 1" },
	/* letters of scripts that don't look Latin stay what they are */
	{ "你好", "你好" },
	{ "안녕", "안녕" },
	{ "\xe1\x84\x8b\xe1\x85\xa1\xe1\x86\xab", "안" },
	{ "नमस्ते", "नमस्ते" },
	{ "مرحبا", "مرحبا" },
	{ "か\xe3\x82\x99", "が" },
	{ "กำ", "กํา" },
	{ "שָׁלוֹם", "שלום" },
	{ "Ծուռ", "ծուռ" },
};

static void
test_fold(void)
{
	size_t i;

	for (i = 0; i < COUNT(folds); i++)
		IS_STR(folded(folds[i].text), folds[i].want);
	IS_STR(folded(""), "");
	IS_STR(folded("\xcc\x81"), "");
	/* the second time from the cache */
	for (i = 0; i < COUNT(folds); i++)
		IS_STR(folded(folds[i].text), folds[i].want);
}

/* A glyph knows its bytes, marks drawn onto it included. */
static void
test_ranges(void)
{
	static const char s[] = "\xc3\xa9x\xcc\x81\xe2\x80\x8b"
				"y\xef\xac\x80z";
	size_t n = norm_text(&norm, s, sizeof(s) - 1, glyph);

	IS_INT((int64_t)n, 6);
	IS_INT(glyph[0].end, 2);
	IS_INT(glyph[1].start, 2);
	IS_INT(glyph[1].end, 5);
	IS_INT(glyph[2].start, 8);
	IS_INT(glyph[3].start, 9);
	IS_INT(glyph[3].end, 12);
	IS_INT(glyph[4].start, 9);
	IS_INT(glyph[5].start, 12);
}

/* Every code point: no more glyphs than bytes, and all of its bytes. */
static void
test_all_of_unicode(void)
{
	size_t n, k, i, bad = 0;
	uint32_t cp;
	char s[4];

	for (cp = 0; cp < 0x110000; cp++) {
		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		n = utf8_encode(cp, s);
		k = norm_text(&norm, s, n, glyph);
		bad += k > n;
		for (i = 0; i < k && i < n; i++)
			bad += glyph[i].start != 0 || glyph[i].end != n;
	}
	IS_INT((int64_t)bad, 0);
}

static const struct {
	const char *text, *want;
} finds[] = {
	/* leet */
	{ "sh1t", "shit" },
	{ "$h!t", "shit" },
	{ "b1tch3s", "bitches" },
	{ "1d107", "idiot" },
	{ "!d!ot", "idiot" },
	{ "@sshole", "asshole" },
	{ "a$$hole", "asshole" },
	{ "n!gger", "nigger" },
	{ "tr4$h", "trash" },
	{ "fvck", "fvck" },
	/* taken apart */
	{ "f u c k", "fuck" },
	{ "f.u.c.k", "fuck" },
	{ "f-u-c-k", "fuck" },
	{ "f_u_c_k_e_r", "fucker" },
	{ "st u p1d", "stupid" },
	{ "st.u.pid", "stupid" },
	{ "stu pid", "stupid" },
	{ "id iot", "idiot" },
	{ "fu cking", "fuck" },
	{ "y o u a r e a n i d i o t", "idiot" },
	/* masks */
	{ "f*ck", "fuck" },
	{ "f**k", "fuck" },
	{ "f***", "fuck" },
	{ "sh*t", "shit" },
	{ "b*tch", "bitch" },
	{ "c*nt", "cunt" },
	{ "m*ron", "moron" },
	{ "f*u*c*k", "fuck" },
	{ "f@ck", "fuck" },
	{ "f#ck", "fuck" },
	/* stretched */
	{ "fuuuuck", "fuck" },
	{ "iiidiooot", "idiot" },
	/* one mistake */
	{ "fcuking", "fcuk" },
	{ "bicth", "bitch" },
	{ "btich", "bitch" },
	{ "idoit", "idoit" },
	{ "idiiot", "idiot" },
	{ "stupdi", "stupid" },
	{ "moorn", "moron" },
	{ "lsoer", "loser" },
	{ "cnut", "cunt" },
	{ "retrad", "retard" },
	/* look-alikes */
	{ "fцck", "fuck" },
	{ "ᖴᑌᑕK", "fuck" },
	{ "fυск", "fuck" },
	{ "ѕһіт", "shit" },
	/* nothing of the kind */
	{ "k.i.s.s", "" },
	{ "g r a p e", "" },
	{ "s-h-i-p", "" },
	{ "a*s*k", "" },
	{ "b.u.t.t.e.r", "" },
	{ "as s h ow n", "" },
	{ "f.u.n p-a-k-i-r", "" },
	{ "witch duck shot shirt fact pushy nagger", "" },
	{ "whose hits regard moon closer laser garage lover batch", "" },
	{ "th@t c@nt p@ss", "" },
	{ "wh*re th*s c*me fr*m", "" },
	{ "put a card pick a card i do it", "" },
	{ "c*unter (c*unt)", "" },
	{ "he**o w***d **bold** 2*3*4", "" },
	{ "100k 5v5 gr8 m8 1337 b4 ps5", "" },
	{ "так что раки и рот и сосна", "" },
	{ "και το νερό που ήταν", "" },
};

static void
test_find(void)
{
	size_t i;

	for (i = 0; i < COUNT(finds); i++)
		IS_STR(found(finds[i].text), finds[i].want);
}

static void
is_masked(const char *text, const char *want)
{
	struct toxic_result r;
	struct buf b;

	toxic_score(tox, text, strlen(text), &r);
	buf_init(&b, 1 << 16);
	OK(toxic_mask(&r, text, strlen(text), &b) == 0);
	IS_STR(b.p, want);
	buf_release(&b);
}

/* Exactly the characters that carried the hit, with what is in between. */
static void
test_mask(void)
{
	is_masked("oh f\xe2\x80\x8bu\xe2\x80\x8b"
		  "ck, ok",
	    "oh ******, ok");
	is_masked("oh f̷u̷c̷k̷ ok", "oh ******** ok");
	is_masked("ＦＵＣＫ，ok", "****，ok");
	is_masked("what an id iot you", "what an ** *** you");
	is_masked("f*ck!", "****!");
	is_masked("🅵🆄🅲🅺 it", "**** it");
}

/* Words that only seem to hold one of ours, alone and in sentences. */
static const char *const lookalikes[] = {
	"Scunthorpe cockpit Essex Sussex Middlesex Penistone shitake shiitake "
	"Dickens assassin assassinate grape therapist therapists analysis "
	"analyst analyze cumulative sextant sextet Lightwater Clitheroe "
	"Matsushita Arsenal assess assessment class classic classical bass "
	"pass passage glass grass mass hello shell Hancock cocktail peacock "
	"Cumberland titan titanic title titles entitled constitution document "
	"documents circumstance circumstances accumulate raccoon tycoon",
	"snigger niggardly Niger Nigeria flagship retardant spicy assume "
	"assumption assist assistant associate association assorted assign "
	"asset assembly assault assert asshur embassy embarrass compass "
	"harass trespass carcass crass brass sassy massage message passenger "
	"passion passive password massive cassette casserole Cassandra "
	"molasses sunglasses hourglass fiberglass",
	"cockatoo cockroach cockle cockney cocky hitchcock woodcock "
	"shuttlecock "
	"stopcock weathercock gamecock babcock cocoon cocoa coconut bacon "
	"falcon deacon beacon icon racoon cartoon lagoon spoon harpoon "
	"buffoonery maroon monsoon platoon",
	"cucumber incumbent encumber succumb circumvent circumference vacuum "
	" cumin cumulus document accumulation talcum locum "
	"modicum Cumbria cumquat ecumenical",
	"sexton unisex sexagenarian sexennial Wessex sextuplets "
	" parse parser sparse coarse hoarse rehearse arsenic catharsis "
	"Marseille Tarsem arson parson parsley larson",
	"button butter butterfly buttress buttercup rebuttal tribute "
	"contribute attribute distribute debut butler butane butcher",
	"analog analogy canal banal manual  bananas penalty "
	"penalties canals signal journal national annals analects",
	"titration titillate stitch stitches petition repetition partition "
	"competition superstition substitute institute prostitute-law "
	"multitude latitude gratitude attitude altitude entity identity "
	"quantity constituent titular tithe appetite entitlement",
	"Dick Moby Dickinson dictionary dictate benedict predict verdict "
	"contradict addict jurisdiction dickey indicate",
	"hoekstra shoe shoes canoe hoedown Phoenix foe toes Chloe backhoe "
	"Tahoe whoever whole wholesale wholesome somewhere nowhere "
	"everywhere elsewhere anywhere whorl whortleberry",
	"fagin fagus Fagaceae leafage",
	"slither  slumber slug slush slate resolution absolute "
	"solution pollution evolution dilution consultant result results "
	"insult insulting adult consult sultan exult",
	"twain  wattage wait water atwater network",
	"pissarro mississippi epistle piston pistachio pistol pisces",
	"horny-toad hornet thornton corn acorn unicorn popcorn",
	"crapaud scrap scrape skyscraper scrapbook",
	" amsterdam madame macadamia adamant damper fundamental",
	"hellebore hellenic shellfish seashell eggshell nutshell bombshell "
	"michelle rochelle othello cello",
	"fukuoka fukushima fuchsia focus fucsia fulcrum function",
	"shittim  ship shift shirt shiver shimmer shin shilling "
	"worship friendship hardship leadership membership ownership shipment",
	" like hiker biker strike spike mike reich",
	"spice spicier auspicious suspicious hospice conspicuous despicable-me "
	"chinchilla chin chinook China Chinese kitchen urchin machine "
	" gobbledygook",
	"pakistan pakistani packing japan japanese jape javelin",
	"homogeneous homonym homophone homeopathy homework homage",
	"rapeseed grapes drape drapes scrape parapet rapeseeds rapid trapeze "
	"therapy therapeutic ",
	"cunning cunard scunner country county counter account discount "
	"encounter",
	" Horeb shore chore adhere",
	"moronga oxymoron moraine maroons Mormon Morton moran",
	"idiom idiomatic idiosyncrasy idiolect ideology",
	"retardation flame-retardant retarget regard reward restart",
	"nagger nagging bigger digger jigger rigger trigger chigger digging",
	"witch ditch pitch hitch stitch switch batch botch birch butch",
	"duck luck puck ducking truck trucker tucker pucker sucker-punch "
	"bucket stuck",
	"pussy-willow pusher pushy fussy puzzle pulse",
	"laser loader lover lower closer loner dose lose loss",
	"wander wanderer walker banker tanker anchor thanker",
	"bastion bastille mustard custard bustard lustre",
	"facet faucet fasten fastener factory fact-check",
	"count counts cutting cut cuts cant canter cult cults hunt",
	"trash-can thrash rash crash brash trace track",
	"coward Howard froward onward toward steward",
	"clone clown-fish crown brown blown",
	" imagine imagination pagination",
	" sodium soda wisdom random kingdom",
	"nazir nazarene organization bonanza Tanzania",
	"weed seed sweden swede tweed homely",
	"mangrove mongoose Mongolia among",
	"spasm  spartan sparse",
	"hussar hustle Prussia Russian",
};

static size_t nwords, nflagged;

static void
try_word(const char *word, size_t len)
{
	static const char *const frame[][2] = { { "", "" },
		{ "we talked about ", " yesterday" }, { "is that ", "?" },
		{ "i like the ", " on your stream" }, { "THE ", "" } };
	char s[256];
	struct toxic_result r;
	size_t i;

	for (i = 0; i < COUNT(frame); i++) {
		(void)snprintf(s, sizeof(s), "%s%.*s%s", frame[i][0], (int)len,
		    word, frame[i][1]);
		toxic_score(tox, s, strlen(s), &r);
		nwords++;
		if (r.score[TOXIC_TOXICITY] >= FLAGGED) {
			nflagged++;
			printf("# flagged: %s (%.2f)\n", s,
			    (double)r.score[TOXIC_TOXICITY]);
		}
	}
}

static void
test_lookalikes(void)
{
	const char *s;
	size_t i, len;

	for (i = 0; i < COUNT(lookalikes); i++)
		for (s = lookalikes[i]; *s != '\0'; s += len) {
			s += strspn(s, " ");
			len = strcspn(s, " ");
			try_word(s, len);
		}
	printf("# %zu of %zu\n", nflagged, nwords);
	OK(nwords >= (size_t)5 * 300);
	OK(100 * nflagged <= 3 * nwords);
}

int
main(void)
{
	tox = toxic_new();
	if (!OK(tox != NULL) || !OK(norm_init(&norm) == 0) ||
	    !OK(lex_init(&lex, &norm) == 0))
		return tap_done();
	test_fold();
	test_ranges();
	test_find();
	test_mask();
	test_lookalikes();
	test_all_of_unicode();
	lex_release(&lex);
	norm_release(&norm);
	toxic_free(tox);
	return tap_done();
}
