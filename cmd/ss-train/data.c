/*
 * data: labelled rows from files. What is calibrated by, harmless lines of
 * chat, is in part held back from training, by a hash of the text, so that the
 * same text is on the same side whatever file it comes from.
 */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "json.h"
#include "msg.h"
#include "utf8.h"

#include "banned.h"

#define TEXT_MAX ((size_t)1 << 31) /* bytes of all texts */
#define LINE_BYTES (1 << 20)
#define HELD_ONE_IN 10
#define COLUMNS 6

void
data_init(struct data *d)
{
	memset(d, 0, sizeof(*d));
	buf_init(&d->text, TEXT_MAX);
}

void
data_release(struct data *d)
{
	buf_release(&d->text);
	free(d->row);
	memset(d, 0, sizeof(*d));
}

const char *
data_text(const struct data *d, const struct row *r)
{
	return d->text.p + r->text;
}

/* The number of a name, made where it is new; -1: too many or too long. */
static int
name_id(struct names *nm, const char *s, size_t len, size_t max)
{
	size_t i;

	if (len >= sizeof(nm->name[0]))
		return -1;
	for (i = 0; i < nm->n; i++)
		if (strlen(nm->name[i]) == len &&
		    memcmp(nm->name[i], s, len) == 0)
			return (int)i;
	if (nm->n == max)
		return -1;
	memcpy(nm->name[nm->n], s, len);
	return (int)nm->n++;
}

static bool
is_held(const char *s, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return h % HELD_ONE_IN == 0;
}

struct field {
	const char *p;
	size_t len;
};

static void
set_domain(struct row *r, const struct field *f)
{
	static const char made[] = "chat-made";

	r->chat = f->len >= 4 && memcmp(f->p, "chat", 4) == 0;
	r->made = f->len == strlen(made) && memcmp(f->p, made, f->len) == 0;
}

/* NULL, or what is wrong with the row. */
static const char *
add_row(struct data *d, struct row r, const struct field *source,
    const struct field *lang, const char *text, size_t n)
{
	int s = name_id(&d->sources, source->p, source->len, TRAIN_SOURCES);
	int l = name_id(&d->langs, lang->p, lang->len, TRAIN_LANGS);
	size_t want = d->cap > 0 ? 2 * d->cap : 1024;
	struct row *p;

	if (s < 0)
		return "too many sources, or too long a name";
	if (l < 0)
		return "too many languages, or too long a name";
	if (!utf8_valid(text, n))
		return "not UTF-8";
	if (d->n == d->cap) {
		p = realloc(d->row, want * sizeof(*p));
		if (p == NULL)
			return strerror(errno);
		d->row = p;
		d->cap = want;
	}
	r.text = d->text.len;
	r.len = (uint32_t)n;
	r.source = (uint8_t)s;
	r.lang = (uint8_t)l;
	r.held = r.chat && !r.made && r.y[TOXIC_TOXICITY] == 0 &&
		 is_held(text, n);
	if (buf_add(&d->text, text, n) < 0)
		return strerror(errno);
	d->row[d->n++] = r;
	return NULL;
}

/* One character of a label: 0, 1 or -; -2: neither. */
static int8_t
label_of(char c)
{
	if (c == '0' || c == '1')
		return (int8_t)(c - '0');
	return c == '-' ? -1 : -2;
}

/* toxic, six labels, source, domain, language, text */
static const char *
read_tsv(struct data *d, const char *line, size_t n)
{
	struct row r = { 0 };
	struct field f[COLUMNS];
	const char *end = line + n, *p = line, *tab;
	int i;

	for (i = 0; i < COLUMNS - 1; i++) {
		tab = memchr(p, '\t', (size_t)(end - p));
		if (tab == NULL)
			return "not six columns";
		f[i] = (struct field){ p, (size_t)(tab - p) };
		p = tab + 1;
	}
	if (f[0].len != 1 || f[1].len != TOXIC_LABELS)
		return "labels are not 1 and 6 characters";
	for (i = 0; i < TOXIC_LABELS; i++)
		if ((r.y[i] = label_of(f[1].p[i])) < -1)
			return "a label is not 0, 1 or -";
	if (label_of(f[0].p[0]) < -1)
		return "a label is not 0, 1 or -";
	if (r.y[TOXIC_TOXICITY] < 0)
		r.y[TOXIC_TOXICITY] = label_of(f[0].p[0]);
	set_domain(&r, &f[3]);
	return add_row(d, r, &f[2], &f[4], p, (size_t)(end - p));
}

