// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that share a page: they are handed out and taken back in every
 * order, and the page is freed once, when no reader can use either of them any
 * more. fragments_model.h says how that is checked.
 *
 * If a case fails, its page tables and mms are leaked: to free a table twice
 * could crash the machine.
 *
 * c2c224932fd0 ("s390/mm: fix 2KB pgtable release race") fixed masks that let a
 * pending half be handed out.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/pgfree.h"
#include "lib/process.h"
#include "fragments_model.h"
#include "pgalloc.h"

/* A case writes this to the first entry of a table, and counts from there. */
#define TABLE_CONTENT 0x6d6d6b756e697400UL

static void require_method(struct kunit *test, ptfrag_method how)
{
	if (how == ptfrag_defer &&
	    !IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER))
		kunit_skip(test, "this tree has no pte_free_defer()");
}

/* ------------------------------------------------------- allocation -- */

static void lower_half_comes_first(struct kunit *test)
{
	struct ptfrag_model *m = ptfrag_model_new(test);
	unsigned long *first = ptfrag_alloc(m, 0);
	unsigned long *second = ptfrag_alloc(m, 0);
	unsigned long *third = ptfrag_alloc(m, 0);

	KUNIT_EXPECT_PTR_EQ(test, second, first + PTRS_PER_PTE);
	KUNIT_EXPECT_PTR_NE(test, virt_to_page(third), virt_to_page(first));
	ptfrag_free_all(m);
}

static void mms_have_their_own_pages(struct kunit *test)
{
	struct ptfrag_model *m = ptfrag_model_new(test);
	unsigned long *a = ptfrag_alloc(m, 0);
	unsigned long *b = ptfrag_alloc(m, 1);

	KUNIT_EXPECT_PTR_NE(test, virt_to_page(a), virt_to_page(b));
	KUNIT_EXPECT_PTR_EQ(test, ptfrag_alloc(m, 1), b + PTRS_PER_PTE);
	KUNIT_EXPECT_PTR_EQ(test, ptfrag_alloc(m, 0), a + PTRS_PER_PTE);
	ptfrag_free_all(m);
}

static void freed_half_is_handed_out_next(struct kunit *test)
{
	struct ptfrag_model *m = ptfrag_model_new(test);
	unsigned long *t[4];
	int i;

	for (i = 0; i < 4; i++)
		t[i] = ptfrag_alloc(m, 0);
	ptfrag_free(m, t[1]);
	ptfrag_free(m, t[2]);
	KUNIT_EXPECT_PTR_EQ(test, ptfrag_alloc(m, 0), t[2]);
	KUNIT_EXPECT_PTR_EQ(test, ptfrag_alloc(m, 0), t[1]);
	ptfrag_free_all(m);
}

/* ------------------------------------------- two halves, two methods -- */

/*
 * Free the @first half by method @one, then the other half by method @other. If
 * @between, wait for RCU in between.
 */
static void free_pair_once(struct ptfrag_model *m, ptfrag_method one,
			   ptfrag_method other, int first, bool between)
{
	long before = mm_kunit_nr_user_pagetable();
	unsigned long *t[2] = { ptfrag_alloc(m, 0), NULL };

	t[1] = ptfrag_alloc(m, 0);
	one(m, t[first]);
	if (between)
		ptfrag_settle(m);
	other(m, t[!first]);
	ptfrag_settle(m);
	KUNIT_EXPECT_EQ(m->test, mm_kunit_nr_user_pagetable(), before);
}

static void free_pair(struct kunit *test, ptfrag_method one,
		      ptfrag_method other)
{
	struct ptfrag_model *m;
	int first;

	require_method(test, one);
	require_method(test, other);
	m = ptfrag_model_new(test);
	for (first = 0; first < 2; first++) {
		free_pair_once(m, one, other, first, false);
		free_pair_once(m, one, other, first, true);
	}
	ptfrag_free_all(m);
}

static void free_then_free(struct kunit *test)
{
	free_pair(test, ptfrag_free, ptfrag_free);
}

static void free_then_rcu(struct kunit *test)
{
	free_pair(test, ptfrag_free, ptfrag_free_rcu);
}

static void rcu_then_free(struct kunit *test)
{
	free_pair(test, ptfrag_free_rcu, ptfrag_free);
}

