// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that share a page, and what RCU may still be looking at.
 *
 * A page table of s390 has 2K, so two of them shared a page until each got one
 * to itself (d08d4e7cd6bf). The upper byte of the page's _refcount says which
 * half is allocated and which is on its way out, and mm->context.pgtable_list
 * has the pages of which a half can be had. Where pte_free_defer() exists, a
 * half may besides wait for RCU while the other is in use, is freed by any
 * method, or waits as well, and the mm may be gone before the wait is over.
 *
 * Next to the real functions a state machine of each page's two halves is
 * stepped (struct parent), and after every step the page, its type, the list
 * and the number of page tables are held against it.
 *
 * A reader of RCU must not sleep, and an expectation that fails does. So what
 * is seen is noted down (complain()), and is expected when the reader is done.
 *
 * Of a case that fails the tables, their pages and mms are left as they are: to
 * free what the model is wrong about would take the machine along.
 *
 * Masks that let a pending half be handed out were a bug of their own
 * (c2c224932fd0, "s390/mm: fix 2KB pgtable release race").
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_truth.h"

#define MAX_PARENTS	64
#define MAX_MMS		2

#define HALF		(PTRS_PER_PTE * sizeof(pte_t))

/* Bits of the lower half in the upper byte of _refcount, the upper's are next. */
#define ALLOCATED	0x01
#define PENDING		0x14	/* by an mmu_gather, by the page's rcu_head */
#define NO_HALF		0xc0

/* What a test leaves in a table, to see it again. */
#define MARK		0x6d6d6b756e697400UL

/* -------------------------------------------------------------- model -- */

/**
 * enum half - what has become of one half of a page
 * @FREE: it can be had
 * @USED: it is a page table
 * @GATHERED: page_table_free_rcu() has it, and its mmu_gather is done
 * @DEFERRED: pte_free_defer() has it
 */
enum half {
	FREE,
	USED,
	GATHERED,
	DEFERRED,
};

/**
 * struct parent - what a page should be
 * @page: the page
 * @mm: index of its mm
 * @half: its lower half and its upper
 * @active: a half was deferred since the page was new
 * @back: the last settle() brought it back to the list
 * @gone: the page is no page table any more
 * @held: we have a reference to the page, to see it freed
 */
struct parent {
	struct page *page;
	int mm;
	enum half half[2];
	bool active;
	bool back;
	bool gone;
	bool held;
};

/**
 * struct world - all page tables of a case
 * @test: the case
 * @mm: the mms
 * @parent: the pages, as they came
 * @nr: how many
 * @list: what should be on each mm's pgtable_list, in order
 * @nr_list: how many
 * @pgtables: the machine's page tables without these
 * @bytes: what the mms count of their own
 * @refs: references to the mms
 * @wrong: the first complaint that was not told yet
 */
struct world {
	struct kunit *test;
	struct mm_struct *mm[MAX_MMS];
	struct parent parent[MAX_PARENTS];
	int nr;
	struct parent *list[MAX_MMS][MAX_PARENTS];
	int nr_list[MAX_MMS];
	long pgtables;
	unsigned long bytes[MAX_MMS];
	int refs[MAX_MMS];
	char wrong[160];
};

/* All that waits has waited, also a half that had to wait for the other's turn. */
static void settle_alone(void)
{
	rcu_barrier();
	rcu_barrier();
	rcu_barrier();
}

static struct world *new_world(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w);
	w->test = test;
	for (i = 0; i < MAX_MMS; i++) {
		w->mm[i] = mm_kunit_new_mm(test);
		w->bytes[i] = mm_pgtables_bytes(w->mm[i]);
		w->refs[i] = atomic_read(&w->mm[i]->mm_count);
	}
	settle_alone();
	w->pgtables = mm_kunit_nr_pagetable();
	return w;
}

static int halves(struct parent *p, enum half what)
{
	return (p->half[0] == what) + (p->half[1] == what);
}

/* Whether a half that is free may be handed out while the other is in use. */
static bool belongs_on_list(struct parent *p)
{
	if (halves(p, USED) != 1)
		return false;
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		return halves(p, FREE) == 1;
	return !p->active;
}

static int place_of(struct world *w, struct parent *p)
{
	int i;

	for (i = 0; i < w->nr_list[p->mm]; i++)
		if (w->list[p->mm][i] == p)
			return i;
	return -1;
}

/* Bring the list up to date after a change of one page. */
static void relist(struct world *w, struct parent *p, bool tail)
{
	struct parent **list = w->list[p->mm];
	int *nr = &w->nr_list[p->mm];
	int at = place_of(w, p);
	bool is_there = at >= 0;

	if (belongs_on_list(p) == is_there)
		return;
	if (is_there) {
		memmove(list + at, list + at + 1, (--*nr - at) * sizeof(*list));
	} else if (tail) {
		list[(*nr)++] = p;
	} else {
		memmove(list + 1, list, (*nr)++ * sizeof(*list));
		list[0] = p;
	}
}

/* After a half was given up, other than to wait. */
static void maybe_gone(struct parent *p)
{
	if (halves(p, FREE) == 2 && !p->active)
		p->gone = true;
}

/*
 * Whether the bits of a half say what it should be. By which bits a half waits,
 * one or more, is for the design to choose.
 */
static bool mask_says(unsigned int mask, int i, enum half half)
{
	bool allocated = mask & (ALLOCATED << i);
	bool pending = mask & (PENDING << i);

	switch (half) {
	case USED:
		return allocated && !pending;
	case GATHERED:
	case DEFERRED:
		return !allocated && pending;
	default:
		return !allocated && !pending;
	}
}

/* ----------------------------------------------------- model and truth -- */

static unsigned int mask_of(struct page *page)
{
	return (unsigned int)page_ref_count(page) >> 24;
}

static unsigned long *table_of(struct parent *p, int half)
{
	return (unsigned long *)page_to_virt(p->page) + half * PTRS_PER_PTE;
}

static struct parent *parent_of(struct world *w, unsigned long *table)
{
	struct page *page = virt_to_page(table);
	int i;

	for (i = 0; i < w->nr; i++)
		if (w->parent[i].page == page && !w->parent[i].gone)
			return &w->parent[i];
	return NULL;
}

static int half_of(unsigned long *table)
{
	return !!((unsigned long)table & HALF);
}

/* Note down what is wrong, if it is the first that is. Does not sleep. */
static __printf(2, 3) void complain(struct world *w, const char *fmt, ...)
{
	va_list args;

	if (w->wrong[0])
		return;
	va_start(args, fmt);
	vsnprintf(w->wrong, sizeof(w->wrong), fmt, args);
	va_end(args);
}

/* Not with a lock held, or within rcu_read_lock(): a failing one sleeps. */
static void expect_no_complaint(struct world *w)
{
	const char *wrong = w->wrong;

	KUNIT_EXPECT_STREQ(w->test, wrong, "");
	w->wrong[0] = 0;
}

