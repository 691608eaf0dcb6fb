// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages of files: what a collapse does to the mms that map the file.
 *
 * The base pages of the file are unmapped everywhere and replaced in the page
 * cache. Page tables that mapped them are empty then, and are taken away, by
 * the collapse from those who can spare them. Whoever maps the file sees its
 * content as before, and each mm's notifiers know of what it loses.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/hw_breakpoint.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/khugepaged.h"
#include "lib/notified.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgfree.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/settings.h"
#include "lib/snapshot.h"
#include "lib/thp.h"

/* Where each mm maps the file. */
#define WINDOW MM_KUNIT_BASE
#define WINDOW_END (WINDOW + PMD_SIZE)

#define RW (PROT_READ | PROT_WRITE)

/* How many pages of the file are written. */
#define WRITTEN 8

static long collapse_window(struct mm_struct *mm)
{
	return mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_COLLAPSE);
}

static struct file *new_file(struct kunit *test)
{
	mm_kunit_require_file_thp(test);
	return mm_kunit_shmem_file(test, PMD_SIZE);
}

/* An mm that maps base pages of the file, and has written to them. */
static struct mm_struct *writer_of(struct kunit *test, struct file *file)
{
	struct mm_struct *mm = mm_kunit_map_new(test, file, WINDOW, PMD_SIZE,
						RW, MAP_SHARED, 0);

	mm_kunit_write_pages(test, mm, WRITTEN);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PAGE_SIZE);
	return mm;
}

/* An mm that maps what is in the file, by a table of its own. */
static struct mm_struct *reader_of(struct kunit *test, struct file *file,
				   unsigned long flags)
{
	struct mm_struct *mm =
		mm_kunit_map_new(test, file, WINDOW, PMD_SIZE, RW, flags, 0);

	mm_kunit_expect_pages(test, mm, WRITTEN);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PAGE_SIZE);
	return mm;
}

/* What was a table of PTEs is a PMD that maps the whole huge page. */
static void expect_collapsed(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, WINDOW);

	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_PRESENT);
	KUNIT_EXPECT_EQ(test, entry.size, PMD_SIZE);
}

static void expect_content(struct kunit *test, struct mm_struct *mm)
{
	int i;

	mm_kunit_expect_pages(test, mm, WRITTEN);
	for (i = WRITTEN; i < MM_KUNIT_HUGE_NR; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(i)),
				0ULL);
}

static void collapse_of_file_keeps_its_content(struct kunit *test)
{
	struct file *file = new_file(test);
	struct mm_struct *mm = writer_of(test, file);
	struct mm_struct *reader = reader_of(test, file, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	expect_content(test, mm);
	expect_content(test, reader);
	mm_kunit_write(test, mm, WINDOW, mm_kunit_content(99));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, reader, WINDOW),
			mm_kunit_content(99));
}

static void expect_told_of_table(struct kunit *test,
				 struct mm_kunit_recorder *rec,
				 struct mm_kunit_snapshot *before)
{
	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_notified(rec, MM_KUNIT_START, WINDOW,
						WINDOW_END),
			      "a table was taken away in silence");
	mm_kunit_expect_notified(test, before);
}

/*
 * f268f6cf875f ("mm/khugepaged: invoke MMU notifiers in shmem/file collapse
 * paths"): each base page was told of when it was unmapped, but nobody was when
 * the table that had mapped them was taken away, and a device could go on with
 * what it had read there.
 */
static void collapse_of_file_tells(struct kunit *test)
{
	struct mm_struct *mm = writer_of(test, new_file(test));
	struct mm_kunit_recorder *rec = mm_kunit_register_notifier(test, mm);
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);

	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	expect_told_of_table(test, rec, before);
}

/*
 * The page cache has a huge page already, so only the mapping is collapsed:
 * PTEs are cleared that nobody else has unmapped, and told of, before.
 */
static void collapse_of_mapping_tells(struct kunit *test)
{
	struct mm_kunit_snapshot *before;
	struct mm_kunit_recorder *rec;
	struct mm_struct *mm[2];

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_mprotect(mm[1], WINDOW, PAGE_SIZE, PROT_READ),
			0L);
	mm_kunit_expect_pages(test, mm[1], 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_mprotect(mm[1], WINDOW, PAGE_SIZE, RW),
			0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm[1], WINDOW).size, PAGE_SIZE);
	rec = mm_kunit_register_notifier(test, mm[1]);
	before = mm_kunit_take_snapshot(test);
	KUNIT_EXPECT_EQ(test, collapse_window(mm[1]), 0L);
	expect_collapsed(test, mm[1]);
	expect_told_of_table(test, rec, before);
	mm_kunit_expect_pages(test, mm[1], 4);
}

