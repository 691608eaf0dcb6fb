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
#include <linux/hugetlb.h>
#include <linux/kconfig.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>

#include <asm/tlb.h>
#include <asm/tlbflush.h>

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
 * mm_kunit_hugetlb_mapcount() - what the kernel says maps a huge page
 * @page: head of the huge page
 */
static inline int mm_kunit_hugetlb_mapcount(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_HAS_COMPOUND_MAPCOUNT
	return compound_mapcount(page);
#else
	return folio_mapcount(page_folio(page));
#endif
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

/* 5.13 brought userfaultfd's minor faults. */
#ifndef VM_UFFD_MINOR
#define VM_UFFD_MINOR VM_NONE
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

long MM_KUNIT_SYSCALL(mprotect)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mremap)(const struct pt_regs *regs);
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
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
	struct pt_regs regs = MM_KUNIT_REGS(addr, len, prot, 0, 0);

	return MM_KUNIT_SYSCALL(mprotect)(&regs);
#else
	return sys_mprotect(addr, len, prot);
#endif
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
	unsigned long flags = MREMAP_MAYMOVE | MREMAP_FIXED;

#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
	struct pt_regs regs = MM_KUNIT_REGS(from, len, len, flags, to);

	return MM_KUNIT_SYSCALL(mremap)(&regs);
#else
	return sys_mremap(from, len, len, flags, to);
#endif
}

#endif /* _MM_KUNIT_COMPAT_H */
