// SPDX-License-Identifier: GPL-2.0-only
/*
 * The soft-dirty bit.
 *
 * A process that wants to know which pages were written to since it looked
 * asks the entries of the page tables, which have a bit for that wherever the
 * page is. The bit must not be lost, and it must not be taken for another, nor
 * another for it. mremap() sets it, because there is other content than was at
 * that address.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/swap.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/snapshot.h"
#include "lib/soft_dirty.h"
#include "lib/swap.h"
#include "lib/thp.h"
#include "lib/uffd.h"

#define RW (PROT_READ | PROT_WRITE)

/* Where mremap() moves to: not the same page table. */
#define TO (MM_KUNIT_BASE + 8 * PMD_SIZE)

/**
 * struct soft_row - how a page is mapped
 * @name: in words
 * @soft_dirty: whether it was written to since somebody looked
 * @write: whether it can be written to without a fault
 *
 * What is soft-dirty and read-only has no other dirty bit, which could stand in
 * for this one.
 */
struct soft_row {
	const char *name;
	bool soft_dirty;
	bool write;
};

static const struct soft_row soft_rows[] = {
	{ .name = "written to", .soft_dirty = true, .write = true },
	{ .name = "clean" },
	{ .name = "written to, read-only", .soft_dirty = true },
};

/* An entry that becomes dirty again, though nobody wrote, is soft-dirty again. */
static bool soft_fits(const struct soft_row *row, struct mm_kunit_entry *entry)
{
	return row->soft_dirty ? entry->soft_dirty :
				 !entry->soft_dirty || entry->dirty;
}

static void expect_row(struct kunit *test, const struct soft_row *row,
		       struct mm_struct *mm, unsigned long addr)
{
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, addr);

	KUNIT_EXPECT_TRUE_MSG(test, soft_fits(row, &entry), "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, entry.write, row->write, "%s", row->name);
}

/* An mm whose page at MM_KUNIT_BASE, huge if @len is, is as the row says. */
static struct mm_struct *soft_mm(struct kunit *test, const struct soft_row *row,
				 unsigned long len)
{
	struct mm_struct *mm;
	long ret;

	mm_kunit_require_soft_dirty(test);
	mm = len == PMD_SIZE ? mm_kunit_thp_mm(test, 2) :
			       mm_kunit_anon_mm(test, 1);
	if (!row->soft_dirty)
		mm_kunit_clear_soft_dirty(test, mm, MM_KUNIT_BASE);
	if (row->soft_dirty && !row->write) {
		ret = mm_kunit_mprotect(mm, MM_KUNIT_BASE, len, PROT_READ);
		KUNIT_ASSERT_EQ(test, ret, 0L);
		mm_kunit_clear_dirty(mm, MM_KUNIT_BASE);
	}
	expect_row(test, row, mm, MM_KUNIT_BASE);
	return mm;
}

static void require_thp_migration(struct kunit *test)
{
	if (!thp_migration_supported())
		kunit_skip(test, "a PMD cannot be a migration entry");
}

/* Call something for each row. */
static void each_row(struct kunit *test, unsigned long len,
		     void (*fn)(struct kunit *test, const struct soft_row *row,
				struct mm_struct *mm, unsigned long len))
{
	int i;

	for (i = 0; i < ARRAY_SIZE(soft_rows) && !mm_kunit_failed(test); i++) {
		struct mm_struct *mm = soft_mm(test, &soft_rows[i], len);

		fn(test, &soft_rows[i], mm, len);
		if (!mm_kunit_failed(test))
			mm_kunit_exit_mm(test, mm);
	}
}

/* Reads and writes. */

static void soft_touch(struct kunit *test, const struct soft_row *row,
		       struct mm_struct *mm, unsigned long len)
{
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	expect_row(test, row, mm, MM_KUNIT_BASE);
	if (row->soft_dirty && !row->write)
		return;
	mm_kunit_write(test, mm, MM_KUNIT_BASE, 1);
	expect_row(test, &soft_rows[0], mm, MM_KUNIT_BASE);
}

static void write_marks_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_touch);
}

static void write_marks_thp(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_touch);
}

/* Migration. */

