// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd, see uffd.h.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "entry.h"
#include "fixture.h"
#include "hugetlb.h"
#include "pages.h"
#include "process.h"
#include "swap.h"
#include "syscall.h"
#include "thp.h"
#include "uffd.h"

#define RW (PROT_READ | PROT_WRITE)

/* Where an ioctl finds its argument; UFFDIO_COPY copies from the page. */
#define ARGUMENT (MM_KUNIT_USER_PAGE + PAGE_SIZE / 2)

/**
 * struct mm_kunit_uffd_ioctl - an ioctl of a userfaultfd
 * @uffd: the userfaultfd
 * @mm: the mm that calls it, or NULL if any mm may
 * @cmd: UFFDIO_*
 * @arg: its argument
 * @size: of @arg, in bytes
 * @value: what stands at MM_KUNIT_USER_PAGE meanwhile
 */
struct mm_kunit_uffd_ioctl {
	struct file *uffd;
	struct mm_struct *mm;
	unsigned int cmd;
	void *arg;
	size_t size;
	u64 value;
};

/* With a page of memory at MM_KUNIT_USER_PAGE. */
static int mm_kunit_uffd_with_page(struct mm_kunit_uffd_ioctl *io)
{
	void __user *page = (void __user *)MM_KUNIT_USER_PAGE;
	void __user *argument = (void __user *)ARGUMENT;
	int ret;

	if (copy_to_user(page, &io->value, sizeof(io->value)) ||
	    copy_to_user(argument, io->arg, io->size))
		return -EFAULT;
	ret = io->uffd->f_op->unlocked_ioctl(io->uffd, io->cmd, ARGUMENT);
	if (copy_from_user(io->arg, argument, io->size))
		return -EFAULT;
	return ret;
}

static int mm_kunit_uffd_in_mm(struct mm_kunit_uffd_ioctl *io)
{
	unsigned long got;
	int ret = -ENOMEM;

	kthread_use_mm(io->mm);
	got = vm_mmap(NULL, MM_KUNIT_USER_PAGE, PAGE_SIZE, RW,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	if (got == MM_KUNIT_USER_PAGE) {
		ret = mm_kunit_uffd_with_page(io);
		vm_munmap(MM_KUNIT_USER_PAGE, PAGE_SIZE);
	}
	kthread_unuse_mm(io->mm);
	return ret;
}

/* Called in a thread of its own. */
static int mm_kunit_uffd_do_ioctl(void *arg)
{
	struct mm_kunit_uffd_ioctl *io = arg;
	struct mm_struct *mm;
	int ret;

	if (io->mm)
		return mm_kunit_uffd_in_mm(io);
	mm = mm_kunit_use_user_page();
	if (!mm)
		return -ENOMEM;
	ret = mm_kunit_uffd_with_page(io);
	mm_kunit_unuse_user_page(mm);
	return ret;
}

static int mm_kunit_uffd_call(struct file *uffd, unsigned int cmd, void *arg,
			      size_t size)
{
	struct mm_kunit_uffd_ioctl io = {
		.uffd = uffd,
		.cmd = cmd,
		.arg = arg,
		.size = size,
	};

	return mm_kunit_run_in_kthread(mm_kunit_uffd_do_ioctl, &io);
}

static struct file *mm_kunit_uffd_open(struct mm_struct *mm)
{
	struct file *file = ERR_PTR(-EBADF);
	int fd;

	kthread_use_mm(mm);
	fd = mm_kunit_syscall(userfaultfd, 0);
	if (fd >= 0) {
		file = fget(fd);
		mm_kunit_syscall(close, fd);
	}
	kthread_unuse_mm(mm);
	return fd < 0 ? ERR_PTR(fd) : file;
}

static struct file *mm_kunit_uffd_with(struct kunit *test, struct mm_struct *mm,
				       u64 features)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = features,
	};
	struct file *file;
	int ret;

	if (!IS_ENABLED(CONFIG_USERFAULTFD))
		kunit_skip(test, "userfaultfd is compiled out");
	file = mm_kunit_own_file(test, mm_kunit_uffd_open(mm));
	ret = mm_kunit_uffd_call(file, UFFDIO_API, &api, sizeof(api));
	if (ret == -EINVAL)
		kunit_skip(test, "userfaultfd has not all of the features %llx",
			   features);
	KUNIT_ASSERT_EQ(test, ret, 0);
	if ((features & UFFD_FEATURE_PAGEFAULT_FLAG_WP) &&
	    !IS_ENABLED(CONFIG_HAVE_ARCH_USERFAULTFD_WP))
		kunit_skip(test, "userfaultfd cannot write-protect");
	return file;
}

