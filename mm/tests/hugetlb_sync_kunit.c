// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an unshare of a PMD table waits for, which locks it is done under, and
 * how long an owner counts.
 * A table that one mm is left with is that mm's own, to be changed and reused:
 * nobody may still walk it who has found it in another mm.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/thread.h"
#include "lib/watch.h"

#define BASE MM_KUNIT_BASE

/* How long a CPU walks page tables, in steps of 5 us. */
#define SYNC_WALK_STEPS 100000

/**
 * struct sync_walker - a CPU that walks page tables as GUP-fast does
 * @thread: the thread that does it
 * @walking: interrupts of the CPU are off
 * @unshared: the table that it may have found is unshared
 * @overtaken: it was still walking then
 */
struct sync_walker {
	struct mm_kunit_thread thread;
	bool walking;
	bool unshared;
	bool overtaken;
};

/* GUP-fast keeps page tables by switching interrupts off, and by no more. */
static int sync_walk(void *arg)
{
	struct sync_walker *walker = arg;
	int i;

	local_irq_disable();
	WRITE_ONCE(walker->walking, true);
	for (i = 0; i < SYNC_WALK_STEPS && !READ_ONCE(walker->unshared); i++)
		udelay(5);
	walker->overtaken = READ_ONCE(walker->unshared);
	local_irq_enable();
	return 0;
}

/*
 * The case keeps to one CPU, so that the other one never loads its mms, and a
 * flush of their TLBs is none of its business. The thread ends with the case.
 */
static int sync_other_cpu(struct kunit *test)
{
	int cpu;

	mm_kunit_require_pmd_sharing(test);
	if (!IS_ENABLED(CONFIG_MMU_GATHER_RCU_TABLE_FREE))
		kunit_skip(test, "a TLB flush alone stops GUP-fast");
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "there is one CPU");
	return cpu;
}

/* Whether huge_pmd_unshare() and its flush return while @cpu is in GUP-fast. */
static bool sync_unshare_overtakes(struct kunit *test, struct mm_struct *mm,
				   int cpu)
{
	struct sync_walker walker = { .thread = { .fn = sync_walk } };
	int ret;

	walker.thread.arg = &walker;
	KUNIT_ASSERT_EQ(test, mm_kunit_start_thread(&walker.thread, cpu), 0);
	/* No sleep: the other CPU may be the one that counts jiffies. */
	while (!READ_ONCE(walker.walking))
		cond_resched();
	ret = mm_kunit_unshare(mm, BASE).ret;
	WRITE_ONCE(walker.unshared, true);
	mm_kunit_join_thread(&walker.thread, 60);
	KUNIT_EXPECT_EQ(test, ret, 1);
	return walker.overtaken;
}

/*
 * 1013af4f585f ("mm/hugetlb: fix huge_pmd_unshare() vs GUP-fast race"):
 * GUP-fast that had found the table in one mm went on in it when it belonged to
 * the other mm alone, and was perhaps a table of something else by then.
 */
static void unshare_to_last_owner_waits_for_gup_fast(struct kunit *test)
{
	int cpu = sync_other_cpu(test);
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm;

	mm_kunit_sharer(test, file, 1);
	mm = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_FALSE(test, sync_unshare_overtakes(test, mm, cpu));
}

/*
 * 8ce720d5bd91 ("mm/hugetlb: fix excessive IPI broadcasts when unsharing PMD
 * tables using mmu_gather"): while two mms share the table, nobody reuses it,
 * and no CPU needs to be interrupted.
 */
static void unshare_that_leaves_two_owners_waits_for_nobody(struct kunit *test)
{
	int cpu = sync_other_cpu(test);
	struct file *file = mm_kunit_shareable_file(test, PUD_SIZE);
	struct mm_struct *mm;

	mm_kunit_sharer(test, file, 1);
	mm_kunit_sharer(test, file, 1);
	mm = mm_kunit_sharer(test, file, 1);
	KUNIT_EXPECT_TRUE(test, sync_unshare_overtakes(test, mm, cpu));
}

/**
 * struct sync_observer - sees which locks are held while an mm loses a PUD
 * @mn: the notifier that is called
 * @mapping: the file of the mm's VMA
 * @calls: how often it was called for the whole PUD
 * @unlocked: how often nobody had the file's i_mmap locked then
 */
struct sync_observer {
	struct mmu_notifier mn;
	struct address_space *mapping;
	int calls;
	int unlocked;
};