/* A page that is gone has our reference, which ends here, and no other. */
static void look_at_gone_page(struct world *w, struct parent *p, const char *what)
{
	int refs = page_ref_count(p->page);

	if (!p->held)
		return;
	if (refs != 1)
		complain(w, "page %d, free, has %#x references after %s",
			 (int)(p - w->parent), refs, what);
	if (PageTable(p->page))
		complain(w, "page %d, free, is a page table after %s",
			 (int)(p - w->parent), what);
	p->held = false;
	if (refs > 0)
		put_page(p->page);
}

static void look_at_page(struct world *w, struct parent *p, const char *what)
{
	/* RCU has a page that is free and not gone, and its tag is off. */
	bool tagged = p->active && halves(p, FREE) < 2;
	unsigned int mask = mask_of(p->page);
	int nr = p - w->parent;

	if (p->gone) {
		look_at_gone_page(w, p, what);
		return;
	}
	if (!mask_says(mask, 0, p->half[0]) || !mask_says(mask, 1, p->half[1]) ||
	    mask & NO_HALF)
		complain(w, "mask of page %d is %#x after %s, its halves %d and %d",
			 nr, mask, what, p->half[0], p->half[1]);
	if (!PageTable(p->page))
		complain(w, "page %d is no page table after %s", nr, what);
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_ACTIVE) &&
	    mm_kunit_pt_is_tagged(p->page) != tagged)
		complain(w, "page %d is tagged wrongly after %s", nr, what);
}

/* The list has just the pages that it should, each once, in order. */
static void look_at_list(struct world *w, int mm, const char *what)
{
	struct list_head *head = mm_kunit_pgtable_list(w->mm[mm]);
	struct list_head *pos = head;
	int i;

	for (i = 0; i < w->nr_list[mm]; i++) {
		if (pos->next->prev != pos)
			complain(w, "the list is broken after %s", what);
		pos = pos->next;
		if (pos != &w->list[mm][i]->page->lru) {
			complain(w, "not page %d has place %d of %d on the list after %s",
				 (int)(w->list[mm][i] - w->parent), i,
				 w->nr_list[mm], what);
			return;
		}
	}
	if (pos->next != head || head->prev != pos)
		complain(w, "the list does not end after %d pages after %s", i, what);
}

/* All of it, and nothing that the model alone knows. Does not sleep. */
static void look_at_world(struct world *w, const char *what)
{
	long alive = 0, pgtables;
	int i;

	for (i = 0; i < w->nr; i++) {
		look_at_page(w, &w->parent[i], what);
		alive += !w->parent[i].gone;
	}
	for (i = 0; i < MAX_MMS; i++) {
		look_at_list(w, i, what);
		if (mm_pgtables_bytes(w->mm[i]) != w->bytes[i])
			complain(w, "mm %d counts %lu bytes after %s", i,
				 mm_pgtables_bytes(w->mm[i]), what);
		if (atomic_read(&w->mm[i]->mm_count) != w->refs[i])
			complain(w, "mm %d has %d references after %s, not %d", i,
				 atomic_read(&w->mm[i]->mm_count), what,
				 w->refs[i]);
	}
	pgtables = mm_kunit_nr_pagetable() - w->pgtables;
	if (pgtables != alive)
		complain(w, "%ld page tables after %s, not %ld", pgtables, what,
			 alive);
}

static void expect_world(struct world *w, const char *what)
{
	look_at_world(w, what);
	expect_no_complaint(w);
}

/* ------------------------------------------------------------- verbs -- */

static bool is_empty(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != _PAGE_INVALID)
			return false;
	return true;
}

static struct parent *new_parent(struct world *w, int mm, unsigned long *table)
{
	struct parent *p = &w->parent[w->nr];

	KUNIT_ASSERT_LT(w->test, w->nr++, MAX_PARENTS);
	*p = (struct parent) {
		.page = virt_to_page(table), .mm = mm, .held = true,
	};
	get_page(p->page);	/* until look_at_gone_page() */
	KUNIT_EXPECT_TRUE_MSG(w->test, is_empty(table_of(p, 0)) &&
			      is_empty(table_of(p, 1)), "a new page is not empty");
	return p;
}

/* What the list says comes first, or the lower half of a new page. */
static unsigned long *alloc(struct world *w, int mm)
{
	struct parent *p = w->nr_list[mm] ? w->list[mm][0] : NULL;
	unsigned long *table = page_table_alloc(w->mm[mm]);
	int half = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(w->test, table);
	if (p && halves(p, FREE) == 1) {
		half = p->half[1] == FREE;
		KUNIT_ASSERT_PTR_EQ_MSG(w->test, table, table_of(p, half),
					"not the half that comes first");
	} else {
		KUNIT_ASSERT_PTR_EQ_MSG(w->test, (void *)parent_of(w, table), NULL,
					"a half that is not free was handed out");
		KUNIT_ASSERT_EQ(w->test, half_of(table), 0);
		p = new_parent(w, mm, table);
	}
	p->half[half] = USED;
	relist(w, p, false);
	expect_world(w, "an allocation");
	return table;
}

/* For readers as well, like defer_in_reader(). */
static void free_in_reader(struct world *w, unsigned long *table)
{
	struct parent *p = parent_of(w, table);

	p->half[half_of(table)] = FREE;
	page_table_free(w->mm[p->mm], table);
	relist(w, p, false);
	maybe_gone(p);
	look_at_world(w, "page_table_free()");
}

static void free_now(struct world *w, unsigned long *table)
{
	free_in_reader(w, table);
	expect_no_complaint(w);
}

static void free_rcu(struct world *w, unsigned long *table)
{
	struct parent *p = parent_of(w, table);
	struct mmu_gather tlb;

	p->half[half_of(table)] = GATHERED;
	mm_kunit_tlb_gather_mm(&tlb, w->mm[p->mm]);
	mm_kunit_page_table_free_rcu(&tlb, table, 0);
	relist(w, p, true);
	look_at_world(w, "page_table_free_rcu()");
	mm_kunit_tlb_finish_mm(&tlb);
	expect_no_complaint(w);
}

/* For readers as well: what is wrong is told by the next expect_no_complaint(). */
static void defer_in_reader(struct world *w, unsigned long *table)
{
	struct parent *p = parent_of(w, table);

	p->active = true;
	p->half[half_of(table)] =
		IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING) ? DEFERRED : FREE;
	mm_kunit_pte_free_defer(w->mm[p->mm], table);
	relist(w, p, false);
	look_at_world(w, "pte_free_defer()");
}

static void defer(struct world *w, unsigned long *table)
{
	defer_in_reader(w, table);
	expect_no_complaint(w);
}

/*
 * Whether an order of pages is one that RCU may leave them in. Which page comes
 * back first, and to which end of the list, is for RCU and the design to say.
 * But each that the model has comes once, and those that were there before,
 * which the model has last, are side by side and in their order.
 */
