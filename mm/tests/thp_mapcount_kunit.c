// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often a huge page is mapped, and what the kernel decides by it.
 *
 * A transparent huge page can be mapped as a whole by some mms and in pieces
 * by others. A count that is too high makes a write fault copy a page that a
 * device holds, and process and device lose each other (6d0a07edd17c, "mm:
 * thp: calculate the mapcount correctly for THP pages during WP faults"); one
 * that is too low lets a process write into another's memory.
 *
 * The truth is a census: for each subpage the PTEs and PMDs that point at it,
 * in the page tables of all mms of the case (mm_kunit_photo.h).
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_random.h"
#include "mm_kunit_swap.h"
#include "mm_kunit_truth.h"

/* What a PMD maps, in pages; HPAGE_PMD_NR is not for kernels without THP. */
#define HUGE_NR		((int)(PMD_SIZE >> PAGE_SHIFT))

/* Where mremap() takes things to. */
#define ELSEWHERE	(MM_KUNIT_BASE + 8 * PMD_SIZE)

/* ------------------------------------------------------------- truth -- */

/**
 * struct truth - what really maps a page, or each page of a large folio
 * @head: the page
 * @nr: how many pages it has
 * @ptes: PTEs that map one of them
 * @pmds: PMDs that map all of them
 * @highest: mappings of the subpage that has most
 * @mms: how many mms are behind all these
 * @most_mms: how many there have been at most
 * @whole: each of the mms maps every subpage
 * @each: what maps each subpage
 */
struct truth {
	struct page *head;
	int nr;
	int ptes;
	int pmds;
	int highest;
	int mms;
	int most_mms;
	bool whole;
	struct mm_kunit_mapped each[PTRS_PER_PTE];
};

static struct truth *new_truth(struct kunit *test, struct page *head)
{
	struct truth *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t);
	t->head = head;
	t->nr = compound_nr(head);
	return t;
}

static void find_truth(struct mm_kunit *fx, struct truth *t)
{
	unsigned int any = 0, all = ~0U;
	int i;

	mm_kunit_take_census_of_each(fx, t->head, t->nr, t->each);
	t->ptes = 0;
	t->highest = 0;
	t->pmds = t->each[0].pmds;
	for (i = 0; i < t->nr; i++) {
		struct mm_kunit_mapped *page = &t->each[i];

		t->ptes += page->ptes;
		t->highest = max(t->highest, page->ptes + page->pmds);
		any |= page->mms;
		all &= page->mms;
	}
	t->mms = hweight32(any);
	t->most_mms = max(t->most_mms, t->mms);
	t->whole = any == all;
}

static int total(struct truth *t)
{
	return t->pmds + t->ptes;
}

static bool page_counts_are_true(struct truth *t, char *why, size_t size)
{
	int i;

	if (t->nr > 1 && !mm_kunit_counts_pages())
		return true;
	for (i = 0; i < t->nr; i++) {
		int mapped = t->each[i].ptes + t->each[i].pmds;
		int count = mm_kunit_precise_mapcount(t->head + i);

		if (count != mapped)
			return mm_kunit_untrue(why, size,
					       "subpage %d is mapped %d times and counts %d",
					       i, mapped, count);
	}
	return true;
}

/* PageDoubleMap() says that subpages count one too many, for PMDs' sake. */
static bool double_map_is_true(struct truth *t, char *why, size_t size)
{
	bool set = mm_kunit_double_map(t->head);

	if (!IS_ENABLED(CONFIG_MM_KUNIT_HAS_DOUBLE_MAP) || !PageAnon(t->head))
		return true;
	if (set ? !t->pmds : t->pmds && t->ptes)
		return mm_kunit_untrue(why, size,
				       "PageDoubleMap is %d with %d PMDs and %d PTEs",
				       set, t->pmds, t->ptes);
	return true;
}

static bool trans_huge_count_is_true(struct truth *t, int i, char *why,
				     size_t size)
{
	int all = -1;
	int highest = mm_kunit_trans_huge_mapcount(t->head + i, &all);

	if (highest != t->highest || all != total(t))
		return mm_kunit_untrue(why, size,
				       "seen from page %d the highest count is %d, not %d, and the total %d, not %d",
				       i, highest, t->highest, all, total(t));
	if (mm_kunit_trans_huge_mapcount(t->head + i, NULL) != highest)
		return mm_kunit_untrue(why, size,
				       "the highest count depends on the total");
	return true;
}

/* It is for anonymous pages, whose subpages do not count a PMD. */
static bool trans_huge_counts_are_true(struct truth *t, char *why, size_t size)
{
	const int from[] = { 0, 1, t->nr / 2, t->nr - 1 };
	int i;

	if (!IS_ENABLED(CONFIG_MM_KUNIT_TRANS_HUGE_MAPCOUNT) ||
	    !PageAnon(t->head))
		return true;
	for (i = 0; i < ARRAY_SIZE(from); i++)
		if (from[i] < t->nr &&
		    !trans_huge_count_is_true(t, from[i], why, size))
			return false;
	return true;
}

/*
 * folio_likely_mapped_shared() may take a folio that is mapped in part for one
 * mm's own, folio_maybe_mapped_shared() one that more than two mms have mapped
 * for shared. Neither may err otherwise, pages of files aside, which one mm may
 * map twice.
 */
static bool sharing_is_true(struct truth *t, char *why, size_t size)
{
	bool maybe = IS_ENABLED(CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED);
	bool must_tell = t->mms > 1 && (maybe || t->whole);
	bool must_not = t->mms < 2 && PageAnon(t->head) &&
			!(maybe && t->most_mms > 2 && t->nr > 1);
	bool shared = mm_kunit_mapped_shared(t->head);

	if (!IS_ENABLED(CONFIG_MM_KUNIT_MAPPED_SHARED))
		return true;
	if (must_tell && !shared)
		return mm_kunit_untrue(why, size, "%d mms map it, and it is not shared",
				       t->mms);
	if (must_not && shared)
		return mm_kunit_untrue(why, size, "%d mms map it, and it is shared",
				       t->mms);
	return true;
}

static bool counts_are_true(struct truth *t, char *why, size_t size)
{
	int count = mm_kunit_mapcount(t->head);
	int entire = mm_kunit_entire_mapcount(t->head);
	int large = mm_kunit_large_mapcount(t->head);

	if (count != total(t))
		return mm_kunit_untrue(why, size,
				       "%d PMDs and %d PTEs map it, the count is %d",
				       t->pmds, t->ptes, count);
	if (entire != t->pmds)
		return mm_kunit_untrue(why, size,
				       "%d PMDs map it, the count is %d",
				       t->pmds, entire);
	if (IS_ENABLED(CONFIG_MM_KUNIT_HAS_LARGE_MAPCOUNT) && t->nr > 1 &&
	    large != total(t))
		return mm_kunit_untrue(why, size,
				       "%d PMDs and %d PTEs map it, the large count is %d",
				       t->pmds, t->ptes, large);
	if (mm_kunit_mapped(t->head) != !!total(t))
		return mm_kunit_untrue(why, size, "%d PMDs and %d PTEs map it, mapped is %d",
				       t->pmds, t->ptes, !total(t));
	return page_counts_are_true(t, why, size) &&
	       double_map_is_true(t, why, size) &&
	       trans_huge_counts_are_true(t, why, size) &&
	       sharing_is_true(t, why, size);
}

/*
 * The case means @pmds PMDs and @ptes PTEs to map the folio: look that they do,
 * and that the kernel knows.
 */
static void expect_counts(struct kunit *test, struct truth *t, int pmds,
			  int ptes)
{
	char why[160] = "";

	find_truth(test->priv, t);
	KUNIT_ASSERT_EQ(test, t->pmds, pmds);
	KUNIT_ASSERT_EQ(test, t->ptes, ptes);
	KUNIT_EXPECT_TRUE_MSG(test, counts_are_true(t, why, sizeof(why)),
			      "%s", why);
}

