/*
 * tls: see tls.h. The library could only add a certificate to its context, so
 * one of another kind would be served beside the old one. Our own context is
 * put in its place in each handshake, and a new one takes over as a whole.
 */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway.h"
#include "msg.h"

#include "banned.h"

/* Of TLS 1.2 what has forward secrecy and authenticated encryption. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
#define OPTIONS                                                       \
	(SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | \
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION)

#define NOT_ITS_KEY "not the key of that certificate"

/* What kept a file from being used; otherwise: where OpenSSL has no words. */
static const char *
reason(const char *otherwise)
{
	/* the first error is the cause, the others are what follows from it */
	unsigned long e = ERR_peek_error();

	if (ERR_SYSTEM_ERROR(e))
		return strerror(ERR_GET_REASON(e));
	if (ERR_GET_LIB(e) == ERR_LIB_X509)
		return NOT_ITS_KEY;
	if (ERR_GET_LIB(e) == ERR_LIB_SSL) /* too weak, for one */
		return ERR_reason_error_string(e);
	return otherwise;
}

/* A terminal is not asked for a password. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static void
limit(SSL_CTX *c)
{
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_options(c, OPTIONS);
	SSL_CTX_set_cipher_list(c, CIPHERS);
}

static void
warn_if_readable(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077))
		msg_warn("%s: others than its owner have access", path);
}

int
tls_load(struct gateway *g)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	const char *bad = g->tls_key, *why = NULL;

	ERR_clear_error();
	if (!c) {
		msg_err("TLS: %s", strerror(ENOMEM));
		return -1;
	}
	SSL_CTX_set_default_passwd_cb(c, no_password);
	limit(c);
	if (SSL_CTX_use_certificate_chain_file(c, g->tls_cert) != 1) {
		bad = g->tls_cert;
		why = reason("no certificates in PEM");
	} else if (SSL_CTX_use_PrivateKey_file(
		       c, g->tls_key, SSL_FILETYPE_PEM) != 1) {
		why = reason("no private key in PEM, or with a password");
	} else if (SSL_CTX_check_private_key(c) != 1) {
		why = NOT_ITS_KEY;
	}
	if (why) {
		msg_err("%s: %s", bad, why);
		SSL_CTX_free(c);
		return -1;
	}
	warn_if_readable(g->tls_key);
	SSL_CTX_free(g->tls);
	g->tls = c;
	return 0;
}

void
tls_free(struct gateway *g)
{
	SSL_CTX_free(g->tls);
	g->tls = NULL;
}

void
tls_host(const struct gateway *g, struct lws_context_creation_info *i)
{
	i->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	i->ssl_cert_filepath = g->tls_cert;
	i->ssl_private_key_filepath = g->tls_key;
	i->ssl_cipher_list = CIPHERS;
	i->alpn = "http/1.1"; /* or the library speaks HTTP/2 */
}

/* Of a handshake, behind the library's own look at the host's name. */
static int
choose(SSL *ssl, void *arg)
{
	struct gateway *g = arg;

	return SSL_set_SSL_CTX(ssl, g->tls) != NULL;
}

void
tls_context(struct gateway *g, void *ssl_ctx)
{
	limit(ssl_ctx);
	SSL_CTX_set_cert_cb(ssl_ctx, choose, g);
}

const char *
tls_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
