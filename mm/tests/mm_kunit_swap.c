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
#define NAME	((const char __user *)MM_KUNIT_USER_PAGE)

/* What mkswap would write. */
static int write_header(struct file *file)
{
	union swap_header *header = kzalloc(PAGE_SIZE, GFP_KERNEL);
	ssize_t written;
	loff_t pos = 0;

	if (!header)
		return -ENOMEM;
	header->info.version = 1;
	header->info.last_page = (i_size_read(file->f_mapping->host) >>
				  PAGE_SHIFT) - 1;
	memcpy(header->magic.magic, "SWAPSPACE2", 10);
	written = kernel_write(file, header, PAGE_SIZE, &pos);
	kfree(header);
	return written < 0 ? written : written == PAGE_SIZE ? 0 : -EIO;
}

static int make_header(void)
{
	struct file *file;
	int ret;

	mm_kunit_in_root()
		file = filp_open(NODE, O_RDWR | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = write_header(file);
	filp_close(file, NULL);
	return ret;
}

static int make_swap(void)
{
	int ret;

	mm_kunit_in_root()
		ret = mm_kunit_syscall(mknodat, AT_FDCWD, NAME, S_IFBLK | 0600,
				       new_encode_dev(MKDEV(RAMDISK_MAJOR, 0)));
	if (!ret || ret == -EEXIST)
		ret = make_header();
	if (ret)
		return ret;
	mm_kunit_in_root()
		ret = mm_kunit_syscall(swapon, NAME, 0);
	return ret;
}

static int drop_swap(void)
{
	int ret;

	mm_kunit_in_root() {
		ret = mm_kunit_syscall(swapoff, NAME);
		mm_kunit_syscall(unlinkat, AT_FDCWD, NAME, 0);
	}
	return ret;
}

/* Called in a thread of its own; @arg is the function above to call. */
static int with_name(void *arg)
{
	int (*fn)(void) = arg;
	struct mm_struct *mm = mm_kunit_use_user_page();
	int ret = -EFAULT;

	if (!mm)
		return -ENOMEM;
	if (!copy_to_user((void __user *)MM_KUNIT_USER_PAGE, NODE, sizeof(NODE)))
		ret = fn();
	mm_kunit_unuse_user_page(mm);
	return ret;
}

static void swapoff_action(void *ctx)
{
	int ret = mm_kunit_in_thread(with_name, drop_swap);

	if (ret)
		pr_err("mm_kunit: swapoff says %d\n", ret);
}

/**
 * mm_kunit_swapon() - have a swap device
 * @test: the case, at whose end there is none again
 */
void mm_kunit_swapon(struct kunit *test)
{
	int ret = mm_kunit_in_thread(with_name, make_swap);

	if (ret)
		mm_kunit_in_thread(with_name, drop_swap);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, swapoff_action, NULL),
			0);
}

/**
 * mm_kunit_swapoff() - bring back all that is swapped out, and have no device
 * @test: the case
 */
void mm_kunit_swapoff(struct kunit *test)
{
	kunit_release_action(test, swapoff_action, NULL);
	KUNIT_EXPECT_EQ(test, (long)total_swap_pages, 0L);
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
