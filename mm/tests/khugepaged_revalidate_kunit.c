// SPDX-License-Identifier: GPL-2.0-only
/*
 * What khugepaged must check again after it has dropped the mmap lock.
 *
 * Part of mm/khugepaged.c, which includes it: hugepage_vma_revalidate() is
 * static. While the lock is dropped anything may happen to the VMA, and
 * find_vma() then finds no more than some VMA that ends above the address: it
 * may begin above it as well, end within the huge page, or be of another kind.
 *
 * Each case changes one thing about a mapping that would do, so that just one
 * check stands between it and a collapse. MADV_COLLAPSE shows the rest of the
 * way, end to end.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_truth.h"

/* The huge page that is to be: its place, and how many pages it replaces. */
#define WINDOW		MM_KUNIT_BASE
#define WINDOW_END	(WINDOW + HPAGE_PMD_SIZE)

/* A mapping with room for a huge page on either side of that. */
#define LOW		(WINDOW - HPAGE_PMD_SIZE)
#define HIGH		(WINDOW_END + HPAGE_PMD_SIZE)

#define TEST_RW		(PROT_READ | PROT_WRITE)

/* ------------------------------------------------------- revalidation -- */

/*
 * A mapping that is too large to be refused for its size when it loses a page
 * of the window.
 */
static struct mm_struct *window_mm(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_need_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, LOW, HIGH - LOW);
	mm_kunit_write(test, mm, WINDOW + PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, LOW, HIGH - LOW,
					       MADV_HUGEPAGE), 0L);
	return mm;
}

static bool revalidates(struct mm_struct *mm)
{
	struct vm_area_struct *vma = NULL;
	bool ret;

	mmap_read_lock(mm);
	ret = mm_kunit_revalidate(mm, WINDOW, &vma) &&
	      vma == find_vma(mm, WINDOW);
	mmap_read_unlock(mm);
	return ret;
}

static struct mm_struct *good_mm(struct kunit *test)
{
	struct mm_struct *mm = window_mm(test);

	KUNIT_ASSERT_TRUE(test, revalidates(mm));
	return mm;
}

static void munmap_of(struct kunit *test, struct mm_struct *mm,
		      unsigned long from, unsigned long to)
{
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, from, to - from), 0L);
}

static void good_vma_revalidates(struct kunit *test)
{
	good_mm(test);
}

static void vma_of_just_the_window_revalidates(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, LOW, WINDOW);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
	munmap_of(test, mm, WINDOW_END, HIGH);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

static void vma_that_starts_a_page_late_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, LOW, WINDOW + PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

static void vma_that_ends_a_page_early_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, WINDOW_END - PAGE_SIZE, HIGH);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

static void vma_that_ends_in_the_middle_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, WINDOW + HPAGE_PMD_SIZE / 2, HIGH);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

/* The rest is there, in another VMA. */
static void vma_that_was_split_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(mm, WINDOW_END - PAGE_SIZE,
						PAGE_SIZE, PROT_READ), 0L);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(mm, WINDOW_END - PAGE_SIZE,
						PAGE_SIZE, TEST_RW), 0L);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

static void vma_that_is_gone_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, LOW, HIGH);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

/* It would do in every way, were it not for where it is. */
static void vma_above_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	mm_kunit_mmap_anon(test, mm, WINDOW + 4 * HPAGE_PMD_SIZE,
			   2 * HPAGE_PMD_SIZE);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW + 4 * HPAGE_PMD_SIZE,
					       2 * HPAGE_PMD_SIZE,
					       MADV_HUGEPAGE), 0L);
	mm_kunit_write(test, mm, WINDOW + 4 * HPAGE_PMD_SIZE, 1);
	munmap_of(test, mm, LOW, HIGH);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

/* Where it went it is found by the same address. */
static void vma_that_moved_up_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);
	unsigned long to = WINDOW + 4 * HPAGE_PMD_SIZE;

	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(mm, LOW, HIGH - LOW, to), (long)to);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

/* New memory in the old place, which nobody has touched. */
static void vma_never_faulted_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	munmap_of(test, mm, LOW, HIGH);
	mm_kunit_mmap_anon(test, mm, WINDOW, HPAGE_PMD_SIZE);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, HPAGE_PMD_SIZE,
					       MADV_HUGEPAGE), 0L);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
	mm_kunit_write(test, mm, WINDOW, 1);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

