/*
 * What the files of ss-moderate share. One event at a time goes through
 * judge (decide.c), the rules, the policy, and is written by verdict.c. Where
 * another model is asked (ask.c), the event waits for the answer in between,
 * and all that come behind it wait for their turn (queue.c).
 */
#ifndef SS_MODERATE_APP_H
#define SS_MODERATE_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "event.h"
#include "filter.h"
#include "json.h"
#include "list/list.h"
#include "metrics.h"
#include "opt.h"
#include "stage.h"
#include "toxic/toxic.h"

/* The rows of the option table; conf: the struct ask_conf. */
/* clang-format off */
#define ASK_OPTS(conf) \
	{ .kind = OPT_TEXT, .name = "ask", .arg = "URL", .out = &(conf).url, \
	    .help = "ask this service about what is in the band" }, \
	{ .kind = OPT_CHOICE, .name = "ask-format", .arg = "NAME", \
	    .out = &(conf).format, .choices = "detoxify openai perspective", \
	    .help = "what the service speaks (detoxify)" }, \
	{ .kind = OPT_TEXT, .name = "band", .arg = "LOW:HIGH", \
	    .out = &(conf).band, \
	    .help = "ask about scores from LOW to HIGH (0.3:0.8)" }, \
	{ .kind = OPT_SECONDS, .name = "ask-timeout", .arg = "TIME", \
	    .out = &(conf).timeout, .min = 0.001, .max = 3600, \
	    .help = "how long an answer may take (300ms)" }, \
	{ .kind = OPT_CHOICE, .name = "ask-fail", .arg = "WHAT", \
	    .out = &(conf).fail, .choices = "open closed", \
	    .help = "without an answer: by our own score, or toxic (open)" }, \
	{ .kind = OPT_FILE, .name = "ask-key-file", .arg = "FILE", \
	    .out = &(conf).key_file, \
	    .help = "the service's key is FILE's contents" }, \
	{ .kind = OPT_TEXT, .name = "ask-model", .arg = "NAME", \
	    .out = &(conf).model, \
	    .help = "openai: the model to ask (omni-moderation-latest)" }, \
	{ .kind = OPT_INT, .name = "ask-max", .arg = "N", \
	    .out = &(conf).max, .min = 1, .max = 1000, \
	    .help = "at most so many requests at a time (32)" }
/* clang-format on */

#define SCORE_ONE 10000 /* scores have four decimals */

enum policy { POLICY_ANNOTATE, POLICY_MASK, POLICY_BLOCK };
enum profile { PROFILE_NORMAL, PROFILE_STRICT, PROFILE_LENIENT };
/* What a verdict is due to. */
enum by { BY_SCORE, BY_LIST, BY_WANT, BY_RULE };

struct counts {
	uint64_t chat, toxic, masked, blocked, held, dropped;
	uint64_t asked, unanswered;
};

/* Was another model asked about an event? */
enum asked {
	ASKED_NOT,
	ASKED_ANSWERED,  /* the scores are that model's */
	ASKED_UNANSWERED /* it should have been */
};

struct ask;
struct jobs;
struct queue;

/* The options of the second opinion, as text. */
struct ask_conf {
	const char *url; /* NULL: nobody is asked */
	const char *format, *band, *fail, *key_file, *model;
	double timeout; /* seconds */
	int64_t max;    /* requests at a time */
};
#define ASK_CONF_INIT                                                    \
	{                                                                \
		.format = "detoxify", .band = "0.3:0.8", .fail = "open", \
		.timeout = 0.3, .max = 32                                \
	}

/* Blocklist and allowlist, and what they found in the text at hand. */
struct lists {
	struct opt_list block_files, allow_files;
	struct list *block, *allow; /* NULL: none */
	struct list_hits blocked, allowed;
	struct buf rest; /* the text without what is allowed */
};

/* A room's threshold. */
struct level {
	char room[EVENT_NAME_MAX + 1];
	double value;
};

/* What threshold events have set. */
struct levels {
	double all;          /* below 0: nothing, so the options' */
	struct level *level; /* by room, sorted */
	size_t n, cap;
	struct buf room; /* for its memory */
};

