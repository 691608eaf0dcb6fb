// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration entries.
 *
 * After try_to_migrate() nobody maps the folio, and every secondary MMU was
 * notified. If one mm is missed, its writes go to the old folio and are lost:
 * 017b1660df89 ("mm: migration: fix migration of huge PMD shared pages").
 * remove_migration_ptes() restores every mapping as it was, but for what
 * mprotect(), munmap() and fork() did to the migration entry meanwhile.
 *
 * The cases compare snapshots of the page tables of all mms, and the kernel's
 * counts with the page tables.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>
#include <linux/userfaultfd_k.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/gup.h"
#include "lib/ksm.h"
#include "lib/mappings.h"
#include "lib/notified.h"
#include "lib/notifier.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"
#include "lib/thp.h"

#define RW (PROT_READ | PROT_WRITE)

/* Base pages. */

static void migrate_takes_anon_page_from_its_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3);

	mm_kunit_migrate_there_and_back(test, mm, mm_kunit_addr(1), 1);
	mm_kunit_expect_pages(test, mm, 3);
}

static void migrate_takes_anon_page_from_every_fork(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(child); i++)
		child[i] = mm_kunit_fork(test, i < 2 ? mm : child[i - 1]);
	mm_kunit_migrate_there_and_back(test, mm, mm_kunit_addr(0), 5);
	mm_kunit_expect_pages(test, mm, 2);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		mm_kunit_expect_pages(test, child[i], 2);
}

static void migrate_takes_file_page_from_every_vma(struct kunit *test)
{
	struct mm_struct *a, *b;

	mm_kunit_map_file_thrice(test, &a, &b);
	mm_kunit_migrate_there_and_back(test, a, mm_kunit_addr(2), 3);
	mm_kunit_expect_pages(test, a, 4);
}

/* An address that is off by one shows at the ends of a VMA. */
static void migrate_takes_first_and_last_page_of_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 5);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	long ret;
	int i;

	ret = mm_kunit_munmap(child, mm_kunit_addr(0), PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	ret = mm_kunit_munmap(child, mm_kunit_addr(4), PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	for (i = 0; i < 5; i++)
		mm_kunit_migrate_there_and_back(test, mm, mm_kunit_addr(i),
						i == 0 || i == 4 ? 1 : 2);
	mm_kunit_expect_pages(test, mm, 5);
}

static void migrate_starts_before_and_ends_after_the_change(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_notified_in_order(test, mm, folio_pfn(t.folio));
	mm_kunit_expect_notified_in_order(test, child, folio_pfn(t.folio));
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/*
 * The VMA of another mm covers the page, which that has never touched. It comes
 * first, because a walk ends as soon as nobody maps the page any more.
 */
static void migrate_ends_what_it_starts_where_nothing_is_mapped(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_kunit_target t;
	struct mm_struct *mm;

	mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE, RW, MAP_SHARED,
			 0);
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE, RW,
			      MAP_SHARED, 0);
	mm_kunit_write_pages(test, mm, 1);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1); /* no call is left without its end */
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/**
 * struct restore_row - how an anonymous page is mapped before it migrates
 * @name: what is special
 * @forked: whether it is shared with a child
 * @prot: protection of its VMA
 */
struct restore_row {
	const char *name;
	bool forked;
	unsigned long prot;
};

static const struct restore_row restore_rows[] = {
	{ .name = "exclusive, writable", .prot = RW },
	{ .name = "exclusive, read-only", .prot = PROT_READ },
	{ .name = "shared, writable VMA", .forked = true, .prot = RW },
	{ .name = "shared, read-only VMA", .forked = true, .prot = PROT_READ },
};

/* Migrate the folio of @mm as the row says. Returns its first page. */
static struct page *restore_mapping(struct kunit *test,
				    const struct restore_row *row,
				    struct mm_struct *mm, unsigned long size,
				    struct mm_struct **child)
{
	struct mm_kunit_target t;
	struct page *page;
	bool exclusive;

	*child = row->forked ? mm_kunit_fork(test, mm) : NULL;
	if (row->prot != RW)
		mm_kunit_mprotect(mm, MM_KUNIT_BASE, size, row->prot);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	page = folio_page(t.folio, 0);
	exclusive = PageAnonExclusive(page);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, row->forked ? 2 : 1);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged(test, t.before);
	KUNIT_EXPECT_EQ_MSG(test, (bool)PageAnonExclusive(page), exclusive,
			    "%s", row->name);
	mm_kunit_put_target(&t);
	return page;
}

