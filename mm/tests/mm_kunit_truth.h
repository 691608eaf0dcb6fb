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

/**
 * enum mm_kunit_level - what the entries of a page table cover
 * @MM_KUNIT_PUD_TABLE: PUDs
 * @MM_KUNIT_PMD_TABLE: PMDs
 * @MM_KUNIT_PTE_TABLE: pages
 */
enum mm_kunit_level {
	MM_KUNIT_PUD_TABLE,
	MM_KUNIT_PMD_TABLE,
	MM_KUNIT_PTE_TABLE,
};

/**
 * struct mm_kunit_walk - a walk over the page tables of an mm
 * @table: called for each table, from the top down; the table's first entry
 *	and the address that this entry is for
 */
struct mm_kunit_walk {
	void (*table)(struct mm_kunit_walk *walk, enum mm_kunit_level level,
		      void *table, unsigned long addr);
};

void mm_kunit_walk(struct mm_struct *mm, unsigned long addr, unsigned long end,
		   struct mm_kunit_walk *walk);
pud_t *mm_kunit_pud(struct mm_struct *mm, unsigned long addr);
pmd_t *mm_kunit_pmd(struct mm_struct *mm, unsigned long addr);
spinlock_t *mm_kunit_lockptr(struct mm_struct *mm, unsigned long addr);
struct page *mm_kunit_pmd_table(struct mm_struct *mm, unsigned long addr);
unsigned long mm_kunit_huge_pfn(struct mm_struct *mm, unsigned long addr);
int mm_kunit_pmd_table_owners(struct mm_kunit *fx, struct page *table);
unsigned long mm_kunit_pgtables_bytes(struct mm_struct *mm);
long mm_kunit_kernel_pgtables(void);
bool mm_kunit_hugetlb_truth(struct mm_kunit *fx, char *why, size_t size);

#endif /* _MM_KUNIT_TRUTH_H */