static void rcu_then_rcu(struct kunit *test)
{
	free_pair(test, ptfrag_free_rcu, ptfrag_free_rcu);
}

static void free_then_defer(struct kunit *test)
{
	free_pair(test, ptfrag_free, ptfrag_defer);
}

static void defer_then_free(struct kunit *test)
{
	free_pair(test, ptfrag_defer, ptfrag_free);
}

static void rcu_then_defer(struct kunit *test)
{
	free_pair(test, ptfrag_free_rcu, ptfrag_defer);
}

static void defer_then_rcu(struct kunit *test)
{
	free_pair(test, ptfrag_defer, ptfrag_free_rcu);
}

static void defer_then_defer(struct kunit *test)
{
	free_pair(test, ptfrag_defer, ptfrag_defer);
}

/* A page of which one half never was a page table. */
static void free_single(struct kunit *test, ptfrag_method how)
{
	struct ptfrag_model *m;

	require_method(test, how);
	m = ptfrag_model_new(test);
	how(m, ptfrag_alloc(m, 0));
	ptfrag_settle(m);
	how(m, ptfrag_alloc(m, 0));
	how(m, ptfrag_alloc(m, 0));
	ptfrag_free_all(m);
}

static void single_half_is_freed(struct kunit *test)
{
	free_single(test, ptfrag_free);
}

static void single_half_is_freed_by_rcu(struct kunit *test)
{
	free_single(test, ptfrag_free_rcu);
}

static void single_half_is_deferred(struct kunit *test)
{
	free_single(test, ptfrag_defer);
}

/* ------------------------------------------------------ pending halves -- */

/* A half that waits is not handed out, and does not hide one that is free. */
static void wait_in_the_way(struct kunit *test, ptfrag_method how)
{
	struct ptfrag_model *m;
	unsigned long *t[6];
	int half, i;

	require_method(test, how);
	m = ptfrag_model_new(test);
	for (half = 0; half < 2; half++) {
		for (i = 0; i < 6; i++)
			t[i] = ptfrag_alloc(m, 0);
		how(m, t[half]);
		ptfrag_alloc(m, 0); /* a new page, both halves */
		ptfrag_alloc(m, 0);
		ptfrag_free(m, t[2 + half]);
		how(m, t[4 + half]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, ptfrag_alloc(m, 0), t[2 + half],
					"a pending page is in the way");
		ptfrag_alloc(m, 0);
		ptfrag_settle(m);
		ptfrag_alloc(m, 0);
		ptfrag_alloc(m, 0);
		ptfrag_free_all(m);
	}
}

/* c2c224932fd0 ("s390/mm: fix 2KB pgtable release race"): it was. */
static void pending_half_is_not_handed_out(struct kunit *test)
{
	wait_in_the_way(test, ptfrag_free_rcu);
}

/*
 * 8211dad62798 ("s390: add pte_free_defer() for pgtables sharing page"): neither
 * half of a page with a deferred one is used before RCU is done.
 */
static void deferred_half_is_not_handed_out(struct kunit *test)
{
	wait_in_the_way(test, ptfrag_defer);
}

/* A half that has waited can be handed out again, unless its page is active. */
static void use_again(struct kunit *test, ptfrag_method how)
{
	struct ptfrag_model *m;
	unsigned long *t[2];
	int half;

	require_method(test, how);
	m = ptfrag_model_new(test);
	for (half = 0; half < 2; half++) {
		t[0] = ptfrag_alloc(m, 0);
		t[1] = ptfrag_alloc(m, 0);
		how(m, t[half]);
		ptfrag_settle(m);
		ptfrag_alloc(m, 0);
		how(m, t[!half]);
		ptfrag_settle(m);
		ptfrag_alloc(m, 0);
		ptfrag_free_all(m);
	}
}

static void half_is_used_again_after_rcu(struct kunit *test)
{
	use_again(test, ptfrag_free_rcu);
}

static void half_is_used_again_after_defer(struct kunit *test)
{
	use_again(test, ptfrag_defer);
}

/* Two pages are on the list when the wait of a third page's half is over. */
static void come_back(struct kunit *test, ptfrag_method how)
{
	struct ptfrag_model *m;
	unsigned long *t[6];
	int half, i;

	require_method(test, how);
	m = ptfrag_model_new(test);
	for (half = 0; half < 2; half++) {
		for (i = 0; i < 6; i++)
			t[i] = ptfrag_alloc(m, 0);
		ptfrag_free(m, t[1]);
		ptfrag_free(m, t[2]);
		how(m, t[4 + half]);
		ptfrag_settle(m);
		for (i = 0; i < 3; i++)
			ptfrag_alloc(m, 0);
		ptfrag_free_all(m);
	}
}

