/*
 * list: what a user wants to have found in texts, whatever the scorer thinks:
 * words, words with wildcards and regular expressions, one a line in a file
 * (ss-lists(5)), thousands of them. A list serves one thread.
 */
#ifndef SS_LIST_H
#define SS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../buf.h"

#define LIST_FILE_MAX (16 << 20) /* bytes in a file */
#define LIST_ENTRY_MAX 1024      /* bytes in a line */

struct list;

/* A stretch of a text that an entry covers. */
struct list_hit {
	size_t start,
	    len;        /* bytes of the text, at character borders, len > 0 */
	uint32_t entry; /* for list_entry */
	bool gave_up;   /* the expression ran into its limit: a guess */
};
/* Grows as needed; a zeroed one is ready for use. */
struct list_hits {
	struct list_hit *hit; /* by start; they may overlap */
	size_t n, cap;
};
void list_hits_release(struct list_hits *);

/* Where an entry comes from; all of it valid as long as the list. */
struct list_entry {
	const char *file;
	unsigned line;
	const char *text; /* as it stands in the file, without its note */
	const char *note; /* what stands behind =>, or NULL */
};

/*
 * Reads the n files at paths. disguised: see through disguises ("f.o.o"),
 * and take an expression that ran into its limit for a hit. NULL with what
 * is wrong in err: "FILE:LINE: why" or "FILE: why".
 */
struct list *list_load(
    const char *const *paths, size_t n, bool disguised, struct buf *err);
/* The same of n bytes in memory; name is said to be their file. */
struct list *list_parse(const char *text, size_t n, const char *name,
    bool disguised, struct buf *err);
void list_free(struct list *);
/*
 * Finds the entries in n bytes of valid UTF-8 of any length. The time is
 * bounded for every text: see words.h and regex.h. hits is overwritten. 0, or
 * -1 when memory ran out.
 */
int list_find(
    struct list *, const char *text, size_t n, struct list_hits *hits);
size_t list_size(const struct list *);
struct list_entry list_entry(const struct list *, uint32_t entry);
/* Tells lists with other entries apart (notes and places don't count). */
uint64_t list_id(const struct list *);

/* For words.c and regex.c. 0, or -1 when memory ran out. */
int list_hits_add(struct list_hits *, struct list_hit);

#endif
