/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of page tables that share a page.
 *
 * A page table of s390 has 2K, so two of them shared a page until d08d4e7cd6bf
 * ("s390/mm: use full 4KB page for 2KB PTE"). The upper byte of the page's
 * _refcount says which half is allocated and which one waits to be freed, and
 * mm->context.pgtable_list has the pages with a half that can be allocated. A
 * half may wait for RCU while the other one is in use, is freed by any method,
 * or waits as well.
 *
 * Every operation calls the kernel, makes the same step in the model, and then
 * compares the pages, their type, the lists and the number of page tables with
 * it. What differs is noted and does not fail the case at once, because a
 * reader under RCU must not sleep, and an expectation that fails does.
 */
#ifndef _S390_MM_KUNIT_FRAGMENTS_MODEL_H
#define _S390_MM_KUNIT_FRAGMENTS_MODEL_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>

struct kunit;

#define PTFRAG_MAX_PAGES 64
#define PTFRAG_MAX_MMS 2

#define PTFRAG_SIZE (PTRS_PER_PTE * sizeof(pte_t))

/*
 * Bits of the lower half in the upper byte of _refcount; the bit of the upper
 * half is the next one. A half is pending by an mmu_gather, or by the rcu_head
 * of the page.
 */
#define PTFRAG_ALLOCATED 0x01
#define PTFRAG_PENDING 0x14
#define PTFRAG_NO_HALF 0xc0

/**
 * enum ptfrag_half - the state of one half of a page
 * @PTFRAG_FREE: it is free
 * @PTFRAG_USED: it is a page table
 * @PTFRAG_GATHERED: page_table_free_rcu() has it, and its mmu_gather is done
 * @PTFRAG_DEFERRED: pte_free_defer() has it
 */
enum ptfrag_half {
	PTFRAG_FREE,
	PTFRAG_USED,
	PTFRAG_GATHERED,
	PTFRAG_DEFERRED,
};

/**
 * struct ptfrag_page - what a page of page tables should be
 * @page: the page
 * @mm: index of its mm
 * @half: its lower half and its upper
 * @active: whether a half was deferred since the page was new
 * @back: whether the last ptfrag_settle() brought it back to the list
 * @gone: whether the page is no page table any more
 * @held: whether the model holds a reference to the page, to see it freed
 */
struct ptfrag_page {
	struct page *page;
	int mm;
	enum ptfrag_half half[2];
	bool active;
	bool back;
	bool gone;
	bool held;
};

/**
 * struct ptfrag_model - what all page tables of a case should be
 * @test: the case
 * @mm: the mms
 * @pages: the pages in the order of their allocation
 * @nr: how many
 * @list: what should be on each mm's pgtable_list, in order
 * @nr_list: how many
 * @pgtables: the machine's page tables without these
 * @bytes: what the mms count of their own
 * @refs: references to the mms
 * @mismatch: the first mismatch that was not reported yet
 */
struct ptfrag_model {
	struct kunit *test;
	struct mm_struct *mm[PTFRAG_MAX_MMS];
	struct ptfrag_page pages[PTFRAG_MAX_PAGES];
	int nr;
	struct ptfrag_page *list[PTFRAG_MAX_MMS][PTFRAG_MAX_PAGES];
	int nr_list[PTFRAG_MAX_MMS];
	long pgtables;
	unsigned long bytes[PTFRAG_MAX_MMS];
	int refs[PTFRAG_MAX_MMS];
	char mismatch[160];
};

/* A way to free a table. */
typedef void (*ptfrag_method)(struct ptfrag_model *m, unsigned long *table);

struct ptfrag_model *ptfrag_model_new(struct kunit *test);
int ptfrag_halves(struct ptfrag_page *p, enum ptfrag_half what);
void ptfrag_relist(struct ptfrag_model *m, struct ptfrag_page *p, bool tail);
unsigned int ptfrag_mask_of(struct page *page);
unsigned long *ptfrag_table_of(struct ptfrag_page *p, int half);
struct ptfrag_page *ptfrag_page_of(struct ptfrag_model *m,
				   unsigned long *table);
int ptfrag_half_of(unsigned long *table);
void ptfrag_expect_no_mismatch(struct ptfrag_model *m);
bool ptfrag_is_empty(unsigned long *table);
unsigned long *ptfrag_alloc(struct ptfrag_model *m, int mm);
void ptfrag_free_in_reader(struct ptfrag_model *m, unsigned long *table);
void ptfrag_free(struct ptfrag_model *m, unsigned long *table);
void ptfrag_free_rcu(struct ptfrag_model *m, unsigned long *table);
void ptfrag_defer_in_reader(struct ptfrag_model *m, unsigned long *table);
void ptfrag_defer(struct ptfrag_model *m, unsigned long *table);
void ptfrag_settle(struct ptfrag_model *m);
void ptfrag_free_all(struct ptfrag_model *m);

void ptfrag_random_sequence(struct kunit *test, u64 seed);

#endif /* _S390_MM_KUNIT_FRAGMENTS_MODEL_H */
