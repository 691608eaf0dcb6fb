// SPDX-License-Identifier: GPL-2.0-only
/*
 * The range of an mmu_gather, which is what will be flushed: it covers all that
 * was unmapped.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/process.h"

/**
 * struct gather_row - a range that is unmapped
 * @name: what is special
 * @flush: tells the mmu_gather of the range
 * @size: how long it is
 */
struct gather_row {
	const char *name;
	void (*flush)(struct mmu_gather *tlb, unsigned long address,
		      unsigned long size);
	unsigned long size;
};

static void gather_ptes(struct mmu_gather *tlb, unsigned long address,
			unsigned long size)
{
	tlb_flush_pte_range(tlb, address, size);
}

static void gather_pmds(struct mmu_gather *tlb, unsigned long address,
			unsigned long size)
{
	tlb_flush_pmd_range(tlb, address, size);
}

static void gather_puds(struct mmu_gather *tlb, unsigned long address,
			unsigned long size)
{
	tlb_flush_pud_range(tlb, address, size);
}

static const struct gather_row gather_rows[] = {
	{ "a page", gather_ptes, PAGE_SIZE },
	{ "a huge page", gather_pmds, PMD_SIZE },
	{ "a huge page of a PUD", gather_puds, PUD_SIZE },
	{ "PTEs of 4 GiB", gather_ptes, SZ_4G },
	{ "PTEs of more than 4 GiB", gather_ptes, SZ_4G + PAGE_SIZE },
	{ "PMDs of more than 4 GiB", gather_pmds, SZ_4G + PMD_SIZE },
	{ "PUDs of more than 4 GiB", gather_puds, SZ_4G + PUD_SIZE },
};

/* An mm, if a gather is about what is added to it, and not about all of the mm. */
static struct mm_struct *gather_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct mmu_gather tlb;
	bool all;

	tlb_gather_mmu(&tlb, mm);
	all = tlb.fullmm;
	tlb_finish_mmu(&tlb);
	if (all)
		kunit_skip(test, "the tree is told the range of a flush before");
	return mm;
}

/*
 * "mm/mmu_gather: fix flushing ranges with 4 GiB or larger", 6.12.118: the size
 * of the range was an unsigned int, and only what was left of it was flushed.
 */
static void gather_flushes_all_of_a_range(struct kunit *test)
{
	struct mm_struct *mm = gather_mm(test);
	struct mmu_gather *tlb;
	int i;

	tlb = kunit_kzalloc(test, sizeof(*tlb), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tlb);
	for (i = 0; i < ARRAY_SIZE(gather_rows); i++) {
		const struct gather_row *row = &gather_rows[i];
		unsigned long start, end;

		tlb_gather_mmu(tlb, mm);
		row->flush(tlb, MM_KUNIT_BASE, row->size);
		start = tlb->start;
		end = tlb->end;
		tlb_finish_mmu(tlb);
		KUNIT_EXPECT_EQ_MSG(test, start, MM_KUNIT_BASE, "%s",
				    row->name);
		KUNIT_EXPECT_EQ_MSG(test, end, MM_KUNIT_BASE + row->size, "%s",
				    row->name);
	}
}

static void gather_flushes_what_lies_between_two_ranges(struct kunit *test)
{
	struct mm_struct *mm = gather_mm(test);
	unsigned long low = MM_KUNIT_BASE, high = low + 2 * SZ_4G;
	unsigned long start, end;
	struct mmu_gather *tlb;

	tlb = kunit_kzalloc(test, sizeof(*tlb), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tlb);
	tlb_gather_mmu(tlb, mm);
	tlb_flush_pte_range(tlb, high, PAGE_SIZE);
	tlb_flush_pte_range(tlb, low, PAGE_SIZE);
	start = tlb->start;
	end = tlb->end;
	tlb_finish_mmu(tlb);
	KUNIT_EXPECT_EQ(test, start, low);
	KUNIT_EXPECT_EQ(test, end, high + PAGE_SIZE);
}

static struct kunit_case mmu_gather_cases[] = {
	KUNIT_CASE(gather_flushes_all_of_a_range),
	KUNIT_CASE(gather_flushes_what_lies_between_two_ranges),
	{}
};

static struct kunit_suite mmu_gather_suite = {
	.name = "mmu_gather",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = mmu_gather_cases,
};

kunit_test_suite(mmu_gather_suite);

MODULE_DESCRIPTION("KUnit tests for the range of an mmu_gather");
MODULE_LICENSE("GPL");
