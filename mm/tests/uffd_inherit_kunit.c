// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fork() and mremap() hand on of userfaultfd's write protection.
 *
 * Without the event of fork() or mremap(), the new mapping is not registered
 * with the userfaultfd, so its entries must not say that they are protected:
 * not a present one, not one of a page that is swapped out or migrates, and no
 * marker may be there. And nothing but that may change.
 */
#include <kunit/test.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/mappings.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/settings.h"
#include "lib/snapshot.h"
#include "lib/thp.h"
#include "lib/uffd.h"

#define RW (PROT_READ | PROT_WRITE)

/* Where mremap() moves to: not the same page tables. */
#define TO (MM_KUNIT_BASE + 4 * PUD_SIZE)

/*
 * 0cef0bb836e3 ("mm: clear uffd-wp PTE/PMD state on mremap()"): the mapping was
 * no longer registered at its new place, and the bits and markers stayed.
 */
static void move_protected(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	long ret;

	ret = mm_kunit_mremap(wp.mm, MM_KUNIT_BASE, wp.len, TO);
	KUNIT_ASSERT_EQ(test, ret, (long)TO);
	mm_kunit_expect_unprotected(test, &wp, wp.mm, TO);
}

static void mremap_ends_protection_of_page(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_ANON);
}

static void mremap_ends_protection_of_swap_entry(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_SWAP);
}

static void mremap_ends_protection_of_unpopulated_memory(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_UNPOPULATED);
}

static void mremap_ends_protection_of_thp(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_THP);
}

static void mremap_ends_protection_of_shmem(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_SHMEM);
}

static void mremap_ends_protection_of_private_shmem(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_SHMEM_PRIVATE);
}

static void mremap_ends_protection_of_hugetlb(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_HUGETLB);
}

static void mremap_ends_protection_of_private_hugetlb(struct kunit *test)
{
	move_protected(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

/* 0cef0bb836e3, see above. */
static void move_migrating(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	long ret;

	mm_kunit_migrate_away(&t, 0);
	ret = mm_kunit_mremap(wp.mm, MM_KUNIT_BASE, wp.len, TO);
	KUNIT_EXPECT_EQ(test, ret, (long)TO);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp.mm), 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).migration, 1);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 1);
	mm_kunit_put_target(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_expect_unprotected(test, &wp, wp.mm, TO);
}

static void mremap_ends_protection_of_migrating_page(struct kunit *test)
{
	move_migrating(test, MM_KUNIT_WP_ANON);
}

static void mremap_ends_protection_of_migrating_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	move_migrating(test, MM_KUNIT_WP_THP);
}

