/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables whose freeing waits for RCU.
 */
#ifndef _MM_KUNIT_PGFREE_H
#define _MM_KUNIT_PGFREE_H

#include <linux/mm_types.h>

struct kunit;

void mm_kunit_read_for(int ms);
void mm_kunit_expect_freed(struct kunit *test, struct page *page,
			   const char *what);

#endif /* _MM_KUNIT_PGFREE_H */
