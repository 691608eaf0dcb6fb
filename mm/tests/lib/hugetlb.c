// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlb files, and a check of what hugetlb counts against the page tables,
 * see hugetlb.h.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../../internal.h"
#include "fixture.h"
#include "hugetlb.h"
#include "pgwalk.h"
#include "process.h"
#include "snapshot.h"

#define MAX_TABLES 64
#define MAX_ENTRIES 64

/**
 * mm_kunit_set_overcommit() - let huge pages come from the buddy allocator
 * @nr: how many surplus huge pages of the default size there may be
 *
 * Return: the limit before
 */
unsigned long mm_kunit_set_overcommit(unsigned long nr)
{
	unsigned long old = default_hstate.nr_overcommit_huge_pages;

	default_hstate.nr_overcommit_huge_pages = nr;
	return old;
}

/**
 * mm_kunit_nr_huge_pages() - huge pages of the default size, used or free
 */
long mm_kunit_nr_huge_pages(void)
{
	return default_hstate.nr_huge_pages;
}

/**
 * mm_kunit_resv_huge_pages() - reserved huge pages of the default size
 */
long mm_kunit_resv_huge_pages(void)
{
	return default_hstate.resv_huge_pages;
}

/**
 * mm_kunit_hugetlb_file() - make an unlinked hugetlb file
 * @test: the case, which owns the file, and is skipped without huge pages
 * @size: its size in bytes
 *
 * The file reserves nothing: its pages are surplus pages of the default size.
 */
struct file *mm_kunit_hugetlb_file(struct kunit *test, unsigned long size)
{
	struct file *file;

	if (!hugepages_supported())
		kunit_skip(test, "this machine has no huge pages");
	file = hugetlb_file_setup("mm_kunit", size,
				  mk_vma_flags(VMA_NORESERVE_BIT),
				  HUGETLB_ANONHUGE_INODE, 0);
	return mm_kunit_own_file(test, file);
}

/**
 * mm_kunit_huge_pte_alloc() - huge_pte_alloc() under the locks of a page fault
 * @vma: a hugetlb VMA
 * @addr: an address in it
 *
 * Context: takes and drops the hugetlb VMA lock for reading.
 * Return: the entry, or NULL
 */
pte_t *mm_kunit_huge_pte_alloc(struct vm_area_struct *vma, unsigned long addr)
{
	pte_t *ptep;

	hugetlb_vma_lock_read(vma);
	ptep = huge_pte_alloc(vma->vm_mm, vma, addr, PMD_SIZE);
	hugetlb_vma_unlock_read(vma);
	return ptep;
}

#ifdef CONFIG_MIGRATION
static struct folio *mm_kunit_new_hugetlb_folio(struct folio *old,
						unsigned long private)
{
	return alloc_hugetlb_folio_nodemask(&default_hstate, numa_node_id(),
					    NULL,
					    htlb_alloc_mask(&default_hstate),
					    false);
}

/**
 * mm_kunit_migrate_hugetlb() - migrate_pages() of one hugetlb folio
 * @folio: the folio, which moves to a new one, perhaps on the same node
 *
 * Return: 0, -EBUSY if the folio cannot be isolated, or what migrate_pages()
 * returns
 */
int mm_kunit_migrate_hugetlb(struct folio *folio)
{
	LIST_HEAD(folios);
	int ret;

	folio_isolate_hugetlb(folio, &folios);
	if (list_empty(&folios))
		return -EBUSY;
	ret = migrate_pages(&folios, mm_kunit_new_hugetlb_folio, NULL, 0,
			    MIGRATE_SYNC, MR_SYSCALL, NULL);
	if (ret)
		putback_movable_pages(&folios);
	return ret;
}
#else
int mm_kunit_migrate_hugetlb(struct folio *folio)
{
	return -EOPNOTSUPP;
}
#endif

/**
 * struct mm_kunit_hugetlb - every PMD table and huge page of the fixture's mms
 * @nr_tables: PMD tables found
 * @table: each of them once
 * @nr_entries: present entries in them
 * @entry: the entries: which table, which slot of it, which page of which file
 */
