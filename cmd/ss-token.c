/*
 * ss-token: makes tokens and the keys for them, and shows what is in one.
 * Keys come from files, tokens from stdin or the environment, never from
 * arguments, which everybody on the machine can read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "jwt.h"
#include "msg.h"
#include "opt.h"
#include "secret.h"
#include "utf8.h"

#include "banned.h"

#define TTL_MAX (10 * 366 * 86400.0) /* seconds */

struct app {
	const char *sub, *role, *aud, *kid, *key, *alg;
	struct opt_list rooms;
	double ttl, nbf;
	const struct opt_prog *prog;
};

/* Writes to stdout, and makes sure that it got there. */
static int
say(const char *p, size_t n)
{
	if (fwrite(p, 1, n, stdout) == n && fflush(stdout) == 0)
		return 0;
	msg_err("stdout: %s", strerror(errno));
	return 1;
}

static int
read_keys(struct app *a, enum jwtkey_use use, struct jwtkeys *keys)
{
	struct buf why;
	int rc;

	buf_init(&why, 8192);
	rc = jwtkeys_add(keys, a->key, use, &why);
	if (rc < 0)
		msg_err("%s", why.p);
	else if (keys->key[0]->exposed)
		msg_warn("%s: a secret that others can read", a->key);
	buf_release(&why);
	return rc;
}

/* --- mint --------------------------------------------------------------- */

static void
check_mint(struct app *a)
{
	size_t i;

	if (!a->sub || !event_name_valid(a->sub, strlen(a->sub)))
		opt_misuse(a->prog,
		    "mint: --sub must be 1 to 50 of A-Z a-z 0-9 . _ -");
	if (!a->key)
		opt_misuse(a->prog, "mint: --key is missing");
	if (a->kid && (strlen(a->kid) > JWTKEY_KID_MAX ||
			  !utf8_valid(a->kid, strlen(a->kid))))
		opt_misuse(a->prog, "mint: --kid is too long");
	if (a->aud && !utf8_valid(a->aud, strlen(a->aud)))
		opt_misuse(a->prog, "mint: --aud is not UTF-8");
	for (i = 0; i < a->rooms.n; i++)
		if (!event_name_valid(
			a->rooms.item[i], strlen(a->rooms.item[i])))
			opt_misuse(a->prog,
			    "mint: --room must be 1 to 50 of A-Z a-z 0-9 . _ "
			    "-");
}

/*
 * Whole seconds, as most readers of tokens have them; but they would take a
 * part of a second away from a token that has only few.
 */
static int64_t
issued(const struct app *a)
{
	int64_t now = clock_wall_ms();

	return a->ttl > 0 && a->ttl < 60 ? now : now - now % 1000;
}

static int
mint(struct app *a)
{
	int64_t now = issued(a);
	struct jwt_new t = { .sub = a->sub,
		.audience = a->aud,
		.kid = a->kid,
		.iat = now,
		.nbf = a->nbf > 0 ? now + (int64_t)(a->nbf * 1000) : 0,
		.exp = a->ttl > 0 ? now + (int64_t)(a->ttl * 1000) : 0,
		.rooms = a->rooms.item,
		.nrooms = a->rooms.n };
	struct jwtkeys keys = { .n = 0 };
	struct buf out;
	int status = 1;

	check_mint(a);
	role_parse(a->role, strlen(a->role), &t.role);
	buf_init(&out, JWT_MAX + 1);
	if (read_keys(a, JWTKEY_SIGN, &keys) < 0)
		;
	else if (keys.n > 1)
		msg_err("%s: more than one key", a->key);
	else if (jwt_mint(keys.key[0], &t, &out) < 0)
		msg_err("token: %s", strerror(EMSGSIZE));
	else if (buf_addc(&out, '\n') == 0)
		status = say(out.p, out.len);
	jwtkeys_release(&keys);
	jwtkey_wipe(&out);
	return status;
}

/* --- inspect ------------------------------------------------------------ */

/*
 * JSON as it is, on one line and in ASCII: a token may come from anybody, and
 * is shown on terminals.
 */
