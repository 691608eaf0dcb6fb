// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge PMD sharing: mappings of one hugetlb file may share a PMD table where
 * each covers the whole PUD, and whoever changes such a mapping first takes
 * its mm out of the sharing. Missing that has lost writes after a migration
 * (017b1660df89, "mm: migration: fix migration of huge PMD shared pages"),
 * left VMAs in a sharing that they no longer covered (b30c14cd6102) and taken
 * a stray page reference for a sharer (59d9094df3d7).
 *
 * The cases look at page tables and VMAs (mm_kunit_truth.h), and hold the
 * kernel's counts against them.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sort.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_random.h"
#include "mm_kunit_truth.h"

/* Where the cases map files: PUD-aligned, with room on either side. */
#define BASE	(16 * PUD_SIZE)

#define RW	(PROT_READ | PROT_WRITE)

/* ------------------------------------------------- the adjusted range -- */

/**
 * struct span - what adjust_range_if_pmd_sharing_possible() is about
 * @start: first address
 * @end: first address behind it
 */
struct span {
	unsigned long start;
	unsigned long end;
};

/*
 * The oracle: an unshare can take away whole PUDs, so all that may change is
 * the range and every PUD inside the VMA that it reaches into.
 */
static struct span reach(struct vm_area_struct *vma, struct span asked)
{
	unsigned long pud = vma->vm_start - vma->vm_start % PUD_SIZE;
	struct span all = asked;

	if (!IS_ENABLED(CONFIG_MM_KUNIT_PMD_SHARE) ||
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

static struct span adjust(struct vm_area_struct *vma, struct span asked)
{
	adjust_range_if_pmd_sharing_possible(vma, &asked.start, &asked.end);
	return asked;
}

static struct vm_area_struct *loose_vma(struct kunit *test,
					unsigned long start, unsigned long end,
					unsigned long flags)
{
	struct vm_area_struct *vma;

	vma = kunit_kzalloc(test, sizeof(*vma), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vma);
	vma_init(vma, mm_kunit_new_mm(test));
	vma->vm_start = start;
	vma->vm_end = end;
	mm_kunit_vm_flags_init(vma, flags);
	return vma;
}

#define EXPECT_ADJUSTED(case, mapped, from, to, want_from, want_to) do { \
	struct kunit *__test = (case);					\
	struct vm_area_struct *__vma = (mapped);			\
	struct span asked = { from, to };				\
	struct span want = { want_from, want_to };			\
	struct span got = adjust(__vma, asked);				\
									\
	KUNIT_EXPECT_EQ_MSG(__test, got.start, want.start,		\
			    "%lx-%lx in VMA %lx-%lx", asked.start,	\
			    asked.end, __vma->vm_start, __vma->vm_end);	\
	KUNIT_EXPECT_EQ_MSG(__test, got.end, want.end,			\
			    "%lx-%lx in VMA %lx-%lx", asked.start,	\
			    asked.end, __vma->vm_start, __vma->vm_end);	\
} while (0)

/* 75802ca66354: the loop left out a last PUD that is covered in part. */
static void __maybe_unused
adjust_range_into_last_pud_covers_it(struct kunit *test)
{
	struct vm_area_struct *vma;

	vma = loose_vma(test, 0, 4 * PUD_SIZE, VM_SHARED | VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma, PUD_SIZE - PMD_SIZE, PUD_SIZE + PMD_SIZE,
			0, 2 * PUD_SIZE);
}

/* a1ba9da8f0f9: it grew over the ends of the VMA, which nobody can share. */
static void __maybe_unused
adjust_range_in_unshareable_ends_stays(struct kunit *test)
{
	struct vm_area_struct *vma;

	vma = loose_vma(test, PUD_SIZE - 2 * PMD_SIZE,
			3 * PUD_SIZE + 2 * PMD_SIZE, VM_SHARED | VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma,
			PUD_SIZE - PMD_SIZE, 3 * PUD_SIZE + PMD_SIZE,
			PUD_SIZE - PMD_SIZE, 3 * PUD_SIZE + PMD_SIZE);
}

/**
 * struct adjust_row - a VMA and a range for which one boundary matters
 * @name: what is special
 * @vma: its bounds
 * @asked: the range
 * @want: the range that an unshare can change
 */
struct adjust_row {
	const char *name;
	struct span vma;
	struct span asked;
	struct span want;
};

#define P PUD_SIZE
#define H PMD_SIZE

static const struct adjust_row adjust_rows[] = {
	{ .name = "vma smaller than a pud", .vma = { P + H, 2 * P - H },
	  .asked = { P + 2 * H, P + 3 * H }, .want = { P + 2 * H, P + 3 * H } },
	{ .name = "vma of a pud, unaligned", .vma = { P + H, 2 * P + H },
	  .asked = { 2 * P - H, 2 * P + H }, .want = { 2 * P - H, 2 * P + H } },
	{ .name = "vma of just one pud", .vma = { P, 2 * P },
	  .asked = { P + H, P + 2 * H }, .want = { P, 2 * P } },
	{ .name = "in the unaligned head", .vma = { P - 4 * H, 3 * P },
	  .asked = { P - 3 * H, P - H }, .want = { P - 3 * H, P - H } },
	{ .name = "in the unaligned tail", .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P + H, 3 * P + 2 * H }, .want = { 3 * P + H, 3 * P + 2 * H } },
	{ .name = "from the head into a pud", .vma = { P - 4 * H, 3 * P },
	  .asked = { P - H, P + H }, .want = { P - H, 2 * P } },
	{ .name = "from a pud into the tail", .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P - H, 3 * P + H }, .want = { 2 * P, 3 * P + H } },
	{ .name = "ends on a boundary", .vma = { P, 4 * P },
	  .asked = { 2 * P - H, 2 * P }, .want = { P, 2 * P } },
	{ .name = "starts on a boundary", .vma = { P, 4 * P },
	  .asked = { 2 * P, 2 * P + H }, .want = { 2 * P, 3 * P } },
	{ .name = "whole puds", .vma = { P, 4 * P },
	  .asked = { 2 * P, 4 * P }, .want = { 2 * P, 4 * P } },
	{ .name = "whole vma, unaligned", .vma = { P - H, 2 * P + H },
	  .asked = { P - H, 2 * P + H }, .want = { P - H, 2 * P + H } },
	{ .name = "lowest address", .vma = { 0, P },
	  .asked = { 0, H }, .want = { 0, P } },
	{ .name = "empty, on a boundary", .vma = { P, 4 * P },
	  .asked = { 2 * P, 2 * P }, .want = { 2 * P, 2 * P } },
	{ .name = "empty, in the tail", .vma = { P, 3 * P + 4 * H },
	  .asked = { 3 * P + H, 3 * P + H }, .want = { 3 * P + H, 3 * P + H } },
};

#undef P
#undef H

static void expect_adjusted(struct kunit *test, struct vm_area_struct *vma,
			    const struct adjust_row *row)
{
	struct span got;

	vma->vm_start = row->vma.start;
	vma->vm_end = row->vma.end;
	got = adjust(vma, row->asked);
	KUNIT_EXPECT_EQ_MSG(test, got.start, row->want.start, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, got.end, row->want.end, "%s", row->name);
}

