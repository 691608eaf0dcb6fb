/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that ksmd has merged.
 */
#ifndef _MM_KUNIT_KSM_H
#define _MM_KUNIT_KSM_H

#include <linux/mm_types.h>

struct kunit;
struct mm_kunit_setting;

void mm_kunit_require_ksm(struct kunit *test);
struct mm_kunit_setting *mm_kunit_ksm_run(struct kunit *test,
					  struct mm_struct *mm[2],
					  unsigned long addr);
struct page *mm_kunit_ksm_merge(struct kunit *test, struct mm_struct *mm[2],
				struct mm_kunit_setting **ksm);
struct mm_struct *mm_kunit_ksm_join(struct kunit *test,
				    struct mm_kunit_setting *ksm,
				    struct page *page);
void mm_kunit_ksm_unmerge(struct kunit *test, struct mm_kunit_setting *ksm);

#endif /* _MM_KUNIT_KSM_H */