static void
add_json(struct buf *out, const char *key, const struct buf *text)
{
	struct json_doc doc = { 0 };
	uint32_t cp;
	size_t i, k;

	buf_addf(out, "\"%s\":", key);
	if (json_parse(&doc, text->p, text->len) < 0) {
		buf_adds(out, "null");
		json_release(&doc);
		return;
	}
	json_release(&doc);
	for (i = 0; i < text->len; i += k) {
		k = utf8_decode(text->p + i, text->len - i, &cp);
		if (cp < ' ')
			buf_addc(out, ' '); /* outside of strings only */
		else if (cp < 127)
			buf_addc(out, (char)cp);
		else if (cp < 0x10000)
			buf_addf(out, "\\u%04x", (unsigned)cp);
		else
			buf_addf(out, "\\u%04x\\u%04x",
			    (unsigned)(0xd7c0 + (cp >> 10)),
			    (unsigned)(0xdc00 + (cp & 0x3ff)));
	}
}

/* The token is whole; without keys only what it says is looked at. */
static bool
is_valid(struct app *a, const struct jwtkeys *keys, const struct buf *token,
    const struct jwt_parts *parts, const char **why)
{
	struct jwt_want want = { .audience = a->aud,
		.any_audience = !a->aud,
		.now = clock_wall_ms() };
	struct jwt t;
	int rc;

	rc = a->key ? jwt_check(keys, &want, token->p, token->len, &t, why)
		    : jwt_check_unsigned(parts, &want, &t, why);
	jwt_release(&t);
	return rc == 0;
}

static int
show(struct app *a, const struct jwtkeys *keys, const struct buf *token)
{
	struct jwt_parts parts;
	const char *why = NULL;
	struct buf out;
	bool verified, valid;
	int status;

	if (jwt_split(token->p, token->len, &parts, &why) < 0) {
		msg_err("%s", why);
		jwt_parts_release(&parts);
		return 1;
	}
	verified = a->key && jwt_is_signed(keys, token->p, &parts);
	valid = is_valid(a, keys, token, &parts, &why);
	buf_init(&out, 16 * JWT_MAX);
	buf_addc(&out, '{');
	add_json(&out, "header", &parts.header);
	buf_addc(&out, ',');
	add_json(&out, "claims", &parts.claims);
	buf_addf(&out, ",\"verified\":%s,\"valid\":%s",
	    verified ? "true" : "false", valid ? "true" : "false");
	if (!valid)
		buf_addf(&out, ",\"detail\":\"%s\"", why);
	buf_adds(&out, "}\n");
	if (!a->key)
		msg_warn("the signature is not checked: no --key");
	status = say(out.p, out.len);
	jwt_parts_release(&parts);
	buf_release(&out);
	return status || !valid;
}

/* From SS_TOKEN, or else from stdin. */
static int
read_token(struct buf *token)
{
	const char *env = getenv("SS_TOKEN"), *why;

	if (!env) {
		if (secret_read("/dev/stdin", token, &why) == 0)
			return 0;
		msg_err("stdin: %s", why);
		return -1;
	}
	why = secret_check(env, strlen(env));
	if (!why && buf_adds(token, env) == 0)
		return 0;
	msg_err("SS_TOKEN: %s", why ? why : strerror(errno));
	return -1;
}

static int
inspect(struct app *a)
{
	struct jwtkeys keys = { .n = 0 };
	struct buf token;
	int status = 1;

	buf_init(&token, SECRET_MAX + 2);
	if ((!a->key || read_keys(a, JWTKEY_BOTH, &keys) == 0) &&
	    read_token(&token) == 0)
		status = show(a, &keys, &token);
	jwtkeys_release(&keys);
	jwtkey_wipe(&token);
	return status;
}

/* --- keygen ------------------------------------------------------------- */

