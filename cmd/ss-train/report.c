/*
 * report: see show.h. Names of sources and languages come from the data: in
 * text what isn't printable is shown as ?, in JSON it is written as a string.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "utf8.h"

#include "banned.h"

#define NAME_BYTES 256
#define FIGURES "%.4f %.4f %.4f %.4f %.4f %.4f %.4f"

/* A string; bytes that are no UTF-8 are left out. */
static void
put_string(const char *s)
{
	struct buf clean, out;
	size_t n = strlen(s), i, k;
	uint32_t cp;

	buf_init(&clean, 2 * NAME_BYTES);
	buf_init(&out, 16 * NAME_BYTES);
	for (i = 0; i < n && i < NAME_BYTES; i += k) {
		k = utf8_decode(s + i, n - i, &cp);
		if (utf8_valid(s + i, k))
			(void)buf_add(&clean, s + i, k);
	}
	if (json_write_str(&out, clean.p, clean.len) == 0)
		fputs(out.p, stdout);
	else
		fputs("null", stdout);
	buf_release(&clean);
	buf_release(&out);
}

/* The name for a column; out has room for n. */
static const char *
plain(const char *name, char *out, size_t n)
{
	size_t i;
	unsigned char c;

	if (name == NULL || *name == '\0')
		return "-";
	for (i = 0; i < n - 1 && name[i] != '\0'; i++) {
		c = (unsigned char)name[i];
		out[i] = (char)(c <= ' ' || c == 0x7f ? '?' : c);
	}
	out[i] = '\0';
	return utf8_valid(out, i) ? out : "?";
}

void
report_subject(bool json, const struct subject *s)
{
	if (json) {
		printf("{\"type\":\"subject\",\"model\":\"%016" PRIx64
		       "\",\"file\":",
		    s->model);
		put_string(s->file);
		printf(",\"rows\":%zu}\n", s->rows);
		return;
	}
	printf("model %016" PRIx64 ", %zu rows\n\n", s->model, s->rows);
	printf("%-6s %-16s %-15s %7s %6s %-6s %-6s %-6s %-6s %-6s %-6s %-6s\n",
	    "group", "name", "head", "rows", "toxic", "auc", "ap", "f1", "r@1%",
	    "r@2%", "r@5%", "f1@");
}

static void
put_finding(const struct finding *x)
{
	const struct curve_figures *f = x->f;

	printf("{\"type\":\"figures\",\"group\":\"%s\",\"name\":", x->kind);
	if (x->name != NULL)
		put_string(x->name);
	else
		fputs("null", stdout);
	printf(",\"head\":\"%s\",\"rows\":%zu,\"toxic\":%zu", x->head, f->n,
	    f->pos);
	if (x->both)
		printf(",\"auc\":%.6f,\"ap\":%.6f,\"f1\":%.6f,\"f1_at\":%.6f,"
		       "\"recall\":{\"1\":%.6f,\"2\":%.6f,\"5\":%.6f}",
		    f->auc, f->ap, f->f1, f->f1_at, f->recall[0], f->recall[1],
		    f->recall[2]);
	fputs("}\n", stdout);
}

void
report_finding(bool json, const struct finding *x)
{
	const struct curve_figures *f = x->f;
	char name[NAME_BYTES];

	if (json) {
		put_finding(x);
		return;
	}
	if (!x->both)
		return;
	printf("%-6s %-16s %-15s %7zu %6zu " FIGURES "\n", x->kind,
	    plain(x->name, name, sizeof(name)), x->head, f->n, f->pos, f->auc,
	    f->ap, f->f1, f->recall[0], f->recall[1], f->recall[2], f->f1_at);
}

static void
put_bins(const char *head, size_t rows, const struct curve_bins *b)
{
	const char *sep = "";
	size_t i;

	printf("{\"type\":\"reliability\",\"head\":\"%s\",\"rows\":%zu,"
	       "\"ece\":%.6f,\"bins\":[",
	    head, rows, b->ece);
	for (i = 0; i < CURVE_BINS; i++) {
		if (b->n[i] == 0)
			continue;
		printf("%s{\"from\":%.1f,\"to\":%.1f,\"rows\":%zu,"
		       "\"score\":%.6f,\"toxic\":%.6f}",
		    sep, (double)i / CURVE_BINS, (double)(i + 1) / CURVE_BINS,
		    b->n[i], b->sum[i] / (double)b->n[i],
		    (double)b->pos[i] / (double)b->n[i]);
		sep = ",";
	}
	fputs("]}\n", stdout);
}

void
report_bins(
    bool json, const char *head, size_t rows, const struct curve_bins *b)
{
	size_t i;

	if (json) {
		put_bins(head, rows, b);
		return;
	}
	printf("\nscore of %s: rows, mean score, share labelled so\n", head);
	for (i = 0; i < CURVE_BINS; i++)
		if (b->n[i] > 0)
			printf("%.1f-%.1f %7zu %.4f %.4f\n",
			    (double)i / CURVE_BINS,
			    (double)(i + 1) / CURVE_BINS, b->n[i],
			    b->sum[i] / (double)b->n[i],
			    (double)b->pos[i] / (double)b->n[i]);
	printf("expected calibration error %.4f\n", b->ece);
}

void
report_flagged(bool json, double at, size_t n, size_t flagged)
{
	if (json)
		printf("{\"type\":\"flagged\",\"at\":%.1f,\"rows\":%zu,"
		       "\"flagged\":%zu}\n",
		    at, n, flagged);
	else
		printf("at %.1f: %zu of %zu, %.2f %%\n", at, flagged, n,
		    100.0 * (double)flagged / (double)n);
}
