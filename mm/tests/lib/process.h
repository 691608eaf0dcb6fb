/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process does: mms and VMAs, fork, system calls, reads and writes of
 * memory. A function with a struct kunit asserts that it worked, because it
 * is setup; one without returns what the kernel returned, for the case to
 * check.
 */
#ifndef _MM_KUNIT_PROCESS_H
#define _MM_KUNIT_PROCESS_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>

struct file;
struct kunit;

/* Where mm_kunit_use_user_page() maps its page. */
#define MM_KUNIT_USER_PAGE PUD_SIZE

struct mm_struct *mm_kunit_new_mm(struct kunit *test);
struct mm_struct *mm_kunit_fork(struct kunit *test, struct mm_struct *mm);
int mm_kunit_fork_and_exit(struct mm_struct *mm);
struct mm_struct *mm_kunit_fork_failing(struct kunit *test,
					struct mm_struct *mm, int nth,
					bool *failed);
struct file *mm_kunit_shmem_file(struct kunit *test, unsigned long size);
int mm_kunit_run_in_kthread(int (*fn)(void *arg), void *arg);
struct mm_struct *mm_kunit_use_user_page(void);
void mm_kunit_unuse_user_page(struct mm_struct *mm);
void mm_kunit_mmap(struct kunit *test, struct mm_struct *mm, struct file *file,
		   unsigned long addr, unsigned long len, unsigned long prot,
		   unsigned long flags, unsigned long offset);
struct mm_struct *mm_kunit_map_new(struct kunit *test, struct file *file,
				   unsigned long addr, unsigned long len,
				   unsigned long prot, unsigned long flags,
				   unsigned long offset);
void mm_kunit_mmap_anon(struct kunit *test, struct mm_struct *mm,
			unsigned long addr, unsigned long len);
struct vm_area_struct *mm_kunit_vma(struct mm_struct *mm, unsigned long addr);
void mm_kunit_vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
			   vm_flags_t clear);
long mm_kunit_munmap(struct mm_struct *mm, unsigned long addr,
		     unsigned long len);
long mm_kunit_mprotect(struct mm_struct *mm, unsigned long addr,
		       unsigned long len, unsigned long prot);
long mm_kunit_mremap(struct mm_struct *mm, unsigned long from,
		     unsigned long len, unsigned long to);
long mm_kunit_mremap_failing(struct mm_struct *mm, unsigned long from,
			     unsigned long len, unsigned long to, int nth,
			     bool *failed);
long mm_kunit_madvise(struct mm_struct *mm, unsigned long addr,
		      unsigned long len, int behavior);
long mm_kunit_punch_hole(struct file *file, loff_t offset, loff_t len);
int mm_kunit_store(struct mm_struct *mm, unsigned long addr, u64 value);
int mm_kunit_load(struct mm_struct *mm, unsigned long addr, u64 *value);
void mm_kunit_write(struct kunit *test, struct mm_struct *mm,
		    unsigned long addr, u64 value);
u64 mm_kunit_read(struct kunit *test, struct mm_struct *mm, unsigned long addr);

#endif /* _MM_KUNIT_PROCESS_H */
