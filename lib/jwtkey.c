/*
 * jwtkey: see jwtkey.h. OpenSSL's EVP alone: what libjwt offers differs from
 * one major version to the next, and Debian 12's has no EdDSA and compares
 * signatures with strcmp (CVE-2024-25189).
 */
#include "jwtkey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "jwtkey-impl.h"

#include "banned.h"

#define RSA_MIN 2048
#define RSA_MAX 8192
#define ES256_HALF 32 /* bytes of r, and of s: RFC 7518, 3.4 */
#define HS256_LEN 32

static const char *const alg_names[] = {
	[JWT_HS256] = "HS256",
	[JWT_RS256] = "RS256",
	[JWT_ES256] = "ES256",
	[JWT_EDDSA] = "EdDSA",
};

const char *
jwt_alg_name(enum jwt_alg a)
{
	return alg_names[a];
}

int
jwt_alg_parse(const char *s, enum jwt_alg *out)
{
	size_t i;

	for (i = 0; i < sizeof alg_names / sizeof *alg_names; i++)
		if (strcmp(alg_names[i], s) == 0) {
			*out = (enum jwt_alg)i;
			return 0;
		}
	return -1;
}

static void
key_free(struct jwtkey *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	OPENSSL_clear_free(k->secret, k->secret_len);
	free(k);
}

void
jwtkeys_release(struct jwtkeys *s)
{
	while (s->n)
		key_free(s->key[--s->n]);
}

void
jwtkey_wipe(struct buf *b)
{
	if (b->cap)
		OPENSSL_cleanse(b->p, b->cap);
	buf_release(b);
}

/* --- reading ---------------------------------------------------------- */

/* Reads a whole file that is none too large. NULL, or why not. */
static const char *
slurp(const char *path, struct buf *out, mode_t *mode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st = { 0 };
	const char *why = NULL;
	ssize_t n = 1;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		why = "not a file";
	else if (fcntl(fd, F_SETFL, 0) < 0 ||
		 buf_reserve(out, JWTKEY_FILE_MAX + 1) < 0)
		why = strerror(errno);
	/* in place: a buffer of its own would have to be wiped, too */
	while (!why && n && out->len <= JWTKEY_FILE_MAX) {
		n = read(fd, out->p + out->len, JWTKEY_FILE_MAX + 1 - out->len);
		if (n > 0)
			out->len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			why = strerror(errno);
	}
	out->p[out->len] = '\0';
	close(fd);
	*mode = st.st_mode;
	if (!why && out->len > JWTKEY_FILE_MAX)
		why = "too large for a key";
	return why;
}

/* An empty password: one that wants a word has none here to ask for. */
static int
no_password(char *out, int n, int rw, void *arg)
{
	(void)out;
	(void)n;
	(void)rw;
	(void)arg;
	return -1;
}

/* What the key is decides what it does. NULL, or why it can't be used. */
static const char *
find_alg(struct jwtkey *k)
{
	char group[32] = "";
	int bits = EVP_PKEY_get_bits(k->pkey);

	switch (EVP_PKEY_get_base_id(k->pkey)) {
	case EVP_PKEY_RSA:
		k->alg = JWT_RS256;
		return bits < RSA_MIN || bits > RSA_MAX
			   ? "RSA must have 2048 to 8192 bits"
			   : NULL;
	case EVP_PKEY_EC:
		k->alg = JWT_ES256;
		if (EVP_PKEY_get_group_name(
			k->pkey, group, sizeof group, NULL) != 1 ||
		    strcmp(group, "prime256v1") != 0)
			return "EC must be on P-256";
		return NULL;
	case EVP_PKEY_ED25519:
		k->alg = JWT_EDDSA;
		return NULL;
	default:
		return "neither RSA, EC nor Ed25519";
	}
}

static const char *
read_pem(struct jwtkey *k, const struct buf *text, enum jwtkey_use use)
{
	BIO *bio = BIO_new_mem_buf(text->p, (int)text->len);
	const char *why = "no key could be read from it";
	bool priv = strstr(text->p, "PRIVATE KEY-----") != NULL;

	if (!bio)
		return strerror(ENOMEM);
	if (priv && use == JWTKEY_CHECK)
		why = "a private key: only the public one belongs here";
	else if (!priv && use == JWTKEY_SIGN)
		why = "a public key: signing needs the private one";
	else if (priv)
		k->pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	else
		k->pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return k->pkey ? find_alg(k) : why;
}

