/* addr: what is accepted is what was written, and ends within its array. */
#include "../../lib/addr.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *err = NULL;
	char *text = malloc(n + 1);
	struct addr a;

	if (text == NULL)
		return 0;
	if (n > 0)
		memcpy(text, data, n);
	text[n] = '\0';
	if (addr_parse(&a, text, &err) != 0) {
		check(err != NULL && err[0] != '\0');
	} else if (a.kind == ADDR_STD) {
		check(strcmp(text, "-") == 0);
	} else if (a.kind == ADDR_CONNECT) {
		check(strncmp(text, "unix:", 5) == 0);
		check(strcmp(text + 5, a.path) == 0 && a.path[0] != '\0');
	} else if (a.kind == ADDR_LISTEN) {
		check(strncmp(text, "listen:", 7) == 0);
		check(strcmp(text + 7, a.path) == 0 && a.path[0] != '\0');
	}
	free(text);
	return 0;
}