/* What somebody wants of stage_wait. */
struct waits {
	bool hold, busy;
};

/* Levels of what is held, 0 to 4; -1: not set. */
struct grade {
	signed char all, label[TOXIC_LABELS];
};
struct room_grade {
	char name[EVENT_NAME_MAX + 1];
	struct grade grade;
};
struct grades {
	struct grade all;
	struct room_grade *room;
	size_t n, cap;
	struct buf name; /* for its memory */
};

struct app {
	struct stage_conf conf;
	struct stage *stage;
	double threshold;      /* below 0: the profile's */
	double sure_threshold; /* lenient: for what is sure */
	struct levels levels;
	double in_force; /* for the event at hand; below 0: the options' */
	int64_t hold;    /* --hold; below 0: not given */
	struct opt_list level_items;
	struct grades grades;
	unsigned char level_in_force[TOXIC_LABELS]; /* as in_force */
	const char *state_addr;
	struct addr state; /* of the bus to ask; ADDR_NONE: none */
	const char *profile_name;
	enum profile profile;
	bool explain;
	uint64_t rules_id, policy_id;
	const char *policy_name, *rules, *model;
	bool labels, stats;
	enum policy policy;
	struct toxic *scorer;
	struct filter *filter;
	struct ask_conf ask_conf;
	struct ask *ask;     /* NULL: nobody is asked */
	struct queue *queue; /* NULL: nothing ever waits */
	struct jobs *jobs;   /* NULL: all is done by this thread */
	int64_t njobs;
	struct waits queue_waits, jobs_wait;
	/* the event at hand's, where another thread has scored its message */
	const struct toxic_result *scored_ahead;
	struct lists lists;
	struct counts counts;
	struct metrics_hist score_seconds;
	/* for the event at hand; kept for their memory */
	struct toxic_result result;
	const struct buf *scored; /* the text without what is allowed */
	struct buf why;
	struct buf text, masked, insert, line, edited, reason, err;
	struct event edited_ev;
	struct event late_ev; /* one that has waited */
};

/* What is said about one event. */
struct verdict {
	bool toxic, masked, blocked, held;
	bool scored; /* the score makes it toxic, or the want of one */
	enum asked asked;
	enum by by;
	bool explained;          /* a->why is to be written */
	int score[TOXIC_LABELS]; /* in SCORE_ONEs */
	const char *reason;      /* NULL: none */
	size_t reason_len;
};

/* decide.c: what becomes of the chat event ev with the text msg. */
void moderate(
    struct app *, const struct event *ev, const struct json_member *msg);

/*
 * control.c. An event that may be a threshold: it is in force from now on.
 */
void control_event(struct app *, const struct event *);
/* What such events say about a chat event; below 0: nothing. */
double control_threshold(struct app *, const struct event *chat);
/*
 * Asks the bus of --state, where given, for what is in force; waits for it,
 * but not for ever. What fails is told.
 */
void control_recall(struct app *);
void control_release(struct app *);

/* grade.c. From the options; misuse exits 2. */
void grade_init(struct app *, const struct opt_prog *);
void grade_release(struct app *);
/* An event that may set a level: it is in force from now on. */
void grade_event(struct app *, const struct event *);
/* The levels for a chat event, by its room; all 0 for one of staff. */
void grade_find(
    struct app *, const struct event *chat, unsigned char level[TOXIC_LABELS]);
/* The label that a message with these scores is held for, -1: none. */
int grade_holds(const struct app *, const struct verdict *);

/* profile.c. From the options: what toxic means. */
void profile_init(struct app *);
/* The score, 0 to 1, and the spans of a->result make it toxic. */
bool profile_flags(const struct app *, double score);

/* explain.c. After the rules were loaded; after anything was. */
void explain_rules(struct app *);
void explain_policy(struct app *);
/* The member "why" of the event at hand into a->why. 0, or -1 as buf_add. */
int explain(struct app *, const struct verdict *);

