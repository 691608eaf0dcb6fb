/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of page tables, decoded.
 */
#ifndef _MM_KUNIT_ENTRY_H
#define _MM_KUNIT_ENTRY_H

#include <linux/mm_types.h>
#include "pgwalk.h"

/**
 * enum mm_kunit_entry_kind - what a page-table entry says
 * @MM_KUNIT_NONE: nothing
 * @MM_KUNIT_PRESENT: the page is here
 * @MM_KUNIT_MIGRATION: the page is being migrated
 * @MM_KUNIT_HWPOISON: the page is hwpoisoned
 * @MM_KUNIT_SWAP: the page is swapped out
 * @MM_KUNIT_MARKER: there is no page, but something to know about it
 * @MM_KUNIT_OTHER: anything else that is not present
 * @MM_KUNIT_SHARED_TABLE: a PUD entry that points at a shared PMD table
 */
enum mm_kunit_entry_kind {
	MM_KUNIT_NONE,
	MM_KUNIT_PRESENT,
	MM_KUNIT_MIGRATION,
	MM_KUNIT_HWPOISON,
	MM_KUNIT_SWAP,
	MM_KUNIT_MARKER,
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
 * @uffd: whether userfaultfd watches it, or a marker says so
 * @addr: first address that it maps
 * @size: how much it maps, in bytes
 * @pfn: first pfn that it maps or stands for
 * @leaf: of an entry that stands for no pfn, where in swap or which marker
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
	unsigned long leaf;
};

/**
 * struct mm_kunit_visit - a walk that looks at every entry that maps something
 * @walk: the walk, set by mm_kunit_visit_entries()
 * @entry: called with each of them
 */
struct mm_kunit_visit {
	struct mm_kunit_walk walk;
	void (*entry)(struct mm_kunit_visit *visit,
		      struct mm_kunit_entry *entry);
};

struct mm_kunit_entry mm_kunit_entry_at(struct mm_struct *mm,
					unsigned long addr);
struct page *mm_kunit_page_at(struct mm_struct *mm, unsigned long addr);
void mm_kunit_visit_entries(struct mm_struct *mm, struct mm_kunit_visit *visit);

#endif /* _MM_KUNIT_ENTRY_H */