/* ------------------------------------------------------------- verbs -- */

/**
 * struct thp - an anonymous huge page that an mm has mapped by a PMD
 * @mm: the mm
 * @head: the page, which the mm alone refers to
 * @truth: what maps it
 */
struct thp {
	struct mm_struct *mm;
	struct page *head;
	struct truth *truth;
};

static struct thp new_thp(struct kunit *test)
{
	struct thp thp;

	mm_kunit_need_thp(test);
	thp.mm = mm_kunit_thp_mm(test, 4);
	thp.head = mm_kunit_page_at(thp.mm, MM_KUNIT_BASE);
	thp.truth = new_truth(test, thp.head);
	lru_add_drain_all();
	expect_counts(test, thp.truth, 1, 0);
	return thp;
}

/* How many pages of a folio that fills a PMD an mm maps where they belong. */
static int pages_in_place(struct mm_struct *mm, struct page *head)
{
	int i, nr = 0;

	for (i = 0; i < HUGE_NR; i++)
		nr += mm_kunit_page_at(mm, mm_kunit_addr(i)) == head + i;
	return nr;
}

static void unmap_pages(struct kunit *test, struct mm_struct *mm, int from,
			int nr)
{
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, mm_kunit_addr(from),
					      nr * PAGE_SIZE), 0L);
}

/* Leave an mm only @nr pages of the huge page. */
static void leave_pages(struct kunit *test, struct mm_struct *mm, int from,
			int nr)
{
	if (from)
		unmap_pages(test, mm, 0, from);
	if (from + nr < HUGE_NR)
		unmap_pages(test, mm, from + nr, HUGE_NR - from - nr);
}

static void fork_all(struct kunit *test, struct mm_struct *mm,
		     struct mm_struct **child, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		child[i] = mm_kunit_fork(test, mm);
}

/* -------------------------------------------------- counts, small pages -- */

static void counts_of_small_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	struct truth *t = new_truth(test, mm_kunit_page_at(mm, mm_kunit_addr(1)));

	expect_counts(test, t, 0, 1);
	child[0] = mm_kunit_fork(test, mm);
	expect_counts(test, t, 0, 2);
	fork_all(test, mm, child + 1, ARRAY_SIZE(child) - 1);
	expect_counts(test, t, 0, MM_KUNIT_MAX_MMS);
	unmap_pages(test, mm, 1, 1);
	expect_counts(test, t, 0, MM_KUNIT_MAX_MMS - 1);
}

static void counts_of_small_page_back_with_its_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct truth *t = new_truth(test, mm_kunit_page_at(mm, MM_KUNIT_BASE));
	struct mm_struct *child = mm_kunit_fork(test, mm);

	expect_counts(test, t, 0, 2);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, t, 0, 1);
	get_page(t->head);
	unmap_pages(test, mm, 0, 1);
	expect_counts(test, t, 0, 0);
	put_page(t->head);
}

static void counts_of_small_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *mm[2];
	struct truth *t;
	int i;

	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
					 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
					 MAP_SHARED, 0);
		mm_kunit_write_pages(test, mm[i], 2);
	}
	t = new_truth(test, mm_kunit_page_at(mm[0], mm_kunit_addr(1)));
	expect_counts(test, t, 0, 2);
	mm_kunit_mmap(test, mm[0], file, ELSEWHERE, PAGE_SIZE, PROT_READ,
		      MAP_SHARED, PAGE_SIZE);
	mm_kunit_read(test, mm[0], ELSEWHERE);
	expect_counts(test, t, 0, 3);
	unmap_pages(test, mm[1], 0, 2);
	expect_counts(test, t, 0, 2);
}

/* --------------------------------------------------- counts, huge pages -- */

static void __maybe_unused counts_of_thp_in_one_pmd(struct kunit *test)
{
	struct thp thp = new_thp(test);

	expect_counts(test, thp.truth, 1, 0);
	mm_kunit_expect_pages(test, thp.mm, 4);
}

static void __maybe_unused counts_of_unmapped_thp(struct kunit *test)
{
	struct thp thp = new_thp(test);

	get_page(thp.head);
	unmap_pages(test, thp.mm, 0, HUGE_NR);
	expect_counts(test, thp.truth, 0, 0);
	put_page(thp.head);
}

static void __maybe_unused counts_of_thp_unmapped_in_pieces(struct kunit *test)
{
	struct thp thp = new_thp(test);

	get_page(thp.head);
	mm_kunit_split_pmd(test, thp.mm);
	unmap_pages(test, thp.mm, 0, HUGE_NR / 2);
	unmap_pages(test, thp.mm, HUGE_NR / 2, HUGE_NR / 2);
	expect_counts(test, thp.truth, 0, 0);
	put_page(thp.head);
}

static void __maybe_unused counts_of_thp_in_two_pmds(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	expect_counts(test, thp.truth, 2, 0);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, thp.truth, 1, 0);
}

static void __maybe_unused counts_of_thp_in_eight_pmds(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int i;

	fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	expect_counts(test, thp.truth, MM_KUNIT_MAX_MMS, 0);
	for (i = 0; i < ARRAY_SIZE(child); i++) {
		mm_kunit_exit_mm(test, child[i]);
		expect_counts(test, thp.truth, MM_KUNIT_MAX_MMS - 1 - i, 0);
	}
}

static void __maybe_unused counts_of_thp_in_ptes(struct kunit *test)
{
	struct thp thp = new_thp(test);

	mm_kunit_split_pmd(test, thp.mm);
	expect_counts(test, thp.truth, 0, HUGE_NR);
}

/* DoubleMap, as it was called: the child's PTEs beside the parent's PMD. */
static void __maybe_unused counts_of_thp_in_pmd_and_ptes(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_split_pmd(test, child);
	expect_counts(test, thp.truth, 1, HUGE_NR);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, thp.truth, 1, 0);
}

/* The same, until the mm with the PMD is gone. */
static void __maybe_unused counts_of_thp_after_its_last_pmd(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child[2];

	fork_all(test, thp.mm, child, 2);
	mm_kunit_split_pmd(test, child[0]);
	expect_counts(test, thp.truth, 2, HUGE_NR);
	mm_kunit_exit_mm(test, child[1]);
	expect_counts(test, thp.truth, 1, HUGE_NR);
	mm_kunit_exit_mm(test, thp.mm);
	expect_counts(test, thp.truth, 0, HUGE_NR);
}

static void __maybe_unused counts_of_thp_in_ptes_of_two(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_split_pmd(test, child);
	mm_kunit_split_pmd(test, thp.mm);
	expect_counts(test, thp.truth, 0, 2 * HUGE_NR);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, thp.truth, 0, HUGE_NR);
}

/* Fork of an mm that maps it by PTEs already. */
static void __maybe_unused counts_of_thp_forked_by_ptes(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	expect_counts(test, thp.truth, 0, 2 * HUGE_NR);
	leave_pages(test, child, 1, 2);
	expect_counts(test, thp.truth, 0, HUGE_NR + 2);
}

/* Every subpage is mapped, by eight mms, and none of them twice. */
static struct thp scatter(struct kunit *test)
{
	int i, share = HUGE_NR / MM_KUNIT_MAX_MMS;
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	struct thp thp = new_thp(test);

	fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	for (i = 0; i < ARRAY_SIZE(child); i++)
		leave_pages(test, child[i], (i + 1) * share, share);
	leave_pages(test, thp.mm, 0, share);
	return thp;
}

static void __maybe_unused counts_of_thp_none_of_it_twice(struct kunit *test)
{
	struct thp thp = scatter(test);

	expect_counts(test, thp.truth, 0, HUGE_NR);
	KUNIT_EXPECT_EQ(test, thp.truth->highest, 1);
	KUNIT_EXPECT_EQ(test, thp.truth->mms, MM_KUNIT_MAX_MMS);
}

