// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixture of the mm suites, see mm_kunit.h.
 *
 * KUnit runs a case in a kernel thread, and its exit function in another one,
 * after the first may have died in the middle of an assertion. So no mm stays
 * in use between two verbs, and everything that a case makes is written down
 * in its struct mm_kunit before anything can fail.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "mm_kunit.h"
#include "mm_kunit_compat.h"
#include "mm_kunit_photo.h"
#include "mm_kunit_truth.h"

/* More huge pages than any case touches. */
#define MAX_HUGE_PAGES	64

static int wait_for_console(struct notifier_block *unused, unsigned long action,
			    void *data)
{
	msleep(200);
	return NOTIFY_DONE;
}

static struct notifier_block console_waiter = {
	.notifier_call = wait_for_console,
	.priority = INT_MAX,
};

/* A verdict that is still in the console's buffer is to come out of it. */
static int __init mm_kunit_late_init(void)
{
	if (IS_ENABLED(CONFIG_MM_KUNIT_CONSOLE_LOSES_TAIL))
		return register_reboot_notifier(&console_waiter);
	return 0;
}
late_initcall(mm_kunit_late_init);

/* Since 6.16 the kernel's own page tables count as well. */
static long user_pagetables(void)
{
	if (IS_ENABLED(CONFIG_MM_KUNIT_HAS_KERNEL_PAGETABLE))
		return mm_kunit_nr_pagetable() - mm_kunit_kernel_pgtables();
	return mm_kunit_nr_pagetable();
}

static struct mm_kunit_counts count(void)
{
	return (struct mm_kunit_counts) {
		.pagetables = user_pagetables(),
		.huge_pages = mm_kunit_nr_huge_pages(),
		.resv_huge_pages = mm_kunit_resv_huge_pages(),
	};
}

/* Where all CPUs' lazy TLBs wait while mms are counted. */
static struct mm_struct *parking;

static void park_this_cpu(struct work_struct *unused)
{
	kthread_use_mm(parking);
	kthread_unuse_mm(parking);
}

/*
 * A CPU that runs kernel threads keeps the mm that it ran last. Make it one
 * that is there before the case and after it, and so counts in neither's favour.
 */
static void park_every_cpu(void)
{
	schedule_on_each_cpu(park_this_cpu);
}

/* Something of the last case may still wait for RCU: it failed, or was undone. */
static bool unsettled;

/* An mm may be left behind by a failed case, and then outlives its thread. */
static struct mm_struct *alloc_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return NULL;
#ifdef CONFIG_MEMCG
	rcu_assign_pointer(mm->owner, NULL);
#endif
	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	return mm;
}

/**
 * mm_kunit_init() - make the fixture of one case
 * @test: the case
 *
 * A suite names it as its init function.
 *
 * Return: 0, or -ENOMEM
 */
int mm_kunit_init(struct kunit *test)
{
	struct mm_kunit *fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);

	if (!fx)
		return -ENOMEM;
	parking = alloc_mm();
	if (!parking)
		return -ENOMEM;
	park_every_cpu();
	if (unsettled)
		rcu_barrier();
	unsettled = false;
	fx->before = count();
	fx->overcommit = mm_kunit_set_overcommit(fx->before.huge_pages +
						 MAX_HUGE_PAGES);
	test->priv = fx;
	return 0;
}

/**
 * mm_kunit_exit() - take the fixture down and see that nothing is left of it
 * @test: the case
 *
 * A suite names it as its exit function. Of a case that failed it takes down
 * neither mms nor files, see mm_kunit_exit_mm().
 */
void mm_kunit_exit(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_counts after;
	int i;

	if (!fx)
		return;
	for (i = 0; i < MM_KUNIT_MAX_PINS; i++)
		if (fx->pins[i])
			mm_kunit_unpin(test, fx->pins[i]);
	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i])
			mm_kunit_exit_mm(test, fx->mms[i]);
	mm_kunit_set_overcommit(fx->overcommit);
	if (mm_kunit_failed(test)) {
		mmput(parking);
		unsettled = true;	/* or the next case would count what is dying */
		return;
	}
	mm_kunit_put_files(test);
	flush_delayed_fput();
	park_every_cpu();
	rcu_barrier();		/* page tables are freed by RCU */

	after = count();
	KUNIT_EXPECT_EQ(test, after.pagetables, fx->before.pagetables);
	KUNIT_EXPECT_EQ(test, after.huge_pages, fx->before.huge_pages);
	KUNIT_EXPECT_EQ(test, after.resv_huge_pages, fx->before.resv_huge_pages);
	mmput(parking);
}

