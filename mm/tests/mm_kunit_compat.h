/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the trees that these suites run on, and nothing else.
 *
 * Every condition is a fact that mm/tests/Kconfig reads off the tree or that
 * the tree's own configuration states; a version number is neither. Each
 * function here has one meaning, whatever the tree calls it.
 */
#ifndef _MM_KUNIT_COMPAT_H
#define _MM_KUNIT_COMPAT_H

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/huge_mm.h>
#include <linux/hugetlb.h>
#include <linux/kasan.h>
#include <linux/kconfig.h>
#include <linux/kthread.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/mount.h>
#include <linux/page-flags.h>
#include <linux/rmap.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>
#include <linux/swapops.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>

#include <asm/tlb.h>
#include <asm/tlbflush.h>

/* In quotes, for checkpatch prefers the former where a tree has it. */
#ifdef CONFIG_MM_KUNIT_HAS_PGALLOC_H
#include <linux/pgalloc.h>
#else
#include "asm/pgalloc.h"
#endif
#ifdef CONFIG_MM_KUNIT_HAS_LEAFOPS
#include <linux/leafops.h>
#endif
#ifdef CONFIG_MM_KUNIT_HAS_KUNIT_ACTION
#include <kunit/resource.h>
#else
#include "mm_kunit_action.h"
#endif
#ifndef KUNIT_DEFINE_ACTION_WRAPPER
#define KUNIT_DEFINE_ACTION_WRAPPER(wrapper, orig, arg_type)	\
	static void wrapper(void *in)				\
	{							\
		orig((arg_type)in);				\
	}
#endif

#include "mm_kunit_photo.h"

/*
 * MM_KUNIT_CASE_IF - an entry of a case table that not every build owes
 * @condition: CONFIG_MM_KUNIT_<condition> says whether this build owes it
 * @fn: the case
 *
 * Stands in a table without a comma behind it. What is not owed is absent:
 * 5.10 cannot skip, and a case that passes for want of anything to test would
 * be a lie. The runner reads the condition and reports what was not owed.
 */