/* @times mms map subpage @i, the parent maps all, by a PMD or by PTEs. */
static void count_one_subpage(struct kunit *test, int i, int times, bool pmd)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int c;

	fork_all(test, thp.mm, child, times - 1);
	for (c = 0; c < times - 1; c++)
		leave_pages(test, child[c], i, 1);
	if (!pmd)
		mm_kunit_split_pmd(test, thp.mm);
	expect_counts(test, thp.truth, pmd, (pmd ? 0 : HUGE_NR) + times - 1);
	KUNIT_EXPECT_EQ(test, thp.truth->highest, times);

	for (c = 0; c < times - 1; c++)
		mm_kunit_exit_mm(test, child[c]);
	mm_kunit_exit_mm(test, thp.mm);
}

static void count_every_end(struct kunit *test, int times)
{
	const int at[] = { 0, 1, HUGE_NR / 2, HUGE_NR - 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		count_one_subpage(test, at[i], times, true);
		count_one_subpage(test, at[i], times, false);
	}
}

static void __maybe_unused counts_of_subpage_mapped_once(struct kunit *test)
{
	count_every_end(test, 1);
}

static void __maybe_unused counts_of_subpage_mapped_twice(struct kunit *test)
{
	count_every_end(test, 2);
}

static void __maybe_unused counts_of_subpage_mapped_by_eight(struct kunit *test)
{
	count_every_end(test, MM_KUNIT_MAX_MMS);
}

/* The parent, and then a child besides, is left without some of the pages. */
static void count_without(struct kunit *test, int from, int nr)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	unmap_pages(test, thp.mm, from, nr);
	expect_counts(test, thp.truth, 0, HUGE_NR - nr);
	child = mm_kunit_fork(test, thp.mm);
	expect_counts(test, thp.truth, 0, 2 * (HUGE_NR - nr));
	mm_kunit_exit_mm(test, thp.mm);
	expect_counts(test, thp.truth, 0, HUGE_NR - nr);
	mm_kunit_exit_mm(test, child);
}

/* The same beside a PMD of another mm. */
static void count_without_beside_pmd(struct kunit *test, int from, int nr)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	unmap_pages(test, child, from, nr);
	expect_counts(test, thp.truth, 1, HUGE_NR - nr);
	mm_kunit_exit_mm(test, thp.mm);
	expect_counts(test, thp.truth, 0, HUGE_NR - nr);
	mm_kunit_exit_mm(test, child);
}

static void __maybe_unused counts_of_thp_without_its_front(struct kunit *test)
{
	count_without(test, 0, HUGE_NR / 4);
	count_without_beside_pmd(test, 0, 1);
}

static void __maybe_unused counts_of_thp_without_its_back(struct kunit *test)
{
	count_without(test, HUGE_NR / 4, 3 * HUGE_NR / 4);
	count_without_beside_pmd(test, HUGE_NR - 1, 1);
}

static void __maybe_unused counts_of_thp_without_its_middle(struct kunit *test)
{
	count_without(test, 5, HUGE_NR - 10);
	count_without_beside_pmd(test, HUGE_NR / 2, 3);
}

static void __maybe_unused counts_of_thp_of_which_a_tail_is_left(struct kunit *test)
{
	struct thp thp = new_thp(test);

	leave_pages(test, thp.mm, HUGE_NR - 1, 1);
	expect_counts(test, thp.truth, 0, 1);
	unmap_pages(test, thp.mm, HUGE_NR - 1, 1);
}

static void __maybe_unused counts_of_thp_after_mremap(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(thp.mm, MM_KUNIT_BASE, PMD_SIZE,
					      ELSEWHERE), (long)ELSEWHERE);
	expect_counts(test, thp.truth, 2, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(thp.mm, ELSEWHERE), thp.head);
	mm_kunit_expect_pages(test, child, 4);
}

static void __maybe_unused counts_of_thp_after_mremap_of_part(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	unsigned long quarter = PMD_SIZE / 4;

	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(thp.mm, MM_KUNIT_BASE + quarter,
					      quarter, ELSEWHERE),
			(long)ELSEWHERE);
	expect_counts(test, thp.truth, 1, HUGE_NR);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(thp.mm, ELSEWHERE),
			    thp.head + HUGE_NR / 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(thp.mm, ELSEWHERE, quarter), 0L);
	expect_counts(test, thp.truth, 1, HUGE_NR - HUGE_NR / 4);
	mm_kunit_expect_pages(test, child, 4);
}

/* The caller of split_huge_page() must hold a reference: one that we own. */
static int split_thp(struct page *page)
{
	int ret;

	get_page(page);
	lock_page(page);
	ret = split_huge_page(page);
	unlock_page(page);
	put_page(page);
	return ret;
}

/* Since 6.12 a split gives up the subpages that hold only zeroes. */
static void __maybe_unused counts_after_split(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;
	int i;

	mm_kunit_write_pages(test, thp.mm, HUGE_NR);
	child = mm_kunit_fork(test, thp.mm);
	unmap_pages(test, child, 1, 1);
	KUNIT_ASSERT_EQ(test, split_thp(thp.head), 0);
	for (i = 0; i < HUGE_NR; i++) {
		KUNIT_ASSERT_FALSE(test, PageCompound(thp.head + i));
		KUNIT_ASSERT_PTR_EQ(test, mm_kunit_page_at(thp.mm, mm_kunit_addr(i)),
				    thp.head + i);
	}
	for (i = 0; i < 4; i++)
		expect_counts(test, new_truth(test, thp.head + i), 0,
			      i == 1 ? 1 : 2);
	expect_counts(test, new_truth(test, thp.head + HUGE_NR - 1), 0, 2);
	mm_kunit_expect_pages(test, thp.mm, HUGE_NR);
}

static void __maybe_unused counts_after_refused_split(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct mm_kunit_photo *before;

	mm_kunit_split_pmd(test, child);
	before = mm_kunit_photograph(test);
	get_page(thp.head);
	KUNIT_EXPECT_NE(test, split_thp(thp.head), 0);
	KUNIT_EXPECT_TRUE(test, PageCompound(thp.head));
	expect_counts(test, thp.truth, 1, HUGE_NR);
	mm_kunit_expect_same(test, before);
	put_page(thp.head);
}

/* ---------------------------------------------- counts, files and orders -- */

