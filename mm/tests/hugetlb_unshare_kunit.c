// SPDX-License-Identifier: GPL-2.0-only
/*
 * What unshares a PMD table: whoever changes a hugetlb mapping whose table is
 * shared first takes its mm out of the sharing, and leaves the other mms as
 * they are. An unshare that was forgotten has left VMAs with a table that they
 * did not cover any more, b30c14cd6102 ("hugetlb: unshare some PMDs when
 * splitting VMAs"). The mmu notifiers of the mm are called for the whole PUD.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/userfaultfd_k.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/random.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

static void munmap_of_part_takes_mm_out(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(pair.other, BASE, PMD_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			2ULL);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(pair.keeper, BASE,
						    pair.other, BASE));
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void munmap_of_all_takes_mm_out(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(pair.other, BASE, 2 * PUD_SIZE),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_pgtables_bytes(pair.other), 0UL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void exit_takes_mm_out(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	EXPECT_HUGETLB_COUNTS_MATCH(test);
	mm_kunit_exit_mm(test, pair.other);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void mprotect_of_part_takes_mm_out(struct kunit *test)
{
	unsigned long addr = BASE + PMD_SIZE;
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(pair.other, addr, PMD_SIZE,
					  PROT_READ),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, addr, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, addr), 2ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 1), 0);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void mprotect_of_all_takes_mm_out_of_every_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(pair.other, BASE, 2 * PUD_SIZE,
					  PROT_READ),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(pair.other, BASE, 9), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void mremap_leaves_old_place_and_joins_anew(struct kunit *test)
{
	unsigned long to = 2 * BASE;
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(pair.other, BASE, 2 * PUD_SIZE, to),
			(long)to);
	KUNIT_EXPECT_TRUE(test, mm_kunit_pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_pud_is_clear(pair.other, BASE + PUD_SIZE));
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, to), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, to + PUD_SIZE),
			3ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

/*
 * b30c14cd6102 ("hugetlb: unshare some PMDs when splitting VMAs"): neither half
 * covers the PUD, so neither may share it.
 */
static void split_inside_pud_takes_mm_out(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(pair.other, BASE, PMD_SIZE,
					 MADV_DONTFORK),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);

	/* The VMA ends where this PUD ends. */
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(pair.other,
					 BASE + 2 * PUD_SIZE - PMD_SIZE,
					 PMD_SIZE, MADV_DONTFORK),
			0L);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

/* A hugetlb VMA never begins or ends within a huge page. */
static void split_inside_huge_page_is_refused(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_EXPECT_EQ(test,
			mm_kunit_mprotect(pair.other, BASE, PAGE_SIZE,
					  PROT_READ),
			(long)-EINVAL);
	KUNIT_EXPECT_EQ(test, mm_kunit_vma(pair.other, BASE)->vm_end,
			BASE + 2 * PUD_SIZE);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void split_between_puds_keeps_sharing(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(pair.other, BASE, PUD_SIZE,
					 MADV_DONTFORK),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

/*
 * 081056dc00a2 ("mm/hugetlb: unshare page tables during VMA split, not
 * before"): a split that was refused later had unshared already, and a page
 * fault between may_split() and the split would share the table again.
 */
static void split_unshares_when_it_splits_not_before(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct vm_area_struct *vma;
	int ret;

	mmap_write_lock(pair.other);
	vma = find_vma(pair.other, BASE);
	ret = vma->vm_ops->may_split(vma, BASE + PMD_SIZE);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);

	KUNIT_EXPECT_EQ(test,
			mm_kunit_madvise(pair.other, BASE, PMD_SIZE,
					 MADV_DONTFORK),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void dontneed_of_part_takes_mm_out(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(pair.other, BASE + PMD_SIZE, PMD_SIZE,
					 MADV_DONTNEED),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			2ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void fork_of_sharer_shares(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_struct *child = mm_kunit_fork(test, pair.other);

	EXPECT_KEEPER_UNAFFECTED(test, &pair);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE + PUD_SIZE),
			3ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 3);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_owners(test, pair.keeper, BASE + PUD_SIZE), 3);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);

	mm_kunit_exit_mm(test, child);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 2);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