static bool order_is_allowed(struct world *w, int mm, struct parent **order)
{
	struct parent **stayed = w->list[mm];
	int nr = w->nr_list[mm];
	int i, j, first = 0;

	for (i = 0; i < nr; i++) {
		if (place_of(w, order[i]) < 0)
			return false;
		for (j = 0; j < i; j++)
			if (order[j] == order[i])
				return false;
	}
	for (; nr && (*stayed)->back; nr--)
		stayed++;
	while (nr && order[first] != *stayed)
		first++;
	return !memcmp(order + first, stayed, nr * sizeof(*order));
}

/* Have the model follow RCU, to an order that is allowed and to no other. */
static void accept_order(struct world *w, int mm)
{
	struct list_head *head = mm_kunit_pgtable_list(w->mm[mm]);
	struct parent *order[MAX_PARENTS];
	struct list_head *pos;
	int i = 0;

	list_for_each(pos, head) {
		struct page *page = list_entry(pos, struct page, lru);
		struct parent *p = parent_of(w, page_to_virt(page));

		if (!p || p->mm != mm || i == w->nr_list[mm])
			return;
		order[i++] = p;
	}
	if (i == w->nr_list[mm] && order_is_allowed(w, mm, order))
		memcpy(w->list[mm], order, i * sizeof(*order));
}

/* Wait with settle_alone(), which frees all pages that RCU has by then. */
static void settle(struct world *w)
{
	int i;

	settle_alone();
	for (i = 0; i < w->nr; i++) {
		struct parent *p = &w->parent[i];
		bool was_there = !p->gone && place_of(w, p) >= 0;

		p->back = false;
		if (p->gone)
			continue;
		if (p->half[0] != USED)
			p->half[0] = FREE;
		if (p->half[1] != USED)
			p->half[1] = FREE;
		relist(w, p, false);
		p->back = !was_there && place_of(w, p) >= 0;
		p->gone = halves(p, FREE) == 2;
		if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
			p->active = false;
	}
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		for (i = 0; i < MAX_MMS; i++)
			accept_order(w, i);
	expect_world(w, "RCU");
}

static void free_all(struct world *w)
{
	int i, half;

	for (i = 0; i < w->nr; i++)
		for (half = 0; half < 2; half++)
			if (!w->parent[i].gone && w->parent[i].half[half] == USED)
				free_now(w, table_of(&w->parent[i], half));
	settle(w);
	KUNIT_EXPECT_EQ_MSG(w->test, mm_kunit_nr_pagetable(), w->pgtables,
			    "all page tables were freed");
	for (i = 0; i < MAX_MMS; i++)
		KUNIT_EXPECT_TRUE(w->test, list_empty(mm_kunit_pgtable_list(w->mm[i])));
}

/* ------------------------------------------------------- allocation -- */

static void __maybe_unused lower_half_comes_first(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned long *first = alloc(w, 0);
	unsigned long *second = alloc(w, 0);
	unsigned long *third = alloc(w, 0);

	KUNIT_EXPECT_PTR_EQ(test, second, first + PTRS_PER_PTE);
	KUNIT_EXPECT_PTR_NE(test, virt_to_page(third), virt_to_page(first));
	free_all(w);
}

static void __maybe_unused mms_have_their_own_pages(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned long *a = alloc(w, 0);
	unsigned long *b = alloc(w, 1);

	KUNIT_EXPECT_PTR_NE(test, virt_to_page(a), virt_to_page(b));
	KUNIT_EXPECT_PTR_EQ(test, alloc(w, 1), b + PTRS_PER_PTE);
	KUNIT_EXPECT_PTR_EQ(test, alloc(w, 0), a + PTRS_PER_PTE);
	free_all(w);
}

static void __maybe_unused freed_half_is_handed_out_next(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned long *t[4];
	int i;

	for (i = 0; i < 4; i++)
		t[i] = alloc(w, 0);
	free_now(w, t[1]);
	free_now(w, t[2]);
	KUNIT_EXPECT_PTR_EQ(test, alloc(w, 0), t[2]);
	KUNIT_EXPECT_PTR_EQ(test, alloc(w, 0), t[1]);
	free_all(w);
}

/* ------------------------------------------- two halves, two methods -- */

typedef void (*method)(struct world *w, unsigned long *table);

/* @first half by @one method, then the other by another, RCU in between or not. */
static void free_pair_once(struct world *w, method one, method other,
			   int first, bool between)
{
	long before = mm_kunit_nr_pagetable();
	unsigned long *t[2] = { alloc(w, 0), NULL };

	t[1] = alloc(w, 0);
	one(w, t[first]);
	if (between)
		settle(w);
	other(w, t[!first]);
	settle(w);
	KUNIT_EXPECT_EQ(w->test, mm_kunit_nr_pagetable(), before);
}

static void free_pair(struct kunit *test, method one, method other)
{
	struct world *w = new_world(test);
	int first;

	for (first = 0; first < 2; first++) {
		free_pair_once(w, one, other, first, false);
		free_pair_once(w, one, other, first, true);
	}
	free_all(w);
}

static void __maybe_unused free_then_free(struct kunit *test)
{
	free_pair(test, free_now, free_now);
}

static void __maybe_unused free_then_rcu(struct kunit *test)
{
	free_pair(test, free_now, free_rcu);
}

static void __maybe_unused rcu_then_free(struct kunit *test)
{
	free_pair(test, free_rcu, free_now);
}

static void __maybe_unused rcu_then_rcu(struct kunit *test)
{
	free_pair(test, free_rcu, free_rcu);
}

static void __maybe_unused free_then_defer(struct kunit *test)
{
	free_pair(test, free_now, defer);
}

static void __maybe_unused defer_then_free(struct kunit *test)
{
	free_pair(test, defer, free_now);
}

static void __maybe_unused rcu_then_defer(struct kunit *test)
{
	free_pair(test, free_rcu, defer);
}

static void __maybe_unused defer_then_rcu(struct kunit *test)
{
	free_pair(test, defer, free_rcu);
}

static void __maybe_unused defer_then_defer(struct kunit *test)
{
	free_pair(test, defer, defer);
}

/* A page of which one half never was a page table. */
static void free_single(struct kunit *test, method how)
{
	struct world *w = new_world(test);

	how(w, alloc(w, 0));
	settle(w);
	how(w, alloc(w, 0));
	how(w, alloc(w, 0));
	free_all(w);
}

static void __maybe_unused single_half_is_freed(struct kunit *test)
{
	free_single(test, free_now);
}

static void __maybe_unused single_half_is_freed_by_rcu(struct kunit *test)
{
	free_single(test, free_rcu);
}

static void __maybe_unused single_half_is_deferred(struct kunit *test)
{
	free_single(test, defer);
}

/* ------------------------------------------------------ pending halves -- */

