/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The soft-dirty bit: whether a page was written to since somebody looked.
 */
#ifndef _MM_KUNIT_SOFT_DIRTY_H
#define _MM_KUNIT_SOFT_DIRTY_H

#include <linux/mm_types.h>

struct kunit;

void mm_kunit_require_soft_dirty(struct kunit *test);
void mm_kunit_clear_dirty(struct mm_struct *mm, unsigned long addr);
void mm_kunit_clear_soft_dirty(struct kunit *test, struct mm_struct *mm,
			       unsigned long addr);

#endif /* _MM_KUNIT_SOFT_DIRTY_H */
