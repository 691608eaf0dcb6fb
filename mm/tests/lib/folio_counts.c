// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapcounts of a folio against the page tables, see folio_counts.h.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/mm.h>

#include "entry.h"
#include "fixture.h"
#include "folio_counts.h"
#include "snapshot.h"

/**
 * mm_kunit_folio_counts_at() - make room to count what maps a folio
 * @test: the case, which owns the memory
 * @mm: an mm that maps the folio
 * @addr: where it does
 */
struct mm_kunit_folio_counts *mm_kunit_folio_counts_at(struct kunit *test,
						       struct mm_struct *mm,
						       unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr);
	struct mm_kunit_folio_counts *c;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	c->folio = page_folio(page);
	c->nr = folio_nr_pages(c->folio);
	KUNIT_ASSERT_LE(test, c->nr, (int)ARRAY_SIZE(c->each));
	return c;
}

/**
 * mm_kunit_count_folio() - count what maps a folio now
 * @fx: the mms to look through, all their entries
 * @c: the folio, and where the counts go
 */
void mm_kunit_count_folio(struct mm_kunit *fx, struct mm_kunit_folio_counts *c)
{
	unsigned int mms = 0;
	int i;

	mm_kunit_count_each_page(fx, folio_page(c->folio, 0), c->nr, c->each);
	c->ptes = 0;
	c->highest = 0;
	c->pmds = c->each[0].pmds;
	for (i = 0; i < c->nr; i++) {
		struct mm_kunit_page_mappings *page = &c->each[i];

		c->ptes += page->ptes;
		c->highest = max(c->highest, page->ptes + page->pmds);
		mms |= page->mms;
	}
	c->mms = hweight32(mms);
	c->most_mms = max(c->most_mms, c->mms);
}

static bool mm_kunit_check_mapcount(struct mm_kunit_folio_counts *c, char *msg,
				    size_t size)
{
	int total = mm_kunit_total_mappings(c);
	int mapcount = folio_mapcount(c->folio);

	if (mapcount != total)
		return mm_kunit_mismatch(msg, size,
					 "%d PMDs and %d PTEs map it, the mapcount is %d",
					 c->pmds, c->ptes, mapcount);
	if (folio_mapped(c->folio) != !!total)
		return mm_kunit_mismatch(msg, size,
					 "%d PMDs and %d PTEs map it, mapped is %d",
					 c->pmds, c->ptes, !total);
	return true;
}

static bool mm_kunit_check_entire_mapcount(struct mm_kunit_folio_counts *c,
					   char *msg, size_t size)
{
	int entire = 0;

	if (folio_test_large(c->folio))
		entire = folio_entire_mapcount(c->folio);
	if (entire != c->pmds)
		return mm_kunit_mismatch(msg, size,
					 "%d PMDs map it, the entire mapcount is %d",
					 c->pmds, entire);
	return true;
}

static bool mm_kunit_check_page_mapcounts(struct mm_kunit_folio_counts *c,
					  char *msg, size_t size)
{
	int i;

	if (c->nr > 1 && !IS_ENABLED(CONFIG_PAGE_MAPCOUNT))
		return true;
	for (i = 0; i < c->nr; i++) {
		struct page *page = folio_page(c->folio, i);
		int mappings = c->each[i].ptes + c->each[i].pmds;
		int mapcount = mm_kunit_precise_mapcount(page);

		if (mapcount != mappings)
			return mm_kunit_mismatch(msg, size,
						 "page %d is mapped %d times, its mapcount is %d",
						 i, mappings, mapcount);
	}
	return true;
}

static bool mm_kunit_check_mapped_shared(struct mm_kunit_folio_counts *c,
					 char *msg, size_t size)
{
	bool shared = folio_maybe_mapped_shared(c->folio);

	if (mm_kunit_must_be_shared(c) && !shared)
		return mm_kunit_mismatch(msg, size,
					 "%d mms map it, and it is not shared",
					 c->mms);
	if (mm_kunit_must_be_unshared(c) && shared)
		return mm_kunit_mismatch(msg, size,
					 "%d mms map it, and it is shared",
					 c->mms);
	return true;
}

/**
 * mm_kunit_check_folio_counts() - do all counts of a folio match the page tables
 * @c: what maps the folio, by mm_kunit_count_folio()
 * @msg: says which count does not match
 * @size: of @msg, in bytes
 */
bool mm_kunit_check_folio_counts(struct mm_kunit_folio_counts *c, char *msg,
				 size_t size)
{
	return mm_kunit_check_mapcount(c, msg, size) &&
	       mm_kunit_check_entire_mapcount(c, msg, size) &&
	       mm_kunit_check_page_mapcounts(c, msg, size) &&
	       mm_kunit_compat_folio_counts(c, msg, size) &&
	       mm_kunit_check_mapped_shared(c, msg, size);
}

/**
 * mm_kunit_expect_folio_counts() - a folio is mapped as the case means it, and
 *	its counts say so
 * @test: the case; it stops if the folio is not mapped so
 * @c: the folio
 * @pmds: how many PMDs map it
 * @ptes: how many PTEs map it
 */
void mm_kunit_expect_folio_counts(struct kunit *test,
				  struct mm_kunit_folio_counts *c, int pmds,
				  int ptes)
{
	char msg[MM_KUNIT_MSG_SIZE] = "";

	mm_kunit_count_folio(test->priv, c);
	KUNIT_ASSERT_EQ(test, c->pmds, pmds);
	KUNIT_ASSERT_EQ(test, c->ptes, ptes);
	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_check_folio_counts(c, msg, sizeof(msg)),
			      "%s", msg);
}
