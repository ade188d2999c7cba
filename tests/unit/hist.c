/* hist: percentiles against a sorted array, within the stated precision. */
#include "../../lib/hist.h"

#include "tap.h"

#include "../../lib/banned.h"

static int
by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
says_nothing_of_nothing(void)
{
	struct hist h = { 0 };

	hist_release(&h);
	IS_INT(hist_init(&h), 0);
	IS_INT(h.n, 0);
	IS_INT(hist_percentile(&h, 0.5), 0);
	IS_INT(hist_upto(&h, 100), 0);
	OK(hist_mean(&h) == 0);
	hist_release(&h);
}

static void
small_values_are_exact(void)
{
	struct hist h;
	int64_t i, bad = 0;

	IS_INT(hist_init(&h), 0);
	for (i = 0; i < 512; i++)
		hist_add(&h, i);
	for (i = 0; i < 512; i++)
		bad += hist_percentile(&h, (double)(i + 1) / 512) != i;
	IS_INT(bad, 0);
	IS_INT(h.min, 0);
	IS_INT(h.max, 511);
	IS_INT(hist_upto(&h, 99), 100);
	IS_INT(hist_upto(&h, 511), 512);
	IS_INT(hist_upto(&h, -1), 0);
	OK(hist_mean(&h) == 255.5);
	hist_release(&h);
}

static void
extremes_fit(void)
{
	struct hist h;

	IS_INT(hist_init(&h), 0);
	hist_add(&h, -5);
	hist_add(&h, INT64_MAX);
	hist_add(&h, INT64_MAX - 1);
	IS_INT(h.min, 0);
	IS_INT(h.max, INT64_MAX);
	IS_INT(hist_percentile(&h, 0), 0);
	IS_INT(hist_percentile(&h, 1), INT64_MAX);
	IS_INT(hist_percentile(&h, 0.5), INT64_MAX);
	hist_release(&h);
}

/* Every power of two and its neighbours: never below, at most 1/256 above. */
static void
edges_keep_the_precision(void)
{
	struct hist h;
	int64_t v, got;
	int e, d, bad = 0;

	for (e = 1; e < 62; e++) {
		for (d = -1; d <= 1; d++) {
			v = ((int64_t)1 << e) + d;
			if (hist_init(&h) < 0)
				abort();
			hist_add(&h, v);
			hist_add(&h, INT64_MAX);
			got = hist_percentile(&h, 0.5);
			bad += got < v || got - v > v / 256;
			hist_release(&h);
		}
	}
	IS_INT(bad, 0);
}

static void
agrees_with_a_sorted_array(void)
{
	enum { N = 100000 };
	static const double q[] = { 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999 };
	int64_t *all = malloc(N * sizeof *all), want, got;
	uint64_t seed = 99, i;
	struct hist h;

	IS_INT(hist_init(&h), 0);
	for (i = 0; i < N; i++) {
		all[i] = (int64_t)(tap_rand(&seed) >>
				   (24 + tap_rand(&seed) % 39));
		hist_add(&h, all[i]);
	}
	qsort(all, N, sizeof *all, by_value);
	IS_INT(h.n, N);
	IS_INT(h.min, all[0]);
	IS_INT(h.max, all[N - 1]);
	for (i = 0; i < sizeof q / sizeof q[0]; i++) {
		want = all[(size_t)(q[i] * N + 0.999999) - 1];
		got = hist_percentile(&h, q[i]);
		OK(got >= want && got - want <= want / 256);
		OK(hist_upto(&h, got) >= (uint64_t)(q[i] * N));
	}
	hist_release(&h);
	free(all);
}

int
main(void)
{
	says_nothing_of_nothing();
	small_values_are_exact();
	extremes_fit();
	edges_keep_the_precision();
	agrees_with_a_sorted_array();
	return tap_done();
}
