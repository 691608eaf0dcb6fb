// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping through the reverse map, and duplicating a mapping at fork.
 *
 * try_to_unmap() and try_to_migrate() promise that nobody maps the folio any
 * more and that every secondary MMU has heard of it: missing one mm of those
 * that shared a PMD table lost what was written after a migration
 * (017b1660df89, "mm: migration: fix migration of huge PMD shared pages").
 * fork() promises that a page which a device holds stays with the parent:
 * sharing it made the parent's next write go to a copy that the device never
 * sees (70e806e4e645, 6c287605fd56).
 *
 * The cases photograph the page tables of all mms before and after
 * (mm_kunit_photo.h). The kernel's counts are held against them.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_random.h"
#include "mm_kunit_truth.h"

#define RW	(PROT_READ | PROT_WRITE)

/* ------------------------------------------------------------- verbs -- */

static struct mm_struct *shared_mm(struct kunit *test, struct file *file,
				   unsigned long len)
{
	return mm_kunit_map_new(test, file, MM_KUNIT_BASE, len, RW, MAP_SHARED, 0);
}

static void record_all(struct kunit *test, unsigned long watch)
{
	struct mm_kunit *fx = test->priv;
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] && !fx->recorders[i])
			mm_kunit_record(test, fx->mms[i])->watch = watch;
}

/**
 * struct target - a folio that is to be unmapped
 * @test: the case
 * @away: who brings it back, while it is locked and migrates
 * @page: its head, which the case holds a reference to
 * @nr: how many pages it has
 * @i_mmap: what to lock for writing, if it is of a file of hugetlb
 * @owner_refs: its references when nobody maps it, the case's among them
 * @before: the mms while they mapped it
 */
struct target {
	struct kunit *test;
	struct away *away;
	struct page *page;
	int nr;
	struct address_space *i_mmap;
	int owner_refs;
	struct mm_kunit_photo *before;
};

/* Aim at what @mm maps at @addr. All mms are recorded and photographed now. */
static struct target aim(struct kunit *test, struct mm_struct *mm,
			 unsigned long addr)
{
	struct page *page = mm_kunit_page_at(mm, addr);
	struct target t = { .test = test, .owner_refs = 1 };

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	t.page = compound_head(page);
	t.nr = compound_nr(t.page);
	if (!PageAnon(t.page))
		t.owner_refs += PageHuge(t.page) ?
				mm_kunit_hugetlb_cache_refs() : t.nr;
	if (PageHuge(t.page) && !PageAnon(t.page))
		t.i_mmap = mm_kunit_vma(mm, addr)->vm_file->f_mapping;
	record_all(test, addr);
	lru_add_drain_all();
	get_page(t.page);
	t.before = mm_kunit_photograph(test);
	return t;
}

static struct mm_kunit_census census_of(struct kunit *test, struct target *t)
{
	return mm_kunit_take_census(test->priv, t->page, t->nr);
}

static void lock_target(struct target *t)
{
	lock_page(t->page);
	if (t->i_mmap)
		i_mmap_lock_write(t->i_mmap);
}

/* Leaves the page locked, as it must be while it migrates. */
static void unlock_rmap(struct target *t)
{
	if (t->i_mmap)
		i_mmap_unlock_write(t->i_mmap);
}

static void put_target(struct target *t)
{
	put_page(t->page);
}

/**
 * struct away - a page that is locked because it migrates
 * @page: the page
 * @refused: it did not leave its place
 */
struct away {
	struct page *page;
	bool refused;
};

static void bring_back(void *ctx)
{
	struct away *away = ctx;

	if (!away->refused)
		mm_kunit_remove_migration_ptes(away->page, away->page, false);
	unlock_page(away->page);
}

/*
 * Put migration entries where the target is mapped; no mm may touch it now. Of
 * a case that fails meanwhile it comes back all the same, or whoever met one of
 * the entries would wait for ever.
 */
static void take_away(struct target *t, enum ttu_flags flags)
{
	t->away = kunit_kzalloc(t->test, sizeof(*t->away), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(t->test, t->away);
	t->away->page = t->page;
	lock_target(t);
	mm_kunit_try_to_migrate(t->page,
				flags | (t->i_mmap ? TTU_RMAP_LOCKED : 0));
	unlock_rmap(t);
	KUNIT_ASSERT_EQ(t->test, kunit_add_action_or_reset(t->test, bring_back,
							   t->away), 0);
}

static void give_back(struct target *t)
{
	kunit_release_action(t->test, bring_back, t->away);
}

/* It was to be taken away, and has stayed. */
static void leave_there(struct target *t)
{
	t->away->refused = true;
	give_back(t);
}

static bool unmap(struct target *t, enum ttu_flags flags)
{
	bool ret;

	lock_target(t);
	ret = mm_kunit_try_to_unmap(t->page,
				    flags | (t->i_mmap ? TTU_RMAP_LOCKED : 0));
	unlock_rmap(t);
	unlock_page(t->page);
	return ret;
}

/* Nobody maps the target, no count says otherwise, nobody was left untold. */
static void expect_gone(struct kunit *test, struct target *t)
{
	struct mm_kunit_census census = census_of(test, t);

	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, census.ptes, 0);
	KUNIT_EXPECT_EQ(test, census.pmds, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t->page), 0);
	KUNIT_EXPECT_EQ(test, page_count(t->page), t->owner_refs);
	mm_kunit_expect_told(test, t->before);
	if (!t->i_mmap)
		mm_kunit_expect_kept(test, t->before, t->page, t->nr);
}

/* As expect_gone(), with a migration entry for each mapping. */
static void expect_migrating(struct kunit *test, struct target *t,
			     int mappings)
{
	expect_gone(test, t);
	KUNIT_EXPECT_EQ(test, census_of(test, t).migration, mappings);
}

/* Still mapped by @mappings PTEs, and counted so. */
static void expect_mapped(struct kunit *test, struct target *t, int mappings)
{
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, census_of(test, t).ptes, mappings);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t->page), mappings);
	KUNIT_EXPECT_EQ(test, page_count(t->page), t->owner_refs + mappings);
}

/* Migrate what @mm maps at @addr by @mappings entries, and back again. */
static void migrate_there_and_back(struct kunit *test, struct mm_struct *mm,
				   unsigned long addr, int mappings)
{
	struct target t;
	int refs;

	record_all(test, addr);
	t = aim(test, mm, addr);
	refs = page_count(t.page);
	take_away(&t, 0);
	expect_migrating(test, &t, mappings);
	give_back(&t);
	mm_kunit_expect_same(test, t.before);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, page_count(t.page), refs);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), mappings);
	put_target(&t);
}

/* ------------------------------------- small pages: migrate and restore -- */

static void __maybe_unused migrate_takes_anon_page_from_its_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3);

	migrate_there_and_back(test, mm, mm_kunit_addr(1), 1);
	mm_kunit_expect_pages(test, mm, 3);
}

static void __maybe_unused
migrate_takes_anon_page_from_every_fork(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(child); i++)
		child[i] = mm_kunit_fork(test, i < 2 ? mm : child[i - 1]);
	migrate_there_and_back(test, mm, mm_kunit_addr(0), 5);
	mm_kunit_expect_pages(test, mm, 2);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		mm_kunit_expect_pages(test, child[i], 2);
}

/* The file's users see it at two places of one mm, and at a third in another. */
static void map_file_three_times(struct kunit *test, struct mm_struct **a,
				 struct mm_struct **b)
{
	struct file *file = mm_kunit_shmem_file(test, 4 * PAGE_SIZE);

	*a = shared_mm(test, file, 4 * PAGE_SIZE);
	mm_kunit_mmap(test, *a, file, mm_kunit_addr(64), 2 * PAGE_SIZE, PROT_READ,
		      MAP_SHARED, PAGE_SIZE);
	*b = mm_kunit_map_new(test, file, mm_kunit_addr(7), 3 * PAGE_SIZE, RW,
			      MAP_SHARED, PAGE_SIZE);
	mm_kunit_write_pages(test, *a, 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, *a, mm_kunit_addr(65)),
			mm_kunit_content(2));
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, *b, mm_kunit_addr(8)),
			mm_kunit_content(2));
}

static void __maybe_unused
migrate_takes_file_page_from_every_vma(struct kunit *test)
{
	struct mm_struct *a, *b;

	map_file_three_times(test, &a, &b);
	migrate_there_and_back(test, a, mm_kunit_addr(2), 3);
	mm_kunit_expect_pages(test, a, 4);
}

/* The ends of a VMA are where an address that is off by one shows. */
static void __maybe_unused
migrate_takes_first_and_last_page_of_vma(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 5);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	int i;

	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(child, mm_kunit_addr(0), PAGE_SIZE), 0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(child, mm_kunit_addr(4), PAGE_SIZE), 0L);
	for (i = 0; i < 5; i++)
		migrate_there_and_back(test, mm, mm_kunit_addr(i),
				       i == 0 || i == 4 ? 1 : 2);
	mm_kunit_expect_pages(test, mm, 5);
}

/* What userfaultfd watches it must still watch in the new place. */
static void __maybe_unused migrate_keeps_mark_of_userfaultfd(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	spinlock_t *ptl = mm_kunit_lockptr(mm, MM_KUNIT_BASE);
	pte_t *ptep;

	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), VM_UFFD_WP, 0);
	ptep = pte_offset_kernel(mm_kunit_pmd(mm, MM_KUNIT_BASE), MM_KUNIT_BASE);
	spin_lock(ptl);
	*ptep = mm_kunit_pte_mkuffd(pte_wrprotect(*ptep));
	spin_unlock(ptl);
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).uffd);
	migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), 0, VM_UFFD_WP);
}

/* What an mm was told when, seen from its own page tables. */
static void expect_told_in_time(struct kunit *test, struct mm_struct *mm,
				unsigned long pfn)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_recorder *rec = NULL;
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] == mm)
			rec = fx->recorders[i];
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	KUNIT_EXPECT_GE(test, rec->nr, 2);
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];

		KUNIT_EXPECT_EQ_MSG(test, e->pfn,
				    e->kind == MM_KUNIT_START ? pfn : 0,
				    "call %d, kind %d", i, e->kind);
	}
}

static void __maybe_unused
migrate_starts_before_and_ends_after_the_change(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, 0);
	expect_told_in_time(test, mm, page_to_pfn(t.page));
	expect_told_in_time(test, child, page_to_pfn(t.page));
	give_back(&t);
	put_target(&t);
}

static void __maybe_unused
unmap_starts_before_and_ends_after_the_change(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm = shared_mm(test, file, PAGE_SIZE);
	struct target t;

	mm_kunit_write_pages(test, mm, 1);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	unmap(&t, 0);
	expect_told_in_time(test, mm, page_to_pfn(t.page));
	put_target(&t);
}

/* @mm was told of something, and might have slept whenever it was. */
static void expect_may_sleep(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_recorder *rec = NULL;
	int i, calls = 0, asleep = 0;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] == mm)
			rec = fx->recorders[i];
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	for (i = 0; i < rec->nr; i++) {
		if (rec->event[i].kind == MM_KUNIT_SECONDARY)
			continue;
		calls++;
		asleep += rec->event[i].may_sleep;
	}
	KUNIT_EXPECT_GE_MSG(test, calls, 2, "start and end");
	KUNIT_EXPECT_EQ(test, asleep, calls);
	mm_kunit_forget(rec);
}

/* invalidate_range_start() and _end() may sleep: no page-table lock is held. */
static void __maybe_unused notifiers_may_sleep(struct kunit *test)
{
	struct mm_struct *a, *b;
	struct target t;

	map_file_three_times(test, &a, &b);
	t = aim(test, a, mm_kunit_addr(2));
	take_away(&t, 0);
	expect_may_sleep(test, a);
	expect_may_sleep(test, b);
	give_back(&t);
	unmap(&t, 0);
	expect_may_sleep(test, a);
	expect_may_sleep(test, b);
	put_target(&t);
}

/**
 * struct restore_row - how an anonymous page is mapped before it migrates
 * @name: what is special
 * @forked: is it shared with a child
 * @prot: protection of its VMA
 */
static const struct restore_row {
	const char *name;
	bool forked;
	unsigned long prot;
} restore_rows[] = {
	{ .name = "exclusive, writable", .prot = RW },
	{ .name = "exclusive, read-only", .prot = PROT_READ },
	{ .name = "shared, writable VMA", .forked = true, .prot = RW },
	{ .name = "shared, read-only VMA", .forked = true, .prot = PROT_READ },
};

/* Migrate the page or huge page of @mm as the row says; what was migrated, and the child. */
static struct page *restore_mapping(struct kunit *test, const struct restore_row *row,
				    struct mm_struct *mm, unsigned long size,
				    struct mm_struct **child)
{
	bool exclusive;
	struct target t;

