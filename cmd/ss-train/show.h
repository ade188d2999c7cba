/*
 * What ss-train shows and writes: figures as text or JSON lines (report), as
 * a drawing (svg), the progress of training (progress), files (save).
 */
#ifndef SS_TRAIN_SHOW_H
#define SS_TRAIN_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "curve.h"

/* What has been measured. */
struct subject {
	uint64_t model;
	const char *file; /* any bytes */
	size_t rows;
};

/* One line of figures: a head of the model on a group of rows. */
struct finding {
	const char *kind; /* all, domain, lang, source */
	const char *name; /* any bytes; NULL: all */
	const char *head;
	const struct curve_figures *f;
	bool both; /* rows of both classes: the figures mean something */
};

/* report.c: on stdout, as text for people or one JSON object a line */
void report_subject(bool json, const struct subject *);
void report_finding(bool json, const struct finding *);
void report_bins(
    bool json, const char *head, size_t rows, const struct curve_bins *);
/* Of n harmless rows so many get at least this score. */
void report_flagged(bool json, double at, size_t n, size_t flagged);

/*
 * svg.c: a drawing in out: the ROC curves and the reliability of up to six
 * heads. Begin, each head, end; 0, or -1 as buf_add. The points are sorted
 * by curve_measure; NULL figures: not rows of both classes.
 */
int svg_begin(struct buf *out, const struct subject *);
int svg_head(struct buf *out, int i, const char *head,
    const struct curve_point *, size_t n, const struct curve_figures *,
    const struct curve_bins *);
int svg_end(struct buf *out);

/* progress.c: of training, on stderr */
enum progress_how {
	PROGRESS_NONE,
	PROGRESS_LINES, /* one an epoch */
	PROGRESS_BAR    /* one line of a terminal, drawn again and again */
};

struct progress {
	enum progress_how how;
	int64_t epochs, epoch; /* epoch: the current one, from 0 */
	size_t rows;           /* an epoch */
	int64_t start, drawn;  /* clock_mono_ms */
	double loss;           /* of the epoch so far, natural logarithms */
	uint64_t labels;       /* that it is the sum of */
};

/* What suits stderr. */
enum progress_how progress_choose(void);
void progress_start(
    struct progress *, enum progress_how, int64_t epochs, size_t rows);
/* A label was y, and the model had given that the probability 1 - error. */
void progress_error(struct progress *, float error);
/* So many rows of the epoch are done. */
void progress_row(struct progress *, size_t done);
/* The epoch is done; after the last one the line is ended. */
void progress_epoch(struct progress *);

/*
 * save.c: n bytes as the file at path. A regular file is replaced at once and
 * never half written; anything else (a pipe, a device) is written into. 0, or
 * -1 after a message.
 */
int save(const char *path, const void *p, size_t n);

#endif
