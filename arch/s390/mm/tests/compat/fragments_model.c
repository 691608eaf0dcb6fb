// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of page tables that share a page, see fragments_model.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/process.h"
#include "fragments_model.h"
#include "pgalloc.h"

/**
 * ptfrag_model_new() - make a model with two mms that have no page table yet
 * @test: the case, which owns the mms
 */
struct ptfrag_model *ptfrag_model_new(struct kunit *test)
{
	struct ptfrag_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	m->test = test;
	for (i = 0; i < PTFRAG_MAX_MMS; i++) {
		m->mm[i] = mm_kunit_new_mm(test);
		m->bytes[i] = mm_pgtables_bytes(m->mm[i]);
		m->refs[i] = atomic_read(&m->mm[i]->mm_count);
	}
	ptfrag_wait_for_rcu();
	m->pgtables = mm_kunit_nr_user_pagetable();
	return m;
}

/**
 * ptfrag_halves() - how many halves of a page are in a state
 * @p: the page
 * @what: the state
 */
int ptfrag_halves(struct ptfrag_page *p, enum ptfrag_half what)
{
	return (p->half[0] == what) + (p->half[1] == what);
}

/* Whether a page has a free half that may be handed out. */
static bool ptfrag_belongs_on_list(struct ptfrag_page *p)
{
	if (ptfrag_halves(p, PTFRAG_USED) != 1)
		return false;
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		return ptfrag_halves(p, PTFRAG_FREE) == 1;
	return !p->active;
}

static int ptfrag_place_of(struct ptfrag_model *m, struct ptfrag_page *p)
{
	int i;

	for (i = 0; i < m->nr_list[p->mm]; i++)
		if (m->list[p->mm][i] == p)
			return i;
	return -1;
}

/**
 * ptfrag_relist() - bring the model's list up to date after a page has changed
 * @m: the model
 * @p: the page
 * @tail: whether it goes to the tail of the list
 */
