// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of page tables, see entry.h.
 */
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "entry.h"
#include "pgwalk.h"

/* What is written in one place may be known in the other. */
static bool mm_kunit_page_is_dirty(unsigned long pfn)
{
	return pfn_valid(pfn) && !is_zero_pfn(pfn) &&
	       folio_test_dirty(page_folio(pfn_to_page(pfn)));
}

static enum mm_kunit_entry_kind mm_kunit_softleaf_kind(softleaf_t leaf)
{
	if (softleaf_is_migration(leaf))
		return MM_KUNIT_MIGRATION;
	if (softleaf_is_hwpoison(leaf))
		return MM_KUNIT_HWPOISON;
	if (softleaf_is_marker(leaf))
		return MM_KUNIT_MARKER;
	return softleaf_is_swap(leaf) ? MM_KUNIT_SWAP : MM_KUNIT_OTHER;
}

/* @entry has its bits; it gets its kind and what it stands for. */
static void mm_kunit_decode_softleaf(softleaf_t leaf,
				     struct mm_kunit_entry *entry)
{
	entry->kind = mm_kunit_softleaf_kind(leaf);
	entry->write = softleaf_is_migration_write(leaf);
	if (entry->kind == MM_KUNIT_MIGRATION ||
	    entry->kind == MM_KUNIT_HWPOISON)
		entry->pfn = softleaf_to_pfn(leaf);
	else
		entry->leaf = leaf.val;
	if (entry->kind == MM_KUNIT_MARKER)
		entry->uffd = softleaf_is_uffd_wp_marker(leaf);
}

static struct mm_kunit_entry mm_kunit_decode_pte(pte_t pte, unsigned long addr)
{
	struct mm_kunit_entry entry = { .addr = addr, .size = PAGE_SIZE };

	if (pte_none(pte))
		return entry;
	if (!pte_present(pte)) {
		entry.soft_dirty = pte_swp_soft_dirty(pte);
		entry.uffd = pte_swp_uffd(pte);
		mm_kunit_decode_softleaf(softleaf_from_pte(pte), &entry);
		return entry;
	}
	entry.kind = MM_KUNIT_PRESENT;
	entry.write = pte_write(pte);
	entry.pfn = pte_pfn(pte);
	entry.dirty = pte_dirty(pte) || mm_kunit_page_is_dirty(entry.pfn);
	entry.soft_dirty = pte_soft_dirty(pte);
	entry.uffd = pte_uffd(pte);
	return entry;
}

/* UML has no PMD that maps a huge page. */
static bool mm_kunit_pmd_dirty(pmd_t pmd)
{
#ifdef CONFIG_UML
	return false;
#else
	return pmd_dirty(pmd);
#endif
}

/* Of a PMD that does not point at a table of PTEs. */
static struct mm_kunit_entry mm_kunit_decode_pmd(pmd_t pmd, unsigned long addr)
{
	struct mm_kunit_entry entry = {
		.addr = addr & PMD_MASK,
		.size = PMD_SIZE,
	};

	if (pmd_none(pmd))
		return entry;
	if (!pmd_present(pmd)) {
		entry.soft_dirty = pmd_swp_soft_dirty(pmd);
		entry.uffd = pmd_swp_uffd(pmd);
		mm_kunit_decode_softleaf(softleaf_from_pmd(pmd), &entry);
		return entry;
	}
	entry.kind = MM_KUNIT_PRESENT;
	entry.write = pmd_write(pmd);
	entry.pfn = pmd_pfn(pmd);
	entry.dirty = mm_kunit_pmd_dirty(pmd) ||
		      mm_kunit_page_is_dirty(entry.pfn);
	entry.soft_dirty = pmd_soft_dirty(pmd);
	entry.uffd = pmd_uffd(pmd);
	return entry;
}

static bool mm_kunit_pmd_is_table(pmd_t pmd)
{
	return pmd_present(pmd) && !pmd_leaf(pmd);
}

/**
 * mm_kunit_entry_at() - the last entry on the way to an address
 * @mm: the mm
 * @addr: the address
 */
struct mm_kunit_entry mm_kunit_entry_at(struct mm_struct *mm,
					unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);

	if (!pmd)
		return (struct mm_kunit_entry){ .addr = addr };
	if (!mm_kunit_pmd_is_table(*pmd))
		return mm_kunit_decode_pmd(*pmd, addr);
	return mm_kunit_decode_pte(ptep_get(pte_offset_kernel(pmd, addr)),
				   addr & PAGE_MASK);
}

/**
 * mm_kunit_page_at() - the page that an mm maps at an address
 * @mm: the mm
 * @addr: the address
 *
 * Return: the page, of a huge one the part that is mapped there, or NULL if no
 * page is present
 */
struct page *mm_kunit_page_at(struct mm_struct *mm, unsigned long addr)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);

	if (entry.kind != MM_KUNIT_PRESENT)
		return NULL;
	return pfn_to_page(entry.pfn + ((addr - entry.addr) >> PAGE_SHIFT));
}

static void mm_kunit_visit_table(struct mm_kunit_walk *walk,
				 enum mm_kunit_pgtable_level level, void *table,
				 unsigned long addr)
{
	struct mm_kunit_visit *visit =
		container_of(walk, struct mm_kunit_visit, walk);
	struct mm_kunit_entry entry;
	int i;

	if (level == MM_KUNIT_PMD_TABLE) {
		pmd_t *pmd = table;

		for (i = 0; i < PTRS_PER_PMD; i++, addr += PMD_SIZE) {
			if (pmd_none(pmd[i]) || mm_kunit_pmd_is_table(pmd[i]))
				continue;
			entry = mm_kunit_decode_pmd(pmd[i], addr);
			visit->entry(visit, &entry);
		}
	} else if (level == MM_KUNIT_PTE_TABLE) {
		pte_t *pte = table;

		for (i = 0; i < PTRS_PER_PTE; i++, addr += PAGE_SIZE) {
			if (pte_none(pte[i]))
				continue;
			entry = mm_kunit_decode_pte(pte[i], addr);
			visit->entry(visit, &entry);
		}
	}
}

/**
 * mm_kunit_visit_entries() - visit every entry of an mm that is not none
 * @mm: the mm
 * @visit: what to do with an entry
 */
void mm_kunit_visit_entries(struct mm_struct *mm, struct mm_kunit_visit *visit)
{
	visit->walk.table = mm_kunit_visit_table;
	mm_kunit_walk(mm, 0, mm_kunit_user_end(mm), &visit->walk);
}
