/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the mmu notifiers were called for all that changed since a
 * snapshot.
 */
#ifndef _MM_KUNIT_NOTIFIED_H
#define _MM_KUNIT_NOTIFIED_H

#include <linux/types.h>

struct kunit;
struct mm_kunit;
struct mm_kunit_snapshot;

bool mm_kunit_check_notified(struct mm_kunit *fx,
			     struct mm_kunit_snapshot *before, char *msg,
			     size_t size);
void mm_kunit_expect_notified(struct kunit *test,
			      struct mm_kunit_snapshot *before);

#endif /* _MM_KUNIT_NOTIFIED_H */