void ptfrag_relist(struct ptfrag_model *m, struct ptfrag_page *p, bool tail)
{
	struct ptfrag_page **list = m->list[p->mm];
	int *nr = &m->nr_list[p->mm];
	int at = ptfrag_place_of(m, p);
	bool is_there = at >= 0;

	if (ptfrag_belongs_on_list(p) == is_there)
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

/* After a half was freed that does not wait for RCU. */
static void ptfrag_maybe_gone(struct ptfrag_page *p)
{
	if (ptfrag_halves(p, PTFRAG_FREE) == 2 && !p->active)
		p->gone = true;
}

/*
 * Whether the bits of a half match its state. One or more bits may say that it
 * waits, because that differs between the designs.
 */
static bool ptfrag_mask_matches(unsigned int mask, int i, enum ptfrag_half half)
{
	bool allocated = mask & (PTFRAG_ALLOCATED << i);
	bool pending = mask & (PTFRAG_PENDING << i);

	switch (half) {
	case PTFRAG_USED:
		return allocated && !pending;
	case PTFRAG_GATHERED:
	case PTFRAG_DEFERRED:
		return !allocated && pending;
	default:
		return !allocated && !pending;
	}
}

/* ------------------------------------------------- checks of the model -- */

/**
 * ptfrag_mask_of() - the bits that say what has become of the halves of a page
 * @page: the page
 */
unsigned int ptfrag_mask_of(struct page *page)
{
	return (unsigned int)page_ref_count(page) >> 24;
}

/**
 * ptfrag_table_of() - the table in a half of a page
 * @p: the page
 * @half: 0 for the lower half, 1 for the upper
 */
unsigned long *ptfrag_table_of(struct ptfrag_page *p, int half)
{
	return (unsigned long *)page_to_virt(p->page) + half * PTRS_PER_PTE;
}

/**
 * ptfrag_page_of() - the page of the model that a table is in
 * @m: the model
 * @table: the table
 *
 * Return: the page, or NULL if the model has none
 */
struct ptfrag_page *ptfrag_page_of(struct ptfrag_model *m, unsigned long *table)
{
	struct page *page = virt_to_page(table);
	int i;

	for (i = 0; i < m->nr; i++)
		if (m->pages[i].page == page && !m->pages[i].gone)
			return &m->pages[i];
	return NULL;
}

/**
 * ptfrag_half_of() - which half of its page a table is
 * @table: the table
 */
int ptfrag_half_of(unsigned long *table)
{
	return !!((unsigned long)table & PTFRAG_SIZE);
}

/* Note the first mismatch. It does not sleep, so that a reader may call it. */
static __printf(2, 3) void ptfrag_mismatch(struct ptfrag_model *m,
					   const char *fmt, ...)
{
	va_list args;

	if (m->mismatch[0])
		return;
	va_start(args, fmt);
	vsnprintf(m->mismatch, sizeof(m->mismatch), fmt, args);
	va_end(args);
}

/**
 * ptfrag_expect_no_mismatch() - expect that nothing was noted since last time
 * @m: the model
 *
 * Context: no lock held, and no reader of RCU, because a failure sleeps.
 */
void ptfrag_expect_no_mismatch(struct ptfrag_model *m)
{
	const char *mismatch = m->mismatch;

	KUNIT_EXPECT_STREQ(m->test, mismatch, "");
	m->mismatch[0] = 0;
}

/* A freed page has only the reference of the model, which is dropped here. */
static void ptfrag_check_gone_page(struct ptfrag_model *m,
				   struct ptfrag_page *p, const char *what)
{
	int refs = page_ref_count(p->page);

	if (!p->held)
		return;
	if (refs != 1)
		ptfrag_mismatch(m, "page %d, free, has %#x references after %s",
				(int)(p - m->pages), refs, what);
	if (PageTable(p->page))
		ptfrag_mismatch(m, "page %d, free, is a page table after %s",
				(int)(p - m->pages), what);
	p->held = false;
	if (refs > 0)
		put_page(p->page);
}

static void ptfrag_check_page(struct ptfrag_model *m, struct ptfrag_page *p,
			      const char *what)
{
	/* A page that is free and not gone waits for RCU, without its tag. */
	bool tagged = p->active && ptfrag_halves(p, PTFRAG_FREE) < 2;
	unsigned int mask = ptfrag_mask_of(p->page);
	int nr = p - m->pages;

	if (p->gone) {
		ptfrag_check_gone_page(m, p, what);
		return;
	}
	if (!ptfrag_mask_matches(mask, 0, p->half[0]) ||
	    !ptfrag_mask_matches(mask, 1, p->half[1]) || mask & PTFRAG_NO_HALF)
		ptfrag_mismatch(m,
				"page %d has mask %#x after %s, halves %d, %d",
				nr, mask, what, p->half[0], p->half[1]);
	if (!PageTable(p->page))
		ptfrag_mismatch(m, "page %d is no page table after %s", nr,
				what);
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_ACTIVE) &&
	    ptfrag_is_tagged(p->page) != tagged)
		ptfrag_mismatch(m, "page %d is tagged wrongly after %s", nr,
				what);
}

/* The list has exactly the pages of the model's list, in the same order. */
static void ptfrag_check_list(struct ptfrag_model *m, int mm, const char *what)
{
	struct list_head *head = &m->mm[mm]->context.pgtable_list;
	struct list_head *pos = head;
	int i;

	for (i = 0; i < m->nr_list[mm]; i++) {
		if (pos->next->prev != pos)
			ptfrag_mismatch(m, "the list is corrupt after %s",
					what);
		pos = pos->next;
		if (pos != &m->list[mm][i]->page->lru) {
			ptfrag_mismatch(m,
					"page %d has not place %d of %d after %s",
					(int)(m->list[mm][i] - m->pages), i,
					m->nr_list[mm], what);
			return;
		}
	}
	if (pos->next != head || head->prev != pos)
		ptfrag_mismatch(m,
				"the list does not end after %d pages after %s",
				i, what);
}

/* It checks everything, and does not sleep. */
static void ptfrag_check_model(struct ptfrag_model *m, const char *what)
{
	long alive = 0, pgtables;
	int i;

	for (i = 0; i < m->nr; i++) {
		ptfrag_check_page(m, &m->pages[i], what);
		alive += !m->pages[i].gone;
	}
	for (i = 0; i < PTFRAG_MAX_MMS; i++) {
		ptfrag_check_list(m, i, what);
		if (mm_pgtables_bytes(m->mm[i]) != m->bytes[i])
			ptfrag_mismatch(m, "mm %d counts %lu bytes after %s", i,
					mm_pgtables_bytes(m->mm[i]), what);
		if (atomic_read(&m->mm[i]->mm_count) != m->refs[i])
			ptfrag_mismatch(m,
					"mm %d has %d references after %s, not %d",
					i, atomic_read(&m->mm[i]->mm_count),
					what, m->refs[i]);
	}
	pgtables = mm_kunit_nr_user_pagetable() - m->pgtables;
	if (pgtables != alive)
		ptfrag_mismatch(m, "%ld page tables after %s, not %ld",
				pgtables, what, alive);
}

