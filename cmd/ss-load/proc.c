/*
 * proc.c: CPU times: of processes from /proc/PID/stat (proc(5)), all their
 * threads included, of the whole machine from /proc/stat, and our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app.h"

#include "banned.h"

/* The file's beginning as text. Its length, or -1. */
static ssize_t
slurp(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, out, size - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? n : -1;
}

int
proc_usage(int pid, struct usage *u)
{
	char path[64], text[1024], *p;
	unsigned long user, sys;
	int i;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (slurp(path, text, sizeof text) < 0)
		return -1;
	p = strrchr(text, ')'); /* the name may have anything in it */
	/* behind it fields 3 to 13, then utime and stime */
	for (i = 0; p && i < 12; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -1;
	user = strtoul(p, &p, 10);
	sys = strtoul(p, &p, 10);
	u->cpu = (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
	return 0;
}

void
proc_comm(int pid, char *out, size_t n)
{
	char path[64];
	ssize_t got;
	size_t i;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	got = slurp(path, out, n);
	for (i = 0; got > 0 && out[i]; i++)
		if (out[i] < ' ' || out[i] == '"' || out[i] == '\\' ||
		    out[i] > '~')
			out[i] = out[i + 1] ? '_' : '\0';
	if (got <= 0)
		snprintf(out, n, "?");
}

void
proc_self(struct usage *u)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	u->cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		 (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* All but the fourth and fifth number (idle, iowait) is work. */
void
proc_machine(struct machine *m)
{
	char text[512], *p = text;
	double x;
	int i;

	*m = (struct machine){ 0 };
	if (slurp("/proc/stat", text, sizeof text) < 0 ||
	    strncmp(text, "cpu ", 4) != 0)
		return;
	p += 4;
	for (i = 0; i < 8; i++) {
		x = (double)strtoull(p, &p, 10);
		m->all += x;
		if (i != 3 && i != 4)
			m->busy += x;
	}
}
