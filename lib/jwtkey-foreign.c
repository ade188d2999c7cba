/*
 * jwtkey-foreign: see jwtkey-impl.h. Whoever has a server's public key could
 * sign with it what a server takes that holds it for a secret, so each format
 * in which keys are handed around has to be known for one: DER, plain or in
 * base64 or hex (PEM without its armour, DNS records), what OpenSSH writes,
 * JSON (JWK), XML, and any of them in UTF-16 or behind a byte order mark.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <openssl/crypto.h>
#include <string.h>

#include "json.h"
#include "jwtkey-impl.h"

#include "banned.h"

#define WORD_MIN 40 /* characters of base64 that may be a key */
#define DEPTH_MAX 3 /* of one encoding in another */

/* Words that stand in no secret but one that was made to have them. */
static const char *const marks[] = { "-BEGIN ", "- BEGIN ",
	"Public-Key:", "RSAKeyValue", "<Modulus>",
	/* RFC 4253, 6.6, RFC 5656, RFC 8709, and OpenSSH's security keys */
	"ssh-rsa", "ssh-dss", "ssh-ed25519", "ssh-ed448", "ecdsa-sha2-",
	"sk-ssh-", "sk-ecdsa-", "rsa-sha2-",
	/* the same in base64, with their lengths in front */
	"AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNhL", "AAAAGnNrL",
	"AAAAInNrL" };

static bool
has_mark(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof marks / sizeof *marks; i++)
		if (memmem(p, n, marks[i], strlen(marks[i])))
			return true;
	return false;
}

/*
 * The header of an element of DER (ITU-T X.690, 8.1): its size with what it
 * holds, and where that begins. 0: none, or it does not fit into n bytes.
 */
static size_t
element(const unsigned char *p, size_t n, size_t *begins)
{
	size_t len, i, k;

	if (n < 2 || !p[0])
		return 0;
	*begins = 2;
	len = p[1];
	if (len > 0x80) {
		k = len & 0x7f;
		if (k > 4 || n < 2 + k)
			return 0;
		*begins += k;
		for (len = 0, i = 0; i < k; i++)
			len = len << 8 | p[2 + i];
	} else if (len == 0x80) {
		return 0;
	}
	return len <= n - *begins ? *begins + len : 0;
}

/* All of it is one sequence, full of whole elements: as keys are. */
static bool
is_der(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t at, begins, size = element(p, n, &begins);

	if (!size || p[0] != 0x30 || n - size > 1 ||
	    (n > size && p[size] != '\n') || begins == size)
		return false;
	for (at = begins; at < size; at += n) {
		n = element(p + at, size - at, &begins);
		if (!n)
			return false;
	}
	return true;
}

static bool
is_json(const char *p, size_t n)
{
	struct json_doc doc = { 0 };
	struct buf b;
	bool yes;

	while (n && isspace((unsigned char)*p)) {
		p++;
		n--;
	}
	if (!n || (*p != '{' && *p != '['))
		return false;
	buf_init(&b, n + 16);
	yes = buf_reserve(&b, n + 8) == 0 && buf_adds(&b, "{\"a\":") == 0 &&
	      buf_add(&b, p, n) == 0 && buf_addc(&b, '}') == 0 &&
	      json_parse(&doc, b.p, b.len) == 0;
	json_release(&doc);
	if (b.p)
		OPENSSL_cleanse(b.p, b.len);
	buf_release(&b);
	return yes;
}

static int
digit_of(char c, const char *digits)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Either alphabet of base64 (RFC 4648, 4 and 5). */
static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	return digit_of(c == '-' ? '+' : c == '_' ? '/' : c, digits);
}

static int
hex_digit(char c)
{
	return digit_of((char)tolower((unsigned char)c), "0123456789abcdef");
}

/*
 * What the digits at the front of n bytes stand for, of which white space and
 * some punctuation are left out. Returns how many bytes that were.
 */
static size_t
decode(const char *p, size_t n, int (*digit)(char), unsigned bits,
    const char *skip, struct buf *out)
{
	unsigned have = 0, v = 0;
	size_t i;
	int d;

	buf_reset(out);
	for (i = 0; i < n; i++) {
		if (p[i] && strchr(skip, p[i]))
			continue;
		d = digit(p[i]);
		if (d < 0)
			break;
		v = (v << bits | (unsigned)d) & 0xffff;
		have += bits;
		if (have < 8)
			continue;
		have -= 8;
		if (buf_addc(out, (char)(v >> have)) < 0)
			break;
	}
	return i;
}

static bool looks(const char *p, size_t n, int depth);

/* All of it as hex or base64, or a long word in it. */
static bool
is_encoded(const char *p, size_t n, int depth)
{
	struct buf b;
	size_t i, len;
	bool yes;

	buf_init(&b, n + 1);
	if (buf_reserve(&b, n) < 0) /* no copies of it are left behind */
		return true;
	len = decode(p, n, hex_digit, 4, " \t\r\n:", &b);
	yes = len == n && looks(b.p, b.len, depth);
	len = decode(p, n, base64_digit, 6, " \t\r\n=", &b);
	yes = yes || (len == n && looks(b.p, b.len, depth));
	for (i = 0; i < n && !yes; i += len + 1) {
		len = decode(p + i, n - i, base64_digit, 6, "", &b);
		yes = len >= WORD_MIN && looks(b.p, b.len, depth);
	}
	OPENSSL_cleanse(b.p, b.len);
	buf_release(&b);
	return yes;
}

static bool
looks(const char *p, size_t n, int depth)
{
	if (!n || depth == DEPTH_MAX)
		return false;
	return is_der(p, n) || has_mark(p, n) || is_json(p, n) ||
	       is_encoded(p, n, depth + 1);
}

/* As one byte a character, if it was two, and without a byte order mark. */
static void
squeeze(const struct buf *text, struct buf *out)
{
	size_t i;

	for (i = 0; i < text->len; i++)
		if (text->p[i] &&
		    !(i < 3 && strchr("\xff\xfe\xef\xbb\xbf", text->p[i])))
			buf_addc(out, text->p[i]);
}

bool
jwtkey_is_foreign(const struct buf *text)
{
	struct buf b;
	bool yes;

	if (looks(text->p, text->len, 0))
		return true;
	buf_init(&b, text->len + 1);
	if (buf_reserve(&b, text->len) < 0)
		return true;
	squeeze(text, &b);
	yes = b.len != text->len && looks(b.p, b.len, 0);
	OPENSSL_cleanse(b.p, b.len);
	buf_release(&b);
	return yes;
}
