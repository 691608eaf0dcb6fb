/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A swap device. A case that asks for one is skipped where there is none.
 */
#ifndef _MM_KUNIT_SWAP_H
#define _MM_KUNIT_SWAP_H

#include <kunit/test.h>
#include <linux/mm_types.h>
#include <linux/swap.h>

#if !defined(mm_kunit_add_to_swap) && defined(CONFIG_SWAP)
int folio_alloc_swap(struct folio *folio);
#endif

/**
 * mm_kunit_add_to_swap() - give a folio slots of the swap device
 * @folio: the folio, locked; it stays mapped
 *
 * Return: 0, or a negative errno
 */
#ifndef mm_kunit_add_to_swap
#ifdef CONFIG_SWAP
#define mm_kunit_add_to_swap(folio) folio_alloc_swap(folio)
#else
#define mm_kunit_add_to_swap(folio) ((void)(folio), -EOPNOTSUPP)
#endif
#endif

/**
 * mm_kunit_swap_slot() - the slot of a page that is in the swap cache
 * @page: the page
 */
#ifndef mm_kunit_swap_slot
#define mm_kunit_swap_slot(page) (page_swap_entry(page).val)
#endif

#if defined(CONFIG_SWAP) && IS_BUILTIN(CONFIG_BLK_DEV_RAM)
void mm_kunit_swapon(struct kunit *test);
void mm_kunit_swapoff(struct kunit *test);
void mm_kunit_swap_out(struct kunit *test, struct mm_struct *mm,
		       unsigned long addr, unsigned long len);
#else
static inline void mm_kunit_swapon(struct kunit *test)
{
	kunit_skip(test, "swap, or a RAM disk to swap to, is compiled out");
}

static inline void mm_kunit_swapoff(struct kunit *test)
{
}

static inline void mm_kunit_swap_out(struct kunit *test, struct mm_struct *mm,
				     unsigned long addr, unsigned long len)
{
}
#endif

#endif /* _MM_KUNIT_SWAP_H */
