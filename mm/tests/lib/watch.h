/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watchpoints: the order of two stores is seen when the first one is made.
 */
#ifndef _MM_KUNIT_WATCH_H
#define _MM_KUNIT_WATCH_H

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>

struct kunit;

/**
 * mm_kunit_watch_context() - what mm_kunit_watch() was given for a store
 * @event: the event of a watchpoint
 */
static inline void *mm_kunit_watch_context(struct perf_event *event)
{
#ifdef CONFIG_PERF_EVENTS
	return event->overflow_handler_context;
#else
	return NULL;
#endif
}

void mm_kunit_require_watch(struct kunit *test);
void *mm_kunit_watch(struct kunit *test, void *addr, int len,
		     perf_overflow_handler_t store, void *context);
void mm_kunit_unwatch(struct kunit *test, void *watch);

#endif /* _MM_KUNIT_WATCH_H */
