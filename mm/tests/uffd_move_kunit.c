// SPDX-License-Identifier: GPL-2.0-only
/*
 * UFFDIO_MOVE moves anonymous pages from one place of an mm to another, which
 * is registered with the userfaultfd. A page that is moved is found there by
 * its content and by rmap, and no longer where it was. A page that others can
 * see, or use, is refused and left as it was.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"
#include "lib/uffd.h"

/* Where the pages go. */
#define TO (MM_KUNIT_BASE + 8 * PMD_SIZE)

/* A place for @len bytes of @mm. */
static struct mm_kunit_uffd_move
uffd_place(struct kunit *test, struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_uffd_move m = {
		.uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MOVE),
		.mm = mm,
		.src = MM_KUNIT_BASE,
		.dst = TO,
		.len = len,
	};
	int ret;

	mm_kunit_mmap_anon(test, mm, TO, len);
	ret = mm_kunit_uffd_register(m.uffd, TO, len,
				     UFFDIO_REGISTER_MODE_MISSING);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return m;
}

/* Four pages, of which @nr have their content. */
static struct mm_kunit_uffd_move uffd_pages(struct kunit *test, int nr)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct mm_kunit_uffd_move m = uffd_place(test, mm, 4 * PAGE_SIZE);

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, 4 * PAGE_SIZE);
	mm_kunit_write_pages(test, mm, nr);
	lru_add_drain_all();
	return m;
}

/* A huge page that a PMD maps, of which four pages have their content. */
static struct mm_kunit_uffd_move uffd_thp(struct kunit *test)
{
	struct mm_kunit_uffd_move m;
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	m = uffd_place(test, mm, PMD_SIZE);
	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE,
					 MADV_HUGEPAGE),
			0L);
	mm_kunit_write_pages(test, mm, 4);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			    PMD_SIZE, "the kernel gave no huge page");
	lru_add_drain_all();
	return m;
}

/* Move the first @nr pages. */
static long uffd_do_move(struct mm_kunit_uffd_move *m, int nr)
{
	m->len = nr * PAGE_SIZE;
	return mm_kunit_uffd_move(m);
}

/* Is the page that is mapped at @addr where rmap will look for it. */
static void expect_rmap_at(struct kunit *test, struct mm_struct *mm,
			   unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr);
	unsigned long index, i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	i = page_to_pfn(page) - folio_pfn(page_folio(page));
	index = mm_kunit_anon_index(page_folio(page));
	KUNIT_EXPECT_EQ(test, index + i,
			linear_page_index(mm_kunit_vma(mm, addr), addr));
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_vma_reaches(mm, addr));
}

/* Pages @from to @from + @nr are at TO now, and not where they were. */
static void expect_moved(struct kunit *test, struct mm_kunit_uffd_move *m,
			 int from, int nr)
{
	int i;

	for (i = from; i < from + nr; i++) {
		struct mm_kunit_entry old =
			mm_kunit_entry_at(m->mm, mm_kunit_addr(i));
		unsigned long addr = TO + i * PAGE_SIZE;

		KUNIT_EXPECT_EQ(test, (int)old.kind, (int)MM_KUNIT_NONE);
		KUNIT_ASSERT_EQ(test, mm_kunit_read(test, m->mm, addr),
				mm_kunit_content(i));
		expect_rmap_at(test, m->mm, addr);
		mm_kunit_write(test, m->mm, addr, mm_kunit_content(i));
	}
}

static void move_takes_pages(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 3);
	struct page *page = mm_kunit_page_at(m.mm, MM_KUNIT_BASE);

	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 2), 2L * (long)PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(m.mm, TO), page);
	KUNIT_EXPECT_TRUE(test, mm_kunit_is_exclusive(page));
	expect_moved(test, &m, 0, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, m.mm, mm_kunit_addr(2)),
			mm_kunit_content(2));
}

