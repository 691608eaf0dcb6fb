// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wait for the console before a restart, on s390 trees that lose its last lines.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/reboot.h>

#ifdef CONFIG_MM_KUNIT_CONSOLE_LOSES_TAIL
static int mm_kunit_wait_for_console(struct notifier_block *unused,
				     unsigned long action, void *data)
{
	msleep(200);
	return NOTIFY_DONE;
}

static struct notifier_block mm_kunit_console_notifier = {
	.notifier_call = mm_kunit_wait_for_console,
	.priority = INT_MAX,
};

static int __init mm_kunit_console_init(void)
{
	return register_reboot_notifier(&mm_kunit_console_notifier);
}
late_initcall(mm_kunit_console_init);
#endif
