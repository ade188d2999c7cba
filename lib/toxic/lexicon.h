/*
 * lexicon: words with weights, and phrases of them. The words form one trie
 * over norm's symbols, the phrases one over words, so that a text is matched
 * in one pass whatever the number of entries.
 */
#ifndef SS_TOXIC_LEXICON_H
#define SS_TOXIC_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "normalise.h"
#include "toxic.h"
#include "typo.h"
#include "usual.h"

/* How much an entry means: six percentages and one for "you are a ...". */
struct lex_profile {
	uint8_t label[TOXIC_LABELS];
	uint8_t directed; /* toxicity and insult when said to somebody */
	bool person;      /* an insult: less when said of oneself */
	bool adjective;   /* needs no article: "you trash" */
};

enum lex_profile_id {
	LEX_NONE, /* only part of phrases */
	LEX_PROFANE,
	LEX_VULGAR,
	LEX_CRUDE,
	LEX_MILD,
	LEX_ABUSE,
	LEX_INSULT,
	LEX_BELITTLE,
	LEX_JEER,
	LEX_REMARK,
	LEX_ANIMAL,
	LEX_SLUR,
	LEX_SLURLET,
	LEX_SEXUAL,
	LEX_VIOLENCE,
	LEX_THREAT,
	LEX_SELFHARM,
	LEX_HATE,
	LEX_TELLOFF,
	LEX_HARMLESS, /* a phrase that takes its words' weight away */
	LEX_PROFILES
};
extern const struct lex_profile lex_profile[LEX_PROFILES];

enum {
	LEX_STRONG = 1,     /* may be recognised in disguise */
	LEX_INSIDE = 2,     /* anywhere in a word */
	LEX_EXACT = 4,      /* without inflection */
	LEX_SAFE = 8,       /* not a hit whatever is inside */
	LEX_YOU = 16,       /* you, u, ur, ... */
	LEX_SELF = 32,      /* i, im, me */
	LEX_THEM = 64,      /* he, they, this guy: others */
	LEX_FILL = 128,     /* may stand before an insult: such, a, really */
	LEX_BE = 256,       /* are, is: joins subject and insult */
	LEX_GROUP = 512,    /* people by origin, faith, sex, ... */
	LEX_NEG = 1024,     /* not */
	LEX_YOUR = 2048,    /* your, ur: you only before a or such */
	LEX_ART = 4096,     /* a, an, such: what follows is a noun */
	LEX_TYPO = 8192,    /* recognised with one mistake, too */
	LEX_MASKED = 16384, /* people write it with asterisks */
	LEX_TAUNT = 32768   /* never flagged for it alone at the default */
};

#define LEX_WORD_MAX 64 /* bytes in a word of the tables */

struct lex_entry {
	uint16_t word; /* for phrases; synonyms share one */
	uint16_t flags;
	uint8_t profile;
	uint8_t len;
	const char *text; /* as the tables spell it, len bytes */
};

/* The source tables: words.c and phrases.txt. Both end with text NULL. */
struct lex_words {
	uint8_t profile;
	uint16_t flags;
	const char *text; /* words by blanks; a^ sets INSIDE, a= EXACT, ... */
};
extern const struct lex_words lex_words[];
/* Ordinary words that a disguised one must not be confused with; ends NULL. */
extern const char *const lex_common[];
/* Words to be found with one mistake in them, too; ends NULL. */
extern const char *const lex_typos[];
/* All words of a line mean the first one, in phrases. */
extern const char *const lex_synonyms[];
struct lex_phrase {
	uint8_t profile;
	uint16_t line;    /* in phrases.txt */
	const char *text; /* words; a|b either; ?a|b may be missing */
};
extern const struct lex_phrase lex_phrases[];

/* One node of the packed trie: its children stand in a row from first. */
struct lex_node {
	uint64_t mask; /* symbols that have a child */
	uint32_t first;
	uint16_t entry; /* index into entries, 0: none */
	bool strong;    /* a LEX_STRONG word ends here or further down */
};
/*
 * From one state of the phrases to another by a word. What a search asks of
 * the other one stands here: hundreds of edges lead on by "you".
 */
struct lex_edge {
	uint16_t from, word, to;
	bool ends;      /* a phrase, there */
	uint64_t leads; /* LEX_BIT of the words that lead on from there */
};
struct lexicon {
	const struct norm *norm; /* borrowed: what its words were read by */
	struct lex_node *node;   /* [0] is the root */
	uint64_t pair[64];       /* two symbols that begin an INSIDE word */
	struct lex_entry *entry;
	size_t nnodes, nentries;
	struct lex_edge *edge; /* those of one hash in a row */
	size_t nedges, edge_cap;
	uint16_t *bucket; /* where the row of a hash begins; one more */
	size_t buckets;   /* a power of two */
	uint8_t *phrase;  /* profile by state */
	uint16_t *line;   /* and where it stands in phrases.txt */
	size_t nstates, state_cap;
	uint16_t group; /* stands for any LEX_GROUP word in phrases */
	struct typo *typo;
	struct usual *usual;
};

/*
 * 0, or -1 with errno. A zeroed lexicon is ready for it and for release.
 * Borrows the norm as long as it lives.
 */
int lex_init(struct lexicon *, const struct norm *);
void lex_release(struct lexicon *);

/* The word that stands for every LEX_GROUP word in phrases. */
#define LEX_GROUP_WORD "anygroup"

/* What a stretch of glyphs was recognised as. */
struct lex_match {
	const struct lex_entry *entry; /* NULL: nothing */
	size_t from, to;               /* glyphs */
	bool disguised;                /* not as it is written */
	bool spelt;                    /* all of a LEX_RUN */
	/* where entry itself has no weight: what gives it one, or NULL */
	const struct lex_entry *stem;
};
/* The letters and signs from from to to, as one word. */
struct lex_match lex_word(const struct lexicon *, const struct norm_glyph *,
    size_t from, size_t to, unsigned *budget);
/* The letters from from to to are a word, or hold one, as they are written. */
bool lex_knows(
    const struct lexicon *, const struct norm_glyph *, size_t from, size_t to);
/*
 * A strong word that begins at from and reads across the gaps of a chain,
 * first to to.
 * *budget limits the work on one text and is counted down.
 */
enum lex_joint {
	LEX_GLUED,    /* words joined by signs: "f.uck", "f*ck" */
	LEX_SPELT,    /* single letters, a strong word up to the end */
	LEX_RUN,      /* single letters, evenly spaced: some word, all of it */
	LEX_FRAGMENTS /* words with blanks between: "id iot" */
};
struct lex_chain {
	size_t first, to;
	enum lex_joint joint;
};
struct lex_match lex_joined(const struct lexicon *, const struct norm_glyph *,
    const struct lex_chain *, size_t from, unsigned *budget);

/*
 * Some strong word goes on after the glyphs from from to to, a blank at to and
 * the glyph behind it.
 */
bool lex_may_begin(
    const struct lexicon *, const struct norm_glyph *, size_t from, size_t to);

/* From a node of the words, 0 at first, to where a strong one goes on; or 0. */
size_t lex_step(const struct lexicon *, size_t node, unsigned sym);

/* A step in the phrases: the edges by a word from a state are among these. */
#define LEX_PHRASE_START 1
#define LEX_BIT(word) (UINT64_C(1) << ((word)&63))
const struct lex_edge *lex_edges(const struct lexicon *, unsigned state,
    unsigned word, const struct lex_edge **end);

#endif