#define MM_KUNIT_CASE_IF(condition, fn) \
	__MM_KUNIT_CASE_IF(IS_BUILTIN(CONFIG_MM_KUNIT_##condition), fn)
#define __MM_KUNIT_CASE_IF(owed, fn) ___MM_KUNIT_CASE_IF(owed, fn)
#define ___MM_KUNIT_CASE_IF(owed, fn) __MM_KUNIT_CASE_IF_##owed(fn)
#define __MM_KUNIT_CASE_IF_0(fn)
#define __MM_KUNIT_CASE_IF_1(fn) KUNIT_CASE(fn),

/*
 * MM_KUNIT_CASE_SLOW_IF - MM_KUNIT_CASE_IF() for a case of a second or more
 * @condition: as there
 * @fn: the case
 *
 * Since 6.6 a filter can leave such cases out.
 */
#define MM_KUNIT_CASE_SLOW_IF(condition, fn) \
	__MM_KUNIT_CASE_SLOW_IF(IS_BUILTIN(CONFIG_MM_KUNIT_##condition), fn)
#define __MM_KUNIT_CASE_SLOW_IF(owed, fn) ___MM_KUNIT_CASE_SLOW_IF(owed, fn)
#define ___MM_KUNIT_CASE_SLOW_IF(owed, fn) __MM_KUNIT_CASE_SLOW_IF_##owed(fn)
#define __MM_KUNIT_CASE_SLOW_IF_0(fn)
#ifdef KUNIT_CASE_SLOW
#define __MM_KUNIT_CASE_SLOW_IF_1(fn) KUNIT_CASE_SLOW(fn),
#else
#define __MM_KUNIT_CASE_SLOW_IF_1(fn) KUNIT_CASE(fn),
#endif

/*
 * Skip the rest of a case. Before 5.14 KUnit cannot: a case that may have to
 * is owed only where MM_KUNIT_HAS_KUNIT_SKIP says that it can.
 */
#ifdef CONFIG_MM_KUNIT_HAS_KUNIT_SKIP
#define mm_kunit_skip(test, why) kunit_skip(test, why)
#else
#define mm_kunit_skip(test, why) KUNIT_FAIL(test, why)
#endif

/**
 * mm_kunit_failed() - has a case failed so far
 * @test: the case
 */
static inline bool mm_kunit_failed(struct kunit *test)
{
#ifdef CONFIG_MM_KUNIT_HAS_KUNIT_STATUS
	return READ_ONCE(test->status) == KUNIT_FAILURE;
#else
	return !READ_ONCE(test->success);
#endif
}

/**
 * mm_kunit_hugepages_supported() - can the machine map a huge page
 *
 * QEMU emulates s390 without EDAT, which huge pages need there.
 */
static inline bool mm_kunit_hugepages_supported(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	return hugepages_supported();
#else
	return false;
#endif
}

/**
 * mm_kunit_thp_supported() - can the machine map a transparent huge page
 *
 * What is said of s390 above goes for these as well.
 */
static inline bool mm_kunit_thp_supported(void)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) &&
	       has_transparent_hugepage();
}

/**
 * mm_kunit_keep_from_khugepaged() - keep an mm off khugepaged's list, or not
 * @mm: the mm
 * @keep: whether
 *
 * It is not put there while it claims that it is there already.
 */
static inline void mm_kunit_keep_from_khugepaged(struct mm_struct *mm, bool keep)
{
#ifdef CONFIG_MM_KUNIT_HAS_MM_FLAGS
	if (keep)
		mm_flags_set(MMF_VM_HUGEPAGE, mm);
	else
		mm_flags_clear(MMF_VM_HUGEPAGE, mm);
#else
	if (keep)
		set_bit(MMF_VM_HUGEPAGE, &mm->flags);
	else
		clear_bit(MMF_VM_HUGEPAGE, &mm->flags);
#endif
}

/**
 * mm_kunit_disable_thp() - what prctl(PR_SET_THP_DISABLE) does
 * @mm: the mm of the process
 * @disable: whether
 */
static inline void mm_kunit_disable_thp(struct mm_struct *mm, bool disable)
{
#if defined(CONFIG_MM_KUNIT_HAS_DISABLE_THP_COMPLETELY)
	if (disable)
		mm_flags_set(MMF_DISABLE_THP_COMPLETELY, mm);
	else
		mm_flags_clear(MMF_DISABLE_THP_COMPLETELY, mm);
#elif defined(CONFIG_MM_KUNIT_HAS_MM_FLAGS)
	if (disable)
		mm_flags_set(MMF_DISABLE_THP, mm);
	else
		mm_flags_clear(MMF_DISABLE_THP, mm);
#else
	if (disable)
		set_bit(MMF_DISABLE_THP, &mm->flags);
	else
		clear_bit(MMF_DISABLE_THP, &mm->flags);
#endif
}

/**
 * mm_kunit_revalidate() - does hugepage_vma_revalidate() let khugepaged go on
 * @mm: the mm, whose mmap lock is held
 * @addr: where the huge page would begin
 * @vmap: where the VMA goes
 *
 * A macro, for a function and a struct that mm/khugepaged.c keeps to itself.
 * Anonymous memory is expected.
 */
#if defined(CONFIG_MM_KUNIT_HAS_REVALIDATE_ORDER)
#define mm_kunit_revalidate(mm, addr, vmap)				\
	(hugepage_vma_revalidate(mm, addr, true, vmap,			\
				 &khugepaged_collapse_control,		\
				 HPAGE_PMD_ORDER) == SCAN_SUCCEED)
#elif defined(CONFIG_MM_KUNIT_HAS_REVALIDATE_EXPECT_ANON)
#define mm_kunit_revalidate(mm, addr, vmap)				\
	(hugepage_vma_revalidate(mm, addr, true, vmap,			\
				 &khugepaged_collapse_control) == SCAN_SUCCEED)
#else
#define mm_kunit_revalidate(mm, addr, vmap)				\
	(!hugepage_vma_revalidate(mm, addr, vmap))
#endif

/* MADV_COLLAPSE, or advice that no kernel knows. */
#ifdef MADV_COLLAPSE
#define MM_KUNIT_MADV_COLLAPSE	MADV_COLLAPSE
#else
#define MM_KUNIT_MADV_COLLAPSE	-1
#endif

/**
 * mm_kunit_vm_flags_mod() - change the flags of a VMA that its mm knows
 * @vma: the VMA
 * @set: flags to set
 * @clear: flags to clear
 *
 * Context: takes and drops the mmap lock for writing.
 */
static inline void mm_kunit_vm_flags_mod(struct vm_area_struct *vma,
					 unsigned long set, unsigned long clear)
{
	mmap_write_lock(vma->vm_mm);
#ifdef CONFIG_MM_KUNIT_HAS_VM_FLAGS_MOD
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
	mmap_write_unlock(vma->vm_mm);
}

/**
 * mm_kunit_vm_flags_init() - give flags to a VMA that no mm knows yet
 * @vma: the VMA
 * @flags: its flags
 */
static inline void mm_kunit_vm_flags_init(struct vm_area_struct *vma,
					  unsigned long flags)
{
#ifdef CONFIG_MM_KUNIT_HAS_VM_FLAGS_MOD
	vm_flags_init(vma, flags);
#else
	vma->vm_flags = flags;
#endif
}

/**
 * mm_kunit_nr_pagetable() - page-table pages of the whole machine
 *
 * The per-CPU remainders count, so that the number is exact while nothing
 * else runs.
 */
static inline long mm_kunit_nr_pagetable(void)
{
	long nr = 0;
#ifdef CONFIG_MM_KUNIT_HAS_NODE_PAGETABLE
	struct pglist_data *pgdat;

	for_each_online_pgdat(pgdat) {
		int cpu;

		nr += atomic_long_read(&pgdat->vm_stat[NR_PAGETABLE]);
		for_each_online_cpu(cpu) {
			struct per_cpu_nodestat *stat;

			stat = per_cpu_ptr(pgdat->per_cpu_nodestats, cpu);
			nr += stat->vm_node_stat_diff[NR_PAGETABLE];
		}
	}
#else
	struct zone *zone;

	for_each_populated_zone(zone)
		nr += zone_page_state_snapshot(zone, NR_PAGETABLE);
#endif
	return nr;
}

/**
 * mm_kunit_hugetlb_cache_refs() - references of the page cache to a huge page
 *
 * One, until 6.7 let the page cache treat huge pages like any large folio.
 */
static inline int mm_kunit_hugetlb_cache_refs(void)
{
#ifdef CONFIG_MM_KUNIT_HAS_ONE_HUGETLB_CACHE_REF
	return 1;
#else
	return PMD_SIZE / PAGE_SIZE;
#endif
}

/**
 * mm_kunit_hugetlb_file_setup() - an unlinked hugetlb file that reserves nothing
 * @size: its size in bytes
 *
 * Return: the file, or an ERR_PTR
 */
static inline struct file *mm_kunit_hugetlb_file_setup(size_t size)
{
	const char *name = "mm_kunit";
#if defined(CONFIG_MM_KUNIT_HAS_FILE_SETUP_VMA_FLAGS)
	return hugetlb_file_setup(name, size, mk_vma_flags(VMA_NORESERVE_BIT),
				  HUGETLB_ANONHUGE_INODE, 0);
#elif defined(CONFIG_MM_KUNIT_HAS_FILE_SETUP_USER)
	void *user = NULL;

	return hugetlb_file_setup(name, size, VM_NORESERVE, (void *)&user,
				  HUGETLB_ANONHUGE_INODE, 0);
#else
	return hugetlb_file_setup(name, size, VM_NORESERVE,
				  HUGETLB_ANONHUGE_INODE, 0);
#endif
}

/**
 * mm_kunit_set_overcommit() - let huge pages come from the buddy allocator
 * @nr: how many surplus huge pages of the default size there may be
 *
 * Return: the limit that stood before
 */
static inline unsigned long mm_kunit_set_overcommit(unsigned long nr)
{
	unsigned long old = 0;
#ifdef CONFIG_HUGETLB_PAGE
	old = default_hstate.nr_overcommit_huge_pages;
	default_hstate.nr_overcommit_huge_pages = nr;
#endif
	return old;
}

/**
 * mm_kunit_nr_huge_pages() - huge pages of the default size, in use or free
 */
static inline long mm_kunit_nr_huge_pages(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	return default_hstate.nr_huge_pages;
#else
	return 0;
#endif
}

/**
 * mm_kunit_resv_huge_pages() - huge pages of the default size that are promised
 */
static inline long mm_kunit_resv_huge_pages(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	return default_hstate.resv_huge_pages;
#else
	return 0;
#endif
}

/**
 * mm_kunit_share_count() - how many sharers beyond the first the kernel counts
 * @table: page of a PMD table that maps huge pages
 *
 * 59d9094df3d7 (6.13) gave the table a counter of its own. Before it the
 * references to the page had to do, and the first is the owner's.
 */
static inline int mm_kunit_share_count(struct page *table)
{
#if !defined(CONFIG_MM_KUNIT_PMD_SHARE)
	return 0;
#elif defined(CONFIG_MM_KUNIT_HAS_PTDESC_SHARE_COUNT)
	return ptdesc_pmd_pts_count(page_ptdesc(table));
#elif defined(CONFIG_MM_KUNIT_HAS_ANY_PT_SHARE_COUNT)
	return atomic_read(&table->pt_share_count);
#else
	return page_count(table) - 1;
#endif
}

/**
 * mm_kunit_hugetlb_pmd_shared() - hugetlb_pmd_shared(), where a build has it
 * @ptep: an entry of the PMD table
 */
static inline bool mm_kunit_hugetlb_pmd_shared(pte_t *ptep)
{
#ifdef CONFIG_HUGETLB_PAGE
	return hugetlb_pmd_shared(ptep);
#else
	return false;
#endif
}

/**
 * mm_kunit_want_pmd_share() - want_pmd_share(), where a build has it
 * @vma: the VMA
 * @addr: an address in it
 */
static inline bool mm_kunit_want_pmd_share(struct vm_area_struct *vma,
					   unsigned long addr)
{
#if defined(CONFIG_HUGETLB_PAGE) && defined(CONFIG_MM_KUNIT_HAS_WANT_PMD_SHARE)
	return want_pmd_share(vma, addr);
#else
	return false;
#endif
}

/**
 * mm_kunit_hugetlb_usage() - huge pages of hugetlb that an mm says it maps
 * @mm: the mm
 *
 * Return: how many, in base pages; 0 where hugetlb is compiled out
 */
static inline long mm_kunit_hugetlb_usage(struct mm_struct *mm)
{
#ifdef CONFIG_HUGETLB_PAGE
	return atomic_long_read(&mm->hugetlb_usage);
#else
	return 0;
#endif
}

/**
 * mm_kunit_hugetlb_vma_lock_write() - keep others off a VMA's huge page tables
 * @vma: a hugetlb VMA
 *
 * Trees without hugetlb VMA locks (before 6.1) rely on i_mmap_rwsem alone.
 */
static inline void mm_kunit_hugetlb_vma_lock_write(struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK
	hugetlb_vma_lock_write(vma);
#endif
}

/**
 * mm_kunit_hugetlb_vma_unlock_write() - undo mm_kunit_hugetlb_vma_lock_write()
 * @vma: a hugetlb VMA
 */
static inline void mm_kunit_hugetlb_vma_unlock_write(struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK
	hugetlb_vma_unlock_write(vma);
#endif
}

/**
 * mm_kunit_fault_lock() - keep a VMA's huge page tables as a page fault does
 * @vma: a hugetlb VMA
 */
static inline void mm_kunit_fault_lock(struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK
	hugetlb_vma_lock_read(vma);
#else
	i_mmap_lock_read(vma->vm_file->f_mapping);
#endif
}

/**
 * mm_kunit_fault_unlock() - undo mm_kunit_fault_lock()
 * @vma: a hugetlb VMA
 */
static inline void mm_kunit_fault_unlock(struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_HUGETLB_VMA_LOCK
	hugetlb_vma_unlock_read(vma);
#else
	i_mmap_unlock_read(vma->vm_file->f_mapping);
#endif
}

/**
 * mm_kunit_huge_pte_alloc() - huge_pte_alloc() under the locks of a page fault
 * @vma: a hugetlb VMA
 * @addr: an address in it
 *
 * Return: the entry, or NULL
 */
static inline pte_t *mm_kunit_huge_pte_alloc(struct vm_area_struct *vma,
					     unsigned long addr)
{
	pte_t *ptep = NULL;
#ifdef CONFIG_HUGETLB_PAGE
	mm_kunit_fault_lock(vma);
#ifdef CONFIG_MM_KUNIT_HAS_HUGE_PTE_ALLOC_VMA
	ptep = huge_pte_alloc(vma->vm_mm, vma, addr, PMD_SIZE);
#else
	ptep = huge_pte_alloc(vma->vm_mm, addr, PMD_SIZE);
#endif
	mm_kunit_fault_unlock(vma);
#endif
	return ptep;
}

/**
 * mm_kunit_huge_pmd_share() - huge_pmd_share() under the locks of a page fault
 * @vma: a hugetlb VMA
 * @addr: an address in it
 * @pud: the PUD entry of @addr
 *
 * Return: the entry, or NULL
 */
static inline pte_t *mm_kunit_huge_pmd_share(struct vm_area_struct *vma,
					     unsigned long addr, pud_t *pud)
{
	pte_t *ptep = NULL;
#ifdef CONFIG_MM_KUNIT_PMD_SHARE
	mm_kunit_fault_lock(vma);
#ifdef CONFIG_MM_KUNIT_HAS_HUGE_PTE_ALLOC_VMA
	ptep = huge_pmd_share(vma->vm_mm, vma, addr, pud);
#else
	ptep = huge_pmd_share(vma->vm_mm, addr, pud);
#endif
	mm_kunit_fault_unlock(vma);
#endif
	return ptep;
}

/**
 * mm_kunit_tlb_gather() - begin an mmu_gather for one VMA
 * @tlb: the gather
 * @vma: the VMA
 */
static inline void mm_kunit_tlb_gather(struct mmu_gather *tlb,
				       struct vm_area_struct *vma)
{
#if !defined(CONFIG_MM_KUNIT_HAS_UNSHARE_TLB)
#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
	tlb_gather_mmu(tlb, vma->vm_mm, vma->vm_start, vma->vm_end);
#else
	tlb_gather_mmu(tlb, vma->vm_mm);
#endif
#elif defined(CONFIG_MM_KUNIT_HAS_GATHER_RANGE)
	tlb_gather_mmu_vma(tlb, vma, vma->vm_start, vma->vm_end);
#else
	tlb_gather_mmu_vma(tlb, vma);
#endif
}

/**
 * mm_kunit_tlb_finish() - end what mm_kunit_tlb_gather() began
 * @tlb: the gather
 * @vma: the VMA
 */
static inline void mm_kunit_tlb_finish(struct mmu_gather *tlb,
				       struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
	tlb_finish_mmu(tlb, vma->vm_start, vma->vm_end);
#else
	tlb_finish_mmu(tlb);
#endif
}

/**
 * mm_kunit_huge_pmd_unshare() - huge_pmd_unshare() by its signature of the day
 * @tlb: a gather, not used by trees whose function takes none
 * @vma: the VMA
 * @addr: an address in the PUD
 * @ptep: an entry of the PMD table
 *
 * Context: i_mmap_rwsem and the hugetlb VMA lock held for writing, and the
 * page-table lock of @ptep.
 * Return: what huge_pmd_unshare() returns
 */
static inline int mm_kunit_huge_pmd_unshare(struct mmu_gather *tlb,
					    struct vm_area_struct *vma,
					    unsigned long addr, pte_t *ptep)
{
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_ADDR_POINTER
	unsigned long *where = &addr;
#else
	unsigned long where = addr;
#endif
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
	return huge_pmd_unshare(tlb, vma, where, ptep);
#else
	return huge_pmd_unshare(vma->vm_mm, vma, where, ptep);
#endif
}

/**
 * mm_kunit_huge_pmd_unshare_flush() - the flush that is due after an unshare
 * @tlb: the gather given to mm_kunit_huge_pmd_unshare()
 * @vma: the VMA
 * @addr: an address in the PUD
 *
 * Context: i_mmap_rwsem held for writing.
 */
static inline void mm_kunit_huge_pmd_unshare_flush(struct mmu_gather *tlb,
						   struct vm_area_struct *vma,
						   unsigned long addr)
{
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
	huge_pmd_unshare_flush(tlb, vma);
#else
	flush_tlb_range(vma, addr & PUD_MASK, (addr & PUD_MASK) + PUD_SIZE);
#endif
}

/**
 * mm_kunit_tlb_unshared() - does the gather owe a flush for an unshared table
 * @tlb: the gather
 */
static inline bool mm_kunit_tlb_unshared(struct mmu_gather *tlb)
{
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
	return tlb->unshared_tables;
#else
	return false;
#endif
}

/**
 * mm_kunit_tlb_fully_unshared() - does it owe an IPI, for a last sharer
 * @tlb: the gather
 */
static inline bool mm_kunit_tlb_fully_unshared(struct mmu_gather *tlb)
{
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
	return tlb->fully_unshared_tables;
#else
	return false;
#endif
}

/**
 * mm_kunit_copy_hugetlb_page_range() - copy_hugetlb_page_range() for one VMA
 * @dst_vma: the child's VMA
 * @src_vma: the parent's
 *
 * Trees before 6.0 find the child's VMA themselves.
 *
 * Context: both mmap locks held, the parent's for writing.
 */
static inline int
mm_kunit_copy_hugetlb_page_range(struct vm_area_struct *dst_vma,
				 struct vm_area_struct *src_vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_COPY_HUGETLB_TWO_VMAS
	return copy_hugetlb_page_range(dst_vma->vm_mm, src_vma->vm_mm,
				       dst_vma, src_vma);
#else
	return copy_hugetlb_page_range(dst_vma->vm_mm, src_vma->vm_mm, src_vma);
#endif
}

/**
 * mm_kunit_change_protection() - hugetlb_change_protection(), nothing changed
 * @vma: a hugetlb VMA
 * @start: start of the range
 * @end: its end
 *
 * The range gets the protection that the VMA has.
 *
 * Context: the mmap lock held for writing.
 */
static inline void mm_kunit_change_protection(struct vm_area_struct *vma,
					      unsigned long start,
					      unsigned long end)
{
#ifdef CONFIG_MM_KUNIT_HAS_CHANGE_PROTECTION_FLAGS
	hugetlb_change_protection(vma, start, end, vma->vm_page_prot, 0);
#else
	hugetlb_change_protection(vma, start, end, vma->vm_page_prot);
#endif
}

/**
 * mm_kunit_uffd_wp() - have userfaultfd write-protect what a VMA maps
 * @vma: a hugetlb VMA with VM_UFFD_WP
 * @start: start of the range
 * @end: its end
 *
 * Only where CONFIG_MM_KUNIT_UFFD_PMD_MARKS.
 *
 * Context: the mmap lock held for writing.
 */
static inline void mm_kunit_uffd_wp(struct vm_area_struct *vma,
				    unsigned long start, unsigned long end)
{
#ifdef CONFIG_MM_KUNIT_UFFD_PMD_MARKS
	hugetlb_change_protection(vma, start, end, vma->vm_page_prot,
				  MM_CP_UFFD_WP);
#endif
}

/**
 * mm_kunit_move_page_tables() - move_hugetlb_page_tables(), where a tree has it
 * @vma: a hugetlb VMA
 * @new_vma: the VMA that takes over
 * @from: start of the range in @vma
 * @to: where it goes in @new_vma
 * @len: its length in bytes
 *
 * Context: the mmap lock held for writing.
 */
static inline void mm_kunit_move_page_tables(struct vm_area_struct *vma,
					     struct vm_area_struct *new_vma,
					     unsigned long from,
					     unsigned long to,
					     unsigned long len)
{
#ifdef CONFIG_MM_KUNIT_HAS_MOVE_HUGETLB
	move_hugetlb_page_tables(vma, new_vma, from, to, len);
#endif
}

/**
 * mm_kunit_unshare_all_pmds() - hugetlb_unshare_all_pmds(), where a tree has it
 * @vma: a hugetlb VMA
 */
static inline void mm_kunit_unshare_all_pmds(struct vm_area_struct *vma)
{
#ifdef CONFIG_MM_KUNIT_HAS_UNSHARE_ALL_PMDS
	hugetlb_unshare_all_pmds(vma);
#endif
}

/**
 * mm_kunit_may_split() - ask a VMA's owner whether it may be split
 * @vma: the VMA
 * @addr: where
 *
 * Context: the mmap lock held for writing.
 * Return: 0, or a negative errno
 */
static inline int mm_kunit_may_split(struct vm_area_struct *vma,
				     unsigned long addr)
{
#ifdef CONFIG_MM_KUNIT_HAS_MAY_SPLIT
	return vma->vm_ops->may_split(vma, addr);
#else
	return vma->vm_ops->split(vma, addr);
#endif
}

/**
 * mm_kunit_page_mlocked() - is a page locked into memory
 * @page: the page
 */
static inline bool mm_kunit_page_mlocked(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_RMAP_FOLIO
	return folio_test_mlocked(page_folio(page));
#else
	return PageMlocked(page);
#endif
}

/**
 * mm_kunit_page_swapbacked() - must a page be swapped out to be reclaimed
 * @page: the page
 */
static inline bool mm_kunit_page_swapbacked(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_RMAP_FOLIO
	return folio_test_swapbacked(page_folio(page));
#else
	return PageSwapBacked(page);
#endif
}

/**
 * mm_kunit_page_dirty() - does a page, or its folio, say that it was written to
 * @page: the page
 */
static inline bool mm_kunit_page_dirty(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_RMAP_FOLIO
	return folio_test_dirty(page_folio(page));
#else
	return PageDirty(compound_head(page));
#endif
}

/**
 * mm_kunit_pmd_dirty() - does a PMD that maps a huge page say it was written to
 * @pmd: the PMD
 *
 * UML has no such PMD.
 */
static inline bool mm_kunit_pmd_dirty(pmd_t pmd)
{
#ifdef CONFIG_UML
	return false;
#else
	return pmd_dirty(pmd);
#endif
}

/**
 * mm_kunit_pte_uffd() - does userfaultfd watch what a PTE maps
 * @pte: the PTE, which is present
 */
static inline bool mm_kunit_pte_uffd(pte_t pte)
{
#ifdef CONFIG_MM_KUNIT_HAS_PTE_UFFD
	return pte_uffd(pte);
#else
	return pte_uffd_wp(pte);
#endif
}

/**
 * mm_kunit_pte_mkuffd() - have userfaultfd watch what a PTE maps
 * @pte: the PTE, which is present
 */
static inline pte_t mm_kunit_pte_mkuffd(pte_t pte)
{
#ifdef CONFIG_MM_KUNIT_HAS_PTE_UFFD
	return pte_mkuffd(pte);
#else
	return pte_mkuffd_wp(pte);
#endif
}

/**
 * mm_kunit_pmd_uffd() - does userfaultfd watch what a PMD maps
 * @pmd: the PMD, which is present
 */
static inline bool mm_kunit_pmd_uffd(pmd_t pmd)
{
#ifdef CONFIG_MM_KUNIT_HAS_PTE_UFFD
	return pmd_uffd(pmd);
#else
	return pmd_uffd_wp(pmd);
#endif
}

/**
 * mm_kunit_is_early_shadow() - is a page table one that KASAN began with
 * @table: the page table
 *
 * These map one page for all of the shadow that nobody needs, each of them a
 * great many times.
 */
static inline bool mm_kunit_is_early_shadow(void *table)
{
#if defined(CONFIG_KASAN_GENERIC) || defined(CONFIG_KASAN_SW_TAGS)
	table = (void *)((unsigned long)table & PAGE_MASK);
	return table == lm_alias(kasan_early_shadow_pte) ||
	       table == lm_alias(kasan_early_shadow_pmd) ||
	       table == lm_alias(kasan_early_shadow_pud);
#else
	return false;
#endif
}

/**
 * mm_kunit_user_end() - first address that an mm's page tables cannot map
 * @mm: the mm
 *
 * On s390 an mm has as many levels of page tables as it needs so far.
 */
static inline unsigned long mm_kunit_user_end(struct mm_struct *mm)
{
#ifdef CONFIG_S390
	return mm->context.asce_limit;
#else
	return TASK_SIZE;
#endif
}

/**
 * mm_kunit_tlb_gen() - how many TLB flushes an mm has asked for
 * @mm: the mm
 *
 * Return: the number, or 0 where an arch does not count
 */
static inline u64 mm_kunit_tlb_gen(struct mm_struct *mm)
{
#ifdef CONFIG_X86
	return atomic64_read(&mm->context.tlb_gen);
#else
	return 0;
#endif
}

/**
 * mm_kunit_decode_swap_pte() - say what a PTE that is not present stands for
 * @pte: the PTE, which is not none either
 * @entry: gets its kind, and what a migration or poison entry knows besides
 */
static inline void mm_kunit_decode_swap_pte(pte_t pte,
					    struct mm_kunit_entry *entry)
{
#ifdef CONFIG_MM_KUNIT_HAS_LEAFOPS
	softleaf_t leaf = softleaf_from_pte(pte);
	bool migration = softleaf_is_migration(leaf);
	bool poison = softleaf_is_hwpoison(leaf);

	entry->write = softleaf_is_migration_write(leaf);
	if (migration || poison)
		entry->pfn = softleaf_to_pfn(leaf);
#else
	swp_entry_t swp = pte_to_swp_entry(pte);
	bool migration = is_migration_entry(swp);
	bool poison = is_hwpoison_entry(swp);

#ifdef CONFIG_MM_KUNIT_HAS_WRITABLE_MIGRATION_ENTRY
	entry->write = is_writable_migration_entry(swp);
#else
	entry->write = is_write_migration_entry(swp);
#endif
	if (migration || poison)
		entry->pfn = swp_offset(swp);
#ifdef CONFIG_MM_KUNIT_HAS_SWP_OFFSET_PFN
	if (migration)		/* has more than a pfn in its offset */
		entry->pfn = swp_offset_pfn(swp);
#endif
#endif
	entry->kind = migration ? MM_KUNIT_MIGRATION :
		      poison ? MM_KUNIT_POISON : MM_KUNIT_OTHER;
}

/**
 * mm_kunit_shmem_file_setup() - an unlinked shmem file that reserves nothing
 * @size: its size in bytes
 *
 * Return: the file, or an ERR_PTR
 */
static inline struct file *mm_kunit_shmem_file_setup(loff_t size)
{
#ifdef CONFIG_MM_KUNIT_HAS_SHMEM_SETUP_VMA_FLAGS
	vma_flags_t flags = mk_vma_flags(VMA_NORESERVE_BIT);
#else
	unsigned long flags = VM_NORESERVE;
#endif
	return shmem_file_setup("mm_kunit", size, flags);
}

/**
 * mm_kunit_open_root_mnt() - open a file of a mount that no name leads to
 * @mnt: the mount
 * @path: the file, seen from the root of @mnt
 * @flags: O_*
 *
 * Return: the file, or an ERR_PTR
 */
static inline struct file *mm_kunit_open_root_mnt(struct vfsmount *mnt,
						  const char *path, int flags)
{
#ifdef CONFIG_MM_KUNIT_HAS_OPEN_ROOT_PATH
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };

	return file_open_root(&root, path, flags, 0);
#else
	return file_open_root(mnt->mnt_root, mnt, path, flags, 0);
#endif
}

/**
 * mm_kunit_set_fail_nth() - let an allocation of this task fail
 * @nth: which, counted from 1; 0 for none
 *
 * Return: how many were to come yet until the one that was to fail before
 */
static inline int mm_kunit_set_fail_nth(int nth)
{
	int left = 0;
#ifdef CONFIG_FAULT_INJECTION
	left = current->fail_nth;
	current->fail_nth = nth;
#endif
	return left;
}

/**
 * mm_kunit_set_has_pinned() - say whether an mm has ever pinned a page
 * @mm: the mm
 * @pinned: whether
 */
static inline void mm_kunit_set_has_pinned(struct mm_struct *mm, bool pinned)
{
#if defined(CONFIG_MM_KUNIT_HAS_MM_FLAGS)
	if (pinned)
		mm_flags_set(MMF_HAS_PINNED, mm);
	else
		mm_flags_clear(MMF_HAS_PINNED, mm);
#elif defined(CONFIG_MM_KUNIT_HAS_MMF_HAS_PINNED)
	if (pinned)
		set_bit(MMF_HAS_PINNED, &mm->flags);
	else
		clear_bit(MMF_HAS_PINNED, &mm->flags);
#else
	atomic_set(&mm->has_pinned, pinned);
#endif
}

/**
 * mm_kunit_mapcount() - how often a folio is mapped, as the kernel counts it
 * @page: its head
 *
 * A mapping by PMD counts once, one by PTEs once for each.
 */
static inline int mm_kunit_mapcount(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_MAPCOUNT
	return folio_mapcount(page_folio(page));
#else
	return total_mapcount(page);
#endif
}

/* What the rmap walks of a tree are given: a page, or since 5.18 its folio. */
#ifdef CONFIG_MM_KUNIT_HAS_RMAP_FOLIO
#define mm_kunit_rmap_arg(page) page_folio(page)
#else
#define mm_kunit_rmap_arg(page) (page)
#endif

/**
 * mm_kunit_try_to_unmap() - try_to_unmap()
 * @page: head of what is to be unmapped
 * @flags: TTU_*
 *
 * Context: the page locked; of a file of hugetlb, i_mmap_rwsem held for writing
 * and @flags with TTU_RMAP_LOCKED.
 * Return: what a tree before 5.14 says, or whether no count says that the page
 * is still mapped, which is what callers look at since
 */
static inline bool mm_kunit_try_to_unmap(struct page *page,
					 enum ttu_flags flags)
{
#ifdef CONFIG_MM_KUNIT_HAS_TRY_TO_MIGRATE
	try_to_unmap(mm_kunit_rmap_arg(page), flags);
	return !mm_kunit_mapcount(page);
#else
	return try_to_unmap(page, flags);
#endif
}

/**
 * mm_kunit_try_to_migrate() - try_to_migrate(), by its name of the day
 * @page: head of what is to be unmapped
 * @flags: TTU_SPLIT_HUGE_PMD, TTU_RMAP_LOCKED or neither
 *
 * Context: as for mm_kunit_try_to_unmap()
 */
static inline void mm_kunit_try_to_migrate(struct page *page,
					   enum ttu_flags flags)
{
#ifdef CONFIG_MM_KUNIT_HAS_TRY_TO_MIGRATE
	try_to_migrate(mm_kunit_rmap_arg(page), flags);
#else
	flags |= TTU_MIGRATION | TTU_IGNORE_MLOCK;
	if (flags & TTU_SPLIT_HUGE_PMD)
		flags |= TTU_SPLIT_FREEZE;
	try_to_unmap(page, flags);
#endif
}

/* Put poison entries where a poisoned page was mapped. */
#ifdef CONFIG_MM_KUNIT_HAS_TTU_HWPOISON
#define MM_KUNIT_TTU_HWPOISON TTU_HWPOISON
#else
#define MM_KUNIT_TTU_HWPOISON 0
#endif

/**
 * mm_kunit_remove_migration_ptes() - remove_migration_ptes()
 * @src: head of what the migration entries stand for
 * @dst: head of what is to be mapped in their place
 * @locked: does the caller hold the rmap lock
 *
 * Context: both pages locked
 */
static inline void mm_kunit_remove_migration_ptes(struct page *src,
						  struct page *dst, bool locked)
{
#ifdef CONFIG_MM_KUNIT_HAS_REMOVE_MIGRATION_TTU
	remove_migration_ptes(page_folio(src), page_folio(dst),
			      locked ? TTU_RMAP_LOCKED : 0);
#else
	remove_migration_ptes(mm_kunit_rmap_arg(src), mm_kunit_rmap_arg(dst),
			      locked);
#endif
}

#if defined(CONFIG_HUGETLB_PAGE) && defined(CONFIG_MIGRATION)
#ifdef CONFIG_MM_KUNIT_HAS_NEW_FOLIO
#define mm_kunit_new_t folio
#else
#define mm_kunit_new_t page
#endif

static inline struct mm_kunit_new_t *
mm_kunit_new_huge_page(struct mm_kunit_new_t *old, unsigned long private)
{
	gfp_t gfp = htlb_alloc_mask(&default_hstate);
	int nid = numa_node_id();

#if defined(CONFIG_MM_KUNIT_HAS_ALLOC_HUGETLB_FALLBACK)
	return alloc_hugetlb_folio_nodemask(&default_hstate, nid, NULL, gfp,
					    false);
#elif defined(CONFIG_MM_KUNIT_HAS_NEW_FOLIO)
	return alloc_hugetlb_folio_nodemask(&default_hstate, nid, NULL, gfp);
#else
	return alloc_huge_page_nodemask(&default_hstate, nid, NULL, gfp);
#endif
}
#endif

/**
 * mm_kunit_migrate_huge_page() - migrate_pages() of one huge page of hugetlb
 * @page: head of the page
 *
 * It moves to a new page, on the same node if there is but one.
 *
 * Return: 0, -EBUSY if the page cannot be isolated, or what migrate_pages()
 * says
 */
static inline int mm_kunit_migrate_huge_page(struct page *page)
{
	int ret = -EOPNOTSUPP;
#if defined(CONFIG_HUGETLB_PAGE) && defined(CONFIG_MIGRATION)
	LIST_HEAD(pages);

#if defined(CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_HUGETLB_FOLIO)
	folio_isolate_hugetlb(page_folio(page), &pages);
#elif defined(CONFIG_MM_KUNIT_HAS_FOLIO_ISOLATE_HUGETLB)
	folio_isolate_hugetlb(page, &pages);
#elif defined(CONFIG_MM_KUNIT_HAS_ISOLATE_HUGETLB_FOLIO)
	isolate_hugetlb(page_folio(page), &pages);
#elif defined(CONFIG_MM_KUNIT_HAS_ISOLATE_HUGETLB)
	isolate_hugetlb(page, &pages);
#else
	isolate_huge_page(page, &pages);
#endif
	if (list_empty(&pages))
		return -EBUSY;
#ifdef CONFIG_MM_KUNIT_HAS_MIGRATE_SUCCEEDED
	ret = migrate_pages(&pages, mm_kunit_new_huge_page, NULL, 0,
			    MIGRATE_SYNC, MR_SYSCALL, NULL);
#else
	ret = migrate_pages(&pages, mm_kunit_new_huge_page, NULL, 0,
			    MIGRATE_SYNC, MR_SYSCALL);
#endif
	if (ret)
		putback_movable_pages(&pages);
#endif
	return ret;
}

/**
 * mm_kunit_counts_pages() - does a large folio count each page's mappings
 */
static inline bool mm_kunit_counts_pages(void)
{
	return !IS_ENABLED(CONFIG_MM_KUNIT_HAS_NO_PAGE_MAPCOUNT) ||
	       IS_ENABLED(CONFIG_PAGE_MAPCOUNT);
}

/**
 * mm_kunit_page_mapcount() - how often a page is mapped by PTEs
 * @page: the page, which may be part of a large folio
 *
 * Return: the number, or 0 where a large folio does not keep it for its pages
 */
static inline int mm_kunit_page_mapcount(struct page *page)
{
	if (PageCompound(page) && !mm_kunit_counts_pages())
		return 0;
	return atomic_read(&page->_mapcount) + 1;
}

/**
 * mm_kunit_entire_mapcount() - how often a large folio is mapped as a whole
 * @page: its head
 */
static inline int mm_kunit_entire_mapcount(struct page *page)
{
	if (!PageCompound(page))
		return 0;
#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_MAPCOUNT_PTR
	return atomic_read(compound_mapcount_ptr(page)) + 1;
#else
	return atomic_read(&page_folio(page)->_entire_mapcount) + 1;
#endif
}

/**
 * mm_kunit_precise_mapcount() - how often a page is mapped, by what ever
 * @page: the page, which may be part of a large folio
 *
 * page_mapcount(), as long as there was one. Not for a page of a large folio
 * unless mm_kunit_counts_pages().
 */
static inline int mm_kunit_precise_mapcount(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_PAGE_MAPCOUNT
	return page_mapcount(page);
#else
	return mm_kunit_page_mapcount(page) +
	       mm_kunit_entire_mapcount(compound_head(page));
#endif
}

/**
 * mm_kunit_mapped() - does anybody map a page, or any part of a large folio
 * @page: the page, or the head of the folio
 */
static inline bool mm_kunit_mapped(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_MAPPED
	return folio_mapped(page_folio(page));
#else
	return page_mapped(page);
#endif
}

/**
 * mm_kunit_double_map() - are page counts of a large folio one too high each
 * @page: its head
 *
 * Return: PageDoubleMap(), or false where a tree has no such flag
 */
static inline bool mm_kunit_double_map(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_DOUBLE_MAP
	return PageCompound(page) && PageDoubleMap(page);
#else
	return false;
#endif
}

/**
 * mm_kunit_trans_huge_mapcount() - page_trans_huge_mapcount()
 * @page: the page
 * @total: where the total goes, or NULL
 *
 * Only where CONFIG_MM_KUNIT_TRANS_HUGE_MAPCOUNT.
 */
static inline int mm_kunit_trans_huge_mapcount(struct page *page, int *total)
{
#ifdef CONFIG_MM_KUNIT_TRANS_HUGE_MAPCOUNT
	return page_trans_huge_mapcount(page, total);
#else
	return -1;
#endif
}

/**
 * mm_kunit_reuse_swap_page() - reuse_swap_page()
 * @page: the page, which is locked
 * @total: where the total of mappings and swap entries goes, or NULL
 *
 * Only where CONFIG_MM_KUNIT_REUSE_SWAP_PAGE.
 */
static inline bool mm_kunit_reuse_swap_page(struct page *page, int *total)
{
#ifdef CONFIG_MM_KUNIT_REUSE_SWAP_PAGE
	return reuse_swap_page(page, total);
#else
	return false;
#endif
}

/**
 * mm_kunit_in_swap_cache() - has a page a place in swap while it is in memory
 * @page: the page, or the head of a large folio
 */
static inline bool mm_kunit_in_swap_cache(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_MAPPED
	return folio_test_swapcache(page_folio(page));
#else
	return PageSwapCache(page);
#endif
}

/**
 * mm_kunit_add_to_swap() - give a huge page a place in swap
 * @page: the page, which is locked
 * @entry: where the first subpage's entry goes
 *
 * Only where CONFIG_MM_KUNIT_REUSE_THP_SWAP.
 */
static inline bool mm_kunit_add_to_swap(struct page *page, swp_entry_t *entry)
{
#ifdef CONFIG_MM_KUNIT_REUSE_THP_SWAP
	if (!add_to_swap(page))
		return false;
	entry->val = page_private(page);
	return true;
#else
	return false;
#endif
}

/**
 * mm_kunit_hold_swap() - have one mm more that has swapped a page out, or less
 * @entry: the page's entry
 * @hold: whether it is one more
 *
 * Only where CONFIG_MM_KUNIT_REUSE_THP_SWAP.
 */
static inline void mm_kunit_hold_swap(swp_entry_t entry, bool hold)
{
#ifdef CONFIG_MM_KUNIT_REUSE_THP_SWAP
	if (hold)
		swap_duplicate(entry);
	else
		swap_free(entry);
#endif
}

/**
 * mm_kunit_mapped_shared() - does the kernel say that several mms map a folio
 * @page: its head
 *
 * Only where CONFIG_MM_KUNIT_MAPPED_SHARED. folio_likely_mapped_shared()
 * guesses; folio_maybe_mapped_shared() errs on one side alone.
 */
static inline bool mm_kunit_mapped_shared(struct page *page)
{
#if defined(CONFIG_MM_KUNIT_HAS_MAYBE_MAPPED_SHARED)
	return folio_maybe_mapped_shared(page_folio(page));
#elif defined(CONFIG_MM_KUNIT_HAS_LIKELY_MAPPED_SHARED)
	return folio_likely_mapped_shared(page_folio(page));
#else
	return false;
#endif
}

/**
 * mm_kunit_anon_vma() - the anon_vma that leads to an anonymous page
 * @page: the page, not merged by ksmd
 */
static inline struct anon_vma *mm_kunit_anon_vma(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_MAPPED
	unsigned long mapping = (unsigned long)page_folio(page)->mapping;
#else
	unsigned long mapping = (unsigned long)compound_head(page)->mapping;
#endif
	return (struct anon_vma *)(mapping & ~3UL);
}

/**
 * mm_kunit_large_mapcount() - a large folio's own count of all its mappings
 * @page: its head
 *
 * Return: the number, or 0 where a tree has no such count
 */
static inline int mm_kunit_large_mapcount(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_LARGE_MAPCOUNT
	if (PageCompound(page))
		return atomic_read(&page_folio(page)->_large_mapcount) + 1;
#endif
	return 0;
}

/**
 * mm_kunit_mm_mapcount() - how often one mm maps a large folio
 * @page: its head
 * @mm: the mm
 *
 * Return: the number, or 0 if the mm has no slot, or where a tree has none
 */
static inline int mm_kunit_mm_mapcount(struct page *page, struct mm_struct *mm)
{
#ifdef CONFIG_MM_ID
	struct folio *folio = page_folio(page);
	int i;

	if (!folio_test_large(folio) || folio_test_hugetlb(folio))
		return 0;
	for (i = 0; i < 2; i++)
		if (folio_mm_id(folio, i) == mm->mm_id)
			return folio->_mm_id_mapcount[i] + 1;
#endif
	return 0;
}

/**
 * mm_kunit_add_pins() - pin a page, or let it go, without asking who maps it
 * @page: the page
 * @pins: how many pins; negative to let go
 *
 * A large folio counts pins apart. The pins of a small page are among its
 * references, GUP_PIN_COUNTING_BIAS each.
 */
static inline void mm_kunit_add_pins(struct page *page, int pins)
{
	struct page *head = compound_head(page);

	page_ref_add(head, pins * (int)(PageCompound(head) ? 1 :
					GUP_PIN_COUNTING_BIAS));
	if (!PageCompound(head))
		return;
#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_PINCOUNT_PTR
	atomic_add(pins, compound_pincount_ptr(head));
#else
	atomic_add(pins, &page_folio(head)->_pincount);
#endif
}

/**
 * mm_kunit_pincount() - the pins that a large folio counts
 * @page: its head
 */
static inline int mm_kunit_pincount(struct page *page)
{
	if (!PageCompound(page))
		return 0;
#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_PINCOUNT_PTR
	return atomic_read(compound_pincount_ptr(page));
#else
	return atomic_read(&page_folio(page)->_pincount);
#endif
}

/**
 * mm_kunit_anon_exclusive() - does an anonymous page belong to one mm alone
 * @page: the page as it is mapped: the head of a huge page, else itself
 *
 * Return: whether it does, or false before 5.19, which did not know
 */
static inline bool mm_kunit_anon_exclusive(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE
	return PageAnon(page) && PageAnonExclusive(page);
#else
	return false;
#endif
}

/**
 * mm_kunit_set_anon_exclusive() - say whether a page belongs to one mm alone
 * @page: the anonymous page
 * @exclusive: whether it does
 */
static inline void mm_kunit_set_anon_exclusive(struct page *page,
					       bool exclusive)
{
#ifdef CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE
	if (exclusive)
		SetPageAnonExclusive(page);
	else
		ClearPageAnonExclusive(page);
#endif
}

/**
 * enum mm_kunit_level_of_dup - what is duplicated or shared
 * @MM_KUNIT_DUP_PTE: one PTE, by the function for one
 * @MM_KUNIT_DUP_PTES: a batch of PTEs
 * @MM_KUNIT_DUP_PMD: a PMD
 * @MM_KUNIT_DUP_HUGETLB: a huge page of hugetlb
 */
enum mm_kunit_level_of_dup {
	MM_KUNIT_DUP_PTE,
	MM_KUNIT_DUP_PTES,
	MM_KUNIT_DUP_PMD,
	MM_KUNIT_DUP_HUGETLB,
};

/* Some trees are told of the new mapping's VMA as well. */
#ifdef CONFIG_MM_KUNIT_HAS_DUP_DST_VMA
#define mm_kunit_dup_anon(fn, dst, src, ...)	fn(__VA_ARGS__, dst, src)
#define mm_kunit_dup_file(fn, dst, ...)		fn(__VA_ARGS__, dst)
#else
#define mm_kunit_dup_anon(fn, dst, src, ...) \
	({ (void)(dst); fn(__VA_ARGS__, src); })
#define mm_kunit_dup_file(fn, dst, ...) \
	({ (void)(dst); fn(__VA_ARGS__); })
#endif

/**
 * mm_kunit_try_dup_anon_rmap() - duplicate an anonymous mapping, as fork() does
 * @page: the first page
 * @nr: how many; more than one only for MM_KUNIT_DUP_PTES
 * @level: what is duplicated
 * @dst: the VMA of the new mapping
 * @src: that of the old one
 *
 * Context: the page-table lock held, and write_protect_seq odd.
 * Return: 0, or -EBUSY if the page must be copied
 */
static inline int
mm_kunit_try_dup_anon_rmap(struct page *page, int nr,
			   enum mm_kunit_level_of_dup level,
			   struct vm_area_struct *dst,
			   struct vm_area_struct *src)
{
#if defined(CONFIG_MM_KUNIT_HAS_FOLIO_DUP)
	struct folio *folio = page_folio(page);

	switch (level) {
	case MM_KUNIT_DUP_PTE:
		return mm_kunit_dup_anon(folio_try_dup_anon_rmap_pte, dst, src,
					 folio, page);
	case MM_KUNIT_DUP_PTES:
		return mm_kunit_dup_anon(folio_try_dup_anon_rmap_ptes, dst, src,
					 folio, page, nr);
	case MM_KUNIT_DUP_PMD:
		return mm_kunit_dup_anon(folio_try_dup_anon_rmap_pmd, dst, src,
					 folio, page);
	case MM_KUNIT_DUP_HUGETLB:
		return hugetlb_try_dup_anon_rmap(folio, src);
	}
	return -EINVAL;
#elif defined(CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE)
	return page_try_dup_anon_rmap(page, level == MM_KUNIT_DUP_PMD ||
				      level == MM_KUNIT_DUP_HUGETLB, src);
#else
	return -EINVAL;
#endif
}

/**
 * mm_kunit_dup_file_rmap() - duplicate the mapping of a page of a file
 * @page: the first page
 * @nr: how many; more than one only for MM_KUNIT_DUP_PTES
 * @level: what is duplicated
 * @dst: the VMA of the new mapping
 *
 * Context: the page-table lock held.
 */
static inline void
mm_kunit_dup_file_rmap(struct page *page, int nr,
		       enum mm_kunit_level_of_dup level,
		       struct vm_area_struct *dst)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_DUP
	struct folio *folio = page_folio(page);

	switch (level) {
	case MM_KUNIT_DUP_PTE:
		mm_kunit_dup_file(folio_dup_file_rmap_pte, dst, folio, page);
		break;
	case MM_KUNIT_DUP_PTES:
		mm_kunit_dup_file(folio_dup_file_rmap_ptes, dst, folio, page,
				  nr);
		break;
	case MM_KUNIT_DUP_PMD:
		mm_kunit_dup_file(folio_dup_file_rmap_pmd, dst, folio, page);
		break;
	case MM_KUNIT_DUP_HUGETLB:
		hugetlb_add_file_rmap(folio);
		break;
	}
#else
	bool compound = level == MM_KUNIT_DUP_PMD ||
			level == MM_KUNIT_DUP_HUGETLB;
#ifdef CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE
	page_dup_file_rmap(page, compound);
#else
	page_dup_rmap(page, compound);
#endif
#endif
}

