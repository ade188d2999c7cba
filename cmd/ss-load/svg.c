/*
 * svg.c: the two pictures of plot.c as a drawing: the distribution of the
 * latencies over a logarithmic axis, and rate and worst latency over time.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app.h"

#include "banned.h"

#define LEFT 80.0
#define WIDE 680.0
#define TALL 200.0
#define TOP1 80.0  /* of the distribution */
#define TOP2 380.0 /* of the rate */
#define BARS 60

static void
label(FILE *f, double x, double y, const char *anchor, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
	    x, y, anchor, text);
}

static void
line(FILE *f, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(f, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class,
	    x1, y1, x2, y2);
}

/* The axis' end: 1, 2 or 5 times a power of ten, not below x. */
static double
round_up(double x)
{
	const double ten = pow(10, floor(log10(x)));

	return x <= ten       ? ten
	       : x <= 2 * ten ? 2 * ten
	       : x <= 5 * ten ? 5 * ten
			      : 10 * ten;
}

static void
y_axis(FILE *f, double top, double most, const char *unit)
{
	char text[64];
	int i;

	for (i = 0; i <= 4; i++) {
		const double y = top + TALL - TALL * i / 4;

		line(f, LEFT, y, LEFT + WIDE, y, i ? "grid" : "axis");
		snprintf(text, sizeof text, "%.10g%s", most * i / 4, unit);
		label(f, LEFT - 8, y + 4, "end", text);
	}
}

/* Whole powers of ten around the values, in log10 of ns. */
static void
range(const struct hist *h, double *low, double *high)
{
	*low = floor(log10(h->min > 0 ? (double)h->min : 1));
	*high = ceil(log10((double)h->max + 1));
	if (*high <= *low)
		*high = *low + 1;
}

static void
mark(const struct app *a, FILE *f, double q, const char *name, double low,
    double high, int level)
{
	const int64_t v = hist_percentile(&a->latency, q);
	const double x = LEFT + WIDE * (log10(v > 0 ? (double)v : 1) - low) /
				    (high - low);
	char text[64];

	snprintf(text, sizeof text, "%s %s", name, report_time(a, v));
	line(f, x, TOP1 - 8.0 + 14 * level, x, TOP1 + TALL, "mark");
	label(f, x > LEFT + WIDE - 90 ? x - 4 : x + 4, TOP1 + 2 + 14 * level,
	    x > LEFT + WIDE - 90 ? "end" : "start", text);
}

static void
latency(const struct app *a, FILE *f)
{
	const struct hist *h = &a->latency;
	double low, high, most = 0, share[BARS], e;
	uint64_t before = 0, until;
	int i;

	range(h, &low, &high);
	for (i = 0; i < BARS; i++) {
		e = pow(10, low + (high - low) * (i + 1) / BARS);
		until = i == BARS - 1 ? h->n : hist_upto(h, (int64_t)e);
		share[i] = 100 * (double)(until - before) / (double)h->n;
		before = until;
		most = share[i] > most ? share[i] : most;
	}
	most = round_up(most);
	label(f, LEFT, TOP1 - 22, "start",
	    "Latency, from the intended send to each receipt");
	y_axis(f, TOP1, most, " %");
	for (i = 0; i < BARS; i++)
		fprintf(f,
		    "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		    "height=\"%.1f\"/>\n",
		    LEFT + WIDE * i / BARS,
		    TOP1 + TALL - TALL * share[i] / most, WIDE / BARS - 1,
		    TALL * share[i] / most);
	for (i = (int)low; i <= (int)high; i++)
		label(f, LEFT + WIDE * (i - low) / (high - low),
		    TOP1 + TALL + 18, "middle",
		    i < 3 ? "&lt; 1 µs" : report_time(a, (int64_t)pow(10, i)));
	mark(a, f, 0.5, "p50", low, high, 0);
	mark(a, f, 0.99, "p99", low, high, 1);
	mark(a, f, 0.999, "p99.9", low, high, 2);
}

static void
rate(const struct app *a, FILE *f)
{
	const double s = (double)a->slice_ns / 1e9;
	const double step = WIDE / (double)a->nslices;
	double most = 0, x, y;
	char text[64];
	size_t i;
	int k;

	for (i = 0; i < a->nslices; i++)
		if ((double)a->slice[i].deliveries / s > most)
			most = (double)a->slice[i].deliveries / s;
	if (most <= 0)
		return;
	most = round_up(most);
	label(f, LEFT, TOP2 - 22, "start", "Deliveries a second, over time");
	y_axis(f, TOP2, most, "");
	fprintf(f, "<path class=\"area\" d=\"M%.1f %.1f", LEFT, TOP2 + TALL);
	for (i = 0; i < a->nslices; i++) {
		x = LEFT + step * (double)i;
		y = TOP2 + TALL -
		    TALL * (double)a->slice[i].deliveries / s / most;
		fprintf(f, "L%.1f %.1fH%.1f", x, y, x + step);
	}
	fprintf(f, "V%.1fZ\"/>\n", TOP2 + TALL);
	for (k = 0; k <= 5; k++) {
		snprintf(text, sizeof text, "%.3g s",
		    s * (double)a->nslices * k / 5);
		label(f, LEFT + WIDE * k / 5, TOP2 + TALL + 18, "middle", text);
	}
}

static void
draw(const struct app *a, FILE *f)
{
	char text[200];

	fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 "
	      "620\" width=\"800\" height=\"620\">\n<style>"
	      "text{font:12px sans-serif;fill:#333}"
	      ".bar,.area{fill:#4a7db5}.axis{stroke:#333}"
	      ".grid{stroke:#ddd}.mark{stroke:#c0392b;stroke-dasharray:3 2}"
	      "</style>\n<rect width=\"800\" height=\"620\" fill=\"#fff\"/>\n",
	    f);
	snprintf(text, sizeof text,
	    "ss-load: %" PRIu32 " viewers, %.0f deliveries a second, %" PRIu64
	    " errors",
	    (uint32_t)a->nviewers - a->failed,
	    report_seconds(a) > 0
		? (double)(a->to.deliveries - a->from.deliveries) /
		      report_seconds(a)
		: 0.0,
	    report_mistakes(a));
	label(f, LEFT, 28, "start", text);
	if (a->latency.n > 0)
		latency(a, f);
	rate(a, f);
	fputs("</svg>\n", f);
}

int
svg_write(const struct app *a, const char *path)
{
	struct app b = *a;
	FILE *f = fopen(path, "we");
	bool ok;

	if (!f)
		return -1;
	b.utf8 = true; /* the file's encoding, whatever the terminal's is */
	draw(&b, f);
	ok = !ferror(f);
	return fclose(f) == 0 && ok ? 0 : -1;
}