static void __maybe_unused adjust_range_at_boundaries(struct kunit *test)
{
	struct vm_area_struct *vma = loose_vma(test, 0, 0, VM_MAYSHARE);
	unsigned long top = TASK_SIZE - TASK_SIZE % PUD_SIZE;
	const struct adjust_row highest[] = {
		{ .name = "highest pud", .vma = { top - PUD_SIZE, top },
		  .asked = { top - PMD_SIZE, top }, .want = { top - PUD_SIZE, top } },
		{ .name = "behind the highest pud", .vma = { top - PUD_SIZE, TASK_SIZE },
		  .asked = { top, TASK_SIZE }, .want = { top, TASK_SIZE } },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(adjust_rows); i++)
		expect_adjusted(test, vma, &adjust_rows[i]);
	for (i = 0; i < ARRAY_SIZE(highest); i++)
		expect_adjusted(test, vma, &highest[i]);
}

/* VM_MAYSHARE decides: a file opened for reading maps without VM_SHARED. */
static void __maybe_unused
adjust_range_of_read_only_file_widens(struct kunit *test)
{
	struct vm_area_struct *vma;

	vma = loose_vma(test, 0, PUD_SIZE, VM_MAYSHARE);
	EXPECT_ADJUSTED(test, vma, PMD_SIZE, 2 * PMD_SIZE, 0, PUD_SIZE);
}

static void adjust_range_of_private_vma_stays(struct kunit *test)
{
	struct vm_area_struct *vma = loose_vma(test, 0, PUD_SIZE, VM_MAYWRITE);

	EXPECT_ADJUSTED(test, vma, PMD_SIZE, 2 * PMD_SIZE,
			PMD_SIZE, 2 * PMD_SIZE);
}

static int compare_addresses(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

#define MAX_POINTS 40

/* Quarters of four PUDs, and a page and a huge page about each boundary. */
static int grid_points(unsigned long *points)
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
	sort(points, n, sizeof(*points), compare_addresses, NULL);
	return n;
}

/* What holds for every range; the first that it does not hold for is told. */
static bool range_is_right(struct kunit *test, struct vm_area_struct *vma,
			   struct span asked)
{
	struct span want = reach(vma, asked);
	struct span got = adjust(vma, asked);
	struct span again = adjust(vma, got);

	if (got.start == want.start && got.end == want.end &&
	    again.start == got.start && again.end == got.end)
		return true;
	KUNIT_FAIL(test, "VMA %lx-%lx, %lx-%lx became %lx-%lx, then %lx-%lx, not %lx-%lx",
		   vma->vm_start, vma->vm_end, asked.start, asked.end,
		   got.start, got.end, again.start, again.end,
		   want.start, want.end);
	return false;
}

static bool ranges_of_vma_are_right(struct kunit *test,
				    struct vm_area_struct *vma,
				    unsigned long *points, int first, int last)
{
	int i, j;

	vma->vm_start = points[first];
	vma->vm_end = points[last];
	for (i = first; i <= last; i++) {
		for (j = i; j <= last; j++) {
			struct span asked = { points[i], points[j] };

			if (!range_is_right(test, vma, asked))
				return false;
		}
	}
	return true;
}

static void every_range_of_every_vma(struct kunit *test, unsigned long flags)
{
	struct vm_area_struct *vma = loose_vma(test, 0, 0, flags);
	unsigned long points[MAX_POINTS];
	int n = grid_points(points);
	int first, last;

	for (first = 0; first < n; first++)
		for (last = first + 1; last < n; last++)
			if (!ranges_of_vma_are_right(test, vma, points,
						     first, last))
				return;
}

static void __maybe_unused
adjust_range_covers_what_unshare_can_change(struct kunit *test)
{
	every_range_of_every_vma(test, VM_SHARED | VM_MAYSHARE);
	every_range_of_every_vma(test, VM_MAYWRITE);
}

static void __maybe_unused
adjust_range_without_sharing_stays(struct kunit *test)
{
	every_range_of_every_vma(test, VM_SHARED | VM_MAYSHARE);
}

static void range_in_vma_takes_what_it_covers(struct kunit *test)
{
	struct vm_area_struct *vma = loose_vma(test, PUD_SIZE, 2 * PUD_SIZE, 0);
	unsigned long start = PUD_SIZE, end = 2 * PUD_SIZE;

	KUNIT_EXPECT_TRUE(test, range_in_vma(vma, start, end));
	KUNIT_EXPECT_TRUE(test, range_in_vma(vma, start + 1, end - 1));
	KUNIT_EXPECT_FALSE(test, range_in_vma(vma, start - 1, end));
	KUNIT_EXPECT_FALSE(test, range_in_vma(vma, start, end + 1));
	KUNIT_EXPECT_FALSE(test, range_in_vma(NULL, start, end));
}

/* ------------------------------------------------------------- verbs -- */

/* An mm that maps @puds PUDs of a file at BASE and has touched each. */
static struct mm_struct *sharer_of(struct kunit *test, struct file *file,
				   int puds)
{
	struct mm_struct *mm;
	int i;

	mm = mm_kunit_map_new(test, file, BASE, puds * PUD_SIZE, RW, MAP_SHARED, 0);
	for (i = 0; i < puds; i++)
		mm_kunit_read(test, mm, BASE + i * PUD_SIZE);
	return mm;
}

static int owners(struct kunit *test, struct mm_struct *mm, unsigned long addr)
{
	struct page *table = mm_kunit_pmd_table(mm, addr);

	return table ? mm_kunit_pmd_table_owners(test->priv, table) : 0;
}

/* Are two addresses mapped, each through a table of its own? */
static bool have_own_tables(struct mm_struct *mm1, unsigned long addr1,
			    struct mm_struct *mm2, unsigned long addr2)
{
	struct page *one = mm_kunit_pmd_table(mm1, addr1);
	struct page *two = mm_kunit_pmd_table(mm2, addr2);

	return one && two && one != two;
}

static pte_t *huge_ptep(struct mm_struct *mm, unsigned long addr)
{
	return (pte_t *)mm_kunit_pmd(mm, addr);
}

static bool pud_is_clear(struct mm_struct *mm, unsigned long addr)
{
	pud_t *pud = mm_kunit_pud(mm, addr);

	return !pud || pud_none(*pud);
}

/**
 * struct unshared - what one call of huge_pmd_unshare() left behind
 * @ret: what it returned
 * @flush: the gather owed a flush for an unshared table
 * @ipi: it owed an IPI, too, for a table that had lost its last sharer
 * @covered: it would have flushed the whole PUD
 * @owes_after: it still owed something after the flush
 */
struct unshared {
	int ret;
	bool flush;
	bool ipi;
	bool covered;
	bool owes_after;
};

/* huge_pmd_unshare() and the flush behind it, under the locks they ask for. */
static struct unshared unshare(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	struct address_space *mapping = vma->vm_file->f_mapping;
	pte_t *ptep = huge_ptep(mm, addr);
	unsigned long base = addr & PUD_MASK;
	struct mmu_gather tlb;
	struct unshared did;
	spinlock_t *ptl;	/* of the PMD table */

	mmap_read_lock(mm);
	mm_kunit_tlb_gather(&tlb, vma);
	mm_kunit_hugetlb_vma_lock_write(vma);
	i_mmap_lock_write(mapping);
	ptl = huge_pte_lock(hstate_vma(vma), mm, ptep);
	did.ret = mm_kunit_huge_pmd_unshare(&tlb, vma, addr, ptep);
	spin_unlock(ptl);
	did.flush = mm_kunit_tlb_unshared(&tlb);
	did.ipi = mm_kunit_tlb_fully_unshared(&tlb);
	did.covered = tlb.start <= base && tlb.end >= base + PUD_SIZE;
	mm_kunit_huge_pmd_unshare_flush(&tlb, vma, addr);
	did.owes_after = mm_kunit_tlb_unshared(&tlb) ||
			 mm_kunit_tlb_fully_unshared(&tlb);
	i_mmap_unlock_write(mapping);
	mm_kunit_hugetlb_vma_unlock_write(vma);
	mm_kunit_tlb_finish(&tlb, vma);
	mmap_read_unlock(mm);
	return did;
}

