// SPDX-License-Identifier: GPL-2.0-only
/*
 * Base pages with known content, see pages.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "fixture.h"
#include "pages.h"
#include "process.h"

#define RW (PROT_READ | PROT_WRITE)

/**
 * mm_kunit_write_pages() - give the first pages their content
 * @test: the case
 * @mm: the mm that writes
 * @nr: how many pages
 */
void mm_kunit_write_pages(struct kunit *test, struct mm_struct *mm, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(i));
}

/**
 * mm_kunit_expect_pages() - do the first pages hold their content
 * @test: the case
 * @mm: the mm that reads
 * @nr: how many pages
 */
void mm_kunit_expect_pages(struct kunit *test, struct mm_struct *mm, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    mm_kunit_read(test, mm, mm_kunit_addr(i)),
				    mm_kunit_content(i), "page %d", i);
}

/**
 * mm_kunit_anon_mm() - make an mm with anonymous base pages
 * @test: the case, which owns the mm
 * @nr: how many pages, each with its content
 */
struct mm_struct *mm_kunit_anon_mm(struct kunit *test, int nr)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, nr * PAGE_SIZE);
	mm_kunit_write_pages(test, mm, nr);
	return mm;
}

/**
 * mm_kunit_shmem_mm() - make an mm with shared base pages of a new shmem file
 * @test: the case, which owns the mm and the file
 * @nr: how many pages, each with its content
 */
struct mm_struct *mm_kunit_shmem_mm(struct kunit *test, int nr)
{
	unsigned long len = nr * PAGE_SIZE;
	struct mm_struct *mm =
		mm_kunit_map_new(test, mm_kunit_shmem_file(test, len),
				 MM_KUNIT_BASE, len, RW, MAP_SHARED, 0);

	mm_kunit_write_pages(test, mm, nr);
	return mm;
}

/**
 * mm_kunit_map_file_thrice() - map a page of a file at three places
 * @test: the case, which owns the mms and the file
 * @a: set to an mm that maps pages 0 to 3 at their addresses, and pages 1 and 2
 *	once more, read-only, at addresses 64 and 65
 * @b: set to an mm that maps pages 1 to 3 at addresses 7 to 9
 *
 * Page 2 is present at all three places.
 */
void mm_kunit_map_file_thrice(struct kunit *test, struct mm_struct **a,
			      struct mm_struct **b)
{
	struct file *file = mm_kunit_shmem_file(test, 4 * PAGE_SIZE);

	*a = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 4 * PAGE_SIZE, RW,
			      MAP_SHARED, 0);
	mm_kunit_mmap(test, *a, file, mm_kunit_addr(64), 2 * PAGE_SIZE,
		      PROT_READ, MAP_SHARED, PAGE_SIZE);
	*b = mm_kunit_map_new(test, file, mm_kunit_addr(7), 3 * PAGE_SIZE, RW,
			      MAP_SHARED, PAGE_SIZE);
	mm_kunit_write_pages(test, *a, 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, *a, mm_kunit_addr(65)),
			mm_kunit_content(2));
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, *b, mm_kunit_addr(8)),
			mm_kunit_content(2));
}
