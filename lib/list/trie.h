/*
 * trie: nodes and labelled edges in one table of open hashing: a step is one
 * look into memory, whatever the alphabet.
 */
#ifndef SS_LIST_TRIE_H
#define SS_LIST_TRIE_H

#include <stddef.h>
#include <stdint.h>

#define TRIE_ROOT 1U

struct trie_edge {
	uint32_t from, label, to; /* from 0: free */
};
struct trie {
	struct trie_edge *edge;
	size_t cap, n;   /* cap: a power of two */
	uint32_t *value; /* of each node; 0 at first */
	size_t nodes, node_cap;
};

/* 0, or -1 with errno. A zeroed trie is ready for it and for release. */
int trie_init(struct trie *);
void trie_release(struct trie *);
/* The node behind the label, made where it is missing. 0: out of memory. */
uint32_t trie_add(struct trie *, uint32_t from, uint32_t label);
/* 0: there is none. */
uint32_t trie_next(const struct trie *, uint32_t from, uint32_t label);

#endif