/**
 * mm_kunit_uffd() - a userfaultfd of an mm
 * @test: the case, which owns it, and is skipped if the kernel lacks a feature
 * @mm: the mm
 * @features: UFFD_FEATURE_*
 *
 * Faults are SIGBUSes, and events are not asked for.
 */
struct file *mm_kunit_uffd(struct kunit *test, struct mm_struct *mm,
			   u64 features)
{
	return mm_kunit_uffd_with(test, mm, UFFD_FEATURE_SIGBUS | features);
}

/**
 * mm_kunit_uffd_waiting() - a userfaultfd of an mm whose faults wait
 * @test: the case, which owns it, and is skipped if the kernel lacks a feature
 * @mm: the mm; nobody answers, so a thread that faults waits until it is killed
 * @features: UFFD_FEATURE_*
 */
struct file *mm_kunit_uffd_waiting(struct kunit *test, struct mm_struct *mm,
				   u64 features)
{
	return mm_kunit_uffd_with(test, mm, features);
}

/**
 * mm_kunit_uffd_register() - UFFDIO_REGISTER
 * @uffd: the userfaultfd
 * @addr: start of the range
 * @len: its length in bytes
 * @mode: UFFDIO_REGISTER_MODE_*
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_uffd_register(struct file *uffd, unsigned long addr,
			   unsigned long len, u64 mode)
{
	struct uffdio_register arg = {
		.range = { .start = addr, .len = len },
		.mode = mode,
	};

	return mm_kunit_uffd_call(uffd, UFFDIO_REGISTER, &arg, sizeof(arg));
}

/**
 * mm_kunit_uffd_unregister() - UFFDIO_UNREGISTER
 * @uffd: the userfaultfd
 * @addr: start of the range
 * @len: its length in bytes
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_uffd_unregister(struct file *uffd, unsigned long addr,
			     unsigned long len)
{
	struct uffdio_range arg = { .start = addr, .len = len };

	return mm_kunit_uffd_call(uffd, UFFDIO_UNREGISTER, &arg, sizeof(arg));
}

/**
 * mm_kunit_uffd_protect() - UFFDIO_WRITEPROTECT
 * @uffd: the userfaultfd
 * @addr: start of the range
 * @len: its length in bytes
 * @protect: whether to protect, or to stop that
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_uffd_protect(struct file *uffd, unsigned long addr,
			  unsigned long len, bool protect)
{
	struct uffdio_writeprotect arg = {
		.range = { .start = addr, .len = len },
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return mm_kunit_uffd_call(uffd, UFFDIO_WRITEPROTECT, &arg, sizeof(arg));
}

/**
 * mm_kunit_uffd_continue() - map the huge page of a file that is there already
 * @uffd: a userfaultfd of the file's VMA
 * @addr: where
 *
 * Return: 0 or a negative errno
 */
int mm_kunit_uffd_continue(struct file *uffd, unsigned long addr)
{
	struct uffdio_continue arg = {
		.range = { .start = addr, .len = PMD_SIZE },
	};

	return mm_kunit_uffd_call(uffd, UFFDIO_CONTINUE, &arg, sizeof(arg));
}

/**
 * mm_kunit_uffd_rwprotect() - UFFDIO_RWPROTECT
 * @uffd: the userfaultfd
 * @addr: start of the range
 * @len: its length in bytes
 * @protect: whether to protect, or to stop that
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_uffd_rwprotect(struct file *uffd, unsigned long addr,
			    unsigned long len, bool protect)
{
	struct uffdio_rwprotect arg = {
		.range = { .start = addr, .len = len },
		.mode = protect ? UFFDIO_RWPROTECT_MODE_RWP : 0,
	};

	return mm_kunit_uffd_call(uffd, UFFDIO_RWPROTECT, &arg, sizeof(arg));
}

/**
 * mm_kunit_uffd_copy() - UFFDIO_COPY of one page
 * @uffd: the userfaultfd
 * @dst: where the page goes
 * @value: what it holds
 *
 * Return: PAGE_SIZE, or a negative errno
 */
long mm_kunit_uffd_copy(struct file *uffd, unsigned long dst, u64 value)
{
	struct uffdio_copy arg = {
		.dst = dst,
		.src = MM_KUNIT_USER_PAGE,
		.len = PAGE_SIZE,
	};
	struct mm_kunit_uffd_ioctl io = {
		.uffd = uffd,
		.cmd = UFFDIO_COPY,
		.arg = &arg,
		.size = sizeof(arg),
		.value = value,
	};
	int ret = mm_kunit_run_in_kthread(mm_kunit_uffd_do_ioctl, &io);

	return ret ? ret : arg.copy;
}