/**
 * mm_kunit_undo_dup() - take a duplicated mapping off the counts
 * @page: the first page
 * @nr: how many
 * @level: what was duplicated
 * @dst: the VMA of the mapping
 *
 * Context: the page-table lock held.
 */
static inline void mm_kunit_undo_dup(struct page *page, int nr,
				     enum mm_kunit_level_of_dup level,
				     struct vm_area_struct *dst)
{
#ifdef CONFIG_MM_KUNIT_HAS_FOLIO_DUP
	struct folio *folio = page_folio(page);

	if (level == MM_KUNIT_DUP_HUGETLB)
		hugetlb_remove_rmap(folio);
	else if (level == MM_KUNIT_DUP_PMD)
		folio_remove_rmap_pmd(folio, page, dst);
	else
		folio_remove_rmap_ptes(folio, page, nr, dst);
#else
	bool compound = level == MM_KUNIT_DUP_PMD ||
			level == MM_KUNIT_DUP_HUGETLB;
#ifdef CONFIG_MM_KUNIT_HAS_REMOVE_RMAP_VMA
	page_remove_rmap(page, dst, compound);
#else
	page_remove_rmap(page, compound);
#endif
#endif
}

/**
 * mm_kunit_try_share_anon_rmap() - give up that a page belongs to one mm alone
 * @page: the page
 * @level: how it is mapped
 *
 * Context: the page-table lock held, the entry invalidated.
 * Return: 0, or -EBUSY if the page may be pinned
 */
