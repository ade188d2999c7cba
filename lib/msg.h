/*
 * msg: diagnostics for people, on stderr: one line each, written at once,
 * the program's name in front, control characters escaped. Called from cmd/
 * only, and from opt, ends and stage, which belong to programs; the rest of
 * lib/ returns errors.
 */
#ifndef SS_MSG_H
#define SS_MSG_H

#include <stdbool.h>
#include <stddef.h>

/* -1: -q, 0: as it is, 1: -v */
void msg_level(int level);
/* Under -q: what isn't a message, as a progress bar, is left out, too. */
bool msg_is_quiet(void);
void msg_name(const char *program);
/*
 * Copies n bytes of foreign text to out, which has room for max, as far as
 * they fit, and without a NUL: control characters (C1 and terminal escapes
 * among them), controls of direction and what is not UTF-8 as \xNN. Returns
 * the bytes written, at most max - 1.
 */
size_t msg_escape(const char *text, size_t n, char *out, size_t max);
/* Always. */
void msg_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Not with -q. */
void msg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void msg_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