/*
 * Where an mm stands in the fixture; NULL stands in the first free slot.
 * MM_KUNIT_MAX_MMS says that it stands nowhere.
 */
static int slot_of(struct mm_kunit *fx, struct mm_struct *mm)
{
	int i;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++)
		if (fx->mms[i] == mm)
			break;
	return i;
}

static struct mm_struct *adopt(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = slot_of(fx, NULL);

	if (slot == MM_KUNIT_MAX_MMS) {
		mmput(mm);
		KUNIT_ASSERT_LT_MSG(test, slot, MM_KUNIT_MAX_MMS, "too many mms");
	}
	fx->mms[slot] = mm;
	return mm;
}

/**
 * mm_kunit_new_mm() - make an mm without a VMA, as exec() would
 * @test: the case, which owns the mm
 *
 * khugepaged, which would collapse what a case has split, does not know it.
 */
struct mm_struct *mm_kunit_new_mm(struct kunit *test)
{
	struct mm_struct *mm = alloc_mm();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	mm_kunit_keep_from_khugepaged(mm, true);
	return adopt(test, mm);
}

struct child {
	struct mm_struct *mm;
	struct completion has_mm;
};

static int __noreturn child_main(void *arg)
{
	struct child *child = arg;

	mmget(current->mm);
	child->mm = current->mm;
	complete(&child->has_mm);
	do_exit(0);
}

/* The child's mm, or an ERR_PTR. @left: of @fail_nth, what is to come yet. */
static struct mm_struct *try_fork(struct mm_struct *mm, int fail_nth, int *left)
{
	struct kernel_clone_args args;
	struct child child = {
		.has_mm = COMPLETION_INITIALIZER_ONSTACK(child.has_mm),
	};
	unsigned long timeout = jiffies + 10 * HZ;
	pid_t pid;

	mm_kunit_clone_args(&args, child_main, &child);
	mm_kunit_keep_from_khugepaged(mm, false);
	kthread_use_mm(mm);
	mm_kunit_set_fail_nth(fail_nth);
	pid = kernel_clone(&args);
	*left = mm_kunit_set_fail_nth(0);
	kthread_unuse_mm(mm);
	mm_kunit_keep_from_khugepaged(mm, true);
	if (pid < 0)
		return ERR_PTR(pid);
	wait_for_completion(&child.has_mm);
	mm_kunit_keep_from_khugepaged(child.mm, true);

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
	struct mm_struct *child = try_fork(mm, 0, &left);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, child);
	adopt(test, child);
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
	struct mm_struct *child = try_fork(mm, 0, &left);

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
 * Needs CONFIG_MM_KUNIT_FAIL_PAGE_ALLOC, and mm_kunit_set() to have told
 * fail_page_alloc that allocations that may sleep fail too.
 *
 * Return: the child's mm, or NULL if the fork failed
 */
struct mm_struct *mm_kunit_fork_failing(struct kunit *test,
					struct mm_struct *mm, int nth,
					bool *failed)
{
	int left;
	struct mm_struct *child = try_fork(mm, nth, &left);

	*failed = !left;
	return IS_ERR(child) ? NULL : adopt(test, child);
}

/**
 * mm_kunit_exit_mm() - let the last user of an mm exit
 * @test: the case that owns the mm
 * @mm: the mm
 *
 * Once the case has failed the mm is left to itself: tearing down what is
 * damaged would take the machine, and the verdict on the other cases, with it.
 */
void mm_kunit_exit_mm(struct kunit *test, struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	int slot = slot_of(fx, mm);
	struct mm_kunit_recorder *rec;

	if (slot == MM_KUNIT_MAX_MMS) {
		KUNIT_FAIL(test, "an mm exits that the case does not own");
		return;
	}
	rec = fx->recorders[slot];
	fx->mms[slot] = NULL;
	fx->recorders[slot] = NULL;
	if (rec) {
		mmu_notifier_unregister(&rec->range, mm);
		if (rec->secondary.mm)
			mmu_notifier_unregister(&rec->secondary, mm);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_users), 1);
	if (!mm_kunit_failed(test))
		mmput(mm);
}

/**
 * mm_kunit_put_files() - let go of all files of a case
 * @test: the case
 */
void mm_kunit_put_files(struct kunit *test)
{
	struct mm_kunit *fx = test->priv;

	while (fx->nr_files)
		fput(fx->files[--fx->nr_files]);
}

