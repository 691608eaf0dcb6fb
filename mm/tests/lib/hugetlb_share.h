/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mms that share PMD tables, because they map the same hugetlb file.
 */
#ifndef _MM_KUNIT_HUGETLB_SHARE_H
#define _MM_KUNIT_HUGETLB_SHARE_H

#include <kunit/test.h>
#include <linux/mm_types.h>

#include "hugetlb.h"
#include "snapshot.h"

struct file;

/**
 * struct mm_kunit_unshared - what one call of huge_pmd_unshare() did
 * @ret: what it returned
 * @flush: the mmu_gather had to flush the TLB for an unshared table
 * @ipi: it had to send an IPI as well, for a table that has one owner left
 * @covered: the range of the flush covered the whole PUD
 * @flush_after: something was left to do after the flush
 */
struct mm_kunit_unshared {
	int ret;
	bool flush;
	bool ipi;
	bool covered;
	bool flush_after;
};

/**
 * struct mm_kunit_pair - two mms that share two PMD tables of one file
 * @keeper: the mm that the case leaves alone
 * @other: the mm whose mapping the case changes
 * @file: the file; its first two huge pages hold 1 and 2, and the first huge
 *	page of its second PUD holds 3
 */
struct mm_kunit_pair {
	struct mm_struct *keeper;
	struct mm_struct *other;
	struct file *file;
};

/**
 * struct mm_kunit_swapped_lock - a VMA whose lock is replaced for a while
 * @vma: the VMA
 * @lock: its own lock, which the last unmap frees
 */
struct mm_kunit_swapped_lock {
	struct vm_area_struct *vma;
	void *lock;
};

struct file *mm_kunit_shareable_file(struct kunit *test, unsigned long size);
struct mm_struct *mm_kunit_sharer(struct kunit *test, struct file *file,
				  int puds);
struct mm_kunit_pair mm_kunit_new_pair(struct kunit *test);
bool mm_kunit_keeper_unaffected(struct mm_kunit_pair *pair);
int mm_kunit_owners(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr);
bool mm_kunit_own_tables(struct mm_struct *mm1, unsigned long addr1,
			 struct mm_struct *mm2, unsigned long addr2);
pte_t *mm_kunit_huge_ptep(struct mm_struct *mm, unsigned long addr);
bool mm_kunit_pud_is_clear(struct mm_struct *mm, unsigned long addr);
struct mm_kunit_unshared mm_kunit_unshare(struct mm_struct *mm,
					  unsigned long addr);
bool mm_kunit_put_stray_ref(struct mm_struct *mm, unsigned long addr,
			    struct page *table);
int mm_kunit_copy_hugetlb_range(struct mm_struct *parent,
				struct mm_struct *child);
struct mm_kunit_swapped_lock *mm_kunit_swap_vma_lock(struct kunit *test,
						     struct mm_struct *mm,
						     unsigned long addr,
						     void *lock);
void mm_kunit_restore_vma_lock(struct kunit *test,
			       struct mm_kunit_swapped_lock *swapped);

/* Macros, so that a failure is reported with the line of the case. */

/* What hugetlb counts agrees with the page tables of all mms. */
#define EXPECT_HUGETLB_COUNTS_MATCH(test)                                   \
	do {                                                                \
		struct kunit *test_ = (test);                               \
		char msg_[MM_KUNIT_MSG_SIZE] = "";                          \
									    \
		KUNIT_EXPECT_TRUE_MSG(test_,                                \
				      mm_kunit_check_hugetlb(test_->priv,   \
							     msg_,          \
							     sizeof(msg_)), \
				      "%s", msg_);                          \
	} while (0)

/* As before, and the keeper of a pair has not noticed what @other did. */
#define EXPECT_KEEPER_UNAFFECTED(test, pair)                         \
	do {                                                         \
		struct kunit *keeper_test_ = (test);                 \
								     \
		KUNIT_EXPECT_TRUE(keeper_test_,                      \
				  mm_kunit_keeper_unaffected(pair)); \
		EXPECT_HUGETLB_COUNTS_MATCH(keeper_test_);           \
	} while (0)

#endif /* _MM_KUNIT_HUGETLB_SHARE_H */