/* Counts, accounting and lawfulness of all mms against their page tables. */
#define EXPECT_TRUTH(case) do {						\
	struct kunit *__test = (case);					\
	char why[160];							\
	const char *untrue = why;					\
									\
	mm_kunit_hugetlb_truth(__test->priv, why, sizeof(why));		\
	KUNIT_EXPECT_STREQ(__test, untrue, "");				\
} while (0)

/* -------------------------------------------------------- life cycle -- */

static void __maybe_unused first_mm_is_not_shared(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = sharer_of(test, file, 1);

	KUNIT_EXPECT_EQ(test, owners(test, mm, BASE), 1);
	KUNIT_EXPECT_FALSE(test,
			   mm_kunit_hugetlb_pmd_shared(huge_ptep(mm, BASE)));
	EXPECT_TRUTH(test);
}

static void __maybe_unused second_mm_joins_table_of_first(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second = sharer_of(test, file, 1);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(first, BASE),
			    mm_kunit_pmd_table(second, BASE));
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE), 2);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_hugetlb_pmd_shared(huge_ptep(first, BASE)));
	EXPECT_TRUTH(test);

	mm_kunit_write(test, first, BASE + PMD_SIZE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE + PMD_SIZE),
			42ULL);
	EXPECT_TRUTH(test);
}

/* Joining goes by place in the file and in the PUD, not by address. */
static void __maybe_unused share_at_other_address_joins(struct kunit *test)
{
	unsigned long offset = 3 * PMD_SIZE, head = PUD_SIZE - offset;
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	struct mm_struct *first, *second;

	first = mm_kunit_map_new(test, file, BASE, 2 * PUD_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_write(test, first, BASE + PUD_SIZE + 5 * PMD_SIZE, 42);

	/* Starts within a PUD and covers the whole of the next. */
	second = mm_kunit_map_new(test, file, 8 * BASE + offset, head + PUD_SIZE, RW,
				  MAP_SHARED, offset);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_read(test, second,
				      8 * BASE + PUD_SIZE + 5 * PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE + PUD_SIZE), 2);
	EXPECT_TRUTH(test);
}

/* The owner's VMA begins in the midst of the file. */
static void __maybe_unused share_with_owner_of_later_part_joins(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	struct mm_struct *owner, *second;

	owner = mm_kunit_map_new(test, file, 4 * BASE, PUD_SIZE, RW, MAP_SHARED, PUD_SIZE);
	mm_kunit_write(test, owner, 4 * BASE + 5 * PMD_SIZE, 42);
	second = mm_kunit_map_new(test, file, BASE, 2 * PUD_SIZE, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE + PUD_SIZE + 5 * PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE + PUD_SIZE),
			    mm_kunit_pmd_table(owner, 4 * BASE));
	KUNIT_EXPECT_EQ(test, owners(test, owner, 4 * BASE), 2);
	EXPECT_TRUTH(test);
}

static void __maybe_unused share_within_one_mm_joins(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = sharer_of(test, file, 1);

	mm_kunit_mmap(test, mm, file, 2 * BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_read(test, mm, 2 * BASE);
	KUNIT_EXPECT_EQ(test, owners(test, mm, BASE), 2);
	EXPECT_TRUTH(test);
}

/* A table that was there first must not be replaced, nor counted as shared. */
static void __maybe_unused share_after_own_table_keeps_it(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second;
	struct page *table;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ, MAP_SHARED, 0);
	mm_kunit_read(test, second, BASE);
	table = mm_kunit_pmd_table(second, BASE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(second, BASE, PUD_SIZE, RW), 0L);

	mm_kunit_write(test, second, BASE + PMD_SIZE, 42);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE), table);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, first, BASE + PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_EQ(test, owners(test, second, BASE), 1);
	EXPECT_TRUTH(test);
}

/* "fix nr_pmds accounting", 2016: whoever comes second must count nothing. */
static void __maybe_unused share_lost_race_counts_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second = sharer_of(test, file, 1);
	struct vm_area_struct *vma = mm_kunit_vma(second, BASE);
	pte_t *ptep;

	ptep = mm_kunit_huge_pmd_share(vma, BASE, mm_kunit_pud(second, BASE));
	KUNIT_EXPECT_PTR_EQ(test, ptep, huge_ptep(second, BASE));
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE), 2);
	EXPECT_TRUTH(test);
}

static const int crowds[] = { 2, 3, 8 };

static void gather_crowd(struct kunit *test, struct file *file,
			 struct mm_struct **mms, int n)
{
	int i;

	for (i = 0; i < n; i++)
		mms[i] = sharer_of(test, file, 1);
}

static void disperse_crowd(struct kunit *test, struct mm_struct **mms, int n)
{
	int i;

	for (i = 0; i < n; i++)
		mm_kunit_exit_mm(test, mms[i]);
}

static void __maybe_unused every_mm_that_joins_counts_once(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int i;

	for (i = 0; i < ARRAY_SIZE(crowds); i++) {
		gather_crowd(test, file, mms, crowds[i]);
		KUNIT_EXPECT_EQ(test, owners(test, mms[0], BASE), crowds[i]);
		EXPECT_TRUTH(test);
		disperse_crowd(test, mms, crowds[i]);
	}
}

static void __maybe_unused
unshare_takes_out_one_mm_at_a_time(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(crowds); i++) {
		gather_crowd(test, file, mms, crowds[i]);
		for (j = crowds[i] - 1; j > 0; j--) {
			unsigned long addr = BASE + j * PMD_SIZE;

			KUNIT_EXPECT_EQ(test, unshare(mms[j], addr).ret, 1);
			KUNIT_EXPECT_TRUE(test, pud_is_clear(mms[j], BASE));
			KUNIT_EXPECT_EQ(test, owners(test, mms[0], BASE), j);
			EXPECT_TRUTH(test);
		}
		disperse_crowd(test, mms, crowds[i]);
	}
}

static void __maybe_unused unshare_of_sole_owner_does_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = sharer_of(test, file, 1);
	struct page *table = mm_kunit_pmd_table(mm, BASE);

	KUNIT_EXPECT_EQ(test, unshare(mm, BASE).ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(mm, BASE), table);
	EXPECT_TRUTH(test);
}

static void __maybe_unused unshare_to_last_owner_keeps_table(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second = sharer_of(test, file, 1);
	struct page *table = mm_kunit_pmd_table(first, BASE);

	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, unshare(first, BASE).ret, 1);
	KUNIT_EXPECT_EQ(test, unshare(second, BASE).ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE), table);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	KUNIT_EXPECT_FALSE(test,
			   mm_kunit_hugetlb_pmd_shared(huge_ptep(second, BASE)));
	EXPECT_TRUTH(test);
}

static void __maybe_unused fault_after_unshare_joins_again(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second = sharer_of(test, file, 1);

	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, unshare(second, BASE).ret, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	KUNIT_EXPECT_EQ(test, owners(test, second, BASE), 2);
	EXPECT_TRUTH(test);
}

