// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process does, see process.h.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include "fixture.h"
#include "process.h"
#include "syscall.h"
#include "thread.h"

/* khugepaged does not look for an mm that seems to be on its list already. */
static void mm_kunit_hide_from_khugepaged(struct mm_struct *mm, bool hide)
{
	if (hide)
		mm_flags_set(MMF_VM_HUGEPAGE, mm);
	else
		mm_flags_clear(MMF_VM_HUGEPAGE, mm);
}

/**
 * mm_kunit_new_mm() - make an mm without a VMA, as exec() would
 * @test: the case, which owns the mm
 *
 * khugepaged, which would collapse what a case has split, does not know it.
 */
struct mm_struct *mm_kunit_new_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_alloc_mm();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mm_kunit_hide_from_khugepaged(mm, true);
	return mm_kunit_adopt(test, mm);
}

struct mm_kunit_child {
	struct mm_struct *mm;
	struct completion has_mm;
};

static int __noreturn mm_kunit_child_main(void *arg)
{
	struct mm_kunit_child *child = arg;

	mmget(current->mm);
	child->mm = current->mm;
	complete(&child->has_mm);
	do_exit(0);
}

/* Let the @nth allocation of this task fail; how many were left until the last. */
static int mm_kunit_set_fail_nth(int nth)
{
	int left = 0;
#ifdef CONFIG_FAULT_INJECTION
	left = current->fail_nth;
	current->fail_nth = nth;
#endif
	return left;
}

/* The mm of the child, or an ERR_PTR. @left: allocations left of @fail_nth. */
static struct mm_struct *mm_kunit_try_fork(struct mm_struct *mm, int fail_nth,
					   int *left)
{
	struct mm_kunit_child child = {
		.has_mm = COMPLETION_INITIALIZER_ONSTACK(child.has_mm),
	};
	struct kernel_clone_args args = {
		.flags = CLONE_FS | CLONE_FILES | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = mm_kunit_child_main,
		.fn_arg = &child,
	};
	unsigned long timeout = jiffies + 10 * HZ;
	pid_t pid;

	mm_kunit_hide_from_khugepaged(mm, false);
	kthread_use_mm(mm);
	mm_kunit_set_fail_nth(fail_nth);
	pid = kernel_clone(&args);
	*left = mm_kunit_set_fail_nth(0);
	kthread_unuse_mm(mm);
	mm_kunit_hide_from_khugepaged(mm, true);
	if (pid < 0)
		return ERR_PTR(pid);
	wait_for_completion(&child.has_mm);
	mm_kunit_hide_from_khugepaged(child.mm, true);

	/* The last reference must be ours, or exit_mmap() would run late. */
	while (atomic_read(&child.mm->mm_users) > 1 &&
	       time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	return child.mm;
}

/**
 * mm_kunit_fork() - duplicate an mm by a real fork()
 * @test: the case, which owns the child's mm
 * @mm: the parent's mm
 *
 * The child process is gone on return, its mm stays.
 */
struct mm_struct *mm_kunit_fork(struct kunit *test, struct mm_struct *mm)
{
	int left;
	struct mm_struct *child = mm_kunit_try_fork(mm, 0, &left);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child);
	mm_kunit_adopt(test, child);
	KUNIT_ASSERT_EQ(test, atomic_read(&child->mm_users), 1);
	return child;
}

/**
 * mm_kunit_fork_and_exit() - fork, and let the child's mm exit at once
 * @mm: the parent's mm
 *
 * It asserts nothing, for a case that must not stop here.
 *
 * Return: 0, a negative errno if the fork failed, or -EBUSY if the child's mm
 * is still in use and was left to itself
 */
int mm_kunit_fork_and_exit(struct mm_struct *mm)
{
	int left;
	struct mm_struct *child = mm_kunit_try_fork(mm, 0, &left);

	if (IS_ERR(child))
		return PTR_ERR(child);
	if (atomic_read(&child->mm_users) > 1)
		return -EBUSY;
	mmput(child);
	return 0;
}

/**
 * mm_kunit_fork_failing() - mm_kunit_fork() during which an allocation fails
 * @test: the case, which owns the child's mm
 * @mm: the parent's mm
 * @nth: which allocation, counted from 1
 * @failed: was there such an allocation
 *
 * Needs CONFIG_FAIL_PAGE_ALLOC, and fail_page_alloc's ignore-gfp-wait set to N.
 *
 * Return: the child's mm, or NULL if the fork failed
 */
struct mm_struct *mm_kunit_fork_failing(struct kunit *test,
					struct mm_struct *mm, int nth,
					bool *failed)
{
	int left;
	struct mm_struct *child = mm_kunit_try_fork(mm, nth, &left);

	*failed = !left;
	return IS_ERR(child) ? NULL : mm_kunit_adopt(test, child);
}