/* lists.c. 0, or -1 after a message; the old lists stay then. */
int lists_load(struct app *);
/* Each list anew, with a message of what came of it. */
void lists_reread(struct app *);
void lists_release(struct lists *);
/*
 * Looks into a->text for what is listed; a->scored becomes what a scorer may
 * see of it. 0, or -1 when memory ran out.
 */
int lists_look(struct app *);
/* What the first blocked stretch is blocked for; NULL: there is none. */
const char *lists_reason(const struct app *);
/*
 * Appends to out the text with what is blocked, and with spans also what the
 * scorer found, replaced by '*' as toxic_mask does. 0, or -1 as buf_add.
 */
int lists_mask(const struct app *, bool spans, struct buf *out);

/*
 * The same for one that has waited: its line, and what we thought of it, with
 * the answer, if one came, already in it.
 */
void moderate_late(struct app *, const char *line, size_t n,
    const struct toxic_result *, enum asked);

/*
 * ask.c. Checks the options and reads the key: 0, or -1 after a message;
 * misuse exits 2. Without --ask it does nothing.
 */
int ask_init(struct app *, const struct opt_prog *);
/* Once there is a stage. 0, or -1 after a message. */
int ask_open(struct app *);
/*
 * Is ev, as scored in a->result and v, one to ask about? True: it waits in
 * the queue now, and moderate_late comes. False: go on with it; v->asked says
 * whether it should have been asked about.
 */
bool ask_about(struct app *, const struct event *ev, struct verdict *v);
/* Treat an unanswered one as toxic. */
bool ask_is_closed(const struct ask *);
/* A stop: what is under way gets half of the drain time. */
void ask_stop(struct app *);
void ask_free(struct ask *);

/*
 * jobs.c: threads that score lines ahead. With fewer than two, all of this
 * does nothing. 0, or -1 after a message.
 */
int jobs_open(struct app *, size_t n);
/* Joins the threads. */
void jobs_close(struct app *);
/* For stage_ops. True: the line is handled later. */
bool jobs_line(struct app *, const struct source_line *);
/* No more lines for now: those that came are given to the threads. */
void jobs_batch(struct app *);
/* The queue holds input no longer, so what is scored may be handled. */
void jobs_go_on(struct app *);
/* The threads take the file a->model, too. 0, or -1: some have another one. */
int jobs_load_model(struct app *);

/* main.c: the message to be scored; NULL: it is none of ours, or has none. */
const struct json_member *message_to_judge(const struct event *);
/* Tells the stage what queue and jobs want of it. */
void input_wait(struct app *);

/*
 * queue.c: the lines behind one that waits. All in the order they came.
 */
struct waiting; /* an event that waits for an answer */

struct queue *queue_new(void);
void queue_free(struct queue *);
/* To the output, or behind what waits. */
void queue_pass(struct app *, const char *line, size_t n, bool keep);
/* A copy of the event at hand and of a->result, not yet in the queue. */
struct waiting *queue_prepare(struct app *, const struct event *ev);
void queue_discard(struct waiting *);
/* Puts it last, to wait. turn: the caller's. */
void queue_wait(struct app *, struct waiting *, unsigned turn);
/* hold: from the next line on, no more input for now. */
void queue_hold(struct queue *, bool hold);
unsigned queue_turn(const struct waiting *);
uint64_t queue_line_number(const struct waiting *);
/* Its result, for an answer to be put in. */
struct toxic_result *queue_result(struct waiting *);
/* It waits no longer; it leaves with queue_move. */
void queue_settle(struct waiting *, enum asked);
/* All that still wait are unanswered. */
void queue_settle_all(struct queue *);
/* Lets go what need not wait; hold: no more input for now. */
void queue_move(struct app *, bool hold);

/*
 * verdict.c. Puts ev with the verdict v into a->line. 0, or -1 with errno
 * (EMSGSIZE: the line got too long).
 */
int annotate(struct app *, const struct event *ev, const struct verdict *v);
/*
 * Makes a copy of *ev with the masked text in place of its message, wherever
 * that key stands, and points *ev at it. 0, or -1 with errno.
 */
int replace_message(struct app *, const struct event **ev);

#endif
