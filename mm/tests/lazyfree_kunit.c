// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that MADV_FREE has given up.
 *
 * Until somebody writes to it again, reclaim may discard it instead of
 * swapping it out. What was written since must stay, whoever wrote it and
 * whatever became of the page tables meanwhile; and a folio that reclaim tried
 * to unmap, and could not, is mapped as it was before.
 *
 * No swap device is in use, so what is kept stays in memory.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/ksm.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"
#include "lib/thp.h"

/* What is written after MADV_FREE. */
#define NEW_CONTENT mm_kunit_content(1000)

static void lazyfree_need_dirty_bits(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "copy_to_user() of UML leaves PTEs clean");
}

/* Whether MADV_FREE gives up the first pages of an mm, which all exist. */
static bool lazyfree_may(struct kunit *test, struct mm_struct *mm, int nr)
{
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(nr - 1));

	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, nr * PAGE_SIZE,
					 MADV_FREE),
			0L);
	lru_add_drain_all();
	return !folio_test_swapbacked(page_folio(page));
}

static void lazyfree_pages(struct kunit *test, struct mm_struct *mm, int nr)
{
	KUNIT_ASSERT_TRUE(test, lazyfree_may(test, mm, nr));
}

/**
 * struct lazyfree - memory that is given up
 * @mm: who maps it, at MM_KUNIT_BASE
 * @nr: how many pages
 */
struct lazyfree {
	struct mm_struct *mm;
	int nr;
};

static struct lazyfree lazyfree_base_pages(struct kunit *test)
{
	struct lazyfree lazyfree = { .nr = 4 };

	lazyfree_need_dirty_bits(test);
	lazyfree.mm = mm_kunit_anon_mm(test, lazyfree.nr);
	return lazyfree;
}

static struct lazyfree lazyfree_thp(struct kunit *test)
{
	return (struct lazyfree){
		.mm = mm_kunit_thp_mm(test, MM_KUNIT_HUGE_NR),
		.nr = MM_KUNIT_HUGE_NR,
	};
}

/* All PTEs of it are writable. */
static struct lazyfree lazyfree_thp_mapped_by_ptes(struct kunit *test)
{
	struct lazyfree lazyfree = lazyfree_thp(test);

	mm_kunit_split_pmd(test, lazyfree.mm);
	mm_kunit_write_pages(test, lazyfree.mm, 1);
	return lazyfree;
}

/* Reclaim, as if memory were short. */
static void lazyfree_reclaim(struct kunit *test, struct mm_struct *mm,
			     unsigned long addr, int nr)
{
	long ret;

	lru_add_drain_all();
	ret = mm_kunit_madvise(mm, addr, nr * PAGE_SIZE, MADV_PAGEOUT);
	KUNIT_ASSERT_EQ(test, ret, 0L);
}

/* If this did not work, none of the cases below could fail. */
static void reclaim_discards(struct kunit *test, struct lazyfree l)
{
	int i;

	lazyfree_pages(test, l.mm, l.nr);
	lazyfree_reclaim(test, l.mm, MM_KUNIT_BASE, l.nr);
	for (i = 0; i < l.nr; i++) {
		struct page *page = mm_kunit_page_at(l.mm, mm_kunit_addr(i));

		KUNIT_EXPECT_PTR_EQ_MSG(test, page, (struct page *)NULL,
					"page %d", i);
	}
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, MM_KUNIT_BASE), 0ULL);
}

static void reclaim_discards_base_pages(struct kunit *test)
{
	reclaim_discards(test, lazyfree_base_pages(test));
}

static void reclaim_discards_thp(struct kunit *test)
{
	reclaim_discards(test, lazyfree_thp(test));
}

static void reclaim_discards_thp_mapped_by_ptes(struct kunit *test)
{
	reclaim_discards(test, lazyfree_thp_mapped_by_ptes(test));
}

