// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that userfaultfd write-protects.
 *
 * That a page is protected stands in the entry of the page table alone: in a
 * bit, whether the page is here, migrates or is swapped out, or in a marker if
 * there is no page. It must survive whatever becomes of the page, or a write
 * is missed. And where the protection ends, by fork() or mremap() without
 * their events, nothing of it may be left: what is left would be taken for the
 * word of the next userfaultfd, or faults for ever.
 *
 * The userfaultfd is a real one; a fault that it would have to answer is a
 * SIGBUS.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/userfaultfd_k.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/settings.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"
#include "lib/uffd.h"

#define RW (PROT_READ | PROT_WRITE)

/* Where mremap() moves to: not the same page table. */
#define TO (MM_KUNIT_BASE + 8 * PMD_SIZE)

/* Protection itself. */

static void protect_traps_writes(struct kunit *test,
				 enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	int ret;

	mm_kunit_expect_protected(test, &wp);
	ret = mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, wp.len, false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_expect_unprotected(test, &wp, wp.mm, MM_KUNIT_BASE);
}

static void protect_traps_writes_to_page(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_ANON);
}

static void protect_traps_writes_to_unpopulated_memory(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_UNPOPULATED);
}

static void protect_traps_writes_to_thp(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_THP);
}

static void protect_traps_writes_to_shmem(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_SHMEM);
}

static void protect_traps_writes_to_private_shmem(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_SHMEM_PRIVATE);
}

static void protect_traps_writes_to_hugetlb(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_HUGETLB);
}

static void protect_traps_writes_to_private_hugetlb(struct kunit *test)
{
	protect_traps_writes(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

/*
 * fed15f1345dc ("mm/hugetlb: pre-allocate pgtable pages for uffd wr-protects"):
 * without a page table there was nothing that could be protected.
 */
static void protect_traps_writes_to_untouched_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct file *file = mm_kunit_hugetlb_file(test, PMD_SIZE), *uffd;
	u64 features = UFFD_FEATURE_PAGEFAULT_FLAG_WP |
		       UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

	mm_kunit_mmap(test, mm, file, MM_KUNIT_BASE, PMD_SIZE, RW, MAP_SHARED,
		      0);
	uffd = mm_kunit_uffd(test, mm, features);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(uffd, MM_KUNIT_BASE, PMD_SIZE,
					       UFFDIO_REGISTER_MODE_WP),
			0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_protect(uffd, MM_KUNIT_BASE, PMD_SIZE,
					      true),
			0);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(mm), 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(mm, MM_KUNIT_BASE, 1), -EFAULT);
}

/* What is protected already is as it was, down to the last bit. */
static void protect_again(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	int ret;

	ret = mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, wp.len, true);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_expect_unchanged(test, before);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_protected(test, &wp);
}

static void protecting_shmem_again_changes_nothing(struct kunit *test)
{
	protect_again(test, MM_KUNIT_WP_SHMEM);
}

/*
 * 0e678153f5be ("mm/hugetlb: fix PTE marker handling in
 * hugetlb_change_protection()"): the second protection of a page that is not
 * there took the marker of the first for a page.
 */
static void protecting_hugetlb_again_changes_nothing(struct kunit *test)
{
	protect_again(test, MM_KUNIT_WP_HUGETLB);
}

static void protecting_private_hugetlb_again_changes_nothing(struct kunit *test)
{
	protect_again(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

/* mprotect() to read-only and back changes nothing that userfaultfd said. */
static void mprotect_both_ways(struct kunit *test,
			       enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	long ret;

	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, wp.len, PROT_READ);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	mm_kunit_expect_unchanged(test, before);
	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, wp.len, RW);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	mm_kunit_expect_unchanged(test, before);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_protected(test, &wp);
}

static void mprotect_keeps_protection_of_page(struct kunit *test)
{
	mprotect_both_ways(test, MM_KUNIT_WP_ANON);
}

static void mprotect_keeps_protection_of_swap_entry(struct kunit *test)
{
	mprotect_both_ways(test, MM_KUNIT_WP_SWAP);
}

static void mprotect_keeps_protection_of_thp(struct kunit *test)
{
	mprotect_both_ways(test, MM_KUNIT_WP_THP);
}

static void mprotect_keeps_protection_of_shmem(struct kunit *test)
{
	mprotect_both_ways(test, MM_KUNIT_WP_SHMEM);
}

/* 0e678153f5be, see above: so did mprotect(). */
static void mprotect_keeps_protection_of_hugetlb(struct kunit *test)
{
	mprotect_both_ways(test, MM_KUNIT_WP_HUGETLB);
}