static inline int mm_kunit_try_share_anon_rmap(struct page *page,
					       enum mm_kunit_level_of_dup level)
{
#if defined(CONFIG_MM_KUNIT_HAS_FOLIO_DUP)
	struct folio *folio = page_folio(page);

	if (level == MM_KUNIT_DUP_HUGETLB)
		return hugetlb_try_share_anon_rmap(folio);
	if (level == MM_KUNIT_DUP_PMD)
		return folio_try_share_anon_rmap_pmd(folio, page);
	return folio_try_share_anon_rmap_pte(folio, page);
#elif defined(CONFIG_MM_KUNIT_HAS_ANON_EXCLUSIVE)
	return page_try_share_anon_rmap(page);
#else
	return -EINVAL;
#endif
}

/**
 * mm_kunit_needs_cow_for_dma() - must a page be copied at fork for a device
 * @vma: the VMA that maps it
 * @page: the page
 *
 * Context: write_protect_seq odd.
 */
static inline bool mm_kunit_needs_cow_for_dma(struct vm_area_struct *vma,
					      struct page *page)
{
#if defined(CONFIG_MM_KUNIT_HAS_FOLIO_DUP)
	return folio_needs_cow_for_dma(vma, page_folio(page));
#elif defined(CONFIG_MM_KUNIT_HAS_NEEDS_COW_FOR_DMA)
	return page_needs_cow_for_dma(vma, page);
#else
	return false;
#endif
}