static void ptfrag_expect_model(struct ptfrag_model *m, const char *what)
{
	ptfrag_check_model(m, what);
	ptfrag_expect_no_mismatch(m);
}

/* --------------------------------------------------------- operations -- */

/**
 * ptfrag_is_empty() - whether all entries of a table are empty
 * @table: the table
 */
bool ptfrag_is_empty(unsigned long *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (table[i] != _PAGE_INVALID)
			return false;
	return true;
}

static struct ptfrag_page *ptfrag_page_new(struct ptfrag_model *m, int mm,
					   unsigned long *table)
{
	struct ptfrag_page *p = &m->pages[m->nr];

	KUNIT_ASSERT_LT(m->test, m->nr++, PTFRAG_MAX_PAGES);
	*p = (struct ptfrag_page){
		.page = virt_to_page(table),
		.mm = mm,
		.held = true,
	};
	get_page(p->page); /* until ptfrag_check_gone_page() */
	KUNIT_EXPECT_TRUE_MSG(m->test,
			      ptfrag_is_empty(ptfrag_table_of(p, 0)) &&
				      ptfrag_is_empty(ptfrag_table_of(p, 1)),
			      "a new page is not empty");
	return p;
}

/**
 * ptfrag_alloc() - allocate a table, and check which one it is
 * @m: the model
 * @mm: index of the mm
 *
 * It must be the free half of the first page on the list, or the lower half of
 * a new page.
 */
unsigned long *ptfrag_alloc(struct ptfrag_model *m, int mm)
{
	struct ptfrag_page *p = m->nr_list[mm] ? m->list[mm][0] : NULL;
	unsigned long *table = page_table_alloc(m->mm[mm]);
	int half = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(m->test, table);
	if (p && ptfrag_halves(p, PTFRAG_FREE) == 1) {
		half = p->half[1] == PTFRAG_FREE;
		KUNIT_ASSERT_PTR_EQ_MSG(m->test, table,
					ptfrag_table_of(p, half),
					"not the half that comes first");
	} else {
		KUNIT_ASSERT_PTR_EQ_MSG(m->test,
					(void *)ptfrag_page_of(m, table), NULL,
					"a half in use was handed out");
		KUNIT_ASSERT_EQ(m->test, ptfrag_half_of(table), 0);
		p = ptfrag_page_new(m, mm, table);
	}
	p->half[half] = PTFRAG_USED;
	ptfrag_relist(m, p, false);
	ptfrag_expect_model(m, "an allocation");
	return table;
}

/**
 * ptfrag_free_in_reader() - ptfrag_free() within rcu_read_lock()
 * @m: the model, which notes a mismatch for ptfrag_expect_no_mismatch()
 * @table: the table
 */
void ptfrag_free_in_reader(struct ptfrag_model *m, unsigned long *table)
{
	struct ptfrag_page *p = ptfrag_page_of(m, table);

	p->half[ptfrag_half_of(table)] = PTFRAG_FREE;
	page_table_free(m->mm[p->mm], table);
	ptfrag_relist(m, p, false);
	ptfrag_maybe_gone(p);
	ptfrag_check_model(m, "page_table_free()");
}

/**
 * ptfrag_free() - free a table by page_table_free()
 * @m: the model
 * @table: the table
 */
void ptfrag_free(struct ptfrag_model *m, unsigned long *table)
{
	ptfrag_free_in_reader(m, table);
	ptfrag_expect_no_mismatch(m);
}

/**
 * ptfrag_free_rcu() - free a table by page_table_free_rcu()
 * @m: the model
 * @table: the table
 */
void ptfrag_free_rcu(struct ptfrag_model *m, unsigned long *table)
{
	struct ptfrag_page *p = ptfrag_page_of(m, table);
	struct mmu_gather tlb;

	p->half[ptfrag_half_of(table)] = PTFRAG_GATHERED;
	tlb_gather_mmu(&tlb, m->mm[p->mm]);
	page_table_free_rcu(&tlb, table, 0);
	ptfrag_relist(m, p, true);
	ptfrag_check_model(m, "page_table_free_rcu()");
	tlb_finish_mmu(&tlb);
	ptfrag_expect_no_mismatch(m);
}

