// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge PMD sharing: VMAs that map the same hugetlb file may share a PMD table,
 * if each of them covers the whole PUD. Which VMAs share a table, and what the
 * kernel counts of them, is compared with the page tables of all mms: the
 * kernel once took any reference to a table for one more sharer,
 * 59d9094df3d7 ("mm: hugetlb: independent PMD page table shared count").
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

static void first_mm_is_not_shared(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);

	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, mm, BASE), 1);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void second_mm_joins_table_of_first(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second = mm_kunit_sharer(test, file, 1);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(first, BASE),
			    mm_kunit_pmd_table(second, BASE));
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);

	mm_kunit_write(test, first, BASE + PMD_SIZE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE + PMD_SIZE),
			42ULL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * Two VMAs may share if the same part of the file has the same place in a PUD,
 * whatever the addresses.
 */
static void share_at_other_address_joins(struct kunit *test)
{
	unsigned long offset = 3 * PMD_SIZE, head = PUD_SIZE - offset;
	struct file *file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	struct mm_struct *first, *second;

	first = mm_kunit_map_new(test, file, BASE, 2 * PUD_SIZE, RW, MAP_SHARED,
				 0);
	mm_kunit_write(test, first, BASE + PUD_SIZE + 5 * PMD_SIZE, 42);

	/* Starts within one PUD, and covers the whole of the next. */
	second = mm_kunit_map_new(test, file, 8 * BASE + offset,
				  head + PUD_SIZE, RW, MAP_SHARED, offset);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_read(test, second,
				      8 * BASE + PUD_SIZE + 5 * PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE + PUD_SIZE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* The VMA of the first owner maps only the second part of the file. */
static void share_with_owner_of_later_part_joins(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	struct mm_struct *owner, *second;

	owner = mm_kunit_map_new(test, file, 4 * BASE, PUD_SIZE, RW, MAP_SHARED,
				 PUD_SIZE);
	mm_kunit_write(test, owner, 4 * BASE + 5 * PMD_SIZE, 42);
	second = mm_kunit_map_new(test, file, BASE, 2 * PUD_SIZE, RW,
				  MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_read(test, second,
				      BASE + PUD_SIZE + 5 * PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE + PUD_SIZE),
			    mm_kunit_pmd_table(owner, 4 * BASE));
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, owner, 4 * BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void share_within_one_mm_joins(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);

	mm_kunit_mmap(test, mm, file, 2 * BASE, PUD_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_read(test, mm, 2 * BASE);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, mm, BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * An mm that already has a table when it becomes able to share keeps it, and it
 * is not counted as shared.
 */
static void share_after_own_table_keeps_it(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second;
	struct page *table;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ,
				  MAP_SHARED, 0);
	mm_kunit_read(test, second, BASE);
	table = mm_kunit_pmd_table(second, BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(second, BASE, PUD_SIZE, RW),
			0L);

	mm_kunit_write(test, second, BASE + PMD_SIZE, 42);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE), table);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, first, BASE + PMD_SIZE),
			42ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, second, BASE), 1);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * "hugetlb: fix nr_pmds accounting with shared page tables" (2016): if another
 * thread has filled the PUD entry meanwhile, huge_pmd_share() must count neither
 * a sharer nor a table.
 */
static void share_lost_race_counts_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second = mm_kunit_sharer(test, file, 1);
	struct vm_area_struct *vma = mm_kunit_vma(second, BASE);
	pte_t *ptep;

	hugetlb_vma_lock_read(vma);
	ptep = huge_pmd_share(second, vma, BASE, mm_kunit_pud(second, BASE));
	hugetlb_vma_unlock_read(vma);
	KUNIT_EXPECT_PTR_EQ(test, ptep, mm_kunit_huge_ptep(second, BASE));
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* How many mms share a table. */
static const int hugetlb_crowds[] = { 2, 3, 8 };

static void hugetlb_start_crowd(struct kunit *test, struct file *file,
				struct mm_struct **mms, int n)
{
	int i;

	for (i = 0; i < n; i++)
		mms[i] = mm_kunit_sharer(test, file, 1);
}

static void hugetlb_exit_crowd(struct kunit *test, struct mm_struct **mms,
			       int n)
{
	int i;

	for (i = 0; i < n; i++)
		mm_kunit_exit_mm(test, mms[i]);
}

