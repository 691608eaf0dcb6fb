// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the pages of a hugetlb file meanwhile: a hole is punched, a
 * page migrates, or userfaultfd maps it, while others look at the page or its
 * mappings. The lock of the page, i_mmap_rwsem of the file and the mutex of page
 * faults say who may.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/hugetlb_share.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thread.h"
#include "lib/uffd.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/**
 * struct file_punch - a hole that is punched into a file meanwhile
 * @thread: who does it
 * @file: the file, which loses its first huge page
 */
struct file_punch {
	struct mm_kunit_thread thread;
	struct file *file;
};

static int file_punch_hole(void *arg)
{
	struct file_punch *punch = arg;

	return mm_kunit_punch_hole(punch->file, 0, PMD_SIZE);
}

/* Another place in the file, where nobody looks for a page of the hole. */
static void file_hide_vma(struct vm_area_struct *vma, bool hide)
{
	struct address_space *mapping = vma->vm_file->f_mapping;

	i_mmap_lock_write(mapping);
	if (hide)
		vma->vm_pgoff += PUD_SIZE >> PAGE_SHIFT;
	else
		vma->vm_pgoff -= PUD_SIZE >> PAGE_SHIFT;
	i_mmap_unlock_write(mapping);
}

/* The mutex of page faults at huge page @nr of @file. */
static struct mutex *file_fault_mutex(struct file *file, pgoff_t nr)
{
	u32 hash = hugetlb_fault_mutex_hash(file->f_mapping, nr);

	return &hugetlb_fault_mutex_table[hash];
}

/*
 * Whether @mm[0] still maps @page when the hole is about to take it and has to
 * wait for its lock. The hole unmaps what it finds, which @mm[1] shows, and is
 * stopped by the mutex of page faults before it looks at each page again.
 * @mm[0] is hidden till then, as if it had faulted meanwhile.
 */
static bool file_punch_waits_for_lock(struct file_punch *punch,
				      struct mm_struct *mm[2],
				      struct page *page)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm[0], BASE);
	struct mutex *mutex = file_fault_mutex(punch->file, 0);
	unsigned long end = jiffies + 2 * HZ;
	bool stays;

	mutex_lock(mutex);
	file_hide_vma(vma, true);
	folio_lock(page_folio(page));
	mm_kunit_start_thread(&punch->thread, -1);
	while (mm_kunit_page_at(mm[1], BASE) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	file_hide_vma(vma, false);
	mutex_unlock(mutex);
	stays = !mm_kunit_thread_returns(&punch->thread, 300) &&
		mm_kunit_page_at(mm[0], BASE) == page;
	folio_unlock(page_folio(page));
	return stays;
}

/*
 * 7b7387650dcf ("mm/hugetlb: fix folio is still mapped when deleted"): a hole
 * looked whether a page was mapped, and unmapped it, without its lock. While
 * the page migrated it was not, and came back mapped when it was no more in the
 * file. So nothing of it may change while the page is locked.
 */
static void punch_hole_unmaps_page_under_its_lock(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PUD_SIZE);
	struct file_punch punch = { .file = file };
	struct mm_struct *mm[2];
	struct page *page;
	bool stays;
	int i;

	/* Too short to share a PMD table. */
	for (i = 0; i < 2; i++) {
		mm[i] = mm_kunit_map_new(test, file, BASE, 4 * PMD_SIZE, RW,
					 MAP_SHARED, 0);
		mm_kunit_write(test, mm[i], BASE, mm_kunit_content(i));
	}
	page = mm_kunit_page_at(mm[0], BASE);
	punch.thread.fn = file_punch_hole;
	punch.thread.arg = &punch;
	get_page(page);
	stays = file_punch_waits_for_lock(&punch, mm, page);
	KUNIT_EXPECT_EQ(test, mm_kunit_join_thread(&punch.thread, 60), 0);
	put_page(page);
	KUNIT_EXPECT_TRUE(test, stays);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_NULL(test, mm_kunit_page_at(mm[i], BASE));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/* A file's operation that moves a folio, where a tree has it. */
#ifndef mm_kunit_migrate_folio_op
#define mm_kunit_migrate_folio_op(ops) ((ops)->migrate_folio)
#endif

/**
 * struct file_move - sees whether the mappings of a file are locked at a move
 * @ops: the file's operations, but that a move is seen; written to once
 * @old: its own
 * @moves: how often a page moved
 * @unlocked: how often nobody had i_mmap_rwsem
 */
struct file_move {
	const struct address_space_operations ops;
	const struct address_space_operations *old;
	int moves;
	int unlocked;
};

static int file_observe_move(struct address_space *mapping, struct folio *dst,
			     struct folio *src, enum migrate_mode mode)
{
	struct file_move *move =
		container_of(mapping->a_ops, struct file_move, ops);
	typeof(mm_kunit_migrate_folio_op(move->old)) migrate =
		mm_kunit_migrate_folio_op(move->old);