/* A page that this mm alone has is nowhere else, so its table must stay. */
static void private_vma_keeps_its_table(struct kunit *test)
{
	struct file *file = new_file(test);
	struct mm_struct *mm = writer_of(test, file);
	struct mm_struct *own = reader_of(test, file, MAP_PRIVATE);
	struct page *page;

	mm_kunit_write(test, own, WINDOW, mm_kunit_content(77));
	page = mm_kunit_page_at(own, WINDOW);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(own, WINDOW), page);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, own, WINDOW),
			mm_kunit_content(77));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, own, mm_kunit_addr(1)),
			mm_kunit_content(1));
	expect_content(test, mm);
}

/* Undo something when the case ends, whatever becomes of it. */
static void own(struct kunit *test, void (*undo)(void *ctx), void *ctx)
{
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, undo, ctx), 0);
}

/**
 * struct guest - a notifier of an mm, whose calls are a case's
 * @mn: the notifier
 * @mm: the mm
 * @start: called before the mm loses a range
 * @end: called after it did
 */
struct guest {
	struct mmu_notifier mn;
	struct mm_struct *mm;
	void (*start)(struct guest *guest,
		      const struct mmu_notifier_range *range);
	void (*end)(struct guest *guest,
		    const struct mmu_notifier_range *range);
};

static int guest_start(struct mmu_notifier *mn,
		       const struct mmu_notifier_range *range)
{
	struct guest *guest = container_of(mn, struct guest, mn);

	guest->start(guest, range);
	return 0;
}

static void guest_end(struct mmu_notifier *mn,
		      const struct mmu_notifier_range *range)
{
	struct guest *guest = container_of(mn, struct guest, mn);

	if (guest->end)
		guest->end(guest, range);
}

static const struct mmu_notifier_ops guest_ops = {
	.invalidate_range_start = guest_start,
	.invalidate_range_end = guest_end,
};

/* An action. */
static void guest_leaves(void *ctx)
{
	struct guest *guest = ctx;

	mmu_notifier_unregister(&guest->mn, guest->mm);
}

static void guest_comes(struct kunit *test, struct guest *guest,
			struct mm_struct *mm)
{
	guest->mn.ops = &guest_ops;
	guest->mm = mm;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&guest->mn, mm), 0);
	own(test, guest_leaves, guest);
}

/**
 * struct rcu_reader - a reader of RCU on another CPU
 * @guest: starts it, when a table is about to be taken away
 * @thread: the thread, NULL once it was woken
 * @reads: it has begun to read
 * @stop: it may end
 * @done: it has ended
 */
struct rcu_reader {
	struct guest guest;
	struct task_struct *thread;
	struct completion reads;
	bool stop;
	struct completion done;
};

/* It reads for two seconds at most. */
static int rcu_reader_main(void *data)
{
	struct rcu_reader *reader = data;
	int i;

	rcu_read_lock();
	complete(&reader->reads);
	for (i = 0; i < 2000 && !READ_ONCE(reader->stop); i++)
		mm_kunit_read_for(1);
	rcu_read_unlock();
	complete(&reader->done);
	return 0;
}

static void start_reader(struct guest *guest,
			 const struct mmu_notifier_range *range)
{
	struct rcu_reader *reader =
		container_of(guest, struct rcu_reader, guest);
	struct task_struct *thread = reader->thread;
	int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (!thread || range->start > WINDOW || range->end < WINDOW_END)
		return;
	reader->thread = NULL;
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	wait_for_completion(&reader->reads);
}

/* An action. */
static void stop_reader(void *ctx)
{
	struct rcu_reader *reader = ctx;

	WRITE_ONCE(reader->stop, true);
	if (reader->thread)
		kthread_stop(reader->thread);
	else
		wait_for_completion(&reader->done);
}