/*
 * 3aa4ed8040e1 ("mm/hugetlb: make detecting shared pte more reliable"): the
 * child shares a table, but with a third VMA and not with its parent. What that
 * table maps must not be mapped and counted once more. Later fork() asked for
 * references to the table, which sharers did not take any more, 14967a9c7d24
 * ("mm/hugetlb: fix copy_hugetlb_page_range() to use ->pt_share_count").
 */
static void fork_into_third_vmas_table_maps_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *third = mm_kunit_sharer(test, file, 1);
	struct mm_struct *parent, *child;

	parent = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ,
				  MAP_SHARED, 0);
	mm_kunit_read(test, parent, BASE);
	child = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_copy_hugetlb_range(parent, child), 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, third, BASE), 2);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(parent, BASE, child, BASE));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * 14967a9c7d24 ("mm/hugetlb: fix copy_hugetlb_page_range() to use
 * ->pt_share_count"): a reference to the page of the child's table was taken
 * for a sharer, and nothing was copied, as in trees without 59d9094df3d7 ("mm:
 * hugetlb: independent PMD page table shared count"). The VMAs are too short to
 * share.
 */
static void fork_copies_despite_stray_reference_to_table(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mms[2];
	struct page *table, *page;
	int i, ret;

	for (i = 0; i < 2; i++)
		mms[i] = mm_kunit_map_new(test, file, BASE, PUD_SIZE - PMD_SIZE,
					  RW, MAP_SHARED, 0);
	mm_kunit_write(test, mms[0], BASE, 42);
	mm_kunit_huge_pte_alloc(mm_kunit_vma(mms[1], BASE), BASE);
	KUNIT_ASSERT_TRUE(test,
			  mm_kunit_own_tables(mms[0], BASE, mms[1], BASE));
	page = mm_kunit_page_at(mms[0], BASE);
	table = mm_kunit_pmd_table(mms[1], BASE);
	get_page(table);
	ret = mm_kunit_copy_hugetlb_range(mms[0], mms[1]);
	put_page(table);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mms[1], BASE), page);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * The same by a real fork: the parent could share with the third mm, but had
 * its own table before. The child may share a table at once, or only when it
 * faults.
 */
static void
fork_beside_third_vmas_table_counts_nothing_twice(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *third = mm_kunit_sharer(test, file, 1);
	struct mm_struct *parent, *child;

	mm_kunit_write(test, third, BASE, 42);
	parent = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ,
				  MAP_SHARED, 0);
	mm_kunit_read(test, parent, BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(parent, BASE, PUD_SIZE, RW),
			0L);
	child = mm_kunit_fork(test, parent);
	KUNIT_EXPECT_NE(test, mm_kunit_owners(test, child, BASE), 1);
	EXPECT_HUGETLB_COUNTS_MATCH(test);

	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, BASE), 42ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, child, BASE), 2);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(parent, BASE, third, BASE));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * uffd-wp bits and markers are in page tables alone, for pages that are present
 * and for pages that are not. So the VMA shares no table, and fork() copies
 * them.
 */
static void fork_of_uffd_wp_vma_copies_uffd_wp_bits(struct kunit *test)
{
	pmd_t unprotected, pmd[2];
	struct vm_area_struct *vma;
	struct mm_struct *mms[2];
	struct file *file;
	int i;

	if (!IS_ENABLED(CONFIG_PTE_MARKER_UFFD_WP))
		kunit_skip(test, "userfaultfd cannot write-protect");
	file = mm_kunit_shareable_file(test, PUD_SIZE);
	mms[0] = mm_kunit_sharer(test, file, 1);
	unprotected = pmdp_get(mm_kunit_pmd(mms[0], BASE));
	mms[1] = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED,
				  0);
	for (i = 0; i < 2; i++)
		mm_kunit_vm_flags_mod(mm_kunit_vma(mms[i], BASE), VM_UFFD_WP,
				      0);
	mmap_write_lock(mms[0]);
	vma = find_vma(mms[0], BASE);
	hugetlb_change_protection(vma, BASE, BASE + 2 * PMD_SIZE,
				  vma->vm_page_prot, MM_CP_UFFD_WP);
	mmap_write_unlock(mms[0]);
	pmd[0] = pmdp_get(mm_kunit_pmd(mms[0], BASE));
	pmd[1] = pmdp_get(mm_kunit_pmd(mms[0], BASE + PMD_SIZE));
	KUNIT_ASSERT_NE(test, pmd_val(pmd[0]), pmd_val(unprotected));
	KUNIT_ASSERT_FALSE(test, pmd_none(pmd[1]));

	KUNIT_EXPECT_EQ(test, mm_kunit_copy_hugetlb_range(mms[0], mms[1]), 0);
	KUNIT_ASSERT_TRUE(test,
			  mm_kunit_own_tables(mms[0], BASE, mms[1], BASE));
	for (i = 0; i < 3; i++) {
		pmd[0] = pmdp_get(mm_kunit_pmd(mms[0], BASE) + i);
		pmd[1] = pmdp_get(mm_kunit_pmd(mms[1], BASE) + i);
		KUNIT_EXPECT_EQ_MSG(test, pmd_val(pmd[1]), pmd_val(pmd[0]),
				    "entry %d", i);
	}
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	for (i = 0; i < 2; i++)
		mm_kunit_vm_flags_mod(mm_kunit_vma(mms[i], BASE), 0,
				      VM_UFFD_WP);
}

