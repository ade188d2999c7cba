/* cidr: what is taken for an address can be written, and read as the same. */
#include "../../lib/cidr.h"

#include <stdint.h>
#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	char out[INET6_ADDRSTRLEN];
	struct in6_addr a, b;
	struct cidr c;

	if (cidr_addr(&a, text, n) == 0) {
		cidr_format(&a, out);
		check(cidr_addr(&b, out, strlen(out)) == 0);
		check(memcmp(&a, &b, sizeof a) == 0);
		check(cidr_subscriber(&a) <= sizeof a.s6_addr);
	}
	if (cidr_parse(&c, text, n) == 0) {
		check(c.bits <= 128);
		check(cidr_has(&c, &c.addr));
	}
	return 0;
}
