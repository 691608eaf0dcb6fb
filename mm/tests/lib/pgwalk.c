// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk of page tables, see pgwalk.h.
 */
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "fixture.h"
#include "pgwalk.h"

/* One of the page tables that KASAN maps all unused shadow by. */
static bool mm_kunit_is_early_shadow(void *table)
{
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
	table = (void *)((unsigned long)table & PAGE_MASK);
	return table == lm_alias(kasan_early_shadow_pte) ||
	       table == lm_alias(kasan_early_shadow_pmd) ||
	       table == lm_alias(kasan_early_shadow_pud);
#else
	return false;
#endif
}

static void mm_kunit_walk_pmds(pud_t *pud, unsigned long addr,
			       struct mm_kunit_walk *walk)
{
	pmd_t *pmd = pmd_offset(pud, addr & PUD_MASK);
	int i;

	if (mm_kunit_is_early_shadow(pmd))
		return;
	addr &= PUD_MASK;
	walk->table(walk, MM_KUNIT_PMD_TABLE, pmd, addr);
	for (i = 0; i < PTRS_PER_PMD; i++, addr += PMD_SIZE) {
		pmd_t entry = pmdp_get(&pmd[i]);
		pte_t *pte;

		if (!pmd_present(entry) || pmd_leaf(entry))
			continue;
		pte = pte_offset_kernel(&pmd[i], addr);
		if (!mm_kunit_is_early_shadow(pte))
			walk->table(walk, MM_KUNIT_PTE_TABLE, pte, addr);
	}
}

/* A level that the architecture folds has no table of its own. */
static void mm_kunit_walk_puds(struct mm_struct *mm, p4d_t *p4d,
			       unsigned long addr, unsigned long end,
			       struct mm_kunit_walk *walk)
{
	pud_t *pud = pud_offset(p4d, addr);
	unsigned long next;

	if (mm_kunit_is_early_shadow(pud))
		return;
	if (!mm_pud_folded(mm))
		walk->table(walk, MM_KUNIT_PUD_TABLE, pud, addr);
	do {
		pud_t entry = pudp_get(pud);

		next = pud_addr_end(addr, end);
		if (pud_present(entry) && !pud_leaf(entry))
			mm_kunit_walk_pmds(pud, addr, walk);
	} while (pud++, addr = next, addr != end);
}

static void mm_kunit_walk_p4ds(struct mm_struct *mm, pgd_t *pgd,
			       unsigned long addr, unsigned long end,
			       struct mm_kunit_walk *walk)
{
	p4d_t *p4d = p4d_offset(pgd, addr);
	unsigned long next;

	do {
		next = p4d_addr_end(addr, end);
		if (!p4d_none(p4dp_get(p4d)))
			mm_kunit_walk_puds(mm, p4d, addr, next, walk);
	} while (p4d++, addr = next, addr != end);
}

/**
 * mm_kunit_walk() - look at every page table, whether a VMA covers it or not
 * @mm: the mm
 * @addr: start of the range to look through
 * @end: its end
 * @walk: what to do with a table
 */
void mm_kunit_walk(struct mm_struct *mm, unsigned long addr, unsigned long end,
		   struct mm_kunit_walk *walk)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	unsigned long next;

	do {
		next = pgd_addr_end(addr, end);
		if (!pgd_none(pgdp_get(pgd)))
			mm_kunit_walk_p4ds(mm, pgd, addr, next, walk);
	} while (pgd++, addr = next, addr != end);
}

/**
 * mm_kunit_user_end() - first address that an mm's page tables cannot map
 * @mm: the mm
 *
 * On s390 an mm grows levels of page tables when it needs them.
 */
unsigned long mm_kunit_user_end(struct mm_struct *mm)
{
#ifdef CONFIG_S390
	return mm->context.asce_limit;
#else
	return TASK_SIZE;
#endif
}

/**
 * struct mm_kunit_tables - what hangs below the PGD of one mm
 * @walk: how it is found
 * @nr: tables of each level; a PMD table however many others own it too
 * @wanted: a PMD table to look for
 * @nr_wanted: PUD entries that point at @wanted
 */
struct mm_kunit_tables {
	struct mm_kunit_walk walk;
	unsigned long nr[3];
	struct page *wanted;
	int nr_wanted;
};

static void mm_kunit_count_page_table(struct mm_kunit_walk *walk,
				      enum mm_kunit_pgtable_level level,
				      void *table, unsigned long addr)
{
	struct mm_kunit_tables *found =
		container_of(walk, struct mm_kunit_tables, walk);

	found->nr[level]++;
	if (level == MM_KUNIT_PMD_TABLE && virt_to_page(table) == found->wanted)
		found->nr_wanted++;
}

