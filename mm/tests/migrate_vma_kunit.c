// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate_vma_setup(), migrate_vma_pages() and migrate_vma_finalize(), by which
 * a driver migrates the memory of a process. Here it goes from memory to memory.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/process.h"

#define BASE MM_KUNIT_BASE

/**
 * struct migrate_one - a page that migrates
 * @src: the page, which the case has a reference to
 * @dst: where it goes, NULL if it stays; with a reference of the case
 * @migrated: whether migrate_vma_pages() said that it did
 */
struct migrate_one {
	struct page *src;
	struct page *dst;
	bool migrated;
};

/* What a driver does between setup and finalize. */
static void migrate_one_pages(struct migrate_vma *args, struct migrate_one *one)
{
	if (!(args->src[0] & MIGRATE_PFN_MIGRATE))
		one->dst = NULL;
	if (one->dst) {
		get_page(one->dst);
		lock_page(one->dst);
		copy_highpage(one->dst, one->src);
		args->dst[0] = migrate_pfn(page_to_pfn(one->dst));
	}
	migrate_vma_pages(args);
	one->migrated = args->src[0] & MIGRATE_PFN_MIGRATE;
	/* Earlier, it would be a reference that forbids migration. */
	get_page(one->src);
	migrate_vma_finalize(args);
}

static struct migrate_one migrate_one(struct kunit *test, struct mm_struct *mm,
				      struct page *dst)
{
	struct migrate_one one = {
		.src = mm_kunit_page_at(mm, BASE),
		.dst = dst,
	};
	unsigned long src = 0, dst_pfn = 0;
	struct migrate_vma args = {
		.src = &src,
		.dst = &dst_pfn,
		.start = BASE,
		.end = BASE + PAGE_SIZE,
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};
	int ret;

	lru_add_drain_all();
	mmap_read_lock(mm);
	args.vma = find_vma(mm, BASE);
	ret = migrate_vma_setup(&args);
	if (!ret)
		migrate_one_pages(&args, &one);
	mmap_read_unlock(mm);
	KUNIT_ASSERT_EQ(test, ret, 0);
	lru_add_drain_all();
	return one;
}

/*
 * 41cddf83d8b0 ("mm/migrate_device: don't add folio to be freed to LRU in
 * migrate_device_finalize()"): the page that was left went to the LRU lists, and
 * was freed from there.
 */
static void migrated_page_leaves_old_one_off_the_lists(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct page *dst = alloc_page(GFP_HIGHUSER_MOVABLE);
	struct migrate_one one;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dst);
	one = migrate_one(test, mm, dst);
	KUNIT_EXPECT_TRUE(test, one.migrated);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, BASE), dst);
	KUNIT_EXPECT_TRUE(test, PageLRU(dst));
	KUNIT_EXPECT_FALSE(test, PageLRU(one.src));
	KUNIT_EXPECT_EQ(test, page_count(one.src), 1);
	put_page(one.src);
	put_page(dst);
	mm_kunit_expect_pages(test, mm, 1);
}

static void page_that_stays_goes_back_to_the_lists(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct migrate_one one = migrate_one(test, mm, NULL);

	KUNIT_EXPECT_FALSE(test, one.migrated);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, BASE), one.src);
	KUNIT_EXPECT_TRUE(test, PageLRU(one.src));
	KUNIT_EXPECT_EQ(test, page_count(one.src), 2);
	put_page(one.src);
	mm_kunit_expect_pages(test, mm, 1);
}

static struct kunit_case migrate_vma_cases[] = {
	KUNIT_CASE(page_that_stays_goes_back_to_the_lists),
	KUNIT_CASE(migrated_page_leaves_old_one_off_the_lists),
	{}
};

static struct kunit_suite migrate_vma_suite = {
	.name = "migrate_vma",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = migrate_vma_cases,
};

kunit_test_suite(migrate_vma_suite);

MODULE_DESCRIPTION("KUnit tests for migrate_vma_setup() and its kin");
MODULE_LICENSE("GPL");
