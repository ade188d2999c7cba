/* span: the parts of a text that carried hits, in order, none over another. */
#ifndef SS_TOXIC_SPAN_H
#define SS_TOXIC_SPAN_H

#include "toxic.h"

/* Adds one; with those that it meets it becomes one. */
void span_add(struct toxic_result *, struct toxic_span);

#endif