/* What becomes of a page. */

static void swap_keeps_protection(struct kunit *test)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, MM_KUNIT_WP_SWAP);

	/* It reads each page, which brings it back. */
	mm_kunit_expect_protected(test, &wp);
}

/*
 * 14a762dd1977 ("mm/swapfile: fix lost swap bits in unuse_pte()"): swapoff made
 * an entry anew, without the bits that the swap entry had.
 */
static void swapoff_keeps_protection(struct kunit *test)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, MM_KUNIT_WP_SWAP);

	mm_kunit_swapoff(test);
	mm_kunit_expect_protected(test, &wp);
}

static void migrate_protected(struct kunit *test,
			      enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;

	mm_kunit_migrate_away(&t, 0);
	entry = mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_MIGRATION);
	KUNIT_EXPECT_TRUE(test, entry.uffd);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_put_target(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_protected(test, &wp);
}

static void migration_keeps_protection_of_page(struct kunit *test)
{
	migrate_protected(test, MM_KUNIT_WP_ANON);
}

static void migration_keeps_protection_of_shmem(struct kunit *test)
{
	migrate_protected(test, MM_KUNIT_WP_SHMEM);
}

/*
 * 24bf08c4376b ("mm/userfaultfd: fix uffd-wp handling for THP migration
 * entries"): the bit got lost when the PMD became a migration entry, and could
 * not be set or cleared in one.
 */
static void migration_keeps_protection_of_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	migrate_protected(test, MM_KUNIT_WP_THP);
}

static void migration_keeps_protection_of_hugetlb(struct kunit *test)
{
	migrate_protected(test, MM_KUNIT_WP_HUGETLB);
}

/*
 * Protection is asked for and given up while the page migrates. 44f86392bdd1
 * ("mm/hugetlb: fix uffd-wp handling for migration entries in
 * hugetlb_change_protection()"): that was forgotten, and so it was for THPs.
 */
static void protect_migrating(struct kunit *test,
			      enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_unprotected(test, memory);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	int ret;

	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, wp.len, true);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_migrate_back(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_protected(test, &wp);

	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, wp.len, false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_unprotected(test, &wp, wp.mm, MM_KUNIT_BASE);
}

static void protect_takes_migrating_page(struct kunit *test)
{
	protect_migrating(test, MM_KUNIT_WP_ANON);
}

/* 24bf08c4376b, see above. */
static void protect_takes_migrating_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	protect_migrating(test, MM_KUNIT_WP_THP);
}

static void protect_takes_migrating_hugetlb(struct kunit *test)
{
	protect_migrating(test, MM_KUNIT_WP_HUGETLB);
}

/* mprotect() while the page migrates. */
static void mprotect_migrating(struct kunit *test,
			       enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	long ret;

	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, wp.len, PROT_READ);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, wp.len, RW);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_put_target(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_protected(test, &wp);
}

static void mprotect_keeps_protection_of_migrating_page(struct kunit *test)
{
	mprotect_migrating(test, MM_KUNIT_WP_ANON);
}

/* 24bf08c4376b, see above. */
static void mprotect_keeps_protection_of_migrating_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	mprotect_migrating(test, MM_KUNIT_WP_THP);
}

static void mprotect_keeps_protection_of_migrating_hugetlb(struct kunit *test)
{
	mprotect_migrating(test, MM_KUNIT_WP_HUGETLB);
}

/* PTEs that came of a PMD are as protected as it was. */
static void expect_protected_ptes(struct kunit *test, struct mm_kunit_wp *wp)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(wp->mm, MM_KUNIT_BASE);

	KUNIT_ASSERT_EQ(test, entry.size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp->mm), MM_KUNIT_HUGE_NR);
	mm_kunit_expect_protected(test, wp);
}

static void split_pmd_keeps_protection(struct kunit *test)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, MM_KUNIT_WP_THP);

	mm_kunit_split_pmd(test, wp.mm);
	expect_protected_ptes(test, &wp);
}

/* 24bf08c4376b, see above. */
static void split_of_migrating_pmd_keeps_protection(struct kunit *test)
{
	struct mm_kunit_wp wp;
	struct mm_kunit_target t;
	long ret;

	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	wp = mm_kunit_protected(test, MM_KUNIT_WP_THP);
	t = mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, PAGE_SIZE, PROT_READ);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp.mm), MM_KUNIT_HUGE_NR);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	ret = mm_kunit_mprotect(wp.mm, MM_KUNIT_BASE, PAGE_SIZE, RW);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	expect_protected_ptes(test, &wp);
}