/**
 * mm_kunit_pud() - the PUD entry of an address
 * @mm: the mm
 * @addr: the address
 *
 * Return: the entry, whatever it says, or NULL if there is no table for it
 */
pud_t *mm_kunit_pud(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;

	if (pgd_none(pgdp_get(pgd)))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	return p4d_none(p4dp_get(p4d)) ? NULL : pud_offset(p4d, addr);
}

/**
 * mm_kunit_pmd() - the PMD entry of an address
 * @mm: the mm
 * @addr: the address
 *
 * Return: the entry, whatever it says, or NULL if there is no table for it
 */
pmd_t *mm_kunit_pmd(struct mm_struct *mm, unsigned long addr)
{
	pud_t *pud = mm_kunit_pud(mm, addr);

	if (!pud || !pud_present(pudp_get(pud)) || pud_leaf(pudp_get(pud)))
		return NULL;
	return pmd_offset(pud, addr);
}

/**
 * mm_kunit_lockptr() - the lock of the last entry on the way to an address
 * @mm: the mm, which maps something there
 * @addr: the address
 */
spinlock_t *mm_kunit_lockptr(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);

	return pmd_leaf(pmdp_get(pmd)) ? pmd_lockptr(mm, pmd) :
					 pte_lockptr(mm, pmd);
}

/**
 * mm_kunit_pmd_table() - the PMD table that an address goes through
 * @mm: the mm
 * @addr: the address
 *
 * Return: the page of the table, or NULL if the PUD entry points at none
 */
struct page *mm_kunit_pmd_table(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);

	return pmd ? virt_to_page(pmd) : NULL;
}

/**
 * mm_kunit_huge_pfn() - the huge page that is mapped at an address by a PMD
 * @mm: the mm
 * @addr: the address
 *
 * Return: the page's first pfn, or 0 if no huge page is mapped there
 */
unsigned long mm_kunit_huge_pfn(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);
	pmd_t entry;

	if (!pmd)
		return 0;
	entry = pmdp_get(pmd);
	return pmd_present(entry) && pmd_leaf(entry) ? pmd_pfn(entry) : 0;
}

/**
 * mm_kunit_pmd_table_owners() - how many PUD entries point at a PMD table
 * @fx: the mms to look through, all their entries
 * @table: page of the table
 */
int mm_kunit_pmd_table_owners(struct mm_kunit *fx, struct page *table)
{
	struct mm_kunit_tables found = {
		.walk.table = mm_kunit_count_page_table,
		.wanted = table,
	};
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_walk(fx->mms[i], 0,
				      mm_kunit_user_end(fx->mms[i]),
				      &found.walk);
	return found.nr_wanted;
}

/**
 * mm_kunit_pgtables_bytes() - size of all page tables that an mm can reach
 * @mm: the mm
 *
 * Counted as mm_pgtables_bytes() is meant: all levels below the PGD and the
 * P4D, a shared table once in each mm.
 */
unsigned long mm_kunit_pgtables_bytes(struct mm_struct *mm)
{
	struct mm_kunit_tables found = { .walk.table =
						 mm_kunit_count_page_table };

	mm_kunit_walk(mm, 0, mm_kunit_user_end(mm), &found.walk);
	return found.nr[MM_KUNIT_PTE_TABLE] * PTRS_PER_PTE * sizeof(pte_t) +
	       found.nr[MM_KUNIT_PMD_TABLE] * PTRS_PER_PMD * sizeof(pmd_t) +
	       found.nr[MM_KUNIT_PUD_TABLE] * PTRS_PER_PUD * sizeof(pud_t);
}

/**
 * mm_kunit_kernel_pgtables() - page-table pages of what the kernel maps itself
 *
 * Of vmalloc, of modules, and of the shadow that KASAN has for them. Any
 * allocation of the kernel may add to them, so whoever looks for a leak among
 * all page tables of the machine must know them.
 */
long mm_kunit_kernel_pgtables(void)
{
	struct mm_kunit_tables found = { .walk.table =
						 mm_kunit_count_page_table };

	mm_kunit_walk(&init_mm, VMALLOC_START, VMALLOC_END, &found.walk);
#ifdef MODULES_VADDR
	if (MODULES_VADDR < VMALLOC_START || MODULES_VADDR >= VMALLOC_END)
		mm_kunit_walk(&init_mm, MODULES_VADDR, MODULES_END,
			      &found.walk);
#endif
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
	mm_kunit_walk(&init_mm, KASAN_SHADOW_START, KASAN_SHADOW_END,
		      &found.walk);
#endif
	return found.nr[MM_KUNIT_PTE_TABLE] + found.nr[MM_KUNIT_PMD_TABLE] +
	       found.nr[MM_KUNIT_PUD_TABLE];
}
