/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * khugepaged, let loose on an mm of a case.
 */
#ifndef _MM_KUNIT_KHUGEPAGED_H
#define _MM_KUNIT_KHUGEPAGED_H

#include <linux/mm_types.h>

struct file;
struct kunit;

void mm_kunit_show_khugepaged(struct kunit *test, struct mm_struct *mm,
			      unsigned long addr, unsigned long len);
bool mm_kunit_khugepaged_retracts(struct mm_struct *mm, unsigned long addr);
struct file *mm_kunit_dev_zero(struct kunit *test);

#endif /* _MM_KUNIT_KHUGEPAGED_H */