/**
 * mm_kunit_hrtimer_setup() - set up a timer
 * @timer: the timer
 * @fn: what it calls
 * @mode: on which CPU, and in hard interrupt or in softirq
 */
static inline void
mm_kunit_hrtimer_setup(struct hrtimer *timer,
		       enum hrtimer_restart (*fn)(struct hrtimer *timer),
		       enum hrtimer_mode mode)
{
#ifdef CONFIG_MM_KUNIT_HAS_HRTIMER_SETUP
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = fn;
#endif
}

/* 5.13 brought userfaultfd's minor faults. */
#ifndef VM_UFFD_MINOR
#define VM_UFFD_MINOR VM_NONE
#endif

/* So did a 7.x its protection from reads and writes. */
#ifndef VM_UFFD_RWP
#define VM_UFFD_RWP VM_NONE
#endif

/* The callback that a secondary TLB hangs on, by its name of the day. */
#ifdef CONFIG_MM_KUNIT_HAS_INVALIDATE_SECONDARY_TLBS
#define mm_kunit_invalidate_secondary arch_invalidate_secondary_tlbs
#else
#define mm_kunit_invalidate_secondary invalidate_range
#endif

/**
 * mm_kunit_clone_args() - arguments of a fork whose child calls a function
 * @args: filled in
 * @fn: what the child calls instead of returning to user space
 * @arg: its argument
 */
