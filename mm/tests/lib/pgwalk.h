/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk of page tables, whether VMAs cover them or not. It believes no
 * counter of mm. The mms must be idle: only the case uses them.
 */
#ifndef _MM_KUNIT_PGWALK_H
#define _MM_KUNIT_PGWALK_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>

struct mm_kunit;

/**
 * enum mm_kunit_pgtable_level - what the entries of a page table cover
 * @MM_KUNIT_PUD_TABLE: PUDs
 * @MM_KUNIT_PMD_TABLE: PMDs
 * @MM_KUNIT_PTE_TABLE: pages
 */
enum mm_kunit_pgtable_level {
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
	void (*table)(struct mm_kunit_walk *walk,
		      enum mm_kunit_pgtable_level level, void *table,
		      unsigned long addr);
};

void mm_kunit_walk(struct mm_struct *mm, unsigned long addr, unsigned long end,
		   struct mm_kunit_walk *walk);
unsigned long mm_kunit_user_end(struct mm_struct *mm);
pud_t *mm_kunit_pud(struct mm_struct *mm, unsigned long addr);
pmd_t *mm_kunit_pmd(struct mm_struct *mm, unsigned long addr);
spinlock_t *mm_kunit_lockptr(struct mm_struct *mm, unsigned long addr);
struct page *mm_kunit_pmd_table(struct mm_struct *mm, unsigned long addr);
unsigned long mm_kunit_huge_pfn(struct mm_struct *mm, unsigned long addr);
int mm_kunit_pmd_table_owners(struct mm_kunit *fx, struct page *table);
unsigned long mm_kunit_pgtables_bytes(struct mm_struct *mm);
long mm_kunit_kernel_pgtables(void);

#endif /* _MM_KUNIT_PGWALK_H */
