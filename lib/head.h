/*
 * head: passes on the head of an HTTP/1 request as it comes, in pieces of any
 * size, to another's parser. What is malformed, ambiguous (RFC 9112, 11.2:
 * request smuggling) or too large is refused before that sees it, each with
 * its status; what it sees is written anew: a target that is a path, and of
 * the headers only those that are asked for, without white space around them. A
 * name and what is of use here are kept until they are whole, so nothing of a
 * header that isn't wanted passes. Allocates nothing.
 */
#ifndef SS_HEAD_H
#define SS_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_MAX 8192     /* bytes of a request line and its headers */
#define HEAD_ITEMS_MAX 64 /* arguments in the target, and headers passed on */
#define HEAD_WORD 32      /* of a name, and a NUL */
/* By so much may a piece be longer than it came: what was kept before. */
#define HEAD_ROOM (2 * HEAD_WORD)
#define HEAD_FIELDS_MAX 32

/* A header that passes. */
struct head_field {
	const char *name, *as; /* the name that it gets; both in lower case */
	bool once;             /* twice it would mean two things */
};

struct head {
	const struct head_field *fields; /* the last has no name */
	uint8_t state;
	uint8_t items;
	uint8_t field;   /* whose value comes, where it matters here */
	uint8_t escape;  /* digits of a %XX that are to come */
	uint8_t high;    /* the first of them */
	uint16_t len;    /* bytes so far */
	bool passes;     /* the header at hand */
	bool begun;      /* its value has, behind white space */
	uint8_t blanks;  /* that may be in its midst, or at its end */
	uint32_t seen;   /* of the fields, a bit each */
	bool is_head;    /* HEAD: the answer has no body */
	bool needs_host; /* HTTP/1.1 and later */
	bool has_host, upgrades;
	bool expects;         /* a 100, before it sends a body */
	uint8_t at;           /* bytes in word; HEAD_WORD: it had no room */
	char word[HEAD_WORD]; /* what is kept, or "" */
};

/* fields, at most HEAD_FIELDS_MAX, are not copied. */
void head_init(struct head *, const struct head_field *fields);

/*
 * Takes *used of the next n bytes; *len of what is to be seen go to out, which
 * has room for n + HEAD_ROOM and is not in.
 *
 * 0: more of the head is to come. 1: it is whole, and what stands behind it was
 * not taken. Or the status of a refusal with *why, a constant: *len is 0, and
 * nothing more can be taken.
 */
int head_take(struct head *, const char *in, size_t n, size_t *used, char *out,
    size_t *len, const char **why);

/* Something has come. */
static inline bool
head_has_begun(const struct head *h)
{
	return h->len > 0;
}

#endif
