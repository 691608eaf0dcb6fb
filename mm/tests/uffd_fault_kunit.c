// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd and faults: which VMAs it may watch, which faults wait for its
 * answer, and what UFFDIO_CONTINUE maps.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "lib/entry.h"
#include "lib/fixture.h"
#include "lib/hugetlb.h"
#include "lib/pages.h"
#include "lib/pgwalk.h"
#include "lib/process.h"
#include "lib/rmap.h"
#include "lib/thp.h"
#include "lib/uffd.h"

#define BASE MM_KUNIT_BASE
#define RW (PROT_READ | PROT_WRITE)

/**
 * struct uffd_fault - a fault that userfaultfd is asked to handle
 * @mm: the mm
 * @addr: where
 * @reason: VM_UFFD_*
 */
struct uffd_fault {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long reason;
};

/* In a thread of its own: 1 if it waited until it was killed, 0 if it did not. */
static int uffd_fault_main(void *arg)
{
	struct uffd_fault *fault = arg;
	struct vm_fault vmf = {
		.vma = mm_kunit_vma(fault->mm, fault->addr),
		.address = fault->addr,
		.flags = FAULT_FLAG_WRITE | FAULT_FLAG_ALLOW_RETRY |
			 FAULT_FLAG_KILLABLE,
	};

	mmap_read_lock(fault->mm);
	if (handle_userfault(&vmf, fault->reason) != VM_FAULT_RETRY) {
		mmap_read_unlock(fault->mm);
		return -EFAULT;
	}
	return signal_pending(current);
}

/* How long a fault is watched that waits, and one that does not, in ms. */
#define WAITS 300
#define RETURNS 2000

/*
 * As a fault does that found nothing, or no leave to write, just before. It is
 * killed after @ms milliseconds.
 */
static int uffd_fault_waits(struct mm_struct *mm, unsigned long addr,
			    unsigned long reason, int ms)
{
	struct uffd_fault fault = {
		.mm = mm,
		.addr = addr,
		.reason = reason,
	};
	struct mm_kunit_thread thread = {
		.fn = uffd_fault_main,
		.arg = &fault,
	};

	mm_kunit_start_thread(&thread, -1);
	mm_kunit_thread_returns(&thread, ms);
	return mm_kunit_join_thread(&thread, 0);
}

static void uffd_register_waiting(struct kunit *test, struct mm_struct *mm,
				  u64 features, u64 mode)
{
	struct vm_area_struct *vma = mm_kunit_vma(mm, BASE);
	struct file *uffd = mm_kunit_uffd_waiting(test, mm, features);
	unsigned long len = vma->vm_end - vma->vm_start;

	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_register(uffd, BASE, len, mode), 0);
}

/* A page that is written to, and one that is missing, both watched. */
static struct mm_struct *uffd_watched_mm(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);

	mm_kunit_mmap_anon(test, mm, BASE, 2 * PAGE_SIZE);
	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	uffd_register_waiting(test, mm, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
			      UFFDIO_REGISTER_MODE_MISSING |
				      UFFDIO_REGISTER_MODE_WP);
	return mm;
}

static pte_t *uffd_pte(struct mm_struct *mm, unsigned long addr)
{
	return pte_offset_kernel(mm_kunit_pmd(mm, addr), addr);
}

static void fault_on_missing_page_waits(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_mm(test);

	KUNIT_EXPECT_EQ(test,
			uffd_fault_waits(mm, mm_kunit_addr(1), VM_UFFD_MISSING,
					 WAITS),
			1);
}

static void write_to_protected_page_waits(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_mm(test);
	pte_t *pte = uffd_pte(mm, BASE), old = ptep_get(pte);
	int waits;

	set_pte_at(mm, BASE, pte, pte_mkuffd(pte_wrprotect(old)));
	waits = uffd_fault_waits(mm, BASE, VM_UFFD_WP, WAITS);
	set_pte_at(mm, BASE, pte, old);
	KUNIT_EXPECT_EQ(test, waits, 1);
}

/* Somebody has answered meanwhile. */
static void write_to_writable_page_waits_for_nobody(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_mm(test);

	KUNIT_EXPECT_EQ(test, uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS),
			0);
	KUNIT_EXPECT_EQ(test,
			uffd_fault_waits(mm, BASE, VM_UFFD_MISSING, RETURNS),
			0);
}