/* An unshare is about one PUD, whichever huge page of it is named. */
static void __maybe_unused unshare_leaves_next_pud_shared(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 2);
	struct mm_struct *second = sharer_of(test, file, 2);

	KUNIT_EXPECT_EQ(test, unshare(second, BASE + PUD_SIZE - PMD_SIZE).ret,
			1);
	KUNIT_EXPECT_TRUE(test, pud_is_clear(second, BASE));
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE + PUD_SIZE), 2);
	EXPECT_TRUTH(test);
}

/* The 5.10.y loop of February 2026 skipped PUDs: an unshare moves *addr. */
static void __maybe_unused unshare_all_takes_out_every_pud(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 3 * PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 3);
	struct mm_struct *second = sharer_of(test, file, 3);
	int i;

	mm_kunit_unshare_all_pmds(mm_kunit_vma(second, BASE));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test,
				  pud_is_clear(second, BASE + i * PUD_SIZE));
		KUNIT_EXPECT_EQ(test, owners(test, first, BASE + i * PUD_SIZE), 1);
	}
	EXPECT_TRUTH(test);
}

/* ------------------------------------------------ who may share, who not -- */

/* One huge page is missing at either end, of the joiner or of the owner. */
static void __maybe_unused vma_short_of_pud_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	static const unsigned long starts[] = { 0, PMD_SIZE };
	int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		unsigned long start = starts[i], mid = BASE + 5 * PMD_SIZE;
		struct mm_struct *shorter, *whole, *later;

		shorter = mm_kunit_map_new(test, file, BASE + start, PUD_SIZE - PMD_SIZE,
					   RW, MAP_SHARED, start);
		mm_kunit_read(test, shorter, mid);
		whole = sharer_of(test, file, 1);
		KUNIT_EXPECT_TRUE(test,
				  have_own_tables(whole, mid, shorter, mid));

		later = mm_kunit_map_new(test, file, BASE + start, PUD_SIZE - PMD_SIZE,
					 RW, MAP_SHARED, start);
		mm_kunit_read(test, later, mid);
		KUNIT_EXPECT_TRUE(test,
				  have_own_tables(whole, mid, later, mid));
		EXPECT_TRUTH(test);

		mm_kunit_exit_mm(test, shorter);
		mm_kunit_exit_mm(test, whole);
		mm_kunit_exit_mm(test, later);
	}
}

/* The same huge page of the file, but in another slot of the table. */
static void __maybe_unused other_pmd_index_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *second;

	mm_kunit_write(test, first, BASE + PMD_SIZE, 42);
	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	KUNIT_EXPECT_TRUE(test, have_own_tables(first, BASE, second, BASE));
	EXPECT_TRUTH(test);
}

static void __maybe_unused other_protection_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *writer = sharer_of(test, file, 1);
	struct mm_struct *reader;

	reader = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ, MAP_SHARED, 0);
	mm_kunit_read(test, reader, BASE);
	KUNIT_EXPECT_TRUE(test, have_own_tables(writer, BASE, reader, BASE));
	EXPECT_TRUTH(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(reader, BASE, 1), -EFAULT);
}

/* Only one of the VMAs is locked: the table is none the worse for it. */
static void __maybe_unused mlocked_vma_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct mm_struct *locked, *third;

	locked = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_vm_flags_mod(mm_kunit_vma(locked, BASE), VM_LOCKED, 0);
	mm_kunit_read(test, locked, BASE);
	KUNIT_EXPECT_EQ(test, owners(test, first, BASE), 2);

	/* And the other way round: nobody but the locked VMA is left. */
	mm_kunit_exit_mm(test, first);
	third = sharer_of(test, file, 1);
	KUNIT_EXPECT_EQ(test, owners(test, third, BASE), 2);
	EXPECT_TRUTH(test);
	mm_kunit_vm_flags_mod(mm_kunit_vma(locked, BASE), 0, VM_LOCKED);
}

/* A VMA on its way out loses VM_MAYSHARE (d833352a4338) until 6.0. */
static void __maybe_unused vma_without_mayshare_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *leaving = sharer_of(test, file, 1);
	struct mm_struct *second;

	mm_kunit_vm_flags_mod(mm_kunit_vma(leaving, BASE), 0, VM_MAYSHARE);
	second = sharer_of(test, file, 1);
	KUNIT_EXPECT_TRUE(test, have_own_tables(leaving, BASE, second, BASE));
	mm_kunit_vm_flags_mod(mm_kunit_vma(leaving, BASE), VM_MAYSHARE, 0);
	EXPECT_TRUTH(test);
}

/**
 * struct swapped_lock - a VMA whose lock is another one for a while
 * @vma: the VMA
 * @lock: its own lock, which the last unmap takes away
 */
struct swapped_lock {
	struct vm_area_struct *vma;
	void *lock;
};

static void give_lock_back(void *ctx)
{
	struct swapped_lock *swapped = ctx;

	swapped->vma->vm_private_data = swapped->lock;
}

/* Replaces a VMA's lock until the case ends, or calls give_back_lock(). */
static struct swapped_lock *swap_vma_lock(struct kunit *test, struct mm_struct *mm,
					  unsigned long addr, void *lock)
{
	struct swapped_lock *swapped;

	swapped = kunit_kzalloc(test, sizeof(*swapped), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, swapped);
	swapped->vma = mm_kunit_vma(mm, addr);
	swapped->lock = swapped->vma->vm_private_data;
	swapped->vma->vm_private_data = lock;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, give_lock_back,
							swapped), 0);
	return swapped;
}

static void give_back_lock(struct kunit *test, struct swapped_lock *swapped)
{
	kunit_release_action(test, give_lock_back, swapped);
}

/*
 * What a private mapping keeps where a shared one has its lock is no lock: it
 * must not be taken for one, by the joiner or by the owner.
 */
static void __maybe_unused private_mapping_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *shared = sharer_of(test, file, 1);
	struct swapped_lock *locks[2];
	struct mm_struct *mms[2];
	int i;

	for (i = 0; i < 2; i++) {
		mms[i] = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_PRIVATE, 0);
		locks[i] = swap_vma_lock(test, mms[i], BASE, mms[i]);
		mm_kunit_huge_pte_alloc(mm_kunit_vma(mms[i], BASE), BASE);
		KUNIT_EXPECT_TRUE(test,
				  have_own_tables(shared, BASE, mms[i], BASE));
	}
	KUNIT_EXPECT_TRUE(test, have_own_tables(mms[0], BASE, mms[1], BASE));
	for (i = 0; i < 2; i++)
		give_back_lock(test, locks[i]);
	EXPECT_TRUTH(test);
}

static void __maybe_unused joining_without_vma_lock_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	struct swapped_lock *lock;
	struct mm_struct *second;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	lock = swap_vma_lock(test, second, BASE, NULL);
	mm_kunit_huge_pte_alloc(mm_kunit_vma(second, BASE), BASE);
	KUNIT_EXPECT_TRUE(test, have_own_tables(first, BASE, second, BASE));
	give_back_lock(test, lock);
	EXPECT_TRUTH(test);
}

static void __maybe_unused owner_without_vma_lock_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *leaving = sharer_of(test, file, 1);
	struct swapped_lock *lock;
	struct mm_struct *second;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	lock = swap_vma_lock(test, leaving, BASE, NULL);
	mm_kunit_huge_pte_alloc(mm_kunit_vma(second, BASE), BASE);
	KUNIT_EXPECT_TRUE(test, have_own_tables(leaving, BASE, second, BASE));
	give_back_lock(test, lock);
	EXPECT_TRUTH(test);
}

