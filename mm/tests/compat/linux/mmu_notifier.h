/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_MMU_NOTIFIER_H
#define _MM_KUNIT_COMPAT_MMU_NOTIFIER_H

#include <linux/mmu_notifier.h>

/* Before 6.6 mm itself calls it, whatever the arch. */
#ifndef CONFIG_MM_KUNIT_HAS_INVALIDATE_SECONDARY_TLBS
#define arch_invalidate_secondary_tlbs	invalidate_range
#define mm_kunit_has_secondary_tlb()	true
#endif

#endif /* _MM_KUNIT_COMPAT_MMU_NOTIFIER_H */
