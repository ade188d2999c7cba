/*
 * buf: growable bytes with a maximum given at the start, so that no peer can
 * make us allocate without end. Always NUL-terminated, never NULL: p may be
 * printed even when nothing was ever added.
 */
#ifndef SS_BUF_H
#define SS_BUF_H

#include <stddef.h>

struct buf {
	char *p;    /* the bytes, then a NUL */
	size_t len; /* bytes in use, without the NUL */
	size_t cap; /* bytes allocated; 0: nothing yet */
	size_t max; /* len never gets larger */
};

/* Empty, nothing allocated. max in bytes. */
void buf_init(struct buf *, size_t max);
/* Frees the bytes; the buf is as after buf_init. A zeroed one is accepted. */
void buf_release(struct buf *);
/* Empty again, the memory kept. */
void buf_reset(struct buf *);
/*
 * Room for n more bytes. 0, or -1 with errno EMSGSIZE (over max) or ENOMEM;
 * the contents are untouched then.
 */
int buf_reserve(struct buf *, size_t n);
/* Append; all or nothing. 0, or -1 as buf_reserve. Borrow their argument. */
int buf_add(struct buf *, const void *p, size_t n);
int buf_addc(struct buf *, char c);
int buf_adds(struct buf *, const char *s);
int buf_addf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Forgets what lies behind the first n bytes (n <= len). */
void buf_cut(struct buf *, size_t n);
/* Removes the first n bytes (n <= len); what follows moves to the front. */
void buf_drop(struct buf *, size_t n);

#endif
