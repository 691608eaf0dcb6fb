// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that share a page, used by two threads while RCU frees others.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <asm/tlb.h>

#include "lib/fixture.h"
#include "lib/process.h"
#include "pgalloc.h"

#define STRESS_TABLES 48
#define STRESS_MS 400
#define STRESS_REST 32
#define STRESS_SOFTIRQ_US 100

/**
 * struct stress - a thread that allocates and frees tables while RCU frees too
 * @mm: whose tables
 * @other: the other thread
 * @task: this one
 * @seed: seed of its random numbers, and what it signs its tables with
 * @until: when it ends
 * @inside: whether it is in an allocation
 * @met: how often the other thread was in one at the same time
 * @damaged: tables that somebody else wrote to, or that were not allocated
 * @rounds: how many rounds it has done
 * @done: completed when it has freed all its tables
 */
struct stress {
	struct mm_struct *mm;
	struct stress *other;
	struct task_struct *task;
	u64 seed;
	unsigned long until;
	bool inside;
	int met;
	int damaged;
	int rounds;
	struct completion done;
};

static bool is_signed(unsigned long *table, unsigned long sign)
{
	return table[0] == sign && table[PTRS_PER_PTE - 1] == sign;
}

static unsigned long *stress_alloc(struct stress *s, unsigned long sign)
{
	unsigned long *table;

	WRITE_ONCE(s->inside, true);
	s->met += READ_ONCE(s->other->inside);
	table = page_table_alloc(s->mm);
	WRITE_ONCE(s->inside, false);
	if (!table) {
		s->damaged++;
		return NULL;
	}
	table[0] = sign;
	table[PTRS_PER_PTE - 1] = sign;
	return table;
}

static void stress_free(struct stress *s, unsigned long *table, u32 how)
{
	struct mmu_gather tlb;

	if (how == 0) {
		page_table_free(s->mm, table);
	} else if (how == 1 && IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER)) {
		ptfrag_pte_free_defer(s->mm, table);
	} else {
		tlb_gather_mmu(&tlb, s->mm);
		page_table_free_rcu(&tlb, table, 0);
		tlb_finish_mmu(&tlb);
	}
}

