/*
 * tls: certificate and key, and what of TLS is spoken. They can be read again
 * while connections go on: each handshake takes what was read last.
 */
#ifndef SS_TLS_H
#define SS_TLS_H

#include <libwebsockets.h>
#include <stdbool.h>

struct gateway;

/* Reads the options' files. 0, or -1 after a message, and all is as it was. */
int tls_load(struct gateway *);
void tls_free(struct gateway *);
/* For a host of the library's that is to speak TLS. */
void tls_host(const struct gateway *, struct lws_context_creation_info *);
/* The library has made its context, an SSL_CTX, for such a host. */
void tls_context(struct gateway *, void *ssl_ctx);
/* OpenSSL's name and version. */
const char *tls_version(void);

#endif
