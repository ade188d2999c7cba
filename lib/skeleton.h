/*
 * skeleton: what names look like. Two names have the same skeleton when one
 * can be taken for the other: they differ by case, by characters that look
 * alike (l I 1, O 0, rn m, vv w), or by which separator they have.
 */
#ifndef SS_SKELETON_H
#define SS_SKELETON_H

#include <stddef.h>

#define SKELETON_MAX 128 /* bytes of one, with its NUL, of a name of 50 */

/* Writes the skeleton of n bytes that are a name. 0, or -1: no memory. */
int skeleton_of(const char *name, size_t n, char out[SKELETON_MAX]);

#endif
