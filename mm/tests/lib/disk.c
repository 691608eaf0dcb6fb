// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file system on a disk: FAT16 on the second RAM disk, see disk.h. The first
 * one is for swap.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "disk.h"
#include "fixture.h"
#include "node.h"

#define SECTOR 512

/* The boot sector, the table of clusters and the root directory. */
#define TABLE_SECTORS 32
#define ROOT_ENTRIES 512
#define FORMAT_SIZE ((1 + TABLE_SECTORS + ROOT_ENTRIES * 32 / SECTOR) * SECTOR)

static void mm_kunit_put_u16(u8 *to, unsigned int value)
{
	to[0] = value;
	to[1] = value >> 8;
}

/* What mkfs.fat would write. */
static void mm_kunit_format(u8 *disk, unsigned int sectors)
{
	static const u8 table[] = { 0xf8, 0xff, 0xff, 0xff };

	disk[0] = 0xeb;
	disk[1] = 0x3c;
	disk[2] = 0x90;
	mm_kunit_put_u16(disk + 11, SECTOR);
	disk[13] = 2; /* sectors of a cluster */
	mm_kunit_put_u16(disk + 14, 1); /* the boot sector */
	disk[16] = 1; /* tables */
	mm_kunit_put_u16(disk + 17, ROOT_ENTRIES);
	mm_kunit_put_u16(disk + 19, sectors);
	disk[21] = 0xf8; /* not a floppy */
	mm_kunit_put_u16(disk + 22, TABLE_SECTORS);
	mm_kunit_put_u16(disk + 510, 0xaa55);
	memcpy(disk + SECTOR, table, sizeof(table));
}

static int mm_kunit_make_fs(const char *name)
{
	u8 *disk = kvzalloc(FORMAT_SIZE, GFP_KERNEL);
	struct file *file;
	loff_t pos = 0;
	ssize_t ret = -ENOMEM;

	if (!disk)
		return ret;
	file = filp_open(name, O_RDWR | O_LARGEFILE, 0);
	if (!IS_ERR(file)) {
		mm_kunit_format(disk,
				i_size_read(file->f_mapping->host) / SECTOR);
		ret = kernel_write(file, disk, FORMAT_SIZE, &pos);
		if (ret == FORMAT_SIZE)
			ret = vfs_fsync(file, 0);
		filp_close(file, NULL);
		flush_delayed_fput(); /* who writes to it must not mount it */
	}
	kvfree(disk);
	return ret;
}

static int mm_kunit_mount_node(const char *name, void *arg)
{
	struct file_system_type *type = get_fs_type("msdos");
	struct vfsmount **mnt = arg;
	int ret = mm_kunit_make_fs(name);

	if (!type)
		return -ENODEV;
	if (!ret)
		*mnt = vfs_kern_mount(type, 0, name, NULL);
	put_filesystem(type);
	return ret ?: PTR_ERR_OR_ZERO(*mnt);
}

/* An action. */
static void mm_kunit_umount(void *mnt)
{
	mntput(mnt);
}

/**
 * mm_kunit_mount_disk() - mount an empty file system
 * @test: the case, at whose end it is unmounted, if no file of it is in use
 */
struct vfsmount *mm_kunit_mount_disk(struct kunit *test)
{
	struct vfsmount *mnt = NULL;
	int ret;

	ret = mm_kunit_with_node("/mm_kunit_disk", S_IFBLK | 0600,
				 MKDEV(RAMDISK_MAJOR, 1), mm_kunit_mount_node,
				 &mnt);
	KUNIT_ASSERT_EQ(test, ret, 0);
	ret = kunit_add_action_or_reset(test, mm_kunit_umount, mnt);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return mnt;
}

/**
 * mm_kunit_open_on_disk() - open the file of a disk
 * @test: the case
 * @mnt: the disk
 * @flags: O_*
 *
 * Return: the file, which is the caller's
 */
struct file *mm_kunit_open_on_disk(struct kunit *test, struct vfsmount *mnt,
				   int flags)
{
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
	struct file *file =
		file_open_root(&root, "file", flags | O_LARGEFILE, 0700);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return file;
}

/**
 * mm_kunit_write_page_to() - write the first word of a page of a file
 * @test: the case
 * @file: the file
 * @i: which page
 * @value: what to write
 */
void mm_kunit_write_page_to(struct kunit *test, struct file *file, int i,
			    u64 value)
{
	loff_t pos = (loff_t)i << PAGE_SHIFT;

	KUNIT_ASSERT_EQ(test, kernel_write(file, &value, sizeof(value), &pos),
			(ssize_t)sizeof(value));
}

/**
 * mm_kunit_read_page_of() - read the first word of a page of a file
 * @test: the case
 * @file: the file
 * @i: which page
 */
u64 mm_kunit_read_page_of(struct kunit *test, struct file *file, int i)
{
	loff_t pos = (loff_t)i << PAGE_SHIFT;
	u64 value = 0;

	KUNIT_ASSERT_EQ(test, kernel_read(file, &value, sizeof(value), &pos),
			(ssize_t)sizeof(value));
	return value;
}