static void restore_row(struct kunit *test, const struct restore_row *row)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *page = restore_mapping(test, row, mm, PAGE_SIZE, &child);
	long ret = mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE, RW);

	/* A write copies the page only if another mm maps it too. */
	KUNIT_EXPECT_EQ(test, ret, 0L);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ_MSG(test, mm_kunit_page_at(mm, MM_KUNIT_BASE) == page,
			    !row->forked, "%s", row->name);
	if (child)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
				mm_kunit_content(0));
}

static void restore_gives_back_protection_and_ownership(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(restore_rows); i++)
		restore_row(test, &restore_rows[i]);
}

/* mprotect() changes the migration entry, which decides what is restored. */
static void restore_heeds_mprotect_in_between(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;

	mm_kunit_migrate_away(&t, 0);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_mprotect(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE,
					  PROT_READ),
			0L);
	mm_kunit_migrate_back(&t);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_PRESENT);
	KUNIT_EXPECT_EQ(test, entry.pfn, folio_pfn(t.folio));
	KUNIT_EXPECT_FALSE(test, entry.write);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(mm, MM_KUNIT_BASE, 1), -EFAULT);
	mm_kunit_expect_mapped(&t, 1);
	mm_kunit_put_target(&t);
}

static void restore_finds_nothing_after_munmap(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(child, MM_KUNIT_BASE, PAGE_SIZE),
			0L);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(child, MM_KUNIT_BASE).kind,
			(int)MM_KUNIT_NONE);
	mm_kunit_expect_mapped(&t, 1);
	mm_kunit_expect_pages(test, mm, 2);
	mm_kunit_put_target(&t);
}

/* fork() copies migration entries, so the restored page is a shared one. */
static void restore_after_fork_gives_all_a_shared_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).migration, 3);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_mapped(&t, 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).writable, 0);
	KUNIT_EXPECT_FALSE(test, PageAnonExclusive(folio_page(t.folio, 0)));
	mm_kunit_put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
			mm_kunit_content(0));
}

static void migrate_takes_mlocked_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE,
						PAGE_SIZE, RW,
						MAP_SHARED | MAP_LOCKED, 0);
	struct page *page;

	mm_kunit_write_pages(test, mm, 1);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_mlocked(page_folio(page)));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
}

/* Writeback looks at the folio's dirty bit, not at those of PTEs. */
static void migrate_moves_dirty_bit_to_file_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 1);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	folio_clear_dirty(t.folio);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1);
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(t.folio));
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
}

/* hwpoison entries are left, which remove_migration_ptes() must not touch. */
static void migrate_leaves_entries_of_hwpoisoned_page(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_target t;
	u64 value;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "no page can be hwpoisoned");
	mm = mm_kunit_anon_mm(test, 2);
	child = mm_kunit_fork(test, mm);
	t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	SetPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_unmapped(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).hwpoison, 2);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).hwpoison, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(mm, MM_KUNIT_BASE, &value),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(child, MM_KUNIT_BASE, &value),
			-EFAULT);
	ClearPageHWPoison(folio_page(t.folio, 0));
	mm_kunit_put_target(&t);
}

/* A device goes on using the page that it pinned, so that must stay mapped. */
static void migrate_refuses_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	mm_kunit_migration_refused(&t);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(page));
	KUNIT_EXPECT_EQ(test, folio_mapcount(t.folio), 1);
	mm_kunit_put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(7));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
}

/* userfaultfd must still see the next write to the page. */
static void migrate_keeps_uffd_wp_bit(struct kunit *test)
{
	struct mm_struct *mm;
	spinlock_t *ptl; /* protects the PTE */
	pte_t *ptep;

	if (!IS_ENABLED(CONFIG_USERFAULTFD) || !pgtable_supports_uffd())
		kunit_skip(test, "page-table entries have no uffd-wp bit");
	mm = mm_kunit_anon_mm(test, 1);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), VM_UFFD_WP, 0);
	ptep = pte_offset_kernel(mm_kunit_pmd(mm, MM_KUNIT_BASE),
				 MM_KUNIT_BASE);
	ptl = mm_kunit_lockptr(mm, MM_KUNIT_BASE);
	spin_lock(ptl);
	set_pte_at(mm, MM_KUNIT_BASE, ptep,
		   pte_mkuffd(pte_wrprotect(ptep_get(ptep))));
	spin_unlock(ptl);
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).uffd);
	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), 0, VM_UFFD_WP);
}

