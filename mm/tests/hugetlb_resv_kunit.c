// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations of private hugetlb mappings: the process that has mapped a file
 * is promised a huge page for each address, once, and its children are promised
 * none.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/settings.h"

#define BASE MM_KUNIT_BASE
#define ELSEWHERE (4 * BASE)
#define RW (PROT_READ | PROT_WRITE)

/* Pages of the pool that nobody uses, and room for its path and its size. */
#define POOL 8
#define TEXT 64

/* An mm with a private mapping of one huge page, which is reserved for it. */
static struct mm_struct *resv_mm(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_resv_huge_pages();
	unsigned long got;

	kthread_use_mm(mm);
	got = vm_mmap(file, BASE, PMD_SIZE, RW, MAP_PRIVATE | MAP_FIXED, 0);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, got, BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_resv_huge_pages(), before + 1);
	mm_kunit_write(test, mm, BASE, 42);
	KUNIT_ASSERT_EQ(test, mm_kunit_resv_huge_pages(), before);
	return mm;
}

/*
 * A pool of huge pages, because while there are surplus ones nothing is reserved
 * again. Those that a case before this one has leaked become a part of it.
 */
static struct mm_kunit_setting *resv_pool(struct kunit *test)
{
	char *path, *size;

	if (!IS_ENABLED(CONFIG_SYSFS))
		kunit_skip(test, "there is no sysfs to make a pool by");
	mm_kunit_hugetlb_file(test, PUD_SIZE); /* are there huge pages at all */
	path = kunit_kzalloc(test, 2 * TEXT, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, path);
	size = path + TEXT;
	snprintf(size, TEXT, "%ld", mm_kunit_nr_huge_pages() + POOL);
	snprintf(path, TEXT, "kernel/mm/hugepages/hugepages-%lukB/nr_hugepages",
		 PMD_SIZE >> 10);
	return mm_kunit_write_setting(test, "sysfs", path, size);
}

/* All mms and files of the case go, and then the pool. */
static void resv_drop_pool(struct kunit *test, struct mm_kunit_setting *pool)
{
	struct mm_kunit *fx = test->priv;
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_restore_setting(test, pool);
}

/*
 * The parent has used up its reservation. While the child maps the page,
 * nothing is free that could be promised to the parent once more: it was, and
 * the count of promised pages wrapped when the parent's VMA went. 5120b1e048d4
 * ("hugetlb: only adjust reservation during unmapping if mapcount is 0").
 */
static void
munmap_of_page_that_child_maps_returns_no_promise(struct kunit *test)
{
	struct mm_kunit_setting *pool = resv_pool(test);
	long before = mm_kunit_resv_huge_pages(), after[2];
	struct mm_struct *mm = resv_mm(test), *child;
	u64 value = 0;

	child = mm_kunit_fork(test, mm);
	mm_kunit_munmap(mm, BASE, PMD_SIZE);
	after[0] = mm_kunit_resv_huge_pages();
	mm_kunit_load(child, BASE, &value);
	mm_kunit_exit_mm(test, child);
	after[1] = mm_kunit_resv_huge_pages();
	resv_drop_pool(test, pool);
	KUNIT_EXPECT_EQ(test, value, 42ULL);
	KUNIT_EXPECT_EQ(test, after[0], before);
	KUNIT_EXPECT_EQ(test, after[1], before);
}

/* As above: the parent drops the page and writes anew. */
static void
dontneed_of_page_that_child_maps_returns_no_promise(struct kunit *test)
{
	struct mm_kunit_setting *pool = resv_pool(test);
	long before = mm_kunit_resv_huge_pages(), after[3];
	struct mm_struct *mm = resv_mm(test), *child;
	int stored;

	child = mm_kunit_fork(test, mm);
	mm_kunit_madvise(mm, BASE, PMD_SIZE, MADV_DONTNEED);
	after[0] = mm_kunit_resv_huge_pages();
	stored = mm_kunit_store(mm, BASE, 43);
	after[1] = mm_kunit_resv_huge_pages();
	mm_kunit_exit_mm(test, child);
	mm_kunit_exit_mm(test, mm);
	after[2] = mm_kunit_resv_huge_pages();
	resv_drop_pool(test, pool);
	KUNIT_EXPECT_EQ(test, stored, 0);
	KUNIT_EXPECT_EQ(test, after[0], before);
	KUNIT_EXPECT_EQ(test, after[1], before);
	KUNIT_EXPECT_EQ(test, after[2], before);
}

/*
 * A page that nobody else maps is free again, and promised to the mapping
 * again: df7a6d1f6405 ("mm/hugetlb: restore the reservation if needed").
 */
