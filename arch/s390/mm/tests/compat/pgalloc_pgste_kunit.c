// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that KVM can use, on trees where two other page tables share a
 * page: such a table has a page to itself, and KVM keeps notes on its entries
 * (PGSTEs) in the upper half.
 *
 * If a case fails, its page tables and mms are leaked: to free a table twice
 * could crash the machine.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/pgfree.h"
#include "lib/process.h"
#include "pgalloc.h"

/* A case writes this to the first entry of a table, and counts from there. */
#define TABLE_CONTENT 0x6d6d6b756e697400UL

static void expect_whole_page(struct kunit *test, struct mm_struct *mm,
			      unsigned long *table)
{
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	KUNIT_EXPECT_EQ(test, (unsigned long)table & ~PAGE_MASK, 0UL);
	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != _PAGE_INVALID)
			break;
	KUNIT_EXPECT_EQ_MSG(test, i, (int)PTRS_PER_PTE, "entry %d is not empty",
			    i);
	for (i = PTRS_PER_PTE; i < 2 * PTRS_PER_PTE; i++)
		if (table[i])
			break;
	KUNIT_EXPECT_EQ_MSG(test, i, 2 * (int)PTRS_PER_PTE,
			    "entry %d of the upper half is not zero", i);
	KUNIT_EXPECT_TRUE(test, PageTable(virt_to_page(table)));
	KUNIT_EXPECT_TRUE(test, list_empty(&mm->context.pgtable_list));
	KUNIT_EXPECT_EQ(test,
			(unsigned int)page_ref_count(virt_to_page(table)) >> 24,
			0x03U);
}

/* Free pages have old content, as on a machine that has run for long. */
static void fill_free_pages(struct kunit *test)
{
	struct page *page[16];
	int i;

	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page[i]);
		memset(page_to_virt(page[i]), 0x5a, PAGE_SIZE);
	}
	while (i--)
		__free_page(page[i]);
}

static struct mm_struct *pgste_mm(struct kunit *test)
{
	struct mm_struct *mm;

	if (!IS_ENABLED(CONFIG_MM_KUNIT_PT_PGSTE))
		kunit_skip(test, "page tables have no room for a guest's");
	mm = mm_kunit_new_mm(test);
	ptfrag_set_alloc_pgste(mm);
	return mm;
}

static void pgste_table_has_a_page_to_itself(struct kunit *test)
{
	struct mm_struct *mm = pgste_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	unsigned long *t[3];
	int i;

	fill_free_pages(test);
	for (i = 0; i < 3; i++) {
		t[i] = page_table_alloc(mm);
		expect_whole_page(test, mm, t[i]);
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before,
				i + 1L);
		get_page(virt_to_page(t[i]));
	}
	for (i = 0; i < 3; i++) {
		page_table_free(mm, t[i]);
		mm_kunit_expect_freed(test, virt_to_page(t[i]),
				      "page_table_free()");
		KUNIT_EXPECT_TRUE(test, list_empty(&mm->context.pgtable_list));
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before,
				2L - i);
	}
}

static bool table_is_unchanged(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != TABLE_CONTENT + i)
			return false;
	return true;
}

/* A reader can use the table until the grace period is over. */
static void expect_wait_for_rcu(struct kunit *test, bool defer)
{
	struct mm_struct *mm = pgste_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	unsigned long *table = page_table_alloc(mm);
	struct mmu_gather tlb;
	bool unchanged, is_table;
	int i;

	expect_whole_page(test, mm, table);
	get_page(virt_to_page(table));
	for (i = 0; i < PTRS_PER_PTE; i++)
		table[i] = TABLE_CONTENT + i;
	rcu_read_lock();
	if (defer) {
		ptfrag_pte_free_defer(mm, table);
	} else {
		tlb_gather_mmu(&tlb, mm);
		page_table_free_rcu(&tlb, table, 0);
		tlb_finish_mmu(&tlb);
	}
	mm_kunit_read_for(20);
	unchanged = table_is_unchanged(table);
	is_table = PageTable(virt_to_page(table));
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, unchanged);
	KUNIT_EXPECT_TRUE(test, is_table);
	ptfrag_wait_for_rcu();
	mm_kunit_expect_freed(test, virt_to_page(table), "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
	KUNIT_EXPECT_TRUE(test, list_empty(&mm->context.pgtable_list));
}

static void pgste_table_waits_for_rcu(struct kunit *test)
{
	expect_wait_for_rcu(test, false);
}

static void deferred_pgste_table_waits_for_rcu(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER))
		kunit_skip(test, "this tree has no pte_free_defer()");
	expect_wait_for_rcu(test, true);
}

static struct kunit_case pgalloc_pgste_cases[] = {
	KUNIT_CASE(pgste_table_has_a_page_to_itself),
	KUNIT_CASE(pgste_table_waits_for_rcu),
	KUNIT_CASE(deferred_pgste_table_waits_for_rcu),
	{}
};

/* What a failed case has left to RCU must not be freed during the next one. */
static int pgalloc_pgste_init(struct kunit *test)
{
	ptfrag_wait_for_rcu();
	return mm_kunit_init(test);
}

static struct kunit_suite pgalloc_pgste_suite = {
	.name = "pgalloc_pgste",
	.init = pgalloc_pgste_init,
	.exit = mm_kunit_exit,
	.test_cases = pgalloc_pgste_cases,
};

kunit_test_suite(pgalloc_pgste_suite);

MODULE_DESCRIPTION("KUnit tests for page tables of s390 that KVM can use");
MODULE_LICENSE("GPL");
