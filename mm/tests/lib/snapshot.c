// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of page tables, see snapshot.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "fixture.h"
#include "notifier.h"
#include "pgwalk.h"
#include "process.h"
#include "snapshot.h"

/* @entries is NULL while they are only counted. */
struct mm_kunit_keeper {
	struct mm_kunit_visit visit;
	struct mm_kunit_entry *entries;
	int nr;
};

static void mm_kunit_keep_entry(struct mm_kunit_visit *visit,
				struct mm_kunit_entry *entry)
{
	struct mm_kunit_keeper *keeper =
		container_of(visit, struct mm_kunit_keeper, visit);

	if (keeper->entries)
		keeper->entries[keeper->nr] = *entry;
	keeper->nr++;
}

static void mm_kunit_keep_shared_tables(struct mm_kunit *fx,
					struct mm_struct *mm,
					struct mm_kunit_keeper *keeper)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0;

	while ((vma = mm_kunit_vma(mm, addr))) {
		for (addr = vma->vm_start; addr < vma->vm_end;
		     addr = pud_addr_end(addr, vma->vm_end)) {
			struct page *table = mm_kunit_pmd_table(mm, addr);
			struct mm_kunit_entry entry = {
				.kind = MM_KUNIT_SHARED_TABLE,
				.addr = addr & PUD_MASK,
				.size = PUD_SIZE,
			};

			if (!table || mm_kunit_pmd_table_owners(fx, table) < 2)
				continue;
			entry.pfn = page_to_pfn(table);
			mm_kunit_keep_entry(&keeper->visit, &entry);
		}
	}
}

static int mm_kunit_keep_entries(struct mm_kunit *fx, struct mm_struct *mm,
				 struct mm_kunit_entry *entries)
{
	struct mm_kunit_keeper keeper = {
		.visit.entry = mm_kunit_keep_entry,
		.entries = entries,
	};

	mm_kunit_visit_entries(mm, &keeper.visit);
	mm_kunit_keep_shared_tables(fx, mm, &keeper);
	return keeper.nr;
}

/**
 * mm_kunit_take_snapshot() - keep what all mms map now
 * @test: the case, which owns the snapshot
 *
 * The events that were recorded so far are cleared: those that follow are about
 * changes to this snapshot.
 */
struct mm_kunit_snapshot *mm_kunit_take_snapshot(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_snapshot *snapshot;
	int i;

	snapshot = kunit_kzalloc(test, sizeof(*snapshot), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, snapshot);
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		struct mm_struct *mm = fx->mms[i];
		size_t bytes;
		int nr;

		if (!mm)
			continue;
		nr = mm_kunit_keep_entries(fx, mm, NULL);
		bytes = (nr + 1) * sizeof(*snapshot->entries[i]);
		snapshot->entries[i] = kunit_kzalloc(test, bytes, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, snapshot->entries[i]);
		snapshot->mms[i] = mm;
		snapshot->nr[i] =
			mm_kunit_keep_entries(fx, mm, snapshot->entries[i]);
		if (fx->recorders[i])
			mm_kunit_clear_events(fx->recorders[i]);
	}
	return snapshot;
}

/**
 * mm_kunit_current_entry() - what is now where an entry of a snapshot was
 * @mm: the mm
 * @old: the entry of the snapshot
 */
struct mm_kunit_entry mm_kunit_current_entry(struct mm_struct *mm,
					     struct mm_kunit_entry *old)
{
	struct mm_kunit_entry entry = *old;
	struct page *table;

	if (old->kind != MM_KUNIT_SHARED_TABLE)
		return mm_kunit_entry_at(mm, old->addr);
	table = mm_kunit_pmd_table(mm, old->addr);
	entry.pfn = table ? page_to_pfn(table) : 0;
	return entry;
}

/*
 * An entry, whether its page is here, migrates or is swapped out, must not lose
 * what only it knows: that the page was written to, written to since somebody
 * looked, or is watched by userfaultfd. It may gain the first two: a page is as
 * dirty as any of its mappings has made it, and who cannot follow soft-dirty
 * says that all is. Whether it was accessed is left out: a migration may say
 * no, and any look at the page says yes.
 */
