// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages that are split, or move to another folio.
 *
 * Whatever knew the huge page knows its successors: page tables, the file, the
 * swap cache. What nobody needs any more is free.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "../internal.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/swap.h"
#include "lib/thp.h"
#include "lib/watch.h"

/* @private: the folio to move to, or 0 for a new one. */
static struct folio *split_new_folio(struct folio *old, unsigned long private)
{
	if (private)
		return (struct folio *)private;
	return folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY,
			   folio_order(old));
}

/* Move @folio to @dst. Returns what migrate_pages() returns, or -EBUSY. */
static int split_migrate_to(struct folio *folio, struct folio *dst)
{
	LIST_HEAD(folios);
	int ret;

	if (!mm_kunit_isolate_lru(folio))
		return -EBUSY;
	mod_node_page_state(page_pgdat(folio_page(folio, 0)), NR_ISOLATED_ANON,
			    folio_nr_pages(folio));
	list_add(&folio_page(folio, 0)->lru, &folios);
	ret = migrate_pages(&folios, split_new_folio, NULL, (unsigned long)dst,
			    MIGRATE_SYNC, MR_SYSCALL, NULL);
	if (ret)
		putback_movable_pages(&folios);
	return ret;
}

static int split_migrate(struct folio *folio)
{
	return split_migrate_to(folio, NULL);
}

/* Anonymous memory. */

/*
 * 9658d698a8a8 ("mm/rmap: fix soft-dirty and uffd-wp bit loss when remapping
 * zero-filled mTHP subpage to shared zeropage"): a page that holds nothing is
 * replaced by the zero page, and whoever follows writes by the soft-dirty bit
 * was not told of that one.
 */
static void split_keeps_soft_dirty_bits(struct kunit *test)
{
	struct mm_kunit_thp thp;
	struct page *page;
	bool was[MM_KUNIT_HUGE_NR];
	int i;

	if (!IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		kunit_skip(test, "the kernel keeps no soft-dirty bits");
	thp = mm_kunit_new_thp(test); /* it has zeroes from page 4 on */
	mm_kunit_split_pmd(test, thp.mm);
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++)
		was[i] = mm_kunit_entry_at(thp.mm, mm_kunit_addr(i)).soft_dirty;
	KUNIT_ASSERT_TRUE(test, was[MM_KUNIT_HUGE_NR - 1]);
	page = folio_page(thp.folio, 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_split_folio(page), 0);
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++) {
		struct mm_kunit_entry entry =
			mm_kunit_entry_at(thp.mm, mm_kunit_addr(i));

		KUNIT_EXPECT_EQ_MSG(test, (int)entry.kind,
				    (int)MM_KUNIT_PRESENT, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, entry.soft_dirty, was[i], "page %d",
				    i);
	}
	mm_kunit_expect_pages(test, thp.mm, 4);
}

/* Put a huge page into the swap cache, where it stays mapped. */
static void split_add_to_swap(struct kunit *test, struct folio *folio)
{
	int ret;

	folio_lock(folio);
	ret = mm_kunit_add_to_swap(folio);
	folio_unlock(folio);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "no room for a huge page in swap");
}

/*
 * 71e2d666ef85 ("mm/huge_memory: do not clobber swp_entry_t during THP split"):
 * each page has its own slot in the swap cache. A split cleared what tells the
 * pages theirs.
 */
static void split_of_thp_in_swap_cache_keeps_its_slots(struct kunit *test)
{
	struct mm_kunit_thp thp;
	unsigned long first;
	struct page *page;
	int i;

	mm_kunit_require_thp(test);
	mm_kunit_swapon(test);
	thp = mm_kunit_new_thp(test);
	mm_kunit_write_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	split_add_to_swap(test, thp.folio);
	page = folio_page(thp.folio, 0);
	first = mm_kunit_swap_slot(page);
	KUNIT_EXPECT_EQ(test, mm_kunit_split_folio(page), 0);
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++) {
		struct folio *folio = page_folio(page + i);

		KUNIT_EXPECT_TRUE_MSG(test, folio_test_swapcache(folio),
				      "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_swap_slot(page + i),
				    first + i, "page %d", i);
	}
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_swap_out(test, thp.mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_swapoff(test);
}

