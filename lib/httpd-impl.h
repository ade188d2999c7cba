/*
 * httpd-impl: what httpd.c (connections), httpd-parse.c (requests),
 * httpd-answer.c (the words of answers) and httpd-listen.c (addresses) share.
 * Nobody else includes it.
 */
#ifndef SS_HTTPD_IMPL_H
#define SS_HTTPD_IMPL_H

#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "httpd.h"

struct httpd_conn {
	struct httpd *h;
	struct httpd_conn *next;
	struct loop_io io;
	struct buf in;  /* from the client: a request and what is behind it */
	struct buf out; /* for him, from sent on */
	size_t sent;
	int64_t since; /* monotonic ms: of the state, or its last progress */
	enum {
		CONN_HEAD,   /* a request is awaited, or its head comes */
		CONN_BODY,   /* its body comes */
		CONN_ANSWER, /* it is with the program */
		CONN_SEND,   /* the answer leaves */
		CONN_STREAM
	} state;
	bool close; /* behind this answer */
	bool head;  /* HEAD: no body in the answer */
	bool eof;   /* he says nothing more */
	bool dead;  /* freed at the end of the turn */
	/* the request: into in, which is NUL-terminated in places */
	size_t head_len, body_len;
	char *method, *path, *query;
	struct {
		char *name, *value;
	} field[HTTPD_HEADERS_MAX];
	size_t fields;
	char after; /* what stood where the body's NUL is */
	void *own;
};

/*
 * Looks for a whole head in c->in and takes it apart. 1: it is there, 0: more
 * is needed, or the status to refuse it with, and *detail.
 */
int httpd_parse(struct httpd_conn *, size_t body_max, const char **detail);

/* Appends the status line, and what goes with a body of this type, or NULL. */
void httpd_head(struct buf *, int status, const char *type);

/* Where a socket is. */
struct httpd_place {
	bool local; /* a Unix socket */
	struct addr addr;
	char host[256], port[6];
};
/* 0, or -1 with *err. */
int httpd_place(struct httpd_place *, const char *text, const char **err);
/*
 * Listens there; *lock as sock_listen's, or -1. where: as httpd_where. -1
 * with *err.
 */
int httpd_listen(const struct httpd_place *, int *lock, char *where, size_t n,
    bool *open, const char **err);

#endif
