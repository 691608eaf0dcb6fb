// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of s390, and the RCU readers that may still use them.
 *
 * A page table has a page to itself since d08d4e7cd6bf ("s390/mm: use full 4KB
 * page for 2KB PTE"). It is freed at once by pte_free(), and after a grace
 * period by an mmu_gather and by pte_free_defer(). The mm may be freed before
 * the grace period is over.
 *
 * A reader under RCU must not sleep, and an expectation that fails does. So
 * what a reader finds is expected after rcu_read_unlock() only.
 *
 * If a case fails, its page tables and mms are leaked: to free a table twice
 * could crash the machine.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/pgfree.h"
#include "lib/process.h"

/* A case writes this to the first entry of a table, and counts from there. */
#define TABLE_CONTENT 0x6d6d6b756e697400UL

/*
 * Wait for all that waits for RCU. A callback may wait once more, as it does
 * where two tables share a page.
 */
static void wait_for_rcu(void)
{
	rcu_barrier();
	rcu_barrier();
	rcu_barrier();
}

static struct page *page_of_table(pgtable_t table)
{
	return virt_to_page((void *)table);
}

static void require_pte_free_defer(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "pte_free_defer() is compiled out");
}

static void free_deferred(struct mm_struct *mm, pgtable_t table)
{
	if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		pte_free_defer(mm, table);
}

static void free_by_gather(struct mm_struct *mm, pgtable_t table)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, mm);
	pte_free_tlb(&tlb, table, 0);
	tlb_finish_mmu(&tlb);
}

/* ----------------------------------------------------------- PTE tables -- */

/* KVM keeps notes on a table's entries in the upper half of the page. */
static void expect_whole_page(struct kunit *test, pgtable_t table)
{
	unsigned long *entry = (unsigned long *)table;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	KUNIT_EXPECT_EQ(test, (unsigned long)table & ~PAGE_MASK, 0UL);
	for (i = 0; i < PTRS_PER_PTE; i++)
		if (entry[i] != _PAGE_INVALID)
			break;
	KUNIT_EXPECT_EQ_MSG(test, i, (int)PTRS_PER_PTE, "entry %d is not empty",
			    i);
	for (i = PTRS_PER_PTE; i < 2 * PTRS_PER_PTE; i++)
		if (entry[i])
			break;
	KUNIT_EXPECT_EQ_MSG(test, i, 2 * (int)PTRS_PER_PTE,
			    "entry %d of the upper half is not zero", i);
	KUNIT_EXPECT_TRUE(test, PageTable(page_of_table(table)));
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

/* Since d08d4e7cd6bf ("s390/mm: use full 4KB page for 2KB PTE"). */
static void table_has_a_page_to_itself(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	pgtable_t table[3];
	int i;

	fill_free_pages(test);
	for (i = 0; i < 3; i++) {
		table[i] = pte_alloc_one(mm);
		expect_whole_page(test, table[i]);
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before,
				i + 1L);
		get_page(page_of_table(table[i]));
	}
	for (i = 0; i < 3; i++) {
		pte_free(mm, table[i]);
		mm_kunit_expect_freed(test, page_of_table(table[i]),
				      "pte_free()");
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable() - before,
				2L - i);
	}
}

static void fill_table(unsigned long *table, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		table[i] = TABLE_CONTENT + i;
}

static bool table_is_unchanged(unsigned long *table, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (table[i] != TABLE_CONTENT + i)
			return false;
	return true;
}

/* A reader can use the table until the grace period is over. */
static void expect_wait_for_rcu(struct kunit *test,
				void (*free)(struct mm_struct *mm,
					     pgtable_t table))
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	long before = mm_kunit_nr_user_pagetable();
	pgtable_t table = pte_alloc_one(mm);
	bool unchanged, is_table;

	expect_whole_page(test, table);
	get_page(page_of_table(table));
	fill_table((unsigned long *)table, PTRS_PER_PTE);
	rcu_read_lock();
	free(mm, table);
	mm_kunit_read_for(20);
	unchanged = table_is_unchanged((unsigned long *)table, PTRS_PER_PTE);
	is_table = PageTable(page_of_table(table));
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE(test, unchanged);
	KUNIT_EXPECT_TRUE(test, is_table);
	wait_for_rcu();
	mm_kunit_expect_freed(test, page_of_table(table), "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
}