static void
thp_in_swap_cache_keeps_its_slots_when_it_migrates(struct kunit *test)
{
	struct mm_kunit_thp thp;
	unsigned long first;
	struct page *moved;
	int i;

	mm_kunit_require_thp(test);
	if (!thp_migration_supported())
		kunit_skip(test, "a huge page is split before it migrates");
	mm_kunit_swapon(test);
	thp = mm_kunit_new_thp(test);
	mm_kunit_write_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	split_add_to_swap(test, thp.folio);
	first = mm_kunit_swap_slot(folio_page(thp.folio, 0));
	KUNIT_ASSERT_EQ(test, split_migrate(thp.folio), 0);
	moved = mm_kunit_page_at(thp.mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, moved);
	KUNIT_EXPECT_PTR_NE(test, moved, folio_page(thp.folio, 0));
	KUNIT_EXPECT_TRUE(test, folio_test_swapcache(page_folio(moved)));
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++)
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_swap_slot(moved + i),
				    first + i, "page %d", i);
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_swap_out(test, thp.mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_expect_pages(test, thp.mm, MM_KUNIT_HUGE_NR);
	mm_kunit_swapoff(test);
}

/* Files. */

#define KEPT 4

/* Returns the first page of a file's huge page that nobody maps any more. */
static struct page *split_file_thp(struct kunit *test, struct file **file)
{
	struct mm_struct *mm[2];
	struct page *page;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	*file = mm_kunit_vma(mm[0], MM_KUNIT_BASE)->vm_file;
	page = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	mm_kunit_exit_mm(test, mm[0]);
	mm_kunit_exit_mm(test, mm[1]);
	lru_add_drain_all();
	return page;
}

/* Somebody else may use a few of the pages again, but not all. */
static void split_expect_free(struct kunit *test, struct page *page, int nr)
{
	int i, used = 0;

	lru_add_drain_all();
	for (i = 0; i < nr; i++)
		used += page_ref_count(page + i) != 0;
	KUNIT_EXPECT_LT_MSG(test, used, nr / 8, "of %d pages", nr);
}

static void split_expect_kept(struct kunit *test, struct file *file)
{
	struct mm_struct *mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
						KEPT * PAGE_SIZE, PROT_READ,
						MAP_SHARED, 0);

	mm_kunit_expect_pages(test, mm, KEPT);
}

/*
 * 14efb4793519 ("mm/huge_memory: drop beyond-EOF folios with the right number
 * of refs"): a folio behind the end of the file lost one reference for all its
 * pages, and was never freed.
 */
static void truncation_of_file_thp_frees_the_rest(struct kunit *test)
{
	struct file *file;
	struct page *page = split_file_thp(test, &file);

	KUNIT_ASSERT_EQ(test, (int)vfs_truncate(&file->f_path, KEPT * PAGE_SIZE),
			0);
	split_expect_free(test, page + KEPT, MM_KUNIT_HUGE_NR - KEPT);
	split_expect_kept(test, file);
}

/* Whether a huge page of a file may become large ones, not small ones alone. */
#ifndef mm_kunit_splits_to_large
static bool mm_kunit_splits_to_large(struct address_space *mapping)
{
	return true;
}
#endif

/* The same where the successors are large themselves. */
static void split_in_part_frees_what_is_behind_the_end(struct kunit *test)
{
	struct file *file;
	struct page *page = split_file_thp(test, &file);
	int ret;

	if (!mm_kunit_splits_to_large(file->f_mapping))
		kunit_skip(test, "a file has no large page that is not huge");
	i_size_write(file_inode(file), KEPT * PAGE_SIZE);
	get_page(page);
	folio_lock(page_folio(page));
	ret = split_huge_page_to_list_to_order(page, NULL, 2);
	folio_unlock(page_folio(page));
	put_page(page);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, (int)folio_order(page_folio(page)), 2);
	split_expect_free(test, page + KEPT, MM_KUNIT_HUGE_NR - KEPT);
	split_expect_kept(test, file);
}

/*
 * 60cf233b585c ("mm/migrate: fix shmem xarray update during migration"): the
 * one entry that a file has for a huge page of shmem was written as if it were
 * an entry for each page, and fell to pieces.
 */
static void file_thp_stays_one_entry_when_it_migrates(struct kunit *test)
{
	struct address_space *mapping;
	struct folio *folio, *moved;
	struct file *file;
	int i;

	if (!IS_ENABLED(CONFIG_MIGRATION))
		kunit_skip(test, "page migration is compiled out");
	folio = page_folio(split_file_thp(test, &file));
	mapping = file->f_mapping;
	KUNIT_ASSERT_EQ(test, (int)xa_get_order(&mapping->i_pages, 0),
			(int)folio_order(folio));
	KUNIT_ASSERT_EQ(test, split_migrate(folio), 0);
	moved = xa_load(&mapping->i_pages, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, moved);
	KUNIT_EXPECT_PTR_NE(test, moved, folio);
	KUNIT_EXPECT_EQ(test, (int)xa_get_order(&mapping->i_pages, 0),
			(int)folio_order(moved));
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test, xa_load(&mapping->i_pages, i),
					(void *)moved, "page %d", i);
	split_expect_kept(test, file);
	KUNIT_EXPECT_EQ(test, mapping->nrpages,
			(unsigned long)MM_KUNIT_HUGE_NR);
}

