/*
 * recent: see dash.h. The newest lines as they are, in a ring of pointers;
 * what is over the count or the bytes goes, oldest first.
 */
#include <stdlib.h>
#include <string.h>

#include "dash.h"

#include "banned.h"

int
recent_init(struct recent *r, size_t max)
{
	*r = (struct recent){ .max = max, .first = 1, .next = 1 };
	r->line = calloc(max, sizeof *r->line);
	return r->line ? 0 : -1;
}

static void
drop_oldest(struct recent *r)
{
	char **at = &r->line[r->first % r->max];

	r->bytes -= strlen(*at);
	free(*at);
	*at = NULL;
	r->first++;
}

void
recent_release(struct recent *r)
{
	while (r->line && r->first < r->next)
		drop_oldest(r);
	free(r->line);
	r->line = NULL;
}

uint64_t
recent_add(struct recent *r, const char *line, size_t n)
{
	char *copy, *p;

	if (n > LINE_SHOWN_MAX || memchr(line, '\0', n))
		return 0;
	copy = malloc(n + 1);
	if (!copy)
		return 0;
	memcpy(copy, line, n);
	copy[n] = '\0';
	/* white space in JSON, but the end of a line in an event stream */
	for (p = copy; (p = strchr(p, '\r')) != NULL;)
		*p = ' ';
	while (r->first < r->next &&
	       (r->next - r->first >= r->max || r->bytes + n > RECENT_BYTES))
		drop_oldest(r);
	r->line[r->next % r->max] = copy;
	r->bytes += n;
	return r->next++;
}

bool
recent_says(const char *line, const char *key, const char *value)
{
	size_t k = strlen(key), n = strlen(value);
	const char *p = line;

	while ((p = strstr(p, key)) != NULL) {
		p += k;
		p += strspn(p, " \t");
		if (*p != ':')
			continue;
		p++;
		p += strspn(p, " \t");
		if (*p == '"' && strncmp(p + 1, value, n) == 0 &&
		    p[n + 1] == '"')
			return true;
	}
	return false;
}

const char *
recent_at(const struct recent *r, uint64_t position)
{
	return r->line[position % r->max];
}
