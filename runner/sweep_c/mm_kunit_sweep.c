// SPDX-License-Identifier: GPL-2.0-only
/*
 * A check that fails on purpose.
 *
 * `mmkunit sweep` lays this into its stage beside the suites, has KUnit ask it
 * at every expectation and assertion, and writes mm_kunit_sweep_table.h: which
 * case fails at which of them. Only what a case itself checks counts, not what
 * the fixture's init and exit functions do, nor KUnit for itself.
 */
#include <kunit/test.h>
#include <linux/printk.h>
#include <linux/string.h>

static const struct {
	const char *suite;
	const char *name;
	int nth;
	bool ends;
} table[] = {
#include "mm_kunit_sweep_table.h"
	{ }
};

/* Of the case that runs; @suite is NULL when none does. */
static struct {
	const char *suite;
	int checks;
	int fails_at;
	bool ends;
} now;

void mm_kunit_sweep_begin(struct kunit *test, const char *suite)
{
	int i;

	now.checks = 0;
	now.fails_at = 0;
	for (i = 0; table[i].suite; i++) {
		if (strcmp(table[i].suite, suite) ||
		    strcmp(table[i].name, test->name))
			continue;
		now.fails_at = table[i].nth;
		now.ends = table[i].ends;
	}
	now.suite = suite;
}

void mm_kunit_sweep_end(struct kunit *test)
{
	if (now.suite)
		pr_info("mm_kunit_sweep %s.%s %d checks\n", now.suite,
			test->name, now.checks);
	now.suite = NULL;
}

/* Where the case is to end it does so at its next check, when KUnit has told. */
bool mm_kunit_sweep_passes(struct kunit *test, const char *file)
{
	if (!now.suite || strstr(file, "lib/kunit/"))
		return true;
	now.checks++;
	if (now.ends && now.fails_at && now.checks == now.fails_at + 1)
		kunit_try_catch_throw(&test->try_catch);
	if (now.checks != now.fails_at)
		return true;
	pr_info("mm_kunit_sweep %s.%s fails at %d\n", now.suite, test->name,
		now.checks);
	return false;
}
