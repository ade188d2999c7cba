/* json once more, with the scanner of machines that have no SSE2. */
#include <errno.h>

#include "tap.h"

#define JSON_PORTABLE
#define parse scan_text /* the tests have their own */
#define nested scan_nested
#include "../../lib/json.c" /* NOLINT(bugprone-suspicious-include) */
#undef parse
#undef nested
#include "json.c" /* NOLINT(bugprone-suspicious-include) */
