// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page table whose freeing is deferred.
 *
 * pte_free_defer() promises that whoever found a page table under RCU can go
 * on looking at it, whatever becomes of the mm meanwhile, and that the table is
 * freed after that, once. khugepaged takes page tables away under lockless
 * readers since v6.6, and they rely on it.
 *
 * What s390 does with two tables that share a page is the business of the suite
 * s390_pgalloc_defer.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"

/* What a case leaves in a table, to see it again. */
#define MARK	0x6d6d6b756e697400UL

/* A page table that is in no mm's tree, and our reference to its page. */
static pgtable_t new_table(struct kunit *test, struct mm_struct *mm)
{
	pgtable_t table = pte_alloc_one(mm);
	unsigned long *entry;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	entry = page_address(table);
	for (i = 0; i < PTRS_PER_PTE; i++)
		entry[i] = MARK + i;
	get_page(table);
	return table;
}

/* What a reader finds wrong, NULL if nothing. It must not sleep, so it expects nothing. */
static const char *look(pgtable_t table)
{
	unsigned long *entry = page_address(table);
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (entry[i] != MARK + i)
			return "an entry is not what it was";
	if (!PageTable(table))
		return "it is no page table any more";
	return page_count(table) == 2 ? NULL : "its page was freed, or taken twice";
}

static void expect_nothing_wrong(struct kunit *test, const char *found)
{
	KUNIT_EXPECT_TRUE_MSG(test, !found, "%s", found ?: "");
}

static void table_waits_for_reader(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_pagetable();
	pgtable_t t = new_table(test, mm);
	const char *found;

	KUNIT_ASSERT_EQ(test, mm_kunit_nr_pagetable() - before, 1L);
	rcu_read_lock();
	pte_free_defer(mm, t);
	mm_kunit_read_for(20);
	found = look(t);
	rcu_read_unlock();
	expect_nothing_wrong(test, found);
	rcu_barrier();
	mm_kunit_expect_freed(test, t, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(mm), 0UL);
}

/* The first one's wait does not end the other's, and each is freed once. */
static void tables_wait_each_for_itself(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_pagetable();
	const char *found[2];
	pgtable_t t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = new_table(test, mm);
	pte_free_defer(mm, t[0]);
	rcu_barrier();
	mm_kunit_expect_freed(test, t[0], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable() - before, 2L);
	rcu_read_lock();
	pte_free_defer(mm, t[1]);
	mm_kunit_read_for(20);
	found[0] = look(t[1]);
	found[1] = look(t[2]);
	rcu_read_unlock();
	expect_nothing_wrong(test, found[0]);
	expect_nothing_wrong(test, found[1]);
	rcu_barrier();
	mm_kunit_expect_freed(test, t[1], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable() - before, 1L);
	expect_nothing_wrong(test, look(t[2]));
	pte_free_defer(mm, t[2]);
	rcu_barrier();
	mm_kunit_expect_freed(test, t[2], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
}

/* Where a lock or a list is the mm's, it is gone with it: KASAN would see. */
static void table_outlives_its_mm(struct kunit *test)
{
	long before = mm_kunit_nr_pagetable();
	struct mm_struct *mm = mm_alloc();
	const char *found;
	pgtable_t t;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mmgrab(mm);
	mmput(mm);
	t = new_table(test, mm);
	rcu_read_lock();
	pte_free_defer(mm, t);
	mmdrop(mm);
	mm_kunit_read_for(20);
	found = look(t);
	rcu_read_unlock();
	expect_nothing_wrong(test, found);
	rcu_barrier();
	mm_kunit_expect_freed(test, t, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
}

static struct kunit_case pte_free_defer_cases[] = {
	KUNIT_CASE(table_waits_for_reader),
	KUNIT_CASE(tables_wait_each_for_itself),
	KUNIT_CASE(table_outlives_its_mm),
	{}
};

static struct kunit_suite pte_free_defer_suite = {
	.name = "pte_free_defer",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = pte_free_defer_cases,
};

kunit_test_suite(pte_free_defer_suite);

MODULE_DESCRIPTION("KUnit tests for page tables freed by RCU");
MODULE_LICENSE("GPL");
