/*
 * svg: see show.h. Two panels and a table, that is a legend: left the ROC
 * curves, right the share of rows by score. No script, nothing from outside;
 * colours are attributes, for viewers that know no style sheets, and a style
 * sheet turns them round where the viewer prefers the dark.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "show.h"
#include "utf8.h"

#include "banned.h"

#define WIDTH 1110
#define HEIGHT 470
#define SIDE 340.0 /* of a panel */
#define TOP 70.0
#define ROC_LEFT 62.0
#define BINS_LEFT 488.0
#define TABLE_LEFT 858
#define TABLE_ROW 26
#define STEP 0.4 /* units: two points of a curve are so far apart */
#define FILE_BYTES 60
#define FEW 30 /* rows: a share of so few is no figure */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Okabe and Ito's, which most colour-blind people can tell apart. */
static const struct {
	const char *light, *dark, *dashes;
} colour[] = {
	{ "#0072b2", "#58b0e8", "none" },
	{ "#d55e00", "#ff8a3d", "none" },
	{ "#009e73", "#2fd0a0", "none" },
	{ "#a8457f", "#e695c2", "6 2" },
	{ "#b07d00", "#f0c040", "6 2" },
	{ "#5b5b5b", "#b8b8b8", "6 2" },
};

static const char *const dot[COUNT(colour)] = { "d0", "d1", "d2", "d3", "d4",
	"d5" };

/* Text that may be anything: what XML can't hold is shown as ?. */
static int
put_text(struct buf *b, const char *s, size_t max)
{
	size_t n = strlen(s), i, k;
	uint32_t cp;
	int err = 0;

	for (i = 0; i < n; i += k) {
		if (i >= max)
			return err | buf_adds(b, "…");
		k = utf8_decode(s + i, n - i, &cp);
		if (cp == '&')
			err |= buf_adds(b, "&amp;");
		else if (cp == '<')
			err |= buf_adds(b, "&lt;");
		else if (cp == '>')
			err |= buf_adds(b, "&gt;");
		else if (cp < ' ' || (cp >= 0x7f && cp < 0xa0) ||
			 cp == 0xfffd || cp == 0xfffe || cp == 0xffff)
			err |= buf_addc(b, '?');
		else
			err |= buf_add(b, s + i, k);
	}
	return err;
}

static int
put_style(struct buf *b)
{
	size_t i;
	int err;

	err = buf_adds(b,
	    "<style>text{font-family:system-ui,'DejaVu Sans',sans-serif;"
	    "font-size:13px}.big{font-size:16px;font-weight:600}"
	    ".small{font-size:12px}"
	    "@media(prefers-color-scheme:dark){.paper{fill:#15181c}"
	    ".ink{fill:#e6e6e6}.faint{fill:#a0a6ad}.frame{stroke:#8a9199}"
	    ".grid{stroke:#2c3138}.chance{stroke:#8a9199}");
	for (i = 0; i < COUNT(colour); i++)
		err |= buf_addf(b, ".c%zu{stroke:%s}.d%zu{fill:%s}", i,
		    colour[i].dark, i, colour[i].dark);
	return err | buf_adds(b, "}</style>\n");
}

/* Of one axis the tick at share i / 10, its line and its label. */
static int
put_tick(struct buf *b, double left, int i, bool percent)
{
	double x = left + SIDE * i / 10, y = TOP + SIDE * (10 - i) / 10;
	char label[16];
	int err = 0;

	if (percent)
		(void)snprintf(label, sizeof(label), "%d %%", 10 * i);
	else
		(void)snprintf(label, sizeof(label), "%.1f", i / 10.0);
	if (i > 0 && i < 10)
		err |= buf_addf(b,
		    "<path class=\"grid\" stroke=\"#e3e6ea\" d=\"M%.1f "
		    "%.1fV%.1fM%.1f %.1fH%.1f\"/>\n",
		    x, TOP, TOP + SIDE, left, y, left + SIDE);
	err |= buf_addf(b,
	    "<path class=\"frame\" stroke=\"#555b62\" d=\"M%.1f %.1fv5M%.1f "
	    "%.1fh-5\"/>\n",
	    x, TOP + SIDE, left, y);
	if (i % 2 != 0)
		return err;
	err |= buf_addf(b,
	    "<text class=\"small ink\" fill=\"#222\" text-anchor=\"middle\" "
	    "x=\"%.1f\" y=\"%.1f\">%s</text>\n",
	    x, TOP + SIDE + 19, label);
	return err | buf_addf(b,
			 "<text class=\"small ink\" fill=\"#222\" "
			 "text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%d %%"
			 "</text>\n",
			 left - 9, y + 4, 10 * i);
}

