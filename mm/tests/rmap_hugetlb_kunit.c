// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping hugetlb folios. try_to_unmap() and try_to_migrate() promise that
 * nobody maps the folio any more, and that the mmu notifiers of every mm that
 * did were called. Where mms share a PMD table, that is not one entry but a
 * whole PUD of each of them.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page-flags.h>
#include <linux/rmap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/mappings.h"
#include "lib/notified.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"

#define RW (PROT_READ | PROT_WRITE)

static void rmap_require_hugetlb_migration(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MIGRATION) ||
	    !IS_ENABLED(CONFIG_ARCH_ENABLE_HUGEPAGE_MIGRATION))
		kunit_skip(test, "huge pages cannot migrate");
}

static void rmap_require_hwpoison(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "memory failures are not handled");
}

static bool rmap_is_anon_exclusive(struct page *page)
{
	return PageAnon(page) && PageAnonExclusive(page);
}

/*
 * @n mms that map a file at the same place and share a PMD table. Each of them
 * writes a word of the first huge page.
 */
static void rmap_map_hugetlb(struct kunit *test, struct mm_struct **mm, int n)
{
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct page *table;
	int i;

	for (i = 0; i < n; i++) {
		mm[i] = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE,
					 RW, MAP_SHARED, 0);
		mm_kunit_write(test, mm[i], MM_KUNIT_BASE + i * sizeof(u64),
			       mm_kunit_content(i));
	}
	table = mm_kunit_pmd_table(mm[0], MM_KUNIT_BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), n);
}

/* The first @words words of the huge page hold what was written to them. */
static void rmap_expect_words(struct kunit *test, struct mm_struct *mm,
			      int words)
{
	int i;

	for (i = 0; i < words; i++) {
		unsigned long addr = MM_KUNIT_BASE + i * sizeof(u64);

		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_read(test, mm, addr),
				    mm_kunit_content(i), "word %d", i);
	}
}

/*
 * 017b1660df89 ("mm: migration: fix migration of huge PMD shared pages"): one
 * mm was unshared, the others went on with the old page, and what they wrote
 * after the copy was lost.
 */
static void rmap_migrate_hugetlb_of(struct kunit *test, int n)
{
	struct mm_struct *mm[MM_KUNIT_MAX_MMS];
	struct page *old, *new;
	int i;

	rmap_require_hugetlb_migration(test);
	rmap_map_hugetlb(test, mm, n);
	old = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, mm_kunit_migrate_hugetlb(page_folio(old)), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_PTR_NE(test,
				    mm_kunit_page_at(mm[i], MM_KUNIT_BASE),
				    old);
	for (i = 0; i < n; i++)
		mm_kunit_write(test, mm[i],
			       MM_KUNIT_BASE + (n + i) * sizeof(u64),
			       mm_kunit_content(n + i));

	new = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_PTR_EQ(test,
				    mm_kunit_page_at(mm[i], MM_KUNIT_BASE),
				    new);
		rmap_expect_words(test, mm[i], 2 * n);
	}
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

static void migrate_pages_of_two_sharers_keeps_every_write(struct kunit *test)
{
	rmap_migrate_hugetlb_of(test, 2);
}

static void migrate_pages_of_three_sharers_keeps_every_write(struct kunit *test)
{
	rmap_migrate_hugetlb_of(test, 3);
}

static void migrate_pages_of_eight_sharers_keeps_every_write(struct kunit *test)
{
	rmap_migrate_hugetlb_of(test, 8);
}

/*
 * All sharers but the last one lose the table, and its entry migrates. Before
 * 017b1660df89 ("mm: migration: fix migration of huge PMD shared pages") the
 * others went on to use the old page.
 */
static void migrate_takes_hugetlb_from_every_sharer(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm[3];
	struct page *table;
	int i;

	rmap_require_hugetlb_migration(test);
	rmap_map_hugetlb(test, mm, 3);
	table = mm_kunit_pmd_table(mm[0], MM_KUNIT_BASE);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), 1);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	for (i = 0; i < 3; i++)
		rmap_expect_words(test, mm[i], 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), 3);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/*
 * 017b1660df89 ("mm: migration: fix migration of huge PMD shared pages"): the
 * notifiers were told of the page alone, though its sharers lose a whole PUD.
 */
