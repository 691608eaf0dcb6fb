/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_SWAPOPS_H
#define _MM_KUNIT_COMPAT_SWAPOPS_H

#include <linux/swapops.h>

#ifdef CONFIG_MM_KUNIT_HAS_LEAFOPS
#include <linux/leafops.h>
#else
typedef swp_entry_t softleaf_t;

static inline unsigned long mm_kunit_softleaf_to_pfn(softleaf_t leaf)
{
#ifdef CONFIG_MM_KUNIT_HAS_SWP_OFFSET_PFN
	if (is_migration_entry(leaf))
		return swp_offset_pfn(leaf);
#endif
	return swp_offset(leaf);
}

/* Some stable trees have a few of these names, for fixes that use them. */
#undef softleaf_from_pte
#undef softleaf_from_pmd
#undef softleaf_to_pfn
#undef softleaf_is_migration
#undef softleaf_is_migration_write
#undef softleaf_is_hwpoison
#undef softleaf_is_swap
#undef softleaf_is_marker
#undef softleaf_is_uffd_wp_marker

#define softleaf_from_pte(pte)		pte_to_swp_entry(pte)
/* A PMD of hugetlb is written as a PTE, and one of a THP has the same bits. */
#define softleaf_from_pmd(pmd)		pte_to_swp_entry(__pte(pmd_val(pmd)))
#define softleaf_to_pfn(leaf)		mm_kunit_softleaf_to_pfn(leaf)
#define softleaf_is_migration(leaf)	is_migration_entry(leaf)
#define softleaf_is_hwpoison(leaf)	is_hwpoison_entry(leaf)
#define softleaf_is_swap(leaf)		((leaf).val && !non_swap_entry(leaf))
#ifdef CONFIG_MM_KUNIT_HAS_PTE_MARKER
#define softleaf_is_marker(leaf)	is_pte_marker_entry(leaf)
#define softleaf_is_uffd_wp_marker(leaf) \
	(is_pte_marker_entry(leaf) && \
	 (pte_marker_get(leaf) & PTE_MARKER_UFFD_WP))
#else
#define softleaf_is_marker(leaf)	false
#define softleaf_is_uffd_wp_marker(leaf) false
#endif
#ifdef CONFIG_MM_KUNIT_HAS_WRITABLE_MIGRATION_ENTRY
#define softleaf_is_migration_write(leaf) is_writable_migration_entry(leaf)
#else
#define softleaf_is_migration_write(leaf) is_write_migration_entry(leaf)
#endif
#endif

#endif /* _MM_KUNIT_COMPAT_SWAPOPS_H */
