/*
 * libcurl: see libcurl.h. The table is a static, as the library itself is one
 * of its process. It is never unloaded: threads that resolve a name may
 * outlive their request.
 */
#include "libcurl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "banned.h"

const struct libcurl *
curl(void)
{
	static struct libcurl table;
	static bool loaded;
	void *lib, *f;

	if (loaded)
		return &table;
	lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return NULL;
		/* ISO C has no way from an object's address to a function's */
#define LOAD(name)                     \
	f = dlsym(lib, "curl_" #name); \
	if (f == NULL)                 \
		return NULL;           \
	memcpy(&table.name, &f, sizeof(f));
	LIBCURL_CALLS(LOAD)
#undef LOAD
	loaded = true;
	return &table;
}