	move->moves++;
	if (!rwsem_is_locked(&mapping->i_mmap_rwsem))
		move->unlocked++;
	return migrate(mapping, dst, src, mode);
}

/*
 * b7880cb166ab ("migrate: correct lock ordering for hugetlb file folios"): the
 * mappings were unlocked for the move and locked again to restore them, with
 * the page locked, while who unmaps a file takes the locks the other way round.
 * So the page comes and goes under one i_mmap_rwsem.
 */
static void migration_keeps_mappings_of_file_locked(struct kunit *test)
{
	struct address_space *mapping;
	struct file_move *move;
	struct mm_struct *mm;
	struct file *file;
	struct page *page;
	int ret;

	if (!IS_ENABLED(CONFIG_MIGRATION) ||
	    !IS_ENABLED(CONFIG_ARCH_ENABLE_HUGEPAGE_MIGRATION))
		kunit_skip(test, "huge pages cannot migrate");
	file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	mm = mm_kunit_map_new(test, file, BASE, 4 * PMD_SIZE, RW, MAP_SHARED,
			      0);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	page = mm_kunit_page_at(mm, BASE);
	move = kunit_kzalloc(test, sizeof(*move), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, move);
	mapping = file->f_mapping;
	move->old = mapping->a_ops;
	memcpy((void *)&move->ops, move->old, sizeof(move->ops));
	*(void **)&mm_kunit_migrate_folio_op(&move->ops) = file_observe_move;
	mapping->a_ops = &move->ops;
	ret = mm_kunit_migrate_hugetlb(page_folio(page));
	mapping->a_ops = move->old;
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, move->moves, 1);
	KUNIT_EXPECT_EQ(test, move->unlocked, 0);
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(mm, BASE), page);
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, BASE),
			mm_kunit_content(0));
	EXPECT_HUGETLB_COUNTS_MATCH(test);
}

/**
 * struct file_continue - a UFFDIO_CONTINUE of a huge page
 * @uffd: a userfaultfd of its VMA
 * @addr: where
 */
struct file_continue {
	struct file *uffd;
	unsigned long addr;
};

static int file_continue_page(void *arg)
{
	struct file_continue *map = arg;

	return mm_kunit_uffd_continue(map->uffd, map->addr);
}

/*
 * 0217c7fb4de4 ("mm/userfaultfd: fix hugetlb fault mutex hash calculation"): the
 * mutex was chosen by the number of the small page, and page faults choose it by
 * that of the huge one.
 */
static void continue_waits_for_fault_on_its_page(struct kunit *test)
{
	struct file *uffd, *file = mm_kunit_hugetlb_file(test, 8 * PMD_SIZE);
	struct file_continue map = { .addr = BASE };
	struct mm_kunit_thread thread = {
		.fn = file_continue_page,
		.arg = &map,
	};
	struct mm_struct *filler, *mm;
	struct mutex *mutex; /* of page faults at the huge page */
	bool returns;
	pgoff_t nr;

	for (nr = 1; nr < 8; nr++) {
		mutex = file_fault_mutex(file, nr);
		if (mutex != file_fault_mutex(file, nr * PTRS_PER_PTE))
			break;
	}
	if (nr == 8)
		kunit_skip(test, "page faults share one mutex");
	filler = mm_kunit_map_new(test, file, BASE, PMD_SIZE, RW, MAP_SHARED,
				  nr * PMD_SIZE);
	mm_kunit_write(test, filler, BASE, mm_kunit_content(0));
	mm = mm_kunit_map_new(test, file, BASE, PMD_SIZE, RW, MAP_SHARED,
			      nr * PMD_SIZE);
	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MINOR_HUGETLBFS);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(uffd, BASE, PMD_SIZE,
					       UFFDIO_REGISTER_MODE_MINOR),
			0);
	map.uffd = uffd;
	mutex_lock(mutex);
	mm_kunit_start_thread(&thread, -1);
	returns = mm_kunit_thread_returns(&thread, 300);
	mutex_unlock(mutex);
	KUNIT_EXPECT_EQ(test, mm_kunit_join_thread(&thread, 60), 0);
	KUNIT_EXPECT_FALSE_MSG(test, returns,
			       "it did not wait for the mutex of its page");
	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, BASE),
			    mm_kunit_page_at(filler, BASE));
}

static struct kunit_case hugetlb_file_cases[] = {
	KUNIT_CASE(punch_hole_unmaps_page_under_its_lock),
	KUNIT_CASE(migration_keeps_mappings_of_file_locked),
	KUNIT_CASE(continue_waits_for_fault_on_its_page),
	{}
};

static struct kunit_suite hugetlb_file_suite = {
	.name = "hugetlb_file",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_file_cases,
};

kunit_test_suite(hugetlb_file_suite);

MODULE_DESCRIPTION("KUnit tests for pages of hugetlb files");
MODULE_LICENSE("GPL");
