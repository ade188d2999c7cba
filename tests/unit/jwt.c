/* jwt: keys, the RFCs' own tokens, and tokens that nobody must get in with. */
#include "../../lib/jwt.h"

#include <errno.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/base64.h"
#include "tap.h"

#include "../../lib/banned.h"

#define NOW INT64_C(1795426200000)
#define SECRET "0123456789abcdef0123456789abcdef"

static char folder[64];

/* A file in the tests' folder; returns its path. */
static const char *
file(const char *name, const char *text, size_t n)
{
	static char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	OK(f && fwrite(text, 1, n, f) == n && fclose(f) == 0);
	chmod(path, 0600);
	return path;
}

static const char *
text_file(const char *name, const char *text)
{
	return file(name, text, strlen(text));
}

/* The reason why a file is no key. */
static const char *
refused(const char *path, enum jwtkey_use use)
{
	static char why[512];
	struct jwtkeys keys = { .n = 0 };
	struct buf b;
	int rc;

	buf_init(&b, 4096);
	rc = jwtkeys_add(&keys, path, use, &b);
	snprintf(why, sizeof(why), "%s",
	    rc == 0                                 ? "taken"
	    : strncmp(b.p, path, strlen(path)) == 0 ? b.p + strlen(path)
						    : b.p);
	jwtkeys_release(&keys);
	buf_release(&b);
	return why;
}

static void
add(struct jwtkeys *keys, const char *path, enum jwtkey_use use)
{
	struct buf why;

	buf_init(&why, 4096);
	OK_FOR(jwtkeys_add(keys, path, use, &why) == 0, why.p);
	buf_release(&why);
}

/* --- the RFCs' tokens --------------------------------------------------- */

