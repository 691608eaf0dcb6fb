/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ground truth for the mm suites: what page tables, VMAs and lists really say.
 *
 * Nothing here calls, or believes a counter of, the code under test. The mms
 * must be at rest: a case is the only one that uses them.
 */
#ifndef _MM_KUNIT_TRUTH_H
#define _MM_KUNIT_TRUTH_H

#include <linux/mm_types.h>

struct mm_kunit;

pud_t *mm_kunit_pud(struct mm_struct *mm, unsigned long addr);
pmd_t *mm_kunit_pmd(struct mm_struct *mm, unsigned long addr);
struct page *mm_kunit_pmd_table(struct mm_struct *mm, unsigned long addr);
unsigned long mm_kunit_huge_pfn(struct mm_struct *mm, unsigned long addr);
int mm_kunit_pmd_table_owners(struct mm_kunit *fx, struct page *table);
unsigned long mm_kunit_pgtables_bytes(struct mm_struct *mm);
long mm_kunit_kernel_pgtables(void);
bool mm_kunit_hugetlb_truth(struct mm_kunit *fx, char *why, size_t size);

#endif /* _MM_KUNIT_TRUTH_H */
