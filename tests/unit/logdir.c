/*
 * logdir: what goes where, rolling over, and above all faults: whatever
 * happens to the files, each record is in them once and whole.
 */
#define _GNU_SOURCE
#include "../../lib/logdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

#define DAY INT64_C(86400000)
#define NOON INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */
#define FILE_A "d/chat_2026-11-23.jsonl"
#define FILE_B "d/chat_2026-11-24.jsonl"

struct news {
	int failed, again, torn;
	int64_t last; /* errno, or bytes */
	char path[256];
};

static void
on_news(void *arg, enum logdir_news what, const char *path, int64_t n)
{
	struct news *news = arg;

	news->failed += what == LOGDIR_FAILED;
	news->again += what == LOGDIR_AGAIN;
	news->torn += what == LOGDIR_TORN;
	news->last = n;
	snprintf(news->path, sizeof(news->path), "%s", path);
}

static struct logdir *
start(struct news *news, int64_t max, int keep)
{
	struct logdir_conf conf = { .dir = "d", .max_size = max, .keep = keep };

	memset(news, 0, sizeof(*news));
	if (system("rm -rf d old") != 0)
		abort();
	return logdir_open(&conf, on_news, news);
}

static struct logdir *
again(struct news *news, int64_t max, int keep)
{
	struct logdir_conf conf = { .dir = "d", .max_size = max, .keep = keep };

	memset(news, 0, sizeof(*news));
	return logdir_open(&conf, on_news, news);
}

static int
add(struct logdir *ld, int64_t ms, const char *s)
{
	return logdir_add(ld, ms, s, strlen(s));
}

/* The file's contents, "" where there is none; valid until the next call. */
static const char *
slurp(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return text;
}

static void
spew(const char *path, const char *s)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		abort();
	fputs(s, f);
	fclose(f);
}

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
limit_size(rlim_t n)
{
	struct rlimit r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = n;
	setrlimit(RLIMIT_FSIZE, &r);
}

static void
writes_by_day(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	IS_INT(add(ld, NOON, "{\"n\":1}"), 0);
	IS_INT(add(ld, NOON + DAY / 2, "{\"n\":2}"), 0);
	IS_INT(add(ld, NOON + DAY / 2 - 1, "{\"n\":3}"), 0);
	IS_INT(add(ld, -1, "{\"n\":4}"), 0);
	IS_INT(add(ld, 0, "{\"n\":5}"), 0);
	OK(!there(FILE_A));
	IS_INT(logdir_pending(ld), 40);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(logdir_pending(ld), 0);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n{\"n\":3}\n");
	IS_STR(slurp(FILE_B), "{\"n\":2}\n");
	IS_STR(slurp("d/chat_1969-12-31.jsonl"), "{\"n\":4}\n");
	IS_STR(slurp("d/chat_1970-01-01.jsonl"), "{\"n\":5}\n");
	IS_INT(logdir_close(ld), 0);
	IS_INT(news.failed + news.again + news.torn, 0);
}

static void
refuses_days_without_a_name(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	IS_INT(add(ld, INT64_C(253402300799999), "{}"), 0);
	IS_INT(add(ld, INT64_C(-62167219200000), "{}"), 0);
	errno = 0;
	IS_INT(add(ld, INT64_C(253402300800000), "{}"), -1);
	IS_INT(errno, ERANGE);
	IS_INT(add(ld, INT64_C(-62167219200001), "{}"), -1);
	IS_INT(add(ld, INT64_MAX, "{}"), -1);
	IS_INT(add(ld, INT64_MIN, "{}"), -1);
	IS_INT(logdir_close(ld), 0);
	IS_STR(slurp("d/chat_9999-12-31.jsonl"), "{}\n");
	IS_STR(slurp("d/chat_0000-01-01.jsonl"), "{}\n");
}

static void
makes_folders_and_guards_them(void)
{
	struct logdir_conf conf = { .dir = "p/q/../q/r/" };
	struct news news = { 0 };
	struct logdir *ld = logdir_open(&conf, on_news, &news);
	struct stat st;

	OK(ld != NULL);
	IS_INT(stat("p/q/r", &st), 0);
	IS_INT(st.st_mode & 0777, 0750);
	errno = 0;
	OK(logdir_open(&conf, on_news, &news) == NULL);
	IS_INT(errno, EWOULDBLOCK);
	IS_INT(add(ld, NOON, "{}"), 0);
	IS_INT(logdir_close(ld), 0);
	IS_INT(stat("p/q/r/chat_2026-11-23.jsonl", &st), 0);
	IS_INT(st.st_mode & 0777, 0640);
	ld = logdir_open(&conf, on_news, &news);
	OK(ld != NULL);
	IS_INT(logdir_close(ld), 0);
	conf.dir = "p/q/r/.lock/x";
	OK(logdir_open(&conf, on_news, &news) == NULL);
	IS_INT(errno, ENOTDIR);
}