static struct rcu_reader *new_reader(struct kunit *test, struct mm_struct *mm)
{
	struct rcu_reader *reader =
		kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);
	struct task_struct *thread;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader);
	init_completion(&reader->reads);
	init_completion(&reader->done);
	reader->guest.start = start_reader;
	thread = kthread_create(rcu_reader_main, reader, "mmkunit-reader");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	reader->thread = thread;
	own(test, stop_reader, reader);
	guest_comes(test, &reader->guest, mm);
	return reader;
}

/*
 * Whoever found the table under RCU, right before the collapse cleared the PMD,
 * may go on reading it.
 */
static void retracted_table_waits_for_reader(struct kunit *test)
{
	struct rcu_reader *reader;
	struct mm_struct *mm, *other;
	struct file *file;
	struct page *table;
	bool is_table;

	if (num_online_cpus() < 2)
		kunit_skip(test, "a reader needs a CPU of its own");
	file = new_file(test);
	mm = writer_of(test, file);
	other = reader_of(test, file, MAP_SHARED);
	reader = new_reader(test, other);
	table = pmd_page(*mm_kunit_pmd(other, WINDOW));
	get_page(table);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	is_table = PageTable(table) && page_count(table) == 2;
	KUNIT_EXPECT_FALSE_MSG(test, reader->thread,
			       "the other mm was not told of its table");
	kunit_release_action(test, stop_reader, reader);
	KUNIT_EXPECT_TRUE_MSG(test, is_table,
			      "the table was freed under its reader");
	kunit_release_action(test, guest_leaves, &reader->guest);
	rcu_barrier();
	mm_kunit_expect_freed(test, table, "a collapse");
	expect_content(test, other);
}

/**
 * struct taker - somebody who gets hold of a page while it is being unmapped
 * @guest: is told that it is
 * @page: the page, which is mapped at @addr
 * @addr: where
 * @taken: it has the page
 * @task: the task that unmaps it
 * @deferred: the task went on with a flush of the TLB yet to do
 * @early: it changed the flags of the page meanwhile: it let go of the lock
 */
struct taker {
	struct guest guest;
	struct page *page;
	unsigned long addr;
	bool taken;
	struct task_struct *task;
	bool deferred;
	bool early;
};

static bool owes_flush(struct task_struct *task)
{
#ifdef CONFIG_ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH
	return task->tlb_ubc.flush_required;
#else
	return false;
#endif
}

static bool is_about(struct taker *taker,
		     const struct mmu_notifier_range *range)
{
	return range->start <= taker->addr && range->end > taker->addr;
}

static void take_page(struct guest *guest,
		      const struct mmu_notifier_range *range)
{
	struct taker *taker = container_of(guest, struct taker, guest);

	if (taker->taken || !is_about(taker, range))
		return;
	taker->task = current;
	get_page(taker->page);
	taker->taken = true;
}

static void see_flush(struct guest *guest,
		      const struct mmu_notifier_range *range)
{
	struct taker *taker = container_of(guest, struct taker, guest);

	if (taker->task == current && is_about(taker, range) &&
	    owes_flush(current))
		taker->deferred = true;
}

/* Somebody has stored to the flags of the page. */
static void see_store(struct perf_event *bp, struct perf_sample_data *data,
		      struct pt_regs *regs)
{
	struct taker *taker = bp->overflow_handler_context;

	if (taker->task == current && !PageLocked(taker->page) &&
	    owes_flush(current))
		taker->early = true;
}

/* An action. */
static void stop_watching(void *bp)
{
	unregister_wide_hw_breakpoint((struct perf_event * __percpu *)bp);
}

static void watch_flags(struct kunit *test, struct taker *taker)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.pinned = 1,
		.sample_period = 1,
		.bp_addr = (unsigned long)&taker->page->flags,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.bp_type = HW_BREAKPOINT_W,
	};
	struct perf_event *__percpu *bp;

	bp = register_wide_hw_breakpoint(&attr, see_store, taker);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_OR_NULL((void __force *)bp),
			       "no watchpoint");
	own(test, stop_watching, (void __force *)bp);
}

/**
 * struct mm_user - a thread that has the mm loaded on another CPU
 * @mm: the mm
 * @loaded: it has
 * @may_end: it may let go of it
 * @ended: it has
 */
struct mm_user {
	struct mm_struct *mm;
	struct completion loaded;
	struct completion may_end;
	struct completion ended;
};