/* Each page table of a case is left by one move and entered by the other. */
static void move_takes_pages_across_page_tables(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct mm_kunit_uffd_move m = {
		.uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MOVE),
		.mm = mm,
		.src = MM_KUNIT_BASE + PMD_SIZE - 2 * PAGE_SIZE,
		.dst = TO - PAGE_SIZE,
	};
	int i, ret;

	mm_kunit_mmap_anon(test, mm, m.src, 4 * PAGE_SIZE);
	mm_kunit_mmap_anon(test, mm, m.dst, 4 * PAGE_SIZE);
	ret = mm_kunit_uffd_register(m.uffd, m.dst, 4 * PAGE_SIZE,
				     UFFDIO_REGISTER_MODE_MISSING);
	KUNIT_ASSERT_EQ(test, ret, 0);
	for (i = 0; i < 4; i++)
		mm_kunit_write(test, mm, m.src + i * PAGE_SIZE,
			       mm_kunit_content(i));
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 4), 4L * (long)PAGE_SIZE);
	for (i = 0; i < 4; i++) {
		unsigned long addr = m.dst + i * PAGE_SIZE;

		KUNIT_ASSERT_EQ(test, mm_kunit_read(test, mm, addr),
				mm_kunit_content(i));
		expect_rmap_at(test, mm, addr);
	}
}

static void move_stops_at_hole(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 2);

	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 3), 2L * (long)PAGE_SIZE);
	expect_moved(test, &m, 0, 2);
	m.src += 2 * PAGE_SIZE;
	m.dst += 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 1), (long)-ENOENT);
	m.mode = UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES;
	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 1), (long)PAGE_SIZE);
}

/* Nothing has changed, the places that rmap knows included. */
static void expect_refused(struct kunit *test, struct mm_kunit_uffd_move *m,
			   struct mm_kunit_snapshot *before, long ret,
			   long error)
{
	KUNIT_EXPECT_EQ(test, ret, error);
	mm_kunit_expect_unchanged(test, before);
	expect_rmap_at(test, m->mm, MM_KUNIT_BASE);
}

static void move_refuses_place_that_is_taken(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 1);
	struct mm_kunit_snapshot *before;

	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_copy(m.uffd, TO, 42),
			(long)PAGE_SIZE);
	before = mm_kunit_take_snapshot(test);
	expect_refused(test, &m, before, uffd_do_move(&m, 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, m.mm, TO), 42ULL);
}

static void move_refuses_shared_page(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 1);
	struct mm_kunit_snapshot *before;

	mm_kunit_fork(test, m.mm);
	before = mm_kunit_take_snapshot(test);
	expect_refused(test, &m, before, uffd_do_move(&m, 1), -EBUSY);
}

static void move_refuses_pinned_page(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 1);
	struct mm_kunit_snapshot *before;

	mm_kunit_pin(test, m.mm, MM_KUNIT_BASE, FOLL_WRITE);
	before = mm_kunit_take_snapshot(test);
	expect_refused(test, &m, before, uffd_do_move(&m, 1), -EBUSY);
}

static void move_refuses_pinned_thp(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct mm_kunit_snapshot *before;

	mm_kunit_pin(test, m.mm, MM_KUNIT_BASE, FOLL_WRITE);
	before = mm_kunit_take_snapshot(test);
	expect_refused(test, &m, before, uffd_do_move(&m, MM_KUNIT_HUGE_NR),
		       -EBUSY);
}

/**
 * struct uffd_pinner - a device that pins a folio when the TLB is flushed
 * @notifier: how it learns of the flush
 * @folio: the folio
 * @pinned: whether it has
 */
struct uffd_pinner {
	struct mmu_notifier notifier;
	struct folio *folio;
	bool pinned;
};

/* As GUP-fast on another CPU does, which met the entry just before the flush. */
static void uffd_pin_on_flush(struct mmu_notifier *mn, struct mm_struct *mm,
			      unsigned long start, unsigned long end)
{
	struct uffd_pinner *pinner =
		container_of(mn, struct uffd_pinner, notifier);

	if (pinner->pinned || start > MM_KUNIT_BASE || end <= MM_KUNIT_BASE)
		return;
	pinner->pinned = true;
	mm_kunit_add_pins(pinner->folio, 1);
}