/*
 * invalidate_range_start() and invalidate_range_end() may sleep, so no
 * page-table lock may be held.
 */
static void notifiers_may_sleep(struct kunit *test)
{
	struct mm_struct *a, *b;
	struct mm_kunit_target t;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "the kernel does not count held spinlocks");
	mm_kunit_map_file_thrice(test, &a, &b);
	t = mm_kunit_target_at(test, a, mm_kunit_addr(2));
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_may_sleep(test, a);
	mm_kunit_expect_may_sleep(test, b);
	mm_kunit_migrate_back(&t);
	mm_kunit_unmap(&t, 0);
	mm_kunit_expect_may_sleep(test, a);
	mm_kunit_expect_may_sleep(test, b);
	mm_kunit_put_target(&t);
}

static void migrate_takes_ksm_page_from_every_mm(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];

	mm_kunit_ksm_merge(test, mm, &ksm);
	mm_kunit_migrate_there_and_back(test, mm[0], MM_KUNIT_BASE, 2);
	mm_kunit_ksm_unmerge(test, ksm);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[0], MM_KUNIT_BASE),
			mm_kunit_content(0));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[1], MM_KUNIT_BASE),
			mm_kunit_content(0));
}

/* Huge pages. */

/* Like mm_kunit_thp_mm(), and the huge page can migrate without a split. */
static struct mm_struct *migrate_thp_mm(struct kunit *test, int nr)
{
	mm_kunit_require_thp(test);
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	return mm_kunit_thp_mm(test, nr);
}

static void migrate_takes_thp_from_every_mm(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE, 2);
	mm_kunit_expect_pages(test, mm, 3);
	mm_kunit_expect_pages(test, child, 3);
}

/*
 * Each PTE maps the page that the PMD mapped there.
 *
 * 939080834fef ("mm/huge_memory: fix early failure try_to_migrate() when split
 * huge pmd for shared THP"): try_to_migrate() gave up behind the first PMD that
 * it split, and the other mms still mapped the folio.
 */
static void migrate_splits_thp_on_the_way(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	int i;

	mm_kunit_migrate_away(&t, TTU_SPLIT_HUGE_PMD);
	mm_kunit_expect_migrating(&t, 2 * t.nr);
	mm_kunit_migrate_back(&t);
	for (i = 0; i < t.nr; i++) {
		struct page *page = folio_page(t.folio, i);
		unsigned long addr = mm_kunit_addr(i);

		KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), page);
		KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, addr), page);
	}
	mm_kunit_expect_mapped(&t, 2 * t.nr);
	mm_kunit_put_target(&t);
	mm_kunit_expect_pages(test, child, 3);
}

/* One mm maps the folio by a PMD, the other a few pages in its middle. */
static void migrate_takes_thp_mapped_in_part(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	unsigned long half = PMD_SIZE / 2;
	unsigned long rest = half - 4 * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(child, MM_KUNIT_BASE, half), 0L);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_munmap(child, MM_KUNIT_BASE + PMD_SIZE - rest,
					rest),
			0L);
	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1 + 4);
	mm_kunit_expect_pages(test, mm, 3);
}

static void migrate_takes_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);

	mm_kunit_split_pmd(test, mm);
	mm_kunit_migrate_there_and_back(test, mm, MM_KUNIT_BASE,
					PMD_SIZE / PAGE_SIZE);
	mm_kunit_expect_pages(test, mm, 3);
}

/* A PMD is restored as a PMD, not as PTEs. */
static void restore_gives_back_thp_protection_and_ownership(struct kunit *test)
{
	struct mm_struct *mm, *child;
	int i;

	for (i = 0; i < ARRAY_SIZE(restore_rows); i++) {
		mm = migrate_thp_mm(test, 1);
		restore_mapping(test, &restore_rows[i], mm, PMD_SIZE, &child);
		if (child)
			mm_kunit_exit_mm(test, child);
		mm_kunit_exit_mm(test, mm);
	}
}

/* As restore_after_fork_gives_all_a_shared_page(), with PMDs. */
static void restore_after_fork_gives_all_a_shared_thp(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 1), *child;
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).migration, 3);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).pmds, 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_target_mappings(&t).writable, 0);
	KUNIT_EXPECT_FALSE(test, PageAnonExclusive(folio_page(t.folio, 0)));
	mm_kunit_put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
			mm_kunit_content(0));
}

