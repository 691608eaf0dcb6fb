/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapping that is duplicated, as fork() does, or becomes a shared one, and
 * checks of what that changes.
 */
#ifndef _MM_KUNIT_DUP_H
#define _MM_KUNIT_DUP_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>

struct kunit;

/* Watched pages of a large folio: those that are duplicated and neighbours. */
#define MM_KUNIT_DUP_PAGES 8

/**
 * struct mm_kunit_dup_state - what a duplication may change, and what it must not
 * @refs: references to the folio
 * @pins: its pins, if it is a large one
 * @entire: how often it is mapped as a whole
 * @mappings: how often it or a part of it is mapped
 * @mm: how often the new mapping's mm maps it, if the kernel counts that
 * @mapcount: how often each watched page is mapped by PTEs
 * @exclusive: AnonExclusive of each watched page
 */
struct mm_kunit_dup_state {
	int refs;
	int pins;
	int entire;
	int mappings;
	int mm;
	int mapcount[MM_KUNIT_DUP_PAGES];
	bool exclusive[MM_KUNIT_DUP_PAGES];
};

/**
 * enum mm_kunit_dup_level - what is duplicated or shared
 * @MM_KUNIT_DUP_PTE: one PTE, by the function for one
 * @MM_KUNIT_DUP_PTES: a batch of PTEs
 * @MM_KUNIT_DUP_PMD: a PMD
 * @MM_KUNIT_DUP_HUGETLB: a huge page of hugetlb
 */
enum mm_kunit_dup_level {
	MM_KUNIT_DUP_PTE,
	MM_KUNIT_DUP_PTES,
	MM_KUNIT_DUP_PMD,
	MM_KUNIT_DUP_HUGETLB,
};

/**
 * struct mm_kunit_dup - a mapping that is to be duplicated
 * @level: by which function
 * @src: its VMA
 * @dst: the VMA of the new mapping
 * @folio: the folio
 * @first: its first watched page
 * @watched: how many are watched
 * @at: which of these is the first to be duplicated
 * @nr: how many are
 * @raised: references that the case has added
 * @ptl: lock of the old mapping's entry, while it is held
 */
struct mm_kunit_dup {
	enum mm_kunit_dup_level level;
	struct vm_area_struct *src;
	struct vm_area_struct *dst;
	struct folio *folio;
	struct page *first;
	int watched;
	int at;
	int nr;
	int raised;
	spinlock_t *ptl; /* protects the old mapping's entry */
};

void mm_kunit_dup_choose_pages(struct mm_kunit_dup *d);
struct mm_kunit_dup_state mm_kunit_dup_state(struct mm_kunit_dup *d);
void mm_kunit_expect_dup_state(struct kunit *test, struct mm_kunit_dup *d,
			       const char *name,
			       struct mm_kunit_dup_state want);
void mm_kunit_dup_lock(struct mm_kunit_dup *d);
void mm_kunit_dup_unlock(struct mm_kunit_dup *d);
void mm_kunit_undo_dup(struct mm_kunit_dup *d);
void mm_kunit_expect_dup(struct kunit *test, struct mm_kunit_dup *d,
			 const char *name, int want);
void mm_kunit_expect_share(struct kunit *test, struct mm_kunit_dup *d,
			   const char *name, int want);
void mm_kunit_expect_file_dup(struct kunit *test, struct mm_kunit_dup *d);

#endif /* _MM_KUNIT_DUP_H */