	*child = row->forked ? mm_kunit_fork(test, mm) : NULL;
	if (row->prot != RW)
		mm_kunit_mprotect(mm, MM_KUNIT_BASE, size, row->prot);
	t = aim(test, mm, MM_KUNIT_BASE);
	exclusive = mm_kunit_anon_exclusive(t.page);
	take_away(&t, 0);
	expect_migrating(test, &t, row->forked ? 2 : 1);
	give_back(&t);
	mm_kunit_expect_same(test, t.before);
	KUNIT_EXPECT_EQ_MSG(test, mm_kunit_anon_exclusive(t.page), exclusive,
			    "%s", row->name);
	put_target(&t);
	return t.page;
}

static void restore_row(struct kunit *test, const struct restore_row *row)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *page = restore_mapping(test, row, mm, PAGE_SIZE, &child);

	/* Copying needs another's mapping for a reason. */
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(mm, MM_KUNIT_BASE, PAGE_SIZE, RW), 0L);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ_MSG(test, mm_kunit_page_at(mm, MM_KUNIT_BASE) == page,
			    !row->forked, "%s", row->name);
	if (child)
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE),
				mm_kunit_content(0));
}

static void __maybe_unused
restore_gives_back_protection_and_ownership(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(restore_rows); i++)
		restore_row(test, &restore_rows[i]);
}

/* The entry is downgraded meanwhile, and what it stood for must follow. */
static void __maybe_unused
restore_heeds_mprotect_in_between(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct target t = aim(test, mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;

	take_away(&t, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_mprotect(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE,
						PROT_READ), 0L);
	give_back(&t);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_PRESENT);
	KUNIT_EXPECT_EQ(test, entry.pfn, page_to_pfn(t.page));
	KUNIT_EXPECT_FALSE(test, entry.write);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(mm, MM_KUNIT_BASE, 1), -EFAULT);
	expect_mapped(test, &t, 1);
	put_target(&t);
}

static void __maybe_unused
restore_finds_nothing_after_munmap(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct target t = aim(test, mm, MM_KUNIT_BASE);

	take_away(&t, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_munmap(child, MM_KUNIT_BASE, PAGE_SIZE), 0L);
	give_back(&t);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(child, MM_KUNIT_BASE).kind,
			(int)MM_KUNIT_NONE);
	expect_mapped(test, &t, 1);
	mm_kunit_expect_pages(test, mm, 2);
	put_target(&t);
}

/* fork() copies the entry, and the copy's copy; what all get back they share. */
static void __maybe_unused
restore_after_fork_gives_all_a_shared_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct target t = aim(test, mm, MM_KUNIT_BASE);

	take_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).migration, 3);
	give_back(&t);
	expect_mapped(test, &t, 3);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).writable, 0);
	KUNIT_EXPECT_FALSE(test, mm_kunit_anon_exclusive(t.page));
	put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE), mm_kunit_content(0));
}

/* The dirt of a PTE is all that tells that its page must be kept. */
static void __maybe_unused migrate_leaves_dirt_with_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm = shared_mm(test, file, PAGE_SIZE);
	struct target t;

	mm_kunit_write_pages(test, mm, 1);
	t = aim(test, mm, MM_KUNIT_BASE);
	ClearPageDirty(t.page);
	take_away(&t, 0);
	expect_migrating(test, &t, 1);
	KUNIT_EXPECT_TRUE(test, PageDirty(t.page));
	give_back(&t);
	put_target(&t);
}

/* What is broken stays behind as such: there is nothing to bring back. */
static void __maybe_unused migrate_leaves_poison_for_broken_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct target t = aim(test, mm, MM_KUNIT_BASE);
	u64 value;

	SetPageHWPoison(t.page);
	take_away(&t, 0);
	expect_gone(test, &t);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).poison, 2);
	give_back(&t);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).poison, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(mm, MM_KUNIT_BASE, &value), -EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(child, MM_KUNIT_BASE, &value), -EFAULT);
	ClearPageHWPoison(t.page);
	put_target(&t);
}

/* An exclusive page that a device holds must not leave its place. */
static void __maybe_unused migrate_refuses_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, 0);
	leave_there(&t);
	mm_kunit_expect_same(test, t.before);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_exclusive(page));
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 1);
	put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(7));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
}

/* ----------------------------------------------- small pages: unmap -- */

static void unmap_takes_file_page_from_every_vma(struct kunit *test)
{
	struct mm_struct *a, *b;
	struct target t;

	map_file_three_times(test, &a, &b);
	record_all(test, mm_kunit_addr(2));
	t = aim(test, a, mm_kunit_addr(2));
	KUNIT_EXPECT_TRUE(test, unmap(&t, 0));
	expect_gone(test, &t);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(a, mm_kunit_addr(2)).kind,
			(int)MM_KUNIT_NONE);
	mm_kunit_expect_pages(test, a, 4);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(a, mm_kunit_addr(2)), t.page);
	put_target(&t);
}

/* The dirt of a PTE is all that tells that its page must be kept. */
static void unmap_leaves_dirt_with_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *mm = shared_mm(test, file, 2 * PAGE_SIZE);
	struct mm_struct *reader = shared_mm(test, file, 2 * PAGE_SIZE);
	struct target t;

	mm_kunit_write_pages(test, mm, 2);
	mm_kunit_expect_pages(test, reader, 2);
	t = aim(test, mm, MM_KUNIT_BASE);
	ClearPageDirty(t.page);
	KUNIT_EXPECT_TRUE(test, unmap(&t, 0));
	KUNIT_EXPECT_TRUE(test, PageDirty(t.page));
	put_target(&t);
}

/* Who has locked a page into memory keeps it, and the caller can tell. */
static void unmap_refuses_mlocked_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *mm = shared_mm(test, file, 2 * PAGE_SIZE);
	struct target t;

	mm_kunit_write_pages(test, mm, 2);
	/* The VMA is locked, and its page is not yet: the mlock was missed. */
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), VM_LOCKED, 0);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, unmap(&t, 0));
	mm_kunit_expect_same(test, t.before);
	mm_kunit_expect_told(test, t.before);
	expect_mapped(test, &t, 1);
	KUNIT_EXPECT_TRUE(test, mm_kunit_page_mlocked(t.page));

	t.before = mm_kunit_photograph(test);
	KUNIT_EXPECT_TRUE(test, unmap(&t, TTU_IGNORE_MLOCK | TTU_SYNC));
	expect_gone(test, &t);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, MM_KUNIT_BASE), 0, VM_LOCKED);
	put_target(&t);
}

static void __maybe_unused migrate_takes_mlocked_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PAGE_SIZE, RW,
						MAP_SHARED | MAP_LOCKED, 0);
	struct page *page;

	mm_kunit_write_pages(test, mm, 1);
	page = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1);
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, mm_kunit_page_mlocked(page));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
}

/* An mm whose two pages may be thrown away instead of swapped out. */
static struct mm_struct *lazyfree_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2);

	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, MM_KUNIT_BASE, 2 * PAGE_SIZE,
					       MADV_FREE), 0L);
	lru_add_drain_all();
	KUNIT_ASSERT_FALSE(test, mm_kunit_page_swapbacked(mm_kunit_page_at(mm, MM_KUNIT_BASE)));
	return mm;
}

static void unmap_discards_lazyfree_page(struct kunit *test)
{
	struct mm_struct *mm = lazyfree_mm(test);
	struct mm_struct *child = mm_kunit_fork(test, mm);
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_TRUE(test, unmap(&t, 0));
	expect_gone(test, &t);
	put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE), 0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE), 0ULL);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)), mm_kunit_content(1));
}

static void __maybe_unused
unmap_keeps_lazyfree_page_written_since(struct kunit *test)
{
	struct mm_struct *mm = lazyfree_mm(test);
	struct target t;

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(9));
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_FALSE(test, unmap(&t, 0));
	mm_kunit_expect_same(test, t.before);
	mm_kunit_expect_told(test, t.before);
	expect_mapped(test, &t, 1);
	KUNIT_EXPECT_TRUE(test, mm_kunit_page_swapbacked(t.page));
	put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE), mm_kunit_content(9));
}

/* Somebody else looks at it: a device, say, through get_user_pages(). */
static void unmap_keeps_lazyfree_page_with_a_reference(struct kunit *test)
{
	struct mm_struct *mm = lazyfree_mm(test);
	struct target t = aim(test, mm, MM_KUNIT_BASE);

	get_page(t.page);
	KUNIT_EXPECT_FALSE(test, unmap(&t, 0));
	put_page(t.page);
	expect_mapped(test, &t, 1);
	mm_kunit_expect_same(test, t.before);
	put_target(&t);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, MM_KUNIT_BASE), mm_kunit_content(0));
}

/* Nobody may touch a page whose memory is broken, and each finds out. */
static void __maybe_unused unmap_poisons_anon_page_everywhere(struct kunit *test)
{
	struct mm_struct *mm[5] = { mm_kunit_anon_mm(test, 2) };
	struct target t;
	u64 value;
	int i;

	for (i = 1; i < ARRAY_SIZE(mm); i++)
		mm[i] = mm_kunit_fork(test, mm[0]);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(t.page);
	KUNIT_EXPECT_TRUE(test, unmap(&t, MM_KUNIT_TTU_HWPOISON));
	expect_gone(test, &t);
	for (i = 0; i < ARRAY_SIZE(mm); i++) {
		struct mm_kunit_entry entry = mm_kunit_entry_at(mm[i], MM_KUNIT_BASE);

		KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_POISON);
		KUNIT_EXPECT_EQ(test, entry.pfn, page_to_pfn(t.page));
		KUNIT_EXPECT_EQ(test, mm_kunit_load(mm[i], MM_KUNIT_BASE, &value),
				-EFAULT);
		KUNIT_EXPECT_EQ(test, mm_kunit_load(mm[i], mm_kunit_addr(1), &value),
				0);
	}
	ClearPageHWPoison(t.page);
	put_target(&t);
}

/* ------------------------------------------------------------- KSM -- */

static void __maybe_unused migrate_takes_ksm_page_from_every_mm(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];

	mm_kunit_ksm_merge(test, mm, &ksm);
	migrate_there_and_back(test, mm[0], MM_KUNIT_BASE, 2);
	mm_kunit_ksm_unmerge(test, ksm);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[0], MM_KUNIT_BASE), mm_kunit_content(0));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm[1], MM_KUNIT_BASE), mm_kunit_content(0));
}

/* --------------------------------------------------- transparent huge -- */

static void __maybe_unused migrate_takes_thp_from_every_mm(struct kunit *test)
{
	struct mm_struct *mm, *child;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	child = mm_kunit_fork(test, mm);
	migrate_there_and_back(test, mm, MM_KUNIT_BASE, 2);
	mm_kunit_expect_pages(test, mm, 3);
	mm_kunit_expect_pages(test, child, 3);
}

/* Each PTE stands for the page that the PMD had there. */
static void __maybe_unused migrate_splits_thp_on_the_way(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct target t;
	int i;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	child = mm_kunit_fork(test, mm);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, TTU_SPLIT_HUGE_PMD);
	expect_migrating(test, &t, 2 * t.nr);
	give_back(&t);
	for (i = 0; i < t.nr; i++) {
		KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(i)),
				    t.page + i);
		KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(i)),
				    t.page + i);
	}
	expect_mapped(test, &t, 2 * t.nr);
	put_target(&t);
	mm_kunit_expect_pages(test, child, 3);
}

/* One mm has a PMD, the other only a few PTEs in the middle of it. */
static void __maybe_unused migrate_takes_thp_mapped_in_part(struct kunit *test)
{
	struct mm_struct *mm, *child;
	unsigned long half = PMD_SIZE / 2;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	child = mm_kunit_fork(test, mm);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(child, MM_KUNIT_BASE, half), 0L);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(child, MM_KUNIT_BASE + half + 4 * PAGE_SIZE,
					      half - 4 * PAGE_SIZE), 0L);
	migrate_there_and_back(test, mm, MM_KUNIT_BASE, 1 + 4);
	mm_kunit_expect_pages(test, mm, 3);
}

static void __maybe_unused
migrate_takes_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_struct *mm;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	mm_kunit_split_pmd(test, mm);
	migrate_there_and_back(test, mm, MM_KUNIT_BASE, HPAGE_PMD_NR);
	mm_kunit_expect_pages(test, mm, 3);
}

/* A PMD comes back as it was, not split. */
static void __maybe_unused
restore_gives_back_thp_protection_and_ownership(struct kunit *test)
{
	struct mm_struct *mm, *child;
	int i;

	mm_kunit_need_thp(test);
	for (i = 0; i < ARRAY_SIZE(restore_rows); i++) {
		mm = mm_kunit_thp_mm(test, 1);
		restore_mapping(test, &restore_rows[i], mm, PMD_SIZE, &child);
		if (child)
			mm_kunit_exit_mm(test, child);
		mm_kunit_exit_mm(test, mm);
	}
}