static void table_waits_for_rcu(struct kunit *test)
{
	expect_wait_for_rcu(test, free_by_gather);
}

static void deferred_table_waits_for_rcu(struct kunit *test)
{
	require_pte_free_defer(test);
	expect_wait_for_rcu(test, free_deferred);
}

/* ----------------------------------------------- tables of other levels -- */

/*
 * The tables of the other levels have four pages each. An mm that maps memory
 * above 8 PB has tables of all levels.
 */
#define HIGH_ADDR (2 * _REGION1_SIZE)

static struct mm_struct *five_level_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);

	mm_kunit_mmap_anon(test, mm, HIGH_ADDR, PAGE_SIZE);
	mm_kunit_write(test, mm, HIGH_ADDR, 1);
	KUNIT_ASSERT_FALSE(test, mm_p4d_folded(mm));
	return mm;
}

/* The first of the four pages of the table that has this entry. */
static struct page *first_page_of_table(void *entry)
{
	unsigned long addr = (unsigned long)entry;

	return virt_to_page((void *)(addr & ~(_CRST_TABLE_SIZE - 1)));
}

static void exit_frees_tables_of_all_levels(struct kunit *test)
{
	static const char *const name[] = {
		"exit_mmap(), P4D",
		"exit_mmap(), PUD",
		"exit_mmap(), PMD",
	};
	struct mm_struct *mm = five_level_mm(test);
	p4d_t *p4d = p4d_offset(pgd_offset(mm, HIGH_ADDR), HIGH_ADDR);
	pud_t *pud = pud_offset(p4d, HIGH_ADDR);
	struct page *table[ARRAY_SIZE(name)];
	int i;

	table[0] = first_page_of_table(p4d);
	table[1] = first_page_of_table(pud);
	table[2] = first_page_of_table(pmd_offset(pud, HIGH_ADDR));
	for (i = 0; i < ARRAY_SIZE(name); i++)
		get_page(table[i]);
	mm_kunit_exit_mm(test, mm);
	wait_for_rcu();
	for (i = 0; i < ARRAY_SIZE(name); i++)
		mm_kunit_expect_freed(test, table[i], name[i]);
}

static unsigned long *alloc_pmd_table(struct mm_struct *mm)
{
	return (unsigned long *)pmd_alloc_one(mm, HIGH_ADDR);
}

static unsigned long *alloc_pud_table(struct mm_struct *mm)
{
	return (unsigned long *)pud_alloc_one(mm, HIGH_ADDR);
}

static unsigned long *alloc_p4d_table(struct mm_struct *mm)
{
	return (unsigned long *)p4d_alloc_one(mm, HIGH_ADDR);
}

static void gather_pmd_table(struct mmu_gather *tlb, unsigned long *table)
{
	pmd_free_tlb(tlb, (pmd_t *)table, HIGH_ADDR);
}

static void gather_pud_table(struct mmu_gather *tlb, unsigned long *table)
{
	pud_free_tlb(tlb, (pud_t *)table, HIGH_ADDR);
}

static void gather_p4d_table(struct mmu_gather *tlb, unsigned long *table)
{
	p4d_free_tlb(tlb, (p4d_t *)table, HIGH_ADDR);
}

/**
 * struct level_row - a level of page tables above that of the PTEs
 * @name: what frees a table of this level
 * @alloc: allocates one
 * @gather: gives it to an mmu_gather
 */
static const struct level_row {
	const char *name;
	unsigned long *(*alloc)(struct mm_struct *mm);
	void (*gather)(struct mmu_gather *tlb, unsigned long *table);
} level_rows[] = {
	{ "a gather of a PMD table", alloc_pmd_table, gather_pmd_table },
	{ "a gather of a PUD table", alloc_pud_table, gather_pud_table },
	{ "a gather of a P4D table", alloc_p4d_table, gather_p4d_table },
};

