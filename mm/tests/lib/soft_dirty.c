// SPDX-License-Identifier: GPL-2.0-only
/*
 * The soft-dirty bit, see soft_dirty.h.
 */
#include <asm/tlbflush.h>
#include <kunit/test.h>
#include <linux/hugetlb.h>
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

static pte_t mm_kunit_clean_pte(pte_t pte, bool soft)
{
	if (!soft)
		return pte_mkclean(pte);
	if (!pte_present(pte))
		return pte_swp_clear_soft_dirty(pte);
	return pte_clear_soft_dirty(pte_wrprotect(pte));
}

static void mm_kunit_clean_pmd(struct mm_struct *mm, unsigned long addr,
			       pmd_t *pmdp, bool soft)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	pmd_t pmd = *pmdp;

	pmd = soft ? pmd_clear_soft_dirty(pmd_wrprotect(pmd)) :
		     pmd_mkclean(pmd);
	set_pmd_at(mm, addr, pmdp, pmd);
#endif
}

/* Clear the dirty bit of an entry, or the soft-dirty bit. */
static void mm_kunit_clean_entry(struct mm_struct *mm, unsigned long addr,
				 bool soft)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);
	struct vm_area_struct *vma = mm_kunit_vma(mm, addr);
	pmd_t *pmd = mm_kunit_pmd(mm, addr);
	spinlock_t *ptl; /* protects the entry */
	pte_t *ptep;

	mmap_write_lock(mm);
	vma_set_page_prot(vma);
	ptl = mm_kunit_lockptr(mm, addr);
	spin_lock(ptl);
	if (entry.size == PMD_SIZE) {
		mm_kunit_clean_pmd(mm, entry.addr, pmd, soft);
	} else {
		ptep = pte_offset_kernel(pmd, addr);
		set_pte_at(mm, entry.addr, ptep,
			   mm_kunit_clean_pte(ptep_get(ptep), soft));
	}
	spin_unlock(ptl);
	flush_tlb_range(vma, entry.addr, entry.addr + entry.size);
	mmap_write_unlock(mm);
}

/**
 * mm_kunit_clear_dirty() - have the folio know alone that it was written to
 * @mm: the mm that maps it
 * @addr: where
 *
 * What sets the dirty bit of an entry may set the soft-dirty bit as well, and
 * so hide that this one was lost.
 */
void mm_kunit_clear_dirty(struct mm_struct *mm, unsigned long addr)
{
	folio_mark_dirty(page_folio(mm_kunit_page_at(mm, addr)));
	mm_kunit_clean_entry(mm, addr, false);
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
	struct mm_kunit_entry entry;

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, addr), 0, VM_SOFTDIRTY);
	mm_kunit_clean_entry(mm, addr, true);
	entry = mm_kunit_entry_at(mm, addr);
	KUNIT_ASSERT_FALSE(test, entry.soft_dirty);
	KUNIT_ASSERT_FALSE(test, entry.write);
}
