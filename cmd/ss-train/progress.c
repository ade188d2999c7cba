/*
 * progress: see show.h. The bar is one line, drawn at most ten times a second
 * and never wider than the terminal, since a wrapped line can't be drawn over.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "msg.h"
#include "show.h"

#include "banned.h"

#define DRAW_MS 100
#define LOOK_ROWS 256 /* how often the clock is looked at */
#define COLUMNS 80    /* where the terminal doesn't say */
#define COLUMNS_MAX 512
#define BAR 30
#define LEAST_RIGHT 1e-7 /* so that no logarithm is infinite */

enum progress_how
progress_choose(void)
{
	if (msg_is_quiet())
		return PROGRESS_NONE;
	return isatty(STDERR_FILENO) == 1 ? PROGRESS_BAR : PROGRESS_LINES;
}

void
progress_start(
    struct progress *p, enum progress_how how, int64_t epochs, size_t rows)
{
	*p = (struct progress){ .how = how, .epochs = epochs, .rows = rows };
	p->start = p->drawn = clock_mono_ms();
}

void
progress_error(struct progress *p, float error)
{
	double right = 1 - (double)error;

	if (p->how == PROGRESS_NONE)
		return;
	p->loss -= log(right > LEAST_RIGHT ? right : LEAST_RIGHT);
	p->labels++;
}

static double
loss_of(const struct progress *p)
{
	return p->labels > 0 ? p->loss / (double)p->labels : 0;
}

/* Rows a second since the start. */
static double
rate_of(const struct progress *p, double rows, int64_t now)
{
	int64_t ms = now - p->start;

	return 1000 * rows / (double)(ms > 0 ? ms : 1);
}

static int
columns(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0)
		return COLUMNS;
	return ws.ws_col < COLUMNS_MAX ? ws.ws_col : COLUMNS_MAX;
}

/*
 * The line: [bar] and text, blanks up to the last column but one; what is too
 * much for a narrow terminal is cut.
 */
static void
draw_line(const char *head, double share, const char *text)
{
	char line[COLUMNS_MAX + 2];
	int width = columns() - 1, at = 0, bar, k;

	bar = width - (int)(strlen(head) + strlen(text)) - 3;
	bar = bar > BAR ? BAR : bar;
	line[at++] = '\r';
	at += snprintf(line + 1, (size_t)width + 1, "%s", head);
	if (bar >= 4) {
		line[at++] = '[';
		for (k = 0; k < bar; k++)
			line[at++] = k < (int)(share * bar) ? '#' : '.';
		line[at++] = ']';
		line[at++] = ' ';
	}
	at = at > width ? width + 1 : at;
	at += snprintf(line + at, (size_t)(width + 2 - at), "%s", text);
	at = at > width ? width + 1 : at;
	while (at < width + 1)
		line[at++] = ' ';
	fwrite(line, 1, (size_t)at, stderr);
	fflush(stderr);
}

static void
draw(struct progress *p, size_t done, int64_t now)
{
	double rows = (double)p->epoch * (double)p->rows + (double)done;
	double all = (double)p->epochs * (double)p->rows, rate, left;
	char head[64], text[160];

	rate = rate_of(p, rows, now);
	left = rate > 0 ? ceil((all - rows) / rate) : 0;
	left = left < 359999 ? left : 359999;
	(void)snprintf(head, sizeof(head), "epoch %d/%d ", (int)p->epoch + 1,
	    (int)p->epochs);
	(void)snprintf(text, sizeof(text),
	    "%3d %%, %zu rows, %.0f rows/s, loss %.4f, ETA %d:%02d",
	    all > 0 ? (int)(100 * rows / all) : 100, done, rate, loss_of(p),
	    (int)left / 60, (int)left % 60);
	draw_line(head, all > 0 ? rows / all : 1, text);
	p->drawn = now;
}

void
progress_row(struct progress *p, size_t done)
{
	int64_t now;

	if (p->how != PROGRESS_BAR || done % LOOK_ROWS != 0)
		return;
	now = clock_mono_ms();
	if (now - p->drawn >= DRAW_MS)
		draw(p, done, now);
}

void
progress_epoch(struct progress *p)
{
	int64_t now = clock_mono_ms();
	double rows = (double)(p->epoch + 1) * (double)p->rows;

	if (p->how == PROGRESS_BAR) {
		draw(p, p->rows, now);
		if (p->epoch + 1 == p->epochs)
			fputc('\n', stderr);
	} else if (p->how == PROGRESS_LINES) {
		msg_warn("epoch %d/%d: %zu rows, %.0f rows/s, loss %.4f",
		    (int)p->epoch + 1, (int)p->epochs, p->rows,
		    rate_of(p, rows, now), loss_of(p));
	}
	p->epoch++;
	p->loss = 0;
	p->labels = 0;
}