static void sync_observe(struct mmu_notifier *mn,
			 const struct mmu_notifier_range *range)
{
	struct sync_observer *o = container_of(mn, struct sync_observer, mn);

	if (range->start > BASE || range->end < BASE + PUD_SIZE)
		return;
	o->calls++;
	if (!rwsem_is_locked(&o->mapping->i_mmap_rwsem))
		o->unlocked++;
}

static int sync_observe_start(struct mmu_notifier *mn,
			      const struct mmu_notifier_range *range)
{
	sync_observe(mn, range);
	return 0;
}

static const struct mmu_notifier_ops sync_observer_ops = {
	.invalidate_range_start = sync_observe_start,
	.invalidate_range_end = sync_observe,
};

/*
 * 081056dc00a2 ("mm/hugetlb: unshare page tables during VMA split, not
 * before"): the unshare took the locks and dropped them again, and rmap walks
 * and faults could share the table anew before the VMA was split. It belongs
 * into the split, which holds i_mmap_rwsem all the time.
 */
static void split_unshares_under_locks_of_split(struct kunit *test)
{
	struct mm_kunit_pair pair = mm_kunit_new_pair(test);
	struct sync_observer *o;
	long ret;

	o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, o);
	o->mn.ops = &sync_observer_ops;
	o->mapping = pair.file->f_mapping;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&o->mn, pair.other), 0);
	ret = mm_kunit_madvise(pair.other, BASE, PMD_SIZE, MADV_DONTFORK);
	mmu_notifier_unregister(&o->mn, pair.other);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	KUNIT_EXPECT_GE(test, o->calls, 2);
	KUNIT_EXPECT_EQ(test, o->unlocked, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_owners(test, pair.keeper, BASE), 1);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

/**
 * struct sync_pud - a PUD entry of a PMD table that may have several owners
 * @pud: the entry
 * @table: the PMD table
 * @shares: how many owners beyond the first the table counts when the entry has
 *	just changed
 * @stores: how often it changed
 */
struct sync_pud {
	pud_t *pud;
	struct page *table;
	int shares[2];
	int stores;
};

/* In the context of an exception. */
static void sync_pud_store(struct perf_event *bp, struct perf_sample_data *data,
			   struct pt_regs *regs)
{
	struct sync_pud *watch = mm_kunit_watch_context(bp);

	if (watch->stores < 2)
		watch->shares[watch->stores] =
			mm_kunit_share_count(watch->table);
	watch->stores++;
}

/*
 * An owner counts before its PUD entry points at the table, and after it did:
 * who drops the last count frees the table, or takes it for his own.
 */
static void owner_counts_while_its_pud_entry_is_set(struct kunit *test)
{
	struct mm_kunit_pair pair;
	struct sync_pud *watch;
	void *stores;

	mm_kunit_require_watch(test);
	watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	pair = mm_kunit_new_pair(test);
	watch->pud = mm_kunit_pud(pair.other, BASE);
	watch->table = mm_kunit_pmd_table(pair.other, BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_share_count(watch->table), 1);
	stores = mm_kunit_watch(test, watch->pud, HW_BREAKPOINT_LEN_8,
				sync_pud_store, watch);
	KUNIT_EXPECT_EQ(test, mm_kunit_unshare(pair.other, BASE).ret, 1);
	mm_kunit_read(test, pair.other, BASE);
	mm_kunit_unwatch(test, stores);
	KUNIT_EXPECT_EQ(test, watch->stores, 2);
	KUNIT_EXPECT_EQ_MSG(test, watch->shares[0], 1, "entry is cleared");
	KUNIT_EXPECT_EQ_MSG(test, watch->shares[1], 1, "entry is set");
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_pmd_table(pair.other, BASE),
			    watch->table);
	EXPECT_KEEPER_UNAFFECTED(test, &pair);
}

static struct kunit_case hugetlb_sync_cases[] = {
	KUNIT_CASE(split_unshares_under_locks_of_split),
	KUNIT_CASE(unshare_to_last_owner_waits_for_gup_fast),
	KUNIT_CASE(unshare_that_leaves_two_owners_waits_for_nobody),
	KUNIT_CASE(owner_counts_while_its_pud_entry_is_set),
	{}
};

static struct kunit_suite hugetlb_sync_suite = {
	.name = "hugetlb_sync",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_sync_cases,
};

kunit_test_suite(hugetlb_sync_suite);

MODULE_DESCRIPTION("KUnit tests for what an unshare of PMD tables waits for");
MODULE_LICENSE("GPL");