static const struct mmu_notifier_ops uffd_pinner_ops = {
	.arch_invalidate_secondary_tlbs = uffd_pin_on_flush,
};

/* Move the folio at MM_KUNIT_BASE, which is pinned in the middle of that. */
static long uffd_move_pinned(struct kunit *test, struct mm_kunit_uffd_move *m,
			     int nr, bool *pinned)
{
	struct uffd_pinner *pinner =
		kunit_kzalloc(test, sizeof(*pinner), GFP_KERNEL);
	long ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pinner);
	pinner->notifier.ops = &uffd_pinner_ops;
	pinner->folio = page_folio(mm_kunit_page_at(m->mm, MM_KUNIT_BASE));
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&pinner->notifier, m->mm),
			0);
	ret = uffd_do_move(m, nr);
	mmu_notifier_unregister(&pinner->notifier, m->mm);
	if (pinner->pinned)
		mm_kunit_add_pins(pinner->folio, -1);
	*pinned = pinner->pinned;
	return ret;
}

/*
 * c0205eaf3af9 ("userfaultfd: change src_folio after ensuring it's unpinned in
 * UFFDIO_MOVE"): the folio was given its new place before the last look for
 * pins, and kept it when it was refused.
 */
static void move_refuses_page_pinned_meanwhile(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 1);
	struct mm_kunit_snapshot *before;
	bool pinned;
	long ret;

	if (!mm_kunit_has_secondary_tlb())
		kunit_skip(test, "the arch does not tell of its TLB flushes");
	before = mm_kunit_take_snapshot(test);
	ret = uffd_move_pinned(test, &m, 1, &pinned);
	KUNIT_EXPECT_TRUE(test, pinned);
	/* Where the flush is not in between, the pin comes after the move. */
	if (ret == (long)PAGE_SIZE)
		expect_moved(test, &m, 0, 1);
	else
		expect_refused(test, &m, before, ret, -EBUSY);
}

/* c0205eaf3af9, see above. */
static void move_refuses_thp_pinned_meanwhile(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct mm_kunit_snapshot *before;
	bool pinned;
	long ret;

	if (!mm_kunit_has_secondary_tlb())
		kunit_skip(test, "the arch does not tell of its TLB flushes");
	before = mm_kunit_take_snapshot(test);
	ret = uffd_move_pinned(test, &m, MM_KUNIT_HUGE_NR, &pinned);
	KUNIT_EXPECT_TRUE(test, pinned);
	expect_refused(test, &m, before, ret, -EBUSY);
}

/* Swap. */

static void move_takes_swapped_page(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 2);

	mm_kunit_swapon(test);
	mm_kunit_swap_out(test, m.mm, MM_KUNIT_BASE, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 2), 2L * (long)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(m.mm, TO).kind,
			(int)MM_KUNIT_SWAP);
	expect_moved(test, &m, 0, 2);
}

/*
 * c50f8e6053b0 ("mm: fix kernel BUG when userfaultfd_move encounters
 * swapcache"): the entry was moved and the page, which was still in the swap
 * cache, was not, and a fault at the new place mapped a page that says it is
 * elsewhere.
 */
static void move_takes_page_in_swap_cache(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 1);
	struct folio *folio;
	unsigned long index;

	mm_kunit_swapon(test);
	folio = page_folio(mm_kunit_page_at(m.mm, MM_KUNIT_BASE));
	folio_get(folio); /* reclaim unmaps it, and then cannot free it */
	mm_kunit_madvise(m.mm, MM_KUNIT_BASE, PAGE_SIZE, MADV_PAGEOUT);
	if (mm_kunit_entry_at(m.mm, MM_KUNIT_BASE).kind != MM_KUNIT_SWAP ||
	    !folio_test_swapcache(folio)) {
		folio_put(folio);
		KUNIT_FAIL(test, "no page that is in the swap cache alone");
		return;
	}
	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 1), (long)PAGE_SIZE);
	index = mm_kunit_anon_index(folio);
	folio_put(folio);
	KUNIT_ASSERT_EQ(test, index,
			linear_page_index(mm_kunit_vma(m.mm, TO), TO));
	expect_moved(test, &m, 0, 1);
}

