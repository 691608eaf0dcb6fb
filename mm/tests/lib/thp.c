// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages of anonymous memory and of shmem, see thp.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

#include "entry.h"
#include "fixture.h"
#include "folio_counts.h"
#include "pages.h"
#include "process.h"
#include "settings.h"
#include "thp.h"

#define RW (PROT_READ | PROT_WRITE)

/**
 * mm_kunit_require_thp() - skip a case if the machine maps no huge pages by PMDs
 * @test: the case
 */
void mm_kunit_require_thp(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "transparent huge pages are compiled out");
	if (!has_transparent_hugepage())
		kunit_skip(test, "this machine maps no huge pages");
}

/**
 * mm_kunit_require_file_thp() - skip a case if shmem has no huge pages
 * @test: the case
 */
void mm_kunit_require_file_thp(struct kunit *test)
{
	mm_kunit_require_thp(test);
	if (!IS_ENABLED(CONFIG_SHMEM) || !IS_ENABLED(CONFIG_SYSFS))
		kunit_skip(test, "shmem or sysfs is compiled out");
	if (IS_ENABLED(CONFIG_BASE_SMALL))
		kunit_skip(test, "the page cache has no room for huge pages");
}

/**
 * mm_kunit_thp_mm() - make an mm that maps an anonymous huge page by a PMD
 * @test: the case, which owns the mm, and is skipped without huge pages
 * @nr: how many of its pages get their content
 */
struct mm_struct *mm_kunit_thp_mm(struct kunit *test, int nr)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	mm_kunit_write_pages(test, mm, nr);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			    PMD_SIZE, "the kernel gave no huge page");
	return mm;
}

/**
 * mm_kunit_split_pmd() - map a huge page by PTEs, which stays whole
 * @test: the case
 * @mm: the mm that maps it, the first page read-only for now
 */
void mm_kunit_split_pmd(struct kunit *test, struct mm_struct *mm)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE,
					  PROT_READ),
			0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			PAGE_SIZE);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_GT(test, compound_nr(compound_head(page)), 1UL);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE, RW),
			0L);
}

/**
 * mm_kunit_map_file_thp() - make two mms that map a huge page of a file
 * @test: the case, which owns the mms
 * @mm: the mms; the first maps all of it by a PMD, and has written four pages
 * @len: how much of it the second maps, in bytes
 */
void mm_kunit_map_file_thp(struct kunit *test, struct mm_struct *mm[2],
			   unsigned long len)
{
	struct mm_kunit_setting *setting;
	struct file *file;

	mm_kunit_require_file_thp(test);
	file = mm_kunit_shmem_file(test, PMD_SIZE);
	mm[0] = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PMD_SIZE, RW,
				 MAP_SHARED, 0);
	setting = mm_kunit_write_setting(test, "sysfs", MM_KUNIT_SHMEM_ENABLED,
					 "force");
	mm_kunit_write_pages(test, mm[0], 4);
	mm_kunit_restore_setting(test, setting);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm[0], MM_KUNIT_BASE).size,
			    PMD_SIZE, "the file has no huge page");
	mm[1] = mm_kunit_map_new(test, file, MM_KUNIT_BASE, len, RW, MAP_SHARED,
				 0);
	mm_kunit_expect_pages(test, mm[1], 4);
}

/**
 * mm_kunit_new_thp() - make an mm that maps a huge page, and count its mappings
 * @test: the case, which owns the mm, and is skipped without huge pages
 *
 * Four pages have their content. The LRU caches are drained, so that the PMD
 * has the only reference.
 */
struct mm_kunit_thp mm_kunit_new_thp(struct kunit *test)
{
	struct mm_kunit_thp thp = { .mm = mm_kunit_thp_mm(test, 4) };

	thp.counts = mm_kunit_folio_counts_at(test, thp.mm, MM_KUNIT_BASE);
	thp.folio = thp.counts->folio;
	lru_add_drain_all();
	mm_kunit_expect_folio_counts(test, thp.counts, 1, 0);
	return thp;
}

/**
 * mm_kunit_scattered_thp() - make a huge page that many mms map, no page twice
 * @test: the case, which owns the mms, and is skipped without huge pages
 *
 * Each of MM_KUNIT_MAX_MMS mms maps a run of the pages.
 */
