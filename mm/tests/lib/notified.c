// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the mmu notifiers were called for all that changed, see
 * notified.h.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "fixture.h"
#include "notified.h"
#include "notifier.h"
#include "snapshot.h"

/* A translation that somebody may still hold, and that no longer stands. */
static bool mm_kunit_must_notify(struct mm_kunit_entry *old,
				 struct mm_kunit_entry *new)
{
	if (old->kind != MM_KUNIT_PRESENT && old->kind != MM_KUNIT_SHARED_TABLE)
		return false;
	return old->kind != new->kind || old->size != new->size ||
	       old->pfn != new->pfn || (old->write && !new->write);
}

/* Which event ends what event @start has begun; -1 if none does. */
static int mm_kunit_event_end(struct mm_kunit_recorder *rec, int start)
{
	int depth = 0, i;

	for (i = start; i < rec->nr; i++) {
		if (rec->event[i].kind == MM_KUNIT_START)
			depth++;
		else if (rec->event[i].kind == MM_KUNIT_END && !--depth)
			return i;
	}
	return -1;
}

static bool mm_kunit_check_events(struct mm_kunit_recorder *rec, char *msg,
				  size_t size)
{
	int starts = 0, ends = 0, i;

	if (rec->lost)
		return mm_kunit_mismatch(msg, size,
					 "%d notifier calls are too many to record",
					 rec->nr + rec->lost);
	for (i = 0; i < rec->nr; i++) {
		struct mm_kunit_event *e = &rec->event[i];
		int end;

		if (e->kind == MM_KUNIT_END)
			ends++;
		if (e->kind != MM_KUNIT_START)
			continue;
		starts++;
		end = mm_kunit_event_end(rec, i);
		if (end < 0)
			return mm_kunit_mismatch(msg, size,
						 "start of %lx-%lx has no end",
						 e->start, e->end);
		if (e->start != rec->event[end].start ||
		    e->end != rec->event[end].end)
			return mm_kunit_mismatch(msg, size,
						 "start of %lx-%lx ends as %lx-%lx",
						 e->start, e->end, rec->event[end].start,
						 rec->event[end].end);
	}
	if (ends != starts)
		return mm_kunit_mismatch(msg, size, "%d ends of %d starts",
					 ends, starts);
	return true;
}

static bool mm_kunit_event_covers(struct mm_kunit_event *event,
				  struct mm_kunit_entry *entry)
{
	return event->start <= entry->addr &&
	       event->end >= entry->addr + entry->size;
}

/*
 * A secondary TLB drops a whole translation if any part of it is invalidated; a
 * table stands for all that is below it.
 */
static bool mm_kunit_event_overlaps(struct mm_kunit_event *event,
				    struct mm_kunit_entry *entry)
{
	if (entry->kind == MM_KUNIT_SHARED_TABLE)
		return mm_kunit_event_covers(event, entry);
	return event->start < entry->addr + entry->size &&
	       event->end > entry->addr;
}

static bool mm_kunit_secondary_notified(struct mm_kunit_recorder *rec,
					int start, struct mm_kunit_entry *entry)
{
	int i;

	if (!mm_kunit_has_secondary_tlb())
		return true;
	for (i = start; i < rec->nr; i++)
		if (rec->event[i].kind == MM_KUNIT_SECONDARY_TLB &&
		    mm_kunit_event_overlaps(&rec->event[i], entry))
			return true;
	return false;
}

static bool mm_kunit_check_notified_of(struct mm_kunit_recorder *rec,
				       struct mm_kunit_entry *old, char *msg,
				       size_t size)
{
	int i;

	for (i = 0; i < rec->nr; i++)
		if (rec->event[i].kind == MM_KUNIT_START &&
		    mm_kunit_event_covers(&rec->event[i], old))
			break;
	if (i == rec->nr)
		return mm_kunit_mismatch(msg, size,
					 "%lx-%lx changed, and no notifier was called for it",
					 old->addr, old->addr + old->size);
	if (!mm_kunit_secondary_notified(rec, i, old))
		return mm_kunit_mismatch(msg, size,
					 "%lx-%lx changed, and no secondary TLB was invalidated",
					 old->addr, old->addr + old->size);
	return true;
}

/**
 * mm_kunit_check_notified() - were the notifiers called for all that changed
 * @fx: the mms now
 * @before: the mms before the change
 * @msg: says for which change none was called
 * @size: of @msg, in bytes
 *
 * Of each mm that has a recorder: every start has its end, they nest, and each
 * translation that was taken away or write-protected lies within one of them.
 */
bool mm_kunit_check_notified(struct mm_kunit *fx,
			     struct mm_kunit_snapshot *before, char *msg,
			     size_t size)
{
	int i, j;

	for (i = 0; i < MM_KUNIT_MAX_MMS; i++) {
		struct mm_struct *mm = before->mms[i];
		struct mm_kunit_recorder *rec = fx->recorders[i];

		if (!mm || mm != fx->mms[i] || !rec)
			continue;
		if (!mm_kunit_check_events(rec, msg, size))
			return false;
		for (j = 0; j < before->nr[i]; j++) {
			struct mm_kunit_entry *old = &before->entries[i][j];
			struct mm_kunit_entry new =
				mm_kunit_current_entry(mm, old);

			if (mm_kunit_must_notify(old, &new) &&
			    !mm_kunit_check_notified_of(rec, old, msg, size))
				return false;
		}
	}
	return true;
}

/**
 * mm_kunit_expect_notified() - mm_kunit_check_notified(), or the case fails
 * @test: the case
 * @before: the mms before the change
 */
void mm_kunit_expect_notified(struct kunit *test,
			      struct mm_kunit_snapshot *before)
{
	char msg[MM_KUNIT_MSG_SIZE] = "";

	KUNIT_EXPECT_TRUE_MSG(test,
			      mm_kunit_check_notified(test->priv, before, msg,
						      sizeof(msg)),
			      "%s", msg);
}