/* As restore_after_fork_gives_all_a_shared_page(), with a PMD. */
static void __maybe_unused
restore_after_fork_gives_all_a_shared_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 1);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).migration, 3);
	give_back(&t);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).pmds, 3);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).writable, 0);
	KUNIT_EXPECT_FALSE(test, mm_kunit_anon_exclusive(t.page));
	put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE), mm_kunit_content(0));
}

static void __maybe_unused migrate_refuses_pinned_thp(struct kunit *test)
{
	struct mm_struct *mm;
	struct page *page;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	page = mm_kunit_pin(test, mm, mm_kunit_addr(1), FOLL_WRITE);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, 0);
	leave_there(&t);
	mm_kunit_expect_same(test, t.before);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_exclusive(t.page));
	put_target(&t);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(7));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(1)), page);
}

static void __maybe_unused unmap_takes_file_thp_from_every_mm(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct target t;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	KUNIT_EXPECT_TRUE(test, unmap(&t, TTU_SPLIT_HUGE_PMD));
	expect_gone(test, &t);
	mm_kunit_expect_pages(test, mm[0], 4);
	mm_kunit_expect_pages(test, mm[1], 4);
	KUNIT_EXPECT_PTR_EQ(test, compound_head(mm_kunit_page_at(mm[0], MM_KUNIT_BASE)),
			    t.page);
	put_target(&t);
}

static void __maybe_unused
migrate_takes_file_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_kunit_census census;
	struct mm_struct *mm[2];
	struct page *page;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	page = compound_head(mm_kunit_page_at(mm[0], MM_KUNIT_BASE));
	census = mm_kunit_take_census(test->priv, page, HPAGE_PMD_NR);
	KUNIT_ASSERT_EQ(test, census.pmds, 1);
	KUNIT_ASSERT_GE(test, census.ptes, 4);
	migrate_there_and_back(test, mm[1], MM_KUNIT_BASE, 1 + census.ptes);
	mm_kunit_expect_pages(test, mm[0], 4);
	mm_kunit_expect_pages(test, mm[1], 4);
}

/* Page 4 of a huge page of a file and those after it, by a VMA that begins there. */
static struct mm_struct *map_tail_of_file_thp(struct kunit *test, struct mm_struct *of,
					      int nr)
{
	struct file *file = mm_kunit_vma(of, MM_KUNIT_BASE)->vm_file;
	struct mm_struct *mm = mm_kunit_map_new(test, file, mm_kunit_addr(700),
						nr * PAGE_SIZE, RW, MAP_SHARED,
						4 * PAGE_SIZE);
	int i;

	for (i = 0; i < nr; i++)
		mm_kunit_write(test, mm, mm_kunit_addr(700 + i), mm_kunit_content(4 + i));
	return mm;
}

static void __maybe_unused
unmap_takes_file_thp_mapped_by_ptes(struct kunit *test)
{
	struct mm_struct *mm[2], *tail;
	struct target t;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	tail = map_tail_of_file_thp(test, mm[0], 24);
	record_all(test, mm_kunit_addr(700));
	t = aim(test, mm[0], MM_KUNIT_BASE);
	KUNIT_ASSERT_GE(test, census_of(test, &t).ptes, 28);
	KUNIT_EXPECT_TRUE(test, unmap(&t, TTU_SPLIT_HUGE_PMD));
	expect_gone(test, &t);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(tail, mm_kunit_addr(700)),
			    (struct page *)NULL);
	mm_kunit_expect_pages(test, mm[0], 28);
	mm_kunit_expect_pages(test, mm[1], 28);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, tail, mm_kunit_addr(723)),
			mm_kunit_content(27));
	put_target(&t);
}

static void __maybe_unused
migrate_takes_tail_of_file_thp(struct kunit *test)
{
	struct mm_struct *mm[2], *tail;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	tail = map_tail_of_file_thp(test, mm[0], 3);
	mm_kunit_exit_mm(test, mm[0]);
	mm_kunit_exit_mm(test, mm[1]);
	migrate_there_and_back(test, tail, mm_kunit_addr(700), 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, tail, mm_kunit_addr(702)),
			mm_kunit_content(6));
}

/*
 * The head is mapped by nobody, and only an mlocked VMA maps the rest: an
 * answer that looks at the head alone is wrong.
 */
static void __maybe_unused unmap_refuses_mlocked_tail_of_thp(struct kunit *test)
{
	struct mm_struct *mm;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 3);
	KUNIT_ASSERT_EQ(test, mm_kunit_munmap(mm, MM_KUNIT_BASE, PAGE_SIZE), 0L);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, mm_kunit_addr(1)), VM_LOCKED, 0);
	t = aim(test, mm, mm_kunit_addr(1));
	KUNIT_EXPECT_FALSE_MSG(test, unmap(&t, 0),
			       "try_to_unmap() says that nobody maps it");
	mm_kunit_expect_same(test, t.before);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, mm_kunit_addr(1)), 0, VM_LOCKED);
	put_target(&t);
}

/* ----------------------------------------------------------- hugetlb -- */

/* @n mms that map a file at the same place, and have a PMD table in common. */
static struct file *map_hugetlb(struct kunit *test, struct mm_struct **mm, int n)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct page *table;
	int i;

	for (i = 0; i < n; i++) {
		mm[i] = shared_mm(test, file, PUD_SIZE);
		mm_kunit_write(test, mm[i], MM_KUNIT_BASE + i * sizeof(u64), mm_kunit_content(i));
	}
	table = mm_kunit_pmd_table(mm[0], MM_KUNIT_BASE);
	KUNIT_ASSERT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), n);
	return file;
}

/* The first @words words of the huge page are what was written to them. */
static void expect_words(struct kunit *test, struct mm_struct *mm, int words)
{
	int i;

	for (i = 0; i < words; i++)
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_read(test, mm,
							MM_KUNIT_BASE + i * sizeof(u64)),
				    mm_kunit_content(i), "word %d", i);
}

static void expect_hugetlb_truth(struct kunit *test)
{
	char why[160];

	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_hugetlb_truth(test->priv, why,
							   sizeof(why)),
			      "%s", why);
}

/*
 * 017b1660df89: one mm was taken out of the sharing, the others kept the old
 * page, and what they wrote after the copy was lost.
 */
static void migrate_hugetlb_of(struct kunit *test, int n)
{
	struct mm_struct *mm[MM_KUNIT_MAX_MMS];
	struct page *old, *new;
	int i;

	map_hugetlb(test, mm, n);
	old = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	record_all(test, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, mm_kunit_migrate_huge_page(old), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(mm[i], MM_KUNIT_BASE), old);
	for (i = 0; i < n; i++)
		mm_kunit_write(test, mm[i], MM_KUNIT_BASE + (n + i) * sizeof(u64),
			       mm_kunit_content(n + i));

	new = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm[i], MM_KUNIT_BASE), new);
		expect_words(test, mm[i], 2 * n);
	}
	expect_hugetlb_truth(test);
}

static void __maybe_unused
migrate_pages_of_two_sharers_keeps_every_write(struct kunit *test)
{
	migrate_hugetlb_of(test, 2);
}

static void __maybe_unused
migrate_pages_of_three_sharers_keeps_every_write(struct kunit *test)
{
	migrate_hugetlb_of(test, 3);
}

static void __maybe_unused
migrate_pages_of_eight_sharers_keeps_every_write(struct kunit *test)
{
	migrate_hugetlb_of(test, 8);
}

/* All but the last sharer lose the table, and the last one has the entry. */
static void __maybe_unused migrate_takes_hugetlb_from_every_sharer(struct kunit *test)
{
	struct mm_struct *mm[3];
	struct page *table;
	struct target t;
	int i;

	map_hugetlb(test, mm, 3);
	table = mm_kunit_pmd_table(mm[0], MM_KUNIT_BASE);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	take_away(&t, 0);
	expect_migrating(test, &t, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), 1);
	give_back(&t);
	put_target(&t);
	for (i = 0; i < 3; i++)
		expect_words(test, mm[i], 3);
	KUNIT_EXPECT_EQ(test, mm_kunit_pmd_table_owners(test->priv, table), 3);
	expect_hugetlb_truth(test);
}

static void __maybe_unused
migrate_tells_every_sharer_of_whole_pud(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm[3];
	struct target t;
	int i;

	map_hugetlb(test, mm, 3);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	take_away(&t, 0);
	for (i = 0; i < 3; i++) {
		struct mm_kunit_recorder *rec = fx->recorders[i];

		KUNIT_EXPECT_TRUE(test, mm_kunit_was_told(rec, MM_KUNIT_START, MM_KUNIT_BASE,
							  MM_KUNIT_BASE + PUD_SIZE));
		KUNIT_EXPECT_TRUE(test, mm_kunit_was_told(rec, MM_KUNIT_END, MM_KUNIT_BASE,
							  MM_KUNIT_BASE + PUD_SIZE));
		expect_told_in_time(test, mm[i], page_to_pfn(t.page));
	}
	give_back(&t);
	put_target(&t);
}

/* A huge page has locks of its own, and none of them may be a spinlock here. */
static void __maybe_unused notifiers_of_hugetlb_may_sleep(struct kunit *test)
{
	struct mm_struct *mm[2];
	struct target t;

	map_hugetlb(test, mm, 2);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	take_away(&t, 0);
	expect_may_sleep(test, mm[0]);
	expect_may_sleep(test, mm[1]);
	give_back(&t);
	put_target(&t);
}

/* a4a118f2eead: an unshare that is not flushed leaves all of a PUD behind. */
static void __maybe_unused
secondary_tlb_of_sharer_hears_after_flush(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm[3];
	struct target t;
	int i, j, told = 0;

	map_hugetlb(test, mm, 3);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	take_away(&t, 0);
	for (i = 0; i < 3; i++) {
		struct mm_kunit_recorder *rec = fx->recorders[i];

		for (j = 0; j < rec->nr; j++) {
			struct mm_kunit_event *e = &rec->event[j];

			if (e->kind != MM_KUNIT_SECONDARY)
				continue;
			KUNIT_EXPECT_GT(test, e->tlb_gen, rec->event[0].tlb_gen);
			if (e->start <= MM_KUNIT_BASE && e->end >= MM_KUNIT_BASE + PUD_SIZE)
				told |= 1 << i;
		}
	}
	KUNIT_EXPECT_GE_MSG(test, (int)hweight32(told), 2,
			    "two sharers lost a PUD");
	give_back(&t);
	put_target(&t);
}

/**
 * struct range_row - a hugetlb VMA of which no unshare can take a whole PUD
 * @name: which condition it fails
 * @flags: MAP_SHARED or MAP_PRIVATE
 * @start: where it starts, from MM_KUNIT_BASE
 * @end: where it ends, from MM_KUNIT_BASE
 */
static const struct range_row {
	const char *name;
	unsigned long flags;
	unsigned long start;
	unsigned long end;
} range_rows[] = {
	{ .name = "private", .flags = MAP_PRIVATE, .end = PUD_SIZE },
	{ .name = "starts late", .flags = MAP_SHARED,
	  .start = PMD_SIZE, .end = PUD_SIZE },
	{ .name = "ends early", .flags = MAP_SHARED, .end = PUD_SIZE - PMD_SIZE },
};

static void __maybe_unused
migrate_in_unshareable_vma_tells_of_one_page(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_struct *mm;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(range_rows); i++) {
		const struct range_row *row = &range_rows[i];
		unsigned long addr = MM_KUNIT_BASE + 2 * PMD_SIZE;
		struct target t;

		mm = mm_kunit_map_new(test, mm_kunit_hugetlb_file(test, PUD_SIZE),
				      MM_KUNIT_BASE + row->start, row->end - row->start,
				      RW, row->flags, 0);
		mm_kunit_write(test, mm, addr, mm_kunit_content(i));
		record_all(test, addr);
		t = aim(test, mm, addr);
		take_away(&t, 0);
		expect_migrating(test, &t, 1);
		for (j = 0; j < fx->recorders[0]->nr; j++) {
			struct mm_kunit_event *e = &fx->recorders[0]->event[j];

			KUNIT_EXPECT_GE_MSG(test, e->start, addr, "%s", row->name);
			KUNIT_EXPECT_LE_MSG(test, e->end, addr + PMD_SIZE, "%s",
					    row->name);
		}
		give_back(&t);
		mm_kunit_expect_same(test, t.before);
		put_target(&t);
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr), mm_kunit_content(i));
		mm_kunit_exit_mm(test, mm);
	}
}