static void reclaim_keeps_write(struct kunit *test, struct lazyfree l)
{
	unsigned long addr = mm_kunit_addr(l.nr - 1);

	lazyfree_pages(test, l.mm, l.nr);
	mm_kunit_write(test, l.mm, addr, NEW_CONTENT);
	lazyfree_reclaim(test, l.mm, MM_KUNIT_BASE, l.nr);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, addr), NEW_CONTENT);
}

static void reclaim_keeps_base_page_written_since(struct kunit *test)
{
	reclaim_keeps_write(test, lazyfree_base_pages(test));
}

/*
 * "mm/rmap: don't discard lazyfree THPs at PMD level", 6.12.117 and 7.3.2: this
 * and the cases below find a huge page dirty in each way that there is.
 */
static void reclaim_keeps_thp_written_since(struct kunit *test)
{
	reclaim_keeps_write(test, lazyfree_thp(test));
}

static void reclaim_keeps_thp_written_by_pte_since(struct kunit *test)
{
	reclaim_keeps_write(test, lazyfree_thp_mapped_by_ptes(test));
}

/* The folio alone knows that it was written to. */
static void reclaim_keeps_device_write(struct kunit *test, struct lazyfree l)
{
	unsigned long addr = mm_kunit_addr(1);
	struct page *page = mm_kunit_pin(test, l.mm, addr, FOLL_WRITE);

	if (!lazyfree_may(test, l.mm, l.nr))
		kunit_skip(test, "MADV_FREE leaves a pinned page alone");
	*(u64 *)page_address(page) = NEW_CONTENT;
	set_page_dirty_lock(page);
	mm_kunit_unpin(test, page);
	lazyfree_reclaim(test, l.mm, MM_KUNIT_BASE, l.nr);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, addr), NEW_CONTENT);
}

static void reclaim_keeps_base_page_that_a_device_wrote(struct kunit *test)
{
	reclaim_keeps_device_write(test, lazyfree_base_pages(test));
}

static void reclaim_keeps_thp_that_a_device_wrote(struct kunit *test)
{
	reclaim_keeps_device_write(test, lazyfree_thp(test));
}

static void reclaim_keeps_thp_by_ptes_that_a_device_wrote(struct kunit *test)
{
	reclaim_keeps_device_write(test, lazyfree_thp_mapped_by_ptes(test));
}

/* mprotect() changes entries, which know by themselves that they are dirty. */
static void reclaim_keeps_protected(struct kunit *test, struct lazyfree l)
{
	unsigned long addr = mm_kunit_addr(1);

	lazyfree_pages(test, l.mm, l.nr);
	mm_kunit_write(test, l.mm, addr, NEW_CONTENT);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(l.mm, MM_KUNIT_BASE, l.nr * PAGE_SIZE,
					  PROT_READ),
			0L);
	lazyfree_reclaim(test, l.mm, MM_KUNIT_BASE, l.nr);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, addr), NEW_CONTENT);
}

static void reclaim_keeps_read_only_page_written_since(struct kunit *test)
{
	reclaim_keeps_protected(test, lazyfree_base_pages(test));
}

/*
 * f7491d7c81db ("x86/mm: Fix user-space data loss with MADV_FREE and THP"):
 * pmd_modify() of x86 lost the dirty bit, so that reclaim took the huge page
 * for one that nobody had written to since MADV_FREE.
 */
static void reclaim_keeps_read_only_thp_written_since(struct kunit *test)
{
	reclaim_keeps_protected(test, lazyfree_thp(test));
}

static void reclaim_keeps_written_thp_after_mremap(struct kunit *test)
{
	struct lazyfree l = lazyfree_thp(test);
	unsigned long to = MM_KUNIT_BASE + 4 * PMD_SIZE;

	lazyfree_pages(test, l.mm, l.nr);
	mm_kunit_write(test, l.mm, MM_KUNIT_BASE, NEW_CONTENT);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mremap(l.mm, MM_KUNIT_BASE, PMD_SIZE, to),
			(long)to);
	lazyfree_reclaim(test, l.mm, to, l.nr);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, to), NEW_CONTENT);
}

