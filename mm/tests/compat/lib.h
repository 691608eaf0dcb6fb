/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the library asks of mm, where older trees answer differently.
 */
#ifndef _MM_KUNIT_COMPAT_LIB_H
#define _MM_KUNIT_COMPAT_LIB_H

#include <linux/types.h>

/* Before 6.16 NR_PAGETABLE does not count the page tables of the kernel. */
#ifndef CONFIG_MM_KUNIT_HAS_KERNEL_PAGETABLE
#define mm_kunit_nr_user_pagetable()	mm_kunit_compat_nr_pagetable()
long mm_kunit_compat_nr_pagetable(void);
#endif

struct mm_kunit_folio_counts;

#if defined(CONFIG_MM_KUNIT_HAS_TRANS_HUGE_MAPCOUNT) || \
	defined(CONFIG_MM_KUNIT_HAS_DOUBLE_MAP)
bool mm_kunit_compat_folio_counts(struct mm_kunit_folio_counts *c, char *msg,
				  size_t size);
#else
#define mm_kunit_compat_folio_counts(c, msg, size)	true
#endif

/*
 * folio_likely_mapped_shared() may take a folio of which an mm maps a part for
 * one mm's own. Older trees say nothing.
 */
#ifndef CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED
bool mm_kunit_compat_mapped_whole(const struct mm_kunit_folio_counts *c);

#ifdef CONFIG_MM_KUNIT_HAS_LIKELY_MAPPED_SHARED
#define mm_kunit_must_be_shared(c) \
	((c)->mms > 1 && mm_kunit_compat_mapped_whole(c))
#define mm_kunit_must_be_unshared(c) \
	((c)->mms < 2 && folio_test_anon((c)->folio))
#else
#define mm_kunit_must_be_shared(c)	((void)(c), false)
#define mm_kunit_must_be_unshared(c)	((void)(c), false)
#endif
#endif

#endif /* _MM_KUNIT_COMPAT_LIB_H */
