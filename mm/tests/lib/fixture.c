// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixture of the mm suites. KUnit runs a case in one kernel thread and its
 * exit function in another, possibly after the first died in an assertion.
 * So no mm stays in use between two calls of this library, and whatever a
 * case makes is recorded in its struct mm_kunit before anything can fail.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "fixture.h"
#include "gup.h"
#include "hugetlb.h"
#include "notifier.h"
#include "pgwalk.h"

/* More huge pages than any case uses. */
#define MAX_HUGE_PAGES 64

#ifndef mm_kunit_nr_user_pagetable
/**
 * mm_kunit_nr_user_pagetable() - page-table pages of all mms of the machine
 *
 * NR_PAGETABLE counts the page tables of the kernel as well. It is exact while
 * nothing else runs: the remainders of all CPUs are added.
 */
long mm_kunit_nr_user_pagetable(void)
{
	struct pglist_data *pgdat;
	long nr = 0;
	int cpu;

	for_each_online_pgdat(pgdat) {
		nr += atomic_long_read(&pgdat->vm_stat[NR_PAGETABLE]);
		for_each_online_cpu(cpu)
			nr += per_cpu_ptr(pgdat->per_cpu_nodestats,
					  cpu)->vm_node_stat_diff[NR_PAGETABLE];
	}
	return nr - mm_kunit_kernel_pgtables();
}
#endif

static struct mm_kunit_counts mm_kunit_count(void)
{
	return (struct mm_kunit_counts){
		.pagetables = mm_kunit_nr_user_pagetable(),
		.huge_pages = mm_kunit_nr_huge_pages(),
		.resv_huge_pages = mm_kunit_resv_huge_pages(),
	};
}

/* Set when page tables of a case may still be waiting for RCU. */
static bool mm_kunit_needs_rcu_barrier;

/* The mm that idle CPUs keep loaded while page tables are counted. */
static struct mm_struct *mm_kunit_lazy_mm;

/**
 * mm_kunit_alloc_mm() - allocate an mm without a VMA
 *
 * It has no owner: a failed case leaves its mms behind, and they must not point
 * to the thread of the case.
 *
 * Return: the mm, or NULL
 */
struct mm_struct *mm_kunit_alloc_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return NULL;
#ifdef CONFIG_MEMCG
	rcu_assign_pointer(mm->owner, NULL);
#endif
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	return mm;
}

static void mm_kunit_switch_lazy_mm(struct work_struct *unused)
{
	kthread_use_mm(mm_kunit_lazy_mm);
	kthread_unuse_mm(mm_kunit_lazy_mm);
}

/*
 * A CPU that runs kernel threads keeps the last user mm loaded, and with it that
 * mm's page tables. Load one that exists before and after the case, so that it
 * does not change the difference of the two counts.
 */
static void mm_kunit_switch_lazy_mms(void)
{
	schedule_on_each_cpu(mm_kunit_switch_lazy_mm);
}

/**
 * mm_kunit_init() - set up the fixture of one case
 * @test: the case
 *
 * The init function of every suite of mm.
 *
 * Return: 0, or -ENOMEM
 */
int mm_kunit_init(struct kunit *test)
{
	struct mm_kunit *fx;

	test->priv = NULL;	/* mm_kunit_exit() sees that there is nothing to undo */
	mm_kunit_compat_init(test);
	fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);
	if (!fx)
		return -ENOMEM;
	mm_kunit_lazy_mm = mm_kunit_alloc_mm();
	if (!mm_kunit_lazy_mm)
		return -ENOMEM;
	mm_kunit_switch_lazy_mms();
	if (mm_kunit_needs_rcu_barrier)
		rcu_barrier();
	mm_kunit_needs_rcu_barrier = false;
	fx->before = mm_kunit_count();
	fx->overcommit =
		mm_kunit_set_overcommit(fx->before.huge_pages + MAX_HUGE_PAGES);
	test->priv = fx;
	return 0;
}