static void migrate_refuses_pinned_thp(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);
	unsigned long addr = mm_kunit_addr(1);
	struct page *page = mm_kunit_pin(test, mm, addr, FOLL_WRITE);
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	mm_kunit_migration_refused(&t);
	mm_kunit_expect_unchanged(test, t.before);
	mm_kunit_expect_notified(test, t.before);
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(folio_page(t.folio, 0)));
	mm_kunit_put_target(&t);
	mm_kunit_write(test, mm, addr, mm_kunit_content(7));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), page);
}

static void migrate_takes_file_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_kunit_mappings mappings;
	struct mm_struct *mm[2];
	struct folio *folio;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	folio = page_folio(mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	mappings = mm_kunit_count_mappings(test->priv, folio_page(folio, 0),
					   folio_nr_pages(folio));
	KUNIT_ASSERT_EQ(test, mappings.pmds, 1);
	KUNIT_ASSERT_GE(test, mappings.ptes, 4);
	mm_kunit_migrate_there_and_back(test, mm[1], MM_KUNIT_BASE,
					1 + mappings.ptes);
	mm_kunit_expect_pages(test, mm[0], 4);
	mm_kunit_expect_pages(test, mm[1], 4);
}

static void migrate_takes_tail_of_file_thp(struct kunit *test)
{
	struct mm_struct *mm[2], *tail;

	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	tail = mm_kunit_map_file_thp_tail(test, mm[0], 3);
	mm_kunit_exit_mm(test, mm[0]);
	mm_kunit_exit_mm(test, mm[1]);
	mm_kunit_migrate_there_and_back(test, tail, mm_kunit_addr(700), 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, tail, mm_kunit_addr(702)),
			mm_kunit_content(6));
}

/*
 * Make an mm that maps a huge page by PTEs, at an address that is half a PMD
 * off. Its first half is gone; another huge page has the PMD where that was.
 * Returns where the second half begins.
 */
static unsigned long migrate_behind_another_thp(struct kunit *test,
						struct mm_struct **mm)
{
	unsigned long from = MM_KUNIT_BASE - PMD_SIZE;
	unsigned long to = MM_KUNIT_BASE + 8 * PMD_SIZE + PMD_SIZE / 2;
	unsigned long other = MM_KUNIT_BASE + 9 * PMD_SIZE;
	long ret;

	mm_kunit_require_thp(test);
	*mm = mm_kunit_new_mm(test);
	mm_kunit_mmap_anon(test, *mm, from, 3 * PMD_SIZE);
	ret = mm_kunit_madvise(*mm, from, 3 * PMD_SIZE, MADV_HUGEPAGE);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	mm_kunit_write_pages(test, *mm, MM_KUNIT_HUGE_NR);
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_entry_at(*mm, MM_KUNIT_BASE).size,
			    PMD_SIZE, "the kernel gave no huge page");
	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(*mm, from, 3 * PMD_SIZE, to),
			(long)to);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(*mm, other, PMD_SIZE, MADV_DONTNEED),
			0L);
	mm_kunit_write(test, *mm, other, mm_kunit_content(0));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(*mm, other, PMD_SIZE, MADV_COLLAPSE),
			0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(*mm, other).size, PMD_SIZE);
	return other + PMD_SIZE;
}

/*
 * "mm/page_vma_mapped: continue past nonmatching huge PMDs", 7.3.4 and 6.12.118:
 * the walk took a huge PMD that is not the folio's for the end of the VMA, and
 * never saw the PTEs behind it.
 */
static void migrate_takes_half_of_thp_behind_another_thp(struct kunit *test)
{
	struct mm_struct *mm;
	unsigned long addr = migrate_behind_another_thp(test, &mm);

	mm_kunit_migrate_there_and_back(test, mm, addr, MM_KUNIT_HUGE_NR / 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr),
			mm_kunit_content(MM_KUNIT_HUGE_NR / 2));
}