/* While a half waits nobody gets it, and what else there is comes first. */
static void wait_in_the_way(struct kunit *test, method how)
{
	struct world *w = new_world(test);
	unsigned long *t[6];
	int half, i;

	for (half = 0; half < 2; half++) {
		for (i = 0; i < 6; i++)
			t[i] = alloc(w, 0);
		how(w, t[half]);
		alloc(w, 0);		/* a new page, and its other half */
		alloc(w, 0);
		free_now(w, t[2 + half]);
		how(w, t[4 + half]);
		KUNIT_EXPECT_PTR_EQ_MSG(test, alloc(w, 0), t[2 + half],
					"a pending page is in the way");
		alloc(w, 0);
		settle(w);
		alloc(w, 0);
		alloc(w, 0);
		free_all(w);
	}
}

static void __maybe_unused pending_half_is_not_handed_out(struct kunit *test)
{
	wait_in_the_way(test, free_rcu);
}

static void __maybe_unused deferred_half_is_not_handed_out(struct kunit *test)
{
	wait_in_the_way(test, defer);
}

/* A half that has waited is as good as any; but see PageActive. */
static void use_again(struct kunit *test, method how)
{
	struct world *w = new_world(test);
	unsigned long *t[2];
	int half;

	for (half = 0; half < 2; half++) {
		t[0] = alloc(w, 0);
		t[1] = alloc(w, 0);
		how(w, t[half]);
		settle(w);
		alloc(w, 0);
		how(w, t[!half]);
		settle(w);
		alloc(w, 0);
		free_all(w);
	}
}

static void __maybe_unused half_is_used_again_after_rcu(struct kunit *test)
{
	use_again(test, free_rcu);
}

static void __maybe_unused half_is_used_again_after_defer(struct kunit *test)
{
	use_again(test, defer);
}

/* Two pages are on the list when a third comes back to it, or has its wait over. */
static void come_back(struct kunit *test, method how)
{
	struct world *w = new_world(test);
	unsigned long *t[6];
	int half, i;

	for (half = 0; half < 2; half++) {
		for (i = 0; i < 6; i++)
			t[i] = alloc(w, 0);
		free_now(w, t[1]);
		free_now(w, t[2]);
		how(w, t[4 + half]);
		settle(w);
		for (i = 0; i < 3; i++)
			alloc(w, 0);
		free_all(w);
	}
}

static void __maybe_unused gathered_half_leaves_the_list_in_order(struct kunit *test)
{
	come_back(test, free_rcu);
}

static void __maybe_unused deferred_half_leaves_the_list_in_order(struct kunit *test)
{
	come_back(test, defer);
}

/* ---------------------------------------------------------------- RCU -- */

static void mark(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		table[i] = MARK + i;
}

/* What a reader finds wrong, NULL if nothing. It must not sleep, so it expects nothing. */
static const char *look(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != MARK + i)
			return "an entry is not what it was";
	return PageTable(virt_to_page(table)) ? NULL : "it is no page table any more";
}

static void expect_nothing_wrong(struct kunit *test, const char *found)
{
	KUNIT_EXPECT_TRUE_MSG(test, !found, "%s", found ?: "");
}

static void __maybe_unused reader_keeps_deferred_half(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned long *t[2] = { alloc(w, 0), alloc(w, 0) };
	const char *found[2];

	mark(t[0]);
	mark(t[1]);
	rcu_read_lock();
	defer_in_reader(w, t[0]);
	mm_kunit_read_for(20);
	found[0] = look(t[0]);
	found[1] = look(t[1]);
	rcu_read_unlock();
	expect_no_complaint(w);
	expect_nothing_wrong(test, found[0]);
	expect_nothing_wrong(test, found[1]);
	settle(w);
	expect_nothing_wrong(test, look(t[1]));
	free_all(w);
}

/* The last of the two is freed at once, which does not free the page. */
static void __maybe_unused reader_keeps_page_with_deferred_half(struct kunit *test)
{
	struct world *w = new_world(test);
	int half;

	for (half = 0; half < 2; half++) {
		unsigned long *t[2] = { alloc(w, 0), NULL };
		const char *found;

		t[1] = alloc(w, 0);
		mark(t[half]);
		rcu_read_lock();
		defer_in_reader(w, t[half]);
		free_in_reader(w, t[!half]);
		mm_kunit_read_for(20);
		found = look(t[half]);
		rcu_read_unlock();
		expect_no_complaint(w);
		expect_nothing_wrong(test, found);
		settle(w);
	}
	free_all(w);
}

static void __maybe_unused reader_keeps_both_deferred_halves(struct kunit *test)
{
	struct world *w = new_world(test);
	unsigned long *t[2] = { alloc(w, 0), NULL };
	const char *found[2];

	t[1] = alloc(w, 0);
	mark(t[0]);
	mark(t[1]);
	rcu_read_lock();
	defer_in_reader(w, t[0]);
	defer_in_reader(w, t[1]);
	mm_kunit_read_for(20);
	found[0] = look(t[0]);
	found[1] = look(t[1]);
	rcu_read_unlock();
	expect_no_complaint(w);
	expect_nothing_wrong(test, found[0]);
	expect_nothing_wrong(test, found[1]);
	settle(w);
	free_all(w);
}

#define LATE_TRIES	12

/*
 * The first half's wait is over, but RCU has not come round to it yet, when a
 * reader begins and the second half is deferred: what sets the first one free
 * must not free the second. Return: was it like that.
 */
static bool defer_second_late(struct world *w, method first,
			      unsigned long timeout)
{
	unsigned long *t[2] = { alloc(w, 0), NULL };
	struct parent *p = parent_of(w, t[0]);
	unsigned long cookie;
	const char *found;
	bool over, waits;

	t[1] = alloc(w, 0);
	mark(t[1]);
	first(w, t[0]);
	cookie = get_state_synchronize_rcu();
	timeout += jiffies;
	while (!mm_kunit_rcu_is_over(cookie) && time_before(jiffies, timeout))
		schedule();
	over = mm_kunit_rcu_is_over(cookie);
	rcu_read_lock();
	mm_kunit_pte_free_defer(w->mm[0], t[1]);
	waits = mask_of(p->page) & (PENDING << half_of(t[0]));
	mm_kunit_read_for(15);
	found = look(t[1]);
	rcu_read_unlock();
	expect_nothing_wrong(w->test, found);

	/* The model has not followed RCU's own pace. */
	p->half[0] = FREE;
	p->half[1] = FREE;
	p->active = true;
	relist(w, p, false);
	settle(w);
	return over && waits;
}

static void defer_late(struct kunit *test, method first)
{
	struct world *w = new_world(test);
	/* 6.6 asks nothing of RCU when the first of two halves is deferred. */
	bool asks = IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING) || first == free_rcu;
	int i, late = 0;

	for (i = 0; i < LATE_TRIES; i++)
		late += defer_second_late(w, first, asks ? HZ : 0);
	if (asks)
		KUNIT_EXPECT_GT_MSG(test, late, 0,
				    "of %d tries none deferred the second half in time",
				    LATE_TRIES);
	free_all(w);
}