/* A file whose huge pages are welcome elsewhere, by its VMA's own flags. */
static void revalidate_file(struct kunit *test, unsigned long flags)
{
	struct mm_struct *mm = good_mm(test);
	struct file *file = mm_kunit_shmem_file(test, HPAGE_PMD_SIZE);
	struct mm_kunit_setting *setting;

	munmap_of(test, mm, LOW, HIGH);
	mm_kunit_mmap(test, mm, file, WINDOW, HPAGE_PMD_SIZE, TEST_RW, flags, 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, HPAGE_PMD_SIZE,
					       MADV_HUGEPAGE), 0L);
	mm_kunit_write(test, mm, WINDOW, 1);
	setting = mm_kunit_set(test, "sysfs", MM_KUNIT_SHMEM_ENABLED, "force");
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
	mm_kunit_put_back(test, setting);
}

static void __maybe_unused shared_file_in_its_place_is_refused(struct kunit *test)
{
	revalidate_file(test, MAP_SHARED);
}

/* This one has an anon_vma. */
static void __maybe_unused private_file_in_its_place_is_refused(struct kunit *test)
{
	revalidate_file(test, MAP_PRIVATE);
}

static void nohugepage_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, LOW, HIGH - LOW,
					       MADV_NOHUGEPAGE), 0L);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
}

/* VMAs that a driver has set up are none of khugepaged's business. */
static void special_vma_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, WINDOW), VM_DONTEXPAND, 0);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, WINDOW), 0, VM_DONTEXPAND);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

static void process_without_thp_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);

	mm_kunit_disable_thp(mm, true);
	KUNIT_EXPECT_FALSE(test, revalidates(mm));
	mm_kunit_disable_thp(mm, false);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

/* The administrator wants to be asked, and this VMA has not asked. */
static void vma_without_advice_is_refused(struct kunit *test)
{
	unsigned long always = BIT(TRANSPARENT_HUGEPAGE_FLAG);
	unsigned long asked = BIT(TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG);
	struct mm_struct *mm = good_mm(test);
	unsigned long before = transparent_hugepage_flags;
	bool did, does;

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, WINDOW), 0, VM_HUGEPAGE);
	transparent_hugepage_flags = (before & ~asked) | always;
	did = revalidates(mm);
	transparent_hugepage_flags = (before & ~always) | asked;
	does = revalidates(mm);
	transparent_hugepage_flags = before;
	KUNIT_EXPECT_TRUE(test, did);
	KUNIT_EXPECT_FALSE(test, does);
}

/* Between the last mmput() and exit_mmap() all VMAs are still there. */
static void exiting_mm_is_refused(struct kunit *test)
{
	struct mm_struct *mm = good_mm(test);
	bool ret;

	atomic_dec(&mm->mm_users);
	ret = revalidates(mm);
	atomic_inc(&mm->mm_users);
	KUNIT_EXPECT_FALSE(test, ret);
	KUNIT_EXPECT_TRUE(test, revalidates(mm));
}

/* ------------------------------------------------------ MADV_COLLAPSE -- */

static long collapse_range(struct mm_struct *mm, unsigned long addr,
			   unsigned long len)
{
	return mm_kunit_madvise(mm, addr, len, MM_KUNIT_MADV_COLLAPSE);
}

static long collapse(struct mm_struct *mm)
{
	return collapse_range(mm, WINDOW, HPAGE_PMD_SIZE);
}

/*
 * An mm with a mapping of @windows, and small pages in the first @nr places
 * and at the start of each further window.
 */
static struct mm_struct *small_mm(struct kunit *test, int windows, int nr)
{
	unsigned long len = windows * HPAGE_PMD_SIZE;
	struct mm_struct *mm;
	int i;

	mm_kunit_need_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, WINDOW, len);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, len,
					       MADV_NOHUGEPAGE), 0L);
	mm_kunit_write_pages(test, mm, nr);
	for (i = 1; i < windows; i++)
		mm_kunit_write(test, mm, WINDOW + i * HPAGE_PMD_SIZE, i);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, len,
					       MADV_HUGEPAGE), 0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PAGE_SIZE);
	return mm;
}

/* The mm, and nobody else, maps a huge page at the window, and it is counted. */
static void expect_collapsed(struct kunit *test, struct mm_struct *mm)
{
	struct page *page = mm_kunit_page_at(mm, WINDOW);
	struct mm_kunit_census census;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size,
			HPAGE_PMD_SIZE);
	census = mm_kunit_take_census(test->priv, page, HPAGE_PMD_NR);
	KUNIT_EXPECT_EQ(test, census.pmds, 1);
	KUNIT_EXPECT_EQ(test, census.ptes, 0);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
}

