// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write faults on anonymous pages that are mapped read-only after a fork. A
 * page that no other mm can see may be reused, and any other must be copied.
 *
 * A copy that was not needed separates a process from a device that holds the
 * page. A page reused that another mm maps lets the writer change the memory of
 * that mm.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/folio_counts.h"
#include "lib/gup.h"
#include "lib/ksm.h"
#include "lib/mappings.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/swap.h"
#include "lib/thp.h"

/* The file must not see what is written to a private mapping of it. */
static void write_copies_page_of_file(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *shared, *private;
	struct page *page;

	shared = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE,
				  PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	private = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE,
				   PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	mm_kunit_write_pages(test, shared, 1);
	mm_kunit_expect_pages(test, private, 1);
	page = mm_kunit_page_at(private, MM_KUNIT_BASE);
	KUNIT_ASSERT_PTR_EQ(test, page,
			    mm_kunit_page_at(shared, MM_KUNIT_BASE));
	mm_kunit_write(test, private, MM_KUNIT_BASE, mm_kunit_content(99));
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(private, MM_KUNIT_BASE),
			    page);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
	mm_kunit_expect_pages(test, shared, 1);
}

static void write_reuses_page_after_childs_exit(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_reused(test, mm, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

static void write_reuses_page_that_child_unmapped(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_unmap_pages(test, child, 0, 1);
	mm_kunit_expect_reused(test, mm, 0);
	mm_kunit_expect_copied(test, mm, 1);
}

static void write_reuses_page_that_child_copied(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_expect_copied(test, child, 0);
	mm_kunit_expect_pages(test, mm, 1);
	mm_kunit_expect_reused(test, mm, 0);
}

static void write_copies_page_of_two(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_expect_copied(test, mm, 0);
	mm_kunit_expect_pages(test, child, 1);
}

/*
 * Whoever has the reference may map the page into another mm. Before
 * 09854ba94c6a ("mm: do_wp_page() simplification") the fault looked at the
 * mapcount, and reused the page.
 */
static void write_copies_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_kunit_exit_mm(test, child);
	get_page(page);
	mm_kunit_expect_copied(test, mm, 0);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), mm_kunit_content(0));
	put_page(page);
}

/*
 * A reference to an exclusive page cannot come from another mm, so the page may
 * be reused. A pin for reading makes the page exclusive, and leaves it
 * write-protected.
 */
static void write_reuses_exclusive_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);

	mm_kunit_exit_mm(test, child);
	mm_kunit_unpin(test, page);
	KUNIT_ASSERT_FALSE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).write);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	get_page(page);
	mm_kunit_expect_reused(test, mm, 0);
	put_page(page);
}

static void write_copies_ksm_page_of_one(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page = mm_kunit_ksm_merge(test, mm, &ksm);

	mm_kunit_exit_mm(test, mm[1]);
	KUNIT_ASSERT_EQ(test, mm_kunit_count_mappings(test->priv, page, 1).ptes,
			1);
	mm_kunit_expect_copied(test, mm[0], 0);
	mm_kunit_ksm_unmerge(test, ksm);
}

/* The child must read from swap what was swapped out, not what was written. */
static void write_copies_page_that_child_has_in_swap(struct kunit *test)
{
	struct mm_struct *mm, *child;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 2);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, 2 * PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	mm_kunit_expect_copied(test, mm, 0);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(99));
	mm_kunit_expect_pages(test, child, 2);
	mm_kunit_swapoff(test);
}

static void write_reuses_page_back_from_swap(struct kunit *test)
{
	struct mm_struct *mm, *child;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 1);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_reused(test, mm, 0);
	mm_kunit_swapoff(test);
}

static void write_reuses_thp_after_childs_exit(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_reused(test, thp.mm, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(thp.mm, MM_KUNIT_BASE).write);
}

static void write_copies_thp_of_two(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_expect_copied(test, thp.mm, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR - 1);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_expect_copied(test, child, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, thp.mm, mm_kunit_addr(2)),
			mm_kunit_content(2));
}

/* The child maps a single page of it. */
static void write_copies_thp_beside_a_pte(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_keep_pages(test, child, 1, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 1);
	mm_kunit_expect_copied(test, thp.mm, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

static void write_copies_thp_with_a_reference(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, child);
	folio_get(thp.folio);
	mm_kunit_expect_copied(test, thp.mm, 1);
	folio_put(thp.folio);
}

static void write_reuses_exclusive_thp_with_a_reference(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page;

	mm_kunit_exit_mm(test, child);
	page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(1), 0);
	KUNIT_ASSERT_FALSE(test,
			   mm_kunit_entry_at(thp.mm, MM_KUNIT_BASE).write);
	mm_kunit_expect_reused(test, thp.mm, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
	mm_kunit_expect_device_sees(test, thp.mm, page, 1);
}

/* Both map it by PTEs. A page that only one mm maps may be reused or copied. */
static void write_copies_page_of_thp_of_two(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_keep_pages(test, child, 1, MM_KUNIT_HUGE_NR - 1);
	mm_kunit_expect_copied(test, thp.mm, 1);
	mm_kunit_expect_copied(test, child, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(1)),
			mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, thp.mm, mm_kunit_addr(2)),
			mm_kunit_content(2));
}

static void write_reuses_page_of_thp_after_childs_exit(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_reused(test, thp.mm, 1);
	mm_kunit_expect_reused(test, thp.mm, MM_KUNIT_HUGE_NR - 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
}

static void write_copies_page_of_thp_with_a_reference(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_exit_mm(test, child);
	folio_get(thp.folio);
	mm_kunit_expect_copied(test, thp.mm, 1);
	folio_put(thp.folio);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case cow_reuse_cases[] = {
	KUNIT_CASE(write_reuses_page_after_childs_exit),
	KUNIT_CASE(write_reuses_page_that_child_unmapped),
	KUNIT_CASE(write_reuses_page_that_child_copied),
	KUNIT_CASE(write_copies_page_of_two),
	KUNIT_CASE(write_copies_page_with_a_reference),
	KUNIT_CASE(write_reuses_exclusive_page_with_a_reference),
	KUNIT_CASE(write_copies_ksm_page_of_one),
	KUNIT_CASE(write_copies_page_of_file),
	KUNIT_CASE(write_copies_page_that_child_has_in_swap),
	KUNIT_CASE(write_reuses_page_back_from_swap),
	KUNIT_CASE(write_reuses_thp_after_childs_exit),
	KUNIT_CASE(write_copies_thp_of_two),
	KUNIT_CASE(write_copies_thp_beside_a_pte),
	KUNIT_CASE(write_copies_thp_with_a_reference),
	KUNIT_CASE(write_reuses_exclusive_thp_with_a_reference),
	KUNIT_CASE(write_copies_page_of_thp_of_two),
	KUNIT_CASE(write_reuses_page_of_thp_after_childs_exit),
	KUNIT_CASE(write_copies_page_of_thp_with_a_reference),
	{}
};

static struct kunit_suite cow_reuse_suite = {
	.name = "cow_reuse",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = cow_reuse_cases,
};

kunit_test_suite(cow_reuse_suite);

MODULE_DESCRIPTION("KUnit tests for write faults that reuse or copy");
MODULE_LICENSE("GPL");