static void every_mm_that_joins_counts_once(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int i;

	for (i = 0; i < ARRAY_SIZE(hugetlb_crowds); i++) {
		hugetlb_start_crowd(test, file, mms, hugetlb_crowds[i]);
		KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, mms[0], BASE),
				hugetlb_crowds[i]);
		EXPECT_HUGETLB_COUNTS_MATCH(test);
		hugetlb_exit_crowd(test, mms, hugetlb_crowds[i]);
	}
}

static void unshare_takes_out_one_mm_at_a_time(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(hugetlb_crowds); i++) {
		hugetlb_start_crowd(test, file, mms, hugetlb_crowds[i]);
		for (j = hugetlb_crowds[i] - 1; j > 0; j--) {
			unsigned long addr = BASE + j * PMD_SIZE;

			KUNIT_EXPECT_EQ(test,
					mm_kunit_unshare(mms[j], addr).ret, 1);
			KUNIT_EXPECT_TRUE(test,
					  mm_kunit_pud_is_clear(mms[j], BASE));
			KUNIT_EXPECT_EQ(test,
					mm_kunit_owners(test, mms[0], BASE), j);
			EXPECT_HUGETLB_COUNTS_MATCH(test);
		}
		hugetlb_exit_crowd(test, mms, hugetlb_crowds[i]);
	}
}

static void unshare_of_sole_owner_does_nothing(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);
	struct page *table = mm_kunit_pmd_table(mm, BASE);

	KUNIT_EXPECT_EQ(test, mm_kunit_unshare(mm, BASE).ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(mm, BASE), table);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void unshare_to_last_owner_keeps_table(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second = mm_kunit_sharer(test, file, 1);
	struct page *table = mm_kunit_pmd_table(first, BASE);

	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_unshare(first, BASE).ret, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_unshare(second, BASE).ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(second, BASE), table);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void fault_after_unshare_joins_again(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second = mm_kunit_sharer(test, file, 1);

	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_unshare(second, BASE).ret, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, second, BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* An unshare affects one PUD, whichever of its addresses is given. */
static void unshare_leaves_next_pud_shared(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 2);
	struct mm_struct *second = mm_kunit_sharer(test, file, 2);
	struct mm_kunit_unshared unshared;

	unshared = mm_kunit_unshare(second, BASE + PUD_SIZE - PMD_SIZE);
	KUNIT_EXPECT_EQ(test, unshared.ret, 1);
	KUNIT_EXPECT_TRUE(test, mm_kunit_pud_is_clear(second, BASE));
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE), 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE + PUD_SIZE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * hugetlb_unshare_all_pmds() of 5.10.y skipped PUDs in February 2026, because
 * huge_pmd_unshare() advanced the address that its caller looped over.
 */
static void unshare_all_takes_out_every_pud(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, 3 * PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 3);
	struct mm_struct *second = mm_kunit_sharer(test, file, 3);
	int i;

	hugetlb_unshare_all_pmds(mm_kunit_vma(second, BASE));
	for (i = 0; i < 3; i++) {
		unsigned long addr = BASE + i * PUD_SIZE;

		KUNIT_EXPECT_TRUE(test, mm_kunit_pud_is_clear(second, addr));
		KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, addr), 1);
	}
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * The first or the last huge page of the PUD is missing in one of the VMAs,
 * whether that one comes first or second.
 */
static void vma_short_of_pud_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	static const unsigned long starts[] = { 0, PMD_SIZE };
	int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		unsigned long start = starts[i], mid = BASE + 5 * PMD_SIZE;
		struct mm_struct *shorter, *whole, *later;

		shorter = mm_kunit_map_new(test, file, BASE + start,
					   PUD_SIZE - PMD_SIZE, RW, MAP_SHARED,
					   start);
		mm_kunit_read(test, shorter, mid);
		whole = mm_kunit_sharer(test, file, 1);
		KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(whole, mid, shorter,
							    mid));

		later = mm_kunit_map_new(test, file, BASE + start,
					 PUD_SIZE - PMD_SIZE, RW, MAP_SHARED,
					 start);
		mm_kunit_read(test, later, mid);
		KUNIT_EXPECT_TRUE(test,
				  mm_kunit_own_tables(whole, mid, later, mid));
		EXPECT_HUGETLB_COUNTS_MATCH(test);

		mm_kunit_exit_mm(test, shorter);
		mm_kunit_exit_mm(test, whole);
		mm_kunit_exit_mm(test, later);
	}
}