static void __maybe_unused counts_of_file_thp_in_pmds(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct truth *t;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	t = new_truth(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	expect_counts(test, t, 2, 0);
	mm_kunit_exit_mm(test, mm[0]);
	expect_counts(test, t, 1, 0);
	unmap_pages(test, mm[1], 0, HUGE_NR);
	expect_counts(test, t, 0, 0);
}

static void __maybe_unused counts_of_file_thp_in_pmd_and_ptes(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct truth *t;
	int ptes;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	t = new_truth(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	ptes = pages_in_place(mm[1], t->head);
	KUNIT_ASSERT_GE(test, ptes, 4);
	expect_counts(test, t, 1, ptes);
	unmap_pages(test, mm[1], 1, 2);
	expect_counts(test, t, 1, ptes - 2);
	mm_kunit_exit_mm(test, mm[0]);
	expect_counts(test, t, 0, ptes - 2);
}

static void __maybe_unused counts_of_file_thp_after_split_pmd(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct truth *t;
	int ptes;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	t = new_truth(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	unmap_pages(test, mm[1], HUGE_NR - 1, 1);
	mm_kunit_expect_pages(test, mm[1], 4);
	ptes = pages_in_place(mm[1], t->head);
	KUNIT_ASSERT_GE(test, ptes, 4);
	KUNIT_ASSERT_LT(test, ptes, HUGE_NR);
	expect_counts(test, t, 1, ptes);
}

#define SMALLER_ENABLED \
	"kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
#define SMALLER_NR	((int)(SZ_64K >> PAGE_SHIFT))

static struct thp new_smaller_folio(struct kunit *test)
{
	struct mm_kunit_setting *setting;
	struct thp thp;

	mm_kunit_need_thp(test);
	thp.mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, thp.mm, MM_KUNIT_BASE, SZ_64K);
	setting = mm_kunit_set(test, "sysfs", SMALLER_ENABLED, "always");
	mm_kunit_write_pages(test, thp.mm, SMALLER_NR);
	mm_kunit_put_back(test, setting);
	thp.head = mm_kunit_page_at(thp.mm, MM_KUNIT_BASE);
	thp.truth = new_truth(test, thp.head);
	KUNIT_ASSERT_EQ(test, thp.truth->nr, SMALLER_NR);
	lru_add_drain_all();
	expect_counts(test, thp.truth, 0, SMALLER_NR);
	return thp;
}

static void __maybe_unused counts_of_smaller_folio(struct kunit *test)
{
	struct thp thp = new_smaller_folio(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	expect_counts(test, thp.truth, 0, 2 * SMALLER_NR);
	unmap_pages(test, child, 0, 3);
	expect_counts(test, thp.truth, 0, 2 * SMALLER_NR - 3);
	unmap_pages(test, child, SMALLER_NR - 1, 1);
	expect_counts(test, thp.truth, 0, 2 * SMALLER_NR - 4);
	mm_kunit_exit_mm(test, thp.mm);
	expect_counts(test, thp.truth, 0, SMALLER_NR - 4);
}

static void __maybe_unused counts_of_smaller_folio_in_eight_mms(struct kunit *test)
{
	struct thp thp = new_smaller_folio(test);
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	int i;

	fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	expect_counts(test, thp.truth, 0, MM_KUNIT_MAX_MMS * SMALLER_NR);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		leave_pages(test, child[i], 7, 1);
	expect_counts(test, thp.truth, 0, SMALLER_NR + ARRAY_SIZE(child));
	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(thp.mm, mm_kunit_addr(4),
					      2 * PAGE_SIZE, ELSEWHERE),
			(long)ELSEWHERE);
	expect_counts(test, thp.truth, 0, SMALLER_NR + ARRAY_SIZE(child));
}

/* ----------------------------------- counts, and what follows from them -- */

/* Two mms is what the kernel follows exactly where it follows mms at all. */
static void __maybe_unused
folio_is_unshared_again_when_one_mm_is_left(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	KUNIT_EXPECT_FALSE(test, mm_kunit_mapped_shared(thp.head));
	child = mm_kunit_fork(test, thp.mm);
	KUNIT_EXPECT_TRUE(test, mm_kunit_mapped_shared(thp.head));
	mm_kunit_split_pmd(test, thp.mm);
	KUNIT_EXPECT_TRUE(test, mm_kunit_mapped_shared(thp.head));
	mm_kunit_exit_mm(test, thp.mm);
	KUNIT_EXPECT_FALSE(test, mm_kunit_mapped_shared(thp.head));
	mm_kunit_split_pmd(test, child);
	expect_counts(test, thp.truth, 0, HUGE_NR);
	KUNIT_EXPECT_FALSE(test, mm_kunit_mapped_shared(thp.head));
}

/* A part for each, and no page in common: still two mms. */
static void __maybe_unused
folio_is_shared_though_no_page_is_mapped_twice(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	leave_pages(test, thp.mm, 0, HUGE_NR / 2);
	leave_pages(test, child, HUGE_NR / 2, HUGE_NR / 2);
	expect_counts(test, thp.truth, 0, HUGE_NR);
	KUNIT_EXPECT_TRUE(test, mm_kunit_mapped_shared(thp.head));
	unmap_pages(test, child, HUGE_NR / 2, HUGE_NR / 2);
	expect_counts(test, thp.truth, 0, HUGE_NR / 2);
	KUNIT_EXPECT_FALSE(test, mm_kunit_mapped_shared(thp.head));
}

static bool may_reuse(struct page *page, int *all)
{
	bool ret;

	lock_page(page);
	ret = mm_kunit_reuse_swap_page(page, all);
	unlock_page(page);
	return ret;
}

static void expect_may_reuse(struct kunit *test, struct truth *t, int i,
			     bool may)
{
	int all = -1;

	KUNIT_EXPECT_EQ_MSG(test, may_reuse(t->head + i, &all), may,
			    "page %d", i);
	if (may)		/* the total of a refusal is not promised */
		KUNIT_EXPECT_EQ_MSG(test, all, total(t), "page %d", i);
	KUNIT_EXPECT_EQ_MSG(test, may_reuse(t->head + i, NULL), may,
			    "page %d", i);
}

static void __maybe_unused reuse_swap_page_takes_page_of_one(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct truth *t = new_truth(test, mm_kunit_page_at(mm, MM_KUNIT_BASE));
	struct mm_struct *child;

	expect_counts(test, t, 0, 1);
	expect_may_reuse(test, t, 0, true);
	child = mm_kunit_fork(test, mm);
	expect_counts(test, t, 0, 2);
	expect_may_reuse(test, t, 0, false);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, t, 0, 1);
	expect_may_reuse(test, t, 0, true);
}

static void __maybe_unused reuse_swap_page_asks_pmds_of_thp(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	expect_may_reuse(test, thp.truth, 0, true);
	child = mm_kunit_fork(test, thp.mm);
	expect_counts(test, thp.truth, 2, 0);
	expect_may_reuse(test, thp.truth, 0, false);
	mm_kunit_split_pmd(test, child);
	expect_counts(test, thp.truth, 1, HUGE_NR);
	expect_may_reuse(test, thp.truth, 0, false);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, thp.truth, 1, 0);
	expect_may_reuse(test, thp.truth, 0, true);
}

/* 6d0a07edd17c: many mms, but each has its own subpages, and may reuse them. */
static void __maybe_unused reuse_swap_page_takes_thp_none_of_it_twice(struct kunit *test)
{
	struct thp thp = scatter(test);

	expect_counts(test, thp.truth, 0, HUGE_NR);
	expect_may_reuse(test, thp.truth, 0, true);
	expect_may_reuse(test, thp.truth, 1, true);
	expect_may_reuse(test, thp.truth, HUGE_NR - 1, true);
}

static void __maybe_unused reuse_swap_page_asks_every_subpage(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	leave_pages(test, child, HUGE_NR - 1, 1);
	mm_kunit_split_pmd(test, thp.mm);
	expect_counts(test, thp.truth, 0, HUGE_NR + 1);
	expect_may_reuse(test, thp.truth, 0, false);
	unmap_pages(test, child, HUGE_NR - 1, 1);
	expect_counts(test, thp.truth, 0, HUGE_NR);
	expect_may_reuse(test, thp.truth, 0, true);
}

/* ksmd may map it once more at any time. */
static void __maybe_unused reuse_swap_page_refuses_ksm_page(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page = mm_kunit_ksm_merge(test, mm, &ksm);

	get_page(page);
	mm_kunit_exit_mm(test, mm[1]);
	KUNIT_ASSERT_EQ(test, mm_kunit_take_census(test->priv, page, 1).ptes, 1);
	KUNIT_EXPECT_FALSE(test, may_reuse(page, NULL));
	put_page(page);
	mm_kunit_ksm_unmerge(test, ksm);
}

static void __maybe_unused reuse_swap_page_asks_swap_entries(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child;
	struct page *page;
	int all = -1;

	mm_kunit_swapon(test);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_TRUE(test, mm_kunit_in_swap_cache(page));
	KUNIT_EXPECT_FALSE(test, may_reuse(page, &all));
	KUNIT_EXPECT_TRUE(test, mm_kunit_in_swap_cache(page));

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_TRUE(test, may_reuse(page, &all));
	KUNIT_EXPECT_EQ(test, all, 1);
	KUNIT_EXPECT_FALSE(test, mm_kunit_in_swap_cache(page));
	mm_kunit_swapoff(test);
}

