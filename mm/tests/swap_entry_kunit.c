// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap entries: what changes or replaces them finds each of them, and nothing
 * else.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/swap.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/* An mm with two pages that are swapped out. */
static struct mm_struct *swapped_out_mm(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 2);
	mm_kunit_swap_out(test, mm, BASE, 2 * PAGE_SIZE);
	return mm;
}

/*
 * 3d2f78f08cd8 ("mm/mprotect: only reference swap pfn page if type match"): a
 * plain swap entry was taken for one that names a page.
 */
static void mprotect_keeps_swapped_out_pages(struct kunit *test)
{
	struct mm_struct *mm = swapped_out_mm(test);

	KUNIT_EXPECT_EQ(test,
			mm_kunit_mprotect(mm, BASE, 2 * PAGE_SIZE, PROT_READ),
			0L);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(mm, BASE).kind,
			(int)MM_KUNIT_SWAP);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(mm, BASE, 1), -EFAULT);
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(mm, BASE, 2 * PAGE_SIZE, RW),
			0L);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	mm_kunit_expect_pages(test, mm, 2);
}

static void swapoff_brings_pages_back(struct kunit *test)
{
	struct mm_struct *mm = swapped_out_mm(test);

	mm_kunit_swapoff(test);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, mm_kunit_page_at(mm, BASE));
	mm_kunit_expect_pages(test, mm, 2);
}

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
static pud_t swap_gigantic_pud(void)
{
	return pud_mkhuge(pfn_pud(0, PAGE_READONLY));
}
#else
static pud_t swap_gigantic_pud(void)
{
	return __pud(0);
}
#endif

/*
 * 7528c4fb1237 ("mm/swapfile: skip HugeTLB pages for unuse_vma"): in a mapping of
 * gigantic pages, a PUD that maps one was taken for a bad table, and cleared.
 * No guest has memory for such a page: a PUD is written by hand, and taken out
 * again before anything but swapoff() sees it.
 */
static void swapoff_leaves_gigantic_page_alone(struct kunit *test)
{
	unsigned long huge = BASE / 2, addr = huge + PUD_SIZE;
	pud_t gigantic = swap_gigantic_pud(), after, *pud;
	struct mm_struct *mm;
	struct file *file;

	if (!pud_val(gigantic))
		kunit_skip(test,
			   "the case knows no gigantic pages of the arch");
	file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	mm = swapped_out_mm(test);
	mm_kunit_mmap(test, mm, file, huge, 2 * PUD_SIZE, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, huge, mm_kunit_content(3));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm_kunit_vma(mm, huge)->anon_vma);
	pud = mm_kunit_pud(mm, addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pud);
	KUNIT_ASSERT_TRUE(test, pud_none(*pud));

	WRITE_ONCE(*pud, gigantic);
	mm_kunit_swapoff(test);
	after = READ_ONCE(*pud);
	WRITE_ONCE(*pud, __pud(0));
	KUNIT_EXPECT_EQ(test, (u64)pud_val(after), (u64)pud_val(gigantic));
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, huge),
			mm_kunit_content(3));
}

static struct kunit_case swap_entry_cases[] = {
	KUNIT_CASE(mprotect_keeps_swapped_out_pages),
	KUNIT_CASE(swapoff_brings_pages_back),
	KUNIT_CASE(swapoff_leaves_gigantic_page_alone),
	{}
};

static struct kunit_suite swap_entry_suite = {
	.name = "swap_entry",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = swap_entry_cases,
};

kunit_test_suite(swap_entry_suite);

MODULE_DESCRIPTION("KUnit tests for what changes swap entries");
MODULE_LICENSE("GPL");