static void __maybe_unused collapse_keeps_what_was_written(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, HPAGE_PMD_NR);

	KUNIT_EXPECT_EQ(test, collapse(mm), 0L);
	expect_collapsed(test, mm);
	mm_kunit_expect_pages(test, mm, HPAGE_PMD_NR);
	KUNIT_EXPECT_EQ(test, collapse(mm), 0L);
	expect_collapsed(test, mm);
}

static void __maybe_unused collapse_fills_holes_with_zeroes(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, 3);
	int i;

	KUNIT_EXPECT_EQ(test, collapse(mm), 0L);
	expect_collapsed(test, mm);
	mm_kunit_expect_pages(test, mm, 3);
	for (i = 3; i < HPAGE_PMD_NR; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
				0ULL);
}

/*
 * The child keeps the small pages, and they count one mm less. One page must
 * be the parent's to write: of memory that nobody writes no huge page is made.
 */
static void __maybe_unused collapse_leaves_the_child_its_pages(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, 8);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(child, WINDOW);

	KUNIT_ASSERT_EQ(test, mm_kunit_mapcount(page), 2);
	mm_kunit_write(test, mm, mm_kunit_addr(7), mm_kunit_content(7));
	KUNIT_EXPECT_EQ(test, collapse(mm), 0L);
	expect_collapsed(test, mm);
	lru_add_drain_all();
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, WINDOW), page);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	mm_kunit_write(test, mm, WINDOW, mm_kunit_content(99));
	mm_kunit_expect_pages(test, child, 8);
}

/* It fails with @error, and all is mapped and counted as it was. */
static void expect_no_collapse(struct kunit *test, struct mm_struct *mm,
			       long error)
{
	struct mm_kunit_photo *before;
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));
	int refs;

	lru_add_drain_all();
	refs = page_count(page);
	before = mm_kunit_photograph(test);
	KUNIT_EXPECT_EQ(test, collapse(mm), error);
	mm_kunit_expect_same(test, before);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, page_count(page), refs);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 1);
	mm_kunit_expect_pages(test, mm, 8);
}

static void __maybe_unused collapse_refuses_nohugepage(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, 8);

	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, HPAGE_PMD_SIZE,
					       MADV_NOHUGEPAGE), 0L);
	expect_no_collapse(test, mm, -EINVAL);
}

static void __maybe_unused collapse_refuses_vma_that_ends_early(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, 8);

	munmap_of(test, mm, WINDOW_END - PAGE_SIZE, WINDOW_END);
	expect_no_collapse(test, mm, -EINVAL);
}

/* A device holds one of the pages: try again later. */
static void __maybe_unused collapse_refuses_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 1, 8);
	struct page *page = mm_kunit_pin(test, mm, mm_kunit_addr(5), FOLL_WRITE);

	expect_no_collapse(test, mm, -EAGAIN);
	mm_kunit_write(test, mm, mm_kunit_addr(5), mm_kunit_content(5));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(5)), page);
}

static void __maybe_unused collapse_refuses_what_was_never_faulted(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_need_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, WINDOW, HPAGE_PMD_SIZE);
	KUNIT_EXPECT_EQ(test, collapse(mm), (long)-EINVAL);
	KUNIT_EXPECT_FALSE(test, mm_kunit_page_at(mm, WINDOW));
}

static void __maybe_unused collapse_refuses_what_is_not_mapped(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_need_thp(test);
	mm = mm_kunit_new_mm(test);
	KUNIT_EXPECT_EQ(test, collapse(mm), (long)-ENOMEM);
}

/**
 * struct call - a system call by a thread of its own
 * @thread: the thread, until it runs
 * @what: the call
 * @mm: the mm
 * @addr: start of its range
 * @len: its length in bytes
 * @ret: what it returned
 * @done: it has returned
 */
struct call {
	struct task_struct *thread;
	long (*what)(struct mm_struct *mm, unsigned long addr,
		     unsigned long len);
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long len;
	long ret;
	struct completion done;
};

static int do_call(void *data)
{
	struct call *call = data;

	call->ret = call->what(call->mm, call->addr, call->len);
	complete(&call->done);
	return 0;
}

/* Whoever never ran is sent away, and for whoever did one waits. */
static void end_call(void *ctx)
{
	struct call *call = ctx;

	if (call->thread)
		kthread_stop(call->thread);
	else
		wait_for_completion(&call->done);
}

