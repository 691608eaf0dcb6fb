// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy on write of fork(). What fork() shares it must map read-only in both
 * mms, and count right. A page that a device has pinned it must copy for the
 * child: if the parent's next write went to a copy, the device would not see it
 * (70e806e4e645 ("mm: Do early cow for pinned pages during fork() for ptes"),
 * 6c287605fd56 ("mm: remember exclusively mapped anonymous pages with
 * PG_anon_exclusive")).
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "lib/cow.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/mappings.h"
#include "lib/notified.h"
#include "lib/order.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/settings.h"
#include "lib/snapshot.h"
#include "lib/thp.h"

#define RW (PROT_READ | PROT_WRITE)

static void fork_shares_page_read_only(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2), *child;
	struct mm_kunit_target t;

	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE),
			    folio_page(t.folio, 0));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE),
			    folio_page(t.folio, 0));
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).writable, 0);
	KUNIT_EXPECT_FALSE(test, PageAnonExclusive(folio_page(t.folio, 0)));
	mm_kunit_expect_mapped(&t, 2);
	mm_kunit_put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(8));
	mm_kunit_write(test, child, mm_kunit_addr(1), mm_kunit_content(9));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
			mm_kunit_content(0));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)),
			mm_kunit_content(1));
}

/*
 * The next write of the parent must go to the page that the device has pinned,
 * and not to a copy (70e806e4e645 ("mm: Do early cow for pinned pages during
 * fork() for ptes")).
 */
static void fork_copies_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3), *child;
	struct page *pin = mm_kunit_pin(test, mm, mm_kunit_addr(1), FOLL_WRITE);
	struct mm_kunit_target t;

	/* No free page holds this value: a copy that was not made has another. */
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(4000));
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, mm_kunit_addr(1));
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).ptes, 1);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(pin)), 1);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, folio_ref_count(page_folio(pin)),
			2 + (int)GUP_PIN_COUNTING_BIAS);
	mm_kunit_put_target(&t);
	/* The pages next to it are not pinned, and are shared. */
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(0)),
			    mm_kunit_page_at(child, mm_kunit_addr(0)));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(2)),
			    mm_kunit_page_at(child, mm_kunit_addr(2)));
	mm_kunit_expect_copied_for_child(test, mm, child, mm_kunit_addr(1),
					 pin);
}

/* A device that only reads must see what the parent writes next as well. */
static void fork_copies_page_pinned_for_reading(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *pin;

	/* No free page holds this value, as above. */
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(4001));
	pin = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_copied_for_child(test, mm, child, MM_KUNIT_BASE, pin);
}

static void fork_shares_page_unpinned_before(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;

	mm_kunit_unpin(test, mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE));
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE),
			    mm_kunit_page_at(child, MM_KUNIT_BASE));
}

/* References below the bias of a pin do not make fork() copy. */
static void fork_shares_page_with_references(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_flags_set(MMF_HAS_PINNED, mm);
	folio_ref_add(page_folio(page), 100);
	child = mm_kunit_fork(test, mm);
	folio_ref_sub(page_folio(page), 100);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), page);
}

/* Both the file's page and the private copy of another are shared. */
static void fork_shares_file_page_of_private_vma(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *writer, *mm, *child;
	struct mm_kunit_target t;

	writer = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PAGE_SIZE, RW,
				  MAP_SHARED, 0);
	mm_kunit_write_pages(test, writer, 2);
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PAGE_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(5));
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE),
			    folio_page(t.folio, 0));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(1)),
			    mm_kunit_page_at(mm, mm_kunit_addr(1)));
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).write);
	mm_kunit_expect_mapped(&t, 3);
	mm_kunit_put_target(&t);
}

static void fork_shares_thp_read_only(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_mappings mappings;
	struct mm_kunit_target t;

	mm = mm_kunit_thp_mm(test, 2);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	mappings = mm_kunit_target_mappings(&t);
	KUNIT_EXPECT_EQ(test, mappings.pmds, 2);
	KUNIT_EXPECT_EQ(test, mappings.ptes, 0);
	KUNIT_EXPECT_EQ(test, mappings.writable, 0);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 2);
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), 1 + 2);
	mm_kunit_put_target(&t);
	mm_kunit_expect_pages(test, child, 2);
}