/*
 * 9658d698a8a8 ("mm/rmap: fix soft-dirty and uffd-wp bit loss when remapping
 * zero-filled mTHP subpage to shared zeropage"): a split maps the zero page
 * where a page holds nothing, and forgot that userfaultfd watches it. The huge
 * page here has content in two of its pages.
 */
static void split_of_folio_keeps_protection(struct kunit *test)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, MM_KUNIT_WP_THP);

	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test,
			mm_kunit_split_folio(mm_kunit_page_at(wp.mm,
							      MM_KUNIT_BASE)),
			0);
	wp.pages = 8;
	expect_protected_ptes(test, &wp);
}

/*
 * 42b2af2c9b7e ("mm/userfaultfd: propagate uffd-wp bit when PTE-mapping the huge
 * zeropage"): the PTEs were not protected.
 */
static void split_of_huge_zero_page_keeps_protection(struct kunit *test)
{
	struct mm_struct *mm;
	struct file *uffd;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE, MADV_HUGEPAGE);
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			    PMD_SIZE, "the kernel gave no huge zero page");
	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(uffd, MM_KUNIT_BASE, PMD_SIZE,
					       UFFDIO_REGISTER_MODE_WP),
			0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_protect(uffd, MM_KUNIT_BASE, PMD_SIZE,
					      true),
			0);
	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_entries(mm), 1);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, MM_KUNIT_BASE, PAGE_SIZE),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(mm), MM_KUNIT_HUGE_NR - 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(mm, mm_kunit_addr(1), 1), -EFAULT);
}

/* What zaps a page of a file, which may come back, leaves a marker. */
static void zap_protected(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_entry entry;
	long ret;

	ret = mm_kunit_madvise(wp.mm, MM_KUNIT_BASE, wp.len, MADV_DONTNEED);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	entry = mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_MARKER);
	mm_kunit_expect_protected(test, &wp);
}

static void zap_leaves_marker_of_shmem(struct kunit *test)
{
	zap_protected(test, MM_KUNIT_WP_SHMEM);
}

static void zap_leaves_marker_of_hugetlb(struct kunit *test)
{
	zap_protected(test, MM_KUNIT_WP_HUGETLB);
}

/* The end of the protection. */

/*
 * f369b07c8614 ("mm/uffd: reset write protection when unregister with
 * wp-mode"): the bits stayed, and protected whatever was registered next.
 */
static void unregister_ends(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	int ret;

	ret = mm_kunit_uffd_unregister(wp.uffd, MM_KUNIT_BASE, wp.len);
	KUNIT_ASSERT_EQ(test, ret, 0);
	mm_kunit_expect_unprotected(test, &wp, wp.mm, MM_KUNIT_BASE);
}

static void unregister_ends_protection_of_page(struct kunit *test)
{
	unregister_ends(test, MM_KUNIT_WP_ANON);
}

static void unregister_ends_protection_of_swap_entry(struct kunit *test)
{
	unregister_ends(test, MM_KUNIT_WP_SWAP);
}

static void unregister_ends_protection_of_thp(struct kunit *test)
{
	unregister_ends(test, MM_KUNIT_WP_THP);
}

static void unregister_ends_protection_of_shmem(struct kunit *test)
{
	unregister_ends(test, MM_KUNIT_WP_SHMEM);
}

static void unregister_ends_protection_of_hugetlb(struct kunit *test)
{
	unregister_ends(test, MM_KUNIT_WP_HUGETLB);
}

/*
 * The VMA is no longer protected, and its entries say that they are: however
 * that came about, a write must go through, and a zap leave no marker.
 * "mm/hugetlb: fix endless write fault on a leftover uffd bit" and
 * "mm/hugetlb: tolerate UFFD_WP markers outside uffd-wp VMAs", 7.3.4: the fault
 * of a huge page came back for ever, as its bit was believed and nobody asked
 * the VMA.
 */
static void leave_bits(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct vm_area_struct *vma = mm_kunit_vma(wp.mm, MM_KUNIT_BASE);
	int i;

	mm_kunit_vm_flags_mod(vma, 0, VM_UFFD_WP);
	for (i = 0; i < wp.pages; i++) {
		unsigned long addr = MM_KUNIT_BASE + i * wp.step;

		KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_write_fault(wp.mm, addr),
				      "page %d faults for ever", i);
	}
}

static void write_resolves_leftover_bit_of_page(struct kunit *test)
{
	leave_bits(test, MM_KUNIT_WP_ANON);
}

static void write_resolves_leftover_bits_of_shmem(struct kunit *test)
{
	leave_bits(test, MM_KUNIT_WP_SHMEM);
}