/* A panel's frame, ticks and names. */
static int
put_panel(struct buf *b, double left, const char *title, const char *x,
    const char *y, bool percent)
{
	double middle = left + SIDE / 2;
	int i, err = 0;

	for (i = 0; i <= 10; i++)
		err |= put_tick(b, left, i, percent);
	err |= buf_addf(b,
	    "<rect class=\"frame\" fill=\"none\" stroke=\"#555b62\" "
	    "x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
	    left, TOP, SIDE, SIDE);
	err |= buf_addf(b,
	    "<path class=\"chance\" stroke=\"#8a9199\" stroke-dasharray=\"2 4\""
	    " d=\"M%.1f %.1fL%.1f %.1f\"/>\n",
	    left, TOP + SIDE, left + SIDE, TOP);
	err |= buf_addf(b,
	    "<text class=\"ink\" fill=\"#222\" font-weight=\"600\" x=\"%.1f\" "
	    "y=\"%.1f\">%s</text>\n",
	    left, TOP - 10, title);
	err |= buf_addf(b,
	    "<text class=\"ink\" fill=\"#222\" text-anchor=\"middle\" "
	    "x=\"%.1f\" y=\"%.1f\">%s</text>\n",
	    middle, TOP + SIDE + 42, x);
	return err | buf_addf(b,
			 "<text class=\"ink\" fill=\"#222\" "
			 "text-anchor=\"middle\" transform=\"translate(%.1f "
			 "%.1f) rotate(-90)\">%s</text>\n",
			 left - 48, TOP + SIDE / 2, y);
}

static int
put_cell(struct buf *b, int x, int y, const char *anchor, const char *text)
{
	return buf_addf(b,
	    "<text class=\"ink\" fill=\"#222\" text-anchor=\"%s\" x=\"%d\" "
	    "y=\"%d\">%s</text>\n",
	    anchor, TABLE_LEFT + x, y, text);
}

int
svg_begin(struct buf *b, const struct subject *s)
{
	int err, y = (int)TOP + 14;

	err = buf_addf(b,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
	    "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
	    "font-family=\"sans-serif\" font-size=\"13\" fill=\"none\">\n"
	    "<title>ROC and calibration of model %016" PRIx64 " on ",
	    WIDTH, HEIGHT, WIDTH, HEIGHT, s->model);
	err |= put_text(b, s->file, FILE_BYTES);
	err |= buf_adds(b, "</title>\n");
	err |= put_style(b);
	err |= buf_adds(b, "<rect class=\"paper\" fill=\"#fff\" width=\"100%\" "
			   "height=\"100%\"/>\n"
			   "<text class=\"big ink\" fill=\"#222\" "
			   "font-size=\"16\" font-weight=\"600\" x=\"14\" "
			   "y=\"30\">");
	err |= put_text(b, s->file, FILE_BYTES);
	err |= buf_addf(b,
	    "<tspan class=\"faint\" fill=\"#60666d\" font-size=\"13\" "
	    "font-weight=\"400\" dx=\"14\">%zu rows, model %016" PRIx64
	    "</tspan></text>\n",
	    s->rows, s->model);
	err |= put_panel(b, ROC_LEFT, "ROC", "share of the harmless flagged",
	    "share of the toxic flagged", true);
	err |= put_panel(b, BINS_LEFT, "Calibration", "mean score of ten bins",
	    "share labelled toxic", false);
	err |= put_cell(b, 26, y, "start", "head");
	err |= put_cell(b, 186, y, "end", "AUC");
	return err | put_cell(b, 234, y, "end", "ECE");
}

