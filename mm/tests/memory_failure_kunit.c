// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of memory that has failed: nobody may read it, and nobody may be
 * given other content in its place.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thp.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/**
 * struct failed_hugetlb - a hugetlb file whose first page has failed
 * @file: the file, of two huge pages
 * @mm: two mms that mapped both before
 * @pfn: its first pfn; the one behind it has failed
 */
struct failed_hugetlb {
	struct file *file;
	struct mm_struct *mm[2];
	unsigned long pfn;
};

static struct failed_hugetlb failed_hugetlb_file(struct kunit *test)
{
	struct failed_hugetlb f = {
		.file = mm_kunit_hugetlb_file(test, 2 * PMD_SIZE),
	};
	int i;

	for (i = 0; i < 2; i++) {
		f.mm[i] = mm_kunit_map_new(test, f.file, BASE, 2 * PMD_SIZE, RW,
					   MAP_SHARED, 0);
		mm_kunit_write(test, f.mm[i], BASE, mm_kunit_content(0));
		mm_kunit_write(test, f.mm[i], BASE + PMD_SIZE,
			       mm_kunit_content(1));
	}
	f.pfn = page_to_pfn(mm_kunit_page_at(f.mm[0], BASE));
	KUNIT_EXPECT_EQ(test, memory_failure(f.pfn + 1, MF_SW_SIMULATED), 0);
	return f;
}

/* Nobody maps the page or has it in a file any more: it can be used again. */
static void failed_hugetlb_repair(struct kunit *test, struct failed_hugetlb *f)
{
	struct mm_kunit *fx = test->priv;
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_put_files(test);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, unpoison_memory(f->pfn), 0);
}

/*
 * 8625147cafaa ("hugetlbfs: don't delete error page from pagecache"): the next
 * fault of whoever did not map the page before was given a fresh page of zeroes.
 */
static void failed_hugetlb_page_stays_failed_for_all(struct kunit *test)
{
	struct failed_hugetlb f = failed_hugetlb_file(test);
	struct mm_struct *later[2];
	u64 value = 0;
	int i;

	later[0] = mm_kunit_map_new(test, f.file, BASE, 2 * PMD_SIZE, RW,
				    MAP_SHARED, 0);
	later[1] = mm_kunit_map_new(test, f.file, BASE, 2 * PMD_SIZE, RW,
				    MAP_PRIVATE, 0);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_load(f.mm[i], BASE, &value),
				    -EFAULT, "mm %d", i);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_load(later[i], BASE, &value),
				    -EFAULT, "later mm %d", i);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_store(later[i], BASE, 1),
				    -EFAULT, "later mm %d", i);
	}
	failed_hugetlb_repair(test, &f);
}

/* Only a huge page fails, not the file. */
static void next_hugetlb_page_of_file_stays(struct kunit *test)
{
	struct failed_hugetlb f = failed_hugetlb_file(test);
	int i;

	for (i = 0; i < 2; i++) {
		u64 value = 0;

		mm_kunit_load(f.mm[i], BASE + PMD_SIZE, &value);
		KUNIT_EXPECT_EQ(test, value, mm_kunit_content(1));
	}
	failed_hugetlb_repair(test, &f);
}

/* A hole takes the page out of the file, and the file is whole again. */
static void hole_takes_failed_hugetlb_page_out(struct kunit *test)
{
	struct failed_hugetlb f = failed_hugetlb_file(test);
	struct mm_struct *later;
	u64 value = 1;

	KUNIT_EXPECT_EQ(test, mm_kunit_punch_hole(f.file, 0, PMD_SIZE), 0L);
	later = mm_kunit_map_new(test, f.file, BASE, 2 * PMD_SIZE, RW,
				 MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(later, BASE, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0ULL);
	failed_hugetlb_repair(test, &f);
}

/*
 * 841a8bfcbad9 ("mm: prevent poison consumption when splitting THP"): a split
 * reads each page to see whether it is all zero and can do without memory, also
 * one that has failed, and it maps the zero page in place of that.
 */
static void split_keeps_failed_page_of_zeroes(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 1);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(3));
	struct page *after;

	SetPageHWPoison(page);
	KUNIT_EXPECT_EQ(test, mm_kunit_split_folio(mm_kunit_page_at(mm, BASE)),
			0);
	after = mm_kunit_page_at(mm, mm_kunit_addr(3));
	ClearPageHWPoison(page);
	KUNIT_EXPECT_PTR_EQ(test, after, page);
	mm_kunit_expect_pages(test, mm, 1);
}

/*
 * cff47b9e39a6 ("mm/huge_memory: fix NULL pointer deference when splitting
 * folio"): what splits a page that has failed asked its file how far it may be
 * split, where a hole had taken it out of the file. Without the fix this case
 * crashes the kernel, so it is the last one.
 */
static void split_refuses_folio_that_left_its_file(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct folio *folio;
	struct file *file;
	int ret, order = 0;

	mm_kunit_map_file_thp(test, mm, 4 * PAGE_SIZE);
	file = mm_kunit_vma(mm[0], BASE)->vm_file;
	folio = page_folio(mm_kunit_page_at(mm[0], BASE));
	folio_get(folio);
	ret = mm_kunit_punch_hole(file, 0, PMD_SIZE);
	if (!ret) {
		folio_lock(folio);
		order = min_order_for_split(folio);
		ret = split_folio(folio);
		folio_unlock(folio);
	}
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	/* It may say that there is none, and must not say that there is one. */
	KUNIT_EXPECT_LE(test, order, 0);
}

static struct kunit_case memory_failure_cases[] = {
	KUNIT_CASE(failed_hugetlb_page_stays_failed_for_all),
	KUNIT_CASE(next_hugetlb_page_of_file_stays),
	KUNIT_CASE(hole_takes_failed_hugetlb_page_out),
	KUNIT_CASE(split_keeps_failed_page_of_zeroes),
	KUNIT_CASE(split_refuses_folio_that_left_its_file),
	{}
};

static struct kunit_suite memory_failure_suite = {
	.name = "memory_failure",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = memory_failure_cases,
};

kunit_test_suite(memory_failure_suite);

MODULE_DESCRIPTION("KUnit tests for memory that has failed");
MODULE_LICENSE("GPL");
