/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Photographs of page tables: what the mms of a case mapped at one moment, to
 * be held against what they map later and against what their notifiers were
 * told in between.
 */
#ifndef _MM_KUNIT_PHOTO_H
#define _MM_KUNIT_PHOTO_H

#include <linux/mm_types.h>

#include "mm_kunit.h"

/**
 * enum mm_kunit_entry_kind - what a page-table entry says
 * @MM_KUNIT_NONE: nothing
 * @MM_KUNIT_PRESENT: the page is here
 * @MM_KUNIT_MIGRATION: the page is being migrated
 * @MM_KUNIT_POISON: the page is poisoned
 * @MM_KUNIT_OTHER: anything else that is not present
 * @MM_KUNIT_SHARED_TABLE: a PUD entry that points at a shared PMD table
 */
enum mm_kunit_entry_kind {
	MM_KUNIT_NONE,
	MM_KUNIT_PRESENT,
	MM_KUNIT_MIGRATION,
	MM_KUNIT_POISON,
	MM_KUNIT_OTHER,
	MM_KUNIT_SHARED_TABLE,
};

/**
 * struct mm_kunit_entry - one entry of a page table
 * @kind: what it says
 * @write: whether it may be written through; of a migration entry, whether it
 *	could be before
 * @dirty: whether it, or the page that it maps, says that it was written to
 * @soft_dirty: whether it was since somebody looked, where the kernel knows
 * @uffd: whether userfaultfd watches it
 * @addr: first address that it maps
 * @size: how much it maps, in bytes
 * @pfn: first pfn that it maps or stands for
 */
struct mm_kunit_entry {
	enum mm_kunit_entry_kind kind;
	bool write;
	bool dirty;
	bool soft_dirty;
	bool uffd;
	unsigned long addr;
	unsigned long size;
	unsigned long pfn;
};

/**
 * struct mm_kunit_photo - the page tables of all mms of a case at one moment
 * @mms: the mms, NULL where the fixture had none
 * @nr: how many entries each of them had
 * @entries: the entries by address, those that are none left out
 */
struct mm_kunit_photo {
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int nr[MM_KUNIT_MAX_MMS];
	struct mm_kunit_entry *entries[MM_KUNIT_MAX_MMS];
};

/**
 * struct mm_kunit_census - what maps a run of pages, in all mms of a case
 * @ptes: PTEs that map one of the pages
 * @pmds: PMDs that map one of them, huge pages of hugetlb included
 * @writable: how many of all these may be written through
 * @migration: entries of either size that stand for one of them meanwhile
 * @poison: entries of either size that say it is poisoned
 */
struct mm_kunit_census {
	int ptes;
	int pmds;
	int writable;
	int migration;
	int poison;
};

/**
 * struct mm_kunit_mapped - what maps one page, in all mms of a case
 * @ptes: PTEs that map it
 * @pmds: PMDs that map a huge page that it is part of
 * @writable: how many of these may be written through
 * @mms: a bit for each slot of the fixture whose mm is among them
 */
struct mm_kunit_mapped {
	int ptes;
	int pmds;
	int writable;
	unsigned int mms;
};

struct mm_kunit_entry mm_kunit_entry_at(struct mm_struct *mm,
					unsigned long addr);
struct page *mm_kunit_page_at(struct mm_struct *mm, unsigned long addr);
struct mm_kunit_census mm_kunit_take_census(struct mm_kunit *fx,
					    struct page *page,
					    unsigned long nr);

void mm_kunit_take_census_of_each(struct mm_kunit *fx, struct page *page,
				  unsigned long nr,
				  struct mm_kunit_mapped *each);

/* Room for the words of a complaint. */
#define MM_KUNIT_WHY	192

struct mm_kunit_photo *mm_kunit_photograph(struct kunit *test);
bool mm_kunit_told(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   char *why, size_t size);
bool mm_kunit_kept(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   struct page *page, unsigned long nr, char *why, size_t size);
bool mm_kunit_same(struct mm_kunit *fx, struct mm_kunit_photo *before,
		   char *why, size_t size);
void mm_kunit_expect_told(struct kunit *test, struct mm_kunit_photo *before);
void mm_kunit_expect_kept(struct kunit *test, struct mm_kunit_photo *before,
			  struct page *page, unsigned long nr);
void mm_kunit_expect_same(struct kunit *test, struct mm_kunit_photo *before);

#endif /* _MM_KUNIT_PHOTO_H */