static inline void mm_kunit_clone_args(struct kernel_clone_args *args,
				       int (*fn)(void *), void *arg)
{
	*args = (struct kernel_clone_args) {
		.flags = CLONE_FS | CLONE_FILES | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
#ifdef CONFIG_MM_KUNIT_HAS_CLONE_FN
		.fn = fn,
		.fn_arg = arg,
#else
		.stack = (unsigned long)fn,
		.stack_size = (unsigned long)arg,
#endif
	};
}

/*
 * mprotect() and mremap() have no entry inside the kernel but the system call
 * itself, which takes its arguments in registers where an arch wraps it.
 */
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
#if defined(CONFIG_X86_64)
#define MM_KUNIT_SYSCALL(name) __x64_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e) \
	{ .di = (a), .si = (b), .dx = (c), .r10 = (d), .r8 = (e) }
#elif defined(CONFIG_ARM64)
#define MM_KUNIT_SYSCALL(name) __arm64_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e) { .regs = { (a), (b), (c), (d), (e) } }
#elif defined(CONFIG_RISCV)
#define MM_KUNIT_SYSCALL(name) __riscv_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e) \
	{ .orig_a0 = (a), .a1 = (b), .a2 = (c), .a3 = (d), .a4 = (e) }
#elif defined(CONFIG_S390)
#define MM_KUNIT_SYSCALL(name) __s390x_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e) \
	{ .orig_gpr2 = (a), .gprs = { [3] = (b), (c), (d), (e) } }
