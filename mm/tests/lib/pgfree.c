// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables whose freeing waits for RCU, see pgfree.h.
 */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/mm.h>

#include "pgfree.h"

/**
 * mm_kunit_read_for() - be a reader of RCU for a while
 * @ms: for how long, in ms
 *
 * Softirqs run meanwhile, RCU's among them, as they would between two looks.
 *
 * Context: within rcu_read_lock().
 */
void mm_kunit_read_for(int ms)
{
	for (; ms; ms--) {
		mdelay(1);
		local_bh_disable();
		local_bh_enable();
	}
}

/**
 * mm_kunit_expect_freed() - a page table's page has gone back, and just once
 * @test: the case
 * @page: the page, to which the case took a reference while it was in use
 * @what: what it should have been freed by
 *
 * The kernel's count of page tables goes down in the destructor, and tells
 * nothing of the page. The case's reference ends here.
 */
void mm_kunit_expect_freed(struct kunit *test, struct page *page,
			   const char *what)
{
	int refs = page_ref_count(page);

	KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to a page that %s freed",
			    what);
	KUNIT_EXPECT_FALSE_MSG(test, PageTable(page),
			       "what %s freed is still a page table", what);
	if (refs > 0)
		put_page(page);
}