struct mm_kunit_hugetlb {
	int nr_tables;
	struct page *table[MAX_TABLES];
	int nr_entries;
	struct mm_kunit_hugetlb_entry {
		struct page *table;
		unsigned long slot;
		unsigned long pfn;
		struct file *file;
		pgoff_t pgoff;
	} entry[MAX_ENTRIES];
};

#ifndef mm_kunit_split_unshares
/* Splitting a VMA unshares the PUD that it splits. */
#define mm_kunit_split_unshares() true
#endif

/*
 * Only a shared mapping of the whole PUD may use a shared table: b30c14cd6102
 * ("hugetlb: unshare some PMDs when splitting VMAs").
 */
static bool mm_kunit_check_sharing(struct vm_area_struct *vma,
				   unsigned long addr, char *msg, size_t size)
{
	unsigned long base = addr & PUD_MASK;

	if (mm_kunit_split_unshares() &&
	    (vma->vm_start > base || vma->vm_end < base + PUD_SIZE))
		return mm_kunit_mismatch(msg, size,
					 "VMA %lx-%lx shares a table but not all of PUD %lx",
					 vma->vm_start, vma->vm_end, base);
	if (!(vma->vm_flags & VM_MAYSHARE))
		return mm_kunit_mismatch(msg, size,
					 "private VMA %lx-%lx shares a table",
					 vma->vm_start, vma->vm_end);
	return true;
}

/* One slot of one table maps one page of one file, whoever looks at it. */
static bool mm_kunit_check_entry(struct mm_kunit_hugetlb *found,
				 struct mm_kunit_hugetlb_entry *new, char *msg,
				 size_t size)
{
	int i;

	for (i = 0; i < found->nr_entries; i++) {
		struct mm_kunit_hugetlb_entry *e = &found->entry[i];
		bool same_page = e->file == new->file && e->pgoff == new->pgoff;

		bool same_pfn = e->pfn == new->pfn;

		if (same_page != same_pfn)
			return mm_kunit_mismatch(msg, size,
						 "page %lx of a file is pfn %lx, page %lx is pfn %lx",
						 new->pgoff, new->pfn, e->pgoff, e->pfn);
		if (e->table == new->table && e->slot == new->slot)
			return true;
	}
	if (found->nr_entries == MAX_ENTRIES)
		return mm_kunit_mismatch(msg, size, "more than %d huge pages",
					 MAX_ENTRIES);
	found->entry[found->nr_entries++] = *new;
	return true;
}

static bool mm_kunit_check_entries(struct mm_kunit_hugetlb *found,
				   struct vm_area_struct *vma,
				   struct page *table, unsigned long addr,
				   unsigned long end, char *msg, size_t size)
{
	for (; addr < end; addr += PMD_SIZE) {
		struct mm_kunit_hugetlb_entry new = {
			.table = table,
			.slot = pmd_index(addr),
			.pfn = mm_kunit_huge_pfn(vma->vm_mm, addr),
			.file = vma->vm_file,
			.pgoff = linear_page_index(vma, addr),
		};

		if (new.pfn && !mm_kunit_check_entry(found, &new, msg, size))
			return false;
	}
	return true;
}

/**
 * mm_kunit_share_count() - how many sharers beyond the first a table counts
 * @table: a PMD table of hugetlb
 *
 * Context: any.
 */
int mm_kunit_share_count(struct page *table)
{
#ifdef CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING
	return ptdesc_pmd_pts_count(page_ptdesc(table));
#else
	return 0;
#endif
}

static bool mm_kunit_check_table(struct mm_kunit *fx,
				 struct mm_kunit_hugetlb *found,
				 struct page *table, char *msg, size_t size)
{
	int owners, i;

	for (i = 0; i < found->nr_tables; i++)
		if (found->table[i] == table)
			return true;
	if (found->nr_tables == MAX_TABLES)
		return mm_kunit_mismatch(msg, size, "more than %d PMD tables",
					 MAX_TABLES);
	found->table[found->nr_tables++] = table;

