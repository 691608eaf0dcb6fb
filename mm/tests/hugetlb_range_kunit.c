// SPDX-License-Identifier: GPL-2.0-only
/*
 * The range that an unshared PMD table affects. A PMD table that several mms
 * share is unshared as a whole: whoever changes a part of a PUD may take the
 * whole PUD from the mm, and must flush and notify of all of it.
 * adjust_range_if_pmd_sharing_possible() says how much that is.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"

static void hugetlb_require_no_pmd_sharing(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING))
		kunit_skip(test, "huge PMD sharing is compiled in");
}

/**
 * struct hugetlb_span - a range of addresses
 * @start: first address
 * @end: first address after it
 */
struct hugetlb_span {
	unsigned long start;
	unsigned long end;
};

/*
 * What can change, worked out in another way: the range itself, and each PUD
 * that the range overlaps and that lies in the VMA as a whole.
 */
static struct hugetlb_span hugetlb_affected_span(struct vm_area_struct *vma,
						 struct hugetlb_span asked)
{
	unsigned long pud = vma->vm_start - vma->vm_start % PUD_SIZE;
	struct hugetlb_span all = asked;

	if (!IS_ENABLED(CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING) ||
	    !(vma->vm_flags & VM_MAYSHARE))
		return asked;

	for (; vma->vm_end - pud >= PUD_SIZE; pud += PUD_SIZE) {
		unsigned long pud_end = pud + PUD_SIZE;

		if (pud < vma->vm_start)
			continue;
		if (asked.start < pud_end && asked.end > pud) {
			all.start = min(all.start, pud);
			all.end = max(all.end, pud_end);
		}
		if (vma->vm_end - pud_end < PUD_SIZE)
			break;
	}
	return all;
}

static struct hugetlb_span hugetlb_adjusted_span(struct vm_area_struct *vma,
						 struct hugetlb_span asked)
{
	adjust_range_if_pmd_sharing_possible(vma, &asked.start, &asked.end);
	return asked;
}

/* A VMA that is in no tree of VMAs. */
static struct vm_area_struct *hugetlb_lone_vma(struct kunit *test,
					       unsigned long start,
					       unsigned long end,
					       vm_flags_t flags)
{
	struct vm_area_struct *vma;

	vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vma);
	vma_init(vma, mm_kunit_new_mm(test));
	vma->vm_start = start;
	vma->vm_end = end;
	vm_flags_init(vma, flags);
	return vma;
}

/* A macro, so that a failure is reported with the line of the case. */
#define EXPECT_ADJUSTED(test, vma, from, to, want_from, want_to)              \
	do {                                                                  \
		struct kunit *test_ = (test);                                 \
		struct vm_area_struct *vma_ = (vma);                          \
		struct hugetlb_span asked = { from, to };                     \
		struct hugetlb_span want = { want_from, want_to };            \
		struct hugetlb_span got = hugetlb_adjusted_span(vma_, asked); \
									      \
		KUNIT_EXPECT_EQ_MSG(test_, got.start, want.start,             \
				    "%lx-%lx in VMA %lx-%lx", asked.start,    \
				    asked.end, vma_->vm_start, vma_->vm_end); \
		KUNIT_EXPECT_EQ_MSG(test_, got.end, want.end,                 \
				    "%lx-%lx in VMA %lx-%lx", asked.start,    \
				    asked.end, vma_->vm_start, vma_->vm_end); \
	} while (0)

/*
 * 75802ca66354 ("mm/hugetlb: fix calculation of
 * adjust_range_if_pmd_sharing_possible"): the last PUD was left out if the
 * range ended within it.
 */
static void adjust_range_into_last_pud_covers_it(struct kunit *test)
{
	struct vm_area_struct *vma;

	mm_kunit_require_pmd_sharing(test);
	vma = hugetlb_lone_vma(test, 0, 4 * PUD_SIZE, VM_SHARED | VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma, PUD_SIZE - PMD_SIZE, PUD_SIZE + PMD_SIZE, 0,
			2 * PUD_SIZE);
}

/*
 * a1ba9da8f0f9 ("mm/hugetlb.c: fix unnecessary address expansion of pmd
 * sharing"): the range grew beyond the ends of the VMA, where nobody can share.
 */
