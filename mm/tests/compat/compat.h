/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The API of the newest tree, on trees that are older.
 *
 * The compiler reads this file before any file of the suites. Each header under
 * linux/ and kunit/ adds to the tree's own header of that name what the newest
 * tree has there. On the newest tree all of it is empty.
 */
#ifndef _MM_KUNIT_COMPAT_H
#define _MM_KUNIT_COMPAT_H

#include "kunit/test.h"
#include "kunit/action.h"
#include "linux/fs.h"
#include "linux/hrtimer.h"
#include "linux/hugetlb.h"
#include "linux/memremap.h"
#include "linux/migrate.h"
#include "linux/mm.h"
#include "linux/mmu_notifier.h"
#include "linux/pgtable.h"
#include "linux/rmap.h"
#include "linux/sched.h"
#include "linux/shmem_fs.h"
#include "linux/swapops.h"
#include "linux/syscalls.h"
#include "linux/userfaultfd.h"
#include "asm/tlb.h"
#include "lib.h"

void mm_kunit_compat_init(struct kunit *test);

#endif /* _MM_KUNIT_COMPAT_H */