/* max 20: two records of 8 bytes fit, a third would make 24 */
static void
rolls_over(void)
{
	struct news news;
	struct logdir *ld = start(&news, 20, 2);
	const char *line[] = { "{\"n\":1}", "{\"n\":2}", "{\"n\":3}",
		"{\"n\":4}", "{\"n\":5}", "{\"n\":6}", "{\"n\":7}" };
	size_t i;

	for (i = 0; i < 7; i++)
		add(ld, NOON, line[i]);
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{\"n\":7}\n");
	IS_STR(slurp(FILE_A ".1"), "{\"n\":5}\n{\"n\":6}\n");
	IS_STR(slurp(FILE_A ".2"), "{\"n\":3}\n{\"n\":4}\n");
	OK(!there(FILE_A ".3"));
	/* a record larger than max gets a file of its own, none is empty */
	add(ld, NOON, "{\"n\":\"0123456789012345678901234567890\"}");
	add(ld, NOON, "{}");
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{}\n");
	IS_INT(strlen(slurp(FILE_A ".1")), 40);
	IS_STR(slurp(FILE_A ".2"), "{\"n\":7}\n");
	IS_INT(logdir_close(ld), 0);
}

static void
rolls_over_at_exactly_the_limit(void)
{
	struct news news;
	struct logdir *ld = start(&news, 16, 3);

	add(ld, NOON, "{\"n\":1}");
	logdir_flush(ld);
	add(ld, NOON, "{\"n\":2}"); /* 8 + 8 >= 16 */
	logdir_flush(ld);
	IS_STR(slurp(FILE_A ".1"), "{\"n\":1}\n");
	logdir_close(ld);
	ld = start(&news, 17, 3);
	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}"); /* 16 < 17 */
	logdir_flush(ld);
	OK(!there(FILE_A ".1"));
	/* a file that is there counts from where it is */
	logdir_close(ld);
	ld = again(&news, 17, 3);
	add(ld, NOON, "{}");
	logdir_flush(ld);
	IS_STR(slurp(FILE_A), "{}\n");
	logdir_close(ld);
}

static void
never_rolls_over_with_0(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 10);

	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}");
	logdir_close(ld);
	OK(!there(FILE_A ".1"));
	ld = start(&news, 1, 0);
	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}");
	logdir_close(ld);
	OK(!there(FILE_A ".1"));
	IS_STR(slurp(FILE_A), "{\"n\":1}\n{\"n\":2}\n");
}

/* RotatingFileHandler in a few lines: sizes of base, .1, .2 ... */
#define MODEL_KEEP 4
static void
model_add(size_t file[MODEL_KEEP + 1], size_t n, size_t max)
{
	size_t i;

	if (file[0] > 0 && file[0] + n >= max) {
		for (i = MODEL_KEEP; i > 0; i--)
			file[i] = file[i - 1];
		file[0] = 0;
	}
	file[0] += n;
}

static void
rolls_as_the_model_does(void)
{
	size_t file[MODEL_KEEP + 1] = { 0 };
	uint64_t seed = 42;
	struct news news;
	struct logdir *ld = start(&news, 100, MODEL_KEEP);
	char line[200], path[64];
	int i, k, bad = 0;

	for (i = 0; i < 2000; i++) {
		int n = (int)(tap_rand(&seed) % 120);

		memset(line, 'x', sizeof(line));
		line[n] = '\0';
		add(ld, NOON, line);
		model_add(file, (size_t)n + 1, 100);
		if (tap_rand(&seed) % 5 != 0)
			continue;
		logdir_flush(ld);
		if (tap_rand(&seed) % 7 == 0)
			logdir_reopen(ld);
		for (k = 0; k <= MODEL_KEEP; k++) {
			snprintf(path, sizeof(path),
			    k == 0 ? FILE_A : FILE_A ".%d", k);
			bad += strlen(slurp(path)) != file[k];
		}
	}
	IS_INT(bad, 0);
	IS_INT(logdir_close(ld), 0);
}