#endif

#ifdef CONFIG_MM_KUNIT_HAS_SYSCALL_REGS
long MM_KUNIT_SYSCALL(mknodat)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mprotect)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mremap)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(swapoff)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(swapon)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(unlinkat)(const struct pt_regs *regs);

/* A system call on the mm in use; up to five arguments follow the name. */
#define mm_kunit_syscall(name, ...) \
	__mm_kunit_syscall(name, __VA_ARGS__, 0, 0, 0, 0)
#define __mm_kunit_syscall(name, a, b, c, d, e, ...)			\
({									\
	struct pt_regs regs = MM_KUNIT_REGS((unsigned long)(a),		\
					    (unsigned long)(b),		\
					    (unsigned long)(c),		\
					    (unsigned long)(d),		\
					    (unsigned long)(e));	\
									\
	MM_KUNIT_SYSCALL(name)(&regs);					\
})
#else
/* s390 before 5.12: another name, but the arguments as they are. */
long MM_KUNIT_SYSCALL(mknodat)(int dfd, const char __user *name, umode_t mode,
			       unsigned int dev);
long MM_KUNIT_SYSCALL(mprotect)(unsigned long addr, size_t len,
				unsigned long prot);
long MM_KUNIT_SYSCALL(mremap)(unsigned long from, unsigned long old_len,
			      unsigned long new_len, unsigned long flags,
			      unsigned long to);