/* A private mapping with a huge page of its own. */
static struct mm_struct *private_hugetlb_mm(struct kunit *test)
{
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, mm_kunit_hugetlb_file(test, PUD_SIZE), MM_KUNIT_BASE,
			      PUD_SIZE, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(0));
	KUNIT_ASSERT_TRUE(test, PageAnon(mm_kunit_page_at(mm, MM_KUNIT_BASE)));
	return mm;
}

static void __maybe_unused
migrate_takes_private_hugetlb_from_every_fork(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test);
	struct mm_struct *child = mm_kunit_fork(test, mm);

	migrate_there_and_back(test, mm, MM_KUNIT_BASE, 2);
	expect_words(test, mm, 1);
	expect_words(test, child, 1);
}

/* As restore_after_fork_gives_all_a_shared_page(), with a huge page. */
static void __maybe_unused
restore_after_fork_gives_all_shared_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test), *child;
	struct target t = aim(test, mm, MM_KUNIT_BASE);

	take_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	mm_kunit_fork(test, child);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).migration, 3);
	give_back(&t);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).migration, 0);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).writable, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), 3);
	KUNIT_EXPECT_FALSE(test, mm_kunit_anon_exclusive(t.page));
	put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(1));
	expect_words(test, child, 1);
}

/*
 * Who holds the lock of a hugetlb VMA relies on its page tables; the walk goes
 * on without it, and must not unshare or unmap what is there.
 */
static void __maybe_unused hugetlb_of_locked_vma_stays(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct mm_struct *mm[2];
	struct target t;

	map_hugetlb(test, mm, 2);
	vma = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	mm_kunit_hugetlb_vma_lock_write(vma);
	take_away(&t, 0);
	mm_kunit_hugetlb_vma_unlock_write(vma);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm[0], MM_KUNIT_BASE), t.page);
	mm_kunit_expect_told(test, t.before);
	give_back(&t);
	put_target(&t);
	expect_hugetlb_truth(test);
	expect_words(test, mm[0], 2);
	expect_words(test, mm[1], 2);
}

static void __maybe_unused poison_of_hugetlb_of_locked_vma_waits(struct kunit *test)
{
	struct vm_area_struct *vma;
	struct mm_struct *mm[1];
	struct target t;
	bool gone;

	map_hugetlb(test, mm, 1);
	vma = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(t.page);
	mm_kunit_hugetlb_vma_lock_write(vma);
	gone = unmap(&t, MM_KUNIT_TTU_HWPOISON);
	mm_kunit_hugetlb_vma_unlock_write(vma);
	KUNIT_EXPECT_FALSE(test, gone);
	mm_kunit_expect_same(test, t.before);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), 1);
	ClearPageHWPoison(t.page);
	put_target(&t);
	expect_words(test, mm[0], 1);
}

static void __maybe_unused
migrate_refuses_pinned_private_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test);
	struct page *page = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	take_away(&t, 0);
	leave_there(&t);
	mm_kunit_expect_same(test, t.before);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_TRUE(test, mm_kunit_anon_exclusive(page));
	put_target(&t);
}

static void __maybe_unused unmap_poisons_hugetlb_everywhere(struct kunit *test)
{
	struct mm_struct *mm[3];
	struct target t;
	u64 value;
	int i;

	map_hugetlb(test, mm, 3);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm[0], MM_KUNIT_BASE);
	SetPageHWPoison(t.page);
	KUNIT_EXPECT_TRUE(test, unmap(&t, MM_KUNIT_TTU_HWPOISON));
	expect_gone(test, &t);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).poison, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_load(mm[i], MM_KUNIT_BASE, &value), -EFAULT);
	ClearPageHWPoison(t.page);
	put_target(&t);
}

/* A child that comes later finds the poison as well. */
static void __maybe_unused
unmap_poisons_private_hugetlb_everywhere(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test), *child[2];
	struct target t;
	u64 value;
	int i;

	child[0] = mm_kunit_fork(test, mm);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, mm_kunit_hugetlb_usage(mm), (long)t.nr);
	SetPageHWPoison(t.page);
	KUNIT_EXPECT_TRUE(test, unmap(&t, MM_KUNIT_TTU_HWPOISON));
	expect_gone(test, &t);
	KUNIT_EXPECT_EQ(test, mm_kunit_hugetlb_usage(mm), 0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_hugetlb_usage(child[0]), 0L);
	child[1] = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).poison, 3);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, mm_kunit_load(child[i], MM_KUNIT_BASE, &value),
				-EFAULT);
	ClearPageHWPoison(t.page);
	put_target(&t);
}

/* ------------------------------------------ duplicating a mapping: table -- */

/* Pages that a duplication is watched on: those it is about and neighbours. */
#define DUP_PAGES	8

/**
 * struct dup_state - all that a duplication may change, and all that it may not
 * @refs: references to the folio
 * @pins: its pins, where it counts them apart
 * @entire: how often it is mapped as a whole
 * @large: its own count of all its mappings
 * @mm: how often the new mapping's mm maps it, where that is tracked
 * @mapcount: how often each watched page is mapped by PTEs
 * @exclusive: does each watched page belong to one mm alone
 */
struct dup_state {
	int refs;
	int pins;
	int entire;
	int large;
	int mm;
	int mapcount[DUP_PAGES];
	bool exclusive[DUP_PAGES];
};

/**
 * struct dup - a mapping that is to be duplicated
 * @level: by which function
 * @src: its VMA
 * @dst: the VMA of the new mapping
 * @head: the folio
 * @first: its first watched page
 * @watched: how many are watched
 * @at: which of these is the first to be duplicated
 * @nr: how many are
 * @raised: references that the case has added
 * @ptl: lock of the old mapping's entry, while it is held
 */
struct dup {
	enum mm_kunit_level_of_dup level;
	struct vm_area_struct *src;
	struct vm_area_struct *dst;
	struct page *head;
	struct page *first;
	int watched;
	int at;
	int nr;
	int raised;
	spinlock_t *ptl;	/* protects the old mapping's entry */
};

static struct dup_state dup_state(struct dup *d)
{
	struct dup_state state = {
		.refs = page_count(d->head),
		.pins = mm_kunit_pincount(d->head),
		.entire = mm_kunit_entire_mapcount(d->head),
		.large = mm_kunit_large_mapcount(d->head),
		.mm = mm_kunit_mm_mapcount(d->head, d->dst->vm_mm),
	};
	int i;

	for (i = 0; i < d->watched; i++) {
		state.mapcount[i] = mm_kunit_page_mapcount(d->first + i);
		state.exclusive[i] = mm_kunit_anon_exclusive(d->first + i);
	}
	return state;
}

/* What a duplication that succeeds makes of a state. */
static struct dup_state duplicated(struct dup *d, struct dup_state state)
{
	bool large = PageCompound(d->head);
	bool whole = d->level == MM_KUNIT_DUP_PMD ||
		     d->level == MM_KUNIT_DUP_HUGETLB;
	int i;

	for (i = d->at; i < d->at + d->nr; i++) {
		state.exclusive[i] = false;
		if (!whole && (!large || mm_kunit_counts_pages()))
			state.mapcount[i]++;
	}
	if (whole)
		state.entire++;
	if (large && IS_ENABLED(CONFIG_MM_KUNIT_HAS_LARGE_MAPCOUNT))
		state.large += whole ? 1 : d->nr;
	if (large && IS_ENABLED(CONFIG_MM_ID) && !PageHuge(d->head))
		state.mm += whole ? 1 : d->nr;
	return state;
}

static void expect_state(struct kunit *test, struct dup *d, const char *name,
			 struct dup_state want)
{
	struct dup_state got = dup_state(d);
	int i;

	KUNIT_EXPECT_EQ_MSG(test, got.refs, want.refs, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.pins, want.pins, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.entire, want.entire, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.large, want.large, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, got.mm, want.mm, "%s", name);
	for (i = 0; i < d->watched; i++) {
		KUNIT_EXPECT_EQ_MSG(test, got.mapcount[i], want.mapcount[i],
				    "%s, page %d", name, i);
		KUNIT_EXPECT_EQ_MSG(test, got.exclusive[i], want.exclusive[i],
				    "%s, page %d", name, i);
	}
}

/* What fork() holds while it duplicates, but for the references. */
static void lock_dup(struct dup *d)
	__acquires(d->ptl)
{
	struct mm_struct *mm = d->src->vm_mm;

	mmap_write_lock(mm);
	d->ptl = mm_kunit_lockptr(mm, d->src->vm_start);
	spin_lock(d->ptl);
	raw_write_seqcount_begin(&mm->write_protect_seq);
}

static void unlock_dup(struct dup *d)
	__releases(d->ptl)
{
	struct mm_struct *mm = d->src->vm_mm;

	raw_write_seqcount_end(&mm->write_protect_seq);
	spin_unlock(d->ptl);
	mmap_write_unlock(mm);
}

/* Duplicate as fork() does, see what that did, and undo it. */
static void expect_dup(struct kunit *test, struct dup *d, const char *name,
		       int want)
{
	struct dup_state before;
	int ret;

	before = dup_state(d);
	lock_dup(d);
	ret = mm_kunit_try_dup_anon_rmap(d->first + d->at, d->nr, d->level,
					 d->dst, d->src);
	unlock_dup(d);
	KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", name);
	expect_state(test, d, name, want ? before : duplicated(d, before));
	if (ret)
		return;
	lock_dup(d);
	mm_kunit_undo_dup(d->first + d->at, d->nr, d->level, d->dst);
	unlock_dup(d);
}

static void expect_shared(struct kunit *test, struct dup *d, const char *name,
			  int want)
{
	struct dup_state expected = dup_state(d);
	int ret;

	if (!want)
		expected.exclusive[d->at] = false;
	lock_dup(d);
	ret = mm_kunit_try_share_anon_rmap(d->first + d->at, d->level);
	unlock_dup(d);
	KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", name);
	expect_state(test, d, name, expected);
}

/**
 * enum dup_prep - how somebody else may hold the page
 * @ALONE: nobody does
 * @ONCE_PINNED: nobody does, but the mm has pinned a page before
 * @PINNED: a device, pinned through GUP
 * @PINNED_UNNOTICED: the same, but the mm says that it never pinned a page
 * @UNPINNED: a device did, and has let go
 * @REFERENCED: a few references, none of them a pin
 * @BELOW_BIAS: references, one fewer than a pin of a small page counts for
 * @AT_BIAS: as many
 * @ABOVE_BIAS: one more
 */
enum dup_prep {
	ALONE,
	ONCE_PINNED,
	PINNED,
	PINNED_UNNOTICED,
	UNPINNED,
	REFERENCED,
	BELOW_BIAS,
	AT_BIAS,
	ABOVE_BIAS,
};

/**
 * struct dup_row - a state of a page, and what may be done to it
 * @name: what is special
 * @prep: how somebody else may hold it
 * @small_pinned: does a small page in this state count as pinned
 * @large_pinned: does a large one
 * @mm_pinned: has its mm ever pinned a page, as the mm says
 */
static const struct dup_row {
	const char *name;
	enum dup_prep prep;
	bool small_pinned;
	bool large_pinned;
	bool mm_pinned;
} dup_rows[] = {
	{ .name = "alone", .prep = ALONE },
	{ .name = "once pinned", .prep = ONCE_PINNED, .mm_pinned = true },
	{ .name = "pinned", .prep = PINNED, .small_pinned = true,
	  .large_pinned = true, .mm_pinned = true },
	{ .name = "pinned, unnoticed", .prep = PINNED_UNNOTICED,
	  .small_pinned = true, .large_pinned = true },
	{ .name = "unpinned", .prep = UNPINNED, .mm_pinned = true },
	{ .name = "referenced", .prep = REFERENCED, .mm_pinned = true },
	{ .name = "below bias", .prep = BELOW_BIAS, .mm_pinned = true },
	{ .name = "at bias", .prep = AT_BIAS, .small_pinned = true,
	  .mm_pinned = true },
	{ .name = "above bias", .prep = ABOVE_BIAS, .small_pinned = true,
	  .mm_pinned = true },
};

static bool counts_as_pinned(struct dup *d, const struct dup_row *row)
{
	return PageCompound(d->head) ? row->large_pinned : row->small_pinned;
}

static void raise_refs(struct dup *d, int to)
{
	d->raised = to - page_count(d->head);
	page_ref_add(d->head, d->raised);
}

