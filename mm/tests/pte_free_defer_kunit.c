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
#include <linux/hw_breakpoint.h>
#include <linux/mm.h>
#include <linux/perf_event.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"

/* What a case leaves in a table, to see it again. */
#define MARK	0x6d6d6b756e697400UL

/*
 * A page table that is in no mm's tree, and our reference to its page. A case
 * that fails leaves both as they are: what is freed twice would take the
 * machine along.
 */
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

/* An mm that nobody uses any more, and that goes with our reference to it. */
static struct mm_struct *mm_without_users(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mmgrab(mm);
	mmput(mm);
	return mm;
}

/*
 * The mm really goes, as the deferral has no reference to it, and the table is
 * freed after that all the same. What RCU would do to the mm's memory only
 * KASAN sees here; the next case sees it without.
 */
static void table_outlives_its_mm(struct kunit *test)
{
	long before = mm_kunit_nr_pagetable();
	struct mm_struct *mm = mm_without_users(test);
	pgtable_t t = new_table(test, mm);
	const char *found;
	int refs;

	rcu_read_lock();
	pte_free_defer(mm, t);
	refs = atomic_read(&mm->mm_count);
	mmdrop(mm);
	mm_kunit_read_for(20);
	found = look(t);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to the mm");
	expect_nothing_wrong(test, found);
	rcu_barrier();
	mm_kunit_expect_freed(test, t, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
}

/* A lock that is taken and dropped is as it was: count the stores to it. */
static void count_store(struct perf_event *bp, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	atomic_inc(bp->overflow_handler_context);
}

/* An action. */
static void stop_watching(void *bp)
{
	unregister_wide_hw_breakpoint((struct perf_event * __percpu *)bp);
}

/* Count in @stores until the case ends, where the machine can. */
static void watch_lock(struct kunit *test, spinlock_t *lock, atomic_t *stores)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.pinned = 1,
		.sample_period = 1,
		.bp_addr = (unsigned long)lock,
		.bp_len = HW_BREAKPOINT_LEN_4,
		.bp_type = HW_BREAKPOINT_W,
	};
	struct perf_event * __percpu *bp;

	bp = register_wide_hw_breakpoint(&attr, count_store, stores);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR((void __force *)bp), "no watchpoint");
	if (bp)
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_watching,
								(void __force *)bp), 0);
}

/* Where two stretches of memory first differ, @len if nowhere. */
static size_t first_difference(const void *a, const void *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((const u8 *)a)[i] != ((const u8 *)b)[i])
			break;
	return i;
}

/* Whatever RCU does when the mm should be gone, we have kept its memory, to see. */
static void deferred_table_touches_no_dead_mm(struct kunit *test)
{
	atomic_t *stores = kunit_kzalloc(test, sizeof(*stores), GFP_KERNEL);
	struct mm_struct *mm = mm_without_users(test);
	long before = mm_kunit_nr_pagetable();
	struct mm_struct *then;
	size_t differs;
	pgtable_t t;

	then = kunit_kmalloc(test, sizeof(*then), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, stores);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, then);
	watch_lock(test, &mm->page_table_lock, stores);
	t = new_table(test, mm);
	rcu_read_lock();
	pte_free_defer(mm, t);
	atomic_set(stores, 0);
	memcpy(then, mm, sizeof(*then));
	rcu_read_unlock();
	rcu_barrier();
	differs = first_difference(then, mm, sizeof(*then));
	KUNIT_EXPECT_EQ_MSG(test, differs, sizeof(*then),
			    "place in the dead mm that was written to");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(stores), 0,
			    "stores to the lock of the dead mm");
	mm_kunit_expect_freed(test, t, "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
	if (differs == sizeof(*then))
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
