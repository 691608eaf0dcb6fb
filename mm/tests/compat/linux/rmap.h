/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_RMAP_H
#define _MM_KUNIT_COMPAT_RMAP_H

#include <linux/rmap.h>

#include "mm.h"

#ifndef CONFIG_MM_KUNIT_HAS_TTU_HWPOISON
#define TTU_HWPOISON	0
#endif

/*
 * Until it was fixed, the flags were the caller's. These are what memory that
 * goes offline passed.
 */
#ifndef CONFIG_MM_KUNIT_HAS_UNMAP_POISONED
#define mm_kunit_unmap_poisoned(folio, pfn) \
	((void)(folio), (void)(pfn), -EOPNOTSUPP)
#elif defined(CONFIG_MM_KUNIT_HAS_UNMAP_POISONED_TTU)
#define mm_kunit_unmap_poisoned(folio, pfn) \
	unmap_poisoned_folio(folio, TTU_IGNORE_MLOCK)
#endif

/* Until 5.18 rmap walks take a page. */
#ifndef CONFIG_MM_KUNIT_HAS_RMAP_FOLIO
#ifdef CONFIG_MM_KUNIT_HAS_TRY_TO_MIGRATE
#define try_to_migrate(folio, flags)	try_to_migrate(&(folio)->page, flags)
#else
/* Until 5.14 migration is a mode of try_to_unmap(). */
static inline void mm_kunit_try_to_migrate(struct page *page,
					   enum ttu_flags flags)
{
	flags |= TTU_MIGRATION | TTU_IGNORE_MLOCK;
	if (flags & TTU_SPLIT_HUGE_PMD)
		flags |= TTU_SPLIT_FREEZE;
	try_to_unmap(page, flags);
}

#define try_to_migrate(folio, flags) \
	mm_kunit_try_to_migrate(&(folio)->page, flags)

/* It returns whether the page is unmapped. */
#define mm_kunit_try_to_unmap(folio, flags) \
	try_to_unmap(folio, flags)
#endif
#define try_to_unmap(folio, flags)	try_to_unmap(&(folio)->page, flags)
#define remove_migration_ptes(src, dst, flags)				\
	remove_migration_ptes(&(src)->page, &(dst)->page,		\
			      !!((flags) & TTU_RMAP_LOCKED))
#elif !defined(CONFIG_MM_KUNIT_HAS_REMOVE_MIGRATION_TTU)
#define remove_migration_ptes(src, dst, flags) \
	remove_migration_ptes(src, dst, !!((flags) & TTU_RMAP_LOCKED))
#endif

/*
 * Until 6.8 a mapping is duplicated page by page, and what a page is mapped by
 * is an argument.
 */
#ifndef CONFIG_MM_KUNIT_HAS_FOLIO_DUP
#ifdef CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE
#define mm_kunit_dup_anon(page, compound, src) \
	page_try_dup_anon_rmap(page, compound, src)
#define mm_kunit_share_anon(page)	page_try_share_anon_rmap(page)
#define mm_kunit_dup_file(page, compound) page_dup_file_rmap(page, compound)
#else
#define mm_kunit_dup_anon(page, compound, src) \
	((void)(page), (void)(src), -EINVAL)
#define mm_kunit_share_anon(page)	((void)(page), -EINVAL)
#define mm_kunit_dup_file(page, compound) page_dup_rmap(page, compound)
#endif
#ifdef CONFIG_MM_KUNIT_HAS_REMOVE_RMAP_VMA
#define mm_kunit_remove_rmap(page, vma, compound) \
	page_remove_rmap(page, vma, compound)
#else
#define mm_kunit_remove_rmap(page, vma, compound) \
	({ (void)(vma); page_remove_rmap(page, compound); })
#endif

#define folio_try_dup_anon_rmap_pte(folio, page, dst, src) \
	({ (void)(folio); (void)(dst); mm_kunit_dup_anon(page, false, src); })
