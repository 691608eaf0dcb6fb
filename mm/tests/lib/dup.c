// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapping that is duplicated or becomes a shared one, see dup.h.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/rmap.h>

#include "dup.h"
#include "entry.h"
#include "fixture.h"
#include "gup.h"
#include "pages.h"
#include "pgwalk.h"

/* A huge page of hugetlb has AnonExclusive in its first page only. */
static int mm_kunit_watched_pages(struct folio *folio)
{
	return folio_test_large(folio) && !folio_test_hugetlb(folio) ?
		       MM_KUNIT_DUP_PAGES :
		       1;
}

/**
 * mm_kunit_dup_choose_pages() - take what @src maps at MM_KUNIT_BASE
 * @d: the mapping, whose @src is set; gets its folio and its watched pages
 */
void mm_kunit_dup_choose_pages(struct mm_kunit_dup *d)
{
	d->first = mm_kunit_page_at(d->src->vm_mm, MM_KUNIT_BASE);
	d->folio = page_folio(d->first);
	d->watched = mm_kunit_watched_pages(d->folio);
}

static bool mm_kunit_dup_whole(struct mm_kunit_dup *d)
{
	return d->level == MM_KUNIT_DUP_PMD || d->level == MM_KUNIT_DUP_HUGETLB;
}

/* The kernel follows two mms of a large folio; others count as 0 here. */
static int mm_kunit_mm_mapcount(struct folio *folio, struct mm_struct *mm)
{
#ifdef CONFIG_MM_ID
	int i;

	if (!folio_test_large(folio) || folio_test_hugetlb(folio))
		return 0;
	for (i = 0; i < 2; i++)
		if (folio_mm_id(folio, i) == mm->mm_id)
			return folio->_mm_id_mapcount[i] + 1;
#endif
	return 0;
}

/* Whether the PTEs that map each page of the folio are counted. */
static bool mm_kunit_counts_pages(struct folio *folio)
{
	return !folio_test_large(folio) || IS_ENABLED(CONFIG_PAGE_MAPCOUNT);
}

/**
 * mm_kunit_dup_state() - read the counts of the folio and its watched pages
 * @d: the mapping
 */
struct mm_kunit_dup_state mm_kunit_dup_state(struct mm_kunit_dup *d)
{
	struct folio *folio = d->folio;
	bool large = folio_test_large(folio);
	struct mm_kunit_dup_state state = {
		.refs = folio_ref_count(folio),
		.pins = mm_kunit_pincount(folio),
		.entire = large ? folio_entire_mapcount(folio) : 0,
		.mappings = folio_mapcount(folio),
		.mm = mm_kunit_mm_mapcount(folio, d->dst->vm_mm),
	};
	int i;

	for (i = 0; i < d->watched; i++) {
		struct page *page = d->first + i;

		if (mm_kunit_counts_pages(folio))
			state.mapcount[i] = atomic_read(&page->_mapcount) + 1;
		state.exclusive[i] = folio_test_anon(folio) &&
				     PageAnonExclusive(page);
	}
	return state;
}

/* What a duplication that succeeds makes of @state. */
static struct mm_kunit_dup_state
mm_kunit_dup_state_after(struct mm_kunit_dup *d,
			 struct mm_kunit_dup_state state)
{
	int i, mappings = mm_kunit_dup_whole(d) ? 1 : d->nr;

	for (i = d->at; i < d->at + d->nr; i++) {
		state.exclusive[i] = false;
		if (!mm_kunit_dup_whole(d) && mm_kunit_counts_pages(d->folio))
			state.mapcount[i]++;
	}
	if (mm_kunit_dup_whole(d))
		state.entire++;
	state.mappings += mappings;
	if (IS_ENABLED(CONFIG_MM_ID) && folio_test_large(d->folio) &&
	    !folio_test_hugetlb(d->folio))
		state.mm += mappings;
	return state;
}

/**
 * mm_kunit_expect_dup_state() - compare the counts with what they should be
 * @test: the case
 * @d: the mapping
 * @name: what to call it in a message
 * @want: what they should be
 */
void mm_kunit_expect_dup_state(struct kunit *test, struct mm_kunit_dup *d,
			       const char *name, struct mm_kunit_dup_state want)
{
	struct mm_kunit_dup_state got = mm_kunit_dup_state(d);
	int i;

	KUNIT_EXPECT_EQ_MSG(test, got.refs, want.refs, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.pins, want.pins, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.entire, want.entire, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.mappings, want.mappings, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.mm, want.mm, "%s", name);
	for (i = 0; i < d->watched; i++) {
		KUNIT_EXPECT_EQ_MSG(test, got.mapcount[i], want.mapcount[i],
				    "%s, page %d", name, i);
		KUNIT_EXPECT_EQ_MSG(test, got.exclusive[i], want.exclusive[i],
				    "%s, page %d", name, i);
	}
}

/**
 * mm_kunit_dup_lock() - take the locks that fork() holds when it duplicates
 * @d: the mapping
 */
void mm_kunit_dup_lock(struct mm_kunit_dup *d) __acquires(d->ptl)
{
	struct mm_struct *mm = d->src->vm_mm;

	mmap_write_lock(mm);
	d->ptl = mm_kunit_lockptr(mm, d->src->vm_start);
	spin_lock(d->ptl);
	raw_write_seqcount_begin(&mm->write_protect_seq);
}

/**
 * mm_kunit_dup_unlock() - undo mm_kunit_dup_lock()
 * @d: the mapping
 */
