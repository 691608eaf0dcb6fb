// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth for the mm suites, see mm_kunit_truth.h.
 */
#include <linux/hugetlb.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_truth.h"

static void walk_pmds(pud_t *pud, unsigned long addr,
		      struct mm_kunit_walk *walk)
{
	pmd_t *pmd = pmd_offset(pud, addr & PUD_MASK);
	int i;

	if (mm_kunit_is_early_shadow(pmd))
		return;
	addr &= PUD_MASK;
	walk->table(walk, MM_KUNIT_PMD_TABLE, pmd, addr);
	for (i = 0; i < PTRS_PER_PMD; i++, addr += PMD_SIZE) {
		pte_t *pte;

		if (!pmd_present(pmd[i]) || pmd_leaf(pmd[i]))
			continue;
		pte = pte_offset_kernel(&pmd[i], addr);
		if (!mm_kunit_is_early_shadow(pte))
			walk->table(walk, MM_KUNIT_PTE_TABLE, pte, addr);
	}
}

static void walk_puds(p4d_t *p4d, unsigned long addr, unsigned long end,
		      struct mm_kunit_walk *walk)
{
	pud_t *pud = pud_offset(p4d, addr);
	unsigned long next;

	if (mm_kunit_is_early_shadow(pud))
		return;
	walk->table(walk, MM_KUNIT_PUD_TABLE, pud, addr);
	do {
		next = pud_addr_end(addr, end);
		if (pud_present(*pud) && !pud_leaf(*pud))
			walk_pmds(pud, addr, walk);
	} while (pud++, addr = next, addr != end);
}

static void walk_p4ds(pgd_t *pgd, unsigned long addr, unsigned long end,
		      struct mm_kunit_walk *walk)
{
	p4d_t *p4d = p4d_offset(pgd, addr);
	unsigned long next;

	do {
		next = p4d_addr_end(addr, end);
		if (!p4d_none(*p4d))
			walk_puds(p4d, addr, next, walk);
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
		if (!pgd_none(*pgd))
			walk_p4ds(pgd, addr, next, walk);
	} while (pgd++, addr = next, addr != end);
}

/**
 * struct page_tables - what hangs below the PGD of one mm
 * @walk: how it is found
 * @nr: tables of each level; a PMD table however many others own it too
 * @wanted: a PMD table to look for
 * @nr_wanted: PUD entries that point at @wanted
 */
struct page_tables {
	struct mm_kunit_walk walk;
	unsigned long nr[3];
	struct page *wanted;
	int nr_wanted;
};

static void count_page_table(struct mm_kunit_walk *walk,
			     enum mm_kunit_level level, void *table,
			     unsigned long addr)
{
	struct page_tables *found = container_of(walk, struct page_tables, walk);

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

	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	return p4d_none(*p4d) ? NULL : pud_offset(p4d, addr);
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

	if (!pud || !pud_present(*pud) || pud_leaf(*pud))
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

	return pmd_leaf(*pmd) ? pmd_lockptr(mm, pmd) : pte_lockptr(mm, pmd);
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

	return pmd && pmd_present(*pmd) && pmd_leaf(*pmd) ? pmd_pfn(*pmd) : 0;
}

/**
 * mm_kunit_pmd_table_owners() - how many PUD entries point at a PMD table
 * @fx: the mms to look through, all their entries
 * @table: page of the table
 */
