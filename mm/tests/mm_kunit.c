// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixture of the mm suites, see mm_kunit.h.
 *
 * KUnit runs a case in a kernel thread, and its exit function in another one,
 * after the first may have died in the middle of an assertion. So no mm stays
 * in use between two verbs, and everything that a case makes is written down
 * in its struct mm_kunit before anything can fail.
 */
#include <linux/completion.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_truth.h"

/* More huge pages than any case touches. */
#define MAX_HUGE_PAGES	64

/* Since 6.16 the kernel's own page tables count as well. */
static long user_pagetables(void)
{
	if (IS_ENABLED(CONFIG_MM_KUNIT_HAS_KERNEL_PAGETABLE))
		return mm_kunit_nr_pagetable() - mm_kunit_kernel_pgtables();
	return mm_kunit_nr_pagetable();
}

static struct mm_kunit_counts count(void)
{
	return (struct mm_kunit_counts) {
		.pagetables = user_pagetables(),
		.huge_pages = mm_kunit_nr_huge_pages(),
		.resv_huge_pages = mm_kunit_resv_huge_pages(),
	};
}

/* Where all CPUs' lazy TLBs wait while mms are counted. */
static struct mm_struct *parking;

static void park_this_cpu(struct work_struct *unused)
{
	kthread_use_mm(parking);
	kthread_unuse_mm(parking);
}

/*
 * A CPU that runs kernel threads keeps the mm that it ran last. Make it one
 * that is there before the case and after it, and so counts in neither's favour.
 */
static void park_every_cpu(void)
{
	schedule_on_each_cpu(park_this_cpu);
}

/**
 * mm_kunit_init() - make the fixture of one case
 * @test: the case
 *
 * A suite names it as its init function.
 *
 * Return: 0, or -ENOMEM
 */
int mm_kunit_init(struct kunit *test)
{
	struct mm_kunit *fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);

	if (!fx)
		return -ENOMEM;
	parking = mm_alloc();
	if (!parking)
		return -ENOMEM;
	park_every_cpu();
	fx->before = count();
	fx->overcommit = mm_kunit_set_overcommit(fx->before.huge_pages +
						 MAX_HUGE_PAGES);
	test->priv = fx;
	return 0;
}

/**
 * mm_kunit_exit() - take the fixture down and see that nothing is left of it
 * @test: the case
 *
 * A suite names it as its exit function. Of a case that failed it takes down
 * nothing, see mm_kunit_exit_mm().
 */
void mm_kunit_exit(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_counts after;
	int i;

	if (!fx)
		return;
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_set_overcommit(fx->overcommit);
	if (mm_kunit_failed(test))
		return;
	for (i = 0; i < fx->nr_files; i++)
		fput(fx->files[i]);
	flush_delayed_fput();
	park_every_cpu();
	rcu_barrier();		/* page tables are freed by RCU */

	after = count();
	KUNIT_EXPECT_EQ(test, after.pagetables, fx->before.pagetables);
	KUNIT_EXPECT_EQ(test, after.huge_pages, fx->before.huge_pages);
	KUNIT_EXPECT_EQ(test, after.resv_huge_pages, fx->before.resv_huge_pages);
	mmput(parking);
}

/* Where an mm stands in the fixture; NULL stands in the first free slot. */
static int slot_of(struct mm_kunit *fx, struct mm_struct *mm)
{
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] == mm)
			break;
	return i;
}

static struct mm_struct *adopt(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = slot_of(fx, NULL);

	if (slot == MM_KUNIT_MAX_MMS) {
		mmput(mm);
		KUNIT_ASSERT_LT_MSG(test, slot, MM_KUNIT_MAX_MMS, "too many mms");
	}
	fx->mms[slot] = mm;
	return mm;
}

/**
 * mm_kunit_new_mm() - make an mm without a VMA, as exec() would
 * @test: the case, which owns the mm
 */
struct mm_struct *mm_kunit_new_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	return adopt(test, mm);
}

struct child {
	struct mm_struct *mm;
	struct completion has_mm;
};

static int __noreturn child_main(void *arg)
{
	struct child *child = arg;

	mmget(current->mm);
	child->mm = current->mm;
	complete(&child->has_mm);
	do_exit(0);
}

/**
 * mm_kunit_fork() - duplicate an mm by a real fork()
 * @test: the case, which owns the child's mm
 * @mm: the parent's mm
 *
 * The child process is gone on return, its mm stays.
 */
struct mm_struct *mm_kunit_fork(struct kunit *test, struct mm_struct *mm)
{
	struct kernel_clone_args args;
	struct child child = { };
	unsigned long timeout = jiffies + 10 * HZ;
	pid_t pid;