static struct file *own_file(struct kunit *test, struct file *file)
{
	struct mm_kunit *fx = test->priv;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_LT(test, fx->nr_files, MM_KUNIT_MAX_FILES);
	fx->files[fx->nr_files++] = file;
	return file;
}

/**
 * mm_kunit_hugetlb_file() - make a hugetlb file that no name leads to
 * @test: the case, which owns the file
 * @size: its size in bytes
 *
 * The file reserves nothing: its pages are surplus pages of the default size.
 */
struct file *mm_kunit_hugetlb_file(struct kunit *test, unsigned long size)
{
	return own_file(test, mm_kunit_hugetlb_file_setup(size));
}

/**
 * mm_kunit_shmem_file() - make a shmem file that no name leads to
 * @test: the case, which owns the file
 * @size: its size in bytes
 */
struct file *mm_kunit_shmem_file(struct kunit *test, unsigned long size)
{
	return own_file(test, mm_kunit_shmem_file_setup(size));
}

/**
 * struct errand - a function that a thread of its own calls
 * @fn: the function
 * @arg: its argument
 * @ret: what it returned
 * @done: it has returned
 */
struct errand {
	int (*fn)(void *arg);
	void *arg;
	int ret;
	struct completion done;
};

static int run_errand(void *data)
{
	struct errand *errand = data;

	allow_signal(SIGKILL);
	errand->ret = errand->fn(errand->arg);
	complete(&errand->done);
	return 0;
}

/**
 * mm_kunit_in_thread() - call a function in a thread that has no mm
 * @fn: the function; it asserts nothing, and ends early if it is killed
 * @arg: its argument
 *
 * For what undoes something: a case's actions run in a thread that may have an
 * mm, or none, and that need not be a kernel thread. After a minute the function
 * is killed, so that one that waits for what a failed case has broken ends.
 *
 * Return: what @fn returns, or a negative errno
 */
int mm_kunit_in_thread(int (*fn)(void *arg), void *arg)
{
	struct errand errand = {
		.fn = fn,
		.arg = arg,
		.done = COMPLETION_INITIALIZER_ONSTACK(errand.done),
	};
	struct task_struct *thread;

	thread = kthread_create(run_errand, &errand, "mmkunit-errand");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	get_task_struct(thread);
	wake_up_process(thread);
	if (!wait_for_completion_timeout(&errand.done, 60 * HZ)) {
		send_sig(SIGKILL, thread, 1);
		wait_for_completion(&errand.done);
	}
	put_task_struct(thread);
	unsettled = true;
	flush_delayed_fput();	/* a kernel thread closes its files later */
	return errand.ret;
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
	struct mm_struct *mm = alloc_mm();
	unsigned long got;

	if (!mm)
		return NULL;
	kthread_use_mm(mm);
	got = vm_mmap(NULL, MM_KUNIT_USER_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE,
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
 * struct mm_kunit_setting - a file of sysfs or debugfs, and what it held
 * @fs: name of the file system
 * @path: the file, seen from the root of @fs
 * @value: what to write
 * @old: what it held before, in the words that set it
 */
struct mm_kunit_setting {
	const char *fs;
	const char *path;
	const char *value;
	char old[128];
};

/* Where a file tells of a choice, what was chosen stands in brackets. */
static void keep_chosen(char *text)
{
	char *from = strchr(text, '[');
	char *to = from ? strchr(from, ']') : NULL;

	if (to)
		memmove(text, from + 1, to - from - 1);
	text[to ? to - from - 1 : strcspn(text, "\n")] = '\0';
}

static int access_file(struct mm_kunit_setting *setting, struct file *file)
{
	char __user *buf = (char __user *)MM_KUNIT_USER_PAGE;
	size_t len = strlen(setting->value);
	ssize_t ret;
	loff_t pos = 0;

	if (!setting->old[0]) {
		ret = vfs_read(file, buf, sizeof(setting->old) - 1, &pos);
		if (ret < 0)
			return ret;
		if (copy_from_user(setting->old, buf, ret))
			return -EFAULT;
		keep_chosen(setting->old);
	}
	pos = 0;
	if (copy_to_user(buf, setting->value, len))
		return -EFAULT;
	ret = vfs_write(file, buf, len, &pos);
	return ret < 0 ? ret : ret == len ? 0 : -EIO;
}

/* Called in a thread of its own. */
static int access_setting(void *arg)
{
	struct mm_kunit_setting *setting = arg;
	struct file_system_type *type = get_fs_type(setting->fs);
	struct vfsmount *mnt;
	struct mm_struct *mm;
	struct file *file;
	int ret = -ENOMEM;

	if (!type)
		return -ENODEV;
	mnt = vfs_kern_mount(type, 0, setting->fs, NULL);
	put_filesystem(type);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	file = mm_kunit_open_root_mnt(mnt, setting->path, O_RDWR);
	mntput(mnt);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mm = mm_kunit_use_user_page();
	if (mm) {
		ret = access_file(setting, file);
		mm_kunit_unuse_user_page(mm);
	}
	fput(file);
	return ret;
}

static void put_setting_back(void *ctx)
{
	struct mm_kunit_setting *setting = ctx;

	setting->value = setting->old;
	if (mm_kunit_in_thread(access_setting, setting))
		pr_err("mm_kunit: %s stays as it is, not %s\n", setting->path,
		       setting->old);
}

/**
 * mm_kunit_set() - write to a file of sysfs or debugfs
 * @test: the case, at whose end the file holds again what it held before
 * @fs: name of the file system
 * @path: the file, seen from the root of @fs
 * @value: what to write
 *
 * Return: the setting, for mm_kunit_put_back()
 */
struct mm_kunit_setting *mm_kunit_set(struct kunit *test, const char *fs,
				      const char *path, const char *value)
{
	struct mm_kunit_setting *setting;

	setting = kunit_kzalloc(test, sizeof(*setting), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, setting);
	setting->fs = fs;
	setting->path = path;
	setting->value = value;
	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_in_thread(access_setting, setting), 0,
			    "%s to %s", value, path);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_setting_back,
							setting), 0);
	return setting;
}