static void expect_level_waits_for_rcu(struct kunit *test, struct mm_struct *mm,
				       const struct level_row *row)
{
	int before = atomic_read(&mm->mm_count);
	unsigned long *table = row->alloc(mm);
	struct mmu_gather tlb;
	int mm_refs, page_refs;
	bool unchanged;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	get_page(virt_to_page(table));
	fill_table(table, _CRST_ENTRIES);
	rcu_read_lock();
	tlb_gather_mmu(&tlb, mm);
	row->gather(&tlb, table);
	tlb_finish_mmu(&tlb);
	mm_kunit_read_for(20);
	mm_refs = atomic_read(&mm->mm_count);
	page_refs = page_ref_count(virt_to_page(table));
	unchanged = table_is_unchanged(table, _CRST_ENTRIES);
	rcu_read_unlock();
	KUNIT_EXPECT_TRUE_MSG(test, unchanged, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, page_refs, 2, "references to the page, %s",
			    row->name);
	KUNIT_EXPECT_EQ_MSG(test, mm_refs, before, "references to the mm, %s",
			    row->name);
	wait_for_rcu();
	mm_kunit_expect_freed(test, virt_to_page(table), row->name);
}

static void tables_of_all_levels_wait_for_rcu(struct kunit *test)
{
	struct mm_struct *mm = five_level_mm(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(level_rows); i++)
		expect_level_waits_for_rcu(test, mm, &level_rows[i]);
}

/* ---------------------------------------- the mm is freed before tables -- */

/**
 * struct last_row - how the last two tables of an mm are freed
 * @name: the row
 * @first: which of the two is freed first
 * @first_deferred: whether its freeing is deferred
 * @second_deferred: whether the freeing of the other one is deferred
 */
static const struct last_row {
	const char *name;
	int first;
	bool first_deferred;
	bool second_deferred;
} last_rows[] = {
	{ "table 0 deferred, then table 1 freed", 0, true, false },
	{ "table 1 deferred, then table 0 freed", 1, true, false },
	{ "table 0 freed, then table 1 deferred", 0, false, true },
	{ "table 1 freed, then table 0 deferred", 1, false, true },
	{ "table 0 deferred, then table 1 deferred", 0, true, true },
	{ "table 1 deferred, then table 0 deferred", 1, true, true },
};

/**
 * struct last_tables - the last two tables of an mm without users
 * @mm: the mm, and a reference to it
 * @table: the tables
 * @page: their pages, and a reference to each; both may be the same page
 */
struct last_tables {
	struct mm_struct *mm;
	pgtable_t table[2];
	struct page *page[2];
};

static struct last_tables last_tables_new(struct kunit *test)
{
	struct last_tables last = { .mm = mm_alloc() };
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, last.mm);
	mmgrab(last.mm);
	mmput(last.mm);
	for (i = 0; i < 2; i++) {
		last.table[i] = pte_alloc_one(last.mm);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, last.table[i]);
		last.page[i] = page_of_table(last.table[i]);
	}
	get_page(last.page[0]);
	if (last.page[1] != last.page[0])
		get_page(last.page[1]);
	return last;
}

static void last_tables_free_one(struct last_tables *last, int nr,
				 bool deferred)
{
	if (deferred)
		free_deferred(last->mm, last->table[nr]);
	else
		pte_free(last->mm, last->table[nr]);
}

static void last_tables_free(struct last_tables *last,
			     const struct last_row *row)
{
	last_tables_free_one(last, row->first, row->first_deferred);
	last_tables_free_one(last, !row->first, row->second_deferred);
}

static void last_tables_expect_freed(struct kunit *test,
				     struct last_tables *last,
				     const struct last_row *row)
{
	mm_kunit_expect_freed(test, last->page[0], row->name);
	if (last->page[1] != last->page[0])
		mm_kunit_expect_freed(test, last->page[1], row->name);
}