/* fork() duplicates the PTEs of a large folio of a file in batches. */
static void fork_of_private_vma_shares_large_file_folio(struct kunit *test)
{
	struct mm_struct *with_pmd[2], *mm, *child;
	struct mm_kunit_mappings before, after;
	struct file *file;
	struct page *head;

	mm_kunit_map_file_thp(test, with_pmd, PMD_SIZE);
	file = mm_kunit_vma(with_pmd[0], MM_KUNIT_BASE)->vm_file;
	head = mm_kunit_page_at(with_pmd[0], MM_KUNIT_BASE);
	/* fork() copies the page tables only of a VMA with anonymous pages. */
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PMD_SIZE / 2, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, mm_kunit_addr(5), mm_kunit_content(5));
	mm_kunit_expect_pages(test, mm, 4);

	before = mm_kunit_count_mappings(test->priv, head, MM_KUNIT_HUGE_NR);
	child = mm_kunit_fork(test, mm);
	after = mm_kunit_count_mappings(test->priv, head, MM_KUNIT_HUGE_NR);
	KUNIT_EXPECT_EQ(test, after.ptes, 2 * before.ptes);
	KUNIT_EXPECT_EQ(test, after.writable, before.writable);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(head)),
			after.ptes + after.pmds);
	mm_kunit_expect_pages(test, child, 4);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(5)),
			mm_kunit_content(5));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(1)),
			    head + 1);
}

/* fork() skips the PMD of a file: the child will fault it in. */
static void fork_leaves_thp_of_file_to_be_faulted(struct kunit *test)
{
	struct mm_struct *writer, *mm, *child;
	struct mm_kunit_setting *setting;
	struct file *file;

	mm_kunit_require_file_thp(test);
	file = mm_kunit_shmem_file(test, 2 * PMD_SIZE);
	writer = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PMD_SIZE, RW,
				  MAP_SHARED, 0);
	setting = mm_kunit_write_setting(test, "sysfs", MM_KUNIT_SHMEM_ENABLED,
					 "force");
	mm_kunit_write_pages(test, writer, 4);
	mm_kunit_restore_setting(test, setting);

	/* fork() copies the page tables only of a VMA with anonymous pages. */
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PMD_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, mm_kunit_content(9));
	mm_kunit_expect_pages(test, mm, 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size,
			PMD_SIZE);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(child, MM_KUNIT_BASE).kind,
			(int)MM_KUNIT_NONE);
	mm_kunit_expect_pages(test, child, 4);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_read(test, child, MM_KUNIT_BASE + PMD_SIZE),
			mm_kunit_content(9));
}

/*
 * The parent maps it by PTEs then; the child has a copy of the pinned page.
 * d042035eaf5f ("mm/thp: Split huge pmds/puds if they're pinned when fork()").
 */
static void fork_splits_pinned_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_mappings mappings;
	struct page *pin;
	struct mm_kunit_target t;

	mm = mm_kunit_thp_mm(test, 4);
	pin = mm_kunit_pin(test, mm, mm_kunit_addr(2), FOLL_WRITE);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	mappings = mm_kunit_target_mappings(&t);
	KUNIT_EXPECT_EQ(test, mappings.pmds, 0);
	KUNIT_EXPECT_EQ(test, mappings.ptes, t.nr);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), t.nr);
	/* One reference for each PTE, one of the pin and one of the case. */
	KUNIT_EXPECT_EQ(test, folio_ref_count(t.folio), t.nr + 2);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE),
			    folio_page(t.folio, 0));
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).size,
			PAGE_SIZE);
	mm_kunit_put_target(&t);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_expect_copied_for_child(test, mm, child, mm_kunit_addr(2),
					 pin);
}

static void fork_copies_page_of_pinned_pte_mapped_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct page *pin;

	mm = mm_kunit_thp_mm(test, 4);
	mm_kunit_split_pmd(test, mm);
	pin = mm_kunit_pin(test, mm, mm_kunit_addr(2), FOLL_WRITE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, child, 4);
	mm_kunit_expect_copied_for_child(test, mm, child, mm_kunit_addr(2),
					 pin);
}

static void fork_shares_pte_mapped_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_target t;

	mm = mm_kunit_thp_mm(test, 4);
	mm_kunit_split_pmd(test, mm);
	mm_kunit_record_all(test, MM_KUNIT_BASE);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).writable, 0);
	mm_kunit_expect_mapped(&t, 2 * t.nr);
	mm_kunit_put_target(&t);
	mm_kunit_expect_pages(test, child, 4);
}