static bool mm_kunit_entries_match(struct mm_kunit_entry *old,
				   struct mm_kunit_entry *new)
{
	return old->kind == new->kind && old->size == new->size &&
	       old->pfn == new->pfn && old->leaf == new->leaf &&
	       old->write == new->write && (!old->dirty || new->dirty) &&
	       (!old->soft_dirty || new->soft_dirty) && old->uffd == new->uffd;
}

static bool mm_kunit_check_entry(int mm, struct mm_kunit_entry *old,
				 struct mm_kunit_entry *new, char *msg,
				 size_t size)
{
	if (mm_kunit_entries_match(old, new))
		return true;
	return mm_kunit_mismatch(msg, size,
				 "mm %d maps %lx differently: kind %d not %d, pfn %lx not %lx, write %d not %d, dirty %d%d not %d%d, uffd %d not %d, leaf %lx not %lx",
				 mm, old->addr, new->kind, old->kind, new->pfn, old->pfn,
				 new->write, old->write, new->dirty, new->soft_dirty, old->dirty,
				 old->soft_dirty, new->uffd, old->uffd, new->leaf, old->leaf);
}

/**
 * mm_kunit_check_unchanged_but() - is everything mapped as before but for some pages
 * @fx: the mms now
 * @before: the mms before the change
 * @page: the first page that may be mapped otherwise
 * @nr: how many such pages there are
 * @msg: says what is mapped otherwise
 * @size: of @msg, in bytes
 *
 * Not for mms that share PMD tables, where a page goes with its table.
 */
bool mm_kunit_check_unchanged_but(struct mm_kunit *fx,
				  struct mm_kunit_snapshot *before,
				  struct page *page, unsigned long nr,
				  char *msg, size_t size)
{
	unsigned long pfn = page_to_pfn(page);
	int i, j;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		if (before->mms[i] && before->mms[i] != fx->mms[i])
			return mm_kunit_mismatch(msg, size, "mm %d is gone", i);
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new =
				mm_kunit_current_entry(before->mms[i], old);

			if (old->pfn >= pfn && old->pfn < pfn + nr)
				continue;
			if (!mm_kunit_check_entry(i, old, &new, msg, size))
				return false;
		}
	}
	return true;
}

/**
 * mm_kunit_check_unchanged() - is everything mapped as before, and nothing else
 * @fx: the mms now
 * @before: the mms before
 * @msg: says what is mapped otherwise
 * @size: of @msg, in bytes
 */
bool mm_kunit_check_unchanged(struct mm_kunit *fx,
			      struct mm_kunit_snapshot *before, char *msg,
			      size_t size)
{
	int i, j, nr;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		if (!before->mms[i])
			continue;
		if (before->mms[i] != fx->mms[i])
			return mm_kunit_mismatch(msg, size, "mm %d is gone", i);
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new =
				mm_kunit_current_entry(before->mms[i], old);

			if (!mm_kunit_check_entry(i, old, &new, msg, size))
				return false;
		}
		nr = mm_kunit_keep_entries(fx, before->mms[i], NULL);
		if (nr != before->nr[i])
			return mm_kunit_mismatch(msg, size,
						 "mm %d has %d entries, not %d",
						 i, nr, before->nr[i]);
	}
	return true;
}

/**
 * mm_kunit_expect_unchanged_but() - mm_kunit_check_unchanged_but(), or the case fails
 * @test: the case
 * @before: the mms before the change
 * @page: the first page that may be mapped otherwise
 * @nr: how many such pages there are
 */
void mm_kunit_expect_unchanged_but(struct kunit *test,
				   struct mm_kunit_snapshot *before,
				   struct page *page, unsigned long nr)
{
	char msg[MM_KUNIT_MSG_SIZE] = "";

	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_check_unchanged_but(test->priv, before,
							   page, nr, msg,
							   sizeof(msg)),
			      "%s", msg);
}

/**
 * mm_kunit_expect_unchanged() - mm_kunit_check_unchanged(), or the case fails
 * @test: the case
 * @before: the mms before
 */
void mm_kunit_expect_unchanged(struct kunit *test,
			       struct mm_kunit_snapshot *before)
{
	char msg[MM_KUNIT_MSG_SIZE] = "";

	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_check_unchanged(test->priv, before, msg,
						       sizeof(msg)),
			      "%s", msg);
}
