/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Huge pages of anonymous memory and of shmem. All of it is setup, and
 * asserts that it worked; a case is skipped where there are no huge pages.
 */
#ifndef _MM_KUNIT_THP_H
#define _MM_KUNIT_THP_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>

struct kunit;
struct mm_kunit_folio_counts;

/* Pages that a PMD maps; HPAGE_PMD_NR does not compile without THP. */
#define MM_KUNIT_HUGE_NR ((int)(PMD_SIZE >> PAGE_SHIFT))

/* In sysfs: whether shmem may use huge pages. */
#define MM_KUNIT_SHMEM_ENABLED "kernel/mm/transparent_hugepage/shmem_enabled"

/**
 * mm_kunit_isolate_lru() - take a folio off its LRU list
 * @folio: the folio
 *
 * For who includes mm/internal.h.
 *
 * Return: whether it was on one
 */
#ifndef mm_kunit_isolate_lru
#define mm_kunit_isolate_lru(folio) folio_isolate_lru(folio)
#endif

/**
 * mm_kunit_is_split_queued() - whether a folio waits to be split under pressure
 * @folio: the folio, which is large
 */
#ifndef mm_kunit_is_split_queued
#define mm_kunit_is_split_queued(folio) \
	(!list_empty(&(folio)->_deferred_list))
#endif

/**
 * struct mm_kunit_thp - an anonymous folio that an mm has mapped
 * @mm: the mm
 * @folio: the folio; nobody else has a reference to it at first
 * @counts: what maps it
 */
struct mm_kunit_thp {
	struct mm_struct *mm;
	struct folio *folio;
	struct mm_kunit_folio_counts *counts;
};

void mm_kunit_require_thp(struct kunit *test);
void mm_kunit_require_file_thp(struct kunit *test);
struct mm_struct *mm_kunit_thp_mm(struct kunit *test, int nr);
void mm_kunit_split_pmd(struct kunit *test, struct mm_struct *mm);
void mm_kunit_map_file_thp(struct kunit *test, struct mm_struct *mm[2],
			   unsigned long len);
struct mm_struct *mm_kunit_map_file_thp_tail(struct kunit *test,
					     struct mm_struct *thp_mm, int nr);

struct mm_kunit_thp mm_kunit_new_thp(struct kunit *test);
struct mm_kunit_thp mm_kunit_scattered_thp(struct kunit *test);
int mm_kunit_split_folio(struct page *page);
int mm_kunit_pages_in_place(struct mm_struct *mm, struct folio *folio);
void mm_kunit_unmap_pages(struct kunit *test, struct mm_struct *mm, int from,
			  int nr);
void mm_kunit_keep_pages(struct kunit *test, struct mm_struct *mm, int from,
			 int nr);
void mm_kunit_fork_all(struct kunit *test, struct mm_struct *mm,
		       struct mm_struct **child, int nr);

#endif /* _MM_KUNIT_THP_H */
