/* cidr: see cidr.h. */
#define _GNU_SOURCE
#include "cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "banned.h"

#define MAPPED 96 /* bits in front of an IPv4 address */

static void
map(struct in6_addr *a, const struct in_addr *v4)
{
	memset(a, 0, sizeof *a);
	a->s6_addr[10] = a->s6_addr[11] = 0xff;
	memcpy(a->s6_addr + 12, v4, 4);
}

/* A bare address of n bytes; *bits gets how many its kind has. */
static int
read_addr(struct in6_addr *a, const char *text, size_t n, unsigned *bits)
{
	char s[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (n >= sizeof s || memchr(text, '\0', n))
		return -1;
	memcpy(s, text, n);
	s[n] = '\0';
	if (inet_pton(AF_INET, s, &v4) == 1) {
		map(a, &v4);
		*bits = 32;
		return 0;
	}
	*bits = 128;
	return inet_pton(AF_INET6, s, a) == 1 ? 0 : -1;
}

int
cidr_parse(struct cidr *c, const char *text, size_t n)
{
	const char *slash = memchr(text, '/', n), *p;
	size_t len = slash ? (size_t)(slash - text) : n;
	unsigned max, bits = 0;

	if (read_addr(&c->addr, text, len, &max) < 0)
		return -1;
	c->bits = 128;
	if (!slash)
		return 0;
	p = slash + 1;
	n -= len + 1;
	if (n < 1 || n > 3 || (n > 1 && *p == '0'))
		return -1;
	for (; n; n--, p++) {
		if (*p < '0' || *p > '9')
			return -1;
		bits = bits * 10 + (unsigned)(*p - '0');
	}
	if (bits > max)
		return -1;
	c->bits = max == 32 ? MAPPED + bits : bits;
	return 0;
}

bool
cidr_has(const struct cidr *c, const struct in6_addr *a)
{
	unsigned whole = c->bits / 8, rest = c->bits % 8, mask;

	if (memcmp(c->addr.s6_addr, a->s6_addr, whole) != 0)
		return false;
	mask = 0xff00u >> rest & 0xff;
	return !rest ||
	       ((c->addr.s6_addr[whole] ^ a->s6_addr[whole]) & mask) == 0;
}

int
cidr_addr(struct in6_addr *a, const char *text, size_t n)
{
	const char *end;
	unsigned bits;

	if (n && *text == '[') {
		end = memchr(text, ']', n);
		if (!end || (end + 1 < text + n && end[1] != ':'))
			return -1;
		return read_addr(a, text + 1, (size_t)(end - text) - 1, &bits);
	}
	end = memchr(text, ':', n);
	if (end && memchr(text, '.', (size_t)(end - text)))
		n = (size_t)(end - text); /* an IPv4 address and a port */
	return read_addr(a, text, n, &bits);
}

bool
cidr_of_socket(const struct sockaddr *sa, struct in6_addr *out)
{
	if (sa->sa_family == AF_INET6) {
		*out = ((const struct sockaddr_in6 *)(const void *)sa)
			   ->sin6_addr;
		return true;
	}
	if (sa->sa_family == AF_INET) {
		map(out,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
		return true;
	}
	memset(out, 0, sizeof *out);
	return false;
}

bool
cidr_is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) ||
	       (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

void
cidr_format(const struct in6_addr *a, char out[INET6_ADDRSTRLEN])
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(a);

	*out = '\0'; /* it can't fail: there is room */
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->s6_addr + 12 : a->s6_addr,
	    out, INET6_ADDRSTRLEN);
}

size_t
cidr_subscriber(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8;
}