static int mm_kunit_uffd_do_move(void *arg)
{
	struct mm_kunit_uffd_move *move = arg;
	struct uffdio_move argument = {
		.dst = move->dst,
		.src = move->src,
		.len = move->len,
		.mode = move->mode,
	};
	struct mm_kunit_uffd_ioctl io = {
		.uffd = move->uffd,
		.mm = move->mm,
		.cmd = UFFDIO_MOVE,
		.arg = &argument,
		.size = sizeof(argument),
	};
	int ret = mm_kunit_uffd_do_ioctl(&io);

	move->ret = ret && !argument.move ? ret : argument.move;
	return 0;
}

/**
 * mm_kunit_uffd_start_move() - UFFDIO_MOVE in a thread of its own
 * @move: what to move
 *
 * Return: 0, and mm_kunit_join_thread() must end @move->thread; or a negative
 * errno
 */
int mm_kunit_uffd_start_move(struct mm_kunit_uffd_move *move)
{
	move->ret = -EINPROGRESS;
	move->thread.fn = mm_kunit_uffd_do_move;
	move->thread.arg = move;
	return mm_kunit_start_thread(&move->thread, -1);
}

/**
 * mm_kunit_uffd_move() - UFFDIO_MOVE
 * @move: what to move
 *
 * A move that has not ended after five seconds is killed.
 *
 * Return: how many bytes were moved, or a negative errno
 */
long mm_kunit_uffd_move(struct mm_kunit_uffd_move *move)
{
	int ret = mm_kunit_uffd_start_move(move);

	if (ret)
		return ret;
	mm_kunit_join_thread(&move->thread, 5);
	return move->ret;
}

/* An mm with a mapping of @wp->len bytes, of which nothing is there yet. */
static struct mm_struct *mm_kunit_wp_map(struct kunit *test,
					 struct mm_kunit_wp *wp)
{
	unsigned long flags = MAP_SHARED;
	struct file *file;

	switch (wp->memory) {
	case MM_KUNIT_WP_SHMEM_PRIVATE:
	case MM_KUNIT_WP_HUGETLB_PRIVATE:
		flags = MAP_PRIVATE;
		break;
	case MM_KUNIT_WP_SHMEM:
	case MM_KUNIT_WP_HUGETLB:
		break;
	default:
		wp->mm = mm_kunit_new_mm(test);
		mm_kunit_mmap_anon(test, wp->mm, MM_KUNIT_BASE, wp->len);
		return wp->mm;
	}
	file = wp->step == PAGE_SIZE ? mm_kunit_shmem_file(test, wp->len) :
				       mm_kunit_hugetlb_file(test, wp->len);
	return mm_kunit_map_new(test, file, MM_KUNIT_BASE, wp->len, RW, flags,
				0);
}

/* The features of userfaultfd that write protection of some memory needs. */
static u64 mm_kunit_wp_features(enum mm_kunit_wp_memory memory)
{
	switch (memory) {
	case MM_KUNIT_WP_ANON:
	case MM_KUNIT_WP_SWAP:
	case MM_KUNIT_WP_THP:
		return UFFD_FEATURE_PAGEFAULT_FLAG_WP;
	case MM_KUNIT_WP_UNPOPULATED:
		return UFFD_FEATURE_PAGEFAULT_FLAG_WP |
		       UFFD_FEATURE_WP_UNPOPULATED;
	default:
		return UFFD_FEATURE_PAGEFAULT_FLAG_WP |
		       UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
	}
}

/**
 * mm_kunit_unprotected() - make memory that a userfaultfd can write-protect
 * @test: the case, which is skipped where there is no such memory
 * @memory: what memory
 *
 * It is registered, and not protected yet.
 */
struct mm_kunit_wp mm_kunit_unprotected(struct kunit *test,
					enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = {
		.memory = memory,
		.step = PAGE_SIZE,
		.pages = 2,
		.filled = 1,
	};
	int i;

	if (memory >= MM_KUNIT_WP_HUGETLB)
		wp.step = PMD_SIZE;
	if (memory == MM_KUNIT_WP_ANON || memory == MM_KUNIT_WP_SWAP ||
	    memory == MM_KUNIT_WP_THP)
		wp.filled = 2;
	if (memory == MM_KUNIT_WP_SWAP)
		mm_kunit_swapon(test);
	wp.len = memory == MM_KUNIT_WP_THP ? PMD_SIZE : wp.pages * wp.step;
	wp.mm = memory == MM_KUNIT_WP_THP ? mm_kunit_thp_mm(test, wp.filled) :
					    mm_kunit_wp_map(test, &wp);
	wp.uffd = mm_kunit_uffd(test, wp.mm, mm_kunit_wp_features(memory));
	for (i = 0; i < wp.filled; i++)
		mm_kunit_write(test, wp.mm, MM_KUNIT_BASE + i * wp.step,
			       mm_kunit_content(i));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(wp.uffd, MM_KUNIT_BASE, wp.len,
					       UFFDIO_REGISTER_MODE_WP),
			0);
	return wp;
}