/*
 * 8e80af52db65 ("userfaultfd: gate must_wait writability check on
 * pte_present()"): a page that is swapped out meanwhile has an entry that knows
 * nothing of write protection. Bits of its offset were taken for the write bit,
 * and the fault could wait for an answer that never comes.
 */
static void write_to_swapped_out_page_waits_for_nobody(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_mm(test);
	pte_t *pte = uffd_pte(mm, BASE), old = ptep_get(pte);
	int i, waits[4];

	for (i = 0; i < ARRAY_SIZE(waits); i++) {
		pte_t swap = swp_entry_to_pte(swp_entry(0, 1 + 85 * i));

		if (i & 1)
			swap = pte_swp_mkuffd(swap);
		set_pte_at(mm, BASE, pte, swap);
		waits[i] = uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS);
	}
	set_pte_at(mm, BASE, pte, old);
	for (i = 0; i < ARRAY_SIZE(waits); i++)
		KUNIT_EXPECT_EQ_MSG(test, waits[i], 0, "entry %d", i);
}

/* The same of a page that migrates. */
static void write_to_migrating_page_waits_for_nobody(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_mm(test);
	struct mm_kunit_target t;
	pte_t *pte, old;
	int waits;

	if (!IS_ENABLED(CONFIG_MIGRATION))
		kunit_skip(test, "migration is compiled out");
	t = mm_kunit_target_at(test, mm, BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1);
	pte = uffd_pte(mm, BASE);
	old = ptep_get(pte);
	/* Where there is a soft-dirty bit, it looks like the write bit. */
	set_pte_at(mm, BASE, pte, pte_swp_clear_soft_dirty(old));
	waits = uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS);
	set_pte_at(mm, BASE, pte, old);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, waits, 0);
}

/* The same of a huge page that a PMD maps. */
static void write_to_migrating_thp_waits_for_nobody(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm;
	pmd_t *pmd, old;
	int waits;

	if (!thp_migration_supported())
		kunit_skip(test, "huge pages migrate in parts");
	mm = mm_kunit_thp_mm(test, 1);
	uffd_register_waiting(test, mm, UFFD_FEATURE_PAGEFAULT_FLAG_WP,
			      UFFDIO_REGISTER_MODE_WP);
	t = mm_kunit_target_at(test, mm, BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1);
	pmd = mm_kunit_pmd(mm, BASE);
	old = pmdp_get(pmd);
	WRITE_ONCE(*pmd, pmd_swp_clear_soft_dirty(old));
	waits = uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS);
	WRITE_ONCE(*pmd, old);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, waits, 0);
}

/* A hugetlb mapping of one page that is written to, and one that is missing. */
static struct mm_struct *uffd_watched_hugetlb_mm(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, 2 * PMD_SIZE);
	struct mm_struct *mm = mm_kunit_map_new(test, file, BASE, 2 * PMD_SIZE,
						RW, MAP_SHARED, 0);

	mm_kunit_write(test, mm, BASE, mm_kunit_content(0));
	uffd_register_waiting(test, mm, UFFD_FEATURE_MISSING_HUGETLBFS,
			      UFFDIO_REGISTER_MODE_MISSING);
	return mm;
}

static void fault_on_missing_hugetlb_page_waits(struct kunit *test)
{
	struct mm_struct *mm = uffd_watched_hugetlb_mm(test);

	KUNIT_EXPECT_EQ(test,
			uffd_fault_waits(mm, BASE + PMD_SIZE, VM_UFFD_MISSING,
					 WAITS),
			1);
	KUNIT_EXPECT_EQ(test, uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS),
			0);
}

/* The same fix: huge_pte_write() of a migration entry. */
static void write_to_migrating_hugetlb_page_waits_for_nobody(struct kunit *test)
{
	struct mm_kunit_target t;
	struct mm_struct *mm;
	pmd_t *pmd, old;
	int waits;

	if (!IS_ENABLED(CONFIG_ARCH_ENABLE_HUGEPAGE_MIGRATION))
		kunit_skip(test, "huge pages cannot migrate");
	mm = uffd_watched_hugetlb_mm(test);
	t = mm_kunit_target_at(test, mm, BASE);
	mm_kunit_migrate_away(&t, 0);
	mm_kunit_expect_migrating(&t, 1);
	pmd = mm_kunit_pmd(mm, BASE);
	old = pmdp_get(pmd);
	WRITE_ONCE(*pmd, pmd_swp_clear_soft_dirty(old));
	waits = uffd_fault_waits(mm, BASE, VM_UFFD_WP, RETURNS);
	WRITE_ONCE(*pmd, old);
	mm_kunit_migrate_back(&t);
	mm_kunit_put_target(&t);
	KUNIT_EXPECT_EQ(test, waits, 0);
}