	init_completion(&child.has_mm);
	mm_kunit_clone_args(&args, child_main, &child);
	kthread_use_mm(mm);
	pid = kernel_clone(&args);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_GT(test, pid, 0);
	wait_for_completion(&child.has_mm);

	/* The last reference must be ours, or exit_mmap() would run late. */
	while (atomic_read(&child.mm->mm_users) > 1 &&
	       time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	adopt(test, child.mm);
	KUNIT_ASSERT_EQ(test, atomic_read(&child.mm->mm_users), 1);
	return child.mm;
}

/**
 * mm_kunit_exit_mm() - let the last user of an mm exit
 * @test: the case that owns the mm
 * @mm: the mm
 *
 * Once the case has failed the mm is left to itself: tearing down what is
 * damaged would take the machine, and the verdict on the other cases, with it.
 */
void mm_kunit_exit_mm(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = slot_of(fx, mm);
	struct mm_kunit_recorder *rec = fx->recorders[slot];

	fx->mms[slot] = NULL;
	fx->recorders[slot] = NULL;
	if (rec) {
		mmu_notifier_unregister(&rec->range, mm);
		if (rec->secondary.mm)
			mmu_notifier_unregister(&rec->secondary, mm);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_users), 1);
	if (!mm_kunit_failed(test))
		mmput(mm);
}

/**
 * mm_kunit_hugetlb_file() - make a hugetlb file that no name leads to
 * @test: the case, which owns the file
 * @size: its size in bytes
 *
 * The file reserves nothing: its pages are surplus pages of the default size.
 */
struct file *mm_kunit_hugetlb_file(struct kunit *test, unsigned long size)
{
	struct mm_kunit *fx = test->priv;
	struct file *file;

	KUNIT_ASSERT_LT(test, fx->nr_files, MM_KUNIT_MAX_FILES);
	file = mm_kunit_hugetlb_file_setup(size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	fx->files[fx->nr_files++] = file;
	return file;
}

/**
 * mm_kunit_mmap() - map a file at a fixed place, reserving nothing
 * @test: the case
 * @mm: the mm
 * @file: the file
 * @addr: where
 * @len: how much, in bytes
 * @prot: PROT_* bits
 * @flags: MAP_SHARED or MAP_PRIVATE
 * @offset: from where in the file, in bytes
 */
void mm_kunit_mmap(struct kunit *test, struct mm_struct *mm, struct file *file,
		   unsigned long addr, unsigned long len, unsigned long prot,
		   unsigned long flags, unsigned long offset)
{
	unsigned long got;

	kthread_use_mm(mm);
	got = vm_mmap(file, addr, len, prot,
		      flags | MAP_FIXED | MAP_NORESERVE, offset);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, got, addr);
}

/**
 * mm_kunit_vma() - the first VMA that ends above an address
 * @mm: the mm
 * @addr: the address
 *
 * Context: takes and drops the mmap lock. The VMA stays as long as nobody but
 * the case uses the mm.
 */
struct vm_area_struct *mm_kunit_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	mmap_read_unlock(mm);
	return vma;
}

/**
 * mm_kunit_munmap() - munmap() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_munmap(struct mm_struct *mm, unsigned long addr,
		     unsigned long len)
{
	long ret;

	kthread_use_mm(mm);
	ret = vm_munmap(addr, len);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_mprotect() - mprotect() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 * @prot: PROT_* bits
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_mprotect(struct mm_struct *mm, unsigned long addr,
		       unsigned long len, unsigned long prot)
{
	long ret;

	kthread_use_mm(mm);
	ret = mm_kunit_sys_mprotect(addr, len, prot);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_mremap() - mremap() to a fixed place by a process
 * @mm: its mm
 * @from: start of the mapping
 * @len: its length in bytes, old and new
 * @to: where it goes
 *
 * Return: @to, or a negative errno
 */