/**
 * ptfrag_defer_in_reader() - ptfrag_defer() within rcu_read_lock()
 * @m: the model, which notes a mismatch for ptfrag_expect_no_mismatch()
 * @table: the table
 */
void ptfrag_defer_in_reader(struct ptfrag_model *m, unsigned long *table)
{
	struct ptfrag_page *p = ptfrag_page_of(m, table);

	p->active = true;
	p->half[ptfrag_half_of(table)] =
		IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING) ? PTFRAG_DEFERRED :
							       PTFRAG_FREE;
	ptfrag_pte_free_defer(m->mm[p->mm], table);
	ptfrag_relist(m, p, false);
	ptfrag_check_model(m, "pte_free_defer()");
}

/**
 * ptfrag_defer() - free a table by pte_free_defer()
 * @m: the model
 * @table: the table
 */
void ptfrag_defer(struct ptfrag_model *m, unsigned long *table)
{
	ptfrag_defer_in_reader(m, table);
	ptfrag_expect_no_mismatch(m);
}

/*
 * Whether RCU may leave the pages of a list in this order. RCU and the design
 * decide which page comes back first, and to which end of the list. But the
 * list must have each page of the model's list once, and the pages that were
 * there before, which come last in the model, must stay together and in order.
 */
static bool ptfrag_order_is_allowed(struct ptfrag_model *m, int mm,
				    struct ptfrag_page **order)
{
	struct ptfrag_page **stayed = m->list[mm];
	int nr = m->nr_list[mm];
	int i, j, first = 0;

	for (i = 0; i < nr; i++) {
		if (ptfrag_place_of(m, order[i]) < 0)
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

/* Take over the order of the kernel's list if it is one that is allowed. */
static void ptfrag_accept_order(struct ptfrag_model *m, int mm)
{
	struct list_head *head = &m->mm[mm]->context.pgtable_list;
	struct ptfrag_page *order[PTFRAG_MAX_PAGES];
	struct list_head *pos;
	int i = 0;

	list_for_each(pos, head) {
		struct page *page = list_entry(pos, struct page, lru);
		struct ptfrag_page *p = ptfrag_page_of(m, page_to_virt(page));

		if (!p || p->mm != mm || i == m->nr_list[mm])
			return;
		order[i++] = p;
	}
	if (i == m->nr_list[mm] && ptfrag_order_is_allowed(m, mm, order))
		memcpy(m->list[mm], order, i * sizeof(*order));
}

/**
 * ptfrag_settle() - wait until all that waits for RCU is freed, and check
 * @m: the model
 */
void ptfrag_settle(struct ptfrag_model *m)
{
	int i;

	ptfrag_wait_for_rcu();
	for (i = 0; i < m->nr; i++) {
		struct ptfrag_page *p = &m->pages[i];
		bool was_there = !p->gone && ptfrag_place_of(m, p) >= 0;

		p->back = false;
		if (p->gone)
			continue;
		if (p->half[0] != PTFRAG_USED)
			p->half[0] = PTFRAG_FREE;
		if (p->half[1] != PTFRAG_USED)
			p->half[1] = PTFRAG_FREE;
		ptfrag_relist(m, p, false);
		p->back = !was_there && ptfrag_place_of(m, p) >= 0;
		p->gone = ptfrag_halves(p, PTFRAG_FREE) == 2;
		if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
			p->active = false;
	}
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		for (i = 0; i < PTFRAG_MAX_MMS; i++)
			ptfrag_accept_order(m, i);
	ptfrag_expect_model(m, "RCU");
}

/**
 * ptfrag_free_all() - free all tables, and check that no page table is left
 * @m: the model
 */
void ptfrag_free_all(struct ptfrag_model *m)
{
	int i, half;

	for (i = 0; i < m->nr; i++)
		for (half = 0; half < 2; half++)
			if (!m->pages[i].gone &&
			    m->pages[i].half[half] == PTFRAG_USED)
				ptfrag_free(m, ptfrag_table_of(&m->pages[i],
							       half));
	ptfrag_settle(m);
	KUNIT_EXPECT_EQ_MSG(m->test, mm_kunit_nr_user_pagetable(), m->pgtables,
			    "all page tables were freed");
	for (i = 0; i < PTFRAG_MAX_MMS; i++)
		KUNIT_EXPECT_TRUE(m->test,
				  list_empty(&m->mm[i]->context.pgtable_list));
}