/* 5b109cc1cdcc: write protection and minor faults are a matter of one mm. */
static void __maybe_unused userfaultfd_vma_never_shares(struct kunit *test)
{
	static const unsigned long flags[] = { VM_UFFD_WP, VM_UFFD_MINOR, VM_UFFD_RWP };
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *first = sharer_of(test, file, 1);
	int i;

	for (i = 0; i < ARRAY_SIZE(flags) && flags[i]; i++) {
		struct vm_area_struct *vma;
		struct mm_struct *second;

		second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
		vma = mm_kunit_vma(second, BASE);
		mm_kunit_vm_flags_mod(vma, flags[i], 0);
		KUNIT_EXPECT_FALSE(test, mm_kunit_want_pmd_share(vma, BASE));
		mm_kunit_huge_pte_alloc(vma, BASE);
		KUNIT_EXPECT_TRUE(test,
				  have_own_tables(first, BASE, second, BASE));
		mm_kunit_vm_flags_mod(vma, 0, flags[i]);
		EXPECT_TRUTH(test);
	}
}

static void __maybe_unused
want_pmd_share_asks_for_whole_shared_puds(struct kunit *test)
{
	unsigned long head = BASE + PMD_SIZE, pud = BASE + PUD_SIZE;
	struct file *file = mm_kunit_hugetlb_file(test, 3 * PUD_SIZE);
	struct vm_area_struct *vma;
	struct mm_struct *mm;

	/* No first page of the first PUD, no last page of the third. */
	mm = mm_kunit_map_new(test, file, head, 3 * PUD_SIZE - 2 * PMD_SIZE, RW,
			      MAP_SHARED, PMD_SIZE);
	vma = mm_kunit_vma(mm, head);
	KUNIT_EXPECT_FALSE(test, mm_kunit_want_pmd_share(vma, pud - PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_want_pmd_share(vma, pud));
	KUNIT_EXPECT_TRUE(test, mm_kunit_want_pmd_share(vma, pud + PUD_SIZE -
							PMD_SIZE));
	KUNIT_EXPECT_FALSE(test, mm_kunit_want_pmd_share(vma, pud + PUD_SIZE));

	mm_kunit_vm_flags_mod(vma, 0, VM_MAYSHARE);
	KUNIT_EXPECT_FALSE(test, mm_kunit_want_pmd_share(vma, pud));
	mm_kunit_vm_flags_mod(vma, VM_MAYSHARE, 0);
}

static void __maybe_unused
want_pmd_share_asks_for_a_vma_lock(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = sharer_of(test, file, 1);
	struct swapped_lock *lock = swap_vma_lock(test, mm, BASE, NULL);

	KUNIT_EXPECT_FALSE(test,
			   mm_kunit_want_pmd_share(mm_kunit_vma(mm, BASE), BASE));
	give_back_lock(test, lock);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_want_pmd_share(mm_kunit_vma(mm, BASE), BASE));
}

/* ------------------------------------------------- what tears sharing -- */

/**
 * struct pair - two mms that share two PUDs of one file
 * @keeper: the mm that is left alone
 * @other: the mm that something happens to
 * @file: the file; its first two huge pages hold 1 and 2, and that of the
 *	second PUD holds 3
 */
struct pair {
	struct mm_struct *keeper;
	struct mm_struct *other;
	struct file *file;
};

static struct pair new_pair(struct kunit *test)
{
	struct pair pair;

	pair.file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	pair.keeper = sharer_of(test, pair.file, 2);
	mm_kunit_write(test, pair.keeper, BASE, 1);
	mm_kunit_write(test, pair.keeper, BASE + PMD_SIZE, 2);
	mm_kunit_write(test, pair.keeper, BASE + PUD_SIZE, 3);
	pair.other = sharer_of(test, pair.file, 2);
	KUNIT_ASSERT_EQ(test, owners(test, pair.other, BASE), 2);
	KUNIT_ASSERT_EQ(test, owners(test, pair.other, BASE + PUD_SIZE), 2);
	return pair;
}

/* The keeper still has it all mapped, and reads and writes what it did. */
static bool keeper_is_whole(struct pair *pair)
{
	static const unsigned long addrs[] = {
		BASE, BASE + PMD_SIZE, BASE + PUD_SIZE
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(addrs); i++) {
		u64 value;

		if (!mm_kunit_huge_pfn(pair->keeper, addrs[i]) ||
		    mm_kunit_load(pair->keeper, addrs[i], &value) ||
		    value != i + 1 ||
		    mm_kunit_store(pair->keeper, addrs[i], value))
			return false;
	}
	return true;
}

#define EXPECT_KEEPER_WHOLE(case, pair) do {				\
	struct kunit *test_ = (case);					\
									\
	KUNIT_EXPECT_TRUE(test_, keeper_is_whole(pair));		\
	EXPECT_TRUTH(test_);						\
} while (0)

static void __maybe_unused munmap_of_part_takes_mm_out(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(pair.other, BASE, PMD_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			2ULL);
	KUNIT_EXPECT_TRUE(test,
			  have_own_tables(pair.keeper, BASE, pair.other, BASE));
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused munmap_of_all_takes_mm_out(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(pair.other, BASE, 2 * PUD_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_pgtables_bytes(pair.other), 0UL);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused exit_takes_mm_out(struct kunit *test)
{
	struct pair pair = new_pair(test);

	EXPECT_TRUTH(test);
	mm_kunit_exit_mm(test, pair.other);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused mprotect_of_part_takes_mm_out(struct kunit *test)
{
	unsigned long addr = BASE + PMD_SIZE;
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(pair.other, addr, PMD_SIZE,
						PROT_READ), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, addr, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, addr), 2ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 1), 0);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused
mprotect_of_all_takes_mm_out_of_every_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(pair.other, BASE, 2 * PUD_SIZE,
						PROT_READ), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused mremap_leaves_old_place_and_joins_anew(struct kunit *test)
{
	unsigned long to = 2 * BASE;
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(pair.other, BASE, 2 * PUD_SIZE,
					      to), (long)to);
	KUNIT_EXPECT_TRUE(test, pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test, pud_is_clear(pair.other, BASE + PUD_SIZE));
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, to), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, to + PUD_SIZE),
			3ULL);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

/* b30c14cd6102: neither half covers the PUD, so neither may share it. */
static void __maybe_unused split_inside_pud_takes_mm_out(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(pair.other, BASE, PMD_SIZE,
					       MADV_DONTFORK), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	EXPECT_KEEPER_WHOLE(test, &pair);

	/* The VMA ends where this PUD does. */
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(pair.other,
					       BASE + 2 * PUD_SIZE - PMD_SIZE,
					       PMD_SIZE, MADV_DONTFORK), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

/* No VMA of hugetlb begins or ends within a huge page. */
static void __maybe_unused split_inside_huge_page_is_refused(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(pair.other, BASE, PAGE_SIZE, PROT_READ),
			(long)-EINVAL);
	KUNIT_EXPECT_EQ(test, mm_kunit_vma(pair.other, BASE)->vm_end, BASE + 2 * PUD_SIZE);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused split_between_puds_keeps_sharing(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(pair.other, BASE, PUD_SIZE,
					       MADV_DONTFORK), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

/* 081056dc00a2: a fault between the question and the split would share again. */
static void __maybe_unused split_unshares_when_it_splits_not_before(struct kunit *test)
{
	struct pair pair = new_pair(test);
	int ret;

	mmap_write_lock(pair.other);
	ret = mm_kunit_may_split(find_vma(pair.other, BASE), BASE + PMD_SIZE);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused dontneed_of_part_takes_mm_out(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(pair.other, BASE + PMD_SIZE,
					       PMD_SIZE, MADV_DONTNEED), 0L);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			2ULL);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused fork_of_sharer_shares(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct mm_struct *child = mm_kunit_fork(test, pair.other);

	EXPECT_KEEPER_WHOLE(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE + PUD_SIZE),
			3ULL);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 3);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE + PUD_SIZE), 3);
	EXPECT_KEEPER_WHOLE(test, &pair);

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_EQ(test, owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_WHOLE(test, &pair);
}