/* Bring a page that belongs to one mm alone into the state of a row. */
static void prepare(struct kunit *test, struct dup *d, const struct dup_row *row)
{
	struct mm_struct *mm = d->src->vm_mm;
	unsigned long addr = d->src->vm_start + d->at * PAGE_SIZE;
	int bias = GUP_PIN_COUNTING_BIAS;
	struct page *pin;

	lru_add_drain_all();
	d->raised = 0;
	switch (row->prep) {
	case PINNED:
	case PINNED_UNNOTICED:
		mm_kunit_pin(test, mm, addr, FOLL_WRITE);
		break;
	case UNPINNED:
		pin = mm_kunit_pin(test, mm, addr, FOLL_WRITE);
		mm_kunit_unpin(test, pin);
		break;
	case REFERENCED:
		raise_refs(d, page_count(d->head) + 5);
		break;
	case BELOW_BIAS:
		raise_refs(d, bias - 1);
		break;
	case AT_BIAS:
		raise_refs(d, bias);
		break;
	case ABOVE_BIAS:
		raise_refs(d, bias + 1);
		break;
	case ALONE:
	case ONCE_PINNED:
		break;
	}
	mm_kunit_set_has_pinned(mm, row->mm_pinned);
}

/* End of a row: nobody holds the page but the mms, which exit. */
static void clear_away(struct kunit *test, struct dup *d)
{
	struct mm_kunit *fx = test->priv;
	int i;

	page_ref_sub(d->head, d->raised);
	for (i = 0; i < MM_KUNIT_MAX_PINS; i++) {
		if (!fx->pins[i])
			continue;
		/* A page that was pinned must not have been shared, says GUP. */
		mm_kunit_set_anon_exclusive(fx->pins[i], true);
		mm_kunit_unpin(test, fx->pins[i]);
	}
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_put_files(test);
}

/**
 * struct dup_shape - how the page of a table of rows is mapped
 * @level: by which function it is duplicated
 * @make: makes an mm that alone maps a new one at MM_KUNIT_BASE
 * @at: which page of it the table is about
 */
struct dup_shape {
	enum mm_kunit_level_of_dup level;
	struct mm_struct *(*make)(struct kunit *test);
	int at;
};

/* Of hugetlb all is in the head. */
static int watched_pages(struct page *head)
{
	return PageCompound(head) && !PageHuge(head) ? DUP_PAGES : 1;
}

static struct dup make_dup(struct kunit *test, const struct dup_shape *shape)
{
	struct mm_struct *mm = shape->make(test);
	struct mm_struct *other = mm_kunit_new_mm(test);
	struct dup d = {
		.level = shape->level,
		.src = mm_kunit_vma(mm, MM_KUNIT_BASE),
		.at = shape->at,
		.nr = 1,
	};

	mm_kunit_mmap_anon(test, other, MM_KUNIT_BASE, PMD_SIZE);
	d.dst = mm_kunit_vma(other, MM_KUNIT_BASE);
	d.first = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	d.head = compound_head(d.first);
	d.watched = watched_pages(d.head);
	return d;
}

/*
 * A fork that does not know of the pin makes the page a shared one. The child
 * is who it is duplicated for, as if it mapped it once more.
 */
static void share_page(struct kunit *test, struct dup *d)
{
	struct mm_struct *mm = d->src->vm_mm;

	mm_kunit_set_has_pinned(mm, false);
	d->dst = mm_kunit_vma(mm_kunit_fork(test, mm), MM_KUNIT_BASE);
	KUNIT_ASSERT_FALSE(test, mm_kunit_anon_exclusive(d->first + d->at));
}

static void dup_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct dup d = make_dup(test, shape);

		prepare(test, &d, row);
		expect_dup(test, &d, row->name, row->mm_pinned &&
			   counts_as_pinned(&d, row) ? -EBUSY : 0);
		clear_away(test, &d);
	}
}

/* Shared pages may be duplicated whoever holds them, 6c287605fd56. */
static void dup_shared_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct dup d = make_dup(test, shape);

		prepare(test, &d, row);
		share_page(test, &d);
		mm_kunit_set_has_pinned(d.src->vm_mm, row->mm_pinned);
		expect_dup(test, &d, row->name, 0);
		clear_away(test, &d);
	}
}

/* Here only the page is asked, whatever the mm says. */
static void share_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct dup d = make_dup(test, shape);

		prepare(test, &d, row);
		expect_shared(test, &d, row->name,
			      counts_as_pinned(&d, row) ? -EBUSY : 0);
		clear_away(test, &d);
	}
}

static void needs_cow_table(struct kunit *test, const struct dup_shape *shape)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dup_rows); i++) {
		const struct dup_row *row = &dup_rows[i];
		struct dup d = make_dup(test, shape);
		bool want = row->mm_pinned && counts_as_pinned(&d, row);
		struct dup_state before;
		bool ret;

		prepare(test, &d, row);
		before = dup_state(&d);
		lock_dup(&d);
		ret = mm_kunit_needs_cow_for_dma(d.src, d.first + d.at);
		unlock_dup(&d);
		KUNIT_EXPECT_EQ_MSG(test, ret, want, "%s", row->name);
		expect_state(test, &d, row->name, before);
		clear_away(test, &d);
	}
}

static struct mm_struct *make_small(struct kunit *test)
{
	return mm_kunit_anon_mm(test, 1);
}

static struct mm_struct *make_pmd(struct kunit *test)
{
	return mm_kunit_thp_mm(test, 1);
}

static struct mm_struct *make_ptes(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 1);

	mm_kunit_split_pmd(test, mm);
	return mm;
}

static struct mm_struct *make_hugetlb(struct kunit *test)
{
	return private_hugetlb_mm(test);
}

static const struct dup_shape __maybe_unused small_shape = {
	.level = MM_KUNIT_DUP_PTE, .make = make_small,
};

static const struct dup_shape __maybe_unused part_shape = {
	.level = MM_KUNIT_DUP_PTE, .make = make_ptes, .at = 5,
};

static const struct dup_shape __maybe_unused pmd_shape = {
	.level = MM_KUNIT_DUP_PMD, .make = make_pmd,
};

static const struct dup_shape __maybe_unused hugetlb_shape = {
	.level = MM_KUNIT_DUP_HUGETLB, .make = make_hugetlb,
};

static void __maybe_unused dup_small_page(struct kunit *test)
{
	dup_table(test, &small_shape);
}

static void __maybe_unused dup_shared_small_page(struct kunit *test)
{
	dup_shared_table(test, &small_shape);
}

static void __maybe_unused dup_page_of_large_folio(struct kunit *test)
{
	mm_kunit_need_thp(test);
	dup_table(test, &part_shape);
}

static void __maybe_unused dup_shared_page_of_large_folio(struct kunit *test)
{
	mm_kunit_need_thp(test);
	dup_shared_table(test, &part_shape);
}

static void __maybe_unused dup_pmd(struct kunit *test)
{
	mm_kunit_need_thp(test);
	dup_table(test, &pmd_shape);
}

static void __maybe_unused dup_shared_pmd(struct kunit *test)
{
	mm_kunit_need_thp(test);
	dup_shared_table(test, &pmd_shape);
}

static void __maybe_unused dup_hugetlb(struct kunit *test)
{
	dup_table(test, &hugetlb_shape);
}

static void __maybe_unused dup_shared_hugetlb(struct kunit *test)
{
	dup_shared_table(test, &hugetlb_shape);
}

static void __maybe_unused share_small_page(struct kunit *test)
{
	share_table(test, &small_shape);
}

static void __maybe_unused share_page_of_large_folio(struct kunit *test)
{
	mm_kunit_need_thp(test);
	share_table(test, &part_shape);
}

static void __maybe_unused share_pmd(struct kunit *test)
{
	mm_kunit_need_thp(test);
	share_table(test, &pmd_shape);
}

static void __maybe_unused share_hugetlb(struct kunit *test)
{
	share_table(test, &hugetlb_shape);
}

static void __maybe_unused needs_cow_of_small_page(struct kunit *test)
{
	needs_cow_table(test, &small_shape);
}

static void __maybe_unused needs_cow_of_large_folio(struct kunit *test)
{
	mm_kunit_need_thp(test);
	needs_cow_table(test, &pmd_shape);
}

/**
 * struct batch_row - which pages of a batch belong to one mm alone
 * @name: what is special
 * @exclusive: a bit for each page of it
 */
static const struct batch_row {
	const char *name;
	unsigned int exclusive;
} batch_rows[] = {
	{ .name = "none", .exclusive = 0x0 },
	{ .name = "the first", .exclusive = 0x1 },
	{ .name = "one inside", .exclusive = 0x4 },
	{ .name = "the last", .exclusive = 0x8 },
	{ .name = "first and last", .exclusive = 0x9 },
	{ .name = "all", .exclusive = 0xf },
};

/* Four pages of a large folio, with neighbours that belong to one mm alone. */
static struct dup make_batch(struct kunit *test, const struct batch_row *row)
{
	static const struct dup_shape shape = {
		.level = MM_KUNIT_DUP_PTES, .make = make_ptes, .at = 2,
	};
	struct dup d = make_dup(test, &shape);
	int i;

	d.nr = 4;
	/* What may be shared must not be writable. */
	mm_kunit_mprotect(d.src->vm_mm, MM_KUNIT_BASE, PMD_SIZE, PROT_READ);
	for (i = 0; i < d.nr; i++)
		mm_kunit_set_anon_exclusive(d.first + d.at + i,
					    row->exclusive & BIT(i));
	return d;
}

static void __maybe_unused dup_batch(struct kunit *test)
{
	int i;

	mm_kunit_need_thp(test);
	for (i = 0; i < ARRAY_SIZE(batch_rows); i++) {
		struct dup d = make_batch(test, &batch_rows[i]);

		expect_dup(test, &d, batch_rows[i].name, 0);
		clear_away(test, &d);
	}
}

/* Of a batch that is refused no page is touched, not even those before. */
static void __maybe_unused dup_batch_of_pinned_folio(struct kunit *test)
{
	int i;

	mm_kunit_need_thp(test);
	for (i = 0; i < ARRAY_SIZE(batch_rows); i++) {
		const struct batch_row *row = &batch_rows[i];
		struct dup d = make_batch(test, row);

		mm_kunit_add_pins(d.head, 1);
		mm_kunit_set_has_pinned(d.src->vm_mm, true);
		expect_dup(test, &d, row->name, row->exclusive ? -EBUSY : 0);
		mm_kunit_add_pins(d.head, -1);
		clear_away(test, &d);
	}
}

/* A KSM page never belongs to one mm alone, so nobody's hold on it matters. */
static void __maybe_unused dup_ksm_page(struct kunit *test)
{
	struct mm_kunit_setting *ksm;
	struct mm_struct *mm[2];
	struct dup d = { .level = MM_KUNIT_DUP_PTE, .nr = 1, .watched = 1 };

	d.head = mm_kunit_ksm_merge(test, mm, &ksm);
	d.first = d.head;
	d.src = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	d.dst = mm_kunit_vma(mm[1], MM_KUNIT_BASE);
	expect_dup(test, &d, "alone", 0);
	mm_kunit_add_pins(d.head, 1);
	mm_kunit_set_has_pinned(mm[0], true);
	expect_dup(test, &d, "pinned", 0);
	mm_kunit_add_pins(d.head, -1);
	mm_kunit_ksm_unmerge(test, ksm);
}

/* ------------------------------------------ duplicating: pages of a file -- */

static void expect_file_dup(struct kunit *test, struct dup *d)
{
	struct dup_state want = duplicated(d, dup_state(d));

	lock_dup(d);
	mm_kunit_dup_file_rmap(d->first + d->at, d->nr, d->level, d->dst);
	unlock_dup(d);
	expect_state(test, d, "file", want);
}

static void undo_file_dup(struct dup *d)
{
	lock_dup(d);
	mm_kunit_undo_dup(d->first + d->at, d->nr, d->level, d->dst);
	unlock_dup(d);
}

static struct dup make_file_dup(struct kunit *test, struct mm_struct *mm,
				enum mm_kunit_level_of_dup level)
{
	struct mm_struct *other = mm_kunit_new_mm(test);
	struct dup d = { .level = level, .nr = 1 };

	d.src = mm_kunit_vma(mm, MM_KUNIT_BASE);
	mm_kunit_mmap(test, other, d.src->vm_file, MM_KUNIT_BASE, PMD_SIZE, RW,
		      MAP_SHARED, 0);
	d.dst = mm_kunit_vma(other, MM_KUNIT_BASE);
	d.first = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	d.head = compound_head(d.first);
	d.watched = watched_pages(d.head);
	return d;
}

static void __maybe_unused dup_file_page(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, PAGE_SIZE);
	struct mm_struct *mm = shared_mm(test, file, PAGE_SIZE);
	struct dup d;

	mm_kunit_write_pages(test, mm, 1);
	d = make_file_dup(test, mm, MM_KUNIT_DUP_PTE);
	expect_file_dup(test, &d);
	undo_file_dup(&d);
}

/* @nr pages of a folio that one mm maps by a PMD and the other by PTEs. */
static void dup_file_ptes(struct kunit *test, enum mm_kunit_level_of_dup level,
			  int at, int nr)
{
	struct mm_struct *mm[2];
	struct dup d;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE / 2);
	d = make_file_dup(test, mm[1], level);
	d.at = at;
	d.nr = nr;
	/* Two mms have what there is to have of slots. */
	d.dst = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	expect_file_dup(test, &d);
	undo_file_dup(&d);
}