static void __maybe_unused deferred_half_outwaits_deferred_half(struct kunit *test)
{
	defer_late(test, defer);
}

static void __maybe_unused deferred_half_outwaits_gathered_half(struct kunit *test)
{
	defer_late(test, free_rcu);
}

/* ------------------------------------------------------ the mm is gone -- */

/* An mm that nobody uses any more, and that goes with our reference to it. */
static struct mm_struct *mm_without_users(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mmgrab(mm);
	mmput(mm);
	return mm;
}

/* Which of the last two tables is deferred, and by what the other one goes. */
static const struct last_row {
	const char *name;
	int first;
	bool first_deferred;
	bool second_deferred;
} last_rows[] = {
	{ "lower deferred, upper freed", 0, true, false },
	{ "upper deferred, lower freed", 1, true, false },
	{ "lower freed, upper deferred", 0, false, true },
	{ "upper freed, lower deferred", 1, false, true },
	{ "both deferred, lower first", 0, true, true },
	{ "both deferred, upper first", 1, true, true },
};

static void give_up(struct mm_struct *mm, unsigned long *table, bool deferred)
{
	if (deferred)
		mm_kunit_pte_free_defer(mm, table);
	else
		page_table_free(mm, table);
}

/**
 * struct last - the last two tables of an mm that nobody uses any more
 * @mm: the mm, and our reference to it
 * @table: the lower table and the upper
 * @page: their pages, and our references to them; one page if they share it
 */
struct last {
	struct mm_struct *mm;
	unsigned long *table[2];
	struct page *page[2];
};

static struct last last_of_new_mm(struct kunit *test)
{
	struct last l = { .mm = mm_without_users(test) };
	int i;

	for (i = 0; i < 2; i++) {
		l.table[i] = page_table_alloc(l.mm);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, l.table[i]);
		l.page[i] = virt_to_page(l.table[i]);
	}
	get_page(l.page[0]);
	if (l.page[1] != l.page[0])
		get_page(l.page[1]);
	return l;
}

static void give_up_last(struct last *l, const struct last_row *row)
{
	give_up(l->mm, l->table[row->first], row->first_deferred);
	give_up(l->mm, l->table[!row->first], row->second_deferred);
}

static void expect_last_freed(struct kunit *test, struct last *l,
			      const struct last_row *row)
{
	mm_kunit_expect_freed(test, l->page[0], row->name);
	if (l->page[1] != l->page[0])
		mm_kunit_expect_freed(test, l->page[1], row->name);
}

/*
 * The mm really goes, as no deferral has a reference to it, and the tables are
 * freed after that all the same. What RCU would do to the mm's memory only
 * KASAN sees here; the next case sees it without.
 */
static void __maybe_unused mm_goes_before_its_deferred_table(struct kunit *test)
{
	long before = mm_kunit_nr_pagetable();
	int i, refs;

	for (i = 0; i < ARRAY_SIZE(last_rows); i++) {
		struct last l = last_of_new_mm(test);

		rcu_read_lock();
		give_up_last(&l, &last_rows[i]);
		refs = atomic_read(&l.mm->mm_count);
		mmdrop(l.mm);
		mm_kunit_read_for(5);
		rcu_read_unlock();
		settle_alone();
		KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to the mm, %s",
				    last_rows[i].name);
		expect_last_freed(test, &l, &last_rows[i]);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_nr_pagetable(), before, "%s",
				    last_rows[i].name);
	}
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

/*
 * The draft of 2023 took mm->context.lock when RCU was done, of an mm that
 * could be freed by then. We keep the memory of one that should be gone: a lock
 * that was taken has another owner after that, other stores show anyhow, and
 * who asks how it has its page tables is lied to.
 */
static void __maybe_unused deferred_table_touches_no_dead_mm(struct kunit *test)
{
	struct mm_struct *then = kunit_kmalloc(test, sizeof(*then), GFP_KERNEL);
	size_t differs;
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, then);
	for (i = 0; i < ARRAY_SIZE(last_rows); i++) {
		struct last l = last_of_new_mm(test);

		rcu_read_lock();
		give_up_last(&l, &last_rows[i]);
		mm_kunit_spoil_lock(&l.mm->context.lock, true);
		mm_kunit_spoil_lock(mm_kunit_pgtable_lock(l.mm), true);
		mm_kunit_spoil_lock(&l.mm->page_table_lock, true);
		mm_kunit_set_alloc_pgste(l.mm);
		memcpy(then, l.mm, sizeof(*then));
		rcu_read_unlock();
		settle_alone();
		differs = first_difference(then, l.mm, sizeof(*then));
		mm_kunit_spoil_lock(&l.mm->context.lock, false);
		mm_kunit_spoil_lock(mm_kunit_pgtable_lock(l.mm), false);
		mm_kunit_spoil_lock(&l.mm->page_table_lock, false);
		KUNIT_EXPECT_EQ_MSG(test, differs, sizeof(*then),
				    "place in the dead mm that was written to, %s",
				    last_rows[i].name);
		expect_last_freed(test, &l, &last_rows[i]);
		if (differs == sizeof(*then))
			mmdrop(l.mm);
	}
}

/* ----------------------------------------------------- tables of a page -- */

/* The upper half of the page is for the host's notes on the lower. */
static void expect_whole_page(struct kunit *test, struct mm_struct *mm,
			      unsigned long *table)
{
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	KUNIT_EXPECT_EQ(test, (unsigned long)table & ~PAGE_MASK, 0UL);
	KUNIT_EXPECT_TRUE(test, is_empty(table));
	for (i = PTRS_PER_PTE; i < 2 * PTRS_PER_PTE; i++)
		if (table[i])
			break;
	KUNIT_EXPECT_EQ_MSG(test, i, 2 * (int)PTRS_PER_PTE,
			    "entry %d of the upper half", i);
	KUNIT_EXPECT_TRUE(test, PageTable(virt_to_page(table)));
	KUNIT_EXPECT_TRUE(test, list_empty(mm_kunit_pgtable_list(mm)));
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS))
		KUNIT_EXPECT_EQ(test, mask_of(virt_to_page(table)), 0x03U);
}

/* What is free holds what somebody left there, as on a machine that is up for long. */
static void spoil_free_pages(struct kunit *test)
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

static void whole_pages(struct kunit *test, struct mm_struct *mm)
{
	long before = mm_kunit_nr_pagetable();
	unsigned long *t[3];
	int i;

	spoil_free_pages(test);
	for (i = 0; i < 3; i++) {
		t[i] = page_table_alloc(mm);
		expect_whole_page(test, mm, t[i]);
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable() - before, i + 1L);
		get_page(virt_to_page(t[i]));
	}
	for (i = 0; i < 3; i++) {
		page_table_free(mm, t[i]);
		mm_kunit_expect_freed(test, virt_to_page(t[i]), "page_table_free()");
		KUNIT_EXPECT_TRUE(test, list_empty(mm_kunit_pgtable_list(mm)));
		KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable() - before, 2L - i);
	}
}