/* An urgent call goes before all others as soon as it has the mmap lock. */
static struct call *new_call(struct kunit *test,
			     long (*what)(struct mm_struct *mm, unsigned long addr,
					  unsigned long len),
			     struct mm_struct *mm, unsigned long addr,
			     unsigned long len, bool urgent)
{
	struct call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	struct task_struct *thread;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, call);
	init_completion(&call->done);
	call->what = what;
	call->mm = mm;
	call->addr = addr;
	call->len = len;
	thread = kthread_create(do_call, call, "mmkunit-call");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	call->thread = thread;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_call, call), 0);
	if (urgent)
		sched_set_fifo(thread);
	return call;
}

/* The mmap lock is held: the call comes behind those that wait for it. */
static void queue_call(struct call *call)
{
	struct task_struct *thread = call->thread;

	call->thread = NULL;
	wake_up_process(thread);
	schedule_timeout_uninterruptible(2);
}

/*
 * 4d24de9425f7, "mm: MADV_COLLAPSE: refetch vm_end after reacquiring
 * mmap_lock": the VMA shrinks while the first window is collapsed, so that
 * there are two to collapse, not four. That munmap() waits for the lock when
 * the collapse gets it, and has it as soon as the collapse lets go of it.
 */
static void __maybe_unused collapse_heeds_a_vma_that_shrinks(struct kunit *test)
{
	struct mm_struct *mm = small_mm(test, 4, 8);
	struct call *c = new_call(test, collapse_range, mm, WINDOW,
				  4 * HPAGE_PMD_SIZE, false);
	struct call *u = new_call(test, mm_kunit_munmap, mm,
				  WINDOW + 2 * HPAGE_PMD_SIZE,
				  2 * HPAGE_PMD_SIZE, true);
	struct mm_kunit_recorder *rec = mm_kunit_record(test, mm);
	int i;

	mmap_write_lock(mm);
	queue_call(c);
	queue_call(u);
	mmap_write_unlock(mm);
	kunit_release_action(test, end_call, u);
	kunit_release_action(test, end_call, c);

	KUNIT_EXPECT_EQ(test, c->ret, 0L);
	KUNIT_ASSERT_EQ(test, u->ret, 0L);
	for (i = 0; i < rec->nr; i++)
		KUNIT_ASSERT_FALSE_MSG(test, rec->event[i].start == u->addr &&
				       rec->event[i].end == u->addr + HPAGE_PMD_SIZE,
				       "the VMA shrank too late");
	KUNIT_EXPECT_EQ(test, rec->lost, 0);
	expect_collapsed(test, mm);
	KUNIT_EXPECT_TRUE(test, mm_kunit_page_at(mm, WINDOW_END));
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW_END).size,
			HPAGE_PMD_SIZE);
}

/*
 * What most others rest on comes first: where that crashes, it is to blame.
 */
static struct kunit_case khugepaged_revalidate_cases[] = {
	KUNIT_CASE(good_vma_revalidates),
	KUNIT_CASE(vma_of_just_the_window_revalidates),
	KUNIT_CASE(vma_that_starts_a_page_late_is_refused),
	KUNIT_CASE(vma_that_ends_a_page_early_is_refused),
	KUNIT_CASE(vma_that_ends_in_the_middle_is_refused),
	KUNIT_CASE(vma_that_was_split_is_refused),
	KUNIT_CASE(vma_that_is_gone_is_refused),
	KUNIT_CASE(vma_above_is_refused),
	KUNIT_CASE(vma_that_moved_up_is_refused),
	KUNIT_CASE(vma_never_faulted_is_refused),
	MM_KUNIT_CASE_IF(FILE_THP, shared_file_in_its_place_is_refused)
	MM_KUNIT_CASE_IF(FILE_THP, private_file_in_its_place_is_refused)
	KUNIT_CASE(nohugepage_is_refused),
	KUNIT_CASE(special_vma_is_refused),
	KUNIT_CASE(process_without_thp_is_refused),
	KUNIT_CASE(vma_without_advice_is_refused),
	KUNIT_CASE(exiting_mm_is_refused),
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_keeps_what_was_written)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_fills_holes_with_zeroes)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_leaves_the_child_its_pages)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_refuses_nohugepage)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_refuses_vma_that_ends_early)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_refuses_pinned_page)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_refuses_what_was_never_faulted)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_refuses_what_is_not_mapped)
	MM_KUNIT_CASE_IF(COLLAPSE, collapse_heeds_a_vma_that_shrinks)
	{}
};

static struct kunit_suite khugepaged_revalidate_suite = {
	.name = "khugepaged_revalidate",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = khugepaged_revalidate_cases,
};

kunit_test_suite(khugepaged_revalidate_suite);