static void adjust_range_in_unshareable_ends_stays(struct kunit *test)
{
	struct vm_area_struct *vma;

	mm_kunit_require_pmd_sharing(test);
	vma = hugetlb_lone_vma(test, PUD_SIZE - 2 * PMD_SIZE,
			       3 * PUD_SIZE + 2 * PMD_SIZE,
			       VM_SHARED | VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma, PUD_SIZE - PMD_SIZE, 3 * PUD_SIZE + PMD_SIZE,
			PUD_SIZE - PMD_SIZE, 3 * PUD_SIZE + PMD_SIZE);
}

/**
 * struct hugetlb_adjust_row - a VMA and a range whose boundaries matter
 * @name: what is special about it
 * @vma: its bounds
 * @asked: the range
 * @want: the range that an unshare can change
 */
struct hugetlb_adjust_row {
	const char *name;
	struct hugetlb_span vma;
	struct hugetlb_span asked;
	struct hugetlb_span want;
};

#define P PUD_SIZE
#define H PMD_SIZE

static const struct hugetlb_adjust_row hugetlb_adjust_rows[] = {
	{ .name = "vma smaller than a pud",
	  .vma = { P + H, 2 * P - H },
	  .asked = { P + 2 * H, P + 3 * H },
	  .want = { P + 2 * H, P + 3 * H } },
	{ .name = "vma of a pud, unaligned",
	  .vma = { P + H, 2 * P + H },
	  .asked = { 2 * P - H, 2 * P + H },
	  .want = { 2 * P - H, 2 * P + H } },
	{ .name = "vma of just one pud",
	  .vma = { P, 2 * P },
	  .asked = { P + H, P + 2 * H },
	  .want = { P, 2 * P } },
	{ .name = "in the unaligned head",
	  .vma = { P - 4 * H, 3 * P },
	  .asked = { P - 3 * H, P - H },
	  .want = { P - 3 * H, P - H } },
	{ .name = "in the unaligned tail",
	  .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P + H, 3 * P + 2 * H },
	  .want = { 3 * P + H, 3 * P + 2 * H } },
	{ .name = "from the head into a pud",
	  .vma = { P - 4 * H, 3 * P },
	  .asked = { P - H, P + H },
	  .want = { P - H, 2 * P } },
	{ .name = "from a pud into the tail",
	  .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P - H, 3 * P + H },
	  .want = { 2 * P, 3 * P + H } },
	{ .name = "ends on a boundary",
	  .vma = { P, 4 * P },
	  .asked = { 2 * P - H, 2 * P },
	  .want = { P, 2 * P } },
	{ .name = "starts on a boundary",
	  .vma = { P, 4 * P },
	  .asked = { 2 * P, 2 * P + H },
	  .want = { 2 * P, 3 * P } },
	{ .name = "whole puds",
	  .vma = { P, 4 * P },
	  .asked = { 2 * P, 4 * P },
	  .want = { 2 * P, 4 * P } },
	{ .name = "whole vma, unaligned",
	  .vma = { P - H, 2 * P + H },
	  .asked = { P - H, 2 * P + H },
	  .want = { P - H, 2 * P + H } },
	{ .name = "lowest address",
	  .vma = { 0, P },
	  .asked = { 0, H },
	  .want = { 0, P } },
	{ .name = "empty, on a boundary",
	  .vma = { P, 4 * P },
	  .asked = { 2 * P, 2 * P },
	  .want = { 2 * P, 2 * P } },
	{ .name = "empty, in the tail",
	  .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P + H, 3 * P + H },
	  .want = { 3 * P + H, 3 * P + H } },
};

#undef P
#undef H

static void hugetlb_expect_adjusted(struct kunit *test,
				    struct vm_area_struct *vma,
				    const struct hugetlb_adjust_row *row)
{
	struct hugetlb_span got;

	vma->vm_start = row->vma.start;
	vma->vm_end = row->vma.end;
	got = hugetlb_adjusted_span(vma, row->asked);
	KUNIT_EXPECT_EQ_MSG(test, got.start, row->want.start, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, got.end, row->want.end, "%s", row->name);
}

