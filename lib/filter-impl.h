/*
 * filter-impl: what filter.c and its fuzz target share. Nobody else includes
 * it.
 */
#ifndef SS_FILTER_IMPL_H
#define SS_FILTER_IMPL_H

#include "filter.h"

/*
 * Appends a rules file's text as the one jq program that its lines make
 * together: what stands in line K of the text is in line K of the program. 0,
 * or -1 with errno (EMSGSIZE: no room in program).
 */
int filter_join(const char *text, struct buf *program);

#endif