/**
 * mm_kunit_shmem_file() - make an unlinked shmem file
 * @test: the case, which owns the file
 * @size: its size in bytes
 */
struct file *mm_kunit_shmem_file(struct kunit *test, unsigned long size)
{
	struct file *file;

	file = shmem_file_setup("mm_kunit", size,
				mk_vma_flags(VMA_NORESERVE_BIT));
	return mm_kunit_own_file(test, file);
}

/**
 * mm_kunit_run_in_kthread() - call a function in a thread that has no mm
 * @fn: the function; it asserts nothing, and ends early if it is killed
 * @arg: its argument
 *
 * For what undoes something: a case's actions run in a thread that may have an
 * mm, or none, and that need not be a kernel thread. After a minute the function
 * is killed, in case it waits for something that a failed case left locked.
 *
 * Return: what @fn returns, or a negative errno
 */
int mm_kunit_run_in_kthread(int (*fn)(void *arg), void *arg)
{
	struct mm_kunit_thread thread = { .fn = fn, .arg = arg };

	mm_kunit_start_thread(&thread, -1);
	return mm_kunit_join_thread(&thread, 60);
}

/**
 * mm_kunit_use_user_page() - be a process with a page of memory
 *
 * For system calls and files that take what they are given from user space
 * alone. It asserts nothing, and the mm is none of a case's.
 *
 * Context: a kernel thread without an mm.
 * Return: the mm, in use, with a page at MM_KUNIT_USER_PAGE, or NULL
 */
struct mm_struct *mm_kunit_use_user_page(void)
{
	struct mm_struct *mm = mm_kunit_alloc_mm();
	unsigned long got;

	if (!mm)
		return NULL;
	kthread_use_mm(mm);
	got = vm_mmap(NULL, MM_KUNIT_USER_PAGE, PAGE_SIZE,
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	if (got == MM_KUNIT_USER_PAGE)
		return mm;
	kthread_unuse_mm(mm);
	mmput(mm);
	return NULL;
}

/**
 * mm_kunit_unuse_user_page() - be a process no more
 * @mm: what mm_kunit_use_user_page() returned
 */
void mm_kunit_unuse_user_page(struct mm_struct *mm)
{
	kthread_unuse_mm(mm);
	mmput(mm);
}

/**
 * mm_kunit_mmap() - map a file at a fixed place, reserving nothing
 * @test: the case
 * @mm: the mm
 * @file: the file, or NULL if @flags say MAP_ANONYMOUS
 * @addr: where
 * @len: how much, in bytes
 * @prot: PROT_* bits
 * @flags: MAP_SHARED or MAP_PRIVATE, and what mmap() takes besides
 * @offset: from where in the file, in bytes
 */
void mm_kunit_mmap(struct kunit *test, struct mm_struct *mm, struct file *file,
		   unsigned long addr, unsigned long len, unsigned long prot,
		   unsigned long flags, unsigned long offset)
{
	unsigned long got;

	kthread_use_mm(mm);
	got = vm_mmap(file, addr, len, prot, flags | MAP_FIXED | MAP_NORESERVE,
		      offset);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, got, addr);
}

/**
 * mm_kunit_map_new() - mm_kunit_mmap() in a new mm
 * @test: the case, which owns the mm
 * @file: the file
 * @addr: where
 * @len: how much, in bytes
 * @prot: PROT_* bits
 * @flags: MAP_SHARED or MAP_PRIVATE, and what mmap() takes besides
 * @offset: from where in the file, in bytes
 *
 * Return: the mm
 */
struct mm_struct *mm_kunit_map_new(struct kunit *test, struct file *file,
				   unsigned long addr, unsigned long len,
				   unsigned long prot, unsigned long flags,
				   unsigned long offset)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap(test, mm, file, addr, len, prot, flags, offset);
	return mm;
}

/**
 * mm_kunit_mmap_anon() - map anonymous memory, for one process to write to
 * @test: the case
 * @mm: its mm
 * @addr: where
 * @len: how much, in bytes
 */
void mm_kunit_mmap_anon(struct kunit *test, struct mm_struct *mm,
			unsigned long addr, unsigned long len)
{
	mm_kunit_mmap(test, mm, NULL, addr, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, 0);
}

/**
 * mm_kunit_vma() - the first VMA that ends above an address
 * @mm: the mm
 * @addr: the address
 *
 * Context: takes and drops the mmap lock. The VMA stays as long as nobody but
 * the case uses the mm.
 */
struct vm_area_struct *mm_kunit_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	mmap_read_unlock(mm);
	return vma;
}