static void __maybe_unused dup_page_of_large_file_folio(struct kunit *test)
{
	dup_file_ptes(test, MM_KUNIT_DUP_PTE, 3, 1);
}

static void __maybe_unused dup_batch_of_large_file_folio(struct kunit *test)
{
	dup_file_ptes(test, MM_KUNIT_DUP_PTES, 2, 4);
}

/* The counts as they should be are a PMD's; what they are is what to undo. */
static void __maybe_unused dup_file_pmd(struct kunit *test)
{
	struct dup d = { .level = MM_KUNIT_DUP_PMD, .nr = 1 };
	struct mm_struct *mm[2];
	struct dup_state before;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, mm, PMD_SIZE);
	d.src = mm_kunit_vma(mm[0], MM_KUNIT_BASE);
	d.dst = mm_kunit_vma(mm[1], MM_KUNIT_BASE);
	d.first = mm_kunit_page_at(mm[0], MM_KUNIT_BASE);
	d.head = d.first;
	d.watched = DUP_PAGES;
	before = dup_state(&d);
	expect_file_dup(test, &d);
	if (mm_kunit_entire_mapcount(d.head) == before.entire) {
		d.level = MM_KUNIT_DUP_PTES;
		d.nr = HPAGE_PMD_NR;
	}
	undo_file_dup(&d);
}

static void __maybe_unused dup_file_hugetlb(struct kunit *test)
{
	struct mm_struct *mm[1];
	struct dup d;

	map_hugetlb(test, mm, 1);
	d = make_file_dup(test, mm[0], MM_KUNIT_DUP_HUGETLB);
	expect_file_dup(test, &d);
	undo_file_dup(&d);
}

/* -------------------------------------------------- fork, end to end -- */

static void fork_shares_page_read_only(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 2), *child;
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), t.page);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), t.page);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).writable, 0);
	KUNIT_EXPECT_FALSE(test, mm_kunit_anon_exclusive(t.page));
	expect_mapped(test, &t, 2);
	put_target(&t);

	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(8));
	mm_kunit_write(test, child, mm_kunit_addr(1), mm_kunit_content(9));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE), mm_kunit_content(0));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(1)), mm_kunit_content(1));
}

/*
 * The child has a page of its own that reads the same; the parent still has
 * the device's, and what it writes next the device sees.
 */
static void expect_copied_for_child(struct kunit *test, struct mm_struct *mm,
				    struct mm_struct *child, unsigned long addr,
				    struct page *pin)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);
	struct page *copy = mm_kunit_page_at(child, addr);
	u64 *device = page_address(pin) + offset_in_page(addr);
	u64 old = *device;

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, addr), pin);
	KUNIT_EXPECT_TRUE(test, entry.write);
	KUNIT_EXPECT_PTR_NE(test, copy, pin);
	if (IS_ENABLED(CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE))
		KUNIT_EXPECT_TRUE(test, mm_kunit_anon_exclusive(pin));

	mm_kunit_write(test, mm, addr, mm_kunit_content(77));
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(77));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, addr), old);
	mm_kunit_write(test, child, addr, mm_kunit_content(78));
	KUNIT_EXPECT_EQ(test, *device, mm_kunit_content(77));
}

/* 70e806e4e645: the next write went to a copy that the device never saw. */
static void fork_copies_pinned_page(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3), *child;
	struct page *pin = mm_kunit_pin(test, mm, mm_kunit_addr(1), FOLL_WRITE);
	struct target t;

	/* What no page that is free again has held: a copy may forget to copy. */
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(4000));
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, mm_kunit_addr(1));
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).ptes, 1);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(pin), 1);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, page_count(pin),
			2 + (int)GUP_PIN_COUNTING_BIAS);
	put_target(&t);
	/* Its neighbours are shared as ever. */
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(0)),
			    mm_kunit_page_at(child, mm_kunit_addr(0)));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, mm_kunit_addr(2)),
			    mm_kunit_page_at(child, mm_kunit_addr(2)));
	expect_copied_for_child(test, mm, child, mm_kunit_addr(1), pin);
}

/* A device that only reads must see what the parent writes all the same. */
static void fork_copies_page_pinned_for_reading(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *pin;

	/* As above, nothing that a page which is free again has held. */
	mm_kunit_write(test, mm, MM_KUNIT_BASE, mm_kunit_content(4001));
	pin = mm_kunit_pin(test, mm, MM_KUNIT_BASE, 0);
	child = mm_kunit_fork(test, mm);
	expect_copied_for_child(test, mm, child, MM_KUNIT_BASE, pin);
}

static void fork_shares_page_unpinned_before(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;

	mm_kunit_unpin(test, mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE));
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE),
			    mm_kunit_page_at(child, MM_KUNIT_BASE));
}

/* References that are no pins do not make fork() copy. */
static void fork_shares_page_with_references(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 1), *child;
	struct page *page = mm_kunit_page_at(mm, MM_KUNIT_BASE);

	mm_kunit_set_has_pinned(mm, true);
	page_ref_add(page, 100);
	child = mm_kunit_fork(test, mm);
	page_ref_sub(page, 100);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), page);
}

/* fork() copies what is private of a file, and shares what is the file's. */
static void fork_shares_file_page_of_private_vma(struct kunit *test)
{
	struct file *file = mm_kunit_shmem_file(test, 2 * PAGE_SIZE);
	struct mm_struct *writer = shared_mm(test, file, 2 * PAGE_SIZE);
	struct mm_struct *mm, *child;
	struct target t;

	mm_kunit_write_pages(test, writer, 2);
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PAGE_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, mm_kunit_addr(1), mm_kunit_content(5));
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), t.page);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(1)),
			    mm_kunit_page_at(mm, mm_kunit_addr(1)));
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).write);
	expect_mapped(test, &t, 3);
	put_target(&t);
}

static void __maybe_unused fork_shares_thp_read_only(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_census census;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 2);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	census = census_of(test, &t);
	KUNIT_EXPECT_EQ(test, census.pmds, 2);
	KUNIT_EXPECT_EQ(test, census.ptes, 0);
	KUNIT_EXPECT_EQ(test, census.writable, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), 2);
	KUNIT_EXPECT_EQ(test, page_count(t.page), 1 + 2);
	put_target(&t);
	mm_kunit_expect_pages(test, child, 2);
}

/* A huge page that a device holds any part of is split, and not shared. */
/* PTEs of a large folio of a file, which newer trees duplicate in batches. */
static void __maybe_unused
fork_of_private_vma_shares_large_file_folio(struct kunit *test)
{
	struct mm_struct *with_pmd[2], *mm, *child;
	struct mm_kunit_census before, after;
	struct file *file;
	struct page *head;

	mm_kunit_need_thp(test);
	mm_kunit_map_file_thp(test, with_pmd, PMD_SIZE);
	file = mm_kunit_vma(with_pmd[0], MM_KUNIT_BASE)->vm_file;
	head = mm_kunit_page_at(with_pmd[0], MM_KUNIT_BASE);
	/* A page of its own in the midst has the VMA copied. */
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PMD_SIZE / 2, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, mm_kunit_addr(5), mm_kunit_content(5));
	mm_kunit_expect_pages(test, mm, 4);

	before = mm_kunit_take_census(test->priv, head, HPAGE_PMD_NR);
	child = mm_kunit_fork(test, mm);
	after = mm_kunit_take_census(test->priv, head, HPAGE_PMD_NR);
	KUNIT_EXPECT_EQ(test, after.ptes, 2 * before.ptes);
	KUNIT_EXPECT_EQ(test, after.writable, before.writable);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(head), after.ptes + after.pmds);
	mm_kunit_expect_pages(test, child, 4);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, mm_kunit_addr(5)),
			mm_kunit_content(5));
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, mm_kunit_addr(1)), head + 1);
}

/* What a file has the child finds by itself, though it is mapped by a PMD. */
static void __maybe_unused fork_leaves_thp_of_file_to_be_faulted(struct kunit *test)
{
	struct mm_struct *writer, *mm, *child;
	struct mm_kunit_setting *setting;
	struct file *file;

	mm_kunit_need_thp(test);
	file = mm_kunit_shmem_file(test, 2 * PMD_SIZE);
	writer = shared_mm(test, file, 2 * PMD_SIZE);
	setting = mm_kunit_set(test, "sysfs", MM_KUNIT_SHMEM_ENABLED, "force");
	mm_kunit_write_pages(test, writer, 4);
	mm_kunit_put_back(test, setting);

	/* Without a page of its own a VMA is not copied at all. */
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, 2 * PMD_SIZE, RW,
			      MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, mm_kunit_content(9));
	mm_kunit_expect_pages(test, mm, 4);
	KUNIT_ASSERT_EQ(test, mm_kunit_entry_at(mm, MM_KUNIT_BASE).size, PMD_SIZE);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, (int)mm_kunit_entry_at(child, MM_KUNIT_BASE).kind,
			(int)MM_KUNIT_NONE);
	mm_kunit_expect_pages(test, child, 4);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, child, MM_KUNIT_BASE + PMD_SIZE),
			mm_kunit_content(9));
}

static void __maybe_unused fork_splits_pinned_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct mm_kunit_census census;
	struct page *pin;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 4);
	pin = mm_kunit_pin(test, mm, mm_kunit_addr(2), FOLL_WRITE);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	census = census_of(test, &t);
	KUNIT_EXPECT_EQ(test, census.pmds, 0);
	KUNIT_EXPECT_EQ(test, census.ptes, t.nr);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), t.nr);
	/* The PTEs, the pin and the case have one each. */
	KUNIT_EXPECT_EQ(test, page_count(t.page), t.nr + 2);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), t.page);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).size, PAGE_SIZE);
	put_target(&t);
	mm_kunit_expect_pages(test, child, 4);
	expect_copied_for_child(test, mm, child, mm_kunit_addr(2), pin);
}

static void __maybe_unused fork_copies_page_of_pinned_pte_mapped_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct page *pin;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 4);
	mm_kunit_split_pmd(test, mm);
	pin = mm_kunit_pin(test, mm, mm_kunit_addr(2), FOLL_WRITE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_pages(test, child, 4);
	expect_copied_for_child(test, mm, child, mm_kunit_addr(2), pin);
}

static void __maybe_unused fork_shares_pte_mapped_thp(struct kunit *test)
{
	struct mm_struct *mm, *child;
	struct target t;

	mm_kunit_need_thp(test);
	mm = mm_kunit_thp_mm(test, 4);
	mm_kunit_split_pmd(test, mm);
	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	KUNIT_EXPECT_EQ(test, census_of(test, &t).writable, 0);
	expect_mapped(test, &t, 2 * t.nr);
	put_target(&t);
	mm_kunit_expect_pages(test, child, 4);
}

static void __maybe_unused fork_shares_private_hugetlb_read_only(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test), *child;
	struct mm_kunit_census census;
	struct target t;

	record_all(test, MM_KUNIT_BASE);
	t = aim(test, mm, MM_KUNIT_BASE);
	child = mm_kunit_fork(test, mm);
	mm_kunit_expect_told(test, t.before);
	census = census_of(test, &t);
	KUNIT_EXPECT_EQ(test, census.pmds, 2);
	KUNIT_EXPECT_EQ(test, census.writable, 0);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(t.page), 2);
	KUNIT_EXPECT_EQ(test, page_count(t.page), 1 + 2);
	put_target(&t);
	expect_words(test, child, 1);
}

/* 4eae4efa2c29: as for small pages. */
/* A page of the file that a private mapping has only read. */
static void __maybe_unused fork_shares_hugetlb_file_page_of_private_vma(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *owner = shared_mm(test, file, PUD_SIZE);
	struct mm_struct *mm, *child;
	struct page *page;

	mm_kunit_write(test, owner, MM_KUNIT_BASE, mm_kunit_content(0));
	mm = mm_kunit_map_new(test, file, MM_KUNIT_BASE, PUD_SIZE, RW, MAP_PRIVATE, 0);
	mm_kunit_write(test, mm, MM_KUNIT_BASE + PMD_SIZE, mm_kunit_content(1));
	expect_words(test, mm, 1);
	page = mm_kunit_page_at(owner, MM_KUNIT_BASE);
	KUNIT_ASSERT_PTR_EQ(test, mm_kunit_page_at(mm, MM_KUNIT_BASE), page);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(child, MM_KUNIT_BASE), page);
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(child, MM_KUNIT_BASE).write);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(page), 3);
	KUNIT_EXPECT_EQ(test, page_count(page), 3 + mm_kunit_hugetlb_cache_refs());
	mm_kunit_write(test, child, MM_KUNIT_BASE, mm_kunit_content(7));
	expect_words(test, mm, 1);
	expect_words(test, owner, 1);
}

