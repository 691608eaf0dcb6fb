// SPDX-License-Identifier: GPL-2.0-only
/*
 * reuse_swap_page(), by which trees before 5.18 decided whether a write fault
 * may keep an anonymous page.
 *
 * A count that is too high makes the fault copy a page that a device holds, and
 * the process and the device no longer share it (6d0a07edd17c ("mm: thp:
 * calculate the mapcount correctly for THP pages during WP faults")). A count
 * that is too low lets a process write into the memory of another.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "../lib/entry.h"
#include "../lib/fixture.h"
#include "../lib/folio_counts.h"
#include "../lib/ksm.h"
#include "../lib/mappings.h"
#include "../lib/pages.h"
#include "../lib/process.h"
#include "../lib/swap.h"
#include "../lib/thp.h"

static bool may_reuse_page(struct page *page, int *total)
{
	bool ret;

	lock_page(page);
	ret = reuse_swap_page(page, total);
	unlock_page(page);
	return ret;
}

static void expect_may_reuse(struct kunit *test,
			     struct mm_kunit_folio_counts *c, int i, bool may)
{
	struct page *page = folio_page(c->folio, i);
	int total = -1;

	KUNIT_EXPECT_EQ_MSG(test, may_reuse_page(page, &total), may, "page %d",
			    i);
	/* If the answer is no, the total is not specified. */
	if (may)
		KUNIT_EXPECT_EQ_MSG(test, total, mm_kunit_total_mappings(c),
				    "page %d", i);
	KUNIT_EXPECT_EQ_MSG(test, may_reuse_page(page, NULL), may, "page %d",
			    i);
}

static void reuse_swap_page_takes_page_of_one(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct mm_kunit_folio_counts *c =
		mm_kunit_folio_counts_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_expect_folio_counts(test, c, 0, 1);
	expect_may_reuse(test, c, 0, true);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_folio_counts(test, c, 0, 2);
	expect_may_reuse(test, c, 0, false);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, c, 0, 1);
	expect_may_reuse(test, c, 0, true);
}

/* ksmd may map the page once more at any time. */
static void reuse_swap_page_refuses_ksm_page(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page;

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test,
			   "reuse_swap_page() is no function without swap");
	page = mm_kunit_ksm_merge(test, mm, &ksm);
	get_page(page);
	mm_kunit_exit_mm(test, mm[1]);
	KUNIT_ASSERT_EQ(test, mm_kunit_count_mappings(test->priv, page, 1).ptes,
			1);
	KUNIT_EXPECT_FALSE(test, may_reuse_page(page, NULL));
	put_page(page);
	mm_kunit_ksm_unmerge(test, ksm);
}

static void reuse_swap_page_asks_swap_entries(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct page *page;
	int total = -1;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 1);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, PageSwapCache(page));
	KUNIT_EXPECT_FALSE(test, may_reuse_page(page, &total));
	KUNIT_EXPECT_TRUE(test, PageSwapCache(page));

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_TRUE(test, may_reuse_page(page, &total));
	KUNIT_EXPECT_EQ(test, total, 1);
	KUNIT_EXPECT_FALSE(test, PageSwapCache(page));
	mm_kunit_swapoff(test);
}

static void reuse_swap_page_asks_pmds_of_thp(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	expect_may_reuse(test, thp.counts, 0, true);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 2, 0);
	expect_may_reuse(test, thp.counts, 0, false);
	mm_kunit_split_pmd(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR);
	expect_may_reuse(test, thp.counts, 0, false);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
	expect_may_reuse(test, thp.counts, 0, true);
}

/*
 * Many mms map the huge page, but each has pages of its own, which it may reuse
 * (6d0a07edd17c ("mm: thp: calculate the mapcount correctly for THP pages
 * during WP faults")).
 */
