/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots of page tables: what the mms of a case map at one moment, to be
 * compared with what they map later.
 */
#ifndef _MM_KUNIT_SNAPSHOT_H
#define _MM_KUNIT_SNAPSHOT_H

#include <linux/mm_types.h>
#include "entry.h"
#include "fixture.h"

/* Room for the text of a mismatch. */
#define MM_KUNIT_MSG_SIZE 256

/* Report what does not match; the value is false. */
#define mm_kunit_mismatch(msg, size, fmt, ...)           \
	({                                               \
		snprintf(msg, size, fmt, ##__VA_ARGS__); \
		false;                                   \
	})

/**
 * struct mm_kunit_snapshot - the page tables of all mms of a case at one moment
 * @mms: the mms, NULL where the fixture had none
 * @nr: how many entries each of them had
 * @entries: the entries by address, those that are none left out
 */
struct mm_kunit_snapshot {
	struct mm_struct *mms[MM_KUNIT_MAX_MMS];
	int nr[MM_KUNIT_MAX_MMS];
	struct mm_kunit_entry *entries[MM_KUNIT_MAX_MMS];
};

struct mm_kunit_snapshot *mm_kunit_take_snapshot(struct kunit *test);
struct mm_kunit_entry mm_kunit_current_entry(struct mm_struct *mm,
					     struct mm_kunit_entry *old);
bool mm_kunit_check_unchanged_but(struct mm_kunit *fx,
				  struct mm_kunit_snapshot *before,
				  struct page *page, unsigned long nr,
				  char *msg, size_t size);
bool mm_kunit_check_unchanged(struct mm_kunit *fx,
			      struct mm_kunit_snapshot *before, char *msg,
			      size_t size);
void mm_kunit_expect_unchanged_but(struct kunit *test,
				   struct mm_kunit_snapshot *before,
				   struct page *page, unsigned long nr);
void mm_kunit_expect_unchanged(struct kunit *test,
			       struct mm_kunit_snapshot *before);

#endif /* _MM_KUNIT_SNAPSHOT_H */