static int
put_curve(struct buf *b, int i, const struct curve_point *p, size_t n,
    const struct curve_figures *f)
{
	double x, y, lastx = ROC_LEFT, lasty = TOP + SIDE;
	size_t tp = 0, fp = 0, at;
	int err;

	err = buf_addf(b,
	    "<path class=\"c%d\" stroke=\"%s\" stroke-width=\"1.8\" "
	    "stroke-dasharray=\"%s\" stroke-linejoin=\"round\" d=\"M%.1f %.1f",
	    i, colour[i].light, colour[i].dashes, lastx, lasty);
	for (at = 0; at < n;) {
		at = curve_step(p, n, at, &tp, &fp);
		x = ROC_LEFT + SIDE * (double)fp / (double)(n - f->pos);
		y = TOP + SIDE - SIDE * (double)tp / (double)f->pos;
		if (at < n && fabs(x - lastx) + fabs(y - lasty) < STEP)
			continue;
		err |= buf_addf(b, "L%.1f %.1f", x, y);
		lastx = x;
		lasty = y;
	}
	return err | buf_adds(b, "\"/>\n");
}

static int
put_bins(struct buf *b, int i, const struct curve_bins *bins)
{
	double x[CURVE_BINS], y[CURVE_BINS];
	bool few[CURVE_BINS];
	size_t k, n = 0;
	int err;

	for (k = 0; k < CURVE_BINS; k++) {
		if (bins->n[k] == 0)
			continue;
		few[n] = bins->n[k] < FEW;
		x[n] = BINS_LEFT + SIDE * bins->sum[k] / (double)bins->n[k];
		y[n++] = TOP + SIDE -
			 SIDE * (double)bins->pos[k] / (double)bins->n[k];
	}
	err = buf_addf(b,
	    "<path class=\"c%d\" stroke=\"%s\" stroke-width=\"1.8\" "
	    "stroke-dasharray=\"%s\" stroke-linejoin=\"round\" d=\"",
	    i, colour[i].light, colour[i].dashes);
	for (k = 0; k < n; k++)
		err |= buf_addf(
		    b, "%c%.1f %.1f", k == 0 ? 'M' : 'L', x[k], y[k]);
	err |= buf_adds(b, "\"/>\n");
	for (k = 0; k < n; k++)
		err |= buf_addf(b,
		    "<circle class=\"%s c%d\" fill=\"%s\" stroke=\"%s\" "
		    "stroke-width=\"1.4\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
		    few[k] ? "paper" : dot[i], i,
		    few[k] ? "#fff" : colour[i].light, colour[i].light, x[k],
		    y[k]);
	return err;
}

/* The head's row in the table: its line, name and figures. */
static int
put_row(struct buf *b, int i, const char *head, const struct curve_figures *f,
    const struct curve_bins *bins)
{
	int err, y = (int)TOP + 14 + (i + 1) * TABLE_ROW;
	char figure[32];

	err = buf_addf(b,
	    "<path class=\"c%d\" stroke=\"%s\" stroke-width=\"2.5\" "
	    "stroke-dasharray=\"%s\" d=\"M%d %dh20\"/>\n",
	    i, colour[i].light, colour[i].dashes, TABLE_LEFT, y - 4);
	err |= put_cell(b, 26, y, "start", head);
	if (f == NULL)
		return err | put_cell(b, 234, y, "end", "not in the data");
	(void)snprintf(figure, sizeof(figure), "%.4f", f->auc);
	err |= put_cell(b, 186, y, "end", figure);
	(void)snprintf(figure, sizeof(figure), "%.3f", bins->ece);
	return err | put_cell(b, 234, y, "end", figure);
}

int
svg_head(struct buf *b, int i, const char *head, const struct curve_point *p,
    size_t n, const struct curve_figures *f, const struct curve_bins *bins)
{
	int err = put_row(b, i, head, f, bins);

	if (f == NULL)
		return err;
	return err | put_curve(b, i, p, n, f) | put_bins(b, i, bins);
}

int
svg_end(struct buf *b)
{
	int err, y = (int)TOP + 14 + (int)(COUNT(colour) + 1) * TABLE_ROW;

	err = buf_addf(b,
	    "<circle class=\"paper frame\" fill=\"#fff\" stroke=\"#555b62\" "
	    "stroke-width=\"1.4\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n",
	    TABLE_LEFT + 10, y - 4);
	err |= buf_addf(b,
	    "<text class=\"small faint\" fill=\"#60666d\" font-size=\"12\" "
	    "x=\"%d\" y=\"%d\">fewer than %d rows</text>\n",
	    TABLE_LEFT + 26, y, FEW);
	return err | buf_adds(b, "</svg>\n");
}
