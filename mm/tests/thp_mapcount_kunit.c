// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapcounts of folios. Some mms may map a huge page by a PMD, and others parts
 * of it by PTEs: the counts of the folio must say what all page tables map.
 *
 * A count that is too high makes a write fault copy a page that a device holds,
 * and the process and the device no longer share it (6d0a07edd17c ("mm: thp:
 * calculate the mapcount correctly for THP pages during WP faults")). A count
 * that is too low lets a process write into the memory of another.
 *
 * lib/folio_counts.h has the check.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/folio_counts.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/settings.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"

/* Where mremap() moves pages to. */
#define ELSEWHERE (MM_KUNIT_BASE + 8 * PMD_SIZE)

static void counts_of_base_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	struct mm_kunit_folio_counts *c =
		mm_kunit_folio_counts_at(test, mm, mm_kunit_addr(1));

	mm_kunit_expect_folio_counts(test, c, 0, 1);
	child[0] = mm_kunit_fork(test, mm);
	mm_kunit_expect_folio_counts(test, c, 0, 2);
	mm_kunit_fork_all(test, mm, child + 1, ARRAY_SIZE(child) - 1);
	mm_kunit_expect_folio_counts(test, c, 0, MM_KUNIT_MAX_MMS);
	mm_kunit_unmap_pages(test, mm, 1, 1);
	mm_kunit_expect_folio_counts(test, c, 0, MM_KUNIT_MAX_MMS - 1);
}

static void counts_of_base_page_back_with_its_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_kunit_folio_counts *c =
		mm_kunit_folio_counts_at(test, mm, MM_KUNIT_BASE);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_expect_folio_counts(test, c, 0, 2);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, c, 0, 1);
	folio_get(c->folio);
	mm_kunit_unmap_pages(test, mm, 0, 1);
	mm_kunit_expect_folio_counts(test, c, 0, 0);
	folio_put(c->folio);
}

static void counts_of_base_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *mm[2];
	struct mm_kunit_folio_counts *c;
	int i;

	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
					 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
					 MAP_SHARED, 0);
		mm_kunit_write_pages(test, mm[i], 2);
	}
	c = mm_kunit_folio_counts_at(test, mm[0], mm_kunit_addr(1));
	mm_kunit_expect_folio_counts(test, c, 0, 2);
	mm_kunit_mmap(test, mm[0], file, ELSEWHERE, PAGE_SIZE, PROT_READ,
		      MAP_SHARED, PAGE_SIZE);
	mm_kunit_read(test, mm[0], ELSEWHERE);
	mm_kunit_expect_folio_counts(test, c, 0, 3);
	mm_kunit_unmap_pages(test, mm[1], 0, 2);
	mm_kunit_expect_folio_counts(test, c, 0, 2);
}

static void counts_of_thp_in_one_pmd(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
	mm_kunit_expect_pages(test, thp.mm, 4);
}

static void counts_of_unmapped_thp(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	folio_get(thp.folio);
	mm_kunit_unmap_pages(test, thp.mm, 0, MM_KUNIT_HUGE_NR);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 0);
	folio_put(thp.folio);
}

static void counts_of_thp_unmapped_in_pieces(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	folio_get(thp.folio);
	mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_unmap_pages(test, thp.mm, 0, MM_KUNIT_HUGE_NR / 2);
	mm_kunit_unmap_pages(test, thp.mm, MM_KUNIT_HUGE_NR / 2,
			     MM_KUNIT_HUGE_NR / 2);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 0);
	folio_put(thp.folio);
}

static void counts_of_thp_in_two_pmds(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_expect_folio_counts(test, thp.counts, 2, 0);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
}

static void counts_of_thp_in_eight_pmds(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int i;

	mm_kunit_fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	mm_kunit_expect_folio_counts(test, thp.counts, MM_KUNIT_MAX_MMS, 0);
	for (i = 0; i < ARRAY_SIZE(child); i++) {
		mm_kunit_exit_mm(test, child[i]);
		mm_kunit_expect_folio_counts(test, thp.counts,
					     MM_KUNIT_MAX_MMS - 1 - i, 0);
	}
}

static void counts_of_thp_in_ptes(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
}

/* The child maps it by PTEs, the parent by a PMD. */
static void counts_of_thp_in_pmd_and_ptes(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_split_pmd(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
}

/* PTEs and PMDs map it, until the mms with the PMDs have exited. */
static void counts_of_thp_after_its_last_pmd(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child[2];

	mm_kunit_fork_all(test, thp.mm, child, 2);
	mm_kunit_split_pmd(test, child[0]);
	mm_kunit_expect_folio_counts(test, thp.counts, 2, MM_KUNIT_HUGE_NR);
	mm_kunit_exit_mm(test, child[1]);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR);
	mm_kunit_exit_mm(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
}

static void counts_of_thp_in_ptes_of_two(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_split_pmd(test, child);
	mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 2 * MM_KUNIT_HUGE_NR);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
}

