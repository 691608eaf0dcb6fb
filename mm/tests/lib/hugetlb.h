/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hugetlb files, and a check of what hugetlb counts against the page tables.
 */
#ifndef _MM_KUNIT_HUGETLB_H
#define _MM_KUNIT_HUGETLB_H

#include <kunit/test.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>

struct file;
struct folio;
struct mm_kunit;

#ifdef CONFIG_HUGETLB_PAGE
unsigned long mm_kunit_set_overcommit(unsigned long nr);
long mm_kunit_nr_huge_pages(void);
long mm_kunit_resv_huge_pages(void);
struct file *mm_kunit_hugetlb_file(struct kunit *test, unsigned long size);
int mm_kunit_share_count(struct page *table);
bool mm_kunit_check_hugetlb(struct mm_kunit *fx, char *msg, size_t size);
#else
static inline unsigned long mm_kunit_set_overcommit(unsigned long nr)
{
	return 0;
}

static inline long mm_kunit_nr_huge_pages(void)
{
	return 0;
}

static inline long mm_kunit_resv_huge_pages(void)
{
	return 0;
}

static inline struct file *mm_kunit_hugetlb_file(struct kunit *test,
						 unsigned long size)
{
	kunit_skip(test, "hugetlb is compiled out");
	return NULL;
}

static inline int mm_kunit_share_count(struct page *table)
{
	return 0;
}

static inline bool mm_kunit_check_hugetlb(struct mm_kunit *fx, char *msg,
					  size_t size)
{
	*msg = '\0';
	return true;
}
#endif

/**
 * mm_kunit_hugetlb_cache_refs() - references of the page cache to a huge page
 */
#ifndef mm_kunit_hugetlb_cache_refs
static inline int mm_kunit_hugetlb_cache_refs(void)
{
	return PMD_SIZE / PAGE_SIZE;
}
#endif

/**
 * mm_kunit_require_pmd_sharing() - skip a case if PMD tables are never shared
 * @test: the case
 */
static inline void mm_kunit_require_pmd_sharing(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING))
		kunit_skip(test, "huge PMD sharing is compiled out");
}

pte_t *mm_kunit_huge_pte_alloc(struct vm_area_struct *vma, unsigned long addr);
int mm_kunit_migrate_hugetlb(struct folio *folio);

#endif /* _MM_KUNIT_HUGETLB_H */
