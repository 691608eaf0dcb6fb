// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is in a device, or that a device alone may use for a while.
 *
 * The page tables say so by entries that are not present, and yet map a page,
 * with a reference and a mapcount. A process that touches it gets it back.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "lib/device.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"

#define RW (PROT_READ | PROT_WRITE)

static int device_init(struct kunit *test)
{
	mm_kunit_plug_device();
	return mm_kunit_init(test);
}

static void expect_in_device(struct kunit *test, struct mm_struct *mm, int i)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, mm_kunit_addr(i));

	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_OTHER);
}

static void expect_in_memory(struct kunit *test, struct mm_struct *mm, int i)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, mm_kunit_addr(i));

	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_PRESENT);
}

static void page_comes_back_from_device(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3);

	mm_kunit_move_to_device(test, mm, mm_kunit_addr(1));
	expect_in_device(test, mm, 1);
	mm_kunit_expect_pages(test, mm, 3);
	expect_in_memory(test, mm, 1);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(9));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(9));
}

/* Both have the page in the device, and nobody may write to it there. */
static void fork_shares_page_in_device(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child;
	struct page *page;

	page = mm_kunit_move_to_device(test, mm, mm_kunit_addr(1));
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	child = mm_kunit_fork(test, mm);
	expect_in_device(test, mm, 1);
	expect_in_device(test, child, 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 2);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(9));
	mm_kunit_expect_pages(test, child, 2);
	mm_kunit_write(test, child, mm_kunit_addr(1), mm_kunit_content(8));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(9));
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
}

/* The mm's own copy of a page of a file. */
static struct mm_struct *private_file_mm(struct kunit *test)
{
	struct mm_struct *mm;
	struct file *file;

	if (!IS_ENABLED(CONFIG_SHMEM))
		kunit_skip(test, "shmem is compiled out");
	file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PAGE_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write_pages(test, mm, 2);
	return mm;
}

/*
 * be3f38d05cc5 ("mm/memory: fix spurious warning when unmapping
 * device-private/exclusive pages"): the kernel warned if the VMA was not
 * anonymous, but in a private VMA of a file the page may well be. The warning
 * alone is a failure.
 */
static void private_file_page_in_device_is_unmapped(struct kunit *test)
{
	struct mm_struct *mm = private_file_mm(test);
	struct page *page;

	page = mm_kunit_move_to_device(test, mm, mm_kunit_addr(1));
	expect_in_device(test, mm, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE),
			0L);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
}

/* Have a device use a page alone; the page, or an ERR_PTR if that is refused. */
static struct page *make_exclusive(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = NULL;
	struct page *page;

	mmap_read_lock(mm);
	page = make_device_exclusive(mm, addr, NULL, &folio);
	mmap_read_unlock(mm);
	if (!IS_ERR(page)) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return page;
}

static void exclusive_page_is_unmapped(struct kunit *test)
{
	struct mm_struct *mm = private_file_mm(test);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));

	lru_add_drain_all();
	get_page(page);
	KUNIT_EXPECT_PTR_EQ(test, make_exclusive(mm, mm_kunit_addr(1)), page);
	expect_in_device(test, mm, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE),
			0L);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

static void touch_takes_exclusive_page_back(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));

	KUNIT_EXPECT_PTR_EQ(test, make_exclusive(mm, mm_kunit_addr(1)), page);
	expect_in_device(test, mm, 1);
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(1)), page);
}

/* A device cannot share what it has alone, so the parent takes it back first. */
static void fork_takes_exclusive_page_back(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));
	struct mm_struct *child;

	KUNIT_EXPECT_PTR_EQ(test, make_exclusive(mm, mm_kunit_addr(1)), page);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(1)), page);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(1)),
			    page);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(9));
	mm_kunit_expect_pages(test, child, 2);
}

/* Whether GUP, asked to split what a PMD maps, leaves a huge page as it was. */
static bool gup_leaves_huge_page(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr), *got = NULL;
	long ret;

	kthread_use_mm(mm);
	ret = get_user_pages_unlocked(addr, 1, &got,
				      FOLL_SPLIT_PMD | FOLL_NOFAULT);
	kthread_unuse_mm(mm);
	if (ret == 1)
		put_page(got);
	return mm_kunit_page_at(mm, addr) == page;
}

/*
 * bc3fe6805cf0 ("mm/rmap: reject hugetlb folios in
 * folio_make_device_exclusive()"): the entry of one small page was written over
 * that of the huge page. Without 8977752c8056 ("mm/gup: reject FOLL_SPLIT_PMD
 * with hugetlb VMAs") either, the huge page's PMD is split, and what comes next
 * may crash.
 */
static void exclusive_hugetlb_page_is_refused(struct kunit *test)
{
	struct mm_struct *mm;
	struct file *file;
	struct page *page;

	file = mm_kunit_hugetlb_file(test, PMD_SIZE);
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PMD_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	if (!gup_leaves_huge_page(mm, MM_KUNIT_BASE)) {
		KUNIT_FAIL(test, "GUP has split the PMD of a hugetlb page");
		return;
	}
	KUNIT_EXPECT_TRUE(test, IS_ERR(make_exclusive(mm, MM_KUNIT_BASE)));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
	/* The fault at such an entry would come back for ever. */
	if (!mm_kunit_failed(test))
		mm_kunit_expect_pages(test, mm, 1);
}

/* Cases that others rest on come first. */
static struct kunit_case device_private_cases[] = {
	KUNIT_CASE(page_comes_back_from_device),
	KUNIT_CASE(fork_shares_page_in_device),
	KUNIT_CASE(private_file_page_in_device_is_unmapped),
	KUNIT_CASE(touch_takes_exclusive_page_back),
	KUNIT_CASE(fork_takes_exclusive_page_back),
	KUNIT_CASE(exclusive_page_is_unmapped),
	KUNIT_CASE(exclusive_hugetlb_page_is_refused),
	{}
};

static struct kunit_suite device_private_suite = {
	.name = "device_private",
	.init = device_init,
	.exit = mm_kunit_exit,
	.test_cases = device_private_cases,
};

kunit_test_suite(device_private_suite);

MODULE_DESCRIPTION("KUnit tests for memory that is in a device");
MODULE_LICENSE("GPL");