/* Huge pages. */

static void move_takes_thp(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct page *page = mm_kunit_page_at(m.mm, MM_KUNIT_BASE);

	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, MM_KUNIT_HUGE_NR),
			(long)PMD_SIZE);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(m.mm, TO).size, PMD_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(m.mm, TO), page);
	expect_moved(test, &m, 0, 4);
}

static void move_splits_thp_that_moves_in_part(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);

	KUNIT_EXPECT_EQ(test, uffd_do_move(&m, 2), 2L * (long)PAGE_SIZE);
	expect_moved(test, &m, 0, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, m.mm, mm_kunit_addr(3)),
			mm_kunit_content(3));
	expect_rmap_at(test, m.mm, mm_kunit_addr(3));
}

/*
 * fae654083bfa ("mm/huge_memory: fix use of NULL folio in
 * move_pages_huge_pmd()"): the huge zero page has no folio of its own there,
 * and the new entry was made of none.
 */
static void move_takes_huge_zero_page(struct kunit *test)
{
	struct mm_kunit_entry old, new;
	struct mm_struct *mm;
	struct mm_kunit_uffd_move m;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	m = uffd_place(test, mm, PMD_SIZE);
	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PMD_SIZE);
	mm_kunit_madvise(mm, MM_KUNIT_BASE, PMD_SIZE, MADV_HUGEPAGE);
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE), 0ULL);
	old = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_ASSERT_EQ_MSG(test, old.size, PMD_SIZE,
			    "the kernel gave no huge zero page");

	KUNIT_ASSERT_EQ(test, uffd_do_move(&m, MM_KUNIT_HUGE_NR),
			(long)PMD_SIZE);
	new = mm_kunit_entry_at(mm, TO);
	KUNIT_ASSERT_EQ(test, (int)new.kind, (int)MM_KUNIT_PRESENT);
	KUNIT_ASSERT_EQ(test, new.size, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, new.pfn, old.pfn);
	KUNIT_ASSERT_FALSE(test, new.write);
	old = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)old.kind, (int)MM_KUNIT_NONE);
	mm_kunit_write(test, mm, TO, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, TO + PAGE_SIZE), 0ULL);
}

/*
 * "userfaultfd: fix UFFDIO_MOVE livelock on large folio with extra references",
 * 7.3.4 and 6.12.118: a folio that somebody else has a reference to cannot be
 * split, and the kernel tried until that was gone.
 */
static void move_refuses_thp_that_cannot_be_split(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct folio *folio = page_folio(mm_kunit_page_at(m.mm, MM_KUNIT_BASE));
	long ret;

	folio_get(folio);
	ret = uffd_do_move(&m, 2);
	folio_put(folio);
	KUNIT_EXPECT_EQ_MSG(test, ret, (long)-EBUSY,
			    "-EINTR is a move that had to be killed");
	mm_kunit_expect_pages(test, m.mm, 4);
	expect_rmap_at(test, m.mm, MM_KUNIT_BASE);
}

/* A PMD that says nothing of having been used. */
static void uffd_forget_accesses(struct mm_struct *mm)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	pmd_t *pmd = mm_kunit_pmd(mm, MM_KUNIT_BASE);
	spinlock_t *ptl = pmd_lock(mm, pmd);

	set_pmd_at(mm, MM_KUNIT_BASE, pmd, pmd_mkold(pmd_mkclean(*pmd)));
	spin_unlock(ptl);
#endif
}

/*
 * aba6faec0103 ("userfaultfd: fix a crash in UFFDIO_MOVE when PMD is a
 * migration entry"): it was taken for the PMD of a huge page, and some other
 * page for that. The move waits for the migration now. Whether the other page
 * exists depends on what the entry knows of accesses, of which there are none
 * here, so that there is one.
 */