/* Both got the dirty bit. */
static void unmap_keeps_thp_written_before_fork(struct kunit *test)
{
	struct lazyfree l = lazyfree_thp(test);
	struct mm_struct *child;
	struct mm_kunit_target t;

	lazyfree_pages(test, l.mm, l.nr);
	mm_kunit_write(test, l.mm, MM_KUNIT_BASE, NEW_CONTENT);
	child = mm_kunit_fork(test, l.mm);
	t = mm_kunit_target_at(test, l.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, TTU_SPLIT_HUGE_PMD));
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, l.mm, MM_KUNIT_BASE),
			NEW_CONTENT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
			NEW_CONTENT);
}

/* Batches of PTEs. */

/*
 * A child shares one half of the huge page, which is read-only since. The other
 * half is the parent's own. The folio has one more reference, so it stays.
 */
static void unmap_refused_after_fork_of(struct kunit *test, bool first_half)
{
	struct lazyfree l = lazyfree_thp_mapped_by_ptes(test);
	unsigned long half = PMD_SIZE / 2;
	unsigned long own = MM_KUNIT_BASE + (first_half ? half : 0);
	unsigned long shared = MM_KUNIT_BASE + (first_half ? 0 : half);
	struct mm_kunit_entry *was;
	struct mm_kunit_target t;
	struct mm_struct *child;
	int i;

	was = kunit_kzalloc(test, l.nr * sizeof(*was), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, was);
	lazyfree_pages(test, l.mm, l.nr);
	mm_kunit_madvise(l.mm, own, half, MADV_DONTFORK);
	child = mm_kunit_fork(test, l.mm);
	mm_kunit_madvise(l.mm, own, half, MADV_DOFORK);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_vma(l.mm, MM_KUNIT_BASE)->vm_end,
			    MM_KUNIT_BASE + PMD_SIZE, "it is not one VMA");
	for (i = 0; i < l.nr; i++)
		was[i] = mm_kunit_entry_at(l.mm, mm_kunit_addr(i));

	t = mm_kunit_target_at(test, l.mm, own);
	folio_get(t.folio);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	folio_put(t.folio);
	mm_kunit_put_target(&t);
	for (i = 0; i < l.nr; i++) {
		struct mm_kunit_entry now =
			mm_kunit_entry_at(l.mm, mm_kunit_addr(i));

		KUNIT_EXPECT_EQ_MSG(test, now.pfn, was[i].pfn, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, now.write, was[i].write, "page %d",
				    i);
	}
	mm_kunit_write(test, l.mm, shared, NEW_CONTENT);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, shared),
			mm_kunit_content((shared - MM_KUNIT_BASE) / PAGE_SIZE));
}

/*
 * 29f40594a281 ("mm/rmap: fix incorrect pte restoration for lazyfree folios"):
 * all PTEs of the batch got the write bit of the first, so that the parent
 * could write to pages which it shares with its child.
 */
static void refused_unmap_makes_no_shared_page_writable(struct kunit *test)
{
	unmap_refused_after_fork_of(test, false);
}

/* As above, with the read-only pages first. */
static void refused_unmap_leaves_own_pages_writable(struct kunit *test)
{
	unmap_refused_after_fork_of(test, true);
}

#define NEIGHBOURS 64

/**
 * struct neighbours - pairs of pages that are next to each other in memory
 * @first: the first ones; NULL once they are free, to become page tables
 * @second: the second ones, which stay the case's
 */
struct neighbours {
	struct page *first[NEIGHBOURS];
	struct page *second[NEIGHBOURS];
};

static void neighbours_free(void *ctx)
{
	struct neighbours *n = ctx;
	int i;

	for (i = 0; i < NEIGHBOURS; i++) {
		if (n->first[i])
			__free_page(n->first[i]);
		if (n->second[i])
			__free_page(n->second[i]);
	}
}

static struct neighbours *neighbours_alloc(struct kunit *test)
{
	struct neighbours *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, n);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, neighbours_free, n), 0);
	for (i = 0; i < NEIGHBOURS; i++) {
		struct page *pair = alloc_pages(GFP_KERNEL | __GFP_ZERO, 1);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pair);
		split_page(pair, 1);
		n->first[i] = pair;
		n->second[i] = pair + 1;
	}
	return n;
}