/* More allocations than any fork here makes. */
#define MAX_ALLOCATIONS 200

/*
 * Let each allocation of a fork fail in turn, those of page tables and of the
 * copy of a pinned page among them. The failed fork must leave no count behind.
 * Each allocation fails twice, because an attempt that refills a slab makes one
 * allocation more, and so shifts all that follow.
 */
static void failed_fork_leaves_no_count(struct kunit *test)
{
	struct mm_struct *mm, *child = NULL;
	struct page *pin;
	struct mm_kunit_target t;
	int i, last = 0, failures = 0;
	bool failed = true;

	mm_kunit_inject_failures(test);
	mm = mm_kunit_anon_mm(test, 3);
	pin = mm_kunit_pin(test, mm, mm_kunit_addr(1), FOLL_WRITE);
	t = mm_kunit_target_at(test, mm, mm_kunit_addr(2));
	for (i = 0; failed && i < 2 * MAX_ALLOCATIONS; i++) {
		int nth = i / 2 + 1;

		if (child)
			mm_kunit_exit_mm(test, child);
		child = mm_kunit_fork_failing(test, mm, nth, &failed);
		if (!child && nth != last) {
			last = nth;
			failures++;
		}
		mm_kunit_expect_mapped(&t, child ? 2 : 1);
		KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(pin)), 1);
		KUNIT_EXPECT_EQ(test, folio_ref_count(page_folio(pin)),
				1 + (int)GUP_PIN_COUNTING_BIAS);
		if (mm_kunit_failed(test))
			break;
	}
	mm_kunit_put_target(&t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child);
	KUNIT_EXPECT_FALSE(test, failed);
	/*
	 * Four allocations at least: the PGD, a PMD table, a PTE table and the
	 * copy; and a PUD table where the arch has them.
	 */
	KUNIT_EXPECT_GE_MSG(test, failures, 4 + !mm_pud_folded(mm),
			    "a page table or the copy was never failed");
	mm_kunit_expect_pages(test, child, 3);
	mm_kunit_expect_copied_for_child(test, mm, child, mm_kunit_addr(1),
					 pin);
}

#define RACE_PAGES 256
#define RACE_MS 800
#define RACE_LOOK_US 50

/**
 * struct fork_race - a thread that forks, and a timer that looks at its pages
 * @timer: interrupts the thread on its own CPU, so that the fork stands still
 * @folios: the folios that it looks at
 * @nr: how many
 * @looks: how often it looked
 * @shared: how many looks saw a folio mapped more than once
 * @wrong: how many times a folio had more mappings than references
 */
struct fork_race {
	struct hrtimer timer;
	struct folio *folios[RACE_PAGES];
	int nr;
	unsigned long looks;
	unsigned long shared;
	unsigned long wrong;
};

static struct fork_race *new_fork_race(struct kunit *test)
{
	struct fork_race *race;

	if (!IS_ENABLED(CONFIG_HIGH_RES_TIMERS))
		kunit_skip(test, "timers are no finer than a jiffy");
	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	return race;
}

static enum hrtimer_restart fork_race_look(struct hrtimer *timer)
{
	struct fork_race *race = container_of(timer, struct fork_race, timer);
	bool shared = false;
	int i;

