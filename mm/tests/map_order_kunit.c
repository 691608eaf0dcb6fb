// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of stores when a page is mapped or unmapped.
 *
 * A mapping has a reference to its folio as long as it is counted. Who looks at
 * the two counts meanwhile, without a lock that the other one holds, must never
 * find more mappings than references. Watchpoints look behind each store.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/order.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/swap.h"
#include "lib/thp.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/* A page of a file that a private mapping only reads; another is its own. */
static struct mm_struct *order_file_mm(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *writer, *mm;

	writer = mm_kunit_map_new(test, file, BASE, 2 * PAGE_SIZE, RW,
				  MAP_SHARED, 0);
	mm_kunit_write_pages(test, writer, 2);
	mm = mm_kunit_map_new(test, file, BASE, 2 * PAGE_SIZE, RW, MAP_PRIVATE,
			      0);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(5));
	mm_kunit_read(test, mm, BASE);
	return mm;
}

/* A huge page, in a mapping too short to share a PMD table. */
static struct mm_struct *order_hugetlb_mm(struct kunit *test,
					  unsigned long flags)
{
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, mm_kunit_hugetlb_file(test, PMD_SIZE), BASE,
			      PMD_SIZE, RW, flags, 0);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	return mm;
}

static struct mm_struct *order_pte_mapped_thp_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 4);

	mm_kunit_split_pmd(test, mm);
	return mm;
}

/* Two stores of fork() at least, and two of exit. */
static void order_fork_and_exit(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit_order *order = mm_kunit_watch_order(test, mm, BASE);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_order(test, order, 4);
}

static void fork_and_exit_of_file_page(struct kunit *test)
{
	order_fork_and_exit(test, order_file_mm(test));
}

/* Its PTEs are copied and zapped in batches, where the tree does so. */
static void fork_and_exit_of_pte_mapped_thp(struct kunit *test)
{
	order_fork_and_exit(test, order_pte_mapped_thp_mm(test));
}

static void fork_and_exit_of_private_hugetlb(struct kunit *test)
{
	order_fork_and_exit(test, order_hugetlb_mm(test, MAP_PRIVATE));
}

/* fork() leaves a shared mapping of hugetlb to be faulted. */
static void exit_of_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = order_hugetlb_mm(test, MAP_SHARED);
	struct mm_kunit_order *order = mm_kunit_watch_order(test, mm, BASE);

	mm_kunit_exit_mm(test, mm);
	mm_kunit_expect_order(test, order, 2);
}

/* try_to_migrate(), and remove_migration_ptes(). */
static void order_migrate(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, BASE);
	struct mm_kunit_order *order = mm_kunit_watch_order(test, mm, BASE);

	mm_kunit_migrate_away(&t, 0);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_order(test, order, 4);
	mm_kunit_put_target(&t);
}

static void migration_of_page(struct kunit *test)
{
	order_migrate(test, mm_kunit_anon_mm(test, 1));
}

static void migration_of_file_page(struct kunit *test)
{
	order_migrate(test, order_file_mm(test));
}

static void migration_of_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	order_migrate(test, mm_kunit_thp_mm(test, 1));
}

static void migration_of_pte_mapped_thp(struct kunit *test)
{
	order_migrate(test, order_pte_mapped_thp_mm(test));
}

static void migration_of_hugetlb(struct kunit *test)
{
	order_migrate(test, order_hugetlb_mm(test, MAP_SHARED));
}

/* try_to_unmap(), for one of the reasons that it knows. */
static void order_unmap(struct kunit *test, struct mm_struct *mm,
			enum ttu_flags flags)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, BASE);
	struct mm_kunit_order *order = mm_kunit_watch_order(test, mm, BASE);

	mm_kunit_unmap(&t, flags);
	mm_kunit_expect_order(test, order, 2);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 0);
	mm_kunit_put_target(&t);
}

static void unmap_of_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, BASE, PAGE_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	order_unmap(test, mm, 0);
}

static void unmap_of_page_in_swap_cache(struct kunit *test)
{
	struct mm_struct *mm;
	struct folio *folio;
	int ret;

	mm_kunit_swapon(test);
	mm = mm_kunit_anon_mm(test, 1);
	folio = page_folio(mm_kunit_page_at(mm, BASE));
	lru_add_drain_all();
	folio_lock(folio);
	ret = mm_kunit_add_to_swap(folio);
	folio_unlock(folio);
	KUNIT_ASSERT_EQ(test, ret, 0);
	order_unmap(test, mm, 0);
}

static struct kunit_case map_order_cases[] = {
	KUNIT_CASE(fork_and_exit_of_file_page),
	KUNIT_CASE(fork_and_exit_of_pte_mapped_thp),
	KUNIT_CASE(fork_and_exit_of_private_hugetlb),
	KUNIT_CASE(exit_of_hugetlb),
	KUNIT_CASE(migration_of_page),
	KUNIT_CASE(migration_of_file_page),
	KUNIT_CASE(migration_of_thp),
	KUNIT_CASE(migration_of_pte_mapped_thp),
	KUNIT_CASE(migration_of_hugetlb),
	KUNIT_CASE(unmap_of_file_page),
	KUNIT_CASE(unmap_of_page_in_swap_cache),
	{}
};

static struct kunit_suite map_order_suite = {
	.name = "map_order",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = map_order_cases,
};

kunit_test_suite(map_order_suite);

MODULE_DESCRIPTION("KUnit tests for the order of stores of a mapping");
MODULE_LICENSE("GPL");
