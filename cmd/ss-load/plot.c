/*
 * plot.c: two pictures made of characters, 80 columns wide at most: how the
 * latencies are distributed, in steps of 1, 2, 5, and the rate over time. In
 * blocks where the locale has UTF-8, else in plain ASCII.
 */
#include <inttypes.h>
#include <string.h>

#include "app.h"

#include "banned.h"

#define BAR 48   /* columns of a full bar */
#define HEIGHT 6 /* lines of the rate's picture */
#define WIDTH 60 /* columns of it */

/* A bar of share (0 to 1) of BAR columns, in eighths where that is possible. */
static void
bar(const struct app *a, FILE *f, double share)
{
	static const char *const part[] = { "", "\u258f", "\u258e", "\u258d",
		"\u258c", "\u258b", "\u258a", "\u2589" };
	int eighths = (int)(share * BAR * 8 + 0.5);

	if (share > 0 && eighths == 0)
		eighths = 1;
	if (!a->utf8)
		eighths = (eighths + 7) / 8 * 8;
	for (; eighths >= 8; eighths -= 8)
		fputs(a->utf8 ? "\u2588" : "#", f);
	if (eighths > 0)
		fputs(part[eighths], f);
}

/* The next of 1, 2, 5, 10 ... microseconds, in ns. */
static int64_t
step(int64_t ns)
{
	int64_t ten = 1000;

	while (ten * 10 <= ns)
		ten *= 10;
	if (ns < ten)
		return ten;
	return ns < 2 * ten ? 2 * ten : ns < 5 * ten ? 5 * ten : 10 * ten;
}

void
plot_latency(const struct app *a, FILE *f)
{
	const struct hist *h = &a->latency;
	uint64_t n, before = 0, most = 0;
	int64_t edge;

	if (h->n == 0)
		return;
	for (edge = step(0); before < h->n; edge = step(edge)) {
		n = hist_upto(h, edge) - before;
		before += n;
		most = n > most ? n : most;
	}
	fprintf(f, "\nlatency, share of deliveries\n");
	before = 0;
	for (edge = step(0); before < h->n; edge = step(edge)) {
		n = hist_upto(h, edge) - before;
		if (n > 0 || before > 0) {
			fprintf(f, "%s%*s %5.1f %% ",
			    "<= ", (int)(9 + (a->utf8 && edge < MS)),
			    report_time(a, edge),
			    100 * (double)n / (double)h->n);
			bar(a, f, (double)n / (double)most);
			fputc('\n', f);
		}
		before += n;
	}
}

/* The mean rate in column c of w. */
static double
rate_at(const struct app *a, size_t c, size_t w)
{
	const size_t from = c * a->nslices / w, to = (c + 1) * a->nslices / w;
	uint64_t n = 0;
	size_t i;

	for (i = from; i < to; i++)
		n += a->slice[i].deliveries;
	return to > from ? (double)n /
			       ((double)(to - from) * (double)a->slice_ns / 1e9)
			 : 0;
}

void
plot_rate(const struct app *a, FILE *f)
{
	static const char *const block[] = { " ", "\u2581", "\u2582", "\u2583",
		"\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	const size_t w = a->nslices < WIDTH ? a->nslices : WIDTH;
	double most = 0, x;
	int row, level;
	size_t c;

	for (c = 0; c < w; c++)
		most = rate_at(a, c, w) > most ? rate_at(a, c, w) : most;
	if (most <= 0)
		return;
	fprintf(f, "\ndeliveries a second, over %.1f s\n", report_seconds(a));
	for (row = HEIGHT - 1; row >= 0; row--) {
		if (row == HEIGHT - 1)
			fprintf(f, "%10.0f |", most);
		else
			fprintf(f, "%10s |", row ? "" : "0");
		for (c = 0; c < w; c++) {
			x = rate_at(a, c, w) / most * HEIGHT - row;
			level = x >= 1 ? 8 : x <= 0 ? 0 : (int)(x * 8 + 0.5);
			fputs(a->utf8      ? block[level]
			      : level >= 4 ? "#"
					   : " ",
			    f);
		}
		fputc('\n', f);
	}
}