/* The mm that forks maps it by PTEs already. */
static void counts_of_thp_forked_by_ptes(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 2 * MM_KUNIT_HUGE_NR);
	mm_kunit_keep_pages(test, child, 1, 2);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR + 2);
}

/* Many mms map a part each. */
static void counts_of_thp_none_of_it_twice(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_scattered_thp(test);

	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_EQ(test, thp.counts->highest, 1);
	KUNIT_EXPECT_EQ(test, thp.counts->mms, MM_KUNIT_MAX_MMS);
}

/* @times mms map page @i. The parent maps all pages, by a PMD or by PTEs. */
static void count_page_of_thp(struct kunit *test, int i, int times, bool pmd)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int c;

	mm_kunit_fork_all(test, thp.mm, child, times - 1);
	for (c = 0; c < times - 1; c++)
		mm_kunit_keep_pages(test, child[c], i, 1);
	if (!pmd)
		mm_kunit_split_pmd(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, pmd,
				     (pmd ? 0 : MM_KUNIT_HUGE_NR) + times - 1);
	KUNIT_EXPECT_EQ(test, thp.counts->highest, times);

	for (c = 0; c < times - 1; c++)
		mm_kunit_exit_mm(test, child[c]);
	mm_kunit_exit_mm(test, thp.mm);
}

static void count_pages_of_thp(struct kunit *test, int times)
{
	const int at[] = { 0, 1, MM_KUNIT_HUGE_NR / 2, MM_KUNIT_HUGE_NR - 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		count_page_of_thp(test, at[i], times, true);
		count_page_of_thp(test, at[i], times, false);
	}
}

static void counts_of_subpage_mapped_once(struct kunit *test)
{
	count_pages_of_thp(test, 1);
}

static void counts_of_subpage_mapped_twice(struct kunit *test)
{
	count_pages_of_thp(test, 2);
}

static void counts_of_subpage_mapped_by_eight(struct kunit *test)
{
	count_pages_of_thp(test, MM_KUNIT_MAX_MMS);
}

/* The parent unmaps some of the pages before it forks. */
static void count_without(struct kunit *test, int from, int nr)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	mm_kunit_unmap_pages(test, thp.mm, from, nr);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MM_KUNIT_HUGE_NR - nr);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     2 * (MM_KUNIT_HUGE_NR - nr));
	mm_kunit_exit_mm(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MM_KUNIT_HUGE_NR - nr);
	mm_kunit_exit_mm(test, child);
}

/* The child unmaps some of the pages, while the parent has a PMD. */
static void count_without_beside_pmd(struct kunit *test, int from, int nr)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_unmap_pages(test, child, from, nr);
	mm_kunit_expect_folio_counts(test, thp.counts, 1,
				     MM_KUNIT_HUGE_NR - nr);
	mm_kunit_exit_mm(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MM_KUNIT_HUGE_NR - nr);
	mm_kunit_exit_mm(test, child);
}

static void counts_of_thp_without_its_front(struct kunit *test)
{
	count_without(test, 0, MM_KUNIT_HUGE_NR / 4);
	count_without_beside_pmd(test, 0, 1);
}

static void counts_of_thp_without_its_back(struct kunit *test)
{
	count_without(test, MM_KUNIT_HUGE_NR / 4, 3 * MM_KUNIT_HUGE_NR / 4);
	count_without_beside_pmd(test, MM_KUNIT_HUGE_NR - 1, 1);
}

static void counts_of_thp_without_its_middle(struct kunit *test)
{
	count_without(test, 5, MM_KUNIT_HUGE_NR - 10);
	count_without_beside_pmd(test, MM_KUNIT_HUGE_NR / 2, 3);
}

static void counts_of_thp_of_which_a_tail_is_left(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	mm_kunit_keep_pages(test, thp.mm, MM_KUNIT_HUGE_NR - 1, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 1);
	mm_kunit_unmap_pages(test, thp.mm, MM_KUNIT_HUGE_NR - 1, 1);
}

static void counts_of_thp_after_mremap(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(thp.mm, MM_KUNIT_BASE, PMD_SIZE,
					ELSEWHERE),
			(long)ELSEWHERE);
	mm_kunit_expect_folio_counts(test, thp.counts, 2, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(thp.mm, ELSEWHERE),
			    folio_page(thp.folio, 0));
	mm_kunit_expect_pages(test, child, 4);
}

