// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous pages that a device has pinned, and the anon_vma that a page has.
 *
 * A process and the device that it gave a page to must go on sharing it,
 * whatever the process and its children do. A page that a process alone has
 * left moves to the anon_vma of that process, so that an rmap walk visits no
 * others.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/rmap.h>

#include "../internal.h"
#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thp.h"

static void pinned_page_stays_with_its_process(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	struct mm_struct *child;

	mm_kunit_expect_device_sees(test, mm, page, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_device_sees(test, mm, page, 0);
	KUNIT_EXPECT_NE(test, mm_kunit_read(test, child, MM_KUNIT_BASE), 0ULL);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_device_sees(test, mm, page, 0);
}

/* The mm maps it by a PMD, later by PTEs, with a child and without one. */
static void pinned_thp_stays_with_its_process(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct page *page =
		mm_kunit_pin(test, thp.mm, mm_kunit_addr(3), FOLL_WRITE);
	struct mm_struct *child;

	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	KUNIT_EXPECT_NE(test, mm_kunit_split_folio(page), 0);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	mm_kunit_keep_pages(test, child, 3, 1);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
	mm_kunit_unmap_pages(test, thp.mm, 0, 3);
	mm_kunit_expect_device_sees(test, thp.mm, page, 3);
}

/* The fork has shared the page. The pin unshares it, and it stays unshared. */
static void pin_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);

	mm_kunit_expect_device_sees(test, mm, page, 0);
	mm_kunit_expect_pages(test, child, 1);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_device_sees(test, mm, page, 0);
}

static void pin_of_thp_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page =
		mm_kunit_pin(test, thp.mm, mm_kunit_addr(2), FOLL_WRITE);

	mm_kunit_expect_device_sees(test, thp.mm, page, 2);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_device_sees(test, thp.mm, page, 2);
}

/*
 * A pin for reading unshares the page as well (a7f226604170 ("mm/gup: trigger
 * FAULT_FLAG_UNSHARE when R/O-pinning a possibly shared anonymous page")).
 */
static void reading_pin_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);

	mm_kunit_expect_device_sees(test, mm, page, 0);
	mm_kunit_expect_pages(test, child, 1);
}

/* After the exit of the child nobody else maps the page: no copy is needed. */
static void reading_pin_after_childs_exit_keeps_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0),
			    page);
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(page));
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).write);
	mm_kunit_expect_device_sees(test, mm, page, 0);
}

static void reading_pin_of_thp_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(2), 0);

	mm_kunit_expect_device_sees(test, thp.mm, page, 2);
	mm_kunit_expect_pages(test, child, 4);
}

static struct anon_vma *anon_vma_at(struct mm_struct *mm, unsigned long addr)
{
	return mm_kunit_vma(mm, addr)->anon_vma;
}

static void reuse_moves_page_to_own_anon_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(page_folio(page)),
			    anon_vma_at(mm, MM_KUNIT_BASE));
	mm_kunit_exit_mm(test, mm);
	mm_kunit_expect_reused(test, child, 0);
	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(page_folio(page)),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

static void reuse_moves_thp_to_own_anon_vma(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, thp.mm);
	mm_kunit_expect_reused(test, child, 1);
	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(thp.folio),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

/* The child writes first. The page stays with the anon_vma of the parent. */
static void copy_leaves_page_with_its_anon_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	struct page *copy;

	mm_kunit_expect_copied(test, child, 0);
	copy = mm_kunit_page_at(child, MM_KUNIT_BASE);
	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(page_folio(page)),
			    anon_vma_at(mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_vma_reaches(mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_anon_vma_reaches(child, MM_KUNIT_BASE));
	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(page_folio(copy)),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

static void copy_leaves_thp_with_its_anon_vma(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_expect_copied(test, child, 1);
	KUNIT_EXPECT_PTR_EQ(test, folio_anon_vma(thp.folio),
			    anon_vma_at(thp.mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_anon_vma_reaches(thp.mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_anon_vma_reaches(child, mm_kunit_addr(1)));
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_anon_vma_reaches(child, mm_kunit_addr(2)));
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case gup_pin_cases[] = {
	KUNIT_CASE(pinned_page_stays_with_its_process),
	KUNIT_CASE(pin_after_fork_gets_own_page),
	KUNIT_CASE(reading_pin_after_fork_gets_own_page),
	KUNIT_CASE(reading_pin_after_childs_exit_keeps_page),
	KUNIT_CASE(reuse_moves_page_to_own_anon_vma),
	KUNIT_CASE(copy_leaves_page_with_its_anon_vma),
	KUNIT_CASE(pinned_thp_stays_with_its_process),
	KUNIT_CASE(pin_of_thp_after_fork_gets_own_page),
	KUNIT_CASE(reading_pin_of_thp_after_fork_gets_own_page),
	KUNIT_CASE(reuse_moves_thp_to_own_anon_vma),
	KUNIT_CASE(copy_leaves_thp_with_its_anon_vma),
	{}
};

static struct kunit_suite gup_pin_suite = {
	.name = "gup_pin",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = gup_pin_cases,
};

kunit_test_suite(gup_pin_suite);

MODULE_DESCRIPTION("KUnit tests for pages that are pinned");
MODULE_LICENSE("GPL");