static void __maybe_unused fork_copies_pinned_private_hugetlb(struct kunit *test)
{
	struct mm_struct *mm = private_hugetlb_mm(test), *child;
	struct page *pin = mm_kunit_pin(test, mm, MM_KUNIT_BASE, FOLL_WRITE);

	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(pin), 1);
	expect_copied_for_child(test, mm, child, MM_KUNIT_BASE, pin);
}

/* More allocations than any fork here makes. */
#define MAX_ALLOCATIONS	200

/*
 * Every allocation of a fork fails, page tables and the copy of a pinned page
 * among them, and each time all is as if nobody had tried. Each has two turns:
 * where a slab is refilled in one of them, all that comes behind it is shifted.
 */
static void __maybe_unused failed_fork_leaves_no_count(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_anon_mm(test, 3), *child = NULL;
	struct page *pin = mm_kunit_pin(test, mm, mm_kunit_addr(1), FOLL_WRITE);
	struct target t;
	int i, last = 0, failures = 0;
	bool failed = true;

	mm_kunit_set(test, "debugfs", "fail_page_alloc/verbose", "0");
	mm_kunit_set(test, "debugfs", "fail_page_alloc/min-order", "0");
	mm_kunit_set(test, "debugfs", "fail_page_alloc/ignore-gfp-wait", "N");
	mm_kunit_set(test, "debugfs", "fail_page_alloc/ignore-gfp-highmem", "N");
	t = aim(test, mm, mm_kunit_addr(2));
	for (i = 0; failed && i < 2 * MAX_ALLOCATIONS; i++) {
		int nth = i / 2 + 1;

		if (child)
			mm_kunit_exit_mm(test, child);
		child = mm_kunit_fork_failing(test, mm, nth, &failed);
		if (!child && nth != last) {
			last = nth;
			failures++;
		}
		expect_mapped(test, &t, child ? 2 : 1);
		KUNIT_EXPECT_EQ(test, mm_kunit_mapcount(pin), 1);
		KUNIT_EXPECT_EQ(test, page_count(pin),
				1 + (int)GUP_PIN_COUNTING_BIAS);
		if (mm_kunit_failed(test))
			break;
	}
	put_target(&t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child);
	KUNIT_EXPECT_FALSE(test, failed);
	/* The root and the tables of PMDs and PTEs, PUDs where they are, and the copy. */
	KUNIT_EXPECT_GE_MSG(test, failures, 4 + !mm_pud_folded(mm),
			    "a level of page tables, or the copy, never failed");
	mm_kunit_expect_pages(test, child, 3);
	expect_copied_for_child(test, mm, child, mm_kunit_addr(1), pin);
}

/* --------------------------------------- refcount first, mapcount second -- */

#define RACE_PAGES	256
#define RACE_MS		800
#define RACE_SNAPSHOT_US	50

/**
 * struct race - a thread that forks, and a timer that looks at its pages
 * @timer: interrupts the thread on its own CPU, so that its look is a snapshot
 * @pages: the pages
 * @nr: how many
 * @snapshots: how often it looked
 * @shared: how many looks saw a page mapped more than once
 * @wrong: how many pages had more mappings than references
 */
struct race {
	struct hrtimer timer;
	struct page *pages[RACE_PAGES];
	int nr;
	unsigned long snapshots;
	unsigned long shared;
	unsigned long wrong;
};

static enum hrtimer_restart take_snapshot(struct hrtimer *timer)
{
	struct race *race = container_of(timer, struct race, timer);
	bool shared = false;
	int i;

