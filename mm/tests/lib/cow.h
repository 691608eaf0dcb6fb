/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of an anonymous page when an mm writes to it, and by which
 * anon_vma the page is found.
 */
#ifndef _MM_KUNIT_COW_H
#define _MM_KUNIT_COW_H

#include <linux/mm.h>

struct kunit;

/**
 * mm_kunit_is_exclusive() - does an anonymous page belong to one mm alone
 * @page: the page
 */
#ifndef mm_kunit_is_exclusive
static inline bool mm_kunit_is_exclusive(struct page *page)
{
	return PageAnon(page) && PageAnonExclusive(page);
}
#endif

void mm_kunit_expect_reused(struct kunit *test, struct mm_struct *mm, int i);
void mm_kunit_expect_copied(struct kunit *test, struct mm_struct *mm, int i);
void mm_kunit_expect_device_sees(struct kunit *test, struct mm_struct *mm,
				 struct page *pinned, int i);
void mm_kunit_expect_copied_for_child(struct kunit *test, struct mm_struct *mm,
				      struct mm_struct *child,
				      unsigned long addr, struct page *pinned);
bool mm_kunit_anon_vma_reaches(struct mm_struct *mm, unsigned long addr);

#endif /* _MM_KUNIT_COW_H */
