/*
 * libcurl: libcurl's functions, loaded when they are first needed. It brings
 * some thirty libraries with it, which would more than double the time that
 * ss-moderate takes to start, for an option that few will use. Only http.c
 * and fetch.c include this.
 */
#ifndef SS_LIBCURL_H
#define SS_LIBCURL_H

#include <curl/curl.h>

/* All that we call, without "curl_" in front. */
/* clang-format off */
#define LIBCURL_CALLS(X) \
	X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_reset) \
	X(easy_setopt) X(easy_strerror) X(free) X(global_cleanup) \
	X(global_init) X(multi_add_handle) X(multi_assign) \
	X(multi_cleanup) X(multi_info_read) X(multi_init) \
	X(multi_perform) X(multi_poll) X(multi_remove_handle) \
	X(multi_setopt) X(multi_socket_action) X(slist_append) \
	X(slist_free_all) X(url) X(url_cleanup) X(url_dup) X(url_get) \
	X(url_set)
/* clang-format on */

struct libcurl {
#define LIBCURL_MEMBER(name) __typeof__(curl_##name) *name;
	LIBCURL_CALLS(LIBCURL_MEMBER)
#undef LIBCURL_MEMBER
};

#define LIBCURL_MISSING "libcurl.so.4 can't be loaded"

/*
 * curl()->easy_init() is curl_easy_init(), and so on. NULL where the library
 * is missing; once it was there, it stays.
 */
const struct libcurl *curl(void);

#endif