/**
 * mm_kunit_exit() - tear down the fixture and check that nothing is left of it
 * @test: the case
 *
 * The exit function of every suite of mm. If the case failed, its mms and files
 * are not torn down, see mm_kunit_exit_mm().
 */
void mm_kunit_exit(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_counts after;
	int i;

	if (!fx)
		return;
	for (i = 0; i < MM_KUNIT_MAX_PINS; i++)
		if (fx->pins[i])
			mm_kunit_unpin(test, fx->pins[i]);
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_set_overcommit(fx->overcommit);
	if (mm_kunit_failed(test)) {
		mmput(mm_kunit_lazy_mm);
		mm_kunit_needs_rcu_barrier = true;
		return;
	}
	mm_kunit_put_files(test);
	flush_delayed_fput();
	mm_kunit_switch_lazy_mms();
	rcu_barrier(); /* page tables are freed by RCU */

	after = mm_kunit_count();
	KUNIT_EXPECT_EQ(test, after.pagetables, fx->before.pagetables);
	KUNIT_EXPECT_EQ(test, after.huge_pages, fx->before.huge_pages);
	KUNIT_EXPECT_EQ(test, after.resv_huge_pages,
			fx->before.resv_huge_pages);
	mmput(mm_kunit_lazy_mm);
}

/**
 * mm_kunit_slot() - the slot of an mm in the fixture
 * @fx: the fixture
 * @mm: the mm, or NULL for the first free slot
 *
 * Return: the slot, or MM_KUNIT_MAX_MMS if there is none
 */
int mm_kunit_slot(struct mm_kunit *fx, struct mm_struct *mm)
{
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] == mm)
			break;
	return i;
}

/**
 * mm_kunit_adopt() - have the fixture own an mm
 * @test: the case, which fails if it has too many mms
 * @mm: the mm; the caller's reference goes to the fixture
 *
 * Return: @mm
 */
struct mm_struct *mm_kunit_adopt(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = mm_kunit_slot(fx, NULL);

	if (slot == MM_KUNIT_MAX_MMS) {
		mmput(mm);
		KUNIT_ASSERT_LT_MSG(test, slot, MM_KUNIT_MAX_MMS,
				    "too many mms");
	}
	fx->mms[slot] = mm;
	return mm;
}

/**
 * mm_kunit_exit_mm() - drop the last user of an mm, as exit() does
 * @test: the case that owns the mm
 * @mm: the mm
 *
 * If the case has failed, the mm is leaked on purpose: tearing down damaged page
 * tables can crash the kernel, and with it the cases that follow.
 */
void mm_kunit_exit_mm(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = mm_kunit_slot(fx, mm);
	struct mm_kunit_recorder *rec;

	if (slot == MM_KUNIT_MAX_MMS) {
		KUNIT_FAIL(test, "an mm exits that the case does not own");
		return;
	}
	rec = fx->recorders[slot];
	fx->mms[slot] = NULL;
	fx->recorders[slot] = NULL;
	if (rec)
		mm_kunit_unregister_notifier(rec, mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_users), 1);
	if (!mm_kunit_failed(test))
		mmput(mm);
}

/**
 * mm_kunit_put_files() - let go of all files of a case
 * @test: the case
 */
void mm_kunit_put_files(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;

	while (fx->nr_files)
		fput(fx->files[--fx->nr_files]);
}

/**
 * mm_kunit_own_file() - have the fixture own a file
 * @test: the case, which fails if @file is an ERR_PTR
 * @file: the file; the caller's reference goes to the fixture
 *
 * Return: @file
 */
struct file *mm_kunit_own_file(struct kunit *test, struct file *file)
{
	struct mm_kunit *fx = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_LT(test, fx->nr_files, MM_KUNIT_MAX_FILES);
	fx->files[fx->nr_files++] = file;
	return file;
}

/**
 * mm_kunit_wait_for_rcu_later() - have the next case begin with rcu_barrier()
 *
 * For whoever may have freed page tables behind the back of the fixture.
 */
void mm_kunit_wait_for_rcu_later(void)
{
	mm_kunit_needs_rcu_barrier = true;
}
