/*
 * logread: every position that is in the files is found, whatever order days
 * and files have, and nothing else is; and series, which begins with that.
 */
#include "../../lib/logread.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/epoch.h"
#include "../../lib/event.h"
#include "../../lib/series.h"
#include "tap.h"

#include "../../lib/banned.h"

static FILE *
file(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "d/%s", name);
	f = fopen(path, "a");
	if (f == NULL)
		abort();
	return f;
}

static void
fresh(void)
{
	if (system("rm -rf d && mkdir d") != 0)
		abort();
}

/* Events from..to in one file, with some padding of changing length. */
static void
put(const char *name, uint64_t from, uint64_t to, size_t pad)
{
	FILE *f = file(name);
	uint64_t i;

	for (i = from; i <= to; i++)
		fprintf(f,
		    "{\"id\":\"i%" PRIu64 "\",\"x\":\"%0*d\",\"seq\":%" PRIu64
		    "}\n",
		    i, (int)(1 + i * 7919 % (pad + 1)), 0, i);
	fclose(f);
}

/* The run from..to is there, line for line. */
static int
run(struct logread *lr, uint64_t from, uint64_t to, size_t max)
{
	struct buf b;
	uint64_t at = from, n, seq, i;
	const char *p, *nl;
	int bad = 0;

	buf_init(&b, 64 << 20);
	while (at <= to) {
		buf_reset(&b);
		n = logread_get(lr, at, to, max, &b);
		if (n == 0)
			break;
		for (p = b.p, i = 0; i < n; i++, p = nl + 1) {
			nl = strchr(p, '\n');
			if (nl == NULL ||
			    !event_tail_seq(p, (size_t)(nl - p), &seq) ||
			    seq != at + i) {
				bad++;
				break;
			}
		}
		bad += p != b.p + b.len;
		at += n;
	}
	buf_release(&b);
	return bad + (at != to + 1);
}

static void
finds_everything(void)
{
	struct logread *lr;
	uint64_t i;
	int bad = 0;

	fresh();
	put("chat_2026-11-22.jsonl", 1, 3000, 100);
	put("chat_2026-11-23.jsonl.2", 3001, 5000, 100);
	put("chat_2026-11-23.jsonl.1", 5001, 7000, 300);
	put("chat_2026-11-23.jsonl", 7001, 9000, 10);
	put("chat_2026-11-23.jsonl.torn", 9001, 9001, 1);
	put("chat_x.jsonl", 9001, 9001, 1);
	lr = logread_new("d");
	IS_INT(logread_refresh(lr), 0);
	IS_INT((int64_t)logread_last(lr), 9000);
	OK(logread_covers(lr, 1, 9000));
	OK(!logread_covers(lr, 1, 9001));
	IS_INT((int64_t)logread_reach(lr, 9000), 1);
	IS_INT((int64_t)logread_reach(lr, 9001), 9002);
	IS_INT(run(lr, 1, 9000, 65536), 0);
	IS_INT(run(lr, 2999, 3002, 65536), 0);
	for (i = 1; i <= 9000; i += 97)
		bad += run(lr, i, i, 1) != 0;
	IS_INT(bad, 0);
	OK(run(lr, 9001, 9001, 1) != 0);
	/* what is written meanwhile is found without being asked to look */
	put("chat_2026-11-23.jsonl", 9001, 9100, 10);
	IS_INT(run(lr, 8990, 9100, 1000), 0);
	/* and a file that was renamed meanwhile, and one that is gone */
	if (rename("d/chat_2026-11-23.jsonl.2", "d/chat_2026-11-23.jsonl.3"))
		abort();
	IS_INT(run(lr, 4000, 6000, 65536), 0);
	unlink("d/chat_2026-11-23.jsonl.3");
	OK(run(lr, 4000, 6000, 65536) != 0);
	IS_INT(logread_refresh(lr), 0);
	OK(!logread_covers(lr, 4000, 6000));
	IS_INT((int64_t)logread_reach(lr, 9100), 5001);
	logread_free(lr);
}

/* Late events stand in the file of their own day. */
static void
merges_days(void)
{
	struct logread *lr;
	uint64_t i;

	fresh();
	for (i = 1; i <= 2000; i++)
		put(i % 3 ? "chat_2026-11-23.jsonl" : "chat_2026-11-22.jsonl",
		    i, i, 90);
	lr = logread_new("d");
	logread_refresh(lr);
	IS_INT(run(lr, 1, 2000, 5000), 0);
	IS_INT(run(lr, 1234, 1300, 5000), 0);
	logread_free(lr);
}