/* As above, and the other huge page is migrating as well. */
static void migrate_takes_half_of_thp_behind_a_pmd_entry(struct kunit *test)
{
	struct mm_kunit_target other;
	struct mm_struct *mm;
	unsigned long addr;

	mm_kunit_require_thp(test);
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
	addr = migrate_behind_another_thp(test, &mm);
	other = mm_kunit_target_at(test, mm, addr - PMD_SIZE);
	mm_kunit_migrate_away(&other, 0);
	mm_kunit_expect_migrating(&other, 1);
	mm_kunit_migrate_there_and_back(test, mm, addr, MM_KUNIT_HUGE_NR / 2);
	mm_kunit_migrate_back(&other);
	mm_kunit_put_target(&other);
}

/*
 * be6e843fc51a ("mm/huge_memory: fix dereferencing invalid pmd migration
 * entry"): the split of a huge page looks into the VMAs of all that may map it.
 * If it met the migration entry of another, it took that for a pfn. A kernel
 * that does so crashes, so this comes last.
 */
static void migrate_splits_thp_beside_pmd_entry(struct kunit *test)
{
	struct mm_struct *mm = migrate_thp_mm(test, 3);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct mm_kunit_target own, other;

	KUNIT_ASSERT_EQ(test,
			mm_kunit_madvise(child, MM_KUNIT_BASE, PMD_SIZE,
					 MADV_DONTNEED),
			0L);
	mm_kunit_write(test, child, MM_KUNIT_BASE, mm_kunit_content(9));
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).size,
			PMD_SIZE);
	other = mm_kunit_target_at(test, child, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&other, 0);
	mm_kunit_expect_migrating(&other, 1);
	own = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	mm_kunit_migrate_away(&own, TTU_SPLIT_HUGE_PMD);
	mm_kunit_expect_migrating(&own, own.nr);
	mm_kunit_migrate_back(&own);
	mm_kunit_migrate_back(&other);
	mm_kunit_expect_pages(test, mm, 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
			mm_kunit_content(9));
	mm_kunit_put_target(&own);
	mm_kunit_put_target(&other);
}

/* What most others rest on comes first. */
static struct kunit_case rmap_migrate_cases[] = {
	KUNIT_CASE(migrate_takes_anon_page_from_its_mm),
	KUNIT_CASE(migrate_takes_anon_page_from_every_fork),
	KUNIT_CASE(migrate_takes_file_page_from_every_vma),
	KUNIT_CASE(migrate_takes_first_and_last_page_of_vma),
	KUNIT_CASE(migrate_starts_before_and_ends_after_the_change),
	KUNIT_CASE(migrate_ends_what_it_starts_where_nothing_is_mapped),
	KUNIT_CASE(restore_gives_back_protection_and_ownership),
	KUNIT_CASE(restore_heeds_mprotect_in_between),
	KUNIT_CASE(restore_finds_nothing_after_munmap),
	KUNIT_CASE(restore_after_fork_gives_all_a_shared_page),
	KUNIT_CASE(migrate_takes_mlocked_page),
	KUNIT_CASE(migrate_moves_dirty_bit_to_file_page),
	KUNIT_CASE(migrate_leaves_entries_of_hwpoisoned_page),
	KUNIT_CASE(migrate_refuses_pinned_page),
	KUNIT_CASE(migrate_keeps_uffd_wp_bit),
	KUNIT_CASE(notifiers_may_sleep),
	KUNIT_CASE(migrate_takes_ksm_page_from_every_mm),
	KUNIT_CASE(migrate_takes_thp_from_every_mm),
	KUNIT_CASE(migrate_splits_thp_on_the_way),
	KUNIT_CASE(migrate_takes_thp_mapped_in_part),
	KUNIT_CASE(migrate_takes_thp_mapped_by_ptes),
	KUNIT_CASE(restore_gives_back_thp_protection_and_ownership),
	KUNIT_CASE(restore_after_fork_gives_all_a_shared_thp),
	KUNIT_CASE(migrate_refuses_pinned_thp),
	KUNIT_CASE(migrate_takes_file_thp_mapped_by_ptes),
	KUNIT_CASE(migrate_takes_tail_of_file_thp),
	KUNIT_CASE(migrate_takes_half_of_thp_behind_another_thp),
	KUNIT_CASE(migrate_takes_half_of_thp_behind_a_pmd_entry),
	KUNIT_CASE(migrate_splits_thp_beside_pmd_entry),
	{}
};

static struct kunit_suite rmap_migrate_suite = {
	.name = "rmap_migrate",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = rmap_migrate_cases,
};

kunit_test_suite(rmap_migrate_suite);

MODULE_DESCRIPTION("KUnit tests for migration entries");
MODULE_LICENSE("GPL");