	for (i = 0; i < race->nr; i++) {
		struct folio *folio = race->folios[i];
		int mapcount = folio_mapcount(folio);

		shared |= mapcount > 1;
		if (mapcount > folio_ref_count(folio))
			race->wrong++;
	}
	race->looks++;
	race->shared += shared;
	hrtimer_forward_now(timer, ns_to_ktime(RACE_LOOK_US * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void fork_race_stop_timer(void *ctx)
{
	struct fork_race *race = ctx;

	hrtimer_cancel(&race->timer);
}

/* It must not assert: the timer still looks at pages of the case. */
static int fork_race_run(struct fork_race *race, struct mm_struct *mm,
			 unsigned long timeout)
{
	int ret = 0;

	while (!ret && time_before(jiffies, timeout) && !race->wrong)
		ret = mm_kunit_fork_and_exit(mm);
	return ret;
}

static void expect_no_fork_race(struct kunit *test, struct fork_race *race,
				struct mm_struct *mm)
{
	int ret;

	lru_add_drain_all();
	hrtimer_setup(&race->timer, fork_race_look, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	ret = kunit_add_action_or_reset(test, fork_race_stop_timer, race);
	KUNIT_ASSERT_EQ(test, ret, 0);
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	hrtimer_start(&race->timer, ns_to_ktime(RACE_LOOK_US * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_PINNED_HARD);
	ret = fork_race_run(race, mm, jiffies + msecs_to_jiffies(RACE_MS));
	kunit_release_action(test, fork_race_stop_timer, race);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, race->wrong, 0UL,
			    "more mappings than references in %lu looks",
			    race->looks);
	kunit_info(test, "%lu looks, %lu of them saw a fork", race->looks,
		   race->shared);
	KUNIT_EXPECT_GT(test, race->looks, 100UL);
	KUNIT_EXPECT_GT_MSG(test, race->shared, 0UL, "no look met a fork");
}

/* At every store, where the machine has watchpoints. */
static void expect_fork_in_order(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit_order *order =
		mm_kunit_watch_order(test, mm, MM_KUNIT_BASE);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_exit_mm(test, child);
	mm_kunit_expect_order(test, order, 4);
}

/*
 * KSM and others compare the two counts to find references that are unknown to
 * them. They must never see more mappings than references, so fork() takes the
 * reference first. The two stores are a few instructions apart. A watchpoint
 * looks between them; the timer may miss them: it sees the wrong order if a
 * whole batch of pages is mapped before the first reference is taken, and
 * otherwise by chance.
 */
static void fork_takes_reference_before_mapcount(struct kunit *test)
{
	struct fork_race *race;
	struct mm_struct *mm;

	if (IS_ENABLED(CONFIG_HAVE_HW_BREAKPOINT)) {
		expect_fork_in_order(test, mm_kunit_anon_mm(test, 1));
		return;
	}
	race = new_fork_race(test);
	mm = mm_kunit_anon_mm(test, RACE_PAGES);
	while (race->nr < RACE_PAGES) {
		struct page *page = mm_kunit_page_at(mm,
						     mm_kunit_addr(race->nr));

		race->folios[race->nr++] = page_folio(page);
	}
	expect_no_fork_race(test, race, mm);
}

static void fork_takes_reference_before_mapcount_of_thp(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 1);
	struct fork_race *race;

	if (IS_ENABLED(CONFIG_HAVE_HW_BREAKPOINT)) {
		expect_fork_in_order(test, mm);
		return;
	}
	race = new_fork_race(test);
	race->folios[race->nr++] =
		page_folio(mm_kunit_page_at(mm, MM_KUNIT_BASE));
	expect_no_fork_race(test, race, mm);
}

/* What other cases rest on comes first, so that a crash points at its cause. */
static struct kunit_case fork_cow_cases[] = {
	KUNIT_CASE(fork_shares_page_read_only),
	KUNIT_CASE(fork_copies_pinned_page),
	KUNIT_CASE(fork_copies_page_pinned_for_reading),
	KUNIT_CASE(fork_shares_page_unpinned_before),
	KUNIT_CASE(fork_shares_page_with_references),
	KUNIT_CASE(fork_shares_file_page_of_private_vma),
	KUNIT_CASE(fork_shares_thp_read_only),
	KUNIT_CASE(fork_shares_pte_mapped_thp),
	KUNIT_CASE(fork_of_private_vma_shares_large_file_folio),
	KUNIT_CASE(fork_leaves_thp_of_file_to_be_faulted),
	KUNIT_CASE(fork_splits_pinned_thp),
	KUNIT_CASE(fork_copies_page_of_pinned_pte_mapped_thp),
	KUNIT_CASE(failed_fork_leaves_no_count),
	KUNIT_CASE_SLOW(fork_takes_reference_before_mapcount),
	KUNIT_CASE_SLOW(fork_takes_reference_before_mapcount_of_thp),
	{}
};

static struct kunit_suite fork_cow_suite = {
	.name = "fork_cow",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = fork_cow_cases,
};

kunit_test_suite(fork_cow_suite);

MODULE_DESCRIPTION("KUnit tests for the copy on write of fork()");
MODULE_LICENSE("GPL");