	for (i = 0; i < race->nr; i++) {
		int mapcount = mm_kunit_mapcount(race->pages[i]);

		shared |= mapcount > 1;
		if (mapcount > page_count(race->pages[i]))
			race->wrong++;
	}
	race->snapshots++;
	race->shared += shared;
	hrtimer_forward_now(timer, ns_to_ktime(RACE_SNAPSHOT_US * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void stop_timer(void *ctx)
{
	struct race *race = ctx;

	hrtimer_cancel(&race->timer);
}

/* Nothing in here asserts: the timer looks at what the case has. */
static int fork_until(struct race *race, struct mm_struct *mm, unsigned long timeout)
{
	int ret = 0;

	while (!ret && time_before(jiffies, timeout) && !race->wrong)
		ret = mm_kunit_fork_and_exit(mm);
	return ret;
}

static void run_race(struct kunit *test, struct race *race, struct mm_struct *mm)
{
	int ret;

	lru_add_drain_all();
	mm_kunit_hrtimer_setup(&race->timer, take_snapshot,
			       HRTIMER_MODE_REL_PINNED_HARD);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_timer, race), 0);
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	hrtimer_start(&race->timer, ns_to_ktime(RACE_SNAPSHOT_US * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_PINNED_HARD);
	ret = fork_until(race, mm, jiffies + msecs_to_jiffies(RACE_MS));
	kunit_release_action(test, stop_timer, race);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ_MSG(test, race->wrong, 0UL,
			    "more mappings than references in %lu snapshots",
			    race->snapshots);
	kunit_info(test, "%lu snapshots, %lu of them saw a fork",
		   race->snapshots, race->shared);
	KUNIT_EXPECT_GT(test, race->snapshots, 100UL);
	KUNIT_EXPECT_GT_MSG(test, race->shared, 0UL, "no snapshot met a fork");
}

/*
 * Whoever compares the two counts to find unknown references, as KSM does, must
 * never see more mappings than references: fork() takes the reference first.
 * The two stores are a few instructions apart, and the timer may miss them: it
 * sees the wrong order where a whole batch of pages is mapped before the first
 * reference is taken, and otherwise by chance.
 */
static void __maybe_unused fork_takes_reference_before_mapcount(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct mm_struct *mm = mm_kunit_anon_mm(test, RACE_PAGES);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	for (race->nr = 0; race->nr < RACE_PAGES; race->nr++)
		race->pages[race->nr] = mm_kunit_page_at(mm, mm_kunit_addr(race->nr));
	run_race(test, race, mm);
}

static void __maybe_unused
fork_takes_reference_before_mapcount_of_thp(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct mm_struct *mm;

	mm_kunit_need_thp(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	mm = mm_kunit_thp_mm(test, 1);
	race->pages[race->nr++] = mm_kunit_page_at(mm, MM_KUNIT_BASE);
	run_race(test, race, mm);
}

/* --------------------------------------------------- random sequences -- */

#define RANDOM_ANON	8
#define RANDOM_PAGES	(RANDOM_ANON + 4)

/**
 * struct sequence - a random sequence over a few pages
 * @seq: the sequence
 * @file: what the mms map behind their anonymous pages
 * @value: what each mm last wrote to each page; of a file, all mms the same
 * @pin: what a device holds of each mm's pages
 */
struct sequence {
	struct mm_kunit_sequence seq;
	struct file *file;
	u64 value[MM_KUNIT_RANDOM_MMS][RANDOM_PAGES];
	struct page *pin[MM_KUNIT_RANDOM_MMS][RANDOM_PAGES];
};

#define to_sequence(s)	container_of(s, struct sequence, seq)

static bool is_anon(struct mm_kunit_step *step)
{
	return step->from < RANDOM_ANON;
}

static bool step_write(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	u64 value = prandom_u32_state(&seq->rnd) | 1;
	int mm;

	if (mm_kunit_store(seq->mms[step->mm], mm_kunit_addr(step->from), value))
		return false;
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		if (mm == step->mm || !is_anon(step))
			to_sequence(seq)->value[mm][step->from] = value;
	return true;
}

static bool step_read(struct mm_kunit_sequence *seq, struct mm_kunit_step *step)
{
	u64 value;

	return !mm_kunit_load(seq->mms[step->mm], mm_kunit_addr(step->from),
			      &value) &&
	       value == to_sequence(seq)->value[step->mm][step->from];
}

static void random_forget(struct mm_kunit_sequence *seq, int mm)
{
	struct page **pin = to_sequence(seq)->pin[mm];
	int page;

	for (page = 0; page < RANDOM_PAGES; page++)
		if (pin[page])
			mm_kunit_unpin(seq->test, pin[page]);
	memset(pin, 0, RANDOM_PAGES * sizeof(*pin));
}

static bool step_exit(struct mm_kunit_sequence *seq, struct mm_kunit_step *step)
{
	mm_kunit_forget_mm(seq, step->mm);
	return true;
}

static bool step_fork(struct mm_kunit_sequence *seq, struct mm_kunit_step *step)
{
	u64 (*value)[RANDOM_PAGES] = to_sequence(seq)->value;

	if (seq->mms[step->slot])
		mm_kunit_forget_mm(seq, step->slot);
	seq->mms[step->slot] = mm_kunit_fork(seq->test, seq->mms[step->mm]);
	memcpy(value[step->slot], value[step->mm], sizeof(*value));
	return true;
}

static int pins_of(struct mm_kunit_sequence *seq, struct page *page)
{
	struct page *(*pin)[RANDOM_PAGES] = to_sequence(seq)->pin;
	int mm, i, pins = 0;

	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		for (i = 0; i < RANDOM_PAGES; i++)
			pins += pin[mm][i] && pin[mm][i] == page;
	return pins;
}

static bool step_pin(struct mm_kunit_sequence *seq, struct mm_kunit_step *step)
{
	struct mm_struct *mm = seq->mms[step->mm];
	struct page **pin = &to_sequence(seq)->pin[step->mm][step->from];
	struct mm_kunit *fx = seq->test->priv;
	int i, free = 0;

	for (i = 0; i < MM_KUNIT_MAX_PINS; i++)
		free += !fx->pins[i];
	if (*pin) {
		mm_kunit_unpin(seq->test, *pin);
		*pin = NULL;
	} else if (is_anon(step) && free) {
		*pin = mm_kunit_pin(seq->test, mm, mm_kunit_addr(step->from),
				    FOLL_WRITE);
	}
	return true;
}

static bool step_zap(struct mm_kunit_sequence *seq, struct mm_kunit_step *step)
{
	struct page **pin = &to_sequence(seq)->pin[step->mm][step->from];

	if (mm_kunit_madvise(seq->mms[step->mm], mm_kunit_addr(step->from),
			     PAGE_SIZE, MADV_DONTNEED))
		return false;
	if (is_anon(step))
		to_sequence(seq)->value[step->mm][step->from] = 0;
	if (*pin)
		mm_kunit_unpin(seq->test, *pin);
	*pin = NULL;
	return true;
}

/* What the step is about, locked; NULL if there is nothing for rmap to do. */
static struct page *lock_step_page(struct mm_kunit_sequence *seq,
				   struct mm_kunit_step *step)
{
	struct page *page = mm_kunit_page_at(seq->mms[step->mm],
					     mm_kunit_addr(step->from));

	if (!page || is_zero_pfn(page_to_pfn(page)))
		return NULL;
	get_page(page);
	lock_page(page);
	return page;
}

/* A pinned page may refuse; what it must not do is to change. */
static bool step_migrate(struct mm_kunit_sequence *seq,
			 struct mm_kunit_step *step)
{
	struct mm_kunit_census before, between;
	struct page *page = lock_step_page(seq, step);
	bool pinned, moved;

	if (!page)
		return true;
	pinned = pins_of(seq, page);
	before = mm_kunit_take_census(seq->test->priv, page, 1);
	mm_kunit_try_to_migrate(page, 0);
	between = mm_kunit_take_census(seq->test->priv, page, 1);
	mm_kunit_remove_migration_ptes(page, page, false);
	unlock_page(page);
	put_page(page);
	moved = !between.ptes && between.migration == before.ptes;
	return moved || pinned;
}

static bool step_unmap(struct mm_kunit_sequence *seq,
		       struct mm_kunit_step *step)
{
	struct page *page;
	bool ret;

	if (is_anon(step))
		return true;
	page = lock_step_page(seq, step);
	if (!page)
		return true;
	ret = mm_kunit_try_to_unmap(page, 0) &&
	      !mm_kunit_take_census(seq->test->priv, page, 1).ptes;
	unlock_page(page);
	put_page(page);
	return ret;
}

static const struct mm_kunit_op random_ops[] = {
	{ "write", 30, step_write },
	{ "read", 15, step_read },
	{ "fork", 12, step_fork },
	{ "exit", 3, step_exit },
	{ "pin or unpin", 12, step_pin },
	{ "dontneed", 6, step_zap },
	{ "migrate", 16, step_migrate },
	{ "unmap", 6, step_unmap },
};

/* A new mm knows the file's pages; any other mm says what is in them. */
static struct mm_struct *random_start(struct mm_kunit_sequence *seq, int slot)
{
	struct mm_struct *mm = mm_kunit_new_mm(seq->test);
	u64 (*value)[RANDOM_PAGES] = to_sequence(seq)->value;
	int page, other = slot ? 0 : 1;

	mm_kunit_mmap_anon(seq->test, mm, MM_KUNIT_BASE, RANDOM_ANON * PAGE_SIZE);
	mm_kunit_mmap(seq->test, mm, to_sequence(seq)->file,
		      mm_kunit_addr(RANDOM_ANON),
		      (RANDOM_PAGES - RANDOM_ANON) * PAGE_SIZE, RW,
		      MAP_SHARED, 0);
	for (page = 0; page < RANDOM_PAGES; page++)
		value[slot][page] = page < RANDOM_ANON ? 0 : value[other][page];
	return mm;
}

/* The counts of one page, and who may write to it, by the page tables. */
static bool page_is_true(struct mm_kunit_sequence *seq, struct page *page,
			 char *why, size_t size)
{
	struct mm_kunit_census census;
	bool anon = PageAnon(page);
	int refs;

	census = mm_kunit_take_census(seq->test->priv, page, 1);
	refs = census.ptes + !anon +
	       pins_of(seq, page) * (int)GUP_PIN_COUNTING_BIAS;
	if (mm_kunit_mapcount(page) != census.ptes)
		return mm_kunit_untrue(why, size, "a page in %d PTEs has mapcount %d",
				       census.ptes, mm_kunit_mapcount(page));
	if (page_count(page) != refs)
		return mm_kunit_untrue(why, size, "a page has %d references, not %d",
				       page_count(page), refs);
	if (anon && census.writable && census.ptes > 1)
		return mm_kunit_untrue(why, size, "one of %d PTEs is writable",
				       census.ptes);
	if (anon && mm_kunit_anon_exclusive(page) && census.ptes > 1)
		return mm_kunit_untrue(why, size, "a page in %d PTEs is exclusive",
				       census.ptes);
	return true;
}

static bool place_is_true(struct mm_kunit_sequence *seq, int mm, int i,
			  char *why, size_t size)
{
	struct page *page = mm_kunit_page_at(seq->mms[mm], mm_kunit_addr(i));
	struct page *pin = to_sequence(seq)->pin[mm][i];
	u64 value = to_sequence(seq)->value[mm][i];

	if (pin && page != pin)
		return mm_kunit_untrue(why, size, "mm %d lost page %d to its device",
				       mm, i);
	if (!page)
		return !value || i >= RANDOM_ANON ||
		       mm_kunit_untrue(why, size, "mm %d lost page %d", mm, i);
	if (*(u64 *)page_address(page) != value)
		return mm_kunit_untrue(why, size, "mm %d has %llx in page %d, not %llx",
				       mm, *(u64 *)page_address(page), i, value);
	return is_zero_pfn(page_to_pfn(page)) ||
	       page_is_true(seq, page, why, size);
}

static bool all_is_true(struct mm_kunit_sequence *seq, char *why, size_t size)
{
	int mm, i;

	lru_add_drain_all();
	for (mm = 0; mm < MM_KUNIT_RANDOM_MMS; mm++)
		for (i = 0; seq->mms[mm] && i < RANDOM_PAGES; i++)
			if (!place_is_true(seq, mm, i, why, size))
				return false;
	return true;
}

static void __maybe_unused random_sequences_keep_pages_and_counts(struct kunit *test)
{
	static const struct mm_kunit_random random = {
		.ops = random_ops,
		.nr_ops = ARRAY_SIZE(random_ops),
		.places = RANDOM_PAGES,
		.steps = 150,
		.start = random_start,
		.forget = random_forget,
		.is_true = all_is_true,
	};
	u64 seed;

	for (seed = 1; seed <= MM_KUNIT_MAX_FILES; seed++) {
		struct sequence *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
		s->file = mm_kunit_shmem_file(test, (RANDOM_PAGES - RANDOM_ANON) *
					      PAGE_SIZE);
		mm_kunit_run_sequence(test, &s->seq, &random, seed);
	}
}

/*
 * What most others rest on comes first: where that crashes, it is to blame.
 */
static struct kunit_case rmap_unmap_cases[] = {
	KUNIT_CASE(fork_shares_page_read_only),
	MM_KUNIT_CASE_IF(MIGRATION, migrate_takes_anon_page_from_its_mm)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_takes_anon_page_from_every_fork)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_takes_file_page_from_every_vma)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_takes_first_and_last_page_of_vma)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_starts_before_and_ends_after_the_change)
	MM_KUNIT_CASE_IF(MIGRATION, restore_gives_back_protection_and_ownership)
	MM_KUNIT_CASE_IF(MIGRATION, restore_heeds_mprotect_in_between)
	MM_KUNIT_CASE_IF(MIGRATION, restore_finds_nothing_after_munmap)
	MM_KUNIT_CASE_IF(MIGRATION, restore_after_fork_gives_all_a_shared_page)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_takes_mlocked_page)
	MM_KUNIT_CASE_IF(MIGRATION, migrate_leaves_dirt_with_file_page)
	MM_KUNIT_CASE_IF(POISON_MIGRATION, migrate_leaves_poison_for_broken_page)
	MM_KUNIT_CASE_IF(MIGRATION_EXCLUSIVE, migrate_refuses_pinned_page)
	KUNIT_CASE(unmap_takes_file_page_from_every_vma),
	KUNIT_CASE(unmap_starts_before_and_ends_after_the_change),
	KUNIT_CASE(unmap_leaves_dirt_with_file_page),
	KUNIT_CASE(unmap_refuses_mlocked_page),
	KUNIT_CASE(unmap_discards_lazyfree_page),
	MM_KUNIT_CASE_IF(STORE_DIRTIES, unmap_keeps_lazyfree_page_written_since)
	KUNIT_CASE(unmap_keeps_lazyfree_page_with_a_reference),
	MM_KUNIT_CASE_IF(POISON, unmap_poisons_anon_page_everywhere)
	MM_KUNIT_CASE_IF(MIGRATION_UFFD, migrate_keeps_mark_of_userfaultfd)
	MM_KUNIT_CASE_IF(MAY_SLEEP, notifiers_may_sleep)
	MM_KUNIT_CASE_IF(KSM, migrate_takes_ksm_page_from_every_mm)
	MM_KUNIT_CASE_IF(THP_MIGRATION, migrate_takes_thp_from_every_mm)
	MM_KUNIT_CASE_IF(THP_MIGRATION, migrate_splits_thp_on_the_way)
	MM_KUNIT_CASE_IF(THP_MIGRATION, migrate_takes_thp_mapped_in_part)
	MM_KUNIT_CASE_IF(THP_MIGRATION, migrate_takes_thp_mapped_by_ptes)
	MM_KUNIT_CASE_IF(THP_MIGRATION, restore_gives_back_thp_protection_and_ownership)
	MM_KUNIT_CASE_IF(THP_MIGRATION, restore_after_fork_gives_all_a_shared_thp)
	MM_KUNIT_CASE_IF(THP_MIGRATION_EXCLUSIVE, migrate_refuses_pinned_thp)
	MM_KUNIT_CASE_IF(FILE_THP, unmap_takes_file_thp_from_every_mm)
	MM_KUNIT_CASE_IF(FILE_THP, unmap_takes_file_thp_mapped_by_ptes)
	MM_KUNIT_CASE_IF(FILE_THP, migrate_takes_file_thp_mapped_by_ptes)
	MM_KUNIT_CASE_IF(FILE_THP, migrate_takes_tail_of_file_thp)
	MM_KUNIT_CASE_IF(THP, unmap_refuses_mlocked_tail_of_thp)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_takes_hugetlb_from_every_sharer)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_tells_every_sharer_of_whole_pud)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_pages_of_two_sharers_keeps_every_write)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_pages_of_three_sharers_keeps_every_write)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_pages_of_eight_sharers_keeps_every_write)
	MM_KUNIT_CASE_IF(HUGETLB_MAY_SLEEP, notifiers_of_hugetlb_may_sleep)
	MM_KUNIT_CASE_IF(PMD_SHARE_TLB_GEN, secondary_tlb_of_sharer_hears_after_flush)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_in_unshareable_vma_tells_of_one_page)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, migrate_takes_private_hugetlb_from_every_fork)
	MM_KUNIT_CASE_IF(PMD_SHARE_EXCLUSIVE, migrate_refuses_pinned_private_hugetlb)
	MM_KUNIT_CASE_IF(PMD_SHARE_MIGRATION, restore_after_fork_gives_all_shared_hugetlb)
	MM_KUNIT_CASE_IF(VMA_LOCK_MIGRATION, hugetlb_of_locked_vma_stays)
	MM_KUNIT_CASE_IF(VMA_LOCK_POISON, poison_of_hugetlb_of_locked_vma_waits)
	MM_KUNIT_CASE_IF(PMD_SHARE_POISON, unmap_poisons_hugetlb_everywhere)
	MM_KUNIT_CASE_IF(PMD_SHARE_POISON, unmap_poisons_private_hugetlb_everywhere)
	MM_KUNIT_CASE_IF(EXCLUSIVE, dup_small_page)
	MM_KUNIT_CASE_IF(EXCLUSIVE, dup_shared_small_page)
	MM_KUNIT_CASE_IF(EXCLUSIVE, share_small_page)
	MM_KUNIT_CASE_IF(NEEDS_COW, needs_cow_of_small_page)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, dup_page_of_large_folio)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, dup_shared_page_of_large_folio)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, share_page_of_large_folio)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, needs_cow_of_large_folio)
	MM_KUNIT_CASE_IF(DUP_PTES, dup_batch)
	MM_KUNIT_CASE_IF(DUP_PTES, dup_batch_of_pinned_folio)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, dup_pmd)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, dup_shared_pmd)
	MM_KUNIT_CASE_IF(THP_EXCLUSIVE, share_pmd)
	MM_KUNIT_CASE_IF(PMD_SHARE_EXCLUSIVE, dup_hugetlb)
	MM_KUNIT_CASE_IF(PMD_SHARE_EXCLUSIVE, dup_shared_hugetlb)
	MM_KUNIT_CASE_IF(PMD_SHARE_EXCLUSIVE, share_hugetlb)
	MM_KUNIT_CASE_IF(KSM_EXCLUSIVE, dup_ksm_page)
	KUNIT_CASE(dup_file_page),
	MM_KUNIT_CASE_IF(FILE_THP, dup_page_of_large_file_folio)
	MM_KUNIT_CASE_IF(DUP_FILE_PTES, dup_batch_of_large_file_folio)
	MM_KUNIT_CASE_IF(DUP_FILE_PTES, dup_file_pmd)
	MM_KUNIT_CASE_IF(PMD_SHARE, dup_file_hugetlb)
	KUNIT_CASE(fork_copies_pinned_page),
	KUNIT_CASE(fork_copies_page_pinned_for_reading),
	KUNIT_CASE(fork_shares_page_unpinned_before),
	KUNIT_CASE(fork_shares_page_with_references),
	KUNIT_CASE(fork_shares_file_page_of_private_vma),
	MM_KUNIT_CASE_IF(THP, fork_shares_thp_read_only)
	MM_KUNIT_CASE_IF(THP, fork_shares_pte_mapped_thp)
	MM_KUNIT_CASE_IF(FILE_THP, fork_of_private_vma_shares_large_file_folio)
	MM_KUNIT_CASE_IF(FILE_THP, fork_leaves_thp_of_file_to_be_faulted)
	MM_KUNIT_CASE_IF(THP, fork_splits_pinned_thp)
	MM_KUNIT_CASE_IF(THP, fork_copies_page_of_pinned_pte_mapped_thp)
	MM_KUNIT_CASE_IF(PMD_SHARE, fork_shares_private_hugetlb_read_only)
	MM_KUNIT_CASE_IF(PMD_SHARE, fork_shares_hugetlb_file_page_of_private_vma)
	MM_KUNIT_CASE_IF(PMD_SHARE_NEEDS_COW, fork_copies_pinned_private_hugetlb)
	MM_KUNIT_CASE_IF(FAIL_PAGE_ALLOC, failed_fork_leaves_no_count)
	MM_KUNIT_CASE_IF(MIGRATION, random_sequences_keep_pages_and_counts)
	MM_KUNIT_CASE_SLOW_IF(HRTIMER, fork_takes_reference_before_mapcount)
	MM_KUNIT_CASE_SLOW_IF(THP_HRTIMER, fork_takes_reference_before_mapcount_of_thp)
	{}
};

static struct kunit_suite rmap_unmap_suite = {
	.name = "rmap_unmap",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = rmap_unmap_cases,
};

kunit_test_suite(rmap_unmap_suite);

MODULE_DESCRIPTION("KUnit tests for unmapping through rmap and duplicating at fork");
MODULE_LICENSE("GPL");