	owners = mm_kunit_pmd_table_owners(fx, table);
	if (mm_kunit_share_count(table) != owners - 1)
		return mm_kunit_mismatch(msg, size,
					 "a table in %d PUD entries counts %d further sharers",
					 owners, mm_kunit_share_count(table));
	return true;
}

static bool mm_kunit_check_vma(struct mm_kunit *fx,
			       struct mm_kunit_hugetlb *found,
			       struct vm_area_struct *vma, char *msg,
			       size_t size)
{
	unsigned long addr, next;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		struct page *table = mm_kunit_pmd_table(vma->vm_mm, addr);

		next = pud_addr_end(addr, vma->vm_end);
		if (!table)
			continue;
		if (!mm_kunit_check_table(fx, found, table, msg, size))
			return false;
		if (mm_kunit_pmd_table_owners(fx, table) > 1 &&
		    !mm_kunit_check_sharing(vma, addr, msg, size))
			return false;
		if (!mm_kunit_check_entries(found, vma, table, addr, next, msg,
					    size))
			return false;
	}
	return true;
}

static bool mm_kunit_check_mm(struct mm_kunit *fx,
			      struct mm_kunit_hugetlb *found,
			      struct mm_struct *mm, char *msg, size_t size)
{
	unsigned long bytes = mm_kunit_pgtables_bytes(mm);
	struct vm_area_struct *vma;
	unsigned long addr = 0;

	if (mm_pgtables_bytes(mm) != bytes)
		return mm_kunit_mismatch(msg, size,
					 "an mm with %lu bytes of page tables counts %lu", bytes,
					 mm_pgtables_bytes(mm));

	while ((vma = mm_kunit_vma(mm, addr))) {
		if (!mm_kunit_check_vma(fx, found, vma, msg, size))
			return false;
		addr = vma->vm_end;
	}
	return true;
}

/*
 * A page of a hugetlb file is mapped once by each table entry, and only once
 * by an entry that several mms share. The page cache has references as well.
 */
static bool mm_kunit_check_pages(struct mm_kunit_hugetlb *found, char *msg,
				 size_t size)
{
	int i, j;

	for (i = 0; i < found->nr_entries; i++) {
		struct page *page = pfn_to_page(found->entry[i].pfn);
		int entries = 0;

		for (j = 0; j < found->nr_entries; j++)
			if (found->entry[j].pfn == found->entry[i].pfn)
				entries++;
		if (folio_mapcount(page_folio(page)) != entries)
			return mm_kunit_mismatch(msg, size,
						 "a huge page in %d entries has mapcount %d",
						 entries, folio_mapcount(page_folio(page)));
		if (page_count(page) != entries + mm_kunit_hugetlb_cache_refs())
			return mm_kunit_mismatch(msg, size,
						 "a cached huge page in %d entries has %d references",
						 entries, page_count(page));
	}
	return true;
}

/**
 * mm_kunit_check_hugetlb() - do the counts agree with the page tables
 * @fx: the mms, which map nothing but shared hugetlb files
 * @msg: says what disagrees; empty if nothing does
 * @size: of @msg, in bytes
 *
 * Looks at the share count of every PMD table, at which VMAs share one, at the
 * mapcount and the references of every huge page, at which page of a file each
 * entry maps, and at the page-table accounting of every mm.
 *
 * Return: true if all is as it should be
 */
bool mm_kunit_check_hugetlb(struct mm_kunit *fx, char *msg, size_t size)
{
	struct mm_kunit_hugetlb *found = kzalloc(sizeof(*found), GFP_KERNEL);
	bool ok = true;
	int i;

	*msg = '\0';
	if (!found)
		return mm_kunit_mismatch(msg, size, "no memory");
	for (i = 0; i < MM_KUNIT_MAX_MMS && ok; i++)
		if (fx->mms[i])
			ok = mm_kunit_check_mm(fx, found, fx->mms[i], msg,
					       size);
	ok = ok && mm_kunit_check_pages(found, msg, size);
	kfree(found);
	return ok;
}
