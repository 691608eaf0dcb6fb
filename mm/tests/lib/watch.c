// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchpoints, see watch.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/kconfig.h>

#include "watch.h"

/**
 * mm_kunit_require_watch() - skip a case if the machine has no watchpoints
 * @test: the case
 */
void mm_kunit_require_watch(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HAVE_HW_BREAKPOINT))
		kunit_skip(test, "the machine has no watchpoints");
}

static void mm_kunit_stop_watch(void *watch)
{
	unregister_wide_hw_breakpoint((struct perf_event * __percpu *)watch);
}

/**
 * mm_kunit_watch() - be called behind each store to a place, on any CPU
 * @test: the case, with which the watch ends
 * @addr: the place
 * @len: HW_BREAKPOINT_LEN_*; @addr is a multiple of it
 * @store: called in the context of an exception, so that it only looks and
 *	counts
 * @context: @store gets it by mm_kunit_watch_context()
 *
 * Return: what mm_kunit_unwatch() takes
 */
void *mm_kunit_watch(struct kunit *test, void *addr, int len,
		     perf_overflow_handler_t store, void *context)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.pinned = 1,
		.sample_period = 1,
		.bp_addr = (unsigned long)addr,
		.bp_len = len,
		.bp_type = HW_BREAKPOINT_W,
	};
	void *watch = (__force void *)
		register_wide_hw_breakpoint(&attr, store, context);
	int ret;

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_OR_NULL(watch), "no watchpoint");
	ret = kunit_add_action_or_reset(test, mm_kunit_stop_watch, watch);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return watch;
}

/**
 * mm_kunit_unwatch() - end a watch before the case ends
 * @test: the case
 * @watch: what mm_kunit_watch() returned
 */
void mm_kunit_unwatch(struct kunit *test, void *watch)
{
	kunit_release_action(test, mm_kunit_stop_watch, watch);
}