/* Through an mmu_gather or by deferral: a reader still sees the table. */
static void whole_page_waits(struct kunit *test, struct mm_struct *mm, bool defer)
{
	long before = mm_kunit_nr_pagetable();
	unsigned long *table = page_table_alloc(mm);
	struct mmu_gather tlb;
	const char *found;

	expect_whole_page(test, mm, table);
	get_page(virt_to_page(table));
	mark(table);
	rcu_read_lock();
	if (defer) {
		mm_kunit_pte_free_defer(mm, table);
	} else {
		mm_kunit_tlb_gather_mm(&tlb, mm);
		mm_kunit_page_table_free_rcu(&tlb, table, 0);
		mm_kunit_tlb_finish_mm(&tlb);
	}
	mm_kunit_read_for(20);
	found = look(table);
	rcu_read_unlock();
	expect_nothing_wrong(test, found);
	settle_alone();
	mm_kunit_expect_freed(test, virt_to_page(table), "RCU");
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
	KUNIT_EXPECT_TRUE(test, list_empty(mm_kunit_pgtable_list(mm)));
}

static struct mm_struct *pgste_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_set_alloc_pgste(mm);
	return mm;
}

static void __maybe_unused pgste_table_has_a_page_to_itself(struct kunit *test)
{
	whole_pages(test, pgste_mm(test));
}

static void __maybe_unused pgste_table_waits_for_rcu(struct kunit *test)
{
	whole_page_waits(test, pgste_mm(test), false);
}

static void __maybe_unused deferred_pgste_table_waits_for_rcu(struct kunit *test)
{
	whole_page_waits(test, pgste_mm(test), true);
}

static void __maybe_unused table_has_a_page_to_itself(struct kunit *test)
{
	whole_pages(test, mm_kunit_new_mm(test));
}

static void __maybe_unused table_waits_for_rcu(struct kunit *test)
{
	whole_page_waits(test, mm_kunit_new_mm(test), false);
}

static void __maybe_unused deferred_table_waits_for_rcu(struct kunit *test)
{
	whole_page_waits(test, mm_kunit_new_mm(test), true);
}

/*
 * Tables of the other levels are four pages each, and come by the same gather.
 * An mm has all of them once something is mapped above 8P.
 */
#define HIGH		(2 * _REGION1_SIZE)

static struct mm_struct *five_level_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);

	mm_kunit_mmap_anon(test, mm, HIGH, PAGE_SIZE);
	mm_kunit_write(test, mm, HIGH, 1);
	KUNIT_ASSERT_FALSE(test, mm_p4d_folded(mm));
	return mm;
}

/* The page that a table of four pages begins with, found by an entry of it. */
static struct page *crst_page(void *entry)
{
	return virt_to_page((void *)((unsigned long)entry & ~(_CRST_TABLE_SIZE - 1)));
}

static void exit_frees_tables_of_all_levels(struct kunit *test)
{
	static const char * const name[] = {
		"exit_mmap(), P4D", "exit_mmap(), PUD", "exit_mmap(), PMD",
	};
	struct mm_struct *mm = five_level_mm(test);
	struct page *table[ARRAY_SIZE(name)];
	p4d_t *p4d = p4d_offset(pgd_offset(mm, HIGH), HIGH);
	pud_t *pud = pud_offset(p4d, HIGH);
	int i;

	table[0] = crst_page(p4d);
	table[1] = crst_page(pud);
	table[2] = crst_page(pmd_offset(pud, HIGH));
	for (i = 0; i < ARRAY_SIZE(name); i++)
		get_page(table[i]);
	mm_kunit_exit_mm(test, mm);
	settle_alone();
	for (i = 0; i < ARRAY_SIZE(name); i++)
		mm_kunit_expect_freed(test, table[i], name[i]);
}

static unsigned long *alloc_pmd(struct mm_struct *mm)
{
	return (unsigned long *)pmd_alloc_one(mm, HIGH);
}

static unsigned long *alloc_pud(struct mm_struct *mm)
{
	return (unsigned long *)pud_alloc_one(mm, HIGH);
}

static unsigned long *alloc_p4d(struct mm_struct *mm)
{
	return (unsigned long *)p4d_alloc_one(mm, HIGH);
}

static void gather_pmd(struct mmu_gather *tlb, unsigned long *table)
{
	pmd_free_tlb(tlb, (pmd_t *)table, HIGH);
}

static void gather_pud(struct mmu_gather *tlb, unsigned long *table)
{
	pud_free_tlb(tlb, (pud_t *)table, HIGH);
}

static void gather_p4d(struct mmu_gather *tlb, unsigned long *table)
{
	p4d_free_tlb(tlb, (p4d_t *)table, HIGH);
}

static const struct crst_row {
	const char *name;
	unsigned long *(*alloc)(struct mm_struct *mm);
	void (*gather)(struct mmu_gather *tlb, unsigned long *table);
} crst_rows[] = {
	{ "a gather of a PMD table", alloc_pmd, gather_pmd },
	{ "a gather of a PUD table", alloc_pud, gather_pud },
	{ "a gather of a P4D table", alloc_p4d, gather_p4d },
};

/* A reader sees what was there, and a page that has not been freed. */
static bool crst_is_whole(unsigned long *table)
{
	int i;

	for (i = 0; i < _CRST_ENTRIES; i++)
		if (table[i] != MARK + i)
			return false;
	return page_ref_count(virt_to_page(table)) == 2;
}

static void tables_of_all_levels_wait_for_rcu(struct kunit *test)
{
	struct mm_struct *mm = five_level_mm(test);
	int i, j, refs = atomic_read(&mm->mm_count);

	for (i = 0; i < ARRAY_SIZE(crst_rows); i++) {
		const struct crst_row *row = &crst_rows[i];
		unsigned long *table = row->alloc(mm);
		struct mmu_gather tlb;
		int refs_then;
		bool whole;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
		get_page(virt_to_page(table));
		for (j = 0; j < _CRST_ENTRIES; j++)
			table[j] = MARK + j;
		rcu_read_lock();
		mm_kunit_tlb_gather_mm(&tlb, mm);
		row->gather(&tlb, table);
		mm_kunit_tlb_finish_mm(&tlb);
		mm_kunit_read_for(20);
		refs_then = atomic_read(&mm->mm_count);
		whole = crst_is_whole(table);
		rcu_read_unlock();
		KUNIT_EXPECT_TRUE_MSG(test, whole, "%s", row->name);
		KUNIT_EXPECT_EQ_MSG(test, refs_then, refs,
				    "references to the mm, %s", row->name);
		settle_alone();
		mm_kunit_expect_freed(test, virt_to_page(table), row->name);
	}
}

/* --------------------------------------------------- random sequences -- */

#define RANDOM_STEPS	300
#define RANDOM_TABLES	12
#define RANDOM_SEEDS	4
#define RANDOM_TOLD	30