static void counts_of_thp_after_mremap_of_part(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	unsigned long quarter = PMD_SIZE / 4;

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(thp.mm, MM_KUNIT_BASE + quarter,
					quarter, ELSEWHERE),
			(long)ELSEWHERE);
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(thp.mm, ELSEWHERE),
			    folio_page(thp.folio, MM_KUNIT_HUGE_NR / 4));
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(thp.mm, ELSEWHERE, quarter), 0L);
	mm_kunit_expect_folio_counts(test, thp.counts, 1,
				     MM_KUNIT_HUGE_NR - MM_KUNIT_HUGE_NR / 4);
	mm_kunit_expect_pages(test, child, 4);
}

/*
 * All pages are written to, because since 6.12 (b1f202060afe) a split may unmap
 * those that hold only zeroes. 939080834fef ("mm/huge_memory: fix early failure
 * try_to_migrate() when split huge pmd for shared THP"): a folio that two mms
 * map could not be split.
 */
static void counts_after_split(struct kunit *test)
{
	const int at[] = { 0, 1, 2, 3, MM_KUNIT_HUGE_NR - 1 };
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct page *head = folio_page(thp.folio, 0);
	struct mm_kunit_folio_counts *c;
	struct mm_struct *child;
	int i;

	mm_kunit_write_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_unmap_pages(test, child, 1, 1);
	KUNIT_ASSERT_EQ(test, mm_kunit_split_folio(head), 0);
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++) {
		KUNIT_ASSERT_FALSE(test, PageCompound(head + i));
		KUNIT_ASSERT_PTR_EQ(test,
				    mm_kunit_page_at(thp.mm, mm_kunit_addr(i)),
				    head + i);
	}
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		c = mm_kunit_folio_counts_at(test, thp.mm,
					     mm_kunit_addr(at[i]));
		mm_kunit_expect_folio_counts(test, c, 0, at[i] == 1 ? 1 : 2);
	}
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
}

static void counts_after_refused_split(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct mm_kunit_snapshot *before;

	mm_kunit_split_pmd(test, child);
	before = mm_kunit_take_snapshot(test);
	folio_get(thp.folio);
	KUNIT_EXPECT_NE(test, mm_kunit_split_folio(folio_page(thp.folio, 0)),
			0);
	KUNIT_EXPECT_TRUE(test, folio_test_large(thp.folio));
	mm_kunit_expect_folio_counts(test, thp.counts, 1, MM_KUNIT_HUGE_NR);
	mm_kunit_expect_unchanged(test, before);
	folio_put(thp.folio);
}

static void counts_of_file_thp_in_pmds(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct mm_kunit_folio_counts *c;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	c = mm_kunit_folio_counts_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_expect_folio_counts(test, c, 2, 0);
	mm_kunit_exit_mm(test, mm[0]);
	mm_kunit_expect_folio_counts(test, c, 1, 0);
	mm_kunit_unmap_pages(test, mm[1], 0, MM_KUNIT_HUGE_NR);
	mm_kunit_expect_folio_counts(test, c, 0, 0);
}

static void counts_of_file_thp_in_pmd_and_ptes(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct mm_kunit_folio_counts *c;
	int ptes;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	c = mm_kunit_folio_counts_at(test, mm[0], MM_KUNIT_BASE);
	ptes = mm_kunit_pages_in_place(mm[1], c->folio);
	KUNIT_ASSERT_GE(test, ptes, 4);
	mm_kunit_expect_folio_counts(test, c, 1, ptes);
	mm_kunit_unmap_pages(test, mm[1], 1, 2);
	mm_kunit_expect_folio_counts(test, c, 1, ptes - 2);
	mm_kunit_exit_mm(test, mm[0]);
	mm_kunit_expect_folio_counts(test, c, 0, ptes - 2);
}

static void counts_of_file_thp_after_split_pmd(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct mm_kunit_folio_counts *c;
	int ptes;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	c = mm_kunit_folio_counts_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_unmap_pages(test, mm[1], MM_KUNIT_HUGE_NR - 1, 1);
	mm_kunit_expect_pages(test, mm[1], 4);
	ptes = mm_kunit_pages_in_place(mm[1], c->folio);
	KUNIT_ASSERT_GE(test, ptes, 4);
	KUNIT_ASSERT_LT(test, ptes, MM_KUNIT_HUGE_NR);
	mm_kunit_expect_folio_counts(test, c, 1, ptes);
}

/* In sysfs: whether anonymous memory may have mTHP of this size. */
#define MTHP_ENABLED "kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
#define MTHP_NR ((int)(SZ_64K >> PAGE_SHIFT))