static void write_resolves_leftover_bits_of_hugetlb(struct kunit *test)
{
	leave_bits(test, MM_KUNIT_WP_HUGETLB);
}

static void write_resolves_leftover_bits_of_private_hugetlb(struct kunit *test)
{
	leave_bits(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

static void zap_leftover(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct vm_area_struct *vma = mm_kunit_vma(wp.mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;
	long ret;

	mm_kunit_vm_flags_mod(vma, 0, VM_UFFD_WP);
	ret = mm_kunit_madvise(wp.mm, MM_KUNIT_BASE, wp.len, MADV_DONTNEED);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	entry = mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_NONE);
}

static void zap_leaves_no_marker_of_unprotected_shmem(struct kunit *test)
{
	zap_leftover(test, MM_KUNIT_WP_SHMEM);
}

static void zap_leaves_no_marker_of_unprotected_hugetlb(struct kunit *test)
{
	zap_leftover(test, MM_KUNIT_WP_HUGETLB);
}

static struct kunit_case uffd_wp_cases[] = {
	KUNIT_CASE(protect_traps_writes_to_page),
	KUNIT_CASE(protect_traps_writes_to_unpopulated_memory),
	KUNIT_CASE(protect_traps_writes_to_thp),
	KUNIT_CASE(protect_traps_writes_to_shmem),
	KUNIT_CASE(protect_traps_writes_to_private_shmem),
	KUNIT_CASE(protect_traps_writes_to_hugetlb),
	KUNIT_CASE(protect_traps_writes_to_private_hugetlb),
	KUNIT_CASE(protect_traps_writes_to_untouched_hugetlb),
	KUNIT_CASE(protecting_shmem_again_changes_nothing),
	KUNIT_CASE(protecting_hugetlb_again_changes_nothing),
	KUNIT_CASE(protecting_private_hugetlb_again_changes_nothing),
	KUNIT_CASE(mprotect_keeps_protection_of_page),
	KUNIT_CASE(mprotect_keeps_protection_of_swap_entry),
	KUNIT_CASE(mprotect_keeps_protection_of_thp),
	KUNIT_CASE(mprotect_keeps_protection_of_shmem),
	KUNIT_CASE(mprotect_keeps_protection_of_hugetlb),
	KUNIT_CASE(swap_keeps_protection),
	KUNIT_CASE(swapoff_keeps_protection),
	KUNIT_CASE(migration_keeps_protection_of_page),
	KUNIT_CASE(migration_keeps_protection_of_shmem),
	KUNIT_CASE(migration_keeps_protection_of_thp),
	KUNIT_CASE(migration_keeps_protection_of_hugetlb),
	KUNIT_CASE(protect_takes_migrating_page),
	KUNIT_CASE(protect_takes_migrating_thp),
	KUNIT_CASE(protect_takes_migrating_hugetlb),
	KUNIT_CASE(mprotect_keeps_protection_of_migrating_page),
	KUNIT_CASE(mprotect_keeps_protection_of_migrating_thp),
	KUNIT_CASE(mprotect_keeps_protection_of_migrating_hugetlb),
	KUNIT_CASE(split_pmd_keeps_protection),
	KUNIT_CASE(split_of_migrating_pmd_keeps_protection),
	KUNIT_CASE(split_of_folio_keeps_protection),
	KUNIT_CASE(split_of_huge_zero_page_keeps_protection),
	KUNIT_CASE(zap_leaves_marker_of_shmem),
	KUNIT_CASE(zap_leaves_marker_of_hugetlb),
	KUNIT_CASE(unregister_ends_protection_of_page),
	KUNIT_CASE(unregister_ends_protection_of_swap_entry),
	KUNIT_CASE(unregister_ends_protection_of_thp),
	KUNIT_CASE(unregister_ends_protection_of_shmem),
	KUNIT_CASE(unregister_ends_protection_of_hugetlb),
	KUNIT_CASE(write_resolves_leftover_bit_of_page),
	KUNIT_CASE(write_resolves_leftover_bits_of_shmem),
	KUNIT_CASE(write_resolves_leftover_bits_of_hugetlb),
	KUNIT_CASE(write_resolves_leftover_bits_of_private_hugetlb),
	KUNIT_CASE(zap_leaves_no_marker_of_unprotected_shmem),
	KUNIT_CASE(zap_leaves_no_marker_of_unprotected_hugetlb),
	{}
};

static struct kunit_suite uffd_wp_suite = {
	.name = "uffd_wp",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = uffd_wp_cases,
};

kunit_test_suite(uffd_wp_suite);

MODULE_DESCRIPTION("KUnit tests for write protection by userfaultfd");
MODULE_LICENSE("GPL");
