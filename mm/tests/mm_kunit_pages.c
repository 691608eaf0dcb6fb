// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of known content at known places, see mm_kunit_pages.h.
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"

#define RW		(PROT_READ | PROT_WRITE)

#define KSM_RUN		"kernel/mm/ksm/run"
#define KSM_MS		5000

/**
 * mm_kunit_write_pages() - give the first pages their content
 * @test: the case
 * @mm: the mm that writes
 * @nr: how many pages
 */
void mm_kunit_write_pages(struct kunit *test, struct mm_struct *mm, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(i));
}

/**
 * mm_kunit_expect_pages() - do the first pages hold their content
 * @test: the case
 * @mm: the mm that reads
 * @nr: how many pages
 */
void mm_kunit_expect_pages(struct kunit *test, struct mm_struct *mm, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    mm_kunit_read(test, mm, mm_kunit_addr(i)),
				    mm_kunit_content(i), "page %d", i);
}

/**
 * mm_kunit_anon_mm() - make an mm with small anonymous pages
 * @test: the case, which owns the mm
 * @nr: how many pages, each with its content
 */
struct mm_struct *mm_kunit_anon_mm(struct kunit *test, int nr)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, nr * PAGE_SIZE);
	mm_kunit_write_pages(test, mm, nr);
	return mm;
}

/**
 * mm_kunit_need_thp() - skip the case where the machine maps no huge pages
 * @test: the case
 */
void mm_kunit_need_thp(struct kunit *test)
{
	if (!mm_kunit_thp_supported())
		mm_kunit_skip(test, "this machine maps no huge pages");
}

/**
 * mm_kunit_thp_mm() - make an mm that maps an anonymous huge page by a PMD
 * @test: the case, which owns the mm
 * @nr: how many of its pages get their content
 */
struct mm_struct *mm_kunit_thp_mm(struct kunit *test, int nr)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE,
					       MADV_HUGEPAGE), 0L);
	mm_kunit_write_pages(test, mm, nr);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			    PMD_SIZE, "the kernel gave no huge page");
	return mm;
}

/**
 * mm_kunit_split_pmd() - map a huge page by PTEs, which stays whole
 * @test: the case
 * @mm: the mm that maps it, the first page read-only for now
 */
void mm_kunit_split_pmd(struct kunit *test, struct mm_struct *mm)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE,
						PROT_READ), 0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			PAGE_SIZE);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_GT(test, compound_nr(compound_head(page)), 1UL);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE,
						RW), 0L);
}

/**
 * mm_kunit_map_file_thp() - make two mms that map a huge page of a file
 * @test: the case, which owns the mms
 * @mm: the mms; the first maps all of it by a PMD, and has written four pages
 * @len: how much of it the second maps, in bytes
 */
void mm_kunit_map_file_thp(struct kunit *test, struct mm_struct *mm[2],
			   unsigned long len)
{
	struct file *file = mm_kunit_shmem_file(test, PMD_SIZE);
	struct mm_kunit_setting *setting;

	mm[0] = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PMD_SIZE, RW,
				 MAP_SHARED, 0);
	setting = mm_kunit_set(test, "sysfs", MM_KUNIT_SHMEM_ENABLED, "force");
	mm_kunit_write_pages(test, mm[0], 4);
	mm_kunit_put_back(test, setting);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm[0], MM_KUNIT_BASE).size,
			    PMD_SIZE, "the file has no huge page");
	mm[1] = mm_kunit_map_new(test, file, MM_KUNIT_BASE, len, RW,
				 MAP_SHARED, 0);
	mm_kunit_expect_pages(test, mm[1], 4);
}

/* It makes ksmd forget the mms, which it would keep for a while after exit. */
static void unmerge(void *ctx)
{
	if (mm_kunit_change(ctx, "2"))
		pr_err("mm_kunit: ksmd has not forgotten its mms\n");
}

/**
 * mm_kunit_ksm_merge() - make two mms that have a page in common by ksmd
 * @test: the case, which owns the mms, and ends with mm_kunit_ksm_unmerge()
 * @mm: the mms; page 0 is merged, page 1 is each one's own
 * @ksm: what mm_kunit_ksm_unmerge() takes
 *
 * Return: the merged page
 */
struct page *mm_kunit_ksm_merge(struct kunit *test, struct mm_struct *mm[2],
				struct mm_kunit_setting **ksm)
{
	unsigned long timeout = jiffies + msecs_to_jiffies(KSM_MS);
	int i;

	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_anon_mm(test, 2);
		mm_kunit_write(test, mm[i], mm_kunit_addr(1),
			       mm_kunit_content(1 + i));
		KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm[i], MM_KUNIT_BASE,
						       2 * PAGE_SIZE,
						       MADV_MERGEABLE), 0L);
	}
	*ksm = mm_kunit_set(test, "sysfs", KSM_RUN, "1");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unmerge, *ksm), 0);
	while (mm_kunit_page_at(mm[0], MM_KUNIT_BASE) !=
	       mm_kunit_page_at(mm[1], MM_KUNIT_BASE) &&
	       time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_EQ(test, mm_kunit_change(*ksm, "0"), 0);
	KUNIT_ASSERT_PTR_EQ_MSG(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE),
				mm_kunit_page_at(mm[1], MM_KUNIT_BASE),
				"ksmd merged nothing in %d ms", KSM_MS);
	return mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
}

/**
 * mm_kunit_ksm_unmerge() - give every mm its own page again
 * @test: the case
 * @ksm: what mm_kunit_ksm_merge() said
 */
void mm_kunit_ksm_unmerge(struct kunit *test, struct mm_kunit_setting *ksm)
{
	kunit_release_action(test, unmerge, ksm);
	mm_kunit_put_back(test, ksm);
}