/**
 * mm_kunit_change() - write something else to a file that mm_kunit_set() wrote to
 * @setting: the setting
 * @value: what to write
 *
 * It asserts nothing; what the file held first comes back as before.
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_change(struct mm_kunit_setting *setting, const char *value)
{
	setting->value = value;
	return mm_kunit_in_thread(access_setting, setting);
}

/**
 * mm_kunit_put_back() - undo mm_kunit_set() before the case ends
 * @test: the case
 * @setting: what mm_kunit_set() returned
 */
void mm_kunit_put_back(struct kunit *test, struct mm_kunit_setting *setting)
{
	kunit_release_action(test, put_setting_back, setting);
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
	got = vm_mmap(file, addr, len, prot,
		      flags | MAP_FIXED | MAP_NORESERVE, offset);
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
	ret = mm_kunit_sys_mprotect(addr, len, prot);
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
	ret = mm_kunit_sys_mremap(from, len, to);
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
	      -EFAULT : 0;
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
	      -EFAULT : 0;
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
 * mm_kunit_read() - mm_kunit_load() that must work
 * @test: the case
 * @mm: the mm
 * @addr: where
 *
 * Return: what stands there
 */
u64 mm_kunit_read(struct kunit *test, struct mm_struct *mm, unsigned long addr)
{
	u64 value = 0;

	KUNIT_ASSERT_EQ_MSG(test, mm_kunit_load(mm, addr, &value), 0,
			    "read from %lx", addr);
	return value;
}

/**
 * mm_kunit_read_for() - be a reader of RCU for a while
 * @ms: for how long, in ms
 *
 * Softirqs run meanwhile, RCU's among them, as they would between two looks.
 *
 * Context: within rcu_read_lock().
 */
void mm_kunit_read_for(int ms)
{
	for (; ms; ms--) {
		mdelay(1);
		local_bh_disable();
		local_bh_enable();
	}
}

/**
 * mm_kunit_expect_freed() - a page table's page has gone back, and just once
 * @test: the case
 * @page: the page, to which the case took a reference while it was in use
 * @what: what it should have been freed by
 *
 * The kernel's count of page tables goes down in the destructor, and tells
 * nothing of the page. The case's reference ends here.
 */
void mm_kunit_expect_freed(struct kunit *test, struct page *page, const char *what)
{
	int refs = page_ref_count(page);

	KUNIT_EXPECT_EQ_MSG(test, refs, 1, "references to a page that %s freed", what);
	KUNIT_EXPECT_FALSE_MSG(test, PageTable(page),
			       "what %s freed is still a page table", what);
	if (refs > 0)
		put_page(page);
}

/**
 * mm_kunit_pin() - a device gets hold of a page for long, as RDMA does
 * @test: the case, which owns the pin
 * @mm: the mm that maps the page
 * @addr: where
 * @gup_flags: FOLL_WRITE, or 0 if the device only reads
 *
 * Return: the page
 */
struct page *mm_kunit_pin(struct kunit *test, struct mm_struct *mm,
			  unsigned long addr, unsigned int gup_flags)
{
	struct mm_kunit *fx = test->priv;
	struct page *page = NULL;
	int slot, ret;

	for (slot = 0; slot < MM_KUNIT_MAX_PINS; slot++)
		if (!fx->pins[slot])
			break;
	KUNIT_ASSERT_LT(test, slot, MM_KUNIT_MAX_PINS);
	kthread_use_mm(mm);
	ret = pin_user_pages_fast(addr, 1, gup_flags | FOLL_LONGTERM, &page);
	kthread_unuse_mm(mm);
	KUNIT_ASSERT_EQ(test, ret, 1);
	fx->pins[slot] = page;
	return page;
}

/**
 * mm_kunit_unpin() - the device lets go of a page
 * @test: the case that owns the pin
 * @page: the page
 */
void mm_kunit_unpin(struct kunit *test, struct page *page)
{
	struct mm_kunit *fx = test->priv;
	int slot;

	for (slot = 0; slot < MM_KUNIT_MAX_PINS; slot++) {
		if (fx->pins[slot] == page) {
			fx->pins[slot] = NULL;
			unpin_user_page(page);
			return;
		}
	}
}

static void record(struct mm_kunit_recorder *rec,
		   enum mm_kunit_event_kind kind,
		   unsigned long start, unsigned long end)
{
	struct mm_struct *mm = rec->range.mm;
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, rec->watch);
	bool may_sleep = !IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible();
	unsigned long flags;

	spin_lock_irqsave(&rec->lock, flags);
	if (rec->nr < MM_KUNIT_MAX_EVENTS)
		rec->event[rec->nr++] = (struct mm_kunit_event) {
			.kind = kind,
			.start = start,
			.end = end,
			.may_sleep = may_sleep,
			.pfn = entry.kind == MM_KUNIT_PRESENT ? entry.pfn : 0,
			.tlb_gen = mm_kunit_tlb_gen(mm),
		};
	else
		rec->lost++;
	spin_unlock_irqrestore(&rec->lock, flags);
}

