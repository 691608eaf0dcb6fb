/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the suite of khugepaged, which is a part of mm/khugepaged.c: what that
 * file had of its own before.
 */
#include "compat.h"

#if defined(CONFIG_MM_KUNIT_HAS_REVALIDATE_ORDER)
#elif defined(CONFIG_MM_KUNIT_HAS_REVALIDATE_EXPECT_ANON)
#define hugepage_vma_revalidate(mm, addr, anon, vmap, cc, order) \
	hugepage_vma_revalidate(mm, addr, anon, vmap, cc)
#else
/* Before 6.1 there is no collapse_control, and 0 stands for success. */
#define hugepage_vma_revalidate(mm, addr, anon, vmap, cc, order) \
	(hugepage_vma_revalidate(mm, addr, vmap) ?: SCAN_SUCCEED)
#endif