static unsigned long *random_table(struct world *w, struct rnd_state *rnd)
{
	int i, start = prandom_u32_state(rnd) % (2 * w->nr);

	for (i = 0; i < 2 * w->nr; i++) {
		int at = (start + i) % (2 * w->nr);
		struct parent *p = &w->parent[at / 2];

		if (!p->gone && p->half[at % 2] == USED)
			return table_of(p, at % 2);
	}
	return NULL;
}

/* Pages that are gone make room for new ones; the list points at the others. */
static void forget_gone(struct world *w)
{
	int i, mm, keep = 0;

	for (mm = 0; mm < MAX_MMS; mm++)
		if (w->nr_list[mm])
			return;
	for (i = 0; i < w->nr; i++)
		if (!w->parent[i].gone)
			w->parent[keep++] = w->parent[i];
	w->nr = keep;
}

static int used_tables(struct world *w)
{
	int i, used = 0;

	for (i = 0; i < w->nr; i++)
		if (!w->parent[i].gone)
			used += halves(&w->parent[i], USED);
	return used;
}

/**
 * struct step - one operation of a random sequence
 * @what: its name
 * @page: which page it was about, -1 if none
 * @half: and which half
 */
struct step {
	const char *what;
	int page;
	int half;
};

static void random_free(struct world *w, struct step *step, const char *what,
			method how, unsigned long *table)
{
	step->what = what;
	step->page = parent_of(w, table) - w->parent;
	step->half = half_of(table);
	how(w, table);
}

static void random_step(struct world *w, struct rnd_state *rnd,
			struct step *step)
{
	unsigned int what = prandom_u32_state(rnd) % 100;
	unsigned long *table = w->nr ? random_table(w, rnd) : NULL;

	step->page = -1;
	if (!table || (what < 45 && used_tables(w) < RANDOM_TABLES)) {
		step->what = what & 1 ? "alloc for mm 1" : "alloc for mm 0";
		alloc(w, what & 1);
	} else if (what < 60) {
		random_free(w, step, "free", free_now, table);
	} else if (what < 75) {
		random_free(w, step, "free by RCU", free_rcu, table);
	} else if (what < 92 &&
		   IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER)) {
		random_free(w, step, "defer", defer, table);
	} else {
		step->what = "settle";
		settle(w);
	}
}

static void tell_steps(struct kunit *test, struct step *log, u64 seed, int last)
{
	int i;

	kunit_info(test, "seed %llu, failed at step %d", seed, last);
	for (i = max(0, last - RANDOM_TOLD); i <= last; i++)
		kunit_info(test, "step %d: %s, page %d, half %d", i,
			   log[i].what, log[i].page, log[i].half);
}

static void random_sequence(struct kunit *test, u64 seed)
{
	struct world *w = new_world(test);
	struct rnd_state rnd;
	struct step *log;
	int i;

	log = kunit_kzalloc(test, RANDOM_STEPS * sizeof(*log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, log);
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < RANDOM_STEPS; i++) {
		if (w->nr > MAX_PARENTS - 4) {
			free_all(w);
			forget_gone(w);
		}
		random_step(w, &rnd, &log[i]);
		if (mm_kunit_failed(test)) {
			tell_steps(test, log, seed, i);
			return;
		}
	}
	free_all(w);
	mm_kunit_exit_mm(test, w->mm[0]);
	mm_kunit_exit_mm(test, w->mm[1]);
}

static void __maybe_unused random_sequences_keep_every_half(struct kunit *test)
{
	u64 seed;

	for (seed = 1; seed <= RANDOM_SEEDS && !mm_kunit_failed(test); seed++)
		random_sequence(test, seed);
}

/* ------------------------------------------------------------- stress -- */

#define STRESS_TABLES	48
#define STRESS_MS	400
#define STRESS_REST	32
#define STRESS_SOFTIRQ_US	100

/**
 * struct stress - a thread that allocates and frees, while RCU frees too
 * @mm: whose tables
 * @other: the other thread
 * @task: this one
 * @seed: what it begins with, and signs its tables with
 * @until: when it ends
 * @inside: it is in an allocation
 * @met: how often the other one was, too
 * @broken: tables that somebody else had written to, or that it did not get
 * @rounds: what it has done
 * @done: it has freed all that it had
 */
struct stress {
	struct mm_struct *mm;
	struct stress *other;
	struct task_struct *task;
	u64 seed;
	unsigned long until;
	bool inside;
	int met;
	int broken;
	int rounds;
	struct completion done;
};

static bool is_signed(unsigned long *table, unsigned long sign)
{
	return table[0] == sign && table[PTRS_PER_PTE - 1] == sign;
}

static unsigned long *stress_alloc(struct stress *s, unsigned long sign)
{
	unsigned long *table;

	WRITE_ONCE(s->inside, true);
	s->met += READ_ONCE(s->other->inside);
	table = page_table_alloc(s->mm);
	WRITE_ONCE(s->inside, false);
	if (!table) {
		s->broken++;
		return NULL;
	}
	table[0] = sign;
	table[PTRS_PER_PTE - 1] = sign;
	return table;
}

static void stress_free(struct stress *s, unsigned long *table, u32 how)
{
	struct mmu_gather tlb;

	if (how == 0) {
		page_table_free(s->mm, table);
	} else if (how == 1 && IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER)) {
		mm_kunit_pte_free_defer(s->mm, table);
	} else {
		mm_kunit_tlb_gather_mm(&tlb, s->mm);
		mm_kunit_page_table_free_rcu(&tlb, table, 0);
		mm_kunit_tlb_finish_mm(&tlb);
	}
}