/* The same huge page of the file is in another slot of the table. */
static void other_pmd_index_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second;

	mm_kunit_write(test, first, BASE + PMD_SIZE, 42);
	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED,
				  PMD_SIZE);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(first, BASE, second, BASE));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void other_protection_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *writer = mm_kunit_sharer(test, file, 1);
	struct mm_struct *reader;

	reader = mm_kunit_map_new(test, file, BASE, PUD_SIZE, PROT_READ,
				  MAP_SHARED, 0);
	mm_kunit_read(test, reader, BASE);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_own_tables(writer, BASE, reader, BASE));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(reader, BASE, 1), -EFAULT);
}

/* mlock() of one of the VMAs changes nothing in the table. */
static void mlocked_vma_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_struct *locked, *third;

	locked = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED,
				  0);
	mm_kunit_vm_flags_mod(mm_kunit_vma(locked, BASE), VM_LOCKED, 0);
	mm_kunit_read(test, locked, BASE);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, first, BASE), 2);

	/* And a VMA that is not locked shares with one that is. */
	mm_kunit_exit_mm(test, first);
	third = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, third, BASE), 2);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	mm_kunit_vm_flags_mod(mm_kunit_vma(locked, BASE), 0, VM_LOCKED);
}

/*
 * d833352a4338 ("mm: hugetlbfs: close race during teardown of hugetlbfs shared
 * page tables"): a VMA that is being unmapped lost VM_MAYSHARE, so that nobody
 * would join its tables. Since 6.1 it loses its lock instead.
 */
static void vma_without_mayshare_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *leaving = mm_kunit_sharer(test, file, 1);
	struct mm_struct *second;

	mm_kunit_vm_flags_mod(mm_kunit_vma(leaving, BASE), 0, VM_MAYSHARE);
	second = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_own_tables(leaving, BASE, second, BASE));
	mm_kunit_vm_flags_mod(mm_kunit_vma(leaving, BASE), VM_MAYSHARE, 0);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * vm_private_data of a private mapping is not a VMA lock. Neither the VMA that
 * looks for a table to share nor the VMA that has one may be mistaken for
 * shareable because it is set.
 */
static void private_mapping_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *shared = mm_kunit_sharer(test, file, 1);
	struct mm_kunit_swapped_lock *locks[2];
	struct mm_struct *mms[2];
	int i;

	for (i = 0; i < 2; i++) {
		mms[i] = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW,
					  MAP_PRIVATE, 0);
		locks[i] = mm_kunit_swap_vma_lock(test, mms[i], BASE, mms[i]);
		mm_kunit_huge_pte_alloc(mm_kunit_vma(mms[i], BASE), BASE);
		KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(shared, BASE,
							    mms[i], BASE));
	}
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_own_tables(mms[0], BASE, mms[1], BASE));
	for (i = 0; i < 2; i++)
		mm_kunit_restore_vma_lock(test, locks[i]);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void joining_without_vma_lock_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	struct mm_kunit_swapped_lock *lock;
	struct mm_struct *second;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED,
				  0);
	lock = mm_kunit_swap_vma_lock(test, second, BASE, NULL);
	mm_kunit_huge_pte_alloc(mm_kunit_vma(second, BASE), BASE);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(first, BASE, second, BASE));
	mm_kunit_restore_vma_lock(test, lock);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void owner_without_vma_lock_never_shares(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *leaving = mm_kunit_sharer(test, file, 1);
	struct mm_kunit_swapped_lock *lock;
	struct mm_struct *second;

	second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW, MAP_SHARED,
				  0);
	lock = mm_kunit_swap_vma_lock(test, leaving, BASE, NULL);
	mm_kunit_huge_pte_alloc(mm_kunit_vma(second, BASE), BASE);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_own_tables(leaving, BASE, second, BASE));
	mm_kunit_restore_vma_lock(test, lock);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * c1991e0705d1 ("hugetlb/userfaultfd: forbid huge pmd sharing when uffd
 * enabled"): the uffd-wp bit and minor faults concern one mm alone.
 */
static void userfaultfd_vma_never_shares(struct kunit *test)
{
	/* A flag that this build does not know is VM_NONE. */
	static const vm_flags_t flags[] = { VM_UFFD_WP, VM_UFFD_MINOR,
					    VM_UFFD_RWP };
	struct mm_struct *first;
	struct file *file;
	int i;

	if (!IS_ENABLED(CONFIG_USERFAULTFD) ||
	    !IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP))
		kunit_skip(test, "userfaultfd cannot write-protect");
	file = mm_kunit_shareable_file(test, PUD_SIZE);
	first = mm_kunit_sharer(test, file, 1);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct vm_area_struct *vma;
		struct mm_struct *second;

		if (!flags[i])
			continue;
		second = mm_kunit_map_new(test, file, BASE, PUD_SIZE, RW,
					  MAP_SHARED, 0);
		vma = mm_kunit_vma(second, BASE);
		mm_kunit_vm_flags_mod(vma, flags[i], 0);
		KUNIT_EXPECT_FALSE(test, want_pmd_share(vma, BASE));
		mm_kunit_huge_pte_alloc(vma, BASE);
		KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(first, BASE, second,
							    BASE));
		mm_kunit_vm_flags_mod(vma, 0, flags[i]);
		EXPECT_HUGETLB_COUNTS_MATCH(test);
	}
}