/* Lines of before there were positions, rubbish, giants, an unfinished end. */
static void
survives_strange_files(void)
{
	struct logread *lr;
	FILE *f;
	int i;

	fresh();
	f = file("chat_2026-11-20.jsonl");
	for (i = 0; i < 10000; i++)
		fprintf(f, "{\"old\":%d}\n", i);
	fclose(f);
	put("chat_2026-11-20.jsonl", 1, 100, 10);
	f = file("chat_2026-11-20.jsonl");
	fprintf(f, "{\"x\":\"%0*d\",\"seq\":101}\n", 1000000, 0);
	fprintf(f, "rubbish\n\n{\"seq\":0}\n{\"seq\":99999999999999999999}\n");
	fclose(f);
	put("chat_2026-11-20.jsonl", 102, 4000, 100);
	f = file("chat_2026-11-20.jsonl");
	fprintf(f, "{\"not\":\"yet\",\"seq\":4001}");
	fclose(f);
	fclose(file("chat_2026-11-21.jsonl"));
	if (mkdir("d/chat_2026-11-22.jsonl", 0700) ||
	    symlink("/dev/zero", "d/chat_2026-11-23.jsonl"))
		abort();
	lr = logread_new("d");
	IS_INT(logread_refresh(lr), 0);
	IS_INT((int64_t)logread_last(lr), 4000);
	IS_INT(run(lr, 1, 4000, 65536), 0);
	IS_INT(run(lr, 100, 103, 10), 0);
	logread_free(lr);
	lr = logread_new("no-such-folder");
	IS_INT(logread_refresh(lr), 0);
	IS_INT((int64_t)logread_last(lr), 0);
	logread_free(lr);
}

/* The same position twice, as after a file could not be cut back. */
static void
takes_one_of_two(void)
{
	struct logread *lr;

	fresh();
	put("chat_2026-11-23.jsonl.1", 1, 100, 10);
	put("chat_2026-11-23.jsonl", 90, 200, 10);
	lr = logread_new("d");
	logread_refresh(lr);
	IS_INT(run(lr, 1, 200, 1000), 0);
	logread_free(lr);
}

static struct event ev;

static const struct event *
event(const char *line)
{
	if (event_parse(&ev, line, strlen(line)) < 0)
		abort();
	return &ev;
}

static bool
has(struct series *s, const char *line)
{
	series_look(s, event(line));
	return series_has(s);
}

static void
series_goes_on(void)
{
	struct series *s;
	struct epoch e;
	char name[EPOCH_MAX + 1];

	fresh();
	s = series_open("d", 1000);
	OK(s != NULL);
	IS_INT((int64_t)series_last(s), 0);
	IS_INT(series_keep(s, 0, true), 0);
	snprintf(name, sizeof(name), "%s", series_name(s));
	OK(!has(s, "{\"id\":\"a\",\"user\":\"u\",\"nonce\":\"n\"}"));
	series_take(s);
	OK(has(s, "{\"id\":\"a\"}"));
	OK(has(s, "{\"id\":\"b\",\"from\":\"u\",\"nonce\":\"n\"}"));
	OK(has(s, "{\"from\":\"\\u0075\",\"nonce\":\"\\u006e\"}"));
	OK(!has(s, "{\"id\":\"b\",\"user\":\"v\",\"nonce\":\"n\"}"));
	OK(!has(s, "{\"nonce\":\"n\"}"));
	OK(!has(s, "{\"id\":1,\"user\":\"u\",\"nonce\":1}"));
	series_free(s);

	/* killed: the same boot, the same series */
	put("chat_2026-11-23.jsonl", 1, 50, 5);
	s = series_open("d", 1000);
	IS_STR(series_name(s), name);
	IS_INT((int64_t)series_last(s), 50);
	OK(has(s, "{\"id\":\"i50\"}"));
	OK(has(s, "{\"id\":\"i1\"}"));
	IS_INT(series_keep(s, 50, false), 0);
	series_free(s);
	s = series_open("d", 10);
	OK(has(s, "{\"id\":\"i41\"}"));
	OK(!has(s, "{\"id\":\"i40\"}"));
	IS_INT(series_end(s, true), 0);
	series_free(s);

	/* another boot: fine after a clean stop, else a new series */
	IS_INT(epoch_read("d", &e), 0);
	OK(e.clean);
	snprintf(e.boot, sizeof(e.boot), "another");
	IS_INT(epoch_write("d", &e, false), 0);
	s = series_open("d", 1000);
	IS_STR(series_name(s), name);
	series_free(s);
	e.clean = false;
	epoch_write("d", &e, false);
	s = series_open("d", 1000);
	OK(strcmp(series_name(s), name) != 0);
	IS_INT((int64_t)series_last(s), 50);
	series_free(s);

	/* the files are gone: a new one, but the numbers go on */
	epoch_boot(e.boot);
	e.clean = true;
	e.seq = 50;
	epoch_write("d", &e, false);
	unlink("d/chat_2026-11-23.jsonl");
	s = series_open("d", 1000);
	OK(strcmp(series_name(s), name) != 0);
	IS_INT((int64_t)series_last(s), 50);
	series_free(s);

	/* no file, and files that are none */
	unlink("d/epoch");
	s = series_open("d", 1000);
	OK(s != NULL && strlen(series_name(s)) == 26);
	series_free(s);
	fputs("{\"epoch\":\"../x\",\"seq\":1,\"boot\":\"\"}", file("epoch"));
	s = series_open("d", 1000);
	OK(s != NULL && strlen(series_name(s)) == 26);
	series_free(s);
	event_release(&ev);
}

int
main(void)
{
	finds_everything();
	merges_days();
	survives_strange_files();
	takes_one_of_two();
	series_goes_on();
	return tap_done();
}