/**
 * mm_kunit_protected() - make memory that a userfaultfd write-protects
 * @test: the case, which is skipped where there is no such memory
 * @memory: what memory
 */
struct mm_kunit_wp mm_kunit_protected(struct kunit *test,
				      enum mm_kunit_wp_memory memory)
{
	struct mm_kunit_wp wp = mm_kunit_unprotected(test, memory);

	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_protect(wp.uffd, MM_KUNIT_BASE, wp.len,
					      true),
			0);
	if (memory == MM_KUNIT_WP_SWAP)
		mm_kunit_swap_out(test, wp.mm, MM_KUNIT_BASE, wp.len);
	return wp;
}

struct mm_kunit_uffd_count {
	struct mm_kunit_visit visit;
	int nr;
};

static void mm_kunit_count_uffd_entry(struct mm_kunit_visit *visit,
				      struct mm_kunit_entry *entry)
{
	struct mm_kunit_uffd_count *count =
		container_of(visit, struct mm_kunit_uffd_count, visit);

	count->nr += entry->uffd;
}

/**
 * mm_kunit_uffd_entries() - entries of an mm that userfaultfd has marked
 * @mm: the mm
 */
int mm_kunit_uffd_entries(struct mm_struct *mm)
{
	struct mm_kunit_uffd_count count = {
		.visit.entry = mm_kunit_count_uffd_entry,
	};

	mm_kunit_visit_entries(mm, &count.visit);
	return count.nr;
}

/**
 * mm_kunit_expect_protected() - no page of some memory can be written to
 * @test: the case
 * @wp: the memory, which is where it was made
 *
 * What holds content is read first, and may be swapped in by that.
 */
void mm_kunit_expect_protected(struct kunit *test, struct mm_kunit_wp *wp)
{
	int i;

	for (i = 0; i < wp->pages; i++) {
		unsigned long addr = MM_KUNIT_BASE + i * wp->step;
		struct mm_kunit_entry entry = mm_kunit_entry_at(wp->mm, addr);

		KUNIT_EXPECT_TRUE_MSG(test, entry.uffd, "page %d", i);
		if (i < wp->filled)
			KUNIT_EXPECT_EQ(test, mm_kunit_read(test, wp->mm, addr),
					mm_kunit_content(i));
		entry = mm_kunit_entry_at(wp->mm, addr);
		KUNIT_EXPECT_TRUE_MSG(test, entry.uffd, "page %d", i);
		KUNIT_EXPECT_FALSE_MSG(test, entry.write, "page %d", i);
		KUNIT_EXPECT_EQ_MSG(test, mm_kunit_store(wp->mm, addr, 1),
				    -EFAULT, "page %d", i);
	}
}

/**
 * mm_kunit_expect_unprotected() - every page of some memory can be written to
 * @test: the case
 * @wp: the memory
 * @mm: an mm that has it now, and that no userfaultfd protects
 * @addr: where
 *
 * No entry of the mm may be left that says otherwise: it would be taken for
 * the word of the next userfaultfd.
 */
void mm_kunit_expect_unprotected(struct kunit *test, struct mm_kunit_wp *wp,
				 struct mm_struct *mm, unsigned long addr)
{
	int i;

	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(mm), 0);
	for (i = 0; i < wp->pages && !mm_kunit_failed(test);
	     i++, addr += wp->step) {
		if (i < wp->filled)
			KUNIT_EXPECT_EQ(test, mm_kunit_read(test, mm, addr),
					mm_kunit_content(i));
		KUNIT_EXPECT_TRUE_MSG(test, mm_kunit_write_fault(mm, addr),
				      "page %d", i);
		if (!mm_kunit_failed(test))
			mm_kunit_write(test, mm, addr, 1);
	}
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(mm), 0);
}

/**
 * mm_kunit_write_fault() - one write fault, where a store might fault for ever
 * @mm: the mm
 * @addr: where
 *
 * Return: whether a store would need no further fault
 */
bool mm_kunit_write_fault(struct mm_struct *mm, unsigned long addr)
{
	struct mm_kunit_entry entry;
	int i;

	/* A second one, as a first may only make a page present. */
	for (i = 0; i < 3; i++) {
		entry = mm_kunit_entry_at(mm, addr);
		if (entry.kind == MM_KUNIT_PRESENT && entry.write)
			return true;
		mmap_read_lock(mm);
		fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, NULL);
		mmap_read_unlock(mm);
	}
	return false;
}