static int mm_user_main(void *data)
{
	struct mm_user *user = data;

	kthread_use_mm(user->mm);
	complete(&user->loaded);
	wait_for_completion(&user->may_end);
	kthread_unuse_mm(user->mm);
	complete(&user->ended);
	return 0;
}

/* An action. */
static void end_mm_user(void *ctx)
{
	struct mm_user *user = ctx;

	complete(&user->may_end);
	wait_for_completion(&user->ended);
}

/* Have the mm in use on every CPU, so that its TLB has to be flushed there. */
static void use_everywhere(struct kunit *test, struct mm_struct *mm)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct mm_user *user =
			kunit_kzalloc(test, sizeof(*user), GFP_KERNEL);
		struct task_struct *thread;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, user);
		user->mm = mm;
		init_completion(&user->loaded);
		init_completion(&user->may_end);
		init_completion(&user->ended);
		thread = kthread_create(mm_user_main, user, "mmkunit-user");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
		kthread_bind(thread, cpu);
		wake_up_process(thread);
		own(test, end_mm_user, user);
		wait_for_completion(&user->loaded);
	}
}

static struct taker *new_taker(struct kunit *test, struct mm_struct *mm, int i)
{
	struct taker *taker = kunit_kzalloc(test, sizeof(*taker), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, taker);
	taker->addr = mm_kunit_addr(i);
	taker->page = mm_kunit_page_at(mm, taker->addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, taker->page);
	taker->guest.start = take_page;
	taker->guest.end = see_flush;
	guest_comes(test, &taker->guest, mm);
	return taker;
}

/*
 * A page that somebody gets hold of stays what it was, and so does the rest of
 * the file.
 */
static void collapse_spares_page_in_use(struct kunit *test)
{
	struct mm_struct *mm = writer_of(test, new_file(test));
	struct taker *taker = new_taker(test, mm, 5);

	KUNIT_EXPECT_EQ(test, collapse_window(mm), (long)-EAGAIN);
	kunit_release_action(test, guest_leaves, &taker->guest);
	KUNIT_ASSERT_TRUE(test, taker->taken);
	expect_content(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(5)),
			    taker->page);
	put_page(taker->page);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), 0L);
	expect_collapsed(test, mm);
	expect_content(test, mm);
}

/*
 * "mm/khugepaged: flush deferred unmaps before dropping a failed folio", of
 * 6.12.118: the collapse fails at a page that it has unmapped, and whose TLB entries
 * other CPUs may have still, because the flush waits for more of its kind. It
 * must not let go of the page before the flush: whoever locks the page next
 * believes that nobody writes to it.
 */
static void failed_collapse_flushes_first(struct kunit *test)
{
	struct taker *taker;
	struct mm_struct *mm;

	if (num_online_cpus() < 2)
		kunit_skip(test, "there is no other CPU whose TLB to flush");
	mm = writer_of(test, new_file(test));
	taker = new_taker(test, mm, 5);
	use_everywhere(test, mm);
	watch_flags(test, taker);
	KUNIT_EXPECT_EQ(test, collapse_window(mm), (long)-EAGAIN);
	kunit_release_action(test, guest_leaves, &taker->guest);
	KUNIT_ASSERT_TRUE(test, taker->taken);
	KUNIT_EXPECT_TRUE_MSG(test, taker->deferred, "no flush was deferred");
	KUNIT_EXPECT_FALSE_MSG(test, taker->early,
			       "the page was unlocked before the flush");
	put_page(taker->page);
	expect_content(test, mm);
}

/* Cases that others rest on come first. */
static struct kunit_case file_collapse_cases[] = {
	KUNIT_CASE(collapse_of_file_keeps_its_content),
	KUNIT_CASE(collapse_of_file_tells),
	KUNIT_CASE(collapse_of_mapping_tells),
	KUNIT_CASE(private_vma_keeps_its_table),
	KUNIT_CASE(retracted_table_waits_for_reader),
	KUNIT_CASE(collapse_spares_page_in_use),
	KUNIT_CASE(failed_collapse_flushes_first),
	{}
};

static struct kunit_suite file_collapse_suite = {
	.name = "file_collapse",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = file_collapse_cases,
};

kunit_test_suite(file_collapse_suite);

MODULE_DESCRIPTION("KUnit tests for huge pages of files that are collapsed");
MODULE_LICENSE("GPL");