static void dontneed_of_own_page_keeps_a_page_promised(struct kunit *test)
{
	struct mm_kunit_setting *pool = resv_pool(test);
	long before = mm_kunit_resv_huge_pages(), after[3];
	struct mm_struct *mm = resv_mm(test);
	int stored;

	mm_kunit_madvise(mm, BASE, PMD_SIZE, MADV_DONTNEED);
	after[0] = mm_kunit_resv_huge_pages();
	stored = mm_kunit_store(mm, BASE, 43);
	after[1] = mm_kunit_resv_huge_pages();
	mm_kunit_exit_mm(test, mm);
	after[2] = mm_kunit_resv_huge_pages();
	resv_drop_pool(test, pool);
	KUNIT_EXPECT_EQ(test, stored, 0);
	KUNIT_EXPECT_EQ(test, after[0], before + 1);
	KUNIT_EXPECT_EQ(test, after[1], before);
	KUNIT_EXPECT_EQ(test, after[2], before);
}

/**
 * struct resv_rescue - lets a write fault go on that finds no page to take
 * @timer: when it is time to help
 * @overcommit: how many surplus huge pages there may be then
 * @rescued: the write had to be helped
 */
struct resv_rescue {
	struct hrtimer timer;
	unsigned long overcommit;
	bool rescued;
};

static enum hrtimer_restart resv_rescue(struct hrtimer *timer)
{
	struct resv_rescue *rescue =
		container_of(timer, struct resv_rescue, timer);

	WRITE_ONCE(rescue->rescued, true);
	mm_kunit_set_overcommit(rescue->overcommit);
	return HRTIMER_NORESTART;
}

/* The mapping's owner writes while there is no huge page to copy to. */
static void resv_owner_writes(struct kunit *test, struct mm_struct *mm)
{
	struct resv_rescue *rescue;
	int stored;

	rescue = kunit_kzalloc(test, sizeof(*rescue), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rescue);
	hrtimer_setup(&rescue->timer, resv_rescue, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	rescue->overcommit = mm_kunit_set_overcommit(0);
	hrtimer_start(&rescue->timer, ms_to_ktime(2000), HRTIMER_MODE_REL);
	stored = mm_kunit_store(mm, BASE, 43);
	hrtimer_cancel(&rescue->timer);
	mm_kunit_set_overcommit(rescue->overcommit);
	KUNIT_EXPECT_EQ(test, stored, 0);
	KUNIT_EXPECT_FALSE(test, rescue->rescued);
}

/*
 * "mm/hugetlb: unmap the page where the other VMA maps it", 7.3.4 and 6.12.118.
 * Without a page to copy to, the owner of the reservation takes the page from
 * its children, whose mappings may have moved: it was looked for at the owner's
 * address, and the owner's write never returned.
 */
static void resv_taken_from_child_at(struct kunit *test, unsigned long addr)
{
	struct mm_struct *mm = resv_mm(test), *child;
	struct page *page;

	page = mm_kunit_page_at(mm, BASE);
	child = mm_kunit_fork(test, mm);
	if (addr != BASE)
		KUNIT_ASSERT_EQ(test,
				mm_kunit_mremap(child, BASE, PMD_SIZE, addr),
				(long)addr);
	KUNIT_ASSERT_PTR_EQ(test, mm_kunit_page_at(child, addr), page);
	resv_owner_writes(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, BASE), page);
	KUNIT_EXPECT_NULL(test, mm_kunit_page_at(child, addr));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, BASE), 43ULL);
}

static void write_without_free_page_takes_it_from_child(struct kunit *test)
{
	resv_taken_from_child_at(test, BASE);
}

static void
write_without_free_page_finds_it_where_child_moved_it(struct kunit *test)
{
	resv_taken_from_child_at(test, ELSEWHERE);
}

static struct kunit_case hugetlb_resv_cases[] = {
	KUNIT_CASE(dontneed_of_own_page_keeps_a_page_promised),
	KUNIT_CASE(munmap_of_page_that_child_maps_returns_no_promise),
	KUNIT_CASE(dontneed_of_page_that_child_maps_returns_no_promise),
	KUNIT_CASE(write_without_free_page_takes_it_from_child),
	KUNIT_CASE(write_without_free_page_finds_it_where_child_moved_it),
	{}
};

static struct kunit_suite hugetlb_resv_suite = {
	.name = "hugetlb_resv",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_resv_cases,
};

kunit_test_suite(hugetlb_resv_suite);

MODULE_DESCRIPTION("KUnit tests for reservations of hugetlb mappings");
MODULE_LICENSE("GPL");