/*
 * A huge page may come back as written to: what sets the dirty bit of its PMD
 * sets the other as well.
 */
static void soft_migrate(struct kunit *test, const struct soft_row *row,
			 struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	expect_row(test, row, mm, MM_KUNIT_BASE);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged(test, t.before);
	if (len == PAGE_SIZE)
		expect_row(test, row, mm, MM_KUNIT_BASE);
	mm_kunit_put_target(&t);
}

static void migration_keeps_soft_dirty_of_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_migrate);
}

static void migration_keeps_soft_dirty_of_thp(struct kunit *test)
{
	require_thp_migration(test);
	each_row(test, PMD_SIZE, soft_migrate);
}

/* mprotect() makes the entry read-only, and no more. */
static void soft_mprotect_migrating(struct kunit *test,
				    const struct soft_row *row,
				    struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;

	mm_kunit_migrate_away(&t, 0);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_mprotect(mm, MM_KUNIT_BASE, len, PROT_READ),
			0L);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ_MSG(test, entry.soft_dirty, row->soft_dirty, "%s",
			    row->name);
	KUNIT_EXPECT_FALSE(test, entry.write);
	mm_kunit_migrate_back(&t);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_TRUE(test, entry.soft_dirty || !row->soft_dirty);
	KUNIT_EXPECT_FALSE(test, entry.write);
	mm_kunit_put_target(&t);
}

static void mprotect_keeps_soft_dirty_of_migrating_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_mprotect_migrating);
}

static void mprotect_keeps_soft_dirty_of_migrating_thp(struct kunit *test)
{
	require_thp_migration(test);
	each_row(test, PMD_SIZE, soft_mprotect_migrating);
}

static void soft_fork_migrating(struct kunit *test, const struct soft_row *row,
				struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	struct mm_struct *child;

	mm_kunit_migrate_away(&t, 0);
	child = mm_kunit_fork(test, mm);
	KUNIT_EXPECT_EQ_MSG(test,
			    mm_kunit_entry_at(mm, MM_KUNIT_BASE).soft_dirty,
			    row->soft_dirty, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test,
			    mm_kunit_entry_at(child, MM_KUNIT_BASE).soft_dirty,
			    row->soft_dirty, "%s", row->name);
	mm_kunit_migrate_back(&t);
	mm_kunit_expect_unchanged_but(test, t.before, folio_page(t.folio, 0),
				      t.nr);
	mm_kunit_put_target(&t);
	if (!mm_kunit_failed(test))
		mm_kunit_exit_mm(test, child);
}

static void fork_keeps_soft_dirty_of_migrating_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_fork_migrating);
}

static void fork_keeps_soft_dirty_of_migrating_thp(struct kunit *test)
{
	require_thp_migration(test);
	each_row(test, PMD_SIZE, soft_fork_migrating);
}

/*
 * The PTEs of a PMD that is split while its page migrates. Like 43e7f189769c,
 * which is about device-private pages: one bit must not be read as the other.
 */
static void soft_split_migrating(struct kunit *test, const struct soft_row *row,
				 struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);
	struct mm_kunit_entry entry;
	int i;

	mm_kunit_migrate_away(&t, 0);
	KUNIT_EXPECT_EQ(test,
			mm_kunit_munmap(mm, mm_kunit_addr(MM_KUNIT_HUGE_NR - 1),
					PAGE_SIZE),
			0L);
	for (i = 0; i < MM_KUNIT_HUGE_NR - 1; i++) {
		entry = mm_kunit_entry_at(mm, mm_kunit_addr(i));
		if (entry.size == PAGE_SIZE &&
		    entry.soft_dirty == row->soft_dirty &&
		    entry.write == row->write)
			continue;
		KUNIT_FAIL(test, "%s: entry %d has soft-dirty %d, write %d",
			   row->name, i, entry.soft_dirty, entry.write);
		break;
	}
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	expect_row(test, row, mm, MM_KUNIT_BASE);
	mm_kunit_expect_pages(test, mm, 2);
}

static void split_of_migrating_pmd_keeps_soft_dirty(struct kunit *test)
{
	require_thp_migration(test);
	each_row(test, PMD_SIZE, soft_split_migrating);
}