/*
 * The mm is freed while its tables wait, because pte_free_defer() takes no
 * reference to it, and the tables are freed later all the same. Only KASAN
 * would see here that the callback of RCU uses the freed mm; the next case sees
 * it without KASAN.
 */
static void mm_goes_before_its_deferred_table(struct kunit *test)
{
	long before;
	int i, refs;

	require_pte_free_defer(test);
	before = mm_kunit_nr_user_pagetable();
	for (i = 0; i < ARRAY_SIZE(last_rows); i++) {
		const struct last_row *row = &last_rows[i];
		struct last_tables last = last_tables_new(test);

		rcu_read_lock();
		last_tables_free(&last, row);
		refs = atomic_read(&last.mm->mm_count);
		mmdrop(last.mm);
		mm_kunit_read_for(5);
		rcu_read_unlock();
		wait_for_rcu();
		KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to the mm, %s",
				    row->name);
		last_tables_expect_freed(test, &last, row);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_nr_user_pagetable(), before,
				    "%s", row->name);
	}
}

/*
 * Give a lock an owner that cannot be one, or no owner. If anybody takes the
 * lock, spinlock debugging changes the owner, and it stays changed.
 */
static void mark_lock(spinlock_t *lock, bool mark)
{
#ifdef CONFIG_DEBUG_SPINLOCK
	lock->rlock.owner = mark ? lock : SPINLOCK_OWNER_INIT;
#endif
}

static void mark_locks(struct mm_struct *mm, bool mark)
{
	mark_lock(&mm->context.lock, mark);
	mark_lock(&mm->page_table_lock, mark);
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
 * see what the callback of RCU would write to freed memory. The draft of
 * pte_free_defer() of 2023 took mm->context.lock there.
 */
static void deferred_table_touches_no_dead_mm(struct kunit *test)
{
	struct mm_struct *copy;
	size_t differs;
	int i;

	require_pte_free_defer(test);
	if (!IS_ENABLED(CONFIG_DEBUG_SPINLOCK))
		kunit_skip(test, "CONFIG_DEBUG_SPINLOCK is off");
	copy = kunit_kmalloc(test, sizeof(*copy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	for (i = 0; i < ARRAY_SIZE(last_rows); i++) {
		const struct last_row *row = &last_rows[i];
		struct last_tables last = last_tables_new(test);

		rcu_read_lock();
		last_tables_free(&last, row);
		mark_locks(last.mm, true);
		memcpy(copy, last.mm, sizeof(*copy));
		rcu_read_unlock();
		wait_for_rcu();
		differs = first_difference(copy, last.mm, sizeof(*copy));
		mark_locks(last.mm, false);
		KUNIT_EXPECT_EQ_MSG(test, differs, sizeof(*copy),
				    "offset of a store to the dead mm, %s",
				    row->name);
		last_tables_expect_freed(test, &last, row);
		if (differs == sizeof(*copy))
			mmdrop(last.mm);
	}
}

/* Cases that others rest on come first. */
static struct kunit_case pgalloc_defer_cases[] = {
	KUNIT_CASE(table_has_a_page_to_itself),
	KUNIT_CASE(table_waits_for_rcu),
	KUNIT_CASE(deferred_table_waits_for_rcu),
	KUNIT_CASE(exit_frees_tables_of_all_levels),
	KUNIT_CASE(tables_of_all_levels_wait_for_rcu),
	KUNIT_CASE(mm_goes_before_its_deferred_table),
	KUNIT_CASE(deferred_table_touches_no_dead_mm),
	{}
};

/* What a failed case has left to RCU must not be freed during the next one. */
static int pgalloc_defer_init(struct kunit *test)
{
	wait_for_rcu();
	return mm_kunit_init(test);
}

static struct kunit_suite pgalloc_defer_suite = {
	.name = "pgalloc_defer",
	.init = pgalloc_defer_init,
	.exit = mm_kunit_exit,
	.test_cases = pgalloc_defer_cases,
};

kunit_test_suite(pgalloc_defer_suite);

MODULE_DESCRIPTION("KUnit tests for page tables of s390 freed by RCU");
MODULE_LICENSE("GPL");