static void adjust_range_at_boundaries(struct kunit *test)
{
	struct vm_area_struct *vma;
	unsigned long top = TASK_SIZE - TASK_SIZE % PUD_SIZE;
	const struct hugetlb_adjust_row highest[] = {
		{ .name = "highest pud",
		  .vma = { top - PUD_SIZE, top },
		  .asked = { top - PMD_SIZE, top },
		  .want = { top - PUD_SIZE, top } },
		{ .name = "above the highest pud",
		  .vma = { top - PUD_SIZE, TASK_SIZE },
		  .asked = { top, TASK_SIZE },
		  .want = { top, TASK_SIZE } },
	};
	int i;

	mm_kunit_require_pmd_sharing(test);
	vma = hugetlb_lone_vma(test, 0, 0, VM_MAYSHARE);
	for (i = 0; i < ARRAY_SIZE(hugetlb_adjust_rows); i++)
		hugetlb_expect_adjusted(test, vma, &hugetlb_adjust_rows[i]);
	for (i = 0; i < ARRAY_SIZE(highest); i++)
		hugetlb_expect_adjusted(test, vma, &highest[i]);
}

/* A shared mapping of a file opened for reading has VM_MAYSHARE alone. */
static void adjust_range_of_read_only_file_widens(struct kunit *test)
{
	struct vm_area_struct *vma;

	mm_kunit_require_pmd_sharing(test);
	vma = hugetlb_lone_vma(test, 0, PUD_SIZE, VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma, PMD_SIZE, 2 * PMD_SIZE, 0, PUD_SIZE);
}

static void adjust_range_of_private_vma_stays(struct kunit *test)
{
	struct vm_area_struct *vma =
		hugetlb_lone_vma(test, 0, PUD_SIZE, VM_MAYWRITE);

	EXPECT_ADJUSTED(test, vma, PMD_SIZE, 2 * PMD_SIZE, PMD_SIZE,
			2 * PMD_SIZE);
}