/* Of each subpage its mappings and its swap entries count together. */
static void __maybe_unused reuse_swap_page_asks_swap_of_every_subpage(struct kunit *test)
{
	const int at[] = { 0, 1, HUGE_NR / 2, HUGE_NR - 1 };
	struct thp thp = new_thp(test);
	swp_entry_t first, entry;
	bool added;
	int i, all;

	mm_kunit_swapon(test);
	mm_kunit_split_pmd(test, thp.mm);
	lock_page(thp.head);
	added = mm_kunit_add_to_swap(thp.head, &first);
	unlock_page(thp.head);
	KUNIT_ASSERT_TRUE(test, added);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		entry = swp_entry(swp_type(first), swp_offset(first) + at[i]);
		mm_kunit_hold_swap(entry, true);
		KUNIT_EXPECT_FALSE_MSG(test, may_reuse(thp.head, &all),
				       "subpage %d", at[i]);
		mm_kunit_hold_swap(entry, false);
	}
	unmap_pages(test, thp.mm, HUGE_NR - 1, 1);
	mm_kunit_hold_swap(entry, true);
	KUNIT_EXPECT_TRUE(test, may_reuse(thp.head + 1, &all));
	KUNIT_EXPECT_EQ(test, all, HUGE_NR);
	KUNIT_EXPECT_TRUE(test, mm_kunit_in_swap_cache(thp.head));
	mm_kunit_hold_swap(entry, false);
	KUNIT_EXPECT_TRUE(test, may_reuse(thp.head, &all));
	KUNIT_EXPECT_FALSE(test, mm_kunit_in_swap_cache(thp.head));
	mm_kunit_swapoff(test);
}

/* --------------------------------------------------------------- swap -- */

static void __maybe_unused counts_of_page_back_from_swap(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child;
	struct truth *t;

	/* Page 0 is the mm's own when it goes, page 1 only might be. */
	mm_kunit_exit_mm(test, mm_kunit_fork(test, mm));
	mm_kunit_write_pages(test, mm, 1);
	mm_kunit_swapon(test);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, 2 * PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, child, 2);
	t = new_truth(test, mm_kunit_page_at(child, mm_kunit_addr(1)));
	expect_counts(test, t, 0, 1);
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(1)), t->head);
	expect_counts(test, t, 0, 2);
	mm_kunit_exit_mm(test, child);
	expect_counts(test, t, 0, 1);
	mm_kunit_swapoff(test);
}

/*
 * Page by page, whole or in parts of a size in between, as the tree likes. The
 * two mms have all of what was one huge page, so each page of whatever it is
 * now is mapped by both.
 */
static void expect_counts_of_two(struct kunit *test, struct truth *t)
{
	char why[160] = "";
	int i;

	find_truth(test->priv, t);
	for (i = 0; i < t->nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, t->each[i].ptes + t->each[i].pmds, 2,
				    "page %d of %d", i, t->nr);
	KUNIT_EXPECT_EQ(test, t->mms, 2);
	KUNIT_EXPECT_TRUE_MSG(test, counts_are_true(t, why, sizeof(why)),
			      "%s", why);
}

static void __maybe_unused counts_of_thp_back_from_swap(struct kunit *test)
{
	struct thp thp = new_thp(test);
	const int at[] = { 0, 1, HUGE_NR / 2, HUGE_NR - 1 };
	struct mm_struct *child;
	int i;

	mm_kunit_swapon(test);
	mm_kunit_write_pages(test, thp.mm, HUGE_NR);
	mm_kunit_swap_out(test, thp.mm, MM_KUNIT_BASE, PMD_SIZE);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_expect_pages(test, thp.mm, HUGE_NR);
	mm_kunit_expect_pages(test, child, HUGE_NR);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		struct page *page = mm_kunit_page_at(thp.mm, mm_kunit_addr(at[i]));

		expect_counts_of_two(test, new_truth(test, compound_head(page)));
	}
	mm_kunit_swapoff(test);
}

/* ------------------------------------------------ reuse or copy, small -- */

/* A write to page @i by an mm that may keep the page, or else may not. */
static void expect_write(struct kunit *test, struct mm_struct *mm, int i,
			 bool reuses)
{
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(i));
	bool kept;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	lru_add_drain_all();
	mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(1000 + i));
	kept = mm_kunit_page_at(mm, mm_kunit_addr(i)) == page;
	KUNIT_EXPECT_EQ_MSG(test, kept, reuses, "the write to page %d", i);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
			mm_kunit_content(1000 + i));
}

/* What the device holds is what the process maps, whatever both write. */
static void expect_one_page(struct kunit *test, struct mm_struct *mm,
			    struct page *pinned, int i)
{
	u64 *device = page_address(pinned);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(i)), pinned);
	*device = mm_kunit_content(2000);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
			mm_kunit_content(2000));
	mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(2001));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(i)), pinned);
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(2001));
}

/* What a private mapping writes to a file the file never sees. */
static void write_copies_page_of_file(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *shared, *private;
	struct page *page;

	shared = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE,
				  PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	private = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE,
				   PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	mm_kunit_write_pages(test, shared, 1);
	mm_kunit_expect_pages(test, private, 1);
	page = mm_kunit_page_at(private, MM_KUNIT_BASE);
	KUNIT_ASSERT_PTR_EQ(test, page, mm_kunit_page_at(shared, MM_KUNIT_BASE));
	mm_kunit_write(test, private, MM_KUNIT_BASE, mm_kunit_content(99));
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(private, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 1);
	mm_kunit_expect_pages(test, shared, 1);
}

static void write_reuses_page_after_childs_exit(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_exit_mm(test, child);
	expect_write(test, mm, 0, true);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

static void write_reuses_page_that_child_unmapped(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	unmap_pages(test, child, 0, 1);
	expect_write(test, mm, 0, true);
	expect_write(test, mm, 1, false);
}

static void write_reuses_page_that_child_copied(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	expect_write(test, child, 0, false);
	mm_kunit_expect_pages(test, mm, 1);
	expect_write(test, mm, 0, true);
}

static void write_copies_page_of_two(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	expect_write(test, mm, 0, false);
	mm_kunit_expect_pages(test, child, 1);
}

/* Whoever holds it may hand it to another mm. */
static void write_copies_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_kunit_exit_mm(test, child);
	get_page(page);
	expect_write(test, mm, 0, false);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(page), mm_kunit_content(0));
	put_page(page);
}

/*
 * Exclusive means that no reference can come from another mm. A pin that only
 * reads makes a page exclusive, and leaves it write-protected.
 */
static void __maybe_unused write_reuses_exclusive_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);

	mm_kunit_exit_mm(test, child);
	mm_kunit_unpin(test, page);
	KUNIT_ASSERT_FALSE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).write);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	get_page(page);
	expect_write(test, mm, 0, true);
	put_page(page);
}

static void __maybe_unused write_copies_ksm_page_of_one(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct page *page = mm_kunit_ksm_merge(test, mm, &ksm);

	mm_kunit_exit_mm(test, mm[1]);
	KUNIT_ASSERT_EQ(test, mm_kunit_take_census(test->priv, page, 1).ptes, 1);
	expect_write(test, mm[0], 0, false);
	mm_kunit_ksm_unmerge(test, ksm);
}

/* What the child will have back from swap is what was swapped out. */
static void __maybe_unused write_copies_page_that_child_has_in_swap(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child;

	mm_kunit_swapon(test);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, 2 * PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	expect_write(test, mm, 0, false);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(99));
	mm_kunit_expect_pages(test, child, 2);
	mm_kunit_swapoff(test);
}

static void __maybe_unused write_reuses_page_back_from_swap(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child;

	mm_kunit_swapon(test);
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, mm, 1);
	mm_kunit_exit_mm(test, child);
	expect_write(test, mm, 0, true);
	mm_kunit_swapoff(test);
}

/* ------------------------------------------------- reuse or copy, huge -- */

static void __maybe_unused write_reuses_thp_after_childs_exit(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, child);
	expect_write(test, thp.mm, 1, true);
	expect_counts(test, thp.truth, 1, 0);
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(thp.mm, MM_KUNIT_BASE).write);
}

