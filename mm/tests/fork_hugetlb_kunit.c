// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy on write of fork(), for hugetlb folios in private mappings.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/hugetlb.h"
#include "lib/mappings.h"
#include "lib/notified.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"

#define RW (PROT_READ | PROT_WRITE)

/* An mm that maps a hugetlb file privately, and has written to it. */
static struct mm_struct *hugetlb_private_mm(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	KUNIT_ASSERT_TRUE(test, PageAnon(mm_kunit_page_at(mm, MM_KUNIT_BASE)));
	return mm;
}

static void expect_first_word(struct kunit *test, struct mm_struct *mm)
{
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE),
			mm_kunit_content(0));
}

static void fork_shares_private_hugetlb_read_only(struct kunit *test)
{
	struct mm_struct *mm = hugetlb_private_mm(test), *child;
	struct mm_kunit_mappings mappings;
	struct mm_kunit_target t;

	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	mappings = mm_kunit_target_mappings(&t);
	KUNIT_EXPECT_EQ(test, mappings.pmds, 2);
	KUNIT_EXPECT_EQ(test, mappings.writable, 0);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 2);
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), 1 + 2);
	mm_kunit_put_target(&t);
	expect_first_word(test, child);
}

/* The private mapping has only read the page, so it maps that of the file. */
static void fork_shares_hugetlb_file_page_of_private_vma(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *owner = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
						   PUD_SIZE, RW, MAP_SHARED, 0);
	struct mm_struct *mm, *child;
	struct page *page;

	mm_kunit_write(test, owner, MM_KUNIT_BASE, mm_kunit_content(0));
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, mm_kunit_content(1));
	expect_first_word(test, mm);
	page = mm_kunit_page_at(owner, MM_KUNIT_BASE);
	KUNIT_ASSERT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).write);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 3);
	KUNIT_EXPECT_EQ(test, folio_ref_count(page_folio(page)),
			3 + mm_kunit_hugetlb_cache_refs());
	mm_kunit_write(test, child, MM_KUNIT_BASE, mm_kunit_content(7));
	expect_first_word(test, mm);
	expect_first_word(test, owner);
}

/*
 * As for base pages (4eae4efa2c29 ("hugetlb: do early cow when page pinned on
 * src mm")).
 */
static void fork_copies_pinned_private_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = hugetlb_private_mm(test), *child;
	struct page *pin = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(pin)), 1);
	mm_kunit_expect_copied_for_child(test, mm, child, MM_KUNIT_BASE, pin);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case fork_hugetlb_cases[] = {
	KUNIT_CASE(fork_shares_private_hugetlb_read_only),
	KUNIT_CASE(fork_shares_hugetlb_file_page_of_private_vma),
	KUNIT_CASE(fork_copies_pinned_private_hugetlb),
	{}
};

static struct kunit_suite fork_hugetlb_suite = {
	.name = "fork_hugetlb",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = fork_hugetlb_cases,
};

kunit_test_suite(fork_hugetlb_suite);

MODULE_DESCRIPTION("KUnit tests for fork() and hugetlb folios");
MODULE_LICENSE("GPL");