static void move_waits_for_migrating_thp(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct mm_kunit_target t;
	bool done;
	int ret;

	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	uffd_forget_accesses(m.mm);
	t = mm_kunit_target_at(test, m.mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	m.len = 2 * PAGE_SIZE;
	ret = mm_kunit_uffd_start_move(&m);
	done = mm_kunit_thread_returns(&m.thread, 500);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	mm_kunit_join_thread(&m.thread, 5);
	KUNIT_ASSERT_EQ(test, ret, 0);
	/* x86 until 6.17: _PAGE_DEVMAP is one of the bits of the entry. */
	if (m.ret == -ENOENT)
		kunit_skip(test, "the tree takes the entry for a device's");
	KUNIT_EXPECT_FALSE_MSG(test, done, "it did not wait, but returned %ld",
			       m.ret);
	if (m.ret == 2 * (long)PAGE_SIZE)
		expect_moved(test, &m, 0, 2);
	else
		KUNIT_EXPECT_LT(test, m.ret, 0L);
}

/*
 * "userfaultfd: reset err to be 0 when move_pages_ptes succeeded": the error of
 * an attempt that had to wait was still there when the next one had moved the
 * page. So that was moved once more, and the place was taken.
 */
static void move_goes_on_after_migration(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_pages(test, 2);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, m.mm, MM_KUNIT_BASE);
	bool done;
	int ret;

	mm_kunit_migrate_away(&t, 0);
	m.len = 2 * PAGE_SIZE;
	ret = mm_kunit_uffd_start_move(&m);
	done = mm_kunit_thread_returns(&m.thread, 300);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	mm_kunit_join_thread(&m.thread, 5);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_FALSE_MSG(test, done, "it did not wait, but returned %ld",
			       m.ret);
	KUNIT_EXPECT_EQ(test, m.ret, 2 * (long)PAGE_SIZE);
	if (!mm_kunit_failed(test))
		expect_moved(test, &m, 0, 2);
}

/*
 * 71c186efc1b2 ("userfaultfd: fix checks for huge PMDs"): whatever is not a
 * huge page was taken for a page table, a migration entry of a huge page too.
 */
static void copy_refuses_place_of_migrating_thp(struct kunit *test)
{
	struct mm_kunit_uffd_move m = uffd_thp(test);
	struct mm_kunit_target t;
	long ret;

	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	ret = mm_kunit_uffd_register(m.uffd, MM_KUNIT_BASE, PMD_SIZE,
				     UFFDIO_REGISTER_MODE_MISSING);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_copy(m.uffd, MM_KUNIT_BASE, 42),
			(long)-EEXIST);
	t = mm_kunit_target_at(test, m.mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_uffd_copy(m.uffd, MM_KUNIT_BASE, 42);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, ret, (long)-EEXIST);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_pages(test, m.mm, 4);
}

static struct kunit_case uffd_move_cases[] = {
	KUNIT_CASE(move_takes_pages),
	KUNIT_CASE(move_takes_pages_across_page_tables),
	KUNIT_CASE(move_stops_at_hole),
	KUNIT_CASE(move_refuses_place_that_is_taken),
	KUNIT_CASE(move_refuses_shared_page),
	KUNIT_CASE(move_refuses_pinned_page),
	KUNIT_CASE(move_refuses_pinned_thp),
	KUNIT_CASE(move_refuses_page_pinned_meanwhile),
	KUNIT_CASE(move_refuses_thp_pinned_meanwhile),
	KUNIT_CASE(move_takes_swapped_page),
	KUNIT_CASE(move_takes_page_in_swap_cache),
	KUNIT_CASE(move_takes_thp),
	KUNIT_CASE(move_splits_thp_that_moves_in_part),
	KUNIT_CASE(move_takes_huge_zero_page),
	KUNIT_CASE(move_refuses_thp_that_cannot_be_split),
	KUNIT_CASE(move_goes_on_after_migration),
	KUNIT_CASE(move_waits_for_migrating_thp),
	KUNIT_CASE(copy_refuses_place_of_migrating_thp),
	{}
};

static struct kunit_suite uffd_move_suite = {
	.name = "uffd_move",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = uffd_move_cases,
};

kunit_test_suite(uffd_move_suite);

MODULE_DESCRIPTION("KUnit tests for UFFDIO_MOVE");
MODULE_LICENSE("GPL");