/**
 * struct unlock_watch - whether a lock is held when a page is unlocked
 * @flags: flags of the page
 * @rwsem: the lock
 * @locked: the page is locked
 * @unlocks: how often it was unlocked
 * @held: how often that was under the lock
 */
struct unlock_watch {
	unsigned long *flags;
	struct rw_semaphore *rwsem;
	bool locked;
	int unlocks;
	int held;
};

static void unlock_watch_store(struct perf_event *bp,
			       struct perf_sample_data *data,
			       struct pt_regs *regs)
{
	struct unlock_watch *watch = mm_kunit_watch_context(bp);
	bool locked = test_bit(PG_locked, watch->flags);

	if (watch->locked && !locked) {
		watch->unlocks++;
		watch->held += rwsem_is_locked(watch->rwsem);
	}
	watch->locked = locked;
}

/*
 * e923bd21058e ("mm/huge_memory: unlock i_mmap_rwsem before releasing
 * after-split folios"): once a successor is unlocked, the file may lose its
 * last page, and the inode with the lock in it may be gone when the split lets
 * go of that.
 */
static void split_lets_go_of_file_before_its_pages(struct kunit *test)
{
	struct unlock_watch *watch;
	struct file *file;
	struct page *page;
	void *stores;

	mm_kunit_require_watch(test);
	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	page = split_file_thp(test, &file);
	/* The first tail pages of a huge page have other things in there. */
	watch->flags = (unsigned long *)&page[KEPT].flags;
	watch->rwsem = &file->f_mapping->i_mmap_rwsem;
	stores = mm_kunit_watch(test, watch->flags, HW_BREAKPOINT_LEN_8,
				unlock_watch_store, watch);
	KUNIT_ASSERT_EQ(test, mm_kunit_split_folio(page), 0);
	mm_kunit_unwatch(test, stores);
	KUNIT_EXPECT_EQ(test, watch->unlocks, 1);
	KUNIT_EXPECT_EQ(test, watch->held, 0);
	split_expect_kept(test, file);
}

/**
 * struct put_watch - whether an mm counts a folio that it has no reference to
 * @folio: the folio
 * @mm: the mm
 * @refs: the folio's references so far
 * @puts: how often one was dropped
 * @early: how often the mm counted all its pages still
 */
struct put_watch {
	struct folio *folio;
	struct mm_struct *mm;
	int refs;
	int puts;
	int early;
};

static void put_watch_store(struct perf_event *bp,
			    struct perf_sample_data *data, struct pt_regs *regs)
{
	struct put_watch *watch = mm_kunit_watch_context(bp);
	int refs = folio_ref_count(watch->folio);

	if (refs < watch->refs) {
		watch->puts++;
		watch->early += get_mm_counter(watch->mm, MM_SHMEMPAGES) >
				MM_KUNIT_HUGE_NR / 2;
	}
	watch->refs = refs;
}

/*
 * 8d878059924f ("mm/huge_memory: update file PMD counter before folio_put()"):
 * a PMD that goes dropped its reference, which may be the last, and then asked
 * the folio which of the mm's counters it is in.
 */
