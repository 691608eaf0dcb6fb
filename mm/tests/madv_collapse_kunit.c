// SPDX-License-Identifier: GPL-2.0-only
/*
 * MADV_COLLAPSE, from the system call to the huge page.
 *
 * A range that can be collapsed is mapped by huge pages afterwards, holds what
 * it held, and leaves nothing of the base pages behind. If a collapse fails,
 * everything stays mapped and counted as it was.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/mappings.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/snapshot.h"
#include "lib/swap.h"
#include "lib/thp.h"

/* The range that becomes a huge page. */
#define WINDOW MM_KUNIT_BASE
#define WINDOW_END (WINDOW + HPAGE_PMD_SIZE)

static long collapse_range(struct mm_struct *mm, unsigned long addr,
			   unsigned long len)
{
	return mm_kunit_madvise(mm, addr, len, MADV_COLLAPSE);
}

static long collapse_window(struct mm_struct *mm)
{
	return collapse_range(mm, WINDOW, HPAGE_PMD_SIZE);
}

/*
 * An mm with a VMA of @windows huge pages' size, which maps base pages only:
 * the first @nr pages, and the first page of every further window.
 */
static struct mm_struct *base_pages_mm(struct kunit *test, int windows, int nr)
{
	unsigned long len = windows * HPAGE_PMD_SIZE;
	struct mm_struct *mm;
	int i;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, WINDOW, len);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, len, MADV_NOHUGEPAGE), 0L);
	mm_kunit_write_pages(test, mm, nr);
	for (i = 1; i < windows; i++)
		mm_kunit_write(test, mm, WINDOW + i * HPAGE_PMD_SIZE, i);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, WINDOW, len, MADV_HUGEPAGE),
			0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PAGE_SIZE);
	return mm;
}

/* Only @mm maps the huge page, by one PMD, and the counts agree with that. */
static void expect_collapsed(struct kunit *test, struct mm_struct *mm)
{
	struct page *page = mm_kunit_page_at(mm, WINDOW);
	struct mm_kunit_mappings mappings;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size,
			HPAGE_PMD_SIZE);
	mappings = mm_kunit_count_mappings(test->priv, page, HPAGE_PMD_NR);
	KUNIT_EXPECT_EQ(test, mappings.pmds, 1);
	KUNIT_EXPECT_EQ(test, mappings.ptes, 0);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
}

static void collapse_keeps_what_was_written(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, HPAGE_PMD_NR);

	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	mm_kunit_expect_pages(test, mm, HPAGE_PMD_NR);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
}

static void collapse_fills_holes_with_zeroes(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 3);
	int i;

	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	mm_kunit_expect_pages(test, mm, 3);
	for (i = 3; i < HPAGE_PMD_NR; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
				0ULL);
}

/*
 * The child keeps the base pages, which are mapped once less. The parent writes
 * to one page first, because a range without a writable PTE is not collapsed.
 */
static void collapse_leaves_the_child_its_pages(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 8);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct page *page = mm_kunit_page_at(child, WINDOW);

	KUNIT_ASSERT_EQ(test, folio_mapcount(page_folio(page)), 2);
	mm_kunit_write(test, mm, mm_kunit_addr(7), mm_kunit_content(7));
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	lru_add_drain_all();
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, WINDOW), page);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	mm_kunit_write(test, mm, WINDOW, mm_kunit_content(99));
	mm_kunit_expect_pages(test, child, 8);
}

/*
 * A device that sees the range go must still find the old pages there, or it
 * could have read the empty PMD and believe that nothing will be taken away.
 */
