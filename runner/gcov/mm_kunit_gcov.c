// SPDX-License-Identifier: GPL-2.0-only
/*
 * gcov's counters on the console, for kernels that never get to userspace.
 *
 * `mmkunit cover` lays this into its stage beside the suites, and reads what it
 * prints: a line with the name of a .gcda file, its bytes in hex, a line with
 * their number.
 */
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "../../kernel/gcov/gcov.h"
#include "mm_kunit_gcov.h"

#define MOST	SZ_1M		/* bytes of one .gcda file */
#define A_LINE	32		/* of them on one line of the console */

#ifdef MM_KUNIT_GCOV_ITERATES	/* before 5.13 */
static size_t read_counters(struct gcov_info *info, char *buffer)
{
	struct seq_file seq = { .buf = buffer, .size = MOST };
	struct gcov_iterator *iter = gcov_iter_new(info);

	if (!iter)
		return 0;
	do {
		gcov_iter_write(iter, &seq);
	} while (!gcov_iter_next(iter));
	gcov_iter_free(iter);
	return seq.count;
}
#else
static size_t read_counters(struct gcov_info *info, char *buffer)
{
	if (convert_to_gcda(NULL, info) > MOST)
		return 0;
	return convert_to_gcda(buffer, info);
}
#endif

void mm_kunit_gcov_dump(void)
{
	struct gcov_info *info = NULL;
	char *buffer = vmalloc(MOST);

	while (buffer && (info = gcov_info_next(info))) {
		size_t at, size = read_counters(info, buffer);

		pr_info("mm_kunit_gcov file %s\n", gcov_info_filename(info));
		for (at = 0; at < size; at += A_LINE)
			pr_info("mm_kunit_gcov %*phN\n",
				(int)min_t(size_t, size - at, A_LINE), buffer + at);
		pr_info("mm_kunit_gcov bytes %zu\n", size);
	}
	vfree(buffer);
}

static int dump_at_reboot(struct notifier_block *unused, unsigned long action,
			  void *data)
{
	mm_kunit_gcov_dump();
	return NOTIFY_DONE;
}

static struct notifier_block dumper = {
	.notifier_call = dump_at_reboot,
	.priority = INT_MAX,
};

static int __init mm_kunit_gcov_init(void)
{
	return register_reboot_notifier(&dumper);
}
late_initcall(mm_kunit_gcov_init);