/* UFFDIO_REGISTER of a page, and UFFDIO_UNREGISTER if that worked. */
static int uffd_try_register(struct file *uffd, unsigned long addr,
			     unsigned long len, u64 mode)
{
	int ret = mm_kunit_uffd_register(uffd, addr, len, mode);

	if (!ret)
		mm_kunit_uffd_unregister(uffd, addr, len);
	return ret;
}

static vm_fault_t uffd_special_fault(const struct vm_special_mapping *sm,
				     struct vm_area_struct *vma,
				     struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_special_mapping uffd_special_mapping = {
	.name = "[mm_kunit]",
	.fault = uffd_special_fault,
};

/*
 * 3c58f641e813 ("userfaultfd: prevent registration of special VMAs"): with
 * asynchronous write protection any VMA could be registered, also one whose
 * page tables the kernel fills for itself.
 */
static void register_refuses_special_mapping(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct vm_area_struct *vma;
	struct file *uffd;

	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_WP_ASYNC);
	mmap_write_lock(mm);
	vma = _install_special_mapping(mm, BASE, PAGE_SIZE,
				       VM_READ | VM_WRITE | VM_MAYREAD |
					       VM_MAYWRITE,
				       &uffd_special_mapping);
	mmap_write_unlock(mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vma);
	KUNIT_EXPECT_EQ(test,
			uffd_try_register(uffd, BASE, PAGE_SIZE,
					  UFFDIO_REGISTER_MODE_WP),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			uffd_try_register(uffd, BASE, PAGE_SIZE,
					  UFFDIO_REGISTER_MODE_MISSING),
			-EINVAL);
}

/* The same fix, for each of the flags that make a VMA special. */
static void register_refuses_each_special_flag(struct kunit *test)
{
	static const vm_flags_t special[] = { VM_IO, VM_PFNMAP, VM_MIXEDMAP,
					      VM_DONTEXPAND };
	struct mm_struct *mm = mm_kunit_shmem_mm(test, 1);
	struct vm_area_struct *vma = mm_kunit_vma(mm, BASE);
	struct file *uffd;
	int i, ret;

	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_WP_ASYNC);
	KUNIT_EXPECT_EQ(test,
			uffd_try_register(uffd, BASE, PAGE_SIZE,
					  UFFDIO_REGISTER_MODE_WP),
			0);
	for (i = 0; i < ARRAY_SIZE(special); i++) {
		mm_kunit_vm_flags_mod(vma, special[i], 0);
		ret = uffd_try_register(uffd, BASE, PAGE_SIZE,
					UFFDIO_REGISTER_MODE_WP);
		mm_kunit_vm_flags_mod(vma, 0, special[i]);
		KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "flag %d", i);
	}
	KUNIT_EXPECT_EQ(test,
			uffd_try_register(uffd, BASE, PAGE_SIZE,
					  UFFDIO_REGISTER_MODE_WP),
			0);
}

/* The same fix: the pages of a shadow stack are written to by the CPU alone. */
static void register_refuses_shadow_stack(struct kunit *test)
{
	struct mm_struct *mm = mm_kunit_new_mm(test);
	struct vm_area_struct *vma;
	struct file *uffd;
	int ret;

	if (VM_SHADOW_STACK == VM_NONE)
		kunit_skip(test, "there are no shadow stacks");
	mm_kunit_mmap_anon(test, mm, BASE, PAGE_SIZE);
	uffd = mm_kunit_uffd(test, mm, 0);
	vma = mm_kunit_vma(mm, BASE);
	mm_kunit_vm_flags_mod(vma, VM_SHADOW_STACK, 0);
	ret = uffd_try_register(uffd, BASE, PAGE_SIZE,
				UFFDIO_REGISTER_MODE_MISSING);
	mm_kunit_vm_flags_mod(vma, 0, VM_SHADOW_STACK);
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
}

