// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages of a file system that has no large folios.
 *
 * With CONFIG_READ_ONLY_THP_FOR_FS, a file that nobody writes to is collapsed
 * all the same. When it is opened for writing, its page cache is dropped,
 * because the file system could not write the huge pages back.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/disk.h"
#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/thp.h"

#define WINDOW MM_KUNIT_BASE

/* A page that is not in the part of the file that is collapsed. */
#define DIRTY (MM_KUNIT_HUGE_NR + 5)

/* The file is closed again, and one page of it is not on the disk yet. */
static struct vfsmount *new_disk_with_dirty_page(struct kunit *test)
{
	struct vfsmount *mnt = mm_kunit_mount_disk(test);
	struct file *file;
	int i;

	file = mm_kunit_open_on_disk(test, mnt, O_RDWR | O_CREAT);
	mm_kunit_own_file(test, file);
	for (i = 0; i < 2 * MM_KUNIT_HUGE_NR; i++)
		mm_kunit_write_page_to(test, file, i, mm_kunit_content(i));
	KUNIT_ASSERT_EQ(test, vfs_fsync(file, 0), 0);
	mm_kunit_write_page_to(test, file, DIRTY, mm_kunit_content(9999));
	mm_kunit_put_files(test);
	flush_delayed_fput();
	return mnt;
}

/*
 * 2dfe9f5c91d0 ("mm/khugepaged: write all dirty file folios when collapsing"):
 * the page cache was dropped with all that had not been written back, wherever
 * in the file.
 */
static void dirty_page_survives_open_for_writing(struct kunit *test)
{
	struct vfsmount *mnt;
	struct mm_struct *mm;
	struct file *file;

	if (!IS_ENABLED(CONFIG_READ_ONLY_THP_FOR_FS))
		kunit_skip(test, "such a file system has no huge pages");
	if (!IS_ENABLED(CONFIG_MSDOS_FS) || !IS_BUILTIN(CONFIG_BLK_DEV_RAM))
		kunit_skip(test, "the file system or its disk is compiled out");
	mm_kunit_require_thp(test);
	mnt = new_disk_with_dirty_page(test);
	file = mm_kunit_open_on_disk(test, mnt, O_RDONLY);
	mm_kunit_own_file(test, file);
	mm = mm_kunit_map_new(test, file, WINDOW, 2 * PMD_SIZE,
			      PROT_READ | PROT_EXEC, MAP_PRIVATE, 0);
	KUNIT_ASSERT_EQ(test, mm_kunit_read(test, mm, WINDOW),
			mm_kunit_content(0));
	KUNIT_EXPECT_EQ(test,
			mm_kunit_madvise(mm, WINDOW, PMD_SIZE, MADV_COLLAPSE),
			0L);
	KUNIT_EXPECT_EQ(test, mm_kunit_entry_at(mm, WINDOW).size, PMD_SIZE);
	file = mm_kunit_open_on_disk(test, mnt, O_RDWR);
	mm_kunit_own_file(test, file);
	KUNIT_EXPECT_EQ(test, mm_kunit_read_page_of(test, file, DIRTY),
			mm_kunit_content(9999));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, WINDOW),
			mm_kunit_content(0));
}

static struct kunit_case disk_collapse_cases[] = {
	KUNIT_CASE(dirty_page_survives_open_for_writing),
	{}
};

static struct kunit_suite disk_collapse_suite = {
	.name = "disk_collapse",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = disk_collapse_cases,
};

kunit_test_suite(disk_collapse_suite);

MODULE_DESCRIPTION("KUnit tests for huge pages of plain file systems");
MODULE_LICENSE("GPL");