long MM_KUNIT_SYSCALL(swapoff)(const char __user *name);
long MM_KUNIT_SYSCALL(swapon)(const char __user *name, int flags);
long MM_KUNIT_SYSCALL(unlinkat)(int dfd, const char __user *name, int flag);

#define mm_kunit_syscall(name, ...) MM_KUNIT_SYSCALL(name)(__VA_ARGS__)
#endif
#else
#define mm_kunit_syscall(name, ...)	sys_##name(__VA_ARGS__)
#endif

/**
 * mm_kunit_in_root() - the next statement sees the root file system
 *
 * A kernel thread does as it is, until it was put into an empty one in 7.x.
 */
#ifdef CONFIG_MM_KUNIT_HAS_INIT_FS
#define mm_kunit_in_root()	scoped_with_init_fs()
#else
#define mm_kunit_in_root()
#endif

/**
 * mm_kunit_sys_mprotect() - mprotect() on the mm in use
 * @addr: start of the range
 * @len: its length in bytes
 * @prot: PROT_* bits
 */
static inline long mm_kunit_sys_mprotect(unsigned long addr, size_t len,
					 unsigned long prot)
{
	return mm_kunit_syscall(mprotect, addr, len, prot);
}

/**
 * mm_kunit_sys_mremap() - mremap() to a fixed place on the mm in use
 * @from: start of the mapping
 * @len: its length in bytes, old and new
 * @to: where it goes
 */
static inline long mm_kunit_sys_mremap(unsigned long from, size_t len,
				       unsigned long to)
{
	return mm_kunit_syscall(mremap, from, len, len,
				MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

#ifdef CONFIG_S390_PGALLOC_DEFER_KUNIT_TEST
/**
 * mm_kunit_pgtable_list() - the pages of which an mm can have the other half
 * @mm: the mm
 *
 * Return: mm->context.pgtable_list, or an empty list where there is none
 */
static inline struct list_head *mm_kunit_pgtable_list(struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_PT_FRAGMENTS
	return &mm->context.pgtable_list;
#else
	static LIST_HEAD(none);

	return &none;
#endif
}

/**
 * mm_kunit_pt_is_tagged() - is a page marked as having had a half deferred
 * @page: the page
 */
static inline bool mm_kunit_pt_is_tagged(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_PT_DEFER_ACTIVE
	return PageActive(page);
#else
	return false;
#endif
}

/**
 * mm_kunit_set_alloc_pgste() - have an mm's page tables leave room for a host
 * @mm: the mm, which has none yet
 */
static inline void mm_kunit_set_alloc_pgste(struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_PT_PGSTE
	mm->context.alloc_pgste = 1;
#endif
}

/**
 * mm_kunit_tlb_gather_mm() - begin an mmu_gather for all of an mm
 * @tlb: the gather
 * @mm: the mm
 */
static inline void mm_kunit_tlb_gather_mm(struct mmu_gather *tlb,
					  struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
	tlb_gather_mmu(tlb, mm, 0, -1UL);
#else
	tlb_gather_mmu(tlb, mm);
#endif
}

/**
 * mm_kunit_tlb_finish_mm() - end what mm_kunit_tlb_gather_mm() began
 * @tlb: the gather
 */
static inline void mm_kunit_tlb_finish_mm(struct mmu_gather *tlb)
{
#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
	tlb_finish_mmu(tlb, 0, -1UL);
#else
	tlb_finish_mmu(tlb);
#endif
}

/**
 * mm_kunit_page_table_free_rcu() - give a page table to an mmu_gather
 * @tlb: the gather
 * @table: the page table
 * @addr: what it was for
 */
static inline void mm_kunit_page_table_free_rcu(struct mmu_gather *tlb,
						unsigned long *table,
						unsigned long addr)
{
#ifdef CONFIG_MM_KUNIT_PT_FRAGMENTS
	page_table_free_rcu(tlb, table, addr);
#else
	pte_free_tlb(tlb, (pgtable_t)table, addr);
#endif
}

/**
 * mm_kunit_pte_free_defer() - pte_free_defer()
 * @mm: the mm
 * @table: the page table
 *
 * Only where CONFIG_MM_KUNIT_PT_DEFER.
 */
static inline void mm_kunit_pte_free_defer(struct mm_struct *mm,
					   unsigned long *table)
{
#ifdef CONFIG_MM_KUNIT_PT_DEFER
	pte_free_defer(mm, (pgtable_t)table);
#endif
}

/**
 * mm_kunit_rcu_is_over() - has a grace period passed
 * @cookie: since when, by get_state_synchronize_rcu()
 *
 * Only where CONFIG_MM_KUNIT_PT_DEFER.
 */
static inline bool mm_kunit_rcu_is_over(unsigned long cookie)
{
#ifdef CONFIG_MM_KUNIT_PT_DEFER
	return poll_state_synchronize_rcu(cookie);
#else
	return true;
#endif
}

/**
 * mm_kunit_pgtable_lock() - what protects mm_kunit_pgtable_list()
 * @mm: the mm
 */
static inline spinlock_t *mm_kunit_pgtable_lock(struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_HAS_PGTABLE_LOCK
	return &mm->context.pgtable_lock;
#else
	return &mm->context.lock;
#endif
}

/**
 * mm_kunit_spoil_lock() - make it show that a lock was taken, or have it back
 * @lock: the lock, which nobody holds
 * @spoil: whether it is to show
 *
 * The lock has an owner that can own nothing, until somebody takes it.
 * Only where CONFIG_DEBUG_SPINLOCK.
 */
static inline void mm_kunit_spoil_lock(spinlock_t *lock, bool spoil)
{
#ifdef CONFIG_DEBUG_SPINLOCK
	lock->rlock.owner = spoil ? lock : SPINLOCK_OWNER_INIT;
#endif
}
#endif /* CONFIG_S390_PGALLOC_DEFER_KUNIT_TEST */

#endif /* _MM_KUNIT_COMPAT_H */