/* Splits. */

/* A PTE may gain the bit, see above. */
static void soft_split_pmd(struct kunit *test, const struct soft_row *row,
			   struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_entry entry;
	int i;

	KUNIT_EXPECT_EQ(test,
			mm_kunit_munmap(mm, mm_kunit_addr(MM_KUNIT_HUGE_NR - 1),
					PAGE_SIZE),
			0L);
	for (i = 0; i < MM_KUNIT_HUGE_NR - 1 && !mm_kunit_failed(test); i++) {
		entry = mm_kunit_entry_at(mm, mm_kunit_addr(i));
		KUNIT_EXPECT_TRUE_MSG(test,
				      entry.soft_dirty || !row->soft_dirty,
				      "%s, page %d", row->name, i);
		KUNIT_EXPECT_EQ(test, entry.write, row->write);
	}
}

static void split_pmd_keeps_soft_dirty(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_split_pmd);
}

/*
 * 9658d698a8a8 ("mm/rmap: fix soft-dirty and uffd-wp bit loss when remapping
 * zero-filled mTHP subpage to shared zeropage"): where a page holds nothing, a
 * split maps the zero page, and forgot that the page had been written to.
 */
static void soft_split_folio(struct kunit *test, const struct soft_row *row,
			     struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_entry entry;
	int i, ret;

	lru_add_drain_all();
	ret = mm_kunit_split_folio(mm_kunit_page_at(mm, MM_KUNIT_BASE));
	KUNIT_ASSERT_EQ(test, ret, 0);
	for (i = 0; i < MM_KUNIT_HUGE_NR; i++) {
		entry = mm_kunit_entry_at(mm, mm_kunit_addr(i));
		KUNIT_ASSERT_EQ(test, entry.size, PAGE_SIZE);
		KUNIT_ASSERT_TRUE_MSG(test, soft_fits(row, &entry),
				      "%s: page %d", row->name, i);
	}
	mm_kunit_expect_pages(test, mm, 2);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, mm_kunit_addr(9)), 0ULL);
}

static void split_of_folio_keeps_soft_dirty(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_split_folio);
}

/* Swap. */

static void soft_swap_page(struct kunit *test, const struct soft_row *row,
			   struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_entry entry;

	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ_MSG(test, entry.soft_dirty, row->soft_dirty, "%s",
			    row->name);
	mm_kunit_read(test, mm, MM_KUNIT_BASE);
	entry = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ_MSG(test, entry.soft_dirty, row->soft_dirty, "%s",
			    row->name);
	if (!row->soft_dirty)
		soft_touch(test, row, mm, len);
}

static void swap_keeps_soft_dirty(struct kunit *test)
{
	mm_kunit_require_soft_dirty(test);
	mm_kunit_swapon(test);
	each_row(test, PAGE_SIZE, soft_swap_page);
}

/* fork(). */

static void soft_fork_both(struct kunit *test, const struct soft_row *row,
			   struct mm_struct *mm, unsigned long len)
{
	struct mm_struct *child = mm_kunit_fork(test, mm),
			 *each[] = { mm, child };
	struct mm_kunit_entry entry;
	int i;

	for (i = 0; i < 2; i++) {
		entry = mm_kunit_entry_at(each[i], MM_KUNIT_BASE);
		KUNIT_EXPECT_EQ_MSG(test, entry.soft_dirty, row->soft_dirty,
				    "%s, %s", row->name,
				    i ? "child" : "parent");
		KUNIT_EXPECT_FALSE(test, entry.write);
	}
	if (!mm_kunit_failed(test))
		mm_kunit_exit_mm(test, child);
}

static void fork_keeps_soft_dirty_of_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_fork_both);
}

static void fork_keeps_soft_dirty_of_thp(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_fork_both);
}

static void soft_fork_swapped(struct kunit *test, const struct soft_row *row,
			      struct mm_struct *mm, unsigned long len)
{
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	soft_fork_both(test, row, mm, len);
}

