// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap() of hugetlb mappings: every huge page is where the mapping is, as far
 * from its start as before, whatever page tables the mapping has or has not.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/pages.h"
#include "lib/process.h"

#define BASE MM_KUNIT_BASE
#define TO (4 * BASE)
#define RW (PROT_READ | PROT_WRITE)

/* A private mapping with one huge page, at @offset, moves to @to. */
static void mremap_moves_page(struct kunit *test, unsigned long from,
			      unsigned long len, unsigned long offset,
			      unsigned long to)
{
	struct file *file = mm_kunit_hugetlb_file(test, len);
	struct mm_struct *mm;
	struct page *page;
	long ret;

	mm = mm_kunit_map_new(test, file, from, len, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, from + offset, 42);
	page = mm_kunit_page_at(mm, from + offset);
	ret = mm_kunit_mremap(mm, from, len, to);
	KUNIT_EXPECT_EQ_MSG(test, ret, (long)to, "%lu MiB", len >> 20);
	KUNIT_EXPECT_PTR_EQ_MSG(test, mm_kunit_page_at(mm, to + offset), page,
				"%lu MiB", len >> 20);
	KUNIT_EXPECT_NULL(test, mm_kunit_page_at(mm, from + offset));
}

/*
 * move_hugetlb_page_tables() said how much it had moved in an int: of 4 GiB
 * that was nothing, so mremap() failed, and moved back as much.
 */
static void mremap_of_gigabytes_moves_last_page(struct kunit *test)
{
	static const unsigned int gigabytes[] = { 1, 2, 4, 5 };
	int i;

	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "there are no gigabytes to map");
	for (i = 0; i < ARRAY_SIZE(gigabytes); i++) {
		unsigned long len = (unsigned long)gigabytes[i] << 30;

		mremap_moves_page(test, BASE, len, len - PMD_SIZE, TO);
	}
}

/*
 * 9bdad082d44b ("mm/hugetlb: preserve mremap address delta when skipping page
 * tables"): where the old place had no page table, the new address was aligned
 * as the old one was, and all that came behind moved to another offset.
 */
static void mremap_over_hole_keeps_offset(struct kunit *test)
{
	mremap_moves_page(test, BASE, 3 * PUD_SIZE, PUD_SIZE + 5 * PMD_SIZE,
			  TO + 3 * PMD_SIZE);
	mremap_moves_page(test, BASE + 3 * PMD_SIZE, 3 * PUD_SIZE,
			  PUD_SIZE + 5 * PMD_SIZE, TO);
	mremap_moves_page(test, BASE + 7 * PMD_SIZE, 3 * PUD_SIZE,
			  2 * PUD_SIZE + 5 * PMD_SIZE, TO + 3 * PMD_SIZE);
}

/* The same behind a table that was shared, and is unshared and not moved. */
static void mremap_over_shared_table_keeps_offset(struct kunit *test)
{
	unsigned long len = PUD_SIZE + 8 * PMD_SIZE;
	unsigned long last = PUD_SIZE + 5 * PMD_SIZE, to = TO + 3 * PMD_SIZE;
	struct file *file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	struct mm_struct *keeper = mm_kunit_sharer(test, file, 1);
	struct mm_struct *mm;
	struct page *page;

	mm = mm_kunit_map_new(test, file, BASE, len, RW, MAP_SHARED, 0);
	mm_kunit_write(test, mm, BASE, 1);
	mm_kunit_write(test, mm, BASE + last, 2);
	page = mm_kunit_page_at(mm, BASE + last);
	KUNIT_ASSERT_EQ(test, mm_kunit_owners(test, keeper, BASE), 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_mremap(mm, BASE, len, to), (long)to);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, keeper, BASE), 1);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, to + last), page);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, to), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, to + last), 2ULL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static struct kunit_case hugetlb_mremap_cases[] = {
	KUNIT_CASE(mremap_over_hole_keeps_offset),
	KUNIT_CASE(mremap_over_shared_table_keeps_offset),
	KUNIT_CASE(mremap_of_gigabytes_moves_last_page),
	{}
};

static struct kunit_suite hugetlb_mremap_suite = {
	.name = "hugetlb_mremap",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_mremap_cases,
};

kunit_test_suite(hugetlb_mremap_suite);

MODULE_DESCRIPTION("KUnit tests for mremap() of hugetlb mappings");
MODULE_LICENSE("GPL");
