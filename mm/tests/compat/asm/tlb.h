/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_TLB_H
#define _MM_KUNIT_COMPAT_TLB_H

#include <linux/mm.h>
#include <asm/tlb.h>

#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
#define tlb_gather_mmu(tlb, mm)		tlb_gather_mmu(tlb, mm, 0, -1UL)
#define tlb_finish_mmu(tlb)		tlb_finish_mmu(tlb, 0, -1UL)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_UNSHARE_TLB
#ifdef CONFIG_MM_KUNIT_HAS_GATHER_RANGE
#define tlb_gather_mmu_vma(tlb, vma)	tlb_gather_mmu(tlb, (vma)->vm_mm)
#else
#define tlb_gather_mmu_vma(tlb, vma)	tlb_gather_mmu(tlb, (vma)->vm_mm)
#endif
/* A flag that is there, and that is not set by what the suites call. */
#define unshared_tables			freed_tables
#define fully_unshared_tables		freed_tables
#elif defined(CONFIG_MM_KUNIT_HAS_GATHER_RANGE)
#define tlb_gather_mmu_vma(tlb, vma) \
	tlb_gather_mmu_vma(tlb, vma, (vma)->vm_start, (vma)->vm_end)
#endif

#endif /* _MM_KUNIT_COMPAT_TLB_H */