static int stress_thread(void *data)
{
	unsigned long *table[STRESS_TABLES] = { };
	struct stress *s = data;
	struct rnd_state rnd;
	bool stop = false;
	int i;

	prandom_seed_state(&rnd, s->seed);
	while (!stop) {
		stop = time_after(jiffies, s->until) || kthread_should_stop();
		for (i = 0; i < STRESS_TABLES; i++) {
			u32 random = prandom_u32_state(&rnd);

			if (table[i] && (stop || random & 1)) {
				s->broken += !is_signed(table[i], s->seed + i);
				stress_free(s, table[i], (random >> 1) % 3);
				table[i] = NULL;
			} else if (!table[i] && !stop) {
				table[i] = stress_alloc(s, s->seed + i);
			}
			if (!(random & 0x700))
				cond_resched();
		}
		if (!(++s->rounds % STRESS_REST))
			schedule_timeout_uninterruptible(1);
	}
	complete(&s->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* An action. What the thread has freed must not be missing in the next case. */
static void stop_thread(void *data)
{
	struct stress *s = data;

	kthread_stop(s->task);
	settle_alone();
}

/**
 * struct softirq - what RCU's callbacks would run into, where they take a lock
 * @timer: a timer that expires in softirqs
 * @lock: a lock that such callbacks take
 * @shots: how often it has expired
 * @hits: how often the lock was held by what it had interrupted
 */
struct softirq {
	struct hrtimer timer;
	spinlock_t *lock;	/* the mm's, who takes it with softirqs off */
	int shots;
	int hits;
};

/* With one CPU only what was interrupted can hold the lock. */
static enum hrtimer_restart shoot(struct hrtimer *timer)
{
	struct softirq *s = container_of(timer, struct softirq, timer);

	s->shots++;
	if (spin_trylock(s->lock))
		spin_unlock(s->lock);
	else if (num_online_cpus() == 1)
		s->hits++;
	hrtimer_forward_now(timer, ns_to_ktime(STRESS_SOFTIRQ_US * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* An action. */
static void stop_timer(void *timer)
{
	hrtimer_cancel(timer);
}

/* Its threads do not run yet, and its timer is not armed. */
static struct stress *new_stress(struct kunit *test, struct mm_struct *mm)
{
	struct stress *s = kunit_kzalloc(test, 2 * sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	for (i = 0; i < 2; i++) {
		s[i].mm = mm;
		s[i].other = &s[!i];
		s[i].seed = 0x1000 * (i + 1);
		init_completion(&s[i].done);
		s[i].task = kthread_create(stress_thread, &s[i], "mmkunit-stress");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s[i].task);
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_thread,
								&s[i]), 0);
	}
	return s;
}

static struct softirq *new_softirq(struct kunit *test, struct mm_struct *mm)
{
	struct softirq *soft = kunit_kzalloc(test, sizeof(*soft), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, soft);
	soft->lock = mm_kunit_pgtable_lock(mm);
	mm_kunit_hrtimer_setup(&soft->timer, shoot, HRTIMER_MODE_REL_SOFT);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_timer,
							&soft->timer), 0);
	return soft;
}

/* Until both threads have freed all that they had. Nothing is expected in it. */
static void run_stress(struct kunit *test, struct stress *s, struct softirq *soft)
{
	int i;

	hrtimer_start(&soft->timer, ns_to_ktime(STRESS_SOFTIRQ_US * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_SOFT);
	for (i = 0; i < 2; i++) {
		s[i].until = jiffies + msecs_to_jiffies(STRESS_MS);
		wake_up_process(s[i].task);
	}
	for (i = 0; i < 2; i++)
		wait_for_completion(&s[i].done);
	kunit_release_action(test, stop_timer, &soft->timer);
	for (i = 0; i < 2; i++)
		kunit_release_action(test, stop_thread, &s[i]);
}

static void expect_unbroken(struct kunit *test, struct stress *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, s[i].broken, 0,
				    "tables of thread %d, in %d rounds", i,
				    s[i].rounds);
		KUNIT_EXPECT_GT(test, s[i].rounds, 2);
	}
	/* One CPU that is not preempted has but one thread in an allocation. */
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_GT_MSG(test, s[0].met + s[1].met, 0,
				    "meetings of the threads in an allocation");
}

/*
 * Two threads on one mm, and callbacks that come between them. With one CPU,
 * which is all that QEMU has unless it is told otherwise, the threads take
 * turns, and only softirqs come in the middle of what they do. With two, by
 * kunit.py's --qemu_args='-smp 2', they are expected to allocate at once.
 */
static void __maybe_unused busy_threads_keep_their_tables(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct softirq *soft = new_softirq(test, mm);
	struct stress *s = new_stress(test, mm);
	long before;

	/* A thread's stack may have needed a page table, of the kernel's. */
	rcu_barrier();
	before = mm_kunit_nr_pagetable();
	run_stress(test, s, soft);
	KUNIT_EXPECT_GT(test, soft->shots, 0);
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		KUNIT_EXPECT_EQ_MSG(test, soft->hits, 0,
				    "of %d softirqs found the lock held",
				    soft->shots);
	settle_alone();
	expect_unbroken(test, s);
	KUNIT_EXPECT_TRUE(test, list_empty(mm_kunit_pgtable_list(mm)));
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_pagetable(), before);
}

/*
 * What most others rest on comes first: where that crashes, it is to blame.
 */
static struct kunit_case s390_pgalloc_defer_cases[] = {
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, lower_half_comes_first)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, mms_have_their_own_pages)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, freed_half_is_handed_out_next)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, single_half_is_freed)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, single_half_is_freed_by_rcu)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, single_half_is_deferred)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, pending_half_is_not_handed_out)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, deferred_half_is_not_handed_out)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, free_then_free)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, free_then_rcu)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, rcu_then_free)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, rcu_then_rcu)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, free_then_defer)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, defer_then_free)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, rcu_then_defer)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, defer_then_rcu)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, defer_then_defer)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, half_is_used_again_after_rcu)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, half_is_used_again_after_defer)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, gathered_half_leaves_the_list_in_order)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, deferred_half_leaves_the_list_in_order)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, reader_keeps_deferred_half)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, reader_keeps_page_with_deferred_half)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, reader_keeps_both_deferred_halves)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, deferred_half_outwaits_deferred_half)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS_DEFER, deferred_half_outwaits_gathered_half)
	MM_KUNIT_CASE_IF(PT_PGSTE, pgste_table_has_a_page_to_itself)
	MM_KUNIT_CASE_IF(PT_PGSTE, pgste_table_waits_for_rcu)
	MM_KUNIT_CASE_IF(PT_PGSTE_DEFER, deferred_pgste_table_waits_for_rcu)
	MM_KUNIT_CASE_IF(PT_WHOLE_PAGES, table_has_a_page_to_itself)
	MM_KUNIT_CASE_IF(PT_WHOLE_PAGES, table_waits_for_rcu)
	MM_KUNIT_CASE_IF(PT_WHOLE_DEFER, deferred_table_waits_for_rcu)
	KUNIT_CASE(exit_frees_tables_of_all_levels),
	KUNIT_CASE(tables_of_all_levels_wait_for_rcu),
	MM_KUNIT_CASE_IF(PT_DEFER, mm_goes_before_its_deferred_table)
	MM_KUNIT_CASE_IF(PT_DEBUG_LOCK, deferred_table_touches_no_dead_mm)
	MM_KUNIT_CASE_IF(PT_FRAGMENTS, random_sequences_keep_every_half)
	MM_KUNIT_CASE_SLOW_IF(PT_FRAGMENTS, busy_threads_keep_their_tables)
	{}
};

/* What a case that failed has left to RCU must not be missing in this one. */
static int init_settled(struct kunit *test)
{
	settle_alone();
	return mm_kunit_init(test);
}

static struct kunit_suite s390_pgalloc_defer_suite = {
	.name = "s390_pgalloc_defer",
	.init = init_settled,
	.exit = mm_kunit_exit,
	.test_cases = s390_pgalloc_defer_cases,
};

kunit_test_suite(s390_pgalloc_defer_suite);

MODULE_DESCRIPTION("KUnit tests for page-table fragments of s390");
MODULE_LICENSE("GPL");
