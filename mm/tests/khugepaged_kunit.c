// SPDX-License-Identifier: GPL-2.0-only
/*
 * What khugepaged must check again after it has dropped the mmap lock.
 *
 * This file is a part of mm/khugepaged.c, which includes it, because
 * hugepage_vma_revalidate() is static. While the mmap lock is dropped, anything
 * may happen to the VMA. find_vma() then returns the first VMA that ends above
 * the address: it may also begin above the address, end within the huge page,
 * or map something else than anonymous memory.
 *
 * Each case changes one property of a VMA that passes, so that exactly one
 * check can refuse it.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/coredump.h>

#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/settings.h"
#include "lib/thp.h"

/* Where the huge page would be. */
#define HUGE_START MM_KUNIT_BASE
#define HUGE_END (HUGE_START + HPAGE_PMD_SIZE)

/* The VMA has room for another huge page on either side of it. */
#define VMA_START (HUGE_START - HPAGE_PMD_SIZE)
#define VMA_END (HUGE_END + HPAGE_PMD_SIZE)

#define RW (PROT_READ | PROT_WRITE)

static bool vma_revalidates(struct mm_struct *mm)
{
	struct vm_area_struct *vma = NULL;
	bool ret;

	mmap_read_lock(mm);
	ret = hugepage_vma_revalidate(mm, HUGE_START, true, &vma,
				      &khugepaged_collapse_control,
				      HPAGE_PMD_ORDER) == SCAN_SUCCEED &&
	      vma == find_vma(mm, HUGE_START);
	mmap_read_unlock(mm);
	return ret;
}

/*
 * The VMA is so large that no check of its size alone refuses it when a case
 * unmaps a page of the huge page's range.
 */
static struct mm_struct *revalidating_mm(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, VMA_START, VMA_END - VMA_START);
	mm_kunit_write(test, mm, HUGE_START + PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, VMA_START, VMA_END - VMA_START,
					 MADV_HUGEPAGE),
			0L);
	KUNIT_ASSERT_TRUE(test, vma_revalidates(mm));
	return mm;
}

static void munmap_range(struct kunit *test, struct mm_struct *mm,
			 unsigned long start, unsigned long end)
{
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, start, end - start), 0L);
}

static void good_vma_revalidates(struct kunit *test)
{
	revalidating_mm(test);
}

static void vma_of_just_the_window_revalidates(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, VMA_START, HUGE_START);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
	munmap_range(test, mm, HUGE_END, VMA_END);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

static void vma_that_starts_a_page_late_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, VMA_START, HUGE_START + PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

static void vma_that_ends_a_page_early_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, HUGE_END - PAGE_SIZE, VMA_END);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

static void vma_that_ends_in_the_middle_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, HUGE_START + HPAGE_PMD_SIZE / 2, VMA_END);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

/* The whole range stays mapped, but two VMAs map it. */
static void vma_that_was_split_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(mm, HUGE_END - PAGE_SIZE, PAGE_SIZE,
					  PROT_READ),
			0L);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(mm, HUGE_END - PAGE_SIZE, PAGE_SIZE,
					  RW),
			0L);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

static void vma_that_is_gone_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, VMA_START, VMA_END);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

/* find_vma() finds a VMA that passes every check but that of the address. */
static void vma_above_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);
	unsigned long above = HUGE_START + 4 * HPAGE_PMD_SIZE;

	mm_kunit_mmap_anon(test, mm, above, 2 * HPAGE_PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, above, 2 * HPAGE_PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	mm_kunit_write(test, mm, above, 1);
	munmap_range(test, mm, VMA_START, VMA_END);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

/* At its new address, find_vma() still finds it by the old one. */
static void vma_that_moved_up_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);
	unsigned long to = HUGE_START + 4 * HPAGE_PMD_SIZE;

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(mm, VMA_START, VMA_END - VMA_START, to),
			(long)to);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