static int hugetlb_compare_addresses(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

#define HUGETLB_MAX_POINTS 40

/*
 * Every quarter of four PUDs, and one page and one huge page before and after
 * each boundary of a PUD.
 */
static int hugetlb_grid_points(unsigned long *points)
{
	int i, n = 0;

	for (i = 4; i <= 20; i++)
		points[n++] = i * (PUD_SIZE / 4);
	for (i = 1; i <= 5; i++) {
		points[n++] = i * PUD_SIZE - PMD_SIZE;
		points[n++] = i * PUD_SIZE - PAGE_SIZE;
		points[n++] = i * PUD_SIZE + PAGE_SIZE;
		points[n++] = i * PUD_SIZE + PMD_SIZE;
	}
	sort(points, n, sizeof(*points), hugetlb_compare_addresses, NULL);
	return n;
}

/* The range becomes what it should, and adjusting it again changes nothing. */
static bool hugetlb_check_range(struct kunit *test, struct vm_area_struct *vma,
				struct hugetlb_span asked)
{
	struct hugetlb_span want = hugetlb_affected_span(vma, asked);
	struct hugetlb_span got = hugetlb_adjusted_span(vma, asked);
	struct hugetlb_span again = hugetlb_adjusted_span(vma, got);

	if (got.start == want.start && got.end == want.end &&
	    again.start == got.start && again.end == got.end)
		return true;
	KUNIT_FAIL(test, "VMA %lx-%lx, %lx-%lx became %lx-%lx, then %lx-%lx, not %lx-%lx",
		   vma->vm_start, vma->vm_end, asked.start, asked.end,
		   got.start, got.end, again.start, again.end, want.start,
		   want.end);
	return false;
}

/* Stops at the first range that is wrong. */
static bool hugetlb_check_ranges_of_vma(struct kunit *test,
					struct vm_area_struct *vma,
					unsigned long *points, int first,
					int last)
{
	int i, j;

	vma->vm_start = points[first];
	vma->vm_end = points[last];
	for (i = first; i <= last; i++) {
		for (j = i; j <= last; j++) {
			struct hugetlb_span asked = { points[i], points[j] };

			if (!hugetlb_check_range(test, vma, asked))
				return false;
		}
	}
	return true;
}

static void hugetlb_expect_every_range(struct kunit *test, vm_flags_t flags)
{
	struct vm_area_struct *vma = hugetlb_lone_vma(test, 0, 0, flags);
	unsigned long points[HUGETLB_MAX_POINTS];
	int n = hugetlb_grid_points(points);
	int first, last;

	for (first = 0; first < n; first++)
		for (last = first + 1; last < n; last++)
			if (!hugetlb_check_ranges_of_vma(test, vma, points,
							 first, last))
				return;
}

static void adjust_range_covers_what_unshare_can_change(struct kunit *test)
{
	mm_kunit_require_pmd_sharing(test);
	hugetlb_expect_every_range(test, VM_SHARED | VM_MAYSHARE);
	hugetlb_expect_every_range(test, VM_MAYWRITE);
}

static void adjust_range_without_sharing_stays(struct kunit *test)
{
	hugetlb_require_no_pmd_sharing(test);
	hugetlb_expect_every_range(test, VM_SHARED | VM_MAYSHARE);
}

static void range_in_vma_takes_what_it_covers(struct kunit *test)
{
	struct vm_area_struct *vma =
		hugetlb_lone_vma(test, PUD_SIZE, 2 * PUD_SIZE, 0);
	unsigned long start = PUD_SIZE, end = 2 * PUD_SIZE;

	KUNIT_EXPECT_TRUE(test, range_in_vma(vma, start, end));
	KUNIT_EXPECT_TRUE(test, range_in_vma(vma, start + 1, end - 1));
	KUNIT_EXPECT_FALSE(test, range_in_vma(vma, start - 1, end));
	KUNIT_EXPECT_FALSE(test, range_in_vma(vma, start, end + 1));
	KUNIT_EXPECT_FALSE(test, range_in_vma(NULL, start, end));
}

static void unshare_without_sharing_does_nothing(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct mmu_gather tlb = {};
	pte_t entry = __pte(0);

	hugetlb_require_no_pmd_sharing(test);
	vma = hugetlb_lone_vma(test, MM_KUNIT_BASE, MM_KUNIT_BASE + PUD_SIZE,
			       VM_SHARED | VM_MAYSHARE);
	KUNIT_EXPECT_EQ(test,
			huge_pmd_unshare(&tlb, vma, MM_KUNIT_BASE, &entry), 0);
	KUNIT_EXPECT_FALSE(test, hugetlb_pmd_shared(&entry));
}

/* Without hugetlb there is no want_pmd_share(). */
static bool hugetlb_want_pmd_share(struct vm_area_struct *vma,
				   unsigned long addr)
{
	return IS_ENABLED(CONFIG_HUGETLB_PAGE) && want_pmd_share(vma, addr);
}

static void want_pmd_share_without_sharing_refuses(struct kunit *test)
{
	struct vm_area_struct *vma;

	hugetlb_require_no_pmd_sharing(test);
	if (!IS_ENABLED(CONFIG_HUGETLB_PAGE))
		kunit_skip(test, "hugetlb is compiled out");
	vma = hugetlb_lone_vma(test, MM_KUNIT_BASE, MM_KUNIT_BASE + PUD_SIZE,
			       VM_SHARED | VM_MAYSHARE);
	/* All other conditions for sharing are met. */
	vma->vm_private_data = vma;
	KUNIT_EXPECT_FALSE(test, hugetlb_want_pmd_share(vma, MM_KUNIT_BASE));
}

/* What other cases rest on comes first. */
static struct kunit_case hugetlb_range_cases[] = {
	KUNIT_CASE(range_in_vma_takes_what_it_covers),
	KUNIT_CASE(adjust_range_into_last_pud_covers_it),
	KUNIT_CASE(adjust_range_in_unshareable_ends_stays),
	KUNIT_CASE(adjust_range_at_boundaries),
	KUNIT_CASE(adjust_range_of_read_only_file_widens),
	KUNIT_CASE(adjust_range_of_private_vma_stays),
	KUNIT_CASE(adjust_range_covers_what_unshare_can_change),
	KUNIT_CASE(adjust_range_without_sharing_stays),
	KUNIT_CASE(unshare_without_sharing_does_nothing),
	KUNIT_CASE(want_pmd_share_without_sharing_refuses),
	{}
};

static struct kunit_suite hugetlb_range_suite = {
	.name = "hugetlb_range",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_range_cases,
};

kunit_test_suite(hugetlb_range_suite);

MODULE_DESCRIPTION("KUnit tests for the range of an unshared PMD table");
MODULE_LICENSE("GPL");