static void __maybe_unused write_copies_thp_of_two(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	expect_write(test, thp.mm, 1, false);
	expect_counts(test, thp.truth, 1, HUGE_NR - 1);
	mm_kunit_expect_pages(test, child, 4);
	expect_write(test, child, 2, false);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, thp.mm, mm_kunit_addr(2)),
			mm_kunit_content(2));
}

/* The child maps one page of it, which is enough. */
static void __maybe_unused write_copies_thp_beside_a_pte(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	leave_pages(test, child, 1, 1);
	expect_counts(test, thp.truth, 1, 1);
	expect_write(test, thp.mm, 1, false);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

static void __maybe_unused write_copies_thp_with_a_reference(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, child);
	get_page(thp.head);
	expect_write(test, thp.mm, 1, false);
	put_page(thp.head);
}

static void __maybe_unused write_reuses_exclusive_thp_with_a_reference(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page;

	mm_kunit_exit_mm(test, child);
	page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(1), 0);
	KUNIT_ASSERT_FALSE(test, mm_kunit_entry_at(thp.mm, MM_KUNIT_BASE).write);
	expect_write(test, thp.mm, 1, true);
	expect_counts(test, thp.truth, 1, 0);
	expect_one_page(test, thp.mm, page, 1);
}

/* Both map it by PTEs; what the other has not got it may be allowed to keep. */
static void __maybe_unused write_copies_page_of_thp_of_two(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	leave_pages(test, child, 1, HUGE_NR - 1);
	expect_write(test, thp.mm, 1, false);
	expect_write(test, child, 2, false);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(1)),
			mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, thp.mm, mm_kunit_addr(2)),
			mm_kunit_content(2));
}

static void __maybe_unused
write_reuses_page_of_thp_after_childs_exit(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_exit_mm(test, child);
	expect_write(test, thp.mm, 1, true);
	expect_write(test, thp.mm, HUGE_NR - 1, true);
	expect_counts(test, thp.truth, 0, HUGE_NR);
}

static void __maybe_unused
write_copies_page_of_thp_with_a_reference(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child;

	mm_kunit_split_pmd(test, thp.mm);
	child = mm_kunit_fork(test, thp.mm);
	mm_kunit_exit_mm(test, child);
	get_page(thp.head);
	expect_write(test, thp.mm, 1, false);
	put_page(thp.head);
}

/* -------------------------------------------------------- pinned pages -- */

static void pinned_page_stays_with_its_process(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	struct mm_struct *child;

	expect_one_page(test, mm, page, 0);
	child = mm_kunit_fork(test, mm);
	expect_one_page(test, mm, page, 0);
	KUNIT_EXPECT_NE(test, mm_kunit_read(test, child, MM_KUNIT_BASE), 0ULL);
	mm_kunit_exit_mm(test, child);
	expect_one_page(test, mm, page, 0);
}

/* By a PMD, by PTEs, beside a child and after it. */
static void __maybe_unused pinned_thp_stays_with_its_process(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct page *page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(3),
					 FOLL_WRITE);
	struct mm_struct *child;

	expect_one_page(test, thp.mm, page, 3);
	child = mm_kunit_fork(test, thp.mm);
	expect_one_page(test, thp.mm, page, 3);
	mm_kunit_exit_mm(test, child);
	expect_one_page(test, thp.mm, page, 3);
	KUNIT_EXPECT_NE(test, split_thp(thp.head), 0);
	expect_one_page(test, thp.mm, page, 3);
	mm_kunit_split_pmd(test, thp.mm);
	expect_one_page(test, thp.mm, page, 3);
	child = mm_kunit_fork(test, thp.mm);
	expect_one_page(test, thp.mm, page, 3);
	leave_pages(test, child, 3, 1);
	expect_one_page(test, thp.mm, page, 3);
	unmap_pages(test, thp.mm, 0, 3);
	expect_one_page(test, thp.mm, page, 3);
}

/* A pin that comes after the fork breaks the sharing, for good. */
static void pin_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);

	expect_one_page(test, mm, page, 0);
	mm_kunit_expect_pages(test, child, 1);
	mm_kunit_exit_mm(test, child);
	expect_one_page(test, mm, page, 0);
}

static void __maybe_unused pin_of_thp_after_fork_gets_own_page(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(2),
					 FOLL_WRITE);

	expect_one_page(test, thp.mm, page, 2);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_exit_mm(test, child);
	expect_one_page(test, thp.mm, page, 2);
}

/* Also one that only reads, since pages know whether they are exclusive. */
static void __maybe_unused reading_pin_after_fork_gets_own_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);

	expect_one_page(test, mm, page, 0);
	mm_kunit_expect_pages(test, child, 1);
}

/* With the child gone the page is the mm's own, and need not be copied. */
static void __maybe_unused reading_pin_after_childs_exit_keeps_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0), page);
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_exclusive(page));
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).write);
	expect_one_page(test, mm, page, 0);
}

static void __maybe_unused reading_pin_of_thp_after_fork_gets_own_page(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);
	struct page *page = mm_kunit_pin(test, thp.mm, mm_kunit_addr(2), 0);

	expect_one_page(test, thp.mm, page, 2);
	mm_kunit_expect_pages(test, child, 4);
}

/* ----------------------------------------------------------- anon_vma -- */

static struct anon_vma *anon_vma_at(struct mm_struct *mm, unsigned long addr)
{
	return mm_kunit_vma(mm, addr)->anon_vma;
}

/* Every mm that maps the page must be found through the page's anon_vma. */
static bool is_found(struct mm_struct *mm, unsigned long addr)
{
	struct anon_vma *anon_vma = mm_kunit_anon_vma(mm_kunit_page_at(mm, addr));
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	struct anon_vma_chain *avc;

	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma)
		if (avc->anon_vma == anon_vma)
			return true;
	return false;
}

static void __maybe_unused reuse_moves_page_to_own_anon_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_anon_vma(page),
			    anon_vma_at(mm, MM_KUNIT_BASE));
	mm_kunit_exit_mm(test, mm);
	expect_write(test, child, 0, true);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_anon_vma(page),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