long mm_kunit_mremap(struct mm_struct *mm, unsigned long from,
		     unsigned long len, unsigned long to)
{
	long ret;

	kthread_use_mm(mm);
	ret = mm_kunit_sys_mremap(from, len, to);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_madvise() - madvise() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 * @behavior: MADV_*
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_madvise(struct mm_struct *mm, unsigned long addr,
		      unsigned long len, int behavior)
{
	long ret;

	kthread_use_mm(mm);
	ret = do_madvise(mm, addr, len, behavior);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_punch_hole() - take pages out of a file
 * @file: the file
 * @offset: from where, in bytes
 * @len: how much, in bytes
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_punch_hole(struct file *file, loff_t offset, loff_t len)
{
	return vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     offset, len);
}

/**
 * mm_kunit_store() - a process writes to its memory
 * @mm: its mm
 * @addr: where
 * @value: what
 *
 * Return: 0, or -EFAULT where a process would get SIGSEGV or SIGBUS
 */
int mm_kunit_store(struct mm_struct *mm, unsigned long addr, u64 value)
{
	int ret;

	kthread_use_mm(mm);
	ret = copy_to_user((void __user *)addr, &value, sizeof(value)) ?
	      -EFAULT : 0;
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_load() - a process reads its memory
 * @mm: its mm
 * @addr: where
 * @value: what stands there
 *
 * Return: 0, or -EFAULT where a process would get SIGSEGV or SIGBUS
 */
int mm_kunit_load(struct mm_struct *mm, unsigned long addr, u64 *value)
{
	int ret;

	kthread_use_mm(mm);
	ret = copy_from_user(value, (void __user *)addr, sizeof(*value)) ?
	      -EFAULT : 0;
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_write() - mm_kunit_store() that must work
 * @test: the case
 * @mm: the mm
 * @addr: where
 * @value: what
 */
void mm_kunit_write(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr, u64 value)
{
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_store(mm, addr, value), 0,
			    "write to %lx", addr);
}

/**
 * mm_kunit_read() - mm_kunit_load() that must work
 * @test: the case
 * @mm: the mm
 * @addr: where
 *
 * Return: what stands there
 */
u64 mm_kunit_read(struct kunit *test, struct mm_struct *mm, unsigned long addr)
{
	u64 value = 0;

	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_load(mm, addr, &value), 0,
			    "read from %lx", addr);
	return value;
}

static void record(struct mm_kunit_recorder *rec,
		   enum mm_kunit_event_kind kind,
		   unsigned long start, unsigned long end)
{
	unsigned long flags;

	spin_lock_irqsave(&rec->lock, flags);
	if (rec->nr < MM_KUNIT_MAX_EVENTS)
		rec->event[rec->nr] = (struct mm_kunit_event) {
			.kind = kind,
			.start = start,
			.end = end,
		};
	rec->nr++;
	spin_unlock_irqrestore(&rec->lock, flags);
}

static int record_start(struct mmu_notifier *mn,
			const struct mmu_notifier_range *range)
{
	record(container_of(mn, struct mm_kunit_recorder, range),
	       MM_KUNIT_START, range->start, range->end);
	return 0;
}

static void record_end(struct mmu_notifier *mn,
		       const struct mmu_notifier_range *range)
{
	record(container_of(mn, struct mm_kunit_recorder, range),
	       MM_KUNIT_END, range->start, range->end);
}

static void record_secondary(struct mmu_notifier *mn, struct mm_struct *mm,
			     unsigned long start, unsigned long end)
{
	record(container_of(mn, struct mm_kunit_recorder, secondary),
	       MM_KUNIT_SECONDARY, start, end);
}

static const struct mmu_notifier_ops range_ops = {
	.invalidate_range_start = record_start,
	.invalidate_range_end = record_end,
};

static const struct mmu_notifier_ops secondary_ops = {
	.mm_kunit_invalidate_secondary = record_secondary,
};

/**
 * mm_kunit_record() - write down what the notifiers of an mm are told
 * @test: the case, which owns the recorder
 * @mm: the mm, which has no recorder yet
 *
 * It records until the mm exits.
 */
struct mm_kunit_recorder *mm_kunit_record(struct kunit *test,
					  struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_recorder *rec;

	rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	spin_lock_init(&rec->lock);
	rec->range.ops = &range_ops;
	rec->secondary.ops = &secondary_ops;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->range, mm), 0);
	fx->recorders[slot_of(fx, mm)] = rec;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->secondary, mm), 0);
	return rec;
}

/**
 * mm_kunit_was_told() - was a notifier told of the whole of a range at once
 * @rec: its recorder
 * @kind: by which call
 * @start: first address of the range
 * @end: first address behind it
 */
bool mm_kunit_was_told(struct mm_kunit_recorder *rec,
		       enum mm_kunit_event_kind kind,
		       unsigned long start, unsigned long end)
{
	int i;

	for (i = 0; i < min(rec->nr, MM_KUNIT_MAX_EVENTS); i++) {
		struct mm_kunit_event *e = &rec->event[i];

		if (e->kind == kind && e->start <= start && e->end >= end)
			return true;
	}
	return false;
}
