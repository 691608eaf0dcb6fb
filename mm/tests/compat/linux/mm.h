/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_MM_H
#define _MM_KUNIT_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/log2.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/coredump.h>

/* Before 5.16 there are pages alone: a folio is the head of one. */
#ifndef CONFIG_MM_KUNIT_HAS_FOLIO
struct folio {
	struct page page;
};

#define page_folio(page)	((struct folio *)compound_head(page))
#define folio_page(folio, n)	(&(folio)->page + (n))
#define folio_nr_pages(folio)	((long)compound_nr(&(folio)->page))
#define folio_order(folio)	compound_order(&(folio)->page)
#define folio_pfn(folio)	page_to_pfn(&(folio)->page)
#define folio_get(folio)	get_page(&(folio)->page)
#define folio_put(folio)	put_page(&(folio)->page)
#define folio_ref_count(folio)	page_ref_count(&(folio)->page)
#define folio_ref_add(folio, nr) page_ref_add(&(folio)->page, nr)
#define folio_ref_sub(folio, nr) page_ref_sub(&(folio)->page, nr)
#define folio_anon_vma(folio)	page_anon_vma(&(folio)->page)
#define folio_lock(folio)	lock_page(&(folio)->page)
#define folio_trylock(folio)	trylock_page(&(folio)->page)
#define folio_unlock(folio)	unlock_page(&(folio)->page)
#define folio_test_anon(folio)	PageAnon(&(folio)->page)
#define folio_test_dirty(folio)	PageDirty(&(folio)->page)
#define folio_test_hugetlb(folio) PageHuge(&(folio)->page)
#define folio_test_ksm(folio)	PageKsm(&(folio)->page)
#define folio_test_large(folio)	PageCompound(&(folio)->page)
#define folio_test_locked(folio) PageLocked(&(folio)->page)
#define folio_test_mlocked(folio) PageMlocked(&(folio)->page)
#define folio_test_swapbacked(folio) PageSwapBacked(&(folio)->page)
#define folio_test_swapcache(folio) PageSwapCache(&(folio)->page)
#define folio_test_pmd_mappable(folio) \
	(compound_order(&(folio)->page) >= HPAGE_PMD_ORDER)
#define folio_clear_dirty(folio) ClearPageDirty(&(folio)->page)
#define folio_set_dirty(folio)	SetPageDirty(&(folio)->page)
#define folio_mark_dirty(folio)	set_page_dirty(&(folio)->page)
#define folio_maybe_dma_pinned(folio) page_maybe_dma_pinned(&(folio)->page)
#define split_folio(folio)	split_huge_page(&(folio)->page)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_MAPCOUNT
#define folio_mapcount(folio)	total_mapcount(&(folio)->page)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_MAPPED
#define folio_mapped(folio)	page_mapped(&(folio)->page)
#endif

#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_MAPCOUNT_PTR
static inline int mm_kunit_folio_entire_mapcount(struct folio *folio)
{
	if (!folio_test_large(folio))
		return 0;
	return atomic_read(compound_mapcount_ptr(&folio->page)) + 1;
}

#define folio_entire_mapcount(folio) mm_kunit_folio_entire_mapcount(folio)
#elif !defined(CONFIG_MM_KUNIT_HAS_FOLIO_ENTIRE_MAPCOUNT)
#define folio_entire_mapcount(folio) \
	(atomic_read(&(folio)->_entire_mapcount) + 1)
#endif

/* Until 6.15 every page of a large folio has a mapcount. */
#ifndef CONFIG_MM_KUNIT_HAS_NO_PAGE_MAPCOUNT
#define CONFIG_PAGE_MAPCOUNT 1
#endif

#ifdef CONFIG_MM_KUNIT_HAS_PAGE_MAPCOUNT
#define mm_kunit_precise_mapcount(page)	page_mapcount(page)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_LARGE_MAPCOUNT
#define mm_kunit_large_mapcount(folio)	0
#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_MAPCOUNT_PTR
#define mm_kunit_mapcount_ptr(page, pmd) \
	((pmd) ? compound_mapcount_ptr(page) : &(page)->_mapcount)
#else
#define mm_kunit_mapcount_ptr(page, pmd) \
	((pmd) ? &page_folio(page)->_entire_mapcount : &(page)->_mapcount)
#endif
#endif

#ifndef CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED
#ifdef CONFIG_MM_KUNIT_HAS_LIKELY_MAPPED_SHARED
#define folio_maybe_mapped_shared(folio) folio_likely_mapped_shared(folio)
#else
#define folio_maybe_mapped_shared(folio) false
#endif
#endif

#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_PINCOUNT_PTR
#define mm_kunit_pincount_ptr(folio)	compound_pincount_ptr(&(folio)->page)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE
#define PageAnonExclusive(page)		((void)(page), 0)
#define SetPageAnonExclusive(page)	((void)(page))
#define ClearPageAnonExclusive(page)	((void)(page))
#define mm_kunit_is_exclusive(page)	((void)(page), true)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_DUP
#ifdef CONFIG_MM_KUNIT_HAS_NEEDS_COW_FOR_DMA
#define folio_needs_cow_for_dma(vma, folio) \
	page_needs_cow_for_dma(vma, &(folio)->page)
#else
#define folio_needs_cow_for_dma(vma, folio) ((void)(vma), (void)(folio), false)
#endif
#endif

#ifndef CONFIG_MM_KUNIT_HAS_PTDESC
#define page_ptdesc(page)	(page)
#define ptdesc_page(ptdesc)	(ptdesc)
#endif