static const char *
read_secret(struct jwtkey *k, struct buf *text)
{
	if (jwtkey_is_foreign(text))
		return "a key, but not in PEM";
	if (text->len && text->p[text->len - 1] == '\n')
		buf_cut(text, text->len - 1);
	if (text->len < JWTKEY_SECRET_MIN)
		return "a secret must have 32 bytes at least";
	k->alg = JWT_HS256;
	k->secret = OPENSSL_malloc(text->len);
	if (!k->secret)
		return strerror(ENOMEM);
	memcpy(k->secret, text->p, text->len);
	k->secret_len = text->len;
	return NULL;
}

static size_t
suffix(const char *name)
{
	static const char *const list[] = { ".key", ".pem", ".pub" };
	size_t n = strlen(name), i;

	for (i = 0; i < sizeof list / sizeof *list; i++)
		if (n > 4 && strcmp(name + n - 4, list[i]) == 0)
			return 4;
	return 0;
}

static void
name_key(struct jwtkey *k, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(name) - suffix(name);

	if (n > JWTKEY_KID_MAX)
		return;
	memcpy(k->kid, name, n);
	k->kid[n] = '\0';
}

static int
failed(struct buf *why, const char *path, const char *reason)
{
	buf_reset(why);
	buf_addf(why, "%s: %s", path, reason);
	return -1;
}

static int
add_file(
    struct jwtkeys *s, const char *path, enum jwtkey_use use, struct buf *err)
{
	struct jwtkey *k = calloc(1, sizeof *k);
	struct buf text;
	const char *why;
	mode_t mode = 0;

	if (!k)
		return failed(err, path, strerror(ENOMEM));
	buf_init(&text, JWTKEY_FILE_MAX + 1);
	why = s->n == JWTKEY_MAX ? "too many keys" : slurp(path, &text, &mode);
	if (!why)
		why = strstr(text.p, "-----BEGIN ") ? read_pem(k, &text, use)
						    : read_secret(k, &text);
	if (!why) {
		name_key(k, path);
		k->exposed = (mode & (S_IRGRP | S_IROTH)) && S_ISREG(mode) &&
			     (k->secret || strstr(text.p, "PRIVATE KEY-----"));
		s->key[s->n++] = k;
	} else {
		key_free(k);
	}
	jwtkey_wipe(&text);
	return why ? failed(err, path, why) : 0;
}

static int
add_folder(struct jwtkeys *s, DIR *d, const char *path, enum jwtkey_use use,
    struct buf *err)
{
	struct dirent *e;
	struct buf file;
	size_t had = s->n;
	int rc = 0;

	buf_init(&file, 4096);
	while (rc == 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !suffix(e->d_name))
			continue;
		buf_reset(&file);
		if (buf_addf(&file, "%s/%s", path, e->d_name) < 0)
			rc = failed(err, path, strerror(errno));
		else
			rc = add_file(s, file.p, use, err);
	}
	buf_release(&file);
	if (rc == 0 && s->n == had)
		rc = failed(err, path, "no keys in it (*.key, *.pem, *.pub)");
	return rc;
}

int
jwtkeys_add(
    struct jwtkeys *s, const char *path, enum jwtkey_use use, struct buf *why)
{
	DIR *d = opendir(path);
	int rc;

	if (!d)
		return add_file(s, path, use, why);
	rc = add_folder(s, d, path, use, why);
	closedir(d);
	return rc;
}

/* --- signatures ------------------------------------------------------- */

static bool
check_hs256(const struct jwtkey *k, const void *text, size_t n, const void *sig,
    size_t siglen)
{
	unsigned char mac[HS256_LEN];
	unsigned int len = 0;
	bool ok;

	if (siglen != sizeof mac ||
	    !HMAC(EVP_sha256(), k->secret, (int)k->secret_len, text, n, mac,
		&len) ||
	    len != sizeof mac)
		return false;
	ok = CRYPTO_memcmp(mac, sig, sizeof mac) == 0;
	OPENSSL_cleanse(mac, sizeof mac);
	return ok;
}