/* A hole in the file is a hole for every mm, sharer or last owner. */
static void punch_hole_takes_page_from_every_mm(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_punch_hole(pair.file, PMD_SIZE, PMD_SIZE), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_huge_pfn(pair.keeper, BASE + PMD_SIZE),
			0UL);
	KUNIT_EXPECT_EQ(test, mm_kunit_huge_pfn(pair.other, BASE + PMD_SIZE),
			0UL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE + PMD_SIZE),
			0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.other, BASE), 1ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, pair.keeper, BASE), 1ULL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* Both start and end were called for the whole range at once. */
static bool hugetlb_notified_of(struct mm_kunit_recorder *rec,
				unsigned long start, unsigned long end)
{
	return mm_kunit_notified(rec, MM_KUNIT_START, start, end) &&
	       mm_kunit_notified(rec, MM_KUNIT_END, start, end);
}

/*
 * dff11abe280b ("hugetlb: take PMD sharing into account when flushing
 * tlb/caches"): the mm loses the whole PUD, whatever part of it was unmapped.
 */
static void munmap_of_part_notifies_of_whole_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_recorder *rec =
		mm_kunit_register_notifier(test, pair.other);

	mm_kunit_munmap(pair.other, BASE + PMD_SIZE, PMD_SIZE);
	KUNIT_EXPECT_TRUE(test,
			  hugetlb_notified_of(rec, BASE, BASE + PUD_SIZE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_notified(rec, MM_KUNIT_SECONDARY_TLB,
						  BASE, BASE + PUD_SIZE));
}

/*
 * mprotect() and mremap() of a part of a PUD split the VMA first, which already
 * unshares the PUD. So this case and the next call what comes after the split.
 */
static void change_protection_of_part_notifies_of_whole_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_recorder *rec =
		mm_kunit_register_notifier(test, pair.other);
	struct vm_area_struct *vma;

	mmap_write_lock(pair.other);
	vma = find_vma(pair.other, BASE);
	hugetlb_change_protection(vma, BASE + PMD_SIZE, BASE + 2 * PMD_SIZE,
				  vma->vm_page_prot, 0);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_TRUE(test, mm_kunit_pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test,
			  hugetlb_notified_of(rec, BASE, BASE + PUD_SIZE));
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void move_of_part_notifies_of_whole_pud(struct kunit *test)
{
	unsigned long to = 2 * BASE;
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_recorder *rec =
		mm_kunit_register_notifier(test, pair.other);

	mm_kunit_mmap(test, pair.other, pair.file, to, 2 * PUD_SIZE, RW,
		      MAP_SHARED, 0);
	mmap_write_lock(pair.other);
	move_hugetlb_page_tables(find_vma(pair.other, BASE),
				 find_vma(pair.other, to), BASE + PMD_SIZE,
				 to + PMD_SIZE, PMD_SIZE);
	mmap_write_unlock(pair.other);
	KUNIT_EXPECT_TRUE(test, mm_kunit_pud_is_clear(pair.other, BASE));
	KUNIT_EXPECT_TRUE(test,
			  hugetlb_notified_of(rec, BASE, BASE + PUD_SIZE));
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static void punch_hole_notifies_of_whole_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_recorder *rec =
		mm_kunit_register_notifier(test, pair.other);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_punch_hole(pair.file, PMD_SIZE, PMD_SIZE), 0L);
	KUNIT_EXPECT_TRUE(test,
			  hugetlb_notified_of(rec, BASE, BASE + PUD_SIZE));
}

