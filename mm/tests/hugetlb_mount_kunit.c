// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugetlbfs mounts of a limited size, and what they promise to their files.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>

#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/* Called in a thread of its own, or the mount would go only when that ends. */
static int mount_put(void *arg)
{
	mntput(arg);
	return 0;
}

/* A mount goes some time after its last user. */
static void mount_put_action(void *ctx)
{
	int i;

	mm_kunit_run_in_kthread(mount_put, ctx);
	for (i = 0; mm_kunit_resv_huge_pages() && i < 500; i++)
		msleep(20);
}

static struct vfsmount *mount_try(struct file_system_type *type, int max,
				  int min)
{
	struct fs_context *fc = fs_context_for_mount(type, 0);
	struct vfsmount *mnt;
	char size[16];
	int ret;

	if (IS_ERR(fc))
		return ERR_CAST(fc);
	snprintf(size, sizeof(size), "%lu", max * PMD_SIZE);
	ret = vfs_parse_fs_string(fc, "size", size);
	snprintf(size, sizeof(size), "%lu", min * PMD_SIZE);
	if (!ret)
		ret = vfs_parse_fs_string(fc, "min_size", size);
	mnt = ret ? ERR_PTR(ret) : fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

/* A mount of at most @max huge pages, of which @min are reserved for it. */
static struct vfsmount *mount_hugetlbfs(struct kunit *test, int max, int min)
{
	struct file_system_type *type;
	struct vfsmount *mnt;

	if (!hugepages_supported())
		kunit_skip(test, "this machine has no huge pages");
	type = get_fs_type("hugetlbfs");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, type);
	mnt = mount_try(type, max, min);
	put_filesystem(type);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	KUNIT_ASSERT_EQ(test,
			kunit_add_action_or_reset(test, mount_put_action, mnt),
			0);
	return mnt;
}

static struct file *mount_file(struct kunit *test, struct vfsmount *mnt)
{
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };

	return mm_kunit_own_file(test, file_open_root(&root, "mm_kunit",
						      O_CREAT | O_RDWR, 0600));
}

/* mmap() with a reservation, and munmap() if that worked; what mmap() returned */
static long mount_reserve(struct mm_struct *mm, struct file *file, int nr)
{
	unsigned long got;

	kthread_use_mm(mm);
	got = vm_mmap(file, BASE, nr * PMD_SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
	if (!IS_ERR_VALUE(got))
		vm_munmap(BASE, nr * PMD_SIZE);
	kthread_unuse_mm(mm);
	return (long)got;
}

/*
 * 1d3f9bb4c8af ("mm/hugetlb: restore failed global reservations to subpool"): a
 * mount that has reserved two pages is asked for three, and the third cannot be
 * had. That one stayed counted as used, until nothing of the mount was left.
 */
static void failed_reservation_uses_nothing_of_mount(struct kunit *test)
{
	struct vfsmount *mnt = mount_hugetlbfs(test, 4, 2);
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct file *file = mount_file(test, mnt);
	unsigned long overcommit;
	long ret[5], max, reserved;
	int i;

	reserved = mm_kunit_resv_huge_pages();
	overcommit = mm_kunit_set_overcommit(2);
	for (i = 0; i < 5; i++)
		ret[i] = mount_reserve(mm, file, 3);
	mm_kunit_set_overcommit(overcommit);
	KUNIT_EXPECT_EQ(test, mm_kunit_resv_huge_pages(), reserved);
	max = mount_reserve(mm, file, 4);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ_MSG(test, ret[i], (long)-ENOMEM, "mmap %d", i);
	KUNIT_EXPECT_EQ(test, max, (long)BASE);
	mm_kunit_exit_mm(test, mm);
	mm_kunit_put_files(test);
	flush_delayed_fput();
	kunit_release_action(test, mount_put_action, mnt);
}

static void mount_reserves_no_more_than_its_size(struct kunit *test)
{
	struct vfsmount *mnt = mount_hugetlbfs(test, 4, 2);
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct file *file = mount_file(test, mnt);

	KUNIT_EXPECT_EQ(test, mount_reserve(mm, file, 5), (long)-ENOMEM);
	KUNIT_EXPECT_EQ(test, mount_reserve(mm, file, 4), (long)BASE);
	mm_kunit_exit_mm(test, mm);
	mm_kunit_put_files(test);
	flush_delayed_fput();
	kunit_release_action(test, mount_put_action, mnt);
}

static struct kunit_case hugetlb_mount_cases[] = {
	KUNIT_CASE(mount_reserves_no_more_than_its_size),
	KUNIT_CASE(failed_reservation_uses_nothing_of_mount),
	{}
};

static struct kunit_suite hugetlb_mount_suite = {
	.name = "hugetlb_mount",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_mount_cases,
};

kunit_test_suite(hugetlb_mount_suite);

MODULE_DESCRIPTION("KUnit tests for hugetlbfs mounts of a limited size");
MODULE_LICENSE("GPL");
