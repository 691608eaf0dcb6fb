/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of page tables that share a page need, and only some trees
 * have.
 */
#ifndef _S390_MM_KUNIT_PGALLOC_H
#define _S390_MM_KUNIT_PGALLOC_H

#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/rcupdate.h>

/**
 * ptfrag_wait_for_rcu() - wait for all page tables that wait for RCU
 *
 * A half may have to wait once more, when the wait of the other half is over.
 */
static inline void ptfrag_wait_for_rcu(void)
{
	rcu_barrier();
	rcu_barrier();
	rcu_barrier();
}

/**
 * ptfrag_is_tagged() - whether a page is tagged as having had a half deferred
 * @page: the page
 */
static inline bool ptfrag_is_tagged(struct page *page)
{
#ifdef CONFIG_MM_KUNIT_PT_DEFER_ACTIVE
	return PageActive(page);
#else
	return false;
#endif
}

/**
 * ptfrag_set_alloc_pgste() - have an mm allocate page tables that KVM can use
 * @mm: the mm
 */
static inline void ptfrag_set_alloc_pgste(struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_PT_PGSTE
	mm->context.alloc_pgste = 1;
#endif
}

/**
 * ptfrag_pte_free_defer() - pte_free_defer(), where the tree has it
 * @mm: the mm
 * @table: the page table
 */
static inline void ptfrag_pte_free_defer(struct mm_struct *mm,
					 unsigned long *table)
{
#ifdef CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER
	pte_free_defer(mm, (pgtable_t)table);
#endif
}

/**
 * ptfrag_rcu_is_over() - whether a grace period is over
 * @cookie: since when, by get_state_synchronize_rcu()
 *
 * Trees without poll_state_synchronize_rcu() have no pte_free_defer() either.
 */
static inline bool ptfrag_rcu_is_over(unsigned long cookie)
{
#ifdef CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER
	return poll_state_synchronize_rcu(cookie);
#else
	return true;
#endif
}

/**
 * ptfrag_pgtable_lock() - the lock of mm->context.pgtable_list
 * @mm: the mm
 */
static inline spinlock_t *ptfrag_pgtable_lock(struct mm_struct *mm)
{
#ifdef CONFIG_MM_KUNIT_HAS_PGTABLE_LOCK
	return &mm->context.pgtable_lock;
#else
	return &mm->context.lock;
#endif
}

/**
 * ptfrag_mark_lock() - give a lock an owner that cannot be one, or no owner
 * @lock: the lock, which nobody holds
 * @mark: whether it gets one
 *
 * If anybody takes the lock, spinlock debugging changes the owner, and it stays
 * changed. Nothing is done without CONFIG_DEBUG_SPINLOCK.
 */
static inline void ptfrag_mark_lock(spinlock_t *lock, bool mark)
{
#ifdef CONFIG_DEBUG_SPINLOCK
	lock->rlock.owner = mark ? lock : SPINLOCK_OWNER_INIT;
#endif
}

#endif /* _S390_MM_KUNIT_PGALLOC_H */
