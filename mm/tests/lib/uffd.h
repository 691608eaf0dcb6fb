/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * userfaultfd: its system call and its ioctls, for the mms of a case, and
 * memory that it has write-protected.
 *
 * Nobody reads the messages: a fault that would wait for an answer is a
 * SIGBUS, so that mm_kunit_store() returns -EFAULT.
 */
#ifndef _MM_KUNIT_UFFD_H
#define _MM_KUNIT_UFFD_H

#include <linux/mm.h>
#include <linux/userfaultfd.h>

#include "process.h"
#include "thread.h"

struct file;
struct kunit;

/**
 * enum mm_kunit_wp_memory - memory that userfaultfd can write-protect
 * @MM_KUNIT_WP_ANON: two anonymous pages
 * @MM_KUNIT_WP_SWAP: the same, swapped out
 * @MM_KUNIT_WP_UNPOPULATED: an anonymous page, and none behind it
 * @MM_KUNIT_WP_THP: a huge page that a PMD maps
 * @MM_KUNIT_WP_SHMEM: a page of a shmem file, and one that is not mapped yet
 * @MM_KUNIT_WP_SHMEM_PRIVATE: the same of a private mapping
 * @MM_KUNIT_WP_HUGETLB: the same of a hugetlb file
 * @MM_KUNIT_WP_HUGETLB_PRIVATE: the same of a private mapping
 */
enum mm_kunit_wp_memory {
	MM_KUNIT_WP_ANON,
	MM_KUNIT_WP_SWAP,
	MM_KUNIT_WP_UNPOPULATED,
	MM_KUNIT_WP_THP,
	MM_KUNIT_WP_SHMEM,
	MM_KUNIT_WP_SHMEM_PRIVATE,
	MM_KUNIT_WP_HUGETLB,
	MM_KUNIT_WP_HUGETLB_PRIVATE,
};

/**
 * struct mm_kunit_wp - memory at MM_KUNIT_BASE that is write-protected
 * @mm: the mm that has it
 * @uffd: the userfaultfd that protects it
 * @memory: what memory it is
 * @len: its length in bytes
 * @step: how far its pages are apart, in bytes
 * @pages: how many there are; those of @memory that are not there count
 * @filled: how many of them hold their content
 */
struct mm_kunit_wp {
	struct mm_struct *mm;
	struct file *uffd;
	enum mm_kunit_wp_memory memory;
	unsigned long len;
	unsigned long step;
	int pages;
	int filled;
};

/**
 * struct mm_kunit_uffd_move - a UFFDIO_MOVE
 * @uffd: the userfaultfd
 * @mm: its mm
 * @dst: where the pages go
 * @src: where they are
 * @len: how much, in bytes
 * @mode: UFFDIO_MOVE_MODE_*
 * @thread: the thread that does it
 * @ret: how many bytes were moved, or a negative errno
 */
struct mm_kunit_uffd_move {
	struct file *uffd;
	struct mm_struct *mm;
	unsigned long dst;
	unsigned long src;
	unsigned long len;
	u64 mode;
	struct mm_kunit_thread thread;
	long ret;
};

/**
 * mm_kunit_anon_index() - where a folio says that it is in anonymous memory
 * @folio: the folio
 */
#ifndef mm_kunit_anon_index
#define mm_kunit_anon_index(folio) ((folio)->index)
#endif

struct file *mm_kunit_uffd(struct kunit *test, struct mm_struct *mm,
			   u64 features);
struct file *mm_kunit_uffd_waiting(struct kunit *test, struct mm_struct *mm,
				   u64 features);
int mm_kunit_uffd_register(struct file *uffd, unsigned long addr,
			   unsigned long len, u64 mode);
int mm_kunit_uffd_unregister(struct file *uffd, unsigned long addr,
			     unsigned long len);
int mm_kunit_uffd_protect(struct file *uffd, unsigned long addr,
			  unsigned long len, bool protect);
int mm_kunit_uffd_continue(struct file *uffd, unsigned long addr);
int mm_kunit_uffd_rwprotect(struct file *uffd, unsigned long addr,
			    unsigned long len, bool protect);
long mm_kunit_uffd_copy(struct file *uffd, unsigned long dst, u64 value);
int mm_kunit_uffd_start_move(struct mm_kunit_uffd_move *move);
long mm_kunit_uffd_move(struct mm_kunit_uffd_move *move);

struct mm_kunit_wp mm_kunit_unprotected(struct kunit *test,
					enum mm_kunit_wp_memory memory);
struct mm_kunit_wp mm_kunit_protected(struct kunit *test,
				      enum mm_kunit_wp_memory memory);
int mm_kunit_uffd_entries(struct mm_struct *mm);
void mm_kunit_expect_protected(struct kunit *test, struct mm_kunit_wp *wp);
void mm_kunit_expect_unprotected(struct kunit *test, struct mm_kunit_wp *wp,
				 struct mm_struct *mm, unsigned long addr);
bool mm_kunit_write_fault(struct mm_struct *mm, unsigned long addr);

#endif /* _MM_KUNIT_UFFD_H */