static void fork_keeps_soft_dirty_of_swap_entry(struct kunit *test)
{
	mm_kunit_require_soft_dirty(test);
	mm_kunit_swapon(test);
	each_row(test, PAGE_SIZE, soft_fork_swapped);
}

/* Moves. */

/* The entry at TO: marked, and otherwise as it was. */
static void soft_move(struct kunit *test, const struct soft_row *row,
		      struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_entry old = mm_kunit_entry_at(mm, MM_KUNIT_BASE);
	struct mm_kunit_entry new;

	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(mm, MM_KUNIT_BASE, len, TO),
			(long)TO);
	new = mm_kunit_entry_at(mm, TO);
	KUNIT_EXPECT_TRUE_MSG(test, new.soft_dirty, "%s", row->name);
	KUNIT_EXPECT_EQ_MSG(test, new.write, old.write, "%s", row->name);
	KUNIT_EXPECT_EQ(test, (int)new.kind, (int)old.kind);
	KUNIT_EXPECT_EQ(test, new.size, old.size);
	KUNIT_EXPECT_EQ(test, new.pfn, old.pfn);
	KUNIT_EXPECT_EQ(test, new.leaf, old.leaf);
	KUNIT_EXPECT_EQ(test, new.dirty, old.dirty);
}

static void mremap_marks_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_move);
}

static void mremap_marks_thp(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_move);
}

static void soft_move_swapped(struct kunit *test, const struct soft_row *row,
			      struct mm_struct *mm, unsigned long len)
{
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	soft_move(test, row, mm, len);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, TO), mm_kunit_content(0));
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(mm, TO).soft_dirty);
}

static void mremap_marks_swap_entry(struct kunit *test)
{
	mm_kunit_require_soft_dirty(test);
	mm_kunit_swapon(test);
	each_row(test, PAGE_SIZE, soft_move_swapped);
}

static void soft_move_migrating(struct kunit *test, const struct soft_row *row,
				struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_target t = mm_kunit_target_at(test, mm, MM_KUNIT_BASE);

	mm_kunit_migrate_away(&t, 0);
	soft_move(test, row, mm, len);
	mm_kunit_migrate_back(&t);
	KUNIT_EXPECT_TRUE(test, mm_kunit_entry_at(mm, TO).soft_dirty);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, TO), mm_kunit_content(0));
	mm_kunit_put_target(&t);
}

static void mremap_marks_migrating_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_move_migrating);
}

static void mremap_marks_migrating_thp(struct kunit *test)
{
	require_thp_migration(test);
	each_row(test, PMD_SIZE, soft_move_migrating);
}

/*
 * PTEs of one large folio that differ: 04d1c9d60c6e ("mm/mremap: honour
 * writable bit in mremap pte batching"). A batch is taken only where the
 * hardware has batches of its own, so here it is none.
 */
static void mremap_keeps_each_pte_of_large_folio(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_thp_mm(test, 8), *child;
	int i;

	child = mm_kunit_fork(test, mm);
	mm_kunit_exit_mm(test, child);
	mm_kunit_split_pmd(test, mm);
	for (i = 0; i < 8; i += 2)
		mm_kunit_write(test, mm, mm_kunit_addr(i), mm_kunit_content(i));
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test,
				mm_kunit_entry_at(mm, mm_kunit_addr(i)).write,
				(bool)(i % 2 == 0));
	KUNIT_ASSERT_EQ(test, mm_kunit_mremap(mm, MM_KUNIT_BASE, PMD_SIZE, TO),
			(long)TO);
	for (i = 0; i < 8; i++) {
		unsigned long addr = TO + i * PAGE_SIZE;

		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_entry_at(mm, addr).write,
				    (bool)(i % 2 == 0), "page %d", i);
		KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr),
				mm_kunit_content(i));
	}
}

/* UFFDIO_MOVE does as mremap() does. */
static void soft_uffd_move(struct kunit *test, const struct soft_row *row,
			   struct mm_struct *mm, unsigned long len)
{
	struct mm_kunit_uffd_move m = {
		.mm = mm,
		.src = MM_KUNIT_BASE,
		.dst = TO,
		.len = len,
	};
	int ret;

