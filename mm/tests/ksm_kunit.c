// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ksmd merges, what it must leave alone, and what it must not lose.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/ksm.h"
#include "lib/pages.h"
#include "lib/process.h"

/*
 * Two mms hold the same in both pages. ksmd may merge the second one, and has
 * then had a look at the first one as well.
 */
#define HELD 0
#define MERGED 1
#define PAGES 2

static void two_mergeable_mms(struct kunit *test, struct mm_struct *mm[2])
{
	int i;

	mm_kunit_require_ksm(test);
	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_anon_mm(test, PAGES);
		KUNIT_ASSERT_EQ(test,
				mm_kunit_madvise(mm[i], MM_KUNIT_BASE,
						 PAGES * PAGE_SIZE,
						 MADV_MERGEABLE),
				0L);
	}
	lru_add_drain_all();
}

/* What is written to the page itself reaches the mm that lent it, and no other. */
static void expect_not_merged(struct kunit *test, struct mm_struct *mm[2],
			      struct page *held)
{
	u64 *to;

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm[0], mm_kunit_addr(HELD)),
			    held);
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(mm[1], mm_kunit_addr(HELD)),
			    held);
	to = page_address(held);
	*to = mm_kunit_content(99);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[0], mm_kunit_addr(HELD)),
			mm_kunit_content(99));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[1], mm_kunit_addr(HELD)),
			mm_kunit_content(HELD));
}

static void ksmd_leaves_pinned_page_alone(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page;

	two_mergeable_mms(test, mm);
	page = mm_kunit_pin(test, mm[0], mm_kunit_addr(HELD), FOLL_WRITE);
	ksm = mm_kunit_ksm_run(test, mm, mm_kunit_addr(MERGED));
	expect_not_merged(test, mm, page);
	mm_kunit_ksm_unmerge(test, ksm);
}

/* An action. */
static void put_held_page(void *page)
{
	put_page(page);
}

/* O_DIRECT holds a page like this where it does not pin it. */
static void ksmd_leaves_referenced_page_alone(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page;
	int ret;

	two_mergeable_mms(test, mm);
	page = mm_kunit_page_at(mm[0], mm_kunit_addr(HELD));
	get_page(page);
	ret = kunit_add_action_or_reset(test, put_held_page, page);
	KUNIT_ASSERT_EQ(test, ret, 0);
	ksm = mm_kunit_ksm_run(test, mm, mm_kunit_addr(MERGED));
	expect_not_merged(test, mm, page);
	kunit_release_action(test, put_held_page, page);
	mm_kunit_ksm_unmerge(test, ksm);
}

/*
 * "mm/ksm: keep soft-dirty when merging a page", of 6.12.118: the PTE that maps
 * the merged page was made anew, and who looks for what was written since it
 * looked last did not find it.
 */
static void merged_page_stays_soft_dirty(struct kunit *test)
{
	unsigned long addr = mm_kunit_addr(MERGED);
	struct mm_kunit_setting *ksm;
	struct mm_kunit_entry entry;
	struct mm_struct *mm[2];
	int i;

	if (!IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		kunit_skip(test, "soft-dirty bits are compiled out");
	two_mergeable_mms(test, mm);
	for (i = 0; i < 2; i++) {
		entry = mm_kunit_entry_at(mm[i], addr);
		KUNIT_ASSERT_TRUE(test, entry.soft_dirty);
	}
	ksm = mm_kunit_ksm_run(test, mm, addr);
	for (i = 0; i < 2; i++) {
		entry = mm_kunit_entry_at(mm[i], addr);
		KUNIT_EXPECT_TRUE_MSG(test, entry.soft_dirty, "mm %d", i);
	}
	mm_kunit_ksm_unmerge(test, ksm);
}

static struct kunit_case ksm_cases[] = {
	KUNIT_CASE(ksmd_leaves_pinned_page_alone),
	KUNIT_CASE(ksmd_leaves_referenced_page_alone),
	KUNIT_CASE(merged_page_stays_soft_dirty),
	{}
};

static struct kunit_suite ksm_suite = {
	.name = "ksm",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = ksm_cases,
};

kunit_test_suite(ksm_suite);

MODULE_DESCRIPTION("KUnit tests for KSM");
MODULE_LICENSE("GPL");