/* The two halves of an ES256 signature, as OpenSSL wants them. */
static int
es256_der(const unsigned char *sig, unsigned char **der)
{
	BIGNUM *r = BN_bin2bn(sig, ES256_HALF, NULL);
	BIGNUM *s = BN_bin2bn(sig + ES256_HALF, ES256_HALF, NULL);
	ECDSA_SIG *e = ECDSA_SIG_new();
	int n = -1;

	if (r && s && e && ECDSA_SIG_set0(e, r, s) == 1) {
		n = i2d_ECDSA_SIG(e, der); /* e has them now */
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(e);
	return n;
}

/* And back. */
static int
es256_raw(const unsigned char *der, size_t n, struct buf *out)
{
	ECDSA_SIG *e = d2i_ECDSA_SIG(NULL, &der, (long)n);
	unsigned char raw[2 * ES256_HALF];
	int rc = -1;

	if (e &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(e), raw, ES256_HALF) == ES256_HALF &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(e), raw + ES256_HALF, ES256_HALF) ==
		ES256_HALF)
		rc = buf_add(out, raw, sizeof raw);
	ECDSA_SIG_free(e);
	return rc;
}

static bool
check_pkey(const struct jwtkey *k, const void *text, size_t n,
    const unsigned char *sig, size_t siglen)
{
	const EVP_MD *md = k->alg == JWT_EDDSA ? NULL : EVP_sha256();
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok;

	ok = c && EVP_DigestVerifyInit(c, NULL, md, NULL, k->pkey) == 1 &&
	     EVP_DigestVerify(c, sig, siglen, text, n) == 1;
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return ok;
}

bool
jwtkey_check(const struct jwtkey *k, const void *text, size_t n,
    const void *sig, size_t siglen)
{
	unsigned char *der = NULL;
	int len;
	bool ok;

	if (k->alg == JWT_HS256)
		return check_hs256(k, text, n, sig, siglen);
	if (k->alg == JWT_RS256)
		return siglen == (size_t)EVP_PKEY_get_size(k->pkey) &&
		       check_pkey(k, text, n, sig, siglen);
	if (siglen != 2 * ES256_HALF) /* Ed25519's has 64 bytes, too */
		return false;
	if (k->alg == JWT_EDDSA)
		return check_pkey(k, text, n, sig, siglen);
	len = es256_der(sig, &der);
	ok = len > 0 && check_pkey(k, text, n, der, (size_t)len);
	OPENSSL_free(der);
	return ok;
}

int
jwtkey_sign(const struct jwtkey *k, const void *text, size_t n, struct buf *out)
{
	const EVP_MD *md = k->alg == JWT_EDDSA ? NULL : EVP_sha256();
	unsigned char sig[JWTKEY_SIG_MAX];
	size_t len = sizeof sig;
	unsigned int maclen = 0;
	EVP_MD_CTX *c;
	int ok;

	if (k->alg == JWT_HS256)
		return HMAC(md, k->secret, (int)k->secret_len, text, n, sig,
			   &maclen)
			   ? buf_add(out, sig, maclen)
			   : -1;
	c = EVP_MD_CTX_new();
	ok = c && EVP_DigestSignInit(c, NULL, md, NULL, k->pkey) == 1 &&
	     EVP_DigestSign(c, sig, &len, text, n) == 1;
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	if (!ok)
		return -1;
	return k->alg == JWT_ES256 ? es256_raw(sig, len, out)
				   : buf_add(out, sig, len);
}

/* --- making ----------------------------------------------------------- */

static int
take_bio(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	return n > 0 ? buf_add(out, p, (size_t)n) : -1;
}

static int
generate_secret(struct buf *out)
{
	unsigned char raw[JWTKEY_SECRET_MIN];
	int rc = -1;

	/* as text, which is 43 characters and survives every editor */
	if (RAND_priv_bytes(raw, sizeof raw) == 1 &&
	    base64_encode(out, raw, sizeof raw) == 0)
		rc = buf_addc(out, '\n');
	OPENSSL_cleanse(raw, sizeof raw);
	return rc;
}

int
jwtkey_generate(enum jwt_alg alg, struct buf *priv, struct buf *pub)
{
	BIO *a = NULL, *b = NULL;
	EVP_PKEY *k = NULL;
	int rc = -1;

	if (alg == JWT_HS256)
		return generate_secret(priv);
	if (alg == JWT_RS256)
		k = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072);
	else if (alg == JWT_ES256)
		k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	else
		k = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	a = BIO_new(BIO_s_secmem());
	b = BIO_new(BIO_s_mem());
	if (k && a && b &&
	    PEM_write_bio_PKCS8PrivateKey(a, k, NULL, NULL, 0, NULL, NULL) ==
		1 &&
	    PEM_write_bio_PUBKEY(b, k) == 1 && take_bio(a, priv) == 0)
		rc = take_bio(b, pub);
	BIO_free(a);
	BIO_free(b);
	EVP_PKEY_free(k);
	ERR_clear_error();
	return rc;
}
