// SPDX-License-Identifier: GPL-2.0-only
/*
 * What khugepaged collapses when it comes to a VMA by itself.
 *
 * khugepaged collapses memory that is in use. Whether it is, the bits of PTEs
 * and of folios say, and the devices that share the address space.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/khugepaged.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thp.h"

/* The range that becomes a huge page. */
#define WINDOW MM_KUNIT_BASE

#define RW (PROT_READ | PROT_WRITE)

/* How many pages of the range are written. */
#define WRITTEN 8

/* An mm that maps @file, or anonymous memory, by base pages only. */
static struct mm_struct *base_pages_mm(struct kunit *test, struct file *file)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap(test, mm, file, WINDOW, PMD_SIZE, RW,
		      file ? MAP_PRIVATE : MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_NOHUGEPAGE),
			0L);
	mm_kunit_write_pages(test, mm, WRITTEN);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PAGE_SIZE);
	lru_add_drain_all();
	return mm;
}

static void expect_khugepaged_collapses(struct kunit *test,
					struct mm_struct *mm)
{
	int i;

	mm_kunit_show_khugepaged(test, mm, WINDOW, PMD_SIZE);
	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_khugepaged_retracts(mm, WINDOW),
			      "khugepaged collapsed nothing");
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(mm, WINDOW).kind,
			(int)MM_KUNIT_PRESENT);
	mm_kunit_expect_pages(test, mm, WRITTEN);
	for (i = WRITTEN; i < MM_KUNIT_HUGE_NR; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
				0ULL);
}

static void khugepaged_collapses_anonymous_memory(struct kunit *test)
{
	mm_kunit_require_thp(test);
	expect_khugepaged_collapses(test, base_pages_mm(test, NULL));
}

/*
 * f1897f2f08b2 ("mm: khugepaged: fix call hpage_collapse_scan_file() for
 * anonymous vma"): the VMA has a file, so khugepaged looked for the pages in
 * the page cache of /dev/zero, which has none.
 */
static void khugepaged_collapses_private_dev_zero(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = base_pages_mm(test, mm_kunit_dev_zero(test));
	expect_khugepaged_collapses(test, mm);
}

/* The same for MADV_COLLAPSE, which has a look at the VMA of its own. */
static void madv_collapse_collapses_private_dev_zero(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = base_pages_mm(test, mm_kunit_dev_zero(test));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_HUGEPAGE),
			0L);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_COLLAPSE),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PMD_SIZE);
	mm_kunit_expect_pages(test, mm, WRITTEN);
}

/**
 * struct young_device - a device that shares an address space
 * @mn: how khugepaged asks it
 * @mm: the mm
 * @uses: the only page that it uses
 * @asked: how often it was asked of an address in the range
 */
struct young_device {
	struct mmu_notifier mn;
	struct mm_struct *mm;
	unsigned long uses;
	atomic_t asked;
};

static typeof(__mmu_notifier_test_young(NULL, 0))
device_test_young(struct mmu_notifier *mn, struct mm_struct *mm,
		  unsigned long addr)
{
	struct young_device *dev = container_of(mn, struct young_device, mn);

	if (addr >= WINDOW && addr < WINDOW + PMD_SIZE)
		atomic_inc(&dev->asked);
	return (addr & PAGE_MASK) == dev->uses;
}

static const struct mmu_notifier_ops young_device_ops = {
	.test_young = device_test_young,
};

/* An action. */
static void remove_device(void *ctx)
{
	struct young_device *dev = ctx;

	mmu_notifier_unregister(&dev->mn, dev->mm);
}

static struct young_device *add_device(struct kunit *test, struct mm_struct *mm,
				       unsigned long uses)
{
	struct young_device *dev =
		kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->mn.ops = &young_device_ops;
	dev->mm = mm;
	dev->uses = uses;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&dev->mn, mm), 0);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, remove_device, dev), 0);
	return dev;
}

/*
 * 394bfac1c7f7 ("mm/khugepaged: fix the address passed to notifier on testing
 * young"): for each page of the range, the device was asked whether it uses the
 * first one. The process itself has not used its memory for a while here, so
 * the device's page is the only reason to collapse it.
 */
static void khugepaged_collapses_what_a_device_uses(struct kunit *test)
{
	struct young_device *dev;
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = base_pages_mm(test, NULL);
	dev = add_device(test, mm, mm_kunit_addr(5));
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_COLD),
			0L);
	lru_add_drain_all();
	expect_khugepaged_collapses(test, mm);
	KUNIT_EXPECT_GT_MSG(test, atomic_read(&dev->asked), 0,
			    "the device was never asked");
	kunit_release_action(test, remove_device, dev);
}

/* Cases that others rest on come first. */
static struct kunit_case khugepaged_scan_cases[] = {
	KUNIT_CASE(khugepaged_collapses_anonymous_memory),
	KUNIT_CASE(khugepaged_collapses_private_dev_zero),
	KUNIT_CASE(madv_collapse_collapses_private_dev_zero),
	KUNIT_CASE(khugepaged_collapses_what_a_device_uses),
	{}
};

static struct kunit_suite khugepaged_scan_suite = {
	.name = "khugepaged_scan",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = khugepaged_scan_cases,
};

kunit_test_suite(khugepaged_scan_suite);

MODULE_DESCRIPTION("KUnit tests for what khugepaged scans");
MODULE_LICENSE("GPL");
