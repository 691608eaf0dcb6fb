// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables whose freeing is deferred.
 *
 * pte_free_defer() promises that a reader who found a page table under RCU can
 * go on reading it, whatever happens to the mm meanwhile, and that the table is
 * freed after that, once. khugepaged removes page tables while lockless readers
 * may walk them, and those rely on this promise.
 *
 * A reader under RCU must not sleep, and an expectation that fails does. So
 * what a reader finds is expected after rcu_read_unlock() only.
 *
 * s390 has a pte_free_defer() of its own, which the suite pgalloc_defer tests.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "lib/fixture.h"
#include "lib/pgfree.h"
#include "lib/process.h"
#include "lib/watch.h"

/* A case writes this to the first entry of a table, and counts from there. */
#define TABLE_CONTENT 0x6d6d6b756e697400UL

/*
 * A page table that no PMD points to, and a reference to its page. If a case
 * fails, the table and the reference are leaked: to free a table twice could
 * crash the machine.
 */
static pgtable_t new_table(struct kunit *test, struct mm_struct *mm)
{
	pgtable_t table = pte_alloc_one(mm);
	unsigned long *entry;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	entry = page_address(table);
	for (i = 0; i < PTRS_PER_PTE; i++)
		entry[i] = TABLE_CONTENT + i;
	get_page(table);
	return table;
}

/* Return: what is wrong with a table, or NULL */
static const char *table_mismatch(pgtable_t table)
{
	unsigned long *entry = page_address(table);
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (entry[i] != TABLE_CONTENT + i)
			return "an entry of the table has changed";
	if (!PageTable(table))
		return "the table is no page table any more";
	if (page_count(table) != 2)
		return "the table's page has lost or gained references";
	return NULL;
}

static void expect_no_mismatch(struct kunit *test, const char *mismatch)
{
	KUNIT_EXPECT_TRUE_MSG(test, !mismatch, "%s", mismatch ?: "");
}

static void table_waits_for_reader(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	pgtable_t table = new_table(test, mm);
	const char *mismatch;

	KUNIT_ASSERT_EQ(test, mm_kunit_nr_user_pagetable() - before, 1L);
	rcu_read_lock();
	pte_free_defer(mm, table);
	mm_kunit_read_for(20);
	mismatch = table_mismatch(table);
	rcu_read_unlock();
	expect_no_mismatch(test, mismatch);
	rcu_barrier();
	mm_kunit_expect_freed(test, table, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(mm), 0UL);
}

/* Freeing one table does not free another, and each is freed once. */
static void tables_wait_each_for_itself(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	const char *mismatch[2];
	pgtable_t table[3];
	int i;

	for (i = 0; i < 3; i++)
		table[i] = new_table(test, mm);
	pte_free_defer(mm, table[0]);
	rcu_barrier();
	mm_kunit_expect_freed(test, table[0], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before, 2L);
	rcu_read_lock();
	pte_free_defer(mm, table[1]);
	mm_kunit_read_for(20);
	mismatch[0] = table_mismatch(table[1]);
	mismatch[1] = table_mismatch(table[2]);
	rcu_read_unlock();
	expect_no_mismatch(test, mismatch[0]);
	expect_no_mismatch(test, mismatch[1]);
	rcu_barrier();
	mm_kunit_expect_freed(test, table[1], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before, 1L);
	expect_no_mismatch(test, table_mismatch(table[2]));
	pte_free_defer(mm, table[2]);
	rcu_barrier();
	mm_kunit_expect_freed(test, table[2], "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
}

/* An mm that has no user, and is freed when the case drops its reference. */
static struct mm_struct *mm_without_users(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mmgrab(mm);
	mmput(mm);
	return mm;
}

/*
 * The mm is freed while its table waits, because pte_free_defer() takes no
 * reference to it, and the table is freed later all the same. Only KASAN would
 * see here that the callback of RCU uses the freed mm; the next case sees it
 * without KASAN.
 */
static void table_outlives_its_mm(struct kunit *test)
{
	long before = mm_kunit_nr_user_pagetable();
	struct mm_struct *mm = mm_without_users(test);
	pgtable_t table = new_table(test, mm);
	const char *mismatch;
	int refs;

	rcu_read_lock();
	pte_free_defer(mm, table);
	refs = atomic_read(&mm->mm_count);
	mmdrop(mm);
	mm_kunit_read_for(20);
	mismatch = table_mismatch(table);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to the mm");
	expect_no_mismatch(test, mismatch);
	rcu_barrier();
	mm_kunit_expect_freed(test, table, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
}

static void count_store(struct perf_event *bp, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	atomic_inc(mm_kunit_watch_context(bp));
}

/*
 * Count the stores to a lock, in @stores, until the case ends. A lock that was
 * taken and dropped looks as before, so only a watchpoint can tell. Nothing is
 * counted where the machine has no watchpoints.
 */
static void watch_lock(struct kunit *test, spinlock_t *lock, atomic_t *stores)
{
	if (IS_ENABLED(CONFIG_HAVE_HW_BREAKPOINT))
		mm_kunit_watch(test, lock, HW_BREAKPOINT_LEN_4, count_store,
			       stores);
}

/* Return: the offset at which two buffers first differ, or @len */
static size_t first_difference(const void *a, const void *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((const u8 *)a)[i] != ((const u8 *)b)[i])
			break;
	return i;
}

/*
 * The case keeps the memory of an mm that could have been freed, so that it can
 * see what the callback of RCU would write to freed memory.
 */
static void deferred_table_touches_no_dead_mm(struct kunit *test)
{
	atomic_t *stores = kunit_kzalloc(test, sizeof(*stores), GFP_KERNEL);
	struct mm_struct *mm = mm_without_users(test);
	long before = mm_kunit_nr_user_pagetable();
	struct mm_struct *copy;
	pgtable_t table;
	size_t differs;

	copy = kunit_kmalloc(test, sizeof(*copy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stores);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	watch_lock(test, &mm->page_table_lock, stores);
	table = new_table(test, mm);
	rcu_read_lock();
	pte_free_defer(mm, table);
	atomic_set(stores, 0);
	memcpy(copy, mm, sizeof(*copy));
	rcu_read_unlock();
	rcu_barrier();
	differs = first_difference(copy, mm, sizeof(*copy));
	KUNIT_EXPECT_EQ_MSG(test, differs, sizeof(*copy),
			    "offset in the dead mm that was written to");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(stores), 0,
			    "stores to the lock of the dead mm");
	mm_kunit_expect_freed(test, table, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
	if (differs == sizeof(*copy))
		mmdrop(mm);
}

static struct kunit_case pte_free_defer_cases[] = {
	KUNIT_CASE(table_waits_for_reader),
	KUNIT_CASE(tables_wait_each_for_itself),
	KUNIT_CASE(table_outlives_its_mm),
	KUNIT_CASE(deferred_table_touches_no_dead_mm),
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