/* copy_hugetlb_page_range() of one PUD, under the locks of fork(). */
static int copy_range(struct mm_struct *parent, struct mm_struct *child)
{
	struct vm_area_struct *src = mm_kunit_vma(parent, BASE);
	struct vm_area_struct *dst = mm_kunit_vma(child, BASE);
	int ret;

	mmap_write_lock(parent);
	mmap_write_lock_nested(child, SINGLE_DEPTH_NESTING);
	ret = mm_kunit_copy_hugetlb_page_range(dst, src);
	mmap_write_unlock(child);
	mmap_write_unlock(parent);
	return ret;
}

/*
 * 3aa4ed8040e1: the child shares, but with a third VMA and not with its
 * parent. What it shares is mapped already and must not be mapped once more.
 * Not where fork() refuses such a VMA, with a warning: there nobody may ask.
 */
static void __maybe_unused fork_into_third_vmas_table_maps_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *third = sharer_of(test, file, 1);
	struct mm_struct *parent, *child;

	parent = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ, MAP_SHARED, 0);
	mm_kunit_read(test, parent, BASE);
	child = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, copy_range(parent, child), 0);
	KUNIT_EXPECT_EQ(test, owners(test, third, BASE), 2);
	KUNIT_EXPECT_TRUE(test, have_own_tables(parent, BASE, child, BASE));
	EXPECT_TRUTH(test);
}

/*
 * The same by a real fork: the parent could share with the third, but had its
 * own table first. The child may join a table at once or at its first fault.
 */
static void __maybe_unused
fork_beside_third_vmas_table_counts_nothing_twice(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *third = sharer_of(test, file, 1);
	struct mm_struct *parent, *child;

	mm_kunit_write(test, third, BASE, 42);
	parent = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ, MAP_SHARED, 0);
	mm_kunit_read(test, parent, BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(parent, BASE, PUD_SIZE, RW), 0L);
	child = mm_kunit_fork(test, parent);
	KUNIT_EXPECT_NE(test, owners(test, child, BASE), 1);
	EXPECT_TRUTH(test);

	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE), 42ULL);
	KUNIT_EXPECT_EQ(test, owners(test, child, BASE), 2);
	KUNIT_EXPECT_TRUE(test, have_own_tables(parent, BASE, third, BASE));
	EXPECT_TRUTH(test);
}

/*
 * What userfaultfd protects is written in page tables alone, of pages that are
 * there and of such as are not yet. A VMA with such marks shares no table.
 */
static void __maybe_unused fork_of_uffd_wp_vma_copies_its_marks(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mms[] = { sharer_of(test, file, 1), NULL };
	unsigned long unmarked = pmd_val(*mm_kunit_pmd(mms[0], BASE));
	int i;

	mms[1] = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	for (i = 0; i < 2; i++)
		mm_kunit_vm_flags_mod(mm_kunit_vma(mms[i], BASE), VM_UFFD_WP, 0);
	mmap_write_lock(mms[0]);
	mm_kunit_uffd_wp(find_vma(mms[0], BASE), BASE, BASE + 2 * PMD_SIZE);
	mmap_write_unlock(mms[0]);
	KUNIT_ASSERT_NE(test, pmd_val(*mm_kunit_pmd(mms[0], BASE)), unmarked);
	KUNIT_ASSERT_FALSE(test, pmd_none(*mm_kunit_pmd(mms[0], BASE + PMD_SIZE)));

	KUNIT_EXPECT_EQ(test, copy_range(mms[0], mms[1]), 0);
	KUNIT_ASSERT_TRUE(test, have_own_tables(mms[0], BASE, mms[1], BASE));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    pmd_val(mm_kunit_pmd(mms[1], BASE)[i]),
				    pmd_val(mm_kunit_pmd(mms[0], BASE)[i]),
				    "entry %d", i);
	EXPECT_TRUTH(test);
	for (i = 0; i < 2; i++)
		mm_kunit_vm_flags_mod(mm_kunit_vma(mms[i], BASE), 0, VM_UFFD_WP);
}

/* A hole in the file is a hole for everybody, sharer or last owner. */
static void __maybe_unused punch_hole_takes_page_from_every_mm(struct kunit *test)
{
	struct pair pair = new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_punch_hole(pair.file, PMD_SIZE, PMD_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_huge_pfn(pair.keeper, BASE + PMD_SIZE),
			0UL);
	KUNIT_EXPECT_EQ(test, mm_kunit_huge_pfn(pair.other, BASE + PMD_SIZE),
			0UL);
	EXPECT_TRUTH(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.keeper, BASE), 1ULL);
	EXPECT_TRUTH(test);
}

/* ---------------------------------------------- who is told of a tear -- */

/* Told before and after, of the whole range at once. */
static bool told_of(struct mm_kunit_recorder *rec, unsigned long start,
		    unsigned long end)
{
	return mm_kunit_was_told(rec, MM_KUNIT_START, start, end) &&
	       mm_kunit_was_told(rec, MM_KUNIT_END, start, end);
}

/* dff11abe280b: the whole PUD goes, whatever part of it was named. */
static void __maybe_unused munmap_of_part_tells_of_whole_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, pair.other);

	mm_kunit_munmap(pair.other, BASE + PMD_SIZE, PMD_SIZE);
	KUNIT_EXPECT_TRUE(test, told_of(rec, BASE, BASE + PUD_SIZE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_was_told(rec, MM_KUNIT_SECONDARY,
						  BASE, BASE + PUD_SIZE));
}

/*
 * mprotect() and mremap() split the VMA first, and with it goes the sharing of
 * a PUD that they name a part of. So these two are asked directly.
 */
static void __maybe_unused
change_protection_of_part_tells_of_whole_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, pair.other);

	mmap_write_lock(pair.other);
	mm_kunit_change_protection(find_vma(pair.other, BASE), BASE + PMD_SIZE,
				   BASE + 2 * PMD_SIZE);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_TRUE(test, pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test, told_of(rec, BASE, BASE + PUD_SIZE));
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused move_of_part_tells_of_whole_pud(struct kunit *test)
{
	unsigned long to = 2 * BASE;
	struct pair pair = new_pair(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, pair.other);

	mm_kunit_mmap(test, pair.other, pair.file, to, 2 * PUD_SIZE, RW,
		      MAP_SHARED, 0);
	mmap_write_lock(pair.other);
	mm_kunit_move_page_tables(find_vma(pair.other, BASE),
				  find_vma(pair.other, to), BASE + PMD_SIZE,
				  to + PMD_SIZE, PMD_SIZE);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_TRUE(test, pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test, told_of(rec, BASE, BASE + PUD_SIZE));
	EXPECT_KEEPER_WHOLE(test, &pair);
}

static void __maybe_unused punch_hole_tells_of_whole_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, pair.other);

	KUNIT_ASSERT_EQ(test, mm_kunit_punch_hole(pair.file, PMD_SIZE, PMD_SIZE), 0L);
	KUNIT_EXPECT_TRUE(test, told_of(rec, BASE, BASE + PUD_SIZE));
}

