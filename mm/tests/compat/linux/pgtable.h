/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_PGTABLE_H
#define _MM_KUNIT_COMPAT_PGTABLE_H

#include <linux/mm.h>
#include <linux/pgtable.h>

#ifndef CONFIG_MM_KUNIT_HAS_PMDP_GET
#define pmdp_get(pmdp)	READ_ONCE(*(pmdp))
#endif
#ifndef CONFIG_MM_KUNIT_HAS_PUDP_GET
#define pudp_get(pudp)	READ_ONCE(*(pudp))
#define p4dp_get(p4dp)	READ_ONCE(*(p4dp))
#define pgdp_get(pgdp)	READ_ONCE(*(pgdp))
#endif

#ifndef CONFIG_MM_KUNIT_HAS_PTE_UFFD
/* x86 of 6.3 to 6.9 warns of an entry with both bits, however it came about. */
#if defined(CONFIG_X86) && defined(CONFIG_HAVE_ARCH_USERFAULTFD_WP)
#define pte_uffd(pte)		(!!(pte_flags(pte) & _PAGE_UFFD_WP))
#else
#define pte_uffd(pte)		pte_uffd_wp(pte)
#endif
#define pte_mkuffd(pte)		pte_mkuffd_wp(pte)
#define pmd_uffd(pmd)		pmd_uffd_wp(pmd)
#define pte_clear_uffd(pte)	pte_clear_uffd_wp(pte)
#define pmd_swp_mkuffd(pmd)	pmd_swp_mkuffd_wp(pmd)
#define pmd_swp_clear_uffd(pmd)	pmd_swp_clear_uffd_wp(pmd)
#define pte_swp_uffd(pte)	pte_swp_uffd_wp(pte)
#define pte_swp_mkuffd(pte)	pte_swp_mkuffd_wp(pte)
#define pte_swp_clear_uffd(pte)	pte_swp_clear_uffd_wp(pte)
#define pmd_swp_uffd(pmd)	pmd_swp_uffd_wp(pmd)
#define pmd_mkuffd(pmd)		pmd_mkuffd_wp(pmd)
#define pgtable_supports_uffd()	IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP)
#endif

#ifndef pgtable_supports_soft_dirty
#define pgtable_supports_soft_dirty()	IS_ENABLED(CONFIG_MEM_SOFT_DIRTY)
#endif

#if defined(CONFIG_MM_KUNIT_PT_FRAGMENTS) && \
	!defined(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER)
#define pte_free_defer(mm, table)	((void)(mm), (void)(table))
#endif

#endif /* _MM_KUNIT_COMPAT_PGTABLE_H */