/* Writes a new file that is there as a whole or not at all. */
static int
write_new(const char *path, const struct buf *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	size_t done = 0;
	ssize_t n = 0;
	int err;

	if (fd < 0) {
		msg_err("%s: %s", path, strerror(errno));
		return -1;
	}
	while (n >= 0 && done < text->len) {
		n = write(fd, text->p + done, text->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 0;
	}
	if (n >= 0)
		n = fsync(fd);
	err = errno;
	if (close(fd) == 0 && n >= 0)
		return 0;
	unlink(path);
	msg_err("%s: %s", path, strerror(err));
	return -1;
}

/* The public key's file: beside the private one, with .pub at the end. */
static void
public_path(const char *path, struct buf *out)
{
	size_t n = strlen(path);

	if (n > 4 && (strcmp(path + n - 4, ".key") == 0 ||
			 strcmp(path + n - 4, ".pem") == 0))
		n -= 4;
	buf_add(out, path, n);
	buf_adds(out, ".pub");
}

static int
write_pair(const char *path, const struct buf *priv, const struct buf *pub)
{
	struct buf name;
	int rc;

	buf_init(&name, 8192);
	public_path(path, &name);
	rc = write_new(path, priv, 0600);
	if (rc == 0 && pub->len && (rc = write_new(name.p, pub, 0600)) < 0)
		unlink(path);
	buf_release(&name);
	return rc;
}

static int
keygen(struct app *a, const char *path)
{
	static const char *const words[] = { "hs256", "rs256", "es256",
		"eddsa" };
	enum jwt_alg alg = JWT_HS256;
	struct buf priv, pub;
	int status = 1;

	while (strcmp(words[alg], a->alg) != 0)
		alg++;
	path = path ? path : a->key;
	if (!path && alg != JWT_HS256)
		opt_misuse(a->prog, "keygen: a key pair needs a FILE");
	buf_init(&priv, JWTKEY_FILE_MAX);
	buf_init(&pub, JWTKEY_FILE_MAX);
	if (jwtkey_generate(alg, &priv, &pub) < 0)
		msg_err("keygen: no key could be made");
	else if (path)
		status = write_pair(path, &priv, &pub) < 0;
	else
		status = say(priv.p, priv.len);
	jwtkey_wipe(&priv);
	jwtkey_wipe(&pub);
	return status;
}

int
main(int argc, char **argv)
{
	struct app a = { .role = "viewer", .alg = "hs256", .ttl = 3600 };
	const struct opt opts[] = {
		{ OPT_FILE, 'k', "key", "FILE",
		    "the key to sign or to check with", &a.key, 0, 0, NULL },
		{ OPT_TEXT, 0, "sub", "NAME", "mint: the user's name", &a.sub,
		    0, 0, NULL },
		{ OPT_CHOICE, 0, "role", "ROLE",
		    "mint: what the user is (viewer)", &a.role, 0, 0,
		    "viewer subscriber moderator streamer admin" },
		{ OPT_SECONDS, 0, "ttl", "TIME",
		    "mint: valid for TIME; 0: for ever (1h)", &a.ttl, 0,
		    TTL_MAX, NULL },
		{ OPT_SECONDS, 0, "nbf", "TIME",
		    "mint: valid only in TIME from now", &a.nbf, 0, TTL_MAX,
		    NULL },
		{ OPT_TEXT, 0, "aud", "NAME",
		    "mint: for whom it is; inspect: who we are", &a.aud, 0, 0,
		    NULL },
		{ OPT_FILES, 0, "room", "ROOM",
		    "mint: for this room only (repeatable)", &a.rooms, 0, 0,
		    NULL },
		{ OPT_TEXT, 0, "kid", "ID", "mint: the key's name", &a.kid, 0,
		    0, NULL },
		{ OPT_CHOICE, 0, "alg", "ALG",
		    "keygen: what kind of key (hs256)", &a.alg, 0, 0,
		    "hs256 rs256 es256 eddsa" },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-token",
		.summary = "make and inspect tokens, and keys for them",
		.operands = "mint|inspect|keygen [FILE]",
		.opts = opts };
	int i = opt_parse(&prog, argc, argv), n = argc - i;

	a.prog = &prog;
	if (n == 1 && strcmp(argv[i], "mint") == 0)
		return mint(&a);
	if (n == 1 && strcmp(argv[i], "inspect") == 0)
		return inspect(&a);
	if ((n == 1 || n == 2) && strcmp(argv[i], "keygen") == 0)
		return keygen(&a, n == 2 ? argv[i + 1] : NULL);
	opt_misuse(&prog, "%s: must be mint, inspect or keygen [FILE]",
	    n ? argv[i] : "operand");
}
