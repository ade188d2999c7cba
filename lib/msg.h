/*
 * msg: diagnostics for people, on stderr: one line each, written at once,
 * the program's name in front, control characters escaped. Called from cmd/
 * only, and from opt, ends and stage, which belong to programs; the rest of
 * lib/ returns errors.
 */
#ifndef SS_MSG_H
#define SS_MSG_H

/* -1: -q, 0: as it is, 1: -v */
void msg_level(int level);
void msg_name(const char *program);
/* Always. */
void msg_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Not with -q. */
void msg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void msg_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
