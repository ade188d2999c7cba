/*
 * looks: letters that people put in place of a to z and that ICU's table of
 * confusables doesn't take for them: small capitals, letters upside down, and
 * Greek, Cyrillic and other ones that remind of a letter rather than equal it.
 * A table of its own, since it only grows by data.
 */
#include "normalise.h"

#include <stddef.h>

#include "../banned.h"

const struct norm_look norm_looks[] = {
	{ 'a', "ᴀɐᗩⱥ" },
	{ 'b', "ʙβвьþᗷ" },
	{ 'c', "ɔƈςᑕ" },
	{ 'd', "ᴅðᗪ" },
	{ 'e', "ᴇɛεꞓəǝΣ" },
	{ 'f', "ꜰɟ" },
	{ 'g', "ɢԍƃ" },
	{ 'h', "ʜнɥᕼ" },
	{ 'i', "ᴉ" },
	{ 'j', "ᴊᒍ" },
	{ 'k', "ĸᴋκкқʞⱪ" },
	{ 'l', "ʟɬᒪӏӀ" },
	{ 'm', "ᴍмΜᗰ" },
	{ 'n', "ɴŋɲᑎ" },
	{ 'p', "ᴘ" },
	{ 'q', "ɋᑫ" },
	{ 'r', "ʀɾɹᖇ" },
	{ 't', "ᴛτтʈʇ" },
	{ 'u', "ʉμʊ" },
	{ 'v', "ʌᐯ" },
	{ 'w', "ʍωᗯ" },
	{ 'x', "χҳ᙭" },
	{ 'y', "ʎ" },
	{ 'z', "ζᘔ" },
	{ 0, NULL },
};
