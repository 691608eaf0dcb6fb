// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order in which the counts of a folio change, see order.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/hw_breakpoint.h>
#include <linux/mm.h>
#include <linux/perf_event.h>
#include <linux/swap.h>

#include "entry.h"
#include "order.h"
#include "watch.h"

/* In the context of an exception. */
static void mm_kunit_order_store(struct perf_event *bp,
				 struct perf_sample_data *data,
				 struct pt_regs *regs)
{
	struct mm_kunit_order *order = mm_kunit_watch_context(bp);
	int refs = folio_ref_count(order->folio);
	int mapcount = folio_mapcount(order->folio);

	order->stores++;
	if (refs - mapcount >= order->spare)
		return;
	if (!order->wrong++) {
		order->refs = refs;
		order->mapcount = mapcount;
	}
}

static void mm_kunit_order_put(void *order)
{
	folio_put(((struct mm_kunit_order *)order)->folio);
}

/**
 * mm_kunit_watch_order() - watch the counts of the folio at an address
 * @test: the case, which is skipped if the machine has no watchpoints
 * @mm: an mm that maps it
 * @addr: where
 *
 * Who compares the two counts to find references that are unknown to him must
 * never see more mappings than references. So a mapping takes its reference
 * first, and gives it back last. Nothing but mappings may take or give back
 * references meanwhile, but for what is taken first and given back in the end.
 *
 * Return: what mm_kunit_expect_order() takes; it holds a reference to the folio
 */
struct mm_kunit_order *mm_kunit_watch_order(struct kunit *test,
					    struct mm_struct *mm,
					    unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr);
	bool pmd = mm_kunit_entry_at(mm, addr).size > PAGE_SIZE;
	struct mm_kunit_order *order;
	int ret;

	mm_kunit_require_watch(test);
	KUNIT_ASSERT_NOT_NULL(test, page);
	order = kunit_kzalloc(test, sizeof(*order), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, order);
	lru_add_drain_all();
	order->folio = page_folio(page);
	folio_get(order->folio);
	ret = kunit_add_action_or_reset(test, mm_kunit_order_put, order);
	KUNIT_ASSERT_EQ(test, ret, 0);
	order->spare =
		folio_ref_count(order->folio) - folio_mapcount(order->folio);
	order->watch[0] = mm_kunit_watch(test, mm_kunit_mapcount_ptr(page, pmd),
					 HW_BREAKPOINT_LEN_4,
					 mm_kunit_order_store, order);
	order->watch[1] =
		mm_kunit_watch(test, &folio_page(order->folio, 0)->_refcount,
			       HW_BREAKPOINT_LEN_4, mm_kunit_order_store,
			       order);
	return order;
}

/**
 * mm_kunit_expect_order() - expect that each mapping had its reference
 * @test: the case
 * @order: what mm_kunit_watch_order() returned; it goes away
 * @least: how many stores there were, at least
 */
void mm_kunit_expect_order(struct kunit *test, struct mm_kunit_order *order,
			   int least)
{
	mm_kunit_unwatch(test, order->watch[1]);
	mm_kunit_unwatch(test, order->watch[0]);
	KUNIT_EXPECT_EQ_MSG(test, order->wrong, 0,
			    "%d references for %d mappings and %d others",
			    order->refs, order->mapcount, order->spare);
	KUNIT_EXPECT_GE(test, order->stores, least);
	kunit_release_action(test, mm_kunit_order_put, order);
}