static void mremap_ends_protection_of_migrating_hugetlb(struct kunit *test)
{
	move_migrating(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

/*
 * Anonymous memory of @len bytes that is protected, with a page at every
 * @step bytes.
 */
static struct mm_kunit_wp protect_range(struct kunit *test, unsigned long len,
					unsigned long step)
{
	struct mm_kunit_wp wp = {
		.mm = mm_kunit_new_mm(test),
		.len = len,
		.step = step,
		.pages = len / step,
		.filled = len / step,
	};
	int i, ret;

	wp.uffd = mm_kunit_uffd(test, wp.mm, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	mm_kunit_mmap_anon(test, wp.mm, MM_KUNIT_BASE, len);
	if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		KUNIT_ASSERT_EQ(test,
				mm_kunit_madvise(wp.mm, MM_KUNIT_BASE, len,
						 MADV_NOHUGEPAGE),
				0L);
	for (i = 0; i < wp.filled; i++)
		mm_kunit_write(test, wp.mm, MM_KUNIT_BASE + i * step,
			       mm_kunit_content(i));
	ret = mm_kunit_uffd_register(wp.uffd, MM_KUNIT_BASE, len,
				     UFFDIO_REGISTER_MODE_WP);
	KUNIT_ASSERT_EQ(test, ret, 0);
	ret = mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, len, true);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_entries(wp.mm), wp.filled);
	return wp;
}

/* 0cef0bb836e3, see above: a page table as a whole is quicker to move. */
static void mremap_of_page_tables_ends_protection(struct kunit *test)
{
	static const struct {
		unsigned long len, step;
	} ranges[] = {
		{ 2 * PMD_SIZE, PMD_SIZE / 2 },
		{ PUD_SIZE, PUD_SIZE / 2 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct mm_kunit_wp wp =
			protect_range(test, ranges[i].len, ranges[i].step);
		long ret;

		ret = mm_kunit_mremap(wp.mm, MM_KUNIT_BASE, wp.len, TO);
		KUNIT_ASSERT_EQ(test, ret, (long)TO);
		mm_kunit_expect_unprotected(test, &wp, wp.mm, TO);
	}
}

/*
 * 772e5b4a5e83 ("mm/mremap: fix WARN with uffd that has remap events
 * disabled"): a move that fails for want of a page table moves back what it has
 * moved so far. It then took whole page tables, which were still in their old
 * place, and the kernel warned.
 */
static void failed_mremap_leaves_pages_in_place(struct kunit *test)
{
	struct mm_kunit_wp wp;
	bool failed = true;
	int i, nth, failures = 0;
	long ret = 0;

	mm_kunit_inject_failures(test);
	wp = protect_range(test, 4 * PMD_SIZE, PMD_SIZE / 2);
	for (nth = 1; failed && nth < 50; nth++) {
		ret = mm_kunit_mremap_failing(wp.mm, MM_KUNIT_BASE, wp.len, TO,
					      nth, &failed);
		if (ret == (long)TO)
			break;
		failures++;
		KUNIT_ASSERT_EQ(test, ret, (long)-ENOMEM);
		for (i = 0; i < wp.filled; i++) {
			unsigned long addr = MM_KUNIT_BASE + i * wp.step;

			KUNIT_EXPECT_EQ_MSG(test,
					    mm_kunit_read(test, wp.mm, addr),
					    mm_kunit_content(i),
					    "page %d, allocation %d", i, nth);
		}
		KUNIT_ASSERT_FALSE(test, mm_kunit_failed(test));
	}
	KUNIT_ASSERT_EQ(test, ret, (long)TO);
	KUNIT_EXPECT_GE_MSG(test, failures, 1, "no page table was refused");
}

/* The parent keeps all of it, the child has nothing of it. */
static void fork_protected(struct kunit *test, enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_protected(test, memory);
	struct mm_kunit_snapshot *before = mm_kunit_take_snapshot(test);
	struct mm_struct *child = mm_kunit_fork(test, wp.mm);

	mm_kunit_expect_unchanged(test, before);
	mm_kunit_expect_unprotected(test, &wp, child, MM_KUNIT_BASE);
	if (!mm_kunit_failed(test) && memory != MM_KUNIT_WP_SHMEM &&
	    memory != MM_KUNIT_WP_HUGETLB)
		mm_kunit_expect_protected(test, &wp);
}

static void fork_ends_protection_of_page(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_ANON);
}

static void fork_ends_protection_of_swap_entry(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_SWAP);
}

static void fork_ends_protection_of_unpopulated_memory(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_UNPOPULATED);
}

static void fork_ends_protection_of_thp(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_THP);
}

static void fork_ends_protection_of_shmem(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_SHMEM);
}

/*
 * 49d6d7fb6313 ("mm/uffd: fix pte marker when fork() without fork event"): the
 * child got the marker of what is not there.
 */
static void fork_ends_protection_of_private_shmem(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_SHMEM_PRIVATE);
}

static void fork_ends_protection_of_hugetlb(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_HUGETLB);
}

/*
 * 5a2f8d22ace4 ("mm/hugetlb: fix uffd-wp during fork()"): the same for hugetlb,
 * and bits of swap entries were taken for those of present ones.
 */
static void fork_ends_protection_of_private_hugetlb(struct kunit *test)
{
	fork_protected(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
}

/* fork() while the page migrates; the parent is protected or it is not. */
static void fork_migrating(struct kunit *test, enum mm_kunit_wp_memory memory,
			   bool protect)
{
	struct mm_kunit_wp wp = protect ? mm_kunit_protected(test, memory) :
					  mm_kunit_unprotected(test, memory);
	struct mm_kunit_target t =
		mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	int uffd = mm_kunit_uffd_entries(wp.mm);
	unsigned long pfn = folio_pfn(t.folio);
	struct mm_struct *child;

	mm_kunit_migrate_away(&t, 0);
	child = mm_kunit_fork(test, wp.mm);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE).pfn, pfn);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).pfn, pfn);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp.mm), uffd);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(child), 0);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_target_mappings(&t).migration, 2,
			    "an entry stands for another page");
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 2);
	mm_kunit_put_target(&t);
	if (mm_kunit_failed(test))
		return;
	mm_kunit_expect_unprotected(test, &wp, child, MM_KUNIT_BASE);
	if (protect)
		mm_kunit_expect_protected(test, &wp);
}

