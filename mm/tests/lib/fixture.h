/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the mm suites: it owns the mms, files, notifiers and pins
 * of one case, and checks at the end that no page table and no huge page is
 * left.
 */
#ifndef _MM_KUNIT_FIXTURE_H
#define _MM_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include <linux/mm_types.h>

struct mm_kunit_recorder;

#define MM_KUNIT_MAX_MMS 8
#define MM_KUNIT_MAX_FILES 4
#define MM_KUNIT_MAX_PINS 8

/**
 * struct mm_kunit_counts - what a case must leave as it found it
 * @pagetables: page-table pages of the machine, but for the kernel's own
 * @huge_pages: huge pages of the default size
 * @resv_huge_pages: those of them that are promised
 */
struct mm_kunit_counts {
	long pagetables;
	long huge_pages;
	long resv_huge_pages;
};

/**
 * struct mm_kunit - one case's mms and files
 * @mms: the mms, NULL where one has exited
 * @files: the files
 * @recorders: the recorders of @mms, NULL where there is none
 * @pins: pages that a device holds, NULL where none is
 * @nr_files: used entries of @files
 * @overcommit: limit of surplus huge pages that stood before
 * @before: counts at the start of the case
 *
 * It is @test->priv between mm_kunit_init() and mm_kunit_exit().
 */
struct mm_kunit {
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	struct file *files[MM_KUNIT_MAX_FILES];
	struct mm_kunit_recorder *recorders[MM_KUNIT_MAX_MMS];
	struct page *pins[MM_KUNIT_MAX_PINS];
	int nr_files;
	unsigned long overcommit;
	struct mm_kunit_counts before;
};

/**
 * mm_kunit_failed() - whether a case has failed so far
 * @test: the case
 */
#ifndef mm_kunit_failed
static inline bool mm_kunit_failed(struct kunit *test)
{
	return READ_ONCE(test->status) == KUNIT_FAILURE;
}
#endif

#ifndef mm_kunit_nr_user_pagetable
long mm_kunit_nr_user_pagetable(void);
#endif
struct mm_struct *mm_kunit_alloc_mm(void);
int mm_kunit_init(struct kunit *test);
void mm_kunit_exit(struct kunit *test);
int mm_kunit_slot(struct mm_kunit *fx, struct mm_struct *mm);
struct mm_struct *mm_kunit_adopt(struct kunit *test, struct mm_struct *mm);
void mm_kunit_exit_mm(struct kunit *test, struct mm_struct *mm);
void mm_kunit_put_files(struct kunit *test);
struct file *mm_kunit_own_file(struct kunit *test, struct file *file);
void mm_kunit_wait_for_rcu_later(void);

#endif /* _MM_KUNIT_FIXTURE_H */