void mm_kunit_dup_unlock(struct mm_kunit_dup *d) __releases(d->ptl)
{
	struct mm_struct *mm = d->src->vm_mm;

	raw_write_seqcount_end(&mm->write_protect_seq);
	spin_unlock(d->ptl);
	mmap_write_unlock(mm);
}

static int mm_kunit_try_dup_anon_rmap(struct mm_kunit_dup *d)
{
	struct page *page = d->first + d->at;

	switch (d->level) {
	case MM_KUNIT_DUP_PTE:
		return folio_try_dup_anon_rmap_pte(d->folio, page, d->dst,
						   d->src);
	case MM_KUNIT_DUP_PTES:
		return folio_try_dup_anon_rmap_ptes(d->folio, page, d->nr,
						    d->dst, d->src);
	case MM_KUNIT_DUP_PMD:
		return folio_try_dup_anon_rmap_pmd(d->folio, page, d->dst,
						   d->src);
	case MM_KUNIT_DUP_HUGETLB:
		return hugetlb_try_dup_anon_rmap(d->folio, d->src);
	}
	return -EINVAL;
}

static int mm_kunit_try_share_anon_rmap(struct mm_kunit_dup *d)
{
	struct page *page = d->first + d->at;

	if (d->level == MM_KUNIT_DUP_HUGETLB)
		return hugetlb_try_share_anon_rmap(d->folio);
	if (d->level == MM_KUNIT_DUP_PMD)
		return folio_try_share_anon_rmap_pmd(d->folio, page);
	return folio_try_share_anon_rmap_pte(d->folio, page);
}

static void mm_kunit_dup_file_rmap(struct mm_kunit_dup *d)
{
	struct page *page = d->first + d->at;

	switch (d->level) {
	case MM_KUNIT_DUP_PTE:
		folio_dup_file_rmap_pte(d->folio, page, d->dst);
		break;
	case MM_KUNIT_DUP_PTES:
		folio_dup_file_rmap_ptes(d->folio, page, d->nr, d->dst);
		break;
	case MM_KUNIT_DUP_PMD:
		folio_dup_file_rmap_pmd(d->folio, page, d->dst);
		break;
	case MM_KUNIT_DUP_HUGETLB:
		hugetlb_add_file_rmap(d->folio);
		break;
	}
}

/**
 * mm_kunit_undo_dup() - remove the new mapping from the counts
 * @d: the mapping, which was duplicated
 */
void mm_kunit_undo_dup(struct mm_kunit_dup *d)
{
	struct page *page = d->first + d->at;

	mm_kunit_dup_lock(d);
	switch (d->level) {
	case MM_KUNIT_DUP_PTE:
		folio_remove_rmap_pte(d->folio, page, d->dst);
		break;
	case MM_KUNIT_DUP_PTES:
		folio_remove_rmap_ptes(d->folio, page, d->nr, d->dst);
		break;
	case MM_KUNIT_DUP_PMD:
		folio_remove_rmap_pmd(d->folio, page, d->dst);
		break;
	case MM_KUNIT_DUP_HUGETLB:
		hugetlb_remove_rmap(d->folio);
		break;
	}
	mm_kunit_dup_unlock(d);
}

/**
 * mm_kunit_expect_dup() - duplicate an anonymous mapping, and undo it
 * @test: the case
 * @d: the mapping
 * @name: what to call it in a message
 * @want: what the function must return; if it fails, nothing may have changed
 */
void mm_kunit_expect_dup(struct kunit *test, struct mm_kunit_dup *d,
			 const char *name, int want)
{
	struct mm_kunit_dup_state before = mm_kunit_dup_state(d);
	int ret;

	mm_kunit_dup_lock(d);
	ret = mm_kunit_try_dup_anon_rmap(d);
	mm_kunit_dup_unlock(d);
	KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", name);
	mm_kunit_expect_dup_state(test, d, name,
				  want ? before :
					 mm_kunit_dup_state_after(d, before));
	if (!ret)
		mm_kunit_undo_dup(d);
}

/**
 * mm_kunit_expect_share() - try to make an exclusive page a shared one
 * @test: the case
 * @d: the mapping
 * @name: what to call it in a message
 * @want: what the function must return; if it fails, nothing may have changed
 */
void mm_kunit_expect_share(struct kunit *test, struct mm_kunit_dup *d,
			   const char *name, int want)
{
	struct mm_kunit_dup_state expected = mm_kunit_dup_state(d);
	int ret;

	if (!want)
		expected.exclusive[d->at] = false;
	mm_kunit_dup_lock(d);
	ret = mm_kunit_try_share_anon_rmap(d);
	mm_kunit_dup_unlock(d);
	KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", name);
	mm_kunit_expect_dup_state(test, d, name, expected);
}

/**
 * mm_kunit_expect_file_dup() - duplicate the mapping of a file's pages
 * @test: the case
 * @d: the mapping; the caller ends with mm_kunit_undo_dup()
 */
void mm_kunit_expect_file_dup(struct kunit *test, struct mm_kunit_dup *d)
{
	struct mm_kunit_dup_state want =
		mm_kunit_dup_state_after(d, mm_kunit_dup_state(d));

	mm_kunit_dup_lock(d);
	mm_kunit_dup_file_rmap(d);
	mm_kunit_dup_unlock(d);
	mm_kunit_expect_dup_state(test, d, "file", want);
}
