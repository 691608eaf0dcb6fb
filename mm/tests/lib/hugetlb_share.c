// SPDX-License-Identifier: GPL-2.0-only
/*
 * mms that share PMD tables, see hugetlb_share.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgalloc.h>

#include <asm/tlb.h>

#include "fixture.h"
#include "hugetlb_share.h"
#include "pages.h"
#include "pgwalk.h"
#include "process.h"

/**
 * mm_kunit_shareable_file() - make a hugetlb file for mms that share PMD tables
 * @test: the case, which owns the file, and is skipped if sharing is compiled
 *	out or the machine has no huge pages
 * @size: its size in bytes
 */
struct file *mm_kunit_shareable_file(struct kunit *test, unsigned long size)
{
	mm_kunit_require_pmd_sharing(test);
	return mm_kunit_hugetlb_file(test, size);
}

/**
 * mm_kunit_sharer() - make an mm that maps a hugetlb file at MM_KUNIT_BASE
 * @test: the case, which owns the mm
 * @file: the file
 * @puds: how many PUDs of it are mapped, and the first page of each is read
 */
struct mm_struct *mm_kunit_sharer(struct kunit *test, struct file *file,
				  int puds)
{
	struct mm_struct *mm;
	int i;

	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, puds * PUD_SIZE,
			      PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	for (i = 0; i < puds; i++)
		mm_kunit_read(test, mm, MM_KUNIT_BASE + i * PUD_SIZE);
	return mm;
}

/**
 * mm_kunit_new_pair() - make two mms that share two PMD tables
 * @test: the case, which owns them, and is skipped as by
 *	mm_kunit_shareable_file()
 */
struct mm_kunit_pair mm_kunit_new_pair(struct kunit *test)
{
	struct mm_kunit_pair pair;

	pair.file = mm_kunit_shareable_file(test, 2 * PUD_SIZE);
	pair.keeper = mm_kunit_sharer(test, pair.file, 2);
	mm_kunit_write(test, pair.keeper, MM_KUNIT_BASE, 1);
	mm_kunit_write(test, pair.keeper, MM_KUNIT_BASE + PMD_SIZE, 2);
	mm_kunit_write(test, pair.keeper, MM_KUNIT_BASE + PUD_SIZE, 3);
	pair.other = mm_kunit_sharer(test, pair.file, 2);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_owners(test, pair.other, MM_KUNIT_BASE),
			2);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_owners(test, pair.other,
					MM_KUNIT_BASE + PUD_SIZE),
			2);
	return pair;
}

/**
 * mm_kunit_keeper_unaffected() - whether the keeper of a pair maps and can read
 *	and write what it could before
 * @pair: the pair
 */
bool mm_kunit_keeper_unaffected(struct mm_kunit_pair *pair)
{
	static const unsigned long addrs[] = { MM_KUNIT_BASE,
					       MM_KUNIT_BASE + PMD_SIZE,
					       MM_KUNIT_BASE + PUD_SIZE };
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

/**
 * mm_kunit_owners() - how many PUD entries point at the PMD table of an
 *	address
 * @test: the case, whose mms are looked through
 * @mm: the mm
 * @addr: the address
 *
 * Return: how many, or 0 if the address has no PMD table
 */
int mm_kunit_owners(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr)
{
	struct page *table = mm_kunit_pmd_table(mm, addr);

	return table ? mm_kunit_pmd_table_owners(test->priv, table) : 0;
}

/**
 * mm_kunit_own_tables() - whether two addresses have a PMD table each
 * @mm1: an mm
 * @addr1: an address in it
 * @mm2: the same mm, or another one
 * @addr2: an address in it
 */
bool mm_kunit_own_tables(struct mm_struct *mm1, unsigned long addr1,
			 struct mm_struct *mm2, unsigned long addr2)
{
	struct page *one = mm_kunit_pmd_table(mm1, addr1);
	struct page *two = mm_kunit_pmd_table(mm2, addr2);

	return one && two && one != two;
}

/**
 * mm_kunit_huge_ptep() - the PMD entry of an address, as hugetlb knows it
 * @mm: the mm
 * @addr: the address
 */
pte_t *mm_kunit_huge_ptep(struct mm_struct *mm, unsigned long addr)
{
	return (pte_t *)mm_kunit_pmd(mm, addr);
}

/**
 * mm_kunit_pud_is_clear() - whether an address has no PMD table
 * @mm: the mm
 * @addr: the address
 */
bool mm_kunit_pud_is_clear(struct mm_struct *mm, unsigned long addr)
{
	pud_t *pud = mm_kunit_pud(mm, addr);

	return !pud || pud_none(*pud);
}

#ifndef mm_kunit_tlb_unshared
/* The mmu_gather must flush the TLB, for an unshared table. */
static bool mm_kunit_tlb_unshared(struct mmu_gather *tlb)
{
	return tlb->unshared_tables;
}

/* It must send an IPI as well, for a table that has one owner left. */
static bool mm_kunit_tlb_fully_unshared(struct mmu_gather *tlb)
{
	return tlb->fully_unshared_tables;
}
#endif

/**
 * mm_kunit_unshare() - huge_pmd_unshare() and huge_pmd_unshare_flush()
 * @mm: the mm, which maps a hugetlb file at @addr
 * @addr: an address in the PUD
 *
 * Context: takes and drops all locks that huge_pmd_unshare() needs.
 */
struct mm_kunit_unshared mm_kunit_unshare(struct mm_struct *mm,
					  unsigned long addr)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	struct address_space *mapping = vma->vm_file->f_mapping;
	pte_t *ptep = mm_kunit_huge_ptep(mm, addr);
	unsigned long base = addr & PUD_MASK;
	struct mm_kunit_unshared result;
	struct mmu_gather tlb;
	spinlock_t *ptl; /* of the PMD table */

	mmap_read_lock(mm);
	tlb_gather_mmu_vma(&tlb, vma);
	hugetlb_vma_lock_write(vma);
	i_mmap_lock_write(mapping);
	ptl = huge_pte_lock(hstate_vma(vma), mm, ptep);
	result.ret = huge_pmd_unshare(&tlb, vma, addr, ptep);
	spin_unlock(ptl);
	result.flush = mm_kunit_tlb_unshared(&tlb);
	result.ipi = mm_kunit_tlb_fully_unshared(&tlb);
	result.covered = tlb.start <= base && tlb.end >= base + PUD_SIZE;
	huge_pmd_unshare_flush(&tlb, vma);
	result.flush_after = mm_kunit_tlb_unshared(&tlb) ||
			     mm_kunit_tlb_fully_unshared(&tlb);
	i_mmap_unlock_write(mapping);
	hugetlb_vma_unlock_write(vma);
	tlb_finish_mmu(&tlb);
	mmap_read_unlock(mm);
	return result;
}