/* RFC 7515, A.1 to A.3, and RFC 8037, A.4; their keys as PEM. */
static const char rs256_pub[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj\n"
    "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\n"
    "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\n"
    "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB\n"
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\n"
    "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\n"
    "oQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
static const char es256_pub[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
static const char ed25519_pub[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
#define JOE                                               \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQo" \
	"gImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char hs256_secret[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcg"
    "UuTwjAzZr1Z9CAow";
static const char hs256[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE
			    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char rs256[] =
    "eyJhbGciOiJSUzI1NiJ9." JOE
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4B"
    "h-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZ"
    "LgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
    "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6"
    "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char es256[] =
    "eyJhbGciOiJFUzI1NiJ9." JOE
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKT"
    "UJqPP3-Kg6NU1Q";
static const char eddsa[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
    "sVvpAr_MuM0KAg";

/* The signature fits, and does not with any one byte changed. */
static void
checks(const char *token, const char *path, enum jwt_alg alg)
{
	struct jwtkeys keys = { .n = 0 };
	struct jwt_parts p;
	const char *why;
	size_t i;
	int bad = 0;

	add(&keys, path, JWTKEY_CHECK);
	IS_INT(keys.key[0]->alg, alg);
	IS_INT(jwt_split(token, strlen(token), &p, &why), 0);
	OK_FOR(
	    jwtkey_check(keys.key[0], token, p.signed_len, p.sig.p, p.sig.len),
	    path);
	for (i = 0; i < p.sig.len; i++) {
		p.sig.p[i] ^= 1;
		bad += jwtkey_check(
		    keys.key[0], token, p.signed_len, p.sig.p, p.sig.len);
		p.sig.p[i] ^= 1;
	}
	IS_INT(bad, 0);
	OK(!jwtkey_check(
	    keys.key[0], token, p.signed_len - 1, p.sig.p, p.sig.len));
	OK(!jwtkey_check(
	    keys.key[0], token, p.signed_len, p.sig.p, p.sig.len - 1));
	OK(!jwtkey_check(keys.key[0], token, p.signed_len, p.sig.p, 0));
	jwt_parts_release(&p);
	jwtkeys_release(&keys);
}

static void
reads_the_rfcs_tokens(void)
{
	struct buf secret;

	buf_init(&secret, 256);
	base64_decode(&secret, hs256_secret, sizeof(hs256_secret) - 1);
	checks(hs256, file("rfc.key", secret.p, secret.len), JWT_HS256);
	buf_release(&secret);
	checks(rs256, text_file("rs.pem", rs256_pub), JWT_RS256);
	checks(es256, text_file("es.pem", es256_pub), JWT_ES256);
	checks(eddsa, text_file("ed.pub", ed25519_pub), JWT_EDDSA);
}

/* --- keys --------------------------------------------------------------- */

static void
knows_what_is_no_key(void)
{
	static const char der[] =
	    "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
	    "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
	    "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
	char path[160];

	IS_STR(refused("/nonexistent/key", JWTKEY_CHECK),
	    ": No such file or directory");
	IS_STR(refused("/dev/null", JWTKEY_CHECK), ": not a file");
	IS_STR(refused(text_file("short", "0123456789abcdef0123456789abcde\n"),
		   JWTKEY_CHECK),
	    ": a secret must have 32 bytes at least");
	IS_STR(refused(text_file("ok", SECRET "\n"), JWTKEY_CHECK), "taken");
	IS_STR(refused(text_file("pem", "-----BEGIN PUBLIC KEY-----\n"
					"bm90IGEga2V5IGJ1dCBsb25nIGVub3VnaA==\n"
					"-----END PUBLIC KEY-----\n"),
		   JWTKEY_CHECK),
	    ": no key could be read from it");
	IS_STR(refused(file("der", der, sizeof(der) - 1), JWTKEY_CHECK),
	    ": a key, but not in PEM");
	IS_STR(refused(text_file("jwk", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
					"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7h\"}"),
		   JWTKEY_CHECK),
	    ": a key, but not in PEM");
	IS_STR(refused(text_file("ssh",
			   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq3"),
		   JWTKEY_CHECK),
	    ": a key, but not in PEM");
	snprintf(path, sizeof(path), "%s/none", folder);
	mkdir(path, 0700);
	IS_STR(refused(path, JWTKEY_CHECK),
	    ": no keys in it (*.key, *.pem, *.pub)");
}

/* In whatever form what is public is handed around, it is no secret. */
static void
knows_public_keys(void)
{
	static const struct {
		const char *what, *text;
	} t[] = {
		{ "PEM without its armour", "MCowBQYDK2VwAyEA11qYAYKxCrfVS/"
					    "7TyWQHOg7hcvPapiMlrwIaaPcHURo="
					    "\n" },
		{ "the same, in lines",
		    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7h\r\n"
		    "cvPapiMlrwIaaPcHURo=\r\n" },
		{ "of base64url", "MCowBQYDK2VwAyEA11qYAYKxCrfVS_"
				  "7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
		{ "hex", "302a300506032b6570032100d75a980182b10ab7d54bfed3c9640"
			 "73a0ee1"
			 "72f3daa62325af021a68f707511a" },
		{ "hex with colons", "30:2A:30:05:06:03:2B:65:70:03:21:00:d7:"
				     "5a:98:01:82:b1:0a:b7:"
				     "d5:4b:fe:d3:c9:64:07:3a:0e:e1:72:f3:da:"
				     "a6:23:25:af:02:1a:68:"
				     "f7:07:51:1a\n" },
		{ "a DNS record", "v=DKIM1; k=ed25519; "
				  "p=MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg"
				  "7hcvPapiMlrwIaaPcHURo=" },
		{ "base64 of PEM", "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUNvd0J"
				   "RWURLMlZ3QXlFQQ==" },
		{ "SSH", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDNamAGCsQq3" },
		{ "its base64 alone", "AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+"
				      "08lkBzoO4XLz2qYj" },
		{ "SSH, a security key", "sk-ssh-ed25519@openssh.com "
					 "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5z" },
		{ "authorized_keys", "# mine\nno-pty ecdsa-sha2-nistp256 "
				     "AAAAE2VjZHNhLXNoYTItbmlz" },
		{ "RFC 4716", "---- BEGIN SSH2 PUBLIC KEY ----\nQUFBQQ==\n"
			      "---- END SSH2 PUBLIC KEY ----\n" },
		{ "a list of JWKs", " [{\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_"
				    "7TyWQHOg7h\"}]\n" },
		{ "JSON behind a byte order mark",
		    "\xef\xbb\xbf{\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_"
		    "7TyWQHOg\"}" },
		{ "XML", "<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>" },
		{ "openssl -text",
		    "Public-Key: (2048 bit)\nModulus:\n    00:c0:ff" },
	};
	static const char wide[] =
	    "\xff\xfe-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 \0P\0U\0B\0L\0I\0C\0";
	/* RSAPublicKey of RFC 8017, A.1.1, small */
	static const char pkcs1[] =
	    "\x30\x26\x02\x1f\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"
	    "\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b"
	    "\x1c\x1d\x1e\x02\x03\x01\x00\x01";
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		OK_FOR(strcmp(refused(text_file("x", t[i].text), JWTKEY_CHECK),
			   ": a key, but not in PEM") == 0,
		    t[i].what);
	IS_STR(refused(file("wide", wide, sizeof(wide) - 1), JWTKEY_CHECK),
	    ": a key, but not in PEM");
	IS_STR(refused(file("pkcs1", pkcs1, sizeof(pkcs1) - 1), JWTKEY_CHECK),
	    ": a key, but not in PEM");
}

static void
knows_secrets(void)
{
	static const char *const t[] = {
		"correct horse battery staple, and a little more of it",
		"0123456789abcdef0123456789abcdef0123456789abcdef",
		"030201000302010003020100030201000302010003020100",
		"q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=\n",
		"{not JSON, but a secret of somebody who likes braces}",
		"[nor is this one a list, even though it begins as one",
	};
	unsigned char random[64];
	struct buf b;
	size_t i, k;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		OK_FOR(strcmp(refused(text_file("s", t[i]), JWTKEY_CHECK),
			   "taken") == 0,
		    t[i]);
	/* bytes, and what they are in base64, of any length */
	for (i = k = 0; i < 2000; i++) {
		buf_init(&b, 256);
		RAND_bytes(random, sizeof(random));
		base64_encode(&b, random, 33 + i % 31);
		k += strcmp(refused(file("s", (char *)random, 33 + i % 31),
				JWTKEY_CHECK),
			 "taken") == 0;
		k += strcmp(refused(file("s", b.p, b.len), JWTKEY_CHECK),
			 "taken") == 0;
		buf_release(&b);
	}
	IS_INT((int64_t)k, 4000);
}

static void
generates(enum jwt_alg alg)
{
	struct jwtkeys sign = { .n = 0 }, check = { .n = 0 };
	const char *name = jwt_alg_name(alg);
	struct buf priv, pub, sig;
	char path[160];

	buf_init(&priv, JWTKEY_FILE_MAX);
	buf_init(&pub, JWTKEY_FILE_MAX);
	buf_init(&sig, JWTKEY_SIG_MAX);
	OK_FOR(jwtkey_generate(alg, &priv, &pub) == 0, name);
	IS_INT(pub.len == 0, alg == JWT_HS256);
	snprintf(path, sizeof(path), "%s", file("new.key", priv.p, priv.len));
	add(&sign, path, JWTKEY_SIGN);
	if (pub.len) {
		IS_STR(refused(path, JWTKEY_CHECK),
		    ": a private key: only the public one belongs here");
		snprintf(
		    path, sizeof(path), "%s", file("new.pub", pub.p, pub.len));
		IS_STR(refused(path, JWTKEY_SIGN),
		    ": a public key: signing needs the private one");
	}
	add(&check, path, JWTKEY_CHECK);
	IS_INT(check.key[0]->alg, alg);
	IS_STR(check.key[0]->kid, "new");
	OK(!check.key[0]->exposed);
	IS_INT(jwtkey_sign(sign.key[0], "text", 4, &sig), 0);
	OK_FOR(jwtkey_check(check.key[0], "text", 4, sig.p, sig.len), name);
	OK_FOR(!jwtkey_check(check.key[0], "test", 4, sig.p, sig.len), name);
	jwtkeys_release(&sign);
	jwtkeys_release(&check);
	jwtkey_wipe(&priv);
	jwtkey_wipe(&pub);
	buf_release(&sig);
}

static void
says_which_secrets_others_can_read(void)
{
	struct jwtkeys keys = { .n = 0 };
	const char *path = text_file("open.key", SECRET);

	chmod(path, 0644);
	add(&keys, path, JWTKEY_CHECK);
	OK(keys.key[0]->exposed);
	chmod(path, 0600);
	path = text_file("open.pub", ed25519_pub);
	chmod(path, 0644);
	add(&keys, path, JWTKEY_CHECK);
	OK(!keys.key[1]->exposed);
	jwtkeys_release(&keys);
}

/* --- tokens ------------------------------------------------------------- */

/* A token of these texts, signed with the key. */
static void
forge(const struct jwtkey *k, const char *header, const char *claims,
    struct buf *out)
{
	struct buf sig;

	buf_init(&sig, JWTKEY_SIG_MAX);
	buf_reset(out);
	base64_encode(out, header, strlen(header));
	buf_addc(out, '.');
	base64_encode(out, claims, strlen(claims));
	jwtkey_sign(k, out->p, out->len, &sig);
	buf_addc(out, '.');
	base64_encode(out, sig.p, sig.len);
	buf_release(&sig);
}

#define HS "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* What is said of it: "ok", or why not. */
static const char *
verdict(const struct jwtkeys *keys, const char *audience, const struct buf *b)
{
	struct jwt_want want = { .audience = audience, .now = NOW };
	struct jwt t;
	const char *why = NULL;
	char *copy = tap_copy(b->p, b->len);
	int rc = jwt_check(keys, &want, copy, b->len, &t, &why);

	free(copy);
	jwt_release(&t);
	return rc == 0 ? "ok" : why;
}

static void
mints_what_it_reads(void)
{
	static const char *const rooms[] = { "main", "den" };
	struct jwt_new n = { .sub = "alice",
		.role = ROLE_MODERATOR,
		.audience = "chat",
		.kid = "k\"1",
		.iat = NOW,
		.nbf = NOW,
		.exp = NOW + 1500,
		.rooms = rooms,
		.nrooms = 2 };
	struct jwt_want want = { .audience = "chat", .now = NOW };
	struct jwtkeys keys = { .n = 0 };
	struct jwt t;
	const char *why = "";
	struct buf b;

	buf_init(&b, JWT_MAX);
	add(&keys, text_file("s.key", SECRET), JWTKEY_BOTH);
	IS_INT(jwt_mint(keys.key[0], &n, &b), 0);
	OK_FOR(jwt_check(&keys, &want, b.p, b.len, &t, &why) == 0, why);
	IS_STR(t.sub, "alice");
	IS_INT(t.role, ROLE_MODERATOR);
	IS_INT(t.exp, NOW + 1500);
	IS_INT(t.nbf, NOW);
	IS_STR(t.rooms, "main den");
	jwt_release(&t);
	want.now = NOW + 1499;
	IS_INT(jwt_check(&keys, &want, b.p, b.len, &t, &why), 0);
	jwt_release(&t);
	want.now = NOW + 1500;
	IS_INT(jwt_check(&keys, &want, b.p, b.len, &t, &why), -1);
	IS_STR(why, JWT_EXPIRED);
	want.now = NOW - JWT_LEEWAY;
	IS_INT(jwt_check(&keys, &want, b.p, b.len, &t, &why), 0);
	jwt_release(&t);
	want.now--;
	IS_INT(jwt_check(&keys, &want, b.p, b.len, &t, &why), -1);
	IS_STR(why, "token: not valid yet");
	jwtkeys_release(&keys);
	buf_release(&b);
}

static void
refuses_claims(void)
{
	static const char *const no[] = { "[]", "", "{}", "null",
		"{\"sub\":\"alice\"", "{\"sub\":\"\"}", "{\"sub\":1}",
		"{\"sub\":\"al ice\"}", "{\"sub\":\"alice\\u0000\"}",
		"{\"sub\":\"alice\\n\"}", "{\"sub\":\"\xc3\xa9\"}",
		"{\"sub\":\"alice\",\"sub\":\"bob\"}",
		"{\"sub\":\"alice\",\"\\u0073ub\":\"bob\"}",
		"{\"sub\":\"alice\",\"exp\":\"1895426200\"}",
		"{\"sub\":\"alice\",\"exp\":null}",
		"{\"sub\":\"alice\",\"exp\":true}",
		"{\"sub\":\"alice\",\"exp\":1e400}",
		"{\"sub\":\"alice\",\"exp\":1e300}",
		"{\"sub\":\"alice\",\"exp\":-1}",
		"{\"sub\":\"alice\",\"exp\":0}",
		"{\"sub\":\"alice\",\"exp\":1795426200}",
		"{\"sub\":\"alice\",\"exp\":[1895426200]}",
		"{\"sub\":\"alice\",\"nbf\":\"0\"}",
		"{\"sub\":\"alice\",\"nbf\":1795426206}",
		"{\"sub\":\"alice\",\"iat\":{}}",
		"{\"sub\":\"alice\",\"aud\":\"other\"}",
		"{\"sub\":\"alice\",\"aud\":[]}",
		"{\"sub\":\"alice\",\"role\":\"owner\"}",
		"{\"sub\":\"alice\",\"role\":\"Admin\"}",
		"{\"sub\":\"alice\",\"role\":4}",
		"{\"sub\":\"alice\",\"role\":[\"admin\"]}",
		"{\"sub\":\"alice\",\"role\":null}",
		"{\"sub\":\"alice\",\"rooms\":\"main\"}",
		"{\"sub\":\"alice\",\"rooms\":[\"a b\"]}",
		"{\"sub\":\"alice\",\"rooms\":[[\"main\"]]}",
		"{\"sub\":\"alice\",\"rooms\":null}", "{\"sub\":\"alice\"}{}",
		"{\"sub\":\"alice\"}x" };
	struct jwtkeys keys = { .n = 0 };
	struct buf b;
	size_t i;

	buf_init(&b, JWT_MAX);
	add(&keys, text_file("s.key", SECRET), JWTKEY_BOTH);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		forge(keys.key[0], HS, no[i], &b);
		OK_FOR(strcmp(verdict(&keys, NULL, &b), "ok") != 0, no[i]);
	}
	forge(keys.key[0], HS,
	    "{\"sub\":\"alice\",\"exp\":1795426200.5,\"nbf\":1795426204,"
	    "\"iat\":1,\"vip\":{\"a\":[1]}}",
	    &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	forge(keys.key[0], HS, "{\"sub\":\"alice\",\"rooms\":[]}", &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	jwtkeys_release(&keys);
	buf_release(&b);
}

static void
wants_its_audience(void)
{
	static const struct {
		const char *claims, *want, *verdict;
	} cases[] = {
		{ "{\"sub\":\"a\"}", NULL, "ok" },
		{ "{\"sub\":\"a\"}", "chat", "no" },
		{ "{\"sub\":\"a\",\"aud\":\"chat\"}", "chat", "ok" },
		{ "{\"sub\":\"a\",\"aud\":\"chat\"}", NULL, "no" },
		{ "{\"sub\":\"a\",\"aud\":\"chatter\"}", "chat", "no" },
		{ "{\"sub\":\"a\",\"aud\":[\"x\",\"chat\"]}", "chat", "ok" },
		{ "{\"sub\":\"a\",\"aud\":[\"x\",\"y\"]}", "chat", "no" },
		{ "{\"sub\":\"a\",\"aud\":[\"chat\",1]}", "chat", "no" },
		{ "{\"sub\":\"a\",\"aud\":{\"chat\":1}}", "chat", "no" },
		{ "{\"sub\":\"a\",\"aud\":null}", "chat", "no" },
	};
	struct jwtkeys keys = { .n = 0 };
	struct buf b;
	size_t i;

	buf_init(&b, JWT_MAX);
	add(&keys, text_file("s.key", SECRET), JWTKEY_BOTH);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		forge(keys.key[0], HS, cases[i].claims, &b);
		OK_FOR((strcmp(verdict(&keys, cases[i].want, &b), "ok") == 0) ==
			   (strcmp(cases[i].verdict, "ok") == 0),
		    cases[i].claims);
	}
	jwtkeys_release(&keys);
	buf_release(&b);
}

static void
refuses_headers(void)
{
	static const char *const no[] = { "{}", "[]", "", "{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}", "{\"alg\":\"NONE\"}", "{\"alg\":\"\"}",
		"{\"alg\":null}", "{\"alg\":[\"HS256\"]}",
		"{\"alg\":\"hs256\"}", "{\"alg\":\"HS512\"}",
		"{\"alg\":\"RS256\"}", "{\"alg\":\"ES256\"}",
		"{\"alg\":\"HS256\\u0000\"}",
		"{\"alg\":\"HS256\",\"alg\":\"none\"}",
		"{\"alg\":\"none\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"HS256\",\"crit\":[]}",
		"{\"alg\":\"HS256\",\"b64\":false}",
		"{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
		"{\"alg\":\"HS256\",\"typ\":1}",
		"{\"alg\":\"HS256\",\"kid\":1}", "{\"alg\":\"HS256\"} x" };
	struct jwtkeys keys = { .n = 0 };
	struct buf b;
	size_t i;

	buf_init(&b, JWT_MAX);
	add(&keys, text_file("s.key", SECRET), JWTKEY_BOTH);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		forge(keys.key[0], no[i], "{\"sub\":\"alice\"}", &b);
		OK_FOR(strcmp(verdict(&keys, NULL, &b), "ok") != 0, no[i]);
	}
	forge(keys.key[0], "{\"typ\":\"jwt\",\"alg\":\"HS256\",\"x\":[{}]}",
	    "{\"sub\":\"alice\"}", &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	jwtkeys_release(&keys);
	buf_release(&b);
}

/* The classic: the public key's file as an HMAC's secret. */
static void
never_takes_a_public_key_for_a_secret(void)
{
	struct jwtkey thief = { .alg = JWT_HS256,
		.secret = (unsigned char *)(uintptr_t)rs256_pub };
	struct jwtkeys keys = { .n = 0 };
	struct buf b;
	size_t cut;

	buf_init(&b, JWT_MAX);
	add(&keys, text_file("rs.pub", rs256_pub), JWTKEY_CHECK);
	for (cut = 0; cut < 2; cut++) {
		thief.secret_len = sizeof(rs256_pub) - 1 - cut;
		forge(&thief, HS, "{\"sub\":\"alice\"}", &b);
		IS_STR(verdict(&keys, NULL, &b), "token: alg is not the key's");
		forge(&thief, "{\"alg\":\"RS256\"}", "{\"sub\":\"alice\"}", &b);
		IS_STR(
		    verdict(&keys, NULL, &b), "token: the signature is wrong");
	}
	buf_reset(&b);
	buf_adds(&b, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.");
	IS_STR(verdict(&keys, NULL, &b),
	    "token: alg must be HS256, RS256, ES256 or EdDSA");
	jwtkeys_release(&keys);
	buf_release(&b);
}

static void
refuses_other_forms(void)
{
	struct jwtkeys keys = { .n = 0 };
	struct buf b, c;
	size_t i, bad = 0;

	buf_init(&b, 2 * JWT_MAX);
	buf_init(&c, 2 * JWT_MAX);
	add(&keys, text_file("s.key", SECRET), JWTKEY_BOTH);
	forge(keys.key[0], HS, "{\"sub\":\"alice\"}", &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	/* every prefix, every changed bit, and anything behind it */
	for (i = 0; i < b.len; i++) {
		buf_reset(&c);
		buf_add(&c, b.p, i);
		bad += strcmp(verdict(&keys, NULL, &c), "ok") == 0;
		buf_reset(&c);
		buf_add(&c, b.p, b.len);
		c.p[i] ^= 1;
		bad += strcmp(verdict(&keys, NULL, &c), "ok") == 0;
	}
	IS_INT(bad, 0);
	for (i = 0; i < 7; i++) {
		buf_reset(&c);
		buf_add(&c, b.p, b.len);
		buf_add(&c, &".= \nA\0-"[i], 1);
		OK(strcmp(verdict(&keys, NULL, &c), "ok") != 0);
	}
	buf_add(&b, b.p, 0);
	while (b.len <= JWT_MAX)
		buf_addc(&b, 'A');
	IS_STR(verdict(&keys, NULL, &b), "token: longer than 4096 bytes");
	jwtkeys_release(&keys);
	buf_release(&b);
	buf_release(&c);
}

static void
selects_by_kid(void)
{
	struct jwtkeys keys = { .n = 0 }, old = { .n = 0 }, new = { .n = 0 };
	struct jwt_new n = { .sub = "alice" };
	char dir[80];
	struct buf b;

	buf_init(&b, JWT_MAX);
	snprintf(dir, sizeof(dir), "%s/rotate", folder);
	mkdir(dir, 0700);
	add(&old, text_file("rotate/old.key", SECRET "old"), JWTKEY_BOTH);
	add(&new, text_file("rotate/new.key", SECRET "new"), JWTKEY_BOTH);
	text_file("rotate/README", "a text that is long enough for a secret");
	text_file("rotate/.hidden.key", SECRET "hidden");
	text_file("rotate/rs.pub", rs256_pub);
	add(&keys, dir, JWTKEY_CHECK);
	IS_INT(keys.n, 3);
	jwt_mint(old.key[0], &n, &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	n.kid = "old";
	buf_reset(&b);
	jwt_mint(old.key[0], &n, &b);
	IS_STR(verdict(&keys, NULL, &b), "ok");
	IS_STR(verdict(&new, NULL, &b), "token: the signature is wrong");
	n.kid = "new";
	buf_reset(&b);
	jwt_mint(old.key[0], &n, &b);
	IS_STR(verdict(&keys, NULL, &b), "token: the signature is wrong");
	IS_STR(verdict(&old, NULL, &b), "ok");
	n.kid = "../rotate/old";
	buf_reset(&b);
	jwt_mint(old.key[0], &n, &b);
	IS_STR(verdict(&keys, NULL, &b), "token: kid names no key");
	n.kid = "rs";
	buf_reset(&b);
	jwt_mint(old.key[0], &n, &b);
	IS_STR(verdict(&keys, NULL, &b), "token: alg is not the key's");
	jwtkeys_release(&keys);
	IS_STR(verdict(&keys, NULL, &b), "token: kid names no key");
	jwtkeys_release(&old);
	jwtkeys_release(&new);
	buf_release(&b);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	char rm[96];

	snprintf(folder, sizeof(folder), "%.40s/ss-jwt.XXXXXX",
	    tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return 1;
	reads_the_rfcs_tokens();
	knows_what_is_no_key();
	knows_public_keys();
	knows_secrets();
	generates(JWT_HS256);
	generates(JWT_RS256);
	generates(JWT_ES256);
	generates(JWT_EDDSA);
	says_which_secrets_others_can_read();
	mints_what_it_reads();
	refuses_claims();
	wants_its_audience();
	refuses_headers();
	never_takes_a_public_key_for_a_secret();
	refuses_other_forms();
	selects_by_kid();
	snprintf(rm, sizeof(rm), "rm -rf '%s'", folder);
	OK(system(rm) == 0);
	return tap_done();
}