/*
 * Move the huge page to where its PTEs need two page tables. Returns the page
 * behind the first of them, or NULL if that is not one of ours. A page that was
 * freed on a CPU is the first that this CPU gets again.
 */
static struct page *neighbours_move(struct kunit *test, struct mm_struct *mm,
				    unsigned long from, unsigned long to)
{
	struct neighbours *n = neighbours_alloc(test);
	struct page *table[NEIGHBOURS];
	int i;

	memcpy(table, n->first, sizeof(table));
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	for (i = 0; i < NEIGHBOURS; i++)
		__free_page(n->first[i]);
	memset(n->first, 0, sizeof(n->first));
	mm_kunit_mremap(mm, from, PMD_SIZE, to);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	for (i = 0; i < NEIGHBOURS; i++)
		if (table[i] == pmd_page(*mm_kunit_pmd(mm, to)))
			return n->second[i];
	return NULL;
}

/* Fill the page with what the second page table holds, but for dirty bits. */
static pte_t *neighbours_fill(struct page *page, struct mm_struct *mm,
			      unsigned long second)
{
	pte_t *ptes = page_address(page);
	pte_t *real = pte_offset_kernel(mm_kunit_pmd(mm, second), second);
	int i;

	for (i = 0; i < PTRS_PER_PTE / 2; i++)
		ptes[i] = pte_mkdirty(ptep_get(&real[i]));
	return ptes;
}

/*
 * ddd05742b45b ("mm/rmap: fix potential out-of-bounds page table access during
 * batched unmap"): a batch did not end with its page table. Whatever lay behind
 * was read, cleared and written as if it were PTEs of the folio.
 *
 * Here such PTEs do lie there, and they are dirty, which none of the real ones
 * is.
 */
static void unmap_of_thp_in_two_tables_stays_in_each(struct kunit *test)
{
	struct lazyfree l = lazyfree_thp_mapped_by_ptes(test);
	unsigned long from = MM_KUNIT_BASE;
	struct page *behind = NULL;
	struct mm_kunit_target t;
	pte_t *ptes, *copy;
	int i;

	lazyfree_pages(test, l.mm, l.nr);
	for (i = 1; i < 8 && !behind; i++) {
		unsigned long to =
			MM_KUNIT_BASE + 4 * i * PMD_SIZE + PMD_SIZE / 2;

		behind = neighbours_move(test, l.mm, from, to);
		from = to;
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, behind);
	ptes = neighbours_fill(behind, l.mm, from + PMD_SIZE / 2);
	copy = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, copy);
	memcpy(copy, ptes, PAGE_SIZE);

	t = mm_kunit_target_at(test, l.mm, from);
	folio_get(t.folio); /* so that it cannot be discarded */
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	folio_put(t.folio);
	KUNIT_EXPECT_FALSE_MSG(test, folio_test_dirty(t.folio),
			       "by dirty bits from behind its page table");
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, memcmp(copy, ptes, PAGE_SIZE), 0);
	mm_kunit_expect_unchanged(test, t.before);
}

#define EXCLUSIVE 2

/* Memory that reclaim may always discard; a device has one page to itself. */
static struct mm_struct *lazyfree_exclusive_mm(struct kunit *test)
{
	unsigned long addr = mm_kunit_addr(EXCLUSIVE);
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct folio *folio = NULL;
	struct page *page;

