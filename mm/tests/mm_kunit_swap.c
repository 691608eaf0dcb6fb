// SPDX-License-Identifier: GPL-2.0-only
/*
 * A swap device, see mm_kunit_swap.h: the first RAM disk, by way of a node in
 * the root file system.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/kthread.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "mm_kunit_compat.h"
#include "mm_kunit_pages.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_swap.h"

#define NODE	"/mmkunit-swap"

/* Where the system calls find the name of the node. */
#define NAME	((const char __user *)MM_KUNIT_BASE)

/* In use on return, for system calls about the node. */
static struct mm_struct *use_mm_with_name(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	unsigned long left;

	mm_kunit_mmap_anon(test, mm, MM_KUNIT_BASE, PAGE_SIZE);
	kthread_use_mm(mm);
	left = copy_to_user((void __user *)MM_KUNIT_BASE, NODE, sizeof(NODE));
	if (left)
		kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, left, 0UL);
	return mm;
}

static void unuse_mm_with_name(struct kunit *test, struct mm_struct *mm)
{
	kthread_unuse_mm(mm);
	mm_kunit_exit_mm(test, mm);
}

/* What mkswap would write. */
static void make_header(struct kunit *test)
{
	union swap_header *header = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct file *file;
	ssize_t written;
	loff_t pos = 0;

	mm_kunit_in_root()
		file = filp_open(NODE, O_RDWR | O_LARGEFILE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, header);
	header->info.version = 1;
	header->info.last_page = (i_size_read(file->f_mapping->host) >>
				  PAGE_SHIFT) - 1;
	memcpy(header->magic.magic, "SWAPSPACE2", 10);
	written = kernel_write(file, header, PAGE_SIZE, &pos);
	filp_close(file, NULL);
	KUNIT_ASSERT_EQ(test, written, (ssize_t)PAGE_SIZE);
}

/**
 * mm_kunit_swapon() - have a swap device
 * @test: the case, which ends with mm_kunit_swapoff()
 *
 * One that a failed case has left behind does as well.
 */
void mm_kunit_swapon(struct kunit *test)
{
	struct mm_struct *mm;
	long ret;

	if (total_swap_pages)
		return;
	mm = use_mm_with_name(test);
	mm_kunit_in_root()
		ret = mm_kunit_syscall(mknodat, AT_FDCWD, NAME, S_IFBLK | 0600,
				       new_encode_dev(MKDEV(RAMDISK_MAJOR, 0)));
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	make_header(test);
	kthread_use_mm(mm);
	mm_kunit_in_root()
		ret = mm_kunit_syscall(swapon, NAME, 0);
	unuse_mm_with_name(test, mm);
	KUNIT_ASSERT_EQ(test, ret, 0L);
}

/**
 * mm_kunit_swapoff() - bring back all that is swapped out, and have no device
 * @test: the case
 */
void mm_kunit_swapoff(struct kunit *test)
{
	struct mm_struct *mm = use_mm_with_name(test);
	long ret;

	mm_kunit_in_root() {
		ret = mm_kunit_syscall(swapoff, NAME);
		mm_kunit_syscall(unlinkat, AT_FDCWD, NAME, 0);
	}
	unuse_mm_with_name(test, mm);
	KUNIT_ASSERT_EQ(test, ret, 0L);
}

/**
 * mm_kunit_swap_out() - swap out what one mm alone maps
 * @test: the case
 * @mm: the mm
 * @addr: start of the range
 * @len: its length in bytes
 */
void mm_kunit_swap_out(struct kunit *test, struct mm_struct *mm,
		       unsigned long addr, unsigned long len)
{
	lru_add_drain_all();
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, addr, len, MADV_PAGEOUT), 0L);
	KUNIT_ASSERT_EQ_MSG(test, (int)mm_kunit_entry_at(mm, addr).kind,
			    (int)MM_KUNIT_OTHER, "it was not swapped out");
}
