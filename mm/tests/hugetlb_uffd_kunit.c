// SPDX-License-Identifier: GPL-2.0-only
/*
 * What userfaultfd leaves in the page tables of hugetlb mappings: the uffd-wp
 * bit of a huge page, and the marker that stands for it where no page is. Only
 * a VMA that is registered has them to mean anything.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/userfaultfd_k.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

static void hugetlb_require_uffd_wp(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_PTE_MARKER_UFFD_WP))
		kunit_skip(test, "userfaultfd cannot write-protect");
}

/* As UFFDIO_WRITEPROTECT does, from @addr to the end of the mapping. */
static void hugetlb_uffd_protect(struct mm_struct *mm, unsigned long addr,
				 unsigned long cp_flags)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = find_vma(mm, addr);
	hugetlb_change_protection(vma, addr, vma->vm_end, vma->vm_page_prot,
				  cp_flags);
	mmap_write_unlock(mm);
}

static unsigned long hugetlb_entry(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmd = mm_kunit_pmd(mm, addr);

	return pmd ? pmd_val(pmdp_get(pmd)) : 0;
}

/* An mm with one huge page and room for another, both write-protected. */
static struct mm_struct *hugetlb_uffd_wp_mm(struct kunit *test,
					    unsigned long flags)
{
	struct file *file = mm_kunit_hugetlb_file(test, PUD_SIZE);
	struct mm_struct *mm;

	mm = mm_kunit_map_new(test, file, BASE, 2 * PMD_SIZE, RW, flags, 0);
	mm_kunit_write(test, mm, BASE, 42);
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, BASE), VM_UFFD_WP, 0);
	hugetlb_uffd_protect(mm, BASE, MM_CP_UFFD_WP);
	KUNIT_ASSERT_TRUE(test, mm_kunit_entry_at(mm, BASE).uffd);
	KUNIT_ASSERT_NE(test, hugetlb_entry(mm, BASE + PMD_SIZE), 0UL);
	return mm;
}

static void hugetlb_uffd_unregister(struct mm_struct *mm)
{
	mm_kunit_vm_flags_mod(mm_kunit_vma(mm, BASE), 0, VM_UFFD_WP);
}

/*
 * 0e678153f5be ("mm/hugetlb: fix PTE marker handling in
 * hugetlb_change_protection()"): a marker was changed as if it were a page.
 */
static void uffd_wp_of_marker_keeps_it(struct kunit *test)
{
	unsigned long marker, again;
	struct mm_struct *mm;

	hugetlb_require_uffd_wp(test);
	mm = hugetlb_uffd_wp_mm(test, MAP_SHARED);
	marker = hugetlb_entry(mm, BASE + PMD_SIZE);
	hugetlb_uffd_protect(mm, BASE, MM_CP_UFFD_WP);
	again = hugetlb_entry(mm, BASE + PMD_SIZE);
	KUNIT_EXPECT_EQ(test, again, marker);
	hugetlb_uffd_protect(mm, BASE + PMD_SIZE, 0);
	KUNIT_EXPECT_EQ(test, hugetlb_entry(mm, BASE + PMD_SIZE), marker);
	hugetlb_uffd_unregister(mm);
}

/* The same fix: a marker that was taken out was changed and put back. */
static void uffd_wp_resolve_takes_marker_out(struct kunit *test)
{
	struct mm_struct *mm;

	hugetlb_require_uffd_wp(test);
	mm = hugetlb_uffd_wp_mm(test, MAP_SHARED);
	hugetlb_uffd_protect(mm, BASE, MM_CP_UFFD_WP_RESOLVE);
	KUNIT_EXPECT_EQ(test, hugetlb_entry(mm, BASE + PMD_SIZE), 0UL);
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(mm, BASE).uffd);
	hugetlb_uffd_unregister(mm);
}

/* A registered VMA keeps its markers, and gets one for a page that it loses. */
static void dontneed_of_registered_vma_leaves_markers(struct kunit *test)
{
	unsigned long marker, entry;
	struct mm_struct *mm;

	hugetlb_require_uffd_wp(test);
	mm = hugetlb_uffd_wp_mm(test, MAP_SHARED);
	marker = hugetlb_entry(mm, BASE + PMD_SIZE);
	mm_kunit_madvise(mm, BASE, PMD_SIZE, MADV_DONTNEED);
	entry = hugetlb_entry(mm, BASE);
	hugetlb_uffd_unregister(mm);
	KUNIT_EXPECT_EQ(test, entry, marker);
}

/* The VMA is not registered any more: its bits mean nothing, and go. */
static void dontneed_of_leftover_uffd_bit_leaves_no_marker(struct kunit *test)
{
	struct mm_struct *mm;

	hugetlb_require_uffd_wp(test);
	mm = hugetlb_uffd_wp_mm(test, MAP_SHARED);
	hugetlb_uffd_unregister(mm);
	mm_kunit_madvise(mm, BASE, PMD_SIZE, MADV_DONTNEED);
	KUNIT_EXPECT_EQ(test, hugetlb_entry(mm, BASE), 0UL);
}

/* A process would fault for ever; here it gives up after a few faults. */
static void hugetlb_write_ends_at(struct kunit *test, unsigned long addr)
{
	struct mm_struct *mm;
	bool writable = false;
	int i;

	hugetlb_require_uffd_wp(test);
	mm = hugetlb_uffd_wp_mm(test, MAP_PRIVATE);
	hugetlb_uffd_unregister(mm);
	for (i = 0; i < 4 && !writable; i++) {
		mmap_read_lock(mm);
		handle_mm_fault(find_vma(mm, addr), addr, FAULT_FLAG_WRITE,
				NULL);
		mmap_read_unlock(mm);
		writable = mm_kunit_entry_at(mm, addr).write;
	}
	KUNIT_EXPECT_TRUE(test, writable);
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(mm, addr).uffd);
}

static void write_to_page_with_leftover_uffd_bit_ends(struct kunit *test)
{
	hugetlb_write_ends_at(test, BASE);
}

static void write_to_leftover_marker_ends(struct kunit *test)
{
	hugetlb_write_ends_at(test, BASE + PMD_SIZE);
}

static struct kunit_case hugetlb_uffd_cases[] = {
	KUNIT_CASE(uffd_wp_of_marker_keeps_it),
	KUNIT_CASE(uffd_wp_resolve_takes_marker_out),
	KUNIT_CASE(dontneed_of_registered_vma_leaves_markers),
	KUNIT_CASE(dontneed_of_leftover_uffd_bit_leaves_no_marker),
	KUNIT_CASE(write_to_page_with_leftover_uffd_bit_ends),
	KUNIT_CASE(write_to_leftover_marker_ends),
	{}
};

static struct kunit_suite hugetlb_uffd_suite = {
	.name = "hugetlb_uffd",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = hugetlb_uffd_cases,
};

kunit_test_suite(hugetlb_uffd_suite);

MODULE_DESCRIPTION("KUnit tests for userfaultfd bits of hugetlb mappings");
MODULE_LICENSE("GPL");
