/* names: see names.h. */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "msg.h"

#include "banned.h"

#define FILE_MAX 65536 /* bytes of a file of names */

static struct name *
find(struct names *all, const char *name)
{
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return &all->list[i];
	return NULL;
}

/* Raises the role of a name that is known. False: it isn't. */
static bool
raise_role(struct names *all, const char *name, enum role role, bool given)
{
	struct name *e = find(all, name);

	if (!e)
		return false;
	if (e->role < role)
		e->role = (unsigned char)role;
	if (e->acts < role)
		e->acts = (unsigned char)role;
	if (given && !e->given)
		e->given = true;
	return true;
}

static void
add(struct gateway *g, const char *name, enum role role, bool given)
{
	struct names *all = shared_names(g);
	struct name *e;

	if (raise_role(all, name, role, given) || all->n == NAMES_MAX)
		return;
	shared_lock(g);
	/* another worker may have been here first */
	if (!raise_role(all, name, role, given) && all->n < NAMES_MAX) {
		e = &all->list[all->n];
		memcpy(e->name, name, strlen(name) + 1);
		e->role = e->acts = (unsigned char)role;
		e->given = given;
		if (skeleton_of(name, strlen(name), e->skeleton) == 0)
			all->n++;
	}
	shared_unlock(g);
}

void
names_add(struct gateway *g, const char *name, enum role role)
{
	if (role_is_staff(role))
		add(g, name, role, false);
}

void
names_come(struct gateway *g, const struct ident *who)
{
	struct name *e = who->known ? find(shared_names(g), who->name) : NULL;

	names_add(g, who->name, who->role);
	if (e)
		e->acts = (unsigned char)who->role;
}

void
names_learn(struct gateway *g, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "role");
	enum role role;

	if (!m || m->kind != JSON_STRING ||
	    role_parse(m->val + 1, m->vallen - 2, &role) < 0 ||
	    !role_is_staff(role))
		return;
	m = NULL;
	if (ev->type == EVENT_CHAT)
		m = json_get(&ev->doc, "user");
	else if (ev->type == EVENT_GIFT)
		m = json_get(&ev->doc, "from");
	else if (bus_is_control(ev))
		m = json_get(&ev->doc, "by");
	buf_reset(&g->text);
	if (m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	    event_name_valid(g->text.p, g->text.len))
		names_add(g, g->text.p, role);
}

enum role
names_role(struct gateway *g, const char *name)
{
	const struct name *e = find(shared_names(g), name);

	return e ? (enum role)e->acts : ROLE_VIEWER;
}

bool
names_is_taken(struct gateway *g, const struct ident *who, const char *name)
{
	const struct names *all = shared_names(g);
	char skeleton[SKELETON_MAX];
	const struct name *e;
	unsigned i;

	if (!all->n)
		return false;
	if (skeleton_of(name, strlen(name), skeleton) < 0)
		return true;
	for (i = 0; i < all->n; i++) {
		e = &all->list[i];
		if (who->role >= (enum role)e->role ||
		    strcmp(e->skeleton, skeleton) != 0)
			continue;
		/* a token has shown that the very name is his */
		if (strcmp(e->name, name) != 0 || (e->given && !who->known))
			return true;
	}
	return false;
}

/* --- --protect ---------------------------------------------------------- */

/* The option's value, or what is in the file that it names. */
static int
read_list(const char *value, struct buf *out)
{
	ssize_t n = 1;
	int fd;

	if (!strchr(value, '/'))
		return buf_adds(out, value);
	fd = open(value, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	while (n > 0 && out->len < FILE_MAX &&
	       buf_reserve(out, FILE_MAX - out->len) == 0) {
		n = read(fd, out->p + out->len, FILE_MAX - out->len);
		if (n > 0)
			out->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (out->cap)
		out->p[out->len] = '\0';
	close(fd);
	if (out->len == FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	return n < 0 ? -1 : 0;
}

int
names_open(struct gateway *g)
{
	static const char between[] = ", \t\r\n";
	char name[EVENT_NAME_MAX + 1];
	struct buf list;
	const char *p;
	size_t n;
	int rc = 0;

	if (!g->protect)
		return 0;
	buf_init(&list, FILE_MAX);
	if (read_list(g->protect, &list) < 0) {
		msg_err("protect: %s: %s", g->protect, strerror(errno));
		rc = -1;
	}
	for (p = list.p; rc == 0 && *(p += strspn(p, between)); p += n) {
		n = strcspn(p, between);
		if (!event_name_valid(p, n)) {
			msg_err("protect: %.*s: not a username",
			    n > 60 ? 60 : (int)n, p);
			rc = -1;
			break;
		}
		memcpy(name, p, n);
		name[n] = '\0';
		add(g, name, ROLE_MODERATOR, true);
	}
	buf_release(&list);
	return rc;
}