struct mm_kunit_thp mm_kunit_scattered_thp(struct kunit *test)
{
	int i, share = MM_KUNIT_HUGE_NR / MM_KUNIT_MAX_MMS;
	struct mm_struct *child[MM_KUNIT_MAX_MMS - 1];
	struct mm_kunit_thp thp = mm_kunit_new_thp(test);

	mm_kunit_fork_all(test, thp.mm, child, ARRAY_SIZE(child));
	for (i = 0; i < ARRAY_SIZE(child); i++)
		mm_kunit_keep_pages(test, child[i], (i + 1) * share, share);
	mm_kunit_keep_pages(test, thp.mm, 0, share);
	return thp;
}

/**
 * mm_kunit_split_folio() - split the large folio of a page into base pages
 * @page: the page
 *
 * It takes the reference that the kernel expects of the caller of a split.
 *
 * Return: 0, or a negative errno if the kernel refused
 */
int mm_kunit_split_folio(struct page *page)
{
	int ret;

	folio_get(page_folio(page));
	folio_lock(page_folio(page));
	ret = split_huge_page(page);
	/* A split has given the page a folio of its own, with both. */
	folio_unlock(page_folio(page));
	folio_put(page_folio(page));
	return ret;
}

/**
 * mm_kunit_pages_in_place() - how many pages of a huge page an mm maps
 * @mm: the mm
 * @folio: the folio, which begins at MM_KUNIT_BASE
 */
int mm_kunit_pages_in_place(struct mm_struct *mm, struct folio *folio)
{
	int i, nr = 0;

	for (i = 0; i < MM_KUNIT_HUGE_NR; i++)
		nr += mm_kunit_page_at(mm, mm_kunit_addr(i)) ==
		      folio_page(folio, i);
	return nr;
}

/**
 * mm_kunit_unmap_pages() - unmap some of the pages of a case
 * @test: the case
 * @mm: the mm that unmaps them
 * @from: the first, counted from MM_KUNIT_BASE
 * @nr: how many
 */
void mm_kunit_unmap_pages(struct kunit *test, struct mm_struct *mm, int from,
			  int nr)
{
	KUNIT_ASSERT_EQ(test,
			mm_kunit_munmap(mm, mm_kunit_addr(from),
					nr * PAGE_SIZE),
			0L);
}

/**
 * mm_kunit_keep_pages() - unmap all pages of a huge page but some
 * @test: the case
 * @mm: the mm that unmaps them
 * @from: the first page that stays mapped, counted from MM_KUNIT_BASE
 * @nr: how many stay mapped
 */
void mm_kunit_keep_pages(struct kunit *test, struct mm_struct *mm, int from,
			 int nr)
{
	int end = from + nr;

	if (from)
		mm_kunit_unmap_pages(test, mm, 0, from);
	if (end < MM_KUNIT_HUGE_NR)
		mm_kunit_unmap_pages(test, mm, end, MM_KUNIT_HUGE_NR - end);
}

/**
 * mm_kunit_fork_all() - fork an mm several times
 * @test: the case, which owns the children's mms
 * @mm: the parent's mm
 * @child: where the children's mms go
 * @nr: how many
 */
void mm_kunit_fork_all(struct kunit *test, struct mm_struct *mm,
		       struct mm_struct **child, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		child[i] = mm_kunit_fork(test, mm);
}

/**
 * mm_kunit_map_file_thp_tail() - map a huge page of a file from page 4 on
 * @test: the case, which owns the new mm
 * @thp_mm: an mm of mm_kunit_map_file_thp()
 * @nr: how many pages are mapped, each with its content
 *
 * The VMA begins in the middle of the huge page, and its address is
 * mm_kunit_addr(700), so that PTEs map it.
 *
 * Return: the mm
 */
struct mm_struct *mm_kunit_map_file_thp_tail(struct kunit *test,
					     struct mm_struct *thp_mm, int nr)
{
	struct file *file = mm_kunit_vma(thp_mm, MM_KUNIT_BASE)->vm_file;
	struct mm_struct *mm =
		mm_kunit_map_new(test, file, mm_kunit_addr(700), nr * PAGE_SIZE,
				 RW, MAP_SHARED, 4 * PAGE_SIZE);
	int i;

	for (i = 0; i < nr; i++)
		mm_kunit_write(test, mm, mm_kunit_addr(700 + i),
			       mm_kunit_content(4 + i));
	return mm;
}