/* An mm that maps an mTHP, which is smaller than a PMD, by PTEs. */
static struct mm_kunit_thp new_mthp(struct kunit *test)
{
	struct mm_kunit_setting *setting;
	struct mm_kunit_thp thp;

	mm_kunit_require_thp(test);
	if (!IS_ENABLED(CONFIG_SYSFS))
		kunit_skip(test, "sysfs, to allow mTHP by, is compiled out");
	thp.mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, thp.mm, MM_KUNIT_BASE, SZ_64K);
	setting = mm_kunit_write_setting(test, "sysfs", MTHP_ENABLED, "always");
	mm_kunit_write_pages(test, thp.mm, MTHP_NR);
	mm_kunit_restore_setting(test, setting);
	thp.counts = mm_kunit_folio_counts_at(test, thp.mm, MM_KUNIT_BASE);
	thp.folio = thp.counts->folio;
	KUNIT_ASSERT_EQ(test, thp.counts->nr, MTHP_NR);
	lru_add_drain_all();
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MTHP_NR);
	return thp;
}

static void counts_of_mthp(struct kunit *test)
{
	struct mm_kunit_thp thp = new_mthp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_expect_folio_counts(test, thp.counts, 0, 2 * MTHP_NR);
	mm_kunit_unmap_pages(test, child, 0, 3);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 2 * MTHP_NR - 3);
	mm_kunit_unmap_pages(test, child, MTHP_NR - 1, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, 2 * MTHP_NR - 4);
	mm_kunit_exit_mm(test, thp.mm);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MTHP_NR - 4);
}

static void counts_of_mthp_in_eight_mms(struct kunit *test)
{
	struct mm_kunit_thp thp = new_mthp(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int i;

	mm_kunit_fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MM_KUNIT_MAX_MMS * MTHP_NR);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		mm_kunit_keep_pages(test, child[i], 7, 1);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MTHP_NR + ARRAY_SIZE(child));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(thp.mm, mm_kunit_addr(4), 2 * PAGE_SIZE,
					ELSEWHERE),
			(long)ELSEWHERE);
	mm_kunit_expect_folio_counts(test, thp.counts, 0,
				     MTHP_NR + ARRAY_SIZE(child));
}

/* The kernel follows two mms of a large folio exactly, and no more. */
static void folio_is_unshared_again_when_one_mm_is_left(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child;

	KUNIT_EXPECT_FALSE(test, folio_maybe_mapped_shared(thp.folio));
	child = mm_kunit_fork(test, thp.mm);
	KUNIT_EXPECT_TRUE(test, folio_maybe_mapped_shared(thp.folio));
	mm_kunit_split_pmd(test, thp.mm);
	KUNIT_EXPECT_TRUE(test, folio_maybe_mapped_shared(thp.folio));
	mm_kunit_exit_mm(test, thp.mm);
	KUNIT_EXPECT_FALSE(test, folio_maybe_mapped_shared(thp.folio));
	mm_kunit_split_pmd(test, child);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_FALSE(test, folio_maybe_mapped_shared(thp.folio));
}

/*
 * Two mms map a part each, and have no page in common. 6af8cb80d3a9 ("mm/rmap:
 * basic MM owner tracking for large folios (!hugetlb)") made that exact.
 */
static void folio_is_shared_though_no_page_is_mapped_twice(struct kunit *test)
{
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_keep_pages(test, thp.mm, 0, MM_KUNIT_HUGE_NR / 2);
	mm_kunit_keep_pages(test, child, MM_KUNIT_HUGE_NR / 2,
			    MM_KUNIT_HUGE_NR / 2);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_TRUE(test, folio_maybe_mapped_shared(thp.folio));
	mm_kunit_unmap_pages(test, child, MM_KUNIT_HUGE_NR / 2,
			     MM_KUNIT_HUGE_NR / 2);
	mm_kunit_expect_folio_counts(test, thp.counts, 0, MM_KUNIT_HUGE_NR / 2);
	KUNIT_EXPECT_FALSE(test, folio_maybe_mapped_shared(thp.folio));
}

static void counts_of_page_back_from_swap(struct kunit *test)
{
	struct mm_kunit_folio_counts *c;
	struct mm_struct *mm, *child;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 2);
	/* Page 0 is exclusive when it is swapped out, page 1 is not. */
	mm_kunit_exit_mm(test, mm_kunit_fork(test, mm));
	mm_kunit_write_pages(test, mm, 1);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, 2 * PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, child, 2);
	c = mm_kunit_folio_counts_at(test, child, mm_kunit_addr(1));
	mm_kunit_expect_folio_counts(test, c, 0, 1);
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(1)),
			    folio_page(c->folio, 0));
	mm_kunit_expect_folio_counts(test, c, 0, 2);
	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_folio_counts(test, c, 0, 1);
	mm_kunit_swapoff(test);
}