static void __maybe_unused reuse_moves_thp_to_own_anon_vma(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	mm_kunit_exit_mm(test, thp.mm);
	expect_write(test, child, 1, true);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_anon_vma(thp.head),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

/* The child writes first: the page must not go with it. */
static void copy_leaves_page_with_its_anon_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	expect_write(test, child, 0, false);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_anon_vma(page),
			    anon_vma_at(mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test, is_found(mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test, is_found(child, MM_KUNIT_BASE));
	KUNIT_EXPECT_PTR_EQ(test,
			    mm_kunit_anon_vma(mm_kunit_page_at(child, MM_KUNIT_BASE)),
			    anon_vma_at(child, MM_KUNIT_BASE));
}

static void __maybe_unused copy_leaves_thp_with_its_anon_vma(struct kunit *test)
{
	struct thp thp = new_thp(test);
	struct mm_struct *child = mm_kunit_fork(test, thp.mm);

	expect_write(test, child, 1, false);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_anon_vma(thp.head),
			    anon_vma_at(thp.mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test, is_found(thp.mm, MM_KUNIT_BASE));
	KUNIT_EXPECT_TRUE(test, is_found(child, mm_kunit_addr(1)));
	KUNIT_EXPECT_TRUE(test, is_found(child, mm_kunit_addr(2)));
}

/* --------------------------------------------------- random sequences -- */

#define RANDOM_PLACES	16
#define RANDOM_SEEDS	3
#define RANDOM_FOLIOS	32

/**
 * struct known - a large folio that a step of a sequence has found mapped
 * @head: the folio, or NULL
 * @most_mms: how many mms have mapped it at most, since it was first found
 * @step: the last step that has found it
 */
struct known {
	struct page *head;
	int most_mms;
	int step;
};

/**
 * struct sequence - a random sequence over one huge page and what comes of it
 * @seq: the sequence
 * @truth: what maps a page
 * @value: what each mm last wrote to each place
 * @moved: has mremap() taken an mm's pages elsewhere
 * @step: how many steps there have been
 * @known: the large folios
 */
struct sequence {
	struct mm_kunit_sequence seq;
	struct truth truth;
	u64 value[MM_KUNIT_RANDOM_MMS][RANDOM_PLACES];
	bool moved[MM_KUNIT_RANDOM_MMS];
	int step;
	struct known known[RANDOM_FOLIOS];
};

#define to_sequence(s)	container_of(s, struct sequence, seq)

/* Both ends of the huge page, and its middle. */
static int subpage(int place)
{
	if (place < 6)
		return place;
	if (place < 10)
		return HUGE_NR / 2 - 8 + place;
	return HUGE_NR - RANDOM_PLACES + place;
}

static unsigned long random_base(struct mm_kunit_sequence *seq, int mm)
{
	return to_sequence(seq)->moved[mm] ? ELSEWHERE : MM_KUNIT_BASE;
}

static unsigned long random_addr(struct mm_kunit_sequence *seq, int mm,
				 int place)
{
	return random_base(seq, mm) + subpage(place) * PAGE_SIZE;
}

static struct mm_struct *random_start(struct mm_kunit_sequence *seq, int slot)
{
	struct mm_struct *mm = mm_kunit_new_mm(seq->test);
	struct sequence *s = to_sequence(seq);

	mm_kunit_mmap_anon(seq->test, mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE, MADV_HUGEPAGE);
	memset(s->value[slot], 0, sizeof(s->value[slot]));
	s->moved[slot] = false;
	return mm;
}

static bool step_write(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	u64 *value = &to_sequence(seq)->value[step->mm][step->from];

	*value = prandom_u32_state(&seq->rnd) | 1;
	return !mm_kunit_store(seq->mms[step->mm],
			       random_addr(seq, step->mm, step->from), *value);
}

static bool step_read(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	u64 value;

	return !mm_kunit_load(seq->mms[step->mm],
			      random_addr(seq, step->mm, step->from), &value) &&
	       value == to_sequence(seq)->value[step->mm][step->from];
}

static bool step_fork(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	struct sequence *s = to_sequence(seq);

	if (seq->mms[step->slot])
		mm_kunit_forget_mm(seq, step->slot);
	seq->mms[step->slot] = mm_kunit_fork(seq->test, seq->mms[step->mm]);
	memcpy(s->value[step->slot], s->value[step->mm], sizeof(s->value[0]));
	s->moved[step->slot] = s->moved[step->mm];
	return true;
}

static bool step_exit(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	mm_kunit_forget_mm(seq, step->mm);
	return true;
}

static bool step_split_pmd(struct mm_kunit_sequence *seq,
			   struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = random_addr(seq, step->mm, step->from);

	return !mm_kunit_mprotect(mm, addr, PAGE_SIZE, PROT_READ) &&
	       !mm_kunit_mprotect(mm, addr, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static struct page *random_page(struct mm_kunit_sequence *seq, int mm, int place)
{
	struct page *page = mm_kunit_page_at(seq->mms[mm],
					     random_addr(seq, mm, place));

	return page && PageAnon(page) ? page : NULL;
}

/* Whatever it answers, what is mapped where must stay, and be counted right. */
static bool step_split(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	struct page *page = random_page(seq, step->mm, step->from);

	if (!page || !PageCompound(page))
		return true;
	split_thp(page);
	return true;
}

static bool step_zap(struct mm_kunit_sequence *seq,
		     struct mm_kunit_step *step)
{
	unsigned long addr = random_addr(seq, step->mm, step->from);
	unsigned long end = random_addr(seq, step->mm, step->to) + PAGE_SIZE;
	int place;

	for (place = step->from; place <= step->to; place++)
		to_sequence(seq)->value[step->mm][place] = 0;
	return !mm_kunit_madvise(seq->mms[step->mm], addr, end - addr,
				 MADV_DONTNEED);
}

static bool step_move(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	unsigned long from = random_base(seq, step->mm);
	unsigned long to;

	to_sequence(seq)->moved[step->mm] ^= true;
	to = random_base(seq, step->mm);
	return mm_kunit_mremap(seq->mms[step->mm], from, PMD_SIZE, to) ==
	       (long)to;
}

/* Only what one mm alone maps goes, and nothing without a device. */
static bool step_swap_out(struct mm_kunit_sequence *seq,
			  struct mm_kunit_step *step)
{
	unsigned long addr = random_addr(seq, step->mm, step->from);
	unsigned long end = random_addr(seq, step->mm, step->to) + PAGE_SIZE;

	lru_add_drain_all();
	return !mm_kunit_madvise(seq->mms[step->mm], addr, end - addr,
				 MADV_PAGEOUT);
}

static const struct mm_kunit_op random_ops[] = {
	{ "write", 34, step_write },
	{ "read", 10, step_read },
	{ "swap out", 6, step_swap_out },
	{ "fork", 16, step_fork },
	{ "exit", 5, step_exit },
	{ "split pmd", 6, step_split_pmd },
	{ "split", 4, step_split },
	{ "zap", 10, step_zap },
	{ "move", 9, step_move },
};

static bool place_is_true(struct mm_kunit_sequence *seq, int mm, int place,
			  char *why, size_t size)
{
	unsigned long addr = random_addr(seq, mm, place);
	struct page *page = mm_kunit_page_at(seq->mms[mm], addr);
	u64 value = to_sequence(seq)->value[mm][place];

	if (!page && value &&
	    mm_kunit_entry_at(seq->mms[mm], addr).kind != MM_KUNIT_OTHER)
		return mm_kunit_untrue(why, size, "mm %d lost place %d", mm,
				       place);
	if (!page)
		return true;
	if (*(u64 *)page_address(page) != value)
		return mm_kunit_untrue(why, size, "mm %d has %llx at place %d, not %llx",
				       mm, *(u64 *)page_address(page), place,
				       value);
	if (PageAnon(page) && !is_found(seq->mms[mm], addr))
		return mm_kunit_untrue(why, size,
				       "mm %d at place %d is not found by the page's anon_vma",
				       mm, place);
	return true;
}

static bool nobody_writes_to_shared(struct truth *t, char *why, size_t size)
{
	int i;

	for (i = 0; i < t->nr; i++)
		if (t->each[i].writable && t->each[i].ptes + t->each[i].pmds > 1)
			return mm_kunit_untrue(why, size,
					       "subpage %d is writable and mapped %d times",
					       i, t->each[i].ptes + t->each[i].pmds);
	return true;
}

/*
 * Every step looks at every large folio, so what no step has found for a while
 * is gone, and may be another's memory. An entry that is free serves as well.
 */
static struct known *recall(struct sequence *s, struct page *head)
{
	struct known *free = NULL;
	int i;

	for (i = 0; i < RANDOM_FOLIOS; i++) {
		struct known *known = &s->known[i];

		if (known->step < s->step - 1)
			known->head = NULL;
		if (known->head == head)
			return known;
		if (!known->head)
			free = known;
	}
	if (free)
		*free = (struct known) { .head = head };
	return free;
}

static bool page_is_true(struct mm_kunit_sequence *seq, struct page *page,
			 char *why, size_t size)
{
	struct sequence *s = to_sequence(seq);
	struct truth *t = &s->truth;
	struct known *known;

	t->head = compound_head(page);
	t->nr = compound_nr(t->head);
	t->most_mms = 0;
	known = t->nr > 1 ? recall(s, t->head) : NULL;
	if (t->nr > 1 && !known)
		return mm_kunit_untrue(why, size, "more than %d large folios",
				       RANDOM_FOLIOS);
	if (known)
		t->most_mms = known->most_mms;
	find_truth(seq->test->priv, t);
	if (known) {
		known->most_mms = t->most_mms;
		known->step = s->step;
	}
	return counts_are_true(t, why, size) &&
	       nobody_writes_to_shared(t, why, size);
}

/* Of each mm one large folio at either end, and the page at one place. */
static bool random_is_true(struct mm_kunit_sequence *seq, char *why,
			   size_t size)
{
	int last = (seq->rnd.s1 & 0xff) % RANDOM_PLACES;
	int mm, place;

	to_sequence(seq)->step++;
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++) {
		struct page *page, *seen = NULL;

		if (!seq->mms[mm])
			continue;
		for (place = 0; place < RANDOM_PLACES; place++) {
			if (!place_is_true(seq, mm, place, why, size))
				return false;
			page = random_page(seq, mm, place);
			if (!page || compound_head(page) == seen ||
			    (!PageCompound(page) && place != last))
				continue;
			seen = compound_head(page);
			if (!page_is_true(seq, page, why, size))
				return false;
		}
	}
	return true;
}

static void __maybe_unused random_sequences_keep_the_counts(struct kunit *test)
{
	static const struct mm_kunit_random random = {
		.ops = random_ops,
		.nr_ops = ARRAY_SIZE(random_ops),
		.places = RANDOM_PLACES,
		.steps = 150,
		.start = random_start,
		.is_true = random_is_true,
	};
	u64 seed;

	for (seed = 1; seed <= RANDOM_SEEDS; seed++) {
		struct sequence *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		mm_kunit_run_sequence(test, &s->seq, &random, seed);
	}
}

static void __maybe_unused
random_sequences_with_swap_keep_the_counts(struct kunit *test)
{
	mm_kunit_swapon(test);
	random_sequences_keep_the_counts(test);
	mm_kunit_swapoff(test);
}

/*
 * What most others rest on comes first: where that crashes, it is to blame.
 */
static struct kunit_case thp_mapcount_cases[] = {
	KUNIT_CASE(counts_of_small_page),
	KUNIT_CASE(counts_of_small_page_back_with_its_mm),
	KUNIT_CASE(counts_of_small_file_page),
	KUNIT_CASE(write_reuses_page_after_childs_exit),
	KUNIT_CASE(write_reuses_page_that_child_unmapped),
	KUNIT_CASE(write_reuses_page_that_child_copied),
	KUNIT_CASE(write_copies_page_of_two),
	KUNIT_CASE(write_copies_page_with_a_reference),
	MM_KUNIT_CASE_IF(EXCLUSIVE, write_reuses_exclusive_page_with_a_reference)
	MM_KUNIT_CASE_IF(KSM, write_copies_ksm_page_of_one)
	KUNIT_CASE(write_copies_page_of_file),
	KUNIT_CASE(pinned_page_stays_with_its_process),
	KUNIT_CASE(pin_after_fork_gets_own_page),
	MM_KUNIT_CASE_IF(EXCLUSIVE, reading_pin_after_fork_gets_own_page)
	MM_KUNIT_CASE_IF(EXCLUSIVE, reading_pin_after_childs_exit_keeps_page)
	MM_KUNIT_CASE_IF(MOVE_ANON_RMAP, reuse_moves_page_to_own_anon_vma)
	KUNIT_CASE(copy_leaves_page_with_its_anon_vma),
	MM_KUNIT_CASE_IF(REUSE_SWAP_PAGE, reuse_swap_page_takes_page_of_one)
	MM_KUNIT_CASE_IF(REUSE_SWAP_KSM, reuse_swap_page_refuses_ksm_page)
	MM_KUNIT_CASE_IF(REUSE_SWAPPED, reuse_swap_page_asks_swap_entries)
	MM_KUNIT_CASE_IF(SWAP, counts_of_page_back_from_swap)
	MM_KUNIT_CASE_IF(SWAP, write_copies_page_that_child_has_in_swap)
	MM_KUNIT_CASE_IF(SWAP_EXCLUSIVE, write_reuses_page_back_from_swap)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_one_pmd)
	MM_KUNIT_CASE_IF(THP, counts_of_unmapped_thp)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_unmapped_in_pieces)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_two_pmds)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_eight_pmds)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_ptes)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_pmd_and_ptes)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_after_its_last_pmd)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_in_ptes_of_two)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_forked_by_ptes)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_none_of_it_twice)
	MM_KUNIT_CASE_IF(THP, counts_of_subpage_mapped_once)
	MM_KUNIT_CASE_IF(THP, counts_of_subpage_mapped_twice)
	MM_KUNIT_CASE_IF(THP, counts_of_subpage_mapped_by_eight)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_without_its_front)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_without_its_back)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_without_its_middle)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_of_which_a_tail_is_left)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_after_mremap)
	MM_KUNIT_CASE_IF(THP, counts_of_thp_after_mremap_of_part)
	MM_KUNIT_CASE_IF(THP, counts_after_split)
	MM_KUNIT_CASE_IF(THP, counts_after_refused_split)
	MM_KUNIT_CASE_IF(FILE_THP, counts_of_file_thp_in_pmds)
	MM_KUNIT_CASE_IF(FILE_THP, counts_of_file_thp_in_pmd_and_ptes)
	MM_KUNIT_CASE_IF(FILE_THP, counts_of_file_thp_after_split_pmd)
	MM_KUNIT_CASE_IF(SMALLER_THP, counts_of_smaller_folio)
	MM_KUNIT_CASE_IF(SMALLER_THP, counts_of_smaller_folio_in_eight_mms)
	MM_KUNIT_CASE_IF(THP_SHARED, folio_is_unshared_again_when_one_mm_is_left)
	MM_KUNIT_CASE_IF(THP_SHARED_EXACT, folio_is_shared_though_no_page_is_mapped_twice)
	MM_KUNIT_CASE_IF(THP_REUSE_SWAP_PAGE, reuse_swap_page_asks_pmds_of_thp)
	MM_KUNIT_CASE_IF(THP_REUSE_SWAP_PAGE, reuse_swap_page_takes_thp_none_of_it_twice)
	MM_KUNIT_CASE_IF(THP_REUSE_SWAP_PAGE, reuse_swap_page_asks_every_subpage)
	MM_KUNIT_CASE_IF(REUSE_THP_SWAP, reuse_swap_page_asks_swap_of_every_subpage)
	MM_KUNIT_CASE_IF(THP_SWAPPED, counts_of_thp_back_from_swap)
	MM_KUNIT_CASE_IF(THP, write_reuses_thp_after_childs_exit)
	MM_KUNIT_CASE_IF(THP, write_copies_thp_of_two)
	MM_KUNIT_CASE_IF(THP, write_copies_thp_beside_a_pte)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, write_copies_thp_with_a_reference)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, write_reuses_exclusive_thp_with_a_reference)
	MM_KUNIT_CASE_IF(THP, write_copies_page_of_thp_of_two)
	MM_KUNIT_CASE_IF(THP_REUSE_PTES, write_reuses_page_of_thp_after_childs_exit)
	MM_KUNIT_CASE_IF(THP, write_copies_page_of_thp_with_a_reference)
	MM_KUNIT_CASE_IF(THP, pinned_thp_stays_with_its_process)
	MM_KUNIT_CASE_IF(THP, pin_of_thp_after_fork_gets_own_page)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, reading_pin_of_thp_after_fork_gets_own_page)
	MM_KUNIT_CASE_IF(THP_MOVE_ANON_RMAP, reuse_moves_thp_to_own_anon_vma)
	MM_KUNIT_CASE_IF(THP, copy_leaves_thp_with_its_anon_vma)
	MM_KUNIT_CASE_IF(THP, random_sequences_keep_the_counts)
	MM_KUNIT_CASE_IF(THP_SWAPPED, random_sequences_with_swap_keep_the_counts)
	{}
};

static struct kunit_suite thp_mapcount_suite = {
	.name = "thp_mapcount",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = thp_mapcount_cases,
};

kunit_test_suite(thp_mapcount_suite);

MODULE_DESCRIPTION("KUnit tests for mapcounts of huge pages");
MODULE_LICENSE("GPL");
