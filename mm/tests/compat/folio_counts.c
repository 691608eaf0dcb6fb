// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts of a folio that only older trees have: PageDoubleMap() and
 * page_trans_huge_mapcount(). lib/folio_counts.c calls these checks.
 */
#include <linux/mm.h>

#include "../lib/folio_counts.h"
#include "../lib/snapshot.h"

#ifndef CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED
/**
 * mm_kunit_compat_mapped_whole() - does each mm that maps a folio map all of it
 * @c: what maps the folio
 *
 * folio_likely_mapped_shared() may take a folio that is mapped in part for one
 * mm's own, so it must see only these.
 */
bool mm_kunit_compat_mapped_whole(const struct mm_kunit_folio_counts *c)
{
	unsigned int any = 0, all = ~0U;
	int i;

	for (i = 0; i < c->nr; i++) {
		any |= c->each[i].mms;
		all &= c->each[i].mms;
	}
	return any == all;
}
#endif

#ifndef mm_kunit_compat_folio_counts
#ifdef CONFIG_MM_KUNIT_HAS_DOUBLE_MAP
/*
 * While a PMD and PTEs map an anonymous huge page, each of its pages counts one
 * mapping more than it has PTEs, and PageDoubleMap() says so.
 */
static bool mm_kunit_check_double_map(struct mm_kunit_folio_counts *c,
				      char *msg, size_t size)
{
	struct page *head = folio_page(c->folio, 0);
	bool set = PageCompound(head) && PageDoubleMap(head);

	if (!PageAnon(head))
		return true;
	if (set ? !c->pmds : c->pmds && c->ptes)
		return mm_kunit_mismatch(msg, size,
					 "PageDoubleMap is %d with %d PMDs and %d PTEs",
					 set, c->pmds, c->ptes);
	return true;
}
#else
static bool mm_kunit_check_double_map(struct mm_kunit_folio_counts *c,
				      char *msg, size_t size)
{
	return true;
}
#endif

#ifdef CONFIG_MM_KUNIT_HAS_TRANS_HUGE_MAPCOUNT
static bool mm_kunit_check_trans_huge_mapcount(struct mm_kunit_folio_counts *c,
					       int i, char *msg, size_t size)
{
	struct page *page = folio_page(c->folio, i);
	int total = -1;
	int highest = page_trans_huge_mapcount(page, &total);

	if (highest != c->highest || total != mm_kunit_total_mappings(c))
		return mm_kunit_mismatch(msg, size,
					 "from page %d the highest mapcount is %d, not %d, and the total %d, not %d",
					 i, highest, c->highest, total,
					 mm_kunit_total_mappings(c));
	if (page_trans_huge_mapcount(page, NULL) != highest)
		return mm_kunit_mismatch(msg, size,
					 "the highest mapcount depends on whether the total is asked for");
	return true;
}

/* It is for anonymous pages, whose pages do not count a PMD. */
static bool mm_kunit_check_trans_huge_mapcounts(struct mm_kunit_folio_counts *c,
						char *msg, size_t size)
{
	const int from[] = { 0, 1, c->nr / 2, c->nr - 1 };
	int i;

	if (!PageAnon(folio_page(c->folio, 0)))
		return true;
	for (i = 0; i < ARRAY_SIZE(from); i++)
		if (from[i] < c->nr &&
		    !mm_kunit_check_trans_huge_mapcount(c, from[i], msg, size))
			return false;
	return true;
}
#else
static bool mm_kunit_check_trans_huge_mapcounts(struct mm_kunit_folio_counts *c,
						char *msg, size_t size)
{
	return true;
}
#endif

/**
 * mm_kunit_compat_folio_counts() - do the counts of older trees match
 * @c: what maps the folio
 * @msg: says which count does not match
 * @size: of @msg, in bytes
 */
bool mm_kunit_compat_folio_counts(struct mm_kunit_folio_counts *c, char *msg,
				  size_t size)
{
	return mm_kunit_check_double_map(c, msg, size) &&
	       mm_kunit_check_trans_huge_mapcounts(c, msg, size);
}
#endif /* mm_kunit_compat_folio_counts */