static void gathered_half_leaves_the_list_in_order(struct kunit *test)
{
	come_back(test, ptfrag_free_rcu);
}

static void deferred_half_leaves_the_list_in_order(struct kunit *test)
{
	come_back(test, ptfrag_defer);
}

/* ---------------------------------------------------------------- RCU -- */

static void fill_table(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		table[i] = TABLE_CONTENT + i;
}

/* Return: what is wrong with a table, or NULL */
static const char *table_mismatch(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != TABLE_CONTENT + i)
			return "an entry of the table has changed";
	if (!PageTable(virt_to_page(table)))
		return "the table is no page table any more";
	return NULL;
}

static void expect_no_table_mismatch(struct kunit *test, const char *mismatch)
{
	KUNIT_EXPECT_TRUE_MSG(test, !mismatch, "%s", mismatch ?: "");
}

static void reader_keeps_deferred_half(struct kunit *test)
{
	const char *mismatch[2];
	struct ptfrag_model *m;
	unsigned long *t[2];

	require_method(test, ptfrag_defer);
	m = ptfrag_model_new(test);
	t[0] = ptfrag_alloc(m, 0);
	t[1] = ptfrag_alloc(m, 0);
	fill_table(t[0]);
	fill_table(t[1]);
	rcu_read_lock();
	ptfrag_defer_in_reader(m, t[0]);
	mm_kunit_read_for(20);
	mismatch[0] = table_mismatch(t[0]);
	mismatch[1] = table_mismatch(t[1]);
	rcu_read_unlock();
	ptfrag_expect_no_mismatch(m);
	expect_no_table_mismatch(test, mismatch[0]);
	expect_no_table_mismatch(test, mismatch[1]);
	ptfrag_settle(m);
	expect_no_table_mismatch(test, table_mismatch(t[1]));
	ptfrag_free_all(m);
}

/* The other half is freed at once, which must not free the page. */
static void reader_keeps_page_with_deferred_half(struct kunit *test)
{
	struct ptfrag_model *m;
	int half;

	require_method(test, ptfrag_defer);
	m = ptfrag_model_new(test);
	for (half = 0; half < 2; half++) {
		const char *mismatch;
		unsigned long *t[2];

		t[0] = ptfrag_alloc(m, 0);
		t[1] = ptfrag_alloc(m, 0);
		fill_table(t[half]);
		rcu_read_lock();
		ptfrag_defer_in_reader(m, t[half]);
		ptfrag_free_in_reader(m, t[!half]);
		mm_kunit_read_for(20);
		mismatch = table_mismatch(t[half]);
		rcu_read_unlock();
		ptfrag_expect_no_mismatch(m);
		expect_no_table_mismatch(test, mismatch);
		ptfrag_settle(m);
	}
	ptfrag_free_all(m);
}

static void reader_keeps_both_deferred_halves(struct kunit *test)
{
	const char *mismatch[2];
	struct ptfrag_model *m;
	unsigned long *t[2];

	require_method(test, ptfrag_defer);
	m = ptfrag_model_new(test);
	t[0] = ptfrag_alloc(m, 0);
	t[1] = ptfrag_alloc(m, 0);
	fill_table(t[0]);
	fill_table(t[1]);
	rcu_read_lock();
	ptfrag_defer_in_reader(m, t[0]);
	ptfrag_defer_in_reader(m, t[1]);
	mm_kunit_read_for(20);
	mismatch[0] = table_mismatch(t[0]);
	mismatch[1] = table_mismatch(t[1]);
	rcu_read_unlock();
	ptfrag_expect_no_mismatch(m);
	expect_no_table_mismatch(test, mismatch[0]);
	expect_no_table_mismatch(test, mismatch[1]);
	ptfrag_settle(m);
	ptfrag_free_all(m);
}

#define LATE_TRIES 12

/*
 * The grace period of the first half is over, but its callback has not run yet,
 * when a reader begins and the second half is deferred. That callback must not
 * free the second half.
 *
 * Return: whether the second half was deferred at such a time
 */
