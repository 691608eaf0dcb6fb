// SPDX-License-Identifier: GPL-2.0-only
/*
 * mremap() with an old size of zero makes a second mapping of shared memory,
 * and leaves the first one as it is.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/snapshot.h"
#include "lib/syscall.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

static long mremap_copy(struct mm_struct *mm, unsigned long from,
			unsigned long len, unsigned long to)
{
	long ret;

	kthread_use_mm(mm);
	ret = mm_kunit_syscall(mremap, from, 0, len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, to);
	kthread_unuse_mm(mm);
	return ret;
}

/* Nothing is invalidated, and no range is empty or ends before its start. */
static void mremap_expect_no_empty_range(struct kunit *test,
					 struct mm_kunit_recorder *rec)
{
	int i;

	for (i = 0; i < rec->nr; i++)
		KUNIT_EXPECT_LT_MSG(test, rec->event[i].start,
				    rec->event[i].end, "call %d", i);
}

/* Copy a mapping of @file, and see that both have its pages. */
static void mremap_copy_of(struct kunit *test, struct file *file,
			   unsigned long size, unsigned long to)
{
	struct mm_kunit_recorder *rec;
	struct mm_kunit_snapshot *before;
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, BASE, size, RW, MAP_SHARED, 0);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	before = mm_kunit_take_snapshot(test);
	rec = mm_kunit_register_notifier(test, mm);
	KUNIT_EXPECT_EQ(test, mremap_copy(mm, BASE, size, to), (long)to);
	mremap_expect_no_empty_range(test, rec);
	mm_kunit_expect_unchanged(test, before);

	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, to), mm_kunit_content(0));
	mm_kunit_write(test, mm, to, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, BASE),
			mm_kunit_content(1));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, to),
			    mm_kunit_page_at(mm, BASE));
}

/*
 * 01e67e04c281 ("mmmremap.c: avoid pointless invalidate_range_start/end on
 * mremap(old_size=0)"): the notifiers were called with an empty range.
 */
static void mremap_of_no_bytes_notifies_of_no_empty_range(struct kunit *test)
{
	mremap_copy_of(test, mm_kunit_shmem_file(test, PAGE_SIZE), PAGE_SIZE,
		       2 * BASE);
}

/* A destination beside other mappings of the same page table. */
static void mremap_of_no_bytes_within_a_page_table(struct kunit *test)
{
	mremap_copy_of(test, mm_kunit_shmem_file(test, PAGE_SIZE), PAGE_SIZE,
		       mm_kunit_addr(7));
}

/* There is nothing to copy: a private mapping has pages of its own. */
static void mremap_of_no_bytes_refuses_private_mapping(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_kunit_recorder *rec = mm_kunit_register_notifier(test, mm);

	KUNIT_EXPECT_EQ(test, mremap_copy(mm, BASE, PAGE_SIZE, 2 * BASE),
			(long)-EINVAL);
	mremap_expect_no_empty_range(test, rec);
	mm_kunit_expect_pages(test, mm, 1);
}

static struct kunit_case mremap_copy_cases[] = {
	KUNIT_CASE(mremap_of_no_bytes_notifies_of_no_empty_range),
	KUNIT_CASE(mremap_of_no_bytes_within_a_page_table),
	KUNIT_CASE(mremap_of_no_bytes_refuses_private_mapping),
	{}
};

static struct kunit_suite mremap_copy_suite = {
	.name = "mremap_copy",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = mremap_copy_cases,
};

kunit_test_suite(mremap_copy_suite);

MODULE_DESCRIPTION("KUnit tests for mremap() with an old size of zero");
MODULE_LICENSE("GPL");
