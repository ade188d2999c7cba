/* cidr: addresses, blocks, and what proxies make of them */
#include "../../lib/cidr.h"

#include <arpa/inet.h>

#include "tap.h"

#include "../../lib/banned.h"

static bool
in(const char *block, const char *addr)
{
	struct in6_addr a;
	struct cidr c;

	return cidr_parse(&c, block, strlen(block)) == 0 &&
	       cidr_addr(&a, addr, strlen(addr)) == 0 && cidr_has(&c, &a);
}

static void
blocks(void)
{
	OK(in("192.0.2.1", "192.0.2.1"));
	OK(!in("192.0.2.1", "192.0.2.2"));
	OK(in("192.0.2.0/24", "192.0.2.255"));
	OK(!in("192.0.2.0/24", "192.0.3.0"));
	OK(in("192.0.2.128/25", "192.0.2.200"));
	OK(!in("192.0.2.128/25", "192.0.2.100"));
	OK(in("0.0.0.0/0", "8.8.8.8"));
	OK(!in("0.0.0.0/0", "2001:db8::1"));
	OK(in("::/0", "8.8.8.8"));
	OK(in("2001:db8::/33", "2001:db8:7fff::1"));
	OK(!in("2001:db8::/33", "2001:db8:8000::1"));
	OK(in("127.0.0.1", "::ffff:127.0.0.1"));
	OK(in("::1/128", "::1"));
}

static void
no_blocks(void)
{
	static const char *const bad[] = { "", "/", "/8", "1.2.3", "1.2.3.4/",
		"1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/ 8", "1.2.3.4/08",
		"1.2.3.4/8/8", "::/129", "::/1280", "localhost", "1.2.3.4 ",
		"[::1]", "fe80::1%lo", "01.2.3.4" };
	struct cidr c;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK_FOR(cidr_parse(&c, bad[i], strlen(bad[i])) < 0, bad[i]);
	OK(cidr_parse(&c, "1.2.3.4\0", 8) < 0);
}

static void
as_proxies_write(void)
{
	static const char *const bad[] = { "", "unknown", "[::1", "[]",
		"[::1]x", "_hidden", "1.2.3.4.5", "::1]", ":" };
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;
	size_t i;

	OK(cidr_addr(&a, "192.0.2.1:80", 12) == 0);
	cidr_format(&a, text);
	IS_STR(text, "192.0.2.1");
	OK(cidr_addr(&a, "[2001:DB8::1]:80", 16) == 0);
	cidr_format(&a, text);
	IS_STR(text, "2001:db8::1");
	OK(cidr_addr(&a, "[::1]", 5) == 0 && cidr_is_loopback(&a));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		OK_FOR(cidr_addr(&a, bad[i], strlen(bad[i])) < 0, bad[i]);
}

static void
sockets(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr un = { .sa_family = AF_UNIX };
	struct in6_addr a;

	v4.sin_addr.s_addr = htonl(0x7f000005);
	OK(cidr_of_socket((struct sockaddr *)&v4, &a));
	OK(cidr_is_loopback(&a));
	IS_INT((int64_t)cidr_subscriber(&a), 16);
	v6.sin6_addr.s6_addr[0] = 0x20;
	OK(cidr_of_socket((struct sockaddr *)&v6, &a));
	OK(!cidr_is_loopback(&a));
	IS_INT((int64_t)cidr_subscriber(&a), 8);
	OK(!cidr_of_socket(&un, &a));
}

int
main(void)
{
	blocks();
	no_blocks();
	as_proxies_write();
	sockets();
	return tap_done();
}