static void migrate_notifies_every_sharer_of_whole_pud(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm[3];
	struct mm_kunit_target t;
	int i;

	rmap_require_hugetlb_migration(test);
	rmap_map_hugetlb(test, mm, 3);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	for (i = 0; i < 3; i++) {
		struct mm_kunit_recorder *rec = fx->recorders[i];

		KUNIT_EXPECT_TRUE(test,
				  mm_kunit_notified(rec, MM_KUNIT_START,
						    MM_KUNIT_BASE,
						    MM_KUNIT_BASE + PUD_SIZE));
		KUNIT_EXPECT_TRUE(test,
				  mm_kunit_notified(rec, MM_KUNIT_END,
						    MM_KUNIT_BASE,
						    MM_KUNIT_BASE + PUD_SIZE));
		mm_kunit_expect_notified_in_order(test, mm[i],
						  folio_pfn(t.folio));
	}
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/* The locks of hugetlb that are held while a notifier is called may sleep. */
static void notifiers_of_hugetlb_may_sleep(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct mm_kunit_target t;

	rmap_require_hugetlb_migration(test);
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "the kernel does not count what forbids sleep");
	rmap_map_hugetlb(test, mm, 2);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_may_sleep(test, mm[0]);
	mm_kunit_expect_may_sleep(test, mm[1]);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/*
 * a4a118f2eead ("hugetlbfs: flush TLBs correctly after huge_pmd_unshare"): if
 * nobody flushes after an unshare, TLBs keep what the whole PUD mapped.
 */
static void
secondary_tlb_of_sharer_is_invalidated_after_flush(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm[3];
	struct mm_kunit_target t;
	int i, j, invalidated = 0;

	rmap_require_hugetlb_migration(test);
	if (!IS_ENABLED(CONFIG_X86))
		kunit_skip(test, "the arch does not count TLB flushes");
	rmap_map_hugetlb(test, mm, 3);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	for (i = 0; i < 3; i++) {
		struct mm_kunit_recorder *rec = fx->recorders[i];

		for (j = 0; j < rec->nr; j++) {
			struct mm_kunit_event *e = &rec->event[j];

			if (e->kind != MM_KUNIT_SECONDARY_TLB)
				continue;
			KUNIT_EXPECT_GT(test, e->tlb_gen,
					rec->event[0].tlb_gen);
			if (e->start <= MM_KUNIT_BASE &&
			    e->end >= MM_KUNIT_BASE + PUD_SIZE)
				invalidated |= 1 << i;
		}
	}
	KUNIT_EXPECT_GE_MSG(test, (int)hweight32(invalidated), 2,
			    "two sharers lost a PUD");
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/**
 * struct rmap_range_row - a hugetlb VMA that can share no PMD table
 * @name: why not
 * @flags: MAP_SHARED or MAP_PRIVATE
 * @start: where it starts, from MM_KUNIT_BASE
 * @end: where it ends, from MM_KUNIT_BASE
 */
struct rmap_range_row {
	const char *name;
	unsigned long flags;
	unsigned long start;
	unsigned long end;
};

static const struct rmap_range_row rmap_range_rows[] = {
	{ .name = "private", .flags = MAP_PRIVATE, .end = PUD_SIZE },
	{ .name = "starts late",
	  .flags = MAP_SHARED,
	  .start = PMD_SIZE,
	  .end = PUD_SIZE },
	{ .name = "ends early",
	  .flags = MAP_SHARED,
	  .end = PUD_SIZE - PMD_SIZE },
};

static void migrate_in_unshareable_vma_notifies_of_one_page(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm;
	int i, j;

	rmap_require_hugetlb_migration(test);
	for (i = 0; i < ARRAY_SIZE(rmap_range_rows); i++) {
		const struct rmap_range_row *row = &rmap_range_rows[i];
		unsigned long addr = MM_KUNIT_BASE + 2 * PMD_SIZE;
		struct mm_kunit_target t;

		mm = mm_kunit_map_new(test,
				      mm_kunit_hugetlb_file(test, PUD_SIZE),
				      MM_KUNIT_BASE + row->start,
				      row->end - row->start, RW, row->flags, 0);
		mm_kunit_write(test, mm, addr, mm_kunit_content(i));
		mm_kunit_record_all(test, addr);
		t = mm_kunit_target_at(test, mm, addr);
		mm_kunit_migrate_away(&t, 0);
		mm_kunit_expect_migrating(&t, 1);
		for (j = 0; j < fx->recorders[0]->nr; j++) {
			struct mm_kunit_event *e = &fx->recorders[0]->event[j];

			KUNIT_EXPECT_GE_MSG(test, e->start, addr, "%s",
					    row->name);
			KUNIT_EXPECT_LE_MSG(test, e->end, addr + PMD_SIZE, "%s",
					    row->name);
		}
		mm_kunit_migrate_back(&t);
		mm_kunit_expect_unchanged(test, t.before);
		mm_kunit_put_target(&t);
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr),
				mm_kunit_content(i));
		mm_kunit_exit_mm(test, mm);
	}
}

