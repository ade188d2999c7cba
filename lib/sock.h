/*
 * sock: Unix stream sockets as files: who may own one, whether a live
 * process holds it, and getting rid of a stale one.
 */
#ifndef SS_SOCK_H
#define SS_SOCK_H

#include <sys/types.h>

/*
 * Listens at path: makes its folder (mode 0700) where it is missing,
 * replaces a stale socket file, gives the new one mode 0600. Non-blocking,
 * close-on-exec. *lock receives a descriptor that holds an flock on PATH.lock
 * for as long as the socket is owned (a connect probe alone would race with
 * another start). Returns the socket, or -1 with errno: EADDRINUSE (a live
 * process owns it), EPERM (the folder belongs to somebody else), or what the
 * system said.
 */
int sock_listen(const char *path, int *lock);
/* Gives up what sock_listen got: closes both, removes the socket file. */
void sock_unlisten(const char *path, int fd, int lock);
/*
 * Connects; non-blocking, close-on-exec. -1 with errno: ENOENT and
 * ECONNREFUSED mean that nobody is there now; EPERM: the folder or the
 * socket belongs to somebody else (root's are accepted).
 */
int sock_connect(const char *path);
/* Accepts one; non-blocking, close-on-exec. -1 with errno. */
int sock_accept(int fd);
/* The peer's process id and user; -1 where the kernel doesn't know. */
int sock_peer(int fd, pid_t *pid, uid_t *uid);

#endif