/*
 * The kernel may read a huge page from swap as base pages, as one folio, or as
 * folios of a size between. Two mms map all of it, so both map each page of
 * whatever folio there is now.
 */
static void expect_counts_of_two_mms(struct kunit *test,
				     struct mm_kunit_folio_counts *c)
{
	char msg[MM_KUNIT_MSG_SIZE] = "";
	int i;

	mm_kunit_count_folio(test->priv, c);
	for (i = 0; i < c->nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, c->each[i].ptes + c->each[i].pmds, 2,
				    "page %d of %d", i, c->nr);
	KUNIT_EXPECT_EQ(test, c->mms, 2);
	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_check_folio_counts(c, msg, sizeof(msg)),
			      "%s", msg);
}

static void counts_of_thp_back_from_swap(struct kunit *test)
{
	const int at[] = { 0, 1, MM_KUNIT_HUGE_NR / 2, MM_KUNIT_HUGE_NR - 1 };
	struct mm_kunit_folio_counts *c;
	struct mm_kunit_thp thp;
	struct mm_struct *child;
	int i;

	mm_kunit_require_thp(test);
	mm_kunit_swapon(test);
	thp = mm_kunit_new_thp(test);
	mm_kunit_write_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_swap_out(test, thp.mm, MM_KUNIT_BASE, PMD_SIZE);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_expect_pages(test, child, MM_KUNIT_HUGE_NR);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		c = mm_kunit_folio_counts_at(test, thp.mm,
					     mm_kunit_addr(at[i]));
		expect_counts_of_two_mms(test, c);
	}
	mm_kunit_swapoff(test);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case thp_mapcount_cases[] = {
	KUNIT_CASE(counts_of_base_page),
	KUNIT_CASE(counts_of_base_page_back_with_its_mm),
	KUNIT_CASE(counts_of_base_file_page),
	KUNIT_CASE(counts_of_page_back_from_swap),
	KUNIT_CASE(counts_of_thp_in_one_pmd),
	KUNIT_CASE(counts_of_unmapped_thp),
	KUNIT_CASE(counts_of_thp_unmapped_in_pieces),
	KUNIT_CASE(counts_of_thp_in_two_pmds),
	KUNIT_CASE(counts_of_thp_in_eight_pmds),
	KUNIT_CASE(counts_of_thp_in_ptes),
	KUNIT_CASE(counts_of_thp_in_pmd_and_ptes),
	KUNIT_CASE(counts_of_thp_after_its_last_pmd),
	KUNIT_CASE(counts_of_thp_in_ptes_of_two),
	KUNIT_CASE(counts_of_thp_forked_by_ptes),
	KUNIT_CASE(counts_of_thp_none_of_it_twice),
	KUNIT_CASE(counts_of_subpage_mapped_once),
	KUNIT_CASE(counts_of_subpage_mapped_twice),
	KUNIT_CASE(counts_of_subpage_mapped_by_eight),
	KUNIT_CASE(counts_of_thp_without_its_front),
	KUNIT_CASE(counts_of_thp_without_its_back),
	KUNIT_CASE(counts_of_thp_without_its_middle),
	KUNIT_CASE(counts_of_thp_of_which_a_tail_is_left),
	KUNIT_CASE(counts_of_thp_after_mremap),
	KUNIT_CASE(counts_of_thp_after_mremap_of_part),
	KUNIT_CASE(counts_after_split),
	KUNIT_CASE(counts_after_refused_split),
	KUNIT_CASE(counts_of_file_thp_in_pmds),
	KUNIT_CASE(counts_of_file_thp_in_pmd_and_ptes),
	KUNIT_CASE(counts_of_file_thp_after_split_pmd),
	KUNIT_CASE(counts_of_mthp),
	KUNIT_CASE(counts_of_mthp_in_eight_mms),
	KUNIT_CASE(folio_is_unshared_again_when_one_mm_is_left),
	KUNIT_CASE(folio_is_shared_though_no_page_is_mapped_twice),
	KUNIT_CASE(counts_of_thp_back_from_swap),
	{}
};

static struct kunit_suite thp_mapcount_suite = {
	.name = "thp_mapcount",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = thp_mapcount_cases,
};

kunit_test_suite(thp_mapcount_suite);

MODULE_DESCRIPTION("KUnit tests for mapcounts of folios");
MODULE_LICENSE("GPL");
