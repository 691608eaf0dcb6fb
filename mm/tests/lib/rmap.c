// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folio that is unmapped or migrates, see rmap.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "../../internal.h"
#include "entry.h"
#include "fixture.h"
#include "hugetlb.h"
#include "mappings.h"
#include "notified.h"
#include "notifier.h"
#include "process.h"
#include "rmap.h"
#include "snapshot.h"

/**
 * mm_kunit_record_all() - record the notifier calls of all mms of a case
 * @test: the case
 * @watch: the address to look at whenever a notifier is called
 */
void mm_kunit_record_all(struct kunit *test, unsigned long watch)
{
	struct mm_kunit *fx = test->priv;
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] && !fx->recorders[i])
			mm_kunit_register_notifier(test, fx->mms[i])->watch =
				watch;
}

/* References that the page cache holds. */
static int mm_kunit_cache_refs(struct folio *folio)
{
	if (folio_test_anon(folio))
		return 0;
	if (folio_test_hugetlb(folio))
		return mm_kunit_hugetlb_cache_refs();
	return folio_nr_pages(folio);
}

/**
 * mm_kunit_target_at() - choose the folio that an mm maps at an address
 * @test: the case
 * @mm: the mm
 * @addr: the address
 *
 * From now on the notifier calls of all mms are recorded, and what they map now
 * is in the snapshot of the target. The caller ends with mm_kunit_put_target().
 */
struct mm_kunit_target
mm_kunit_target_at(struct kunit *test, struct mm_struct *mm, unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr);
	struct mm_kunit_target t = { .test = test };

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	t.folio = page_folio(page);
	t.nr = folio_nr_pages(t.folio);
	t.unmapped_refs = 1 + mm_kunit_cache_refs(t.folio);
	if (folio_test_hugetlb(t.folio) && !folio_test_anon(t.folio))
		t.i_mmap = mm_kunit_vma(mm, addr)->vm_file->f_mapping;
	mm_kunit_record_all(test, addr);
	lru_add_drain_all();
	folio_get(t.folio);
	t.before = mm_kunit_take_snapshot(test);
	return t;
}

/**
 * mm_kunit_target_mappings() - what maps the target, in all mms
 * @t: the target
 */
struct mm_kunit_mappings mm_kunit_target_mappings(struct mm_kunit_target *t)
{
	return mm_kunit_count_mappings(t->test->priv, folio_page(t->folio, 0),
				       t->nr);
}

/**
 * mm_kunit_put_target() - drop the case's reference to the target
 * @t: the target
 */
void mm_kunit_put_target(struct mm_kunit_target *t)
{
	folio_put(t->folio);
}

static void mm_kunit_lock_target(struct mm_kunit_target *t)
{
	folio_lock(t->folio);
	if (t->i_mmap)
		i_mmap_lock_write(t->i_mmap);
}

/* The folio stays locked. */
static void mm_kunit_unlock_target_rmap(struct mm_kunit_target *t)
{
	if (t->i_mmap)
		i_mmap_unlock_write(t->i_mmap);
}

/**
 * struct mm_kunit_migration - a folio that is locked because it migrates
 * @folio: the folio
 * @refused: it was not unmapped
 */
struct mm_kunit_migration {
	struct folio *folio;
	bool refused;
};

static void mm_kunit_end_migration(void *ctx)
{
	struct mm_kunit_migration *migration = ctx;

	if (IS_ENABLED(CONFIG_MIGRATION) && !migration->refused)
		remove_migration_ptes(migration->folio, migration->folio, 0);
	folio_unlock(migration->folio);
}

/**
 * mm_kunit_migrate_away() - replace all mappings of the target by migration
 *	entries
 * @t: the target, which is locked on return
 * @flags: TTU_SPLIT_HUGE_PMD or 0
 *
 * No mm may touch the folio until mm_kunit_migrate_back(). If the case fails
 * meanwhile, the mappings are restored all the same: whoever met a migration
 * entry would wait for ever.
 */
void mm_kunit_migrate_away(struct mm_kunit_target *t, enum ttu_flags flags)
{
	struct kunit *test = t->test;

	t->migration = kunit_kzalloc(test, sizeof(*t->migration), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->migration);
	t->migration->folio = t->folio;
	mm_kunit_lock_target(t);
	try_to_migrate(t->folio, flags | (t->i_mmap ? TTU_RMAP_LOCKED : 0));
	mm_kunit_unlock_target_rmap(t);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, mm_kunit_end_migration,
						  t->migration),
			0);
}

/**
 * mm_kunit_migrate_back() - map the target again, and unlock it
 * @t: the target, after mm_kunit_migrate_away()
 */
void mm_kunit_migrate_back(struct mm_kunit_target *t)
{
	kunit_release_action(t->test, mm_kunit_end_migration, t->migration);
}

/**
 * mm_kunit_migration_refused() - unlock the target, which is mapped as before
 * @t: the target, after a mm_kunit_migrate_away() that the kernel refused
 */