static bool defer_second_late(struct ptfrag_model *m, ptfrag_method first,
			      unsigned long timeout)
{
	unsigned long *t[2] = { ptfrag_alloc(m, 0), NULL };
	struct ptfrag_page *p = ptfrag_page_of(m, t[0]);
	unsigned long cookie;
	const char *mismatch;
	bool over, waits;

	t[1] = ptfrag_alloc(m, 0);
	fill_table(t[1]);
	first(m, t[0]);
	cookie = get_state_synchronize_rcu();
	timeout += jiffies;
	while (!ptfrag_rcu_is_over(cookie) && time_before(jiffies, timeout))
		schedule();
	over = ptfrag_rcu_is_over(cookie);
	rcu_read_lock();
	ptfrag_pte_free_defer(m->mm[0], t[1]);
	waits = ptfrag_mask_of(p->page) &
		(PTFRAG_PENDING << ptfrag_half_of(t[0]));
	mm_kunit_read_for(15);
	mismatch = table_mismatch(t[1]);
	rcu_read_unlock();
	expect_no_table_mismatch(m->test, mismatch);

	/* The model was not stepped by the calls above. */
	p->half[0] = PTFRAG_FREE;
	p->half[1] = PTFRAG_FREE;
	p->active = true;
	ptfrag_relist(m, p, false);
	ptfrag_settle(m);
	return over && waits;
}

static void defer_late(struct kunit *test, ptfrag_method first)
{
	/* 6.6 calls RCU for a deferred half only once both halves are free. */
	bool asks = IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING) ||
		    first == ptfrag_free_rcu;
	struct ptfrag_model *m;
	int i, late = 0;

	require_method(test, ptfrag_defer);
	m = ptfrag_model_new(test);
	for (i = 0; i < LATE_TRIES; i++)
		late += defer_second_late(m, first, asks ? HZ : 0);
	if (asks)
		KUNIT_EXPECT_GT_MSG(test, late, 0,
				    "none of %d tries deferred in time",
				    LATE_TRIES);
	ptfrag_free_all(m);
}

static void deferred_half_outwaits_deferred_half(struct kunit *test)
{
	defer_late(test, ptfrag_defer);
}

static void deferred_half_outwaits_gathered_half(struct kunit *test)
{
	defer_late(test, ptfrag_free_rcu);
}

/* ------------------------------------------------- the mm is freed first -- */

/* An mm that has no user, and is freed when the case drops its reference. */
static struct mm_struct *mm_without_users(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mmgrab(mm);
	mmput(mm);
	return mm;
}

/**
 * struct dead_row - how the two halves of a page are freed
 * @name: the row
 * @first: which half is freed first
 * @first_deferred: whether its freeing is deferred
 * @second_deferred: whether the freeing of the other half is deferred
 */
static const struct dead_row {
	const char *name;
	int first;
	bool first_deferred;
	bool second_deferred;
} dead_rows[] = {
	{ "lower deferred, upper freed", 0, true, false },
	{ "upper deferred, lower freed", 1, true, false },
	{ "lower freed, upper deferred", 0, false, true },
	{ "upper freed, lower deferred", 1, false, true },
	{ "both deferred, lower first", 0, true, true },
	{ "both deferred, upper first", 1, true, true },
};

static void free_or_defer(struct mm_struct *mm, unsigned long *table,
			  bool deferred)
{
	if (deferred)
		ptfrag_pte_free_defer(mm, table);
	else
		page_table_free(mm, table);
}

