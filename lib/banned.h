/*
 * banned.h: functions nobody here may call, refused at compile time. Each has
 * a safe sibling: buf_add* for text, json_int or opt for numbers, clock_* for
 * times. Include it last.
 */
#ifndef SS_BANNED_H
#define SS_BANNED_H

/* macros of the fortified C library, which clang will not poison */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok gets localtime gmtime ctime asctime
#pragma GCC poison atoi atol atoll atof mktemp tmpnam

#endif