static int record_start(struct mmu_notifier *mn,
			const struct mmu_notifier_range *range)
{
	record(container_of(mn, struct mm_kunit_recorder, range),
	       MM_KUNIT_START, range->start, range->end);
	return 0;
}

static void record_end(struct mmu_notifier *mn,
		       const struct mmu_notifier_range *range)
{
	record(container_of(mn, struct mm_kunit_recorder, range),
	       MM_KUNIT_END, range->start, range->end);
}

static void record_secondary(struct mmu_notifier *mn, struct mm_struct *mm,
			     unsigned long start, unsigned long end)
{
	record(container_of(mn, struct mm_kunit_recorder, secondary),
	       MM_KUNIT_SECONDARY, start, end);
}

static const struct mmu_notifier_ops range_ops = {
	.invalidate_range_start = record_start,
	.invalidate_range_end = record_end,
};

static const struct mmu_notifier_ops secondary_ops = {
	.mm_kunit_invalidate_secondary = record_secondary,
};

/**
 * mm_kunit_record() - write down what the notifiers of an mm are told
 * @test: the case, which owns the recorder
 * @mm: the mm, which has no recorder yet
 *
 * It records until the mm exits.
 */
struct mm_kunit_recorder *mm_kunit_record(struct kunit *test,
					  struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_recorder *rec;
	int slot = slot_of(fx, mm);

	KUNIT_ASSERT_LT(test, slot, MM_KUNIT_MAX_MMS);
	rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	spin_lock_init(&rec->lock);
	rec->range.ops = &range_ops;
	rec->secondary.ops = &secondary_ops;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->range, mm), 0);
	fx->recorders[slot] = rec;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->secondary, mm), 0);
	return rec;
}

/**
 * mm_kunit_forget() - forget what the notifiers were told so far
 * @rec: their recorder
 */
void mm_kunit_forget(struct mm_kunit_recorder *rec)
{
	spin_lock_irq(&rec->lock);
	rec->nr = 0;
	rec->lost = 0;
	spin_unlock_irq(&rec->lock);
}

/**
 * mm_kunit_was_told() - was a notifier told of the whole of a range at once
 * @rec: its recorder
 * @kind: by which call
 * @start: first address of the range
 * @end: first address behind it
 */
bool mm_kunit_was_told(struct mm_kunit_recorder *rec,
		       enum mm_kunit_event_kind kind,
		       unsigned long start, unsigned long end)
{
	int i;

	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];

		if (e->kind == kind && e->start <= start && e->end >= end)
			return true;
	}
	return false;
}