static void mark_locks(struct mm_struct *mm, bool mark)
{
	ptfrag_mark_lock(&mm->context.lock, mark);
	ptfrag_mark_lock(ptfrag_pgtable_lock(mm), mark);
	ptfrag_mark_lock(&mm->page_table_lock, mark);
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

static void expect_dead_mm_untouched(struct kunit *test,
				     const struct dead_row *row,
				     struct mm_struct *copy)
{
	struct mm_struct *mm = mm_without_users(test);
	unsigned long *t[2];
	struct page *page;
	size_t differs;

	t[0] = page_table_alloc(mm);
	t[1] = page_table_alloc(mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t[0]);
	KUNIT_ASSERT_PTR_EQ(test, t[1], t[0] + PTRS_PER_PTE);
	page = virt_to_page(t[0]);
	get_page(page);
	rcu_read_lock();
	free_or_defer(mm, t[row->first], row->first_deferred);
	free_or_defer(mm, t[!row->first], row->second_deferred);
	mark_locks(mm, true);
	ptfrag_set_alloc_pgste(mm);
	memcpy(copy, mm, sizeof(*copy));
	rcu_read_unlock();
	ptfrag_wait_for_rcu();
	differs = first_difference(copy, mm, sizeof(*copy));
	mark_locks(mm, false);
	KUNIT_EXPECT_EQ_MSG(test, differs, sizeof(*copy),
			    "offset in the dead mm that was written to, %s",
			    row->name);
	mm_kunit_expect_freed(test, page, row->name);
	if (differs == sizeof(*copy))
		mmdrop(mm);
}

/*
 * As deferred_table_touches_no_dead_mm of the suite pgalloc_defer, and besides:
 * the callback takes no lock of the mm's list of pages, and does not ask the mm
 * what its page tables are like. That answer is made wrong here.
 */
static void deferred_halves_touch_no_dead_mm(struct kunit *test)
{
	struct mm_struct *copy;
	int i;

	require_method(test, ptfrag_defer);
	if (!IS_ENABLED(CONFIG_DEBUG_SPINLOCK))
		kunit_skip(test, "CONFIG_DEBUG_SPINLOCK is off");
	copy = kunit_kmalloc(test, sizeof(*copy), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	for (i = 0; i < ARRAY_SIZE(dead_rows); i++)
		expect_dead_mm_untouched(test, &dead_rows[i], copy);
}

/* ----------------------------------------------------- random sequences -- */

#define RANDOM_SEEDS 4

static void random_sequences_keep_every_half(struct kunit *test)
{
	u64 seed;

	for (seed = 1; seed <= RANDOM_SEEDS && !mm_kunit_failed(test); seed++)
		ptfrag_random_sequence(test, seed);
}

/* Cases that others rest on come first. */
static struct kunit_case pgalloc_fragments_cases[] = {
	KUNIT_CASE(lower_half_comes_first),
	KUNIT_CASE(mms_have_their_own_pages),
	KUNIT_CASE(freed_half_is_handed_out_next),
	KUNIT_CASE(single_half_is_freed),
	KUNIT_CASE(single_half_is_freed_by_rcu),
	KUNIT_CASE(single_half_is_deferred),
	KUNIT_CASE(pending_half_is_not_handed_out),
	KUNIT_CASE(deferred_half_is_not_handed_out),
	KUNIT_CASE(free_then_free),
	KUNIT_CASE(free_then_rcu),
	KUNIT_CASE(rcu_then_free),
	KUNIT_CASE(rcu_then_rcu),
	KUNIT_CASE(free_then_defer),
	KUNIT_CASE(defer_then_free),
	KUNIT_CASE(rcu_then_defer),
	KUNIT_CASE(defer_then_rcu),
	KUNIT_CASE(defer_then_defer),
	KUNIT_CASE(half_is_used_again_after_rcu),
	KUNIT_CASE(half_is_used_again_after_defer),
	KUNIT_CASE(gathered_half_leaves_the_list_in_order),
	KUNIT_CASE(deferred_half_leaves_the_list_in_order),
	KUNIT_CASE(reader_keeps_deferred_half),
	KUNIT_CASE(reader_keeps_page_with_deferred_half),
	KUNIT_CASE(reader_keeps_both_deferred_halves),
	KUNIT_CASE(deferred_half_outwaits_deferred_half),
	KUNIT_CASE(deferred_half_outwaits_gathered_half),
	KUNIT_CASE(deferred_halves_touch_no_dead_mm),
	KUNIT_CASE(random_sequences_keep_every_half),
	{}
};

/* What a failed case has left to RCU must not be freed during the next one. */
static int pgalloc_fragments_init(struct kunit *test)
{
	ptfrag_wait_for_rcu();
	return mm_kunit_init(test);
}

static struct kunit_suite pgalloc_fragments_suite = {
	.name = "pgalloc_fragments",
	.init = pgalloc_fragments_init,
	.exit = mm_kunit_exit,
	.test_cases = pgalloc_fragments_cases,
};

kunit_test_suite(pgalloc_fragments_suite);

MODULE_DESCRIPTION("KUnit tests for page tables of s390 that share a page");
MODULE_LICENSE("GPL");