	mm_kunit_mmap(test, mm, NULL, MM_KUNIT_BASE, PMD_SIZE,
		      PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	mm_kunit_write_pages(test, mm, MM_KUNIT_HUGE_NR);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			PMD_SIZE);
	mmap_read_lock(mm);
	page = make_device_exclusive(mm, addr, NULL, &folio);
	mmap_read_unlock(mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_ASSERT_EQ(test, (int)mm_kunit_entry_at(mm, addr).kind,
			(int)MM_KUNIT_OTHER);
	return mm;
}

/*
 * 3f8968e9cbf9 ("mm/rmap: initialize nr_pages to 1 at loop start in
 * try_to_unmap_one"): the page behind a batch was counted as often as the batch
 * has pages, if its entry is not present.
 *
 * What lies behind that page is mlocked and stays, so that the folio is not
 * freed by a reference too few.
 */
static void unmap_counts_page_behind_batch_once(struct kunit *test)
{
	int rest = MM_KUNIT_HUGE_NR - EXCLUSIVE - 1;
	unsigned long addr = mm_kunit_addr(EXCLUSIVE + 1);
	struct mm_kunit_target t;
	struct mm_struct *mm;
	int missing;
	long ret;

	mm_kunit_require_thp(test);
	if (!IS_ENABLED(CONFIG_DEVICE_PRIVATE))
		kunit_skip(test, "no device can have a page to itself");
	mm = lazyfree_exclusive_mm(test);
	ret = mm_kunit_mprotect(mm, addr, rest * PAGE_SIZE, PROT_READ);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, addr), VM_LOCKED, 0);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, mm_kunit_unmap(&t, 0));
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, addr), 0, VM_LOCKED);
	mm_kunit_expect_mapped(&t, rest);
	missing = t.unmapped_refs + rest - folio_ref_count(t.folio);
	if (missing > 0)
		folio_ref_add(t.folio, missing);
	mm_kunit_put_target(&t);
}

/* KSM. */

/*
 * "mm/madvise: fix data loss from MADV_FREE on a KSM page", 6.12.118: ksmd may
 * give the page to other mms, which have given up nothing, at any time after
 * MADV_FREE. Reclaim discarded what they had written.
 */
static void reclaim_keeps_ksm_page_that_was_given_up_before(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2], *late;
	struct page *page;

	page = mm_kunit_ksm_merge(test, mm, &ksm);
	mm_kunit_exit_mm(test, mm[1]);
	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm[0], MM_KUNIT_BASE, PAGE_SIZE,
					 MADV_FREE),
			0L);
	late = mm_kunit_ksm_join(test, ksm, page);
	mm_kunit_exit_mm(test, mm[0]);
	lazyfree_reclaim(test, late, MM_KUNIT_BASE, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, late, MM_KUNIT_BASE),
			mm_kunit_content(0));
	mm_kunit_ksm_unmerge(test, ksm);
}

static struct kunit_case lazyfree_cases[] = {
	KUNIT_CASE(reclaim_discards_base_pages),
	KUNIT_CASE(reclaim_discards_thp),
	KUNIT_CASE(reclaim_discards_thp_mapped_by_ptes),
	KUNIT_CASE(reclaim_keeps_base_page_written_since),
	KUNIT_CASE(reclaim_keeps_thp_written_since),
	KUNIT_CASE(reclaim_keeps_thp_written_by_pte_since),
	KUNIT_CASE(reclaim_keeps_base_page_that_a_device_wrote),
	KUNIT_CASE(reclaim_keeps_thp_that_a_device_wrote),
	KUNIT_CASE(reclaim_keeps_thp_by_ptes_that_a_device_wrote),
	KUNIT_CASE(reclaim_keeps_read_only_page_written_since),
	KUNIT_CASE(reclaim_keeps_read_only_thp_written_since),
	KUNIT_CASE(reclaim_keeps_written_thp_after_mremap),
	KUNIT_CASE(unmap_keeps_thp_written_before_fork),
	KUNIT_CASE(refused_unmap_makes_no_shared_page_writable),
	KUNIT_CASE(refused_unmap_leaves_own_pages_writable),
	KUNIT_CASE(unmap_of_thp_in_two_tables_stays_in_each),
	KUNIT_CASE(unmap_counts_page_behind_batch_once),
	KUNIT_CASE(reclaim_keeps_ksm_page_that_was_given_up_before),
	{}
};

static struct kunit_suite lazyfree_suite = {
	.name = "lazyfree",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = lazyfree_cases,
};

kunit_test_suite(lazyfree_suite);

MODULE_DESCRIPTION("KUnit tests for MADV_FREE");
MODULE_LICENSE("GPL");