static int stress_thread(void *data)
{
	unsigned long *table[STRESS_TABLES] = {};
	struct stress *s = data;
	struct rnd_state rnd;
	bool stop = false;
	int i;

	prandom_seed_state(&rnd, s->seed);
	while (!stop) {
		stop = time_after(jiffies, s->until) || kthread_should_stop();
		for (i = 0; i < STRESS_TABLES; i++) {
			u32 random = prandom_u32_state(&rnd);

			if (table[i] && (stop || random & 1)) {
				s->damaged += !is_signed(table[i], s->seed + i);
				stress_free(s, table[i], (random >> 1) % 3);
				table[i] = NULL;
			} else if (!table[i] && !stop) {
				table[i] = stress_alloc(s, s->seed + i);
			}
			if (!(random & 0x700))
				cond_resched();
		}
		if (!(++s->rounds % STRESS_REST))
			schedule_timeout_uninterruptible(1);
	}
	complete(&s->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* An action. What the thread has freed must not be freed in the next case. */
static void stop_thread(void *data)
{
	struct stress *s = data;

	kthread_stop(s->task);
	ptfrag_wait_for_rcu();
}

/**
 * struct stress_timer - takes a lock in softirqs, as callbacks of RCU do
 * @timer: a timer that expires in softirqs
 * @lock: a lock that such callbacks take
 * @shots: how often it has expired
 * @hits: how often the interrupted thread held the lock
 */
struct stress_timer {
	struct hrtimer timer;
	spinlock_t *lock; /* of the mm, taken with softirqs off */
	int shots;
	int hits;
};

/* With one CPU, only the interrupted thread can hold the lock. */
static enum hrtimer_restart stress_timer_fn(struct hrtimer *timer)
{
	struct stress_timer *s = container_of(timer, struct stress_timer,
					      timer);

	s->shots++;
	if (spin_trylock(s->lock))
		spin_unlock(s->lock);
	else if (num_online_cpus() == 1)
		s->hits++;
	hrtimer_forward_now(timer,
			    ns_to_ktime(STRESS_SOFTIRQ_US * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

/* An action. */
static void stop_timer(void *timer)
{
	hrtimer_cancel(timer);
}

/* The threads do not run yet. */
static struct stress *new_stress(struct kunit *test, struct mm_struct *mm)
{
	struct stress *s = kunit_kzalloc(test, 2 * sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	for (i = 0; i < 2; i++) {
		s[i].mm = mm;
		s[i].other = &s[!i];
		s[i].seed = 0x1000 * (i + 1);
		init_completion(&s[i].done);
		s[i].task =
			kthread_create(stress_thread, &s[i], "mmkunit-stress");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s[i].task);
		KUNIT_ASSERT_EQ(test,
				kunit_add_action_or_reset(test, stop_thread,
							  &s[i]),
				0);
	}
	return s;
}

static struct stress_timer *new_stress_timer(struct kunit *test,
					     struct mm_struct *mm)
{
	struct stress_timer *soft;

	soft = kunit_kzalloc(test, sizeof(*soft), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, soft);
	soft->lock = ptfrag_pgtable_lock(mm);
	hrtimer_setup(&soft->timer, stress_timer_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_SOFT);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, stop_timer,
						  &soft->timer),
			0);
	return soft;
}

/* Return when both threads have freed all their tables. It expects nothing. */
static void run_stress(struct kunit *test, struct stress *s,
		       struct stress_timer *soft)
{
	int i;

	hrtimer_start(&soft->timer,
		      ns_to_ktime(STRESS_SOFTIRQ_US * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_SOFT);
	for (i = 0; i < 2; i++) {
		s[i].until = jiffies + msecs_to_jiffies(STRESS_MS);
		wake_up_process(s[i].task);
	}
	for (i = 0; i < 2; i++)
		wait_for_completion(&s[i].done);
	kunit_release_action(test, stop_timer, &soft->timer);
	for (i = 0; i < 2; i++)
		kunit_release_action(test, stop_thread, &s[i]);
}

static void expect_undamaged(struct kunit *test, struct stress *s)
{
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ_MSG(test, s[i].damaged, 0,
				    "tables of thread %d, in %d rounds", i,
				    s[i].rounds);
		KUNIT_EXPECT_GT(test, s[i].rounds, 2);
	}
	/* With one CPU, and no preemption, allocations never overlap. */
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_GT_MSG(test, s[0].met + s[1].met, 0,
				    "meetings of the threads in an allocation");
}

/*
 * Two threads use one mm while callbacks of RCU free its tables. With one CPU,
 * the default of QEMU, the threads take turns and only softirqs interrupt them.
 * With two CPUs (kunit.py --qemu_args='-smp 2') their allocations must overlap.
 */
static void busy_threads_keep_their_tables(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct stress_timer *soft = new_stress_timer(test, mm);
	struct stress *s = new_stress(test, mm);
	long before;

	/* The stack of a thread may have needed a page table of the kernel. */
	rcu_barrier();
	before = mm_kunit_nr_user_pagetable();
	run_stress(test, s, soft);
	KUNIT_EXPECT_GT(test, soft->shots, 0);
	if (IS_ENABLED(CONFIG_MM_KUNIT_PT_DEFER_PENDING))
		KUNIT_EXPECT_EQ_MSG(test, soft->hits, 0,
				    "of %d softirqs found the lock held",
				    soft->shots);
	ptfrag_wait_for_rcu();
	expect_undamaged(test, s);
	KUNIT_EXPECT_TRUE(test, list_empty(&mm->context.pgtable_list));
	KUNIT_EXPECT_EQ(test, mm_kunit_nr_user_pagetable(), before);
}

static struct kunit_case pgalloc_stress_cases[] = {
	KUNIT_CASE_SLOW(busy_threads_keep_their_tables),
	{}
};

/* What a failed case has left to RCU must not be freed during the next one. */
static int pgalloc_stress_init(struct kunit *test)
{
	ptfrag_wait_for_rcu();
	return mm_kunit_init(test);
}

static struct kunit_suite pgalloc_stress_suite = {
	.name = "pgalloc_stress",
	.init = pgalloc_stress_init,
	.exit = mm_kunit_exit,
	.test_cases = pgalloc_stress_cases,
};

kunit_test_suite(pgalloc_stress_suite);

MODULE_DESCRIPTION("KUnit stress test of page tables of s390");
MODULE_LICENSE("GPL");