static void fork_ends_protection_of_migrating_page(struct kunit *test)
{
	fork_migrating(test, MM_KUNIT_WP_ANON, true);
}

/*
 * 24bf08c4376b ("mm/userfaultfd: fix uffd-wp handling for THP migration
 * entries"): the PMD of a THP that migrates did not say that it is protected.
 */
static void fork_ends_protection_of_migrating_thp(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	fork_migrating(test, MM_KUNIT_WP_THP, true);
}

static void fork_ends_protection_of_migrating_hugetlb(struct kunit *test)
{
	fork_migrating(test, MM_KUNIT_WP_HUGETLB_PRIVATE, true);
}

/*
 * 83abe2fd5b3a ("mm/hugetlb: fix swap entry corruption when clearing uffd-wp at
 * fork()"): the bit was cleared as if the page were present,
 * which in a migration or hwpoison entry is a part of what it stands for.
 */
static void fork_keeps_what_migrating_hugetlb_stands_for(struct kunit *test)
{
	fork_migrating(test, MM_KUNIT_WP_HUGETLB_PRIVATE, false);
}

/* 83abe2fd5b3a, see above. */
static void fork_keeps_what_hwpoisoned_hugetlb_stands_for(struct kunit *test)
{
	struct mm_kunit_entry entry, copy;
	struct mm_kunit_target t;
	struct mm_struct *child;
	struct mm_kunit_wp wp;
	u64 value;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "no page can be hwpoisoned");
	wp = mm_kunit_unprotected(test, MM_KUNIT_WP_HUGETLB_PRIVATE);
	t = mm_kunit_target_at(test, wp.mm, MM_KUNIT_BASE);
	SetPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_unmap(&t, TTU_HWPOISON);
	entry = mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_HWPOISON);
	KUNIT_EXPECT_EQ(test, entry.pfn, folio_pfn(t.folio));
	child = mm_kunit_fork(test, wp.mm);
	copy = mm_kunit_entry_at(child, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)copy.kind, (int)MM_KUNIT_HWPOISON);
	KUNIT_EXPECT_EQ(test, copy.pfn, entry.pfn);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(child, MM_KUNIT_BASE, &value),
			-EFAULT);
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

static struct kunit_case uffd_inherit_cases[] = {
	KUNIT_CASE(mremap_ends_protection_of_page),
	KUNIT_CASE(mremap_ends_protection_of_swap_entry),
	KUNIT_CASE(mremap_ends_protection_of_unpopulated_memory),
	KUNIT_CASE(mremap_ends_protection_of_thp),
	KUNIT_CASE(mremap_ends_protection_of_shmem),
	KUNIT_CASE(mremap_ends_protection_of_private_shmem),
	KUNIT_CASE(mremap_ends_protection_of_hugetlb),
	KUNIT_CASE(mremap_ends_protection_of_private_hugetlb),
	KUNIT_CASE(mremap_ends_protection_of_migrating_page),
	KUNIT_CASE(mremap_ends_protection_of_migrating_thp),
	KUNIT_CASE(mremap_ends_protection_of_migrating_hugetlb),
	KUNIT_CASE(mremap_of_page_tables_ends_protection),
	KUNIT_CASE(failed_mremap_leaves_pages_in_place),
	KUNIT_CASE(fork_ends_protection_of_page),
	KUNIT_CASE(fork_ends_protection_of_swap_entry),
	KUNIT_CASE(fork_ends_protection_of_unpopulated_memory),
	KUNIT_CASE(fork_ends_protection_of_thp),
	KUNIT_CASE(fork_ends_protection_of_shmem),
	KUNIT_CASE(fork_ends_protection_of_private_shmem),
	KUNIT_CASE(fork_ends_protection_of_hugetlb),
	KUNIT_CASE(fork_ends_protection_of_private_hugetlb),
	KUNIT_CASE(fork_ends_protection_of_migrating_page),
	KUNIT_CASE(fork_ends_protection_of_migrating_thp),
	KUNIT_CASE(fork_ends_protection_of_migrating_hugetlb),
	KUNIT_CASE(fork_keeps_what_migrating_hugetlb_stands_for),
	KUNIT_CASE(fork_keeps_what_hwpoisoned_hugetlb_stands_for),
	{}
};

static struct kunit_suite uffd_inherit_suite = {
	.name = "uffd_inherit",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = uffd_inherit_cases,
};

kunit_test_suite(uffd_inherit_suite);

MODULE_DESCRIPTION("KUnit tests for userfaultfd, fork() and mremap()");
MODULE_LICENSE("GPL");
