// SPDX-License-Identifier: GPL-2.0-only
/*
 * The soft-dirty bit, see soft_dirty.h.
 */
#include <asm/tlbflush.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "entry.h"
#include "pgwalk.h"
#include "process.h"
#include "soft_dirty.h"

/**
 * mm_kunit_require_soft_dirty() - skip a case if entries have no soft-dirty bit
 * @test: the case
 */
void mm_kunit_require_soft_dirty(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEM_SOFT_DIRTY) ||
	    !pgtable_supports_soft_dirty())
		kunit_skip(test, "page-table entries have no soft-dirty bit");
}

static void mm_kunit_clean_pte(struct mm_struct *mm, unsigned long addr,
			       pte_t *ptep)
{
	pte_t pte = ptep_get(ptep);

	if (pte_present(pte))
		pte = pte_clear_soft_dirty(pte_wrprotect(pte));
	else
		pte = pte_swp_clear_soft_dirty(pte);
	set_pte_at(mm, addr, ptep, pte);
}

static void mm_kunit_clean_pmd(struct mm_struct *mm, unsigned long addr,
			       pmd_t *pmdp)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	pmd_t pmd = *pmdp;

	set_pmd_at(mm, addr, pmdp, pmd_clear_soft_dirty(pmd_wrprotect(pmd)));
#endif
}

/**
 * mm_kunit_clear_soft_dirty() - forget that a page was written to
 * @test: the case
 * @mm: the mm that maps the page, or has swapped it out
 * @addr: where
 *
 * What a process does by writing to /proc/self/clear_refs, for one entry. The
 * next write faults, and the kernel is to remember it.
 */
void mm_kunit_clear_soft_dirty(struct kunit *test, struct mm_struct *mm,
			       unsigned long addr)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);
	pmd_t *pmd = mm_kunit_pmd(mm, addr);
	spinlock_t *ptl; /* protects the entry */

	mm_kunit_vm_flags_mod(vma, 0, VM_SOFTDIRTY);
	mmap_write_lock(mm);
	vma_set_page_prot(vma);
	ptl = mm_kunit_lockptr(mm, addr);
	spin_lock(ptl);
	if (entry.size == PMD_SIZE)
		mm_kunit_clean_pmd(mm, entry.addr, pmd);
	else
		mm_kunit_clean_pte(mm, entry.addr,
				   pte_offset_kernel(pmd, addr));
	spin_unlock(ptl);
	flush_tlb_range(vma, entry.addr, entry.addr + entry.size);
	mmap_write_unlock(mm);
	entry = mm_kunit_entry_at(mm, addr);
	KUNIT_ASSERT_FALSE(test, entry.soft_dirty);
	KUNIT_ASSERT_FALSE(test, entry.write);
}