static void
goes_on_with_the_rollover_where_it_failed(void)
{
	struct news news;
	struct logdir *ld = start(&news, 10, 3);
	int i;

	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}");
	add(ld, NOON, "{\"n\":3}");
	IS_INT(logdir_flush(ld), 0);
	/* the last step fails: an append-only file can't be renamed */
	if (system("chattr +a " FILE_A " 2>/dev/null") != 0) {
		logdir_close(ld);
		return;
	}
	add(ld, NOON, "{\"n\":4}");
	for (i = 0; i < 5; i++)
		IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_INT(news.last, EPERM);
	IS_STR(slurp(FILE_A), "{\"n\":3}\n");
	IS_INT(system("chattr -a " FILE_A), 0);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.again, 1);
	IS_STR(slurp(FILE_A), "{\"n\":4}\n");
	IS_STR(slurp(FILE_A ".1"), "{\"n\":3}\n");
	IS_STR(slurp(FILE_A ".2"), "{\"n\":2}\n");
	IS_STR(slurp(FILE_A ".3"), "{\"n\":1}\n");
	logdir_close(ld);
}

static void
moves_a_torn_line_aside(void)
{
	char longer[10001];
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	spew(FILE_A, "{\"n\":1}\n{\"n\":2");
	add(ld, NOON, "{\"n\":3}");
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.torn, 1);
	IS_INT(news.last, 6);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n{\"n\":3}\n");
	IS_STR(slurp(FILE_A ".torn"), "{\"n\":2");
	logdir_close(ld);

	/* another one, and a file that is nothing else */
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	spew(FILE_A, longer);
	ld = again(&news, 0, 0);
	add(ld, NOON, "{\"n\":4}");
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.last, 10000);
	IS_STR(slurp(FILE_A), "{\"n\":4}\n");
	IS_INT(strlen(slurp(FILE_A ".torn")), 6 + 1 + 10000);
	OK(strncmp(slurp(FILE_A ".torn"), "{\"n\":2\nxxx", 10) == 0);
	logdir_close(ld);

	/* .torn can't be written: nothing is touched, and told once */
	unlink(FILE_A ".torn");
	mkdir(FILE_A ".torn", 0700);
	spew(FILE_A, "{}\n{");
	ld = again(&news, 0, 0);
	add(ld, NOON, "{\"n\":5}");
	IS_INT(logdir_flush(ld), -1);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_STR(slurp(FILE_A), "{}\n{");
	rmdir(FILE_A ".torn");
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{}\n{\"n\":5}\n");
	IS_STR(slurp(FILE_A ".torn"), "{");
	logdir_close(ld);
}

static void
goes_on_in_the_midst_of_a_record(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}");
	limit_size(12);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_INT(news.last, EFBIG);
	IS_STR(news.path, FILE_A);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n{\"n\"");
	add(ld, NOON, "{\"n\":3}");
	IS_INT(logdir_flush(ld), -1);
	limit_size(19);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_INT(news.again, 0);
	limit_size(RLIM_INFINITY);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.again, 1);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.again, 1);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	IS_INT(news.torn, 0);
	IS_INT(logdir_close(ld), 0);
}

static void
begins_a_record_anew_in_another_file(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON, "{\"n\":2}");
	limit_size(12);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(rename(FILE_A, "old"), 0);
	logdir_reopen(ld);
	IS_STR(slurp("old"), "{\"n\":1}\n");
	limit_size(RLIM_INFINITY);
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{\"n\":2}\n");

	/* the same without a word from outside, after a failure */
	add(ld, NOON, "{\"n\":3}");
	limit_size(12);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(rename(FILE_A, "old"), 0);
	limit_size(RLIM_INFINITY);
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp("old"), "{\"n\":2}\n");
	IS_STR(slurp(FILE_A), "{\"n\":3}\n");

	/* and giving up leaves no torn line */
	add(ld, NOON, "{\"n\":4}");
	limit_size(12);
	IS_INT(logdir_close(ld), -1);
	limit_size(RLIM_INFINITY);
	IS_STR(slurp(FILE_A), "{\"n\":3}\n");
}

static void
keeps_a_renamed_file_until_told(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	add(ld, NOON, "{\"n\":1}");
	logdir_flush(ld);
	IS_INT(rename(FILE_A, "old"), 0);
	add(ld, NOON, "{\"n\":2}");
	logdir_flush(ld);
	IS_STR(slurp("old"), "{\"n\":1}\n{\"n\":2}\n");
	logdir_reopen(ld);
	add(ld, NOON, "{\"n\":3}");
	logdir_flush(ld);
	IS_STR(slurp("old"), "{\"n\":1}\n{\"n\":2}\n");
	IS_STR(slurp(FILE_A), "{\"n\":3}\n");
	/* a file without a name would swallow everything */
	unlink(FILE_A);
	add(ld, NOON, "{\"n\":4}");
	logdir_flush(ld);
	IS_STR(slurp(FILE_A), "{\"n\":4}\n");
	/* copytruncate */
	IS_INT(truncate(FILE_A, 0), 0);
	add(ld, NOON, "{\"n\":5}");
	logdir_flush(ld);
	IS_STR(slurp(FILE_A), "{\"n\":5}\n");
	IS_INT(news.failed, 0);
	logdir_close(ld);
}

