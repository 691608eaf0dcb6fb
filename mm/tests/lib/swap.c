// SPDX-License-Identifier: GPL-2.0-only
/*
 * A swap device: the first RAM disk, through a device node in the root file
 * system. See swap.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "entry.h"
#include "fixture.h"
#include "process.h"
#include "swap.h"
#include "syscall.h"

#if defined(CONFIG_SWAP) && IS_BUILTIN(CONFIG_BLK_DEV_RAM)

#define NODE "/mm_kunit_swap"

/* Where the system calls find the name of the node. */
#define NAME ((const char __user *)MM_KUNIT_USER_PAGE)

/* What mkswap would write. */
static int mm_kunit_write_header(struct file *file)
{
	union swap_header *header = kzalloc(PAGE_SIZE, GFP_KERNEL);
	ssize_t written;
	loff_t pos = 0;

	if (!header)
		return -ENOMEM;
	header->info.version = 1;
	header->info.last_page =
		(i_size_read(file->f_mapping->host) >> PAGE_SHIFT) - 1;
	memcpy(header->magic.magic, "SWAPSPACE2", 10);
	written = kernel_write(file, header, PAGE_SIZE, &pos);
	kfree(header);
	return written < 0 ? written : written == PAGE_SIZE ? 0 : -EIO;
}

static int mm_kunit_make_header(void)
{
	struct file *file;
	int ret;

	scoped_with_init_fs() file = filp_open(NODE, O_RDWR | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = mm_kunit_write_header(file);
	filp_close(file, NULL);
	return ret;
}

static int mm_kunit_make_swap(void)
{
	int ret;

	scoped_with_init_fs()
		ret = mm_kunit_syscall(mknodat, AT_FDCWD, NAME, S_IFBLK | 0600,
				       new_encode_dev(MKDEV(RAMDISK_MAJOR, 0)));
	if (!ret || ret == -EEXIST)
		ret = mm_kunit_make_header();
	if (ret)
		return ret;
	scoped_with_init_fs() ret = mm_kunit_syscall(swapon, NAME, 0);
	return ret;
}

static int mm_kunit_drop_swap(void)
{
	int ret;

	scoped_with_init_fs()
	{
		ret = mm_kunit_syscall(swapoff, NAME);
		mm_kunit_syscall(unlinkat, AT_FDCWD, NAME, 0);
	}
	return ret;
}

/* Called in a thread of its own; @arg is the function above to call. */
static int mm_kunit_with_name(void *arg)
{
	int (*fn)(void) = arg;
	struct mm_struct *mm = mm_kunit_use_user_page();
	int ret = -EFAULT;

	if (!mm)
		return -ENOMEM;
	if (!copy_to_user((void __user *)MM_KUNIT_USER_PAGE, NODE,
			  sizeof(NODE)))
		ret = fn();
	mm_kunit_unuse_user_page(mm);
	return ret;
}

static void mm_kunit_swapoff_action(void *ctx)
{
	int ret =
		mm_kunit_run_in_kthread(mm_kunit_with_name, mm_kunit_drop_swap);

	if (ret)
		pr_err("mm_kunit: swapoff failed: %d\n", ret);
}

/**
 * mm_kunit_swapon() - have a swap device
 * @test: the case, at whose end there is none again
 */
void mm_kunit_swapon(struct kunit *test)
{
	int ret = mm_kunit_run_in_kthread(mm_kunit_with_name, mm_kunit_make_swap);

	if (ret)
		mm_kunit_run_in_kthread(mm_kunit_with_name, mm_kunit_drop_swap);
	else
		ret = kunit_add_action_or_reset(test, mm_kunit_swapoff_action,
						NULL);
	KUNIT_ASSERT_EQ(test, ret, 0);
}

/**
 * mm_kunit_swapoff() - bring back all that is swapped out, and have no device
 * @test: the case
 */
void mm_kunit_swapoff(struct kunit *test)
{
	kunit_release_action(test, mm_kunit_swapoff_action, NULL);
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
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, addr, len, MADV_PAGEOUT),
			0L);
	KUNIT_ASSERT_EQ_MSG(test, (int)mm_kunit_entry_at(mm, addr).kind,
			    (int)MM_KUNIT_SWAP, "it was not swapped out");
}

#endif
