/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of known content at known places: small ones, huge ones of anonymous
 * memory and of files, and such as ksmd has merged.
 *
 * All of this is setup, and asserts that it worked.
 */
#ifndef _MM_KUNIT_PAGES_H
#define _MM_KUNIT_PAGES_H

#include <linux/mm_types.h>

#include "mm_kunit.h"

/* Where the cases map: PUD-aligned, with room on either side. */
#define MM_KUNIT_BASE	(16 * PUD_SIZE)

/* In sysfs: may a file of shmem have huge pages. */
#define MM_KUNIT_SHMEM_ENABLED \
	"kernel/mm/transparent_hugepage/shmem_enabled"

/**
 * mm_kunit_addr() - where page @i of a case is mapped
 * @i: the page, counted from MM_KUNIT_BASE
 */
static inline unsigned long mm_kunit_addr(int i)
{
	return MM_KUNIT_BASE + i * PAGE_SIZE;
}

/**
 * mm_kunit_content() - what page @i of a case holds
 * @i: the page
 *
 * Return: a value that is not zero, and that no other page holds
 */
static inline u64 mm_kunit_content(int i)
{
	return 0x6d6d6b756e697400ULL + i + 1;
}

void mm_kunit_write_pages(struct kunit *test, struct mm_struct *mm, int nr);
void mm_kunit_expect_pages(struct kunit *test, struct mm_struct *mm, int nr);
struct mm_struct *mm_kunit_anon_mm(struct kunit *test, int nr);

void mm_kunit_need_thp(struct kunit *test);
struct mm_struct *mm_kunit_thp_mm(struct kunit *test, int nr);
void mm_kunit_split_pmd(struct kunit *test, struct mm_struct *mm);
void mm_kunit_map_file_thp(struct kunit *test, struct mm_struct *mm[2],
			   unsigned long len);

struct page *mm_kunit_ksm_merge(struct kunit *test, struct mm_struct *mm[2],
				struct mm_kunit_setting **ksm);
void mm_kunit_ksm_unmerge(struct kunit *test, struct mm_kunit_setting *ksm);

#endif /* _MM_KUNIT_PAGES_H */
