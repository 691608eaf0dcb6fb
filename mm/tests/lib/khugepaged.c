// SPDX-License-Identifier: GPL-2.0-only
/*
 * khugepaged, let loose on an mm of a case, see khugepaged.h.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>

#include "entry.h"
#include "fixture.h"
#include "khugepaged.h"
#include "node.h"
#include "process.h"
#include "settings.h"

#define SCAN_SLEEP \
	"kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs"
#define KHUGEPAGED_MS 5000

/**
 * mm_kunit_show_khugepaged() - have khugepaged look at a range from now on
 * @test: the case; khugepaged is slow again at its end
 * @mm: the mm, which khugepaged does not know yet
 * @addr: start of the range
 * @len: its length in bytes
 *
 * The range gets MADV_HUGEPAGE.
 */
void mm_kunit_show_khugepaged(struct kunit *test, struct mm_struct *mm,
			      unsigned long addr, unsigned long len)
{
	mm_kunit_write_setting(test, "sysfs", SCAN_SLEEP, "10");
	mm_flags_clear(MMF_VM_HUGEPAGE, mm);
	KUNIT_ASSERT_EQ(test, mm_kunit_madvise(mm, addr, len, MADV_HUGEPAGE),
			0L);
}

/**
 * mm_kunit_khugepaged_retracts() - wait for khugepaged to take a table away
 * @mm: the mm
 * @addr: an address that a table of PTEs covers
 *
 * Return: whether no table covers it any more
 */
bool mm_kunit_khugepaged_retracts(struct mm_struct *mm, unsigned long addr)
{
	unsigned long timeout = jiffies + msecs_to_jiffies(KHUGEPAGED_MS);

	while (mm_kunit_entry_at(mm, addr).size != PMD_SIZE) {
		if (time_after(jiffies, timeout))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	/* khugepaged holds the lock until it is through. */
	mmap_write_lock(mm);
	mmap_write_unlock(mm);
	return true;
}

static int mm_kunit_open_zero(const char *name, void *arg)
{
	struct file **file = arg;

	*file = filp_open(name, O_RDWR | O_LARGEFILE, 0);
	return 0;
}

/**
 * mm_kunit_dev_zero() - open /dev/zero
 * @test: the case, which owns the file
 *
 * A private mapping of it is anonymous memory whose VMA has a file.
 */
struct file *mm_kunit_dev_zero(struct kunit *test)
{
	struct file *file = NULL;
	int ret;

	ret = mm_kunit_with_node("/mm_kunit_zero", S_IFCHR | 0600,
				 MKDEV(MEM_MAJOR, 5), mm_kunit_open_zero,
				 &file);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return mm_kunit_own_file(test, file);
}
