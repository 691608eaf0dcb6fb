/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often pages are mapped, counted in the page tables of all mms of a
 * case.
 */
#ifndef _MM_KUNIT_MAPPINGS_H
#define _MM_KUNIT_MAPPINGS_H

#include <linux/mm_types.h>

struct mm_kunit;

/**
 * struct mm_kunit_mappings - what maps a run of pages, in all mms of a case
 * @ptes: PTEs that map one of the pages
 * @pmds: PMDs that map one of them, huge pages of hugetlb included
 * @writable: how many of all these may be written through
 * @migration: entries of either size that stand for one of them meanwhile
 * @hwpoison: entries of either size that say it is hwpoisoned
 */
struct mm_kunit_mappings {
	int ptes;
	int pmds;
	int writable;
	int migration;
	int hwpoison;
};

/**
 * struct mm_kunit_page_mappings - what maps one page, in all mms of a case
 * @ptes: PTEs that map it
 * @pmds: PMDs that map a huge page that it is part of
 * @writable: how many of these may be written through
 * @mms: a bit for each slot of the fixture whose mm is among them
 */
struct mm_kunit_page_mappings {
	int ptes;
	int pmds;
	int writable;
	unsigned int mms;
};

struct mm_kunit_mappings mm_kunit_count_mappings(struct mm_kunit *fx,
						 struct page *page,
						 unsigned long nr);
void mm_kunit_count_each_page(struct mm_kunit *fx, struct page *page,
			      unsigned long nr,
			      struct mm_kunit_page_mappings *each);

#endif /* _MM_KUNIT_MAPPINGS_H */