/* Its VMAs cannot expand, but are not special. */
static void register_accepts_hugetlb(struct kunit *test)
{
	struct file *file = mm_kunit_hugetlb_file(test, PMD_SIZE);
	struct mm_struct *mm;
	struct file *uffd;

	mm = mm_kunit_map_new(test, file, BASE, PMD_SIZE, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_TRUE(test,
			  mm_kunit_vma(mm, BASE)->vm_flags & VM_DONTEXPAND);
	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MISSING_HUGETLBFS);
	KUNIT_EXPECT_EQ(test,
			uffd_try_register(uffd, BASE, PMD_SIZE,
					  UFFDIO_REGISTER_MODE_MISSING),
			0);
}

/*
 * ab74ef708dc5 ("mm/hugetlb: avoid corrupting page->mapping in
 * hugetlb_mcopy_atomic_pte"): the page of the file was made an anonymous page of
 * the private mapping.
 */
static void continue_of_private_hugetlb_maps_page_of_file(struct kunit *test)
{
	struct file *uffd, *file = mm_kunit_hugetlb_file(test, PMD_SIZE);
	struct mm_struct *shared, *mm;
	struct page *page;

	shared =
		mm_kunit_map_new(test, file, BASE, PMD_SIZE, RW, MAP_SHARED, 0);
	mm_kunit_write(test, shared, BASE, mm_kunit_content(0));
	page = mm_kunit_page_at(shared, BASE);
	mm = mm_kunit_map_new(test, file, BASE, PMD_SIZE, RW, MAP_PRIVATE, 0);
	uffd = mm_kunit_uffd(test, mm, UFFD_FEATURE_MINOR_HUGETLBFS);
	KUNIT_ASSERT_EQ(test,
			mm_kunit_uffd_register(uffd, BASE, PMD_SIZE,
					       UFFDIO_REGISTER_MODE_MINOR),
			0);
	KUNIT_ASSERT_EQ(test, mm_kunit_uffd_continue(uffd, BASE), 0);

	KUNIT_EXPECT_PTR_EQ(test, mm_kunit_page_at(mm, BASE), page);
	KUNIT_EXPECT_FALSE(test, mm_kunit_entry_at(mm, BASE).write);
	KUNIT_EXPECT_FALSE(test, PageAnon(page));
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 2);
	if (mm_kunit_failed(test))
		return;
	mm_kunit_write(test, mm, BASE, mm_kunit_content(1));
	KUNIT_EXPECT_EQ(test, mm_kunit_read(test, shared, BASE),
			mm_kunit_content(0));
	KUNIT_EXPECT_PTR_NE(test, mm_kunit_page_at(mm, BASE), page);
	KUNIT_EXPECT_EQ(test, folio_mapcount(page_folio(page)), 1);
}

static struct kunit_case uffd_fault_cases[] = {
	KUNIT_CASE(fault_on_missing_page_waits),
	KUNIT_CASE(write_to_protected_page_waits),
	KUNIT_CASE(write_to_writable_page_waits_for_nobody),
	KUNIT_CASE(write_to_swapped_out_page_waits_for_nobody),
	KUNIT_CASE(write_to_migrating_page_waits_for_nobody),
	KUNIT_CASE(write_to_migrating_thp_waits_for_nobody),
	KUNIT_CASE(fault_on_missing_hugetlb_page_waits),
	KUNIT_CASE(write_to_migrating_hugetlb_page_waits_for_nobody),
	KUNIT_CASE(register_refuses_special_mapping),
	KUNIT_CASE(register_refuses_each_special_flag),
	KUNIT_CASE(register_refuses_shadow_stack),
	KUNIT_CASE(register_accepts_hugetlb),
	KUNIT_CASE(continue_of_private_hugetlb_maps_page_of_file),
	{}
};

static struct kunit_suite uffd_fault_suite = {
	.name = "uffd_fault",
	.init = mm_kunit_init,
	.exit = mm_kunit_exit,
	.test_cases = uffd_fault_cases,
};

kunit_test_suite(uffd_fault_suite);

MODULE_DESCRIPTION("KUnit tests for faults that userfaultfd handles");
MODULE_LICENSE("GPL");
