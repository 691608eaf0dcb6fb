/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long-term pins of user pages.
 */
#ifndef _MM_KUNIT_GUP_H
#define _MM_KUNIT_GUP_H

#include <linux/mm_types.h>

struct folio;
struct kunit;

/**
 * mm_kunit_pincount_ptr() - where a large folio counts its pins
 * @folio: the folio
 */
#ifndef mm_kunit_pincount_ptr
#define mm_kunit_pincount_ptr(folio) (&(folio)->_pincount)
#endif

struct page *mm_kunit_pin(struct kunit *test, struct mm_struct *mm,
			  unsigned long addr, unsigned int gup_flags);
void mm_kunit_unpin(struct kunit *test, struct page *page);
void mm_kunit_add_pins(struct folio *folio, int pins);
int mm_kunit_pincount(struct folio *folio);

#endif /* _MM_KUNIT_GUP_H */
