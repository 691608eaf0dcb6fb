/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorder of mmu notifier calls.
 */
#ifndef _MM_KUNIT_NOTIFIER_H
#define _MM_KUNIT_NOTIFIER_H

#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>

struct kunit;

#define MM_KUNIT_MAX_EVENTS 2048

/**
 * enum mm_kunit_event_kind - which callback of an mmu notifier was called
 * @MM_KUNIT_START: invalidate_range_start()
 * @MM_KUNIT_END: invalidate_range_end()
 * @MM_KUNIT_SECONDARY_TLB: arch_invalidate_secondary_tlbs()
 */
enum mm_kunit_event_kind {
	MM_KUNIT_START,
	MM_KUNIT_END,
	MM_KUNIT_SECONDARY_TLB,
};

/**
 * struct mm_kunit_event - one call of an mmu notifier
 * @kind: which call
 * @start: first address that it is about
 * @end: first address behind that
 * @may_sleep: could it have slept; always if the kernel does not count that
 * @pfn: what was mapped at the watched address, 0 if nothing was present
 * @tlb_gen: TLB flushes that the mm had asked for, where the arch counts
 */
struct mm_kunit_event {
	enum mm_kunit_event_kind kind;
	unsigned long start;
	unsigned long end;
	bool may_sleep;
	unsigned long pfn;
	u64 tlb_gen;
};

/**
 * struct mm_kunit_recorder - mmu notifiers that record their calls
 * @range: the notifier that is called with ranges
 * @secondary: the notifier of a secondary TLB; one notifier may not be both
 * @watch: an address to look at whenever the notifiers are called
 * @lock: protects the rest; callbacks may come in atomic context
 * @nr: how many events are kept
 * @lost: how many came when there was no room any more
 * @event: the events, oldest first
 */
struct mm_kunit_recorder {
	struct mmu_notifier range;
	struct mmu_notifier secondary;
	unsigned long watch;
	spinlock_t lock; /* protects what follows */
	int nr;
	int lost;
	struct mm_kunit_event event[MM_KUNIT_MAX_EVENTS];
};

/**
 * mm_kunit_has_secondary_tlb() - whether the arch notifies secondary TLBs
 */
#ifndef mm_kunit_has_secondary_tlb
static inline bool mm_kunit_has_secondary_tlb(void)
{
	return IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARM64);
}
#endif

struct mm_kunit_recorder *mm_kunit_register_notifier(struct kunit *test,
						     struct mm_struct *mm);
void mm_kunit_unregister_notifier(struct mm_kunit_recorder *rec,
				  struct mm_struct *mm);
void mm_kunit_clear_events(struct mm_kunit_recorder *rec);
bool mm_kunit_notified(struct mm_kunit_recorder *rec,
		       enum mm_kunit_event_kind kind, unsigned long start,
		       unsigned long end);

#endif /* _MM_KUNIT_NOTIFIER_H */