static void collapse_tells_before_it_clears(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 8);
	unsigned long pfn = page_to_pfn(mm_kunit_page_at(mm, WINDOW));
	struct mm_kunit_recorder *rec = mm_kunit_register_notifier(test, mm);
	int i, told = 0;

	rec->watch = WINDOW;
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *event = &rec->event[i];

		if (event->kind != MM_KUNIT_START || event->start > WINDOW ||
		    event->end < WINDOW_END)
			continue;
		told++;
		KUNIT_EXPECT_EQ_MSG(test, event->pfn, pfn,
				    "what was mapped when it was told");
	}
	KUNIT_EXPECT_GT(test, told, 0);
}

/* What was swapped out is swapped in, from the device or from the swap cache. */
static void collapse_brings_swapped_pages_back(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm_kunit_swapon(test);
	mm = base_pages_mm(test, 1, 8);
	mm_kunit_swap_out(test, mm, mm_kunit_addr(2), 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	mm_kunit_expect_pages(test, mm, 8);
	KUNIT_EXPECT_EQ(test, get_mm_counter(mm, MM_SWAPENTS), 0UL);
	mm_kunit_swapoff(test);
}

/* The collapse fails with @error, and all is mapped and counted as before. */
static void expect_no_collapse(struct kunit *test, struct mm_struct *mm,
			       long error)
{
	struct page *page = mm_kunit_page_at(mm, mm_kunit_addr(1));
	struct mm_kunit_snapshot *before;
	int refs;

	lru_add_drain_all();
	refs = page_count(page);
	before = mm_kunit_take_snapshot(test);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), error);
	mm_kunit_expect_unchanged(test, before);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, page_count(page), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
	mm_kunit_expect_pages(test, mm, 8);
}

static void collapse_refuses_nohugepage(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 8);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, HPAGE_PMD_SIZE,
					 MADV_NOHUGEPAGE),
			0L);
	expect_no_collapse(test, mm, -EINVAL);
}

static void collapse_refuses_vma_that_ends_early(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 8);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_munmap(mm, WINDOW_END - PAGE_SIZE, PAGE_SIZE),
			0L);
	expect_no_collapse(test, mm, -EINVAL);
}

/* A pin goes away some day, so the error says to try again. */
static void collapse_refuses_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 1, 8);
	struct page *page;

	page = mm_kunit_pin(test, mm, mm_kunit_addr(5), FOLL_WRITE);
	expect_no_collapse(test, mm, -EAGAIN);
	mm_kunit_write(test, mm, mm_kunit_addr(5), mm_kunit_content(5));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(5)), page);
}

static void collapse_refuses_what_was_never_faulted(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, mm, WINDOW, HPAGE_PMD_SIZE);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), (long)-EINVAL);
	KUNIT_EXPECT_FALSE(test, mm_kunit_page_at(mm, WINDOW));
}

static void collapse_refuses_what_is_not_mapped(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_require_thp(test);
	mm = mm_kunit_new_mm(test);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), (long)-ENOMEM);
}

/**
 * struct thread_call - a call about a range, made by a thread of its own
 * @thread: the thread, NULL once it was woken
 * @fn: what it calls
 * @mm: the mm
 * @addr: start of the range
 * @len: length of the range in bytes
 * @ret: what @fn returned
 * @done: completed when @fn has returned
 */
struct thread_call {
	struct task_struct *thread;
	long (*fn)(struct mm_struct *mm, unsigned long addr, unsigned long len);
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long len;
	long ret;
	struct completion done;
};

static int thread_call_fn(void *data)
{
	struct thread_call *call = data;

	call->ret = call->fn(call->mm, call->addr, call->len);
	complete(&call->done);
	return 0;
}

/* An action. It stops a thread that was never woken, and waits for others. */
static void thread_call_end(void *data)
{
	struct thread_call *call = data;

	if (call->thread)
		kthread_stop(call->thread);
	else
		wait_for_completion(&call->done);
}