static void split_of_file_pmd_counts_before_it_puts(struct kunit *test)
{
	struct put_watch *watch;
	struct mm_struct *mm[2];
	void *stores;
	long ret;

	mm_kunit_require_watch(test);
	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	mm_kunit_exit_mm(test, mm[1]);
	lru_add_drain_all();
	watch->mm = mm[0];
	watch->folio = page_folio(mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	watch->refs = folio_ref_count(watch->folio);
	KUNIT_ASSERT_GT(test, (int)get_mm_counter(mm[0], MM_SHMEMPAGES),
			MM_KUNIT_HUGE_NR / 2);
	stores = mm_kunit_watch(test, &folio_page(watch->folio, 0)->_refcount,
				HW_BREAKPOINT_LEN_4, put_watch_store, watch);
	ret = mm_kunit_munmap(mm[0], MM_KUNIT_BASE, PAGE_SIZE);
	mm_kunit_unwatch(test, stores);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	KUNIT_EXPECT_GE(test, watch->puts, 1);
	KUNIT_EXPECT_EQ(test, watch->early, 0);
}

/**
 * struct restore_watch - whether a huge page that comes back is queued
 * @pmd: where it is mapped
 * @old: its pfn before
 * @seen: how often another one was mapped there
 * @queued: how often that was queued to be split
 */
struct restore_watch {
	pmd_t *pmd;
	unsigned long old;
	int seen;
	int queued;
};

static void restore_watch_store(struct perf_event *bp,
				struct perf_sample_data *data,
				struct pt_regs *regs)
{
	struct restore_watch *watch = mm_kunit_watch_context(bp);
	pmd_t pmd = READ_ONCE(*watch->pmd);

	if (!pmd_present(pmd) || pmd_pfn(pmd) == watch->old)
		return;
	watch->seen++;
	watch->queued += mm_kunit_is_split_queued(page_folio(pmd_page(pmd)));
}

/*
 * 3bac01168982 ("mm: fix deferred split queue races during migration"): the new
 * folio was queued after others could see it, split it and queue it themselves.
 */
static void thp_is_queued_for_split_before_mapped_again(struct kunit *test)
{
	struct restore_watch *watch;
	struct mm_kunit_thp thp;
	struct page *moved;
	void *stores;
	int ret;

	mm_kunit_require_watch(test);
	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	thp = mm_kunit_new_thp(test);
	if (!thp_migration_supported() || !mm_kunit_is_split_queued(thp.folio))
		kunit_skip(test, "no new huge page is queued for a split");
	watch->pmd = mm_kunit_pmd(thp.mm, MM_KUNIT_BASE);
	watch->old = folio_pfn(thp.folio);
	stores = mm_kunit_watch(test, watch->pmd, HW_BREAKPOINT_LEN_8,
				restore_watch_store, watch);
	ret = split_migrate(thp.folio);
	mm_kunit_unwatch(test, stores);
	KUNIT_ASSERT_EQ(test, ret, 0);
	moved = mm_kunit_page_at(thp.mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, moved);
	if (!mm_kunit_is_split_queued(page_folio(moved)))
		kunit_skip(test, "no huge page is queued again");
	KUNIT_EXPECT_GE(test, watch->seen, 1);
	KUNIT_EXPECT_EQ(test, watch->queued, watch->seen);
	mm_kunit_expect_pages(test, thp.mm, 4);
}

/**
 * struct mapping_watch - what a folio says that it belongs to
 * @mapping: where it says so
 * @final: what it may say, if anything
 * @stores: how often that changed
 * @wrong: how often it was neither nothing nor @final
 */
struct mapping_watch {
	struct address_space **mapping;
	struct address_space *final;
	int stores;
	int wrong;
};

static void mapping_watch_store(struct perf_event *bp,
				struct perf_sample_data *data,
				struct pt_regs *regs)
{
	struct mapping_watch *watch = mm_kunit_watch_context(bp);
	struct address_space *mapping = READ_ONCE(*watch->mapping);

	watch->stores++;
	watch->wrong += mapping && mapping != watch->final;
}

/*
 * d1adb25df711 ("mm: migrate: fix getting incorrect page mapping during page
 * migration"): what migration noted for itself stood where others look for the
 * file that a folio belongs to.
 */
static void new_folio_of_migration_belongs_to_nothing_else(struct kunit *test)
{
	struct mapping_watch *watch;
	struct mm_kunit_thp thp;
	struct folio *dst;
	void *stores;
	int ret;

	mm_kunit_require_watch(test);
	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	thp = mm_kunit_new_thp(test);
	if (!thp_migration_supported())
		kunit_skip(test, "a huge page is split before it migrates");
	dst = split_new_folio(thp.folio, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dst);
	watch->mapping = &folio_page(dst, 0)->mapping;
	watch->final = folio_page(thp.folio, 0)->mapping;
	stores = mm_kunit_watch(test, watch->mapping, HW_BREAKPOINT_LEN_8,
				mapping_watch_store, watch);
	ret = split_migrate_to(thp.folio, dst);
	mm_kunit_unwatch(test, stores);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(thp.mm, MM_KUNIT_BASE),
			    folio_page(dst, 0));
	KUNIT_EXPECT_GE(test, watch->stores, 1);
	KUNIT_EXPECT_EQ(test, watch->wrong, 0);
	mm_kunit_expect_pages(test, thp.mm, 4);
}

static struct kunit_case thp_split_cases[] = {
	KUNIT_CASE(split_keeps_soft_dirty_bits),
	KUNIT_CASE(split_of_thp_in_swap_cache_keeps_its_slots),
	KUNIT_CASE(thp_in_swap_cache_keeps_its_slots_when_it_migrates),
	KUNIT_CASE(truncation_of_file_thp_frees_the_rest),
	KUNIT_CASE(split_in_part_frees_what_is_behind_the_end),
	KUNIT_CASE(file_thp_stays_one_entry_when_it_migrates),
	KUNIT_CASE(split_lets_go_of_file_before_its_pages),
	KUNIT_CASE(split_of_file_pmd_counts_before_it_puts),
	KUNIT_CASE(new_folio_of_migration_belongs_to_nothing_else),
	KUNIT_CASE(thp_is_queued_for_split_before_mapped_again),
	{}
};

static struct kunit_suite thp_split_suite = {
	.name = "thp_split",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = thp_split_cases,
};

kunit_test_suite(thp_split_suite);

MODULE_DESCRIPTION("KUnit tests for huge pages that are split or move");
MODULE_LICENSE("GPL");