#define folio_try_dup_anon_rmap_ptes(folio, page, nr, dst, src)		\
	({ (void)(folio); (void)(nr); (void)(dst);			\
	   mm_kunit_dup_anon(page, false, src); })
#define folio_try_dup_anon_rmap_pmd(folio, page, dst, src) \
	({ (void)(folio); (void)(dst); mm_kunit_dup_anon(page, true, src); })
#define hugetlb_try_dup_anon_rmap(folio, src) \
	mm_kunit_dup_anon(folio_page(folio, 0), true, src)
#define folio_try_share_anon_rmap_pte(folio, page) \
	({ (void)(folio); mm_kunit_share_anon(page); })
#define folio_try_share_anon_rmap_pmd(folio, page) \
	({ (void)(folio); mm_kunit_share_anon(page); })
#define hugetlb_try_share_anon_rmap(folio) \
	mm_kunit_share_anon(folio_page(folio, 0))
#define folio_dup_file_rmap_pte(folio, page, dst) \
	({ (void)(folio); (void)(dst); mm_kunit_dup_file(page, false); })
#define folio_dup_file_rmap_ptes(folio, page, nr, dst) \
	({ (void)(folio); (void)(nr); (void)(dst); \
	   mm_kunit_dup_file(page, false); })
#define folio_dup_file_rmap_pmd(folio, page, dst) \
	({ (void)(folio); (void)(dst); mm_kunit_dup_file(page, true); })
#define hugetlb_add_file_rmap(folio) \
	mm_kunit_dup_file(folio_page(folio, 0), true)
#define folio_remove_rmap_pte(folio, page, vma) \
	({ (void)(folio); mm_kunit_remove_rmap(page, vma, false); })
#define folio_remove_rmap_ptes(folio, page, nr, vma) \
	({ (void)(folio); (void)(nr); mm_kunit_remove_rmap(page, vma, false); })
#define folio_remove_rmap_pmd(folio, page, vma) \
	({ (void)(folio); mm_kunit_remove_rmap(page, vma, true); })
/* The VMA is asked for VM_LOCKED alone. */
#define hugetlb_remove_rmap(folio)					\
	mm_kunit_remove_rmap(folio_page(folio, 0),			\
			     &(struct vm_area_struct){ }, true)
#elif !defined(CONFIG_MM_KUNIT_HAS_DUP_DST_VMA)
#define folio_try_dup_anon_rmap_pte(folio, page, dst, src) \
	({ (void)(dst); folio_try_dup_anon_rmap_pte(folio, page, src); })
#define folio_try_dup_anon_rmap_ptes(folio, page, nr, dst, src) \
	({ (void)(dst); folio_try_dup_anon_rmap_ptes(folio, page, nr, src); })
#define folio_try_dup_anon_rmap_pmd(folio, page, dst, src) \
	({ (void)(dst); folio_try_dup_anon_rmap_pmd(folio, page, src); })
#define folio_dup_file_rmap_pte(folio, page, dst) \
	({ (void)(dst); folio_dup_file_rmap_pte(folio, page); })
#define folio_dup_file_rmap_ptes(folio, page, nr, dst) \
	({ (void)(dst); folio_dup_file_rmap_ptes(folio, page, nr); })
#define folio_dup_file_rmap_pmd(folio, page, dst) \
	({ (void)(dst); folio_dup_file_rmap_pmd(folio, page); })
#endif

/* Of trees that cannot do it, or that it is not needed for. */
#if !defined(CONFIG_MM_KUNIT_HAS_MAKE_EXCLUSIVE) && \
	!defined(CONFIG_MM_KUNIT_DEVICE)
#define make_device_exclusive(mm, addr, owner, foliop) \
	((void)(foliop), (struct page *)ERR_PTR(-EOPNOTSUPP))
#endif

#endif /* _MM_KUNIT_COMPAT_RMAP_H */
