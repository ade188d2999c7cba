/*
 * json: a validating scanner that finds the members of one object in place,
 * and the only writer of JSON strings. The scanner refuses whatever RFC 8259
 * refuses, and text that is not UTF-8; it copies nothing, so what it hands
 * out points into the caller's text.
 */
#ifndef SS_JSON_H
#define SS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"

/* Objects and arrays nested deeper than this are refused. */
#define JSON_DEPTH_MAX 512
/* Integers that survive every JSON reader: |n| <= 2^53 (RFC 8259, 6). */
#define JSON_INT_MAX INT64_C(9007199254740992)

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* One member of an object, as it stands in the text. */
struct json_member {
	const char *key; /* between the quotes, escapes not undone */
	size_t keylen;
	const char *val; /* the whole value; a string with its quotes */
	size_t vallen;
	enum json_kind kind;
	bool key_escaped; /* the key has a backslash in it */
	bool val_escaped; /* a string value has a backslash in it */
	uint8_t tag;      /* the key's json_tag; JSON_TAG_ANY where escaped */
};

/* The members of an object in their order; reused from text to text. */
struct json_doc {
	struct json_member *m;
	size_t n, cap;
	uint64_t tags;   /* a bit for each tag that a key has */
	uint64_t again;  /* ... that several have */
	const char *err; /* why the last parse failed: a constant, for people */
	size_t erroff;   /* byte offset of that */
	struct json_guess *guess; /* the scanner's own: see json-impl.h */
};

/* A zeroed json_doc is ready for use; this frees what it has grown to. */
void json_release(struct json_doc *);
/*
 * Scans n bytes: one JSON object, white space around it. 0, or -1 with
 * doc->err set (not an object, not UTF-8, any fault of syntax, too deep,
 * out of memory). The members borrow text, which needs no NUL.
 */
int json_parse(struct json_doc *, const char *text, size_t n);
/*
 * The same for one JSON array: its items become members, in their order,
 * with empty keys.
 */
int json_parse_array(struct json_doc *, const char *text, size_t n);
#define JSON_TAGS 64
#define JSON_TAG_ANY JSON_TAGS

/* A few bits of a key, to pass by other keys without a look at them. */
static inline uint8_t
json_tag(const char *key, size_t n)
{
	return (uint8_t)((n ? (unsigned char)*key + 7 * n : 0) % JSON_TAGS);
}

/* json_get, for a key with this tag. */
const struct json_member *json_find(
    const struct json_doc *, const char *key, uint8_t tag);
/*
 * The member named key (plain ASCII without escapes), or NULL. Of several
 * the last one, as browsers and jq read it. A key written with escapes is
 * found too. Most questions are about what isn't there: for a constant key
 * the answer to those is one bit.
 */
static inline const struct json_member *
json_get(const struct json_doc *d, const char *key)
{
	uint8_t tag = json_tag(key, strlen(key));

	return d->tags >> tag & 1 ? json_find(d, key, tag) : NULL;
}

/* This member's key is key, however it is escaped. */
bool json_key_is(const struct json_member *, const char *key);
/* Two members have the same key. */
bool json_has_duplicates(const struct json_doc *);
/* The member is a string that reads exactly s, however it is escaped. */
bool json_str_is(const struct json_member *, const char *s);
/*
 * Appends the decoded string value (kind JSON_STRING) to out as UTF-8. 0,
 * or -1 with errno EILSEQ (an escaped lone surrogate: U+FFFD is put in its
 * place and decoding goes on) or as buf_add.
 */
int json_unescape(const struct json_member *, struct buf *out);
/*
 * The value as an integer: digits only (no fraction, no exponent), within
 * JSON_INT_MAX. 0, or -1 when it is anything else.
 */
int json_int(const struct json_member *, int64_t *);
/* The value as a finite double. 0, or -1 when it is anything else. */
int json_num(const struct json_member *, double *);
/*
 * Appends n bytes of valid UTF-8 as a JSON string with quotes, escaping only
 * what JSON requires. 0, or -1 as buf_add.
 */
int json_write_str(struct buf *, const char *s, size_t n);

#endif