/**
 * mm_kunit_put_stray_ref() - let go of a PMD table that one mm has
 * @mm: the mm
 * @addr: an address of the PUD that the table is for
 * @table: the page of the table, which the case has a reference to
 *
 * If the kernel took the case for a sharer and unshared the table, the
 * reference is the last one, and the mm gets the table back with it.
 *
 * Return: whether the mm had the table
 */
bool mm_kunit_put_stray_ref(struct mm_struct *mm, unsigned long addr,
			    struct page *table)
{
	if (mm_kunit_pmd_table(mm, addr) == table) {
		put_page(table);
		return true;
	}
	pud_populate(mm, mm_kunit_pud(mm, addr), page_address(table));
	mm_inc_nr_pmds(mm);
	if (page_count(table) > 1)
		put_page(table);
	return false;
}

/**
 * mm_kunit_copy_hugetlb_range() - copy_hugetlb_page_range() as fork() calls it
 * @parent: the mm with the VMA at MM_KUNIT_BASE to copy
 * @child: the mm with the VMA at MM_KUNIT_BASE to copy to
 *
 * Context: takes and drops the mmap locks for writing.
 * Return: what copy_hugetlb_page_range() returns
 */
int mm_kunit_copy_hugetlb_range(struct mm_struct *parent,
				struct mm_struct *child)
{
	struct vm_area_struct *src = mm_kunit_vma(parent, MM_KUNIT_BASE);
	struct vm_area_struct *dst = mm_kunit_vma(child, MM_KUNIT_BASE);
	int ret;

	mmap_write_lock(parent);
	mmap_write_lock_nested(child, SINGLE_DEPTH_NESTING);
	ret = copy_hugetlb_page_range(child, parent, dst, src);
	mmap_write_unlock(child);
	mmap_write_unlock(parent);
	return ret;
}

static void mm_kunit_put_lock_back(void *ctx)
{
	struct mm_kunit_swapped_lock *swapped = ctx;

	swapped->vma->vm_private_data = swapped->lock;
}

/**
 * mm_kunit_swap_vma_lock() - give a hugetlb VMA another lock, or none
 * @test: the case, at whose end the VMA has its own lock again
 * @mm: the mm
 * @addr: an address in the VMA
 * @lock: what it has for a lock meanwhile
 *
 * Return: for mm_kunit_restore_vma_lock()
 */
struct mm_kunit_swapped_lock *mm_kunit_swap_vma_lock(struct kunit *test,
						     struct mm_struct *mm,
						     unsigned long addr,
						     void *lock)
{
	struct mm_kunit_swapped_lock *swapped;

	swapped = kunit_kzalloc(test, sizeof(*swapped), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, swapped);
	swapped->vma = mm_kunit_vma(mm, addr);
	swapped->lock = swapped->vma->vm_private_data;
	swapped->vma->vm_private_data = lock;
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, mm_kunit_put_lock_back,
						  swapped),
			0);
	return swapped;
}

/**
 * mm_kunit_restore_vma_lock() - give a hugetlb VMA its own lock back
 * @test: the case
 * @swapped: what mm_kunit_swap_vma_lock() returned
 */
void mm_kunit_restore_vma_lock(struct kunit *test,
			       struct mm_kunit_swapped_lock *swapped)
{
	kunit_release_action(test, mm_kunit_put_lock_back, swapped);
}