int mm_kunit_pmd_table_owners(struct mm_kunit *fx, struct page *table)
{
	struct page_tables found = {
		.walk.table = count_page_table,
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
	struct page_tables found = { .walk.table = count_page_table };

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
	struct page_tables found = { .walk.table = count_page_table };

	mm_kunit_walk(&init_mm, VMALLOC_START, VMALLOC_END, &found.walk);
#ifdef MODULES_VADDR
	if (MODULES_VADDR < VMALLOC_START || MODULES_VADDR >= VMALLOC_END)
		mm_kunit_walk(&init_mm, MODULES_VADDR, MODULES_END, &found.walk);
#endif
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
	mm_kunit_walk(&init_mm, KASAN_SHADOW_START, KASAN_SHADOW_END,
		      &found.walk);
#endif
	return found.nr[MM_KUNIT_PTE_TABLE] + found.nr[MM_KUNIT_PMD_TABLE] +
	       found.nr[MM_KUNIT_PUD_TABLE];
}

#define MAX_TABLES	64
#define MAX_ENTRIES	64

/**
 * struct hugetlb_census - every PMD table and huge page of the fixture's mms
 * @nr_tables: PMD tables found
 * @table: each of them once
 * @nr_entries: present entries in them
 * @entry: the entries: which table, which slot of it, which page of which file
 */
struct hugetlb_census {
	int nr_tables;
	struct page *table[MAX_TABLES];
	int nr_entries;
	struct hugetlb_entry {
		struct page *table;
		unsigned long slot;
		unsigned long pfn;
		struct file *file;
		pgoff_t pgoff;
	} entry[MAX_ENTRIES];
};

#define fail(why, size, fmt, ...)					\
	({ snprintf(why, size, fmt, ##__VA_ARGS__); false; })

/*
 * A table that others own too may be owned only through VMAs that may share.
 * A tree without b30c14cd6102 (6.2) lets the halves of a split VMA keep it.
 */
static bool sharing_is_lawful(struct vm_area_struct *vma, unsigned long addr,
			      char *why, size_t size)
{
	unsigned long base = addr & PUD_MASK;

	if (IS_ENABLED(CONFIG_MM_KUNIT_HAS_HUGETLB_SPLIT) &&
	    (vma->vm_start > base || vma->vm_end < base + PUD_SIZE))
		return fail(why, size,
			    "VMA %lx-%lx shares a table but not all of PUD %lx",
			    vma->vm_start, vma->vm_end, base);
	if (!(vma->vm_flags & VM_MAYSHARE))
		return fail(why, size, "private VMA %lx-%lx shares a table",
			    vma->vm_start, vma->vm_end);
	return true;
}

/* One slot of one table maps one page of one file, whoever looks at it. */
static bool enter(struct hugetlb_census *census, struct hugetlb_entry *new,
		  char *why, size_t size)
{
	int i;

	for (i = 0; i < census->nr_entries; i++) {
		struct hugetlb_entry *e = &census->entry[i];
		bool same_page = e->file == new->file && e->pgoff == new->pgoff;

		bool same_pfn = e->pfn == new->pfn;

		if (same_page != same_pfn)
			return fail(why, size,
				    "page %lx of a file is pfn %lx, page %lx is pfn %lx",
				    new->pgoff, new->pfn, e->pgoff, e->pfn);
		if (e->table == new->table && e->slot == new->slot)
			return true;
	}
	if (census->nr_entries == MAX_ENTRIES)
		return fail(why, size, "more than %d huge pages", MAX_ENTRIES);
	census->entry[census->nr_entries++] = *new;
	return true;
}

static bool count_entries(struct hugetlb_census *census,
			  struct vm_area_struct *vma, struct page *table,
			  unsigned long addr, unsigned long end,
			  char *why, size_t size)
{
	for (; addr < end; addr += PMD_SIZE) {
		struct hugetlb_entry new = {
			.table = table,
			.slot = pmd_index(addr),
			.pfn = mm_kunit_huge_pfn(vma->vm_mm, addr),
			.file = vma->vm_file,
			.pgoff = linear_page_index(vma, addr),
		};

		if (new.pfn && !enter(census, &new, why, size))
			return false;
	}
	return true;
}

static bool count_table(struct mm_kunit *fx, struct hugetlb_census *census,
			struct page *table, char *why, size_t size)
{
	int owners, i;

	for (i = 0; i < census->nr_tables; i++)
		if (census->table[i] == table)
			return true;
	if (census->nr_tables == MAX_TABLES)
		return fail(why, size, "more than %d PMD tables", MAX_TABLES);
	census->table[census->nr_tables++] = table;

	owners = mm_kunit_pmd_table_owners(fx, table);
	if (mm_kunit_share_count(table) != owners - 1)
		return fail(why, size,
			    "a table in %d PUD entries counts %d further sharers",
			    owners, mm_kunit_share_count(table));
	return true;
}

static bool count_vma(struct mm_kunit *fx, struct hugetlb_census *census,
		      struct vm_area_struct *vma, char *why, size_t size)
{
	unsigned long addr, next;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		struct page *table = mm_kunit_pmd_table(vma->vm_mm, addr);

		next = pud_addr_end(addr, vma->vm_end);
		if (!table)
			continue;
		if (!count_table(fx, census, table, why, size))
			return false;
		if (mm_kunit_pmd_table_owners(fx, table) > 1 &&
		    !sharing_is_lawful(vma, addr, why, size))
			return false;
		if (!count_entries(census, vma, table, addr, next, why, size))
			return false;
	}
	return true;
}

static bool count_mm(struct mm_kunit *fx, struct hugetlb_census *census,
		     struct mm_struct *mm, char *why, size_t size)
{
	unsigned long bytes = mm_kunit_pgtables_bytes(mm);
	struct vm_area_struct *vma;
	unsigned long addr = 0;

	if (mm_pgtables_bytes(mm) != bytes)
		return fail(why, size,
			    "an mm with %lu bytes of page tables counts %lu",
			    bytes, mm_pgtables_bytes(mm));

	while ((vma = mm_kunit_vma(mm, addr))) {
		if (!count_vma(fx, census, vma, why, size))
			return false;
		addr = vma->vm_end;
	}
	return true;
}

/*
 * A page of a hugetlb file is mapped once by each table entry, and only once
 * by an entry that several mms share. The page cache has references as well.
 */
static bool pages_are_counted(struct hugetlb_census *census,
			      char *why, size_t size)
{
	int i, j;

	for (i = 0; i < census->nr_entries; i++) {
		struct page *page = pfn_to_page(census->entry[i].pfn);
		int entries = 0;

		for (j = 0; j < census->nr_entries; j++)
			if (census->entry[j].pfn == census->entry[i].pfn)
				entries++;
		if (mm_kunit_mapcount(page) != entries)
			return fail(why, size,
				    "a huge page in %d entries has mapcount %d",
				    entries, mm_kunit_mapcount(page));
		if (page_count(page) != entries + mm_kunit_hugetlb_cache_refs())
			return fail(why, size,
				    "a cached huge page in %d entries has %d references",
				    entries, page_count(page));
	}
	return true;
}

/**
 * mm_kunit_hugetlb_truth() - do the counts agree with the page tables
 * @fx: the mms, which map nothing but shared hugetlb files
 * @why: says what disagrees; empty if nothing does
 * @size: of @why, in bytes
 *
 * Looks at the share count of every PMD table, at which VMAs share one, at the
 * mapcount and the references of every huge page, at which page of a file each
 * entry maps, and at the page-table accounting of every mm.
 *
 * Return: true if all is as it should be
 */
bool mm_kunit_hugetlb_truth(struct mm_kunit *fx, char *why, size_t size)
{
	struct hugetlb_census *census = kzalloc(sizeof(*census), GFP_KERNEL);
	bool ok = true;
	int i;

	*why = '\0';
	if (!census)
		return fail(why, size, "no memory for a census");
	for (i = 0; i < MM_KUNIT_MAX_MMS && ok; i++)
		if (fx->mms[i])
			ok = count_mm(fx, census, fx->mms[i], why, size);
	ok = ok && pages_are_counted(census, why, size);
	kfree(census);
	return ok;
}
