/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order in which the counts of a folio change: watchpoints look at them
 * behind each store.
 */
#ifndef _MM_KUNIT_ORDER_H
#define _MM_KUNIT_ORDER_H

#include <linux/mm.h>

struct kunit;

/**
 * struct mm_kunit_order - references and mappings of a folio, at each store
 * @folio: the folio
 * @spare: how many references it has beyond one for each mapping, at least
 * @stores: how often one of the two counts was stored to
 * @wrong: how often it had fewer
 * @refs: its references, when it first had fewer
 * @mapcount: its mappings then
 * @watch: the watchpoints
 */
struct mm_kunit_order {
	struct folio *folio;
	int spare;
	int stores;
	int wrong;
	int refs;
	int mapcount;
	void *watch[2];
};

/**
 * mm_kunit_mapcount_ptr() - the count that changes with a mapping
 * @page: the page that is mapped
 * @pmd: whether a PMD maps it
 */
#ifndef mm_kunit_mapcount_ptr
static inline atomic_t *mm_kunit_mapcount_ptr(struct page *page, bool pmd)
{
	struct folio *folio = page_folio(page);

	return folio_test_large(folio) ? &folio->_large_mapcount :
					 &page->_mapcount;
}
#endif

struct mm_kunit_order *mm_kunit_watch_order(struct kunit *test,
					    struct mm_struct *mm,
					    unsigned long addr);
void mm_kunit_expect_order(struct kunit *test, struct mm_kunit_order *order,
			   int least);

#endif /* _MM_KUNIT_ORDER_H */
