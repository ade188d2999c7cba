/*
 * default: the model that ships, as part of the program, so that none needs a
 * file. Compiled in the project's top folder. See MODEL.md.
 */
#include "model.h"

#include "../banned.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
	"	.balign 64\n"
	"	.globl model_default\n"
	"	.hidden model_default\n"
	"model_default:\n"
	"	.incbin \"lib/toxic/default.ssm\"\n"
	"9:	.balign 8\n"
	"	.globl model_default_size\n"
	"	.hidden model_default_size\n"
	"model_default_size:\n"
	"	.quad 9b - model_default\n"
	"	.popsection\n");
/* clang-format on */