/* a4a118f2eead: and so must every TLB that holds a copy of it. */
static void __maybe_unused dontneed_of_part_tells_of_whole_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, pair.other);

	mm_kunit_madvise(pair.other, BASE + PMD_SIZE, PMD_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_TRUE(test, told_of(rec, BASE, BASE + PUD_SIZE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_was_told(rec, MM_KUNIT_SECONDARY,
						  BASE, BASE + PUD_SIZE));
}

/* ------------------------------------------- counts, flushes and IPIs -- */

/* 59d9094df3d7: GUP and compaction take such references at any time. */
static void __maybe_unused stray_reference_is_no_sharer(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = sharer_of(test, file, 1);
	struct page *table = mm_kunit_pmd_table(mm, BASE);

	get_page(table);
	KUNIT_EXPECT_FALSE(test,
			   mm_kunit_hugetlb_pmd_shared(huge_ptep(mm, BASE)));
	KUNIT_EXPECT_EQ(test, unshare(mm, BASE).ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(mm, BASE), table);
	put_page(table);
	EXPECT_TRUTH(test);
}

/* 8ce720d5bd91: whoever may reuse the table alone must wait for GUP-fast. */
static void __maybe_unused only_last_sharer_owes_an_ipi(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mms[3];
	struct unshared did;

	gather_crowd(test, file, mms, 3);
	did = unshare(mms[2], BASE);
	KUNIT_EXPECT_TRUE(test, did.flush);
	KUNIT_EXPECT_FALSE(test, did.ipi);
	did = unshare(mms[1], BASE);
	KUNIT_EXPECT_TRUE(test, did.flush);
	KUNIT_EXPECT_TRUE(test, did.ipi);
	did = unshare(mms[0], BASE);
	KUNIT_EXPECT_FALSE(test, did.flush);
	KUNIT_EXPECT_FALSE(test, did.ipi);
}

static void __maybe_unused unshare_owes_flush_of_whole_pud(struct kunit *test)
{
	struct pair pair = new_pair(test);
	struct unshared did = unshare(pair.other, BASE + 3 * PMD_SIZE);

	KUNIT_EXPECT_TRUE(test, did.covered);
	KUNIT_EXPECT_FALSE(test, did.owes_after);
}

/* ---------------------------------------------- sharing compiled out -- */

static void __maybe_unused unshare_without_sharing_does_nothing(struct kunit *test)
{
	struct vm_area_struct *vma = loose_vma(test, BASE, BASE + PUD_SIZE,
					       VM_SHARED | VM_MAYSHARE);
	struct mmu_gather tlb = { };
	pte_t entry = __pte(0);

	KUNIT_EXPECT_EQ(test, mm_kunit_huge_pmd_unshare(&tlb, vma, BASE, &entry),
			0);
	KUNIT_EXPECT_FALSE(test, mm_kunit_hugetlb_pmd_shared(&entry));
}

static void __maybe_unused two_mms_without_sharing_have_own_tables(struct kunit *test)
{
	struct mm_struct *first, *second;
	struct file *file;

	if (!mm_kunit_hugepages_supported())
		mm_kunit_skip(test, "this machine has no huge pages");
	file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	first = sharer_of(test, file, 1);
	second = sharer_of(test, file, 1);
	KUNIT_EXPECT_TRUE(test, have_own_tables(first, BASE, second, BASE));
	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	EXPECT_TRUTH(test);
}

static void __maybe_unused want_pmd_share_without_sharing_refuses(struct kunit *test)
{
	struct vm_area_struct *vma = loose_vma(test, BASE, BASE + PUD_SIZE,
					       VM_SHARED | VM_MAYSHARE);

	/* All that sharing would ask for is there. */
	vma->vm_private_data = vma;
	KUNIT_EXPECT_FALSE(test, mm_kunit_want_pmd_share(vma, BASE));
}

/* --------------------------------------------------- random sequences -- */

#define RANDOM_PUDS	2

/* Huge pages of a PUD that the sequences use, its first and last among them. */
static const int random_slots[] = { 0, 1, PTRS_PER_PMD / 2, PTRS_PER_PMD - 1 };

#define RANDOM_PAGES	(RANDOM_PUDS * (int)ARRAY_SIZE(random_slots))

/**
 * struct sequence - a random sequence over the huge pages of a file
 * @seq: the sequence
 * @file: what the mms map
 * @content: what was last written to each page
 */
struct sequence {
	struct mm_kunit_sequence seq;
	struct file *file;
	u64 content[RANDOM_PAGES];
};

#define to_sequence(s)	container_of(s, struct sequence, seq)

static unsigned long random_addr(int page)
{
	int slots = ARRAY_SIZE(random_slots);

	return BASE + page / slots * PUD_SIZE +
	       random_slots[page % slots] * PMD_SIZE;
}

static bool may_access(struct mm_struct *mm, unsigned long addr,
		       unsigned long flag)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);

	return vma && vma->vm_start <= addr && vma->vm_flags & flag;
}

static bool step_write(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = random_addr(step->from);
	u64 value = prandom_u32_state(&seq->rnd);

	if (mm_kunit_store(mm, addr, value))
		return !may_access(mm, addr, VM_WRITE);
	to_sequence(seq)->content[step->from] = value;
	return may_access(mm, addr, VM_WRITE);
}

static bool step_read(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = random_addr(step->from);
	u64 value;

	if (mm_kunit_load(mm, addr, &value))
		return !may_access(mm, addr, VM_READ);
	return may_access(mm, addr, VM_READ) &&
	       value == to_sequence(seq)->content[step->from];
}

/* Those that work on a range may meet a hole in it and do only a part. */
static bool step_range(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = random_addr(step->from);
	unsigned long len = random_addr(step->to) + PMD_SIZE - addr;

	if (!strcmp(step->what, "munmap"))
		mm_kunit_munmap(mm, addr, len);
	else if (!strcmp(step->what, "mprotect r"))
		mm_kunit_mprotect(mm, addr, len, PROT_READ);
	else if (!strcmp(step->what, "mprotect rw"))
		mm_kunit_mprotect(mm, addr, len, RW);
	else if (!strcmp(step->what, "dontneed"))
		mm_kunit_madvise(mm, addr, len, MADV_DONTNEED);
	else
		mm_kunit_madvise(mm, addr, len, MADV_DONTFORK);
	return true;
}

static bool step_exit(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	mm_kunit_forget_mm(seq, step->mm);
	return true;
}

/* Whoever lives where the child goes makes room for it. */
static bool step_fork(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step)
{
	struct mm_struct *child = mm_kunit_fork(seq->test, seq->mms[step->mm]);

	if (seq->mms[step->slot])
		mm_kunit_forget_mm(seq, step->slot);
	seq->mms[step->slot] = child;
	return true;
}

static const struct mm_kunit_op random_ops[] = {
	{ "write", 30, step_write },
	{ "read", 30, step_read },
	{ "munmap", 5, step_range },
	{ "mprotect r", 5, step_range },
	{ "mprotect rw", 8, step_range },
	{ "dontneed", 8, step_range },
	{ "split", 3, step_range },
	{ "exit", 5, step_exit },
	{ "fork", 6, step_fork },
};

static struct mm_struct *random_start(struct mm_kunit_sequence *seq, int slot)
{
	return mm_kunit_map_new(seq->test, to_sequence(seq)->file, BASE,
				RANDOM_PUDS * PUD_SIZE, RW, MAP_SHARED, 0);
}

static bool random_is_true(struct mm_kunit_sequence *seq, char *why,
			   size_t size)
{
	return mm_kunit_hugetlb_truth(seq->test->priv, why, size);
}