/* A new VMA at the old address has no anon_vma before its first fault. */
static void vma_never_faulted_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	munmap_range(test, mm, VMA_START, VMA_END);
	mm_kunit_mmap_anon(test, mm, HUGE_START, HPAGE_PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, HUGE_START, HPAGE_PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
	mm_kunit_write(test, mm, HUGE_START, 1);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

/*
 * shmem may use huge pages and the VMA asks for them, so that only the check
 * for anonymous memory refuses it.
 */
static void expect_file_refused(struct kunit *test, unsigned long flags)
{
	struct mm_kunit_setting *setting;
	struct mm_struct *mm;
	struct file *file;

	mm_kunit_require_file_thp(test);
	mm = revalidating_mm(test);
	file = mm_kunit_shmem_file(test, HPAGE_PMD_SIZE);
	munmap_range(test, mm, VMA_START, VMA_END);
	mm_kunit_mmap(test, mm, file, HUGE_START, HPAGE_PMD_SIZE, RW, flags, 0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, HUGE_START, HPAGE_PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	mm_kunit_write(test, mm, HUGE_START, 1);
	setting = mm_kunit_write_setting(test, "sysfs", MM_KUNIT_SHMEM_ENABLED,
					 "force");
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
	mm_kunit_restore_setting(test, setting);
}

static void shared_file_in_its_place_is_refused(struct kunit *test)
{
	expect_file_refused(test, MAP_SHARED);
}

/* Unlike a shared mapping, a private one that was written has an anon_vma. */
static void private_file_in_its_place_is_refused(struct kunit *test)
{
	expect_file_refused(test, MAP_PRIVATE);
}

static void nohugepage_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, VMA_START, VMA_END - VMA_START,
					 MADV_NOHUGEPAGE),
			0L);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
}

/* VM_DONTEXPAND is in VM_SPECIAL: a driver has set up such a VMA. */
static void special_vma_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, HUGE_START), VM_DONTEXPAND, 0);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, HUGE_START), 0, VM_DONTEXPAND);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

/* The flag is what prctl(PR_SET_THP_DISABLE) sets. */
static void process_without_thp_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);

	mm_flags_set(MMF_DISABLE_THP_COMPLETELY, mm);
	KUNIT_EXPECT_FALSE(test, vma_revalidates(mm));
	mm_flags_clear(MMF_DISABLE_THP_COMPLETELY, mm);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

/*
 * A VMA without MADV_HUGEPAGE is allowed while huge pages are enabled "always",
 * and refused while they are enabled for "madvise" only.
 */
static void vma_without_advice_is_refused(struct kunit *test)
{
	unsigned long on_always = BIT(TRANSPARENT_HUGEPAGE_FLAG);
	unsigned long on_madvise = BIT(TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG);
	struct mm_struct *mm = revalidating_mm(test);
	unsigned long before = transparent_hugepage_flags;
	bool if_always, if_madvise;

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, HUGE_START), 0, VM_HUGEPAGE);
	transparent_hugepage_flags = (before & ~on_madvise) | on_always;
	if_always = vma_revalidates(mm);
	transparent_hugepage_flags = (before & ~on_always) | on_madvise;
	if_madvise = vma_revalidates(mm);
	transparent_hugepage_flags = before;
	KUNIT_EXPECT_TRUE(test, if_always);
	KUNIT_EXPECT_FALSE(test, if_madvise);
}

/* Between the last mmput() and exit_mmap(), all VMAs are still there. */
static void exiting_mm_is_refused(struct kunit *test)
{
	struct mm_struct *mm = revalidating_mm(test);
	bool ret;

	atomic_dec(&mm->mm_users);
	ret = vma_revalidates(mm);
	atomic_inc(&mm->mm_users);
	KUNIT_EXPECT_FALSE(test, ret);
	KUNIT_EXPECT_TRUE(test, vma_revalidates(mm));
}

/* Cases that others rest on come first. */
static struct kunit_case khugepaged_cases[] = {
	KUNIT_CASE(good_vma_revalidates),
	KUNIT_CASE(vma_of_just_the_window_revalidates),
	KUNIT_CASE(vma_that_starts_a_page_late_is_refused),
	KUNIT_CASE(vma_that_ends_a_page_early_is_refused),
	KUNIT_CASE(vma_that_ends_in_the_middle_is_refused),
	KUNIT_CASE(vma_that_was_split_is_refused),
	KUNIT_CASE(vma_that_is_gone_is_refused),
	KUNIT_CASE(vma_above_is_refused),
	KUNIT_CASE(vma_that_moved_up_is_refused),
	KUNIT_CASE(vma_never_faulted_is_refused),
	KUNIT_CASE(shared_file_in_its_place_is_refused),
	KUNIT_CASE(private_file_in_its_place_is_refused),
	KUNIT_CASE(nohugepage_is_refused),
	KUNIT_CASE(special_vma_is_refused),
	KUNIT_CASE(process_without_thp_is_refused),
	KUNIT_CASE(vma_without_advice_is_refused),
	KUNIT_CASE(exiting_mm_is_refused),
	{}
};

static struct kunit_suite khugepaged_suite = {
	.name = "khugepaged",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = khugepaged_cases,
};

kunit_test_suite(khugepaged_suite);
