/* row: joining, leaving and moving at the ends and in the middle. */
#include "../../lib/row.h"

#include "tap.h"

#include "../../lib/banned.h"

struct item {
	int number;
	struct row_link link;
};

/* The numbers in the row, forwards, as digits; -1: backwards they differ. */
static int
digits(const struct row *r)
{
	const struct row_link *l, *back = NULL;
	int n = 0;
	size_t count = 0;

	for (l = r->first; l; back = l, l = l->next) {
		if (l->prev != back || l->in != r)
			return -1;
		n = n * 10 + ROW_ITEM(l, struct item, link)->number;
		count++;
	}
	return r->last == back && count == r->n ? n : -1;
}

int
main(void)
{
	struct item i[4] = { { .number = 1 }, { .number = 2 }, { .number = 3 },
		{ .number = 4 } };
	struct row a = { 0 }, b = { 0 };
	int k;

	IS_INT(digits(&a), 0);
	row_leave(&i[0].link); /* stands in none */
	for (k = 0; k < 4; k++)
		row_join(&a, &i[k].link);
	IS_INT(digits(&a), 1234);
	row_leave(&i[1].link);
	IS_INT(digits(&a), 134);
	row_leave(&i[0].link);
	row_leave(&i[0].link);
	IS_INT(digits(&a), 34);
	row_leave(&i[3].link);
	IS_INT(digits(&a), 3);
	row_join(&b, &i[2].link);
	IS_INT(digits(&a), 0);
	IS_INT(digits(&b), 3);
	row_join(&b, &i[0].link);
	row_join(&b, &i[2].link); /* behind the last one, in its own row */
	IS_INT(digits(&b), 13);
	OK(i[1].link.in == NULL && i[0].link.in == &b);
	return tap_done();
}