/*
 * a4a118f2eead ("hugetlbfs: flush TLBs correctly after huge_pmd_unshare"): all
 * that the table mapped must be flushed, from secondary TLBs as well.
 */
static void dontneed_of_part_notifies_of_whole_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_recorder *rec =
		mm_kunit_register_notifier(test, pair.other);

	mm_kunit_madvise(pair.other, BASE + PMD_SIZE, PMD_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_TRUE(test,
			  hugetlb_notified_of(rec, BASE, BASE + PUD_SIZE));
	KUNIT_EXPECT_TRUE(test, mm_kunit_notified(rec, MM_KUNIT_SECONDARY_TLB,
						  BASE, BASE + PUD_SIZE));
}

#define HUGETLB_RANDOM_PUDS 2

/* The huge pages of a PUD that a sequence uses, by slot of its table. */
static const int hugetlb_random_slots[] = { 0, 1, PTRS_PER_PMD / 2,
					    PTRS_PER_PMD - 1 };

#define HUGETLB_RANDOM_PAGES \
	(HUGETLB_RANDOM_PUDS * (int)ARRAY_SIZE(hugetlb_random_slots))

/**
 * struct hugetlb_sequence - a random sequence over the huge pages of a file
 * @seq: the sequence
 * @file: what the mms map
 * @content: what was written to each page last
 */
struct hugetlb_sequence {
	struct mm_kunit_sequence seq;
	struct file *file;
	u64 content[HUGETLB_RANDOM_PAGES];
};

#define to_hugetlb_sequence(s) container_of(s, struct hugetlb_sequence, seq)

static unsigned long hugetlb_random_addr(int page)
{
	int slots = ARRAY_SIZE(hugetlb_random_slots);

	return BASE + page / slots * PUD_SIZE +
	       hugetlb_random_slots[page % slots] * PMD_SIZE;
}

static bool hugetlb_may_access(struct mm_struct *mm, unsigned long addr,
			       vm_flags_t flag)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);

	return vma && vma->vm_start <= addr && vma->vm_flags & flag;
}

static bool hugetlb_step_write(struct mm_kunit_sequence *seq,
			       struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = hugetlb_random_addr(step->from);
	u64 value = prandom_u32_state(&seq->rnd);

	if (mm_kunit_store(mm, addr, value))
		return !hugetlb_may_access(mm, addr, VM_WRITE);
	to_hugetlb_sequence(seq)->content[step->from] = value;
	return hugetlb_may_access(mm, addr, VM_WRITE);
}

static bool hugetlb_step_read(struct mm_kunit_sequence *seq,
			      struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = hugetlb_random_addr(step->from);
	u64 value;

	if (mm_kunit_load(mm, addr, &value))
		return !hugetlb_may_access(mm, addr, VM_READ);
	return hugetlb_may_access(mm, addr, VM_READ) &&
	       value == to_hugetlb_sequence(seq)->content[step->from];
}