static void
one_bad_file_holds_back_its_own_records(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);

	mkdir(FILE_A, 0700);
	add(ld, NOON, "{\"n\":1}");
	add(ld, NOON + DAY, "{\"n\":2}");
	IS_INT(logdir_flush(ld), -1);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_INT(news.last, EISDIR);
	IS_STR(news.path, FILE_A);
	IS_STR(slurp(FILE_B), "{\"n\":2}\n");
	IS_INT(rmdir(FILE_A), 0);
	IS_INT(mkfifo(FILE_A, 0600), 0);
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 2);
	IS_INT(news.last, ENOTSUP);
	IS_INT(unlink(FILE_A), 0);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.again, 1);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n");
	IS_STR(slurp(FILE_B), "{\"n\":2}\n");
	logdir_close(ld);
}

static void
full_device(void)
{
	struct news news;
	struct logdir *ld = start(&news, 1, 2);

	if (symlink("/dev/full", FILE_A) < 0 || access(FILE_A, W_OK) < 0) {
		logdir_close(ld);
		return;
	}
	add(ld, NOON, "{\"n\":1}");
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.last, ENOSPC);
	IS_INT(unlink(FILE_A), 0);
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{\"n\":1}\n");
	logdir_close(ld);
}

static void
makes_a_lost_folder_again(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);
	struct logdir *other;

	add(ld, NOON, "{\"n\":1}");
	logdir_flush(ld);
	IS_INT(system("rm -rf d"), 0);
	add(ld, NOON, "{\"n\":2}");
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.failed, 1);
	IS_INT(news.last, ENOENT);
	IS_INT(logdir_flush(ld), 0);
	IS_INT(news.again, 1);
	IS_STR(slurp(FILE_A), "{\"n\":2}\n");
	errno = 0;
	OK(again(&news, 0, 0) == NULL);
	IS_INT(errno, EWOULDBLOCK);

	/* meanwhile it is somebody else's: never two writers */
	IS_INT(system("rm -rf d"), 0);
	other = again(&news, 0, 0);
	OK(other != NULL);
	add(ld, NOON, "{\"n\":3}");
	IS_INT(logdir_flush(ld), -1);
	IS_INT(news.last, EBUSY);
	OK(!there(FILE_A));
	IS_INT(logdir_close(other), 0);
	IS_INT(logdir_flush(ld), 0);
	IS_STR(slurp(FILE_A), "{\"n\":3}\n");
	logdir_close(ld);
}

static void
keeps_few_files_open(void)
{
	struct news news;
	struct logdir *ld = start(&news, 0, 0);
	int before = open_files(), free_fd, i, round;
	struct rlimit r, old;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < 50; i++)
			add(ld, NOON - i * DAY, "{}");
		IS_INT(logdir_flush(ld), 0);
		OK(open_files() <= before + 4);
	}
	IS_STR(slurp("d/chat_2026-10-05.jsonl"), "{}\n{}\n");
	IS_STR(slurp(FILE_A), "{}\n{}\n");

	/* out of descriptors: others are closed for it */
	logdir_reopen(ld);
	add(ld, NOON, "{}");
	logdir_flush(ld);
	free_fd = dup(0);
	close(free_fd);
	getrlimit(RLIMIT_NOFILE, &old);
	r = old;
	r.rlim_cur = (rlim_t)free_fd;
	setrlimit(RLIMIT_NOFILE, &r);
	IS_INT(dup(0), -1);
	add(ld, NOON + DAY, "{}");
	IS_INT(logdir_flush(ld), 0);
	setrlimit(RLIMIT_NOFILE, &old);
	IS_STR(slurp(FILE_B), "{}\n");
	IS_INT(news.failed, 0);
	logdir_close(ld);
}

int
main(void)
{
	char dir[] = "/tmp/ss-logdir.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	umask(022);
	sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	writes_by_day();
	refuses_days_without_a_name();
	makes_folders_and_guards_them();
	rolls_over();
	rolls_over_at_exactly_the_limit();
	never_rolls_over_with_0();
	rolls_as_the_model_does();
	goes_on_with_the_rollover_where_it_failed();
	moves_a_torn_line_aside();
	goes_on_in_the_midst_of_a_record();
	begins_a_record_anew_in_another_file();
	keeps_a_renamed_file_until_told();
	one_bad_file_holds_back_its_own_records();
	full_device();
	makes_a_lost_folder_again();
	keeps_few_files_open();
	if (system("rm -rf d p old") == 0 && chdir("/") == 0)
		rmdir(dir);
	return tap_done();
}