static void want_pmd_share_asks_for_whole_shared_puds(struct kunit *test)
{
	unsigned long head = BASE + PMD_SIZE, pud = BASE + PUD_SIZE;
	struct file *file = mm_kunit_shareable_file(test, 3 * PUD_SIZE);
	struct vm_area_struct *vma;
	struct mm_struct *mm;

	/* Without the first page of the first PUD and the last of the third. */
	mm = mm_kunit_map_new(test, file, head, 3 * PUD_SIZE - 2 * PMD_SIZE, RW,
			      MAP_SHARED, PMD_SIZE);
	vma = mm_kunit_vma(mm, head);
	KUNIT_EXPECT_FALSE(test, want_pmd_share(vma, pud - PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, want_pmd_share(vma, pud));
	KUNIT_EXPECT_TRUE(test, want_pmd_share(vma, pud + PUD_SIZE - PMD_SIZE));
	KUNIT_EXPECT_FALSE(test, want_pmd_share(vma, pud + PUD_SIZE));

	mm_kunit_vm_flags_mod(vma, 0, VM_MAYSHARE);
	KUNIT_EXPECT_FALSE(test, want_pmd_share(vma, pud));
	mm_kunit_vm_flags_mod(vma, VM_MAYSHARE, 0);
}

static void want_pmd_share_asks_for_a_vma_lock(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);
	struct mm_kunit_swapped_lock *lock =
		mm_kunit_swap_vma_lock(test, mm, BASE, NULL);

	KUNIT_EXPECT_FALSE(test, want_pmd_share(mm_kunit_vma(mm, BASE), BASE));
	mm_kunit_restore_vma_lock(test, lock);
	KUNIT_EXPECT_TRUE(test, want_pmd_share(mm_kunit_vma(mm, BASE), BASE));
}

/*
 * 59d9094df3d7 ("mm: hugetlb: independent PMD page table shared count"): GUP or
 * compaction may take a reference to the page of a table at any time. It was
 * counted as a sharer, and the only owner lost its table.
 */
static void stray_reference_is_no_sharer(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);
	struct page *table = mm_kunit_pmd_table(mm, BASE);
	int ret;

	get_page(table);
	ret = mm_kunit_unshare(mm, BASE).ret;
	KUNIT_EXPECT_TRUE(test, mm_kunit_put_stray_ref(mm, BASE, table));
	KUNIT_EXPECT_EQ(test, ret, 0);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * The same for who asks whether a table is shared: smaps counts what is shared,
 * and migrate_pages(2) leaves it alone.
 */
static void stray_reference_makes_no_pmd_shared(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_sharer(test, file, 1);
	struct page *table = mm_kunit_pmd_table(mm, BASE);
	bool shared;

	get_page(table);
	shared = hugetlb_pmd_shared(mm_kunit_huge_ptep(mm, BASE));
	put_page(table);
	KUNIT_EXPECT_FALSE(test, shared);
}

/*
 * ca1a47cd3f5f ("mm/hugetlb: fix hugetlb_pmd_shared()"): it went on to ask for
 * references, which sharers did not take any more, and never saw a shared
 * table.
 */
static void pmd_is_shared_while_it_has_two_owners(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *first = mm_kunit_sharer(test, file, 1);
	pte_t *ptep = mm_kunit_huge_ptep(first, BASE);
	struct mm_struct *second;

	KUNIT_EXPECT_FALSE(test, hugetlb_pmd_shared(ptep));
	second = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_TRUE(test, hugetlb_pmd_shared(ptep));
	mm_kunit_exit_mm(test, second);
	KUNIT_EXPECT_FALSE(test, hugetlb_pmd_shared(ptep));
}