/* The range may have holes, so whatever the system call returns is right. */
static bool hugetlb_step_range(struct mm_kunit_sequence *seq,
			       struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	unsigned long addr = hugetlb_random_addr(step->from);
	unsigned long len = hugetlb_random_addr(step->to) + PMD_SIZE - addr;

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

static bool hugetlb_step_exit(struct mm_kunit_sequence *seq,
			      struct mm_kunit_step *step)
{
	mm_kunit_sequence_exit_mm(seq, step->mm);
	return true;
}

/* The mm in the slot where the child goes exits. */
static bool hugetlb_step_fork(struct mm_kunit_sequence *seq,
			      struct mm_kunit_step *step)
{
	struct mm_struct *child = mm_kunit_fork(seq->test, seq->mms[step->mm]);

	if (seq->mms[step->slot])
		mm_kunit_sequence_exit_mm(seq, step->slot);
	seq->mms[step->slot] = child;
	return true;
}

static const struct mm_kunit_op hugetlb_random_ops[] = {
	{ "write", 30, hugetlb_step_write },
	{ "read", 30, hugetlb_step_read },
	{ "munmap", 5, hugetlb_step_range },
	{ "mprotect r", 5, hugetlb_step_range },
	{ "mprotect rw", 8, hugetlb_step_range },
	{ "dontneed", 8, hugetlb_step_range },
	{ "split", 3, hugetlb_step_range },
	{ "exit", 5, hugetlb_step_exit },
	{ "fork", 6, hugetlb_step_fork },
};

static struct mm_struct *hugetlb_random_start(struct mm_kunit_sequence *seq,
					      int slot)
{
	return mm_kunit_map_new(seq->test, to_hugetlb_sequence(seq)->file, BASE,
				HUGETLB_RANDOM_PUDS * PUD_SIZE, RW, MAP_SHARED,
				0);
}

static bool hugetlb_random_check(struct mm_kunit_sequence *seq, char *msg,
				 size_t size)
{
	return mm_kunit_check_hugetlb(seq->test->priv, msg, size);
}

static void random_sequences_keep_the_counts(struct kunit *test)
{
	static const struct mm_kunit_random random = {
		.ops = hugetlb_random_ops,
		.nr_ops = ARRAY_SIZE(hugetlb_random_ops),
		.places = HUGETLB_RANDOM_PAGES,
		.steps = 150,
		.start = hugetlb_random_start,
		.check = hugetlb_random_check,
	};
	u64 seed;

	mm_kunit_require_pmd_sharing(test);
	for (seed = 1; seed <= MM_KUNIT_MAX_FILES; seed++) {
		struct hugetlb_sequence *s =
			kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		s->file = mm_kunit_hugetlb_file(test,
						HUGETLB_RANDOM_PUDS * PUD_SIZE);
		mm_kunit_run_sequence(test, &s->seq, &random, seed);
	}
}

/* What other cases rest on comes first. */
static struct kunit_case hugetlb_unshare_cases[] = {
	KUNIT_CASE(exit_takes_mm_out),
	KUNIT_CASE(munmap_of_part_takes_mm_out),
	KUNIT_CASE(munmap_of_all_takes_mm_out),
	KUNIT_CASE(mprotect_of_part_takes_mm_out),
	KUNIT_CASE(mprotect_of_all_takes_mm_out_of_every_pud),
	KUNIT_CASE(mremap_leaves_old_place_and_joins_anew),
	KUNIT_CASE(split_inside_pud_takes_mm_out),
	KUNIT_CASE(split_inside_huge_page_is_refused),
	KUNIT_CASE(split_between_puds_keeps_sharing),
	KUNIT_CASE(split_unshares_when_it_splits_not_before),
	KUNIT_CASE(dontneed_of_part_takes_mm_out),
	KUNIT_CASE(fork_of_sharer_shares),
	KUNIT_CASE(fork_into_third_vmas_table_maps_nothing),
	KUNIT_CASE(fork_copies_despite_stray_reference_to_table),
	KUNIT_CASE(fork_beside_third_vmas_table_counts_nothing_twice),
	KUNIT_CASE(fork_of_uffd_wp_vma_copies_uffd_wp_bits),
	KUNIT_CASE(punch_hole_takes_page_from_every_mm),
	KUNIT_CASE(punch_hole_notifies_of_whole_pud),
	KUNIT_CASE(change_protection_of_part_notifies_of_whole_pud),
	KUNIT_CASE(move_of_part_notifies_of_whole_pud),
	KUNIT_CASE(munmap_of_part_notifies_of_whole_pud),
	KUNIT_CASE(dontneed_of_part_notifies_of_whole_pud),
	KUNIT_CASE(random_sequences_keep_the_counts),
	{}
};

static struct kunit_suite hugetlb_unshare_suite = {
	.name = "hugetlb_unshare",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_unshare_cases,
};

kunit_test_suite(hugetlb_unshare_suite);

MODULE_DESCRIPTION("KUnit tests for what unshares PMD tables");
MODULE_LICENSE("GPL");
