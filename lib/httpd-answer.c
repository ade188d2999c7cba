/* httpd-answer: see httpd-impl.h. The words of an answer. */
#include <string.h>

#include "httpd-impl.h"
#include "json.h"

#include "banned.h"

static const char *
phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} all[] = { { 200, "OK" }, { 204, "No Content" },
		{ 304, "Not Modified" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 409, "Conflict" }, { 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 421, "Misdirected Request" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" } };
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].status == status)
			return all[i].phrase;
	return status >= 500 ? "Internal Server Error" : "Error";
}

void
httpd_head(struct buf *out, int status, const char *type)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", status, phrase(status));
	if (type) /* made for this request: nobody is to keep it, or guess */
		buf_addf(out,
		    "Content-Type: %s\r\nCache-Control: no-store\r\n"
		    "X-Content-Type-Options: nosniff\r\n",
		    type);
}

void
httpd_error(struct httpd_conn *c, int status, const char *detail)
{
	const char *word = phrase(status);
	struct buf b;
	char low;

	buf_init(&b, 4096);
	buf_adds(&b, "{\"error\":\"");
	for (; *word; word++) {
		low = *word == ' ' ? '_' : *word;
		if (low >= 'A' && low <= 'Z')
			low = (char)(low - 'A' + 'a');
		buf_addc(&b, low);
	}
	buf_addc(&b, '"');
	if (detail) {
		buf_adds(&b, ",\"detail\":");
		json_write_str(&b, detail, strlen(detail));
	}
	buf_adds(&b, "}\n");
	httpd_answer(c, status, "application/json", NULL, b.p, b.len);
	buf_release(&b);
}
