/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A folio that is unmapped from, or migrates out of, all the mms of a case.
 */
#ifndef _MM_KUNIT_RMAP_H
#define _MM_KUNIT_RMAP_H

#include <linux/mm.h>
#include <linux/rmap.h>

struct kunit;
struct mm_kunit_migration;
struct mm_kunit_snapshot;

/**
 * struct mm_kunit_target - a folio that is to be unmapped
 * @test: the case
 * @migration: restores the mappings, while the folio is locked and migrates
 * @folio: the folio, which the case holds a reference to
 * @nr: how many pages it has
 * @i_mmap: what to lock for writing, if it is of a hugetlb file
 * @unmapped_refs: its references when nobody maps it, the case's among them
 * @before: the mms while they mapped it
 */
struct mm_kunit_target {
	struct kunit *test;
	struct mm_kunit_migration *migration;
	struct folio *folio;
	int nr;
	struct address_space *i_mmap;
	int unmapped_refs;
	struct mm_kunit_snapshot *before;
};

/**
 * mm_kunit_try_to_unmap() - try_to_unmap(), and whether that was successful
 * @folio: the folio, locked
 * @flags: TTU_*
 *
 * Return: what a caller of try_to_unmap() takes for success: that the mapcount
 * says nobody maps the folio
 */
#ifndef mm_kunit_try_to_unmap
static inline bool mm_kunit_try_to_unmap(struct folio *folio,
					 enum ttu_flags flags)
{
	try_to_unmap(folio, flags);
	return !folio_mapped(folio);
}
#endif

/**
 * mm_kunit_unmap_poisoned() - unmap_poisoned_folio(), as memory does that goes
 *	offline
 * @folio: the folio, locked
 * @pfn: the poisoned page of it
 *
 * For who includes mm/internal.h.
 */
#ifndef mm_kunit_unmap_poisoned
#define mm_kunit_unmap_poisoned(folio, pfn) \
	unmap_poisoned_folio(folio, pfn, false)
#endif

void mm_kunit_record_all(struct kunit *test, unsigned long watch);
struct mm_kunit_target mm_kunit_target_at(struct kunit *test,
					  struct mm_struct *mm,
					  unsigned long addr);
struct mm_kunit_mappings mm_kunit_target_mappings(struct mm_kunit_target *t);
void mm_kunit_put_target(struct mm_kunit_target *t);

void mm_kunit_migrate_away(struct mm_kunit_target *t, enum ttu_flags flags);
void mm_kunit_migrate_back(struct mm_kunit_target *t);
void mm_kunit_migration_refused(struct mm_kunit_target *t);
bool mm_kunit_unmap(struct mm_kunit_target *t, enum ttu_flags flags);

void mm_kunit_expect_unmapped(struct mm_kunit_target *t);
void mm_kunit_expect_migrating(struct mm_kunit_target *t, int mappings);
void mm_kunit_expect_mapped(struct mm_kunit_target *t, int mappings);
void mm_kunit_migrate_there_and_back(struct kunit *test, struct mm_struct *mm,
				     unsigned long addr, int mappings);
void mm_kunit_expect_notified_in_order(struct kunit *test, struct mm_struct *mm,
				       unsigned long pfn);
void mm_kunit_expect_may_sleep(struct kunit *test, struct mm_struct *mm);

#endif /* _MM_KUNIT_RMAP_H */