static struct thread_call *
thread_call_new(struct kunit *test,
		long (*fn)(struct mm_struct *mm, unsigned long addr,
			   unsigned long len),
		struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	struct thread_call *call =
		kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	struct task_struct *thread;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, call);
	init_completion(&call->done);
	call->fn = fn;
	call->mm = mm;
	call->addr = addr;
	call->len = len;
	thread = kthread_create(thread_call_fn, call, "mmkunit-call");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	call->thread = thread;
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, thread_call_end, call),
			0);
	return call;
}

/* The caller holds the mmap lock: the thread waits for it, behind others. */
static void thread_call_queue(struct thread_call *call)
{
	struct task_struct *thread = call->thread;

	call->thread = NULL;
	wake_up_process(thread);
	schedule_timeout_uninterruptible(2);
}

/*
 * 4d24de9425f7 ("mm: MADV_COLLAPSE: refetch vm_end after reacquiring
 * mmap_lock"): the VMA shrinks while the first window is collapsed, so that
 * two windows are left to collapse, not four. munmap() waits for the mmap lock
 * when the collapse takes it, and gets it as soon as the collapse drops it,
 * because its thread is a real-time one.
 */
static void collapse_heeds_a_vma_that_shrinks(struct kunit *test)
{
	struct mm_struct *mm = base_pages_mm(test, 4, 8);
	struct mm_kunit_recorder *rec;
	struct thread_call *collapse;
	struct thread_call *shrink;
	unsigned long end;
	int i;

	collapse = thread_call_new(test, collapse_range, mm, WINDOW,
				   4 * HPAGE_PMD_SIZE);
	shrink = thread_call_new(test, mm_kunit_munmap, mm,
				 WINDOW + 2 * HPAGE_PMD_SIZE,
				 2 * HPAGE_PMD_SIZE);
	sched_set_fifo(shrink->thread);
	rec = mm_kunit_register_notifier(test, mm);
	mmap_write_lock(mm);
	thread_call_queue(collapse);
	thread_call_queue(shrink);
	mmap_write_unlock(mm);
	kunit_release_action(test, thread_call_end, shrink);
	kunit_release_action(test, thread_call_end, collapse);

	KUNIT_EXPECT_EQ(test, collapse->ret, 0L);
	KUNIT_ASSERT_EQ(test, shrink->ret, 0L);
	/* This is the range that a collapse of the third window notifies of. */
	end = shrink->addr + HPAGE_PMD_SIZE;
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *event = &rec->event[i];

		KUNIT_ASSERT_FALSE_MSG(test, event->start == shrink->addr &&
				       event->end == end,
				       "the VMA shrank too late");
	}
	KUNIT_EXPECT_EQ(test, rec->lost, 0);
	expect_collapsed(test, mm);
	KUNIT_EXPECT_TRUE(test, mm_kunit_page_at(mm, WINDOW_END));
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW_END).size,
			HPAGE_PMD_SIZE);
}

/* Cases that others rest on come first. */
static struct kunit_case madv_collapse_cases[] = {
	KUNIT_CASE(collapse_keeps_what_was_written),
	KUNIT_CASE(collapse_fills_holes_with_zeroes),
	KUNIT_CASE(collapse_leaves_the_child_its_pages),
	KUNIT_CASE(collapse_tells_before_it_clears),
	KUNIT_CASE(collapse_brings_swapped_pages_back),
	KUNIT_CASE(collapse_refuses_nohugepage),
	KUNIT_CASE(collapse_refuses_vma_that_ends_early),
	KUNIT_CASE(collapse_refuses_pinned_page),
	KUNIT_CASE(collapse_refuses_what_was_never_faulted),
	KUNIT_CASE(collapse_refuses_what_is_not_mapped),
	KUNIT_CASE(collapse_heeds_a_vma_that_shrinks),
	{}
};

static struct kunit_suite madv_collapse_suite = {
	.name = "madv_collapse",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = madv_collapse_cases,
};

kunit_test_suite(madv_collapse_suite);

MODULE_DESCRIPTION("KUnit tests for MADV_COLLAPSE");
MODULE_LICENSE("GPL");