/*
 * 59d9094df3d7 ("mm: hugetlb: independent PMD page table shared count") gave a
 * table a counter of its own. Before it, each sharer had a reference to it.
 */
#ifndef CONFIG_MM_KUNIT_HAS_PTDESC_SHARE_COUNT
#ifdef CONFIG_MM_KUNIT_HAS_ANY_PT_SHARE_COUNT
#define ptdesc_pmd_pts_count(ptdesc) \
	atomic_read(&ptdesc_page(ptdesc)->pt_share_count)
#else
#define ptdesc_pmd_pts_count(ptdesc)	(page_count(ptdesc_page(ptdesc)) - 1)
#endif
#endif

#ifndef mk_vma_flags
#define VMA_NORESERVE_BIT	ilog2(VM_NORESERVE)
#define mk_vma_flags(bit)	BIT(bit)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_VM_FLAGS_MOD
static inline void vm_flags_init(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags = flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}

#define vm_flags_set(vma, flags)	vm_flags_mod(vma, flags, 0)
#define vm_flags_clear(vma, flags)	vm_flags_mod(vma, 0, flags)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_MAY_SPLIT
#define may_split	split
#endif

#ifndef CONFIG_MM_KUNIT_HAS_MM_FLAGS
#ifdef CONFIG_MM_KUNIT_HAS_MMF_HAS_PINNED
#define mm_flags_set(flag, mm)		set_bit(flag, &(mm)->flags)
#define mm_flags_clear(flag, mm)	clear_bit(flag, &(mm)->flags)
#else
/* Not a flag of an mm, but a counter. */
#define MMF_HAS_PINNED	(-1)

static inline void mm_kunit_set_mm_flag(int flag, struct mm_struct *mm, bool on)
{
	if (flag == MMF_HAS_PINNED)
		atomic_set(&mm->has_pinned, on);
	else if (on)
		set_bit(flag, &mm->flags);
	else
		clear_bit(flag, &mm->flags);
}

#define mm_flags_set(flag, mm)		mm_kunit_set_mm_flag(flag, mm, true)
#define mm_flags_clear(flag, mm)	mm_kunit_set_mm_flag(flag, mm, false)
#endif
#define mm_flags_test(flag, mm)		test_bit(flag, &(mm)->flags)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_DISABLE_THP_COMPLETELY
#define MMF_DISABLE_THP_COMPLETELY	MMF_DISABLE_THP
#endif

#ifndef CONFIG_MM_KUNIT_HAS_SPLIT_TO_ORDER
#define split_huge_page_to_list_to_order(page, list, order) \
	((void)(page), (void)(list), (void)(order), -EOPNOTSUPP)
#elif defined(CONFIG_READ_ONLY_THP_FOR_FS)
#define mm_kunit_splits_to_large(mapping) mapping_large_folio_support(mapping)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_ALLOC
#define folio_alloc(gfp, order) \
	((void)(gfp), (void)(order), (struct folio *)NULL)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_LRU
#define mm_kunit_isolate_lru(folio)	(!isolate_lru_page(&(folio)->page))
#elif !defined(CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_BOOL)
#define mm_kunit_isolate_lru(folio)	(!folio_isolate_lru(folio))
#endif

/* In mm/swap.h, which older trees have not. */
#ifdef CONFIG_SWAP
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_ALLOC_SWAP_GFP
int folio_alloc_swap(struct folio *folio, gfp_t gfp);
#define mm_kunit_add_to_swap(folio)	folio_alloc_swap(folio, GFP_KERNEL)
#elif !defined(CONFIG_MM_KUNIT_HAS_FOLIO_ALLOC_SWAP)
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_ADD_TO_SWAP
bool add_to_swap(struct folio *folio);
#define mm_kunit_add_to_swap(folio)	(add_to_swap(folio) ? 0 : -ENOMEM)
#else
#define mm_kunit_add_to_swap(folio)	(add_to_swap(&(folio)->page) ? 0 : -ENOMEM)
#endif
#endif
#endif

#ifndef CONFIG_MM_KUNIT_HAS_PAGE_SWAP_ENTRY
#define mm_kunit_swap_slot(page)	page_private(page)
#endif

/* Before folios have this list, none is on it but to be split for good. */
#ifndef CONFIG_MM_KUNIT_HAS_DEFERRED_LIST
#define mm_kunit_is_split_queued(folio)	((void)(folio), false)
#endif

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE	0
#endif

/* Advice that no kernel knows. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	(-1)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_FOLL_NOFAULT
#define FOLL_NOFAULT	0
#endif

#ifndef VM_UFFD_MINOR
#define VM_UFFD_MINOR	VM_NONE
#endif

#ifndef VM_UFFD_RWP
#define VM_UFFD_RWP	VM_NONE
#endif

/* Before 6.9 a folio is split into base pages, or not at all. */
#ifndef CONFIG_MM_KUNIT_HAS_MIN_SPLIT_ORDER
#define min_order_for_split(folio)	0
#endif

#ifndef VM_SHADOW_STACK
#define VM_SHADOW_STACK	VM_NONE
#endif

/* Until it counted failures that are simulated, every one could be undone. */
#ifndef CONFIG_MM_KUNIT_HAS_SW_SIMULATED
#define MF_SW_SIMULATED	0
#endif

#ifndef MM_CP_UFFD_WP
#define MM_CP_UFFD_WP	0
#define MM_CP_UFFD_WP_RESOLVE	0
#endif

#endif /* _MM_KUNIT_COMPAT_MM_H */