/* A private mapping with a huge page of its own. */
static struct mm_struct *rmap_private_hugetlb_mm(struct kunit *test)
{
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, mm_kunit_hugetlb_file(test, PUD_SIZE),
			      MM_KUNIT_BASE, PUD_SIZE, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	KUNIT_ASSERT_TRUE(test, PageAnon(mm_kunit_page_at(mm, MM_KUNIT_BASE)));
	return mm;
}

static void migrate_takes_private_hugetlb_from_every_fork(struct kunit *test)
{
	struct mm_struct *mm, *child;

	rmap_require_hugetlb_migration(test);
	mm = rmap_private_hugetlb_mm(test);
	child = mm_kunit_fork(test, mm);
	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE, 2);
	rmap_expect_words(test, mm, 1);
	rmap_expect_words(test, child, 1);
}

/*
 * fork() duplicates the migration entry of a page that was AnonExclusive, so the
 * page that comes back is shared: no mm may write to it without a copy.
 */
static void restore_after_fork_gives_all_shared_hugetlb(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_target t;

	rmap_require_hugetlb_migration(test);
	mm = rmap_private_hugetlb_mm(test);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).migration, 3);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).migration, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).writable, 0);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 3);
	KUNIT_EXPECT_FALSE(test,
			   rmap_is_anon_exclusive(folio_page(t.folio, 0)));
	mm_kunit_put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	rmap_expect_words(test, child, 1);
}

/*
 * Whoever holds the lock of a hugetlb VMA relies on its page tables. The rmap
 * walk must not wait for it, so it must not unshare or unmap what is there.
 */
static void hugetlb_of_locked_vma_stays(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct mm_struct *mm[2];
	struct mm_kunit_target t;

	rmap_require_hugetlb_migration(test);
	rmap_map_hugetlb(test, mm, 2);
	vma = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	hugetlb_vma_lock_write(vma);
	mm_kunit_migrate_away(&t, 0);
	hugetlb_vma_unlock_write(vma);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE),
			    folio_page(t.folio, 0));
	mm_kunit_expect_notified(test, t.before);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
	rmap_expect_words(test, mm[0], 2);
	rmap_expect_words(test, mm[1], 2);
}

static void hwpoison_of_hugetlb_of_locked_vma_waits(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct mm_struct *mm[1];
	struct mm_kunit_target t;
	bool gone;

	rmap_require_hwpoison(test);
	rmap_map_hugetlb(test, mm, 1);
	vma = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(folio_page(t.folio, 0));
	hugetlb_vma_lock_write(vma);
	gone = mm_kunit_unmap(&t, TTU_HWPOISON);
	hugetlb_vma_unlock_write(vma);
	KUNIT_EXPECT_FALSE(test, gone);
	mm_kunit_expect_unchanged(test, t.before);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 1);
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
	rmap_expect_words(test, mm[0], 1);
}

static void migrate_refuses_pinned_private_hugetlb(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm;
	struct page *page;

	rmap_require_hugetlb_migration(test);
	mm = rmap_private_hugetlb_mm(test);
	page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_migration_refused(&t);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_TRUE(test, rmap_is_anon_exclusive(page));
	mm_kunit_put_target(&t);
}

