/*
 * The bytes are what a server sends: whole frames lie within them, and
 * cutting the input short never makes another frame of it.
 */
#include "../../lib/ws.h"

#include <stdint.h>
#include <stdlib.h>

#include "fuzz.h"

#include "../../lib/banned.h"

#define MAX 4096

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *why = NULL;
	struct ws_frame f, g;

	while (ws_parse(p, size, MAX, &f, &why) == WS_FRAME) {
		if (f.size > size || f.len > MAX || f.size < f.len + 2 ||
		    f.payload + f.len != p + f.size)
			abort();
		if (ws_parse(p, f.size - 1, MAX, &g, &why) != WS_MORE)
			abort();
		if (f.opcode == WS_CLOSE && f.len > 0 &&
		    ws_close_code(f.payload, f.len) == 1005)
			abort();
		p += f.size;
		size -= f.size;
	}
	return 0;
}
