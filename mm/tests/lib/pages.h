/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base pages with known content at known addresses. All of it is setup, and
 * asserts that it worked.
 */
#ifndef _MM_KUNIT_PAGES_H
#define _MM_KUNIT_PAGES_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>

struct kunit;

/* Where the cases map: PUD-aligned, with room on either side. */
#define MM_KUNIT_BASE (16 * PUD_SIZE)

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
struct mm_struct *mm_kunit_shmem_mm(struct kunit *test, int nr);
void mm_kunit_map_file_thrice(struct kunit *test, struct mm_struct **a,
			      struct mm_struct **b);

#endif /* _MM_KUNIT_PAGES_H */