void mm_kunit_migration_refused(struct mm_kunit_target *t)
{
	t->migration->refused = true;
	mm_kunit_migrate_back(t);
}

/**
 * mm_kunit_unmap() - try_to_unmap() the target
 * @t: the target
 * @flags: TTU_*
 *
 * Return: as mm_kunit_try_to_unmap()
 */
bool mm_kunit_unmap(struct mm_kunit_target *t, enum ttu_flags flags)
{
	bool unmapped;

	if (t->i_mmap)
		flags |= TTU_RMAP_LOCKED;
	mm_kunit_lock_target(t);
	unmapped = mm_kunit_try_to_unmap(t->folio, flags);
	mm_kunit_unlock_target_rmap(t);
	folio_unlock(t->folio);
	return unmapped;
}

/**
 * mm_kunit_expect_unmapped() - nobody maps the target, and nothing else changed
 * @t: the target
 *
 * No entry and no count has it, the notifiers were called, and whatever else
 * was mapped is mapped as before.
 */
void mm_kunit_expect_unmapped(struct mm_kunit_target *t)
{
	struct mm_kunit_mappings mappings = mm_kunit_target_mappings(t);
	struct kunit *test = t->test;

	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, mappings.ptes, 0);
	KUNIT_EXPECT_EQ(test, mappings.pmds, 0);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t->folio), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(t->folio), t->unmapped_refs);
	mm_kunit_expect_notified(test, t->before);
	if (!t->i_mmap)
		mm_kunit_expect_unchanged_but(test, t->before,
					      folio_page(t->folio, 0), t->nr);
}

/**
 * mm_kunit_expect_migrating() - the target is unmapped, by migration entries
 * @t: the target
 * @mappings: how many entries mapped it
 */
void mm_kunit_expect_migrating(struct mm_kunit_target *t, int mappings)
{
	mm_kunit_expect_unmapped(t);
	KUNIT_EXPECT_EQ(t->test, mm_kunit_target_mappings(t).migration,
			mappings);
}

/**
 * mm_kunit_expect_mapped() - the target is mapped by PTEs, and counted so
 * @t: the target
 * @mappings: how many PTEs map it
 */
void mm_kunit_expect_mapped(struct mm_kunit_target *t, int mappings)
{
	struct kunit *test = t->test;

	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(t).ptes, mappings);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t->folio), mappings);
	KUNIT_EXPECT_EQ(test, folio_ref_count(t->folio),
			t->unmapped_refs + mappings);
}

/**
 * mm_kunit_migrate_there_and_back() - migrate a folio away and back again
 * @test: the case
 * @mm: an mm that maps the folio
 * @addr: where
 * @mappings: how many entries map it, in all mms
 */
void mm_kunit_migrate_there_and_back(struct kunit *test, struct mm_struct *mm,
				     unsigned long addr, int mappings)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, addr);
	int refs = folio_ref_count(t.folio);

	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, mappings);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged(test, t.before);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), mappings);
	mm_kunit_put_target(&t);
}

static struct mm_kunit_recorder *mm_kunit_recorder_of(struct kunit *test,
						      struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = mm_kunit_slot(fx, mm);

	KUNIT_ASSERT_LT(test, slot, MM_KUNIT_MAX_MMS);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx->recorders[slot]);
	return fx->recorders[slot];
}

/**
 * mm_kunit_expect_notified_in_order() - started before the change, ended after
 * @test: the case
 * @mm: the mm whose notifier calls were recorded
 * @pfn: what was mapped at the watched address before
 */
void mm_kunit_expect_notified_in_order(struct kunit *test, struct mm_struct *mm,
				       unsigned long pfn)
{
	struct mm_kunit_recorder *rec = mm_kunit_recorder_of(test, mm);
	int i;

	KUNIT_EXPECT_GE(test, rec->nr, 2);
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];

		KUNIT_EXPECT_EQ_MSG(test, e->pfn,
				    e->kind == MM_KUNIT_START ? pfn : 0,
				    "call %d, kind %d", i, e->kind);
	}
}

/**
 * mm_kunit_expect_may_sleep() - every start and end was called where it may sleep
 * @test: the case
 * @mm: the mm whose notifier calls were recorded; they are cleared
 */
void mm_kunit_expect_may_sleep(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit_recorder *rec = mm_kunit_recorder_of(test, mm);
	int i, calls = 0, may_sleep = 0;

	for (i = 0; i < rec->nr; i++) {
		if (rec->event[i].kind == MM_KUNIT_SECONDARY_TLB)
			continue;
		calls++;
		may_sleep += rec->event[i].may_sleep;
	}
	KUNIT_EXPECT_GE_MSG(test, calls, 2, "start and end");
	KUNIT_EXPECT_EQ(test, may_sleep, calls);
	mm_kunit_clear_events(rec);
}