static void reuse_swap_page_takes_thp_none_of_it_twice(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_scattered_thp(test);

	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
	expect_may_reuse(test, thp.counts, 0, true);
	expect_may_reuse(test, thp.counts, 1, true);
	expect_may_reuse(test, thp.counts, MM_KUNIT_HUGE_NR - 1, true);
}

static void reuse_swap_page_asks_every_subpage(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_keep_pages(test, child, MM_KUNIT_HUGE_NR - 1, 1);
	mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR + 1);
	expect_may_reuse(test, thp.counts, 0, false);
	mm_kunit_unmap_pages(test, child, MM_KUNIT_HUGE_NR - 1, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
	expect_may_reuse(test, thp.counts, 0, true);
}

#ifdef CONFIG_THP_SWAP
/* Give a huge page room in swap; the first page's entry goes to @entry. */
static bool add_thp_to_swap(struct page *head, swp_entry_t *entry)
{
	bool added;

	lock_page(head);
	added = add_to_swap(head);
	entry->val = page_private(head);
	unlock_page(head);
	return added;
}

/* Act as one mm more that has swapped a page out, or as one less. */
static void hold_swap_entry(swp_entry_t entry, bool hold)
{
	if (hold)
		swap_duplicate(entry);
	else
		swap_free(entry);
}

static void check_swap_of_every_subpage(struct kunit *test)
{
	const int at[] = { 0, 1, MM_KUNIT_HUGE_NR / 2, MM_KUNIT_HUGE_NR - 1 };
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct page *head = folio_page(thp.folio, 0);
	swp_entry_t first, entry;
	int i, total;

	mm_kunit_split_pmd(test, thp.mm);
	KUNIT_ASSERT_TRUE(test, add_thp_to_swap(head, &first));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		entry = swp_entry(swp_type(first), swp_offset(first) + at[i]);
		hold_swap_entry(entry, true);
		KUNIT_EXPECT_FALSE_MSG(test, may_reuse_page(head, &total),
				       "page %d", at[i]);
		hold_swap_entry(entry, false);
	}
	mm_kunit_unmap_pages(test, thp.mm, MM_KUNIT_HUGE_NR - 1, 1);
	hold_swap_entry(entry, true);
	KUNIT_EXPECT_TRUE(test, may_reuse_page(head + 1, &total));
	KUNIT_EXPECT_EQ(test, total, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_TRUE(test, PageSwapCache(head));
	hold_swap_entry(entry, false);
	KUNIT_EXPECT_TRUE(test, may_reuse_page(head, &total));
	KUNIT_EXPECT_FALSE(test, PageSwapCache(head));
}
#else
static void check_swap_of_every_subpage(struct kunit *test)
{
	kunit_skip(test, "huge pages are not swapped out whole");
}
#endif

/* Of each page its mappings and its swap entries count together. */
static void reuse_swap_page_asks_swap_of_every_subpage(struct kunit *test)
{
	mm_kunit_require_thp(test);
	mm_kunit_swapon(test);
	check_swap_of_every_subpage(test);
	mm_kunit_swapoff(test);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case reuse_swap_page_cases[] = {
	KUNIT_CASE(reuse_swap_page_takes_page_of_one),
	KUNIT_CASE(reuse_swap_page_refuses_ksm_page),
	KUNIT_CASE(reuse_swap_page_asks_swap_entries),
	KUNIT_CASE(reuse_swap_page_asks_pmds_of_thp),
	KUNIT_CASE(reuse_swap_page_takes_thp_none_of_it_twice),
	KUNIT_CASE(reuse_swap_page_asks_every_subpage),
	KUNIT_CASE(reuse_swap_page_asks_swap_of_every_subpage),
	{}
};

static struct kunit_suite reuse_swap_page_suite = {
	.name = "reuse_swap_page",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = reuse_swap_page_cases,
};

kunit_test_suite(reuse_swap_page_suite);

MODULE_DESCRIPTION("KUnit tests for reuse_swap_page()");
MODULE_LICENSE("GPL");