	if (row->soft_dirty && !row->write)
		return; /* it moves from and to writable VMAs alone */
	m.uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MOVE);
	mm_kunit_mmap_anon(test, mm, TO, len);
	ret = mm_kunit_uffd_register(m.uffd, TO, len,
				     UFFDIO_REGISTER_MODE_MISSING);
	KUNIT_ASSERT_EQ(test, ret, 0);
	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_move(&m), (long)len);
	KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_entry_at(mm, TO).soft_dirty, "%s",
			      row->name);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, TO), mm_kunit_content(0));
}

/* A PTE that is made dirty is marked by that already. */
static void soft_uffd_move_page(struct kunit *test, const struct soft_row *row,
				struct mm_struct *mm, unsigned long len)
{
	pte_t *pte = pte_offset_kernel(mm_kunit_pmd(mm, MM_KUNIT_BASE),
				       MM_KUNIT_BASE);

	if (!row->soft_dirty)
		set_pte_at(mm, MM_KUNIT_BASE, pte, pte_mkclean(ptep_get(pte)));
	soft_uffd_move(test, row, mm, len);
}

static void uffdio_move_marks_page(struct kunit *test)
{
	each_row(test, PAGE_SIZE, soft_uffd_move_page);
}

static void uffdio_move_marks_thp(struct kunit *test)
{
	each_row(test, PMD_SIZE, soft_uffd_move);
}

static void soft_uffd_move_swapped(struct kunit *test,
				   const struct soft_row *row,
				   struct mm_struct *mm, unsigned long len)
{
	if (row->soft_dirty && !row->write)
		return;
	mm_kunit_swap_out(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	soft_uffd_move(test, row, mm, len);
}

/*
 * 75cb1cca2c88 ("mm: userfaultfd: correct dirty flags set for both present and
 * swap pte"): a swap entry moved without the bit.
 */
static void uffdio_move_marks_swap_entry(struct kunit *test)
{
	mm_kunit_require_soft_dirty(test);
	mm_kunit_swapon(test);
	each_row(test, PAGE_SIZE, soft_uffd_move_swapped);
}

static struct kunit_case soft_dirty_cases[] = {
	KUNIT_CASE(write_marks_page),
	KUNIT_CASE(write_marks_thp),
	KUNIT_CASE(migration_keeps_soft_dirty_of_page),
	KUNIT_CASE(migration_keeps_soft_dirty_of_thp),
	KUNIT_CASE(mprotect_keeps_soft_dirty_of_migrating_page),
	KUNIT_CASE(mprotect_keeps_soft_dirty_of_migrating_thp),
	KUNIT_CASE(fork_keeps_soft_dirty_of_migrating_page),
	KUNIT_CASE(fork_keeps_soft_dirty_of_migrating_thp),
	KUNIT_CASE(split_of_migrating_pmd_keeps_soft_dirty),
	KUNIT_CASE(split_pmd_keeps_soft_dirty),
	KUNIT_CASE(split_of_folio_keeps_soft_dirty),
	KUNIT_CASE(swap_keeps_soft_dirty),
	KUNIT_CASE(fork_keeps_soft_dirty_of_page),
	KUNIT_CASE(fork_keeps_soft_dirty_of_thp),
	KUNIT_CASE(fork_keeps_soft_dirty_of_swap_entry),
	KUNIT_CASE(mremap_marks_page),
	KUNIT_CASE(mremap_marks_thp),
	KUNIT_CASE(mremap_marks_swap_entry),
	KUNIT_CASE(mremap_marks_migrating_page),
	KUNIT_CASE(mremap_marks_migrating_thp),
	KUNIT_CASE(mremap_keeps_each_pte_of_large_folio),
	KUNIT_CASE(uffdio_move_marks_page),
	KUNIT_CASE(uffdio_move_marks_thp),
	KUNIT_CASE(uffdio_move_marks_swap_entry),
	{}
};

static struct kunit_suite soft_dirty_suite = {
	.name = "soft_dirty",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = soft_dirty_cases,
};

kunit_test_suite(soft_dirty_suite);

MODULE_DESCRIPTION("KUnit tests for the soft-dirty bit of page tables");
MODULE_LICENSE("GPL");