static void unmap_hwpoisons_hugetlb_everywhere(struct kunit *test)
{
	struct mm_struct *mm[3];
	struct mm_kunit_target t;
	u64 value;
	int i;

	rmap_require_hwpoison(test);
	rmap_map_hugetlb(test, mm, 3);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(folio_page(t.folio, 0));
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, TTU_HWPOISON));
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).hwpoison, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test,
				mm_kunit_load(mm[i], MM_KUNIT_BASE, &value),
				-EFAULT);
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

/* A child that is forked later has the hwpoison entry as well. */
static void unmap_hwpoisons_private_hugetlb_everywhere(struct kunit *test)
{
	struct mm_struct *mm, *child[2];
	struct mm_kunit_target t;
	u64 value;
	int i;

	rmap_require_hwpoison(test);
	mm = rmap_private_hugetlb_mm(test);
	child[0] = mm_kunit_fork(test, mm);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mm->hugetlb_usage), (long)t.nr);
	SetPageHWPoison(folio_page(t.folio, 0));
	KUNIT_EXPECT_TRUE(test, mm_kunit_unmap(&t, TTU_HWPOISON));
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mm->hugetlb_usage), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&child[0]->hugetlb_usage), 0L);
	child[1] = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).hwpoison, 3);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test,
				mm_kunit_load(child[i], MM_KUNIT_BASE, &value),
				-EFAULT);
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

/*
 * 8977752c8056 ("mm/gup: reject FOLL_SPLIT_PMD with hugetlb VMAs"): uprobes and
 * devices ask GUP to split what a PMD maps. A huge page of hugetlb was split as
 * if it were a THP, and was not mapped any more.
 */
static void gup_splits_no_hugetlb_pmd(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct page *page, *got = NULL;
	struct mm_struct *mm;
	long ret;

	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 4 * PMD_SIZE, RW,
			      MAP_SHARED, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	kthread_use_mm(mm);
	ret = get_user_pages_unlocked(MM_KUNIT_BASE, 1, &got,
				      FOLL_SPLIT_PMD | FOLL_NOFAULT);
	kthread_unuse_mm(mm);
	if (ret == 1)
		put_page(got);
	else
		KUNIT_EXPECT_EQ(test, ret, (long)-EOPNOTSUPP);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			PMD_SIZE);
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* What other cases rest on comes first. */
static struct kunit_case rmap_hugetlb_cases[] = {
	KUNIT_CASE(migrate_takes_hugetlb_from_every_sharer),
	KUNIT_CASE(migrate_notifies_every_sharer_of_whole_pud),
	KUNIT_CASE(migrate_pages_of_two_sharers_keeps_every_write),
	KUNIT_CASE(migrate_pages_of_three_sharers_keeps_every_write),
	KUNIT_CASE(migrate_pages_of_eight_sharers_keeps_every_write),
	KUNIT_CASE(notifiers_of_hugetlb_may_sleep),
	KUNIT_CASE(secondary_tlb_of_sharer_is_invalidated_after_flush),
	KUNIT_CASE(migrate_in_unshareable_vma_notifies_of_one_page),
	KUNIT_CASE(migrate_takes_private_hugetlb_from_every_fork),
	KUNIT_CASE(migrate_refuses_pinned_private_hugetlb),
	KUNIT_CASE(restore_after_fork_gives_all_shared_hugetlb),
	KUNIT_CASE(hugetlb_of_locked_vma_stays),
	KUNIT_CASE(hwpoison_of_hugetlb_of_locked_vma_waits),
	KUNIT_CASE(unmap_hwpoisons_hugetlb_everywhere),
	KUNIT_CASE(unmap_hwpoisons_private_hugetlb_everywhere),
	KUNIT_CASE(gup_splits_no_hugetlb_pmd),
	{}
};

static struct kunit_suite rmap_hugetlb_suite = {
	.name = "rmap_hugetlb",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = rmap_hugetlb_cases,
};

kunit_test_suite(rmap_hugetlb_suite);

MODULE_DESCRIPTION("KUnit tests for unmapping hugetlb folios");
MODULE_LICENSE("GPL");
