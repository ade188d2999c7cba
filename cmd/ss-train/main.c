/*
 * ss-train: labelled chat in, a model for ss-moderate out; or the figures of
 * a model on labelled chat. The model is written beside its name and renamed,
 * so that a moderator that uses the old one is not disturbed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "opt.h"
#include "train.h"

#include "banned.h"

#define SVG_MAX ((size_t)16 << 20)

struct app {
	const char *output, *model, *eval, *svg;
	bool json, tune;
	int64_t seed;
	struct learn_conf conf;
	struct data data;
	struct toxic *tox;
};

static int
train(struct app *a)
{
	struct weights w = { 0 };
	struct model_header *m = calloc(1, MODEL_SIZE);
	int r = -1;

	if (m == NULL || learn(&w, &a->data, a->tox, &a->conf) < 0) {
		msg_err("%s", strerror(errno));
		goto out;
	}
	pack(&w, m);
	if (calibrate(m, &a->data, a->tox) < 0) {
		msg_err("the model can't be calibrated");
		goto out;
	}
	r = save(a->output, m, MODEL_SIZE);
	msg_info("%s: %zu rows, %zu bytes", a->output, a->data.n, MODEL_SIZE);
out:
	weights_release(&w);
	toxic_free(a->tox);
	a->tox = NULL;
	free(m);
	return r;
}

/* A model by its file, or the one that ships. 0, or -1 after a message. */
static int
open_base(const struct app *a, struct model *m)
{
	const char *why;
	int r;

	if (a->model != NULL)
		r = model_open(m, a->model, &why);
	else
		r = model_view(
		    m, model_default, (size_t)model_default_size, &why);
	if (r < 0)
		msg_err("%s: %s",
		    a->model != NULL ? a->model : "the model that ships", why);
	return r;
}

static int
train_on(struct app *a)
{
	struct model_header *m = calloc(1, MODEL_SIZE);
	struct model base = { 0 };
	int r = -1;

	if (open_base(a, &base) < 0)
		goto out;
	if (m == NULL || tune(m, &base, &a->data, a->tox, &a->conf) < 0) {
		msg_err("%s", strerror(errno));
		goto out;
	}
	r = save(a->output, m, MODEL_SIZE);
	msg_info("%s: %zu rows, %zu bytes", a->output, a->data.n, MODEL_SIZE);
out:
	model_release(&base);
	free(m);
	return r;
}

static int
evaluate(struct app *a)
{
	struct buf svg = { 0 };
	struct eval_conf conf = { .file = a->eval,
		.json = a->json,
		.svg = a->svg != NULL ? &svg : NULL };
	const char *why;
	int r = -1;

	if (a->model != NULL && toxic_load(a->tox, a->model, &why) < 0) {
		msg_err("%s: %s", a->model, why);
		return -1;
	}
	if (data_read(&a->data, a->eval) < 0)
		return -1;
	buf_init(&svg, SVG_MAX);
	if (eval(&a->data, a->tox, &conf) < 0)
		msg_err("%s", strerror(errno));
	else if (a->svg == NULL || save(a->svg, svg.p, svg.len) == 0)
		r = 0;
	buf_release(&svg);
	if (r < 0)
		return -1;
	if (ferror(stdout) || fclose(stdout) != 0) {
		msg_err("stdout: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static void
check_usage(const struct app *a, const struct opt_prog *prog, int i, int argc)
{
	if (a->eval != NULL) {
		if (a->output != NULL || a->tune || i < argc)
			opt_misuse(prog, "--eval trains nothing");
		return;
	}
	if (a->output == NULL)
		opt_misuse(prog, "--output or --eval is needed");
	if (a->svg != NULL || a->json)
		opt_misuse(prog, "--svg and --json go with --eval");
	if (a->model != NULL && !a->tune)
		opt_misuse(prog, "--model goes with --eval or --tune");
	if (i == argc)
		opt_misuse(prog, "nothing to train on");
}

static int
run(struct app *a, char **files)
{
	/* a model can be made where the one that ships is no good */
	a->tox = a->eval != NULL && a->model == NULL ? toxic_new()
						     : toxic_new_bare();
	if (a->tox == NULL) {
		msg_err("scorer: %s", strerror(errno));
		return -1;
	}
	if (a->eval != NULL)
		return evaluate(a);
	for (; *files != NULL; files++)
		if (data_read(&a->data, *files) < 0)
			return -1;
	if (a->data.n == 0) {
		msg_err("no rows to train on");
		return -1;
	}
	return a->tune ? train_on(a) : train(a);
}

int
main(int argc, char **argv)
{
	struct app a = { .seed = 1, .conf = { .epochs = 4 } };
	const struct opt opts[] = {
		{ .kind = OPT_FILE,
		    .shortname = 'o',
		    .name = "output",
		    .arg = "MODEL",
		    .out = &a.output,
		    .help = "write the model to MODEL" },
		{ .kind = OPT_INT,
		    .name = "seed",
		    .arg = "N",
		    .out = &a.seed,
		    .max = 1e9,
		    .help = "order of the rows: the same, the same bytes (1)" },
		{ .kind = OPT_INT,
		    .name = "epochs",
		    .arg = "N",
		    .out = &a.conf.epochs,
		    .min = 1,
		    .max = 100,
		    .help = "how often each row is seen (4)" },
		{ .kind = OPT_FILE,
		    .name = "eval",
		    .arg = "FILE",
		    .out = &a.eval,
		    .help = "print how well a model does on FILE" },
		{ .kind = OPT_FILE,
		    .name = "model",
		    .arg = "MODEL",
		    .out = &a.model,
		    .help = "for --eval and --tune (the one that ships)" },
		{ .kind = OPT_FLAG,
		    .name = "tune",
		    .out = &a.tune,
		    .help = "start from --model, and stay close to it" },
		{ .kind = OPT_FILE,
		    .name = "svg",
		    .arg = "FILE",
		    .out = &a.svg,
		    .help = "with --eval: draw ROC and calibration" },
		{ .kind = OPT_FLAG,
		    .name = "json",
		    .out = &a.json,
		    .help = "with --eval: print figures as JSON lines" },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-train",
		.summary = "train and measure the moderator's model",
		.operands = "[FILE...]",
		.opts = opts };
	int i, status;

	i = opt_parse(&prog, argc, argv);
	check_usage(&a, &prog, i, argc);
	a.conf.seed = (uint64_t)a.seed;
	a.conf.progress = progress_choose();
	data_init(&a.data);
	status = run(&a, argv + i) == 0 ? 0 : 1;
	toxic_free(a.tox);
	data_release(&a.data);
	return status;
}
