// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that userfaultfd protects from reads and writes, and what can be
 * registered with it.
 *
 * That a page is protected is said by the bit that says so of pages that are
 * protected from writes. What is left of it where the protection has ended must
 * not fault for ever.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/process.h"
#include "lib/uffd.h"

#define RW (PROT_READ | PROT_WRITE)

/* Some memory that can be neither read nor written to. */
static struct mm_kunit_wp protect_from_reads(struct kunit *test,
					     unsigned long size)
{
	struct mm_kunit_wp wp = {
		.mm = mm_kunit_new_mm(test),
		.len = 2 * size,
		.step = size,
		.pages = 2,
		.filled = 2,
	};
	struct file *file;
	u64 value;
	int i;

	wp.uffd = mm_kunit_uffd(test, wp.mm, UFFD_FEATURE_RWP);
	if (size == PAGE_SIZE) {
		mm_kunit_mmap_anon(test, wp.mm, MM_KUNIT_BASE, wp.len);
	} else {
		file = mm_kunit_hugetlb_file(test, wp.len);
		mm_kunit_mmap(test, wp.mm, file, MM_KUNIT_BASE, wp.len, RW,
			      MAP_SHARED, 0);
	}
	for (i = 0; i < wp.filled; i++)
		mm_kunit_write(test, wp.mm, MM_KUNIT_BASE + i * size,
			       mm_kunit_content(i));
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(wp.uffd, MM_KUNIT_BASE, wp.len,
					       UFFDIO_REGISTER_MODE_RWP),
			0);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_rwprotect(wp.uffd, MM_KUNIT_BASE, wp.len,
						true),
			0);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp.mm), wp.pages);
	KUNIT_EXPECT_EQ(test, mm_kunit_load(wp.mm, MM_KUNIT_BASE, &value),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, mm_kunit_store(wp.mm, MM_KUNIT_BASE, 1), -EFAULT);
	return wp;
}

static void rwprotect_traps_reads(struct kunit *test)
{
	struct mm_kunit_wp wp = protect_from_reads(test, PAGE_SIZE);
	int ret;

	ret = mm_kunit_uffd_rwprotect(wp.uffd, MM_KUNIT_BASE, wp.len, false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_expect_unprotected(test, &wp, wp.mm, MM_KUNIT_BASE);
}

static void rwprotect_traps_reads_of_hugetlb(struct kunit *test)
{
	struct mm_kunit_wp wp = protect_from_reads(test, PMD_SIZE);
	int ret;

	ret = mm_kunit_uffd_rwprotect(wp.uffd, MM_KUNIT_BASE, wp.len, false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	mm_kunit_expect_unprotected(test, &wp, wp.mm, MM_KUNIT_BASE);
}

/*
 * "mm/hugetlb: tolerate uffd bits set without uffd for PROT_NONE PTEs", 7.3.4:
 * an access to what is no longer protected faulted for ever.
 */
static void access_resolves_leftover_bits_of_hugetlb(struct kunit *test)
{
	struct mm_kunit_wp wp = protect_from_reads(test, PMD_SIZE);

	mm_kunit_vm_flags_mod(mm_kunit_vma(wp.mm, MM_KUNIT_BASE), 0,
			      VM_UFFD_RWP);
	KUNIT_EXPECT_TRUE(test, mm_kunit_write_fault(wp.mm, MM_KUNIT_BASE));
}

/*
 * "mm/hugetlb: don't leave a uffd-wp marker when zapping an RWP entry", 7.3.4:
 * the two protections have one bit, and only one of them has markers.
 */
static void zap_leaves_no_marker_of_what_traps_reads(struct kunit *test)
{
	struct mm_kunit_wp wp = protect_from_reads(test, PMD_SIZE);
	struct mm_kunit_entry entry;
	long ret;

	ret = mm_kunit_madvise(wp.mm, MM_KUNIT_BASE, wp.len, MADV_DONTNEED);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	entry = mm_kunit_entry_at(wp.mm, MM_KUNIT_BASE);
	KUNIT_EXPECT_EQ(test, (int)entry.kind, (int)MM_KUNIT_NONE);
	KUNIT_EXPECT_EQ(test, mm_kunit_uffd_entries(wp.mm), 0);
}

static struct kunit_case uffd_rwp_cases[] = {
	KUNIT_CASE(rwprotect_traps_reads),
	KUNIT_CASE(rwprotect_traps_reads_of_hugetlb),
	KUNIT_CASE(access_resolves_leftover_bits_of_hugetlb),
	KUNIT_CASE(zap_leaves_no_marker_of_what_traps_reads),
	{}
};

static struct kunit_suite uffd_rwp_suite = {
	.name = "uffd_rwp",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = uffd_rwp_cases,
};

kunit_test_suite(uffd_rwp_suite);

MODULE_DESCRIPTION("KUnit tests for access protection by userfaultfd");
MODULE_LICENSE("GPL");
