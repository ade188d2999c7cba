/*
 * skeleton: see skeleton.h. UTS #39's skeleton, by ICU, is for names that
 * differ in case. So ours is taken of the upper case, where i has become I,
 * which looks like l, and again of what is left in lower case, where m looks
 * like rn; what is alike in either case is alike in both. The table has no vv
 * for w.
 */
#include "skeleton.h"

#include <string.h>
#include <unicode/uspoof.h>

#include "event.h"

#include "banned.h"

static USpoofChecker *
checker(void)
{
	static USpoofChecker *c;
	UErrorCode err = U_ZERO_ERROR;

	if (!c)
		c = uspoof_open(&err);
	return U_SUCCESS(err) ? c : NULL;
}

/* The same once more. The length, or -1. */
static int
alike(const char *in, int n, char out[SKELETON_MAX])
{
	const USpoofChecker *c = checker();
	UErrorCode err = U_ZERO_ERROR;

	if (!c)
		return -1;
	n = uspoof_getSkeletonUTF8(c, 0, in, n, out, SKELETON_MAX - 1, &err);
	return U_SUCCESS(err) && n < SKELETON_MAX ? n : -1;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static char
lower(char c)
{
	if (c == '.' || c == '_')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

int
skeleton_of(const char *name, size_t len, char out[SKELETON_MAX])
{
	char a[SKELETON_MAX], b[SKELETON_MAX];
	int n = (int)len, i, k = 0;

	if (len > EVENT_NAME_MAX)
		return -1;
	for (i = 0; i < n; i++)
		a[i] = upper(name[i]);
	n = alike(a, n, b);
	for (i = 0; i < n; i++)
		b[i] = lower(b[i]);
	n = n < 0 ? -1 : alike(b, n, a);
	for (i = 0; i < n; i++) {
		if (k && a[i] == 'v' && out[k - 1] == 'v')
			out[k - 1] = 'w';
		else
			out[k++] = a[i];
	}
	out[k] = '\0';
	return n < 0 ? -1 : 0;
}