/*
 * 8ce720d5bd91 ("mm/hugetlb: fix excessive IPI broadcasts when unsharing PMD
 * tables using mmu_gather"): as soon as one owner is left, it may reuse the
 * table on its own, so GUP-fast of other CPUs must have finished. Before that
 * no IPI is needed.
 */
static void only_last_sharer_owes_an_ipi(struct kunit *test)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_kunit_unshared unshared;
	struct mm_struct *mms[3];

	hugetlb_start_crowd(test, file, mms, 3);
	unshared = mm_kunit_unshare(mms[2], BASE);
	KUNIT_EXPECT_TRUE(test, unshared.flush);
	KUNIT_EXPECT_FALSE(test, unshared.ipi);
	unshared = mm_kunit_unshare(mms[1], BASE);
	KUNIT_EXPECT_TRUE(test, unshared.flush);
	KUNIT_EXPECT_TRUE(test, unshared.ipi);
	unshared = mm_kunit_unshare(mms[0], BASE);
	KUNIT_EXPECT_FALSE(test, unshared.flush);
	KUNIT_EXPECT_FALSE(test, unshared.ipi);
}

static void unshare_owes_flush_of_whole_pud(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct mm_kunit_unshared unshared =
		mm_kunit_unshare(pair.other, BASE + 3 * PMD_SIZE);

	KUNIT_EXPECT_TRUE(test, unshared.covered);
	KUNIT_EXPECT_FALSE(test, unshared.flush_after);
}

static void two_mms_without_sharing_have_own_tables(struct kunit *test)
{
	struct mm_struct *first, *second;
	struct file *file;

	if (IS_ENABLED(CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING))
		kunit_skip(test, "huge PMD sharing is compiled in");
	file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	first = mm_kunit_sharer(test, file, 1);
	second = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_TRUE(test, mm_kunit_own_tables(first, BASE, second, BASE));
	mm_kunit_write(test, first, BASE, 42);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, second, BASE), 42ULL);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* What other cases rest on comes first. */
static struct kunit_case hugetlb_pmd_share_cases[] = {
	KUNIT_CASE(unshare_of_sole_owner_does_nothing),
	KUNIT_CASE(first_mm_is_not_shared),
	KUNIT_CASE(second_mm_joins_table_of_first),
	KUNIT_CASE(share_at_other_address_joins),
	KUNIT_CASE(share_with_owner_of_later_part_joins),
	KUNIT_CASE(share_within_one_mm_joins),
	KUNIT_CASE(share_after_own_table_keeps_it),
	KUNIT_CASE(share_lost_race_counts_nothing),
	KUNIT_CASE(every_mm_that_joins_counts_once),
	KUNIT_CASE(unshare_takes_out_one_mm_at_a_time),
	KUNIT_CASE(unshare_to_last_owner_keeps_table),
	KUNIT_CASE(fault_after_unshare_joins_again),
	KUNIT_CASE(unshare_leaves_next_pud_shared),
	KUNIT_CASE(unshare_all_takes_out_every_pud),
	KUNIT_CASE(private_mapping_never_shares),
	KUNIT_CASE(vma_short_of_pud_never_shares),
	KUNIT_CASE(other_pmd_index_never_shares),
	KUNIT_CASE(other_protection_never_shares),
	KUNIT_CASE(mlocked_vma_shares),
	KUNIT_CASE(vma_without_mayshare_never_shares),
	KUNIT_CASE(joining_without_vma_lock_never_shares),
	KUNIT_CASE(owner_without_vma_lock_never_shares),
	KUNIT_CASE(userfaultfd_vma_never_shares),
	KUNIT_CASE(want_pmd_share_asks_for_whole_shared_puds),
	KUNIT_CASE(want_pmd_share_asks_for_a_vma_lock),
	KUNIT_CASE(stray_reference_is_no_sharer),
	KUNIT_CASE(stray_reference_makes_no_pmd_shared),
	KUNIT_CASE(pmd_is_shared_while_it_has_two_owners),
	KUNIT_CASE(only_last_sharer_owes_an_ipi),
	KUNIT_CASE(unshare_owes_flush_of_whole_pud),
	KUNIT_CASE(two_mms_without_sharing_have_own_tables),
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
