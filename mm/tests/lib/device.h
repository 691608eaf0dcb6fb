/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device with memory of its own, which no CPU can reach. The kernel knows its
 * pages, and an address space may hold its data in them.
 */
#ifndef _MM_KUNIT_DEVICE_H
#define _MM_KUNIT_DEVICE_H

#include <linux/mm_types.h>

struct folio;
struct kunit;

void mm_kunit_plug_device(void);
struct page *mm_kunit_move_to_device(struct kunit *test, struct mm_struct *mm,
				     unsigned long addr);
struct folio *mm_kunit_move_thp_to_device(struct kunit *test,
					  struct mm_struct *mm,
					  unsigned long addr);

#endif /* _MM_KUNIT_DEVICE_H */
