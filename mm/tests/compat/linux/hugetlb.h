/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_HUGETLB_H
#define _MM_KUNIT_COMPAT_HUGETLB_H

#include <linux/hugetlb.h>

#include "mm.h"

/* Sharing has an option of its own since 6.12; before, the arch decides. */
#if !defined(CONFIG_MM_KUNIT_HAS_SHARING_OPTION) && \
	defined(CONFIG_ARCH_WANT_HUGE_PMD_SHARE) && defined(CONFIG_HUGETLB_PAGE)
#define CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING 1
#endif

/* Until 6.7 the page cache held one reference to a huge page. */
#ifdef CONFIG_MM_KUNIT_HAS_ONE_HUGETLB_CACHE_REF
#define mm_kunit_hugetlb_cache_refs()	1
#endif

/*
 * Without b30c14cd6102 ("hugetlb: unshare some PMDs when splitting VMAs") the
 * halves of a VMA that is split keep a shared table.
 */
#ifndef CONFIG_MM_KUNIT_HAS_HUGETLB_SPLIT
#define mm_kunit_split_unshares()	false
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FILE_SETUP_VMA_FLAGS
static inline struct file *
mm_kunit_hugetlb_file_setup(const char *name, size_t size, int type, int log)
{
#ifdef CONFIG_MM_KUNIT_HAS_FILE_SETUP_USER
	void *user = NULL;

	return hugetlb_file_setup(name, size, VM_NORESERVE, (void *)&user, type,
				  log);
#else
	return hugetlb_file_setup(name, size, VM_NORESERVE, type, log);
#endif
}

#define hugetlb_file_setup(name, size, flags, type, log) \
	mm_kunit_hugetlb_file_setup(name, size, type, log)
#endif

#ifdef CONFIG_HUGETLB_PAGE
/* Before 6.1 a fault relies on i_mmap_rwsem, and a VMA has no lock. */
#ifndef CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK
#define hugetlb_vma_lock_read(vma) \
	i_mmap_lock_read((vma)->vm_file->f_mapping)
#define hugetlb_vma_unlock_read(vma) \
	i_mmap_unlock_read((vma)->vm_file->f_mapping)
#define hugetlb_vma_lock_write(vma)	((void)(vma))
#define hugetlb_vma_unlock_write(vma)	((void)(vma))
#endif

#ifndef CONFIG_MM_KUNIT_HAS_HUGE_PTE_ALLOC_VMA
#define huge_pte_alloc(mm, vma, addr, size)	huge_pte_alloc(mm, addr, size)
#define huge_pmd_share(mm, vma, addr, pud)	huge_pmd_share(mm, addr, pud)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_WANT_PMD_SHARE
static inline bool want_pmd_share(struct vm_area_struct *vma, unsigned long addr)
{
	return false;
}
#endif

/*
 * Until 5.17 it takes the parent's VMA for the child's, which is like it. 5.15
 * asks it what the child may share, where a case has VMAs that differ.
 */
#ifndef CONFIG_MM_KUNIT_HAS_COPY_HUGETLB_TWO_VMAS
#define copy_hugetlb_page_range(dst, src, dst_vma, src_vma) \
	({ (void)(src_vma); copy_hugetlb_page_range(dst, src, dst_vma); })
#endif

#ifndef CONFIG_MM_KUNIT_HAS_CHANGE_PROTECTION_FLAGS
#define hugetlb_change_protection(vma, start, end, prot, flags) \
	hugetlb_change_protection(vma, start, end, prot)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_MOVE_HUGETLB
static inline int move_hugetlb_page_tables(struct vm_area_struct *vma,
					   struct vm_area_struct *new_vma,
					   unsigned long from, unsigned long to,
					   unsigned long len)
{
	return 0;
}
#endif

#ifndef CONFIG_MM_KUNIT_HAS_UNSHARE_ALL_PMDS
#define hugetlb_unshare_all_pmds(vma)	((void)(vma))
#endif

#if defined(CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_HUGETLB_FOLIO)
#elif defined(CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_HUGETLB)
#define folio_isolate_hugetlb(folio, list) \
	folio_isolate_hugetlb(&(folio)->page, list)
#elif defined(CONFIG_MM_KUNIT_HAS_ISOLATE_HUGETLB_FOLIO)
#define folio_isolate_hugetlb(folio, list) isolate_hugetlb(folio, list)
#elif defined(CONFIG_MM_KUNIT_HAS_ISOLATE_HUGETLB)
#define folio_isolate_hugetlb(folio, list) \
	isolate_hugetlb(&(folio)->page, list)
#else
#define folio_isolate_hugetlb(folio, list) \
	isolate_huge_page(&(folio)->page, list)
#endif

#if defined(CONFIG_MM_KUNIT_HAS_ALLOC_HUGETLB_FALLBACK)
#elif defined(CONFIG_MM_KUNIT_HAS_NEW_FOLIO)
#define alloc_hugetlb_folio_nodemask(h, nid, mask, gfp, fallback) \
	alloc_hugetlb_folio_nodemask(h, nid, mask, gfp)
#else
#define alloc_hugetlb_folio_nodemask(h, nid, mask, gfp, fallback) \
	((struct folio *)alloc_huge_page_nodemask(h, nid, mask, gfp))
#endif
#endif /* CONFIG_HUGETLB_PAGE */

/* These have stubs for a build without hugetlb. */
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
#define mm_kunit_unshare_by(tlb, vma)	(tlb)
#else
#define mm_kunit_unshare_by(tlb, vma)	((void)(tlb), (vma)->vm_mm)
#define huge_pmd_unshare_flush(tlb, vma) \
	flush_tlb_range(vma, (vma)->vm_start, (vma)->vm_end)
#endif

#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_ADDR_POINTER
#define huge_pmd_unshare(tlb, vma, addr, ptep)				\
({									\
	unsigned long __addr = (addr);					\
									\
	huge_pmd_unshare(mm_kunit_unshare_by(tlb, vma), vma, &__addr,	\
			 ptep);						\
})
#elif !defined(CONFIG_MM_KUNIT_HAS_UNSHARE_TLB)
#define huge_pmd_unshare(tlb, vma, addr, ptep) \
	huge_pmd_unshare(mm_kunit_unshare_by(tlb, vma), vma, addr, ptep)
#endif

#endif /* _MM_KUNIT_COMPAT_HUGETLB_H */
