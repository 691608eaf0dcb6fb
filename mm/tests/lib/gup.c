// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long-term pins of user pages, see gup.h.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "fixture.h"
#include "gup.h"

/**
 * mm_kunit_pin() - a device gets hold of a page for long, as RDMA does
 * @test: the case, which owns the pin
 * @mm: the mm that maps the page
 * @addr: where
 * @gup_flags: FOLL_WRITE, or 0 if the device only reads
 *
 * Return: the page
 */
struct page *mm_kunit_pin(struct kunit *test, struct mm_struct *mm,
			  unsigned long addr, unsigned int gup_flags)
{
	struct mm_kunit *fx = test->priv;
	struct page *page = NULL;
	int slot, ret;

	for (slot = 0; slot < MM_KUNIT_MAX_PINS; slot++)
		if (!fx->pins[slot])
			break;
	KUNIT_ASSERT_LT(test, slot, MM_KUNIT_MAX_PINS);
	kthread_use_mm(mm);
	ret = pin_user_pages_fast(addr, 1, gup_flags | FOLL_LONGTERM, &page);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, ret, 1);
	fx->pins[slot] = page;
	return page;
}

/**
 * mm_kunit_unpin() - the device lets go of a page
 * @test: the case that owns the pin
 * @page: the page
 */
void mm_kunit_unpin(struct kunit *test, struct page *page)
{
	struct mm_kunit *fx = test->priv;
	int slot;

	for (slot = 0; slot < MM_KUNIT_MAX_PINS; slot++) {
		if (fx->pins[slot] == page) {
			fx->pins[slot] = NULL;
			unpin_user_page(page);
			return;
		}
	}
}

/**
 * mm_kunit_add_pins() - pin a folio, or unpin it, whoever maps it
 * @folio: the folio
 * @pins: how many pins; negative to unpin
 *
 * A large folio counts its pins apart from its references. A base page does
 * not: each of its pins is GUP_PIN_COUNTING_BIAS references.
 */
void mm_kunit_add_pins(struct folio *folio, int pins)
{
	if (folio_test_large(folio)) {
		folio_ref_add(folio, pins);
		atomic_add(pins, mm_kunit_pincount_ptr(folio));
	} else {
		folio_ref_add(folio, pins * (int)GUP_PIN_COUNTING_BIAS);
	}
}

/**
 * mm_kunit_pincount() - the pins that a large folio counts
 * @folio: the folio
 *
 * Return: the number; 0 for a base page, whose pins are among its references
 */
int mm_kunit_pincount(struct folio *folio)
{
	if (!folio_test_large(folio))
		return 0;
	return atomic_read(mm_kunit_pincount_ptr(folio));
}
