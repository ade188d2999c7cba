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
	LEX_STRONG = 1,  /* may be recognised in disguise */
	LEX_INSIDE = 2,  /* anywhere in a word */
	LEX_EXACT = 4,   /* without inflection */
	LEX_SAFE = 8,    /* not a hit whatever is inside */
	LEX_YOU = 16,    /* you, u, ur, ... */
	LEX_SELF = 32,   /* i, im, me */
	LEX_THEM = 64,   /* he, they, this guy: others */
	LEX_FILL = 128,  /* may stand before an insult: such, a, really */
	LEX_BE = 256,    /* are, is: joins subject and insult */
	LEX_GROUP = 512, /* people by origin, faith, sex, ... */
	LEX_NEG = 1024,  /* not */
	LEX_YOUR = 2048, /* your, ur: you only before a or such */
	LEX_ART = 4096   /* a, an, such: what follows is a noun */
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
	const char *text; /* words by blanks; a^ sets INSIDE, a= EXACT */
};
extern const struct lex_words lex_words[];
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
};
struct lex_edge {
	uint32_t key; /* state and word; 0: free */
	uint16_t state;
};
struct lexicon {
	struct lex_node *node; /* [0] is the root */
	uint64_t pair[64];     /* two symbols that begin an INSIDE word */
	struct lex_entry *entry;
	size_t nnodes, nentries;
	struct lex_edge *edge; /* open hashing, edges: a power of two */
	size_t edges, nedges;
	uint8_t *phrase; /* profile by state */
	uint16_t *line;  /* and where it stands in phrases.txt */
	size_t nstates;
	uint16_t group; /* stands for any LEX_GROUP word in phrases */
};

/* 0, or -1 with errno. A zeroed lexicon is ready for it and for release. */
int lex_init(struct lexicon *, const struct norm *);
void lex_release(struct lexicon *);

/* The word that stands for every LEX_GROUP word in phrases. */
#define LEX_GROUP_WORD "anygroup"

/* What a stretch of glyphs was recognised as. */
struct lex_match {
	const struct lex_entry *entry; /* NULL: nothing */
	size_t from, to;               /* glyphs */
	bool disguised;                /* not as it is written */
	/* where entry itself has no weight: what gives it one, or NULL */
	const struct lex_entry *stem;
};
/* The letters and signs from from to to, as one word. */
struct lex_match lex_word(const struct lexicon *, const struct norm_glyph *,
    size_t from, size_t to, unsigned *budget);
/*
 * A strong word that begins at from and reads across the gaps of a chain,
 * first to to: words joined by glue, or spelt: single letters with gaps.
 * *budget limits the work on one text and is counted down.
 */
struct lex_chain {
	size_t first, to;
	bool spelt;
};
struct lex_match lex_joined(const struct lexicon *, const struct norm_glyph *,
    const struct lex_chain *, size_t from, unsigned *budget);

/* A step in the phrases: the state after a word, 0 when there is none. */
#define LEX_PHRASE_START 1
unsigned lex_step(
    const struct lexicon *, unsigned state, const struct lex_entry *);

#endif
