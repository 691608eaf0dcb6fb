/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A swap device, for cases that swap out. Needs CONFIG_MM_KUNIT_SWAP.
 */
#ifndef _MM_KUNIT_SWAP_H
#define _MM_KUNIT_SWAP_H

#include <linux/mm_types.h>

#include "mm_kunit.h"

void mm_kunit_swapon(struct kunit *test);
void mm_kunit_swapoff(struct kunit *test);
void mm_kunit_swap_out(struct kunit *test, struct mm_struct *mm,
		       unsigned long addr, unsigned long len);

#endif /* _MM_KUNIT_SWAP_H */