/**
 * mm_kunit_vm_flags_mod() - change the flags of a VMA
 * @vma: the VMA
 * @set: flags to set
 * @clear: flags to clear
 *
 * Context: takes and drops the mmap lock for writing.
 */
void mm_kunit_vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
			   vm_flags_t clear)
{
	mmap_write_lock(vma->vm_mm);
	vm_flags_mod(vma, set, clear);
	mmap_write_unlock(vma->vm_mm);
}

/**
 * mm_kunit_munmap() - munmap() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_munmap(struct mm_struct *mm, unsigned long addr,
		     unsigned long len)
{
	long ret;

	kthread_use_mm(mm);
	ret = vm_munmap(addr, len);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_mprotect() - mprotect() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 * @prot: PROT_* bits
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_mprotect(struct mm_struct *mm, unsigned long addr,
		       unsigned long len, unsigned long prot)
{
	long ret;

	kthread_use_mm(mm);
	ret = mm_kunit_syscall(mprotect, addr, len, prot);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_mremap() - mremap() to a fixed place by a process
 * @mm: its mm
 * @from: start of the mapping
 * @len: its length in bytes, old and new
 * @to: where it goes
 *
 * Return: @to, or a negative errno
 */
long mm_kunit_mremap(struct mm_struct *mm, unsigned long from,
		     unsigned long len, unsigned long to)
{
	long ret;

	kthread_use_mm(mm);
	ret = mm_kunit_syscall(mremap, from, len, len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, to);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_mremap_failing() - mm_kunit_mremap() during which an allocation fails
 * @mm: its mm
 * @from: start of the mapping
 * @len: its length in bytes, old and new
 * @to: where it goes
 * @nth: which allocation, counted from 1
 * @failed: was there such an allocation
 *
 * Needs mm_kunit_inject_failures().
 *
 * Return: @to, or a negative errno
 */
long mm_kunit_mremap_failing(struct mm_struct *mm, unsigned long from,
			     unsigned long len, unsigned long to, int nth,
			     bool *failed)
{
	long ret;

	kthread_use_mm(mm);
	mm_kunit_set_fail_nth(nth);
	ret = mm_kunit_syscall(mremap, from, len, len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, to);
	*failed = !mm_kunit_set_fail_nth(0);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_madvise() - madvise() by a process
 * @mm: its mm
 * @addr: start of the range
 * @len: its length in bytes
 * @behavior: MADV_*
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_madvise(struct mm_struct *mm, unsigned long addr,
		      unsigned long len, int behavior)
{
	long ret;

	kthread_use_mm(mm);
	ret = do_madvise(mm, addr, len, behavior);
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_punch_hole() - take pages out of a file
 * @file: the file
 * @offset: from where, in bytes
 * @len: how much, in bytes
 *
 * Return: 0, or a negative errno
 */
long mm_kunit_punch_hole(struct file *file, loff_t offset, loff_t len)
{
	return vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     offset, len);
}

/**
 * mm_kunit_store() - a process writes to its memory
 * @mm: its mm
 * @addr: where
 * @value: what
 *
 * Return: 0, or -EFAULT where a process would get SIGSEGV or SIGBUS
 */
int mm_kunit_store(struct mm_struct *mm, unsigned long addr, u64 value)
{
	int ret;

	kthread_use_mm(mm);
	ret = copy_to_user((void __user *)addr, &value, sizeof(value)) ?
		      -EFAULT :
		      0;
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_load() - a process reads its memory
 * @mm: its mm
 * @addr: where
 * @value: what stands there
 *
 * Return: 0, or -EFAULT where a process would get SIGSEGV or SIGBUS
 */
int mm_kunit_load(struct mm_struct *mm, unsigned long addr, u64 *value)
{
	int ret;

	kthread_use_mm(mm);
	ret = copy_from_user(value, (void __user *)addr, sizeof(*value)) ?
		      -EFAULT :
		      0;
	kthread_unuse_mm(mm);
	return ret;
}

/**
 * mm_kunit_write() - mm_kunit_store() that must work
 * @test: the case
 * @mm: the mm
 * @addr: where
 * @value: what
 */
void mm_kunit_write(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr, u64 value)
{
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_store(mm, addr, value), 0,
			    "write to %lx", addr);
}

/**
 * mm_kunit_read() - mm_kunit_load() that is expected to work
 * @test: the case
 * @mm: the mm
 * @addr: where
 *
 * Return: what stands there, or 0 if it cannot be read
 */
u64 mm_kunit_read(struct kunit *test, struct mm_struct *mm, unsigned long addr)
{
	u64 value = 0;

	KUNIT_EXPECT_EQ_MSG(test, mm_kunit_load(mm, addr, &value), 0,
			    "read from %lx", addr);
	return value;
}