static int8_t
json_label(const struct json_member *m)
{
	double x;

	if (m == NULL || m->kind == JSON_NULL)
		return -1;
	if (m->kind == JSON_TRUE || m->kind == JSON_FALSE)
		return m->kind == JSON_TRUE;
	if (m->kind != JSON_NUMBER || json_num(m, &x) < 0)
		return -2;
	return x >= 0.5;
}

static struct field
json_field(const struct json_doc *doc, const char *key, const char *def)
{
	const struct json_member *m = json_get(doc, key);

	if (m == NULL || m->kind != JSON_STRING)
		return (struct field){ def, strlen(def) };
	return (struct field){ m->val + 1, m->vallen - 2 };
}

/* NULL, or what is wrong with the labels of an event. */
static const char *
read_labels(const struct json_doc *doc, struct row *r)
{
	const struct json_member *m = json_get(doc, "labels");
	struct json_doc inner = { 0 };
	const char *why = NULL;
	int8_t whole = json_label(json_get(doc, "toxic"));
	int i;

	memset(r->y, -1, sizeof(r->y));
	if (m != NULL && json_parse(&inner, m->val, m->vallen) == 0)
		for (i = 0; i < TOXIC_LABELS; i++)
			r->y[i] = json_label(
			    json_get(&inner, toxic_label_name[i]));
	if (whole != -1)
		r->y[TOXIC_TOXICITY] = whole;
	for (i = 0; i < TOXIC_LABELS; i++)
		if (r->y[i] < -1)
			why = "a label is neither number nor boolean";
	json_release(&inner);
	return why;
}

/* message or text; toxic; labels; source, domain, lang */
static const char *
read_json(struct data *d, const char *line, size_t n)
{
	struct json_doc doc = { 0 };
	const struct json_member *m;
	struct field source, lang, domain;
	struct row r = { 0 };
	struct buf text;
	const char *why;

	buf_init(&text, LINE_BYTES);
	if (json_parse(&doc, line, n) < 0) {
		why = doc.err;
		goto out;
	}
	m = json_get(&doc, "message");
	if (m == NULL)
		m = json_get(&doc, "text");
	why = "no message";
	if (m == NULL || m->kind != JSON_STRING)
		goto out;
	why = read_labels(&doc, &r);
	if (why != NULL)
		goto out;
	if (json_unescape(m, &text) < 0 && errno != EILSEQ) {
		why = strerror(errno);
		goto out;
	}
	source = json_field(&doc, "source", "chat");
	domain = json_field(&doc, "domain", "chat");
	lang = json_field(&doc, "lang", "en");
	set_domain(&r, &domain);
	why = add_row(d, r, &source, &lang, text.p, text.len);
out:
	json_release(&doc);
	buf_release(&text);
	return why;
}

static int
read_lines(struct data *d, const char *path, gzFile gz, char *line)
{
	unsigned long no = 0;
	const char *why;
	size_t n;
	int e;

	while (gzgets(gz, line, LINE_BYTES) != NULL) {
		no++;
		n = strlen(line);
		if (n > 0 && line[n - 1] == '\n')
			n--;
		else if (n == LINE_BYTES - 1) {
			msg_err("%s:%lu: line too long", path, no);
			return -1;
		}
		if (n == 0)
			continue;
		why = line[0] == '{' ? read_json(d, line, n)
				     : read_tsv(d, line, n);
		if (why != NULL) {
			msg_err("%s:%lu: %s", path, no, why);
			return -1;
		}
	}
	why = gzerror(gz, &e);
	if (e != Z_OK && e != Z_STREAM_END) {
		msg_err("%s: %s", path, e == Z_ERRNO ? strerror(errno) : why);
		return -1;
	}
	return 0;
}

int
data_read(struct data *d, const char *path)
{
	gzFile gz = gzopen(path, "rb");
	char *line = malloc(LINE_BYTES);
	int r = -1;

	if (gz == NULL || line == NULL)
		msg_err("%s: %s", path, strerror(errno));
	else
		r = read_lines(d, path, gz, line);
	free(line);
	/* what is cut short is told here and not by gzgets */
	if (gz != NULL && gzclose_r(gz) != Z_OK && r == 0) {
		msg_err("%s: cut short", path);
		r = -1;
	}
	return r;
}
