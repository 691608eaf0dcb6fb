/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapcounts of a folio, checked against what the page tables of all mms of a
 * case map.
 */
#ifndef _MM_KUNIT_FOLIO_COUNTS_H
#define _MM_KUNIT_FOLIO_COUNTS_H

#include <linux/mm.h>
#include <linux/pgtable.h>
#include "mappings.h"

struct kunit;

/**
 * struct mm_kunit_folio_counts - what maps a folio, and each page of it
 * @folio: the folio
 * @nr: how many pages it has
 * @ptes: PTEs that map one of them
 * @pmds: PMDs that map all of them
 * @highest: mappings of the page that has most
 * @mms: how many mms have all these mappings
 * @most_mms: the highest @mms since the case knows the folio
 * @each: what maps each page
 *
 * All of it is read from the page tables, nothing from the folio.
 */
struct mm_kunit_folio_counts {
	struct folio *folio;
	int nr;
	int ptes;
	int pmds;
	int highest;
	int mms;
	int most_mms;
	struct mm_kunit_page_mappings each[PTRS_PER_PTE];
};

/**
 * mm_kunit_total_mappings() - entries that map a folio, PMDs and PTEs alike
 * @c: what maps the folio
 */
static inline int mm_kunit_total_mappings(const struct mm_kunit_folio_counts *c)
{
	return c->pmds + c->ptes;
}

/**
 * mm_kunit_precise_mapcount() - how often a page is mapped, by PTEs or PMDs
 * @page: the page, which may be part of a large folio
 *
 * Not for a page of a large folio without CONFIG_PAGE_MAPCOUNT.
 */
#ifndef mm_kunit_precise_mapcount
static inline int mm_kunit_precise_mapcount(struct page *page)
{
	struct folio *folio = page_folio(page);
	int mapcount = atomic_read(&page->_mapcount) + 1;

	if (folio_test_large(folio))
		mapcount += folio_entire_mapcount(folio);
	return mapcount;
}
#endif

/**
 * mm_kunit_must_be_shared() - must folio_maybe_mapped_shared() be true
 * @c: what maps the folio
 */
#ifndef mm_kunit_must_be_shared
static inline bool
mm_kunit_must_be_shared(const struct mm_kunit_folio_counts *c)
{
	return c->mms > 1;
}
#endif

/**
 * mm_kunit_must_be_unshared() - must folio_maybe_mapped_shared() be false
 * @c: what maps the folio
 *
 * A large folio follows two mms: one that was mapped by more than two may stay
 * shared when one mm is left. The folio of a file may stay so as well, because
 * one mm may map it twice.
 */
#ifndef mm_kunit_must_be_unshared
static inline bool
mm_kunit_must_be_unshared(const struct mm_kunit_folio_counts *c)
{
	return c->mms < 2 && folio_test_anon(c->folio) &&
	       (c->most_mms <= 2 || c->nr == 1);
}
#endif

struct mm_kunit_folio_counts *mm_kunit_folio_counts_at(struct kunit *test,
						       struct mm_struct *mm,
						       unsigned long addr);
void mm_kunit_count_folio(struct mm_kunit *fx, struct mm_kunit_folio_counts *c);
bool mm_kunit_check_folio_counts(struct mm_kunit_folio_counts *c, char *msg,
				 size_t size);
void mm_kunit_expect_folio_counts(struct kunit *test,
				  struct mm_kunit_folio_counts *c, int pmds,
				  int ptes);

#endif /* _MM_KUNIT_FOLIO_COUNTS_H */
