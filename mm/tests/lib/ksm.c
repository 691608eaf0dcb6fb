// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that ksmd has merged, see ksm.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "entry.h"
#include "fixture.h"
#include "ksm.h"
#include "pages.h"
#include "process.h"
#include "settings.h"

#define KSM_RUN "kernel/mm/ksm/run"
#define KSM_MS 5000

/* It makes ksmd forget the mms, which it would keep for a while after exit. */
static void mm_kunit_unmerge(void *ctx)
{
	if (mm_kunit_rewrite_setting(ctx, "2"))
		pr_err("mm_kunit: ksmd still has the mms of a case\n");
}

/**
 * mm_kunit_require_ksm() - skip a case if nothing is ever merged
 * @test: the case
 */
void mm_kunit_require_ksm(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_KSM) || !IS_ENABLED(CONFIG_SYSFS))
		kunit_skip(test, "ksmd or sysfs is compiled out");
}

/**
 * mm_kunit_ksm_run() - have ksmd merge a page that two mms have in common
 * @test: the case, which ends with mm_kunit_ksm_unmerge()
 * @mm: the mms, whose memory is mergeable
 * @addr: where both have the page
 *
 * ksmd goes through each mm by address, so when it has merged this page, it has
 * looked at all below it.
 *
 * Return: what mm_kunit_ksm_unmerge() takes
 */
struct mm_kunit_setting *mm_kunit_ksm_run(struct kunit *test,
					  struct mm_struct *mm[2],
					  unsigned long addr)
{
	unsigned long timeout = jiffies + msecs_to_jiffies(KSM_MS);
	struct mm_kunit_setting *ksm;

	ksm = mm_kunit_write_setting(test, "sysfs", KSM_RUN, "1");
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, mm_kunit_unmerge, ksm),
			0);
	while (mm_kunit_page_at(mm[0], addr) != mm_kunit_page_at(mm[1], addr) &&
	       time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_EQ(test, mm_kunit_rewrite_setting(ksm, "0"), 0);
	KUNIT_ASSERT_PTR_EQ_MSG(test, mm_kunit_page_at(mm[0], addr),
				mm_kunit_page_at(mm[1], addr),
				"ksmd merged nothing in %d ms", KSM_MS);
	return ksm;
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
	int i;

	mm_kunit_require_ksm(test);
	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_anon_mm(test, 2);
		mm_kunit_write(test, mm[i], mm_kunit_addr(1),
			       mm_kunit_content(1 + i));
		KUNIT_ASSERT_EQ(test,
				mm_kunit_madvise(mm[i], MM_KUNIT_BASE,
						 2 * PAGE_SIZE, MADV_MERGEABLE),
				0L);
	}
	*ksm = mm_kunit_ksm_run(test, mm, MM_KUNIT_BASE);
	return mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
}

/**
 * mm_kunit_ksm_join() - make one more mm that has the merged page
 * @test: the case, which owns the mm
 * @ksm: what mm_kunit_ksm_merge() said
 * @page: what it returned, which an mm still maps
 *
 * Return: the mm; page 0 is merged, page 1 is its own
 */
struct mm_struct *mm_kunit_ksm_join(struct kunit *test,
				    struct mm_kunit_setting *ksm,
				    struct page *page)
{
	unsigned long timeout = jiffies + msecs_to_jiffies(KSM_MS);
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);

	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(3));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE,
					 MADV_MERGEABLE),
			0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_rewrite_setting(ksm, "1"), 0);
	while (mm_kunit_page_at(mm, MM_KUNIT_BASE) != page &&
	       time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_EQ(test, mm_kunit_rewrite_setting(ksm, "0"), 0);
	KUNIT_ASSERT_PTR_EQ_MSG(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page,
				"ksmd merged nothing in %d ms", KSM_MS);
	return mm;
}

/**
 * mm_kunit_ksm_unmerge() - give every mm its own page again
 * @test: the case
 * @ksm: what mm_kunit_ksm_merge() said
 */
void mm_kunit_ksm_unmerge(struct kunit *test, struct mm_kunit_setting *ksm)
{
	kunit_release_action(test, mm_kunit_unmerge, ksm);
	mm_kunit_restore_setting(test, ksm);
}
