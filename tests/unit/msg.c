/* msg: foreign text can't write on a terminal, or turn a line around */
#include "../../lib/msg.h"

#include "tap.h"

#include "../../lib/banned.h"

static const struct {
	const char *text, *want;
} cases[] = {
	{ "plain", "plain" },
	{ "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f "
						 "\xf0\x9f\x98\x80" },
	{ "\x1b[2Jgone", "\\x1b[2Jgone" },
	{ "\x07\x7f", "\\x07\\x7f" },
	{ "a\nb\r\tc", "a\\x0ab\\x0d\\x09c" },
	{ "\xc2\x9b\x33m", "\\xc2\\x9b3m" },         /* CSI of C1 */
	{ "\xe2\x80\xaetxt", "\\xe2\\x80\\xaetxt" }, /* to the left */
	{ "\xe2\x81\xa6x", "\\xe2\\x81\\xa6x" },     /* isolates */
	{ "\xd8\x9cx", "\\xd8\\x9cx" },              /* Arabic mark */
	{ "\xe2\x80\xa8x", "\\xe2\\x80\\xa8x" },     /* line separator */
	{ "bad \xff\xc3", "bad \\xff\\xc3" },
};

int
main(void)
{
	char out[64];
	size_t i, n;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		n = msg_escape(
		    cases[i].text, strlen(cases[i].text), out, sizeof out);
		OK_FOR(n == strlen(cases[i].want) &&
			   memcmp(out, cases[i].want, n) == 0,
		    cases[i].want);
	}
	for (i = 0; i < sizeof out; i++) {
		n = msg_escape("\xf0\x9f\x98\x80\x1b\x1b", 6, out, i);
		OK_FOR(n == 0 || n < i, "room");
	}
	return tap_done();
}
