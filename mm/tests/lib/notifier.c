// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recorder of mmu notifier calls, see notifier.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/preempt.h>

#include "fixture.h"
#include "notifier.h"
#include "snapshot.h"

/* How many TLB flushes an mm has asked for; 0 where an arch does not count. */
static u64 mm_kunit_tlb_gen(struct mm_struct *mm)
{
#ifdef CONFIG_X86
	return atomic64_read(&mm->context.tlb_gen);
#else
	return 0;
#endif
}

static void mm_kunit_record_event(struct mm_kunit_recorder *rec,
				  enum mm_kunit_event_kind kind,
				  unsigned long start, unsigned long end)
{
	struct mm_struct *mm = rec->range.mm;
	struct mm_kunit_entry entry = mm_kunit_entry_at(mm, rec->watch);
	bool may_sleep = !IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible();
	unsigned long flags;

	spin_lock_irqsave(&rec->lock, flags);
	if (rec->nr < MM_KUNIT_MAX_EVENTS)
		rec->event[rec->nr++] = (struct mm_kunit_event){
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

static int mm_kunit_record_start(struct mmu_notifier *mn,
				 const struct mmu_notifier_range *range)
{
	mm_kunit_record_event(container_of(mn, struct mm_kunit_recorder, range),
			      MM_KUNIT_START, range->start, range->end);
	return 0;
}

static void mm_kunit_record_end(struct mmu_notifier *mn,
				const struct mmu_notifier_range *range)
{
	mm_kunit_record_event(container_of(mn, struct mm_kunit_recorder, range),
			      MM_KUNIT_END, range->start, range->end);
}

static void mm_kunit_record_secondary(struct mmu_notifier *mn,
				      struct mm_struct *mm, unsigned long start,
				      unsigned long end)
{
	mm_kunit_record_event(container_of(mn, struct mm_kunit_recorder,
					   secondary),
			      MM_KUNIT_SECONDARY_TLB, start, end);
}

static const struct mmu_notifier_ops mm_kunit_range_ops = {
	.invalidate_range_start = mm_kunit_record_start,
	.invalidate_range_end = mm_kunit_record_end,
};

static const struct mmu_notifier_ops mm_kunit_secondary_ops = {
	.arch_invalidate_secondary_tlbs = mm_kunit_record_secondary,
};

/**
 * mm_kunit_register_notifier() - record the notifier calls of an mm
 * @test: the case, which owns the recorder
 * @mm: the mm, which has no recorder yet
 *
 * It records until the mm exits.
 */
struct mm_kunit_recorder *mm_kunit_register_notifier(struct kunit *test,
						     struct mm_struct *mm)
{
	struct mm_kunit *fx = test->priv;
	struct mm_kunit_recorder *rec;
	int slot = mm_kunit_slot(fx, mm);

	KUNIT_ASSERT_LT(test, slot, MM_KUNIT_MAX_MMS);
	rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rec);
	spin_lock_init(&rec->lock);
	rec->range.ops = &mm_kunit_range_ops;
	rec->secondary.ops = &mm_kunit_secondary_ops;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->range, mm), 0);
	fx->recorders[slot] = rec;
	KUNIT_ASSERT_EQ(test, mmu_notifier_register(&rec->secondary, mm), 0);
	return rec;
}

/**
 * mm_kunit_unregister_notifier() - stop recording
 * @rec: the recorder
 * @mm: its mm
 */
void mm_kunit_unregister_notifier(struct mm_kunit_recorder *rec,
				  struct mm_struct *mm)
{
	mmu_notifier_unregister(&rec->range, mm);
	if (rec->secondary.mm)
		mmu_notifier_unregister(&rec->secondary, mm);
}

/**
 * mm_kunit_clear_events() - forget the calls recorded so far
 * @rec: their recorder
 */
void mm_kunit_clear_events(struct mm_kunit_recorder *rec)
{
	spin_lock_irq(&rec->lock);
	rec->nr = 0;
	rec->lost = 0;
	spin_unlock_irq(&rec->lock);
}

/**
 * mm_kunit_notified() - whether one call covered all of a range
 * @rec: its recorder
 * @kind: by which call
 * @start: first address of the range
 * @end: first address behind it
 */
bool mm_kunit_notified(struct mm_kunit_recorder *rec,
		       enum mm_kunit_event_kind kind, unsigned long start,
		       unsigned long end)
{
	int i;

	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];

		if (e->kind == kind && e->start <= start && e->end >= end)
			return true;
	}
	return false;
}