static void __maybe_unused random_sequences_keep_the_counts(struct kunit *test)
{
	static const struct mm_kunit_random random = {
		.ops = random_ops,
		.nr_ops = ARRAY_SIZE(random_ops),
		.places = RANDOM_PAGES,
		.steps = 150,
		.start = random_start,
		.is_true = random_is_true,
	};
	u64 seed;

	for (seed = 1; seed <= MM_KUNIT_MAX_FILES; seed++) {
		struct sequence *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		s->file = mm_kunit_hugetlb_file(test, RANDOM_PUDS * PUD_SIZE);
		mm_kunit_run_sequence(test, &s->seq, &random, seed);
	}
}

/*
 * What most others rest on comes first: where that crashes, it is to blame.
 */
static struct kunit_case hugetlb_pmd_share_cases[] = {
	MM_KUNIT_CASE_IF(PMD_SHARE, adjust_range_into_last_pud_covers_it)
	MM_KUNIT_CASE_IF(PMD_SHARE, adjust_range_in_unshareable_ends_stays)
	MM_KUNIT_CASE_IF(PMD_SHARE, adjust_range_at_boundaries)
	MM_KUNIT_CASE_IF(PMD_SHARE, adjust_range_of_read_only_file_widens)
	KUNIT_CASE(adjust_range_of_private_vma_stays),
	MM_KUNIT_CASE_IF(PMD_SHARE, adjust_range_covers_what_unshare_can_change)
	KUNIT_CASE(range_in_vma_takes_what_it_covers),
	MM_KUNIT_CASE_IF(PMD_SHARE, unshare_of_sole_owner_does_nothing)
	MM_KUNIT_CASE_IF(PMD_SHARE, first_mm_is_not_shared)
	MM_KUNIT_CASE_IF(PMD_SHARE, exit_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, second_mm_joins_table_of_first)
	MM_KUNIT_CASE_IF(PMD_SHARE, share_at_other_address_joins)
	MM_KUNIT_CASE_IF(PMD_SHARE, share_with_owner_of_later_part_joins)
	MM_KUNIT_CASE_IF(PMD_SHARE, share_within_one_mm_joins)
	MM_KUNIT_CASE_IF(PMD_SHARE, share_after_own_table_keeps_it)
	MM_KUNIT_CASE_IF(PMD_SHARE, share_lost_race_counts_nothing)
	MM_KUNIT_CASE_IF(PMD_SHARE, every_mm_that_joins_counts_once)
	MM_KUNIT_CASE_IF(PMD_SHARE, unshare_takes_out_one_mm_at_a_time)
	MM_KUNIT_CASE_IF(PMD_SHARE, unshare_to_last_owner_keeps_table)
	MM_KUNIT_CASE_IF(PMD_SHARE, fault_after_unshare_joins_again)
	MM_KUNIT_CASE_IF(PMD_SHARE, unshare_leaves_next_pud_shared)
	MM_KUNIT_CASE_IF(UNSHARE_ALL_PMDS, unshare_all_takes_out_every_pud)
	MM_KUNIT_CASE_IF(PMD_SHARE, private_mapping_never_shares)
	MM_KUNIT_CASE_IF(PMD_SHARE, vma_short_of_pud_never_shares)
	MM_KUNIT_CASE_IF(PMD_SHARE, other_pmd_index_never_shares)
	MM_KUNIT_CASE_IF(PMD_SHARE, other_protection_never_shares)
	MM_KUNIT_CASE_IF(PMD_SHARE, mlocked_vma_shares)
	MM_KUNIT_CASE_IF(PMD_SHARE, vma_without_mayshare_never_shares)
	MM_KUNIT_CASE_IF(VMA_LOCK, joining_without_vma_lock_never_shares)
	MM_KUNIT_CASE_IF(VMA_LOCK, owner_without_vma_lock_never_shares)
	MM_KUNIT_CASE_IF(UFFD_PMD_SHARE, userfaultfd_vma_never_shares)
	MM_KUNIT_CASE_IF(WANT_PMD_SHARE, want_pmd_share_asks_for_whole_shared_puds)
	MM_KUNIT_CASE_IF(VMA_LOCK, want_pmd_share_asks_for_a_vma_lock)
	MM_KUNIT_CASE_IF(PMD_SHARE, munmap_of_part_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, munmap_of_all_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, mprotect_of_part_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, mprotect_of_all_takes_mm_out_of_every_pud)
	MM_KUNIT_CASE_IF(MREMAP_HUGETLB, mremap_leaves_old_place_and_joins_anew)
	MM_KUNIT_CASE_IF(SPLIT_UNSHARES, split_inside_pud_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, split_inside_huge_page_is_refused)
	MM_KUNIT_CASE_IF(PMD_SHARE, split_between_puds_keeps_sharing)
	MM_KUNIT_CASE_IF(SPLIT_UNDER_LOCK, split_unshares_when_it_splits_not_before)
	MM_KUNIT_CASE_IF(DONTNEED_HUGETLB, dontneed_of_part_takes_mm_out)
	MM_KUNIT_CASE_IF(PMD_SHARE, fork_of_sharer_shares)
	MM_KUNIT_CASE_IF(FORK_TAKES_SHARERS, fork_into_third_vmas_table_maps_nothing)
	MM_KUNIT_CASE_IF(PMD_SHARE, fork_beside_third_vmas_table_counts_nothing_twice)
	MM_KUNIT_CASE_IF(UFFD_PMD_MARKS, fork_of_uffd_wp_vma_copies_its_marks)
	MM_KUNIT_CASE_IF(PMD_SHARE, punch_hole_takes_page_from_every_mm)
	MM_KUNIT_CASE_IF(PMD_SHARE, punch_hole_tells_of_whole_pud)
	MM_KUNIT_CASE_IF(PMD_SHARE, change_protection_of_part_tells_of_whole_pud)
	MM_KUNIT_CASE_IF(MREMAP_HUGETLB, move_of_part_tells_of_whole_pud)
	MM_KUNIT_CASE_IF(SPLIT_UNSHARES, munmap_of_part_tells_of_whole_pud)
	MM_KUNIT_CASE_IF(DONTNEED_HUGETLB, dontneed_of_part_tells_of_whole_pud)
	MM_KUNIT_CASE_IF(PT_SHARE_COUNT, stray_reference_is_no_sharer)
	MM_KUNIT_CASE_IF(UNSHARE_TLB, only_last_sharer_owes_an_ipi)
	MM_KUNIT_CASE_IF(UNSHARE_TLB, unshare_owes_flush_of_whole_pud)
	MM_KUNIT_CASE_IF(NO_PMD_SHARE, adjust_range_without_sharing_stays)
	MM_KUNIT_CASE_IF(NO_PMD_SHARE, unshare_without_sharing_does_nothing)
	MM_KUNIT_CASE_IF(HUGETLB_NO_PMD_SHARE, two_mms_without_sharing_have_own_tables)
	MM_KUNIT_CASE_IF(NO_WANT_PMD_SHARE, want_pmd_share_without_sharing_refuses)
	MM_KUNIT_CASE_IF(PMD_SHARE, random_sequences_keep_the_counts)
	{}
};

static struct kunit_suite hugetlb_pmd_share_suite = {
	.name = "hugetlb_pmd_share",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_pmd_share_cases,
};

kunit_test_suite(hugetlb_pmd_share_suite);

MODULE_DESCRIPTION("KUnit tests for huge PMD sharing");
MODULE_LICENSE("GPL");
